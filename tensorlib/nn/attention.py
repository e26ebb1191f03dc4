"""Attention with several heads."""

from tensorlib._core._functions import empty
from tensorlib.nn import init
from tensorlib.nn._arguments import check_probability, int_tuple
from tensorlib.nn.functional.multihead import attend, projections
from tensorlib.nn.linear import Linear
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class MultiheadAttention(Module):
    """Attention of several heads, each in a subspace of its own (Vaswani et al., 2017).

    Called with ``query`` (L, batch, embed_dim), ``key`` (S, batch, kdim) and ``value``
    (S, batch, vdim); with the batch first if `batch_first`; or without the axis of the batch. It
    returns the result, of the shape of ``query``, and the weights: (batch, L, S), the mean
    over the heads; (batch, heads, L, S) if ``average_attn_weights`` is false; None if
    ``need_weights`` is false, which is faster and needs less memory.

    In the masks of the call True hides a key, numbers are added to the scores:
    ``key_padding_mask`` (batch, S), ``attn_mask`` (L, S) or (batch * heads, L, S).
    ``is_causal`` says that ``attn_mask`` is the causal mask. A query that sees no key
    gets zeros.

    Parameters
    ----------
    embed_dim, num_heads : int
        The width of queries and results, which the heads divide among them.
    dropout : float, optional
        Probability with which a weight is made zero, in training.
    bias : bool, optional
        Of the projections.
    add_bias_kv : bool, optional
        Whether a learned key and value are added to those of each sequence.
    add_zero_attn : bool, optional
        Whether a key and value of zeros are.
    kdim, vdim : int, optional
        Widths of keys and values, by default `embed_dim`.
    batch_first : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    in_proj_weight : Parameter, shape (3 * embed_dim, embed_dim), or None
        Of queries, keys and values. Where `kdim` or `vdim` differ, they are ``q_proj_weight``,
        ``k_proj_weight`` and ``v_proj_weight``.
    in_proj_bias : Parameter, shape (3 * embed_dim,), or None
    bias_k, bias_v : Parameter, shape (1, 1, embed_dim), or None
    out_proj : Linear

    Raises
    ------
    TypeError
        If `embed_dim` or `num_heads` is no int.
    ValueError
        If the heads do not divide `embed_dim`, or `dropout` is outside [0, 1]; when called, if
        shapes do not fit.
    RuntimeError
        When called with ``is_causal`` and no ``attn_mask``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> attention = nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = tl.ones((3, 5, 8), dtype="float32")
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    """

    def __init__(
        self,
        embed_dim,
        num_heads,
        dropout=0.0,
        bias=True,
        add_bias_kv=False,
        add_zero_attn=False,
        kdim=None,
        vdim=None,
        batch_first=False,
        dtype="float32",
    ):
        super().__init__()
        (embed_dim,) = int_tuple("MultiheadAttention", "embed_dim", embed_dim, 1, 1)
        (num_heads,) = int_tuple("MultiheadAttention", "num_heads", num_heads, 1, 1)
        if embed_dim % num_heads:
            raise ValueError(
                "MultiheadAttention: expected embed_dim to be a multiple of num_heads, got "
                f"{embed_dim} and {num_heads}"
            )
        check_probability("MultiheadAttention", dropout)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn

        def parameter(*shape):
            return Parameter(empty(shape, dtype=dtype))

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = parameter(3 * embed_dim, embed_dim)
            for name in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
                self.register_parameter(name, None)
        else:
            self.q_proj_weight = parameter(embed_dim, embed_dim)
            self.k_proj_weight = parameter(embed_dim, self.kdim)
            self.v_proj_weight = parameter(embed_dim, self.vdim)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim) if bias else None)
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype)
        for name in ("bias_k", "bias_v"):
            self.register_parameter(name, parameter(1, 1, embed_dim) if add_bias_kv else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the parameters anew: weights by Glorot and Bengio (2010); biases are zero."""
        for weight in (
            self.in_proj_weight,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
        ):
            if weight is not None:
                init.xavier_uniform_(weight)
        self.out_proj.reset_parameters()
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None:
            init.xavier_normal_(self.bias_k)
            init.xavier_normal_(self.bias_v)

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        name = "MultiheadAttention"
        separate = self.in_proj_weight is None
        result, weights = attend(
            name,
            query,
            key,
            value,
            self.num_heads,
            projections(
                name,
                self.in_proj_weight,
                self.q_proj_weight,
                self.k_proj_weight,
                self.v_proj_weight,
                separate,
            ),
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout if self.training else 0.0,
            key_padding_mask,
            need_weights,
            attn_mask,
            average_attn_weights,
            is_causal,
            self.batch_first,
        )
        return self.out_proj(result), weights
