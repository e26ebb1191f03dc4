"""``Parameter``: a Tensor that a module counts among its own."""

from tensorlib._core._functions import asarray, zeros_like
from tensorlib._core._tensor import Tensor


class Parameter(Tensor):
    """A Tensor that becomes a parameter of the `Module` it is assigned to.

    Parameters
    ----------
    data : array_like
        The first values. A Tensor is not copied: the parameter shares its storage.
    requires_grad : bool, optional
        Whether gradients are collected.

    Raises
    ------
    TypeError
        If a gradient is required and the dtype is neither floating nor complex.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> weight = nn.Parameter(tl.ones((2, 3), dtype="float32"))
    >>> weight.requires_grad, weight.shape
    (True, (2, 3))
    """

    def __new__(cls, data=None, requires_grad=True):
        if data is None:  # the core makes an empty one and gives it storage
            return super().__new__(cls)
        return Tensor._make_subclass(cls, asarray(data), requires_grad)

    def __init__(self, data=None, requires_grad=True):
        if data is None:
            raise TypeError("Parameter: expected an array_like, got nothing")

    def __repr__(self):
        return f"Parameter containing:\n{self.detach()!r}"


def clear_gradients(parameters, set_to_none):
    """Drop the gradients of the parameters, or set them to zero."""
    for parameter in parameters:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad = zeros_like(parameter.grad)
