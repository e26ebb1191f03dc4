"""Every loss, function and layer, with the options that change the arithmetic, beside PyTorch's.

Second order is checked by differences, as are the errors.
"""

import functools
import inspect
import itertools

import numpy as np
import pytest
from parity import assert_close, compare, compare_modules, convert, copy_weights, dtypes, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import check_grads

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((2, 4, 5))
POSITIVE = rng.uniform(0.1, 3.0, (4, 5))
PROBABILITIES, TRUTHS = rng.uniform(0.05, 0.95, (2, 4, 5))
DISTRIBUTIONS = PROBABILITIES / PROBABILITIES.sum(1, keepdims=True)
SIGNS = np.sign(rng.standard_normal((4, 5)))
SIGN = np.array([1.0, -1.0, -1.0, 1.0])
COUNTS = rng.integers(0, 6, (4, 5)).astype(float)
LABELS = np.array([4, 0, 2, 2])
IGNORED = np.array([4, -100, 2, 2])
IMAGES = rng.standard_normal((2, 5, 3, 2))
PIXELS = rng.integers(0, 5, (2, 3, 2))
PIXEL_DISTRIBUTIONS = rng.uniform(0.0, 1.0, (2, 5, 3, 2))
WEIGHT = rng.uniform(0.5, 2.0, 5)
WEIGHTS = rng.uniform(0.5, 2.0, (4, 5))
LISTS = np.array([[3, 0, -1, 1, 2], [1, 2, 3, 4, 0], [-1, 0, 1, 2, 3], [2, 2, 4, -1, -1]])


def log(x):
    return np.log(x)


# name of the function, inputs, options; each is run with all three reductions
CASES = [
    ("l1_loss", (X, Y), {}),
    ("l1_loss", (X, Y, "mean", WEIGHTS), {}),
    ("mse_loss", (X, Y), {}),
    ("mse_loss", (X, Y, "mean", WEIGHTS), {}),
    ("smooth_l1_loss", (X, Y), {}),
    ("smooth_l1_loss", (X, Y), {"beta": 0.3}),
    ("smooth_l1_loss", (X, Y), {"beta": 0.0}),
    ("huber_loss", (X, Y), {}),
    ("huber_loss", (X, Y, "mean", 0.4, WEIGHTS), {}),
    ("kl_div", (log(DISTRIBUTIONS), TRUTHS), {}),
    ("kl_div", (log(DISTRIBUTIONS), log(TRUTHS)), {"log_target": True}),
    ("poisson_nll_loss", (X, COUNTS), {}),
    ("poisson_nll_loss", (X, COUNTS + 0.5), {"full": True}),
    ("poisson_nll_loss", (POSITIVE, COUNTS), {"log_input": False}),
    ("poisson_nll_loss", (POSITIVE, COUNTS + 0.5), {"log_input": False, "full": True, "eps": 0.1}),
    ("gaussian_nll_loss", (X, Y, POSITIVE), {}),
    ("gaussian_nll_loss", (X, Y, POSITIVE[:, 0]), {"full": True}),
    ("gaussian_nll_loss", (X, Y, POSITIVE[:, :1]), {"eps": 1.0}),
    ("gaussian_nll_loss", (X, Y, 0.7), {}),
    ("nll_loss", (log(DISTRIBUTIONS), LABELS), {}),
    ("nll_loss", (log(DISTRIBUTIONS), IGNORED, WEIGHT), {}),
    ("nll_loss", (X[0], LABELS[0]), {}),
    ("nll_loss", (IMAGES, PIXELS, WEIGHT), {"ignore_index": 3}),
    ("cross_entropy", (X, LABELS), {}),
    ("cross_entropy", (X, IGNORED, WEIGHT), {}),
    ("cross_entropy", (X, LABELS), {"label_smoothing": 0.2}),
    ("cross_entropy", (X, IGNORED, WEIGHT), {"label_smoothing": 0.2}),
    ("cross_entropy", (IMAGES, PIXELS, WEIGHT), {"ignore_index": 3, "label_smoothing": 0.2}),
    ("cross_entropy", (IMAGES, PIXELS), {}),
    ("cross_entropy", (X[0], LABELS[0], WEIGHT), {"label_smoothing": 0.2}),
    ("cross_entropy", (X, DISTRIBUTIONS), {}),
    ("cross_entropy", (X, DISTRIBUTIONS, WEIGHT), {"label_smoothing": 0.2}),
    ("cross_entropy", (X[0], DISTRIBUTIONS[0], WEIGHT), {}),
    ("cross_entropy", (IMAGES, PIXEL_DISTRIBUTIONS, WEIGHT), {"label_smoothing": 0.2}),
    ("binary_cross_entropy", (PROBABILITIES, TRUTHS), {}),
    ("binary_cross_entropy", (PROBABILITIES, TRUTHS, WEIGHT), {}),
    ("binary_cross_entropy_with_logits", (X, TRUTHS), {}),
    ("binary_cross_entropy_with_logits", (X, TRUTHS, WEIGHTS), {"pos_weight": WEIGHT}),
    ("soft_margin_loss", (X, SIGNS), {}),
    ("multilabel_soft_margin_loss", (X, TRUTHS), {}),
    ("multilabel_soft_margin_loss", (X, TRUTHS, WEIGHT), {}),
    ("margin_ranking_loss", (X, Y, SIGNS), {}),
    ("margin_ranking_loss", (X, Y, SIGNS), {"margin": 0.7}),
    ("hinge_embedding_loss", (POSITIVE, SIGNS), {}),
    ("hinge_embedding_loss", (POSITIVE, SIGNS), {"margin": 2.0}),
    ("cosine_embedding_loss", (X, Y, SIGN), {}),
    ("cosine_embedding_loss", (X, Y, SIGN), {"margin": -0.5}),
    ("cosine_embedding_loss", (X[0], Y[0], SIGN[1]), {"margin": -0.9}),
    ("multi_margin_loss", (X, LABELS), {}),
    ("multi_margin_loss", (X, LABELS), {"p": 2, "margin": 0.4}),
    ("multi_margin_loss", (X, LABELS, 1, 1.0, WEIGHT), {}),
    ("multi_margin_loss", (X[0], LABELS[0], 2, 1.0, WEIGHT), {}),
    ("multilabel_margin_loss", (X, LISTS), {}),
    ("multilabel_margin_loss", (X[0], LISTS[0]), {}),
    ("triplet_margin_loss", (X, Y, Y[::-1]), {}),
    ("triplet_margin_loss", (X, Y, Y[::-1]), {"p": 1.5, "margin": 0.4, "swap": True}),
    ("triplet_margin_loss", (X[0], Y[0], Y[1]), {"eps": 0.1}),
    ("triplet_margin_with_distance_loss", (X, Y, Y[::-1]), {}),
    ("triplet_margin_with_distance_loss", (X, Y, Y[::-1]), {"swap": True, "margin": 0.4}),
    (
        "triplet_margin_with_distance_loss",
        (X, Y, Y[::-1]),
        {"distance_function": lambda a, b: abs(a - b).sum(-1)},
    ),
]
IDS = [f"{name}-{len(args)}-{','.join(options)}" for name, args, options in CASES]
# The places of arguments by which PyTorch does not differentiate.
FIXED = {
    "binary_cross_entropy": (2,),
    "binary_cross_entropy_with_logits": (2,),
    "l1_loss": (3,),
    "huber_loss": (4,),
    "nll_loss": (2,),
    "cross_entropy": (2,),
    "multi_margin_loss": (4,),
    "cosine_embedding_loss": (2,),
    "margin_ranking_loss": (2,),
    "hinge_embedding_loss": (1,),
    "soft_margin_loss": (1,),
    "poisson_nll_loss": (1,),
}


def call(functional, name, args, moved, dtype, library, options):
    """The function of the arguments that are differentiated. All go by their names."""
    names = list(inspect.signature(getattr(F, name)).parameters)
    fixed = dict(zip(names, args, strict=False)) | options
    for key, value in fixed.items():
        if isinstance(value, np.ndarray | np.integer | np.floating):
            fixed[key] = convert(np.asarray(value), dtype, library).detach()

    def run(*values):
        given = {names[i]: value for i, value in zip(moved, values, strict=True)}
        return getattr(functional, name)(**(fixed | given))

    return run


@dtypes
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("name, args, options", CASES, ids=IDS)
@pytest.mark.filterwarnings("ignore:.*reduction.* 'mean'")
def test_function(name, args, options, reduction, dtype):
    options = options | {"reduction": reduction}
    moved = [
        i
        for i, arg in enumerate(args)
        if isinstance(arg, np.ndarray) and arg.dtype.kind == "f" and i not in FIXED.get(name, ())
    ]
    compare(
        call(F, name, args, moved, dtype, tl, options),
        call(torch.nn.functional, name, args, moved, dtype, torch, options),
        [args[i] for i in moved],
        dtype,
    )


@pytest.mark.parametrize("name, args, options", CASES, ids=IDS)
@pytest.mark.filterwarnings("ignore:.*reduction.* 'mean'")
def test_second_order(name, args, options):
    if "eps" in options and name == "gaussian_nll_loss":
        options = {}  # where it is below eps, the gradient is not that of the variance used
    moved = [i for i, x in enumerate(args) if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    check_grads(call(F, name, args, moved, "float64", tl, options), [args[i] for i in moved])


@dtypes
@pytest.mark.filterwarnings("ignore:.*reduction.* 'mean'")
def test_kl_div_mean_of_the_batch(dtype):
    args = log(DISTRIBUTIONS), TRUTHS
    compare(F.kl_div, torch.nn.functional.kl_div, args, dtype, reduction="batchmean")


# class, options of the constructor, inputs
LAYERS = [
    ("L1Loss", {"reduction": "sum"}, (X, Y)),
    ("MSELoss", {"reduction": "sum"}, (X, Y)),
    ("SmoothL1Loss", {"reduction": "sum", "beta": 0.3}, (X, Y)),
    ("HuberLoss", {"reduction": "sum", "delta": 0.3}, (X, Y)),
    ("KLDivLoss", {"reduction": "batchmean", "log_target": True}, (X, Y)),
    ("PoissonNLLLoss", {"log_input": False, "full": True, "eps": 0.1}, (POSITIVE, POSITIVE + 2)),
    ("GaussianNLLLoss", {"full": True, "eps": 0.5, "reduction": "sum"}, (X, Y, POSITIVE)),
    ("NLLLoss", {"weight": WEIGHT, "ignore_index": 2, "reduction": "sum"}, (X, LABELS)),
    (
        "CrossEntropyLoss",
        {"weight": WEIGHT, "ignore_index": 2, "reduction": "sum", "label_smoothing": 0.1},
        (X, LABELS),
    ),
    ("BCELoss", {"weight": WEIGHT, "reduction": "sum"}, (PROBABILITIES, TRUTHS)),
    (
        "BCEWithLogitsLoss",
        {"weight": WEIGHT, "reduction": "sum", "pos_weight": WEIGHTS},
        (X, TRUTHS),
    ),
    ("SoftMarginLoss", {"reduction": "sum"}, (X, LABELS[:, None] - 1)),
    ("MultiLabelSoftMarginLoss", {"weight": WEIGHT, "reduction": "sum"}, (X, TRUTHS)),
    ("MarginRankingLoss", {"margin": 0.5, "reduction": "sum"}, (X[0], Y[0], np.array([1]))),
    ("HingeEmbeddingLoss", {"margin": 0.5, "reduction": "sum"}, (POSITIVE, np.array([[1]] * 4))),
    ("CosineEmbeddingLoss", {"margin": -0.5, "reduction": "sum"}, (X, Y, np.array([1, -1, -1, 1]))),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5, "weight": WEIGHT, "reduction": "sum"}, (X, LABELS)),
    ("MultiLabelMarginLoss", {"reduction": "sum"}, (X, LISTS)),
    (
        "TripletMarginLoss",
        {"margin": 0.5, "p": 1.5, "eps": 0.1, "swap": True, "reduction": "sum"},
        (X, Y, Y[::-1]),
    ),
    (
        "TripletMarginWithDistanceLoss",
        {
            "distance_function": lambda a, b: ((a - b) ** 2).sum(-1),
            "margin": 0.5,
            "swap": True,
            "reduction": "sum",
        },
        (X, Y, Y[::-1]),
    ),
]


@dtypes
@pytest.mark.parametrize("name, options, inputs", LAYERS, ids=[row[0] for row in LAYERS])
def test_layer(name, options, inputs, dtype):
    def made(library, module):
        given = {
            key: convert(value, dtype, library).detach() if isinstance(value, np.ndarray) else value
            for key, value in options.items()
        }
        return getattr(module, name)(**given)

    ours, theirs = made(tl, nn), made(torch, torch.nn)
    if name == "GaussianNLLLoss":  # its PyTorch form refuses to be compared with a written leaf
        theirs = functools.partial(torch.nn.functional.gaussian_nll_loss, **options)
    compare(ours, theirs, inputs, dtype)


def test_layers_have_the_buffers_of_pytorch():
    weight = tl.ones(3)
    assert list(nn.CrossEntropyLoss(weight).state_dict()) == ["weight"]
    assert list(nn.BCEWithLogitsLoss(pos_weight=weight).state_dict()) == ["pos_weight"]
    assert list(nn.MultiMarginLoss(weight=weight).state_dict()) == ["weight"]


# Names that PyTorch has and that are left out on purpose.
LEFT_OUT = {"size_average", "reduce", "device", "options"}


@pytest.mark.parametrize(
    "name", sorted({row[0] for row in CASES} | {"ctc_loss", "linear_cross_entropy"})
)
def test_signature_of_function(name):
    assert parameters_of(getattr(F, name)) == parameters_of(getattr(torch.nn.functional, name))


def parameters_of(function):
    return [
        (p.name, p.kind, p.default)
        for p in inspect.signature(function).parameters.values()
        if p.name not in LEFT_OUT
    ]


# the sequence loss

SCORES = rng.standard_normal((7, 4, 5))
SEQUENCES = np.array([[1, 2, 3], [2, 2, 0], [1, 1, 1], [4, 0, 0]])
TIMES, LENGTHS = (7, 5, 4, 1), (3, 2, 3, 0)


def ctc(functional, times=TIMES, lengths=LENGTHS, **options):
    """Of scores: PyTorch's gradient is right only after log_softmax."""

    def run(x, targets):
        return functional.ctc_loss(
            functional.log_softmax(x, dim=-1), targets, times, lengths, **options
        )

    return run


@dtypes
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "targets, options",
    [
        (SEQUENCES, {}),
        (np.array([1, 2, 3, 2, 2, 1, 1, 1]), {}),
        (SEQUENCES, {"blank": 4}),
        (SEQUENCES, {"times": (7, 5, 4, 0)}),
        (SEQUENCES, {"times": (2, 5, 4, 0), "lengths": (3, 2, 2, 1)}),
    ],
    ids=["padded", "concatenated", "blank", "no time", "too long"],
)
def test_ctc_loss(targets, options, reduction, dtype):
    options = options | {"reduction": reduction, "zero_infinity": True}
    compare(ctc(F, **options), ctc(torch.nn.functional, **options), (SCORES, targets), dtype)


@dtypes
def test_ctc_loss_of_one_sample(dtype):
    args = SCORES[:, 0], SEQUENCES[0]
    for reduction in ("mean", "sum"):
        options = {"times": (7,), "lengths": (3,), "reduction": reduction}
        compare(ctc(F, **options), ctc(torch.nn.functional, **options), args, dtype)
    mine = [convert(x, dtype, tl) for x in args]
    assert F.ctc_loss(*mine, tl.asarray(7), tl.asarray(3), reduction="none").shape == ()


@dtypes
def test_ctc_loss_that_is_infinite(dtype):
    """The value is PyTorch's; its gradient is NaN there, ours zero."""
    options = {"reduction": "none", "times": (4, 5, 4, 0), "lengths": (3, 2, 3, 0)}
    compare(ctc(F, **options), ctc(torch.nn.functional, **options), (SCORES, SEQUENCES), dtype,
            gradients=False)  # fmt: skip
    x = convert(SCORES, dtype, tl)
    losses = ctc(F, **options)(x, tl.asarray(SEQUENCES))
    assert np.isinf(np.array(losses.detach())).tolist() == [False, False, True, False]
    losses.sum().backward()
    assert (np.array(x.grad)[:, 2] == 0).all()
    assert np.isfinite(np.array(x.grad)).all()


def test_ctc_loss_of_many_times():
    """More than one block of them."""
    args = rng.standard_normal((70, 2, 4)), np.array([[1, 1, 2], [3, 2, 1]])
    options = {"times": (70, 41), "lengths": (3, 3)}
    compare(ctc(F, **options), ctc(torch.nn.functional, **options), args, "float64")


def test_ctc_loss_is_the_sum_over_the_alignments():
    logs = np.log(rng.dirichlet(np.ones(3), 4))
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [label for label, _ in itertools.groupby(path) if label != 0]
        if merged == [1, 1]:
            total += np.exp(sum(logs[t, label] for t, label in enumerate(path)))
    loss = F.ctc_loss(tl.asarray(logs), tl.asarray([1, 1]), (4,), (2,), reduction="sum")
    np.testing.assert_allclose(loss.item(), -np.log(total), rtol=1e-12)


def test_ctc_loss_second_order_and_its_own_gradient():
    logs = np.log(rng.dirichlet(np.ones(3), (4, 2)))

    def loss(x):
        return F.ctc_loss(x, tl.asarray([[1, 1], [2, 1]]), (4, 3), (2, 2), reduction="none")

    check_grads(loss, [logs])


def test_ctc_loss_where_a_label_is_impossible():
    logs = np.log(np.array([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0]]) + 0.0)
    x = tl.asarray(logs).requires_grad_()
    loss = F.ctc_loss(x, tl.asarray([1]), (2,), (1,), reduction="sum")
    np.testing.assert_allclose(loss.item(), -np.log(0.5 * 0.75 + 0.5 * 0.25 + 0.5 * 0.75))
    loss.backward()
    assert np.isfinite(np.array(x.grad)).all()


@pytest.mark.parametrize(
    "change, error, text",
    [
        ({"log_probs": tl.zeros(3)}, ValueError, r"shape \(T, N, C\) or \(T, C\), got \(3,\)"),
        ({"input_lengths": (8, 1, 1, 1)}, ValueError, "input_lengths up to 7, got 8"),
        ({"input_lengths": (-1, 1, 1, 1)}, ValueError, "input_lengths >= 0, got -1"),
        ({"input_lengths": (7, 7)}, ValueError, "expected 4 input_lengths, got 2"),
        ({"input_lengths": tl.ones(4)}, TypeError, "integers as input_lengths, got float64"),
        ({"input_lengths": (1.5,) * 4}, TypeError, "integers of int64 as input_lengths"),
        ({"input_lengths": 1.5}, TypeError, "integers of int64 as input_lengths, got .*1.5"),
        ({"target_lengths": (2**70,) * 4}, ValueError, "integers of int64 as target_lengths"),
        ({"target_lengths": (2**62, 1, 1, 1)}, ValueError, "S >= 4611686018427387904"),
        ({"target_lengths": (4, 1, 1, 1)}, ValueError, r"shape \(4, S\) with S >= 4, .* \(4, 3\)"),
        ({"targets": tl.asarray([1, 2])}, ValueError, r"or \(8,\), the sum .* got \(2,\)"),
        ({"targets": tl.ones((4, 3))}, TypeError, "integer dtype, got float64"),
        ({"targets": tl.asarray(SEQUENCES + 2)}, IndexError, "from 0 to 4, got targets from .* 5"),
        ({"blank": 5}, IndexError, "blank from 0 to 4, got 5"),
        ({"blank": 1.5}, TypeError, "blank to be an integer, got 1.5"),
        ({"reduction": "batchmean"}, ValueError, "got 'batchmean'"),
    ],
)
def test_ctc_loss_refuses(change, error, text):
    arguments = {
        "log_probs": tl.asarray(SCORES),
        "targets": tl.asarray(SEQUENCES),
        "input_lengths": TIMES,
        "target_lengths": LENGTHS,
    }
    with pytest.raises(error, match=f"ctc_loss: .*{text}"):
        F.ctc_loss(**(arguments | change))


@dtypes
def test_ctc_layer(dtype):
    options = {"blank": 1, "reduction": "sum", "zero_infinity": True}
    logs = SCORES - np.log(np.exp(SCORES).sum(-1, keepdims=True))
    ours, theirs = nn.CTCLoss(**options), torch.nn.CTCLoss(**options)
    compare(
        lambda x, targets: ours(x, targets, TIMES, (1, 2, 3, 1)),
        lambda x, targets: theirs(x, targets, TIMES, (1, 2, 3, 1)),
        (logs, SEQUENCES % 2 + 2),
        dtype,
        gradients=False,
    )


# the adaptive softmax

FEATURES, CLASSES = rng.standard_normal((6, 32)), np.array([0, 3, 11, 5, 2, 19])


@dtypes
@pytest.mark.parametrize("options", [{}, {"div_value": 2.0, "head_bias": True}])
def test_adaptive_softmax(options, dtype):
    arguments = ("AdaptiveLogSoftmaxWithLoss", (32, 20, [4, 10]), (FEATURES, CLASSES), dtype)
    ours, theirs = compare_modules(*arguments, **options)
    x, y = convert(FEATURES, dtype, tl), convert(FEATURES, dtype, torch)
    assert_close(ours.log_prob(x), theirs.log_prob(y), dtype)
    assert_close(ours.predict(x), theirs.predict(y), dtype)
    one, other = ours(x[1], tl.asarray(3)), theirs(y[1], torch.tensor(3))
    assert_close(one.output, other.output, dtype)
    assert_close(one.loss, other.loss, dtype)


def test_adaptive_softmax_of_frequent_classes_only():
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(4, 9, [3]).double()
    ours = nn.AdaptiveLogSoftmaxWithLoss(4, 9, [3], dtype="float64")
    copy_weights(ours, theirs)
    x = rng.standard_normal((3, 4))
    compare(ours, theirs, (x, np.array([0, 1, 2])), "float64")


@pytest.mark.parametrize("cutoffs", [[], [0, 5], [5, 5], [7, 5], [20], [4, 21]])
def test_adaptive_softmax_refuses_cutoffs(cutoffs):
    with pytest.raises(ValueError, match="AdaptiveLogSoftmaxWithLoss: expected ascending cutoffs"):
        nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs)


def test_adaptive_softmax_refuses_inputs():
    model = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4])
    x = tl.zeros((2, 8), dtype="float32")
    with pytest.raises(IndexError, match="expected targets from 0 to 19, got targets from 0 to 20"):
        model(x, tl.asarray([0, 20]))
    with pytest.raises(ValueError, match=r"got \(2, 8\) and \(3,\)"):
        model(x, tl.asarray([0, 1, 2]))


# edges and errors


@pytest.mark.parametrize("name", ["l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"])
def test_broadcasting_warns(name):
    with pytest.warns(UserWarning, match=rf"{name}: input has shape \(4, 5\) and target \(5,\)"):
        loss = getattr(F, name)(tl.asarray(X), tl.asarray(Y[0]))
    other = getattr(F, name)(tl.asarray(X), tl.asarray(np.tile(Y[0], (4, 1))))
    np.testing.assert_allclose(loss.item(), other.item(), rtol=1e-13)


def test_kl_div_warns_of_the_mean():
    with pytest.warns(UserWarning, match="kl_div: reduction 'mean' divides by"):
        F.kl_div(tl.asarray(X), tl.asarray(TRUTHS))


def test_zero_probabilities_leave_no_nan():
    target = tl.asarray([0.0, 1.0]).requires_grad_()
    x = tl.asarray([-1.0, -2.0]).requires_grad_()
    F.kl_div(x, target, reduction="sum").backward()
    assert x.grad.tolist() == [0.0, -1.0]
    assert np.isfinite(np.array(target.grad)).all()


def test_an_infinite_variance():
    args = np.array([0.0, 1.0]), np.array([2.0, 1.0]), np.array([np.inf, 1e-9])
    ours = F.gaussian_nll_loss(*map(tl.asarray, args), reduction="none")
    theirs = torch.nn.functional.gaussian_nll_loss(*map(torch.tensor, args), reduction="none")
    assert_close(ours, theirs, "float64")


@dtypes
def test_certain_probabilities(dtype):
    x = np.array([0.0, 1.0, 0.0, 1.0])
    compare(F.binary_cross_entropy, torch.nn.functional.binary_cross_entropy,
            (x, np.array([0.0, 1.0, 1.0, 0.0])), dtype, gradients=False,
            reduction="none")  # fmt: skip
    certain = tl.asarray(x, dtype=dtype).requires_grad_()
    F.binary_cross_entropy(certain, tl.asarray(x, dtype=dtype), reduction="sum").backward()
    assert np.isfinite(np.array(certain.grad)).all()


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_no_samples():
    """A mean over none is NaN, a sum 0, as PyTorch's."""
    none, labels = tl.ones((0, 5)), tl.ones(0, dtype=int)
    for target in (labels, none):
        assert np.isnan(F.cross_entropy(none, target).item())
        assert F.cross_entropy(none, target, reduction="sum").item() == 0
    assert F.multilabel_margin_loss(none, none.astype(int), reduction="none").shape == (0,)
    assert F.multi_margin_loss(none, labels, reduction="sum").item() == 0
    losses = F.ctc_loss(tl.ones((0, 2, 3)), tl.ones((2, 1), dtype=int), (0, 0), (1, 0), 0, "none")
    assert losses.tolist() == [np.inf, 0.0]


@pytest.mark.parametrize("scale", [1e3, -1e3])
def test_scores_of_any_size(scale):
    x = tl.asarray([scale], dtype="float32").requires_grad_()
    for loss in (F.binary_cross_entropy_with_logits, F.soft_margin_loss):
        result = loss(x, tl.ones(1, dtype="float32"))
        result.backward()
        assert result.item() == max(-scale, 0)
        assert np.isfinite(np.array(x.grad)).all()


PAIRS = ["l1_loss", "mse_loss", "huber_loss", "soft_margin_loss", "poisson_nll_loss",
         "binary_cross_entropy", "binary_cross_entropy_with_logits", "hinge_embedding_loss",
         "multilabel_soft_margin_loss"]  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("target", ["int64", "bool", None])
def test_dtype_stays(name, target, dtype):
    x = tl.ones(3, dtype=dtype)
    assert getattr(F, name)(x, tl.ones(3, dtype=target or dtype)).dtype == np.dtype(dtype)


ONES = tl.ones((4, 5))


@pytest.mark.parametrize(
    "name, args, options, error, text",
    [
        ("l1_loss", (ONES, ONES), {"weight": tl.ones(5)}, ValueError, r"\(4, 5\), got \(5,\)"),
        ("mse_loss", (ONES, ONES), {"reduction": "max"}, ValueError, "got 'max'"),
        ("smooth_l1_loss", (ONES, ONES), {"beta": -1.0}, ValueError, "beta >= 0, got -1.0"),
        ("huber_loss", (ONES, ONES), {"delta": 0.0}, ValueError, "delta > 0, got 0.0"),
        ("kl_div", (ONES, ONES), {"reduction": "max"}, ValueError, "got 'max'"),
        ("poisson_nll_loss", (ONES, ONES), {"reduction": "max"}, ValueError, "got 'max'"),
        ("gaussian_nll_loss", (ONES, ONES, -ONES), {}, ValueError, "var >= 0, got a negative one"),
        ("gaussian_nll_loss", (ONES, ONES, -1.0), {}, ValueError, "var >= 0, got a negative one"),
        ("gaussian_nll_loss", (ONES, ONES, tl.ones((2, 5))), {}, ValueError, r"got \(2, 5\)"),
        ("cross_entropy", (tl.ones(()), tl.asarray(0)), {}, ValueError, r"got \(\)"),
        ("cross_entropy", (ONES, ONES), {"ignore_index": 1}, ValueError, "probabilities, got 1"),
        ("cross_entropy", (ONES, ONES), {"label_smoothing": 2}, ValueError, r"\[0, 1\], got 2"),
        ("cross_entropy", (ONES, tl.ones((4, 5), dtype=int)), {}, TypeError, "got int64"),
        ("cross_entropy", (ONES, tl.ones(4)), {}, TypeError, "integer dtype, got float64"),
        ("cross_entropy", (ONES, tl.asarray([0, 1, 5, 0])), {}, IndexError, "0 to 4, got 5"),
        ("cross_entropy", (ONES, ONES), {"weight": tl.ones(4)}, ValueError, r"got \(4,\)"),
        ("binary_cross_entropy", (ONES, tl.ones(5)), {}, ValueError, r"\(4, 5\), got \(5,\)"),
        ("binary_cross_entropy", (ONES * 2, ONES), {}, ValueError, r"probabilities in \[0, 1\]"),
        ("binary_cross_entropy", (ONES * np.nan, ONES), {}, ValueError, r"in \[0, 1\]"),
        ("binary_cross_entropy_with_logits", (ONES, tl.ones(5)), {}, ValueError, r"got \(5,\)"),
        ("margin_ranking_loss", (ONES, ONES, tl.ones(5)), {}, ValueError, r"and \(5,\)"),
        ("cosine_embedding_loss", (ONES, ONES, ONES), {}, ValueError, r"\(4, 5\) and \(4, 5\)"),
        (
            "margin_ranking_loss",
            (ONES, tl.ones((4, 3)), ONES),
            {},
            ValueError,
            r"shapes of input1 and input2 that broadcast, got \(4, 5\) and \(4, 3\)",
        ),
        (
            "cosine_embedding_loss",
            (ONES, tl.ones((4, 3)), tl.ones(4)),
            {},
            ValueError,
            r"shapes of input1 and input2 that broadcast, got \(4, 5\) and \(4, 3\)",
        ),
        (
            "triplet_margin_loss",
            (ONES, ONES, tl.ones((4, 3))),
            {},
            ValueError,
            r"anchor, positive and negative that broadcast, got \(4, 5\) and \(4, 3\)",
        ),
        ("multi_margin_loss", (ONES, tl.asarray([0])), {}, ValueError, r"\(4, 5\) and \(1,\)"),
        ("multi_margin_loss", (ONES, tl.asarray([0, 1, 2, 5])), {}, IndexError, "from 0 to 5"),
        ("multi_margin_loss", (ONES, tl.ones(4)), {}, TypeError, "got float64"),
        ("multi_margin_loss", (ONES, tl.asarray([0] * 4)), {"p": 3}, ValueError, "1 or 2, got 3"),
        ("multilabel_margin_loss", (ONES, tl.asarray([0])), {}, ValueError, r"and \(1,\)"),
        ("multilabel_margin_loss", (ONES[0], tl.asarray([5] * 5)), {}, IndexError, "5 to 5"),
        ("multilabel_soft_margin_loss", (tl.ones(()), tl.ones(())), {}, ValueError, r"got \(\)"),
        ("triplet_margin_loss", (ONES, ONES, ONES), {"margin": 0}, ValueError, "> 0, got 0"),
        ("triplet_margin_loss", (ONES, ONES, ONES[0]), {}, ValueError, r"\(4, 5\), \(5,\)"),
    ],
)
def test_refuses(name, args, options, error, text):
    with pytest.raises(error, match=f"{name}: expected .*{text}"):
        getattr(F, name)(*args, **options)


@pytest.mark.filterwarnings("ignore:.*they are broadcast")
@pytest.mark.parametrize("name", ["mse_loss", "soft_margin_loss", "hinge_embedding_loss"])
def test_shapes_that_do_not_broadcast(name):
    with pytest.raises(ValueError, match=rf"{name}: expected .* got \(4, 5\) and \(3,\)"):
        getattr(F, name)(ONES, tl.ones(3))


PLACES = rng.standard_normal((5, 2, 3))


@dtypes
@pytest.mark.parametrize(
    "weight, bias, target, options",
    [
        (rng.standard_normal((5, 3)), WEIGHT, LABELS, {"label_smoothing": 0.1}),
        (rng.standard_normal((5, 3)), None, IGNORED, {"reduction": "sum"}),
        (rng.standard_normal((5, 3)), None, LABELS, {"ignore_index": 2}),
        (rng.standard_normal((5, 3)), None, DISTRIBUTIONS, {}),
        (PLACES, PLACES[..., 0], rng.integers(0, 5, (4, 2)), {"reduction": "none"}),
    ],
    ids=["bias", "ignored", "ignore_index", "probabilities", "places"],
)
def test_linear_cross_entropy(weight, bias, target, options, dtype):
    def of(functional):
        def run(x, weight, target, bias=None):
            return functional.linear_cross_entropy(x, weight, target, linear_bias=bias, **options)

        return run

    args = [X[:, :3], weight, target] + ([] if bias is None else [bias])
    compare(of(F), of(torch.nn.functional), args, dtype)


@dtypes
@pytest.mark.parametrize("places", [(), (2,)])
def test_linear_cross_entropy_layer(places, dtype):
    options = {"out_features": places, "bias": True, "reduction": "sum", "ignore_index": 1}
    target = rng.integers(0, 5, (4, *places))
    compare_modules("LinearCrossEntropyLoss", (3, 5), (X[:, :3], target), dtype, **options)


@pytest.mark.parametrize(
    "shapes, text",
    [
        (((4, 3), (5, 2)), r"the last axis, got \(4, 3\) and \(5, 2\)"),
        (((4, 3, 2), (5, 2)), r"got \(4, 3, 2\) and \(5, 2\)"),
        (((4, 3), (5, 3), (4,)), r"linear_bias of shape \(5,\), got \(4,\)"),
    ],
)
def test_linear_cross_entropy_refuses(shapes, text):
    x, weight, *bias = map(tl.ones, shapes)
    with pytest.raises(ValueError, match=f"linear_cross_entropy: expected .*{text}"):
        F.linear_cross_entropy(x, weight, tl.asarray(LABELS), linear_bias=bias[0] if bias else None)
