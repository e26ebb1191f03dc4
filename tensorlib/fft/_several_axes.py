"""Fourier transforms along several axes, one after the other."""

import warnings

from tensorlib._arguments import axis_index, integer, write_out
from tensorlib._core._dispatch import ops
from tensorlib._core._functions import asarray
from tensorlib.fft._transforms import check_shape, transform


def lengths_and_axes(op, a, s, axes, halved=False):
    """The arguments `s` and `axes` as lists; `halved` for the input of an inverse of `rfftn`."""
    if axes is None:
        if s is not None:
            warnings.warn(
                f"{op}: `axes` should not be `None` if `s` is not `None` (deprecated in NumPy "
                "2.0); pass the axes to which the lengths belong",
                DeprecationWarning,
                stacklevel=3,
            )
        count = a.ndim if s is None else len(s)
        axes = range(-count, 0)
    axes = [integer(op, "axes", axis) for axis in axes]
    places = [axis_index(op, axis, a.ndim) for axis in axes]
    if s is None:
        lengths = [a.shape[place] for place in places]
        if halved and lengths:
            lengths[-1] = 2 * (lengths[-1] - 1)
        return lengths, axes
    lengths = list(s)
    if len(lengths) != len(axes):
        raise ValueError(
            f"{op}: Shape and axes have different lengths: {len(lengths)} and {len(axes)}"
        )
    if None in lengths:
        warnings.warn(
            f"{op}: Passing an array containing `None` values to `s` is deprecated in NumPy 2.0; "
            "pass the lengths, or leave `s` out",
            DeprecationWarning,
            stacklevel=3,
        )
    return [a.shape[p] if n == -1 else n for n, p in zip(lengths, places, strict=True)], axes


def fftn(a, s=None, axes=None, norm=None, out=None):
    """Discrete Fourier transform along several axes.

    Parameters
    ----------
    a : array_like
        Real or complex.
    s : sequence of int, optional
        Lengths of the transforms: `a` is cut, or padded with zeros, to them; -1 for the length of
        the axis, as by default.
    axes : sequence of int, optional
        Along which to transform; by default the last ``len(s)`` axes, or all.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `s` and `axes` differ in length, a length is less than 1, `norm` unknown, or `out` of
        another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.fftn(tl.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    a = asarray(a)
    return along_all("fftn", ops.fft, a, *lengths_and_axes("fftn", a, s, axes), norm, out)


def along_all(op, kernel, a, lengths, axes, norm, out=None):
    """A transform along each of several axes, the last one first."""
    for n, axis in zip(lengths[::-1], axes[::-1], strict=True):
        a = transform(op, kernel, a, n, axis, norm)
    check_shape(op, out, a)
    return write_out(op, out, a)


def ifftn(a, s=None, axes=None, norm=None, out=None):
    """Inverse of `fftn`.

    Parameters
    ----------
    a : array_like
        Real or complex.
    s : sequence of int, optional
        Lengths of the transforms: `a` is cut, or padded with zeros, to them; -1 for the length of
        the axis, as by default.
    axes : sequence of int, optional
        Along which to transform; by default the last ``len(s)`` axes, or all.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If `s` and `axes` differ in length, a length is less than 1, `norm` unknown, or `out` of
        another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.ifftn([[4.0, 0.0], [0.0, 0.0]])
    tensor([[1.+0.j, 1.+0.j],
            [1.+0.j, 1.+0.j]])
    """
    a = asarray(a)
    return along_all("ifftn", ops.ifft, a, *lengths_and_axes("ifftn", a, s, axes), norm, out)


def fft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    """Discrete Fourier transform along two axes.

    Parameters
    ----------
    a : array_like
        Real or complex.
    s : sequence of int, optional
        Lengths of the transforms, as for `fftn`.
    axes : sequence of int, optional
        Along which to transform; by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        As for `fftn`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.fft2([[1.0, 0.0], [0.0, 0.0]])
    tensor([[1.+0.j, 1.+0.j],
            [1.+0.j, 1.+0.j]])
    """
    a = asarray(a)
    return along_all("fft2", ops.fft, a, *lengths_and_axes("fft2", a, s, axes), norm, out)


def ifft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    """Inverse of `fft2`.

    Parameters
    ----------
    a : array_like
        Real or complex.
    s : sequence of int, optional
        Lengths of the transforms, as for `ifftn`.
    axes : sequence of int, optional
        Along which to transform; by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16, float32 and complex64, else complex128.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        As for `ifftn`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.ifft2([[4.0, 0.0], [0.0, 0.0]])
    tensor([[1.+0.j, 1.+0.j],
            [1.+0.j, 1.+0.j]])
    """
    a = asarray(a)
    return along_all("ifft2", ops.ifft, a, *lengths_and_axes("ifft2", a, s, axes), norm, out)


def rfftn(a, s=None, axes=None, norm=None, out=None):
    """Discrete Fourier transform of real numbers along several axes.

    Parameters
    ----------
    a : array_like
        Real.
    s : sequence of int, optional
        Lengths of the transforms: `a` is cut, or padded with zeros, to them; -1 for the length of
        the axis, as by default.
    axes : sequence of int, optional
        Along which to transform; by default the last ``len(s)`` axes, or all. Along the last of
        them the frequencies that are not negative are kept.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16 and float32, else complex128. Length ``s[-1] // 2 + 1``
        along the last of the axes.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    IndexError
        If there is no axis.
    TypeError
        If `a` is complex.
    ValueError
        If `s` and `axes` differ in length, a length is less than 1, `norm` unknown, or `out` of
        another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.rfftn(tl.ones((2, 4)))
    tensor([[8.+0.j, 0.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j, 0.+0.j]])
    """
    return real_along_all("rfftn", a, s, axes, norm, out)


def real_along_all(op, a, s, axes, norm, out):
    a = asarray(a)
    lengths, axes = with_an_axis(op, *lengths_and_axes(op, a, s, axes))
    half = transform(op, ops.rfft, a, lengths[-1], axes[-1], norm)
    return along_all(op, ops.fft, half, lengths[:-1], axes[:-1], norm, out)


def with_an_axis(op, lengths, axes):
    if not axes:
        raise IndexError(f"{op}: expected at least one axis, got none")
    return lengths, axes


def rfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    """Discrete Fourier transform of real numbers along two axes.

    Parameters
    ----------
    a : array_like
        Real.
    s : sequence of int, optional
        Lengths of the transforms, as for `rfftn`.
    axes : sequence of int, optional
        Along which to transform; by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Complex: complex64 for float16 and float32, else complex128.

    Raises
    ------
    AxisError, IndexError, TypeError, ValueError
        As for `rfftn`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.rfft2([[1.0, 0.0], [0.0, 0.0]])
    tensor([[1.+0.j, 1.+0.j],
            [1.+0.j, 1.+0.j]])
    """
    return real_along_all("rfft2", a, s, axes, norm, out)


def irfftn(a, s=None, axes=None, norm=None, out=None):
    """Inverse of `rfftn`.

    Parameters
    ----------
    a : array_like
        Real or complex; along the last of the axes the frequencies that are not negative.
    s : sequence of int, optional
        Lengths of the result: `a` is cut, or padded with zeros, to fit. By default those of the
        axes, but ``2 * (length - 1)`` for the last.
    axes : sequence of int, optional
        Along which to transform; by default the last ``len(s)`` axes, or all.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Real, in the precision of `a`; float64 for integers.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    IndexError
        If there is no axis.
    ValueError
        If `s` and `axes` differ in length, a length is less than 1, `norm` unknown, or `out` of
        another shape.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.irfftn([[8.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    tensor([[1., 1., 1., 1.],
            [1., 1., 1., 1.]])
    """
    return back_to_real("irfftn", a, s, axes, norm, out)


def back_to_real(op, a, s, axes, norm, out):
    a = asarray(a)
    lengths, axes = with_an_axis(op, *lengths_and_axes(op, a, s, axes, halved=True))
    half = along_all(op, ops.ifft, a, lengths[-2::-1], axes[-2::-1], norm)
    return transform(op, ops.irfft, half, lengths[-1], axes[-1], norm, out)


def irfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    """Inverse of `rfft2`.

    Parameters
    ----------
    a : array_like
        Real or complex; along the last of the axes the frequencies that are not negative.
    s : sequence of int, optional
        Lengths of the result, as for `irfftn`.
    axes : sequence of int, optional
        Along which to transform; by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        As for `fft`.
    out : Tensor, optional
        Where to write the result.

    Returns
    -------
    Tensor
        Real, in the precision of `a`; float64 for integers.

    Raises
    ------
    AxisError, IndexError, ValueError
        As for `irfftn`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fft.irfft2([[4.0, 0.0], [0.0, 0.0]])
    tensor([[1., 1.],
            [1., 1.]])
    """
    return back_to_real("irfft2", a, s, axes, norm, out)
