"""Attention."""

import math

import numpy as np

from tensorlib._core._autocast import current
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, broadcast_to, matmul
from tensorlib.autograd.rules.attention import attention_weights
from tensorlib.nn._arguments import check_probability
from tensorlib.nn.functional.dropout import dropout


def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask=None,
    dropout_p=0.0,
    is_causal=False,
    scale=None,
    enable_gqa=False,
):
    """Average values, weighted by the softmax of the products of queries and keys.

    ``softmax(query @ key.T * scale + mask) @ value``, of Vaswani et al. (2017, arXiv:1706.03762,
    equation 1). The products are computed in blocks, so that the memory needed grows with the
    length of the sequences, not its square; so do the gradients. Only dropout, a gradient of
    the mask, and gradients of gradients make the whole matrix.

    Parameters
    ----------
    query : Tensor, shape (..., L, E)
        Of a floating dtype. Leading axes of all arguments are broadcast.
    key : Tensor, shape (..., S, E)
    value : Tensor, shape (..., S, V)
    attn_mask : Tensor, shape broadcastable to (..., L, S), optional
        Of dtype bool: true where a query sees a key. Of a floating dtype: added to the
        scaled products. A query that sees no key gets zeros.
    dropout_p : float, optional
        Probability with which a weight is made zero; here there is no training mode.
    is_causal : bool, optional
        Whether query ``i`` sees the keys up to the ``i``-th only, besides what the mask says.
    scale : float, optional
        ``1 / sqrt(E)`` by default.
    enable_gqa : bool, optional
        Whether several heads of `query`, which are its axis -3, share one of `key` and `value`
        (Ainslie et al., 2023, arXiv:2305.13245).

    Returns
    -------
    Tensor, shape (..., L, V)

    Raises
    ------
    ValueError
        If the shapes do not fit, or `dropout_p` is outside [0, 1].
    TypeError
        If the dtypes differ or are not floating, or the mask's is neither bool nor floating.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([[1.0, 0.0], [0.0, 1.0]])
    >>> F.scaled_dot_product_attention(x, x, x, is_causal=True, scale=0.0).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    check_probability("scaled_dot_product_attention", dropout_p)
    _check(query, key, value, attn_mask)
    mask = asarray(True) if attn_mask is None else attn_mask
    if mask.dtype != bool:
        mask = mask.astype(query.dtype, copy=False)
    shape = None
    if enable_gqa:
        shape = (*query.shape[:-1], value.shape[-1])
        query, key, value, mask = _grouped(query, key, value, mask)
    try:
        outer = np.broadcast_shapes(*(x.shape[:-2] for x in (query, key, value, mask)))
    except ValueError:
        raise _mismatch(query, key, value, mask) from None
    query, key, value = (broadcast_to(x, (*outer, *x.shape[-2:])) for x in (query, key, value))
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else float(scale)
    if dropout_p:
        weights = attention_weights(query, key, mask, bool(is_causal), scale)
        result = matmul(dropout(weights, dropout_p), value)
    else:
        operands = query, key, value, mask
        result, _ = apply(ops.attention, operands, (bool(is_causal), scale))
    return result if shape is None else result.reshape(shape)


def _check(query, key, value, mask):
    name = "scaled_dot_product_attention"
    for x in (query, key, value):
        mixed = x.dtype != query.dtype and current() is None  # autocast makes them one
        if mixed or x.dtype.kind not in "fV":
            raise TypeError(
                f"{name}: expected query, key and value of one floating dtype, got {query.dtype}, "
                f"{key.dtype} and {value.dtype}"
            )
    if mask is not None and mask.dtype != bool and mask.dtype.kind not in "fV":
        raise TypeError(f"{name}: expected attn_mask of dtype bool or floating, got {mask.dtype}")
    if (
        min(query.ndim, key.ndim, value.ndim) < 2
        or query.shape[-1] != key.shape[-1]
        or key.shape[-2] != value.shape[-2]
    ):
        raise _mismatch(query, key, value, mask)
    if mask is not None:
        expected = (query.shape[-2], key.shape[-2])
        if mask.ndim < 2 or any(
            n not in (1, m) for n, m in zip(mask.shape[-2:], expected, strict=True)
        ):
            raise ValueError(
                f"{name}: expected attn_mask of shape broadcastable to (..., {expected[0]}, "
                f"{expected[1]}), got {mask.shape}"
            )


def _mismatch(query, key, value, mask):
    text = f"{query.shape}, {key.shape} and {value.shape}"
    if mask is not None and mask.ndim:
        text += f", attn_mask of shape {mask.shape}"
    return ValueError(
        "scaled_dot_product_attention: expected query (..., L, E), key (..., S, E) and value "
        f"(..., S, V), got {text}"
    )


def _grouped(query, key, value, mask):
    """Heads as two axes: those of keys, and the queries that share one."""
    name = "scaled_dot_product_attention"
    if min(query.ndim, key.ndim, value.ndim) < 3:
        raise ValueError(f"{name}: enable_gqa expects an axis of heads, got {query.shape}, "
                         f"{key.shape} and {value.shape}")  # fmt: skip
    heads, shared = query.shape[-3], key.shape[-3]
    if shared == 0 or heads % shared or value.shape[-3] != shared:
        raise ValueError(
            f"{name}: enable_gqa expects heads of query to be a multiple of those of key and "
            f"value, got {heads}, {shared} and {value.shape[-3]}"
        )
    if mask.ndim > 2 and mask.shape[-3] == heads:
        mask = _in_groups(mask, shared)
    elif mask.ndim > 2:
        mask = mask[..., None, :, :]
    return _in_groups(query, shared), key[..., None, :, :], value[..., None, :, :], mask


def _in_groups(x, count):
    *outer, heads, rows, columns = x.shape
    return x.reshape(*outer, count, heads // count, rows, columns)
