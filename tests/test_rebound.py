"""NumPy's modules run with tensors in the place of arrays."""

import doctest
import sys
import types

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import _rebound
from tensorlib._rebound import run_module

CODE = """
'Documentation.'
import math
import numpy as np
import numpy._core.numeric as NX
from numpy._core import arange, overrides
from numpy.exceptions import AxisError
from numpy.linalg import inv

KEPT = "theirs"
DTYPE = np.float64

@overrides.array_function_dispatch(lambda x: (x,), module="numpy")
def double(x):
    return np.asarray(x) * 2 if isinstance(x, (list, np.ndarray)) else None

def several(x):
    return arange(2), NX.zeros(2), inv(x), np.linalg.inv(x), np.array([x[0, 0], 1.0])

def exotic(x):
    return np.only_numpys(x)
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module of NumPy's, run."""
    (tmp_path / "numpy_like.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(np, "only_numpys", np.unique_values, raising=False)
    namespace = {"__name__": "tensorlib.numpy_like", "__doc__": "Ours.", "KEPT": "ours"}
    run_module("numpy_like", namespace, keep={"KEPT"})
    yield types.SimpleNamespace(**namespace)
    sys.modules.pop("numpy_like", None)


def test_names(module):
    assert (module.__doc__, module.KEPT) == ("Ours.", "ours")
    assert module.double.__module__ == "tensorlib.numpy_like"
    assert module.DTYPE is np.float64 and module.AxisError is np.exceptions.AxisError
    assert module.math is sys.modules["math"]


def test_tensors(module):
    for argument in [1.0, 2.0], np.array([1.0, 2.0]), tl.asarray([1.0, 2.0]):
        result = module.double(argument)
        assert isinstance(result, tl.Tensor)
        tl.testing.assert_array_equal(result, [2.0, 4.0])
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    inverse = np.linalg.inv(matrix)
    expected = np.arange(2), np.zeros(2), inverse, inverse, np.array([2.0, 1.0])
    for one, other in zip(module.several(tl.asarray(matrix)), expected, strict=True):
        assert isinstance(one, tl.Tensor) and one.dtype == other.dtype
        tl.testing.assert_allclose(one, other)


def test_gradients(module):
    tl.testing.check_grads(module.double, [[1.0, 2.0]])
    tl.testing.check_grads(lambda x: module.several(x)[2:], [[[2.0, 1.0], [1.0, 3.0]]])


def test_what_only_numpy_has_is_computed_by_numpy(module):
    result = module.exotic(tl.asarray([2, 1, 2]))
    assert isinstance(result, tl.Tensor)
    tl.testing.assert_array_equal(result, [1, 2])
    x = tl.asarray([1.0, 2.0])
    x.requires_grad = True
    with pytest.raises(TypeError, match=r"only_numpys: .* detach"):
        module.exotic(x)


def test_the_example():
    assert doctest.testmod(_rebound).failed == 0
