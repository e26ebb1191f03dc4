"""The recorded graph: its nodes, what they keep, and hooks for both."""

import contextlib
import functools
import threading
import weakref
from dataclasses import dataclass

from tensorlib._core._backward import at_end_of_walk
from tensorlib._core._history import increment_version as _increment_version
from tensorlib._core._hooks import RemovableHandle
from tensorlib._core._tape import (
    Node,
    pop_saved_tensors_hooks,
    push_saved_tensors_hooks,
    storage_of,
)
from tensorlib._core._tensor import Tensor
from tensorlib.autograd._drawing import Drawing, make_dot
from tensorlib.autograd._grad import as_tensors
from tensorlib.autograd.function import FunctionContext

__all__ = [
    "Drawing",
    "Node",
    "SavedBytes",
    "disable_saved_tensors_hooks",
    "increment_version",
    "make_dot",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_bytes",
    "saved_tensors_hooks",
]


class _Here(threading.local):
    refusal = None  # why hooks for saved tensors are off


_here = _Here()


# -- saved tensors ---------------------------------------------------------------------------


class saved_tensors_hooks:  # noqa: N801
    """Change what the ops of a block keep for their gradients.

    A context manager. Of nested ones the innermost acts.

    Parameters
    ----------
    pack_hook : callable
        ``pack_hook(tensor)`` is called when an op keeps a tensor, and gives what is kept in its
        place: anything.
    unpack_hook : callable
        ``unpack_hook(packed)`` is called when a walk needs the tensor, and gives a Tensor of the
        same elements. Whether the memory was written in between is then its own affair.

    Raises
    ------
    TypeError
        If they are no functions.
    RuntimeError
        On entry, inside of `disable_saved_tensors_hooks`.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorlib as tl
    >>> x = tl.asarray([1.0, 2.0]).requires_grad_()
    >>> with tl.autograd.graph.saved_tensors_hooks(lambda x: x.numpy().copy(), tl.asarray):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook, unpack_hook):
        for hook in (pack_hook, unpack_hook):
            if not callable(hook):
                raise TypeError(
                    f"saved_tensors_hooks: expected functions, got {type(hook).__name__}"
                )
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self):
        if _here.refusal is not None:
            raise RuntimeError(_here.refusal)
        push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)
        return self

    def __exit__(self, *exception):
        pop_saved_tensors_hooks()


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message):
    """A block in which `saved_tensors_hooks` is an error.

    Parameters
    ----------
    error_message : str
        Of the RuntimeError.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.autograd import graph
    >>> with graph.disable_saved_tensors_hooks("not here"):
    ...     with graph.saved_tensors_hooks(lambda x: x, lambda x: x):
    ...         pass
    Traceback (most recent call last):
        ...
    RuntimeError: not here
    """
    previous, _here.refusal = _here.refusal, error_message
    try:
        yield
    finally:
        _here.refusal = previous


@contextlib.contextmanager
def save_on_cpu(pin_memory=False):
    """A block whose saved tensors are kept on the CPU: of those on another device copies, which
    gradients bring back there.

    Parameters
    ----------
    pin_memory : bool, optional
        Whether the copies are in pinned memory, from where they come back faster.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2).requires_grad_()
    >>> with tl.autograd.graph.save_on_cpu():
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def pack(x):
        if x.device == "cpu":
            return x.device, x
        kept = x.detach().cpu()
        return x.device, kept.pin_memory() if pin_memory else kept

    def unpack(kept):
        device, x = kept
        return x if device == "cpu" else x.to(device, non_blocking=pin_memory)

    with saved_tensors_hooks(pack, unpack):
        yield


def increment_version(tensor):
    """Say that the elements of tensors were written by something that the library cannot see.

    A walk that needs the old ones is then refused, as after any other write.

    Parameters
    ----------
    tensor : Tensor or iterable of Tensor

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(2)
    >>> before = x._version
    >>> tl.autograd.graph.increment_version(x)
    >>> x._version - before
    1
    """
    for x in as_tensors("increment_version", "tensor", tensor):
        _increment_version(x)


# -- hooks of several tensors ----------------------------------------------------------------


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """Call a function with the gradients of several tensors, once in each walk.

    Parameters
    ----------
    tensors : sequence of Tensor
        Each requires a gradient.
    fn : callable
        With the mode "all" ``fn(gradients)``, at the end of a walk that reached one of the
        tensors: a list, with None for those that it did not reach. With "any"
        ``fn(gradient)``, with the first gradient of the walk. What it returns is not used.
    mode : {"all", "any"}, optional

    Returns
    -------
    RemovableHandle
        Its ``remove`` undoes this.

    Raises
    ------
    ValueError
        If the mode is neither, or there is no tensor.
    RuntimeError
        If a tensor requires no gradient.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x, y = tl.ones(2).requires_grad_(), tl.ones(3).requires_grad_()
    >>> handle = tl.autograd.graph.register_multi_grad_hook([x, y], print)
    >>> x.sum().backward()
    [tensor([1., 1.]), None]
    """
    tensors = list(tensors)
    if mode not in ("all", "any"):
        raise ValueError(
            f"register_multi_grad_hook: expected the mode 'all' or 'any', got {mode!r}"
        )
    if not tensors:
        raise ValueError("register_multi_grad_hook: expected at least one tensor, got none")
    if not callable(fn):
        raise TypeError(f"register_multi_grad_hook: expected a function, got {type(fn).__name__}")
    collector = _Collector(len(tensors), fn, mode)
    handles = []
    for i, x in enumerate(tensors):
        handles.append(x.register_hook(collector.hook(i)))
    return _Handles(handles)


class _Found(list):
    """The gradients of one walk; unlike a list it can be referred to weakly."""


class _Collector:
    """The gradients of the walks that are going on, one in each thread.

    The walk alone holds them, so that those of a walk that failed are gone with it.
    """

    def __init__(self, count, function, mode):
        self.count = count
        self.function = function
        self.mode = mode
        self.here = threading.local()

    def hook(self, i):
        def collect(gradient):
            found = getattr(self.here, "found", _nothing)()
            if found is None:
                found = _Found([None] * self.count)
                self.here.found = weakref.ref(found)
                at_end_of_walk(functools.partial(self.finish, found))
                if self.mode == "any":
                    self.function(gradient)
            found[i] = gradient

        return collect

    def finish(self, found):
        self.here.found = _nothing
        if self.mode == "all":
            self.function(list(found))


def _nothing():
    """Stands for the weak reference to what is gone."""


class _Handles:
    """Several handles as one."""

    def __init__(self, handles):
        self.handles = handles

    def remove(self):
        """Call the function no more."""
        for handle in self.handles:
            handle.remove()

    __enter__ = RemovableHandle.__enter__
    __exit__ = RemovableHandle.__exit__


# -- memory ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class SavedBytes:
    """How much memory a graph keeps; see `saved_bytes`.

    Attributes
    ----------
    total : int
        Bytes of all that the nodes keep, but for leaves.
    leaves : int
        Bytes of the leaves among what they keep, parameters for example, which exist anyhow.
    by_op : dict of (str, int)
        The total by the op that keeps it, the largest first.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones(1000).requires_grad_()
    >>> print(tl.autograd.graph.saved_bytes(tl.exp(x) * x))
    op         bytes
    exp        8,000
    total      8,000
    leaves     8,000
    """

    total: int
    leaves: int
    by_op: dict

    def __str__(self):
        rows = [*self.by_op.items(), ("total", self.total), ("leaves", self.leaves)]
        numbers = [f"{n:,}" for _, n in rows]
        left = max(8, *(len(name) for name, _ in rows))
        right = max(5, *map(len, numbers))
        lines = [f"{'op':<{left}} {'bytes':>{right + 2}}"]
        lines += [
            f"{name:<{left}} {n:>{right + 2}}" for (name, _), n in zip(rows, numbers, strict=True)
        ]
        return "\n".join(lines)


def _nodes_of(outputs):
    """All nodes behind tensors, the oldest first, and all leaves."""
    nodes, leaves, seen = [], [], set()
    stack = [x.grad_fn if x.grad_fn is not None else x for x in outputs if x.requires_grad]
    while stack:
        entry = stack.pop()
        if id(entry) in seen:
            continue
        seen.add(id(entry))
        if isinstance(entry, Tensor):
            leaves.append(entry)
            continue
        nodes.append(entry)
        stack.extend(edge[0] for edge in entry.next_functions if edge is not None)
    return sorted(nodes, key=lambda node: node.number), leaves


def _tensors_in(value):
    """The Tensors in what a node keeps or was called with."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for x in value:
            yield from _tensors_in(x)
    elif isinstance(value, FunctionContext):
        yield from _tensors_in(list(vars(value).values()))


def saved_bytes(outputs):
    """How much memory a graph keeps for a walk.

    The memory that tensors share counts once, for the first op that keeps it; so does that of
    views. What hooks for saved tensors have packed does not count, unless it is a Tensor.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensor

    Returns
    -------
    SavedBytes
        Its ``total`` is the number of bytes, its text a table by op.

    Raises
    ------
    TypeError
        If something else than Tensors is given.

    Examples
    --------
    >>> import tensorlib as tl
    >>> x = tl.ones((100, 100)).requires_grad_()
    >>> tl.autograd.graph.saved_bytes(tl.tanh(x)).total
    80000
    """
    nodes, leaves = _nodes_of(as_tensors("saved_bytes", "outputs", outputs))
    counted = dict.fromkeys([storage_of(leaf)[0] for leaf in leaves], False)
    total, of_leaves, by_op = 0, 0, {}
    for node in nodes:
        for tensor in _tensors_in([*node.kept, *node.params]):
            address, size = storage_of(tensor)
            if counted.get(address) is False:
                of_leaves += size
            elif address not in counted:
                total += size
                by_op[node.name] = by_op.get(node.name, 0) + size
            counted[address] = True
    by_op = dict(sorted(by_op.items(), key=lambda item: -item[1]))
    return SavedBytes(total, of_leaves, by_op)
