"""Einstein summation, as a series of products of two arrays.

The subscripts and shapes are compiled once to a function of the arrays. In it a subscript is a
*label*: a letter, or for the axes under an ellipsis a negative number that counts from the last of
them, so that labels broadcast as axes do.
"""

import math
import string
from functools import lru_cache

import numpy as np

from tensorlib._arguments import integer, write_out
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._exchange import memory_order
from tensorlib._core._functions import asarray, matmul, multiply, reshape, sum
from tensorlib._core._tensor import Tensor

CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
LETTERS = string.ascii_uppercase + string.ascii_lowercase


def einsum(*operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    """Sums of products by Einstein's convention.

    Parameters
    ----------
    *operands : str, array_like...
        The subscripts, then the arrays: ``"ij,jk->ik", a, b``. Without ``->`` the result has the
        letters that occur once, in alphabetical order. ``...`` stands for axes that broadcast. Or
        each array followed by a list of ints as its subscripts, and at the end that of the result.
    out : Tensor, optional
        Where to write the result.
    optimize : bool, "greedy", "optimal" or path
        In which order to multiply three arrays or more: as `einsum_path` finds it, which by
        default takes the best product of two arrays each time; or the path that it returned.
    dtype : dtype, optional
        In which to compute; by default the promoted dtype.
    order : {"C", "F", "A", "K"}
        Memory layout of the result; "K" as it comes, "A" Fortran's if all arrays have it.
    casting : {"no", "equiv", "safe", "same_kind", "unsafe"}
        Which casts to `dtype` are allowed.

    Returns
    -------
    Tensor
        A view for one array whose axes are only moved or taken as a diagonal.

    Raises
    ------
    TypeError
        If `casting` forbids a cast.
    ValueError
        If the subscripts are malformed, the arrays do not fit them, or `casting` is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([[1, 2], [3, 4]])
    >>> tl.einsum("ii", x), tl.einsum("ij,jk->ik", x, x)
    (tensor(5), tensor([[ 7, 10],
            [15, 22]]))
    """
    order = memory_order("einsum", order, "K")
    if casting not in CASTINGS:
        raise ValueError(f"einsum: casting must be one of {CASTINGS}, got {casting!r}")
    subscripts, arrays = _subscripts_and_arrays(operands)
    if order == "A":
        order = "F" if all(a.flags.f_contiguous for a in arrays) else "C"
    dtypes = [a.dtype for a in arrays]
    if dtype is not None or dtypes.count(dtypes[0]) < len(dtypes):
        target = np.dtype(dtype) if dtype is not None else np.result_type(*dtypes)
        for found in dtypes:
            if not np.can_cast(found, target, casting):
                raise TypeError(
                    f"einsum: cannot cast from {found} to {target} "
                    f"according to the rule {casting!r}"
                )
        arrays = [asarray(a, target) for a in arrays]
    path = tuple(optimize) if isinstance(optimize, list) else optimize
    result = _plan(subscripts, tuple([a.shape for a in arrays]), path)(arrays)
    if order != "K":
        result = asarray(result, order=order)
    return write_out("einsum", out, result, casting)


def einsum_path(*operands, optimize="greedy", einsum_call=False):
    """In which order `einsum` multiplies best.

    Parameters
    ----------
    *operands : str, array_like...
        As for `einsum`.
    optimize : bool, "greedy", "optimal" or path
        How to look: at the best product of two arrays each time, at all orders, or not at all. A
        tuple of "greedy" or "optimal" and a number bounds the elements of an intermediate.
    einsum_call : bool
        Whether to return what NumPy's own einsum needs.

    Returns
    -------
    tuple of list and str
        The order, for the `optimize` of `einsum`: "einsum_path", then for each product the
        positions of the arrays in the list of those that are left. And what it costs, as text.

    Raises
    ------
    KeyError
        If `optimize` is unknown.
    ValueError
        If the subscripts are malformed, or the arrays do not fit them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a, b, c = tl.ones((2, 9)), tl.ones((9, 9)), tl.ones(9)
    >>> tl.einsum_path("ij,jk,k->i", a, b, c)[0]
    ['einsum_path', (1, 2), (0, 1)]
    """
    # NumPy looks at shapes alone.
    operands = [
        np.broadcast_to(np.empty(()), x.shape) if isinstance(x, Tensor) else x for x in operands
    ]
    return np.einsum_path(*operands, optimize=optimize, einsum_call=einsum_call)


def _subscripts_and_arrays(operands):
    """The two forms of a call as one: text, and a list of tensors."""
    if len(operands) < 2:
        raise ValueError("einsum: expected subscripts and arrays, got nothing to add up")
    if isinstance(operands[0], str):
        return operands[0], [asarray(a) for a in operands[1:]]
    count = len(operands) // 2
    text = ",".join(_letters(labels) for labels in operands[1 : 2 * count : 2])
    if len(operands) % 2:
        text += "->" + _letters(operands[-1])
    return text, [asarray(a) for a in operands[: 2 * count : 2]]


# ------------------------------------------------------------------------------------------
# the plan: each function here gets labels, and returns a function of the arrays that have them,
# or None where there is nothing to do
# ------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _plan(subscripts, shapes, optimize):
    """A function from the list of arrays to the result."""
    terms, output = _parse(subscripts, [len(shape) for shape in shapes])
    sizes = _sizes(terms, shapes)
    labels, starts = zip(*map(_drop_broadcast, terms, shapes, [sizes] * len(terms)), strict=True)
    labels, left = list(labels), list(range(len(labels)))
    steps = []
    for positions in _path(terms, output, shapes, optimize):
        group = [left[i] for i in positions]
        left = [i for i in left if i not in group]
        product = group.pop(0)
        while group:
            other = group.pop(0)
            wanted = {*output}.union(*(labels[i] for i in (*left, *group)))
            found, multiply_two = _product(labels[product], labels[other], sizes, wanted)
            steps.append((product, other, multiply_two))
            product = len(labels)
            labels.append(found)
        left.append(product)
    remaining, reduce_last = _reduce(labels[-1], output)
    begin = [(k, start) for k, start in enumerate(starts) if start is not None]
    finish = _chain(reduce_last, _arrange(remaining, output, sizes))

    def contract(arrays):
        for k, start in begin:
            arrays[k] = start(arrays[k])
        for first, second, multiply_two in steps:
            arrays.append(multiply_two(arrays[first], arrays[second]))
            arrays[first] = arrays[second] = None
        return arrays[-1] if finish is None else finish(arrays[-1])

    return contract


def _chain(first, second):
    """One function that calls two, either of which may be None."""
    if first is None or second is None:
        return second or first
    return lambda array: second(first(array))


def _drop_broadcast(labels, shape, sizes):
    """Leave out axes of length one that other arrays have longer."""
    stays = [n == sizes[label] for n, label in zip(shape, labels, strict=True)]
    picked = tuple(slice(None) if stay else 0 for stay in stays)
    labels = tuple(label for label, stay in zip(labels, stays, strict=True) if stay)
    return labels, None if all(stays) else (lambda array: array[picked])


def _reduce(labels, wanted):
    """Take diagonals of labels that occur twice, and sum over those that are not wanted."""
    labels, diagonals = list(labels), []
    for label in sorted(set(labels), key=labels.index):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            diagonals.append((0, first, second))
            del labels[second], labels[first]
            labels.append(label)
    summed = tuple(i for i, label in enumerate(labels) if label not in wanted)
    remaining = tuple(label for label in labels if label in wanted)

    def reduce(array):
        for diagonal in diagonals:
            array = apply(ops.diagonal, (array,), diagonal)
        return sum(array, summed, dtype=arithmetic_dtype_of(array.dtype)) if summed else array

    return remaining, reduce if diagonals or summed else None


def _product(a, b, sizes, wanted):
    """Multiply, and sum over the shared labels that are not wanted."""
    a, reduce_a = _reduce(a, wanted.union(b))
    b, reduce_b = _reduce(b, wanted.union(a))
    shared = [label for label in a if label in b]
    batch = [label for label in shared if label in wanted]
    summed = [label for label in shared if label not in wanted]
    rows = [label for label in a if label not in shared]
    columns = [label for label in b if label not in shared]
    lengths = [[sizes[label] for label in group] for group in (batch, rows, summed, columns)]
    count, m, k, n = map(math.prod, lengths)
    if summed:
        stacked = (count,) if batch else ()
        shape_a, shape_b, multiply_two = (*stacked, m, k), (*stacked, k, n), matmul
    else:
        shape_a, shape_b, multiply_two = (count, m, 1), (count, 1, n), multiply
    prepare_a = _chain(reduce_a, _arrange(a, batch + rows + summed, sizes, shape_a))
    prepare_b = _chain(reduce_b, _arrange(b, batch + summed + columns, sizes, shape_b))
    found = (*batch, *rows, *columns)
    shape = tuple(sizes[label] for label in found)

    def product(x, y):
        x = x if prepare_a is None else prepare_a(x)
        y = y if prepare_b is None else prepare_b(y)
        z = multiply_two(x, y)
        return z if z.shape == shape else reshape(z, shape)

    return found, product


def _arrange(labels, order, sizes, shape=None):
    """Bring the axes into an order, then the array into a shape."""
    axes = tuple(labels.index(label) for label in order)
    ordered = tuple(sizes[label] for label in order)

    def move(array):
        return apply(ops.transpose, (array,), (axes,))

    def change_shape(array):
        return reshape(array, shape)

    return _chain(
        None if axes == tuple(range(len(axes))) else move,
        None if shape in (None, ordered) else change_shape,
    )


def _sizes(terms, shapes):
    sizes = {}
    for term, shape in zip(terms, shapes, strict=True):
        for label, n in zip(term, shape, strict=True):
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                what = "axes under the ellipsis" if isinstance(label, int) else repr(label)
                raise ValueError(f"einsum: expected one length for {what}, got {known} and {n}")
    return sizes


def _path(terms, output, shapes, optimize):
    """Which arrays to multiply next, as positions in the list of those that are left."""
    labels = {label for term in terms for label in term}
    if len(terms) < 3 or len(labels) > len(LETTERS):
        return [tuple(range(len(terms)))]
    letters = dict(zip(labels, LETTERS, strict=False))
    inputs = ",".join("".join(letters[label] for label in term) for term in terms)
    subscripts = f"{inputs}->{''.join(letters[label] for label in output)}"
    shaped = (np.broadcast_to(np.empty(()), shape) for shape in shapes)
    if isinstance(optimize, tuple) and optimize[0] == "einsum_path":
        optimize = list(optimize)
    return np.einsum_path(subscripts, *shaped, optimize=optimize or "greedy")[0][1:]


# ------------------------------------------------------------------------------------------
# subscripts
# ------------------------------------------------------------------------------------------


def _parse(subscripts, ndims):
    """The labels of each array, and those of the result."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    inputs = inputs.split(",")
    if len(inputs) != len(ndims):
        raise ValueError(
            f"einsum: expected as many arrays as subscripts, got {len(ndims)} and {len(inputs)}"
        )
    terms = [_labels(text, ndim) for text, ndim in zip(inputs, ndims, strict=True)]
    flat = [label for term in terms for label in term]
    under_ellipsis = sorted({label for label in flat if isinstance(label, int)})
    if not arrow:
        once = sorted(x for x in set(flat) if isinstance(x, str) and flat.count(x) == 1)
        return terms, (*under_ellipsis, *once)
    if under_ellipsis and "..." not in output:
        raise ValueError(f"einsum: expected '...' in the result as in the arrays, got {output!r}")
    result = _labels(output, len(output.replace("...", "")) + len(under_ellipsis))
    for label in result:
        if label not in flat:
            raise ValueError(f"einsum: the result has {label!r}, which no array has")
        if result.count(label) > 1:
            raise ValueError(f"einsum: expected each letter once in the result, got {output!r}")
    return terms, result


def _labels(text, ndim):
    """The labels of an array of `ndim` axes."""
    before, dots, after = text.partition("...")
    letters = before + after
    if not all(letter in LETTERS for letter in letters):
        raise ValueError(f"einsum: expected letters, commas, '...' and '->', got {text!r}")
    hidden = ndim - len(letters)
    if hidden < 0 or (hidden and not dots):
        raise ValueError(f"einsum: expected an array with the axes {text!r}, got {ndim} axes")
    return (*before, *range(-hidden, 0), *after)


def _letters(labels):
    """Subscripts given as a list of ints and ellipses, as text."""
    text = ""
    for label in labels:
        if label is Ellipsis:
            text += "..."
        elif 0 <= integer("einsum", "a subscript", label) < len(LETTERS):
            text += LETTERS[label]
        else:
            raise ValueError(
                f"einsum: expected subscripts from 0 to {len(LETTERS) - 1}, got {label}"
            )
    return text
