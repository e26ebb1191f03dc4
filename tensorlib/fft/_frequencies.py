"""The frequencies of a transform, and their order."""

from numpy import integer

from tensorlib._core._functions import arange, asarray
from tensorlib._joining import concatenate
from tensorlib._manipulation import roll


def fftshift(x, axes=None):
    """Move the frequency zero to the middle.

    Parameters
    ----------
    x : array_like
    axes : int or tuple of int, optional
        Along which to shift, by half the length; by default all.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.fftshift(tl.fft.fftfreq(5, 0.1))
    tensor([-4., -2.,  0.,  2.,  4.])
    """
    return _shifted(x, axes, 1)


def ifftshift(x, axes=None):
    """Inverse of `fftshift`; not the same for odd lengths.

    Parameters
    ----------
    x : array_like
    axes : int or tuple of int, optional
        Along which to shift; by default all.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    AxisError
        If an axis is out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.ifftshift([-4.0, -2.0, 0.0, 2.0, 4.0])
    tensor([ 0.,  2.,  4., -4., -2.])
    """
    return _shifted(x, axes, -1)


def _shifted(x, axes, sign):
    x = asarray(x)
    if axes is None:
        axes = range(x.ndim)
    elif isinstance(axes, (int, integer)):
        axes = (axes,)
    axes = tuple(axes)
    return roll(x, tuple(sign * (x.shape[axis] // 2) for axis in axes), axes)


def fftfreq(n, d=1.0, device=None, *, dtype=None):
    """Frequencies of the elements of a transform: zero, the positive, then the negative ones.

    Parameters
    ----------
    n : int
        Length of the transform.
    d : float
        Distance between samples.
    device : str, optional
        Where the result lives.
    dtype : dtype, optional
        A floating-point dtype; float64 by default.

    Returns
    -------
    Tensor
        Shape ``(n,)``.

    Raises
    ------
    ValueError
        If `n` is no integer.
    ZeroDivisionError
        If `n` or `d` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.fftfreq(5, 0.1)
    tensor([ 0.,  2.,  4., -4., -2.])
    """
    unit = _unit("fftfreq", n, d)
    first = arange(0, (n - 1) // 2 + 1, dtype=int, device=device)
    last = arange(-(n // 2), 0, dtype=int, device=device)
    return _scaled(concatenate((first, last)), unit, dtype)


def rfftfreq(n, d=1.0, device=None, *, dtype=None):
    """Frequencies of the elements of the transform of real numbers.

    Parameters
    ----------
    n : int
        Length of the transform.
    d : float
        Distance between samples.
    device : str, optional
        Where the result lives.
    dtype : dtype, optional
        A floating-point dtype; float64 by default.

    Returns
    -------
    Tensor
        Shape ``(n // 2 + 1,)``.

    Raises
    ------
    ValueError
        If `n` is no integer.
    ZeroDivisionError
        If `n` or `d` is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.rfftfreq(5, 0.1)
    tensor([0., 2., 4.])
    """
    unit = _unit("rfftfreq", n, d)
    return _scaled(arange(0, n // 2 + 1, dtype=int, device=device), unit, dtype)


def _unit(op, n, d):
    """The distance between frequencies."""
    if not isinstance(n, (int, integer)):
        raise ValueError(f"{op}: expected n to be an integer, got {n!r}")
    return 1.0 / (n * d)


def _scaled(places, unit, dtype):
    frequencies = places * unit
    return frequencies if dtype is None else frequencies.astype(dtype)
