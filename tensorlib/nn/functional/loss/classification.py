"""Losses of the scores or probabilities of classes."""

import math

from tensorlib._arguments import anywhere, followed, from_zero, stays
from tensorlib._core._autocast import in_float32
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import arange, log, log1p, logaddexp, where
from tensorlib._core._wrapping import wrapped_of
from tensorlib.nn._arguments import check_reduction
from tensorlib.nn.functional.activation import log_softmax
from tensorlib.nn.functional.linear import linear
from tensorlib.nn.functional.loss._reduction import beside, reduced

LEAST = math.exp(-100.0)  # below it the logarithm of a probability is taken to be -100


@in_float32
def nll_loss(input, target, weight=None, ignore_index=-100, reduction="mean"):
    """Negative log-likelihood of the classes that are true.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...) or (C,)
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
    return _nll("nll_loss", input, target, weight, ignore_index, reduction, 0.0)


@in_float32
def cross_entropy(
    input, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0
):
    """Cross entropy between the distributions that scores of classes stand for, and true ones.

    With classes as the target this is `nll_loss` of `log_softmax`.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...) or (C,)
        Scores of C classes, of any size.
    target : Tensor
        The true classes, as of `nll_loss`; or their probabilities, of the shape of `input`.
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this class, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the weights of the classes that are true, or, of probabilities, over all
        places but the axis of classes.
    label_smoothing : float, optional
        This part of each true distribution is spread over all classes evenly (Szegedy et al.,
        "Rethinking the Inception architecture for computer vision", 2016, section 7).

    Returns
    -------
    Tensor, shape () or that of `input` without the axis of classes with "none"

    Raises
    ------
    IndexError
        If a target is no class.
    TypeError
        If the target has no integer dtype, nor the shape of `input` and a floating dtype.
    ValueError
        If the shapes do not fit, the reduction is unknown, `label_smoothing` is not in [0, 1], or
        `ignore_index` names a class beside probabilities.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> round(F.cross_entropy(tl.zeros((2, 10)), tl.asarray([3, 4])).item(), 4)
    2.3026
    >>> round(F.cross_entropy(tl.zeros((1, 2)), tl.asarray([[0.25, 0.75]])).item(), 4)
    0.6931
    """
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"cross_entropy: expected label_smoothing in [0, 1], got {label_smoothing!r}"
        )
    if input.ndim == 0:
        raise ValueError("cross_entropy: expected input of shape (N, C, ...) or (C,), got ()")
    logarithms = log_softmax(input, min(input.ndim - 1, 1))
    if target.shape == input.shape:
        return _of_probabilities(
            logarithms, target, weight, ignore_index, reduction, label_smoothing
        )
    return _nll(
        "cross_entropy", logarithms, target, weight, ignore_index, reduction, label_smoothing
    )


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
):
    """Apply `cross_entropy` to the scores that `linear` gives.

    Parameters
    ----------
    input : Tensor, shape (N, D) or (D,)
    linear_weight : Tensor, shape (C, D) or (C, ..., D)
        Of C classes, at each of the places of further axes.
    target : Tensor, shape (N, ...) or (N, C, ...)
        Classes or their probabilities; without N for an input without it.
    linear_bias : Tensor, shape (C,) or (C, ...), optional
    weight, reduction, label_smoothing
        As of `cross_entropy`.
    ignore_index : int, optional
        As of `cross_entropy`, -100 by default.

    Returns
    -------
    Tensor
        As from `cross_entropy`.

    Raises
    ------
    IndexError, TypeError, ValueError
        As by `cross_entropy`, and if the shapes of `input` and `linear_weight` do not fit.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, weight = tl.ones((2, 3)), tl.zeros((10, 3))
    >>> round(F.linear_cross_entropy(x, weight, tl.asarray([3, 4])).item(), 4)
    2.3026
    """
    if linear_weight.ndim < 2 or input.ndim not in (1, 2):
        raise ValueError(
            "linear_cross_entropy: expected input of shape (N, D) or (D,) and linear_weight of "
            f"shape (C, ..., D), got {input.shape} and {linear_weight.shape}"
        )
    if input.shape[-1:] != linear_weight.shape[-1:]:
        raise ValueError(
            "linear_cross_entropy: expected input and linear_weight of one length of the last "
            f"axis, got {input.shape} and {linear_weight.shape}"
        )
    places = linear_weight.shape[:-1]
    if linear_bias is not None and linear_bias.shape != places:
        raise ValueError(
            f"linear_cross_entropy: expected linear_bias of shape {places}, got {linear_bias.shape}"
        )
    flat_bias = None if linear_bias is None else linear_bias.reshape(-1)
    scores = linear(input, linear_weight.reshape((-1, linear_weight.shape[-1])), flat_bias)
    return cross_entropy(
        scores.reshape((*input.shape[:-1], *places)),
        target,
        weight,
        -100 if ignore_index is None else ignore_index,
        reduction,
        label_smoothing,
    )


def _nll(operation, input, target, weight, ignore_index, reduction, smoothing):
    check_reduction(operation, reduction)
    if target.dtype.kind not in "iu":
        raise TypeError(f"{operation}: expected a target of an integer dtype, got {target.dtype}")
    if input.ndim == 0 or target.shape != (
        input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    ):
        raise ValueError(
            f"{operation}: expected shapes (N, C, ...) and (N, ...), or (C,) and (), "
            f"got {input.shape} and {target.shape}"
        )
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    _check_weight(operation, weight, classes)
    if reduction != "none" and not smoothing and _fits(input, target, weight):
        params = weight, ignore_index, reduction == "mean", operation
        return apply(ops.nll_loss, (input, target.astype("int64", copy=False)), params)[0]
    counted = _counted(operation, target, classes, ignore_index)
    if counted is not None:
        target = where(counted, from_zero(target), 0)
    chosen = input[_places(target, axis)]
    weights = None if weight is None else weight[target]
    if weights is not None:
        chosen = chosen * weights
    if smoothing:
        every = input if weight is None else input * _along(weight, input.ndim)
        chosen = (1.0 - smoothing) * chosen + (smoothing / classes) * every.sum(axis)
    if counted is not None:
        # By `where`, so that an infinite loss that is not counted leaves no NaN.
        chosen = where(counted, chosen, 0)
        weights = counted.astype(input.dtype) if weights is None else where(counted, weights, 0)
    if reduction == "mean" and weights is not None:
        return -chosen.sum() / weights.sum()
    return -reduced(operation, chosen, reduction)


def _fits(input, target, weight):
    """Whether one op does: it has no derivative by weights, and no way of its own for batches."""
    if target.size == 0 or input.dtype.kind not in "fV":
        return False
    if wrapped_of(input) is not None or wrapped_of(target) is not None:
        return False
    return weight is None or (weight.dtype == input.dtype and not followed(weight))


def _of_probabilities(logarithms, target, weight, ignore_index, reduction, smoothing):
    check_reduction("cross_entropy", reduction)
    if target.dtype.kind in "iub":
        raise TypeError(
            "cross_entropy: expected probabilities of a floating dtype, as the target has the "
            f"shape of input, {target.shape}, got {target.dtype}"
        )
    if ignore_index >= 0:
        raise ValueError(
            "cross_entropy: expected no class as ignore_index beside probabilities, "
            f"got {ignore_index}"
        )
    axis = min(logarithms.ndim - 1, 1)
    classes = logarithms.shape[axis]
    _check_weight("cross_entropy", weight, classes)
    if smoothing:
        target = target * (1.0 - smoothing) + smoothing / classes
    terms = logarithms * target
    if weight is not None:
        terms = terms * _along(weight, terms.ndim)
    if reduction == "mean":
        return -terms.sum() / (terms.size // max(classes, 1))
    return -reduced("cross_entropy", terms.sum(axis), reduction)


def _check_weight(operation, weight, classes):
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{operation}: expected weight of shape ({classes},), got {weight.shape}")


def _along(weight, ndim):
    """Weights of classes in a shape that broadcasts with the scores."""
    return weight.reshape((-1,) + (1,) * max(ndim - 2, 0))


def _places(labels, axis):
    """The index of the elements of the given classes."""
    if axis == 0:
        return (labels,)
    if labels.ndim == 1:
        return (arange(labels.shape[0], device=labels.device), labels)
    grid = [
        arange(length, device=labels.device).reshape((length,) + (1,) * (labels.ndim - 1 - i))
        for i, length in enumerate(labels.shape)
    ]
    return (grid[0], labels, *grid[1:])


def _counted(operation, labels, classes, ignore_index):
    """Where labels are counted, or None if everywhere; refuses what is no class."""
    if labels.size == 0:
        return None
    if stays(labels):  # by a recorder such as vmap; to read a device would wait for it
        return labels != ignore_index
    low, high = int(labels.min()), int(labels.max())
    if low >= 0 and high < classes and not low <= ignore_index <= high:
        return None
    counted = labels != ignore_index
    wrong = labels[counted & ((labels < 0) | (labels >= classes))]
    if wrong.size:
        raise IndexError(
            f"{operation}: expected classes from 0 to {classes - 1}, got {int(wrong[0])}"
        )
    return counted


@in_float32
def binary_cross_entropy(input, target, weight=None, reduction="mean"):
    """Cross entropy between probabilities of a truth and the truth.

    ``-target * log(input) - (1 - target) * log(1 - input)``, where the logarithm of a probability
    below ``exp(-100)`` counts as -100 and has no slope. `binary_cross_entropy_with_logits`
    is more accurate where the probabilities come from `sigmoid`.

    Parameters
    ----------
    input : Tensor
        Probabilities.
    target : Tensor
        Of the same shape, between 0 and 1.
    weight : Tensor, optional
        What each element counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the number of elements.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        If an element of `input` is not in [0, 1], the shapes do not fit, or the reduction is
        unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([0.5, 0.5])
    >>> round(F.binary_cross_entropy(x, tl.asarray([0.0, 1.0])).item(), 4)
    0.6931
    """
    target = _of_same_shape("binary_cross_entropy", input, target)
    if anywhere(~((input >= 0) & (input <= 1))):  # also NaN
        raise ValueError("binary_cross_entropy: expected probabilities in [0, 1] as input")
    tiny, sure = input <= LEAST, input == 1
    true = where(tiny, -100, log(where(tiny, 1, input)))
    false = where(sure, -100, log1p(-where(sure, 0, input)))
    losses = (target - 1) * false - target * true
    return reduced("binary_cross_entropy", losses if weight is None else losses * weight, reduction)


@in_float32
def binary_cross_entropy_with_logits(input, target, weight=None, reduction="mean", pos_weight=None):
    """Apply `binary_cross_entropy` to `sigmoid` of scores, accurately.

    Parameters
    ----------
    input : Tensor
        Scores, of any size.
    target : Tensor
        Of the same shape, between 0 and 1.
    weight : Tensor, optional
        What each element counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the number of elements.
    pos_weight : Tensor, optional
        What truths count beside falsehoods, of a shape that broadcasts.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        If the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.binary_cross_entropy_with_logits(tl.asarray([-500.0, 500.0]), tl.ones(2)).item()
    250.0
    """
    name = "binary_cross_entropy_with_logits"
    losses = _binary_losses(input, _of_same_shape(name, input, target), pos_weight)
    return reduced(name, losses if weight is None else losses * weight, reduction)


def _binary_losses(scores, target, pos_weight=None):
    softplus = logaddexp(0, -scores)
    if pos_weight is not None:
        softplus = softplus * (1 + (pos_weight - 1) * target)
    return (1 - target) * scores + softplus


def _of_same_shape(operation, input, target):
    if target.shape != input.shape:
        raise ValueError(
            f"{operation}: expected a target of the shape of input, {input.shape}, "
            f"got {target.shape}"
        )
    return beside(operation, input, target)


@in_float32
def soft_margin_loss(input, target, reduction="mean"):
    """Logistic loss ``log(1 + exp(-target * input))`` of scores of two classes.

    Parameters
    ----------
    input : Tensor
        Scores.
    target : Tensor
        The true classes, -1 and 1, of a shape that broadcasts.
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
    >>> round(F.soft_margin_loss(tl.asarray([0.0, 0.0]), tl.asarray([1, -1])).item(), 4)
    0.6931
    """
    target = beside("soft_margin_loss", input, target)
    return reduced("soft_margin_loss", logaddexp(0, -target * input), reduction)


@in_float32
def multilabel_soft_margin_loss(input, target, weight=None, reduction="mean"):
    """Mean over C classes of `binary_cross_entropy_with_logits`: each of them is true or not.

    Parameters
    ----------
    input : Tensor, shape (..., C)
        Scores.
    target : Tensor, shape (..., C)
        1 for the true classes, 0 for others.
    weight : Tensor, optional
        What each class counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or (...) with "none"

    Raises
    ------
    ValueError
        If the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> truths = tl.asarray([[0.0, 1.0, 1.0]])
    >>> round(F.multilabel_soft_margin_loss(tl.zeros((1, 3)), truths).item(), 4)
    0.6931
    """
    name = "multilabel_soft_margin_loss"
    if input.ndim == 0:
        raise ValueError(f"{name}: expected input of shape (..., C), got ()")
    losses = _binary_losses(input, beside(name, input, target))
    return reduced(name, (losses if weight is None else losses * weight).mean(-1), reduction)
