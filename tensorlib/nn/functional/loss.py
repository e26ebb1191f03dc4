"""Losses."""

from tensorlib._core._functions import arange, square, where
from tensorlib._manipulation import moveaxis
from tensorlib.nn._arguments import check_reduction
from tensorlib.nn.functional.activation import log_softmax


def nll_loss(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of the classes that are true.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...) or (C,)
        Logarithms of probabilities of C classes, as `log_softmax` gives them.
    target : Tensor of an integer dtype, shape (N, ...) or ()
        The true classes.
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the weights of the targets.

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    IndexError
        If a target is no class.
    TypeError
        If the target has no integer dtype.
    ValueError
        If the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.nll_loss(tl.asarray([[-0.5, -2.0], [-3.0, -0.25]]), tl.asarray([0, 1])).item()
    0.375
    """
    check_reduction("nll_loss", reduction)
    if target.dtype.kind not in "iu":
        raise TypeError(f"nll_loss: expected a target of an integer dtype, got {target.dtype}")
    if x.ndim == 0 or target.shape != (x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()):
        raise ValueError(
            "nll_loss: expected shapes (N, C, ...) and (N, ...), or (C,) and (), "
            f"got {x.shape} and {target.shape}"
        )
    classes = x.shape[min(x.ndim - 1, 1)]
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"nll_loss: expected weight of shape ({classes},), got {weight.shape}")
    labels = target.reshape(-1)
    counted = _counted(labels, classes, ignore_index)
    if counted is not None:
        labels = where(counted, labels, 0)
    rows = moveaxis(x, min(x.ndim - 1, 1), -1).reshape((-1, classes))
    losses = -rows[arange(labels.size), labels]
    weights = None if weight is None else weight[labels]
    if counted is not None:
        # By `where`, so that an infinite loss that is not counted leaves no NaN.
        losses = where(counted, losses, 0)
        weights = counted.astype(x.dtype) if weights is None else where(counted, weights, 0)
    if weight is not None:
        losses = losses * weights
    if reduction == "mean" and weights is not None:
        return losses.sum() / weights.sum()
    return _reduce(losses.reshape(target.shape), reduction)


def cross_entropy(x, target, weight=None, ignore_index=-100, reduction="mean"):
    """Apply `nll_loss` to `log_softmax` of the scores of classes.

    Parameters
    ----------
    x : Tensor, shape (N, C, ...) or (C,)
        Scores of C classes, of any size.
    target, weight, ignore_index, reduction
        As in `nll_loss`.

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    IndexError, TypeError, ValueError
        As `nll_loss`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> round(F.cross_entropy(tl.zeros((2, 10)), tl.asarray([3, 4])).item(), 4)
    2.3026
    """
    scores = log_softmax(x, min(x.ndim - 1, 1))
    return nll_loss(scores, target, weight, ignore_index, reduction)


def mse_loss(x, target, reduction="mean"):
    """Square of the difference.

    Parameters
    ----------
    x, target : Tensor
        Of shapes that broadcast.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or the broadcast one with "none"

    Raises
    ------
    ValueError
        If the shapes do not broadcast, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.mse_loss(tl.asarray([1.0, 3.0]), tl.asarray([1.0, 1.0])).item()
    2.0
    """
    check_reduction("mse_loss", reduction)
    return _reduce(square(x - target), reduction)


def _reduce(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def _counted(labels, classes, ignore_index):
    """Where labels are counted, or None if everywhere; refuses what is no class."""
    if labels.size == 0:
        return None
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < classes and not low <= ignore_index <= high:
        return None
    counted = labels != ignore_index
    wrong = labels[counted & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise IndexError(f"nll_loss: expected classes from 0 to {classes - 1}, got {int(wrong[0])}")
    return counted
