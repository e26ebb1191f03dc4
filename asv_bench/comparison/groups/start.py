"""What it costs to have the library at all."""

from comparison.group import Figures

GROUP = Figures(
    title="import and size",
    libraries=("numpy", "tensorlib", "torch"),
    program="start.py",
    limits={
        "import, ms more than numpy's": 60,
        "wheel, MB": 10,
        "installed with what it needs, over torch's": 0.25,
    },
    repeats=15,
)
