"""Rows of a table by number: alone, in bags, and as vectors of zeros and a one."""

import numpy as np

from tensorlib._arguments import followed, for_arithmetic, from_zero, stays
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, full, maximum, where, zeros
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of
from tensorlib._histograms import bincount
from tensorlib._selection import searchsorted
from tensorlib.autograd import no_grad
from tensorlib.linalg import vector_norm
from tensorlib.nn._arguments import int_tuple

MODES = ("sum", "mean", "max")


def embedding(
    input,
    weight,
    padding_idx=None,
    max_norm=None,
    norm_type=2.0,
    scale_grad_by_freq=False,
    sparse=False,
):
    """Pick rows of a table.

    Parameters
    ----------
    input : Tensor of int
        The numbers of the rows.
    weight : Tensor, shape (V, D)
        The table.
    padding_idx : int, optional
        A row that gets no gradient; a negative number counts from the end.
    max_norm : float, optional
        Rows that are picked and have a larger norm are scaled down to it first, in `weight` itself.
    norm_type : float, optional
        Order of that norm.
    scale_grad_by_freq : bool, optional
        Whether the gradient of a row is divided by how often it is picked.
    sparse : bool, optional
        Only False: gradients are dense.

    Returns
    -------
    Tensor, shape (..., D)
        With the axes of `input` first.

    Raises
    ------
    IndexError
        If there is no row of a number.
    TypeError
        If `input` is not of integers.
    ValueError
        If `weight` is no matrix, `padding_idx` none of its rows, or `sparse` is true.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.embedding(tl.asarray([1, 0]), tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    check_dense("embedding", sparse)
    _check_rows("embedding", input, weight)
    padding_idx = padding_row("embedding", padding_idx, weight.shape[0])
    if max_norm is not None:
        _limit_norms(weight, input, max_norm, norm_type)
    return _rows(weight, input, padding_idx, scale_grad_by_freq)


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2.0,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """Pick rows of a table and take the sum, the mean or the maximum of those in a bag.

    Parameters
    ----------
    input : Tensor of int, shape (B, L) or (N,)
        The numbers of the rows: of each bag, or of all bags in turn.
    weight : Tensor, shape (V, D)
        The table.
    offsets : Tensor of int, shape (B,), optional
        Where each bag begins in an `input` of one axis: never falling, the first at zero.
    max_norm : float, optional
        Rows that are picked and have a larger norm are scaled down to it first, in `weight` itself.
    norm_type : float, optional
        Order of that norm.
    scale_grad_by_freq : bool, optional
        Whether the gradient of a row is divided by how often it is picked. Not with ``"max"``.
    mode : {"mean", "sum", "max"}, optional
    sparse : bool, optional
        Only False: gradients are dense.
    per_sample_weights : Tensor, shape of input, optional
        Factors of the rows; with ``"sum"`` only.
    include_last_offset : bool, optional
        Whether `offsets` has one number more: where the last bag ends.
    padding_idx : int, optional
        A row that counts in no bag and gets no gradient; a negative number counts from the end.

    Returns
    -------
    Tensor, shape (B, D)
        Zero for an empty bag.

    Raises
    ------
    IndexError
        If there is no row of a number.
    TypeError
        If `input` or `offsets` is not of integers.
    ValueError
        If shapes do not fit, options exclude each other, or `offsets` does not part the input.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> weight = tl.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> F.embedding_bag(tl.asarray([1, 0, 1]), weight, tl.asarray([0, 2])).tolist()
    [[2.0, 3.0], [3.0, 4.0]]
    """
    check_dense("embedding_bag", sparse)
    check_mode("embedding_bag", mode, scale_grad_by_freq)
    _check_rows("embedding_bag", input, weight)
    padding_idx = padding_row("embedding_bag", padding_idx, weight.shape[0])
    _check_factors(input, per_sample_weights, mode)
    starts, count = _bags(input, offsets, include_last_offset)
    if max_norm is not None:
        _limit_norms(weight, input, max_norm, norm_type)
    input = input.reshape(-1)
    rows = _rows(weight, input, None, scale_grad_by_freq)
    bags = searchsorted(starts, arange(input.size, device=input.device), side="right") - 1
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.reshape(-1, 1)
    rows = for_arithmetic(rows)
    if mode == "max":
        return _largest(rows, bags, starts, count, _counts(input, padding_idx))
    counted = _counts(input, padding_idx)
    if counted is not None:
        rows[~counted] = 0
    # What comes after the last bag falls into one more, which is dropped.
    sums = zeros((count + 1, weight.shape[1]), dtype=rows.dtype, device=rows.device)
    sums = apply(ops.index_add, (sums, rows), ((bags,),))[:count]
    if mode == "sum":
        return sums
    sizes = bincount(bags, counted, count + 1)[:count]
    return sums / maximum(sizes, 1).astype(rows.dtype)[:, None]


def one_hot(tensor, num_classes=-1):
    """Write each number as a vector that has a one at its place.

    Parameters
    ----------
    tensor : Tensor of int
        At least zero.
    num_classes : int, optional
        Length of the vectors; by default one more than the largest number.

    Returns
    -------
    Tensor of int64, shape (..., num_classes)

    Raises
    ------
    TypeError
        If `tensor` is not of integers.
    ValueError
        If a number has no place, or there is none to tell `num_classes` by.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.one_hot(tl.asarray([2, 0])).tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    if tensor.dtype.kind not in "iu":
        raise TypeError(f"one_hot: expected a tensor of integers, got {tensor.dtype}")
    (num_classes,) = int_tuple("one_hot", "num_classes", num_classes, 1, -1)
    if tensor.size == 0 and num_classes <= 0:
        raise ValueError(
            f"one_hot: expected num_classes > 0 for an empty tensor of shape {tensor.shape}, "
            f"got {num_classes}"
        )
    read = tensor.size and (num_classes == -1 or wrapped_of(tensor) is None)
    least, most = (int(tensor.min()), int(tensor.max())) if read else (0, -1)
    if num_classes == -1:
        num_classes = most + 1
    if least < 0 or most >= num_classes:
        raise ValueError(
            f"one_hot: expected numbers from 0 to {num_classes - 1}, got {least} to {most}"
        )
    return (tensor[..., None] == arange(num_classes, device=tensor.device)).astype("int64")


def check_dense(operation, sparse):
    """Refuse sparse gradients."""
    if sparse:
        raise ValueError(f"{operation}: expected sparse=False, as gradients are dense, got True")


def check_mode(operation, mode, scale_grad_by_freq):
    """Refuse what is no way to make one vector of a bag."""
    if mode not in MODES:
        raise ValueError(f"{operation}: expected mode 'sum', 'mean' or 'max', got {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError(f"{operation}: expected scale_grad_by_freq=False with mode 'max'")


def padding_row(operation, padding_idx, rows):
    """`padding_idx` as a number from the start; None stays."""
    if padding_idx is None:
        return None
    (row,) = int_tuple(operation, "padding_idx", padding_idx, 1, -rows)
    if row >= rows:
        raise ValueError(
            f"{operation}: expected padding_idx to be one of {rows} rows, got {padding_idx}"
        )
    return row % rows


def _check_rows(operation, input, weight):
    if weight.ndim != 2:
        raise ValueError(f"{operation}: expected weight of shape (V, D), got {weight.shape}")
    if input.dtype.kind not in "iu":
        raise TypeError(f"{operation}: expected an input of integers, got {input.dtype}")
    if stays(input):  # of a recorder or a device: the kernel refuses others
        return
    if input.size and not (input.min() >= 0 and input.max() < weight.shape[0]):
        raise IndexError(
            f"{operation}: expected rows from 0 to {weight.shape[0] - 1} for weight of shape "
            f"{weight.shape}, got {input.min()} to {input.max()}"
        )


def _check_factors(input, factors, mode):
    if factors is None:
        return
    if mode != "sum":
        raise ValueError(
            f"embedding_bag: expected mode 'sum' with per_sample_weights, got {mode!r}"
        )
    if factors.shape != input.shape:
        raise ValueError(
            f"embedding_bag: expected per_sample_weights of shape {input.shape}, "
            f"got {factors.shape}"
        )


def _bags(input, offsets, include_last):
    """Where bags begin, and with one more number where the last ends; how many there are."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                f"embedding_bag: expected no offsets for an input of shape {input.shape}, which "
                f"has the bags as rows, got offsets of shape {offsets.shape}"
            )
        count, length = input.shape
        return arange(count + 1, device=input.device) * length, count
    if input.ndim != 1 or not isinstance(offsets, Tensor) or offsets.ndim != 1:
        got = "None" if offsets is None else offsets.shape
        raise ValueError(
            "embedding_bag: expected an input of shape (B, L), or one of shape (N,) with offsets "
            f"of shape (B,), got {input.shape} and {got}"
        )
    if offsets.dtype.kind not in "iu":
        raise TypeError(f"embedding_bag: expected offsets of integers, got {offsets.dtype}")
    offsets = offsets.astype("int64", copy=False)
    falls = offsets.size > 1 and (offsets[1:] < offsets[:-1]).any()
    if offsets.size and (offsets[0] != 0 or falls or offsets[-1] > input.size):
        raise ValueError(
            f"embedding_bag: expected offsets that begin with 0 and never fall, up to the "
            f"{input.size} numbers of the input, got {offsets.tolist()}"
        )
    if include_last and not offsets.size:
        raise ValueError("embedding_bag: expected an offset with include_last_offset, got none")
    return offsets, offsets.size - bool(include_last)


def _limit_norms(weight, input, max_norm, norm_type):
    """Scale picked rows that are too long, in place."""
    input = from_zero(input)
    with no_grad():
        picked = weight[input]
        length = vector_norm(picked, axis=-1, ord=norm_type, keepdims=True)
        factor = max_norm / (length + 1e-7)
        weight[input] = where(length > max_norm, picked * factor, picked)


def _rows(weight, input, padding_idx, by_frequency):
    """The rows of the table; gradients are stopped or scaled as the options say."""
    rows = weight[from_zero(input)]
    if by_frequency:
        repeats = bincount(input.reshape(-1), minlength=weight.shape[0])[input]
        constant = rows.detach()
        rows = constant + (rows - constant) / repeats.astype(rows.dtype)[..., None]
    if padding_idx is not None and followed(rows):
        rows[input == padding_idx] = weight.detach()[padding_idx]  # what it is, as a constant
    return rows


def _counts(input, padding_idx):
    """Which rows count; None for all."""
    return None if padding_idx is None else input != padding_idx


def _largest(rows, bags, starts, count, counted):
    """The largest of each bag's rows, laid side by side and filled up with infinities."""
    if counted is not None:
        rows[~counted] = -np.inf
    places = arange(rows.shape[0], device=rows.device) - starts[bags]
    length = int(places.max()) + 1 if rows.shape[0] else 0
    shape = (count + 1, length, rows.shape[1])
    laid = full(shape, -np.inf, dtype=rows.dtype, device=rows.device)
    laid = apply(ops.index_put, (laid, rows), ((bags, places),))[:count]
    largest = laid.max(axis=1, initial=-np.inf)
    sizes = bincount(bags, counted, count + 1)[:count]
    return where((sizes > 0)[:, None], largest, 0)
