"""How losses of elements become one number."""

import warnings

from numpy import broadcast_shapes

from tensorlib.nn._arguments import check_reduction


def reduced(operation, losses, reduction):
    """The losses themselves, their mean or their sum."""
    check_reduction(operation, reduction)
    return losses if reduction == "none" else getattr(losses, reduction)()


def weighted(operation, losses, weight, reduction):
    """As `reduced`, the losses counting as much as `weight` says; the mean is over the weights."""
    if weight is None:
        return reduced(operation, losses, reduction)
    losses = losses * weight
    if reduction == "mean":
        return losses.sum() / weight.sum()
    return reduced(operation, losses, reduction)


def paired(operation, input, target, reduction, weight=None):
    """The target of a loss of elements, as numbers of the input's dtype, checked beside it.

    It should have the shape of the input, but may broadcast.
    """
    check_reduction(operation, reduction)
    if weight is not None and weight.shape != input.shape:
        raise ValueError(
            f"{operation}: expected weight of the shape of input, {input.shape}, got {weight.shape}"
        )
    if target.shape != input.shape:
        warnings.warn(
            f"{operation}: input has shape {input.shape} and target {target.shape}; they are "
            "broadcast, which is seldom what was meant: give them the same shape",
            stacklevel=4,  # paired, the loss, what casts for it
        )
    return beside(operation, input, target)


def beside(operation, input, target, names="input and target"):
    """The target, checked to broadcast with the input. Integers become numbers of its dtype: by
    NumPy's rules int64 would make float32 float64."""
    if target.shape != input.shape:
        try:
            broadcast_shapes(input.shape, target.shape)
        except ValueError:
            raise ValueError(
                f"{operation}: expected shapes of {names} that broadcast, "
                f"got {input.shape} and {target.shape}"
            ) from None
    return target.astype(input.dtype) if target.dtype.kind in "iub" else target
