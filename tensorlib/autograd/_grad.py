"""Gradients on request: ``grad`` returns them, ``backward`` adds them to the leaves."""

import warnings

import numpy as np

from tensorlib._core import _backward
from tensorlib._core._dtypes import arithmetic_dtype_of
from tensorlib._core._functions import asarray, full_like, zeros_like
from tensorlib._core._tensor import Tensor, add_methods
from tensorlib._core._wrapping import wrapped_of
from tensorlib._lazy import lazy_module

func = lazy_module("tensorlib.func")  # a layer above this one


def as_tensors(name, argument, value):
    """A Tensor, or a sequence or dict of them, as a tuple."""
    try:
        values = value.values() if isinstance(value, dict) else value
        tensors = (value,) if isinstance(value, Tensor) else tuple(values)
    except TypeError:
        raise TypeError(
            f"{name}: expected Tensors as {argument}, got {type(value).__name__}"
        ) from None
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{name}: expected Tensors as {argument}, got {type(tensor).__name__} "
                f"at position {position}"
            )
    return tensors


def _some_tensors(name, argument, value):
    """The same, not empty."""
    tensors = as_tensors(name, argument, value)
    if not tensors:
        raise ValueError(f"{name}: expected at least one Tensor as {argument}, got none")
    return tensors


def _seed(name, position, output, gradient, batched):
    """The gradient to start from at one output, or a batch of them."""
    if not output.requires_grad:
        raise RuntimeError(
            f"{name}: expected outputs that require a gradient, "
            f"got one that requires none at position {position}"
        )
    if gradient is None:
        if batched:
            raise RuntimeError(
                f"{name}: expected a batch of gradients for each output, as is_grads_batched is "
                f"true, got none at position {position}"
            )
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
        if wrapped_of(output) is not None:
            return full_like(output, 1)
        return _backward.one_for(output)
    if not isinstance(gradient, Tensor):
        gradient = asarray(gradient, device=output.device)
    if gradient.device != output.device:
        raise RuntimeError(
            f"{name}: expected a gradient on the output's device {output.device}, "
            f"got one on {gradient.device} at position {position}; use to()"
        )
    if batched and (not gradient.ndim or gradient.shape[1:] != output.shape):
        raise RuntimeError(
            f"{name}: expected a batch of gradients of the output's shape {output.shape}, along "
            f"the first axis, got the shape {gradient.shape} at position {position}"
        )
    if not batched and gradient.shape != output.shape:
        raise RuntimeError(
            f"{name}: expected a gradient of the output's shape {output.shape}, "
            f"got {gradient.shape} at position {position}"
        )
    dtype = arithmetic_dtype_of(output.dtype)
    if gradient.dtype == dtype:
        return gradient
    if not np.can_cast(gradient.dtype, dtype, "same_kind"):
        raise RuntimeError(
            f"{name}: expected a gradient of the output's dtype {output.dtype}, "
            f"got {gradient.dtype} at position {position}"
        )
    return gradient.astype(dtype)


def _seeds(name, outputs, gradients, batched=False):
    if gradients is None:
        gradients = (None,) * len(outputs)
    elif isinstance(gradients, Tensor | np.ndarray | float | int | complex):
        gradients = (gradients,)
    else:
        gradients = tuple(gradients)
    if len(gradients) != len(outputs):
        raise RuntimeError(
            f"{name}: expected one gradient for each of {len(outputs)} outputs, "
            f"got {len(gradients)}"
        )
    return tuple([
        _seed(name, i, output, gradients[i], batched) for i, output in enumerate(outputs)
    ])  # fmt: skip


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
    only_inputs=True,
    allow_unused=None,
    is_grads_batched=False,
    materialize_grads=False,
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
    inputs : Tensor, or sequence or dict of Tensors
        With respect to what: leaves or intermediate results, each requiring a gradient.
    grad_outputs : Tensor, sequence of Tensors or None, optional
        A factor for each output, of its shape: the gradient of some scalar with respect to the
        output. None, for all or for one, stands for 1 and needs a real output of one element.
    retain_graph : bool, optional
        Keep what the walk needs, so that it can be repeated. By default the value of
        `create_graph`.
    create_graph : bool, optional
        Record the gradients too, so that they can be differentiated.
    only_inputs : bool, optional
        Without effect, and deprecated, as in PyTorch.
    allow_unused : bool, optional
        Return None for an input on which no output depends, instead of raising. By default the
        value of `materialize_grads`.
    is_grads_batched : bool, optional
        Whether `grad_outputs` have an axis more, the first: there is one walk for all that lie
        along it, by `tensorlib.func.vmap`, and the gradients have that axis too.
    materialize_grads : bool, optional
        Return zeros for an input on which no output depends.
    argnum : int or tuple of int, optional
        Of a function: by which arguments to differentiate.

    Returns
    -------
    tuple or dict of Tensors
        One gradient for each input, of its shape and dtype. Nothing is added to ``.grad``.
        A dict for a dict of inputs. Of complex inputs it is the direction of steepest ascent
        (PyTorch's convention). Of a function, a function of the same arguments.

    Raises
    ------
    TypeError
        Where something else than a Tensor is given.
    ValueError
        Where no output or no input is given, and where `materialize_grads` is True and
        `allow_unused` False.
    RuntimeError
        Where an output or an input requires no gradient, where a gradient of an output is
        missing or has another shape or kind of dtype, where the graph has been freed, and where an
        input is not used and neither `allow_unused` nor `materialize_grads` is True.

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
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "grad: expected allow_unused to be None or True, as materialize_grads is True, got "
            "False"
        )
    if not only_inputs:
        warnings.warn("grad: only_inputs has no effect", FutureWarning, stacklevel=2)
    names = list(inputs) if isinstance(inputs, dict) else None
    outputs = _some_tensors("grad", "outputs", outputs)
    inputs = _some_tensors("grad", "inputs", inputs)
    seeds = _seeds("grad", outputs, grad_outputs, is_grads_batched)
    _check_inputs("grad", inputs)
    if retain_graph is None:
        retain_graph = create_graph

    def walk(*seeds):
        found = _backward.backward(outputs, seeds, inputs, retain_graph, create_graph, False)
        if not materialize_grads:
            _check_used(found, allow_unused)
            return found
        return tuple([
            zeros_like(x.detach()).requires_grad_(create_graph) if g is None else g
            for x, g in zip(inputs, found, strict=True)
        ])  # fmt: skip

    gradients = _walk_of_batch(walk, seeds) if is_grads_batched else walk(*seeds)
    return gradients if names is None else dict(zip(names, gradients, strict=True))


def _check_used(gradients, allow_unused):
    if not allow_unused:
        for position, gradient in enumerate(gradients):
            if gradient is None:
                raise RuntimeError(
                    "grad: expected inputs on which the outputs depend, got one that was not "
                    f"used at position {position}; allow_unused=True returns None for it"
                )


def _walk_of_batch(walk, seeds):
    """A walk under vmap, which takes no None."""
    used = []

    def of_used(*seeds):
        gradients = walk(*seeds)
        used[:] = [g is not None for g in gradients]
        return [g for g in gradients if g is not None]

    found = iter(func.vmap(of_used)(*seeds))
    return tuple([next(found) if one else None for one in used])


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
    inputs : Tensor, or sequence or dict of Tensors, optional
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
    tensors = _some_tensors("backward", "tensors", tensors)
    if inputs is not None:
        inputs = _some_tensors("backward", "inputs", inputs)
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
    if gradient is None and inputs is None:  # the usual call, at once
        seed = _seed("backward", 0, self, None, False)
        retain_graph = create_graph if retain_graph is None else retain_graph
        _backward.backward((self,), (seed,), None, retain_graph, create_graph, True)
        return
    backward(self, gradient, retain_graph, create_graph, inputs)


add_methods({"backward": _backward_method})
