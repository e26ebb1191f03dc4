"""``Parameter``: a Tensor that a module counts among its own, and its relatives."""

from tensorlib._core._functions import asarray, empty, zeros_like
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import rewrap


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


class Buffer(Tensor):
    """A Tensor that becomes a buffer of the `Module` it is assigned to.

    Parameters
    ----------
    data : array_like
        The first values. A Tensor is not copied: the buffer shares its storage.
    persistent : bool, optional
        Whether the module's ``state_dict`` has it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> module = nn.Module()
    >>> module.mean = nn.Buffer(tl.zeros(3))
    >>> list(module.state_dict())
    ['mean']
    """

    persistent = True

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            return super().__new__(cls)
        return Tensor._make_subclass(cls, asarray(data))

    def __init__(self, data=None, *, persistent=True):
        if data is None:
            raise TypeError("Buffer: expected an array_like, got nothing")
        self.persistent = persistent

    def __deepcopy__(self, memo):
        copied = super().__deepcopy__(memo)
        copied.persistent = self.persistent
        return copied

    def __reduce__(self):
        return *super().__reduce__(), {"persistent": self.persistent}


class _Uninitialized:
    """What a parameter and a buffer without a shape have in common."""

    becomes = None

    def __new__(cls, *args, **kwargs):
        return Tensor.__new__(cls)  # __init__ gives it storage

    @property
    def shape(self):
        """There is none yet."""
        raise RuntimeError(
            f"{type(self).__name__}: there is no shape yet; call the module that it belongs to, or "
            "materialize it"
        )

    def materialize(self, shape, dtype=None):
        """Give the tensor a shape, and elements that have no value yet.

        Parameters
        ----------
        shape : int or tuple of int
        dtype : dtype, optional
            Its own by default.
        """
        replace(self, empty(shape, dtype=self.dtype if dtype is None else dtype))
        self.__class__ = self.becomes

    def __repr__(self):
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape is not known before the first call of its module.

    Parameters
    ----------
    requires_grad : bool, optional
        Whether gradients are collected.
    dtype : dtype, optional
        Of the elements to be, float32 by default.

    Examples
    --------
    >>> from tensorlib import nn
    >>> weight = nn.UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, weight.shape, weight.requires_grad
    ('Parameter', (2, 3), True)
    """

    becomes = Parameter

    def __init__(self, requires_grad=True, dtype="float32"):
        replace(self, empty(0, dtype=dtype))
        self.requires_grad = requires_grad


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape is not known before the first call of its module.

    Parameters
    ----------
    requires_grad : bool, optional
        Whether gradients are collected.
    dtype : dtype, optional
        Of the elements to be, float32 by default.
    persistent : bool, optional
        Whether the module's ``state_dict`` has it.

    Examples
    --------
    >>> from tensorlib import nn
    >>> mean = nn.UninitializedBuffer()
    >>> mean
    <UninitializedBuffer>
    >>> mean.materialize(3)
    >>> mean.shape
    (3,)
    """

    becomes = Buffer

    def __init__(self, requires_grad=False, dtype="float32", persistent=True):
        replace(self, empty(0, dtype=dtype))
        self.requires_grad = requires_grad
        self.persistent = persistent


def is_lazy(param):
    """Whether a parameter or buffer has no shape yet."""
    return isinstance(param, _Uninitialized)


def replace(tensor, value):
    """Give a parameter or buffer, which stays the same object, the memory of another Tensor."""
    rewrap(tensor, value, None)


def clear_gradients(parameters, set_to_none):
    """Drop the gradients of the parameters, or set them to zero."""
    for parameter in parameters:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad = zeros_like(parameter.grad)
