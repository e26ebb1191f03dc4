"""Values between known ones, and the intervals that values lie in."""

import numpy as np

from tensorlib._arguments import computed, named, on_device
from tensorlib._core._functions import argsort, asarray, clip, minimum, remainder, where
from tensorlib._joining import concatenate
from tensorlib._selection import searchsorted
from tensorlib._untracked import untracked


def interp(x, xp, fp, left=None, right=None, period=None):
    """Piecewise linear interpolation between known values.

    Parameters
    ----------
    x : array_like
        Where to interpolate; real.
    xp : array_like
        Where the values are known: one axis, ascending unless `period` is given; real.
    fp : array_like
        The known values, real or complex, as many as `xp`.
    left, right : number, optional
        The results below and above `xp`; the first and the last value by default.
    period : number, optional
        With it `xp` need not be in order, and `left` and `right` do not count.

    Returns
    -------
    Tensor
        Shape of `x`, float64 or complex128. Differentiable in `x`, `xp`, `fp`, `left`, `right`.

    Raises
    ------
    TypeError
        If `x` or `xp` is complex.
    ValueError
        If `xp` and `fp` have not one axis or differ in length, there are none, or `period` is
        zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.interp([0.5, 2.0, 9.0], [1.0, 2.0, 3.0], [10.0, 20.0, 40.0])
    tensor([10., 20., 40.])
    >>> tl.interp([350.0, 10.0], [0.0, 90.0, 270.0], [0.0, 9.0, 3.0], period=360)
    tensor([0.33333333, 1.        ])
    """
    x, xp, fp = asarray(x), asarray(xp), asarray(fp)
    if x.dtype.kind == "c" or xp.dtype.kind == "c":
        raise TypeError(f"interp: expected real x and xp, got {x.dtype} and {xp.dtype}")
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError(
            f"interp: expected xp and fp of one axis, got shapes {xp.shape} and {fp.shape}"
        )
    if xp.shape != fp.shape or xp.size == 0:
        raise ValueError(
            f"interp: expected at least one point and as many values, got {xp.size} and {fp.size}"
        )
    if period is not None and period == 0:
        raise ValueError("interp: expected a period that is not zero")
    if (arrays := untracked(x, xp, fp, left, right)) is not None:
        sides = [side.item() if isinstance(side, np.ndarray) else side for side in arrays[3:]]
        return asarray(np.interp(*arrays[:3], *sides, period))
    x, xp = asarray(x, np.float64), asarray(xp, np.float64)
    fp = asarray(fp, np.complex128 if fp.dtype.kind == "c" else np.float64)
    if period is not None:
        left = right = None
        x, xp, fp = _one_period(x, xp, fp, abs(period))
    return _interpolate(x, xp, fp, left, right)


def _one_period(x, xp, fp, period):
    """All places moved into one period, and the points at its ends repeated outside."""
    x, xp = remainder(x, period), remainder(xp, period)
    order = argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, concatenate([fp[-1:], fp, fp[:1]])


def _interpolate(x, xp, fp, left, right):
    last = xp.size - 1
    before = clip(searchsorted(xp, x, "right") - 1, 0, max(last - 1, 0))
    after = minimum(before + 1, last)
    width = xp[after] - xp[before]
    width = where(width == 0, 1.0, width)  # of points that are used as they are
    result = (fp[after] - fp[before]) / width * (x - xp[before]) + fp[before]
    result = where(x >= xp[-1], fp[-1], result)
    result = where(x > xp[-1], fp[-1] if right is None else right, result)
    return where(x < xp[0], fp[0] if left is None else left, result)


def digitize(x, bins, right=False):
    """The intervals that values lie in.

    Parameters
    ----------
    x : array_like
        Real.
    bins : array_like
        The borders of the intervals: one axis, ascending or descending.
    right : bool
        Whether the upper border belongs to an interval, and not the lower one.

    Returns
    -------
    Tensor
        Shape of `x`, int64: 0 before the first border, ``len(bins)`` after the last.

    Raises
    ------
    TypeError
        If `x` is complex.
    ValueError
        If `bins` has not one axis or is in no order.

    See Also
    --------
    searchsorted, histogram

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.digitize([0.2, 6.4, 3.0], [0.0, 1.0, 2.5, 4.0])
    tensor([1, 4, 3])
    """
    if on_device(x) or on_device(bins):
        return _binned(asarray(x), asarray(bins), right)
    with named("digitize"):
        return computed("digitize", lambda x, bins: np.digitize(x, bins, right), x, bins)


def _binned(x, bins, right):
    """`digitize` on a device."""
    if "c" in (x.dtype.kind, bins.dtype.kind):
        raise TypeError("digitize: x may not be complex")
    if bins.ndim != 1:
        raise ValueError(f"digitize: expected bins of one axis, got shape {bins.shape}")
    side = "left" if right else "right"
    if bool((bins[1:] >= bins[:-1]).all()):
        return searchsorted(bins, x, side)
    if not bool((bins[1:] <= bins[:-1]).all()):
        raise ValueError("digitize: bins must be monotonically increasing or decreasing")
    return bins.size - searchsorted(bins[::-1], x, "right" if right else "left")
