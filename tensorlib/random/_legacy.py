"""``RandomState``: NumPy's generator of old, whose streams never change."""

import numpy as np

from tensorlib._core._tensor import Tensor
from tensorlib._selection import take
from tensorlib.random._bit_generators import (
    MT19937,
    BitGenerator,
    array_of,
    checked,
    checked_state,
)
from tensorlib.random._distributions import Distributions


class RandomState(Distributions, np.random.RandomState):
    """Draws Tensors number for number as NumPy's `RandomState` draws arrays.

    The functions of `tensorlib.random` such as `rand` are the methods of one such object. New code
    is better served by `default_rng`.

    Parameters
    ----------
    seed : int, array_like of ints or BitGenerator, optional
        From 0 to 2**32 - 1; by default the operating system gives one.

    Raises
    ------
    TypeError
        If the seed is no integer.
    ValueError
        If it is out of range, or an empty array, or a class.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorlib as tl
    >>> np.array_equal(tl.random.RandomState(7).rand(3), np.random.RandomState(7).rand(3))
    True
    """

    def __init__(self, seed=None):
        if isinstance(seed, (BitGenerator, type)):
            bit_generator = checked("RandomState", seed)
        else:
            bit_generator = MT19937()
            if seed is not None:
                bit_generator._legacy_seeding(array_of(seed))
        super().__init__(bit_generator)
        # This one draws: NumPy's methods call each other, and expect arrays of each other.
        self._numpy = np.random.RandomState(bit_generator)

    def __getstate__(self):
        return self.get_state(legacy=False)

    def __reduce__(self):
        return type(self), (self._bit_generator,), self.__getstate__()

    def seed(self, seed=None):
        """Restart the stream from a seed.

        Neither NumPy's own stream nor that of the default generator is touched.

        Parameters
        ----------
        seed : int or array_like of ints, optional
            From 0 to 2**32 - 1; by default the operating system gives one.

        Raises
        ------
        TypeError
            If the seed is no integer, or the bit generator another one than `MT19937`.
        ValueError
            If it is out of range, or an empty array.

        Examples
        --------
        >>> import numpy as np
        >>> import tensorlib as tl
        >>> state, expected = tl.random.RandomState(), np.random.RandomState(7)
        >>> state.seed(7)
        >>> state.rand().item() == expected.rand()
        True
        """
        self._numpy.seed(array_of(seed))

    def get_state(self, legacy=True):
        """All that decides which numbers come next, for `set_state`.

        Parameters
        ----------
        legacy : bool
            Whether as a tuple, which is for `MT19937` only, or as a dict.

        Returns
        -------
        tuple or dict
            Of NumPy's arrays and numbers: NumPy's `set_state` takes it too.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).get_state()[0]
        'MT19937'
        """
        return self._numpy.get_state(legacy)

    def set_state(self, state):
        """Go on from what `get_state` has returned.

        Parameters
        ----------
        state : tuple or dict

        Raises
        ------
        TypeError, ValueError
            If it is no such state. Then nothing is changed.

        Examples
        --------
        >>> import tensorlib as tl
        >>> state = tl.random.RandomState(7)
        >>> saved = state.get_state()
        >>> first = state.rand().item()
        >>> state.set_state(saved)
        >>> state.rand().item() == first
        True
        """
        if isinstance(state, (tuple, list)):
            if len(state) not in (3, 5):
                raise ValueError(f"set_state: expected 3 or 5 parts, got {len(state)}")
            name, key, pos, *gauss = state
            state = {"bit_generator": name, "state": {"key": key, "pos": pos}}
            state.update(zip(("has_gauss", "gauss"), gauss, strict=False))
        elif not isinstance(state, dict):
            kind = type(state).__name__
            raise TypeError(f"set_state: expected a dict or a tuple, got {kind}")
        # NumPy takes over the half of a pair of normal numbers before it looks at the rest.
        spare = {
            "has_gauss": checked_state("has_gauss", state.get("has_gauss", 0), 2),
            "gauss": float(state.get("gauss", 0.0)),
        }
        self._bit_generator.state = state
        self._numpy.set_state({**self._bit_generator.state, **spare})

    def random_sample(self, size=None):
        """Draw uniformly from [0, 1).

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.

        Returns
        -------
        Tensor of float64

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).random_sample((2, 3)).shape
        (2, 3)
        """
        return self._drawn("random_sample", size)

    def random(self, size=None):
        """Draw uniformly from [0, 1); the argument as in `random_sample`.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).random(3).shape
        (3,)
        """
        return self._drawn("random", size)

    def rand(self, *args):
        """Draw uniformly from [0, 1).

        Parameters
        ----------
        *args : int
            The lengths of the result; without any a 0-d Tensor is drawn.

        Returns
        -------
        Tensor of float64

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).rand(2, 3).shape
        (2, 3)
        """
        return self._drawn("rand", *args)

    def randn(self, *args):
        """Draw from the normal distribution of mean 0 and deviation 1; arguments as in `rand`.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).randn(2, 3).shape
        (2, 3)
        """
        return self._drawn("randn", *args)

    def standard_normal(self, size=None):
        """Draw from the normal distribution of mean 0 and deviation 1.

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.

        Returns
        -------
        Tensor of float64

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).standard_normal(3).shape
        (3,)
        """
        return self._drawn("standard_normal", size)

    def standard_exponential(self, size=None):
        """Draw from the exponential distribution of mean 1; the argument as in `standard_normal`.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).standard_exponential(3).shape
        (3,)
        """
        return self._drawn("standard_exponential", size)

    def standard_gamma(self, shape, size=None):
        """Draw from Gamma distributions of scale 1.

        Parameters
        ----------
        shape : float or array_like of floats
            The mean, not negative.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `shape`.

        Returns
        -------
        Tensor of float64

        Raises
        ------
        ValueError
            If a shape is negative.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).standard_gamma([1.0, 20.0]).shape
        (2,)
        """
        return self._drawn("standard_gamma", shape, size)

    def multivariate_normal(self, mean, cov, size=None, check_valid="warn", tol=1e-8):
        """Draw vectors from a normal distribution with covariances.

        Parameters
        ----------
        mean : array_like of floats
            Shape ``(k,)``.
        cov : array_like of floats
            The covariances, ``(k, k)``: symmetric, and no combination has a negative variance.
        size : int or tuple of ints, optional
            How many vectors; without it one is drawn.
        check_valid : {"warn", "raise", "ignore"}, optional
            What to do if `cov` is not so.
        tol : float, optional
            How nearly it has to be.

        Returns
        -------
        Tensor of float64
            Shape ``(*size, k)``.

        Raises
        ------
        ValueError
            If the shapes do not fit.

        Examples
        --------
        >>> import tensorlib as tl
        >>> cov = [[2.0, 1.0], [1.0, 2.0]]
        >>> tl.random.RandomState(7).multivariate_normal([0.0, 1.0], cov, 5).shape
        (5, 2)
        """
        return self._drawn("multivariate_normal", mean, cov, size, check_valid, tol)

    def randint(self, low, high=None, size=None, dtype=int):
        """Draw integers uniformly from [low, high), or from [0, low) if `high` is None.

        Parameters
        ----------
        low, high : int or array_like of ints
            They broadcast against each other.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `low` and `high` together.
        dtype : dtype, optional
            An integer dtype or bool.

        Returns
        -------
        Tensor

        Raises
        ------
        TypeError
            If the dtype is not one of these.
        ValueError
            If a range is empty or does not fit the dtype.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).randint(0, 2, 5, dtype="uint8").dtype
        dtype('uint8')
        """
        return self._drawn("randint", low, high, size, dtype)

    def random_integers(self, low, high=None, size=None):
        """Draw integers uniformly from [low, high], or from [1, low]; deprecated: use `randint`.

        Examples
        --------
        >>> import tensorlib as tl
        >>> import warnings
        >>> with warnings.catch_warnings(action="ignore"):
        ...     tl.random.RandomState(7).random_integers(1, size=2)
        tensor([1, 1])
        """
        return self._drawn("random_integers", low, high, size)

    def tomaxint(self, size=None):
        """Draw integers uniformly from all that are not negative.

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.

        Returns
        -------
        Tensor of int64

        Examples
        --------
        >>> import tensorlib as tl
        >>> bool((tl.random.RandomState(7).tomaxint(3) >= 0).all())
        True
        """
        return self._drawn("tomaxint", size)

    def permutation(self, x):
        """Return the integers below `x`, or a copy of `x`, in random order along the first axis.

        Parameters
        ----------
        x : int or array_like

        Returns
        -------
        Tensor

        Examples
        --------
        >>> import tensorlib as tl
        >>> sorted(tl.random.RandomState(7).permutation(4).tolist())
        [0, 1, 2, 3]
        """
        if not (isinstance(x, Tensor) and x.ndim):
            return self._drawn("permutation", array_of(x))
        return take(x, self._drawn("permutation", len(x)), 0)

    def shuffle(self, x):
        """Bring the parts of `x` along the first axis into random order, in place.

        Parameters
        ----------
        x : Tensor, ndarray or MutableSequence

        Examples
        --------
        >>> import tensorlib as tl
        >>> x = tl.arange(5)
        >>> tl.random.RandomState(7).shuffle(x)
        >>> sorted(x.tolist())
        [0, 1, 2, 3, 4]
        """
        if isinstance(x, Tensor):
            self._shuffle_tensor(x)
        else:
            self._numpy.shuffle(x)

    def choice(self, a, size=None, replace=True, p=None):
        """Draw elements of a 1-D array, or integers below `a`, with or without replacement.

        Parameters
        ----------
        a : int or 1-D array_like
        size : int or tuple of ints, optional
            How many; without it one is drawn.
        replace : bool, optional
            Whether the same element may be drawn again.
        p : 1-D array_like, optional
            The probability of each; by default all are equal.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            If there are too few elements, or `p` is no distribution over them.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.RandomState(7).choice(["a", "b"], 3, p=[0, 1]).tolist()
        ['b', 'b', 'b']
        """
        if not (isinstance(a, Tensor) and a.ndim == 1):
            return self._drawn("choice", a, size, replace, p)
        return take(a, self._drawn("choice", len(a), size, replace, p))
