"""``Adafactor``."""

from tensorlib._array_api import finfo
from tensorlib._core._functions import maximum, sqrt
from tensorlib.optim.tensorwise import Tensorwise


class Adafactor(Tensorwise):
    r"""Adafactor (Shazeer and Stern 2018, "Adafactor: adaptive learning rates with sublinear memory
    cost", algorithms 4 and 5).

    Of the squares of a gradient of two axes or more, it keeps the means over the last axis and
    those over the last but one, so that a matrix of shape (m, n) takes m + n numbers. With gradient
    :math:`g` at step :math:`t` and :math:`\beta = 1 - t^\tau`:
    :math:`r \leftarrow \beta r + (1 - \beta) \operatorname{mean}_{-1} g^2`,
    :math:`c \leftarrow \beta c + (1 - \beta) \operatorname{mean}_{-2} g^2`,
    :math:`v = r c / \max(\operatorname{mean} r, \epsilon_1)`; or, of fewer axes,
    :math:`v \leftarrow \beta v + (1 - \beta) g^2`. Then, where rms is the root of the mean square,

    .. math::
        u &= g / \sqrt{\max(v, \epsilon_1^2)} \\
        x &\leftarrow (1 - \gamma \lambda) x - \min(\gamma, t^{-1/2})
        \max(\epsilon_2, \operatorname{rms} x) \frac{u}{\max(1, \operatorname{rms}(u) / d)}.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`; real numbers.
    lr : float, optional
        The largest step :math:`\gamma`, relative to the size of a parameter.
    beta2_decay : float, optional
        :math:`\tau`, not above zero.
    eps : pair of floats, optional
        :math:`\epsilon_1`, None for the spacing of the parameter's dtype at one, and
        :math:`\epsilon_2`.
    d : float, optional
        The largest rms of :math:`u`, at least one.
    weight_decay : float, optional
        :math:`\lambda`.
    maximize : bool, optional
        Whether to go up instead of down.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`, and if a parameter is not of real numbers.

    Notes
    -----
    The paper takes 0.01 for :math:`\gamma`, has no decay, and adds :math:`\epsilon_1` to
    :math:`g^2`; this is PyTorch's form.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.ones((2, 3)).requires_grad_()
    >>> optimizer = optim.Adafactor([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [[0.75, 0.75, 0.75], [0.75, 0.75, 0.75]]
    >>> {name: x.shape for name, x in optimizer.state[w].items() if name != "step"}
    {'row_var': (2, 1), 'col_var': (1, 3)}
    """

    scalars, count, fixed = ("step",), 3, ("eps", "d", "maximize")

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        maximize=False,
    ):
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "weight_decay")
        decay, limit, eps = group["beta2_decay"], group["d"], group["eps"]
        self._require(self._number("beta2_decay", decay) <= 0, "beta2_decay <= 0", decay)
        self._require(self._number("d", limit) >= 1, "d >= 1", limit)
        expected = "eps to be two numbers >= 0, or None and a number"
        self._require(isinstance(eps, tuple | list) and len(eps) == 2, expected, eps)
        numbers = eps[1:] if eps[0] is None else eps
        self._require(all(self._number("eps", x) >= 0 for x in numbers), expected, eps)

    def _shapes(self, shape):
        if len(shape) < 2:
            return {"variance": shape}
        return {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, shape[-1])}

    def _start(self, group):
        return {"step": 0}

    def _numbers(self, group, first, step):
        step += 1
        lr = float(group["lr"])
        part = step ** group["beta2_decay"]
        return (part, min(lr, step**-0.5), 1 - lr * group["weight_decay"]), (step,)

    def _change(self, data, grad, memory, group, numbers):
        part, rate, shrink = numbers
        least, least_size = group["eps"]
        least = float(finfo(data.dtype).eps) if least is None else least
        x, g = wide(data), wide(grad)
        rate = rate * maximum(rms(x), least_size)

        def averaged(name, squares):
            kept = wide(memory[name])
            kept += part * (squares - kept)
            memory[name][...] = kept
            return kept

        squares = g * g
        if squares.ndim > 1:
            rows = averaged("row_var", squares.mean(axis=-1, keepdims=True))
            columns = averaged("col_var", squares.mean(axis=-2, keepdims=True))
            squares = rows * columns / maximum(rows.mean(axis=-2, keepdims=True), least)
        else:
            squares = averaged("variance", squares)
        update = g / sqrt(maximum(squares, least**2))
        rate = rate / maximum(rms(update) / group["d"], 1.0)
        rate = -rate if group["maximize"] else rate
        data[...] = (shrink * x - rate * update).astype(data.dtype)

    def _loaded(self, memory, param):
        loaded = super()._loaded(memory, param)
        return {name: int(x) if name == "step" else x for name, x in loaded.items()}


def wide(x):
    """A copy in which squares of 16-bit numbers have room."""
    return x.astype("float32" if x.dtype.itemsize == 2 else x.dtype)


def rms(x):
    return sqrt((x * x).mean())
