"""Arrays with a border around them."""

import numpy as np

from tensorlib._arguments import elements
from tensorlib._core import _functions as functions
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, broadcast_to, full, where, zeros
from tensorlib._elementwise import round
from tensorlib._joining import concatenate
from tensorlib._manipulation import flip, moveaxis
from tensorlib._quantiles import median
from tensorlib._ranges import linspace
from tensorlib._statistics import mean


def pad(array, pad_width, mode="constant", **kwargs):
    """An array with a border around it.

    Parameters
    ----------
    array : array_like
    pad_width : int, sequence or dict
        Widths of the border: one number, ``(before, after)`` for all axes, such a pair for each
        axis, or a dict from axes to numbers or pairs.
    mode : str or callable
        What the border holds:

        - "constant": `constant_values`, zero by default.
        - "edge": the elements at the edge.
        - "empty": no defined values.
        - "linear_ramp": a ramp from the edge to `end_values`, zero by default.
        - "maximum", "mean", "median", "minimum": of the lines, or of their first and last
          `stat_length` elements.
        - "reflect", "symmetric": the array mirrored at the edge, without and with the one there;
          with ``reflect_type="odd"`` mirrored at the edge's value too.
        - "wrap": the array from its other end.
        - A function, called as ``function(line, (before, after), axis, kwargs)`` with each line
          of the array, padded with zeros, which it changes in place.
    **kwargs
        The keywords named above, of which `constant_values`, `end_values` and `stat_length` may be
        numbers, pairs or pairs for each axis.

    Returns
    -------
    Tensor
        dtype of `array`, and its memory layout, if that is Fortran order.

    Raises
    ------
    TypeError
        If `pad_width` are no integers.
    ValueError
        If `mode` or a keyword is unknown, a width is negative or does not broadcast to
        ``(array.ndim, 2)``, or an empty axis would need elements.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.pad([1, 2, 3], (2, 1), mode="reflect")
    tensor([3, 2, 1, 2, 3, 2])
    """
    a = asarray(array)
    widths = _widths(pad_width, a.ndim)
    if callable(mode):
        return _by_function(a, widths, mode, kwargs)
    if mode not in MODES:
        raise ValueError(f"pad: mode '{mode}' is not supported, expected {sorted(MODES)}")
    border, keyword, default = MODES[mode]
    unknown = sorted(set(kwargs) - {keyword})
    if unknown:
        raise ValueError(f"pad: unsupported keyword arguments for mode {mode!r}: {unknown}")
    if mode not in ("constant", "empty"):
        for axis, pair in enumerate(widths):
            if a.shape[axis] == 0 and any(pair):
                raise ValueError(
                    f"pad: can't extend empty axis {axis} using modes other than 'constant' or "
                    f"'empty', got {mode!r}"
                )
    option = kwargs.get(keyword, default)
    if border is _constant and isinstance(option, (int, float, complex)):
        return _framed(a, widths, option)
    if keyword != "reflect_type" and option is not None:
        option = _pairs(keyword, asarray(option), a.ndim)
    if border is _statistic and option is not None:
        _check_lengths(option, mode)
    result = a
    for axis, pair in enumerate(widths):
        if any(pair):
            result = border(result, axis, pair, option, mode)
    if result is a:
        return apply(ops.copy, (a,), ("K",))
    return asarray(result, order="F") if _in_columns(a) else result


def _in_columns(a):
    """Whether the result is in Fortran order, as the array is."""
    return a.ndim > 1 and a.flags.fnc


def _widths(pad_width, ndim):
    if isinstance(pad_width, dict):
        by_axis = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            by_axis[axis] = np.broadcast_to(elements("pad", width), (2,))
        pad_width = np.asarray(by_axis).reshape(ndim, 2)
    widths = elements("pad", pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad: `pad_width` must be of integral type, got {widths.dtype}")
    widths = widths.astype(np.intp, copy=False)
    if widths.size and widths.min() < 0:
        raise ValueError(f"pad: index can't contain negative values, got pad_width {widths.min()}")
    return [tuple(pair) for pair in _pairs("pad_width", widths, ndim, np.broadcast_to).tolist()]


def _pairs(name, values, ndim, broadcast=broadcast_to):
    if values.ndim > 2:
        problem = "input operand has more dimensions than allowed by the axis remapping"
    else:
        try:
            return broadcast(values, (ndim, 2))
        except ValueError:
            problem = "operands could not be broadcast together"
    raise ValueError(f"pad: {problem}: {name} of shape {values.shape}, expected {(ndim, 2)}")


# ------------------------------------------------------------------------------------------
# borders: functions of the array so far, an axis, its two widths, the keyword, the mode
# ------------------------------------------------------------------------------------------


def _framed(x, widths, value):
    """All of the border at once."""
    shape = tuple(before + n + after for n, (before, after) in zip(x.shape, widths, strict=True))
    result = full(shape, value, x.dtype, "F" if _in_columns(x) else "C", device=x.device)
    inner = (slice(before, before + n) for n, (before, _) in zip(x.shape, widths, strict=True))
    result[tuple(inner)] = x
    return result


def _constant(x, axis, widths, values, mode):
    values = asarray(values, x.dtype)
    return _surround(x, axis, widths, values[axis, 0], values[axis, 1])


def _surround(x, axis, widths, before, after):
    """Put values that broadcast along `axis` on both sides."""
    sides = []
    for width, side in zip(widths, (before, after), strict=True):
        shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
        sides.append(broadcast_to(asarray(side, x.dtype, device=x.device), shape))
    return concatenate((sides[0], x, sides[1]), axis)


def _gather(x, axis, widths, reflect_type, mode):
    if reflect_type == "odd" and x.shape[axis] > 1:
        return _odd(x, axis, widths, mode)
    places = np.pad(np.arange(x.shape[axis]), widths, mode)
    return x[(slice(None),) * axis + (places,)]


def _odd(x, axis, widths, mode):
    """Mirrored in place and value.

    Each element of the result is a sum of one inner element and the two at the edges; padding their
    indicators tells the factors.
    """
    work = asarray(x, np.int64) if x.dtype == bool else x
    places = np.arange(x.shape[axis])
    first, last = places == 0, places == places[-1]
    terms = (
        (~(first | last), np.pad(places, widths, mode)),
        (first, np.zeros(1, int)),
        (last, places[-1:]),
    )
    total = None
    for indicator, index in terms:
        factors = np.pad(indicator.astype(int), widths, mode, reflect_type="odd")
        factors = asarray(factors.reshape((-1,) + (1,) * (x.ndim - axis - 1)), work.dtype)
        part = work[(slice(None),) * axis + (index,)]
        term = where(factors != 0, factors * part, zeros((), work.dtype))
        total = term if total is None else total + term
    return asarray(total, x.dtype)


def _ramp(x, axis, widths, end_values, mode):
    sides = []
    for side, width in enumerate(widths):
        edge = x[(slice(None),) * axis + (-side,)]
        end = 0 if end_values is None else end_values[axis, side]
        ramp = linspace(end, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
        sides.append(flip(ramp, axis) if side else ramp)
    return concatenate((sides[0], x, sides[1]), axis)


STATISTICS = {
    "maximum": functions.max,
    "mean": mean,
    "median": median,
    "minimum": functions.min,
}


def _check_lengths(lengths, mode):
    least = elements("pad", lengths).min(initial=1)
    if least < 0:
        raise ValueError(f"pad: index can't contain negative values, got stat_length {least}")
    if least == 0 and mode in ("maximum", "minimum"):
        raise ValueError(f"pad: stat_length of 0 yields no value for padding in mode {mode!r}")


def _statistic(x, axis, widths, lengths, mode):
    length = x.shape[axis]
    sides = []
    for side in (0, 1):
        count = length if lengths is None else min(int(lengths[axis, side]), length)
        near = slice(length - count, None) if side else slice(count)
        value = STATISTICS[mode](x[(slice(None),) * axis + (near,)], axis=axis, keepdims=True)
        sides.append(round(value) if x.dtype.kind in "iu" else value)
    return _surround(x, axis, widths, *sides)


def _by_function(a, widths, function, kwargs):
    padded = pad(a, widths)
    for axis, pair in enumerate(widths):
        lines = moveaxis(padded, axis, -1)
        for place in np.ndindex(lines.shape[:-1]):
            function(lines[(*place, ...)], pair, axis, kwargs)
    return padded


MODES = {  # the border, its keyword and the default of that
    "constant": (_constant, "constant_values", 0),
    "edge": (_gather, None, None),
    "empty": (_constant, None, 0),
    "linear_ramp": (_ramp, "end_values", None),
    "maximum": (_statistic, "stat_length", None),
    "mean": (_statistic, "stat_length", None),
    "median": (_statistic, "stat_length", None),
    "minimum": (_statistic, "stat_length", None),
    "reflect": (_gather, "reflect_type", "even"),
    "symmetric": (_gather, "reflect_type", "even"),
    "wrap": (_gather, None, None),
}
