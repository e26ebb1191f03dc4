import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layouts import LAYOUTS, array_of, examples, outcome

import tensorlib as tl


@st.composite
def bits(draw):
    shape = tuple(draw(st.lists(st.integers(0, 11), min_size=1, max_size=3)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    a = (rng.integers(0, 3, shape) * 7 - 7).astype(draw(st.sampled_from("?bBhq")))
    return draw(st.sampled_from(LAYOUTS))(a)


@examples(100)
@given(bits(), st.sampled_from(["big", "little"]), st.data())
def test_there_and_back(a, order, data):
    axis = data.draw(st.sampled_from([None, -1, *range(a.ndim)]))
    expected = np.packbits(a, axis, order)
    packed = tl.packbits(tl.asarray(a), axis, order)
    assert packed.dtype == np.uint8
    np.testing.assert_array_equal(array_of(packed), expected)
    count = data.draw(st.integers(-3, 20) | st.none())
    args = axis, count, order
    unpacked = outcome(np.unpackbits, expected, *args)
    if isinstance(unpacked, Exception):
        with pytest.raises(type(unpacked)):
            tl.unpackbits(packed, *args)
    else:
        if a.size == 0:
            unpacked[...] = 0  # NumPy leaves there what was in the memory
        np.testing.assert_array_equal(array_of(tl.unpackbits(packed, *args)), unpacked)


@pytest.mark.parametrize(
    "name, args",
    [
        ("packbits", ([1.5],)),
        ("packbits", ([1], 1)),
        ("packbits", ([1], 0, "middle")),
        ("unpackbits", ([1],)),
        ("unpackbits", (np.uint8(1),)),
        ("unpackbits", (np.ones(1, np.uint8), 0, -9)),
    ],
)
def test_errors(name, args):
    expected = outcome(getattr(np, name), *args)
    if isinstance(expected, Exception):
        with pytest.raises(type(expected)):
            getattr(tl, name)(*args)
    else:
        np.testing.assert_array_equal(array_of(getattr(tl, name)(*args)), expected)


@pytest.mark.parametrize("number", [0, 5, -5, 2**70, np.int8(-3)])
def test_numbers_as_text(number):
    number = tl.asarray(number) if isinstance(number, np.generic) else number
    assert tl.binary_repr(number) == np.binary_repr(int(number))
    assert tl.binary_repr(number, 80) == np.binary_repr(int(number), 80)
    assert tl.base_repr(number, 7, 2) == np.base_repr(int(number), 7, 2)
