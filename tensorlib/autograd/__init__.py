"""Derivatives of what was computed."""

from tensorlib.autograd import _fit, rules  # noqa: F401 - they tell the tape what to do
from tensorlib.autograd._grad import backward, grad
from tensorlib.autograd._mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled

__all__ = [
    "backward",
    "enable_grad",
    "grad",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]
