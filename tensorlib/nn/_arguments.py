"""Checks of options that functions and layers share."""

import operator


def pair(operation, name, value, least):
    """Two ints of at least `least` from one int or two; errors name the operation."""
    try:
        first, second = value if isinstance(value, tuple | list) else (value, value)
        result = operator.index(first), operator.index(second)
    except (TypeError, ValueError):
        raise TypeError(
            f"{operation}: expected {name} to be an int or a pair of ints, got {value!r}"
        ) from None
    if min(result) < least:
        raise ValueError(f"{operation}: expected {name} >= {least}, got {value!r}")
    return result


def check_probability(operation, p):
    """Refuse what is no probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"{operation}: expected a probability in [0, 1], got {p!r}")
