"""Arrays of a required dtype, layout or content, and numbers read from streams and texts."""

import builtins

import numpy as np

from tensorlib._arguments import anywhere, named
from tensorlib._core._functions import asarray, isfinite, reshape
from tensorlib._core._tensor import Tensor

LAYOUTS = {"C", "CONTIGUOUS", "C_CONTIGUOUS", "F", "FORTRAN", "F_CONTIGUOUS"}
FLAGS = {"W": "WRITEABLE", "O": "OWNDATA"}
SATISFIED = {"A", "ALIGNED", "E", "ENSUREARRAY"}  # by every tensor


def asanyarray(a, dtype=None, order=None, *, device=None, copy=None, like=None):
    """An array_like as a tensor, over the same memory where that is possible: `asarray`.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        The dtype of the result; `a`'s own by default.
    order : {"C", "F", "A", "K"}, optional
        The memory layout of the result; `a`'s own by default.
    device : str, optional
        Where the result is: "cpu".
    copy : bool, optional
        True: always copy. False: never; None: only where it must be.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        `a` itself, of whatever class, where nothing has to change. Differentiable.

    Raises
    ------
    TypeError
        If the elements are not numbers or bools.
    ValueError
        If `copy` is False and a copy is needed.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(3)
    >>> tl.asanyarray(x) is x
    True
    """
    return asarray(a, dtype, order, device, copy)


def asfortranarray(a, dtype=None, *, like=None):
    """An array in Fortran order with at least one axis; `a` itself where it is that already.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        By default that of `a`.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        Differentiable.

    Raises
    ------
    TypeError
        If the elements are not numbers or bools.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asfortranarray(tl.zeros((2, 3))).flags.f_contiguous
    True
    """
    a = asarray(a, dtype, "F")
    return reshape(a, (1,)) if a.ndim == 0 else a


def asarray_chkfinite(a, dtype=None, order=None):
    """An array_like as a tensor, if it holds neither infinities nor NaN.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        The dtype of the result; `a`'s own by default.
    order : {"C", "F", "A", "K"}, optional
        The memory layout of the result; `a`'s own by default.

    Returns
    -------
    Tensor
        Over the memory of `a` where that is possible. Differentiable.

    Raises
    ------
    ValueError
        If an element is infinite or NaN.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.asarray_chkfinite([1, 2], dtype=float)
    tensor([1., 2.])
    """
    a = asarray(a, dtype, order)
    if a.dtype.kind not in "biu" and anywhere(~isfinite(a)):
        raise ValueError("asarray_chkfinite: expected finite numbers, got infinities or NaN")
    return a


def require(a, dtype=None, requirements=None, *, like=None):
    """An array_like as a tensor with flags that the caller needs, copied only where it must be.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        The dtype of the result; `a`'s own by default.
    requirements : str or sequence of str, optional
        "C" or "F": of that order; "O": with memory of its own; "W": writeable. "A" and "E" hold
        for every tensor. NumPy's longer names are known too.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        Differentiable.

    Raises
    ------
    KeyError
        If a requirement is unknown.
    ValueError
        If both orders are required.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.require(tl.zeros((2, 3)).T, requirements="C")
    >>> x.flags.c_contiguous
    True
    """
    asked = {name.upper() for name in requirements or ()}
    flags = {FLAGS.get(name, name) for name in asked - LAYOUTS - SATISFIED}
    unknown = flags - set(FLAGS.values())
    if unknown:
        raise KeyError(f"require: expected flags of NumPy's, got {sorted(unknown)}")
    orders = {name[0] for name in asked & LAYOUTS}
    if len(orders) > 1:
        raise ValueError("require: expected one order, got both 'C' and 'F'")
    order = orders.pop() if orders else "A"
    made = asarray(a, dtype, order)
    return made if builtins.all(made.flags[name] for name in flags) else made.copy(order)


def isfortran(a):
    """Whether an array is in Fortran order, and not in C order too.

    Parameters
    ----------
    a : Tensor

    Returns
    -------
    bool

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.isfortran(tl.zeros((2, 3)).T)
    True
    """
    return a.flags.fnc


def shares_memory(a, b, /, max_work=-1):
    """Whether there is an element in the memory of two arrays.

    Parameters
    ----------
    a, b : array_like
    max_work : int
        How many candidates to try; -1: decide exactly, which may take long; 0: compare the ranges
        of addresses only.

    Returns
    -------
    bool

    Raises
    ------
    TooHardError
        If `max_work` was not enough.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(4)
    >>> tl.shares_memory(x[::2], x[1::2]), tl.shares_memory(x, x[1:])
    (False, True)
    """
    return np.shares_memory(_memory(a), _memory(b), max_work)


def may_share_memory(a, b, /, max_work=0):
    """Whether two arrays might share memory: by default, whether their address ranges overlap.

    Parameters
    ----------
    a, b : array_like
    max_work : int
        How many candidates to try to find out; -1: decide exactly.

    Returns
    -------
    bool
        True also where `max_work` was not enough.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(4)
    >>> tl.may_share_memory(x[::2], x[1::2])
    True
    """
    return np.may_share_memory(_memory(a), _memory(b), max_work)


def _memory(a):
    return a.detach().numpy() if isinstance(a, Tensor) else a


def fromiter(iter, dtype, count=-1, *, like=None):
    """The numbers that an iterable yields.

    Parameters
    ----------
    iter : iterable
    dtype : dtype
        Of the result.
    count : int
        How many to read; -1 for all.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        One axis.

    Raises
    ------
    TypeError
        If `dtype` is none of numbers or bools.
    ValueError
        If there are fewer than `count`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fromiter((n * n for n in range(4)), dtype=float)
    tensor([0., 1., 4., 9.])
    """
    with named("fromiter"):
        return asarray(np.fromiter(iter, dtype, count))


def fromstring(string, dtype=float, count=-1, *, sep, like=None):
    """The numbers in a text.

    Parameters
    ----------
    string : str
    dtype : dtype
        Of the result.
    count : int
        How many to read; -1 for all.
    sep : str
        What separates the numbers, where blanks stand for any number of blanks. For bytes without
        separators there is `frombuffer`.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        One axis.

    Raises
    ------
    ValueError
        If `sep` is empty, or the text holds something else.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.fromstring("1, 2", dtype=int, sep=",")
    tensor([1, 2])
    """
    with named("fromstring"):
        return asarray(np.fromstring(string, dtype, count, sep=sep))


def fromfile(file, dtype=None, count=-1, sep="", offset=0, *, like=None):
    """The numbers in a file that `Tensor.tofile` or a program in C wrote.

    Parameters
    ----------
    file : str, path or file object
    dtype : dtype, optional
        Of the numbers in the file; by default float64.
    count : int
        How many to read; -1 for all.
    sep : str
        What separates the numbers of a text; by default the file is binary.
    offset : int
        Bytes to skip; of binary files only.
    like : object, optional
        Has no effect: the result is a Tensor.

    Returns
    -------
    Tensor
        One axis.

    Raises
    ------
    OSError
        If the file cannot be read.
    TypeError
        If `dtype` is none of numbers or bools.

    Examples
    --------
    >>> import tensorlib as tl
    >>> with open("numbers.bin", "wb") as file:
    ...     n = file.write(bytes([1, 2, 3]))
    >>> tl.fromfile("numbers.bin", dtype=tl.uint8)
    tensor([1, 2, 3], dtype=uint8)
    """
    with named("fromfile"):
        return asarray(np.fromfile(file, float if dtype is None else dtype, count, sep, offset))
