"""Linear and bilinear maps beside PyTorch's."""

import numpy as np
import pytest
from parity import compare, compare_modules, dtypes, torch

import tensorlib as tl
from tensorlib import func, nn
from tensorlib.nn import functional as F
from tensorlib.testing import check_grads

TF = torch.nn.functional
LEADING = [(), (4,), (2, 3), (0,)]
leading = pytest.mark.parametrize("leading", LEADING, ids=str)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@dtypes
@leading
@pytest.mark.parametrize("biased", [False, True])
def test_linear(dtype, leading, biased):
    bias = numbers(3, seed=2) if biased else None
    compare(F.linear, TF.linear, [numbers(*leading, 5), numbers(3, 5, seed=1), bias], dtype)


@dtypes
@leading
def test_linear_to_one_number(dtype, leading):
    args = [numbers(*leading, 5), numbers(5, seed=1)]
    compare(F.linear, TF.linear, args, dtype)
    # PyTorch takes no bias there.
    compare(
        lambda x, weight, bias: F.linear(x, weight, bias),
        lambda x, weight, bias: TF.linear(x, weight) + bias,
        [*args, np.asarray(0.5)],
        dtype,
    )


@dtypes
@leading
@pytest.mark.parametrize("biased", [False, True])
def test_bilinear(dtype, leading, biased):
    bias = numbers(3, seed=3) if biased else None
    args = [numbers(*leading, 5), numbers(*leading, 2, seed=1), numbers(3, 5, 2, seed=2), bias]
    compare(F.bilinear, TF.bilinear, args, dtype)


@dtypes
@pytest.mark.parametrize("bias", [False, True])
def test_modules(dtype, bias):
    compare_modules("Linear", (5, 3), [numbers(4, 5)], dtype, bias=bias)
    inputs = [numbers(4, 5), numbers(4, 2, seed=1)]
    compare_modules("Bilinear", (5, 2, 3), inputs, dtype, bias=bias)


def test_dtypes_that_differ():
    """The result's dtype, and each gradient's, are those of a product and a sum."""
    parts = [("float16", "float32", "float32"), ("float32", "float32", "float64"),
             ("bfloat16", "float16", "bfloat16"), ("int8", "float16", "int64")]  # fmt: skip
    for names in parts:
        shapes = zip(((2, 4), (3, 4), (3,)), names, strict=True)
        x, weight, bias = (
            tl.asarray(9 * numbers(*shape, seed=i)).astype(dtype)
            for i, (shape, dtype) in enumerate(shapes)
        )
        for y in (x, weight, bias):
            y.requires_grad_(str(y.dtype) != "int8" and str(y.dtype) != "int64")
        result, expected = F.linear(x, weight, bias), x.detach() @ weight.detach().T + bias.detach()
        assert result.dtype == expected.dtype
        np.testing.assert_allclose(
            result.detach().astype("float64"), expected.astype("float64"), rtol=0.05, atol=1
        )
        result.sum().backward()
        assert all(y.grad.dtype == y.dtype for y in (x, weight, bias) if y.requires_grad)


def test_sizes_without_elements():
    with pytest.raises(ValueError, match="linear: array is too big"):
        F.linear(tl.zeros((2**30, 2**29, 0)), tl.zeros((8, 0)), tl.ones(8))
    assert F.linear(tl.zeros((2, 0)), tl.zeros((3, 0)), tl.ones(3)).tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("function", [F.linear, lambda *xs: func.vmap(F.linear)(*xs).sum(0)])
def test_forward_derivatives(function):
    lead = () if function is F.linear else (4,)
    shapes = ((2, 3), (5, 3), (5,))
    xs = [tl.asarray(numbers(*lead, *shape, seed=i)) for i, shape in enumerate(shapes)]
    ts = [tl.asarray(numbers(*lead, *shape, seed=3 + i)) for i, shape in enumerate(shapes)]
    for moved in ((0,), (1,), (2,), (0, 1, 2)):
        given = [t if i in moved else tl.zeros_like(t) for i, t in enumerate(ts)]
        _, found = func.jvp(function, tuple(xs), tuple(given))
        x, weight, bias = xs
        dx, d_weight, d_bias = given
        expected = dx @ weight.mT + x @ d_weight.mT + d_bias[..., None, :]
        expected = expected.sum(0) if lead else expected
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("batched", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
@leading
def test_batches(leading, batched):
    shapes = ((*leading, 5), (3, 5), (3,))
    sizes = [(4, *shape) if i in batched else shape for i, shape in enumerate(shapes)]
    xs = [tl.asarray(numbers(*shape, seed=i)) for i, shape in enumerate(sizes)]
    found = func.vmap(F.linear, tuple([0 if i in batched else None for i in range(3)]))(*xs)
    for k in range(4):
        one = F.linear(*[x[k] if i in batched else x for i, x in enumerate(xs)])
        np.testing.assert_allclose(found[k], one, rtol=1e-12, atol=1e-14)


def test_second_order():
    check_grads(F.linear, [numbers(2, 3), numbers(2, 3, seed=1), numbers(2, seed=2)])
    check_grads(
        F.bilinear,
        [numbers(2, 3), numbers(2, 2, seed=1), numbers(2, 3, 2, seed=2), numbers(2, seed=3)],
    )


def test_identity():
    layer = nn.Identity(54, unused=1)
    x = tl.ones(3)
    assert layer(x) is x
    assert repr(layer) == "Identity()"
    assert not list(layer.parameters())


@pytest.mark.parametrize(
    "call, error, text",
    [
        (
            lambda: F.linear(tl.ones((2, 3)), tl.ones((3, 2))),
            ValueError,
            r"linear: expected shapes \(..., in\) .* got \(2, 3\) and \(3, 2\)",
        ),
        (lambda: F.linear(tl.ones(()), tl.ones(1)), ValueError, r"linear: .* got \(\) and \(1,\)"),
        (
            lambda: F.linear(tl.ones(3), tl.ones((2, 3)), tl.ones(3)),
            ValueError,
            r"linear: expected bias of shape \(2,\), got \(3,\)",
        ),
        (
            lambda: F.bilinear(tl.ones((2, 3)), tl.ones((4, 3)), tl.ones((1, 3, 3))),
            ValueError,
            r"bilinear: .*, got \(2, 3\), \(4, 3\) and \(1, 3, 3\)",
        ),
        (
            lambda: F.bilinear(tl.ones(3), tl.ones(2), tl.ones((1, 2, 3))),
            ValueError,
            r"bilinear: .*, got \(3,\), \(2,\) and \(1, 2, 3\)",
        ),
        (
            lambda: F.bilinear(tl.ones(3), tl.ones(2), tl.ones((1, 3, 2)), tl.ones(2)),
            ValueError,
            r"bilinear: expected bias of shape \(1,\), got \(2,\)",
        ),
        (lambda: nn.Linear(2.5, 3), TypeError, "Linear: expected numbers of features to be an int"),
        (lambda: nn.Bilinear(0, 3, 3), ValueError, "Bilinear: expected in1_features >= 1, got 0"),
        (lambda: nn.Bilinear(1, 3, -1), ValueError, "Bilinear: expected out_features >= 0, got -1"),
    ],
)
def test_refused(call, error, text):
    with pytest.raises(error, match=text):
        call()
