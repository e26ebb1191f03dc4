"""What it costs to have the library at all."""

from comparison.group import Group, Target

GROUP = Group(
    title="whole processes",
    libraries=("numpy", "tensorlib"),
    cases={"import": "import {library}"},
    targets=(Target("numpy", "ms more", 60),),
    processes=True,
)
