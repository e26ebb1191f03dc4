"""Parameters that are computed from others: ``register_parametrization``.

A parametrized tensor is no member of its module any more. The module below, named
``parametrizations.<name>``, holds the tensors that it is computed from and the modules that compute
it; the attribute asks that module (see ``Module.__getattr__``).
"""

import contextlib

from tensorlib._core._tensor import Tensor
from tensorlib.autograd import no_grad
from tensorlib.nn.container import ModuleDict, ModuleList
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter, replace


class _Cache:
    """The values computed within blocks of `cached`."""

    depth = 0
    values = {}  # by the ParametrizationList


class ParametrizationList(ModuleList):
    """The modules that compute a tensor, one after another, and what they compute it from.

    Parameters
    ----------
    modules : iterable of Module
    original : Tensor
        The value that the tensor has.
    unsafe : bool, optional
        Whether shape and dtype may change.

    Attributes
    ----------
    original : Parameter or Tensor
        What the first module is called with; ``original0``, ``original1``, ... if its
        ``right_inverse`` returns several.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrize
    >>> computed = parametrize.ParametrizationList([nn.ReLU()], tl.asarray([1.0, -1.0]))
    >>> computed()
    tensor([1., 0.])
    """

    def __init__(self, modules, original, unsafe=False):
        modules = list(modules)
        if not modules:
            raise ValueError("ParametrizationList: expected at least one module, got none")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            value = original
            for module in reversed(modules):
                value = _inverse(module, value) if hasattr(module, "right_inverse") else value
        self.is_tensor = isinstance(value, Tensor)
        values = _listed(value)
        self.ntensors = len(values)
        if not unsafe:
            with no_grad():
                _check_same("the result of the parametrization", self._compute(values), original)
        if self.is_tensor:
            # The optimizer that has the tensor goes on with it.
            if value is not original:
                _set(original, value.detach())
            values = [original]
        elif isinstance(original, Parameter):
            values = [Parameter(part.detach(), original.requires_grad) for part in values]
        for name, part in zip(self._names(), values, strict=True):
            _register(self, name, part)

    def forward(self):
        cached = _Cache.depth > 0
        if cached and self in _Cache.values:
            return _Cache.values[self]
        value = self._compute(self._originals())
        if cached:
            _Cache.values[self] = value
        return value

    def _compute(self, originals):
        first, *rest = self
        value = first(*originals)
        for module in rest:
            value = module(value)
        return value

    def right_inverse(self, value):
        """Set the originals to what makes the tensor `value`.

        Raises
        ------
        RuntimeError
            If a parametrization has no ``right_inverse``.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrize: {type(module).__name__} has no right_inverse, so the "
                        "tensor cannot be assigned"
                    )
                value = module.right_inverse(value)
            values = _listed(value)
            if len(values) != self.ntensors:
                raise ValueError(
                    f"parametrize: expected {self.ntensors} tensors from right_inverse, got "
                    f"{len(values)}"
                )
            for new, old in zip(values, self._originals(), strict=True):
                if new.dtype != old.dtype:
                    raise ValueError(f"parametrize: expected dtype {old.dtype}, got {new.dtype}")
            for new, old in zip(values, self._originals(), strict=True):
                _set(old, new.detach())
        _Cache.values.pop(self, None)

    def _names(self):
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def _originals(self):
        return [getattr(self, name) for name in self._names()]


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Have a parameter or buffer of a module computed by another module.

    ``module.<tensor_name>`` is then ``parametrization(original)``, computed anew each time, and
    ``original`` is what is trained. A second parametrization is applied to the result of the first.

    Parameters
    ----------
    module : Module
    tensor_name : str
    parametrization : Module
        If it has a method ``right_inverse``, the tensor keeps its value (as far as that can be),
        and can be assigned to.
    unsafe : bool, optional
        Whether to allow another shape or dtype, unchecked.

    Returns
    -------
    Module
        `module`, changed.

    Raises
    ------
    ValueError
        If there is no such tensor, or the parametrization changes its shape or dtype. Nothing was
        changed then.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrize
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return tl.triu(x) + tl.triu(x, 1).T
    >>> layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    >>> list(layer.state_dict())
    ['bias', 'parametrizations.weight.original']
    """
    if not isinstance(parametrization, Module):
        kind = type(parametrization).__name__
        raise TypeError(f"register_parametrization: expected a Module, got {kind}")
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        computed = module._computed[tensor_name]
        if not unsafe:
            with no_grad():
                _check_step(parametrization, computed())
        computed.append(parametrization)
        computed.unsafe |= unsafe
        return module
    table = next((t for t in ("_parameters", "_buffers") if tensor_name in vars(module)[t]), None)
    original = vars(module)[table][tensor_name] if table else None
    if original is None:
        raise ValueError(
            f"register_parametrization: {type(module).__name__} has no parameter or buffer "
            f"{tensor_name!r}"
        )
    computed = ParametrizationList([parametrization], original, unsafe)
    computed.train(module.training)
    delattr(module, tensor_name)
    if "parametrizations" not in module._modules:
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = computed
    vars(module).setdefault("_computed", {})[tensor_name] = computed
    return module


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Make a parametrized tensor a parameter or buffer again.

    Parameters
    ----------
    module : Module
    tensor_name : str
    leave_parametrized : bool, optional
        Whether it keeps the value that it has; else it gets that of its original.

    Returns
    -------
    Module
        `module`, changed.

    Raises
    ------
    ValueError
        If the tensor is not parametrized, or is to become its original and has several.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(3, 3))
    >>> list(parametrize.remove_parametrizations(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            f"remove_parametrizations: {type(module).__name__} has no parametrization of "
            f"{tensor_name!r}"
        )
    computed = module._computed[tensor_name]
    originals = computed._originals()
    if not leave_parametrized and not computed.is_tensor:
        raise ValueError(
            f"remove_parametrizations: expected leave_parametrized=True, as {tensor_name!r} is "
            f"computed from {computed.ntensors} tensors"
        )
    member = originals[0]
    if leave_parametrized:
        with no_grad():
            value = computed().detach()
        if computed.is_tensor:
            _set(member, value)
        elif isinstance(member, Parameter):
            member = Parameter(value, any(original.requires_grad for original in originals))
        else:
            member = value
    del module.parametrizations[tensor_name], module._computed[tensor_name]
    if not module._computed:
        del module.parametrizations
    _register(module, tensor_name, member)
    return module


def is_parametrized(module, tensor_name=None):
    """Whether a tensor of a module is parametrized, or any if no name is given.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(3, 3))
    >>> parametrize.is_parametrized(layer), parametrize.is_parametrized(layer, "bias")
    (True, False)
    """
    computed = vars(module).get("_computed", ())
    return bool(computed) if tensor_name is None else tensor_name in computed


def type_before_parametrizations(module):
    """The class of a module; parametrizations do not change it.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrize
    >>> parametrize.type_before_parametrizations(nn.ReLU()).__name__
    'ReLU'
    """
    return type(module)


@contextlib.contextmanager
def cached():
    """A block in which each parametrized tensor is computed once, at its first use.

    Worth it where a tensor is used often between two steps of the optimizer, as in a recurrent
    network. A change of the originals within the block is not seen.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(nn.Linear(3, 3))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _register(module, name, tensor):
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _set(tensor, value):
    """Give a tensor, which stays the same object, another value."""
    with no_grad():
        if tensor.shape == value.shape and tensor.dtype == value.dtype:
            tensor[...] = value
        else:
            replace(tensor, value)


def _inverse(module, value):
    try:
        return module.right_inverse(value)
    except NotImplementedError:
        return value


def _listed(value):
    """What a ``right_inverse`` returned, as a sequence of Tensors."""
    values = [value] if isinstance(value, Tensor) else value
    if not isinstance(values, tuple | list) or not all(isinstance(x, Tensor) for x in values):
        raise ValueError(
            "parametrize: expected right_inverse to return a Tensor or a sequence of Tensors, got "
            f"{type(value).__name__}"
        )
    return values


def _check_step(parametrization, value):
    """Refuse a further parametrization that changes shape or dtype."""
    result = parametrization(value)
    _check_same("the result of the parametrization", result, value)
    if hasattr(parametrization, "right_inverse"):
        back = _inverse(parametrization, result)
        _check_same("the result of right_inverse", back, value)


def _check_same(what, result, value):
    if not isinstance(result, Tensor):
        kind = type(result).__name__
        raise ValueError(f"register_parametrization: expected {what} to be a Tensor, got {kind}")
    if result.shape != value.shape or result.dtype != value.dtype:
        raise ValueError(
            f"register_parametrization: expected {what} to have shape {value.shape} and dtype "
            f"{value.dtype}, got {result.shape} and {result.dtype}; unsafe=True allows it"
        )


__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]
