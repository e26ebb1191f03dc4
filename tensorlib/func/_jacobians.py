"""Jacobians and Hessians: products with all unit vectors at once."""

import functools

from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import reshape
from tensorlib._core._tensor import Tensor
from tensorlib._creation import eye
from tensorlib.func._directional import jvp
from tensorlib.func._reverse import Recorded, as_function, one_of
from tensorlib.func._trees import check_tensors, flatten
from tensorlib.func._vmap import vmap


def _unit_vectors(leaves):
    """For each leaf of a tree its part of the identity matrix over all elements of all leaves."""
    total = sum(x.size for x in leaves)
    basis, start = [], 0
    for x in leaves:
        part = eye(total, x.size, -start, dtype=arithmetic_dtype_of(x.dtype), device=x.device)
        basis.append(reshape(part, (total, *x.shape)))
        start += x.size
    return basis


def _blocks(rows, leaves):
    """Rows for all elements of a tree, cut into those of each leaf."""
    found, start = [], 0
    for x in leaves:
        found.append(reshape(rows[start : start + x.size], (*x.shape, *rows.shape[1:])))
        start += x.size
    return found


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None):
    """A function that computes the Jacobian of another, row by row in reverse mode.

    Parameters
    ----------
    func : callable
        Returns Tensors, or with `has_aux` a pair of them and anything.
    argnums : int or tuple of int, optional
        By which arguments to differentiate.
    has_aux : bool, optional
    chunk_size : int, optional
        How many rows are computed at once, to save memory.

    Returns
    -------
    callable
        Of the same arguments. For each output, in their structure, it returns for each argument
        a Tensor of the shape of the output followed by that of the argument; or
        ``(jacobian, aux)``.

    Raises
    ------
    TypeError
        If something else than Tensors of an inexact dtype is to be differentiated.

    See Also
    --------
    jacfwd : column by column, quicker where there are more outputs than inputs.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.jacrev(lambda x: x * x)(tl.asarray([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        function, chosen = as_function("jacrev", func, argnums, args, kwargs)
        call = Recorded("jacrev", function, chosen, has_aux)
        outputs, rebuild = call.outputs, call.rebuild_outputs
        basis = _unit_vectors(outputs)
        rows = vmap(lambda *seeds: call.pull(seeds, True), chunk_size=chunk_size)(*basis)
        leaves, rebuild_inputs = flatten(call.free(rows))
        blocks = zip(*[_blocks(x, outputs) for x in leaves], strict=True)
        found = rebuild([one_of(argnums, rebuild_inputs(list(parts))) for parts in blocks])
        return (found, call.aux) if has_aux else found

    return wrapper


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error", chunk_size=None):
    """A function that computes the Jacobian of another, column by column in forward mode.

    Parameters
    ----------
    func, argnums, has_aux, chunk_size
        As of `jacrev`.
    randomness : {"error", "different", "same"}, optional
        As of `vmap`.

    Returns
    -------
    callable
        As that of `jacrev`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.jacfwd(lambda x: x * x)(tl.asarray([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        function, chosen = as_function("jacfwd", func, argnums, args, kwargs)
        inputs, rebuild_inputs = check_tensors("jacfwd", "to differentiate by", chosen)
        basis = rebuild_inputs(_unit_vectors(inputs))

        def column(*tangents):
            output, tangent, *aux = jvp(function, chosen, tangents, has_aux=has_aux)
            others[:], rebuild_others[:] = flatten(aux)[0], [flatten(aux)[1]]
            return tangent, output, [x for x in others if isinstance(x, Tensor)]

        others, rebuild_others = [], []  # leaves of aux, which need not be Tensors
        columns, output, tensors = vmap(
            column, out_dims=(0, None, None), randomness=randomness, chunk_size=chunk_size
        )(*basis)
        outputs, rebuild = flatten(output)
        found = []
        for x, columns_of_x in zip(outputs, flatten(columns)[0], strict=True):
            parts = [_last(part, x.ndim) for part in _split(columns_of_x, inputs)]
            found.append(one_of(argnums, rebuild_inputs(parts)))
        if not has_aux:
            return rebuild(found)
        tensors = iter(tensors)
        (aux,) = rebuild_others[0]([next(tensors) if isinstance(x, Tensor) else x for x in others])
        return rebuild(found), aux

    return wrapper


def _split(columns, inputs):
    return zip(_blocks(columns, inputs), inputs, strict=True)


def _last(pair, rank):
    """Columns with the axes of the output in front of those of the input."""
    part, x = pair
    axes = tuple(range(x.ndim, x.ndim + rank)) + tuple(range(x.ndim))
    return part.transpose(axes) if axes else part


def hessian(func, argnums=0):
    """A function that computes the Hessian of a scalar function: forward over reverse mode.

    Parameters
    ----------
    func : callable
        Returns a Tensor, of one element for the Hessian in the usual sense.
    argnums : int or tuple of int, optional

    Returns
    -------
    callable
        Of the same arguments: the Jacobian of the Jacobian.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.hessian(lambda x: (x**3).sum())(tl.asarray([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
