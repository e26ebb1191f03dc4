"""Borders around the last axes."""

import math
import operator

from tensorlib._padding import pad as with_border

# PyTorch's names and NumPy's.
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input, pad, mode="constant", value=None):
    """Add a border to the last axes.

    Parameters
    ----------
    input : Tensor
    pad : sequence of ints
        Widths before and after of the last axis, then of the one before it, and so on. Negative
        ones take elements away.
    mode : {"constant", "reflect", "replicate", "circular"}, optional
        What the border holds: `value`; the elements mirrored at the edge, without the one there;
        the one at the edge; those from the other end.
    value : number, optional
        In the mode "constant", zero by default.

    Returns
    -------
    Tensor
        dtype of `input`; always a copy.

    Raises
    ------
    TypeError
        If `pad` is no sequence of ints.
    ValueError
        If the mode is unknown, `value` is given where it has no meaning, there are fewer axes than
        pairs, an axis is too short for its border or nothing of it would be left.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.pad(tl.arange(4), (2, 1), mode="reflect").tolist()
    [2, 1, 0, 1, 2, 3, 2]
    >>> F.pad(tl.ones((2, 2)), (0, 1, -1, 0), value=5.0).tolist()
    [[1.0, 1.0, 5.0]]
    """
    pairs = _pairs(pad, input)
    if mode not in MODES:
        raise ValueError(f"pad: expected mode {', '.join(map(repr, MODES))}, got {mode!r}")
    if value is not None and mode != "constant":
        raise ValueError(f"pad: expected no value in the mode {mode!r}, got {value!r}")
    for length, (before, after) in zip(input.shape, pairs, strict=True):
        if length + before + after < 0:
            raise ValueError(
                f"pad: expected no more to be taken away than there is, got shape {input.shape} "
                f"and pad {tuple(pad)}"
            )
        if max(before, after) > _longest(mode, length, before, after):
            raise ValueError(
                f"pad: expected axes that are long enough for the mode {mode!r}, got shape "
                f"{input.shape} and pad {tuple(pad)}"
            )
    borders = [(max(before, 0), max(after, 0)) for before, after in pairs]
    if mode == "constant":
        return with_border(_cut(input, pairs), borders, constant_values=value or 0)
    if mode == "reflect":  # a mirror shows also what is cut away on its other side
        return _cut(with_border(input, borders, "reflect"), pairs)
    return with_border(_cut(input, pairs), borders, MODES[mode])


def _longest(mode, length, before, after):
    """The longest border that an axis allows."""
    left = length + min(before, 0) + min(after, 0)
    if mode == "reflect":
        return max(length - 1, 0)
    if mode == "circular":
        return max(left, 0)
    return math.inf if mode == "constant" or left > 0 else 0


def _pairs(pad, input):
    """The widths of each axis, in order."""
    try:
        widths = [operator.index(n) for n in pad]
    except TypeError:
        raise TypeError(f"pad: expected pad to be a sequence of ints, got {pad!r}") from None
    if len(widths) % 2 or len(widths) > 2 * input.ndim:
        raise ValueError(
            f"pad: expected pairs for at most {input.ndim} axes, got {tuple(pad)} for shape "
            f"{input.shape}"
        )
    pairs = list(zip(widths[::2], widths[1::2], strict=True))
    return [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]


def _cut(x, pairs):
    """Without what negative widths take away."""
    if all(before >= 0 and after >= 0 for before, after in pairs):
        return x
    return x[
        tuple(
            slice(max(-before, 0), n - max(-after, 0))
            for n, (before, after) in zip(x.shape, pairs, strict=True)
        )
    ]
