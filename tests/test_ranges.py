import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorlib as tl
from tensorlib.testing import check_grads

LOW = np.array([0.0, 1.0, -2.0])
HIGH = np.array([[1.0], [3.0]])
SINGLE = np.array([1, 2], np.float32)

CASES = [
    ("linspace", (0, 1), {}),
    ("linspace", (2.0, 3.0, 5), {"endpoint": False}),
    ("linspace", (0, 10, 4), {"dtype": int}),
    ("linspace", (-3, -1, 4), {"dtype": np.int8}),
    ("linspace", (0, 1, 0), {}),
    ("linspace", (0, 1, 1), {}),
    ("linspace", (1 + 1j, 2, 5), {}),
    ("linspace", (LOW, HIGH, 4), {}),
    ("linspace", (LOW, HIGH, 4), {"axis": -1}),
    ("linspace", (SINGLE, 5, 3), {"axis": 1}),
    ("linspace", (SINGLE, 5.5, 3), {"retstep": True}),
    ("linspace", (0, 0, 3), {"retstep": True}),
    ("logspace", (0, 3, 4), {}),
    ("logspace", (0, 3, 4, False), {"base": 2, "dtype": np.float32}),
    ("logspace", (LOW, 1, 4), {"axis": 1}),
    ("logspace", (0, 2, 3), {"base": np.array([2.0, 3.0])}),
    ("geomspace", (1, 256, 9), {}),
    ("geomspace", (-1000, -1, 4), {"endpoint": False}),
    ("geomspace", (1j, 1000j, 4), {}),
    ("geomspace", (np.array([1.0, 2.0]), 8, 4), {"axis": 1}),
    ("geomspace", (SINGLE, 8, 1), {}),
    ("meshgrid", (LOW, np.arange(2)), {}),
    ("meshgrid", (LOW, np.arange(2), SINGLE), {"indexing": "ij", "sparse": True}),
    ("meshgrid", (LOW, np.arange(2)), {"copy": False}),
    ("meshgrid", (LOW,), {}),
    ("meshgrid", (), {}),
    ("meshgrid", (LOW, 2.0), {}),
    ("indices", ((2, 3),), {}),
    ("indices", ((2, 3), np.int8), {"sparse": True}),
    ("fromfunction", (lambda i, j: i * 10 + j, (2, 3)), {}),
    ("fromfunction", (lambda i, k: i == k, (2,)), {"dtype": int, "k": 1}),
]

ERRORS = [
    (lambda: tl.linspace(0, 1, -1), ValueError, "linspace: .* got -1"),
    (lambda: tl.linspace(0, 1, 2.5), TypeError, "linspace: .*got [12].5"),
    (lambda: tl.linspace(tl.ones(2), tl.ones(3)), ValueError, "broadcast"),
    (lambda: tl.geomspace(0, 1), ValueError, "geomspace: .* zero"),
    (lambda: tl.geomspace(1, [1, 0]), ValueError, "geomspace: .* zero"),
    (lambda: tl.geomspace(1, 2, -3), ValueError, "got -3"),
    (lambda: tl.logspace(0, 1, -1), ValueError, "got -1"),
    (lambda: tl.meshgrid([1], [2], indexing="x"), ValueError, "meshgrid: .* 'x'"),
    (lambda: tl.indices((-1,)), ValueError, "indices: .*negative"),
]

GRADIENTS = [
    (lambda a, b: tl.linspace(a, b, 4), [LOW, HIGH]),
    (lambda a, b: tl.linspace(a, b, 4, endpoint=False, axis=-1), [LOW, HIGH]),
    (lambda a: tl.logspace(a, 1.5, 3), [LOW]),
    (lambda a, b: tl.geomspace(a, b, 4), [np.array([1.0, 2.0]), np.array([5.0, 7.0])]),
    (lambda a, b: tl.meshgrid(a, b), [LOW, HIGH[:, 0]]),
]


@pytest.mark.parametrize("name, args, kwargs", CASES)
def test_like_numpy(compare, name, args, kwargs):
    compare(name, *args, **kwargs)


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(0, 30), st.booleans()
)  # fmt: skip
def test_linspace_equals_numpys(start, stop, num, endpoint):
    expected = np.linspace(start, stop, num, endpoint)
    np.testing.assert_array_equal(tl.linspace(start, stop, num, endpoint), expected, strict=True)


@pytest.mark.parametrize("call, error, text", ERRORS)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


@pytest.mark.parametrize("function, args", GRADIENTS)
def test_gradient(function, args):
    check_grads(function, args)


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 4])
def test_geomspace_has_its_ends_where_there_is_no_way_between(num, endpoint, same):
    same(tl.geomspace(-3, 3, num, endpoint), np.geomspace(-3, 3, num, endpoint))


def test_geomspace_through_complex_numbers():
    found = tl.geomspace(-1, 1, 3, dtype=complex)
    assert found.dtype == complex and np.allclose(found, [-1, 1j, 1])
