"""Einstein summation, as a series of products of two arrays.

A subscript is a *label*: a letter, or for the axes under an ellipsis a negative number that counts
from the last of them, so that labels broadcast as axes do.
"""

import math
import string
from dataclasses import dataclass
from operator import index

import numpy as np

from tensorlib._arguments import write_out
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, matmul, multiply, reshape, sum, transpose
from tensorlib._core._tensor import Tensor

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
        How to order the products: from left to right, or as `numpy.einsum_path` finds best.
    dtype : dtype, optional
        In which to compute; by default the promoted dtype.
    order : {"C", "F", "A", "K"}
        Memory layout of the result; "K" as it comes.
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
        If the subscripts are malformed, or the arrays do not fit them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([[1, 2], [3, 4]])
    >>> tl.einsum("ii", x), tl.einsum("ij,jk->ik", x, x)
    (tensor(5), tensor([[ 7, 10],
            [15, 22]]))
    """
    terms, output, arrays = _parse(operands)
    target = np.result_type(*(a.dtype for a in arrays)) if dtype is None else np.dtype(dtype)
    for a in arrays:
        if not np.can_cast(a.dtype, target, casting):
            raise TypeError(
                f"einsum: cannot cast from {a.dtype} to {target} according to the rule {casting!r}"
            )
    sizes = _sizes(terms, arrays)
    factors = [
        _drop_broadcast(Factor(asarray(a, target), term), sizes)
        for a, term in zip(arrays, terms, strict=True)
    ]
    for positions in _path(terms, output, arrays, optimize):
        group = [factors[i] for i in positions]
        factors = [factor for i, factor in enumerate(factors) if i not in positions]
        wanted = {*output}.union(*(factor.labels for factor in factors))
        factors.append(_contract(group, wanted))
    result = factors[0].ordered(output)
    if order != "K":
        result = asarray(result, order=order)
    return write_out("einsum", out, result, casting)


@dataclass
class Factor:
    """An array with a label for each axis."""

    array: Tensor
    labels: tuple

    def ordered(self, labels):
        return transpose(self.array, [self.labels.index(label) for label in labels])

    def shape(self, labels):
        return [self.array.shape[self.labels.index(label)] for label in labels]


def _contract(group, wanted):
    """The product of some factors, of which only the wanted labels remain."""
    product = None
    for i, factor in enumerate(group):
        later = wanted.union(*(other.labels for other in group[i + 1 :]))
        if product is None:
            product = _reduce(factor, later)
        else:
            left = _reduce(product, later.union(factor.labels))
            right = _reduce(factor, later.union(product.labels))
            product = _product(left, right, later)
    return product


def _reduce(factor, wanted):
    """Take diagonals of labels that occur twice, and sum over those that are not wanted."""
    array, labels = factor.array, list(factor.labels)
    for label in set(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            array = apply(ops.diagonal, (array,), (0, first, second))
            del labels[second], labels[first]
            labels.append(label)
    summed = tuple(i for i, label in enumerate(labels) if label not in wanted)
    if summed:
        array = sum(array, summed, dtype=array.dtype)
        labels = [label for label in labels if label in wanted]
    return Factor(array, tuple(labels))


def _product(a, b, wanted):
    """The product of two factors, summed over the shared labels that are not wanted."""
    shared = [label for label in a.labels if label in b.labels]
    batch = [label for label in shared if label in wanted]
    summed = [label for label in shared if label not in wanted]
    rows = [label for label in a.labels if label not in shared]
    columns = [label for label in b.labels if label not in shared]
    shape = a.shape(batch), a.shape(rows), a.shape(summed), b.shape(columns)
    count, m, k, n = map(math.prod, shape)
    left, right = a.ordered(batch + rows + summed), b.ordered(batch + summed + columns)
    if summed:
        stacked = (count,) if batch else ()
        array = matmul(reshape(left, (*stacked, m, k)), reshape(right, (*stacked, k, n)))
    else:
        array = multiply(reshape(left, (count, m, 1)), reshape(right, (count, 1, n)))
    return Factor(reshape(array, (*shape[0], *shape[1], *shape[3])), (*batch, *rows, *columns))


def _drop_broadcast(factor, sizes):
    """Leave out axes of length one that other factors have longer."""
    stays = [n == sizes[x] for n, x in zip(factor.array.shape, factor.labels, strict=True)]
    if all(stays):
        return factor
    picked = tuple(slice(None) if stay else 0 for stay in stays)
    labels = tuple(x for x, stay in zip(factor.labels, stays, strict=True) if stay)
    return Factor(factor.array[picked], labels)


def _sizes(terms, arrays):
    sizes = {}
    for term, a in zip(terms, arrays, strict=True):
        for label, n in zip(term, a.shape, strict=True):
            known = sizes.setdefault(label, n)
            if known == 1:
                sizes[label] = n
            elif n not in (1, known):
                what = "axes under the ellipsis" if isinstance(label, int) else repr(label)
                raise ValueError(f"einsum: expected one length for {what}, got {known} and {n}")
    return sizes


def _path(terms, output, arrays, optimize):
    """Which factors to multiply next, as positions in the list of those that are left."""
    if optimize is False or len(arrays) < 3:
        return [tuple(range(len(arrays)))]
    labels = {label for term in terms for label in term}
    letters = dict(zip(labels, LETTERS, strict=False))
    if len(letters) < len(labels):
        return [tuple(range(len(arrays)))]
    inputs = ",".join("".join(letters[label] for label in term) for term in terms)
    subscripts = f"{inputs}->{''.join(letters[label] for label in output)}"
    shapes = (np.broadcast_to(np.empty((), a.dtype), a.shape) for a in arrays)
    return np.einsum_path(subscripts, *shapes, optimize=optimize)[0][1:]


# ------------------------------------------------------------------------------------------
# subscripts
# ------------------------------------------------------------------------------------------


def _parse(operands):
    """The labels of each array, those of the result, and the arrays."""
    if not operands:
        raise ValueError("einsum: expected subscripts and arrays, got nothing")
    if isinstance(operands[0], str):
        inputs, arrow, output = operands[0].replace(" ", "").partition("->")
        inputs, output = inputs.split(","), output if arrow else None
        arrays = operands[1:]
    else:
        count = len(operands) // 2
        inputs = [_letters(labels) for labels in operands[1 : 2 * count : 2]]
        output = _letters(operands[-1]) if len(operands) % 2 else None
        arrays = operands[: 2 * count : 2]
    if len(inputs) != len(arrays):
        raise ValueError(
            f"einsum: expected as many arrays as subscripts, got {len(arrays)} and {len(inputs)}"
        )
    arrays = [asarray(a) for a in arrays]
    terms = [_labels(text, a.ndim) for text, a in zip(inputs, arrays, strict=True)]
    flat = [label for term in terms for label in term]
    under_ellipsis = sorted({label for label in flat if isinstance(label, int)})
    if output is None:
        once = sorted(x for x in set(flat) if isinstance(x, str) and flat.count(x) == 1)
        return terms, (*under_ellipsis, *once), arrays
    if under_ellipsis and "..." not in output:
        raise ValueError(f"einsum: expected '...' in the result as in the arrays, got {output!r}")
    result = _labels(output, len(output.replace("...", "")) + len(under_ellipsis))
    for label in result:
        if label not in flat:
            raise ValueError(f"einsum: the result has {label!r}, which no array has")
        if result.count(label) > 1:
            raise ValueError(f"einsum: expected each letter once in the result, got {output!r}")
    return terms, result, arrays


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
        elif 0 <= index(label) < len(LETTERS):
            text += LETTERS[index(label)]
        else:
            raise ValueError(
                f"einsum: expected subscripts from 0 to {len(LETTERS) - 1}, got {label}"
            )
    return text
