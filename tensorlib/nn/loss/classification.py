"""Losses of the scores or probabilities of classes."""

import math

from tensorlib.nn import functional
from tensorlib.nn.linear import Linear
from tensorlib.nn.loss._base import Loss


class NLLLoss(Loss):
    """Negative log-likelihood of the true classes.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.nll_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.NLLLoss()(tl.asarray([[-0.5, -2.0]]), tl.asarray([1])).item()
    2.0
    """

    def __init__(self, weight=None, ignore_index=-100, reduction="mean"):
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index

    def forward(self, input, target):
        return functional.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(Loss):
    """Negative log-likelihood of the true classes, from scores of any size.

    Parameters
    ----------
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    reduction : {"mean", "sum", "none"}, optional
    label_smoothing : float, optional
        The part of each true distribution that is spread over all classes.

    See Also
    --------
    tensorlib.nn.functional.cross_entropy : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> round(nn.CrossEntropyLoss()(tl.zeros((1, 10)), tl.asarray([1])).item(), 4)
    2.3026
    """

    def __init__(self, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0.0):
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input, target):
        return functional.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            reduction=self.reduction,
        )


class LinearCrossEntropyLoss(Loss):
    """`CrossEntropyLoss` of the scores of a linear layer.

    Parameters
    ----------
    in_features, num_classes : int
    out_features : tuple of int, optional
        There are scores of the classes at each of so many places.
    bias : bool, optional
        Whether the linear layer has one.
    reduction : {"mean", "sum", "none"}, optional
    weight : Tensor, shape (C,), optional
        What each class counts.
    ignore_index : int, optional
        Where the target is this, nothing is counted.
    label_smoothing : float, optional
        The part of each true distribution that is spread over all classes.
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    linear : Linear
        Its outputs are the scores of each class at all places, class after class.

    See Also
    --------
    tensorlib.nn.functional.linear_cross_entropy : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> loss = nn.LinearCrossEntropyLoss(4, 10)
    >>> loss(tl.ones((2, 4), dtype="float32"), tl.asarray([3, 4])).shape
    ()
    """

    def __init__(
        self,
        in_features,
        num_classes,
        *,
        out_features=(),
        bias=False,
        reduction="mean",
        weight=None,
        ignore_index=None,
        label_smoothing=0.0,
        dtype="float32",
    ):
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.num_classes = num_classes
        self.out_features = tuple(out_features)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        outputs = num_classes * math.prod(self.out_features)
        self.linear = Linear(in_features, outputs, bias=bias, dtype=dtype)

    def forward(self, input, target):
        places = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return functional.linear_cross_entropy(
            input,
            self.linear.weight.reshape((*places, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else bias.reshape(places),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(Loss):
    """Cross entropy between probabilities of a truth and the truth.

    Parameters
    ----------
    weight : Tensor, optional
        What each element counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.binary_cross_entropy : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> round(nn.BCELoss()(tl.asarray([0.5]), tl.asarray([1.0])).item(), 4)
    0.6931
    """

    def __init__(self, weight=None, reduction="mean"):
        super().__init__(reduction)
        self.register_buffer("weight", weight)

    def forward(self, input, target):
        return functional.binary_cross_entropy(
            input, target, weight=self.weight, reduction=self.reduction
        )


class BCEWithLogitsLoss(Loss):
    """`BCELoss` of the sigmoid of scores, accurately.

    Parameters
    ----------
    weight : Tensor, optional
        What each element counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional
    pos_weight : Tensor, optional
        What truths count beside falsehoods, of a shape that broadcasts.

    See Also
    --------
    tensorlib.nn.functional.binary_cross_entropy_with_logits : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.BCEWithLogitsLoss()(tl.asarray([-500.0, 500.0]), tl.ones(2)).item()
    250.0
    """

    def __init__(self, weight=None, reduction="mean", pos_weight=None):
        super().__init__(reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input, target):
        return functional.binary_cross_entropy_with_logits(
            input, target, weight=self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class SoftMarginLoss(Loss):
    """Logistic loss of scores of two classes, -1 and 1.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.soft_margin_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> round(nn.SoftMarginLoss()(tl.zeros(2), tl.asarray([1, -1])).item(), 4)
    0.6931
    """

    def forward(self, input, target):
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """Mean over classes, each of them true or not, of `BCEWithLogitsLoss`.

    Parameters
    ----------
    weight : Tensor, optional
        What each class counts, of a shape that broadcasts.
    reduction : {"mean", "sum", "none"}, optional

    See Also
    --------
    tensorlib.nn.functional.multilabel_soft_margin_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> round(nn.MultiLabelSoftMarginLoss()(tl.zeros((1, 2)), tl.ones((1, 2))).item(), 4)
    0.6931
    """

    def __init__(self, weight=None, reduction="mean"):
        super().__init__(reduction)
        self.register_buffer("weight", weight)

    def forward(self, input, target):
        return functional.multilabel_soft_margin_loss(
            input, target, weight=self.weight, reduction=self.reduction
        )


class CTCLoss(Loss):
    """Negative log-likelihood of label sequences, over all their alignments with the input.

    Parameters
    ----------
    blank : int, optional
        The label that stands for none.
    reduction : {"mean", "sum", "none"}, optional
    zero_infinity : bool, optional
        Whether the infinite loss of a target that is too long counts as 0.

    See Also
    --------
    tensorlib.nn.functional.ctc_loss : Shapes and errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> x = tl.log(tl.full((2, 1, 2), 0.5))
    >>> loss = nn.CTCLoss(reduction="sum")(x, tl.asarray([[1]]), (2,), (1,))
    >>> round(tl.exp(-loss).item(), 4)
    0.75
    """

    def __init__(self, blank=0, reduction="mean", zero_infinity=False):
        super().__init__(reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs, targets, input_lengths, target_lengths):
        return functional.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            blank=self.blank,
            zero_infinity=self.zero_infinity,
            reduction=self.reduction,
        )
