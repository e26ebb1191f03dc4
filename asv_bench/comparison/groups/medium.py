"""Elements that fit into the cache, where a thread pool is barely worth it."""

from comparison.group import BEST, Group, Target

LIBRARIES = ("numpy", "tensorlib", "torch", "numexpr", "numba")

SETUP = """
rng = np.random.default_rng(0)
x = array(rng.random(SIZE) * 6 - 2)
y = array(rng.random(SIZE) * 6 - 2)
f = array((rng.random(SIZE) * 6 - 2).astype(np.float32))
g = array((rng.random(SIZE) * 6 - 2).astype(np.float32))
places = array(rng.integers(0, SIZE, SIZE))
mask = array(rng.random(SIZE) < 0.5)
"""
FUSED = """
chain = xp.fused(lambda x, y: x * y + xp.sin(x) * 2)
"""
NUMBA = """
@xp.njit(parallel=True, fastmath=False)
def chain(x, y):
    out = np.empty_like(x)
    for i in xp.prange(x.size):
        out[i] = x[i] * y[i] + np.sin(x[i]) * x.dtype.type(2)
    return out
"""


def setup(size):
    source = SETUP.replace("SIZE", str(size))
    return {"default": source, "tensorlib": source + FUSED, "numba": source + NUMBA}


def evaluated(expression):
    """For NumPy, PyTorch and tensorlib the same; numexpr parses it."""
    return {
        "default": expression,
        "numexpr": f"xp.evaluate({expression.replace('xp.', '')!r})",
        "numba": None,
    }


def plain(expression, torch=None):
    return {"default": expression, "torch": torch or expression, "numexpr": None, "numba": None}


def elementwise(dtype, a, b):
    """Elementwise cases, scans and reductions of two arrays."""
    chain = f"{a} * {b} + xp.sin({a}) * 2"
    return {
        f"{dtype} add": evaluated(f"{a} + {b}"),
        f"{dtype} multiply": evaluated(f"{a} * {b}"),
        f"{dtype} divide": evaluated(f"{a} / {b}"),
        f"{dtype} less": evaluated(f"{a} < {b}"),
        f"{dtype} abs": evaluated(f"abs({a})"),
        f"{dtype} exp": evaluated(f"xp.exp({a})"),
        f"{dtype} sin": evaluated(f"xp.sin({a})"),
        f"{dtype} tanh": evaluated(f"xp.tanh({a})"),
        f"{dtype} arctan2": evaluated(f"xp.arctan2({a}, {b})"),
        f"{dtype} x*y + sin(x)*2": plain(chain),
        f"{dtype} x*y + sin(x)*2, fused": {
            **evaluated(chain),
            "tensorlib": f"chain({a}, {b})",
            "numba": f"chain({a}, {b})",
        },
        f"{dtype} sum": plain(f"{a}.sum()"),
        f"{dtype} mean": plain(f"{a}.mean()"),
        f"{dtype} std": plain(f"{a}.std()", f"{a}.std(correction=0)"),
        f"{dtype} max": plain(f"{a}.max()"),
        f"{dtype} argmax": plain(f"{a}.argmax()"),
        f"{dtype} cumsum": plain(f"{a}.cumsum(0)"),
    }


def moving(dtype, a, b, places="places", mask="mask"):
    """Cases that move elements about."""
    return {
        f"{dtype} sort": plain(f"xp.sort({a})", f"xp.sort({a})[0]"),
        f"{dtype} argsort": plain(f"xp.argsort({a})"),
        f"{dtype} take": plain(f"xp.take({a}, {places})"),
        f"{dtype} mask": plain(f"{a}[{mask}]"),
        f"{dtype} where": plain(f"xp.where({mask}, {a}, {b})"),
    }


GROUP = Group(
    title="100,000 elements",
    libraries=LIBRARIES,
    setup=setup(100_000),
    cases={
        **elementwise("f32", "f", "g"),
        **moving("f32", "f", "g"),
        **elementwise("f64", "x", "y"),
        **moving("f64", "x", "y"),
    },
    targets=(Target(BEST, "geometric mean", 0.6), Target(BEST, "each ratio", 1.05)),
    threads=None,
)
