"""Fourier transforms along one axis."""

import numpy as np

from tensorlib._arguments import axis_index, integer, write_out
from tensorlib._core._autocast import widened
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, conjugate

# The letters of dtypes: of the real numbers that have the precision of a dtype, if not double, and
# of the complex numbers that have theirs.
REAL = {"e": "e", "E": "f", "4": "f", "5": "f", "f": "f", "F": "f", "g": "g", "G": "g"}
COMPLEX = {"e": "F", "f": "F", "d": "D", "g": "G"}
# The norm by which one direction is scaled as the other one is by the first.
OPPOSITE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def transform(op, kernel, a, n, axis, norm, out=None):
    """One of the four transforms that have a kernel, for the function named `op`."""
    a = widened(asarray(a))
    forward = kernel in (ops.fft, ops.rfft)
    norm = norm if forward else opposite(op, norm)
    if n is None:
        length = a.shape[axis_index(op, axis, a.ndim)]
        n = 2 * (length - 1) if kernel is ops.irfft else length
    n = integer(op, "n", n)
    if n < 1:
        raise ValueError(f"{op}: Invalid number of FFT data points ({n}) specified")
    axis = axis_index(op, axis, a.ndim)
    real = REAL.get(a.dtype.char, "d")
    factor = scale(op, n, norm, real)
    computed = computed_in(op, kernel, a.dtype, real, factor is not None)
    if a.dtype.char != computed:
        a = a.astype(computed)
    result = apply(kernel, (a,), (n, axis, 1.0 if factor is None else factor))
    rounded = real if kernel is ops.irfft else COMPLEX[real]
    if result.dtype.char != rounded:
        result = result.astype(rounded)
    if out is None:
        return result
    check_shape(op, out, result)
    return write_out(op, out, result)


def check_shape(op, out, result):
    """Refuse an `out` of another shape, in NumPy's words."""
    if out is not None and getattr(out, "shape", result.shape) != result.shape:
        raise ValueError(
            f"{op}: output array has wrong shape: expected {result.shape}, got {out.shape}"
        )


def computed_in(op, kernel, dtype, real, scaled):
    """In which dtype to transform numbers of a dtype that has the precision of `real`.

    NumPy transforms in single precision only what is of the kind that the transform takes, and is
    scaled; the rest in double precision.
    """
    kind = "f" if kernel is ops.rfft else "c"
    if kind == "f" and dtype.kind == "c":
        raise TypeError(f"{op}: expected real numbers, got {dtype}")
    single = scaled and real == "f" and dtype.kind == kind
    letter = "f" if single else "g" if real == "g" else "d"
    return letter if kind == "f" else COMPLEX[letter]


def opposite(op, norm):
    """The norm with which the other direction is scaled as this one should be."""
    if norm not in OPPOSITE:
        raise ValueError(
            f'{op}: Invalid norm value {norm}; should be "backward", "ortho" or "forward"'
        )
    return OPPOSITE[norm]


def scale(op, n, norm, dtype):
    """By what a forward transform of length `n` is multiplied, if at all."""
    if norm is None or norm == "backward":
        return None
    opposite(op, norm)  # which refuses others
    divisor = np.sqrt(n, dtype=dtype) if norm == "ortho" else n
    return np.reciprocal(divisor, dtype=dtype)


def fft(a, n=None, axis=-1, norm=None, out=None):
    """Discrete Fourier transform.

    Parameters
    ----------
    a : array_like
        Real or complex.
    n : int, optional
        Length of the transform: `a` is cut, or padded with zeros, to it. By default the length of
        the axis.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        Which direction is divided by `n`: the backward one, each by the root of `n`, or the
        forward one. By default "backward".
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128. Length `n` along
        the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.fft([1.0, 0.0, -1.0, 0.0])
    tensor([0.+0.j, 2.+0.j, 0.+0.j, 2.+0.j])
    """
    return transform("fft", ops.fft, a, n, axis, norm, out)


def ifft(a, n=None, axis=-1, norm=None, out=None):
    """Inverse of `fft`.

    Parameters
    ----------
    a : array_like
        Real or complex; frequencies in the order of `fftfreq`.
    n : int, optional
        Length of the transform: `a` is cut, or padded with zeros, to it. By default the length of
        the axis.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128. Length `n` along
        the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.ifft([0.0, 4.0, 0.0, 0.0])
    tensor([ 1.+0.j,  0.+1.j, -1.+0.j,  0.-1.j])
    """
    return transform("ifft", ops.ifft, a, n, axis, norm, out)


def rfft(a, n=None, axis=-1, norm=None, out=None):
    """Discrete Fourier transform of real numbers: the frequencies that are not negative.

    Parameters
    ----------
    a : array_like
        Real.
    n : int, optional
        Length of the transform: `a` is cut, or padded with zeros, to it. By default the length of
        the axis.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16 and float32, else complex128. Length ``n // 2 + 1`` along
        the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `a` is complex.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.rfft([1.0, 0.0, -1.0, 0.0])
    tensor([0.+0.j, 2.+0.j, 0.+0.j])
    """
    return transform("rfft", ops.rfft, a, n, axis, norm, out)


def irfft(a, n=None, axis=-1, norm=None, out=None):
    """Inverse of `rfft`.

    Parameters
    ----------
    a : array_like
        Real or complex: the frequencies that are not negative.
    n : int, optional
        Length of the result: `a` is cut, or padded with zeros, to ``n // 2 + 1``. By default
        ``2 * (length of the axis - 1)``.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Real, in the precision of `a`; float64 for integers. Length `n` along the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.irfft([0.0, 2.0, 0.0])
    tensor([ 1.,  0., -1.,  0.])
    """
    return transform("irfft", ops.irfft, a, n, axis, norm, out)


def hfft(a, n=None, axis=-1, norm=None, out=None):
    """Real transform of numbers that are their own mirror image, conjugated.

    Parameters
    ----------
    a : array_like
        Real or complex: the first half of the numbers.
    n : int, optional
        Length of the result: `a` is cut, or padded with zeros, to ``n // 2 + 1``. By default
        ``2 * (length of the axis - 1)``.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Real, in the precision of `a`; float64 for integers. Length `n` along the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.hfft([1.0, 2.0, 3.0])
    tensor([ 8., -2.,  0., -2.])
    """
    return transform("hfft", ops.irfft, conjugate(a), n, axis, opposite("hfft", norm), out)


def ihfft(a, n=None, axis=-1, norm=None, out=None):
    """Inverse of `hfft`.

    Parameters
    ----------
    a : array_like
        Real.
    n : int, optional
        Length of the transform: `a` is cut, or padded with zeros, to it. By default the length of
        the axis.
    axis : int
        Along which to transform.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16 and float32, else complex128. Length ``n // 2 + 1`` along
        the axis.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    TypeError
        If `a` is complex.
    ValueError
        If `n` is less than 1, `norm` unknown, or `out` of another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.ihfft([8.0, -2.0, 0.0, -2.0])
    tensor([1.-0.j, 2.-0.j, 3.-0.j])
    """
    result = conjugate(transform("ihfft", ops.rfft, a, n, axis, opposite("ihfft", norm)))
    return write_out("ihfft", out, result)
