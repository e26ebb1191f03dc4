"""The bit generators: NumPy's streams, and no state that is not one."""

import copy
import json
import pickle

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.testing import assert_array_equal

NAMES = ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"]
WORD, HALF = 2**64, 2**32


def text_of(state):
    return json.dumps(state, default=lambda array: array.tolist())


def states_equal(a, b):
    return text_of(a) == text_of(b)


@pytest.mark.parametrize("name", NAMES)
def test_streams_are_numpys(name):
    ours, theirs = getattr(tl.random, name), getattr(np.random, name)
    for seed in (5, [1, 2, 3], np.random.SeedSequence(5), tl.random.SeedSequence(5)):
        assert_array_equal(ours(seed).random_raw((2, 3)), theirs(seed).random_raw((2, 3)))
    assert ours(5).random_raw().dtype == np.uint64
    assert ours(5).random_raw().item() == theirs(5).random_raw()
    assert ours(5).random_raw(3, output=False) is None
    for seed in (tl.asarray(5), tl.asarray([1, 2, 3])):
        expected = theirs(np.asarray(seed).tolist())
        assert_array_equal(ours(seed).random_raw(3), expected.random_raw(3))
    assert ours().random_raw().item() != ours().random_raw().item()


@pytest.mark.parametrize("name", NAMES)
def test_they_serve_numpys_generators(name):
    ours, theirs = getattr(tl.random, name)(5), getattr(np.random, name)(5)
    assert isinstance(ours, tl.random.BitGenerator)
    a, b = np.random.Generator(ours), np.random.Generator(theirs)
    assert_array_equal(a.normal(size=3), b.normal(size=3))
    assert_array_equal(np.random.RandomState(ours).rand(3), np.random.RandomState(theirs).rand(3))


@pytest.mark.parametrize("name", NAMES)
def test_copies_go_on_as_the_original_does(name):
    original = getattr(tl.random, name)(5)
    tl.random.Generator(original).integers(9, dtype="int32")  # leaves half of a word
    for made in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        assert type(made) is type(original)
        assert states_equal(made.state, original.state)
        assert made.random_raw(3).tolist() == copy.deepcopy(original).random_raw(3).tolist()
        child, expected = made.spawn(1)[0], getattr(np.random, name)(5).spawn(1)[0]
        assert type(child) is type(original)
        assert child.random_raw().item() == expected.random_raw()


@pytest.mark.parametrize("name", NAMES)
def test_states_are_exchanged_with_numpy(name):
    ours, theirs = getattr(tl.random, name)(5), getattr(np.random, name)(6)
    tl.random.Generator(ours).integers(9, dtype="int32")
    theirs.state = ours.state
    assert states_equal(theirs.state, ours.state)
    text = text_of(ours.state)
    ours.random_raw(3)
    ours.state = json.loads(text)
    assert states_equal(theirs.state, ours.state)


def test_jumps_are_numpys():
    for name in ("PCG64", "PCG64DXSM", "Philox", "MT19937"):
        ours, theirs = getattr(tl.random, name)(5), getattr(np.random, name)(5)
        jumped = ours.jumped()
        assert type(jumped) is type(ours)
        assert states_equal(jumped.state, theirs.jumped().state)
    for name in ("PCG64", "PCG64DXSM", "Philox"):
        ours, theirs = getattr(tl.random, name)(5), getattr(np.random, name)(5)
        assert states_equal(ours.advance(2**70).state, theirs.advance(2**70).state)


def test_philox_by_key():
    for key in (2**100, tl.asarray([3, 4])):
        ours = tl.random.Philox(key=key, counter=tl.asarray([1, 2, 3, 4]))
        theirs = np.random.Philox(key=np.asarray(key), counter=[1, 2, 3, 4])
        assert states_equal(ours.state, theirs.state)
    with pytest.raises(ValueError, match="both"):
        tl.random.Philox(5, key=6)
    with pytest.raises(ValueError, match="key"):
        tl.random.Philox(key=2**128)


def changed(*path_and_value):
    """A function that changes the entry at a path of a state; no value: takes it out."""
    *path, key, value = path_and_value

    def change(state):
        inner = state
        for step in path:
            inner = inner[step]
        if value is KeyError:
            del inner[key]
        else:
            inner[key] = value(inner[key]) if callable(value) else value
        return state

    return change


def entry(index, value):
    """Change one number of an array."""

    def change(array):
        array = array.tolist()
        array[index] = value
        return array

    return change


HALVES = [
    (changed("has_uint32", 2), ValueError),
    (changed("has_uint32", -1), ValueError),
    (changed("has_uint32", 0.0), TypeError),
    (changed("has_uint32", KeyError), ValueError),
    (changed("uinteger", HALF), ValueError),
    (changed("uinteger", -1), ValueError),
    (changed("uinteger", "1"), TypeError),
    (changed("uinteger", KeyError), ValueError),
]
ALL = [
    (lambda state: None, TypeError),
    (lambda state: [state], TypeError),
    (lambda state: {}, ValueError),
    (changed("bit_generator", "Mersenne"), ValueError),
    (changed("bit_generator", KeyError), ValueError),
    (changed("state", KeyError), ValueError),
    (changed("state", 5), TypeError),
    (changed("state", {}), ValueError),
]
PCG = [
    *HALVES,
    (changed("state", "state", 2**128), ValueError),
    (changed("state", "state", -1), ValueError),
    (changed("state", "state", 1.5), TypeError),
    (changed("state", "inc", 2**128), ValueError),
    (changed("state", "inc", None), TypeError),
]
WRONG = {
    "PCG64": PCG,
    "PCG64DXSM": PCG,
    "SFC64": [
        *HALVES,
        (changed("state", "state", 5), TypeError),
        (changed("state", "state", [1, 2, 3]), ValueError),
        (changed("state", "state", [1, 2, 3, 4, 5]), ValueError),
        (changed("state", "state", entry(1, -1)), ValueError),
        (changed("state", "state", entry(3, WORD)), ValueError),
        (changed("state", "state", entry(0, 1.5)), TypeError),
    ],
    "Philox": [
        *HALVES,
        (changed("buffer_pos", 5), ValueError),
        (changed("buffer_pos", -1), ValueError),
        (changed("buffer_pos", 2**40), ValueError),
        (changed("buffer_pos", None), TypeError),
        (changed("buffer_pos", KeyError), ValueError),
        (changed("buffer", [1, 2, 3]), ValueError),
        (changed("buffer", entry(2, WORD)), ValueError),
        (changed("buffer", KeyError), ValueError),
        (changed("state", "counter", [1, 2, 3]), ValueError),
        (changed("state", "counter", entry(3, -1)), ValueError),
        (changed("state", "key", [1]), ValueError),
        (changed("state", "key", entry(1, "a")), TypeError),
        (changed("state", "key", KeyError), ValueError),
    ],
    "MT19937": [
        (changed("state", "pos", 625), ValueError),
        (changed("state", "pos", 10**6), ValueError),
        (changed("state", "pos", -1), ValueError),
        (changed("state", "pos", 2**40), ValueError),
        (changed("state", "pos", 1.0), TypeError),
        (changed("state", "pos", KeyError), ValueError),
        (changed("state", "key", np.zeros(623, np.uint32)), ValueError),
        (changed("state", "key", np.zeros(625, np.uint32)), ValueError),
        (changed("state", "key", np.zeros((624, 1), np.uint32)), TypeError),
        (changed("state", "key", np.zeros(624)), TypeError),
        (changed("state", "key", entry(7, HALF)), ValueError),
        (changed("state", "key", entry(623, -1)), ValueError),
        (changed("state", "key", 5), TypeError),
        (lambda state: ("MT19937", state["state"]["key"]), ValueError),
        (lambda state: ("MT19937", state["state"]["key"], 625), ValueError),
        (lambda state: ("PCG64", state["state"]["key"], 1), ValueError),
    ],
}


@pytest.mark.parametrize(
    "name, change, error",
    [(name, *case) for name in NAMES for case in (*ALL, *WRONG[name])],
)
def test_wrong_states_change_nothing(name, change, error):
    bits = getattr(tl.random, name)(5)
    before = copy.deepcopy(bits.state)
    with pytest.raises(error):
        bits.state = change(bits.state)
    assert states_equal(bits.state, before)


def test_the_message_says_what_is_wrong():
    bits = tl.random.MT19937(5)
    with pytest.raises(ValueError, match="pos: expected a number from 0 to 624, got 625"):
        bits.state = changed("state", "pos", 625)(bits.state)


def test_states_of_tensors():
    bits, expected = tl.random.MT19937(5), tl.random.MT19937(6)
    bits.state = changed("state", "key", tl.asarray)(expected.state)
    assert bits.random_raw().item() == expected.random_raw().item()
    bits.state = ("MT19937", tl.arange(624), tl.asarray(3))
    assert bits.state["state"]["pos"] == 3


def test_seed_sequences():
    ours, theirs = tl.random.SeedSequence, np.random.SeedSequence
    for entropy in (5, [1, 2], ["0x1f"], 2**200):
        expected = theirs(entropy, spawn_key=(3,)).generate_state(8)
        assert_array_equal(ours(entropy, spawn_key=(3,)).generate_state(8), expected)
    made = ours(tl.asarray([1, 2]), spawn_key=tl.asarray([3]))
    assert_array_equal(made.generate_state(8), theirs([1, 2], spawn_key=[3]).generate_state(8))
    child = ours(5).spawn(2)[1]
    assert type(child) is ours
    for made in (child, copy.deepcopy(child), pickle.loads(pickle.dumps(child))):
        assert_array_equal(made.generate_state(4), theirs(5).spawn(2)[1].generate_state(4))
    for wrong, error in ((-1, ValueError), (1.5, TypeError), (tl.asarray([-1]), ValueError)):
        with pytest.raises(error):
            ours(wrong)
