"""Attention of several heads, given its projections."""

from tensorlib._core._functions import asarray, broadcast_to, matmul, transpose, where, zeros
from tensorlib._joining import concatenate
from tensorlib._manipulation import swapaxes
from tensorlib.autograd.rules.attention import attention_weights
from tensorlib.nn._arguments import check_probability, int_tuple
from tensorlib.nn.functional.attention import scaled_dot_product_attention
from tensorlib.nn.functional.dropout import dropout
from tensorlib.nn.functional.linear import linear


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """Attention of several heads, each in a subspace of its own (Vaswani et al., 2017).

    What `nn.MultiheadAttention` computes, with its parameters as arguments.

    Parameters
    ----------
    query : Tensor, shape (L, batch, E) or (L, E)
    key : Tensor, shape (S, batch, K) or (S, K)
    value : Tensor, shape (S, batch, V) or (S, V)
    embed_dim_to_check : int
        E, as a check.
    num_heads : int
        E is a multiple of it.
    in_proj_weight : Tensor, shape (3 * E, E), or None
        The projections of queries, keys and values; not used with `use_separate_proj_weight`.
    in_proj_bias : Tensor, shape (3 * E,), or None
    bias_k, bias_v : Tensor, shape (1, 1, E), or None
        Added to the keys and values of each sequence.
    add_zero_attn : bool
        Whether a key and value of zeros are added.
    dropout_p : float
        Probability with which a weight is made zero, if `training`.
    out_proj_weight : Tensor, shape (E, E)
    out_proj_bias : Tensor, shape (E,), or None
    training : bool, optional
    key_padding_mask : Tensor, shape (batch, S) or (S,), optional
        True, or minus infinity, where a key is hidden. Other numbers are added to the scores.
    need_weights : bool, optional
        Whether to return the weights; without them less memory is needed.
    attn_mask : Tensor, shape (L, S) or (batch * num_heads, L, S), optional
        The same, for each query.
    use_separate_proj_weight : bool, optional
        Whether the projections are the next three arguments.
    q_proj_weight, k_proj_weight, v_proj_weight : Tensor, shape (E, E), (E, K), (E, V), optional
    static_k, static_v : Tensor, shape (batch * num_heads, S, E / num_heads), optional
        Keys and values of the heads, instead of projections.
    average_attn_weights : bool, optional
        Whether to return the mean of the weights over the heads.
    is_causal : bool, optional
        Says that `attn_mask` is the causal mask.

    Returns
    -------
    Tensor, shape of `query`
    Tensor, shape (batch, L, S) or (batch, num_heads, L, S), or None
        The weights. Without a batch they have no such axis.

    Raises
    ------
    ValueError
        If shapes do not fit, or `dropout_p` is outside [0, 1].
    TypeError
        If a mask is neither bool nor floating, or a projection is missing.
    RuntimeError
        If `is_causal` comes without a mask.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, one = tl.ones((3, 1, 2)), tl.eye(2)
    >>> three = tl.concatenate([one, one, one])
    >>> y, weights = F.multi_head_attention_forward(
    ...     x, x, x, 2, 1, three, None, None, None, False, 0.0, one, None
    ... )
    >>> y.shape, weights[0, 0].tolist() == [1 / 3] * 3
    ((3, 1, 2), True)
    """
    name = "multi_head_attention_forward"
    check_probability(name, dropout_p)
    (num_heads,) = int_tuple(name, "num_heads", num_heads, 1, 1)
    if query.shape[-1:] != (embed_dim_to_check,) or embed_dim_to_check % num_heads:
        raise ValueError(
            f"{name}: expected query of width {embed_dim_to_check}, a multiple of num_heads, got "
            f"{query.shape} and {num_heads}"
        )
    weights = projections(name, in_proj_weight, q_proj_weight, k_proj_weight, v_proj_weight,
                          use_separate_proj_weight)  # fmt: skip
    result, weights = attend(
        name,
        query,
        key,
        value,
        num_heads,
        weights,
        in_proj_bias,
        bias_k,
        bias_v,
        add_zero_attn,
        dropout_p if training else 0.0,
        key_padding_mask,
        need_weights,
        attn_mask,
        average_attn_weights,
        is_causal,
        static=(static_k, static_v),
    )
    return linear(result, out_proj_weight, out_proj_bias), weights


def projections(name, joint, query, key, value, separate):
    """The weights for queries, keys and values."""
    if separate:
        weights = [query, key, value]
    else:
        size = 0 if joint is None else joint.shape[-1]
        weights = [None if joint is None else joint[k * size : (k + 1) * size] for k in range(3)]
    if any(weight is None for weight in weights):
        expected = "q_proj_weight, k_proj_weight and v_proj_weight" if separate else ""
        raise TypeError(f"{name}: expected {expected or 'in_proj_weight'}, got None")
    return weights


def attend(
    name,
    query,
    key,
    value,
    heads,
    weights,
    bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    key_padding_mask,
    need_weights,
    attn_mask,
    average_attn_weights,
    is_causal,
    batch_first=False,
    static=(None, None),
):
    """All but the last projection, for the function and the module, which is `name` in messages."""
    if is_causal and attn_mask is None:
        raise RuntimeError(
            f"{name}: is_causal says that attn_mask is the causal mask; expected one, got none"
        )
    batched = query.ndim == 3
    widths = tuple(weight.shape[1] for weight in weights)
    _check(name, query, key, value, heads, widths, key_padding_mask, attn_mask, static[0],
           batched, batch_first)  # fmt: skip
    if not batched:
        query, key, value = (x[None] for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
    elif not batch_first:
        query, key, value = (swapaxes(x, 0, 1) for x in (query, key, value))
    batch, length = query.shape[:2]
    query, key, value = _in_heads(query, key, value, heads, weights, bias, bias_k, bias_v, static)
    if add_zero_attn:
        none = zeros((batch, heads, 1, key.shape[-1]), dtype=key.dtype, device=key.device)
        key, value = (concatenate([x, none], axis=2) for x in (key, value))
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None  # the function makes it
    else:
        is_causal = False
    mask = _joined(attn_mask, key_padding_mask, heads, key.shape[2], query.dtype)
    scores = None
    if need_weights:
        mask = asarray(True) if mask is None else mask
        scores = attention_weights(query, key, mask, is_causal, query.shape[-1] ** -0.5)
        scores = dropout(scores, dropout_p)
        result = matmul(scores, value)
        scores = scores.mean(axis=1) if average_attn_weights else scores
    else:
        result = scaled_dot_product_attention(query, key, value, mask, dropout_p, is_causal)
    result = transpose(result, (0, 2, 1, 3)).reshape(batch, length, -1)
    if not batched:
        return result[0], None if scores is None else scores[0]
    return result if batch_first else swapaxes(result, 0, 1), scores


def _in_heads(query, key, value, heads, weights, bias, bias_k, bias_v, static):
    """Queries, keys and values, (batch, heads, time, width) each, with those that are added."""
    size = len(weights[0])
    biases = [None if bias is None else bias[k * size : (k + 1) * size] for k in range(3)]
    query, key, value = (
        linear(*arguments) for arguments in zip((query, key, value), weights, biases, strict=True)
    )
    batch = len(query)
    if bias_k is not None:
        shape = (batch, 1, size)
        key = concatenate([key, broadcast_to(bias_k, shape)], axis=1)
        value = concatenate([value, broadcast_to(bias_v, shape)], axis=1)
    query, key, value = (
        transpose(x.reshape(batch, -1, heads, size // heads), (0, 2, 1, 3))
        for x in (query, key, value)
    )
    key, value = (
        x if own is None else own.reshape(batch, heads, *own.shape[1:])
        for x, own in zip((key, value), static, strict=True)
    )
    return query, key, value


def _joined(attn_mask, key_padding_mask, heads, keys, dtype):
    """Both masks in one: True where a query sees a key, or numbers to add. None: no mask."""
    masks = []
    if attn_mask is not None:
        if attn_mask.ndim == 3:
            attn_mask = attn_mask.reshape(-1, heads, *attn_mask.shape[1:])
        masks.append(_widened(attn_mask, keys))
    if key_padding_mask is not None:
        masks.append(_widened(key_padding_mask, keys)[:, None, None])
    if not masks:
        return None
    if all(mask.dtype == bool for mask in masks):
        hidden = masks[0] if len(masks) == 1 else masks[0] | masks[1]
        return ~hidden
    first, *others = (
        where(mask, asarray(-float("inf"), dtype=dtype), 0)
        if mask.dtype == bool
        else mask.astype(dtype, copy=False)
        for mask in masks
    )
    return first + others[0] if others else first


def _widened(mask, keys):
    """A mask with columns for the keys that were added, which all queries see."""
    added = keys - mask.shape[-1]
    if not added:
        return mask
    shape = *mask.shape[:-1], added
    return concatenate([mask, zeros(shape, dtype=mask.dtype, device=mask.device)], axis=-1)


def _check(name, query, key, value, heads, widths, key_padding_mask, attn_mask, static_k,
           batched, batch_first):  # fmt: skip
    shapes = f"{query.shape}, {key.shape} and {value.shape}"
    if query.ndim not in (2, 3) or {key.ndim, value.ndim} != {query.ndim}:
        raise ValueError(
            f"{name}: expected query, key and value of three axes each, or of two without a "
            f"batch, got {shapes}"
        )
    time = 1 if batched and batch_first else 0
    if (
        tuple(x.shape[-1] for x in (query, key, value)) != widths
        or key.shape[:-1] != value.shape[:-1]
        or (batched and query.shape[1 - time] != key.shape[1 - time])
    ):
        raise ValueError(
            f"{name}: expected query, key and value of widths {widths} and of one batch, keys "
            f"and values of one length, got {shapes}"
        )
    batch = query.shape[1 - time] if batched else 1
    length, keys = query.shape[time], key.shape[time]
    if static_k is not None:
        keys = static_k.shape[1]
    padding = (batch, keys) if batched else (keys,)
    if key_padding_mask is not None and key_padding_mask.shape != padding:
        raise ValueError(
            f"{name}: expected key_padding_mask of shape {padding}, got {key_padding_mask.shape}"
        )
    expected = (length, keys), (batch * heads, length, keys)
    if attn_mask is not None and attn_mask.shape not in expected:
        raise ValueError(
            f"{name}: expected attn_mask of shape {expected[0]} or {expected[1]}, got "
            f"{attn_mask.shape}"
        )
    for mask in (key_padding_mask, attn_mask):
        if mask is not None and mask.dtype != bool and mask.dtype.kind not in "fV":
            raise TypeError(f"{name}: expected masks of dtype bool or floating, got {mask.dtype}")
