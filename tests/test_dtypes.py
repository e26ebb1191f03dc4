import numpy as np
import pytest

import tensorlib as tl


def test_dtypes_are_numpys():
    assert tl.float32 is np.float32
    assert tl.bool is np.bool_
    assert tl.zeros(1, dtype=tl.int8).dtype == np.int8
    assert tl.finfo(tl.float32).eps == np.finfo(np.float32).eps
    assert tl.iinfo(tl.int8).max == 127
    assert tl.issubdtype(tl.float32, np.floating)
    assert tl.zeros(1, dtype=tl.bfloat16).dtype.name == "bfloat16"


@pytest.mark.parametrize(
    "args",
    [
        (np.ones(1, np.float32), 1.5),
        (np.ones((), np.int8), 3),
        (np.int8, np.float16),
        (np.ones(2, np.int64), np.float32),
        (1, 2.0, 1j),
    ],
)
def test_result_type(args):
    tensors = (tl.asarray(x) if isinstance(x, np.ndarray) else x for x in args)
    assert tl.result_type(*tensors) == np.result_type(*args)


def test_can_cast():
    assert tl.can_cast(tl.ones(1, dtype=tl.float32), tl.float64)
    assert not tl.can_cast(tl.float64, tl.float32)
    assert tl.can_cast(tl.float64, tl.float32, casting="same_kind")
    assert tl.promote_types(tl.int8, tl.uint8) == np.int16


def test_bad_input():
    with pytest.raises(TypeError):
        tl.result_type(tl.ones(1), "moon")
    with pytest.raises(ValueError, match="casting"):
        tl.can_cast(tl.float64, tl.float32, casting="moon")
    with pytest.raises(AttributeError, match="no attribute 'moon'"):
        tl.moon  # noqa: B018
