"""Every public name of NumPy is there or left to NumPy on purpose, with NumPy's parameters.

Both lists of exceptions are in ``tools/numpy_differences.py``, with the reasons.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl

TOOLS = Path(__file__).resolve().parent.parent / "tools"
sys.path.insert(0, str(TOOLS))

import numpy_names  # noqa: E402
from numpy_differences import LEFT, NUMPY, PARAMETERS  # noqa: E402

sys.path.remove(str(TOOLS))

LISTED = "tools/numpy_differences.py"
pytestmark = pytest.mark.skipif(
    not np.__version__.startswith(NUMPY + "."),
    reason=f"the lists of {LISTED} are for NumPy {NUMPY}: pip install 'numpy=={NUMPY}.*'",
)


@pytest.fixture(scope="module", params=numpy_names.MODULES + numpy_names.CLASSES)
def space(request):
    return numpy_names.compare(request.param)


def test_every_name_is_there_or_left_on_purpose(space):
    assert not space.missing, f"neither in tensorlib nor in LEFT of {LISTED}"


def test_no_name_that_is_there_is_listed_as_absent(space):
    assert not space.needless, f"take them out of LEFT of {LISTED}"


def test_parameters_are_those_of_numpy(space):
    assert not numpy_names.unlisted(space), f"differ from NumPy's, not in PARAMETERS of {LISTED}"


def test_every_listed_name_is_a_name_of_numpy():
    for _, names in LEFT:
        for name in names.split():
            owner, _, last = name.rpartition(".")
            assert last in numpy_names.names_of(owner), name


def test_every_listed_parameter_differs():
    found = {
        space.full(name): parameters
        for space in numpy_names.all_namespaces()
        for name, parameters in space.differing.items()
    }
    for parameters, _, names in PARAMETERS:
        for name in names.split():
            assert found.get(name, set()) & set(parameters.split()), name


def test_each_name_is_listed_once_and_with_a_reason():
    names = [name for _, names in LEFT for name in names.split()]
    assert len(names) == len(set(names))
    for reason in (entry[-2] for entry in (*LEFT, *PARAMETERS)):
        assert reason.endswith("."), reason


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        (lambda a, b=1: 0, lambda a, b=1, *, c=2: 0, set()),
        (lambda a, /: 0, lambda x: 0, set()),
        (lambda a, b=np._NoValue: 0, lambda a, b=3: 0, set()),
        (lambda *a, b=1, **kw: 0, lambda *a, **kw: 0, set()),
        (lambda a, b=1: 0, lambda a, b=2: 0, {"b"}),
        (lambda a, b=1: 0, lambda a, b=1.0: 0, {"b"}),
        (lambda a, b=1: 0, lambda a, *, b=1: 0, {"b"}),
        (lambda a, b: 0, lambda b, a: 0, {"a", "b"}),
        (lambda a: 0, lambda x: 0, {"a", "x"}),
        (lambda a: 0, lambda a, x: 0, {"x"}),
        (lambda *, a: 0, lambda *, b=1: 0, {"a"}),
        (lambda *a: 0, lambda a: 0, {"a"}),
    ],
)
def test_what_counts_as_a_difference(theirs, ours, expected):
    assert numpy_names.differing_parameters(theirs, ours, methods=False) == expected


def test_the_page_counts_every_name():
    page = numpy_names.page()
    total = sum(len(numpy_names.names_of(p)) for p in numpy_names.MODULES + numpy_names.CLASSES)
    counts = page.partition("- all\n")[2].splitlines()[:3]
    assert sum(int(line.split("-")[1]) for line in counts) == total
    assert "``numpy.polynomial.hermite_e``" in page
    assert "``savez``" in page


def test_modules_of_numpy_that_hold_no_arrays_are_numpys():
    assert tl.exceptions is np.exceptions
    assert tl.dtypes is np.dtypes
