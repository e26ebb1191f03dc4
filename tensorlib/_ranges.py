"""Ranges of numbers, and grids made of ranges."""

import numpy as np

from tensorlib._arguments import anywhere, integer, named
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    arange,
    asarray,
    astype,
    broadcast_to,
    floor,
    log10,
    power,
    reshape,
    zeros,
)
from tensorlib._joining import concatenate
from tensorlib._manipulation import moveaxis
from tensorlib._shape import broadcast_arrays, expand_dims


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """`num` evenly spaced numbers from `start` to `stop`.

    Parameters
    ----------
    start, stop : array_like
        The ends; they broadcast together.
    num : int
        How many.
    endpoint : bool
        Whether `stop` is the last one.
    retstep : bool
        Whether to return the spacing too.
    dtype : dtype, optional
        By default that of `start` and `stop`, float64 for integers. Integers are rounded down.
    axis : int
        Where the new axis is in the result.
    device : str, optional

    Returns
    -------
    samples : Tensor
        The shape of ``start + stop`` with an axis of length `num`; differentiable.
    step : Tensor
        Only with `retstep`.

    Raises
    ------
    ValueError
        If `num` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    num = integer("linspace", "num", num)
    if num < 0:
        raise ValueError(f"linspace: expected num >= 0, got {num}")
    inexact = _inexact_type(start, stop)
    if dtype is None:
        dtype = inexact
    start, stop = asarray(start, inexact), asarray(stop, inexact)
    intervals = num - 1 if endpoint else num
    delta = stop - start
    step = delta / intervals if intervals > 0 else delta * np.nan
    places = arange(num, dtype=inexact, device=delta.device)
    places = reshape(places, (num,) + (1,) * delta.ndim)
    # Where the step underflows to zero, multiplying by delta at the end keeps the digits.
    scaled = intervals > 0 and not anywhere(step == 0)
    ramp = places * step if scaled else places / max(intervals, 1) * delta
    samples = ramp + start
    if endpoint and num > 1:
        last = broadcast_to(asarray(stop, device=delta.device), delta.shape)
        samples = concatenate((samples[:-1], expand_dims(last, 0)), 0)
    samples = moveaxis(samples, 0, axis) if axis != 0 else samples
    if np.issubdtype(dtype, np.integer):
        samples = floor(samples)
    samples = asarray(samples, dtype, device=device)
    return (samples, step) if retstep else samples


def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """`num` numbers from ``base**start`` to ``base**stop`` with evenly spaced logarithms.

    Parameters
    ----------
    start, stop : array_like
        Exponents of the ends.
    num : int
        How many.
    endpoint : bool
        Whether ``base**stop`` is the last one.
    base : array_like
        Broadcasts with `start` and `stop`.
    dtype : dtype, optional
        By default that of the arguments, at least floating-point.
    axis : int
        Where the new axis is in the result.

    Returns
    -------
    Tensor
        The shape of ``start + stop + base`` with an axis of length `num`; differentiable.

    Raises
    ------
    ValueError
        If `num` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.logspace(0, 3, 4)
    tensor([   1.,   10.,  100., 1000.])
    """
    if isinstance(base, (int, float)):
        exponents = linspace(start, stop, num, endpoint, axis=axis)
    else:
        start, stop, base = broadcast_arrays(start, stop, base)
        base = expand_dims(base, axis)
        exponents = linspace(start, stop, num, endpoint, axis=axis)
    result = power(base, exponents)
    return result if dtype is None else astype(result, dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """`num` numbers from `start` to `stop` with a constant ratio.

    Parameters
    ----------
    start, stop : array_like
        The ends, of the same sign or complex.
    num : int
        How many.
    endpoint : bool
        Whether `stop` is the last one.
    dtype : dtype, optional
        By default that of the ends, at least floating-point.
    axis : int
        Where the new axis is in the result.

    Returns
    -------
    Tensor
        The shape of ``start + stop`` with an axis of length `num`; differentiable.

    Raises
    ------
    ValueError
        If `num` is negative or an end is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.geomspace(1, 8, 4)
    tensor([1., 2., 4., 8.])
    """
    start, stop = broadcast_arrays(start, stop)
    inexact = _inexact_type(start, stop)
    if dtype is not None:
        inexact = np.result_type(inexact, dtype)  # complex numbers may go where real ones cannot
    start, stop = asarray(start, inexact), asarray(stop, inexact)
    if anywhere(start == 0) or anywhere(stop == 0):
        raise ValueError("geomspace: expected ends other than zero")
    # Relative to the start all is positive, or a spiral through the complex plane.
    exponents = log10(stop / start)
    ratios = logspace(zeros((), inexact), exponents, num, endpoint, axis=0)
    samples = start * ratios
    # The ends are exact, whatever lies between.
    if num > 0:
        last = stop if endpoint and num > 1 else samples[-1] if num > 1 else start
        samples = concatenate(
            (expand_dims(start, 0), samples[1:-1], expand_dims(last, 0))[: 3 if num > 1 else 1], 0
        )
    samples = moveaxis(samples, 0, axis) if axis != 0 else samples
    return samples if dtype is None else astype(samples, dtype)


def _inexact_type(*arguments):
    """The floating-point or complex dtype for arguments, of which Python scalars are weak."""
    kinds = [x if isinstance(x, (int, float, complex)) else asarray(x).dtype for x in arguments]
    common = np.result_type(*kinds)
    return np.result_type(common, 1.0) if common.kind in "biu" else common


def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """Coordinates of a grid from the coordinates of its axes.

    Parameters
    ----------
    *xi : array_like
        Shapes ``(n,)`` each.
    copy : bool
        False: views, in which several elements may share a place in memory.
    sparse : bool
        Whether to leave the axes that do not vary at length one.
    indexing : {"xy", "ij"}
        Cartesian, where the first coordinate varies along axis 1, or matrix order.

    Returns
    -------
    tuple of Tensor
        One for each input.

    Raises
    ------
    ValueError
        If `indexing` is neither "xy" nor "ij".

    Examples
    --------
    >>> import tensorlib as tl
    >>> x, y = tl.meshgrid([1, 2, 3], [4, 5])
    >>> y
    tensor([[4, 4, 4],
            [5, 5, 5]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij', got {indexing!r}")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    grids = []
    for place, x in zip(places, xi, strict=True):
        lengths = [1] * len(xi)
        lengths[place] = -1
        grids.append(reshape(asarray(x), tuple(lengths)))
    if not sparse:
        grids = broadcast_arrays(*grids)
    return tuple(apply(ops.copy, (grid,), ("C",)) if copy else grid for grid in grids)


def indices(dimensions, dtype=int, sparse=False):
    """The indices of every place of an array.

    Parameters
    ----------
    dimensions : sequence of int
        The shape of that array.
    dtype : dtype
    sparse : bool
        Whether to return one index an axis, which broadcast together.

    Returns
    -------
    Tensor or tuple of Tensor
        Shape ``(len(dimensions), *dimensions)``; a tuple if `sparse`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.indices((2, 2))[0]
    tensor([[0, 0],
            [1, 1]])
    """
    with named("indices"):
        result = np.indices(dimensions, dtype, sparse)
    return tuple(map(asarray, result)) if sparse else asarray(result)


def fromfunction(function, shape, *, dtype=float, like=None, **kwargs):
    """The result of a function of the indices of every place.

    Parameters
    ----------
    function : callable
        Called once, with one tensor of indices an axis.
    shape : tuple of int
        Of those tensors.
    dtype : dtype
        Of those tensors.
    **kwargs
        For `function`.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        What `function` returns.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fromfunction(lambda i, j: i + j, (2, 3), dtype=int)
    tensor([[0, 1, 2],
            [1, 2, 3]])
    """
    return function(*indices(shape, dtype), **kwargs)
