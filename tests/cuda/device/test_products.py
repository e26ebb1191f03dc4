"""Products on a device against those of the CPU."""

import numpy as np
import pytest

import tensorlib as tl

DTYPES = (
    "bool",
    "int8",
    "int32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
STEPS = {"float16": 2**-11, "bfloat16": 2**-8, "float32": 2**-24, "complex64": 2**-24}

# (op, shapes): tiles and their edges, sums in pieces, stacks that broadcast, nothing at all
CASES = (
    ("matmul", (5, 7), (7, 3)),
    ("matmul", (65, 300), (300, 67)),
    ("matmul", (2, 1, 4, 5), (3, 5, 6)),
    ("matmul", (4, 3, 5), (5, 6)),
    ("matmul", (3, 0), (0, 6)),
    ("matmul", (0, 5), (5, 6)),
    ("matmul", (7,), (7,)),
    ("matmul", (7,), (3, 7, 2)),
    ("matmul", (3, 2, 7), (7,)),
    ("matvec", (33, 257), (257,)),
    ("matvec", (2, 4, 9), (5, 1, 9)),
    ("vecmat", (257,), (257, 33)),
    ("vecmat", (6, 9), (9, 4)),
    ("vecmat", (6, 9), (6, 9, 4)),
    ("vecdot", (5000,), (5000,)),
    ("vecdot", (3, 1, 10), (4, 10)),
)


def numbers(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return tl.asarray(rng.integers(0, 2, shape).astype(bool))
    if "int" in dtype:
        limits = np.iinfo(dtype)
        return tl.asarray(rng.integers(limits.min, limits.max, shape, dtype=dtype))
    x = rng.standard_normal(shape)
    if dtype.startswith("complex"):
        x = x + 1j * rng.standard_normal(shape)
    return tl.asarray(x).astype(dtype)


def check(op, a, b, view=lambda a, b: (a, b), device="cuda"):
    expected = getattr(tl, op)(*view(a, b))
    result = getattr(tl, op)(*view(a.to(device), b.to(device)))
    assert result.device == "cuda:0"
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    result = result.cpu()
    dtype = str(expected.dtype)
    if "float" in dtype or "complex" in dtype:
        wide = "complex128" if "complex" in dtype else "float64"
        step = STEPS.get(dtype, 2**-53)
        # Sums in other orders; that of 16-bit floats is rounded once.
        error = step * (2 if step > 2**-20 else 4 * (view(a, b)[0].shape[-1] + 1) ** 0.5)
        np.testing.assert_allclose(
            result.astype(wide).numpy(), expected.astype(wide).numpy(), rtol=error, atol=8 * error
        )
    else:
        np.testing.assert_array_equal(result.numpy(), expected.numpy())


@pytest.mark.parametrize("dtype", DTYPES)
def test_products(dtype, device):
    for op, a, b in CASES:
        check(op, numbers(a, dtype), numbers(b, dtype, 1))


VIEWS = (
    ("matmul", lambda a, b: (a[:, ::-2, ::-1, ::3], b[:, ::-2, ::-3])),
    ("matmul", lambda a, b: (a.transpose(1, 0, 2, 3), b.transpose(1, 0, 2, 3))),
    ("matmul", lambda a, b: (b.mT, a.mT)),
    ("matmul", lambda a, b: (a[0, 0], b.transpose(1, 0, 2, 3))),
    ("matmul", lambda a, b: (a, b[0, :1])),
    ("matmul", lambda a, b: (tl.broadcast_to(a[:, :, :1], (4, 6, 10, 12)), b)),
    ("matmul", lambda a, b: (a[..., :1], a[..., :1, :])),
    ("vecdot", lambda a, b: (a, a[::-1])),
    ("vecdot", lambda a, b: (a.T, a.T)),
    ("vecmat", lambda a, b: (a[..., 0, :], b)),
    ("vecmat", lambda a, b: (a[..., 0, ::-1], b[1, 1])),
    ("matvec", lambda a, b: (a, b[..., 0])),
    ("matvec", lambda a, b: (a[0, 0], b[..., 0])),
)


@pytest.mark.parametrize("dtype", ["int16", "float32", "complex128"])
def test_views(dtype, device):
    a, b = numbers((4, 6, 10, 12), dtype), numbers((4, 6, 12, 9), dtype, 1)
    for op, view in VIEWS:
        check(op, a, b, view)


def test_stacks_of_many_axes(device):
    def view(a, b):
        return a.transpose(4, 2, 0, 1, 3, 5, 6), b

    a, b = numbers((2, 2, 2, 2, 3, 3, 4), "float32"), numbers((3, 1, 2, 1, 2, 4, 3), "float32", 1)
    check("matmul", a, b, view)


def test_dtypes_that_differ(device):
    for a, b in [("int8", "float16"), ("bfloat16", "float32"), ("bool", "uint8")]:
        check("matmul", numbers((3, 4), a), numbers((4, 5), b))


def test_nan_and_infinity(device):
    x = np.ones((70, 70), np.float32)
    x[3, 5], x[7, 9] = np.nan, np.inf
    for y in (tl.asarray(x), tl.asarray(x).T):
        np.testing.assert_array_equal((y.to(device) @ y.to(device)).cpu().numpy(), (y @ y).numpy())


def test_a_sum_does_not_depend_on_the_run(device):
    a = numbers((20000,), "float32").to(device)
    assert len({float(tl.vecdot(a, a)) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    "op, a, b",
    [
        ("matmul", (3, 4), (3, 4)),
        ("matmul", (), (3,)),
        ("matmul", (2, 3, 4), (3, 4, 5)),
        ("matvec", (3,), (3,)),
        ("vecmat", (2,), (3, 3)),
        ("vecdot", (2,), (3,)),
    ],
)
def test_shapes_that_do_not_fit(op, a, b, device):
    texts = []
    for place in ("cpu", device):
        with pytest.raises(ValueError) as caught:
            getattr(tl, op)(tl.zeros(a, device=place), tl.zeros(b, device=place))
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


def test_gradients(device):
    grads = []
    for place in ("cpu", device):
        v = numbers((4, 3), "float32").to(place).requires_grad_()
        y = numbers((2, 5, 4), "float32", 1).to(place).requires_grad_()
        (y @ v).backward(tl.ones((2, 5, 3), device=place))
        grads.append((v.grad.cpu().numpy(), y.grad.cpu().numpy()))
    for found, expected in zip(*grads, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_in_a_graph(device):
    a, bias = tl.ones((300, 70), device=device), tl.ones(70, device=device)

    def compute():
        return a.T @ a, tl.nn.functional.linear(a.T, a.T, bias)

    compute()  # what is compiled at its first use is compiled before
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        product, linear = compute()
    others = compute()  # in memory that is not the graph's
    a[...], bias[...] = 2, 3
    graph.replay()
    np.testing.assert_array_equal(product.cpu().numpy(), np.full((70, 70), 1200))
    np.testing.assert_array_equal(linear.cpu().numpy(), np.full((70, 70), 1203))
    np.testing.assert_array_equal(others[1].cpu().numpy(), np.full((70, 70), 301))


# (shapes of x and of weight)
LINEAR = (
    ((5, 7), (3, 7)),
    ((65, 300), (67, 300)),
    ((2, 3, 33), (31, 33)),
    ((257,), (5, 257)),
    ((4, 1), (6, 1)),
    ((1, 9), (1, 9)),
    ((3, 0), (4, 0)),
    ((2, 0, 5), (4, 5)),
    ((3, 5), (0, 5)),
)


def check_linear(view, *arrays):
    expected = tl.nn.functional.linear(*view(*arrays))
    result = tl.nn.functional.linear(*view(*[x.to("cuda") for x in arrays]))
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    if expected.dtype.kind in "biu":
        return np.testing.assert_array_equal(result.cpu().numpy(), expected.numpy())
    wide = "complex128" if expected.dtype.kind == "c" else "float64"
    step = STEPS.get(str(expected.dtype), 2**-53)
    error = 4 * step * (view(*arrays)[0].shape[-1] + 8) ** 0.5
    if step > 2**-20:  # without cuBLASLt the product is rounded before the bias is added
        error /= 4
    np.testing.assert_allclose(
        result.cpu().astype(wide).numpy(), expected.astype(wide).numpy(), rtol=error, atol=8 * error
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear(dtype, device):
    for x, weight in LINEAR:
        parts = numbers(x, dtype), numbers(weight, dtype, 1), numbers(weight[:1], dtype, 2)
        check_linear(lambda *parts: parts, *parts)


LINEAR_VIEWS = (
    lambda x, weight, bias: (x[:, ::-1, ::2], weight[:, ::2], bias),
    lambda x, weight, bias: (x.transpose(1, 0, 2), weight[::-1], bias[::-1]),
    lambda x, weight, bias: (x[0].T, weight[:, :3], bias),
    lambda x, weight, bias: (x[0, :, 1:], weight[:, 1:], bias),
    lambda x, weight, bias: (x[1, 2:, 1:-1], weight[1:, :-2], bias[1:]),
    lambda x, weight, bias: (x[:, :, :1], weight[:, 3:4], bias),
    lambda x, weight, bias: (x[..., :9], weight[:9, :9].T, tl.broadcast_to(bias[:1], (9,))),
    lambda x, weight, bias: (tl.broadcast_to(x[:, :1], (4, 6, 14)), weight, bias),
)


@pytest.mark.parametrize("dtype", ["int32", "float16", "float32", "float64"])
@pytest.mark.parametrize("number", range(len(LINEAR_VIEWS)))
def test_views_of_linear(number, dtype, device):
    parts = numbers((4, 3, 14), dtype), numbers((11, 14), dtype, 1), numbers((11,), dtype, 2)
    check_linear(LINEAR_VIEWS[number], *parts)


def test_linear_with_one_bias_and_another(device):
    x, weight = tl.ones((5, 6), device=device), tl.ones((4, 6), device=device)
    biases = [tl.full(4, number, device=device) for number in (1.0, 2.0)]
    for number, bias in enumerate(biases, 1):
        result = tl.nn.functional.linear(x, weight, bias)
        np.testing.assert_array_equal(result.cpu().numpy(), np.full((5, 4), 6.0 + number))


def test_linear_of_dtypes_that_differ(device):
    for dtypes in [("float16", "float32", "float32"), ("float32", "float32", "float64")]:
        shapes = zip(((3, 4), (5, 4), (5,)), dtypes, strict=True)
        check_linear(lambda *parts: parts, *[numbers(shape, dtype) for shape, dtype in shapes])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_16_bits_are_summed_in_32(dtype, device):
    x, bias = tl.ones((3, 4096), dtype, device=device), tl.full(3, 32, dtype=dtype, device=device)
    assert ((x @ x.T).cpu().astype("float32").numpy() == 4096).all()
    result = tl.nn.functional.linear(x, x, bias)
    assert (result.cpu().astype("float32").numpy() == 4128).all()


def test_a_bias_that_does_not_fit(device):
    for place in ("cpu", device):
        x, weight, bias = (tl.ones(shape, device=place) for shape in ((2, 3), (4, 3), (3,)))
        with pytest.raises(ValueError, match=r"linear: expected bias of shape \(4,\), got \(3,\)"):
            tl.nn.functional.linear(x, weight, bias)
    with pytest.raises(tl.DeviceError, match="linear"):
        tl.nn.functional.linear(x, weight, tl.ones(4))


FUNCTIONS = {
    "dot of matrices": (tl.dot, (5, 4), (4, 3)),
    "dot of stacks": (tl.dot, (2, 5, 4), (3, 4, 6)),
    "inner": (tl.inner, (2, 4), (3, 4)),
    "outer": (tl.outer, (2, 4), (3,)),
    "vdot": (tl.vdot, (2, 4), (2, 4)),
    "tensordot": (lambda a, b: tl.tensordot(a, b, ([1, 0], [0, 1])), (3, 4, 5), (4, 3, 2)),
    "einsum": (lambda a, b: tl.einsum("bij,bjk->ik", a, b), (2, 3, 4), (2, 4, 5)),
    "einsum with dots": (lambda a, b: tl.einsum("...i,i->...", a, b), (2, 3, 4), (4,)),
    "kron": (tl.kron, (2, 3), (4, 2)),
    "cross": (tl.cross, (4, 3), (4, 3)),
    "convolve": (tl.convolve, (30,), (7,)),
    "correlate": (lambda a, b: tl.correlate(a, b, "same"), (7,), (30,)),
    "multi_dot": (lambda a, b: tl.linalg.multi_dot([a, b, a]), (3, 4), (4, 3)),
    "matrix_power": (lambda a, b: tl.linalg.matrix_power(a, 5) @ b, (3, 3), (3, 1)),
    "first power": (lambda a, b: tl.linalg.matrix_power(a, 0) @ b, (3, 3), (3, 1)),
    "linear": (tl.nn.functional.linear, (5, 4), (3, 4)),
    "linear with bias": (lambda a, b: tl.nn.functional.linear(a, b, b[:, 0]), (2, 5, 4), (3, 4)),
    "bilinear": (lambda a, b: tl.nn.functional.bilinear(a, a, b), (5, 4), (3, 4, 4)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_made_of_products(name, device):
    function, a, b = FUNCTIONS[name]
    found = []
    for place in ("cpu", device):
        x = numbers(a, "float64").to(place).requires_grad_()
        y = numbers(b, "float64", 1).to(place).requires_grad_()
        result = function(x, y)
        assert result.device.startswith(place)
        result.backward(tl.ones(result.shape, result.dtype, device=place))
        found.append([z.cpu().numpy() for z in (result.detach(), x.grad, y.grad) if z is not None])
    for result, expected in zip(*found[::-1], strict=True):
        np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
@pytest.mark.parametrize("mode", ["valid", "same", "full"])
def test_slid_integers(dtype, mode, device):
    for n, k in ((30, 7), (7, 30), (8, 8), (9, 4), (1, 1)):
        a, v = numbers((n,), dtype), numbers((k,), dtype, 1)
        for function in (tl.convolve, tl.correlate):
            expected, result = function(a, v, mode), function(a.to(device), v.to(device), mode)
            assert result.dtype == expected.dtype
            np.testing.assert_array_equal(result.cpu().numpy(), expected.numpy())


def test_the_path_of_einsum_needs_no_elements(device):
    arrays = [tl.ones(shape, device=device) for shape in ((2, 9), (9, 9), (9,))]
    assert tl.einsum_path("ij,jk,k->i", *arrays)[0] == ["einsum_path", (1, 2), (0, 1)]
