"""The kernels of Fourier transforms: pocketfft through the loops of `numpy.fft`.

The input is cut, or padded with zeros, to `n` elements along the axis.
"""

from functools import lru_cache

from numpy.fft import _pocketfft_umath as loops

from tensorlib._core._exchange import asarray
from tensorlib._core._gufunc import Gufunc

_fft = Gufunc("fft", loops.fft)
_ifft = Gufunc("ifft", loops.ifft)
_irfft = Gufunc("irfft", loops.irfft)
_rfft = {0: Gufunc("rfft", loops.rfft_n_even), 1: Gufunc("rfft", loops.rfft_n_odd)}


def fft(x, n, axis, scale):
    """The transform of complex numbers, times `scale`."""
    return _fft(x, _number(scale, x.dtype.char), sizes={"m": n}, axis=axis)


def ifft(x, n, axis, scale):
    """The backward transform of complex numbers, times `scale`."""
    return _ifft(x, _number(scale, x.dtype.char), sizes={"n": n}, axis=axis)


def rfft(x, n, axis, scale):
    """The first ``n // 2 + 1`` elements of the transform of real numbers, times `scale`."""
    return _rfft[n % 2](x, _number(scale, x.dtype.char), sizes={"m": n // 2 + 1}, axis=axis)


def irfft(x, n, axis, scale):
    """The `n` real numbers with the given first half of their transform, times `scale`."""
    return _irfft(x, _number(scale, x.dtype.char), sizes={"n": n}, axis=axis)


@lru_cache(64)
def _number(scale, letter):
    """A number in the precision of a dtype."""
    return asarray(scale, dtype=letter.lower())
