"""vmap: of every op against a loop, of indices and writes, its options, and what is refused."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from func_cases import ROWS, close, leaves, stacked
from samples import SAMPLES

import tensorlib as tl
from tensorlib._core._dispatch import ops
from tensorlib.func import functional_call, grad, jvp, stack_module_state, vmap
from tensorlib.func._batch_rules import KINDS, RULES

RNG = np.random.default_rng
SHAPED_BY_VALUES = {"nonzero"}
# Its strides and offset speak of memory: see test_as_strided.
OF_MEMORY = {"as_strided"}


def test_every_op_has_a_rule_of_its_own():
    assert [
        name for name in ROWS if name not in RULES and getattr(ops, name).kind not in KINDS
    ] == []


@pytest.mark.parametrize("size", [3, 1])
@pytest.mark.parametrize("name", [n for n in ROWS if n not in SHAPED_BY_VALUES | OF_MEMORY])
def test_every_op(name, size):
    samples = [SAMPLES[name](RNG(seed)) for seed in range(size)]
    params, function = samples[0].params, samples[0].function
    count = len(samples[0].inputs)

    def call(*inputs):
        return leaves(function(*inputs, **params))

    subsets = [{i} for i in range(count)] + ([set(range(count))] if count > 1 else [])
    for batched, last in itertools.product(subsets, (False, True)):
        args, dims = [], []
        for i in range(count):
            parts = [sample.inputs[i] for sample in samples]
            dim = None if i not in batched else -1 if last else 0
            args.append(tl.asarray(parts[0] if dim is None else np.stack(parts, dim)))
            dims.append(dim)
        expected = [
            call(*[tl.asarray(samples[k if i in batched else 0].inputs[i]) for i in range(count)])
            for k in range(size)
        ]
        close(vmap(call, tuple(dims))(*args), stacked(expected), 1e-12, 1e-12)


@pytest.mark.parametrize("name", [n for n in ROWS if n not in SHAPED_BY_VALUES | OF_MEMORY])
def test_no_elements(name):
    sample = SAMPLES[name](RNG(0))
    args = [tl.asarray(x) for x in sample.inputs]
    expected = leaves(sample.function(*args, **sample.params))
    empty = [tl.asarray(np.empty((0, *x.shape), x.dtype)) for x in sample.inputs]
    found = leaves(vmap(lambda *xs: leaves(sample.function(*xs, **sample.params)))(*empty))
    for x, wanted in zip(found, expected, strict=True):
        assert (x.shape, x.dtype) == ((0, *wanted.shape), wanted.dtype)


def test_as_strided():
    x = tl.asarray(RNG(0).standard_normal((3, 4, 5)))
    for dim in (0, 1, 2, -2):
        found = vmap(lambda x: tl.lib.stride_tricks.sliding_window_view(x, 2, axis=0), dim)(x)
        loop = [tl.lib.stride_tricks.sliding_window_view(x[k], 2, axis=0).copy()
                for k, x in enumerate([tl.moveaxis(x, dim, 0)] * x.shape[dim])]  # fmt: skip
        close(found, stacked(loop))

    def window_products(x):
        windows = tl.lib.stride_tricks.sliding_window_view(x, 3)
        return (windows.prod(axis=-1)).sum()

    rows = tl.asarray(RNG(1).standard_normal((4, 6)))
    close(vmap(grad(window_products))(rows), stacked([grad(window_products)(r) for r in rows]))
    tangents = vmap(lambda x: jvp(window_products, (x,), (x,))[1])(rows)
    close(tangents, stacked([jvp(window_products, (r,), (r,))[1] for r in rows]))


def test_results_that_are_named_tuples_or_lists():
    x = tl.asarray([[1.0, 2.0, 2.0], [3.0, 1.0, 1.0]])
    found = vmap(tl.unique_counts)(x)
    close(list(found), [np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([[1, 2], [2, 1]])])
    points = tl.asarray(RNG(0).uniform(size=(2, 5, 2)))
    loop = [np.histogramdd(p.numpy(), 3, range=[(0, 1)] * 2) for p in points]
    counts, edges = vmap(lambda p: tl.histogramdd(p, 3, range=[(0, 1)] * 2))(points)
    close([counts, *edges], stacked([(c, *e) for c, e in loop]))


def test_a_scalar_beside_a_batch_that_is_written_out():
    x, out = tl.asarray([[1.0, 2.0], [3.0, 4.0]]), tl.zeros((2, 2))
    close(vmap(lambda x, out: tl.add(2, x, out=out))(x, out), x.numpy() + 2)


def test_checks_of_values_look_at_all_examples():
    x = tl.asarray([[0.5, 0.25], [0.75, 0.5]])
    for name in ("binary_cross_entropy", "gaussian_nll_loss"):
        function = getattr(tl.nn.functional, name)
        args = 2 if name[0] == "b" else 3
        close(vmap(lambda x, f=function, n=args: f(*[x] * n))(x),
              np.stack([function(*[row] * args).item() for row in x]))  # fmt: skip
    with pytest.raises(ValueError, match=r"expected probabilities in \[0, 1\]"):
        vmap(lambda x: tl.nn.functional.binary_cross_entropy(x, x))(x * 2)
    normal = tl.distributions.Normal
    close(vmap(lambda x: normal(x, x).log_prob(x))(x), normal(x, x).log_prob(x))
    with pytest.raises(ValueError, match="Normal: expected scale to be .*, got a batch in shape"):
        vmap(lambda x: normal(x, -x))(x)
    with pytest.raises(FloatingPointError, match="log: made NaN"):
        vmap(anomalous)(x - 0.5)
    close(vmap(grad(lambda x: anomalous(x).sum()))(x), 1 / x.numpy())


def anomalous(x):
    with tl.autograd.detect_anomaly(), tl.errstate(invalid="ignore", divide="ignore"):
        return tl.log(x)


def test_roots():
    p = tl.asarray([[0.0, 1.0, -3.0, 2.0], [0.0, 2.0, 3.0, 2.0]])
    close(vmap(lambda p: tl.sort(tl.roots(p)))(p),
          np.stack([np.sort(np.roots(row.numpy()).astype(complex)) for row in p]))  # fmt: skip
    assert vmap(tl.roots)(p[:1]).dtype == float
    with (
        pytest.raises(np.linalg.LinAlgError, match="must not contain infs or NaNs"),
        np.errstate(divide="ignore"),
    ):
        vmap(tl.roots)(tl.asarray([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]]))


@pytest.mark.parametrize("dims", [(0, 0, 0, 0), (0, None, None, None), (None, 0, None, None),
                                  (None, None, 0, None), (None, None, None, 0)])  # fmt: skip
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_ctc_loss(dims, reduction):
    scores = tl.asarray(RNG(0).standard_normal((3, 6, 2, 5)))
    args = [
        tl.nn.functional.log_softmax(scores, -1),
        tl.asarray(RNG(1).integers(1, 5, (3, 2, 3))),
        tl.asarray([[6, 5], [4, 6], [5, 5]]),
        tl.asarray([[3, 2], [1, 3], [2, 2]]),
    ]
    args = [x if d == 0 else x[0] for x, d in zip(args, dims, strict=True)]

    def loss(*args):
        return tl.nn.functional.ctc_loss(*args, reduction=reduction)

    for function in (loss, grad(lambda *args: loss(*args).sum())):
        loop = [function(*[x if d is None else x[k] for x, d in zip(args, dims, strict=True)])
                for k in range(3)]  # fmt: skip
        close(vmap(function, dims)(*args), stacked(loop))


def test_ctc_loss_of_targets_one_after_the_other():
    x = tl.nn.functional.log_softmax(tl.asarray(RNG(0).standard_normal((3, 6, 2, 5))), -1)
    targets = tl.asarray([[1, 2, 3, 4], [2, 2, 1, 1], [4, 3, 2, 1]])
    lengths = tl.asarray([[3, 1], [2, 2], [1, 3]])

    def loss(x, targets, lengths):
        return tl.nn.functional.ctc_loss(x, targets, (6, 6), lengths)

    close(vmap(loss)(x, targets, lengths), stacked(map(loss, x, targets, lengths)))


def test_shapes_that_depend_on_values_are_refused():
    x = tl.asarray([[1.0, 0.0], [0.0, 0.0]])
    with pytest.raises(RuntimeError, match="result of nonzero would depend on the elements"):
        vmap(tl.nonzero)(x)
    with pytest.raises(RuntimeError, match="an index of bools would give results of different"):
        vmap(lambda x: x[x > 0])(x)
    with pytest.raises(RuntimeError, match=r"results of one shape .*, got shapes \(1,\), \(2,\)"):
        vmap(tl.unique)(x)
    with pytest.raises(RuntimeError, match="item: a tensor inside of vmap stands for a batch of 2"):
        vmap(lambda x: x if x.sum() > 0 else -x)(x)
    with pytest.raises(RuntimeError, match="numpy: a tensor inside of vmap stands for a batch"):
        vmap(lambda x: tl.asarray(np.asarray(x)))(x)


# indices

A, B = [0, 2, 1], [[1], [0]]
INDICES = {
    "one": lambda i, j: (i,),
    "second": lambda i, j: (slice(None), i),
    "last": lambda i, j: (Ellipsis, i),
    "adjacent": lambda i, j: (slice(None), i, j),
    "first two": lambda i, j: (i, j),
    "separated": lambda i, j: (i, slice(None), j),
    "separated by two": lambda i, j: (i, slice(None), slice(1, 3), i),
    "separated by None": lambda i, j: (slice(None), i, None, j),
    "separated by an ellipsis": lambda i, j: (i, Ellipsis, j),
    "before and behind None": lambda i, j: (None, i, j, None),
    "with an int": lambda i, j: (0, i),
    "an int behind": lambda i, j: (slice(None), i, 1),
    "an int apart": lambda i, j: (1, slice(None), i),
    "an int apart behind": lambda i, j: (i, slice(None), 2),
    "ints around": lambda i, j: (1, i, 2, slice(None)),
    "negative": lambda i, j: (slice(None, None, -1), i - 2),
    "broadcast": lambda i, j: (slice(None), i[None], j[:, :1]),
    "mask of all": lambda i, j: (tl.asarray([True, False, True]), i[:2]),
    "mask of two axes": lambda i, j: (tl.ones((3, 3), dtype=bool), slice(None), j[0, 0]),
    "no axes": lambda i, j: (i[0],),
    "no axes and a slice": lambda i, j: (slice(1), i[0], slice(None, None, 2)),
    "no axes apart": lambda i, j: (i[0], slice(None), j[0, 0]),
}


@pytest.mark.parametrize("which", ["x", "i", "j", "xi", "ij", "xij"])
@pytest.mark.parametrize("kind", INDICES)
def test_indices(kind, which):
    rng = RNG(0)
    batched = {
        "x": tl.asarray(rng.standard_normal((4, 3, 3, 4, 3))),
        "i": tl.asarray(rng.integers(0, 3, (4, 3))),
        "j": tl.asarray(rng.integers(0, 3, (4, 2, 3))),
    }
    args = [x if name in which else x[0] for name, x in batched.items()]
    dims = tuple(0 if name in which else None for name in batched)

    def read(x, i, j):
        return x[INDICES[kind](i, j)]

    def write(x, i, j):
        y = x * 1
        y[INDICES[kind](i, j)] = -1.0
        return y

    def write_parts(x, i, j):
        y = x * 1
        index = INDICES[kind](i, j)
        y[index] = tl.arange(y[index].size, dtype=float).reshape(y[index].shape) * x[0, 0, 0, 0]
        return y

    def write_broadcast(x, i, j):
        y = x * 1
        index = INDICES[kind](i, j)
        y[index] = x[0, 0, 0, 0] * tl.arange(float(y[index].shape[-1]))
        return y

    for function in (read, write, write_parts, write_broadcast):
        found = vmap(function, dims)(*args)
        loop = [
            function(*[x if d is None else x[k] for x, d in zip(args, dims, strict=True)])
            for k in range(4)
        ]
        close(found, stacked(loop), 0, 0)
    if "x" in which:
        gradient = grad(lambda x, i, j: (read(x, i, j) ** 3).sum())
        loop = [gradient(*[x if d is None else x[k] for x, d in zip(args, dims, strict=True)])
                for k in range(4)]  # fmt: skip
        close(vmap(gradient, dims)(*args), stacked(loop))


def test_masks_of_the_batch_take_one_value():
    x = tl.asarray(RNG(0).standard_normal((3, 4, 2)))

    def function(x):
        y = x * 1
        y[y > 0] = 7.0
        y[y < -1] = x[0, 0]
        y[x[:, 0] > 0] = x[1]
        y[x[:, 1] > 0] = x[1:2] * 2
        return y

    close(vmap(function)(x), stacked(map(function, x)))
    with pytest.raises(RuntimeError, match="an index of bools"):
        vmap(lambda x: (x * 1).__setitem__(x > 0, tl.ones(3)))(x)


# writes


def into_zeros(x):
    y = tl.zeros(x.shape)
    y[0] = x[0] ** 2
    y[1:, 0] = x[1:, 1]
    return y


def augmented(x):
    y = x * 1
    y += x
    y *= 2
    y[1] -= x[0]
    y **= 2
    return y


def given_out(x):
    y = tl.zeros(x.shape)
    tl.exp(x, out=y)
    return y


def views(x):
    y = x * 0
    v = y[1:]
    v += x[1:]
    y.T[0] = v.sum()
    return y


def constants(x):
    y = x * 1
    y[0] = 5.0
    y[1] = tl.arange(float(x.shape[1]))
    return y


def into_smaller(x):
    y = tl.zeros((2, *x.shape))
    y[...] = x
    y[0] = x.sum()
    return y


WRITES = [into_zeros, augmented, given_out, views, constants, into_smaller]


@pytest.mark.parametrize("dim", [0, 2])
@pytest.mark.parametrize("function", WRITES, ids=lambda f: f.__name__)
def test_writes(function, dim):
    x = tl.asarray(RNG(0).standard_normal((3, 3, 3)))
    loop = [tl.moveaxis(x, dim, 0)[k] for k in range(3)]
    close(vmap(function, dim)(x), stacked(map(function, loop)))
    if function is not augmented:  # which the tape refuses

        def scalar(x):
            return (function(x) ** 3).sum()

        close(vmap(grad(scalar), dim)(x), stacked(map(grad(scalar), loop)))
        directions = vmap(lambda x: jvp(function, (x,), (x,))[1], dim)(x)
        close(directions, stacked([jvp(function, (x,), (x,))[1] for x in loop]))


def test_writes_into_tensors_from_outside():
    x, y = tl.asarray([1.0, 2.0]), tl.zeros(3)
    with pytest.raises(
        RuntimeError, match="expected the function to write into tensors of its own"
    ):
        vmap(lambda x: y.__setitem__(0, x) or x)(x)
    assert y.tolist() == [0, 0, 0]

    def same_for_all(x):
        y[1] = 4.0
        return x * y[1]

    close(vmap(same_for_all)(x), [4.0 * np.array([1.0, 2.0])])
    assert y.tolist() == [0, 4, 0]
    view = y[1:]
    with pytest.raises(RuntimeError, match="expected a tensor with memory of its own"):
        vmap(lambda x: view.__setitem__(0, x) or x)(x)


def test_arguments_are_written_for_the_caller():
    x = tl.asarray([[1.0, 2.0], [3.0, 4.0]])
    vmap(lambda x: x.__setitem__(0, 9.0) or x)(x)
    assert x.tolist() == [[9, 2], [9, 4]]


# options


def test_axes_and_trees():
    rng = RNG(0)
    a, b = tl.asarray(rng.standard_normal((2, 3, 4))), tl.asarray(rng.standard_normal((4, 3)))

    def function(tree, scale, *, shift):
        return {"sum": tree["a"] + tree["b"] * scale, "rest": [shift, tree["a"].sum()]}

    shift = tl.arange(3.0)
    found = vmap(function, ({"a": 1, "b": -1}, None), {"sum": 1, "rest": 0})(
        {"a": a, "b": b}, 10.0, shift=shift
    )
    close(found["sum"], [np.stack([a.numpy()[:, k] + b.numpy()[:, k] * 10 for k in range(3)], 1)])
    close(found["rest"], [shift.numpy(), a.numpy().sum((0, 2))])
    close(vmap(lambda x, y: (x, y), (None, 0), (None, 0))(b, shift), [b, shift])
    close(vmap(tl.add, in_axes=(0, None), out_axes=1)(b, shift), [(b.numpy() + shift.numpy()).T])
    close(vmap(lambda x: tl.ones(2), out_dims=-1)(shift), [np.ones((2, 3))])
    with pytest.raises(ValueError, match="expected an output that is the same for all elements"):
        vmap(lambda x: x, out_dims=None)(shift)


@pytest.mark.parametrize("chunk_size", [1, 2, 4, 5, 100])
def test_chunks(chunk_size):
    x = tl.asarray(RNG(0).standard_normal((5, 3)))
    sizes = []

    def function(x, y):
        sizes.append(1)
        return x * y, (x.sum(), y)

    found = vmap(function, (0, None), (1, (0, None)), chunk_size=chunk_size)(x, x[0])
    close(found, [(x.numpy() * x.numpy()[0]).T, x.numpy().sum(1), x[0]])
    assert len(sizes) == -(-5 // chunk_size)


def test_nested():
    x, y = tl.asarray(RNG(0).standard_normal((3, 4))), tl.asarray(RNG(1).standard_normal((5, 4)))
    products = vmap(vmap(tl.vecdot, (None, 0)), (0, None))(x, y)
    close(products, x.numpy() @ y.numpy().T)
    both = vmap(vmap(lambda a, b: a * b + tl.ones(())), (0, 0))(x, x)
    close(both, x.numpy() ** 2 + 1)

    def outer(a):
        inner = vmap(lambda b: (a * b).sum() + b * 0)(a)
        return inner, vmap(lambda c: c * 2, 0, 0)(tl.arange(2.0))

    found = vmap(outer)(x)
    close(found, stacked([outer(row) for row in x]))

    def writes(a):
        total = a * 0

        def inner(b):
            z = a * 0
            z[0] = b
            z[1:] = a[1:]
            return z

        total += vmap(inner)(a).sum(axis=0)
        return total

    close(vmap(writes)(x), stacked([writes(row) for row in x]))


def test_errors():
    x = tl.ones((2, 3))
    with pytest.raises(TypeError, match="vmap: expected a function, got Tensor"):
        vmap(x)
    with pytest.raises(ValueError, match="randomness 'error', 'different' or 'same', got 'no'"):
        vmap(tl.sin, randomness="no")
    with pytest.raises(ValueError, match="chunk_size >= 1, got 0"):
        vmap(tl.sin, chunk_size=0)
    with pytest.raises(ValueError, match=r"axis to map over, got 2 for shape \(2, 3\)"):
        vmap(tl.sin, 2)(x)
    with pytest.raises(ValueError, match=r"axes of one length to map over, got \[2, 3\]"):
        vmap(tl.add, (0, 1))(x, x)
    with pytest.raises(ValueError, match="an argument to map over, got in_dims of None alone"):
        vmap(tl.sin, None)(x)
    with pytest.raises(TypeError, match="expected a Tensor to map over axis 0, got float"):
        vmap(tl.multiply)(x, 2.0)
    with pytest.raises(TypeError, match="expected Tensors from the function, got float"):
        vmap(lambda x: 2.0)(x)
    with pytest.raises(ValueError, match="expected in_dims of the structure"):
        vmap(tl.add, (0,))(x, x)
    with pytest.raises(TypeError, match="expected integers as in_dims, got 0.5"):
        vmap(tl.sin, 0.5)(x)
    with pytest.raises(TypeError, match="expected integers as chunk_size, got 1.5"):
        vmap(tl.sin, chunk_size=1.5)
    with pytest.raises(ValueError, match="expected out_dims of the structure"):
        vmap(lambda x: {"p": x}, out_dims={"q": 0})(x)
    with pytest.raises(RuntimeError, match="a tensor inside of vmap .* no value for Python"):
        vmap(lambda x: tl.zeros(()) + tl.array_equal(x, x))(x)
    with pytest.raises(ValueError, match="expected out_dims below 2, got 2"):
        vmap(tl.sin, out_dims=2)(x)
    with pytest.raises(ValueError, match="no elements|got none"):
        vmap(tl.argpartition, (0, None))(tl.ones((0, 3)), 1)


def test_a_tensor_of_vmap_is_of_no_use_outside():
    kept = []
    vmap(lambda x: kept.append(x) or x)(tl.ones((2, 3)))
    with pytest.raises(RuntimeError, match="or the tensor was used after vmap was left"):
        kept[0] + 1


def test_it_is_one_call():
    """The elements are computed together: one call of each op, whatever their number."""
    counted = {3: 0, 50: 0}

    class Count(tl._core._recorder.Recorder):
        def apply(self, op, inputs, params):
            counted[size] += 1
            return super().apply(op, inputs, params)

    for size in counted:
        with Count():
            vmap(lambda x: tl.exp(x) @ x)(tl.ones((size, 3)))
    assert counted[3] == counted[50]


# models


def network():
    from tensorlib import nn

    tl.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.GroupNorm(2, 4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(0),
        nn.Linear(16, 3),
    )


def test_gradients_for_each_example():
    torch = pytest.importorskip("torch", reason="compares with PyTorch; install torch")
    model = network()
    params = {name: x.detach() for name, x in model.named_parameters()}
    images, labels = RNG(0).standard_normal((5, 2, 4, 4)).astype("f"), np.arange(5) % 3
    twin = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1),
        torch.nn.GroupNorm(2, 4),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(0),
        torch.nn.Linear(16, 3),
    )
    twin.load_state_dict({k: torch.tensor(v.numpy()) for k, v in params.items()})

    def loss(params, image, label):
        scores = functional_call(model, params, (image,))
        return tl.nn.functional.cross_entropy(scores[None], label[None])

    def their_loss(params, image, label):
        scores = torch.func.functional_call(twin, params, (image,))
        return torch.nn.functional.cross_entropy(scores[None], label[None])

    found = vmap(grad(loss), (None, 0, 0))(params, tl.asarray(images), tl.asarray(labels))
    theirs = torch.func.vmap(torch.func.grad(their_loss), (None, 0, 0))(
        {k: v.detach() for k, v in twin.named_parameters()},
        torch.tensor(images),
        torch.tensor(labels),
    )
    for name, gradient in found.items():
        assert gradient.shape == (5, *params[name].shape)
        close(gradient, theirs[name].numpy(), 1e-4, 1e-5)


def test_an_ensemble():
    models = [network() for _ in range(3)]
    for k, model in enumerate(models):
        model[0].weight.detach()[...] *= k + 1
    params, buffers = stack_module_state(models)
    image = tl.asarray(RNG(0).standard_normal((2, 4, 4)).astype("f"))
    found = vmap(lambda p, b: functional_call(models[0], (p, b), (image,)))(params, buffers)
    close(found.detach(), stacked([model(image) for model in models]), 1e-5, 1e-5)
    found.sum().backward()
    total = sum((model(image).sum() for model in models), tl.zeros(()))
    total.backward()
    for k, model in enumerate(models):
        close(params["0.weight"].grad[k], model[0].weight.grad.numpy(), 1e-4, 1e-4)


# what is inside


def test_text_copies_and_bytes():
    x = tl.asarray([[1.0, 2.0], [3.0, 4.0]])
    texts, errors = [], {}

    def function(x):
        texts.extend([repr(x), str(x), f"{x}"])
        for name, call in {
            "deepcopy": copy.deepcopy,
            "pickle": pickle.dumps,
            "tolist": tl.Tensor.tolist,
            "tobytes": tl.Tensor.tobytes,
            "numpy": tl.Tensor.numpy,
            "item": lambda x: x.sum().item(),
            "buffer": memoryview,
            "resize": lambda x: x.resize(3),
            "__array_interface__": lambda x: x.__array_interface__,
        }.items():
            try:
                call(x)
            except (BufferError, RuntimeError, TypeError) as error:
                errors[name] = str(error)
        return copy.copy(x)

    close(vmap(function)(x), x)
    assert texts == ["one_of_batch(tensor([[1., 2.],\n        [3., 4.]]), shape=(2,))"] * 3
    assert len(errors) == 9
    for name, text in errors.items():
        assert text.startswith(f"{name}: ")
    texts.clear()
    errors.clear()
    jvp(function, (x[0],), (x[1],))
    assert texts == ["dual(tensor([1., 2.]), tangent=tensor([3., 4.]))"] * 3
    assert sorted(errors) == [
        "__array_interface__",
        "buffer",
        "deepcopy",
        "numpy",
        "pickle",
        "resize",
    ]
    texts.clear()
    vmap(lambda y: grad(lambda x: texts.append(str(x)) or x.sum())(x))(x)
    assert texts == ["same_for_all(tensor([[1., 2.],\n        [3., 4.]]))"]
