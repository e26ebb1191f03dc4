"""Training in 16 bits where they do, and in float32 where they do not."""

from tensorlib.amp.autocast_mode import autocast, get_autocast_dtype, is_autocast_enabled
from tensorlib.amp.functions import custom_bwd, custom_fwd
from tensorlib.amp.grad_scaler import GradScaler

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_enabled",
]
