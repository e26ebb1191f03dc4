"""``GradScaler``: losses scaled up, so that gradients in float16 do not vanish."""

import math

import numpy as np

from tensorlib._core._capture import capturing, replayed
from tensorlib._core._tensor import Tensor
from tensorlib._core._unscale import unscale
from tensorlib._core.device import check_device
from tensorlib.nn._arguments import check_number

# What happened to an optimizer's gradients since the last update.
UNSCALED, STEPPED = "unscaled", "stepped"
# The inverse of a smaller scale is infinite in float32.
LEAST_SCALE = float(np.finfo(np.float32).tiny)


class GradScaler:
    """Scales losses before the walk back, and gradients back before the optimizer's step.

    A step with an infinite gradient, or with NaN, is left out, and the scale made smaller; after
    `growth_interval` good steps it is made larger (Micikevicius et al., "Mixed precision training",
    2018, section 3.2).

    Parameters
    ----------
    device : str, optional
        Where the tensors are: "cpu" or "cuda".
    init_scale : float, optional
        What losses are multiplied with at first.
    growth_factor : float, optional
        Above one: what the scale is multiplied with after `growth_interval` good steps.
    backoff_factor : float, optional
        Below one: what it is multiplied with after a bad step.
    growth_interval : int, optional
    enabled : bool, optional
        If false, all this does nothing but to call the optimizer.

    Raises
    ------
    ValueError
        If the device is another, or a number out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.ones(2, dtype="float32").requires_grad_()
    >>> optimizer, scaler = optim.SGD([w], lr=0.5), tl.amp.GradScaler()
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     with tl.amp.autocast(dtype="float16"):
    ...         loss = (w * w).sum()
    ...     scaler.scale(loss).backward()
    ...     scaler.step(optimizer)
    ...     scaler.update()
    >>> w.tolist(), scaler.get_scale()
    ([0.0, 0.0], 65536.0)
    """

    def __init__(
        self,
        device="cpu",
        init_scale=65536.0,
        growth_factor=2.0,
        backoff_factor=0.5,
        growth_interval=2000,
        enabled=True,
    ):
        check_device(device, "GradScaler")
        self._device = device
        self._enabled = bool(enabled)
        if enabled:
            _check_factors("GradScaler", growth_factor, backoff_factor, growth_interval)
        self._scale = _checked_scale("GradScaler", init_scale) if enabled else 1.0
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._growth_tracker = 0  # good steps in a row
        self._progress = {}  # optimizer -> UNSCALED or STEPPED, whether something was not finite

    def scale(self, outputs):
        """Multiply losses with the scale.

        Parameters
        ----------
        outputs : Tensor or iterable of Tensor

        Returns
        -------
        Tensor, list or tuple
            Of the same dtypes. Captured in a graph, each replay multiplies with the scale of its
            time.

        Raises
        ------
        TypeError
            If something is neither.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            return outputs * self._factor(outputs)
        if isinstance(outputs, dict | str) or not np.iterable(outputs):
            raise TypeError(
                "GradScaler.scale: expected a Tensor or an iterable of Tensors, got "
                f"{type(outputs).__name__}"
            )
        scaled = [self.scale(x) for x in outputs]
        return tuple(scaled) if isinstance(outputs, tuple) else scaled

    def _factor(self, x):
        """The scale; in a graph that is being captured, that of each replay."""
        if not capturing(x):
            return self._scale
        return replayed(x, "GradScaler.scale", (), lambda: self._scale).astype(x.dtype)

    def unscale_(self, optimizer):
        """Divide the gradients of an optimizer's parameters by the scale, in place.

        To clip them, say. `step` does it if it was not done.

        Parameters
        ----------
        optimizer : Optimizer

        Raises
        ------
        RuntimeError
            If it was done since the last `update`, or the step was; or while a graph is captured,
            which may end with ``backward()``.
        ValueError
            If a gradient is float16, whose numbers would vanish; parameters are to be float32.
        """
        if not self._enabled:
            return
        progress, _ = self._progress.get(optimizer, (None, False))
        if progress is not None:
            raise RuntimeError(
                f"GradScaler.unscale_: expected gradients that are scaled, but the optimizer was "
                f"{progress} since the last update()"
            )
        self._unscale("unscale_", optimizer)

    def _unscale(self, name, optimizer):
        gradients = [
            param.grad
            for group in optimizer.param_groups
            for param in group["params"]
            if param.grad is not None
        ]
        if not gradients:
            raise RuntimeError(f"GradScaler.{name}: expected gradients, got none")
        if any(x.dtype == np.float16 for x in gradients):
            raise ValueError(f"GradScaler.{name}: expected gradients of float32, got float16")
        if capturing(gradients[0]):
            raise RuntimeError(
                f"GradScaler.{name}: expected no graph to be captured, for whether gradients are "
                "infinite is known only when it has run; capture scale() and backward(), and step "
                "after each replay"
            )
        factor = float(np.float32(1 / self._scale))
        self._progress[optimizer] = UNSCALED, unscale(f"GradScaler.{name}", gradients, factor)

    def step(self, optimizer, *args, **kwargs):
        """Let the optimizer step, unless a gradient is infinite or NaN.

        Parameters
        ----------
        optimizer : Optimizer
        *args, **kwargs
            For its ``step``. A closure is refused, as by PyTorch: the optimizer would call it for
            gradients that are still scaled, and that nobody has looked at. So `LBFGS` has no step
            with a scaler that is enabled.

        Returns
        -------
        object
            What its ``step`` returned; None if it was left out.

        Raises
        ------
        RuntimeError
            If there was a step since the last `update`, or with a closure, or while a graph is
            captured. Nothing was changed then; and if the optimizer's step raises, it can be tried
            again.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if callable(kwargs.get("closure", args[0] if args else None)):
            raise RuntimeError(
                f"GradScaler.step: expected no closure, which {type(optimizer).__name__} would "
                "call for gradients that are scaled; step without one or with enabled=False"
            )
        progress, bad = self._progress.get(optimizer, (None, False))
        if progress == STEPPED:
            raise RuntimeError(
                "GradScaler.step: expected update() to be called since the last step"
            )
        if progress is None:
            self._unscale("step", optimizer)
            _, bad = self._progress[optimizer]
        result = None if bad else optimizer.step(*args, **kwargs)
        self._progress[optimizer] = STEPPED, bad
        return result

    def update(self, new_scale=None):
        """Adapt the scale, at the end of an iteration.

        Parameters
        ----------
        new_scale : float or Tensor, optional
            The scale from now on; by default it follows from what the steps have met.

        Raises
        ------
        RuntimeError
            If no gradients were looked at since the last call.
        ValueError
            If `new_scale` is not positive and finite.

        Notes
        -----
        The scale stays a normal number of float32: it does not grow to infinity, nor shrink to
        zero, from where it would not return.
        """
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = _checked_scale("GradScaler.update", new_scale)
        elif not self._progress:
            raise RuntimeError("GradScaler.update: expected step() to be called before")
        elif any(bad for _, bad in self._progress.values()):
            self._scale = max(_single(self._scale * self._backoff_factor), LEAST_SCALE)
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                grown = _single(self._scale * self._growth_factor)
                self._scale = grown if math.isfinite(grown) else self._scale
                self._growth_tracker = 0
        self._progress = {}

    def get_scale(self):
        """float: the scale; one where the scaler is not enabled."""
        return self._scale

    def get_growth_factor(self):
        """float: what the scale is multiplied with after good steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor):
        """Set what the scale is multiplied with after good steps.

        Parameters
        ----------
        new_factor : float
        """
        _check_factors("GradScaler", new_factor, self._backoff_factor, self._growth_interval)
        self._growth_factor = new_factor

    def get_backoff_factor(self):
        """float: what the scale is multiplied with after a bad step."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor):
        """Set what the scale is multiplied with after a bad step.

        Parameters
        ----------
        new_factor : float
        """
        _check_factors("GradScaler", self._growth_factor, new_factor, self._growth_interval)
        self._backoff_factor = new_factor

    def get_growth_interval(self):
        """int: how many good steps make the scale larger."""
        return self._growth_interval

    def set_growth_interval(self, new_interval):
        """Set how many good steps make the scale larger.

        Parameters
        ----------
        new_interval : int
        """
        _check_factors("GradScaler", self._growth_factor, self._backoff_factor, new_interval)
        self._growth_interval = new_interval

    def is_enabled(self):
        """bool: whether the scaler does anything."""
        return self._enabled

    def state_dict(self):
        """Return the scale and what it depends on, under PyTorch's names.

        Returns
        -------
        dict
            Empty where the scaler is not enabled.
        """
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` returned, or PyTorch's.

        Parameters
        ----------
        state_dict : dict

        Raises
        ------
        RuntimeError
            If it is empty, and so of a scaler that was not enabled.
        ValueError
            If something is missing or out of its range. Nothing was changed then.
        """
        if not self._enabled:
            return
        name = "GradScaler.load_state_dict"
        if not state_dict:
            raise RuntimeError(f"{name}: expected the state of a scaler that is enabled, got none")
        missing = self.state_dict().keys() - state_dict.keys()
        if missing:
            raise ValueError(
                f"{name}: expected {sorted(missing)} in the state, got {sorted(state_dict)}"
            )
        factors = [state_dict[x] for x in ("growth_factor", "backoff_factor", "growth_interval")]
        _check_factors(name, *factors)
        self._scale = _checked_scale(name, state_dict["scale"])
        self._growth_factor, self._backoff_factor, self._growth_interval = factors
        self._growth_tracker = int(state_dict["_growth_tracker"])


def _single(x):
    """The nearest number of float32, which PyTorch's scale is."""
    with np.errstate(over="ignore"):
        return float(np.float32(x))


def _checked_scale(name, scale):
    scale = _single(check_number(name, "scale", scale))
    if not 0 < scale < math.inf:
        raise ValueError(f"{name}: expected a scale above zero and finite, got {scale}")
    return max(scale, LEAST_SCALE)


def _check_factors(name, growth_factor, backoff_factor, growth_interval):
    check_number(name, "growth_factor", growth_factor)
    check_number(name, "backoff_factor", backoff_factor)
    if not isinstance(growth_interval, int):
        kind = type(growth_interval).__name__
        raise TypeError(f"{name}: expected growth_interval to be an int, got {kind}")
    if not growth_factor > 1:
        raise ValueError(f"{name}: expected growth_factor > 1, got {growth_factor}")
    if not 0 < backoff_factor < 1:
        raise ValueError(f"{name}: expected 0 < backoff_factor < 1, got {backoff_factor}")
    if not growth_interval >= 1:
        raise ValueError(f"{name}: expected growth_interval >= 1, got {growth_interval}")
