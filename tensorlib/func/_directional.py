"""Derivatives along directions, by forward mode."""

from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import zeros_like
from tensorlib.autograd._mode import enable_grad
from tensorlib.func._forward import Forward
from tensorlib.func._reverse import Recorded, as_function, grad
from tensorlib.func._trees import as_tensors, check_tensors, flatten, matched, without_aux


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """The value of a function and its derivative along a direction.

    Parameters
    ----------
    func : callable
        Returns Tensors, or with `has_aux` a pair of them and anything.
    primals : tuple
        Its arguments: trees of Tensors.
    tangents : tuple
        The direction: of the structure, shapes and dtypes of `primals`.
    strict : bool, optional
        Raise if an output does not depend on the arguments, in lieu of zeros.
    has_aux : bool, optional

    Returns
    -------
    output, tangent : tree of Tensor
        The derivative has the structure of the output.
    aux : object
        With `has_aux`.

    Raises
    ------
    TypeError
        If primals or tangents are no Tensors of inexact dtypes, or their structures differ.
    ValueError
        If shapes differ.

    See Also
    --------
    tensorlib.func.vjp : the other direction.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.jvp(lambda x: x * x, (tl.asarray(3.0),), (tl.asarray(1.0),))
    (tensor(9.), tensor(6.))
    """
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError("jvp: expected tuples of primals and tangents, got "
                        f"{type(primals).__name__} and {type(tangents).__name__}")  # fmt: skip
    numbers = tuple(range(len(primals)))
    function, primals = as_function("jvp", func, numbers, tuple(primals), {})
    values, rebuild = check_tensors("jvp", "as primals", primals)
    changes = matched("jvp", "tangents", as_tensors(tangents), "the primals", primals)
    for x, t in zip(values, changes, strict=True):
        if x.shape != t.shape:
            raise ValueError(f"jvp: expected tangents of the primals' shapes, got {t.shape} for "
                             f"{x.shape}")  # fmt: skip
        if x.dtype.kind not in "fVc":
            raise TypeError(f"jvp: expected floating-point or complex primals, got {x.dtype}")
        if t.dtype.kind == "c" != x.dtype.kind:
            raise TypeError(f"jvp: expected tangents of the primals' dtypes, got {t.dtype} for "
                            f"{x.dtype}")  # fmt: skip
    forward = Forward()
    try:
        with enable_grad():
            duals = [
                forward.join(x, t.astype(arithmetic_dtype_of(x.dtype)))
                for x, t in zip(values, changes, strict=True)
            ]
            with forward:
                result = function(*rebuild(duals))
        aux = ()
        if has_aux:
            result, aux = without_aux("jvp", result)
            leaves, rebuild_aux = flatten(aux)
            aux = (rebuild_aux([forward.dual(x)[0] for x in leaves]),)
        outputs, rebuild = check_tensors("jvp", "from the function", result)
        parts = [forward.dual(x) for x in outputs]
        del result, outputs  # what is left of the function's tensors is the caller's
    finally:
        forward.release()
    if strict and any(t is None for _, t in parts):
        raise RuntimeError("jvp: expected outputs that depend on the arguments, got one that does "
                           f"not at position {[t for _, t in parts].index(None)}")  # fmt: skip
    return (
        rebuild([x for x, _ in parts]),
        rebuild([zeros_like(x.detach()) if t is None else t for x, t in parts]),
        *aux,
    )


def hvp(func, primals, tangents):
    """The value of a scalar function's gradient along a direction: a product with its Hessian.

    Parameters
    ----------
    func : callable
        Returns a real Tensor of one element.
    primals, tangents : tuple
        As of `jvp`.

    Returns
    -------
    Tensor or tuple
        The product, in the structure of the one argument, or of the tuple of several.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.func.hvp(lambda x: (x**3).sum(), (tl.asarray([1.0, 2.0]),), (tl.asarray([1.0, 0.0]),))
    tensor([6., 0.])
    """
    argnums = 0 if len(primals) == 1 else tuple(range(len(primals)))
    return jvp(grad(func, argnums), primals, tangents)[1]


def linearize(func, *primals):
    """The value of a function, and the function of directions that is its derivative there.

    The derivative keeps the graph of one call: reverse mode, transposed once more, so that any
    number of directions costs no further call of `func`.

    Parameters
    ----------
    func : callable
        Returns Tensors.
    *primals : tree of Tensor

    Returns
    -------
    output : tree of Tensor
    derivative : callable
        Takes a tangent for each argument, in its structure; returns one in that of the output.

    Raises
    ------
    TypeError
        If something else than Tensors of an inexact dtype is to be differentiated.

    See Also
    --------
    jvp : for one direction, without a graph in memory.

    Examples
    --------
    >>> import tensorlib as tl
    >>> output, derivative = tl.func.linearize(lambda x: x**2, tl.asarray(3.0))
    >>> derivative(tl.asarray(2.0))
    tensor(12.)
    """
    function, chosen = as_function("linearize", func, tuple(range(len(primals))), primals, {})
    call = Recorded("linearize", function, chosen, False)
    places = [i for i, x in enumerate(call.outputs) if x.dtype.kind in "fVc"]
    zeros = [zeros_like(x.detach()) for x in call.outputs]

    def with_constants(changes):
        """Changes of the differentiable outputs, and zeros for the others."""
        every = list(zeros)
        for i, change in zip(places, changes, strict=True):
            every[i] = change
        return every

    # The gradients are linear in those of the output: their own gradient is the derivative.
    seeds = tuple([zeros[i] for i in places])
    transposed = Recorded(
        "linearize", lambda *seeds: call.pull(with_constants(seeds), True), seeds, False
    )
    transposed.others = call.others  # the arguments of that call are nobody's

    def derivative(*tangents):
        changes = matched("linearize", "tangents", tangents, "the primals", chosen)
        shapes = [x.shape for x in transposed.outputs]
        if [t.shape for t in changes] != shapes:
            raise ValueError(f"linearize: expected tangents of the primals' shapes {shapes}, got "
                             f"{[t.shape for t in changes]}")  # fmt: skip
        return call.rebuild_outputs(with_constants(transposed.pull(changes, True)))

    return call.result, derivative
