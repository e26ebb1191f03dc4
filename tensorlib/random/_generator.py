"""``Generator``: numpy.random.Generator with Tensors in and out, over the same streams."""

import functools
import operator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tensorlib._arguments import axis_index, write_out
from tensorlib._core._backend import run_on_device
from tensorlib._core._functions import asarray, empty
from tensorlib._core._recorder import random, watched
from tensorlib._core._tensor import Tensor
from tensorlib._selection import take
from tensorlib.random._bit_generators import PCG64, BitGenerator, array_of, checked
from tensorlib.random._distributions import Distributions


def _checked_dtype(name, dtype):
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: expected dtype float32 or float64, got {dtype}")
    return dtype


def default_rng(seed=None):
    """Make a generator over NumPy's default bit generator, PCG64.

    Parameters
    ----------
    seed : optional
        An int, a sequence of ints, a SeedSequence, a bit generator, a generator of NumPy's or a
        `RandomState`, whose bits are shared; or a `Generator`, which is returned as it is.
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
    if isinstance(seed, (np.random.Generator, np.random.RandomState)):
        seed = seed._bit_generator
    return Generator(seed if isinstance(seed, BitGenerator) else PCG64(seed))


class Generator(Distributions, np.random.Generator):
    """Draws Tensors from a bit generator, number for number as NumPy draws arrays.

    It is one of NumPy's generators too, so that it is accepted where those are. What it draws
    never requires a gradient; what it only moves, in `choice`, `permutation`, `permuted` and
    `shuffle`, keeps its gradient.

    Parameters
    ----------
    bit_generator : BitGenerator
        The source of bits, such as ``PCG64(seed)``. `default_rng` is the usual way.

    Attributes
    ----------
    bit_generator : BitGenerator
        Its ``state`` can be read and written.

    Raises
    ------
    TypeError
        If `bit_generator` is none.
    ValueError
        If it is a class: one of its objects is needed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> generator = tl.random.Generator(tl.random.Philox(1))
    >>> generator.integers(10, size=4).shape
    (4,)
    """

    def __init__(self, bit_generator):
        super().__init__(checked("Generator", bit_generator))
        # This one draws: NumPy's methods call each other, and expect arrays of each other.
        self._numpy = np.random.Generator(bit_generator)

    def __reduce__(self):
        return type(self), (self.bit_generator,)

    def restart(self, seed):
        """Go on from the start of the stream that a new bit generator with this seed has.

        Parameters
        ----------
        seed : int
            Not negative.

        Returns
        -------
        Generator
            This one.

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
        new = type(self.bit_generator)(seed)
        self.bit_generator.__setstate__((new.state, new.seed_seq))
        return self

    def spawn(self, n_children):
        """Make generators whose streams are independent of this one's and of each other's.

        Parameters
        ----------
        n_children : int
            How many.

        Returns
        -------
        list of Generator

        Raises
        ------
        TypeError
            If the bit generator was made without a SeedSequence.
        ValueError
            If `n_children` is negative.

        Examples
        --------
        >>> import tensorlib as tl
        >>> a, b = tl.random.default_rng(7).spawn(2)
        >>> a.random().item() == b.random().item()
        False
        """
        return [type(self)(child) for child in self.bit_generator.spawn(n_children)]

    def random(self, size=None, dtype=np.float64, out=None):
        """Draw uniformly from [0, 1).

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.
        dtype : dtype, optional
            float64 or float32.
        out : Tensor or ndarray, optional
            Where to write; contiguous, of this dtype and size.

        Returns
        -------
        Tensor
            Or `out`.

        Raises
        ------
        TypeError
            If the dtype is another one, or not that of `out`.
        ValueError
            If a length is negative, or `out` does not fit.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).random((2, 3), dtype="float32").dtype
        dtype('float32')
        """
        return self._fill("random", size, dtype, out)

    def random_on(self, device, size=None, dtype=np.float64):
        """Draw uniformly from [0, 1) on a device.

        Each call has a stream of NumPy's Philox with a key that is drawn from this generator: what
        is drawn follows from its state, and is not what `random` draws on the CPU.

        Parameters
        ----------
        device : str
            Of the CPU it does what `random` does.
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.
        dtype : dtype, optional
            float64 or float32.

        Returns
        -------
        Tensor

        Raises
        ------
        DeviceError
            If there is no such device.
        TypeError
            If the dtype is another one.
        ValueError
            If a length is negative.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).random_on("cpu", 3).shape
        (3,)
        """
        if device == "cpu":
            return self._fill("random", size, dtype, None)
        draw = functools.partial(self._uniform_on, _checked_dtype("random_on", dtype), device)
        return random(draw, () if size is None else (size,) if isinstance(size, int) else size)

    def _uniform_on(self, dtype, device, size):
        result = empty(size, dtype, device=device)
        low, high = self._numpy.integers(2**64, size=2, dtype=np.uint64).tolist()
        run_on_device("uniform", result, (high << 64 | low,))
        return result

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        """Draw from the normal distribution of mean 0 and deviation 1; arguments as in `random`.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).standard_normal(3).shape
        (3,)
        """
        return self._fill("standard_normal", size, dtype, out)

    def standard_exponential(self, size=None, dtype=np.float64, method="zig", out=None):
        """Draw from the exponential distribution of mean 1.

        Parameters
        ----------
        size : int or tuple of ints, optional
            Shape of the result; without it a 0-d Tensor is drawn.
        dtype : dtype, optional
            float64 or float32.
        method : {"zig", "inv"}, optional
            By the Ziggurat method or by logarithms: the numbers differ.
        out : Tensor or ndarray, optional
            Where to write; contiguous, of this dtype and size.

        Returns
        -------
        Tensor
            Or `out`.

        Raises
        ------
        TypeError
            If the dtype is another one, or not that of `out`.
        ValueError
            If a length is negative, or `out` does not fit.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).standard_exponential(3, method="inv").shape
        (3,)
        """
        return self._fill("standard_exponential", size, dtype, out, method=method)

    def standard_gamma(self, shape, size=None, dtype=np.float64, out=None):
        """Draw from Gamma distributions of scale 1.

        Parameters
        ----------
        shape : float or array_like of floats
            The mean, not negative.
        size : int or tuple of ints, optional
            Shape of the result, by default that of `shape`.
        dtype : dtype, optional
            float64 or float32.
        out : Tensor or ndarray, optional
            Where to write; contiguous, of this dtype and size.

        Returns
        -------
        Tensor
            Or `out`.

        Raises
        ------
        TypeError
            If the dtype is another one or not that of `out`, or `shape` requires a gradient.
        ValueError
            If a shape or a length is negative, or `out` does not fit.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).standard_gamma([1.0, 20.0], size=(3, 2)).shape
        (3, 2)
        """
        return self._fill("standard_gamma", size, dtype, out, shape=shape)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
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
        return self._drawn("integers", low, high, size, dtype, endpoint)

    def multivariate_normal(
        self, mean, cov, size=None, check_valid="warn", tol=1e-8, *, method="svd"
    ):
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
        method : {"svd", "eigh", "cholesky"}, optional
            How `cov` is factored: the numbers differ.

        Returns
        -------
        Tensor of float64
            Shape ``(*size, k)``.

        Raises
        ------
        LinAlgError
            If there is no Cholesky factor.
        TypeError
            If a Tensor requires a gradient.
        ValueError
            If the shapes do not fit or an option is none of these.

        Examples
        --------
        >>> import tensorlib as tl
        >>> cov = tl.asarray([[2.0, 1.0], [1.0, 2.0]])
        >>> tl.random.default_rng(0).multivariate_normal([0.0, 1.0], cov, size=5).shape
        (5, 2)
        """
        return self._drawn("multivariate_normal", mean, cov, size, check_valid, tol, method=method)

    def multivariate_hypergeometric(self, colors, nsample, size=None, method="marginals"):
        """Draw how many of each of k colors are in a sample without replacement.

        Parameters
        ----------
        colors : array_like of ints
            How many there are of each, shape ``(k,)``.
        nsample : int
            The size of the sample, at most the sum of `colors`.
        size : int or tuple of ints, optional
            How many samples; without it one is drawn.
        method : {"marginals", "count"}, optional
            By hypergeometric numbers or by a shuffled list of all: the numbers differ.

        Returns
        -------
        Tensor of int64
            Shape ``(*size, k)``.

        Raises
        ------
        ValueError
            If a number is negative, the sample is too large or the method none of these.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).multivariate_hypergeometric([5, 3, 2], 4, size=3).sum(axis=1)
        tensor([4, 4, 4])
        """
        return self._drawn("multivariate_hypergeometric", colors, nsample, size, method)

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

        Raises
        ------
        AxisError
            If there is no such axis.

        Examples
        --------
        >>> import tensorlib as tl
        >>> sorted(tl.random.default_rng(0).permutation(4).tolist())
        [0, 1, 2, 3]
        """
        if not (isinstance(x, Tensor) and x.ndim):
            return self._drawn("permutation", array_of(x), axis)
        axis = axis_index("permutation", axis, x.ndim)
        return take(x, self._drawn("permutation", x.shape[axis]), axis)

    def permuted(self, x, *, axis=None, out=None):
        """Return a copy of an array with its elements in random order.

        Parameters
        ----------
        x : array_like
        axis : int, optional
            The axis along which elements change places, in each lane in an order of its own; by
            default all change places with all.
        out : Tensor or ndarray, optional
            Where to write; the shape of `x`.

        Returns
        -------
        Tensor
            Or `out`.

        Raises
        ------
        AxisError
            If there is no such axis.
        TypeError
            If the dtype of `x` does not fit into that of `out`, or `out` is no array.
        ValueError
            If the shape of `out` is another.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).permuted([[1, 2, 3], [4, 5, 6]], axis=1).sum(axis=1)
        tensor([ 6, 15])
        """
        if not isinstance(x if out is None else out, Tensor):
            result = self._drawn("permuted", x, axis=axis, out=out)
            return result if out is None else out
        x = asarray(x)
        if out is not None and out.shape != x.shape:
            raise ValueError(
                f"permuted: out must have the same shape as x, expected {x.shape}, got {out.shape}"
            )
        target = x if out is None else out
        # What is moved are the places, in an array in memory like the copy that NumPy would make.
        places = np.empty_like(as_strided(np.empty(1), target.shape, target.strides), np.intp)
        places[...] = np.arange(x.size).reshape(x.shape)
        result = take(x, self._drawn("permuted", places, axis=axis))
        return write_out("permuted", out, result, "safe")

    def shuffle(self, x, axis=0):
        """Bring the parts of `x` along an axis into random order, in place.

        Parameters
        ----------
        x : Tensor, ndarray or MutableSequence
        axis : int, optional

        Raises
        ------
        AxisError
            If there is no such axis.
        ValueError
            If `x` is read-only.

        Examples
        --------
        >>> import tensorlib as tl
        >>> x = tl.arange(5)
        >>> tl.random.default_rng(0).shuffle(x)
        >>> sorted(x.tolist())
        [0, 1, 2, 3, 4]
        """
        if isinstance(x, Tensor):
            self._shuffle_tensor(x, axis)
        else:
            self._numpy.shuffle(x, axis)

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

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.random.default_rng(0).choice(["a", "b"], 5, p=[0, 1]).tolist()
        ['b', 'b', 'b', 'b', 'b']
        """
        if not (isinstance(a, Tensor) and a.ndim):
            return self._drawn("choice", a, size, replace, p, axis, shuffle)
        axis = axis_index("choice", axis, a.ndim)
        places = self._drawn("choice", a.shape[axis], size, replace, p, 0, shuffle)
        return take(a, places, axis)

    def _fill(self, name, size, dtype, out, **arguments):
        """Draw straight into a Tensor, whose memory is cached: a large array of NumPy's is not."""
        dtype = _checked_dtype(name, dtype)
        if watched():
            return self._fill_watched(name, size, dtype, out, arguments)
        draw = functools.partial(self._drawn, name, dtype=dtype.type, **arguments)
        if isinstance(out, Tensor):
            array = np.asarray(out.detach())
            # NumPy refuses what is not contiguous; the rest is drawn apart, for the tape to see it.
            drawn = np.empty_like(array) if array.flags.forc else array
            out[...] = draw(size=size, out=drawn)
            return out
        if out is not None:
            draw(size=size, out=out)
            return out
        if size is None and np.ndim(arguments.get("shape")):
            return draw()
        result = empty(() if size is None else size, dtype=dtype)
        draw(out=np.asarray(result))
        return result

    def _fill_watched(self, name, size, dtype, out, arguments):
        """The same for a recorder, which may want more numbers."""

        def draw(size, *values):
            return self._fill(name, size, dtype, None, **dict(zip(arguments, values, strict=True)))

        if out is not None:
            size = out.shape
        elif isinstance(size, int):
            size = (size,)
        elif size is None and not np.ndim(arguments.get("shape")):
            size = ()
        result = random(draw, size, tuple(arguments.values()))
        return write_out(name, out, result)
