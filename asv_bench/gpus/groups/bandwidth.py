"""What is bound by the memory of the GPU, in bytes read and written a second."""

from gpus.case import NETWORKS, RATE, Aim, Case, Group

ROWS = 16384  # of as many float32: 1 GiB
OF_COPY = Aim("case:copy", 0.92)


def square(lib, dtype="float32", seed=0):
    rows = lib.pick(ROWS, 64)
    return lib.random(rows, rows, dtype=dtype, seed=seed)


def gigabytes(*tensors):
    return 1e-9 * sum(x.nbytes for x in tensors)


def copy(lib):
    x = square(lib)
    y = lib.xp.zeros_like(x)
    return lib.driver_copy(y, x), 2 * gigabytes(x)


def add(lib):
    x, y = square(lib, seed=1), square(lib, seed=2)
    return lambda: x + y, 3 * gigabytes(x)


def exp(lib):
    x = square(lib)
    return lambda: lib.xp.exp(x), 2 * gigabytes(x)


def add_row(lib):
    x = square(lib)
    row = lib.random(x.shape[1], seed=3)
    return lambda: x + row, 2 * gigabytes(x)


def transposed(lib):
    x, y = square(lib, seed=1), square(lib, seed=2)
    return lambda: x.T + y, 3 * gigabytes(x)


def every_second(lib):
    x = square(lib)
    return lambda: x[:, ::2] + 1, 1.5 * gigabytes(x)  # whole lines are read


def to_16_bits(lib):
    x = square(lib)
    return lambda: lib.cast(x, "bfloat16"), 1.5 * gigabytes(x)


def chain(lib):
    x, y = square(lib, seed=1), square(lib, seed=2)
    xp = lib.xp
    run = lib.fused(lambda x, y: xp.exp(-x * x) * xp.cos(y) + x)
    return lambda: run(x, y), 3 * gigabytes(x)


def sum_all(lib):
    x = square(lib)
    return lambda: x.sum(), gigabytes(x)


def sum_of(axis):
    def make(lib):
        x = square(lib)
        return lambda: x.sum(axis), gigabytes(x)

    return make


def max_last(lib):
    x = square(lib)
    return lambda: lib.xp.amax(x, -1), gigabytes(x)


def cumsum(lib):
    x = square(lib)
    return lambda: lib.xp.cumsum(x, -1), 2 * gigabytes(x)


def softmax(lib):
    x = square(lib)
    return lambda: lib.xp.nn.functional.softmax(x, -1), 2 * gigabytes(x)


def layer_norm(lib):
    x = square(lib)
    weight, bias = lib.random(x.shape[1], seed=1), lib.random(x.shape[1], seed=2)
    layer = lib.xp.nn.functional.layer_norm
    return lambda: layer(x, (x.shape[1],), weight, bias), 2 * gigabytes(x)


def rate(name, make, *aims, libraries=("tensorlib", "torch", "cupy"), tolerance=1e-3):
    return Case(name, make, RATE, "GB/s", aims, libraries, tolerance)


GROUP = Group(
    title="memory bandwidth at 1 GiB of float32",
    cases=(
        rate("copy", copy),
        rate("x + y", add, OF_COPY),
        rate("exp(x)", exp, OF_COPY),
        rate("x + row", add_row, OF_COPY),
        rate("x.T + y", transposed),
        rate("x[:, ::2] + 1", every_second),
        rate("x as bfloat16", to_16_bits, libraries=NETWORKS),
        rate("exp(-x * x) * cos(y) + x, fused", chain, OF_COPY, libraries=("tensorlib", "cupy")),
        rate("sum of all", sum_all, OF_COPY, tolerance=None),  # digits cancel
        rate("sum of columns", sum_of(0), OF_COPY),
        rate("sum of rows", sum_of(1), OF_COPY),
        rate("largest of rows", max_last, OF_COPY),
        rate("running sum of rows", cumsum),
        rate("softmax of rows", softmax, libraries=NETWORKS),
        rate("layer norm of rows", layer_norm, libraries=NETWORKS),
    ),
    limit=70,
)
