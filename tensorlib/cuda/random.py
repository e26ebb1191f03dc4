"""Random numbers: the stream of NumPy's Philox.

A captured graph has the key of a call among its arguments. A count of the replays, in the device's
memory, goes into the counters there, so that each replay draws other numbers.
"""

import functools

from tensorlib._core._exchange import asarray
from tensorlib.cuda._backend import fill, new, place
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.common import THREADS, blocks_for, kernel, type_name

_epochs = {}  # by the index of a device: how many calls were replayed there


def uniform(target, key):
    """Fill a tensor in C order with numbers from [0, 1): those of
    ``Generator(Philox(key=key)).random``, as NumPy has them.

    Parameters
    ----------
    target : Tensor
        float32 or float64.
    key : int
        Of 128 bits.
    """
    device, captured = place(target), capturing(place(target))
    if device not in _epochs:
        if captured:
            raise RuntimeError(
                f"random: expected random numbers to be drawn on {target.device} before a graph "
                "that draws some is captured"
            )
        _epochs[device] = new((), "int64", target, "random")
        fill(_epochs[device], asarray(0))
    epoch = _epochs[device] if captured else None
    low, high = _signed(key % 2**64), _signed(key >> 64)
    blocks = blocks_for(target.size * target.dtype.itemsize, 32 * THREADS)
    draw = filler(type_name(target.dtype))
    draw("random", device, blocks, THREADS, target.size, low, high, epoch, target)
    if captured:
        _counter()("random", device, 1, 1, epoch)


def filler(kind):
    """The kernel that draws numbers of a C++ type."""
    return kernel(
        "random.cuh",
        "tl_uniform",
        f"int64_t n, int64_t key0, int64_t key1, const int64_t *epoch, {kind} *target",
        f"uniform<{kind}>(n, key0, key1, epoch, target);",
    )


@functools.cache
def _counter():
    return kernel("random.cuh", "tl_count", "int64_t *epoch", "++*epoch;")


def _signed(word):
    return word - 2**64 if word >> 63 else word


def sources():
    """The sources of the kernels here."""
    yield _counter().source
    for kind in ("float", "double"):
        yield filler(kind).source
