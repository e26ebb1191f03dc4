"""Tensors as text. The options are NumPy's: they hold for ndarrays and tensors alike."""

from functools import cache

import numpy as np

from tensorlib._arguments import elements
from tensorlib._core import _tensor
from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import wrapped_of


def array2string(
    a,
    max_line_width=None,
    precision=None,
    suppress_small=None,
    separator=" ",
    prefix="",
    *,
    formatter=None,
    threshold=None,
    edgeitems=None,
    sign=None,
    floatmode=None,
    suffix="",
    legacy=None,
):
    """The elements of an array as text.

    Parameters
    ----------
    a : array_like
    max_line_width : int, optional
        Letters in a line.
    precision : int, optional
        Digits after the point.
    suppress_small : bool, optional
        Whether to write numbers near zero as zero.
    separator : str
        Between elements.
    prefix, suffix : str
        For which to leave room in the first and last lines.
    formatter : dict of callable, optional
        Text of an element, by the kind of its dtype.
    threshold : int, optional
        The number of elements above which a part of them is written.
    edgeitems : int, optional
        How many elements of each end are in that part.
    sign : {"-", "+", " "}, optional
        What stands before positive numbers.
    floatmode : {"fixed", "unique", "maxprec", "maxprec_equal"}, optional
        What `precision` means.
    legacy : str or False, optional
        The version of NumPy whose text to write.

    Returns
    -------
    str
        What is not given is as `set_printoptions` has set it.

    Raises
    ------
    TypeError
        If an option has a wrong type.
    ValueError
        If an option has an unknown value.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array2string(tl.asarray([1 / 3, 2.0]), precision=2, separator=", ")
    '[0.33, 2.  ]'
    """
    return np.array2string(
        elements("array2string", a.cpu() if isinstance(a, Tensor) else a),
        max_line_width,
        precision,
        suppress_small,
        separator,
        prefix,
        formatter=formatter,
        threshold=threshold,
        edgeitems=edgeitems,
        sign=sign,
        floatmode=floatmode,
        suffix=suffix,
        legacy=legacy,
    )


def array_repr(arr, max_line_width=None, precision=None, suppress_small=None):
    """The text that `repr` gives for a tensor.

    Parameters
    ----------
    arr : array_like
    max_line_width : int, optional
        Letters in a line.
    precision : int, optional
        Digits after the point.
    suppress_small : bool, optional
        Whether to write numbers near zero as zero.

    Returns
    -------
    str
        What is not given is as `set_printoptions` has set it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array_repr(tl.asarray([1 / 3, 2.0]), precision=2)
    'tensor([0.33, 2.  ])'
    """
    arr = asarray(arr)
    if (kept := wrapped_of(arr)) is not None:
        return kept.recorder.describe(arr)
    override = np.get_printoptions()["override_repr"]
    if override is not None:
        return override(arr)
    name = "tensor" if type(arr) is Tensor else type(arr).__name__
    array = arr.detach().cpu().numpy().view(_array_class(name))
    text = np.array_repr(array, max_line_width, precision, suppress_small)
    if arr.device != "cpu":
        text = f"{text[:-1]}, device={arr.device!r})"
    return f"{text[:-1]}, requires_grad=True)" if arr.requires_grad else text


@cache
def _array_class(name):
    """A class of ndarrays, since NumPy's text begins with the name of the class."""
    return type(name, (np.ndarray,), {})


def array_str(a, max_line_width=None, precision=None, suppress_small=None):
    """The text that `str` gives for a tensor.

    Parameters
    ----------
    a : array_like
    max_line_width : int, optional
        Letters in a line.
    precision : int, optional
        Digits after the point.
    suppress_small : bool, optional
        Whether to write numbers near zero as zero.

    Returns
    -------
    str
        What is not given is as `set_printoptions` has set it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.array_str(tl.asarray([1 / 3, 2.0]), precision=2)
    '[0.33 2.  ]'
    """
    if isinstance(a, Tensor) and (kept := wrapped_of(a)) is not None:
        return kept.recorder.describe(a)
    if isinstance(a, Tensor):
        a = a.cpu()
    return np.array_str(elements("array_str", a), max_line_width, precision, suppress_small)


def format_float_positional(
    x,
    precision=None,
    unique=True,
    fractional=True,
    trim="k",
    sign=False,
    pad_left=None,
    pad_right=None,
    min_digits=None,
):
    """A number as text without an exponent.

    Parameters
    ----------
    x : scalar or Tensor
        One number.
    precision : int, optional
        The most digits; by default as many as are needed.
    unique : bool
        Whether to write no more digits than make the number one of its dtype; else all up to
        `precision`.
    fractional : bool
        Whether `precision` counts digits after the point; else all.
    trim : {"k", ".", "0", "-"}
        Zeros at the end: keep them; trim them; leave one after the point; trim the point too.
    sign : bool
        Whether to write a plus.
    pad_left, pad_right : int, optional
        The least number of letters before and after the point, filled with blanks.
    min_digits : int, optional
        The least digits after the point.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If `x` is not one number.
    ValueError
        If an option is wrong.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.format_float_positional(tl.asarray(1e-3, dtype=tl.float16))
    '0.001'
    """
    return np.format_float_positional(
        _scalar("format_float_positional", x),
        precision,
        unique,
        fractional,
        trim,
        sign,
        pad_left,
        pad_right,
        min_digits,
    )


def format_float_scientific(
    x,
    precision=None,
    unique=True,
    trim="k",
    sign=False,
    pad_left=None,
    exp_digits=None,
    min_digits=None,
):
    """A number as text with an exponent.

    Parameters
    ----------
    x : scalar or Tensor
        One number.
    precision : int, optional
        The most digits after the point; by default as many as are needed.
    unique : bool
        Whether to write no more digits than make the number one of its dtype; else all up to
        `precision`.
    trim : {"k", ".", "0", "-"}
        Zeros at the end: keep them; trim them; leave one after the point; trim the point too.
    sign : bool
        Whether to write a plus.
    pad_left : int, optional
        The least number of letters before the point, filled with blanks.
    exp_digits : int, optional
        The least digits of the exponent.
    min_digits : int, optional
        The least digits after the point.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If `x` is not one number.
    ValueError
        If an option is wrong.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.format_float_scientific(tl.asarray(1234.5), exp_digits=4)
    '1.2345e+0003'
    """
    return np.format_float_scientific(
        _scalar("format_float_scientific", x),
        precision,
        unique,
        trim,
        sign,
        pad_left,
        exp_digits,
        min_digits,
    )


def _scalar(op, x):
    """A tensor as the scalar of its dtype, of which NumPy knows how many digits it has."""
    if not isinstance(x, Tensor):
        return x
    if x.ndim:
        raise TypeError(f"{op}: expected one number, got shape {x.shape}")
    return elements(op, x)[()]


_tensor.set_protocols(represent=array_repr)
