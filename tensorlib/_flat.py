"""The elements of a tensor one after the other, in C order: `Tensor.flat`."""

import warnings

import numpy as np

from tensorlib._arguments import beside, elements, on_device
from tensorlib._core import _functions as functions
from tensorlib._core._functions import reshape
from tensorlib._core._tensor import Tensor
from tensorlib._selection import nonzero
from tensorlib._shape import flatten, ravel


class flatiter:
    """An iterator over the elements of a tensor in C order, which can be indexed and written to.

    ``x.flat`` makes it. An index is an int, a slice, an ellipsis, or an array of ints or bools.
    Reading gives tensors with memory of their own; what is written is repeated where it is too
    short. Both are differentiable.

    Parameters
    ----------
    tensor : Tensor

    Attributes
    ----------
    base : Tensor
        What is iterated over.
    index : int
        The place of the next element.
    coords : tuple of int
        The same place as an index for each axis.

    Raises
    ------
    IndexError
        For an index of another kind or out of bounds.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([[1, 2], [3, 4]])
    >>> x.flat[1:3]
    tensor([2, 3])
    >>> x.flat[::3] = 0
    >>> list(x.flat)
    [tensor(0), tensor(2), tensor(3), tensor(0)]
    """

    __slots__ = ("_base", "_line", "_next")
    __hash__ = None

    def __init__(self, tensor):
        self._base, self._next = tensor, 0
        # A view of one axis where there is one; else places become coordinates.
        self._line = reshape(tensor, (-1,)) if tensor.flags.c_contiguous else None

    @property
    def base(self):
        """A reference to the tensor that is iterated over."""
        return self._base

    @property
    def index(self):
        """Current flat index into the tensor."""
        return self._next

    @property
    def coords(self):
        """The current index into each axis."""
        return self._coordinates(self._next)

    def copy(self, /):
        """The elements as a tensor of one axis.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.eye(2).flat.copy()
        tensor([1., 0., 0., 1.])
        """
        return flatten(self._base)

    def __len__(self):
        return self._base.size

    def __iter__(self):
        return self

    def __next__(self):
        place = self._next
        if place >= self._base.size:
            raise StopIteration
        self._next = place + 1
        return self._line[place] if self._line is not None else self._base[self._coordinates(place)]

    def __getitem__(self, key):
        places = self._places(key)
        if not isinstance(places, slice):
            return self._line[places] if self._line is not None else self._base[self._index(places)]
        return self.copy()[places] if self._line is None else flatten(self._line[places])

    def __setitem__(self, key, value):
        if type(key) is tuple and not key:
            raise IndexError("flat: Assigning to a flat iterator with a 0-D index is not supported")
        places = self._places(key)
        if isinstance(places, slice):
            count = len(range(*places.indices(len(self))))
        else:
            count = np.size(places)
        if np.ndim(places) or isinstance(places, slice):
            value = ravel(beside(self._base, value))
            if count == 0 or value.size == 0:
                return
            if value.size not in (1, count):
                value = value[np.arange(count) % value.size]
            if np.ndim(places) > 1:
                places = places.reshape(-1)
        if self._line is not None:
            self._line[places] = value
        else:
            self._base[self._index(places)] = value

    def __delitem__(self, key):
        raise TypeError("flat: Cannot delete iterator elements")

    def __array__(self, dtype=None, /, *, copy=None):
        if self._line is not None:
            return self._line.__array__(dtype, copy=copy)
        array = self.copy().__array__(dtype)
        array.flags.writeable = False  # a write would not reach the tensor
        return array

    def _coordinates(self, place):
        """The index into the axes for a place."""
        found = []
        for length in self._base.shape[:0:-1]:
            place, last = divmod(place, length or 1)
            found.append(last)
        return (place, *found[::-1])[: self._base.ndim]

    def _index(self, places):
        """The index into the axes for places as `_places` gives them."""
        if isinstance(places, slice):
            places = np.arange(len(self))[places]
        if isinstance(places, int):
            return self._coordinates(places)
        return np.unravel_index(places, self._base.shape)

    def _places(self, key):
        """A key as a place, a slice or an array of places, counted from the front."""
        size = self._base.size
        if type(key) is int and -size <= key < size:
            return key % size
        if type(key) is tuple:
            if len(key) > 1:
                raise _too_many(len(key))
            key = key[0] if key else Ellipsis
        if key is Ellipsis:
            return slice(None)
        if isinstance(key, slice):
            return key
        array = key if on_device(key) else elements("flat", key)
        given_array = isinstance(key, (Tensor, np.ndarray))
        if array.dtype == bool:
            return self._where(array, given_array)
        if array.dtype.kind == "f" and not given_array:
            _deprecated("Invalid non-array indices for iterator objects are deprecated")
        elif array.dtype.kind not in "iu" and given_array:
            raise IndexError(
                "flat: arrays used as indices must be of integer (or boolean) type, "
                f"got {array.dtype}"
            )
        elif array.dtype.kind not in "iu":
            raise IndexError(
                "flat: only integers, slices (`:`), ellipsis (`...`) and integer or boolean "
                f"arrays are valid indices, got {key!r}"
            )
        outside = array[(array < -size) | (array >= size)]
        if outside.size:
            raise IndexError(f"flat: index {outside[:1].item()} is out of bounds for size {size}")
        places = array.astype(np.intp) % max(size, 1)
        return places if places.ndim else int(places)

    def _where(self, mask, given_array):
        if mask.ndim == 0:
            _deprecated("Indexing flat iterators with a 0-dimensional boolean index is deprecated")
            return 0 if mask else np.arange(0)
        if not given_array:
            raise IndexError(
                "flat: boolean indices for iterators are not supported as a list; use an array"
            )
        if mask.ndim > 1:
            raise _too_many(mask.ndim)
        if mask.size != len(self):
            raise IndexError(
                "flat: boolean index did not match indexed flat iterator along axis 0; size of "
                f"axis is {len(self)} but size of corresponding boolean axis is {mask.size}"
            )
        return nonzero(mask)[0] if on_device(mask) else np.flatnonzero(mask)


def _too_many(count):
    return IndexError(
        "flat: too many indices for flat iterator: flat iterator is 1-dimensional, but "
        f"{count} were indexed"
    )


def _deprecated(what):
    warnings.warn(f"flat: {what}", DeprecationWarning, stacklevel=4)


def _compared(name):
    function = getattr(functions, name)

    def compare(self, other):
        return function(self.copy(), other.copy() if isinstance(other, flatiter) else other)

    return compare


for method, name in {
    "__eq__": "equal", "__ne__": "not_equal", "__lt__": "less", "__le__": "less_equal",
    "__gt__": "greater", "__ge__": "greater_equal",
}.items():  # fmt: skip
    setattr(flatiter, method, _compared(name))


def flat(self):
    """flatiter: the elements in C order; written to, they are those of the tensor."""
    return flatiter(self)


def set_flat(self, value):
    """Write values in C order, repeated where there are too few."""
    flatiter(self)[...] = value
