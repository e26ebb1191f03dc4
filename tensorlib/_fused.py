"""``fused``: chains of elementwise functions computed together, block by block."""

import functools

from tensorlib._core._recorder import watched
from tensorlib._core._tensor import Tensor


def fused(function):
    """Decorate a function of elementwise operations so that they are computed together.

    The function runs as it is at each call, but its elementwise operations (arithmetic, the
    functions of the main namespace that NumPy has as ufuncs, `where`) wait until something else
    needs a result, or the function returns. Then all that wait are computed block by block, in
    blocks that stay in the processor's cache, on several threads. So memory is read once for each
    operand and written once for each result, whatever the number of operations. What numexpr does
    for expressions given as text, this does for Python. On a GPU all that wait are one kernel.

    The numbers are those of the plain function, bit by bit. Gradients are computed in the same
    way: only the operands are kept for them.

    Parameters
    ----------
    function : callable
        Of any arguments. Large tensors gain; an operation on less than 262,144 elements is
        computed at once. Where the tensors among the arguments are of one such shape, and under
        transforms, `vmap` and others, it runs as if it were not decorated.

    Returns
    -------
    callable

    Examples
    --------
    >>> import tensorlib as tl
    >>> @tl.fused
    ... def damped(t, rate):
    ...     return tl.exp(-rate * t) * tl.cos(6 * t)
    >>> t = tl.linspace(0, 1, 100_000)
    >>> float(damped(t, 2.0)[-1].round(4))
    0.1299

    References
    ----------
    Blocks over compiled loops are the idea of numexpr: F. Alted, "Why Modern CPUs Are Starving and
    What Can Be Done about It", Computing in Science & Engineering 12, 2010.
    """

    @functools.wraps(function)
    def call(*args, **kwargs):
        if watched():
            return function(*args, **kwargs)
        from tensorlib.autograd._fusing import WORTH, Fusing

        tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, Tensor)]
        if len({x.shape for x in tensors}) == 1 and tensors[0].size < WORTH:
            return function(*args, **kwargs)
        with Fusing():
            return function(*args, **kwargs)

    return call
