"""``Function``: an operation of one's own, with its derivatives."""

import copy
import functools
import threading

from tensorlib._core._history import rebind
from tensorlib._core._recorder import answering
from tensorlib._core._tape import function_rule, is_grad_enabled, record_call, untrack
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import untracked
from tensorlib.autograd._mode import no_grad

__all__ = ["Function", "FunctionContext", "once_differentiable"]


class FunctionContext:
    """What `Function.forward` leaves for `Function.backward`; it takes attributes too.

    Attributes
    ----------
    needs_input_grad : tuple of bool
        For each argument of ``forward``, whether its gradient is asked for.
    """

    def __init__(self, needs_input_grad):
        self.needs_input_grad = needs_input_grad
        self._to_save = ()
        self._here = threading.local()  # as walks of several threads may share this
        self._dirty = ()
        self._non_differentiable = ()
        self._materialize = True

    def save_for_backward(self, *tensors):
        """Keep tensors (or None) for `saved_tensors`.

        Inputs and outputs are kept as the tape keeps them: a later write into one is an error at
        the walk, and hooks for saved tensors see them.

        Raises
        ------
        TypeError
            If one is neither a Tensor nor None.
        """
        for tensor in tensors:
            if not isinstance(tensor, Tensor | None):
                raise TypeError(
                    "save_for_backward: expected Tensors or None, got "
                    f"{type(tensor).__name__}; other things can be attributes of the context"
                )
        self._to_save = tensors

    save_for_forward = save_for_backward

    @property
    def _saved(self):
        """What `saved_tensors` gives during a call of backward or jvp in this thread."""
        return getattr(self._here, "saved", None)

    @_saved.setter
    def _saved(self, tensors):
        self._here.saved = tensors

    @property
    def saved_tensors(self):
        """tuple of (Tensor or None): what `save_for_backward` was given."""
        if self._saved is None:
            raise RuntimeError("saved_tensors: expected to be asked for inside backward or jvp")
        return self._saved

    def mark_dirty(self, *tensors):
        """Say which inputs ``forward`` wrote in place; it must return them.

        Raises
        ------
        RuntimeError
            By the call, if it does not.
        """
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors):
        """Say which outputs have no derivative."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value):
        """Whether ``backward`` gets zeros (or else None) for outputs that nothing depends on."""
        self._materialize = bool(value)

    def moved(self, pairs):
        """A copy with other tensors: pairs of one that is meant and one in its place."""
        places = [(id(old), new) for old, new in pairs]
        found = dict(places)

        def new(value):
            if isinstance(value, tuple):
                return tuple(map(new, value))
            return found.get(id(value), value) if isinstance(value, Tensor) else value

        moved = copy.copy(self)
        vars(moved).update({name: new(value) for name, value in vars(self).items()})
        return moved


class Function:
    """An operation with a forward and a backward of its own: the base for subclasses.

    A subclass defines static methods, and is used by its ``apply``:

    - ``forward(ctx, *args)``, or ``forward(*args)`` and ``setup_context(ctx, inputs, output)``.
      Nothing is recorded in it. It returns a Tensor or a tuple.
    - ``backward(ctx, *gradients)`` returns a gradient or None for each argument of ``forward``.
      Written with the library's functions it can be differentiated itself.
    - ``jvp(ctx, *tangents)``, optional: the derivatives of the outputs for `tensorlib.func.jvp`;
      tangents are None for arguments that have none. Without it ``backward`` is transposed.
    - ``vmap(info, in_dims, *args)``, optional: the function of batches, for
      `tensorlib.func.vmap`; it returns the outputs and their ``out_dims``. Without it ``forward``
      and ``backward`` are run on batches, which works where they use the library's functions.

    Examples
    --------
    >>> import tensorlib as tl
    >>> class Cube(tl.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...
    ...     @staticmethod
    ...     def backward(ctx, gradient):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x**2 * gradient
    >>> x = tl.asarray(2.0).requires_grad_()
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args):
        raise NotImplementedError("Function: no forward is defined")

    @staticmethod
    def setup_context(ctx, inputs, output):
        raise NotImplementedError("Function: no setup_context is defined")

    @staticmethod
    def backward(ctx, *gradients):
        raise NotImplementedError("Function: no backward is defined")

    @staticmethod
    def jvp(ctx, *tangents):
        raise NotImplementedError("Function: no jvp is defined")

    @staticmethod
    def vmap(info, in_dims, *args):
        raise NotImplementedError("Function: no vmap is defined")

    @classmethod
    def apply(cls, *args):
        """Call the function.

        Parameters
        ----------
        *args : object
            What ``forward`` takes; the Tensors among them, not those inside of lists, can have
            gradients.

        Returns
        -------
        Tensor or tuple
            What ``forward`` returned.
        """
        recorder = answering()
        if recorder is not None:
            return recorder.call_function(cls, args)
        context, result = cls.run(args)
        return cls.record(context, args, result)

    @classmethod
    def overrides(cls, name):
        """Whether the subclass defines a static method."""
        return getattr(cls, name) is not getattr(Function, name)

    @classmethod
    def seen_by(cls, recorder):
        """The same function, with a recorder that is active in its methods but ``backward``."""

        def seen(method):
            @functools.wraps(method)
            def wrapper(*args):
                with recorder:
                    return method(*args)

            return staticmethod(wrapper)

        names = ("forward", "setup_context", "jvp", "vmap")
        return type(
            cls.__name__, (cls,), {x: seen(getattr(cls, x)) for x in names if cls.overrides(x)}
        )

    @classmethod
    def evaluate(cls, args):
        """Call the function for a recorder, which stepped out: the result, and the context."""
        recorder = answering()
        if recorder is not None:
            result = recorder.call_function(cls, args)
            return result, cls.context_of(args, result)
        context, result = cls.run(args)
        kept = copy.copy(context)  # record() empties the other one
        return cls.record(context, args, result), kept

    @staticmethod
    def needed(args):
        """For each argument, whether the tape follows it."""
        recording = is_grad_enabled()
        return tuple([recording and isinstance(x, Tensor) and x.requires_grad for x in args])

    @classmethod
    def run(cls, args):
        """Run ``forward``, with nothing recorded: the context and the result."""
        context = FunctionContext(cls.needed(args))
        with no_grad():
            if cls.overrides("setup_context"):
                result = cls.forward(*args)
                cls.setup_context(context, args, result)
            else:
                result = cls.forward(context, *args)
        return context, result

    @classmethod
    def context_of(cls, args, result):
        """The context of a call whose result is known."""
        if cls.overrides("setup_context"):
            context = FunctionContext(cls.needed(args))
            with no_grad():
                cls.setup_context(context, args, result)
            return context
        context, again = cls.run(args)
        if context._dirty:  # too late for the values, but not to say so
            raise RuntimeError(
                f"{cls.__name__}: expected setup_context to be defined, as a transform runs a "
                "forward that takes the context twice and this one writes into its inputs"
            )
        return context.moved(zip(_as_tuple(again), _as_tuple(result), strict=True))

    @classmethod
    def record(cls, context, args, result):
        """Put a call on the tape, if an argument is followed; its outputs."""
        outputs = list(_as_tuple(result))
        if any(context.needs_input_grad):
            inputs = tuple([x for x in args if isinstance(x, Tensor)])
            outputs = _recorded(cls, context, args, inputs, outputs)
        context._to_save = ()
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def _as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def _recorded(cls, context, args, inputs, outputs):
    """The outputs with a node that calls ``backward``."""
    for x in context._dirty:
        if not any(x is y for y in outputs):
            raise RuntimeError(
                f"{cls.__name__}: expected forward to return what it marked as dirty, got outputs "
                f"without the tensor of shape {x.shape}"
            )
    places = [i for i, x in enumerate(outputs) if isinstance(x, Tensor)]
    made = [outputs[i] for i in places]
    for i, x in enumerate(made):
        if any(x is y for y in inputs):  # a tensor of its own for the history
            made[i] = untracked(x)
    keep, order = [], []  # of the tape; for each saved tensor its place there, or itself
    for tensor in context._to_save:
        source = _source(tensor, inputs, outputs, places)
        order.append(tensor if source is None else len(keep))
        keep += [] if source is None else [source]
    positions = [i for i, x in enumerate(args) if isinstance(x, Tensor)]
    walk = functools.partial(_gradients, cls, len(args), positions, order, places, len(outputs))
    rule = function_rule(cls.__name__, len(made), walk, tuple(keep), context._materialize)
    record_call(rule, inputs, context, tuple(made))
    for place, x in zip(places, made, strict=True):
        if any(outputs[place] is y for y in context._non_differentiable):
            untrack(x)
        if any(outputs[place] is y for y in context._dirty):
            rebind(outputs[place], x, cls.__name__)
        else:
            outputs[place] = x
    context._dirty = context._non_differentiable = ()
    return outputs


def _source(tensor, inputs, outputs, places):
    """Where the tape finds a tensor again, or None."""
    for i, x in enumerate(inputs):
        if x is tensor:
            return "input", i
    for i, place in enumerate(places):
        if outputs[place] is tensor:
            return "output", i
    return None


def _gradients(cls, count, positions, order, places, outputs, gradient, node, context, *kept):
    """The rule of the tape: what ``backward`` returns for the Tensors among the arguments."""
    context._saved = tuple([kept[x] if isinstance(x, int) else x for x in order])
    try:
        found = cls.backward(context, *of_outputs(gradient, places, outputs))
    finally:
        context._saved = None
    found = found if isinstance(found, tuple) else (found,)
    if all(x is None for x in found[count:]):  # as in PyTorch
        found = found[:count]
    if len(found) != count:
        raise RuntimeError(
            f"{node.name}: expected {count} gradients from backward, one for each argument of "
            f"forward, got {len(found)}; the call was at {node.where}"
        )
    for place, value in enumerate(found):
        if value is None:
            continue
        if place not in positions or not isinstance(value, Tensor) or value.dtype.kind not in "fVc":
            got = f"dtype {value.dtype}" if isinstance(value, Tensor) else type(value).__name__
            wanted = "a floating-point or complex Tensor or None" if place in positions else "None"
            raise TypeError(
                f"{node.name}: expected {wanted} from backward for argument {place}, got {got}; "
                f"the call was at {node.where}"
            )
    return [found[place] for place in positions]


def of_outputs(gradient, places, count):
    """The gradients of all outputs, None for those that are no Tensors."""
    every = [None] * count
    for place, g in zip(places, gradient if isinstance(gradient, tuple) else (gradient,),
                        strict=True):  # fmt: skip
        every[place] = g
    return every


def once_differentiable(backward):
    """Decorate a ``backward`` that cannot be differentiated: a second derivative is an error.

    Examples
    --------
    >>> import tensorlib as tl
    >>> class Square(tl.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     @tl.autograd.function.once_differentiable
    ...     def backward(ctx, gradient):
    ...         return 2 * ctx.saved_tensors[0] * gradient
    >>> x = tl.asarray(3.0).requires_grad_()
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    @functools.wraps(backward)
    def wrapper(ctx, *gradients):
        with no_grad():
            found = backward(ctx, *gradients)
        if not is_grad_enabled():
            return found
        several = isinstance(found, tuple)
        found = tuple(
            [_Once.apply(x, *gradients, *ctx.saved_tensors) if isinstance(x, Tensor) else x
             for x in (found if several else (found,))]
        )  # fmt: skip
        return found if several else found[0]

    return wrapper


class _Once(Function):
    """A gradient that depends on others in a way that is not known."""

    @staticmethod
    def forward(ctx, x, *others):
        return x.detach()

    @staticmethod
    def backward(ctx, *gradients):
        raise RuntimeError(
            "once_differentiable: expected no derivative of this backward to be asked for"
        )
