"""What a group of cases is made of."""

from collections.abc import Callable
from dataclasses import dataclass

ALL = ("tensorlib", "torch", "cupy")
NETWORKS = ("tensorlib", "torch")

# How a case is measured, and in which unit its figure is.
CALL = "call"  # us: what a call takes the CPU, which does not wait for the GPU
DONE = "done"  # us: what such calls take until the GPU has done them
DEVICE = "device"  # ms: what the GPU takes, by its events
RATE = "rate"  # GB/s or TFLOP/s: the amount of work over what the GPU takes
WAITED = "waited"  # ms: what a call and waiting for it take
VALUE = "value"  # MB: what the call returns


@dataclass(frozen=True)
class Aim:
    """What tensorlib's figure is meant to be beside another one.

    `against` is a library, or "case:NAME" for tensorlib's figure of another case of the group.
    The bound is of the ratio of the two: at most `limit` for times and sizes, at least `limit` for
    rates.
    """

    against: str
    limit: float


@dataclass(frozen=True)
class Case:
    """One thing that libraries do.

    `make` is given a `Library` and returns the function that is timed; for a RATE with the amount
    of its work, in units of `unit` times a second. The means of what it returns must agree to
    `tolerance`, relative to the largest magnitude; None where they need not.
    """

    name: str
    make: Callable
    measure: str
    unit: str
    aims: tuple[Aim, ...] = ()
    libraries: tuple[str, ...] = ALL
    tolerance: float | None = 1e-3


@dataclass(frozen=True)
class Group:
    title: str
    cases: tuple[Case, ...]
    limit: float  # in seconds, of the whole group
