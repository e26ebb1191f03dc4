"""Functions made of folds, on a GPU against the CPU: results and gradients."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.nn import functional as F

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 8))
CHOSEN = RNG.random((6, 8)) > 0.4
CHOSEN[np.arange(8) % 6, np.arange(8)] = False  # some of each line are not
POSITIVE = RNG.random((6, 8)) + 0.1


def with_nan(x, like):
    return tl.where(like(CHOSEN), tl.nan, x)


# f(x, axis, like), where like() brings an array to the device of x
OVER_AXES = {
    "mean": lambda x, axis, like: tl.mean(x, axis=axis),
    "mean of some": lambda x, axis, like: tl.mean(x, axis=axis, where=like(CHOSEN)),
    "var": lambda x, axis, like: tl.var(x, axis=axis, ddof=1),
    "std": lambda x, axis, like: tl.std(x, axis=axis, keepdims=True),
    "sum of some": lambda x, axis, like: tl.sum(x, axis=axis, where=like(CHOSEN), initial=2),
    "max of some": lambda x, axis, like: tl.max(x, axis=axis, where=like(CHOSEN), initial=-9),
    "prod": lambda x, axis, like: tl.prod(x, axis=axis),
    "vector_norm": lambda x, axis, like: tl.linalg.vector_norm(x, ord=3, axis=axis),
    "logsumexp": lambda x, axis, like: tl.special.logsumexp(x, axis=axis),
    "cumsum": lambda x, axis, like: tl.cumsum(x, axis=axis),
    "cumulative_sum": lambda x, axis, like: tl.cumulative_sum(
        x, axis=axis or 0, include_initial=True
    ),
    "ptp": lambda x, axis, like: tl.ptp(x, axis=axis),
    "average": lambda x, axis, like: tl.average(x, axis=axis, weights=like(POSITIVE)),
    "nansum": lambda x, axis, like: tl.nansum(with_nan(x, like), axis=axis),
    "nanmean": lambda x, axis, like: tl.nanmean(with_nan(x, like), axis=axis),
    "nanvar": lambda x, axis, like: tl.nanvar(with_nan(x, like), axis=axis),
    "nanmax": lambda x, axis, like: tl.nanmax(with_nan(x, like), axis=axis),
    "nancumsum": lambda x, axis, like: tl.nancumsum(with_nan(x, like), axis=axis),
    "softmax": lambda x, axis, like: F.softmax(x, axis or 0),
}
LOSSES = {
    "mse_loss": lambda x, y: F.mse_loss(x, y),
    "l1_loss": lambda x, y: F.l1_loss(x, y, reduction="none"),
    "cross_entropy of probabilities": lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
    "binary_cross_entropy_with_logits": lambda x, y: F.binary_cross_entropy_with_logits(x, y / 2),
    "kl_div": lambda x, y: F.kl_div(F.log_softmax(x, 1), y, reduction="batchmean"),
    "gaussian_nll_loss": lambda x, y: F.gaussian_nll_loss(x, y, y, full=True),
    "triplet_margin_loss": lambda x, y: F.triplet_margin_loss(x, y, y[::-1], swap=True),
    "cosine_embedding_loss": lambda x, y: F.cosine_embedding_loss(x, y, tl.sign(y[:, 0] - 0.5)),
    "normalize": lambda x, y: F.normalize(x, dim=1),
}
EXACT = {
    "count_nonzero": lambda x: tl.count_nonzero(x > 0, axis=0),
    "nanargmax": lambda x: tl.nanargmax(tl.where(x > 1, tl.nan, x), axis=1),
    "all": lambda x: tl.all(x > -9, axis=1),
    "max of nothing": lambda x: tl.max(x[:0], axis=0, initial=3.0),
    "isposinf": lambda x: tl.isposinf(tl.rint(x).astype("int32")),
    "out": lambda x: tl.argmax(x, axis=0, out=tl.zeros(8, "int64", device=x.device)),
}


def compare(function, device):
    """function(x, like) gives the same result on both devices, and its squares' sum the same
    gradient."""
    found = []
    for place in ("cpu", device):
        x = tl.asarray(X, device=place).requires_grad_()
        result = function(x, lambda array, place=place: tl.asarray(array, device=place))
        assert result.device == x.device
        (result * result).sum().backward()
        found.append((result.detach().cpu(), x.grad.cpu()))
    for expected, got in zip(*found, strict=True):
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", OVER_AXES)
def test_over_axes(name, axis, device):
    compare(lambda x, like: OVER_AXES[name](x, axis, like), device)


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, device):
    compare(lambda x, like: LOSSES[name](x, like(POSITIVE)), device)


@pytest.mark.parametrize("name", EXACT)
def test_exact(name, device):
    x = tl.asarray(X)
    expected, result = EXACT[name](x), EXACT[name](x.to(device))
    assert result.device == tl.zeros(1, device=device).device
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result.cpu(), expected)
