"""``fused`` on a GPU: chains of elementwise ops as one kernel, with the plain one's numbers."""

import numpy as np
import pytest
from fused_cases import FUNCTIONS, chain, numbers, operands

import tensorlib as tl
from tensorlib.autograd import _fusing


@pytest.fixture(autouse=True)
def everything_waits(monkeypatch):
    monkeypatch.setattr(_fusing, "WORTH", 2)


def check(function, device, *arrays):
    """A function of arrays gives the same plain and fused on a device, and by the CPU."""
    tensors = [tl.asarray(x, device=device) for x in arrays]
    return compare(function, tensors)


def compare(function, tensors):
    fused, plain = tl.fused(function)(*tensors), function(*tensors)
    expected = function(*[x.cpu() for x in tensors])
    assert type(fused) is tl.Tensor and fused.device == plain.device == "cuda:0"
    assert (fused.dtype, fused.shape, fused.strides) == (plain.dtype, plain.shape, plain.strides)
    np.testing.assert_array_equal(fused.cpu().numpy(), plain.cpu().numpy())
    tolerance = 1e-3 if fused.dtype == "float16" else 1e-6 if fused.dtype == "float32" else 1e-12
    np.testing.assert_allclose(fused.cpu().numpy(), expected.numpy(), rtol=tolerance)
    return fused


def launches(function, *tensors):
    """The number of kernels that a call of a function launches."""
    function(*tensors)  # compiles them
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        result = function(*tensors)
    del result
    return graph.nodes


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("size", [1, 2, 3, 255, 257, 1023, 5000])
def test_a_chain(size, dtype, device):
    check(chain, device, numbers(size, dtype=dtype), numbers(size, dtype=dtype, seed=1))


def test_it_is_one_kernel(device):
    x, y = (tl.asarray(numbers(3000, seed=k), device=device) for k in range(2))
    assert launches(chain, x, y) == 8
    assert launches(tl.fused(chain), x, y) == 1
    assert launches(tl.fused(lambda x, y: (x * y + 1, x - y, tl.exp(x))), x, y) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_dtypes(function, device):
    check(function, device, *operands(500))


@pytest.mark.parametrize(
    "shapes",
    [
        ((30, 40), (40,)),
        ((30, 1), (1, 40)),
        ((30, 40), ()),
        ((2, 1, 60), (3, 1)),
        ((0, 3), (3,)),
        ((2, 3, 2, 3, 2, 3), (2, 1, 2, 1, 2, 1)),  # more axes than the kernel has
    ],
)
def test_broadcasting(shapes, device):
    a, b = shapes
    check(
        lambda x, y: tl.exp(x + 1) * (tl.sqrt(y) + y) - x, device, numbers(*a), numbers(*b, seed=1)
    )


def test_scalars_of_the_cpu(device):
    x = tl.asarray(numbers(300, dtype="float32"), device=device)
    scalar = tl.asarray(0.1)
    result = tl.fused(lambda x: (x * scalar + 1.5) / (scalar + 2))(x)
    expected = (numbers(300, dtype="float32") * 0.1 + 1.5) / 2.1
    np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-6)


def test_layouts(device):
    a, b = (tl.asarray(numbers(20, 30, seed=k), device=device) for k in range(2))
    views = [lambda t: t.T, lambda t: t[::2, ::-1], lambda t: t[::2, 1:31], lambda t: t[1::2]]
    for first in views:
        for second in views:
            if first(a).shape == second(b).shape:
                compare(chain, [first(a), second(b)])
    rows = [tl.asarray(numbers(31, 5)[:, 1:], device=device) for _ in range(2)]
    compare(chain, [x[1:].reshape(-1)[1:] for x in rows])  # aligned to one element only


def test_many_operands_and_long_chains(device):
    arrays = [numbers(300, seed=i) for i in range(40)]
    check(lambda *x: sum(x[1:], x[0]) * x[0], device, *arrays)

    def powers(x):
        for i in range(100):
            x = x * 0.5 + i
        return x

    check(powers, device, arrays[0])


def test_writes_and_values_that_python_asks_for(device):
    def function(x):
        y = x * 2
        z = y + 1  # waits for y as it is now
        y[3:7] = 0
        y += x
        if float(y[0]) > 0:
            x -= 1
        return y, z, x * 3 + y

    plain = function(tl.asarray(numbers(500), device=device))
    fused = tl.fused(function)(tl.asarray(numbers(500), device=device))
    for a, b, c in zip(fused, plain, function(tl.asarray(numbers(500))), strict=True):
        np.testing.assert_array_equal(a.cpu().numpy(), b.cpu().numpy())
        np.testing.assert_allclose(a.cpu().numpy(), c.numpy(), rtol=1e-14)


def test_errors_are_those_of_the_ops(device):
    x = tl.ones(500, device=device)
    with pytest.raises(ValueError, match="^multiply: operands could not be broadcast"):
        tl.fused(lambda x, y: (x + 1) * y)(x, tl.ones(501, device=device))
    with pytest.raises(tl.DeviceError, match="^multiply: expected tensors on one device"):
        tl.fused(lambda x, y: (x + 1) * y)(x, tl.ones(500))
    with pytest.raises(NotImplementedError, match="^special.erfcx: no kernel for cuda:0"):
        tl.fused(lambda x: tl.special.erfcx(x + 1))(x)


@pytest.mark.parametrize("shapes", [((500,), (500,)), ((5, 100), (100,)), ((500,), ())])
def test_gradients(shapes, device):
    def gradients(function, place):
        leaves = [
            tl.asarray(numbers(*shape, seed=i), device=place).requires_grad_()
            for i, shape in enumerate(shapes)
        ]
        result = function(*leaves)
        (result * result).sum().backward()
        return [x.grad for x in leaves]

    found = gradients(tl.fused(chain), device)
    for a, b in zip(found, gradients(chain, "cpu"), strict=True):
        assert (a.shape, a.device) == (b.shape, "cuda:0")
        np.testing.assert_allclose(a.cpu().numpy(), b.numpy(), rtol=1e-12)


def test_second_order(device):
    x = tl.asarray(numbers(50), device=device).requires_grad_()
    function = tl.fused(lambda x: tl.exp(-x * x) * tl.sin(x))
    (slope,) = tl.autograd.grad(function(x).sum(), x, create_graph=True)
    (found,) = tl.autograd.grad(slope.sum(), x)
    v = numbers(50)
    expected = np.exp(-v * v) * ((4 * v * v - 3) * np.sin(v) - 4 * v * np.cos(v))
    np.testing.assert_allclose(found.cpu().numpy(), expected, rtol=1e-10, atol=1e-12)
