"""``fused``: the same numbers as the plain function, computed in blocks."""

import numpy as np
import pytest
from fused_cases import FUNCTIONS, chain, numbers, operands

import tensorlib as tl
from tensorlib import autograd, func
from tensorlib.autograd import _fusing

SIZES = (1, 2, 255, 256, 257, 1023, 4096, 100_003)


@pytest.fixture(autouse=True)
def everything_waits(monkeypatch):
    monkeypatch.setattr(_fusing, "WORTH", 2)


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    usual = tl.get_num_threads()
    tl.set_num_threads(request.param)
    yield
    tl.set_num_threads(usual)


def check(function, *arrays):
    """A function of arrays gives the same by NumPy, plain and fused."""
    tensors = [tl.asarray(x) for x in arrays]
    with np.errstate(all="ignore"):
        result = tl.fused(function)(*tensors)
        plain = function(*tensors)
    assert type(result) is tl.Tensor
    assert result.dtype == plain.dtype and result.shape == plain.shape
    np.testing.assert_array_equal(np.asarray(result), np.asarray(plain))
    return result


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_a_chain(size, dtype, threads):
    x, y = numbers(size, dtype=dtype), numbers(size, dtype=dtype, seed=1)
    result = check(chain, x, y)
    expected = x * y + np.sin(x) * x.dtype.type(2) - np.where(x > y, x, y / 3)
    np.testing.assert_allclose(np.asarray(result), expected, rtol=1e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_dtypes(function):
    check(function, *operands(5000))


@pytest.mark.parametrize(
    "shapes",
    [
        ((300, 400), (400,)),
        ((300, 1), (1, 400)),
        ((300, 400), ()),
        ((2, 1, 600), (3, 1)),
        ((600, 2), (600, 1)),  # runs too short for blocks
        ((0, 3), (3,)),
    ],
)
def test_broadcasting(shapes):
    a, b = shapes
    check(lambda x, y: tl.exp(x + 1) * (tl.sqrt(y) + y) - x, numbers(*a), numbers(*b, seed=1))


def test_layouts():
    x, y = numbers(500, 400), numbers(500, 400, seed=1)
    a, b = tl.asarray(x), tl.asarray(y)
    views = [
        lambda t: t.T,
        lambda t: t[::2, ::-1],
        lambda t: t[:, ::3],
        lambda t: t[::-1],
    ]
    for first in views:
        for second in views:
            if first(a).shape == second(b).shape:
                result = tl.fused(chain)(first(a), second(b))
                np.testing.assert_array_equal(
                    np.asarray(result), np.asarray(chain(first(a), second(b)))
                )
    transposed = tl.fused(chain)(a.T, b.T)
    assert transposed.strides == (a.T + b.T).strides  # NumPy's order K


def test_many_operands_and_long_chains():
    arrays = [numbers(3000, seed=i) for i in range(12)]
    check(lambda *x: sum(x[1:], x[0]) * x[0], *arrays)

    def powers(x):
        for i in range(200):
            x = x * 0.5 + i
        return x

    def doubled(x):
        for _ in range(40):
            x = x * x / x + x / 2
        return x

    check(powers, arrays[0])
    check(doubled, arrays[0])


def test_other_ops_between():
    def standardized(x):
        y = tl.exp(x) * 2
        y = (y - y.mean()) / y.std()
        return tl.concatenate((y[:10], tl.cumsum(y * 2)[5:])) + 1

    check(standardized, numbers(5000))


def test_several_results_and_what_is_kept():
    kept = []

    @tl.fused
    def function(x):
        y = tl.exp(x) + 1
        kept.append(y * 2)
        return {"a": y, "b": (y + x, 3)}

    x = tl.asarray(numbers(5000))
    found = function(x)
    y = tl.exp(x) + 1
    np.testing.assert_array_equal(np.asarray(found["a"]), np.asarray(y))
    np.testing.assert_array_equal(np.asarray(found["b"][0]), np.asarray(y + x))
    np.testing.assert_array_equal(np.asarray(kept[0]), np.asarray(y * 2))


def test_writes():
    def function(x):
        y = x * 2
        z = y + 1  # waits for y as it is now
        y[3:7] = 0
        y += x
        w = x * 3
        x -= 1
        return y, z, w, x + w

    x = numbers(5000)
    plain = function(tl.asarray(x.copy()))
    fused = tl.fused(function)(tl.asarray(x.copy()))
    for a, b in zip(fused, plain, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_values_that_python_asks_for():
    @tl.fused
    def function(x):
        y = x * 2 + 1
        if float(y[0]) > 0 and (y > 0).all():
            return np.asarray((y - 1).copy())
        return None

    np.testing.assert_allclose(function(tl.asarray(numbers(5000))), 2 * numbers(5000))


def test_errstate():
    x = numbers(5000)
    x[17] = 0

    @tl.fused
    def function(x):
        return 1 / x - tl.log(x)

    with pytest.warns(RuntimeWarning) as caught:
        function(tl.asarray(x))
    assert [str(w.message) for w in caught] == [
        "divide by zero encountered in divide",
        "divide by zero encountered in log",
    ]
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide"):
        function(tl.asarray(x))


def test_errors_are_those_of_the_ops():
    with pytest.raises(ValueError, match="^multiply: operands could not be broadcast"):
        tl.fused(lambda x, y: (x + 1) * y)(tl.ones(5000), tl.ones(5001))


# ------------------------------------------------------------------------------------------
# derivatives
# ------------------------------------------------------------------------------------------


def gradients(function, *arrays):
    leaves = [tl.asarray(x.copy()).requires_grad_() for x in arrays]
    result = function(*leaves)
    assert result.requires_grad
    (result * result).sum().backward()
    return [x.grad for x in leaves]


@pytest.mark.parametrize("shapes", [((5000,), (5000,)), ((50, 100), (100,)), ((5000,), ())])
def test_gradients(shapes):
    arrays = [numbers(*shape, seed=i) for i, shape in enumerate(shapes)]
    for a, b in zip(gradients(tl.fused(chain), *arrays), gradients(chain, *arrays), strict=True):
        assert a.shape == b.shape and not a.requires_grad
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-13)


def test_gradients_by_differences():
    x, y = (tl.asarray(numbers(300, seed=i)).requires_grad_() for i in range(2))
    tl.testing.check_grads(tl.fused(lambda x, y: tl.exp(-x * y) * tl.sin(x) + x / y), (x, y),
                           order=2)  # fmt: skip


def test_gradients_of_what_the_function_sees_outside():
    w = tl.asarray(numbers(5000)).requires_grad_()
    x = tl.asarray(numbers(5000, seed=1))
    (tl.fused(lambda x: tl.tanh(w * x) + w)(x)).sum().backward()
    value = np.asarray(w.detach())
    expected = (1 - np.tanh(value * np.asarray(x)) ** 2) * np.asarray(x) + 1
    np.testing.assert_allclose(np.asarray(w.grad), expected, rtol=1e-12)


def test_detached_and_without_gradients():
    def function(x):
        with tl.no_grad():
            scale = tl.exp(x) * 2
        return x * scale * (x + 1).detach()

    arrays = [numbers(5000)]
    (a,), (b,) = gradients(tl.fused(function), *arrays), gradients(function, *arrays)
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-13)


def test_only_operands_are_kept():
    x = tl.asarray(numbers(200_000)).requires_grad_()
    result = tl.fused(lambda x: tl.exp(tl.sin(x) * 2) / (1 + x * x))(x)
    saved = autograd.graph.saved_bytes(result)
    assert saved.leaves == x.nbytes and saved.total < 100  # but for scalars


@pytest.mark.parametrize("transform", ["grad", "jvp", "vmap", "hessian"])
def test_transforms(transform):
    x = tl.asarray(numbers(6, 5))
    fused = tl.fused(lambda x: tl.sin(x) * x + 1)

    def plain(x):
        return tl.sin(x) * x + 1

    calls = {
        "grad": lambda f: func.grad(lambda x: f(x).sum())(x),
        "jvp": lambda f: func.jvp(f, (x,), (x * 2,))[1],
        "vmap": lambda f: func.vmap(func.grad(lambda x: f(x).sum()))(x),
        "hessian": lambda f: func.hessian(lambda x: f(x).sum())(x[0]),
    }
    call = calls[transform]
    np.testing.assert_allclose(np.asarray(call(fused)), np.asarray(call(plain)), rtol=1e-13)


def test_nested():
    inner = tl.fused(lambda x: x * 2 + 1)
    check(lambda x: tl.exp(inner(x)) - inner(x), numbers(5000))


def test_nothing_waits_after_an_error():
    @tl.fused
    def function(x):
        y = x + 1  # noqa: F841
        raise KeyError("mine")

    x = tl.asarray(numbers(5000))
    with pytest.raises(KeyError, match="mine"):
        function(x)
    np.testing.assert_array_equal(np.asarray(x + 1), numbers(5000) + 1)
