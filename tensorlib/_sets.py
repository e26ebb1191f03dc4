"""Arrays as sets: elements each once, and what two arrays share."""

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from tensorlib._arguments import all_beside, axis_index, elements, followed, on_device
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import (
    arange,
    argsort,
    asarray,
    cumsum,
    full,
    isnan,
    minimum,
    ones,
    reshape,
    sort,
)
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._manipulation import moveaxis
from tensorlib._numpy_code import by_numpy, computed_by
from tensorlib._selection import nonzero, searchsorted, take
from tensorlib._shape import ravel
from tensorlib._sorting import lexsort


def unique(
    ar,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    *,
    equal_nan=True,
    sorted=True,
):
    """The elements, or the slices along an axis, each once.

    Parameters
    ----------
    ar : array_like
    return_index : bool
        Whether to return where each was found first.
    return_inverse : bool
        Whether to return the indices that make `ar` of the unique elements.
    return_counts : bool
        Whether to return how often each was found.
    axis : int, optional
        Of whose slices to look for; by default for elements.
    equal_nan : bool
        Whether all NaN are one.
    sorted : bool
        Whether the elements must come in ascending order; without it may be faster.

    Returns
    -------
    Tensor or tuple of Tensor
        The unique elements, dtype of `ar`, differentiable; then what was asked for, int64: the
        inverse has the shape of `ar`, the others one axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `ar` holds no numbers.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unique([3, 1, 3, 2], return_counts=True)
    (tensor([1, 2, 3]), tensor([1, 1, 2]))
    >>> tl.unique([[1, 0], [1, 0], [2, 0]], axis=0)
    tensor([[1, 0],
            [2, 0]])
    """
    ar = asarray(ar)
    if on_device(ar):
        found, *others = _unique(ar, axis, return_index, return_inverse, return_counts, equal_nan)
        return (found, *others) if others else found
    asked = {"return_inverse": return_inverse, "return_counts": return_counts, "axis": axis}
    asked |= {"equal_nan": equal_nan, "sorted": sorted}
    if not followed(ar):
        return by_numpy("unique", np.unique, (ar, return_index), asked)
    _, index, *others = by_numpy("unique", np.unique, (ar.detach(), True), asked)
    found = (take(ar, index, axis), *([index] if return_index else []), *others)
    return found if len(found) > 1 else found[0]


def _unique(x, axis, return_index, return_inverse, return_counts, equal_nan):
    """`unique` on a device, where equal elements or slices are neighbours after sorting."""
    axis = None if axis is None else axis_index("unique", axis, x.ndim)
    if axis is None or x.ndim == 1:
        lines, axis = ravel(x), None
        order = argsort(lines)
    else:
        slices = moveaxis(x, axis, 0)
        lines = reshape(slices, (len(slices), math.prod(slices.shape[1:])))
        order = lexsort(lines.T[::-1]) if lines.shape[1] else arange(len(lines), device=x.device)
    lines = lines[order]
    differ = lines[1:] != lines[:-1]
    if axis is not None:
        differ = differ.any(1)
    elif equal_nan and lines.dtype.kind not in "biu":
        differ = differ & ~(isnan(lines[1:]) & isnan(lines[:-1]))
    first = concatenate((ones(min(len(lines), 1), bool, device=x.device), differ))
    (starts,) = nonzero(first)
    found = [lines[starts]]
    if axis is not None:
        found = [moveaxis(reshape(found[0], (len(starts), *slices.shape[1:])), 0, axis)]
    if return_index:
        found.append(order[starts])
    if return_inverse:
        groups = cumsum(asarray(first, np.int64)) - 1
        inverse = apply(ops.index_put, (order, groups), ((order,),))
        found.append(reshape(inverse, x.shape) if axis is None else inverse)
    if return_counts:
        ends = concatenate((starts[1:], full(min(len(starts), 1), len(lines), device=x.device)))
        found.append(ends - starts)
    return found


@computed_by(np.unique_all, elsewhere=True)
def unique_all(x):
    """The elements each once, in ascending order, and all that there is to know about them.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    namedtuple of Tensor
        ``values`` (dtype of `x`; each NaN for itself), ``indices`` of the first of each,
        ``inverse_indices`` that make `x` of the values, and ``counts``, all three int64.

    Raises
    ------
    TypeError
        If `x` requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unique_all([3, 1, 3]).inverse_indices
    tensor([1, 0, 1])
    """
    named = type(np.unique_all(()))
    return named(*_unique(x, None, True, True, True, False))


@computed_by(np.unique_counts, elsewhere=True)
def unique_counts(x):
    """The elements each once, and how often each occurs.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    namedtuple of Tensor
        ``values`` (dtype of `x`; each NaN for itself) and ``counts`` (int64).

    Raises
    ------
    TypeError
        If `x` requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unique_counts([3, 1, 3]).counts
    tensor([1, 2])
    """
    named = type(np.unique_counts(()))
    return named(*_unique(x, None, False, False, True, False))


@computed_by(np.unique_inverse, elsewhere=True)
def unique_inverse(x):
    """The elements each once, and the indices that make the array of them.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    namedtuple of Tensor
        ``values`` (dtype of `x`; each NaN for itself) and ``inverse_indices`` (shape of `x`,
        int64).

    Raises
    ------
    TypeError
        If `x` requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unique_inverse([3, 1, 3]).values
    tensor([1, 3])
    """
    named = type(np.unique_inverse(()))
    return named(*_unique(x, None, False, True, False, False))


def unique_values(x):
    """The elements each once, in ascending order.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    Tensor
        One axis, dtype of `x`; each NaN for itself. Differentiable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.unique_values([3, 1, 3])
    tensor([1, 3])
    """
    # Sorted, though the standard does not ask for it: programs rely on it.
    return unique(x, equal_nan=False)


@computed_by(np.intersect1d, elsewhere=True)
def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    """The elements that both arrays have, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : array_like
        Taken as one axis.
    assume_unique : bool
        Whether neither array has an element twice, which saves time.
    return_indices : bool
        Whether to return where the elements were found first.

    Returns
    -------
    Tensor or tuple of Tensor
        One axis, the promoted dtype; with the indices in `ar1` and in `ar2` (int64) if asked for.

    Raises
    ------
    TypeError
        If an array requires a gradient.
    ValueError
        If `assume_unique` is seen to be wrong.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.intersect1d([1, 3, 4, 3], [3, 1, 2, 1])
    tensor([1, 3])
    """
    ar1, ar2 = map(ravel, all_beside(ar1, ar2))
    if not assume_unique:
        ar1, first1 = unique(ar1, return_index=True)
        ar2, first2 = unique(ar2, return_index=True)
    both = concatenate((ar1, ar2))
    order = argsort(both)
    both = both[order]
    (places,) = nonzero(both[1:] == both[:-1])
    if not return_indices:
        return both[places]
    index1, index2 = order[places], order[places + 1] - ar1.size
    if not assume_unique:
        index1, index2 = first1[index1], first2[index2]
    return both[places], index1, index2


def isin(element, test_elements, assume_unique=False, invert=False, *, kind=None):
    """Which elements of an array occur in another.

    Parameters
    ----------
    element : array_like
    test_elements : array_like
        Where to look them up.
    assume_unique : bool
        Whether neither array has an element twice, which may save time.
    invert : bool
        Whether to say which do not occur.
    kind : {None, "sort", "table"}
        How to look them up; the table is quick and large, and for integers only.

    Returns
    -------
    Tensor
        Shape of `element`, bool.

    Raises
    ------
    RuntimeError
        If the table would be too large.
    ValueError
        If `kind` is none of the three, or "table" and an array is not of integers.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isin([[0, 2], [4, 6]], [1, 2, 4, 8])
    tensor([[False,  True],
            [ True, False]])
    """
    element, test_elements = (
        x.detach() if isinstance(x, Tensor) else x for x in (element, test_elements)
    )
    args = element, test_elements, assume_unique, invert
    return by_numpy("isin", np.isin, args, {"kind": kind}, _isin)


def _isin(element, test_elements, assume_unique, invert, kind):
    """`isin` on a device."""
    element, test_elements = all_beside(element, test_elements)
    nothing = (np.empty(0, x.dtype) for x in (element, test_elements))
    np.isin(*nothing, kind=kind)  # NumPy's own checks
    line = sort(ravel(test_elements))
    if line.size == 0:
        return full(element.shape, invert, bool, device=element.device)
    places = minimum(searchsorted(line, element), line.size - 1)
    return line[places] != element if invert else line[places] == element


@computed_by(np.setdiff1d, elsewhere=True)
def setdiff1d(ar1, ar2, assume_unique=False):
    """The elements of one array that another has not, each once, in ascending order.

    Parameters
    ----------
    ar1 : array_like
        Taken as one axis.
    ar2 : array_like
        Whose elements are left out.
    assume_unique : bool
        Whether neither array has an element twice, which saves time; then in the order of `ar1`.

    Returns
    -------
    Tensor
        One axis, dtype of `ar1`.

    Raises
    ------
    TypeError
        If an array requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.setdiff1d([1, 2, 3, 2, 4], [3, 4, 5])
    tensor([1, 2])
    """
    ar1, ar2 = all_beside(ar1, ar2)
    ar1 = ravel(ar1) if assume_unique else unique(ar1)
    return ar1[isin(ar1, ar2, invert=True)]


@computed_by(np.setxor1d, elsewhere=True)
def setxor1d(ar1, ar2, assume_unique=False):
    """The elements that only one of two arrays has, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : array_like
        Taken as one axis.
    assume_unique : bool
        Whether neither array has an element twice, which saves time.

    Returns
    -------
    Tensor
        One axis, the promoted dtype.

    Raises
    ------
    TypeError
        If an array requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.setxor1d([1, 2, 3], [2, 3, 5])
    tensor([1, 5])
    """
    ar1, ar2 = all_beside(ar1, ar2)
    if not assume_unique:
        ar1, ar2 = unique(ar1), unique(ar2)
    both = sort(concatenate((ravel(ar1), ravel(ar2))))
    differ = both[1:] != both[:-1]
    end = ones(min(both.size, 1), bool, device=both.device)
    return both[concatenate((end, differ)) & concatenate((differ, end))]


@computed_by(np.union1d, elsewhere=True)
def union1d(ar1, ar2):
    """The elements of two arrays, each once, in ascending order.

    Parameters
    ----------
    ar1, ar2 : array_like
        Taken as one axis.

    Returns
    -------
    Tensor
        One axis, the promoted dtype.

    Raises
    ------
    TypeError
        If an array requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.union1d([-1, 0, 1], [-2, 0, 2])
    tensor([-2, -1,  0,  1,  2])
    """
    return unique(concatenate([ravel(x) for x in all_beside(ar1, ar2)]))


def trim_zeros(filt, trim="fb", axis=None):
    """Without the zeros at the ends: the smallest box that holds all others.

    Parameters
    ----------
    filt : array_like
    trim : {"fb", "f", "b"}
        Where to trim: at the front, at the back, at both.
    axis : int or sequence of int, optional
        Which axes to trim; by default all.

    Returns
    -------
    Tensor or sequence
        A view of `filt`; of a list or tuple a part of it.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `trim` has other letters.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.trim_zeros(tl.asarray([0, 0, 1, 0, 2, 0]))
    tensor([1, 0, 2])
    """
    values = filt.detach() if on_device(filt) else elements("trim_zeros", filt)
    trim = trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(
            f"trim_zeros: unexpected character(s) in `trim`: expected 'f' and 'b', got {trim!r}"
        )
    axes = range(values.ndim) if axis is None else normalize_axis_tuple(axis, values.ndim, "axis")
    if not axes:
        return filt
    kept = [slice(None)] * values.ndim
    places = nonzero(values) if on_device(values) else np.nonzero(values)
    for k in axes:
        if places[k].size == 0:
            kept[k] = slice(0, 0)
        else:
            start = int(places[k].min()) if "f" in trim else None
            stop = int(places[k].max()) + 1 if "b" in trim else None
            kept[k] = slice(start, stop)
    return filt[kept[0] if values.ndim == 1 else tuple(kept)]
