"""Products of matrices."""

from gpus.case import ALL, NETWORKS, RATE, Aim, Case, Group

SIDE = 8192


def product(dtype, tf32=False):
    def make(lib):
        side = lib.pick(SIDE, 64)
        lib.float32_products(tf32)
        a, b = (lib.random(side, side, dtype=dtype, seed=seed) for seed in (1, 2))
        return lambda: a @ b, 2e-12 * side**3

    return make


def float8(lib):
    side = lib.pick(SIDE, 64)
    a, b = (lib.random(side, side, dtype="float8_e4m3fn", seed=seed) for seed in (1, 2))
    return lib.float8_product(a, b), 2e-12 * side**3


def linear(lib):
    rows, width = lib.pick((8192, 4096), (5, 16))
    shapes = (rows, width), (width, width), (width,)
    parts = [lib.random(*s, dtype="bfloat16", seed=seed) for seed, s in enumerate(shapes)]
    return lambda: lib.xp.nn.functional.linear(*parts), 2e-12 * rows * width**2


def batched(lib):
    count, side = lib.pick((512, 256), (3, 16))
    lib.float32_products(False)
    a, b = (lib.random(count, side, side, seed=seed) for seed in (1, 2))
    return lambda: a @ b, 2e-12 * count * side**3


def case(name, make, *aims, libraries=NETWORKS, tolerance=1e-3):
    return Case(name, make, RATE, "TFLOP/s", aims, libraries, tolerance)


AIM = Aim("torch", 0.98)

GROUP = Group(
    title="products of matrices with 8192 rows",
    cases=(
        case("float32", product("float32"), AIM, libraries=ALL),
        case("float32 in TF32", product("float32", tf32=True), AIM, tolerance=1e-2),
        case("bfloat16", product("bfloat16"), AIM, tolerance=1e-2),
        case("float8_e4m3fn", float8, AIM, tolerance=1e-2),
        case("linear with bias, bfloat16", linear, AIM, tolerance=1e-2),
        case("float16", product("float16"), tolerance=1e-2, libraries=ALL),
        case("float64", product("float64"), libraries=ALL),
        case("512 of 256 rows, float32", batched, libraries=ALL),
    ),
    limit=60,
)
