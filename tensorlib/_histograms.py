"""Counts of values: of integers, and of numbers by interval."""

import functools
import math
import operator

import numpy as np

from tensorlib._arguments import (
    anywhere,
    beside,
    computed,
    first_on_device,
    followed,
    for_arithmetic,
    named,
    on_device,
)
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, ones, reshape, sort, where, zeros
from tensorlib._joining import concatenate, stack
from tensorlib._numpy_code import computed_by
from tensorlib._rebound import run_module
from tensorlib._selection import searchsorted
from tensorlib._shape import atleast_2d, ravel


def bincount(x, /, weights=None, minlength=0):
    """How often each integer from zero on occurs.

    Parameters
    ----------
    x : array_like of int
        One axis; not negative.
    weights : array_like, optional
        What to add up in place of ones; shape of `x`.
    minlength : int
        The least length of the result.

    Returns
    -------
    Tensor
        One place for each integer up to the largest one. int64; float64 and differentiable with
        `weights`.

    Raises
    ------
    MemoryError
        If an integer is so large that there is no memory for as many places.
    TypeError
        If `x` cannot be cast to integers, or `weights` are complex.
    ValueError
        If `x` has not one axis, an integer is negative or beyond any memory, `weights` are not as
        many, or `minlength` is negative.

    See Also
    --------
    histogram, unique

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.bincount([1, 3, 1])
    tensor([0, 2, 0, 1])
    >>> tl.bincount([1, 3, 1], weights=[0.5, 2.0, 0.25])
    tensor([0.  , 0.75, 0.  , 2.  ])
    """

    def count(x, weights=None):
        if x.dtype.kind in "iu" and x.itemsize == 8 and x.size and x.max() >= np.iinfo(np.intp).max:
            most = x.max()
            raise ValueError(f"bincount: expected integers for which there is memory, got {most}")
        with named("bincount"):
            return np.bincount(x, weights, minlength)

    if on_device(x):
        length = _count_of_places(x, minlength)
        weights = weights if x.size else None  # as NumPy
        dtype = np.int64 if weights is None else np.float64
        weights = ones(x.shape, dtype, device=x.device) if weights is None else weights
    elif followed(weights) or followed(x) and weights is not None:
        length, dtype = computed("bincount", count, x).size, np.float64
    else:
        return computed("bincount", count, x, *([] if weights is None else [weights]))
    places, weights = asarray(x, np.intp), asarray(weights, dtype)
    if places.shape != weights.shape:
        raise ValueError("bincount: The weights and list don't have the same length.")
    start = zeros(length, weights.dtype, device=weights.device)
    return apply(ops.index_add, (start, weights), ((places,),))


def _count_of_places(x, minlength):
    """The length of what `bincount` gives on a device."""
    with named("bincount"):  # NumPy's own checks
        np.bincount(np.empty((0,) * x.ndim, x.dtype), None, minlength)
    least, most = (int(x.min()), int(x.max())) if x.size else (0, -1)
    if least < 0:
        raise ValueError("bincount: 'list' argument must have no negative elements")
    return max(most + 1, minlength)


@computed_by(np.histogram_bin_edges, elsewhere=True)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    """The edges of the bins that `histogram` counts in.

    Parameters
    ----------
    a : array_like
    bins : int, array_like or str
        How many bins of equal width; the edges themselves; or the name of a rule that finds the
        number: "auto", "doane", "fd", "rice", "scott", "sqrt", "stone" or "sturges".
    range : (number, number), optional
        The first and the last edge; by default the least and the largest element.
    weights : array_like, optional
        Shape of `a`; without effect on the edges.

    Returns
    -------
    Tensor
        One axis, one longer than there are bins; floating-point unless `bins` are integers.

    Raises
    ------
    MemoryError
        If there is no memory for as many bins.
    TypeError
        If `bins` is none of these, or a tensor requires a gradient.
    ValueError
        If `bins` is not positive or not ascending, `range` is not finite or descends, the bins
        would be too narrow, or `weights` are given with the name of a rule.

    See Also
    --------
    histogram

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.histogram_bin_edges([0.0, 0.5, 3.0], bins=3)
    tensor([0., 1., 2., 3.])
    """
    a, weights = _counted(a, bins, weights)
    return _edges(a, bins, range, weights)


@computed_by(np.histogram, elsewhere=True)
def histogram(a, bins=10, range=None, density=None, weights=None):
    """How many elements lie in each of several intervals.

    Parameters
    ----------
    a : array_like
        Real; its shape does not count.
    bins : int, array_like or str
        How many bins of equal width; their edges; or the name of a rule, see
        `histogram_bin_edges`.
    range : (number, number), optional
        The first and the last edge; by default the least and the largest element. What lies
        outside is not counted.
    density : bool, optional
        Whether to scale the result so that its integral is one.
    weights : array_like, optional
        What to add up in place of ones; shape of `a`.

    Returns
    -------
    hist : Tensor
        One axis. int64, the dtype of `weights`, or float64 for a density. Each bin contains its
        lower edge, the last one both.
    bin_edges : Tensor
        Longer by one.

    Raises
    ------
    MemoryError
        If there is no memory for as many bins.
    TypeError
        If `bins` is none of these, or a tensor requires a gradient.
    ValueError
        If `bins` is not positive or not ascending, `range` is not finite or descends, the bins
        would be too narrow, or `weights` have another shape.

    See Also
    --------
    histogram2d, histogramdd, bincount, digitize

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.histogram([1.0, 2.0, 1.5, 4.0], bins=[1, 2, 3, 4])
    (tensor([2, 1, 1]), tensor([1, 2, 3, 4]))
    """
    a, weights = _counted(a, bins, weights)
    edges = _edges(a, bins, range, weights)
    if weights is None:
        line = sort(a)
        reached = searchsorted(line, edges[:-1]), searchsorted(line, edges[-1:], "right")
        counts = _differences(concatenate(reached))
    else:
        counts = _summed(a, edges, weights)
    if density:
        counts = counts / _differences(edges).astype(np.float64) / counts.sum()
    return counts, edges


@computed_by(np.histogram2d, elsewhere=True)
def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    """How many points of a plane lie in each of several rectangles.

    Parameters
    ----------
    x, y : array_like
        The coordinates of the points: one axis each, of the same length.
    bins : int, array_like or a pair of them
        How many bins of equal width, or their edges: for both coordinates, or for each.
    range : array_like, optional
        Shape ``(2, 2)``: the first and the last edge of either coordinate.
    density : bool, optional
        Whether to scale the result so that its integral is one.
    weights : array_like, optional
        What to add up in place of ones, for each point.

    Returns
    -------
    H : Tensor
        float64; `x` along the first axis.
    xedges, yedges : Tensor
        The edges.

    Raises
    ------
    MemoryError
        If there is no memory for as many bins.
    TypeError
        If a tensor requires a gradient.
    ValueError
        If `x` and `y` differ in length, or a range or bins are wrong as for `histogram`.

    See Also
    --------
    histogram, histogramdd

    Examples
    --------
    >>> import tensorlib as tl
    >>> counts, _, _ = tl.histogram2d([0.0, 1.0, 1.0], [0.0, 1.0, 2.0], bins=2)
    >>> counts
    tensor([[1., 0.],
            [0., 2.]])
    """
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if np.iterable(bins) and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, edges = histogramdd([x, y], bins, range, density, weights)
    return counts, *edges


@computed_by(np.histogramdd, elsewhere=True)
def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    """How many points of a space lie in each of several boxes.

    Parameters
    ----------
    sample : array_like
        The points: shape ``(points, dimensions)``. A list holds the values of each dimension.
    bins : int or sequence
        How many bins of equal width for all dimensions; or for each their number or edges.
    range : sequence, optional
        For each dimension None or the first and the last edge.
    density : bool, optional
        Whether to scale the result so that its integral is one.
    weights : array_like, optional
        What to add up in place of ones, for each point.

    Returns
    -------
    H : Tensor
        float64, one axis for each dimension.
    edges : tuple of Tensor
        The edges.

    Raises
    ------
    MemoryError
        If there is no memory for as many bins.
    TypeError
        If a tensor requires a gradient.
    ValueError
        If `bins` or `range` have not one entry for each dimension, or are wrong as for
        `histogram`.

    See Also
    --------
    histogram, histogram2d

    Examples
    --------
    >>> import tensorlib as tl
    >>> counts, edges = tl.histogramdd([[0.0, 1.0, 1.0], [0.0, 1.0, 2.0]], bins=(1, 2))
    >>> counts
    tensor([[1., 2.]])
    >>> edges[0]
    tensor([0., 1.])
    """
    columns = _columns(sample, first_on_device([sample, weights, bins]))
    bins = bins if np.iterable(bins) else [bins] * len(columns)
    if len(bins) != len(columns):
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    range = [None] * len(columns) if range is None else range
    if len(range) != len(columns):
        raise ValueError("range argument must have one entry per dimension")
    edges = [_edges_of(i, *each) for i, each in enumerate(zip(columns, bins, range, strict=True))]
    shape = [e.size + 1 for e in edges]  # with a bin on each side for what lies outside
    np.ravel_multi_index(np.empty((len(shape), 0), int), shape)  # NumPy's own check of the size
    places = 0
    for column, e, length in zip(columns, edges, shape, strict=True):
        places = places * length + _bins_of(column, e)
    counts = bincount(places, weights, math.prod(shape)).astype(np.float64)
    counts = reshape(counts, shape)[(slice(1, -1),) * len(shape)]
    if density:
        total = counts.sum()
        for axis, e in enumerate(edges, 1):
            counts = counts / reshape(_differences(e), (-1,) + (1,) * (len(shape) - axis))
        counts = counts / total
    return counts, edges


def _differences(x):
    return x[1:] - x[:-1]


def _counted(a, bins, weights):
    """What a histogram counts on a device, and what it adds up, with one axis each."""
    place = first_on_device([a, bins, weights])
    a = for_arithmetic(beside(place, a))
    if weights is not None:
        weights = for_arithmetic(beside(place, weights))
        if weights.shape != a.shape:
            raise ValueError("weights should have the same shape as a.")
        weights = ravel(weights)
    return ravel(a), weights


def _columns(sample, place):
    """The coordinates of the points that `histogramdd` counts, a tensor each."""
    if isinstance(sample, (list, tuple)):
        sample = stack([beside(place, x) for x in sample])
    elif np.ndim(sample) == 2:
        sample = beside(place, sample).T
    rows = for_arithmetic(atleast_2d(beside(place, sample)))
    if rows.ndim != 2:
        raise ValueError(f"histogramdd: expected points of two axes, got shape {rows.shape}")
    return list(rows)


def _edges(a, bins, range, weights):
    """The edges of `histogram` on a device."""
    if isinstance(bins, str):
        edges = _on_tensors()["histogram_bin_edges"](a, bins, range, weights)
        return asarray(edges, device=a.device)
    if np.ndim(bins) == 0:
        edges = np.histogram_bin_edges(_ends(a, range, a.dtype), bins, _read(range))
        return asarray(edges, device=a.device)
    # NumPy's own checks of the dtypes
    zero = None if weights is None else np.zeros((), weights.dtype)
    np.histogram(np.zeros((), a.dtype), [0, 1], weights=zero)
    edges = beside(a, bins)
    if edges.ndim > 1:
        raise ValueError("`bins` must be 1d, when an array")
    if anywhere(edges[:-1] > edges[1:]):
        raise ValueError("`bins` must increase monotonically, when an array")
    return edges


def _edges_of(i, column, bins, range):
    """The edges of one dimension of `histogramdd` on a device."""
    if np.ndim(bins) > 1:
        raise ValueError(f"`bins[{i}]` must be a scalar or 1d array")
    if np.ndim(bins) == 1:
        edges = beside(column, bins)
        if anywhere(edges[:-1] > edges[1:]):
            raise ValueError(f"`bins[{i}]` must be monotonically increasing, when an array")
        return edges
    if bins < 1:
        raise ValueError(f"`bins[{i}]` must be positive, when an integer")
    ends = np.histogram_bin_edges(_ends(column, range, np.float64), 1, _read(range))
    try:
        return asarray(np.linspace(*ends, operator.index(bins) + 1), device=column.device)
    except TypeError:
        raise TypeError(f"`bins[{i}]` must be an integer, when a scalar") from None


def _ends(a, range, dtype):
    """What NumPy has to know of the elements to tell edges of equal distances: the least and the
    largest one, or only their dtype."""
    if range is not None or a.size == 0:
        return np.empty(0, dtype)
    return np.asarray(stack((a.min(), a.max())).cpu())


def _read(range):
    """A range whose ends may be on a device, too."""
    if range is None:
        return None
    return [np.asarray(x.cpu())[()] if on_device(x) else x for x in range]


@functools.cache
def _on_tensors():
    """NumPy's functions over tensors: rules for the number of bins."""
    code = {"__name__": "tensorlib"}
    run_module("numpy.lib._histograms_impl", code)
    return code


def _bins_of(line, edges):
    """For each element the number of its bin, from one on; outside it is zero or one more than
    there are."""
    places = searchsorted(edges, line, "right")
    return where(line == edges[-1], edges.size - 1, places)


def _summed(line, edges, weights):
    """The sums of weights in the bins."""
    kinds = {"b": np.int64, "i": np.int64, "u": np.int64, "c": np.complex128}
    dtype = kinds.get(weights.dtype.kind, np.float64)  # bfloat16's kind is V
    sums = zeros(edges.size + 1, dtype, device=line.device)
    if edges.size:
        sums = apply(ops.index_add, (sums, asarray(weights, dtype)), ((_bins_of(line, edges),),))
    return asarray(sums[1:-1], weights.dtype)
