"""Random numbers: NumPy's generators and streams, with Tensors as results."""

from tensorlib._seeding import manual_seed
from tensorlib.random._bit_generators import (
    MT19937,
    PCG64,
    PCG64DXSM,
    SFC64,
    BitGenerator,
    Philox,
    SeedSequence,
)
from tensorlib.random._default import default_generator
from tensorlib.random._generator import Generator, default_rng
from tensorlib.random._global import functions as _functions
from tensorlib.random._legacy import RandomState

globals().update(_functions)  # rand, seed, shuffle ...

__all__ = [
    "BitGenerator",
    "Generator",
    "MT19937",
    "PCG64",
    "PCG64DXSM",
    "Philox",
    "RandomState",
    "SFC64",
    "SeedSequence",
    "default_generator",
    "default_rng",
    "manual_seed",
    *_functions,
]
