"""Hooks of tensors: functions that see a gradient on its way."""

import weakref

from tensorlib._core._backward import hooks_of
from tensorlib._core._hooks import RemovableHandle
from tensorlib._core._tensor import add_methods

__all__ = ["RemovableHandle"]


def _functions(tensor, name):
    """The hooks that the gradient of a tensor goes through."""
    if not tensor.requires_grad:
        raise RuntimeError(
            f"{name}: expected a tensor that requires a gradient, got one of shape {tensor.shape} "
            "that requires none"
        )
    if tensor.is_leaf:
        return hooks_of(tensor, "gradient")
    return tensor.grad_fn.hooks_of(tensor.output_nr)


def register_hook(self, hook):
    """Call a function with the gradient of this tensor whenever one is computed.

    Parameters
    ----------
    hook : callable
        ``hook(gradient)`` returns None, or the gradient to go on with: a Tensor of the same shape.

    Returns
    -------
    RemovableHandle
        Its ``remove`` undoes this.

    Raises
    ------
    RuntimeError
        If the tensor requires no gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> handle = x.register_hook(lambda gradient: 10 * gradient)
    >>> (x * x).sum().backward()
    >>> print(x.grad)
    [20. 40.]
    """
    functions = _functions(self, "register_hook")
    handle = RemovableHandle(functions, hook)
    if "retain_grad" in functions:  # goes last, as it keeps what the others made
        functions["retain_grad"] = functions.pop("retain_grad")
    return handle


def register_post_accumulate_grad_hook(self, hook):
    """Call a function with this leaf each time after a walk has added to its ``grad``.

    Parameters
    ----------
    hook : callable
        ``hook(tensor)``; what it returns is not used.

    Returns
    -------
    RemovableHandle
        Its ``remove`` undoes this.

    Raises
    ------
    RuntimeError
        If the tensor is no leaf that requires a gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2).requires_grad_()
    >>> handle = x.register_post_accumulate_grad_hook(lambda x: print(x.grad))
    >>> x.sum().backward()
    [1. 1.]
    """
    if not (self.requires_grad and self.is_leaf):
        raise RuntimeError(
            "register_post_accumulate_grad_hook: expected a leaf that requires a gradient, got "
            f"{'a result' if self.requires_grad else 'a tensor that requires none'}"
        )
    return RemovableHandle(hooks_of(self, "accumulated"), hook)


def retain_grad(self):
    """Keep the gradient of this result in its ``grad``, as if it were a leaf.

    It is kept as it is after all hooks.

    Raises
    ------
    RuntimeError
        If the tensor requires no gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2).requires_grad_()
    >>> y = 3 * x
    >>> y.retain_grad()
    >>> (y * y).sum().backward()
    >>> print(y.grad)
    [6. 6.]
    """
    functions = _functions(self, "retain_grad")
    if self.is_leaf or self.retains_grad:
        return
    # The tensor holds its node, so the node's hook must not hold the tensor.
    functions["retain_grad"] = _Retainer(weakref.ref(self))


class _Retainer:
    def __init__(self, tensor):
        self.tensor = tensor

    def __call__(self, gradient):
        tensor = self.tensor()
        if tensor is not None:
            # A copy, as gradients on their way may share memory, even among their elements.
            tensor.grad = gradient.copy() if tensor.grad is None else tensor.grad + gradient


def _retains_grad(self):
    """bool: whether `retain_grad` was called."""
    if not self.requires_grad or self.is_leaf:
        return False
    retainer = self.grad_fn.hooks_of(self.output_nr).get("retain_grad")
    return retainer is not None and retainer.tensor() is self


add_methods(
    {
        "register_hook": register_hook,
        "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
        "retain_grad": retain_grad,
        "retains_grad": property(_retains_grad),
    }
)
