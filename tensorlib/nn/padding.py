"""Layers that add borders."""

import math

from tensorlib.nn import functional
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.module import Module


class _Pad(Module):
    """A border around the last axes; a subclass tells how many, and what it holds."""

    axes = 0
    mode = "constant"
    value = None

    def __init__(self, padding):
        super().__init__()
        self.padding = int_tuple(type(self).__name__, "padding", padding, 2 * self.axes, -math.inf)

    def forward(self, input):
        return functional.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self):
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_Pad):
    value = 0.0


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """A border of one value around the last axis.

    Parameters
    ----------
    padding : int or two ints
        Widths before and after; negative ones take elements away.
    value : number

    Raises
    ------
    TypeError
        If `padding` is no int or two ints.
    ValueError
        If the axes do not allow it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ConstantPad1d((1, 2), 7.0)(tl.asarray([1.0, 2.0, 3.0])).tolist()
    [7.0, 1.0, 2.0, 3.0, 7.0, 7.0]
    """

    axes = 1


class ConstantPad2d(_ConstantPad):
    """A border of one value around the last two axes.

    Parameters
    ----------
    padding : int or four ints
        Widths left, right, top and bottom; as in `ConstantPad1d`, with its errors.
    value : number

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ConstantPad2d((1, 0, 0, 1), 7.0)(tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[7.0, 1.0, 2.0], [7.0, 3.0, 4.0], [7.0, 7.0, 7.0]]
    """

    axes = 2


class ConstantPad3d(_ConstantPad):
    """A border of one value around the last three axes.

    Parameters
    ----------
    padding : int or six ints
        Widths left, right, top, bottom, front and back; as in `ConstantPad1d`, with its errors.
    value : number

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ConstantPad3d(1, 7.0)(tl.zeros((2, 2, 2))).shape
    (4, 4, 4)
    """

    axes = 3


class ZeroPad1d(_ZeroPad):
    """A border of zeros around the last axis.

    Parameters
    ----------
    padding : int or two ints
        Widths before and after; negative ones take elements away.

    Raises
    ------
    TypeError
        If `padding` is no int or two ints.
    ValueError
        If the axes do not allow it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ZeroPad1d((1, 2))(tl.asarray([1.0, 2.0, 3.0])).tolist()
    [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]
    """

    axes = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros around the last two axes.

    Parameters
    ----------
    padding : int or four ints
        Widths left, right, top and bottom; as in `ZeroPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ZeroPad2d((1, 0, 0, 1))(tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[0.0, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 0.0, 0.0]]
    """

    axes = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros around the last three axes.

    Parameters
    ----------
    padding : int or six ints
        Widths left, right, top, bottom, front and back; as in `ZeroPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ZeroPad3d(1)(tl.zeros((2, 2, 2))).shape
    (4, 4, 4)
    """

    axes = 3


class ReflectionPad1d(_ReflectionPad):
    """A border around the last axis that mirrors the elements beside the edge.

    Parameters
    ----------
    padding : int or two ints
        Widths before and after; negative ones take elements away.
        Shorter than the axis.

    Raises
    ------
    TypeError
        If `padding` is no int or two ints.
    ValueError
        If the axes do not allow it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReflectionPad1d((1, 2))(tl.asarray([1.0, 2.0, 3.0])).tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """

    axes = 1


class ReflectionPad2d(_ReflectionPad):
    """A border around the last two axes that mirrors the elements beside the edge.

    Parameters
    ----------
    padding : int or four ints
        Widths left, right, top and bottom; as in `ReflectionPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReflectionPad2d((1, 0, 0, 1))(tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 1.0, 2.0], [4.0, 3.0, 4.0], [2.0, 1.0, 2.0]]
    """

    axes = 2


class ReflectionPad3d(_ReflectionPad):
    """A border around the last three axes that mirrors the elements beside the edge.

    Parameters
    ----------
    padding : int or six ints
        Widths left, right, top, bottom, front and back; as in `ReflectionPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReflectionPad3d(1)(tl.zeros((2, 2, 2))).shape
    (4, 4, 4)
    """

    axes = 3


class ReplicationPad1d(_ReplicationPad):
    """A border around the last axis that repeats the elements at the edge.

    Parameters
    ----------
    padding : int or two ints
        Widths before and after; negative ones take elements away.

    Raises
    ------
    TypeError
        If `padding` is no int or two ints.
    ValueError
        If the axes do not allow it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReplicationPad1d((1, 2))(tl.asarray([1.0, 2.0, 3.0])).tolist()
    [1.0, 1.0, 2.0, 3.0, 3.0, 3.0]
    """

    axes = 1


class ReplicationPad2d(_ReplicationPad):
    """A border around the last two axes that repeats the elements at the edge.

    Parameters
    ----------
    padding : int or four ints
        Widths left, right, top and bottom; as in `ReplicationPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReplicationPad2d((1, 0, 0, 1))(tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 1.0, 2.0], [3.0, 3.0, 4.0], [3.0, 3.0, 4.0]]
    """

    axes = 2


class ReplicationPad3d(_ReplicationPad):
    """A border around the last three axes that repeats the elements at the edge.

    Parameters
    ----------
    padding : int or six ints
        Widths left, right, top, bottom, front and back; as in `ReplicationPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.ReplicationPad3d(1)(tl.zeros((2, 2, 2))).shape
    (4, 4, 4)
    """

    axes = 3


class CircularPad1d(_CircularPad):
    """A border around the last axis that goes on at the other end.

    Parameters
    ----------
    padding : int or two ints
        Widths before and after; negative ones take elements away.
        At most as long as the axis.

    Raises
    ------
    TypeError
        If `padding` is no int or two ints.
    ValueError
        If the axes do not allow it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.CircularPad1d((1, 2))(tl.asarray([1.0, 2.0, 3.0])).tolist()
    [3.0, 1.0, 2.0, 3.0, 1.0, 2.0]
    """

    axes = 1


class CircularPad2d(_CircularPad):
    """A border around the last two axes that goes on at the other end.

    Parameters
    ----------
    padding : int or four ints
        Widths left, right, top and bottom; as in `CircularPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.CircularPad2d((1, 0, 0, 1))(tl.asarray([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 1.0, 2.0], [4.0, 3.0, 4.0], [2.0, 1.0, 2.0]]
    """

    axes = 2


class CircularPad3d(_CircularPad):
    """A border around the last three axes that goes on at the other end.

    Parameters
    ----------
    padding : int or six ints
        Widths left, right, top, bottom, front and back; as in `CircularPad1d`, with its errors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.CircularPad3d(1)(tl.zeros((2, 2, 2))).shape
    (4, 4, 4)
    """

    axes = 3
