"""Errors of the elementwise functions, in units in the last place, against a 200-bit reference.

A part of what ``tools/ulp.py`` measures, whose table the documentation shows.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

import ulp  # noqa: E402

sys.path.remove(str(TOOLS))

CASES = [(function, dtype) for function in ulp.FUNCTIONS for dtype in ulp.dtypes(function)]


@pytest.mark.parametrize(
    "function, dtype", [pytest.param(*case, id=f"{case[0].name}-{case[1]}") for case in CASES]
)
def test_within_the_limit(function, dtype):
    worst, arguments = ulp.measure(function, dtype, size=240)
    if (function.name, dtype) in ulp.MISSED:
        assert np.isfinite(worst), f"{function.name}{arguments} is NaN or infinite"
    else:
        assert worst <= ulp.LIMITS[dtype], f"{function.name}{arguments} is {worst:.3f} ULP off"


def test_the_error_is_measured_in_units_in_the_last_place():
    add = next(function for function in ulp.FUNCTIONS if function.name == "add")
    info = np.finfo("f4")
    exact = ulp.exactly(add, (1.0, 2.0**-30))  # 1 is the nearest float32
    assert ulp.error(exact, 1.0, info) == 2.0**-7
    assert ulp.error(exact, 1.0 + 2.0**-23, info) == 1 - 2.0**-7
    assert ulp.error(exact, float("nan"), info) == float("inf")
    huge = ulp.exactly(add, (float(info.max), float(info.max)))
    assert ulp.error(huge, float("inf"), info) == 0
    tiny = ulp.exactly(add, (2.0**-150, 0.0))  # half of the smallest number
    assert ulp.error(tiny, 0.0, info) == 0.5


def test_table_has_every_function():
    with ulp.TABLE.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["function"] for row in rows] == [function.name for function in ulp.FUNCTIONS]
    for row in rows:
        for dtype, limit in ulp.LIMITS.items():
            if row[dtype] and float(row[dtype]) > limit:
                assert (row["function"], dtype) in ulp.MISSED


def test_functions_are_the_public_ones():
    for function in ulp.FUNCTIONS:
        if hasattr(tl, function.name) and function.arguments == 1:
            x = np.array([0.25, 0.75])
            if function.inside(x).all():
                public = getattr(tl, function.name)(tl.asarray(x))
                np.testing.assert_array_equal(np.asarray(public), function(x))
