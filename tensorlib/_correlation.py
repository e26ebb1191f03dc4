"""Covariances of variables, and correlations and convolutions of sequences."""

import warnings

import numpy as np

from tensorlib._arguments import anywhere, computed, for_arithmetic
from tensorlib._complex import imag, iscomplexobj, real
from tensorlib._core import _functions as functions
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, conjugate, divide, multiply, reshape, sqrt, subtract
from tensorlib._core._functions import sum as sum_
from tensorlib._creation import copy
from tensorlib._joining import concatenate
from tensorlib._manipulation import flip
from tensorlib._products import dot
from tensorlib._selection import clip, diagonal
from tensorlib._shape import squeeze
from tensorlib._statistics import average
from tensorlib._untracked import untracked


def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    """Covariances of variables.

    Parameters
    ----------
    m : array_like
        At most two axes: each row is a variable, each column an observation of all of them.
    y : array_like, optional
        More variables.
    rowvar : bool
        False if the columns are the variables.
    bias : bool
        Whether to divide by the number of observations, not by one less.
    ddof : int, optional
        The sum is divided by the number of observations less this; overrides `bias`.
    fweights : array_like of int, optional
        How often each observation was made.
    aweights : array_like, optional
        How much each observation counts.
    dtype : dtype, optional
        In which to compute; at least float64 by default.

    Returns
    -------
    Tensor
        Shape ``(variables, variables)``; 0-d for one variable.

    Raises
    ------
    RuntimeError
        If weights have more than one axis, or are not one for each observation.
    TypeError
        If `fweights` are no integers.
    ValueError
        If there are more than two axes, `ddof` is no integer, or a weight is negative.
    ZeroDivisionError
        If the weights add up to zero.

    Warns
    -----
    RuntimeWarning
        If there are no more than `ddof` observations.

    See Also
    --------
    corrcoef, var

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.cov([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    return _covariances("cov", m, y, rowvar, bias, ddof, fweights, aweights, dtype)


def _covariances(op, m, y, rowvar, bias, ddof, fweights, aweights, dtype):
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"{op}: expected ddof to be an integer, got {ddof}")
    given = [asarray(x) for x in (m, y) if x is not None]
    for x in given:
        if x.ndim > 2:
            raise ValueError(f"{op}: expected at most two axes, got shape {x.shape}")
    if dtype is None:
        dtype = np.result_type(*(x.dtype for x in given), np.float64)
    variables = [reshape(asarray(x, dtype), (1,) * (2 - x.ndim) + x.shape) for x in given]
    if not rowvar:
        # One row of `m` is one variable only if it has no other axis.
        first, *more = variables
        first = first if given[0].ndim == 1 else first.T
        variables = [first, *(v if v.shape[0] == 1 else v.T for v in more)]
    if variables[0].shape[0] == 0:
        return functions.zeros((0, 0))
    x = variables[0] if y is None else concatenate(variables)
    if ddof is None:
        ddof = 0 if bias else 1
    weights = _weights(op, "fweights", fweights, x.shape[1])
    if aweights is not None:
        aweights = _weights(op, "aweights", aweights, x.shape[1])
        weights = aweights if weights is None else multiply(weights, aweights)
    means, total = average(x, axis=1, weights=weights, returned=True)
    if weights is None:
        freedom = x.shape[1] - ddof
    elif ddof == 0 or aweights is None:
        freedom = total[0] - ddof
    else:
        freedom = total[0] - ddof * sum_(weights * aweights) / total[0]
    if anywhere(asarray(freedom <= 0)):
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        freedom = 0.0
    x = asarray(subtract(x, reshape(means, (-1, 1))), x.dtype)
    other = x if weights is None else multiply(x, weights)
    if other.dtype.kind == "c":
        other = conjugate(other)
    products = dot(x, other.T)
    return squeeze(asarray(products * divide(1, freedom), products.dtype))


def _weights(op, name, weights, count):
    if weights is None:
        return None
    weights = asarray(weights, np.float64)
    values = weights.detach()
    if name == "fweights" and anywhere(values != functions.rint(values)):
        raise TypeError(f"{op}: expected fweights to be integers, got others")
    if weights.shape != (count,):
        raise RuntimeError(f"{op}: expected {name} of shape {(count,)}, got {weights.shape}")
    if anywhere(values < 0):
        raise ValueError(f"{op}: expected {name} not to be negative")
    return weights


def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    """Correlation coefficients of variables: covariances divided by the standard deviations.

    Parameters
    ----------
    x : array_like
        At most two axes: each row is a variable, each column an observation of all of them.
    y : array_like, optional
        More variables.
    rowvar : bool
        False if the columns are the variables.
    dtype : dtype, optional
        In which to compute; at least float64 by default.

    Returns
    -------
    Tensor
        Shape ``(variables, variables)``, from -1 to 1; 0-d for one variable.

    Raises
    ------
    ValueError
        If there are more than two axes.

    Warns
    -----
    RuntimeWarning
        If there is no more than one observation.

    See Also
    --------
    cov

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.corrcoef([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]])
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = _covariances("corrcoef", x, y, rowvar, False, None, None, None, dtype)
    if c.ndim == 0:
        return divide(c, c)
    deviation = sqrt(real(diagonal(c)))
    c = c / reshape(deviation, (-1, 1)) / deviation
    if not iscomplexobj(c):
        return clip(c, -1, 1)
    for part in (real(c), imag(c)):
        part[...] = clip(copy(part), -1, 1)  # of a copy, for the gradient
    return c


def convolve(a, v, mode="full"):
    """Convolution of two sequences: the coefficients of the product of two polynomials.

    Parameters
    ----------
    a, v : array_like
        One axis each, of m and n elements.
    mode : {"full", "same", "valid"}
        Of the ``m + n - 1`` sums all; the ``max(m, n)`` in the middle; or those in which the
        shorter sequence lies inside the longer one.

    Returns
    -------
    Tensor
        The promoted dtype.

    Raises
    ------
    ValueError
        If a sequence is empty or has more than one axis, or for another `mode`.

    See Also
    --------
    correlate

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.convolve([1, 2, 3], [0.0, 1.0, 0.5])
    tensor([0. , 1. , 2.5, 4. , 1.5])
    """
    a, v = for_arithmetic(asarray(a)), for_arithmetic(asarray(v))
    a, v = (reshape(x, (1,)) if x.ndim == 0 else x for x in (a, v))
    mode = _checked_mode("convolve", a, v, mode)
    if a.dtype.kind in "biu" and v.dtype.kind in "biu":
        if a.device != "cpu":
            return _sum_windows(a, flip(v), mode) if a.size >= v.size else convolve(v, a, mode)
        return computed("convolve", lambda a, v: np.convolve(a, v, mode), a, v)
    if (arrays := untracked(a, v)) is not None:
        return asarray(np.convolve(*arrays, mode))
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    return _slide(a, flip(v), mode)


def correlate(a, v, mode="valid"):
    """Cross-correlation of two sequences: the sums of ``a[k + i] * conj(v[i])`` for each k.

    Parameters
    ----------
    a, v : array_like
        One axis each, of m and n elements.
    mode : {"valid", "same", "full"}
        Of the ``m + n - 1`` sums those in which the shorter sequence lies inside the longer one;
        the ``max(m, n)`` in the middle; or all.

    Returns
    -------
    Tensor
        The promoted dtype.

    Raises
    ------
    ValueError
        If a sequence is empty or has not one axis, or for another `mode`.

    See Also
    --------
    convolve

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.correlate([1, 2, 3], [0.0, 1.0, 0.5], "full")
    tensor([0.5, 2. , 3.5, 3. , 0. ])
    """
    a, v = for_arithmetic(asarray(a)), for_arithmetic(asarray(v))
    mode = _checked_mode("correlate", a, v, mode)
    if a.dtype.kind in "biu" and v.dtype.kind in "biu":
        if a.device != "cpu":
            return _sum_windows(a, v, mode) if a.size >= v.size else flip(correlate(v, a, mode))
        return computed("correlate", lambda a, v: np.correlate(a, v, mode), a, v)
    if (arrays := untracked(a, v)) is not None:
        return asarray(np.correlate(*arrays, mode))
    if a.shape[0] >= v.shape[0]:
        return _slide(a, conjugate(v), mode)
    return flip(conjugate(_slide(v, conjugate(a), mode)))


MODES = ("valid", "same", "full")  # NumPy takes their numbers too


def _checked_mode(op, a, v, mode):
    """The name of the mode, after a look at all arguments."""
    if not isinstance(mode, (str, int)):
        raise TypeError(f"{op}: expected mode to be one of {MODES}, got {mode!r}")
    if mode not in (*MODES, 0, 1, 2):
        raise ValueError(f"{op}: expected mode to be one of {MODES}, got {mode!r}")
    for name, x in (("a", a), ("v", v)):
        if x.ndim != 1:
            raise ValueError(f"{op}: expected {name} to have one axis, got shape {x.shape}")
        if x.size == 0:
            raise ValueError(f"{op}: {name} cannot be empty")
    return mode if mode in MODES else MODES[mode]


def _slide(a, v, mode):
    """The sums of products of `a` and the shorter `v`, slid along it."""
    dtype = np.result_type(a.dtype, v.dtype)
    width = dtype if dtype.kind == "c" else np.promote_types(dtype, np.float32)
    a, v = asarray(a, width), asarray(v, width)
    if dtype.kind == "c":
        parts = [[_slide_real(part(a), other(v), mode) for part in (real, imag)]
                 for other in (real, imag)]  # fmt: skip
        (rr, ir), (ri, ii) = parts
        return asarray(rr - ii + 1j * (ir + ri), dtype)
    return asarray(_slide_real(a, v, mode), dtype)


def _sum_windows(a, v, mode):
    """The same of integers, in which a device multiplies the windows as a matrix."""
    dtype = np.result_type(a.dtype, v.dtype)
    width = v.shape[0]
    before = {"valid": 0, "same": width // 2, "full": width - 1}[mode]
    after = {"valid": 0, "same": (width - 1) // 2, "full": width - 1}[mode]
    zeros = [functions.zeros(n, dtype, device=a.device) for n in (before, after)]
    a, v = concatenate((zeros[0], asarray(a, dtype), zeros[1])), asarray(v, dtype)
    shape, step = (a.shape[0] - width + 1, width), a.strides[0]
    return apply(ops.matvec, (apply(ops.as_strided, (a,), (shape, (step, step), 0)), v))


def _slide_real(a, v, mode):
    length, width = a.shape[0], v.shape[0]
    image, weight = reshape(a, (1, 1, 1, length)), reshape(v, (1, 1, 1, width))
    padding = (0, 0 if mode == "valid" else width - 1)
    sums = reshape(apply(ops.conv, (image, weight), ((1, 1), padding, (1, 1), 1)), (-1,))
    if mode == "same":
        start = (width - 1) // 2
        sums = sums[start : start + length]
    return sums
