"""Functions of Python applied to the elements, the rows and the pieces of arrays."""

import re

import numpy as np
from numpy import broadcast_shapes

from tensorlib._arguments import axis_index, elements, followed, named, stays
from tensorlib._core._functions import (
    asarray,
    broadcast_to,
    reshape,
    transpose,
    where,
    zeros,
    zeros_like,
)
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._manipulation import moveaxis
from tensorlib._numpy_code import by_numpy
from tensorlib._shape import expand_dims


def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """Call a function on each slice of one axis, and join the results.

    Parameters
    ----------
    func1d : callable
        Gets a tensor of one axis and returns an array_like, always of the same shape.
    axis : int
    arr : array_like
    *args, **kwargs
        Further arguments of `func1d`.

    Returns
    -------
    Tensor
        Shape of `arr` with `axis` replaced by the axes of a result; the first result's dtype.
        Differentiable if `func1d` is.

    Raises
    ------
    AxisError
        If `axis` is out of bounds.
    ValueError
        If there are no slices, or the results do not fit together.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.apply_along_axis(lambda row: row[0] + row[-1], 1, [[1, 2, 3], [4, 5, 6]])
    tensor([ 4, 10])
    """
    arr = asarray(arr)
    axis = axis_index("apply_along_axis", axis, arr.ndim)
    slices = moveaxis(arr, axis, -1)
    shape = slices.shape[:-1]
    results = [func1d(slices[index], *args, **kwargs) for index in np.ndindex(shape)]
    if not results:
        raise ValueError(f"apply_along_axis: expected slices, got none of shape {arr.shape}")
    joined = _joined("apply_along_axis", results, shape)
    order = list(range(joined.ndim))
    return transpose(joined, order[:axis] + order[len(shape) :] + order[axis : len(shape)])


def _joined(op, results, shape, dtype=None):
    """The results of calls as one tensor, its first axes of a shape; the first result decides."""
    first = asarray(results[0], dtype)
    parts = [asarray(result, first.dtype) for result in results]
    with named(op):
        parts = [p if p.shape == first.shape else broadcast_to(p, first.shape) for p in parts]
    flat = concatenate([reshape(part, (-1,)) for part in parts])
    return reshape(flat, (*shape, *first.shape))


def apply_over_axes(func, a, axes):
    """Call a function for one axis after another, each time on the result so far.

    Parameters
    ----------
    func : callable
        Gets a tensor and an axis. Returns a tensor with that axis or without it, which then is
        put back with length one.
    a : array_like
    axes : int or sequence of int

    Returns
    -------
    Tensor
        As many axes as `a`. Differentiable if `func` is.

    Raises
    ------
    ValueError
        If `func` returns another number of axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.apply_over_axes(tl.sum, tl.ones((2, 3, 4)), (0, 2))
    tensor([[[8.],
             [8.],
             [8.]]])
    """
    a = asarray(a)
    ndim = a.ndim
    for axis in elements("apply_over_axes", axes).reshape(-1).tolist():
        axis = axis + ndim if axis < 0 else axis
        result = asarray(func(a, axis))
        if result.ndim == ndim - 1:
            result = expand_dims(result, axis)
        if result.ndim != ndim:
            raise ValueError(
                f"apply_over_axes: expected a result of {ndim} or {ndim - 1} axes, "
                f"got shape {result.shape}"
            )
        a = result
    return a


def piecewise(x, condlist, funclist, *args, **kw):
    """Another function where another condition holds.

    Parameters
    ----------
    x : array_like
    condlist : list of array_like of bool
        Each of the shape of `x`. Where several hold, the last counts.
    funclist : list of callable or scalar
        Called with those elements of `x`. As many as conditions, or one more, for where none
        holds; the result is zero where nothing is said.
    *args, **kw
        Further arguments of the functions.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. Differentiable.

    Raises
    ------
    ValueError
        If there are not as many functions.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([-2.0, -1.0, 1.0, 2.0])
    >>> tl.piecewise(x, [x < 0, x > 1], [lambda x: -x, 10, 0])
    tensor([ 2.,  1.,  0., 10.])
    """
    x = asarray(x)
    if isinstance(condlist, (list, tuple)) and any(map(_kept, condlist)) or _kept(condlist):
        return _piecewise_everywhere(x, condlist, funclist, args, kw)
    conditions = _conditions(condlist, x.ndim)
    count = len(conditions)
    if len(funclist) == count + 1:
        conditions = [*conditions, ~conditions.any(axis=0)]
    elif len(funclist) != count:
        raise ValueError(
            f"piecewise: for {count} condition(s) {count} or {count + 1} functions are expected, "
            f"got {len(funclist)}"
        )
    result = zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        places = np.asarray(condition)
        if not callable(function):
            result[places] = function
        elif (picked := x[places]).size:
            result[places] = function(picked, *args, **kw)
    return result


def _kept(condition):
    """Whether a recorder or a device keeps the elements of a condition."""
    return stays(condition)


def _piecewise_everywhere(x, conditions, functions, args, kw):
    """`piecewise` where a recorder keeps the conditions: all functions of all elements."""
    conditions = [asarray(c) for c in conditions] if type(conditions) is list else [conditions]
    result = zeros_like(x)
    if len(functions) == len(conditions) + 1:
        *functions, otherwise = functions
        result = otherwise(x, *args, **kw) if callable(otherwise) else result + otherwise
    for condition, function in zip(conditions, functions, strict=True):
        value = function(x, *args, **kw) if callable(function) else function
        result = where(condition, asarray(value, x.dtype), result)
    return asarray(result, x.dtype)


def _conditions(condlist, ndim):
    """An ndarray of bools whose rows are the conditions."""
    if isinstance(condlist, Tensor):
        condlist = elements("piecewise", condlist)
    if np.ndim(condlist) == 0 if isinstance(condlist, np.ndarray) else np.isscalar(condlist):
        condlist = [condlist]
    elif not isinstance(condlist[0], (list, np.ndarray, Tensor)) and ndim:
        condlist = [condlist]  # one condition, not in a list
    return np.asarray([elements("piecewise", condition) for condition in condlist], dtype=bool)


class vectorize(np.vectorize):
    """A function of single elements as one of arrays, which broadcast.

    It calls the function for each element, so it is no quicker than a loop.

    Parameters
    ----------
    pyfunc : callable
        It gets Python's numbers. If a tensor requires a gradient, or with `signature`, it gets
        tensors, so that the result is differentiable if the function is.
    otypes : str or list of dtype, optional
        The dtypes of the results; by default those of the first call, which then is made twice.
    doc : str, optional
        The documentation; by default that of `pyfunc`.
    excluded : set of str or int, optional
        Names and positions of arguments to hand over as they are.
    cache : bool
        Whether to keep the result of the first call, and not to make it twice.
    signature : str, optional
        The axes that belong to an element, such as ``"(m,n),(n)->(m)"``.

    Raises
    ------
    TypeError
        If `pyfunc` cannot be called.
    ValueError
        If `otypes` or `signature` mean nothing, or a call has no elements and no `otypes`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> larger = tl.vectorize(lambda a, b: a if a > b else b)
    >>> larger([1, 5, 2], 3)
    tensor([3, 5, 3])
    """

    def __call__(self, *args, **kwargs):
        """Call the function on each element of arrays."""
        if self.pyfunc is np._NoValue:  # a decorator with arguments
            return super().__call__(*args, **kwargs)
        every = {**dict(enumerate(args)), **kwargs}
        varied = [key for key in every if key not in self.excluded]

        def function(*values):
            every.update(zip(varied, values, strict=True))
            return self.pyfunc(
                *(every[k] for k in range(len(args))), **{k: every[k] for k in kwargs}
            )

        if not kwargs and len(varied) == len(args):
            function = self.pyfunc
        values = [every[key] for key in varied]
        tracked = any(map(followed, values))
        if self.signature is not None or tracked:
            return self._on_tensors(function, values)
        call = np.vectorize(function, otypes=self.otypes, cache=self.cache)
        return by_numpy("vectorize", call, values, {})

    def _on_tensors(self, function, values):
        """Call a function on tensors, for each index of the axes that are no part of an element."""
        arrays = [asarray(value) for value in values]
        inputs, outputs = self._core_axes(len(arrays))
        lengths, loops, ours = {}, [], []
        for array, axes in zip(arrays, inputs, strict=True):
            loops.append(array.shape[: array.ndim - len(axes)])
            ours.append(_measured(array.shape, axes, lengths))
        shape = broadcast_shapes(*loops)
        arrays = [broadcast_to(a, shape + own) for a, own in zip(arrays, ours, strict=True)]
        results = []
        for index in np.ndindex(shape):
            result = function(*(a[index] for a in arrays))
            results.append(result if isinstance(result, tuple) else (result,))
            if outputs is not None and len(results[-1]) != len(outputs):
                raise ValueError(
                    f"vectorize: wrong number of outputs from the function: expected "
                    f"{len(outputs)}, got {len(results[-1])}"
                )
        if results:
            dtypes = self.otypes or [None] * len(results[0])
            for result, axes in zip(results[0], outputs or [()] * len(dtypes), strict=True):
                _measured(_element_shape(result, axes), axes, lengths)
            made = [
                _joined("vectorize", column, shape, dtype)
                for column, dtype in zip(zip(*results, strict=True), dtypes, strict=True)
            ]
        else:
            made = self._empty(shape, outputs or ((),) * len(self.otypes or ()), lengths)
        return made[0] if len(made) == 1 else tuple(made)

    def _core_axes(self, count):
        """The names of the axes of an element, for each input and, if known, each output."""
        if self.signature is None:
            return [()] * count, None
        inputs, outputs = (
            [tuple(filter(None, axes.split(","))) for axes in re.findall(r"\(([^()]*)\)", side)]
            for side in re.sub(r"\s", "", self.signature).split("->")
        )
        if len(inputs) != count:
            raise TypeError(
                "vectorize: wrong number of positional arguments: expected "
                f"{len(inputs)}, got {count}"
            )
        return inputs, outputs

    def _empty(self, shape, outputs, lengths):
        """The results when the function is never called."""
        if self.otypes is None:
            raise ValueError(
                "vectorize: cannot call the function on size 0 inputs unless `otypes` is set"
            )
        unknown = [axis for axes in outputs for axis in axes if axis not in lengths]
        if unknown:
            raise ValueError(
                "vectorize: cannot call a function with new output dimensions on size 0 inputs: "
                f"the length of {unknown[0]!r} is unknown"
            )
        return [
            zeros((*shape, *(lengths[axis] for axis in axes)), dtype)
            for axes, dtype in zip(outputs, self.otypes, strict=True)
        ]


def _element_shape(result, axes):
    shape = (result if isinstance(result, Tensor) else elements("vectorize", result)).shape
    if len(shape) != len(axes):
        raise ValueError(f"vectorize: expected a result of {len(axes)} axes, got shape {shape}")
    return shape


def _measured(shape, axes, lengths):
    """The lengths of the last axes, remembered by name."""
    if len(shape) < len(axes):
        raise ValueError(
            f"vectorize: an argument of shape {shape} does not have enough dimensions for all "
            f"core dimensions {axes}"
        )
    own = shape[len(shape) - len(axes) :]
    for axis, n in zip(axes, own, strict=True):
        if lengths.setdefault(axis, n) != n:
            raise ValueError(
                f"vectorize: inconsistent size for core dimension {axis!r}: expected "
                f"{lengths[axis]}, got {n}"
            )
    return own
