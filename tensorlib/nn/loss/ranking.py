"""Losses with a margin between scores or distances."""

from tensorlib.nn import functional
from tensorlib.nn.distance import PairwiseDistance
from tensorlib.nn.loss._base import Loss


class MarginRankingLoss(Loss):
    """How much is missing for one score to be larger than another.

    Parameters
    ----------
    margin : float, optional
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.margin_ranking_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MarginRankingLoss()(tl.asarray([1.0]), tl.asarray([3.0]), tl.asarray([1])).item()
    2.0
    """

    def __init__(self, margin=0.0, reduction="mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return functional.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class HingeEmbeddingLoss(Loss):
    """A distance between things that are alike, and what it lacks to a margin between others.

    Parameters
    ----------
    margin : float, optional
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.hinge_embedding_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.HingeEmbeddingLoss()(tl.asarray([0.25, 0.25]), tl.asarray([1, -1])).item()
    0.5
    """

    def __init__(self, margin=1.0, reduction="mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input, target):
        return functional.hinge_embedding_loss(
            input, target, margin=self.margin, reduction=self.reduction
        )


class CosineEmbeddingLoss(Loss):
    """How far the cosine of two vectors is from 1, or above a margin for those not alike.

    Parameters
    ----------
    margin : float, optional
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.cosine_embedding_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x, y = tl.asarray([1.0, 0.0]), tl.asarray([0.0, 1.0])
    >>> nn.CosineEmbeddingLoss()(x, y, tl.asarray(1)).item()
    1.0
    """

    def __init__(self, margin=0.0, reduction="mean"):
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1, input2, target):
        return functional.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MultiMarginLoss(Loss):
    """How much the score of the true class lacks beside each other one.

    Parameters
    ----------
    p : {1, 2}, optional
    margin : float, optional
    weight : Tensor, shape (C,), optional
        What each class counts.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.multi_margin_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MultiMarginLoss()(tl.asarray([[0.0, 0.5, 2.0, 0.0]]), tl.asarray([1])).item()
    0.875
    """

    def __init__(self, p=1, margin=1.0, weight=None, reduction="mean"):
        super().__init__(reduction)
        self.p = p
        self.margin = margin
        self.register_buffer("weight", weight)

    def forward(self, input, target):
        return functional.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(Loss):
    """How much the scores of the true classes lack beside each of the others.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.multilabel_margin_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.MultiLabelMarginLoss()(tl.asarray([0.5, 1.0, 2.0]), tl.asarray([2, -1, -1])).item()
    0.0
    """

    def forward(self, input, target):
        return functional.multilabel_margin_loss(input, target, reduction=self.reduction)


class TripletMarginLoss(Loss):
    """How much nearer a thing of the same kind should be than one of another kind.

    Parameters
    ----------
    margin : float, optional
    p : float, optional
        The order of the norm that gives distances.
    eps : float, optional
        Added to differences.
    swap : bool, optional
        Whether the distance from the positive to the negative counts where it is smaller.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.triplet_margin_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x, y, z = tl.zeros((1, 2)), tl.ones((1, 2)), tl.asarray([[3.0, 4.0]])
    >>> round(nn.TripletMarginLoss(margin=5.0)(x, y, z).item(), 4)
    1.4142
    """

    def __init__(self, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
        super().__init__(reduction)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return functional.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with any distance.

    Parameters
    ----------
    distance_function : callable, optional
        Takes two Tensors and returns their distances; by default that of `TripletMarginLoss`.
    margin : float, optional
    swap : bool, optional
        Whether the distance from the positive to the negative counts where it is smaller.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.triplet_margin_with_distance_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> loss = nn.TripletMarginWithDistanceLoss(
    ...     distance_function=lambda a, b: abs(a - b), margin=1.5
    ... )
    >>> loss(tl.asarray([0.0]), tl.asarray([2.0]), tl.asarray([3.0])).item()
    0.5
    """

    def __init__(self, *, distance_function=None, margin=1.0, swap=False, reduction="mean"):
        super().__init__(reduction)
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor, positive, negative):
        return functional.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
