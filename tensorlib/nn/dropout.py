"""Layers that zero elements, or whole channels, at random."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import check_probability
from tensorlib.nn._in_place import InPlace


class _Dropout(InPlace):
    """A layer that calls a function; its options are attributes."""

    function = None

    def __init__(self, p=0.5, inplace=False, *, generator=None):
        check_probability(type(self).__name__, p)
        super().__init__(inplace)
        self.p = p
        self.generator = generator

    def forward(self, input):
        return self.function(input, self.p, self.training, self.inplace, generator=self.generator)

    def extra_repr(self):
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, zero elements at random and scale the others so that the mean stays.

    Inputs may have any shape; see `functional.dropout`.

    Parameters
    ----------
    p : float, optional
        The probability.
    inplace : bool, optional
        Whether the input is written, and returned.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Dropout(0.5).eval()(tl.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    function = staticmethod(functional.dropout)


class Dropout1d(_Dropout):
    """In training, zero whole channels of sequences, and scale the others.

    Inputs are of shape (N, C, L) or (C, L); see `functional.dropout1d`.

    Parameters
    ----------
    p, inplace, generator
        As of `Dropout`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Dropout1d(0.5).eval()(tl.ones((1, 3))).tolist()
    [[1.0, 1.0, 1.0]]
    """

    function = staticmethod(functional.dropout1d)


class Dropout2d(_Dropout):
    """In training, zero whole channels of images, and scale the others.

    Inputs are of shape (N, C, H, W) or (N, C, L); see `functional.dropout2d`.

    Parameters
    ----------
    p, inplace, generator
        As of `Dropout`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Dropout2d(1.0)(tl.ones((1, 1, 1, 3))).tolist()
    [[[[0.0, 0.0, 0.0]]]]
    """

    function = staticmethod(functional.dropout2d)


class Dropout3d(_Dropout):
    """In training, zero whole channels of volumes, and scale the others.

    Inputs are of shape (N, C, D, H, W) or (C, D, H, W); see `functional.dropout3d`.

    Parameters
    ----------
    p, inplace, generator
        As of `Dropout`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Dropout3d(1.0)(tl.ones((1, 1, 1, 3))).tolist()
    [[[[0.0, 0.0, 0.0]]]]
    """

    function = staticmethod(functional.dropout3d)


class AlphaDropout(_Dropout):
    """In training, set elements to the limit of `SELU`, keeping mean and variance.

    Inputs may have any shape; see `functional.alpha_dropout`.

    Parameters
    ----------
    p, inplace, generator
        As of `Dropout`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.AlphaDropout(0.5).eval()(tl.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    function = staticmethod(functional.alpha_dropout)


class FeatureAlphaDropout(_Dropout):
    """In training, set whole channels to the limit of `SELU`; see `AlphaDropout`.

    Inputs are of shape (N, C, ...); see `functional.feature_alpha_dropout`.

    Parameters
    ----------
    p, inplace, generator
        As of `Dropout`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.FeatureAlphaDropout(0.5).eval()(tl.ones((1, 3))).tolist()
    [[1.0, 1.0, 1.0]]
    """

    function = staticmethod(functional.feature_alpha_dropout)
