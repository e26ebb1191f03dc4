"""``Muon``."""

from math import sqrt

from tensorlib._core._functions import maximum
from tensorlib.optim.tensorwise import Tensorwise

MOST_STEPS = 100


class Muon(Tensorwise):
    r"""Momentum, orthogonalised by Newton-Schulz iterations (Jordan et al. 2024, "Muon: an
    optimizer for hidden layers in neural networks").

    With gradient :math:`g`: :math:`b \leftarrow \mu b + (1 - \mu) g` and
    :math:`u = (1 - \mu) g + \mu b` (Nesterov) or :math:`u = b`. The matrix :math:`u`, divided by
    its norm, goes `ns_steps` times through
    :math:`u \leftarrow a u + (b' u u^T + c (u u^T)^2) u`, which brings its singular values close to
    one. Then :math:`x \leftarrow (1 - \gamma \lambda) x - r \gamma u`.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`; matrices. Biases, embeddings and the last layer are for `AdamW`.
    lr : float, optional
        Step size :math:`\gamma`.
    weight_decay : float, optional
        :math:`\lambda`.
    momentum : float, optional
        :math:`\mu`.
    nesterov : bool, optional
    ns_coefficients : three floats, optional
        :math:`a`, :math:`b'` and :math:`c`.
    eps : float, optional
        The smallest norm to divide by.
    ns_steps : int, optional
    adjust_lr_fn : {None, "original", "match_rms_adamw"}, optional
        For a matrix of shape (m, n) the factor :math:`r` is ``sqrt(max(1, m / n))``, or, so that
        steps are as large as those of `AdamW`, ``0.2 * sqrt(max(m, n))`` (Liu et al. 2025, "Muon is
        scalable for LLM training").

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`, and if a parameter is no matrix of real numbers.

    Notes
    -----
    The iterations are made in bfloat16, whatever the parameter's dtype.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.zeros((2, 2)).requires_grad_()
    >>> optimizer = optim.Muon([w], lr=1.0)
    >>> w.grad = tl.asarray([[3.0, 0.0], [0.0, -4.0]])
    >>> optimizer.step()
    >>> w.detach().round(0).tolist()
    [[-1.0, 0.0], [0.0, 1.0]]
    """

    count, fixed = 4, ("nesterov", "ns_coefficients", "eps", "ns_steps", "adjust_lr_fn")

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.775, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "weight_decay", "momentum")
        self._several(group, "ns_coefficients", "three")
        self._require_numbers(group, "eps")
        steps = group["ns_steps"]
        valid = isinstance(steps, int) and 0 <= steps < MOST_STEPS
        self._require(valid, f"ns_steps in [0, {MOST_STEPS})", steps)
        known = (None, "original", "match_rms_adamw")
        adjust = group["adjust_lr_fn"]
        self._require(adjust in known, f"adjust_lr_fn as one of {known}", adjust)

    def _check_parameter(self, param):
        super()._check_parameter(param)
        self._require(param.ndim == 2, "matrices as parameters", param.shape)

    def _shapes(self, shape):
        return {"momentum_buffer": shape}

    def _numbers(self, group, first):
        momentum, lr = group["momentum"], float(group["lr"])
        return (momentum, 1 - momentum, lr, 1 - lr * group["weight_decay"]), ()

    def _change(self, data, grad, memory, group, numbers):
        momentum, part, lr, shrink = numbers
        buffer = memory["momentum_buffer"]
        buffer += part * (grad - buffer)
        moved = grad + momentum * (buffer - grad) if group["nesterov"] else buffer
        moved = orthogonalized(moved, group["ns_coefficients"], group["ns_steps"], group["eps"])
        data *= shrink
        data -= (lr * factor_of(data.shape, group["adjust_lr_fn"])) * moved.astype(data.dtype)


def factor_of(shape, adjust):
    rows, columns = shape
    if adjust == "match_rms_adamw":
        return 0.2 * sqrt(max(rows, columns))
    return sqrt(max(1, rows / columns))


def orthogonalized(matrix, coefficients, steps, eps):
    """Bring the singular values of a matrix close to one.

    What is bfloat16 in the method is float32 here, rounded where it would be stored.
    """
    a, b, c = coefficients
    wide = matrix.shape[0] <= matrix.shape[1]
    x = rounded(matrix if wide else matrix.T)
    norm = rounded(sqrt_of_sum(x))
    x = rounded(x / maximum(norm, eps))
    for _ in range(steps):
        gram = rounded(x @ x.T)
        gram = rounded(b * gram + c * (gram @ gram))
        x = rounded(a * x + gram @ x)
    return x if wide else x.T


def sqrt_of_sum(x):
    return (x * x).sum() ** 0.5


def rounded(x):
    """The nearest bfloat16, as float32."""
    return x.astype("bfloat16").astype("float32")
