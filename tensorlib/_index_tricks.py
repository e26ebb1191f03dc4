"""Arrays written as indices: ``r_[1:4, 0]``, ``mgrid[0:3, 0:3]``."""

import itertools

import numpy as np

from tensorlib._core._functions import arange, asarray, reshape
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._numpy_code import by_numpy
from tensorlib._ranges import linspace
from tensorlib._selection import nonzero


class Concatenator:
    """Joins what its index names: arrays, numbers, and ranges written as slices.

    In a slice an imaginary step is a number of points, with the end among them. A text as first
    item changes how items are joined: ``"axis"``, ``"axis,ndim"`` or ``"axis,ndim,start"``, where
    items get axes until they have `ndim`, and their own begin at `start` (-1: at the end).

    Parameters
    ----------
    name : str
        In messages.
    axis : int
        Along which to join.
    ndim : int
        The least number of axes of an item.
    start : int
        Where an item's own axes begin.

    Raises
    ------
    ValueError
        If there are no items, their shapes do not fit, or the text means nothing.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.r_[1:4, 0, [7, 8]]
    tensor([1, 2, 3, 0, 7, 8])
    >>> tl.c_[[1, 2], [3, 4]]
    tensor([[1, 3],
            [2, 4]])
    """

    def __init__(self, name, axis, ndim=1, start=-1):
        self.name, self.axis, self.ndim, self.start = name, axis, ndim, start

    def __repr__(self):
        return f"<tensorlib.{self.name}>"

    def __len__(self):
        return 0

    def __getitem__(self, key):
        items = key if isinstance(key, tuple) else (key,)
        axis, ndim, start = self.axis, self.ndim, self.start
        if items and isinstance(items[0], str):
            axis, ndim, start = self._directive(items[0])
            items = items[1:]
        if not items:
            raise ValueError(f"{self.name}: expected at least one item to join, got none")
        weak = (bool, int, float, complex)
        parts = [item if type(item) in weak else self._array(item, ndim, start) for item in items]
        dtype = np.result_type(*(p.dtype if isinstance(p, Tensor) else p for p in parts))
        parts = [self._array(asarray(part, dtype), ndim, start) for part in parts]
        return concatenate(parts, axis)

    def _directive(self, text):
        """The axis, the number of axes and the start that a text asks for."""
        try:
            asked = [int(number) for number in text.split(",")]
            if len(asked) > 3:
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{self.name}: expected a text of one to three integers, got {text!r}; there are "
                "no matrices"
            ) from None
        return *asked, *(self.ndim, self.start)[len(asked) - 1 :]

    def _array(self, item, ndim, start):
        """An item as a tensor of at least `ndim` axes."""
        if isinstance(item, str):
            raise ValueError(f"{self.name}: expected a text as the first item only, got {item!r}")
        if isinstance(item, slice):
            item = _range(item)
        item = asarray(item)
        added = ndim - item.ndim
        if added <= 0:
            return item
        at = start + added + 1 if start < 0 else start
        if item.ndim and not 0 <= at <= added:
            raise ValueError(
                f"{self.name}: expected an item's axes to begin at {added} at most, got {start}"
            )
        return reshape(item, (1,) * at + item.shape + (1,) * (added - at))


def _range(item):
    """The numbers of a slice."""
    start = 0 if item.start is None else item.start
    step = 1 if item.step is None else item.step
    if isinstance(step, (complex, np.complexfloating)):
        return linspace(start, item.stop, int(abs(step)))
    return arange(start, item.stop, step)


class Grid:
    """The coordinates of a grid, whose axes are written as slices.

    An imaginary step is a number of points, with the end among them.

    Parameters
    ----------
    name : str
        "mgrid", whose arrays have the shape of the grid and come in one, or "ogrid", whose arrays
        only broadcast to it and come in a tuple.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.mgrid[0:2, 0:3]
    tensor([[[0, 0, 0],
             [1, 1, 1]],
            [[0, 1, 2],
             [0, 1, 2]]])
    >>> tl.ogrid[0:2, -1:1:3j]
    (tensor([[0.],
            [1.]]), tensor([[-1.,  0.,  1.]]))
    """

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<tensorlib.{self.name}>"

    def __getitem__(self, key):
        return by_numpy(self.name, getattr(np, self.name).__getitem__, (key,), {})


r_ = Concatenator("r_", axis=0)
c_ = Concatenator("c_", axis=-1, ndim=2, start=0)
mgrid = Grid("mgrid")
ogrid = Grid("ogrid")


def ix_(*args):
    """Indices of one axis each, shaped so that together they pick a grid.

    Parameters
    ----------
    *args : array_like of int or bool
        One axis each; bools stand for the places where they are true.

    Returns
    -------
    tuple of Tensor
        As many axes as arguments; each has length one on all axes but its own.

    Raises
    ------
    ValueError
        If an argument has not one axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.reshape(tl.arange(10), (2, 5))
    >>> x[tl.ix_([0, 1], [2, 4])]
    tensor([[2, 4],
            [7, 9]])
    """
    placed = []
    for k, arg in enumerate(args):
        indices = asarray(arg)
        if indices.ndim != 1:
            raise ValueError(f"ix_: expected arguments of one axis, got shape {indices.shape}")
        if indices.size == 0 and not isinstance(arg, (Tensor, np.ndarray)):
            indices = asarray(indices, np.intp)  # [] has no dtype of its own
        if indices.dtype == bool:
            (indices,) = nonzero(indices)
        shape = (1,) * k + (indices.size,) + (1,) * (len(args) - k - 1)
        placed.append(reshape(indices, shape))
    return tuple(placed)


class ndenumerate:
    """Iterate over the indices and the elements of an array, in C order.

    Parameters
    ----------
    arr : array_like

    Examples
    --------
    >>> import tensorlib as tl
    >>> [(index, int(x)) for index, x in tl.ndenumerate([[1, 2], [3, 4]])]
    [((0, 0), 1), ((0, 1), 2), ((1, 0), 3), ((1, 1), 4)]
    """

    def __init__(self, arr):
        arr = asarray(arr)
        indices = itertools.product(*map(range, arr.shape))
        self.iter = zip(indices, reshape(arr, (-1,)), strict=True)

    def __next__(self):
        return next(self.iter)

    def __iter__(self):
        return self
