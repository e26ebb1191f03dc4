"""``Generator``: numpy.random.Generator with Tensors in and out, over the same streams."""

import operator

import numpy as np

from tensorlib._core._functions import asarray, empty
from tensorlib._core._tensor import Tensor


def default_rng(seed=None):
    """Make a generator over NumPy's default bit generator, PCG64.

    Parameters
    ----------
    seed : optional
        Whatever `numpy.random.default_rng` takes: an int, a sequence of ints, a SeedSequence, a
        bit generator, a `numpy.random.Generator`; or a `Generator`, which is returned as it is.
        Without a seed the operating system gives one.

    Returns
    -------
    Generator

    Raises
    ------
    TypeError, ValueError
        If NumPy refuses the seed.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorlib as tl
    >>> x = tl.random.default_rng(7).standard_normal(3)
    >>> np.array_equal(x, np.random.default_rng(7).standard_normal(3))
    True
    """
    if isinstance(seed, Generator):
        return seed
    return Generator(np.random.default_rng(seed).bit_generator)


class Generator:
    """Draws Tensors from a bit generator, number for number as NumPy draws arrays.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        The source of bits, such as ``numpy.random.PCG64(seed)``. `default_rng` is the usual way.

    Attributes
    ----------
    bit_generator : numpy.random.BitGenerator
        Its ``state`` can be read and written.

    Raises
    ------
    TypeError
        If `bit_generator` is none.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorlib as tl
    >>> generator = tl.random.Generator(np.random.Philox(1))
    >>> generator.integers(10, size=4).shape
    (4,)
    """

    def __init__(self, bit_generator):
        if not isinstance(bit_generator, np.random.BitGenerator):
            kind = type(bit_generator).__name__
            raise TypeError(f"Generator: expected a numpy.random.BitGenerator, got {kind}")
        self._numpy = np.random.Generator(bit_generator)

    def __repr__(self):
        return f"Generator({type(self.bit_generator).__name__})"

    @property
    def bit_generator(self):
        return self._numpy.bit_generator

    def restart(self, seed):
        """Go on from the start of the stream that ``default_rng(seed)`` has; return self.

        Raises
        ------
        TypeError
            If `seed` is not an integer.
        ValueError
            If it is negative.
        """
        try:
            seed = operator.index(seed)
        except TypeError:
            kind = type(seed).__name__
            raise TypeError(f"manual_seed: expected an integer, got {kind}") from None
        if seed < 0:
            raise ValueError(f"manual_seed: expected a seed that is not negative, got {seed}")
        self._numpy = np.random.default_rng(seed)
        return self

    def random(self, size=None, dtype="float64"):
        """Draw uniformly from [0, 1).

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.
        dtype : {"float64", "float32"}, optional

        Returns
        -------
        Tensor

        Raises
        ------
        TypeError
            If the dtype is another one.
        ValueError
            If a length is negative.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).random((2, 3), dtype="float32").dtype
        dtype('float32')
        """
        return self._fill("random", size, dtype)

    def standard_normal(self, size=None, dtype="float64"):
        """Draw from the normal distribution of mean 0 and deviation 1; arguments as in `random`."""
        return self._fill("standard_normal", size, dtype)

    def normal(self, loc=0.0, scale=1.0, size=None):
        """Draw from normal distributions of mean `loc` and deviation `scale`.

        Parameters
        ----------
        loc, scale : float or array_like of floats
            They broadcast against each other.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `loc` and `scale` together.

        Returns
        -------
        Tensor of float64

        Raises
        ------
        ValueError
            If a scale is negative, or the shapes do not fit.
        """
        return asarray(self._numpy.normal(*map(_plain, (loc, scale)), size))

    def uniform(self, low=0.0, high=1.0, size=None):
        """Draw uniformly from [low, high).

        Parameters
        ----------
        low, high : float or array_like of floats
            They broadcast against each other.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `low` and `high` together.

        Returns
        -------
        Tensor of float64

        Raises
        ------
        OverflowError
            If a range is not finite.
        ValueError
            If the shapes do not fit.
        """
        return asarray(self._numpy.uniform(*map(_plain, (low, high)), size))

    def integers(self, low, high=None, size=None, dtype="int64", endpoint=False):
        """Draw integers uniformly from [low, high), or from [0, low) if `high` is None.

        Parameters
        ----------
        low, high : int or array_like of ints
            They broadcast against each other.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `low` and `high` together.
        dtype : dtype, optional
            An integer dtype or bool.
        endpoint : bool, optional
            Whether `high` itself may be drawn.

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
        >>> dice = tl.random.default_rng(0).integers(1, 6, size=100, endpoint=True)
        >>> int(dice.min()), int(dice.max())
        (1, 6)
        """
        low, high = _plain(low), _plain(high)
        return asarray(self._numpy.integers(low, high, size, np.dtype(dtype), endpoint))

    def permutation(self, x, axis=0):
        """Return the integers below `x`, or a copy of the array `x`, in random order.

        Parameters
        ----------
        x : int or array_like
        axis : int, optional
            The axis of an array along which its parts change places.

        Returns
        -------
        Tensor

        Examples
        --------
        >>> import tensorlib as tl
        >>> sorted(tl.random.default_rng(0).permutation(4).tolist())
        [0, 1, 2, 3]
        """
        return asarray(self._numpy.permutation(_plain(x), axis))

    def shuffle(self, x, axis=0):
        """Bring the parts of the Tensor `x` along an axis into random order, in place.

        Raises
        ------
        TypeError
            If `x` is not a Tensor.
        """
        if not isinstance(x, Tensor):
            raise TypeError(f"shuffle: expected a Tensor, got {type(x).__name__}")
        # Through a copy, so that the write is one that the tape sees.
        values = np.array(_plain(x))
        self._numpy.shuffle(values, axis)
        x[...] = asarray(values)

    def choice(self, a, size=None, replace=True, p=None, axis=0, shuffle=True):
        """Draw parts of an array, or integers below `a`, with or without replacement.

        Parameters
        ----------
        a : int or array_like
        size : int or tuple of ints, optional
            How many; without it one is drawn.
        replace : bool, optional
            Whether the same part may be drawn again.
        p : 1-D array_like, optional
            The probability of each part; by default all are equal.
        axis : int, optional
            The axis along which the parts lie.
        shuffle : bool, optional
            Whether the order is random too when drawing without replacement.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            If there are too few parts, or `p` is no distribution over them.
        """
        return asarray(self._numpy.choice(_plain(a), size, replace, _plain(p), axis, shuffle))

    def _fill(self, method, size, dtype):
        dtype = np.dtype(dtype)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"{method}: expected dtype float32 or float64, got {dtype}")
        result = empty(() if size is None else size, dtype=dtype)
        # Straight into the Tensor, whose memory is cached: a large array of NumPy's is not.
        getattr(self._numpy, method)(dtype=dtype, out=np.asarray(result))
        return result


def _plain(x):
    """An ndarray over a Tensor's memory; anything else as it is."""
    return np.asarray(x.detach()) if isinstance(x, Tensor) else x
