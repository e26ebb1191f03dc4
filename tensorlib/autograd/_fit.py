"""Brings a gradient back to the shape and dtype of the input that it belongs to."""

from tensorlib._core import _tape


def fit(gradient, shape, dtype, op):
    """Undo broadcasting by summing, promotion by casting.

    Parameters
    ----------
    gradient : Tensor
        What a rule returned.
    shape, dtype : tuple of int, numpy.dtype
        Those of the input.
    op : str
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
                f"{op}: expected a gradient of shape {shape}, or one that it can be broadcast to, "
                f"got {gradient.shape}"
            )
        gradient = gradient.sum(axis=(*range(lead), *repeated)).reshape(shape)
    if gradient.dtype != dtype:
        if gradient.dtype.kind == "c" and dtype.kind != "c":
            gradient = gradient.real
        gradient = gradient.astype(dtype, copy=False)
    return gradient


_tape.set_fit(fit)
