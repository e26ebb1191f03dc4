"""Losses with a margin: some score or distance should be larger than another one by that much."""

from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import arange, minimum, relu, sqrt, where
from tensorlib._core._wrapping import wrapped_of
from tensorlib.nn._arguments import check_reduction
from tensorlib.nn.functional.distance import pairwise_distance
from tensorlib.nn.functional.loss._reduction import beside, reduced


def _above_zero(x):
    """`relu` whose gradient passes at zero too, where pairs begin that are alike."""
    return where(x < 0, 0, x)


@in_float32
def margin_ranking_loss(input1, input2, target, margin=0, reduction="mean"):
    """How much is missing for one score to be larger than another.

    ``max(0, margin - target * (input1 - input2))``

    Parameters
    ----------
    input1, input2 : Tensor
        Scores.
    target : Tensor
        1 where the first should be the larger one, -1 where the second.
    margin : float, optional
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or the broadcast one with "none"

    Raises
    ------
    ValueError
        If the shapes do not broadcast, or their numbers of axes differ, or the reduction is
        unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, y = tl.asarray([1.0, 2.0]), tl.asarray([3.0, 1.0])
    >>> F.margin_ranking_loss(x, y, tl.asarray([1, 1])).item()
    1.0
    """
    if not input1.ndim == input2.ndim == target.ndim:
        raise ValueError(
            "margin_ranking_loss: expected as many axes of input1, input2 and target, "
            f"got {input1.shape}, {input2.shape} and {target.shape}"
        )
    difference = input1 - beside("margin_ranking_loss", input1, input2, "input1 and input2")
    target = beside("margin_ranking_loss", difference, target)
    missing = _above_zero(margin - target * difference)
    return reduced("margin_ranking_loss", missing, reduction)


@in_float32
def hinge_embedding_loss(input, target, margin=1.0, reduction="mean"):
    """A distance between things that are alike, and what it lacks to `margin` between others.

    Parameters
    ----------
    input : Tensor
        Distances.
    target : Tensor
        1 where things are alike, -1 where they are not; of a shape that broadcasts.
    margin : float, optional
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
    >>> F.hinge_embedding_loss(tl.asarray([0.25, 0.5]), tl.asarray([1, -1]), reduction="sum").item()
    0.75
    """
    target = beside("hinge_embedding_loss", input, target)
    losses = where(target == 1, input, _above_zero(margin - input))
    return reduced("hinge_embedding_loss", losses, reduction)


@in_float32
def cosine_embedding_loss(input1, input2, target, margin=0, reduction="mean"):
    """How far the cosine of two vectors is from 1, or above `margin` for those that are not alike.

    Parameters
    ----------
    input1, input2 : Tensor, shape (N, D) or (D,)
    target : Tensor, shape (N,) or ()
        1 where the vectors should be alike, -1 where not.
    margin : float, optional
        From -1 to 1; cosines below it cost nothing where vectors should not be alike.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    ValueError
        If the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, y = tl.asarray([[1.0, 0.0], [3.0, 4.0]]), tl.asarray([[0.0, 1.0], [5.0, 0.0]])
    >>> F.cosine_embedding_loss(x, y, tl.asarray([1, -1]), reduction="none").round(6).tolist()
    [1.0, 0.6]
    """
    if target.ndim > 1 or not input1.ndim == input2.ndim == target.ndim + 1:
        raise ValueError(
            "cosine_embedding_loss: expected shapes (N, D), (N, D) and (N,), or (D,), (D,) and (), "
            f"got {input1.shape}, {input2.shape} and {target.shape}"
        )
    input2 = beside("cosine_embedding_loss", input1, input2, "input1 and input2")
    tiny = 1e-12
    squares = ((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)
    cosine = (input1 * input2).sum(-1) / sqrt(squares)
    losses = where(target == 1, 1 - cosine, _above_zero(cosine - margin))
    return reduced("cosine_embedding_loss", losses, reduction)


@in_float32
def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    """Mean over C classes of how much the score of the true one lacks beside each other one's.

    ``sum(max(0, margin - input[target] + input[i])**p) / C`` over all ``i`` but the target.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (C,)
        Scores.
    target : Tensor of an integer dtype, shape (N,) or ()
        The true classes.
    p : {1, 2}, optional
    margin : float, optional
    weight : Tensor, shape (C,), optional
        What each true class counts.
    reduction : {"mean", "sum", "none"}, optional
        The mean is over the number of samples.

    Returns
    -------
    Tensor, shape () or that of `target` with "none"

    Raises
    ------
    IndexError
        If a target is no class.
    ValueError
        If `p` is another one, the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.multi_margin_loss(tl.asarray([[0.0, 0.5, 2.0, 0.0]]), tl.asarray([1])).item()
    0.875
    """
    name = "multi_margin_loss"
    check_reduction(name, reduction)
    if p not in (1, 2):
        raise ValueError(f"{name}: expected p to be 1 or 2, got {p!r}")
    if input.ndim not in (1, 2) or target.shape != input.shape[:-1]:
        raise ValueError(
            f"{name}: expected shapes (N, C) and (N,), or (C,) and (), "
            f"got {input.shape} and {target.shape}"
        )
    classes = input.shape[-1]
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"{name}: expected weight of shape ({classes},), got {weight.shape}")
    true = target.reshape((*target.shape, 1))
    _check_classes(name, true, classes, 0)
    if input.ndim == 2:
        own = input[arange(len(input), device=input.device).reshape((-1, 1)), true]
    else:
        own = input[true]
    missing = relu(margin - own + input)
    if p == 2:
        missing = missing * missing
    losses = where(arange(classes, device=input.device) == true, 0, missing).sum(-1) / classes
    return reduced(name, losses if weight is None else losses * weight[target], reduction)


@in_float32
def multilabel_margin_loss(input, target, reduction="mean"):
    """How much the scores of the true classes lack beside each of the others, over C classes.

    ``sum(max(0, 1 - input[i] + input[j])) / C`` over all true ``i`` and all ``j`` that are not.

    Parameters
    ----------
    input : Tensor, shape (N, C) or (C,)
        Scores.
    target : Tensor of an integer dtype, shape (N, C) or (C,)
        The true classes of each sample, ended by -1 if there are less than C.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or (N,) with "none"

    Raises
    ------
    IndexError
        If a target is no class and not -1.
    ValueError
        If the shapes differ, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.asarray([[0.5, 1.0, 2.0, 4.0]])
    >>> F.multilabel_margin_loss(x, tl.asarray([[3, 2, -1, -1]])).item()
    0.0
    """
    name = "multilabel_margin_loss"
    check_reduction(name, reduction)
    if input.ndim not in (1, 2) or target.shape != input.shape:
        raise ValueError(
            f"{name}: expected shapes (N, C) and (N, C), or (C,) and (C,), "
            f"got {input.shape} and {target.shape}"
        )
    if input.ndim == 1:
        losses = _multilabel_losses(name, input.reshape((1, -1)), target.reshape((1, -1)))
        return reduced(name, losses[0], reduction)
    return reduced(name, _multilabel_losses(name, input, target), reduction)


def _multilabel_losses(name, input, target):
    samples, classes = input.shape
    if input.size == 0:
        return input.sum(-1)
    _check_classes(name, target, classes, -1)
    listed = (target < 0).cumsum(1) == 0
    target = where(listed, target, 0)
    if wrapped_of(target) is None:  # what is beyond the longest list costs nothing
        longest = max(int(listed.sum(1).max()), 1)
        listed, target = listed[:, :longest], target[:, :longest]
    own = input[arange(samples, device=input.device).reshape((-1, 1)), target]
    numbers = arange(classes, device=input.device)
    is_own = (listed[:, :, None] & (target[:, :, None] == numbers)).any(1)
    pairs = listed[:, :, None] & ~is_own[:, None, :]
    missing = relu(1 - own[:, :, None] + input[:, None, :])
    return where(pairs, missing, 0).sum((1, 2)) / classes


def _check_classes(operation, labels, classes, least):
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{operation}: expected a target of an integer dtype, got {labels.dtype}")
    if wrapped_of(labels) is not None:  # by a recorder, such as vmap
        return
    if labels.size and (int(labels.min()) < least or int(labels.max()) >= classes):
        raise IndexError(
            f"{operation}: expected targets from {least} to {classes - 1}, got targets from "
            f"{int(labels.min())} to {int(labels.max())}"
        )


@in_float32
def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, reduction="mean"
):
    """How much nearer a thing of the same kind should be than one of another kind.

    ``max(0, margin + distance(anchor, positive) - distance(anchor, negative))`` (Balntas et al.,
    "Learning local feature descriptors with triplets and shallow convolutional neural networks",
    2016, section 3.2).

    Parameters
    ----------
    anchor, positive, negative : Tensor, shape (N, D) or (D,)
        Vectors along the last axis.
    margin : float, optional
        Above 0.
    p : float, optional
        The order of the norm that gives distances.
    eps : float, optional
        Added to differences, so that no distance is 0, where norms have no slope.
    swap : bool, optional
        Whether the distance between the positive and the negative one counts instead of that to
        the anchor where it is smaller.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or (N,) with "none"

    Raises
    ------
    ValueError
        If the margin is not positive, the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> anchor, near, far = tl.zeros((1, 2)), tl.ones((1, 2)), tl.asarray([[3.0, 4.0]])
    >>> round(F.triplet_margin_loss(anchor, near, far, margin=5.0).item(), 4)
    1.4142
    """

    def distance(x, y):
        y = beside("triplet_margin_loss", x, y, "anchor, positive and negative")
        return pairwise_distance(x, y, p, eps)

    return _triplet_loss(
        "triplet_margin_loss", (anchor, positive, negative), distance, margin, swap, reduction
    )


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """`triplet_margin_loss` with any distance.

    Parameters
    ----------
    anchor, positive, negative : Tensor
        Of as many axes.
    distance_function : callable, optional
        Takes two of them and returns their distances. By default that of `triplet_margin_loss`.
    margin : float, optional
        Above 0.
    swap : bool, optional
        Whether the distance between the positive and the negative one counts instead of that to
        the anchor where it is smaller.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or that of the distances with "none"

    Raises
    ------
    ValueError
        If the margin is not positive, the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x, y, z = tl.asarray([[0.0]]), tl.asarray([[2.0]]), tl.asarray([[3.0]])
    >>> F.triplet_margin_with_distance_loss(
    ...     x, y, z, distance_function=lambda a, b: abs(a - b).sum(-1), margin=1.5
    ... ).item()
    0.5
    """
    name = "triplet_margin_with_distance_loss"
    tensors = (anchor, positive, negative)
    if distance_function is None:
        return triplet_margin_loss(*tensors, margin, swap=swap, reduction=reduction)
    return _triplet_loss(name, tensors, distance_function, margin, swap, reduction)


def _triplet_loss(operation, tensors, distance, margin, swap, reduction):
    check_reduction(operation, reduction)
    if not margin > 0:
        raise ValueError(f"{operation}: expected margin > 0, got {margin!r}")
    if len({x.ndim for x in tensors}) > 1:
        shapes = ", ".join(str(x.shape) for x in tensors)
        raise ValueError(
            f"{operation}: expected as many axes of anchor, positive and negative, got {shapes}"
        )
    anchor, positive, negative = tensors
    to_negative = distance(anchor, negative)
    if swap:
        to_negative = minimum(to_negative, distance(positive, negative))
    missing = _above_zero(margin + distance(anchor, positive) - to_negative)
    return reduced(operation, missing, reduction)
