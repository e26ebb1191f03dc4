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
    a = tl.ones((300, 70), device=device)
    a.T @ a  # what is compiled at its first use is compiled before
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        product = a.T @ a
    a[...] = 2
    graph.replay()
    np.testing.assert_array_equal(product.cpu().numpy(), np.full((70, 70), 1200))


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
