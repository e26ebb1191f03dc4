"""The transformer of Vaswani et al. (2017, arXiv:1706.03762), whole and in layers."""

import copy

from tensorlib._core._functions import full
from tensorlib._creation import triu
from tensorlib.nn import functional, init
from tensorlib.nn.attention import MultiheadAttention
from tensorlib.nn.container import ModuleList
from tensorlib.nn.dropout import Dropout
from tensorlib.nn.linear import Linear
from tensorlib.nn.module import Module
from tensorlib.nn.normalization import LayerNorm


class TransformerEncoderLayer(Module):
    """Self-attention and a network of two linear layers, each added to what it is given.

    Called with ``src`` (time, batch, d_model), or with the batch first if `batch_first`, or
    without it; ``src_mask``, ``src_key_padding_mask`` and ``is_causal`` are the masks
    of `MultiheadAttention`. The result has the shape of ``src``.

    Parameters
    ----------
    d_model : int
        The width.
    nhead : int
        Heads of the attention.
    dim_feedforward : int, optional
        The width between the linear layers.
    dropout : float, optional
    activation : {"relu", "gelu"} or callable, optional
        Between the linear layers.
    layer_norm_eps : float, optional
    batch_first : bool, optional
    norm_first : bool, optional
        Whether what is given to a part is normalised, or else the sum after it (Xiong et al.,
        2020, arXiv:2002.04745).
    bias : bool, optional
        Of the linear layers and of the normalisation.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Raises
    ------
    ValueError
        If an option is out of its range; when called, if shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16)
    >>> layer(tl.ones((5, 3, 8), dtype="float32")).shape
    (5, 3, 8)
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        dtype="float32",
    ):
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation("TransformerEncoderLayer", activation)

    def forward(self, src, src_mask=None, src_key_padding_mask=None, is_causal=False):
        def attend(x):
            x, _ = self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal
            )
            return self.dropout1(x)

        x = _residual(src, attend, self.norm1, self.norm_first)
        return _residual(x, self._feed_forward, self.norm2, self.norm_first)

    def _feed_forward(self, x):
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """Self-attention, attention to the encoder's result and a network of two linear layers.

    Called with ``tgt`` and ``memory``, the encoder's result, and their masks: ``tgt_mask``,
    ``tgt_key_padding_mask`` and ``tgt_is_causal`` of the self-attention, ``memory_mask``,
    ``memory_key_padding_mask`` and ``memory_is_causal`` of the other one. The result has
    the shape of ``tgt``.

    Parameters
    ----------
    d_model, nhead, dim_feedforward : int
    dropout : float, optional
    activation : {"relu", "gelu"} or callable, optional
    layer_norm_eps : float, optional
    batch_first, norm_first, bias : bool, optional
    dtype : dtype, optional
        All as of `TransformerEncoderLayer`.

    Raises
    ------
    ValueError
        If an option is out of its range; when called, if shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, dim_feedforward=16)
    >>> tgt, memory = tl.ones((4, 3, 8), dtype="float32"), tl.ones((5, 3, 8), dtype="float32")
    >>> layer(tgt, memory).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model,
        nhead,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        dtype="float32",
    ):
        super().__init__()
        for name in ("self_attn", "multihead_attn"):
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype)
        self.norm_first = norm_first
        for name in ("norm1", "norm2", "norm3"):
            setattr(self, name, LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for name in ("dropout1", "dropout2", "dropout3"):
            setattr(self, name, Dropout(dropout))
        self.activation = _activation("TransformerDecoderLayer", activation)

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=False,
        memory_is_causal=False,
    ):
        def attend(x):
            x, _ = self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )
            return self.dropout1(x)

        def attend_to_memory(x):
            x, _ = self.multihead_attn(
                x,
                memory,
                memory,
                memory_key_padding_mask,
                False,
                memory_mask,
                is_causal=memory_is_causal,
            )
            return self.dropout2(x)

        x = _residual(tgt, attend, self.norm1, self.norm_first)
        x = _residual(x, attend_to_memory, self.norm2, self.norm_first)
        return _residual(x, self._feed_forward, self.norm3, self.norm_first)

    def _feed_forward(self, x):
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _residual(x, part, norm, norm_first):
    return x + part(norm(x)) if norm_first else norm(x + part(x))


def _activation(operation, activation):
    if isinstance(activation, str):
        if activation not in ("relu", "gelu"):
            raise ValueError(
                f"{operation}: expected activation 'relu', 'gelu' or a function, got {activation!r}"
            )
        return getattr(functional, activation)
    return activation


class TransformerEncoder(Module):
    """Several layers, one after another.

    Called with ``src``, ``mask``, ``src_key_padding_mask`` and ``is_causal``, which
    `TransformerEncoderLayer` describes.

    Parameters
    ----------
    encoder_layer : Module
        Which is copied; all copies begin with the same parameters.
    num_layers : int
    norm : Module, optional
        Applied to the result.
    enable_nested_tensor, mask_check : bool, optional
        Without effect; PyTorch has them.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16)
    >>> nn.TransformerEncoder(layer, 3)(tl.ones((5, 3, 8), dtype="float32")).shape
    (5, 3, 8)
    """

    def __init__(
        self, encoder_layer, num_layers, norm=None, enable_nested_tensor=True, mask_check=True
    ):
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(self, src, mask=None, src_key_padding_mask=None, is_causal=None):
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """Several layers, one after another.

    Called with the arguments of `TransformerDecoderLayer`.

    Parameters
    ----------
    decoder_layer : Module
        Which is copied; all copies begin with the same parameters.
    num_layers : int
    norm : Module, optional
        Applied to the result.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, dim_feedforward=16)
    >>> tgt, memory = tl.ones((4, 3, 8), dtype="float32"), tl.ones((5, 3, 8), dtype="float32")
    >>> nn.TransformerDecoder(layer, 3)(tgt, memory).shape
    (4, 3, 8)
    """

    def __init__(self, decoder_layer, num_layers, norm=None):
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(decoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt,
        memory,
        tgt_mask=None,
        memory_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask,
                memory_mask,
                tgt_key_padding_mask,
                memory_key_padding_mask,
                bool(tgt_is_causal),
                memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder, and a decoder that attends to its result.

    Called with ``src`` (S, batch, d_model) and ``tgt`` (T, batch, d_model), with the batch first
    if `batch_first`, and with masks: ``src_mask``, ``tgt_mask``, ``memory_mask``,
    ``src_key_padding_mask``, ``tgt_key_padding_mask``, ``memory_key_padding_mask``,
    ``src_is_causal``, ``tgt_is_causal``, ``memory_is_causal``, which `MultiheadAttention`
    describes. The result has the shape of ``tgt``.

    Parameters
    ----------
    d_model, nhead, num_encoder_layers, num_decoder_layers, dim_feedforward : int, optional
    dropout : float, optional
    activation : {"relu", "gelu"} or callable, optional
    custom_encoder, custom_decoder : Module, optional
        In place of the ones that are made here.
    layer_norm_eps : float, optional
    batch_first, norm_first, bias : bool, optional
    dtype : dtype, optional
        As of `TransformerEncoderLayer`.

    Raises
    ------
    ValueError
        If an option is out of its range; when called, if shapes do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> model = nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
    >>> src, tgt = tl.ones((5, 3, 8), dtype="float32"), tl.ones((4, 3, 8), dtype="float32")
    >>> model(src, tgt, tgt_mask=model.generate_square_subsequent_mask(4)).shape
    (4, 3, 8)
    """

    def __init__(
        self,
        d_model=512,
        nhead=8,
        num_encoder_layers=6,
        num_decoder_layers=6,
        dim_feedforward=2048,
        dropout=0.1,
        activation=functional.relu,
        custom_encoder=None,
        custom_decoder=None,
        layer_norm_eps=1e-5,
        batch_first=False,
        norm_first=False,
        bias=True,
        dtype="float32",
    ):
        super().__init__()
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        options += (batch_first, norm_first, bias, dtype)

        def norm():
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*options)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*options)
            custom_decoder = TransformerDecoder(layer, num_decoder_layers, norm())
        self.encoder, self.decoder = custom_encoder, custom_decoder
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        for weight in self.parameters():
            if weight.ndim > 1:
                init.xavier_uniform_(weight)

    def forward(
        self,
        src,
        tgt,
        src_mask=None,
        tgt_mask=None,
        memory_mask=None,
        src_key_padding_mask=None,
        tgt_key_padding_mask=None,
        memory_key_padding_mask=None,
        src_is_causal=None,
        tgt_is_causal=None,
        memory_is_causal=False,
    ):
        batch = 0 if self.batch_first else 1
        fits = src.ndim == tgt.ndim and src.shape[-1] == tgt.shape[-1] == self.d_model
        if not fits or (src.ndim == 3 and src.shape[batch] != tgt.shape[batch]):
            raise ValueError(
                f"Transformer: expected src and tgt of one batch and width {self.d_model}, got "
                f"{src.shape} and {tgt.shape}"
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask,
            memory_mask,
            tgt_key_padding_mask,
            memory_key_padding_mask,
            tgt_is_causal,
            memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz, dtype="float32"):
        """Make the mask with which each position sees itself and those before it.

        Parameters
        ----------
        sz : int
            The length of the sequence.
        dtype : dtype, optional

        Returns
        -------
        Tensor, shape (sz, sz)
            0 where a key is seen, -inf where not.

        Examples
        --------
        >>> from tensorlib import nn
        >>> nn.Transformer.generate_square_subsequent_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
        """
        return triu(full((sz, sz), -float("inf"), dtype=dtype), 1)
