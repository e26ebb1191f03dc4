"""Derivatives of functions at given arguments: PyTorch's ``torch.autograd.functional``."""

from tensorlib._core._functions import ones_like
from tensorlib._core._tensor import Tensor
from tensorlib._lazy import lazy_module
from tensorlib.autograd._grad import grad
from tensorlib.autograd._mode import enable_grad

transforms = lazy_module("tensorlib.func")  # a layer above this one

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _tensors(name, argument, value):
    """A Tensor or tuple of them as a tuple."""
    values = value if isinstance(value, tuple) else (value,)
    for position, x in enumerate(values):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"{name}: expected {argument} to be a Tensor or a tuple of them, got "
                f"{type(x).__name__} at position {position}"
            )
    return values


def _direction(name, v, like):
    """The vectors for some tensors; for one number the vector is 1."""
    if v is None:
        if len(like) != 1 or like[0].size != 1:
            raise RuntimeError(
                f"{name}: expected v for values of the shapes {[x.shape for x in like]}, got None"
            )
        return (ones_like(like[0].detach()),)
    v = _tensors(name, "v", v)
    if [x.shape for x in v] != [x.shape for x in like]:
        raise RuntimeError(
            f"{name}: expected v of the shapes {[x.shape for x in like]}, got "
            f"{[x.shape for x in v]}"
        )
    return v


def _answer(tree, create_graph):
    """A result, without history unless that is asked for."""
    if isinstance(tree, Tensor):
        return tree if create_graph else tree.detach()
    return tuple([_answer(x, create_graph) for x in tree])


def _check_dependence(name, function, inputs):
    """Refuse an output that depends not on all inputs."""
    with enable_grad():
        leaves = [x.detach().requires_grad_() for x in inputs]
        outputs = _tensors(name, "the result", function(*leaves))
    for i, output in enumerate(outputs):
        found = [None] * len(leaves)
        if output.requires_grad:
            found = grad(output, leaves, ones_like(output.detach()), True, allow_unused=True)
        for k, gradient in enumerate(found):
            if gradient is None:
                raise RuntimeError(
                    f"{name}: expected outputs that depend on all inputs, as strict is true, got "
                    f"output {i} that does not depend on input {k}"
                )


def _real_scalar(name, function):
    """The function, whose result must be one real number."""

    def checked(*args):
        output = function(*args)
        if not isinstance(output, Tensor) or output.size != 1 or output.dtype.kind == "c":
            got = f"{output.dtype} of shape {output.shape}" if isinstance(output, Tensor) \
                else type(output).__name__  # fmt: skip
            raise RuntimeError(f"{name}: expected one real output of one element, got {got}")
        return output.reshape(())

    return checked


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False,
             strategy="reverse-mode"):  # fmt: skip
    """The Jacobian of a function.

    Parameters
    ----------
    func : callable
        Returns a Tensor or a tuple of them.
    inputs : Tensor or tuple of Tensor
        Its arguments.
    create_graph : bool, optional
        Whether the result can be differentiated.
    strict : bool, optional
        Raise where an output does not depend on an input, in lieu of zeros.
    vectorize : bool, optional
        For PyTorch's sake: all rows are always computed at once.
    strategy : {"reverse-mode", "forward-mode"}, optional

    Returns
    -------
    Tensor or tuple
        Of the shape of the output followed by the input's; a tuple for a tuple of inputs, and a
        tuple of those for a tuple of outputs.

    Raises
    ------
    TypeError
        If something else than Tensors is given or returned.
    ValueError
        If the strategy is none.
    RuntimeError
        See `strict`.

    See Also
    --------
    tensorlib.autograd.jacobian : HIPS autograd's, which makes a function.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.functional.jacobian(tl.square, tl.asarray([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    return _jacobian("jacobian", func, inputs, create_graph, strict, strategy)


def _jacobian(name, function, inputs, create_graph, strict, strategy):
    given = _tensors(name, "inputs", inputs)
    names = {"reverse-mode": "jacrev", "forward-mode": "jacfwd"}
    if strategy not in names:
        raise ValueError(
            f"{name}: expected the strategy 'reverse-mode' or 'forward-mode', got {strategy!r}"
        )
    if strict:
        _check_dependence(name, function, given)
    argnums = tuple(range(len(given))) if isinstance(inputs, tuple) else 0
    transform = getattr(transforms, names[strategy])
    return _answer(transform(function, argnums)(*_inputs(given, create_graph)), create_graph)


def _inputs(given, create_graph):
    return given if create_graph else [x.detach() for x in given]


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False,
            outer_jacobian_strategy="reverse-mode"):  # fmt: skip
    """The Hessian of a function of one real value.

    Parameters
    ----------
    func : callable
        Returns a real Tensor of one element.
    inputs : Tensor or tuple of Tensor
    create_graph, strict, vectorize
        As of `jacobian`.
    outer_jacobian_strategy : {"reverse-mode", "forward-mode"}, optional

    Returns
    -------
    Tensor or tuple of tuples of Tensor
        For each pair of inputs a Tensor of the shape of the one followed by the other's.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.functional.hessian(lambda x: (x**3).sum(), tl.asarray([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    given = _tensors("hessian", "inputs", inputs)
    function = _real_scalar("hessian", func)
    if strict:
        _check_dependence("hessian", function, given)
    argnums = tuple(range(len(given))) if isinstance(inputs, tuple) else 0
    gradient = transforms.grad(function, argnums)
    return _jacobian("hessian", gradient, inputs, create_graph, False, outer_jacobian_strategy)


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function, and a vector times its Jacobian.

    Parameters
    ----------
    func : callable
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the outputs; needed unless there is one of one element.
    create_graph, strict
        As of `jacobian`.

    Returns
    -------
    output, product : Tensor or tuple of Tensor
        The product has the structure of the inputs.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.functional.vjp(tl.square, tl.asarray([1.0, 2.0]), tl.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    given = _tensors("vjp", "inputs", inputs)
    if strict:
        _check_dependence("vjp", func, given)
    output, pull = transforms.vjp(func, *_inputs(given, create_graph))
    v = _direction("vjp", v, _tensors("vjp", "the result", output))
    found = pull(v if isinstance(output, tuple) else v[0])
    found = found if isinstance(inputs, tuple) else found[0]
    return _answer(output, create_graph), _answer(found, create_graph)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function, and its Jacobian times a vector, by forward mode.

    Parameters
    ----------
    func : callable
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the inputs; needed unless there is one of one element.
    create_graph, strict
        As of `jacobian`.

    Returns
    -------
    output, product : Tensor or tuple of Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.autograd.functional.jvp(tl.square, tl.asarray([1.0, 2.0]), tl.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    given = _tensors("jvp", "inputs", inputs)
    v = _direction("jvp", v, given)
    if strict:
        _check_dependence("jvp", func, given)
    found = transforms.jvp(func, tuple(_inputs(given, create_graph)), v)
    return tuple([_answer(x, create_graph) for x in found])


def _hessian_product(name, function, inputs, v, create_graph, strict):
    given = _tensors(name, "inputs", inputs)
    v = _direction(name, v, given)
    if strict:
        _check_dependence(name, function, given)
    several = isinstance(inputs, tuple)
    given = tuple(_inputs(given, create_graph))
    scalar = _real_scalar(name, function)
    gradient = transforms.grad(scalar, tuple(range(len(given))) if several else 0)
    product = transforms.jvp(gradient, given, v)[1]
    return _answer(function(*given), create_graph), _answer(product, create_graph)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function, and its Hessian times a vector.

    Parameters
    ----------
    func : callable
        Returns a real Tensor of one element.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Of the shapes of the inputs; needed unless there is one of one element.
    create_graph, strict
        As of `jacobian`.

    Returns
    -------
    output, product : Tensor or tuple of Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0])
    >>> tl.autograd.functional.hvp(lambda x: (x**3).sum(), x, tl.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function, and a vector times its Hessian, which is symmetric: as `hvp`.

    Parameters
    ----------
    func, inputs, v, create_graph, strict
        As of `hvp`.

    Returns
    -------
    output, product : Tensor or tuple of Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0])
    >>> tl.autograd.functional.vhp(lambda x: (x**3).sum(), x, tl.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)
