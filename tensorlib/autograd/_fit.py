"""Brings a gradient back to the shape and dtype of the input that it belongs to."""

from tensorlib._core import _backward


def fit(gradient, shape, dtype, node):
    """Undo broadcasting by summing, promotion by casting.

    Parameters
    ----------
    gradient : Tensor
        What a rule returned.
    shape, dtype : tuple of int, numpy.dtype
        Those of the input.
    node : Node
        For the error's text.

    Raises
    ------
    RuntimeError
        If the gradient's shape is none that the input's can be broadcast to.
    """
    if gradient.shape != shape:
        lead = gradient.ndim - len(shape)
        repeated = [
            i + lead for i, n in enumerate(shape) if n == 1 and gradient.shape[i + lead] != 1
        ]
        kept = gradient.shape[max(lead, 0) :]
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, kept, strict=True)):
            raise RuntimeError(
                f"{node.name}: expected a gradient of shape {shape}, or one that it can be "
                f"broadcast to, got {gradient.shape}; the op was at {node.where}"
            )
        wide = "float32" if gradient.dtype.itemsize == 2 else None  # sums in 16 bits stagnate
        gradient = gradient.sum(axis=(*range(lead), *repeated), dtype=wide).reshape(shape)
    if gradient.dtype != dtype:
        if gradient.dtype.kind == "c" and dtype.kind != "c":
            gradient = gradient.real
        gradient = gradient.astype(dtype, copy=False)
    return gradient


_backward.set_fit(fit)
