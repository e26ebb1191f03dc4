"""The kernels of Fourier transforms: cuFFT.

The input is cut, or padded with zeros, to `n` elements along the axis, as `_core._fft` says.
"""

from tensorlib._core import _views
from tensorlib._core._exchange import asarray
from tensorlib.cuda._backend import address, compact, compute, fill, new, write
from tensorlib.cuda._fft import as_real, transform

COMPLEX = {"float32": "complex64", "float64": "complex128"}
REAL = {"complex64": "float32", "complex128": "float64"}


def fft(x, n, axis, scale):
    """The transform of complex numbers, times `scale`."""
    x = as_complex(x)
    return _along("fft", fitted(x, n, axis, "fft"), n, axis, n, x.dtype, scale)


def ifft(x, n, axis, scale):
    """The backward transform of complex numbers, times `scale`."""
    x = as_complex(x)
    return _along("ifft", fitted(x, n, axis, "ifft"), n, axis, n, x.dtype, scale)


def rfft(x, n, axis, scale):
    """The first ``n // 2 + 1`` elements of the transform of real numbers, times `scale`."""
    dtype = COMPLEX[x.dtype.name]
    return _along("rfft", fitted(x, n, axis, "rfft"), n, axis, n // 2 + 1, dtype, scale)


def irfft(x, n, axis, scale):
    """The `n` real numbers with the given first half of their transform, times `scale`."""
    x, half = as_complex(x), n // 2 + 1
    # Always in memory of our own: cuFFT may write there, and imaginary parts of what is its own
    # mirror image, which do not count on the CPU, are zero for it.
    own = fitted(x, half, axis, "irfft")
    if x.shape[axis] >= half:
        own = new(own.shape, x.dtype, x, "irfft")
        write(own, _part(x, axis, 0, half))
    zero = asarray(0.0, dtype=REAL[x.dtype.name])
    fill(_views.imag(_part(own, axis, 0, 1)), zero)
    if n % 2 == 0:
        fill(_views.imag(_part(own, axis, half - 1, half)), zero)
    return _along("irfft", own, n, axis, n, zero.dtype, scale)


def as_complex(x):
    return x if x.dtype.kind == "c" else compact(x, "complex128")


def fitted(x, length, axis, op):
    """Cut, or padded with zeros, to a length along an axis: a view, or a new tensor if padded."""
    if x.shape[axis] >= length:
        return _part(x, axis, 0, length)
    result = new((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.dtype, x, op)
    fill(_part(result, axis, x.shape[axis], length), asarray(0.0, dtype=x.dtype))
    write(_part(result, axis, 0, x.shape[axis]), x)
    return result


def _part(x, axis, start, stop):
    if (start, stop) == (0, x.shape[axis]):
        return x
    return _views.basic_index(x, (slice(None),) * axis + (slice(start, stop),))


def _along(op, x, n, axis, length, dtype, scale):
    """Lines along an axis transformed into lines of another length and dtype."""
    result = new((*x.shape[:axis], length, *x.shape[axis + 1 :]), dtype, x, op)
    if result.size == 0:
        return result
    target = lines(result, axis)
    if target is None:
        # Neither the first axis nor the last one: it is the last one in memory.
        axes = list(range(x.ndim))
        axes.append(axes.pop(axis))
        back = tuple(sorted(range(x.ndim), key=axes.__getitem__))
        laid = _along(op, _views.transpose(x, tuple(axes)), n, x.ndim - 1, length, dtype, scale)
        return _views.transpose(laid, back)
    source = lines(x, axis)
    if source is None:
        own = new(x.shape, x.dtype, x, op)
        write(own, x)
        x, source = own, lines(own, axis)
    transform(op, x, source, result, target, n)
    if scale != 1.0:
        numbers = as_real(result)
        compute("multiply", numbers, numbers, asarray(scale, dtype=numbers.dtype))
    return result


def lines(x, axis):
    """How the lines along an axis lie in memory.

    Returns
    -------
    (int, int, int) or None
        Elements from one to the next in a line, from line to line, and how many lines there are;
        None where no two steps say it, or cuFFT could not read them.
    """
    itemsize, count, between = x.dtype.itemsize, 1, None
    step = x.strides[axis] if x.shape[axis] > 1 else itemsize
    for i in reversed(range(x.ndim)):
        if i == axis or x.shape[i] == 1:
            continue
        if between is None:
            between = x.strides[i]
        elif x.strides[i] != between * count:
            return None
        count *= x.shape[i]
    if between is None:
        between = step * x.shape[axis]
    # Real numbers are read in pairs.
    aligned = address(x) % (itemsize if x.dtype.kind == "c" else 2 * itemsize) == 0
    if not aligned or min(step, between) <= 0 or step % itemsize or between % itemsize:
        return None
    return step // itemsize, between // itemsize, count
