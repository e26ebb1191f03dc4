"""Elements that only memory can hold."""

from comparison.group import BEST, Group, Target
from comparison.groups.medium import LIBRARIES, elementwise, moving, setup

GROUP = Group(
    title="10 M elements",
    libraries=LIBRARIES,
    setup=setup(10_000_000),
    cases={
        **elementwise("f32", "f", "g"),
        **moving("f32", "f", "g"),
        **elementwise("f64", "x", "y"),
        **moving("f64", "x", "y"),
    },
    targets=(Target(BEST, "geometric mean", 0.5),),
    threads=None,
    repeats=7,
)
