"""Counts of values: of integers, and of numbers by interval."""

import numpy as np

from tensorlib._arguments import computed, followed, named, on_device
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, ones, zeros
from tensorlib._numpy_code import computed_by


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


@computed_by(np.histogram_bin_edges)
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


@computed_by(np.histogram)
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


@computed_by(np.histogram2d)
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


@computed_by(np.histogramdd)
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
