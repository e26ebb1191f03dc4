"""Programs in the manner of SciPy's and scikit-learn's tutorials.

Each is a function of the array library: it runs once with NumPy and once with tensorlib, and gives
the same numbers.
"""

import numpy as np
import pytest

import tensorlib as tl


@pytest.fixture
def same_numbers():
    """Run a program with ndarrays and with Tensors as the data, and compare what it returns."""

    def run(program, rtol=1e-9, atol=1e-12):
        expected, actual = program(np), program(tl)
        assert expected.keys() == actual.keys()
        for name in expected:
            one, other = np.asarray(expected[name]), np.asarray(actual[name])
            assert one.dtype == other.dtype, name
            if one.dtype.kind in "fc":
                np.testing.assert_allclose(other, one, rtol, atol, err_msg=name)
            else:
                np.testing.assert_array_equal(other, one, err_msg=name)
        return actual

    return run
