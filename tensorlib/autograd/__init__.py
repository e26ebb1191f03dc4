"""Derivatives of what was computed."""

from tensorlib.autograd import _fit, _hooks, function, rules  # noqa: F401 - they tell the tape what to do
from tensorlib.autograd._anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from tensorlib.autograd._grad import backward, grad
from tensorlib.autograd._mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from tensorlib.autograd.function import Function

__all__ = [
    "Function",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "grad",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]
