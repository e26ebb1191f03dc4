"""Checkpoints: memory for time, by computing a part of the forward pass again when it is needed."""

import contextlib
import threading

from tensorlib._core import _autocast
from tensorlib._core._tape import (
    keep,
    kept_tensor,
    pop_saved_tensors_hooks,
    push_saved_tensors_hooks,
)
from tensorlib._core._tensor import Tensor
from tensorlib._core._wrapping import untracked
from tensorlib._lazy import lazy_module
from tensorlib.autograd._mode import enable_grad
from tensorlib.autograd.graph import saved_tensors_hooks
from tensorlib.func._trees import flatten
from tensorlib.random import default_generator, get_state, set_state

amp = lazy_module("tensorlib.amp")

__all__ = ["checkpoint", "checkpoint_sequential"]


def _no_contexts():
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function,
    *args,
    use_reentrant=False,
    preserve_rng_state=True,
    context_fn=_no_contexts,
    determinism_check="default",
    **kwargs,
):
    """Call a function without keeping what its ops need for their gradients.

    When a walk needs it, the function is called once more, with the random numbers, the precision
    (`tensorlib.amp`) and the arguments that it had. What is kept in between is the arguments
    alone. Checkpoints nest, gradients can be differentiated again, and the function may compute
    gradients itself, which needs one call more.

    Parameters
    ----------
    function : callable
        It must do the same both times.
    *args, **kwargs
        What it takes. The Tensors, those in lists, tuples and dicts too, must not be written
        before the walk.
    use_reentrant : bool, optional
        For PyTorch's sake: there is one implementation, which does what PyTorch's other one does.
    preserve_rng_state : bool, optional
        Whether random numbers are drawn again as they were, from the generator of `manual_seed`
        and from the functions of `tensorlib.random`.
    context_fn : callable, optional
        Gives two context managers, for the first call and for the second.
    determinism_check : {"default", "none"}, optional
        Whether shapes and dtypes of what both calls keep are compared.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    RuntimeError
        By the walk, if the second call keeps other tensors than the first, or an argument was
        written in between.
    TypeError, ValueError
        If `function` is none, or `determinism_check` is none of the two.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.utils.checkpoint import checkpoint
    >>> x = tl.asarray([0.0, 1.0]).requires_grad_()
    >>> y = checkpoint(lambda x: tl.exp(tl.sin(x)), x)
    >>> tl.autograd.graph.saved_bytes(y).total
    0
    >>> y.sum().backward()
    >>> print(x.grad)
    [1.         1.25338077]
    """
    if not callable(function):
        raise TypeError(f"checkpoint: expected a function, got {type(function).__name__}")
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"checkpoint: expected determinism_check 'default' or 'none', got {determinism_check!r}"
        )
    first, second = context_fn()
    call = _Call(function, args, kwargs, second, preserve_rng_state, determinism_check == "default")
    with saved_tensors_hooks(call.pack, call.unpack), first:
        result = function(*args, **kwargs)
    call.first_is_done()
    return result


class _Call:
    """A call that can be made again, and which tensors the ops in it asked to be kept."""

    def __init__(self, function, args, kwargs, context, preserve_random, check):
        self.function = function
        self.context = context
        self.check = check
        leaves, self.rebuild = flatten((args, kwargs))
        # By the hooks around this, so that an outer checkpoint keeps nothing for an inner one.
        self.leaves = [_Argument(x) if isinstance(x, Tensor) else x for x in leaves]
        self.random = (default_generator().bit_generator.state, get_state()) \
            if preserve_random else None  # fmt: skip
        self.caster = _autocast.current()
        self.layouts = []  # of the tensors asked for
        self.complete = False  # whether they are all
        self.again = {}  # those of the second call that were not yet taken
        self.lock = threading.RLock()

    def pack(self, tensor):
        self.layouts.append((tensor.shape, tensor.dtype))
        return len(self.layouts) - 1

    def first_is_done(self):
        self.complete = True
        self.again.clear()  # what a walk inside of the function has left

    def unpack(self, number):
        with self.lock:
            if number not in self.again:
                self.call_again()
            return self.again.pop(number)

    def call_again(self):
        args, kwargs = self.rebuild(
            [x.again() if isinstance(x, _Argument) else x for x in self.leaves]
        )
        found = []

        def pack(tensor):
            found.append(tensor)
            return len(found) - 1

        with self.as_before(), enable_grad(), self.context:
            push_saved_tensors_hooks(pack, found.__getitem__)  # for walks inside of the function
            try:
                self.function(*args, **kwargs)
            finally:
                pop_saved_tensors_hooks()
        if self.check:
            self.compare(found)
        self.again = dict(enumerate(found))

    def compare(self, found):
        if self.complete and len(found) != len(self.layouts):
            raise RuntimeError(
                "checkpoint: expected the second call of the function to keep as many tensors as "
                f"the first, {len(self.layouts)}, got {len(found)}"
            )
        for (shape, dtype), x in zip(self.layouts, found, strict=self.complete):
            if (x.shape, x.dtype) != (shape, dtype):
                raise RuntimeError(
                    "checkpoint: expected the second call of the function to keep what the first "
                    f"did, a tensor of shape {shape} and dtype {dtype}, got one of shape "
                    f"{x.shape} and dtype {x.dtype}"
                )

    @contextlib.contextmanager
    def as_before(self):
        """The random numbers and the precision of the first call."""
        with contextlib.ExitStack() as stack:
            if self.random is not None:
                stack.enter_context(_random_state(*self.random))
            if self.caster is not None:
                stack.enter_context(
                    amp.autocast(
                        "cpu", dtype=self.caster.dtype, cache_enabled=self.caster.cache_enabled
                    )
                )
            yield


class _Argument:
    """A Tensor among the arguments: its elements, and whether it is differentiated."""

    def __init__(self, tensor):
        self.kept = keep(tensor)
        self.requires_grad = tensor.requires_grad
        self.version = tensor._version
        self.packed = not isinstance(self.kept, Tensor)

    def again(self):
        tensor = kept_tensor(self.kept)
        if not self.packed and tensor._version != self.version:
            raise RuntimeError(
                f"checkpoint: an argument of shape {tensor.shape} was changed in place after the "
                f"call: expected version {self.version}, got {tensor._version}"
            )
        tensor = untracked(tensor)
        return tensor.requires_grad_() if self.requires_grad else tensor


@contextlib.contextmanager
def _random_state(of_generator, of_functions):
    """A block with the random numbers of another time."""
    bits = default_generator().bit_generator
    previous = bits.state, get_state()
    bits.state = of_generator
    set_state(of_functions)
    try:
        yield
    finally:
        bits.state = previous[0]
        set_state(previous[1])


def checkpoint_sequential(functions, segments, input, use_reentrant=False, **kwargs):
    """Call functions one after the other, in segments that are checkpoints, all but the last.

    Parameters
    ----------
    functions : Sequential or sequence of callable
        Each of one argument, the result of the one before.
    segments : int
        How many to make of them.
    input : object
        What the first function takes.
    use_reentrant : bool, optional
        As of `checkpoint`.
    preserve_rng_state : bool, optional
        As of `checkpoint`.

    Returns
    -------
    object
        What the last function returns.

    Raises
    ------
    ValueError
        If there are no functions, or `segments` is not from 1 to their number.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.utils.checkpoint import checkpoint_sequential
    >>> x = tl.asarray(1.0).requires_grad_()
    >>> checkpoint_sequential([tl.sin, tl.cos, tl.exp, tl.tanh], 2, x).backward()
    >>> print(x.grad)
    -0.06135336...
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise TypeError(f"checkpoint_sequential: unexpected arguments {', '.join(kwargs)}")
    functions = list(functions)
    if not 1 <= segments <= len(functions):
        raise ValueError(
            f"checkpoint_sequential: expected from 1 to {len(functions)} segments, the number of "
            f"functions, got {segments}"
        )

    def run(start, end):
        def of_segment(value):
            for function in functions[start:end]:
                value = function(value)
            return value

        return of_segment

    size = len(functions) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        input = checkpoint(
            run(start, start + size),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )
    return run(last, len(functions))(input)
