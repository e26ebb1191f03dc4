"""Medium and large work while somebody else has a CPU."""

from comparison.group import Group, Target
from comparison.groups.medium import elementwise, moving

SETUP = """
rng = np.random.default_rng(0)
f, g, places, mask = {}, {}, {}, {}
for n in (100_000, 10_000_000):
    f[n] = array((rng.random(n) * 6 - 2).astype(np.float32))
    g[n] = array((rng.random(n) * 6 - 2).astype(np.float32))
    places[n] = array(rng.integers(0, n, n))
    mask[n] = array(rng.random(n) < 0.5)
"""


def cases(n):
    a, b, places, mask = f"f[{n}]", f"g[{n}]", f"places[{n}]", f"mask[{n}]"
    found = {**elementwise("f32", a, b), **moving("f32", a, b, places, mask)}
    return {
        f"{n:,} {name}": forms["default"] for name, forms in found.items() if "fused" not in name
    }


GROUP = Group(
    title="an endless loop beside it",
    libraries=("tensorlib", "tensorlib alone"),
    setup=SETUP,
    cases={**cases(100_000), **cases(10_000_000)},
    targets=(Target("tensorlib alone", "each ratio", 1.3),),
    threads=None,
    repeats=9,
    beside="while True: pass",
)
