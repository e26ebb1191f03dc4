"""Polynomials as lists of coefficients, the highest degree first: NumPy's older functions.

They are written anew, with gradients and for all devices; the class `poly1d` is NumPy's code.

A `poly1d` among the arguments makes the result one. For new programs there is
`tensorlib.polynomial`, with the lowest degree first.
"""

import warnings

import numpy as np

from tensorlib._arguments import all_beside, anywhere, beside
from tensorlib._comparison import allclose
from tensorlib._core._functions import (
    arange,
    asarray,
    astype,
    conjugate,
    ones,
    sort,
    sqrt,
    zeros,
    zeros_like,
)
from tensorlib._correlation import convolve
from tensorlib._creation import eye, vander
from tensorlib._dtypes import result_type
from tensorlib._joining import concatenate, stack
from tensorlib._rebound import eigvals, nonzero, run_module
from tensorlib._sets import trim_zeros
from tensorlib._shape import atleast_1d, expand_dims


def poly(seq_of_zeros):
    """Coefficients of the polynomial with given roots.

    Parameters
    ----------
    seq_of_zeros : array_like
        The roots, shape ``(N,)``; or a square matrix, whose characteristic polynomial it is.

    Returns
    -------
    Tensor
        Shape ``(N + 1,)``, the highest degree first, which has the coefficient 1.

    Raises
    ------
    ValueError
        If `seq_of_zeros` has neither one axis nor two of equal lengths.

    See Also
    --------
    roots : the way back.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.poly([1.0, -1.0])
    tensor([ 1.,  0., -1.])
    """
    at = atleast_1d(seq_of_zeros)
    if at.ndim == 2 and at.shape[0] == at.shape[1] != 0:
        at = eigvals(at)
    elif at.ndim == 1:
        at = astype(at, np.mintypecode(at.dtype.char))
    else:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if len(at) == 0:
        return 1.0
    product = one = ones(1, at.dtype, device=at.device)
    for k in range(len(at)):
        product = convolve(product, concatenate((one, -at[k : k + 1])))
    # The polynomial is real where all complex zeros come with their conjugates.
    if product.dtype.kind == "c" and not anywhere(sort(at) != sort(conjugate(at))):
        product = product.real.copy()
    return product


def roots(p):
    """Roots of a polynomial: the eigenvalues of its companion matrix.

    Parameters
    ----------
    p : array_like
        Coefficients, shape ``(N + 1,)``, the highest degree first.

    Returns
    -------
    Tensor
        Shape ``(N,)``, less the leading zeros of `p`; complex where a root is.

    Raises
    ------
    ValueError
        If `p` does not have one axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.round(tl.sort(tl.roots([1.0, -3.0, 2.0])), 6)
    tensor([1., 2.])
    """
    p = atleast_1d(p)
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    (places,) = nonzero(p)
    if len(places) == 0:
        return zeros(0, device=p.device)
    first, last = int(places[0]), int(places[-1])
    trailing, p = len(p) - last - 1, p[first : last + 1]  # each of them is a root at zero
    if p.dtype.kind in "biu":
        p = astype(p, np.float64)
    if len(p) == 1:
        return zeros(trailing, device=p.device)
    below = eye(len(p) - 2, len(p) - 1, dtype=p.dtype, device=p.device)
    found = eigvals(concatenate((expand_dims(-p[1:] / p[0], 0), below)))
    return concatenate((found, zeros(trailing, found.dtype, device=p.device)))


def polyint(p, m=1, k=None):
    """Antiderivative of a polynomial.

    Parameters
    ----------
    p : array_like or poly1d
        Coefficients, shape ``(N,)``, the highest degree first.
    m : int
        How many times to integrate.
    k : array_like, optional
        Constants of integration, the first of which belongs to the first integral; zeros by
        default. A scalar where `m` is 1.

    Returns
    -------
    Tensor or poly1d
        Shape ``(N + m,)``.

    Raises
    ------
    ValueError
        If `m` is negative or there are fewer than `m` constants.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polyint([6.0, 2.0], k=5)
    tensor([3., 2., 5.])
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    given, (p,) = p, _coefficients(p)
    k = atleast_1d(zeros(m, device=p.device) if k is None else beside(p, k))
    if len(k) == 1 and m > 1:
        k = k * ones(m, device=p.device)
    if len(k) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(m):
        p = concatenate((p / arange(len(p), 0, -1, device=p.device), k[i : i + 1]))
    return _like(p, given)


def polyder(p, m=1):
    """Derivative of a polynomial.

    Parameters
    ----------
    p : array_like or poly1d
        Coefficients, shape ``(N,)``, the highest degree first.
    m : int
        How many times to differentiate.

    Returns
    -------
    Tensor or poly1d
        Shape ``(N - m,)``.

    Raises
    ------
    ValueError
        If `m` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polyder([3.0, 2.0, 5.0])
    tensor([6., 2.])
    """
    m = int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    given, (p,) = p, _coefficients(p)
    for _ in range(m):
        p = p[:-1] * arange(len(p) - 1, 0, -1, device=p.device)
    return _like(p, given)


def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    """The polynomial of a degree that is nearest to points: least squares.

    Parameters
    ----------
    x : array_like
        Where the points are, shape ``(M,)``.
    y : array_like
        Their values, shape ``(M,)``, or ``(M, K)`` for `K` fits at once.
    deg : int
        The degree.
    rcond : float, optional
        Singular values below `rcond` times the largest one count as zero; ``M`` times the
        dtype's epsilon by default.
    full : bool
        Whether to return what the solution of the least squares tells too.
    w : array_like, optional
        Weights of the differences (not of their squares), shape ``(M,)``.
    cov : bool or str
        Whether to return the covariance of the coefficients; ``"unscaled"`` for weights that are
        known to be the inverse of the standard deviations.

    Returns
    -------
    Tensor or tuple
        The coefficients, shape ``(deg + 1,)`` or ``(deg + 1, K)``, the highest degree first; with
        `full` a tuple ``(coefficients, residuals, rank, singular_values, rcond)``, with `cov`
        a tuple ``(coefficients, covariance)``.

    Raises
    ------
    TypeError
        If `x`, `y` or `w` have another number of axes or other lengths, or `x` is empty.
    ValueError
        If `deg` is negative, or there are too few points for a covariance.

    Warns
    -----
    numpy.exceptions.RankWarning
        If the points do not determine the polynomial.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.round(tl.polyfit([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1), 6)
    tensor([2., 1.])
    """
    # NumPy's scales in place what it needs for the gradient.
    from tensorlib.linalg import inv, lstsq

    x, y, terms = asarray(x) + 0.0, asarray(y) + 0.0, int(deg) + 1
    _check_points(x, y, terms)
    lhs, rhs = vander(x, terms), y
    if w is not None:
        w = asarray(w) + 0.0
        if w.ndim != 1 or len(w) != len(x):
            raise TypeError(f"polyfit: expected w of shape ({len(x)},), got {w.shape}")
        lhs, rhs = lhs * expand_dims(w, 1), rhs * (w if y.ndim == 1 else expand_dims(w, 1))
    # Columns of equal norms make a better problem.
    scale = sqrt((lhs * lhs).sum(axis=0))
    lhs = lhs / scale
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    c, residuals, rank, singular_values = lstsq(lhs, rhs, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, singular_values, rcond
    if anywhere(rank != terms):
        text = "polyfit: the points do not determine the polynomial"
        warnings.warn(text, np.exceptions.RankWarning, stacklevel=2)
    if not cov:
        return c
    covariance = inv(lhs.T @ lhs) / (expand_dims(scale, 1) * scale)
    if y.ndim == 2:
        covariance = expand_dims(covariance, 2)
    if cov != "unscaled":
        if len(x) <= terms:
            raise ValueError(f"polyfit: expected more than {terms} points for a covariance, "
                             f"got {len(x)}")  # fmt: skip
        covariance = covariance * (residuals / (len(x) - terms))
    return c, covariance


def _check_points(x, y, terms):
    if terms < 1:
        raise ValueError(f"polyfit: expected a degree of at least 0, got {terms - 1}")
    if x.ndim != 1 or x.size == 0:
        raise TypeError(f"polyfit: expected x of one axis, not empty, got shape {x.shape}")
    if y.ndim not in (1, 2) or len(y) != len(x):
        raise TypeError(f"polyfit: expected y of shape ({len(x)},) or ({len(x)}, K), got {y.shape}")


def polyval(p, x):
    """Values of a polynomial.

    Parameters
    ----------
    p : array_like or poly1d
        Coefficients, shape ``(N,)``, the highest degree first.
    x : array_like or poly1d
        Where; a `poly1d` gives the composition.

    Returns
    -------
    Tensor or poly1d
        The shape of `x`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polyval([1.0, 0.0, -1.0], tl.asarray([1.0, 2.0, 3.0]))
    tensor([0., 3., 8.])
    """
    p = asarray(p.coeffs if isinstance(p, poly1d) else p)
    if not isinstance(x, poly1d):
        x = beside(p, x)
    y = 0 if isinstance(x, poly1d) else zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y


def polyadd(a1, a2):
    """The sum of two polynomials.

    Parameters
    ----------
    a1, a2 : array_like or poly1d
        Coefficients, the highest degree first.

    Returns
    -------
    Tensor or poly1d
        As long as the longer one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polyadd([1, 2], [9, 5, 4])
    tensor([9, 6, 6])
    """
    left, right = _filled(a1, a2)
    return _like(left + right, a1, a2)


def polysub(a1, a2):
    """The difference of two polynomials.

    Parameters
    ----------
    a1, a2 : array_like or poly1d
        Coefficients, the highest degree first.

    Returns
    -------
    Tensor or poly1d
        As long as the longer one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polysub([2, 10, -2], [3, 10, -4])
    tensor([-1,  0,  2])
    """
    left, right = _filled(a1, a2)
    return _like(left - right, a1, a2)


def polymul(a1, a2):
    """The product of two polynomials.

    Parameters
    ----------
    a1, a2 : array_like or poly1d
        Coefficients, shapes ``(M,)`` and ``(N,)``, the highest degree first.

    Returns
    -------
    Tensor or poly1d
        Shape ``(M + N - 1,)``, less the leading zeros of the two.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.polymul([1, 2], [1, -2])
    tensor([ 1,  0, -4])
    """
    return _like(convolve(*[poly1d(a).coeffs for a in _coefficients(a1, a2)]), a1, a2)


def polydiv(u, v):
    """Quotient and remainder of two polynomials.

    Parameters
    ----------
    u, v : array_like or poly1d
        Coefficients of the dividend and of the divisor, the highest degree first.

    Returns
    -------
    tuple of Tensor or of poly1d
        The quotient and the remainder.

    Examples
    --------
    >>> import tensorlib as tl
    >>> quotient, remainder = tl.polydiv([3.0, 5.0, 2.0], [2.0, 1.0])
    >>> quotient, remainder
    (tensor([1.5 , 1.75]), tensor([0.25]))
    """
    # NumPy's subtracts in place what it needs for the gradient.
    dividend, divisor = u, v
    u, v = (p + 0.0 for p in _coefficients(u, v))
    steps, length = len(u) - len(v) + 1, len(v)
    scale = 1.0 / v[0]
    remainder = u.astype(result_type(u, v))
    factors = [zeros((), remainder.dtype, device=u.device)]
    for k in range(steps):
        factor = scale * remainder[k]
        part = remainder[k : k + length] - factor * v
        remainder = concatenate((remainder[:k], part, remainder[k + length :]))
        factors.append(factor)
    quotient = stack(factors[1:] or factors)
    while allclose(remainder[0], 0, rtol=1e-14) and len(remainder) > 1:
        remainder = remainder[1:]
    return tuple([_like(result, dividend, divisor) for result in (quotient, remainder)])


def _coefficients(*polynomials):
    """The coefficients of each, on one device."""
    values = [p.coeffs if isinstance(p, poly1d) else p for p in polynomials]
    return [atleast_1d(p) for p in all_beside(*values)]


def _filled(a1, a2):
    """The coefficients of two polynomials, with zeros in front of the shorter one."""
    a1, a2 = _coefficients(a1, a2)
    length = max(len(a1), len(a2))
    return [
        a if len(a) == length
        else concatenate((zeros(length - len(a), a.dtype, device=a.device), a))
        for a in (a1, a2)
    ]  # fmt: skip


def _like(result, *polynomials):
    """Coefficients as a `poly1d` if one of the arguments was."""
    return poly1d(result) if any(isinstance(p, poly1d) for p in polynomials) else result


def _trimmed(coefficients, trim):
    """Without leading zeros but for the last; where NumPy finds none it makes one on the CPU."""
    return trim_zeros(coefficients, trim) if anywhere(coefficients != 0) else coefficients[-1:]


def _array_of(self, dtype=None, copy=None):
    """The coefficients as an ndarray."""
    return np.array(asarray(self.coeffs), dtype, copy=copy)


def _representation(self):
    return f"poly1d({repr(np.asarray(asarray(self.coeffs).detach()))[6:-1]})"


_CODE = {"__name__": "tensorlib"}  # the module in which NumPy defines it
run_module("numpy.lib._polynomial_impl", _CODE)
_FUNCTIONS = poly, roots, polyint, polyder, polyval, polyadd, polysub, polymul, polydiv
_CODE |= {"trim_zeros": _trimmed, **{function.__name__: function for function in _FUNCTIONS}}

poly1d = _CODE["poly1d"]
poly1d.__array__, poly1d.__repr__ = _array_of, _representation
poly1d.__module__ = "tensorlib"
poly1d.__doc__ = """A polynomial in one variable, with arithmetic, roots and printing.

A call gives the values, with gradients for the points and for the coefficients.

Parameters
----------
c_or_r : array_like
    Coefficients, the highest degree first; or the roots.
r : bool
    Whether `c_or_r` are roots.
variable : str, optional
    The variable's name, for printing.

See Also
--------
tensorlib.polynomial.Polynomial : for new programs.

Examples
--------
>>> import tensorlib as tl
>>> p = tl.poly1d([1.0, 0.0, -1.0])
>>> p(tl.asarray([1.0, 2.0, 3.0]))
tensor([0., 3., 8.])
>>> (p * p).c
tensor([ 1.,  0., -2.,  0.,  1.])
"""
