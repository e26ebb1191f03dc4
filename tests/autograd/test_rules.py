"""Every gradient rule against central differences, in first and second order."""

import functools

import numpy as np
import pytest
from samples import SAMPLES

import tensorlib as tl
from tensorlib._core import _tape
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

ROWS = [
    row[0]
    for rows in (
        table.ELEMENTWISE,
        table.PRODUCTS,
        table.REDUCTIONS,
        table.ACCUMULATIONS,
        table.VIEWS,
        table.STRUCTURED,
    )
    for row in rows
]
DIFFERENTIABLE = [name for name in ROWS if _tape.has_rule(name)]
NOT_DIFFERENTIABLE = [name for name in ROWS if not _tape.has_rule(name)]
REAL_ONLY = {"argsort", "conv", "conv_input", "conv_weight", "max_pool2d"}
REAL_ONLY |= {row[0] for row in table.ELEMENTWISE if row[1] == "functor"}
REAL_ONLY -= {"masked_divide", "masked_multiply", "where"}
REAL_ONLY |= {"normalize", "normalize_input", "normalize_weight"}
REAL_ONLY |= {"attention", "log_softmax", "nll_loss", "nll_loss_backward", "softmax"}
REAL_ONLY |= {"gru", "log_softmax_backward", "lstm", "softmax_backward"}
REAL_ONLY |= {"eig", "eigh", "svd"}  # complex vectors have phases: linalg/test_gradients.py
REAL_ONLY |= {"rfft"}
REAL_ONLY |= {"as_strided"}  # the strides of its sample are those of float64
COMPLEX = [
    name
    for name in DIFFERENTIABLE
    if name not in REAL_ONLY
    and any("D" in types for types in getattr(getattr(np, name, None), "types", ["D->D"]))
]


def random(seed=0):
    return np.random.default_rng(seed)


def tensor(values, requires_grad=True):
    return tl.asarray(np.array(values, dtype=float)).requires_grad_(requires_grad)


def gradient(f, *args):
    """Gradients of the sum of f at args, as lists."""
    args = [tensor(arg) for arg in args]
    return [g.tolist() for g in tl.autograd.grad(f(*args).sum(), args)]


# every row of the table


@pytest.mark.parametrize("name", ROWS)
def test_every_op_has_a_rule_and_a_sample(name):
    assert _tape.has_rule(name) is not None
    assert name in SAMPLES


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_real_gradients(name):
    inputs, params, function = SAMPLES[name](random())
    check_grads(functools.partial(function, **params), inputs)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_gradients(name):
    rng = random(1)
    inputs, params, function = SAMPLES[name](rng)
    inputs = [x + 1j * rng.uniform(0.2, 1.0, x.shape) if x.dtype == float else x for x in inputs]
    check_grads(functools.partial(function, **params), inputs)


BINARY = ["add", "subtract", "multiply", "divide", "power", "float_power", "maximum"]
BINARY += [row[0] for row in table.PRODUCTS]


@pytest.mark.parametrize("name", BINARY)
def test_gradients_of_real_and_complex_operands_together(name):
    rng = random(2)
    (first, second), _, function = SAMPLES[name](rng)
    check_grads(function, [first, second + 1j * rng.uniform(0.2, 1.0, second.shape)])
    check_grads(function, [first + 1j * rng.uniform(0.2, 1.0, first.shape), second])


@pytest.mark.parametrize("name", NOT_DIFFERENTIABLE)
def test_results_require_no_gradient(name):
    inputs, params, function = SAMPLES[name](random())
    inputs = [tl.asarray(x) for x in inputs]
    for x in inputs:
        x.requires_grad = x.dtype.kind == "f"
    outputs = function(*inputs, **params)
    for output in [outputs] if isinstance(outputs, tl.Tensor) else outputs:
        assert not output.requires_grad


@pytest.mark.parametrize("name", ["ceil", "floor", "floor_divide", "rint", "sign", "trunc"])
def test_steps_have_zero_gradients(name):
    inputs, params, function = SAMPLES[name](random())
    inputs = [tensor(x) for x in inputs]
    for g in tl.autograd.grad(function(*inputs, **params).sum(), inputs):
        assert_array_equal(g, np.zeros(g.shape))


def test_gradients_have_the_dtype_of_their_inputs():
    x = tl.asarray(np.ones(3, np.float32)).requires_grad_()
    y = tl.asarray(np.ones((2, 3), np.complex128)).requires_grad_()
    for g, z in zip(tl.autograd.grad((x * y).real.sum(), [x, y]), [x, y], strict=True):
        assert (g.dtype, g.shape) == (z.dtype, z.shape)


# kinks: the choices are PyTorch's, but for fmax and fmin, which share like maximum and minimum

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize(
    ("f", "args", "expected"),
    [
        (tl.absolute, [[0.0, -2.0]], [[0, -1]]),
        (tl.maximum, [[1.0, 2.0, 3.0], 2.0], [[0, 0.5, 1], 1.5]),
        (tl.minimum, [[1.0, 2.0, 3.0], 2.0], [[1, 0.5, 0], 1.5]),
        (tl.maximum, [[NAN, 1.0], [1.0, NAN]], [[1, 1], [1, 1]]),
        (tl.fmax, [[NAN, 1.0, 2.0], [1.0, NAN, 2.0]], [[0, 1, 0.5], [1, 0, 0.5]]),
        (tl.fmin, [[NAN, 1.0, 2.0], [1.0, NAN, 2.0]], [[0, 1, 0.5], [1, 0, 0.5]]),
        (tl.clip, [[0.0, 1.0, 2.0, 3.0, 4.0], 1.0, 3.0], [[0, 1, 1, 1, 0], 1, 1]),
        (tl.clip, [[0.0, 2.0, 4.0], 3.0, 1.0], [[0, 0, 0], 0, 3]),
        (tl.power, [[0.0, 2.0, 0.0], [0.0, 0.0, 2.0]], [[0, 0, 0], [0, np.log(2), 0]]),
        (tl.power, [[0.0, NAN, INF], 0.0], [[0, 0, 0], NAN]),
        (tl.logaddexp, [[-INF, 0.0], [0.0, INF]], [[0, 0], [1, 1]]),
        (tl.arctan2, [[0.0, 3.0], [0.0, 4.0]], [[0, 0.16], [0, -0.12]]),
        (tl.copysign, [[0.0, 2.0, -2.0], [-1.0, -1.0, -1.0]], [[0, -1, 1], [0, 0, 0]]),
        (tl.heaviside, [[0.0, 1.0, -1.0], 0.5], [[0, 0, 0], 1]),
        (tl.max, [[1.0, 3.0, 3.0]], [[0, 0.5, 0.5]]),
        (tl.max, [[1.0, NAN, INF, NAN]], [[0, 0.5, 0, 0.5]]),
        (lambda x: tl.min(x, axis=1), [[[1.0, NAN], [2.0, 2.0]]], [[[0, 1], [0.5, 0.5]]]),
        (tl.min, [[[1.0, 1.0], [1.0, 1.0]]], [[[0.25, 0.25], [0.25, 0.25]]]),
    ],
)
def test_kinks(f, args, expected):
    for found, wanted in zip(gradient(f, *args), expected, strict=True):
        assert_allclose(found, wanted)


def test_shares_of_more_elements_than_float16_can_count():
    x = tl.zeros(100_000, dtype="e").requires_grad_()
    tl.max(x).backward()
    assert_array_equal(x.grad, np.full(100_000, 1e-5, np.float16))


def test_relu_at_zero_and_nan():
    x = tensor([-1.0, 0.0, 2.0, NAN])
    (g,) = tl.autograd.grad(apply(ops.relu, (x,), ()).sum(), x)
    assert g.tolist() == [0, 0, 1, 1]


def test_where_hides_what_the_other_branch_did():
    x = tensor([0.0, 4.0])
    y = tl.where(x > 0, tl.sqrt(tl.where(x > 0, x, 1)), 0)
    assert_array_equal(tl.autograd.grad(y.sum(), x)[0], [0, 0.25])
    z = tl.where(tl.asarray([True, False]), x, tl.asarray([NAN, 1.0]) * x)
    assert_array_equal(tl.autograd.grad(z[1], x)[0], [0.0, 1.0])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, 2.5, 1 + 1j])
def test_powers_with_a_number_as_exponent(exponent):
    check_grads(lambda x: x**exponent, [random().uniform(0.5, 2, 4)])


@pytest.mark.parametrize("base", [2, 0.5, 1.5 + 1j])
def test_powers_of_a_number(base):
    check_grads(lambda x: base**x, [random().uniform(-2, 2, 4)])


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_integer_exponents(dtype):
    exponents = np.arange(4).astype(dtype)
    check_grads(lambda x: x**exponents, [random().uniform(0.5, 2, 4)])
    assert gradient(lambda x: x**exponents, [0.0] * 4) == [[0, 1, 0, 0]]


def test_power_mixed_derivative_at_exponent_zero():
    check_grads(tl.power, [np.array([0.5, 2.0]), np.zeros(2)])


def test_numbers_as_operands():
    x = random().uniform(0.5, 2, 4)
    for f in (
        lambda x: 2 * x + 1 - x / 3,
        lambda x: 2 / x - (1 - x),
        lambda x: (2 + 1j) * x,
        lambda x: (5.3 % x) + (x % 0.3),
        lambda x: tl.maximum(x, 1.0) * tl.minimum(1.1, x),
        lambda x: tl.arctan2(x, 2) + tl.arctan2(2, x) + tl.hypot(x, 1),
        lambda x: tl.where(x > 1, x, 2.0),
    ):
        check_grads(f, [x])


# reductions

AXES = [None, 0, -1, (0, 2), (), (2, 0, 1)]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("name", ["sum", "prod", "max", "min"])
def test_reductions(name, axis, keepdims):
    x = random().uniform(-2, 2, (2, 3, 2))
    check_grads(lambda x: getattr(tl, name)(x, axis=axis, keepdims=keepdims), [x])


@pytest.mark.parametrize("zeros", [[], [1], [0, 3], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("name", ["prod", "cumprod"])
def test_products_with_zeros(name, zeros):
    x = random().uniform(0.5, 2, (5, 2))
    x[zeros, 0] = 0
    check_grads(lambda x: getattr(tl, name)(x, axis=0), [x], order=3)


@pytest.mark.parametrize("name", ["prod", "cumprod", "cumsum", "sum"])
@pytest.mark.parametrize("shape", [(1,), (0,), (3, 0), (0, 3), (2, 1)])
def test_folds_of_few_elements(name, shape):
    check_grads(lambda x: getattr(tl, name)(x, axis=0), [random().uniform(0.5, 2, shape)])


@pytest.mark.parametrize("name", ["sum", "prod", "max"])
def test_folds_of_a_single_number(name):
    check_grads(getattr(tl, name), [np.array(1.5)])


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
def test_accumulations(name, axis):
    check_grads(lambda x: getattr(tl, name)(x, axis=axis), [random().uniform(0.5, 2, (3, 2, 4))])


# products


@pytest.mark.parametrize("dtype", [float, complex])
@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("matmul", (3,), (3,)),
        ("matmul", (3,), (3, 2)),
        ("matmul", (2, 3), (3,)),
        ("matmul", (3,), (2, 3, 4)),
        ("matmul", (2, 4, 3), (3,)),
        ("matmul", (2, 3), (2, 3, 4)),
        ("matmul", (2, 1, 2, 3), (4, 3, 2)),
        ("matmul", (2, 0), (0, 3)),
        ("matmul", (0, 2, 3), (3, 2)),
        ("matvec", (2, 3), (4, 3)),
        ("matvec", (2, 1, 2, 3), (4, 3)),
        ("vecmat", (3,), (2, 3, 4)),
        ("vecmat", (2, 1, 3), (4, 3, 2)),
        ("vecdot", (3,), (2, 3)),
        ("vecdot", (2, 1, 3), (4, 3)),
    ],
)
def test_products(name, first, second, dtype):
    rng = random()
    arrays = [rng.standard_normal(shape) for shape in (first, second)]
    if dtype is complex:
        arrays = [x + 1j * rng.standard_normal(x.shape) for x in arrays]
    check_grads(getattr(tl, name), arrays)


# views, indexing


def strided(shape, strides, offset, change=lambda x: x):
    return lambda x: apply(ops.as_strided, (change(x),), (shape, strides, offset))


@pytest.mark.parametrize(
    "f",
    [
        strided((3, 3), (8, 8), 0),  # overlapping windows
        strided((2, 2), (-16, 8), 40),
        strided((2, 3), (0, 16), 8),
        strided((), (), 16),
        strided((0, 2), (8, 8), 0),
        strided((4,), (16,), 8, lambda x: x[1::2]),
    ],
)
def test_as_strided(f):
    check_grads(f, [random().standard_normal(10)])


def test_as_strided_of_complex_numbers():
    x = random().standard_normal(20).view(complex)
    check_grads(strided((3, 4), (32, 16), 16), [x])
    check_grads(strided((3, 4), (32, 16), 16, lambda x: x * x), [x])


def test_as_strided_beyond_its_input():
    x = tensor(range(5))
    y = strided((3,), (8,), 0)(x[2:])
    assert_array_equal(y, [0, 1, 2])
    assert_array_equal(tl.autograd.grad(y.sum(), x)[0], [0, 0, 1, 0, 0])


def test_as_strided_of_a_tensor_whose_elements_share_memory():
    x = tensor([1.0, 2.0])
    wide = tl.broadcast_to(x, (3, 2))
    (g,) = tl.autograd.grad(apply(ops.as_strided, (wide,), ((2,), (8,), 0)).sum(), wide)
    assert_allclose(g, np.full((3, 2), 1 / 3))


@pytest.mark.parametrize("offset", [-3, -1, 0, 2, 9])
def test_diagonal(offset):
    x = random().standard_normal((3, 2, 4))
    check_grads(lambda x: apply(ops.diagonal, (x,), (offset, 0, 2)), [x])


@pytest.mark.parametrize(
    "index",
    [
        1,
        (0, Ellipsis, None, slice(None, None, -1)),
        slice(1, 1),
        np.array([2, 0, 2]),
        np.array([[True, False, True], [False, True, True], [False, False, False]]),
        (slice(None), np.array([0, 0])),
        (np.array([0, 0, 1]), np.array([2, 2, 1])),
        np.zeros((0,), int),
    ],
    ids=str,
)
def test_reading_and_writing_by_index(index):
    rng = random()
    x = rng.standard_normal((3, 3))
    check_grads(lambda x: x[index], [x])
    value = rng.standard_normal(x[index].shape)

    def written(x, value):
        y = tl.copy(x)
        y[index] = value * value
        return y * x

    check_grads(written, [x, value])
    check_grads(written, [x, np.array(1.5)])


def test_values_overwritten_by_a_repeated_index_have_no_gradient():
    index = (tl.asarray(np.array([1, 1, 0])),)
    x, value = tensor([1.0, 2.0, 3.0]), tensor([4.0, 5.0, 6.0])
    y = apply(ops.index_put, (x, value), (index,))
    assert_array_equal(y, [6, 5, 3])
    gx, gvalue = tl.autograd.grad(y.sum(), [x, value])
    assert_array_equal(gx, [0, 0, 1])
    assert_array_equal(gvalue, [0, 1, 1])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_sorting_and_joining(axis):
    x = random().standard_normal((3, 2, 4))
    check_grads(lambda x: tl.sort(x, axis=axis), [x])
    check_grads(lambda x, y: tl.concatenate([x, y * y, x], axis=axis), [x, x + 1])


def test_equal_elements_are_sorted_with_their_own_gradients():
    x = tensor([2.0, 1.0, 2.0, 1.0])
    (g,) = tl.autograd.grad((tl.sort(x, stable=True) * tl.arange(4.0)).sum(), x)
    assert_array_equal(g, [2, 0, 3, 1])


def test_astype_to_fewer_digits_and_to_integers():
    x = tensor([1.5, 2.5])
    (g,) = tl.autograd.grad(x.astype(np.float32).sum(), x)
    assert g.dtype == np.float64
    assert not x.astype(np.int64).requires_grad


# convolution and pooling

GEOMETRIES = [
    ((1, 1), (0, 0), (1, 1), 1),
    ((2, 3), (1, 0), (1, 1), 1),
    ((1, 2), (2, 1), (2, 1), 2),
    ((3, 1), (0, 2), (1, 2), 4),
]


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_conv(geometry):
    rng = random()
    images = rng.standard_normal((1, 4, 5, 5))
    filters = rng.standard_normal((4, 4 // geometry[3], 2, 3))
    check_grads(lambda x, weight: apply(ops.conv, (x, weight), geometry), [images, filters])


@pytest.mark.parametrize(
    "geometry",
    [
        ((2, 2), (2, 2), (0, 0), (1, 1)),
        ((3, 2), (1, 1), (1, 1), (1, 2)),
        ((2, 2), (1, 3), (1, 0), (2, 1)),
    ],
    ids=str,
)
def test_max_pool2d(geometry):
    images = random().standard_normal((2, 2, 5, 6))
    check_grads(lambda x: apply(ops.max_pool2d, (x,), geometry)[0], [images])
