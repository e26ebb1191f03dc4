"""Connectionist temporal classification: the loss of a sequence whose alignment is not known."""

import operator

import numpy as np

from tensorlib._arguments import followed, integer
from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import arange, asarray, full, logaddexp, maximum, where
from tensorlib._core._recorder import run_apart
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate, stack
from tensorlib.nn._arguments import check_reduction
from tensorlib.nn.functional.loss._reduction import reduced

NEVER = -1e30  # the logarithm of what cannot be; finite, so that no difference of two is NaN
BLOCK = 16


@in_float32
def ctc_loss(
    log_probs,
    targets,
    input_lengths,
    target_lengths,
    blank=0,
    reduction="mean",
    zero_infinity=False,
):
    """Negative log-likelihood of label sequences, over all their alignments with the input.

    An alignment gives each time a label or a blank; it stands for the sequence that is left when
    repeated labels are merged and blanks are dropped. The sum over the alignments is the forward
    recursion of Graves et al., "Connectionist temporal classification", 2006, section 4.1, done
    with logarithms.

    Parameters
    ----------
    log_probs : Tensor, shape (T, N, C) or (T, C)
        Logarithms of probabilities of C labels at T times, as `log_softmax` gives them.
    targets : Tensor of an integer dtype, shape (N, S) or (sum(target_lengths),)
        The sequences of labels, beside each other and filled up with anything, or one after the
        other. Without an axis of N, shape (S,).
    input_lengths, target_lengths : Tensor or tuple of ints, shape (N,)
        How many times and labels there are in each sample. Without an axis of N, shape () or (1,).
        They and the targets are read on the CPU, wherever they are: on a GPU that waits.
    blank : int, optional
        The label that stands for none.
    reduction : {"mean", "sum", "none"}, optional
        For the mean, losses are divided by the lengths of their targets first.
    zero_infinity : bool, optional
        Whether the infinite loss of a target that is too long for its input counts as 0.

    Returns
    -------
    Tensor, shape () or (N,) with "none"

    Raises
    ------
    IndexError
        If `blank` or a target is no label.
    TypeError
        If targets or lengths are no integers.
    ValueError
        If the shapes or the lengths do not fit, or the reduction is unknown.

    Notes
    -----
    The gradient is that of the loss by `log_probs` as they are, whether or not they are
    normalised. That of an infinite loss is zero.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.nn import functional as F
    >>> x = tl.log(tl.asarray([[0.5, 0.5], [0.5, 0.5]]))  # two times, a blank and a label
    >>> loss = F.ctc_loss(x, tl.asarray([1]), (2,), (1,))
    >>> round(tl.exp(-loss).item(), 4)  # 3 alignments of 4
    0.75
    """
    check_reduction("ctc_loss", reduction)
    if log_probs.ndim not in (2, 3):
        raise ValueError(
            f"ctc_loss: expected log_probs of shape (T, N, C) or (T, C), got {log_probs.shape}"
        )
    alone = log_probs.ndim == 2
    if alone:
        log_probs, targets = log_probs[:, None], targets.reshape((1, -1))
    times, samples, classes = log_probs.shape
    blank = integer("ctc_loss", "blank", blank)
    if not 0 <= blank < classes:
        raise IndexError(f"ctc_loss: expected blank from 0 to {classes - 1}, got {blank}")

    # Under vmap targets of all lengths get as many states, which the ends leave out again.
    width = targets.shape[-1] if followed(target_lengths) else None

    def plan(targets, input_lengths, target_lengths):
        input_lengths = _lengths("input_lengths", input_lengths, samples)
        target_lengths = _lengths("target_lengths", target_lengths, samples)
        if (input_lengths > times).any():
            raise ValueError(
                f"ctc_loss: expected input_lengths up to {times}, got {input_lengths.max()}"
            )
        labels = _labels(targets, target_lengths, classes, width)
        states = np.full((samples, 2 * labels.shape[1] + 1), blank)
        states[:, 1::2] = labels
        device = log_probs.device
        return tuple([asarray(x, device=device) for x in (states, input_lengths, target_lengths)])

    states, when, lengths = run_apart(plan, (targets, input_lengths, target_lengths))
    losses = _losses(log_probs, states, when, lengths)
    losses = where(losses > -0.1 * NEVER, 0.0 if zero_infinity else np.inf, losses)
    losses = losses.astype(log_probs.dtype)
    if reduction == "mean":
        losses = losses / maximum(lengths, 1).astype(losses.dtype)
    return losses[0] if alone and reduction == "none" else reduced("ctc_loss", losses, reduction)


def _losses(log_probs, states, input_lengths, target_lengths):
    """The recursion, for all samples and states at once.

    Two columns to the left of the states: none is ever in the first; all begin in the second.
    """
    dtype = log_probs.dtype if log_probs.dtype.itemsize >= 4 else np.dtype("float32")
    device = log_probs.device
    samples, count = states.shape
    rows = arange(samples, device=device).reshape((-1, 1))
    scores = log_probs[:, rows, states].astype(dtype)
    scores = maximum(scores, NEVER)

    never = full((samples, 1), NEVER, dtype=dtype, device=device)
    outside = concatenate([never, never], axis=1)
    # A state can be left out, unless the two around it would merge.
    merge = where(states[:, 2:] == states[:, :-2], NEVER, 0.0).astype(dtype)
    jump = concatenate([never, never * 0, merge], axis=1)[:, :count]
    alpha = full((samples, count), NEVER, dtype=dtype, device=device)
    alpha = concatenate([never, never * 0, alpha], axis=1)

    first = 0 if followed(input_lengths) else int(input_lengths.min(initial=len(log_probs)))
    alphas = [alpha]
    for score in _each(scores):
        near = logaddexp(alpha[:, 2:], alpha[:, 1:-1])
        alpha = logaddexp(near, alpha[:, :-2] + jump) + score
        alpha = concatenate([outside, alpha], axis=1)
        alphas.append(alpha)
    ways = asarray([[1, 2]], device=device)  # a label, or a blank after it
    last = 2 * target_lengths[:, None] + ways
    ends = stack(alphas[first:])[input_lengths[:, None] - first, rows, last]
    return -logaddexp(ends[:, 0], ends[:, 1])


def _each(x):
    """The entries of the first axis; by blocks, in which their gradients are put together."""
    for begin in range(0, len(x), BLOCK):
        yield from x[begin : begin + BLOCK]


def _lengths(name, lengths, samples):
    if isinstance(lengths, Tensor):
        if lengths.dtype.kind not in "iu":
            raise TypeError(f"ctc_loss: expected integers as {name}, got {lengths.dtype}")
        lengths = lengths.reshape(-1).tolist()
    lengths = lengths if np.iterable(lengths) else (lengths,)
    try:
        found = np.array([operator.index(n) for n in lengths], dtype=np.int64)
    except (TypeError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"ctc_loss: expected integers of int64 as {name}, got {lengths!r}") from None
    if found.shape != (samples,):
        raise ValueError(f"ctc_loss: expected {samples} {name}, got {len(found)}")
    if (found < 0).any():
        raise ValueError(f"ctc_loss: expected {name} >= 0, got {found.min()}")
    return found


def _labels(targets, lengths, classes, width):
    """The labels of all samples as the rows of one array, of a width or as long as the longest."""
    if targets.dtype.kind not in "iu":
        raise TypeError(f"ctc_loss: expected targets of an integer dtype, got {targets.dtype}")
    given = np.array(targets.detach().cpu())
    longest, total = int(lengths.max(initial=0)), sum(lengths.tolist())
    padded = given.ndim == 2 and len(given) == len(lengths) and given.shape[1] >= longest
    if not padded and given.shape != (total,):
        raise ValueError(
            f"ctc_loss: expected targets of shape ({len(lengths)}, S) with S >= {longest}, or "
            f"({total},), the sum of target_lengths, got {given.shape}"
        )
    inside = np.arange(longest) < lengths.reshape((-1, 1))
    labels = np.zeros((len(lengths), longest if width is None else width), dtype=np.int64)
    labels[:, :longest][inside] = given[:, :longest][inside] if padded else given
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise IndexError(
            f"ctc_loss: expected targets from 0 to {classes - 1}, got targets from "
            f"{labels.min()} to {labels.max()}"
        )
    return labels
