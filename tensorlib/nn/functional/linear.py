"""Linear and bilinear maps."""

import math

from tensorlib._core._autocast import following
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import matmul, reshape, transpose
from tensorlib.nn._arguments import check_bias

IN_PLACE = 2**14  # below it a write, which the tape sees, costs more than new memory


def linear(input, weight, bias=None):
    """Map the last axis: ``input @ weight.T + bias``.

    Parameters
    ----------
    input : Tensor, shape (..., in)
    weight : Tensor, shape (out, in) or (in,)
    bias : Tensor, shape (out,) or (), optional

    Returns
    -------
    Tensor, shape (..., out) or (...)
        Of 16-bit floating-point numbers it is computed in float32 and rounded at the end.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.linear(tl.asarray([1.0, 2.0]), tl.asarray([[3.0, 4.0]]), tl.asarray([0.5])).tolist()
    [11.5]
    """
    if bias is not None and weight.ndim == 2:
        return apply(ops.linear, (input, weight, bias))
    if weight.ndim not in (1, 2) or input.ndim < 1 or input.shape[-1] != weight.shape[-1]:
        raise ValueError(
            "linear: expected shapes (..., in) and (out, in) or (in,), "
            f"got {input.shape} and {weight.shape}"
        )
    check_bias("linear", bias, weight.shape[:-1])
    if input.ndim <= 2:
        return _plus(input @ weight.T, bias)
    # One product of two matrices, where many small ones would be slower.
    *leading, features = input.shape
    rows = reshape(input, (math.prod(leading), features))
    return reshape(_plus(rows @ weight.T, bias), (*leading, *weight.shape[:-1]))


def bilinear(input1, input2, weight, bias=None):
    """Map two vectors to one, linearly in each: ``input1 @ weight[k] @ input2 + bias[k]``.

    Parameters
    ----------
    input1 : Tensor, shape (..., in1)
    input2 : Tensor, shape (..., in2)
        With the same axes before the last one.
    weight : Tensor, shape (out, in1, in2)
    bias : Tensor, shape (out,), optional

    Returns
    -------
    Tensor, shape (..., out)

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.bilinear(tl.asarray([1.0, 2.0]), tl.asarray([3.0]), tl.ones((1, 2, 1))).tolist()
    [9.0]
    """
    leading = input1.shape[:-1]
    if (
        weight.ndim != 3
        or min(input1.ndim, input2.ndim) < 1
        or input2.shape[:-1] != leading
        or (input1.shape[-1], input2.shape[-1]) != weight.shape[1:]
    ):
        raise ValueError(
            "bilinear: expected shapes (..., in1), (..., in2) and (out, in1, in2), "
            f"got {input1.shape}, {input2.shape} and {weight.shape}"
        )
    check_bias("bilinear", bias, weight.shape[:1])
    out, in1, in2 = weight.shape
    samples = math.prod(leading)
    # One product of matrices for all outputs, then one of matrices and vectors for each sample.
    by_output = reshape(transpose(weight, (1, 0, 2)), (in1, out * in2))
    maps = reshape(matmul(reshape(input1, (samples, in1)), by_output), (samples, out, in2))
    result = matmul(maps, reshape(input2, (samples, in2, 1)))
    return _plus(reshape(result, (*leading, out)), bias)


def _plus(product, bias):
    """A fresh product and a bias, or None; of many numbers in place, as no gradient needs the
    product."""
    if bias is None:
        return product
    bias = following(bias, product)
    if product.size < IN_PLACE or bias.dtype != product.dtype:
        return product + bias
    product += bias
    return product
