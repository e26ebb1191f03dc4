"""New arrays: from diagonals, triangles, powers, buffers and copies.

`array`, `asarray`, `arange`, `empty`, `zeros`, `ones`, `full` and their ``_like`` forms are
compiled, in ``_core._functions``.
"""

import numpy as np

from tensorlib._arguments import integer, named
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._exchange import memory_order
from tensorlib._core._functions import (
    asarray,
    broadcast_to,
    cumprod,
    ones,
    reshape,
    where,
    zeros,
)
from tensorlib._joining import concatenate
from tensorlib._shape import expand_dims, ravel


def eye(N, M=None, k=0, dtype=float, order="C", *, device=None, like=None):
    """Ones on a diagonal, zeros elsewhere.

    Parameters
    ----------
    N : int
        Number of rows.
    M : int, optional
        Number of columns, `N` by default.
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.
    dtype : dtype
    order : {"C", "F"}
    device : str, optional
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        Shape ``(N, M)``.

    Raises
    ------
    ValueError
        If a length is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.eye(2, 3, k=1)
    tensor([[0., 1., 0.],
            [0., 0., 1.]])
    """
    with named("eye"):
        return asarray(np.eye(N, M, k, dtype, order), device=device)


def identity(n, dtype=None, *, like=None):
    """The square matrix with ones on its main diagonal.

    Parameters
    ----------
    n : int
        Number of rows and columns.
    dtype : dtype, optional
        float64 by default.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        Shape ``(n, n)``.

    Raises
    ------
    ValueError
        If `n` is negative.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.identity(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return eye(n, dtype=dtype)


def diag(v, k=0):
    """A diagonal of a matrix, or the matrix with a given diagonal.

    Parameters
    ----------
    v : array_like
        Shape ``(m, n)`` or ``(n,)``.
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    Tensor
        One axis (a view) for a matrix, else shape ``(n + abs(k), n + abs(k))``; dtype of `v`.

    Raises
    ------
    ValueError
        If `v` has neither one axis nor two.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.diag([1, 2])
    tensor([[1, 0],
            [0, 2]])
    >>> tl.diag([[1, 2], [3, 4]], k=1)
    tensor([2])
    """
    v, k = asarray(v), integer("diag", "k", k)
    if v.ndim == 2:
        return apply(ops.diagonal, (v,), (k, 0, 1))
    if v.ndim != 1:
        raise ValueError(f"diag: expected one axis or two, got shape {v.shape}")
    n = v.size + abs(k)
    places = np.arange(v.size)
    result = zeros((n, n), v.dtype, device=v.device)
    result[places + max(-k, 0), places + max(k, 0)] = v
    return result


def diagflat(v, k=0):
    """The matrix with the elements of `v`, of any shape, on a diagonal.

    Parameters
    ----------
    v : array_like
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    Tensor
        Shape ``(v.size + abs(k), v.size + abs(k))``, dtype of `v`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.diagflat([[1], [2]])
    tensor([[1, 0],
            [0, 2]])
    """
    return diag(ravel(v), k)


def tri(N, M=None, k=0, dtype=float, *, like=None):
    """Ones on and below a diagonal, zeros above.

    Parameters
    ----------
    N : int
        Number of rows.
    M : int, optional
        Number of columns, `N` by default.
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.
    dtype : dtype
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        Shape ``(N, M)``.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tri(2, 3)
    tensor([[1., 0., 0.],
            [1., 1., 0.]])
    """
    with named("tri"):
        return asarray(np.tri(N, M, k, dtype))


def tril(m, k=0):
    """Lower triangles: zeros above a diagonal.

    Parameters
    ----------
    m : array_like
        Shape ``(..., M, N)``.
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    Tensor
        Shape and dtype of `m`.

    Raises
    ------
    ValueError
        If `m` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.tril([[1, 2], [3, 4]])
    tensor([[1, 0],
            [3, 4]])
    """
    m, below = _below("tril", m, k)
    return where(below, m, zeros((), m.dtype, device=m.device))


def triu(m, k=0):
    """Upper triangles: zeros below a diagonal.

    Parameters
    ----------
    m : array_like
        Shape ``(..., M, N)``.
    k : int
        Which diagonal: 0 is the main one, positive ones are above it.

    Returns
    -------
    Tensor
        Shape and dtype of `m`.

    Raises
    ------
    ValueError
        If `m` has no axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.triu([[1, 2], [3, 4]])
    tensor([[1, 2],
            [0, 4]])
    """
    m, below = _below("triu", m, k, -1)
    return where(below, zeros((), m.dtype, device=m.device), m)


def _below(op, m, k, shift=0):
    """The tensor, and where it is on or below the diagonal ``k + shift``."""
    m, k = asarray(m), integer(op, "k", k)
    if m.ndim == 0:
        raise ValueError(f"{op}: expected at least one axis, got shape ()")
    return m, asarray(np.tri(*m.shape[-2:], k=k + shift, dtype=bool), device=m.device)


def vander(x, N=None, increasing=False):
    """The Vandermonde matrix: powers of `x` as columns.

    Parameters
    ----------
    x : array_like
        Shape ``(n,)``.
    N : int, optional
        Number of columns, `n` by default.
    increasing : bool
        Whether the powers grow from left to right.

    Returns
    -------
    Tensor
        Shape ``(n, N)``, dtype of `x` promoted with int.

    Raises
    ------
    ValueError
        If `x` has not one axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.vander([1, 2, 3], 3)
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    x = asarray(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected one axis, got shape {x.shape}")
    columns = x.size if N is None else integer("vander", "N", N)
    x = asarray(x, np.promote_types(x.dtype, int))
    factors = broadcast_to(expand_dims(x, 1), (x.size, max(columns - 1, 0)))
    first = ones((x.size, min(columns, 1)), x.dtype, device=x.device)
    powers = cumprod(concatenate((first, factors), 1), axis=1, dtype=x.dtype)
    return powers if increasing else powers[:, ::-1]


def frombuffer(buffer, dtype=None, count=-1, offset=0, *, like=None):
    """A tensor of one axis over the memory of a buffer.

    Parameters
    ----------
    buffer : object
        With the buffer protocol.
    dtype : dtype, optional
        Of the elements in the buffer, float64 by default.
    count : int
        How many elements; -1 for all.
    offset : int
        Bytes to skip.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor
        Shape ``(count,)``; read-only if the buffer is.

    Raises
    ------
    ValueError
        If the buffer is smaller than what was asked for, or not a multiple of the element.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.frombuffer(b"\\x01\\x02", dtype=tl.uint8)
    tensor([1, 2], dtype=uint8)
    """
    with named("frombuffer"):
        return asarray(np.frombuffer(buffer, dtype, count, offset))


def copy(a, order="K", subok=False):
    """A copy with memory of its own.

    Parameters
    ----------
    a : array_like
    order : {"C", "F", "A", "K"}
        Memory layout of the copy; "K" is the layout of `a`.
    subok : bool
        Of no effect, as tensors have no subclasses that functions know.

    Returns
    -------
    Tensor
        Shape and dtype of `a`; differentiable.

    Raises
    ------
    ValueError
        If `order` is none of the four.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.arange(3)
    >>> tl.copy(x)[0] = 5
    >>> x
    tensor([0, 1, 2])
    """
    return apply(ops.copy, (asarray(a),), (memory_order("copy", order, "K"),))


def ascontiguousarray(a, dtype=None, *, like=None):
    """An array in C order with at least one axis; `a` itself where it is that already.

    Parameters
    ----------
    a : array_like
    dtype : dtype, optional
        By default that of `a`.
    like : Tensor, optional
        Of no effect here; NumPy's functions pass a call on to the library by it.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.ascontiguousarray(tl.zeros((2, 3)).T).flags.c_contiguous
    True
    """
    a = asarray(a, dtype, "C")
    return reshape(a, (1,)) if a.ndim == 0 else a
