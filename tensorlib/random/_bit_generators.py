"""NumPy's bit generators, whose state is checked before it is taken over.

NumPy reads some states unseen: with a `pos` of 10**6 MT19937 reads memory that is not its own.
"""

import operator

import numpy as np
from numpy.random import BitGenerator
from numpy.random.bit_generator import ISeedSequence

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor

__all__ = ["BitGenerator", "MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64", "SeedSequence"]


class SeedSequence(np.random.SeedSequence):
    """Mixes what a seed holds into as many words as a bit generator needs.

    Parameters
    ----------
    entropy : int or array_like of ints, optional
        Not negative; by default the operating system gives it.
    spawn_key : array_like of ints
        Which descendant of the sequence with the same `entropy` this one is.
    pool_size : int
        Words in the pool: at least 4.
    n_children_spawned : int
        How many children this one has had.

    Raises
    ------
    TypeError
        If `entropy` is no integer.
    ValueError
        If it is negative, or the pool is too small.

    Notes
    -----
    `generate_state` and `pool` give ndarrays, which is what bit generators take.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a, b = tl.random.SeedSequence(7).spawn(2)
    >>> a.generate_state(2).tolist() == b.generate_state(2).tolist()
    False
    """

    def __init__(self, entropy=None, *, spawn_key=(), pool_size=4, n_children_spawned=0):
        super().__init__(
            array_of(entropy),
            spawn_key=array_of(spawn_key),
            pool_size=pool_size,
            n_children_spawned=n_children_spawned,
        )

    def spawn(self, n_children):
        """Make sequences that are independent of this one and of each other.

        Parameters
        ----------
        n_children : int
            How many.

        Returns
        -------
        list of SeedSequence

        Raises
        ------
        ValueError
            If `n_children` is negative.

        Examples
        --------
        >>> import tensorlib as tl
        >>> [child.spawn_key for child in tl.random.SeedSequence(7).spawn(2)]
        [(0,), (1,)]
        """
        if n_children < 0:  # NumPy of old would count backwards
            raise ValueError(f"spawn: expected a number that is not negative, got {n_children}")
        return super().spawn(n_children)


class CheckedState:
    """A bit generator that refuses a wrong state, and then is left as it was."""

    # What a state holds: a whole number below a bound, (how many, their bound), or a dict.
    fields: dict

    def __init__(self, seed=None):
        super().__init__(seed_sequence(seed))

    @property
    def state(self):
        """dict: all that decides which bits come next; of ints and ndarrays, as NumPy has it.

        Setting it raises TypeError or ValueError, and changes nothing, if it is not such a dict.
        It can be exchanged with NumPy's own bit generators.
        """
        return super().state

    @state.setter
    def state(self, value):
        kind = type(self)
        value = self._dict_of(value)
        if isinstance(value, dict) and value.get("bit_generator") != kind.__name__:
            raise ValueError(
                f"state must be for a {kind.__name__}, got one for {value.get('bit_generator')!r}"
            )
        checked = checked_state("state", value, self.fields)
        super(CheckedState, kind).state.__set__(self, {"bit_generator": kind.__name__, **checked})

    def _dict_of(self, state):
        return state

    def random_raw(self, size=None, output=True):
        """Draw the words from which all other numbers are made.

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.
        output : bool
            Whether to return them.

        Returns
        -------
        Tensor of uint64, or None

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.PCG64(7).random_raw(3).dtype
        dtype('uint64')
        """
        words = super().random_raw(size, output)
        return asarray(np.asarray(words, np.uint64)) if output else None


HALF_WORD = {"has_uint32": 2, "uinteger": 2**32}  # of the last word one half may be left


class PCG64(CheckedState, np.random.PCG64):
    """The bit generator of `default_rng`: 128 bits of state that can be advanced at will.

    Parameters
    ----------
    seed : int, array_like of ints or SeedSequence, optional
        Not negative; by default the operating system gives one.

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses the seed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> a, b = tl.random.PCG64(7), tl.random.PCG64(7)
    >>> _ = a.random_raw(5)
    >>> a.state == b.advance(5).state
    True
    """

    fields = {"state": {"state": 2**128, "inc": 2**128}, **HALF_WORD}


class PCG64DXSM(CheckedState, np.random.PCG64DXSM):
    """`PCG64` with a stronger last step, for very many streams at once.

    Parameters
    ----------
    seed : int, array_like of ints or SeedSequence, optional
        Not negative; by default the operating system gives one.

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses the seed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.random.Generator(tl.random.PCG64DXSM(7)).random(3).shape
    (3,)
    """

    fields = PCG64.fields


class SFC64(CheckedState, np.random.SFC64):
    """A quick bit generator of 256 bits that cannot be advanced.

    Parameters
    ----------
    seed : int, array_like of ints or SeedSequence, optional
        Not negative; by default the operating system gives one.

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses the seed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.random.Generator(tl.random.SFC64(7)).random(3).shape
    (3,)
    """

    fields = {"state": {"state": (4, 2**64)}, **HALF_WORD}


class MT19937(CheckedState, np.random.MT19937):
    """The Mersenne twister, the bit generator of `RandomState`.

    Parameters
    ----------
    seed : int, array_like of ints or SeedSequence, optional
        Not negative; by default the operating system gives one.

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses the seed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.random.Generator(tl.random.MT19937(7)).random(3).shape
    (3,)
    """

    fields = {"state": {"key": (624, 2**32), "pos": 625}}

    def _dict_of(self, state):
        """Also of the tuple that `RandomState.get_state` returns."""
        if not isinstance(state, tuple):
            return state
        if len(state) not in (3, 5):
            raise ValueError(f"state: expected a tuple of 3 or 5, got one of {len(state)}")
        return {"bit_generator": state[0], "state": {"key": state[1], "pos": state[2]}}


class Philox(CheckedState, np.random.Philox):
    """A bit generator that enciphers a counter: each number can be had by itself.

    Parameters
    ----------
    seed : int, array_like of ints or SeedSequence, optional
        Not negative; by default the operating system gives one.
    counter : int or array_like of 4 ints, optional
        Where to begin, below 2**256; by default at 0.
    key : int or array_like of 2 ints, optional
        Which stream, below 2**128, in place of a seed.

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses an argument, or there are both a seed and a key.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.random.Philox(key=7).state["state"]["key"].tolist()
    [7, 0]
    """

    fields = {
        "state": {"counter": (4, 2**64), "key": (2, 2**64)},
        "buffer": (4, 2**64),
        "buffer_pos": 5,
        **HALF_WORD,
    }

    def __init__(self, seed=None, counter=None, key=None):
        # Past CheckedState's, which knows of no key.
        super(CheckedState, self).__init__(
            seed_sequence(seed) if key is None else seed, array_of(counter), array_of(key)
        )


def checked_state(name, value, field):
    """The value as plain ints, arrays and dicts, if it is what the field describes.

    Raises
    ------
    TypeError
        If it, or something in it, is of another type.
    ValueError
        If something lacks, is out of its range or of another length.
    """
    if isinstance(field, dict):
        if not isinstance(value, dict):
            raise TypeError(f"{name}: expected a dict, got {type(value).__name__}")
        for key in field:
            if key not in value:
                raise ValueError(f"{name}: expected {list(field)}, got no {key!r}")
        return {key: checked_state(key, value[key], field[key]) for key in field}
    if isinstance(field, tuple):
        length, bound = field
        try:
            values = list(value)
        except TypeError:
            kind = type(value).__name__
            raise TypeError(f"{name}: expected {length} integers, got {kind}") from None
        if len(values) != length:
            raise ValueError(f"{name}: expected {length} integers, got {len(values)}")
        dtype = np.min_scalar_type(bound - 1)
        return np.array([checked_state(name, item, bound) for item in values], dtype)
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected an integer, got {type(value).__name__}") from None
    if not 0 <= number < field:
        raise ValueError(f"{name}: expected a number from 0 to {field - 1}, got {number}")
    return number


def checked(name, bit_generator):
    """The bit generator, if it is one: else an error whose message begins with the name."""
    if isinstance(bit_generator, BitGenerator):
        return bit_generator
    if isinstance(bit_generator, type):
        raise ValueError(
            f"{name}: expected a bit generator, got the class {bit_generator.__name__}"
        )
    raise TypeError(f"{name}: expected a BitGenerator, got {type(bit_generator).__name__}")


def seed_sequence(seed):
    return seed if isinstance(seed, ISeedSequence) else SeedSequence(seed)


def array_of(x):
    """An ndarray over a Tensor's memory, an int for a 0-d one; anything else as it is."""
    if not isinstance(x, Tensor):
        return x
    return np.asarray(x) if x.ndim else x.item()
