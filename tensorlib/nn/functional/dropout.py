"""Noise that zeroes elements, or whole channels."""

from tensorlib._core._functions import greater_equal, where
from tensorlib.nn._arguments import check_probability
from tensorlib.nn.functional._in_place import written
from tensorlib.nn.functional.rectifiers import SELU_ALPHA, SELU_SCALE
from tensorlib.random import default_generator

SELU_LIMIT = -SELU_SCALE * SELU_ALPHA  # what selu approaches at -inf


def dropout(input, p=0.5, training=True, inplace=False, *, generator=None):
    """Zero each element with probability `p` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    p : float, optional
    training : bool, optional
        If false, `input` is returned as it is.
    inplace : bool, optional
        Whether to write into `input`, and return it.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout(tl.ones(1000), p=0.25)
    >>> sorted(set(y.tolist())) == [0.0, 1 / 0.75]
    True
    """
    shape = input.shape
    return _noisy("dropout", _zeroed, input, shape, p, training, inplace, generator)


def dropout1d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """Zero whole channels, which are sequences, with probability `p`; see `dropout`.

    "Efficient Object Localization Using Convolutional Networks" (Tompson et al., 2015),
    section 3.2.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype and shape (N, C, L) or (C, L).
    p, training, inplace, generator
        As for `dropout`.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1], or `input` is of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout1d(tl.ones((8, 4, 5)))
    >>> bool((y == y[:, :, :1]).all())
    True
    """
    shape = _channels("dropout1d", input, {3: 2, 2: 1}, "(N, C, L) or (C, L)")
    return _noisy("dropout1d", _zeroed, input, shape, p, training, inplace, generator)


def dropout2d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """Zero whole channels, which are images, with probability `p`; see `dropout`.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype and shape (N, C, H, W); as in PyTorch, three axes are (N, C, L).
    p, training, inplace, generator
        As for `dropout`.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1], or `input` is of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout2d(tl.ones((8, 4, 5, 5)))
    >>> bool((y == y[:, :, :1, :1]).all())
    True
    """
    shape = _channels("dropout2d", input, {4: 2, 3: 2}, "(N, C, H, W) or (N, C, L)")
    return _noisy("dropout2d", _zeroed, input, shape, p, training, inplace, generator)


def dropout3d(input, p=0.5, training=True, inplace=False, *, generator=None):
    """Zero whole channels, which are volumes, with probability `p`; see `dropout`.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype and shape (N, C, D, H, W) or (C, D, H, W).
    p, training, inplace, generator
        As for `dropout`.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1], or `input` is of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.dropout3d(tl.ones((4, 5, 5, 5)))
    >>> bool((y == y[:, :1, :1, :1]).all())
    True
    """
    shape = _channels("dropout3d", input, {5: 2, 4: 1}, "(N, C, D, H, W) or (C, D, H, W)")
    return _noisy("dropout3d", _zeroed, input, shape, p, training, inplace, generator)


def alpha_dropout(input, p=0.5, training=False, inplace=False, *, generator=None):
    """Set elements to the limit of `selu` with probability `p`, keeping mean and variance.

    Of numbers with mean 0 and variance 1, that is. "Self-Normalizing Neural Networks" (Klambauer
    et al., 2017), section 2.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype.
    p, training, inplace, generator
        As for `dropout`, but by default it is not in training.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.alpha_dropout(tl.zeros(1000), p=0.5, training=True)
    >>> len(set(y.tolist()))
    2
    """
    shape = input.shape
    return _noisy("alpha_dropout", _saturated, input, shape, p, training, inplace, generator)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False, *, generator=None):
    """Set whole channels to the limit of `selu` with probability `p`; see `alpha_dropout`.

    Parameters
    ----------
    input : Tensor
        Of a floating dtype and shape (N, C, ...).
    p, training, inplace, generator
        As for `alpha_dropout`.

    Returns
    -------
    Tensor of the same shape and dtype

    Raises
    ------
    ValueError
        If `p` is outside [0, 1], or `input` has less than two axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> y = F.feature_alpha_dropout(tl.zeros((8, 4, 5)), training=True)
    >>> bool((y == y[:, :, :1]).all())
    True
    """
    name = "feature_alpha_dropout"
    if input.ndim < 2:
        raise ValueError(f"{name}: expected input of shape (N, C, ...), got {input.shape}")
    shape = _leading(input, 2)
    return _noisy(name, _saturated, input, shape, p, training, inplace, generator)


def _channels(operation, input, leading, wanted):
    """The shape of noise for whole channels: `leading` axes of the input, by their number."""
    if input.ndim not in leading:
        raise ValueError(f"{operation}: expected input of shape {wanted}, got {input.shape}")
    return _leading(input, leading[input.ndim])


def _leading(input, axes):
    return (*input.shape[:axes], *(1,) * (input.ndim - axes))


def _noisy(operation, change, input, shape, p, training, inplace, generator):
    """The input, changed where noise of a shape that broadcasts falls below `p`."""
    check_probability(operation, p)
    if not training or p == 0:
        return input
    generator = generator or default_generator()
    noise = generator.random_on(input.device, shape, "float32")
    keep = greater_equal(noise, p)
    return written(operation, change, input, keep, p) if inplace else change(input, keep, p)


def _zeroed(input, keep, p):
    # At p = 1 nothing is kept, so any finite factor serves.
    return where(keep, input * (1 / (1 - p) if p < 1 else 0.0), 0.0)


def _saturated(input, keep, p):
    if p == 1:
        return input * 0.0
    variance = (1 - p) * (1 + p * SELU_LIMIT**2)
    scale, mean = variance**-0.5, p * SELU_LIMIT
    return where(keep, (input - mean) * scale, (SELU_LIMIT - mean) * scale)
