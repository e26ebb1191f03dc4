"""Losses of numbers: how far they are from the target, or how likely it is."""

import math
import warnings

from tensorlib._arguments import anywhere
from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import (
    absolute,
    asarray,
    exp,
    greater,
    log,
    minimum,
    square,
    where,
)
from tensorlib.nn._arguments import check_reduction
from tensorlib.nn.functional.loss._reduction import beside, paired, reduced, weighted


@in_float32
def l1_loss(input, target, reduction="mean", weight=None):
    """Absolute value of the difference.

    Parameters
    ----------
    input, target : Tensor
        Of one shape. Others are broadcast, with a warning.
    reduction : {"mean", "sum", "none"}, optional
    weight : Tensor, optional
        What each element counts, of the shape of `input`. The mean is over the weights.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        If the shapes do not broadcast, `weight` has another one, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.l1_loss(tl.asarray([1.0, 4.0]), tl.asarray([2.0, 2.0])).item()
    1.5
    """
    target = paired("l1_loss", input, target, reduction, weight)
    return weighted("l1_loss", absolute(input - target), weight, reduction)


@in_float32
def mse_loss(input, target, reduction="mean", weight=None):
    """Square of the difference.

    Parameters
    ----------
    input, target, reduction, weight
        As of `l1_loss`.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        As by `l1_loss`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.mse_loss(tl.asarray([1.0, 3.0]), tl.asarray([1.0, 1.0])).item()
    2.0
    """
    target = paired("mse_loss", input, target, reduction, weight)
    return weighted("mse_loss", square(input - target), weight, reduction)


@in_float32
def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    """Square of small differences, and the absolute value of others, less ``beta / 2``.

    A difference ``d`` costs ``d**2 / (2 * beta)`` up to `beta`: it is `huber_loss` over `beta`
    (Girshick, "Fast R-CNN", 2015, equation 3, where `beta` is 1).

    Parameters
    ----------
    input, target : Tensor
        Of one shape. Others are broadcast, with a warning.
    reduction : {"mean", "sum", "none"}, optional
    beta : float, optional
        Where the two meet; 0 makes it `l1_loss`.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        If `beta` is negative, the shapes do not broadcast, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.smooth_l1_loss(tl.asarray([0.5, 3.0]), tl.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    target = paired("smooth_l1_loss", input, target, reduction)
    if not beta >= 0:
        raise ValueError(f"smooth_l1_loss: expected beta >= 0, got {beta!r}")
    if beta == 0:
        return reduced("smooth_l1_loss", absolute(input - target), reduction)
    return reduced("smooth_l1_loss", _huber(input - target, beta) / beta, reduction)


@in_float32
def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the square of small differences, and a linear function of others.

    A difference ``d`` costs ``d**2 / 2`` up to `delta`, and ``delta * (abs(d) - delta / 2)`` from
    there on (Huber, "Robust estimation of a location parameter", 1964).

    Parameters
    ----------
    input, target, reduction
        As of `l1_loss`.
    delta : float, optional
        Where the two meet.
    weight : Tensor, optional
        What each element counts, of the shape of `input`. The mean is over their number.

    Returns
    -------
    Tensor, shape () or that of `input` with "none"

    Raises
    ------
    ValueError
        If `delta` is not positive, and as by `l1_loss`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> F.huber_loss(tl.asarray([1.0, 3.0]), tl.zeros(2), "none", delta=2.0).tolist()
    [0.5, 4.0]
    """
    target = paired("huber_loss", input, target, reduction, weight)
    if not delta > 0:
        raise ValueError(f"huber_loss: expected delta > 0, got {delta!r}")
    losses = _huber(input - target, delta)
    return reduced("huber_loss", losses if weight is None else losses * weight, reduction)


def _huber(difference, delta):
    distance = absolute(difference)
    near = minimum(distance, delta)
    return near * (distance - near * 0.5)


@in_float32
def kl_div(input, target, reduction="mean", log_target=False):
    """Kullback-Leibler divergence of a distribution from the target, term by term.

    A term is ``target * (log(target) - input)``, and 0 where the target is 0.

    Parameters
    ----------
    input : Tensor
        Logarithms of probabilities, as `log_softmax` gives them.
    target : Tensor
        Probabilities, of a shape that broadcasts.
    reduction : {"mean", "batchmean", "sum", "none"}, optional
        The divergence is the sum over a distribution, so that "batchmean", the sum over the
        length of the first axis, is the mean of the divergences. "mean" is over all elements, and
        warns of it.
    log_target : bool, optional
        Whether the target holds logarithms of probabilities too.

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
    >>> x = tl.log(tl.asarray([[0.25, 0.75]]))
    >>> round(F.kl_div(x, tl.asarray([[0.5, 0.5]]), reduction="batchmean").item(), 4)
    0.1438
    """
    if reduction != "batchmean":
        check_reduction("kl_div", reduction)
    if reduction == "mean":
        _warn_of_mean()
    target = beside("kl_div", input, target)
    if log_target:
        terms = exp(target) * (target - input)
    else:
        # log(1) is 0, and so is the gradient of where: nothing is undefined where target is 0.
        logarithm = log(where(target == 0, 1, target))
        terms = target * (logarithm - input)
    if reduction == "batchmean":
        return terms.sum() / input.shape[0] if input.ndim else terms.sum()
    return reduced("kl_div", terms, reduction)


def _warn_of_mean():
    warnings.warn(
        "kl_div: reduction 'mean' divides by the number of elements; 'batchmean' divides by that "
        "of distributions, which makes it the mean of the divergences",
        stacklevel=4,
    )


@in_float32
def poisson_nll_loss(input, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    """Negative log-likelihood of counts that have a Poisson distribution.

    ``rate - target * log(rate)``, without the term ``log(target!)``, which does not depend on the
    rate.

    Parameters
    ----------
    input : Tensor
        The logarithms of the rates.
    target : Tensor
        The counts, of a shape that broadcasts.
    log_input : bool, optional
        False: `input` holds the rates themselves.
    full : bool, optional
        Whether to add ``log(target!)`` where it is above 1, by Stirling's formula,
        ``target * log(target) - target + log(2 * pi * target) / 2``.
    eps : float, optional
        Added to a rate before its logarithm is taken.
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
    >>> F.poisson_nll_loss(tl.asarray([0.0, 0.0]), tl.asarray([2.0, 5.0])).item()
    1.0
    """
    check_reduction("poisson_nll_loss", reduction)
    target = beside("poisson_nll_loss", input, target)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        many = greater(target, 1)
        count = where(many, target, 1)
        stirling = count * log(count) - count + 0.5 * log(2 * math.pi * count)
        losses = losses + where(many, stirling, 0)
    return reduced("poisson_nll_loss", losses, reduction)


@in_float32
def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log-likelihood of numbers that have a normal distribution.

    ``(log(var) + (input - target)**2 / var) / 2`` (Nix and Weigend, "Estimating the mean and
    variance of the target probability distribution", 1994).

    Parameters
    ----------
    input : Tensor
        The means.
    target : Tensor
        The numbers, of a shape that broadcasts.
    var : Tensor or float
        The variances: of the shape of `input`, of that without the last axis, or of that with one
        axis of length 1.
    full : bool, optional
        Whether to add the constant ``log(2 * pi) / 2``.
    eps : float, optional
        The least variance. The gradient passes as if it were none.
    reduction : {"mean", "sum", "none"}, optional

    Returns
    -------
    Tensor, shape () or the broadcast one with "none"

    Raises
    ------
    ValueError
        If a variance is negative, the shapes do not fit, or the reduction is unknown.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> mean, x = tl.asarray([0.0, 1.0]), tl.asarray([2.0, 1.0])
    >>> F.gaussian_nll_loss(mean, x, tl.ones(2)).item()
    1.0
    """
    check_reduction("gaussian_nll_loss", reduction)
    target = beside("gaussian_nll_loss", input, target)
    if isinstance(var, float | int):
        negative = var < 0
        var = asarray(var, dtype=input.dtype)
    else:
        negative = anywhere(var < 0)
        var = _variance_beside(input, var)
    if negative:
        raise ValueError("gaussian_nll_loss: expected var >= 0, got a negative one")
    var = where(var < eps, var - var.detach() + eps, var)
    losses = 0.5 * (log(var) + square(input - target) / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduced("gaussian_nll_loss", losses, reduction)


def _variance_beside(input, var):
    """`var` in a shape that broadcasts with that of the input."""
    if var.shape == input.shape:
        return var
    if var.shape == input.shape[:-1]:
        return var.reshape((*var.shape, 1))
    others = [n for m, n in zip(input.shape, var.shape, strict=False) if m != n]
    if var.ndim != input.ndim or others != [1]:
        raise ValueError(
            "gaussian_nll_loss: expected var of the shape of input, of that without the last axis, "
            f"or of that with one axis of length 1, got {var.shape} beside {input.shape}"
        )
    return var
