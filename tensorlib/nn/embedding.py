"""``Embedding`` and ``EmbeddingBag``: tables of vectors."""

from tensorlib._core._functions import asarray, empty
from tensorlib.autograd import no_grad
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.embedding import check_dense, check_mode, padding_row
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class _Table(Module):
    """A matrix of vectors, and options of how they are picked."""

    def __init__(
        self, num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, by_frequency, sparse
    ):
        super().__init__()
        name = type(self).__name__
        check_dense(name, sparse)
        (self.num_embeddings,) = int_tuple(name, "num_embeddings", num_embeddings, 1, 0)
        (self.embedding_dim,) = int_tuple(name, "embedding_dim", embedding_dim, 1, 0)
        self.padding_idx = padding_row(name, padding_idx, self.num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = by_frequency
        self.sparse = sparse

    def _make_weight(self, values, frozen, dtype):
        shape = (self.num_embeddings, self.embedding_dim)
        if values is None:
            self.weight = Parameter(empty(shape, dtype=dtype), not frozen)
            self.reset_parameters()
        elif values.shape == shape:
            self.weight = Parameter(values, not frozen)
        else:
            raise ValueError(
                f"{type(self).__name__}: expected a weight of shape {shape}, got {values.shape}"
            )

    def reset_parameters(self):
        """Draw the table from the standard normal distribution, the padding row as zeros."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx] = 0

    def extra_repr(self):
        return self._text("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq")

    def _text(self, *names):
        """The sizes, and the options of these names that are not the usual ones."""
        usual = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False}
        options = {name: getattr(self, name) for name in names}
        shown = [f"{k}={v!r}" for k, v in options.items() if k not in usual or v != usual[k]]
        return ", ".join([str(self.num_embeddings), str(self.embedding_dim), *shown])


class Embedding(_Table):
    """A table of vectors, picked by number.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number of vectors, and their length.
    padding_idx : int, optional
        A vector that is zero at first and gets no gradient; a negative number counts from the end.
    max_norm : float, optional
        Vectors that are picked and have a larger norm are scaled down to it.
    norm_type : float, optional
        Order of that norm.
    scale_grad_by_freq : bool, optional
        Whether the gradient of a vector is divided by how often it is picked.
    sparse : bool, optional
        Only False: gradients are dense.
    dtype : dtype, optional
        Of the table, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Drawn from the standard normal distribution.

    Raises
    ------
    TypeError
        If a number is no int.
    ValueError
        If a number is negative, `padding_idx` none of the vectors, or `sparse` is true.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Embedding(10, 3)(tl.asarray([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
    (2, 4, 3)
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
        _weight=None,
        _freeze=False,
        dtype="float32",
    ):
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
        )
        self._make_weight(_weight, _freeze, dtype)

    def forward(self, input):
        return functional.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings,
        freeze=True,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
    ):
        """Make a module of a given table.

        Parameters
        ----------
        embeddings : Tensor, shape (num_embeddings, embedding_dim)
            Not copied.
        freeze : bool, optional
            Whether the table requires no gradient.
        padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
            As for the class.

        Raises
        ------
        ValueError
            If `embeddings` is no matrix.

        Examples
        --------
        >>> import tensorlib as tl
        >>> from tensorlib import nn
        >>> table = nn.Embedding.from_pretrained(tl.asarray([[1.0, 2.0], [3.0, 4.0]]))
        >>> table(tl.asarray(1)).tolist()
        [3.0, 4.0]
        """
        return cls(
            *_matrix_shape("Embedding", embeddings),
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=asarray(embeddings),
            _freeze=freeze,
        )


class EmbeddingBag(_Table):
    """The sum, the mean or the maximum of the vectors that a bag of numbers picks from a table.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number of vectors, and their length.
    max_norm : float, optional
        Vectors that are picked and have a larger norm are scaled down to it.
    norm_type : float, optional
        Order of that norm.
    scale_grad_by_freq : bool, optional
        Whether the gradient of a vector is divided by how often it is picked. Not with ``"max"``.
    mode : {"mean", "sum", "max"}, optional
    sparse : bool, optional
        Only False: gradients are dense.
    include_last_offset : bool, optional
        Whether offsets have one number more: where the last bag ends.
    padding_idx : int, optional
        A vector that is zero at first, counts in no bag and gets no gradient; a negative number
        counts from the end.
    dtype : dtype, optional
        Of the table, float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Drawn from the standard normal distribution.

    Raises
    ------
    TypeError
        If a number is no int.
    ValueError
        If a number is negative, `padding_idx` none of the vectors, `mode` unknown, or an option
        excluded.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> bag = nn.EmbeddingBag(10, 3, mode="sum")
    >>> bag(tl.asarray([1, 2, 4, 5, 4, 3, 2, 9]), tl.asarray([0, 4])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        mode="mean",
        sparse=False,
        _weight=None,
        include_last_offset=False,
        padding_idx=None,
        dtype="float32",
    ):
        super().__init__(
            num_embeddings,
            embedding_dim,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
        )
        check_mode("EmbeddingBag", mode, scale_grad_by_freq)
        self.mode = mode
        self.include_last_offset = include_last_offset
        self._make_weight(_weight, False, dtype)

    def forward(self, input, offsets=None, per_sample_weights=None):
        return functional.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            False,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    @classmethod
    def from_pretrained(
        cls,
        embeddings,
        freeze=True,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        mode="mean",
        sparse=False,
        include_last_offset=False,
        padding_idx=None,
    ):
        """Make a module of a given table.

        Parameters
        ----------
        embeddings : Tensor, shape (num_embeddings, embedding_dim)
            Not copied.
        freeze : bool, optional
            Whether the table requires no gradient.
        max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx
            As for the class.

        Raises
        ------
        ValueError
            If `embeddings` is no matrix.

        Examples
        --------
        >>> import tensorlib as tl
        >>> from tensorlib import nn
        >>> bag = nn.EmbeddingBag.from_pretrained(tl.asarray([[1.0, 2.0], [3.0, 4.0]]))
        >>> bag(tl.asarray([[0, 1]])).tolist()
        [[2.0, 3.0]]
        """
        result = cls(
            *_matrix_shape("EmbeddingBag", embeddings),
            max_norm,
            norm_type,
            scale_grad_by_freq,
            mode,
            sparse,
            asarray(embeddings),
            include_last_offset,
            padding_idx,
        )
        result.weight.requires_grad = not freeze
        return result

    def extra_repr(self):
        return self._text("max_norm", "norm_type", "scale_grad_by_freq", "mode", "padding_idx")


def _matrix_shape(operation, embeddings):
    if embeddings.ndim != 2:
        raise ValueError(
            f"{operation}: expected embeddings of shape (V, D), got {embeddings.shape}"
        )
    return embeddings.shape
