"""Matrix products and decompositions."""

from comparison.group import BEST, Group, Target

SIDES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048)
SMALL = (4, 8, 16)
DECOMPOSED = (128, 512)


def products():
    return {
        f"{size} {dtype} matmul {side}": f"{dtype}[{side}] @ {dtype}[{side}]"
        for dtype in ("f32", "f64")
        for side in SIDES
        for size in ("small" if side <= 32 else "large",)
    }


def decompositions(size, sides):
    cases = {}
    for side in sides:
        m = f"spd[{side}]"
        for name, call in {
            "solve": f"xp.linalg.solve({m}, v[{side}])",
            "inv": f"xp.linalg.inv({m})",
            "cholesky": f"xp.linalg.cholesky({m})",
            "svd": f"xp.linalg.svd({m})[1]",
            "eigh": f"xp.linalg.eigh({m})[0]",
            "qr": f"abs(xp.linalg.qr({m})[1])",
        }.items():
            cases[f"{size} {name} {side}"] = call
    return cases


GROUP = Group(
    title="matrices; f64 where not said",
    libraries=("numpy", "tensorlib", "torch"),
    setup=f"""
rng = np.random.default_rng(0)
f32 = {{n: array(rng.random((n, n), np.float32)) for n in {SIDES}}}
f64 = {{n: array(rng.random((n, n))) for n in {SIDES}}}
batch = array(rng.random((64, 32, 32), np.float32))
tall = array(rng.random((20000, 64), np.float32))
v = {{n: array(rng.random(n)) for n in {SMALL + DECOMPOSED}}}
spd = {{}}
for n in {SMALL + DECOMPOSED}:
    m = rng.random((n, n))
    spd[n] = array(m @ m.T + n * np.eye(n))
""",
    cases={
        **products(),
        "batched f32 64x32x32": "batch @ batch",
        "large f32 x @ x.T": "f32[512] @ f32[512].T",
        "large f32 x.T @ x, 20000x64": "tall.T @ tall",
        "large f32 matvec": "f32[2048] @ f32[2048][0]",
        **decompositions("small", SMALL),
        **decompositions("large", DECOMPOSED),
    },
    targets=(
        Target(BEST, "each ratio", 0.5, "small"),
        Target(BEST, "each ratio", 1.0, "large"),
        Target(BEST, "each ratio", 1.0, "batched"),
    ),
    threads=None,
    repeats=9,
)
