"""Gradients on request: ``grad`` returns them, ``backward`` adds them to the leaves."""

import numpy as np

from tensorlib._core import _backward
from tensorlib._core._functions import asarray, full_like
from tensorlib._core._tensor import Tensor, add_methods
from tensorlib._lazy import lazy_module

func = lazy_module("tensorlib.func")  # a layer above this one


def _tensors(name, argument, value):
    """`value` as a non-empty tuple of tensors."""
    tensors = (value,) if isinstance(value, Tensor) else tuple(value)
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name}: expected Tensors as {argument}, got {type(tensor).__name__} "
                f"at position {position}"
            )
    if not tensors:
        raise ValueError(f"{name}: expected at least one Tensor as {argument}, got none")
    return tensors


def _seed(name, position, output, gradient):
    """The gradient to start from at one output."""
    if not output.requires_grad:
        raise RuntimeError(
            f"{name}: expected outputs that require a gradient, "
            f"got one that requires none at position {position}"
        )
    if gradient is None:
        if output.size != 1:
            raise RuntimeError(
                f"{name}: expected a gradient for an output that is not a scalar, got none "
                f"for the shape {output.shape} at position {position}"
            )
        if output.dtype.kind == "c":
            raise RuntimeError(
                f"{name}: expected a gradient for a complex output, got none for the dtype "
                f"{output.dtype} at position {position}"
            )
        return full_like(output, 1)
    gradient = asarray(gradient)
    if gradient.shape != output.shape:
        raise RuntimeError(
            f"{name}: expected a gradient of the output's shape {output.shape}, "
            f"got {gradient.shape} at position {position}"
        )
    if gradient.dtype == output.dtype:
        return gradient
    if not np.can_cast(gradient.dtype, output.dtype, "same_kind"):
        raise RuntimeError(
            f"{name}: expected a gradient of the output's dtype {output.dtype}, "
            f"got {gradient.dtype} at position {position}"
        )
    return gradient.astype(output.dtype)


def _seeds(name, outputs, gradients):
    if gradients is None:
        gradients = (None,) * len(outputs)
    elif isinstance(gradients, Tensor | np.ndarray):
        gradients = (gradients,)
    else:
        gradients = tuple(gradients)
    if len(gradients) != len(outputs):
        raise RuntimeError(
            f"{name}: expected one gradient for each of {len(outputs)} outputs, "
            f"got {len(gradients)}"
        )
    return tuple([_seed(name, i, output, gradients[i]) for i, output in enumerate(outputs)])


def _check_inputs(name, inputs):
    for position, tensor in enumerate(inputs):
        if not tensor.requires_grad:
            raise RuntimeError(
                f"{name}: expected inputs that require a gradient, "
                f"got one that requires none at position {position}"
            )


def grad(
    outputs,
    inputs=None,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    allow_unused=False,
    *,
    argnum=0,
):
    """
    Gradients of the outputs with respect to the inputs; or of a function, a function.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensors, or callable
        What is differentiated. Each must require a gradient. Of a function, the function is
        returned that computes its gradient, as in HIPS autograd and `tensorlib.func.grad`; its
        second argument is then `argnum`.
    inputs : Tensor or sequence of Tensors
        With respect to what: leaves or intermediate results, each requiring a gradient.
    grad_outputs : Tensor, sequence of Tensors or None, optional
        A factor for each output, of its shape: the gradient of some scalar with respect to the
        output. None, for all or for one, stands for 1 and needs a real output of one element.
    retain_graph : bool, optional
        Keep what the walk needs, so that it can be repeated. By default the value of
        `create_graph`.
    create_graph : bool, optional
        Record the gradients too, so that they can be differentiated.
    allow_unused : bool, optional
        Return None for an input on which no output depends, instead of raising.
    argnum : int or tuple of int, optional
        Of a function: by which arguments to differentiate.

    Returns
    -------
    tuple of Tensors
        One gradient for each input, of its shape and dtype. Nothing is added to ``.grad``.
        Of complex inputs it is the direction of steepest ascent (PyTorch's convention). Of a
        function, a function of the same arguments.

    Raises
    ------
    TypeError
        Where something else than a Tensor is given.
    ValueError
        Where no output or no input is given.
    RuntimeError
        Where an output or an input requires no gradient, where a gradient of an output is
        missing or has another shape or kind of dtype, where the graph has been freed, and where an
        input is not used and `allow_unused` is False.

    See Also
    --------
    backward : adds the gradients to the ``.grad`` of the leaves.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> (first,) = tl.autograd.grad((x**3).sum(), x, create_graph=True)
    >>> print(first.detach())
    [ 3. 12.]
    >>> (second,) = tl.autograd.grad(first.sum(), x)
    >>> print(second)
    [ 6. 12.]
    >>> print(tl.autograd.grad(tl.sin)(0.0))
    1.0
    """
    if callable(outputs):
        return _gradient_of_function(outputs, argnum if inputs is None else inputs)
    if inputs is None:
        raise TypeError("grad: expected inputs to differentiate by, got none")
    outputs = _tensors("grad", "outputs", outputs)
    inputs = _tensors("grad", "inputs", inputs)
    seeds = _seeds("grad", outputs, grad_outputs)
    _check_inputs("grad", inputs)
    if retain_graph is None:
        retain_graph = create_graph
    gradients = _backward.backward(outputs, seeds, inputs, retain_graph, create_graph, False)
    if not allow_unused:
        for position, gradient in enumerate(gradients):
            if gradient is None:
                raise RuntimeError(
                    "grad: expected inputs on which the outputs depend, got one that was not "
                    f"used at position {position}; allow_unused=True returns None for it"
                )
    return gradients


def _gradient_of_function(function, argnum):
    if not isinstance(argnum, int | tuple | list):
        raise TypeError(
            f"grad: expected the numbers of arguments for a function, got {type(argnum).__name__}"
        )
    return func.grad(function, argnum)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, inputs=None):
    """
    Add the gradients of tensors to the ``.grad`` of the leaves on which they depend.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensors
        What is differentiated. Each must require a gradient.
    grad_tensors : Tensor, sequence of Tensors or None, optional
        A factor for each tensor, of its shape. None, for all or for one, stands for 1 and needs
        a real tensor of one element.
    retain_graph : bool, optional
        Keep what the walk needs, so that it can be repeated. By default the value of
        `create_graph`.
    create_graph : bool, optional
        Record the gradients too, so that they can be differentiated.
    inputs : Tensor or sequence of Tensors, optional
        Add to the ``.grad`` of these alone.

    Raises
    ------
    TypeError
        Where something else than a Tensor is given.
    ValueError
        Where no tensor, or an empty sequence of inputs, is given.
    RuntimeError
        Where a tensor or an input requires no gradient, where a gradient of a tensor is missing
        or has another shape or kind of dtype, and where the graph has been freed.

    See Also
    --------
    grad : returns the gradients instead.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> tl.autograd.backward([x.sum(), (x * x).sum()])
    >>> print(x.grad)
    [3. 5.]
    """
    tensors = _tensors("backward", "tensors", tensors)
    if inputs is not None:
        inputs = _tensors("backward", "inputs", inputs)
        _check_inputs("backward", inputs)
    seeds = _seeds("backward", tensors, grad_tensors)
    if retain_graph is None:
        retain_graph = create_graph
    _backward.backward(tensors, seeds, inputs, retain_graph, create_graph, True)


def _backward_method(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Add the gradients of this tensor to the leaves that it was made from.

    Parameters
    ----------
    gradient : Tensor, optional
        The gradient of something with respect to this tensor; needed unless it has one element.
    retain_graph : bool, optional
        Keep the graph for another walk; as `create_graph` by default.
    create_graph : bool, optional
        Record the walk, for higher derivatives.
    inputs : sequence of Tensor, optional
        Add to the gradients of these only.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    backward(self, gradient, retain_graph, create_graph, inputs)


add_methods({"backward": _backward_method})
