"""Normalization beside PyTorch: values, gradients, running statistics; second order; errors."""

import numpy as np
import pytest
from parity import array_of, assert_close, compare, compare_modules, dtypes, pair_of, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_array_equal, check_grads

TF = torch.nn.functional


def numbers(*shape, seed=0):
    """With means that are not zero, and other deviations in each channel."""
    random = np.random.default_rng(seed)
    scale = random.uniform(0.5, 3, shape[1:2] + (1,) * (len(shape) - 2)) if len(shape) > 1 else 1
    return random.standard_normal(shape) * scale + 1.5


def affine(count, kind):
    """Weight and bias, as `kind` says: "both", "weight", "bias" or "none"."""
    weight, bias = numbers(*count, seed=1), numbers(*count, seed=2)
    return (
        weight if kind in ("both", "weight") else None,
        bias if kind in ("both", "bias") else None,
    )


kinds = pytest.mark.parametrize("kind", ["both", "weight", "bias", "none"])
# One place, and several.
SHAPES = [(4, 3), (3, 5, 2), (4, 3, 7), (2, 3, 4, 5), (2, 4, 2, 3, 2)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


# functions


@dtypes
@shapes
@kinds
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm(dtype, shape, kind, training):
    channels = shape[1:2]
    means, variances = numbers(*channels, seed=3), np.abs(numbers(*channels, seed=4)) + 0.1

    def call(library, function):
        def run(x, weight, bias):
            mean, variance = (library.asarray(v.astype(dtype)) for v in (means, variances))
            result = function(x, mean, variance, weight, bias, training, 0.3, 1e-3)
            return result, mean, variance

        return run

    args = [numbers(*shape), *affine(channels, kind)]
    compare(call(tl, F.batch_norm), call(torch, TF.batch_norm), args, dtype)


@dtypes
@kinds
def test_batch_norm_without_running_statistics(dtype, kind):
    args = [numbers(4, 3, 5), None, None, *affine((3,), kind), True]
    compare(F.batch_norm, TF.batch_norm, args, dtype)


@dtypes
@pytest.mark.parametrize("shape", [s for s in SHAPES if len(s) > 2], ids=str)
@kinds
@pytest.mark.parametrize("use_input_stats", [False, True])
def test_instance_norm(dtype, shape, kind, use_input_stats):
    channels = shape[1:2]
    means, variances = numbers(*channels, seed=3), np.abs(numbers(*channels, seed=4)) + 0.1

    def call(library, function):
        def run(x, weight, bias):
            mean, variance = (library.asarray(v.astype(dtype)) for v in (means, variances))
            result = function(x, mean, variance, weight, bias, use_input_stats, 0.3, 1e-3)
            return result, mean, variance

        return run

    args = [numbers(*shape), *affine(channels, kind)]
    compare(call(tl, F.instance_norm), call(torch, TF.instance_norm), args, dtype)


@dtypes
@kinds
@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 7, 300), (1, 200, 5)], ids=str)
def test_layer_norm(dtype, kind, axes, shape):
    normalized = shape[-axes:]
    args = [numbers(*shape), normalized, *affine(normalized, kind), 1e-3]
    compare(F.layer_norm, TF.layer_norm, args, dtype)


@dtypes
@pytest.mark.parametrize("kind", ["weight", "none"])
@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("eps", [None, 1e-2])
def test_rms_norm(dtype, kind, axes, eps):
    shape = (4, 5, 3)[-axes:]
    args = [numbers(4, 5, 3), shape, affine(shape, kind)[0], eps]
    compare(F.rms_norm, TF.rms_norm, args, dtype)


@dtypes
@pytest.mark.parametrize("kind", ["both", "weight", "none"])  # PyTorch takes no bias alone
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
@pytest.mark.parametrize("places", [(), (1,), (2, 5)], ids=str)
def test_group_norm(dtype, kind, groups, places):
    args = [numbers(3, 6, *places), groups, *affine((6,), kind), 1e-3]
    compare(F.group_norm, TF.group_norm, args, dtype)


@dtypes
@pytest.mark.parametrize("size", [1, 2, 3, 4, 11])
@pytest.mark.parametrize("shape", [(2, 5, 3), (2, 1, 3), (2, 5, 3, 2), (2, 5, 2, 2, 2)], ids=str)
def test_local_response_norm(dtype, size, shape):
    args = [numbers(*shape), size, 0.3, 0.6, 1.5]
    compare(F.local_response_norm, TF.local_response_norm, args, dtype)


@dtypes
@pytest.mark.parametrize("p", [1, 2.0, 3, 0.5, np.inf])
@pytest.mark.parametrize("dim", [0, -1, (0, 2)])
def test_normalize(dtype, p, dim):
    compare(F.normalize, TF.normalize, [numbers(3, 4, 5), p, dim], dtype)


@dtypes
def test_normalize_of_short_vectors(dtype):
    x = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0]])
    compare(F.normalize, TF.normalize, [x, 2.0, 1, 1.0], dtype)


def test_normalize_writes_out():
    out = tl.zeros((1, 2))
    assert F.normalize(tl.asarray([[3.0, 4.0]]), out=out) is out
    assert_array_equal(out, [[0.6, 0.8]])


MANY = {
    "layer_norm": (lambda f, x, w, b: f.layer_norm(x, (3000,), w, b), (70, 3000), (3000,)),
    "batch_norm of vectors": (
        lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True),
        (3000, 2),
        (2,),
    ),
    "batch_norm of small images": (
        lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True),
        (300, 2, 3, 3),
        (2,),
    ),
    "batch_norm of large images": (
        lambda f, x, w, b: f.batch_norm(x, None, None, w, b, True),
        (3, 40, 30, 60),
        (40,),
    ),
    "group_norm": (lambda f, x, w, b: f.group_norm(x, 3, w, b), (3, 6, 1100), (6,)),
    "instance_norm": (
        lambda f, x, w, b: f.instance_norm(x, None, None, w, b),
        (30, 2, 3000),
        (2,),
    ),
}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_more_numbers_than_are_worked_on_together(name, dtype):
    """Beside PyTorch's in float64: in float32 it is up to 3e-5 away from that here, we are not."""
    function, shape, channels = MANY[name]
    arrays = [numbers(*shape), numbers(*channels, seed=1), numbers(*channels, seed=2)]
    arrays = [array.astype("float32") for array in arrays]
    mine = [tl.asarray(array.astype(dtype)).requires_grad_() for array in arrays]
    yours = [torch.tensor(array.astype("float64")).requires_grad_() for array in arrays]
    # Of mean zero: else the rounding of a mean to float32 counts as often as there are numbers.
    g = np.random.default_rng(0).standard_normal(shape).astype("float32")
    ours, theirs = function(F, *mine), function(TF, *yours)
    ours.backward(tl.asarray(g.astype(dtype)))
    theirs.backward(torch.tensor(g.astype("float64")))
    for x, y in zip(
        [ours, *(m.grad for m in mine)], [theirs, *(m.grad for m in yours)], strict=True
    ):
        assert x.dtype == tl.dtype(dtype)
        assert_close(x.astype("float64"), y, dtype)


def test_means_far_from_zero_cost_no_digits():
    """The variance is that of deviations: squares of such numbers have no digits left for it."""
    x = (np.random.default_rng(0).standard_normal((3, 5000)) + 3000).astype("float32")
    wide = x.astype("float64")
    expected = (wide - wide.mean(1, keepdims=True)) / wide.std(1, keepdims=True)
    result = F.layer_norm(tl.asarray(x), (5000,), eps=0.0)
    np.testing.assert_allclose(np.asarray(result), expected, atol=2e-4)


@pytest.mark.parametrize("dtype, tolerance", [("float16", 2e-3), ("bfloat16", 2e-2)])
def test_16_bit_numbers_are_summed_in_single_precision(dtype, tolerance):
    x, weight, bias, g = (numbers(*shape) for shape in ((6, 2000), (2000,), (2000,), (6, 2000)))
    narrow = [tl.asarray(v).astype(dtype) for v in (x, weight, bias, g)]
    # The same numbers, as what they were rounded to.
    wide = [v.astype("float64") for v in narrow]
    gradients = []
    for x, weight, bias, g in (narrow, wide):
        leaves = [v.detach().requires_grad_() for v in (x, weight, bias)]
        F.layer_norm(leaves[0], (2000,), *leaves[1:]).backward(g)
        gradients.append([leaf.grad for leaf in leaves])
    for ours, expected in zip(*gradients, strict=True):
        assert ours.dtype == tl.dtype(dtype)
        expected = np.asarray(expected)
        ours = np.asarray(ours.astype("float64"))
        np.testing.assert_allclose(ours, expected, tolerance, tolerance * np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bit_numbers_are_compared_with_running_statistics_in_float32(dtype):
    """Means far from zero cost them no digits: the result is the one in float64, rounded once."""
    x = torch.tensor(100 + 3 * numbers(64, 3)).to(getattr(torch, dtype)).double().numpy()
    mean, variance = np.full(3, 100.25), np.full(3, 9.5)
    expected = TF.batch_norm(*map(torch.tensor, (x, mean, variance))).numpy()
    statistics = (tl.asarray(v).astype("float32") for v in (mean, variance))
    result = F.batch_norm(tl.asarray(x).astype(dtype), *statistics)
    assert result.dtype == tl.asarray(1.0).astype(dtype).dtype
    rounding = 2.0**-11 if dtype == "float16" else 2.0**-8
    np.testing.assert_allclose(result.astype("float64"), expected, rounding, 1e-6)


def test_the_eps_of_16_bit_rms_norm_is_that_of_float32():
    x = np.array([[1e-3, -2e-3]], np.float16)
    expected = TF.rms_norm(torch.tensor(x), (2,)).numpy()
    np.testing.assert_allclose(F.rms_norm(tl.asarray(x), (2,)), expected, 2e-3)


def test_weights_of_another_dtype_are_promoted():
    x = tl.ones((2, 3), dtype="float32")
    assert F.layer_norm(x, (3,), tl.ones(3, dtype="float64")).dtype == np.float64
    assert F.layer_norm(x.astype("float16"), (3,), tl.ones(3, dtype="float32")).dtype == np.float32


def test_empty_inputs():
    assert F.layer_norm(tl.zeros((0, 3)), (3,)).shape == (0, 3)
    assert F.layer_norm(tl.zeros((3, 0)), (0,)).shape == (3, 0)
    assert F.group_norm(tl.zeros((0, 4, 2)), 2).shape == (0, 4, 2)
    weight = tl.ones(3).requires_grad_()
    F.layer_norm(tl.zeros((0, 3)), (3,), weight).sum().backward()
    assert_array_equal(weight.grad, [0.0, 0.0, 0.0])


def test_strided_inputs():
    x = numbers(6, 5, 4)
    expected = F.layer_norm(tl.asarray(x.transpose(2, 0, 1)[::2].copy()), (5,))
    assert_array_equal(F.layer_norm(tl.asarray(x).transpose(2, 0, 1)[::2], (5,)), expected)


SECOND_ORDER = {
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (3,), w, b, 1e-2), (2, 4, 3), 3),
    "rms_norm": (lambda x, w, b: F.rms_norm(x, (3,), w, 1e-2) + b, (2, 4, 3), 3),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b, 1e-2), (2, 4, 3), 4),
    "instance_norm": (
        lambda x, w, b: F.instance_norm(x, None, None, w, b, eps=1e-2),
        (2, 2, 4),
        2,
    ),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True, eps=1e-2),
        (3, 2, 2),
        2,
    ),
    "batch_norm of vectors": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True, eps=1e-2),
        (4, 2),
        2,
    ),
    "batch_norm in evaluation": (
        lambda x, w, b: F.batch_norm(x, tl.ones(2), tl.ones(2), w, b),
        (3, 2, 2),
        2,
    ),
    "local_response_norm": (
        lambda x, w, b: F.local_response_norm(x, 3, 0.5) * w + b,
        (2, 3, 2),
        2,
    ),
    "normalize": (lambda x, w, b: F.normalize(x) * w + b, (2, 3), 3),
}


@pytest.mark.parametrize("name", SECOND_ORDER)
def test_second_order(name):
    function, shape, channels = SECOND_ORDER[name]
    check_grads(function, [numbers(*shape), numbers(channels, seed=1), numbers(channels, seed=2)])


# modules


@dtypes
@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("track", [False, True])
@pytest.mark.parametrize("momentum", [0.1, 0.6, None])
@pytest.mark.parametrize(
    "name, shape",
    [
        ("BatchNorm1d", (4, 3)),
        ("BatchNorm1d", (4, 3, 5)),
        ("BatchNorm2d", (4, 3, 5, 2)),
        ("BatchNorm3d", (2, 3, 2, 2, 3)),
        ("InstanceNorm1d", (4, 3, 5)),
        ("InstanceNorm2d", (4, 3, 5, 2)),
        ("InstanceNorm3d", (2, 3, 2, 2, 3)),
    ],
)
def test_modules_with_running_statistics(name, shape, affine, track, momentum, dtype):
    options = {"eps": 1e-3, "momentum": momentum, "affine": affine, "track_running_stats": track}
    ours, theirs = compare_modules(name, (3,), [numbers(*shape)], dtype, **options)
    # Three batches of training, then evaluation.
    for seed in range(3):
        x = numbers(*shape, seed=seed).astype(dtype)
        assert_close(ours(tl.asarray(x)), theirs(torch.tensor(x)), dtype)
    compare(ours.eval(), theirs.eval(), [numbers(*shape, seed=9)], dtype)
    for key, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[key], value, dtype, key)


@dtypes
@pytest.mark.parametrize(
    "name, shape",
    [
        ("InstanceNorm1d", (3, 5)),
        ("InstanceNorm2d", (3, 5, 2)),
        ("InstanceNorm3d", (3, 2, 2, 3)),
    ],
)
def test_instance_norm_of_one_sample(name, shape, dtype):
    compare_modules(name, (3,), [numbers(*shape)], dtype, affine=True)


@dtypes
@pytest.mark.parametrize(
    "name, args, options",
    [
        ("LayerNorm", (5,), {}),
        ("LayerNorm", ([3, 5],), {"eps": 1e-2}),
        ("LayerNorm", (5,), {"bias": False}),
        ("LayerNorm", (5,), {"elementwise_affine": False}),
        ("RMSNorm", (5,), {}),
        ("RMSNorm", ((3, 5),), {"eps": 1e-2, "elementwise_affine": False}),
        ("LocalResponseNorm", (3,), {"alpha": 0.5, "beta": 0.6, "k": 2.0}),
        ("GroupNorm", (2, 4), {}),
        ("GroupNorm", (4, 4), {"affine": False, "eps": 1e-2}),
        ("GroupNorm", (2, 4), {"bias": False}),
        ("BatchNorm2d", (4,), {"bias": False}),
        ("InstanceNorm2d", (4,), {"bias": False, "affine": True}),
    ],
)
def test_modules(name, args, options, dtype):
    compare_modules(name, args, [numbers(2, 4, 3, 5)], dtype, **options)


def test_parameters_are_reset():
    ours, _ = pair_of("BatchNorm1d", 3)
    ours(tl.asarray(numbers(4, 3)))
    with tl.no_grad():
        ours.weight[...] = 5
        ours.bias[...] = 5
    ours.reset_parameters()
    fresh = nn.BatchNorm1d(3).state_dict()
    for key, value in ours.state_dict().items():
        assert_array_equal(value, fresh[key].astype(value.dtype))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("options", [{}, {"affine": False}, {"track_running_stats": False}])
def test_sync_batch_norm_is_batch_norm_in_one_process(training, options):
    x = numbers(4, 3, 5)
    results = []
    for kind in (nn.BatchNorm1d, nn.SyncBatchNorm):
        layer = kind(3, dtype="float64", **options).train(training)
        leaf = tl.asarray(x).requires_grad_()
        result = layer(leaf)
        result.backward(tl.asarray(numbers(4, 3, 5, seed=7)))
        gradients = [p.grad for p in layer.parameters()]
        results.append([result.detach(), leaf.grad, *gradients, *layer.buffers()])
    for batch, sync in zip(*results, strict=True):
        assert_close(sync, batch, "float64")


def test_the_statistics_of_sync_batch_norm_can_be_others():
    class Doubled(nn.SyncBatchNorm):
        """As if a second process had the same batch, negated."""

        def statistics(self, input):
            both = tl.concatenate((input, -input))
            return super().statistics(both)

    x = numbers(4, 3)
    layer = Doubled(3, dtype="float64")
    result = layer(tl.asarray(x))
    expected = torch.nn.BatchNorm1d(3, dtype=torch.float64)
    both = expected(torch.tensor(np.concatenate((x, -x))))
    assert_close(result, both[:4], "float64")
    assert_close(layer.running_var, expected.running_var, "float64")


def test_convert_sync_batchnorm():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3, bias=False)))
    model.eval()
    before = model.state_dict()
    weight = model[1][0].weight
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert converted is model
    assert type(model[1][0]) is nn.SyncBatchNorm
    assert model[1][0].weight is weight and model[1][0].bias is None
    assert not model[1][0].training
    assert list(model.state_dict()) == list(before)
    single = nn.SyncBatchNorm.convert_sync_batchnorm(nn.BatchNorm2d(3, affine=False))
    assert type(single) is nn.SyncBatchNorm and single.weight is None


# errors

X = tl.ones((2, 4, 3))


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.layer_norm(X, (4,)),
            ValueError,
            r"layer_norm: .* normalized_shape \(4,\), got \(2, 4, 3\)",
        ),
        (lambda: F.layer_norm(X, ()), ValueError, r"layer_norm: .*normalized_shape \(\)"),
        (lambda: F.layer_norm(X, "3"), TypeError, "layer_norm: expected normalized_shape"),
        (
            lambda: F.layer_norm(X, 3, tl.ones(4)),
            ValueError,
            r"layer_norm: expected weight of shape \(3,\) .* \(2, 4, 3\), got \(4,\)",
        ),
        (lambda: F.layer_norm(X.astype(int), 3), TypeError, "layer_norm: .*, got int64"),
        (lambda: F.layer_norm(X.astype("complex64"), 3), TypeError, "got complex64"),
        (lambda: F.rms_norm(X, 3, tl.ones(4)), ValueError, "rms_norm: expected weight of shape"),
        (
            lambda: F.group_norm(X, 3),
            ValueError,
            r"group_norm: .* multiple of num_groups 3, got \(2, 4, 3\)",
        ),
        (lambda: F.group_norm(X, 0), ValueError, "group_norm: expected num_groups >= 1, got 0"),
        (lambda: F.group_norm(X, 2.0), TypeError, "group_norm: expected num_groups to be an int"),
        (lambda: F.batch_norm(tl.ones(3), None, None), ValueError, r"batch_norm: .* got \(3,\)"),
        (
            lambda: F.batch_norm(X, None, None),
            ValueError,
            "batch_norm: expected running_mean and running_var where",
        ),
        (lambda: F.batch_norm(X, tl.ones(4), None), ValueError, "batch_norm: expected both"),
        (
            lambda: F.batch_norm(X, tl.ones(4), tl.ones(3)),
            ValueError,
            r"batch_norm: expected running_var of shape \(4,\) .* got \(3,\)",
        ),
        (
            lambda: F.batch_norm(tl.ones((1, 4)), None, None, training=True),
            ValueError,
            r"batch_norm: expected more than one value .* \(1, 4\)",
        ),
        (lambda: F.instance_norm(tl.ones((2, 4))), ValueError, r"instance_norm: .* got \(2, 4\)"),
        (
            lambda: F.instance_norm(tl.ones((2, 4, 1))),
            ValueError,
            r"instance_norm: expected more than one place .* \(2, 4, 1\)",
        ),
        (
            lambda: F.local_response_norm(X, 0),
            ValueError,
            "local_response_norm: expected size >= 1",
        ),
        (lambda: F.local_response_norm(X[0], 3), ValueError, r"local_response_norm: .* \(4, 3\)"),
        (
            lambda: F.normalize(X, out=tl.ones(3)),
            ValueError,
            r"normalize: expected out of shape \(2, 4, 3\), got \(3,\)",
        ),
        (lambda: nn.LayerNorm(()), ValueError, "LayerNorm: expected a normalized_shape of at"),
        (lambda: nn.LayerNorm(-1), ValueError, "LayerNorm: expected normalized_shape >= 0, got"),
        (lambda: nn.RMSNorm(2.5), TypeError, "RMSNorm: expected normalized_shape to be"),
        (
            lambda: nn.GroupNorm(3, 4),
            ValueError,
            "GroupNorm: expected num_channels to be a multiple of num_groups, got 4 and 3",
        ),
        (
            lambda: nn.GroupNorm(2, 6)(X.astype("float32")),
            ValueError,
            r"GroupNorm: expected an input of shape \(N, 6, ...\), got \(2, 4, 3\)",
        ),
        (lambda: nn.BatchNorm1d(-1), ValueError, "BatchNorm1d: expected num_features >= 0, got -1"),
        (lambda: nn.BatchNorm1d("3"), TypeError, "BatchNorm1d: expected num_features to be an int"),
        (
            lambda: nn.BatchNorm2d(4)(X),
            ValueError,
            r"BatchNorm2d: expected an input of shape \(N, 4, H, W\), got \(2, 4, 3\)",
        ),
        (
            lambda: nn.BatchNorm1d(5)(X),
            ValueError,
            r"BatchNorm1d: expected an input of shape \(N, 5\) or \(N, 5, L\), got \(2, 4, 3\)",
        ),
        (
            lambda: nn.InstanceNorm1d(5)(X),
            ValueError,
            r"InstanceNorm1d: expected .* \(N, 5, L\) or \(5, L\), got \(2, 4, 3\)",
        ),
        (lambda: nn.LocalResponseNorm(0), ValueError, "LocalResponseNorm: expected size >= 1"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.SyncBatchNorm])
def test_a_refused_batch_changes_nothing(kind):
    layer = kind(3)
    before = {name: array_of(value).copy() for name, value in layer.state_dict().items()}
    with pytest.raises(ValueError, match="more than one value"):
        layer(tl.ones((1, 3), dtype="float32"))
    for name, value in layer.state_dict().items():
        assert_array_equal(value, before[name])
