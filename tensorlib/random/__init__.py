"""Random numbers: NumPy's generators and streams, with Tensors as results."""

from tensorlib.random._default import default_generator, manual_seed
from tensorlib.random._generator import Generator, default_rng

__all__ = ["Generator", "default_generator", "default_rng", "manual_seed"]
