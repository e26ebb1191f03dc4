"""Modules called with other parameters and buffers than their own."""

from collections.abc import Mapping, Sequence

from tensorlib._core._tensor import Tensor
from tensorlib._joining import stack
from tensorlib.autograd import no_grad


def functional_call(
    module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False
):
    """Call a module with Tensors in the place of its parameters and buffers.

    Nothing is copied: the Tensors stand in the module while it runs, and then its own do again,
    also after an error. So derivatives by them can be taken, of any order.

    Parameters
    ----------
    module : Module
    parameter_and_buffer_dicts : dict, or sequence of dicts
        Names, as `Module.named_parameters` has them, to Tensors; the module's own serve for names
        that are not there. If ``forward`` assigns another Tensor to a buffer, the dict gets that.
    args : tuple or object, optional
        Arguments of the call; what is no tuple is the only one.
    kwargs : dict, optional
    tie_weights : bool, optional
        Whether a Tensor for one name of a parameter with several stands for it under all.
    strict : bool, optional
        Whether the names must be those of the module's parameters and buffers, without a rest.

    Returns
    -------
    object
        What the module returns.

    Raises
    ------
    RuntimeError
        If `strict` is true and names are missing or unknown.
    TypeError
        If a value is no Tensor, or there are no dicts.
    ValueError
        If a name is in several dicts, or `tie_weights` is true and a parameter gets several values.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.nn.functional_call import functional_call
    >>> layer = nn.Linear(2, 1)
    >>> weights = {"weight": tl.asarray([[1.0, 10.0]]), "bias": tl.zeros(1)}
    >>> functional_call(layer, weights, tl.asarray([[1.0, 2.0]]))
    tensor([[21.]])
    """
    given = _merged(parameter_and_buffer_dicts)
    places = _places(module)
    if strict:
        _check_names(module, given, places)
    values = _tied(given, places) if tie_weights else given
    swaps = [(name, *places[name][:2], value) for name, value in values.items() if name in places]
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    before = [table[key] for _, table, key, _ in swaps]
    try:
        for _, table, key, value in swaps:
            table[key] = value
        return module(*args, **(kwargs or {}))
    finally:
        for (name, table, key, value), own in zip(swaps, before, strict=True):
            if name in given and table.get(key) is not value:
                _write_back(parameter_and_buffer_dicts, name, table.get(key))
            table[key] = own


def stack_module_state(models):
    """The parameters and buffers of several modules, stacked along a new first axis.

    For a `vmap` over `functional_call`: an ensemble in one call.

    Parameters
    ----------
    models : sequence of Module
        Of one class, in one mode.

    Returns
    -------
    params, buffers : dict of str to Tensor
        Leaves; they require a gradient where the modules' own do.

    Raises
    ------
    RuntimeError
        If there are no modules, they differ in class or mode, or in what requires a gradient.
    ValueError
        If they differ in shapes.

    Examples
    --------
    >>> from tensorlib import nn
    >>> from tensorlib.nn.functional_call import stack_module_state
    >>> params, buffers = stack_module_state([nn.Linear(2, 3) for _ in range(5)])
    >>> {name: x.shape for name, x in params.items()}
    {'weight': (5, 3, 2), 'bias': (5, 3)}
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: expected at least one module, got none")
    for what, values in (
        ("class", {type(model).__name__ for model in models}),
        ("mode", {"training" if model.training else "evaluation" for model in models}),
    ):
        if len(values) > 1:
            found = " and ".join(sorted(values))
            raise RuntimeError(f"stack_module_state: expected modules of one {what}, got {found}")
    params = [dict(model.named_parameters()) for model in models]
    buffers = [dict(model.named_buffers()) for model in models]
    return _stacked(params), _stacked(buffers)


def _merged(dicts):
    if isinstance(dicts, Mapping):
        dicts = [dicts]
    elif not isinstance(dicts, Sequence) or not all(isinstance(d, Mapping) for d in dicts):
        kind = type(dicts).__name__
        raise TypeError(f"functional_call: expected a dict or a sequence of dicts, got {kind}")
    merged = {}
    for part in dicts:
        for name, value in part.items():
            if name in merged:
                raise ValueError(f"functional_call: expected {name!r} in one dict, got it in two")
            if not isinstance(value, Tensor):
                kind = type(value).__name__
                raise TypeError(f"functional_call: expected a Tensor for {name!r}, got {kind}")
            merged[name] = value
    return merged


def _places(module):
    """Where each parameter and buffer is: name -> (dict, key, the Tensor there)."""
    places = {}
    for path, owner in module.named_modules(remove_duplicate=False):
        for table in (owner._parameters, owner._buffers):
            for key, member in table.items():
                if member is not None:
                    places[f"{path}.{key}" if path else key] = table, key, member
    return places


def _check_names(module, given, places):
    problems = [
        f"{words} {', '.join(map(repr, names))}"
        for words, names in (
            ("no value for", [name for name in places if name not in given]),
            ("no place for", [name for name in given if name not in places]),
        )
        if names
    ]
    if problems:
        kind = type(module).__name__
        raise RuntimeError(f"functional_call: {kind}: {'; '.join(problems)}")


def _tied(given, places):
    """The values, each under all names of the parameter or buffer that it stands for."""
    names = {}
    for name, (_, _, member) in places.items():
        names.setdefault(id(member), []).append(name)
    values = dict(given)
    for name, value in given.items():
        if name not in places:
            continue
        for other in names[id(places[name][2])]:
            if values.setdefault(other, value) is not value:
                raise ValueError(
                    f"functional_call: {name!r} and {other!r} are one parameter, which got two "
                    "values; tie_weights=False allows it"
                )
    return values


def _write_back(dicts, name, value):
    for part in [dicts] if isinstance(dicts, Mapping) else dicts:
        if name in part:
            part[name] = value


def _stacked(states):
    result = {}
    for name, first in states[0].items():
        members = [state[name] for state in states]
        wanted = {member.requires_grad for member in members}
        if len(wanted) > 1:
            raise RuntimeError(
                f"stack_module_state: expected all {name!r} to require a gradient, or none"
            )
        with no_grad():
            stacked = stack(members)
        result[name] = stacked.requires_grad_(first.requires_grad)
    return result
