"""Hooks of modules that see the gradients of a call's inputs and outputs.

The gradients of several tensors arrive one by one, but a hook gets them together and may replace
them. So each tensor passes two views, all first ones made before all second ones. The backward walk
visits newer nodes first: it has been at all second views, which note what arrives, before it comes
to a first one, where the hooks are called and what they return goes on.
"""

import functools
import threading

from tensorlib._core._functions import reshape, zeros, zeros_like
from tensorlib._core._tensor import Tensor
from tensorlib.nn._hooks import BACKWARD, BACKWARD_PRE, Hook, call_hooks, register


class BackwardCall:
    """One call of a module that has such hooks.

    The tape holds this object, which holds no tensors but gradients on their way.
    """

    def __init__(self, module, hooks):
        self.module = module
        self.before = [hook for hook in hooks if hook.kind == BACKWARD_PRE]
        self.after = [hook for hook in hooks if hook.kind == BACKWARD]
        self.inputs = []  # what makes zeros like those that require a gradient, None for others
        self.here = threading.local()  # of the walk in this thread: the gradients of the outputs

    def take(self, args):
        """The arguments by position as ``forward`` gets them."""
        passed = meeting(args, self.inputs_met) if self.after else None
        args = args if passed is None else tuple(passed)
        self.inputs = [
            {"shape": x.shape, "dtype": x.dtype, "device": x.device}
            if passed and isinstance(x, Tensor) and x.requires_grad
            else None
            for x in args
        ]
        return args

    def give(self, output):
        """The output as the caller gets it."""
        if not isinstance(output, tuple | list):
            passed = meeting([output], self.outputs_met)
            return output if passed is None else passed[0]
        passed = meeting(output, self.outputs_met)
        if passed is None:
            return output
        return type(output)(*passed) if hasattr(output, "_fields") else type(output)(passed)

    def outputs_met(self, gradients):
        for hook in self.before:
            answer = hook(self.module, gradients)
            gradients = self.checked(answer, gradients, "backward pre-hook")
        if not self.after:
            return gradients
        if any(self.inputs):
            self.here.gradients = gradients
            return gradients
        nothing = (None,) * len(self.inputs)
        for hook in self.after:
            answer = hook(self.module, nothing, gradients)
            if any(part is not None for part in self.checked(answer, nothing, "backward hook")):
                raise RuntimeError(
                    f"{type(self.module).__name__}: expected None from a backward hook, as no "
                    "input requires a gradient"
                )
        return gradients

    def inputs_met(self, gradients):
        outputs = vars(self.here).pop("gradients", None)
        if outputs is None:  # of a second derivative, which did not come through the outputs
            return gradients
        gradients = tuple(
            zeros(**layout) if layout and gradient is None else gradient
            for layout, gradient in zip(self.inputs, gradients, strict=True)
        )
        for hook in self.after:
            answer = hook(self.module, gradients, outputs)
            gradients = self.checked(answer, gradients, "backward hook")
        return gradients

    def checked(self, answer, gradients, what):
        """What a hook returned, as a tuple; None leaves the gradients."""
        if answer is None:
            return gradients
        answer = answer if isinstance(answer, tuple) else (answer,)
        if len(answer) != len(gradients):
            raise RuntimeError(
                f"{type(self.module).__name__}: expected {len(gradients)} gradients or None from a "
                f"{what}, got {len(answer)}"
            )
        return answer


def meeting(values, meet):
    """The values, with views in place of the tensors whose gradients pass `meet`.

    None if no value requires a gradient. `meet` is called once in a backward walk, with a tuple
    that has None where no gradient came, and returns another.
    """
    values = list(values)
    places = [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]
    if not places:
        return None
    here = threading.local()
    first = {i: reshape(values[i], values[i].shape) for i in places}
    if not all(x.requires_grad for x in first.values()):  # within no_grad
        return None
    for i in places:
        values[i] = reshape(first[i], first[i].shape)
    for i in places:
        values[i].register_hook(functools.partial(_note, here, i))
        first[i].register_hook(functools.partial(_deliver, here, i, len(values), meet))
    return values


def _note(here, place, gradient):
    vars(here).setdefault("arrived", {})[place] = gradient


def _deliver(here, place, count, meet, gradient):
    if hasattr(here, "arrived"):
        arrived = vars(here).pop("arrived")
        met = meet(tuple(arrived.get(i) for i in range(count)))
        here.met = {i: met[i] for i in arrived}
    replaced = here.met.pop(place)
    return zeros_like(gradient) if replaced is None else replaced


# The methods of `Module`


def register_full_backward_pre_hook(self, hook, prepend=False):
    """Call a function, in the backward pass, when the gradients of the outputs are there.

    Parameters
    ----------
    hook : callable
        ``hook(module, grad_output)`` gets a tuple of Tensors, with None where no gradient came. It
        returns None, or what to put in their place.
    prepend : bool, optional
        Whether it comes before the module's other hooks.

    Returns
    -------
    RemovableHandle

    Raises
    ------
    TypeError
        If `hook` is not callable.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.Tanh()
    >>> _ = layer.register_full_backward_pre_hook(lambda module, grad_output: 10 * grad_output[0])
    >>> x = tl.zeros(2).requires_grad_()
    >>> layer(x).sum().backward()
    >>> x.grad
    tensor([10., 10.])
    """
    hook = Hook(BACKWARD_PRE, hook)
    return register(self._call_hooks, "register_full_backward_pre_hook", hook, prepend)


def register_full_backward_hook(self, hook, prepend=False):
    """Call a function, in the backward pass, when the gradients of the inputs are there.

    Parameters
    ----------
    hook : callable
        ``hook(module, grad_input, grad_output)`` gets tuples of Tensors, one for each argument by
        position and for each output, with None for what requires no gradient. Where no gradient
        came, the input's is zero, and the output's is None. The hook returns None, or what to put
        in the place of ``grad_input``.
    prepend : bool, optional
        Whether it comes before the module's other hooks.

    Returns
    -------
    RemovableHandle

    Raises
    ------
    TypeError
        If `hook` is not callable.

    Notes
    -----
    If no argument requires a gradient, the hook is called as soon as the gradients of the outputs
    are there, and must return None.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.Tanh()
    >>> hook = lambda module, grad_input, grad_output: print(grad_input, grad_output)
    >>> _ = layer.register_full_backward_hook(hook)
    >>> x = tl.zeros(1).requires_grad_()
    >>> (3 * layer(x)).sum().backward()
    (tensor([3.]),) (tensor([3.]),)
    """
    hook = Hook(BACKWARD, hook)
    return register(self._call_hooks, "register_full_backward_hook", hook, prepend)


# Hooks of all modules


def register_module_full_backward_pre_hook(hook):
    """Call ``hook(module, grad_output)`` in the backward pass of each call of any module.

    Parameters and result are those of `Module.register_full_backward_pre_hook`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> calls = []
    >>> hook = lambda module, grad_output: calls.append(module)
    >>> with nn.register_module_full_backward_pre_hook(hook):
    ...     nn.Sequential(nn.ReLU(), nn.Tanh())(tl.zeros(1).requires_grad_()).backward()
    >>> calls[1:]
    [Tanh(), ReLU()]
    """
    hook = Hook(BACKWARD_PRE, hook)
    return register(call_hooks, "register_module_full_backward_pre_hook", hook)


def register_module_full_backward_hook(hook):
    """Call ``hook(module, grad_input, grad_output)`` in the backward pass of any module's calls.

    Parameters and result are those of `Module.register_full_backward_hook`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> calls = []
    >>> hook = lambda module, grad_input, grad_output: calls.append(module)
    >>> with nn.register_module_full_backward_hook(hook):
    ...     nn.Sequential(nn.ReLU(), nn.Tanh())(tl.zeros(1).requires_grad_()).backward()
    >>> calls[:2]
    [Tanh(), ReLU()]
    """
    hook = Hook(BACKWARD, hook)
    return register(call_hooks, "register_module_full_backward_hook", hook)
