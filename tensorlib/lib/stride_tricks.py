"""Views of any strides, and of windows that slide over an array."""

from numpy.lib.array_utils import normalize_axis_tuple

from tensorlib._arguments import integers
from tensorlib._core import _functions as functions

__all__ = ["as_strided", "sliding_window_view"]


def as_strided(x, shape=None, strides=None, subok=False, writeable=True):
    """A view of any shape and strides inside the memory of an array.

    Parameters
    ----------
    x : array_like
    shape : tuple of int, optional
        That of `x` by default.
    strides : tuple of int, optional
        In bytes; those of `x` by default.
    subok : bool
        Has no effect: the result is a Tensor.
    writeable : bool
        Whether the view can be written to, if `x` can.

    Returns
    -------
    Tensor
        dtype of `x`. Differentiable.

    Raises
    ------
    ValueError
        If an element would lie outside the memory.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.lib.stride_tricks.as_strided(tl.arange(4), (3, 2), (8, 8))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    return _limited(functions.as_strided(x, shape, strides), writeable)


def sliding_window_view(x, window_shape, axis=None, *, subok=False, writeable=False):
    """A view of all windows of a shape in an array.

    Parameters
    ----------
    x : array_like
    window_shape : int or tuple of int
        The length of a window along each of the axes.
    axis : int or tuple of int, optional
        Along which the window slides, possibly more than once; by default along all axes.
    subok : bool
        Has no effect: the result is a Tensor.
    writeable : bool
        Whether the view can be written to, if `x` can; its elements share memory.

    Returns
    -------
    Tensor
        The axes of `x`, shorter by what the window has more than one, then those of the window.
        Differentiable.

    Raises
    ------
    AxisError
        If an axis is out of bounds.
    ValueError
        If the window has negative lengths, does not fit into `x`, or there are not as many
        lengths as axes.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.lib.stride_tricks.sliding_window_view(tl.arange(5), 3)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    x = functions.asarray(x)
    window = integers("sliding_window_view", "window_shape", window_shape).reshape(-1).tolist()
    axes = range(x.ndim) if axis is None else normalize_axis_tuple(axis, x.ndim, "axis", True)
    if len(window) != len(axes):
        problem = "must provide window_shape for all dimensions of `x`"
        if axis is not None:
            problem = "Must provide matching length window_shape and axis"
        raise ValueError(f"sliding_window_view: {problem}, got {window} for the axes {tuple(axes)}")
    shape = list(x.shape)
    for k, length in zip(axes, window, strict=True):
        if length < 0:
            raise ValueError(
                f"sliding_window_view: the window cannot contain negative values, got {window}"
            )
        if length > shape[k]:
            raise ValueError(
                "sliding_window_view: window shape cannot be larger than input array shape, "
                f"expected at most {shape[k]} along axis {k}, got {length}"
            )
        shape[k] -= length - 1
    strides = (*x.strides, *(x.strides[k] for k in axes))
    return _limited(functions.as_strided(x, (*shape, *window), strides), writeable)


def _limited(view, writeable):
    if not writeable:
        view.setflags(write=False)
    return view
