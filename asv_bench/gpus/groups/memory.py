"""The allocator, and copies between the CPU and the GPU."""

import numpy as np

from gpus.case import NETWORKS, RATE, WAITED, Aim, Case, Group


def mixed_sizes(lib):
    """Blocks of 512 bytes to 64 MB, most of them small, of which at most 100 live."""
    rng = np.random.default_rng(1)
    count = lib.pick(10_000, 100)
    sizes = np.clip(np.exp(rng.normal(10, 3, count)), 512, lib.pick(64e6, 4096))
    order = [(int(place), int(size)) for place, size in zip(rng.integers(0, 100, count), sizes)]  # noqa: B905

    def run():
        live = [None] * 100
        for place, size in order:
            live[place] = None
            live[place] = lib.empty(size)

    return run


def to_gpu(pinned):
    def make(lib):
        size = lib.pick(1 << 26, 1 << 10)
        x = lib.random(size)
        x = x.cpu().pin_memory() if pinned else x.cpu()
        return lambda: x.to(lib.device, non_blocking=pinned), 4e-9 * size

    return make


def to_cpu(lib):
    size = lib.pick(1 << 26, 1 << 10)
    x = lib.random(size)
    return lambda: x.cpu(), 4e-9 * size


GROUP = Group(
    title="memory",
    cases=(
        Case("allocate and free 10,000 mixed sizes", mixed_sizes, WAITED, "ms",
             (Aim("torch", 1.0),)),
        Case("256 MB from pinned memory", to_gpu(True), RATE, "GB/s", libraries=NETWORKS),
        Case("256 MB from other memory", to_gpu(False), RATE, "GB/s", libraries=NETWORKS),
        Case("256 MB to the CPU", to_cpu, RATE, "GB/s", libraries=NETWORKS),
    ),
    limit=40,
)  # fmt: skip
