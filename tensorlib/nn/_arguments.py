"""Checks of options that functions and layers share."""

import operator

LARGEST = (1 << 31) - 1  # keeps sums and products of lengths inside 64 bits


def int_tuple(operation, name, value, count, least):
    """`count` ints of at least `least`, from one int or that many; errors name the operation."""
    try:
        values = tuple(value) if isinstance(value, tuple | list) else (value,) * count
        result = tuple([operator.index(n) for n in values])
    except TypeError:
        result = ()
    if len(result) != count:
        wanted = "an int" if count == 1 else f"an int or {count} ints"
        raise TypeError(f"{operation}: expected {name} to be {wanted}, got {value!r}")
    if min(result) < least:
        raise ValueError(f"{operation}: expected {name} >= {least}, got {value!r}")
    if max(result) > LARGEST:
        raise ValueError(f"{operation}: expected {name} of at most {LARGEST}, got {value!r}")
    return result


def check_number(operation, name, value):
    """Refuse what is no real number, of Python or in a Tensor; return it as a float."""
    if type(value) is float:  # nearly always
        return value
    try:
        if not isinstance(value, (str, bytes)):
            return float(value)
    except (TypeError, ValueError):
        pass
    kind = type(value).__name__
    raise TypeError(f"{operation}: expected {name} to be a number, got {kind}")


def check_probability(operation, p):
    """Refuse what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{operation}: expected a probability in [0, 1], got {p!r}")


def check_reduction(operation, reduction):
    """Refuse what is no way to reduce losses."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(
            f"{operation}: expected reduction 'mean', 'sum' or 'none', got {reduction!r}"
        )


def check_bias(operation, bias, shape):
    """Refuse a bias of another shape."""
    if bias is not None and bias.shape != shape:
        raise ValueError(f"{operation}: expected bias of shape {shape}, got {bias.shape}")


def check_window(operation, shape, window, padding, dilation):
    """Refuse a window that has no place in the image."""
    image = tuple(n + 2 * p for n, p in zip(shape[-len(window) :], padding, strict=True))
    extent = tuple(d * (n - 1) + 1 for n, d in zip(window, dilation, strict=True))
    if any(w > n for w, n in zip(extent, image, strict=True)):
        raise ValueError(
            f"{operation}: expected images, padding included, no smaller than the window "
            f"{extent}, got {image}"
        )
