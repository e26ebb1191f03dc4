"""The walk that takes gradients back along the tape."""

import operator
import threading

from cpython.object cimport PyObject
from cpython.ref cimport Py_REFCNT
from libc.stdint cimport uint32_t, uint64_t
from libcpp.pair cimport pair
from libcpp.queue cimport priority_queue

from tensorlib._core._dtypes cimport dtype_object
from tensorlib._core._memory cimport storage_last_write
from tensorlib._core._tape cimport (
    INPUT,
    NODE,
    NOT_CHECKED,
    OFFSET,
    OUTPUT,
    PARAM,
    SHAPE,
    SHAPES,
    STRIDES,
    WANTED,
    Layout,
    Node,
    Packed,
    Rule,
    unpacked,
)
from tensorlib._core._tensor cimport (
    Tensor,
    copy_into,
    extent,
    refresh,
    tensor_alias,
    tensor_empty,
    tuple_of,
)

import numpy as np

from tensorlib._core._hooks import new_functions
from tensorlib._core._tape import is_no_grad, set_grad_mode

cdef extern from *:
    """
    static thread_local int tl_inspecting = 0;
    static thread_local int tl_walking = 0;
    """
    int tl_inspecting    # whether gradients are looked at in this thread
    int tl_walking       # walks that are going on in it, each within the one before

ctypedef PyObject *NodePointer
ctypedef pair[uint64_t, NodePointer] Entry

cdef object fit_gradient = None
cdef object here = threading.local()
# Walks of several threads may meet at a leaf; and the sum there may start a walk, by a recorder.
cdef object accumulating = threading.RLock()


def set_fit(function):
    """Install `fit(gradient, shape, dtype, op)`, which undoes broadcasting and promotion."""
    global fit_gradient
    fit_gradient = function


def set_inspection(function):
    """Install `inspect(gradient, node, input)`, which sees each gradient of the walks of this
    thread; None removes it. Returns what was there."""
    global tl_inspecting
    previous = getattr(here, "inspect", None)
    here.inspect = function
    tl_inspecting = function is not None
    return previous


def at_end_of_walk(function):
    """Call a function once at the end of this thread's innermost walk, when gradients are complete
    and before they are added to leaves."""
    here.at_end.append(function)


def hooks_of(Tensor leaf not None, key):
    """The functions that a leaf's gradient goes through ("gradient"), or that are called after it
    was accumulated ("accumulated")."""
    if leaf.hooks is None:
        leaf.hooks = {}
    if key not in leaf.hooks:
        leaf.hooks[key] = new_functions()
    return leaf.hooks[key]


# ------------------------------------------------------------------------------------------
# what rules ask for
# ------------------------------------------------------------------------------------------

cdef object argument(Node node, tuple kept, tuple params, tuple source, bint create_graph):
    """The value of one parameter of a rule."""
    cdef int kind = source[0], index = source[1], i
    cdef Layout *layout
    if kind == PARAM:
        return params[index]
    if kind == NODE:
        return node
    if kind == WANTED:
        return tuple([parent is not None for parent in node.parents])
    if kind <= OUTPUT:
        return kept_tensor(node, kept, source, create_graph)
    if kind == SHAPES:
        return tuple([tuple_of(node.layouts[i].dims, node.layouts[i].ndim)
                      for i in range(node.ninputs)])
    layout = &node.layouts[index]
    if kind == SHAPE:
        return tuple_of(layout.dims, layout.ndim)
    if kind == STRIDES:
        return tuple_of(layout.dims + layout.ndim, layout.ndim)
    if kind == OFFSET:
        return layout.offset
    return dtype_object(layout.dtype)


cdef Tensor kept_tensor(Node node, tuple kept, tuple source, bint create_graph):
    """An input or output that the node keeps, as it was; with its history if that is asked for."""
    cdef int index = source[1], i = node.plan.index(source)
    cdef Tensor tensor, leaf
    cdef object parent
    cdef bint checked = node.versions[i] != NOT_CHECKED
    tensor = kept[i]
    if checked and tensor.storage.version != node.versions[i]:
        check_kept(node, source, tensor, node.versions[i])
    if not create_graph:
        return tensor
    parent = node.parents[index] if source[0] == INPUT else (node, index)
    if parent is None:
        return tensor
    if isinstance(parent, Tensor):
        leaf = parent
        if checked and leaf.data != tensor.data:
            raise RuntimeError(f"{node.rule.name}: a leaf of shape {leaf.shape} that its gradient "
                               f"needs has other memory now; the op was at {node.where}")
        return leaf
    tensor = tensor_alias(tensor)
    tensor.node, tensor.output = parent if type(parent) is tuple else (parent, 0)
    tensor.tracked = True
    return tensor


cdef tuple unpacked_all(Node node, tuple kept):
    """What the node keeps, each unpacked once."""
    for entry in kept:
        if type(entry) is Packed:
            what = f"it was saved by {node.rule.name} at {node.where}"
            return tuple([unpacked(x, what) if type(x) is Packed else x for x in kept])
    return kept


cdef int check_kept(Node node, tuple source, Tensor tensor, uint32_t version) except -1:
    """Refuse a kept tensor whose own memory was written to since; elsewhere is fine."""
    cdef char *low
    cdef char *high
    cdef PyObject *where
    cdef uint32_t now
    if tensor.size_ == 0:
        return 0
    extent(tensor, &low, &high)
    now = storage_last_write(tensor.storage, low, high, &where)
    if now <= version:
        return 0
    what = "result" if source[0] == OUTPUT else f"input {node.rule.inputs[source[1]]!r}"
    name, file, line = <object>where
    raise RuntimeError(
        f"{node.rule.name}: the {what} of shape {tensor.shape} that its gradient needs was changed "
        f"in place: expected version {version}, got {now}; the last write was {name} at "
        f"{file}:{line}; the op was at {node.where}")


cdef object freed(Node node):
    return RuntimeError(f"{node.rule.name}: backward through a graph that was freed; use "
                        "retain_graph=True in the first backward; the op was at "
                        f"{node.where}")


# ------------------------------------------------------------------------------------------
# hooks
# ------------------------------------------------------------------------------------------

cdef Tensor replacement(object replaced, tuple shape, object dtype, object where):
    """What a hook returned in place of a gradient, in its dtype; `where` is a node or a text."""
    if not isinstance(replaced, Tensor):
        got = type(replaced).__name__
        raise TypeError(f"{place(where)[0]}: expected a Tensor or None from a hook, got {got}"
                        f"{place(where)[1]}")
    if (<Tensor>replaced).shape != shape:
        raise RuntimeError(f"{place(where)[0]}: expected a gradient of shape {shape} from a hook, "
                           f"got {(<Tensor>replaced).shape}{place(where)[1]}")
    if replaced.dtype == dtype:
        return replaced
    if not np.can_cast(replaced.dtype, dtype, "same_kind"):
        raise RuntimeError(f"{place(where)[0]}: expected a gradient of dtype {dtype} from a hook, "
                           f"got {replaced.dtype}{place(where)[1]}")
    return replaced.astype(dtype)


cdef tuple place(where):
    """The op, and the end of the sentence that says where it was."""
    return (where.name, f"; the op was at {where.where}") if type(where) is Node else (where, "")


cdef object hooked(object functions, object gradient, object where):
    """A gradient after the functions that may replace it."""
    for function in list(functions.values()):
        replaced = function(gradient)
        if replaced is not None:
            gradient = replacement(replaced, gradient.shape, gradient.dtype, where)
    return gradient


cdef list hooked_list(object functions, tuple gradients, tuple others, Node node, int first):
    """The same for the gradients of all inputs or outputs of a node, of which some may be None;
    `first` is the place of their layouts, and `others` what hooks are given besides."""
    cdef Layout *layout = node.layouts + first
    for function in list(functions.values()):
        replaced = function(gradients, *others)
        if replaced is not None:
            replaced = tuple(replaced) if isinstance(replaced, tuple | list) else (replaced,)
            if len(replaced) != len(gradients):
                raise RuntimeError(f"{node.name}: expected {len(gradients)} gradients from a hook, "
                                   f"got {len(replaced)}; the op was at {node.where}")
            gradients = replaced
    return [None if gradients[i] is None else replacement(
                gradients[i], tuple_of(layout[i].dims, layout[i].ndim),
                dtype_object(layout[i].dtype), node)
            for i in range(len(gradients))]


# ------------------------------------------------------------------------------------------
# the walk
# ------------------------------------------------------------------------------------------


cdef class Walk:
    """One backward pass: gradients that wait for their node, newest node first."""
    cdef priority_queue[Entry] ready
    cdef dict pending     # node -> gradient, or list of them
    cdef dict leaves      # leaf -> gradient
    cdef dict captured    # (node, output) or leaf -> positions in the result
    cdef set needed       # inputs, and nodes on a path to one; None for all
    cdef set through      # of those, the nodes to pass through
    cdef bint retain_graph
    cdef bint create_graph

    cdef int arrive(self, object parent, Tensor gradient) except -1:
        """Add a gradient to what waits for a node or leaf."""
        cdef Node node
        cdef int output = 0
        if isinstance(parent, Tensor):
            previous = self.leaves.get(parent)
            self.leaves[parent] = gradient if previous is None else previous + gradient
            return 0
        if type(parent) is tuple:
            output = parent[1]
            parent = parent[0]
        node = parent
        previous = self.pending.get(node)
        if node.noutputs > 1:
            if previous is None:
                previous = [None] * node.noutputs
            previous[output] = gradient if previous[output] is None \
                else previous[output] + gradient
            first = node not in self.pending
            self.pending[node] = previous
        else:
            first = previous is None
            self.pending[node] = gradient if first else previous + gradient
        if first:
            self.ready.push(Entry(node.sequence, <NodePointer>node))
        return 0

    cdef int visit(self, Node node, object gradient) except -1:
        """Pass a node's complete gradient on to its inputs."""
        cdef Rule rule = node.rule
        # Held here, as another thread's walk may free the node.
        cdef tuple parents = node.parents, kept = node.kept_, params = node.params_
        cdef list found
        cdef int i
        if node.released:
            raise freed(node)
        if kept is not None:
            kept = unpacked_all(node, kept)
        if node.hooks is not None and "before" in node.hooks:
            gradient = self.before(node, gradient)
        if node.noutputs > 1:
            gradient = tuple([
                zeros_like_output(node, i) if gradient[i] is None and rule.materialize
                else gradient[i] for i in range(node.noutputs)])
        if rule.variadic:
            function, sources = rule.functions[0]
            values = function(
                gradient, *[argument(node, kept, params, s, self.create_graph) for s in sources])
            found = [self.fitted(node, i, values[i]) if self.wants(parents[i]) else None
                     for i in range(len(parents))]
        else:
            found = []
            for i in range(len(parents)):
                entry = rule.functions[i]
                if entry is None or not self.wants(parents[i]):
                    found.append(None)
                    continue
                function, sources = entry
                if len(sources) == 0:
                    value = function(gradient)
                elif len(sources) == 1:
                    value = function(
                        gradient, argument(node, kept, params, sources[0], self.create_graph))
                else:
                    value = function(gradient, *[
                        argument(node, kept, params, s, self.create_graph) for s in sources])
                found.append(self.fitted(node, i, value))
        if node.hooks is not None and "after" in node.hooks:
            found = self.after(node, parents, found, gradient)
        gradient = None
        for i in range(len(parents)):
            if found[i] is not None:
                value, found[i] = found[i], None  # so that the walk alone holds it
                self.arrive(parents[i], value)
        if not self.retain_graph:
            node.released = True
            node.parents = None
            node.kept_ = None
            node.params_ = None
        return 0

    cdef bint wants(self, object parent) except -1:
        if parent is None:
            return False
        if self.needed is None:
            return True
        if type(parent) is tuple:
            parent = parent[0]
        return parent in self.needed

    cdef object fitted(self, Node node, int i, object value):
        """What a rule returned, as the gradient of an input; None stays."""
        cdef Layout *layout = &node.layouts[i]
        cdef Tensor gradient
        cdef int k
        if value is None:
            return None
        gradient = value
        if gradient.ndim_ == layout.ndim and gradient.dtype_ == layout.dtype:
            for k in range(layout.ndim):
                if gradient.shape_[k] != layout.dims[k]:
                    break
            else:
                if tl_inspecting:
                    here.inspect(gradient, node, i)
                return gradient
        gradient = fit_gradient(gradient, tuple_of(layout.dims, layout.ndim),
                                dtype_object(layout.dtype), node)
        if tl_inspecting:
            here.inspect(gradient, node, i)
        return gradient

    cdef int run(self) except -1:
        cdef Node node
        cdef PyObject *top
        while not self.ready.empty():
            top = self.ready.top().second
            node = <Node>top
            self.ready.pop()
            gradient = self.pending.pop(node)
            if node.hooks is not None:
                gradient = self.hook(node, gradient)
            if self.needed is not None:
                self.capture(node, gradient)
            if self.needed is None or node in self.through:
                self.visit(node, gradient)
        return 0

    cdef object hook(self, Node node, object gradient):
        """A node's gradient after the hooks of the tensors that it made."""
        cdef int i
        for i in range(node.noutputs):
            functions = node.hooks.get(i)
            if functions and node.noutputs == 1:
                gradient = hooked(functions, gradient, node)
            elif functions and gradient[i] is not None:
                gradient[i] = hooked(functions, gradient[i], node)
        return gradient

    cdef object before(self, Node node, object gradient):
        """The gradients of a node's outputs after the hooks before its rule."""
        cdef bint several = node.noutputs > 1
        found = hooked_list(node.hooks["before"], tuple(gradient) if several else (gradient,), (),
                            node, node.ninputs)
        if several:
            return found
        if found[0] is None:
            raise RuntimeError(f"{node.name}: expected a gradient from a hook, got None; the op "
                               f"was at {node.where}")
        return found[0]

    cdef list after(self, Node node, tuple parents, list found, object gradient):
        """The gradients of a node's inputs after the hooks behind its rule."""
        found = hooked_list(node.hooks["after"], tuple(found),
                            (gradient if node.noutputs > 1 else (gradient,),), node, 0)
        return [self.fitted(node, i, value) if self.wants(parents[i]) else None
                for i, value in enumerate(found)]

    cdef int capture(self, Node node, object gradient) except -1:
        cdef int i
        for i in range(node.noutputs):
            key = (node, i)
            if key in self.captured:
                self.captured[key] = gradient if node.noutputs == 1 else gradient[i]
        return 0

    cdef int hook_leaves(self) except -1:
        for leaf, gradient in list(self.leaves.items()):
            if (<Tensor>leaf).hooks is not None and "gradient" in (<Tensor>leaf).hooks:
                self.leaves[leaf] = hooked((<Tensor>leaf).hooks["gradient"], gradient, "backward")
        return 0


cdef Tensor zeros_like_output(Node node, int output):
    cdef Layout *layout = &node.layouts[node.ninputs + output]
    cdef Tensor zeros = tensor_empty(layout.ndim, layout.dims, layout.dtype, "backward")
    zeros.fill(0)
    return zeros


cdef set nodes_through(list roots, set targets):
    """The nodes, reachable from `roots`, behind which a target lies."""
    cdef set needed = set(targets), seen = set(), through = set()
    cdef list order = [], stack = list(roots)
    cdef Node node
    while stack:
        entry = stack.pop()
        if entry in seen or not isinstance(entry, Node):
            continue
        seen.add(entry)
        node = entry
        if node.released:
            raise freed(node)
        order.append((node.sequence, node))
        for parent in node.parents or ():
            stack.append(parent[0] if type(parent) is tuple else parent)
    # What a node was made of has smaller numbers.
    for _, node in sorted(order, key=operator.itemgetter(0)):
        for parent in node.parents or ():
            if (parent[0] if type(parent) is tuple else parent) in needed:
                needed.add(node)
                through.add(node)
                break
    return through


cdef object key_of(Tensor tensor):
    """What stands for a tensor in the graph: itself if a leaf, else (node, output)."""
    return tensor if tensor.node is None else (tensor.node, tensor.output)


def followed_outside(Tensor tensor not None):
    """Whether the tape follows what a recorder keeps for a tensor."""
    if tensor.wrapped is None:
        return False
    for part in tensor.wrapped:
        if isinstance(part, Tensor):
            refresh(part)
            if (<Tensor>part).tracked or followed_outside(part):
                return True
    return False


def depends_on_others(tuple tensors, tuple targets, uint64_t since):
    """Whether tensors were made of something tracked beside `targets` that was there before.

    Parameters
    ----------
    tensors, targets : tuple of Tensor
    since : int
        The number of a node: older ones were there before.

    Returns
    -------
    inside, outside : bool
        Tracked as the tensors themselves are, or as what recorders keep for them.
    """
    cdef bint inside = False, outside = False
    cdef set seen = set(), stop = set()
    cdef list stack = []
    cdef Tensor tensor
    cdef Node node
    for tensor in targets:
        refresh(tensor)
        if tensor.node is not None and (<Node>tensor.node).sequence > since:
            stack.extend((<Node>tensor.node).parents or ())  # what the target was made of counts
        stop.add(tensor if tensor.node is None else tensor.node)
        outside |= followed_outside(tensor)
    for tensor in tensors:
        outside |= followed_outside(tensor)
        refresh(tensor)
        if tensor.tracked:
            stack.append(tensor if tensor.node is None else tensor.node)
    while stack:
        entry = stack.pop()
        entry = entry[0] if type(entry) is tuple else entry
        if entry is None or entry in seen or entry in stop:
            continue
        seen.add(entry)
        if isinstance(entry, Tensor) or (<Node>entry).sequence <= since:
            inside = True
            continue
        node = entry
        for kept in node.kept_ or ():
            outside |= isinstance(kept, Tensor) and followed_outside(kept)
        stack.extend(node.parents or ())
    return inside, outside


def is_walking():
    """Whether a walk is going on in this thread."""
    return tl_walking > 0


def backward(tuple tensors, tuple gradients, tuple inputs=None, bint retain_graph=False,
             bint create_graph=False, bint accumulate=True):
    """Walk the graph from `tensors`, whose gradients are given.

    Parameters
    ----------
    tensors, gradients : tuple of Tensor
        Where the walk starts; shapes and dtypes agree pair by pair.
    inputs : tuple of Tensor, optional
        What to find gradients for; all leaves by default.
    retain_graph : bool
        Keep the graph for another walk.
    create_graph : bool
        Record the walk itself.
    accumulate : bool
        Add what leaves (or `inputs`) received to their `grad`.

    Returns
    -------
    tuple of (Tensor or None)
        One for each of `inputs`; empty without.
    """
    global tl_walking
    cdef Walk walk = Walk()
    cdef Tensor tensor
    cdef int previous
    walk.pending = {}
    walk.leaves = {}
    walk.retain_graph = retain_graph
    walk.create_graph = create_graph
    for tensor in tensors + (inputs or ()):
        refresh(tensor)
    if inputs is not None:
        targets = {t if (<Tensor>t).node is None else (<Tensor>t).node for t in inputs}
        walk.captured = {key_of(t): None for t in inputs if (<Tensor>t).node is not None}
        walk.through = nodes_through(
            [(<Tensor>t).node for t in tensors if (<Tensor>t).node is not None], targets)
        walk.needed = walk.through | targets
    previous = set_grad_mode(1 if create_graph else 0 if is_no_grad() else 2)
    tl_walking += 1
    outer, here.at_end = getattr(here, "at_end", None), []
    try:
        for tensor, gradient in zip(tensors, gradients):
            walk.arrive(key_of(tensor), gradient)
        walk.run()
        walk.hook_leaves()
        for function in here.at_end:
            function()
        found = () if inputs is None else tuple([
            walk.leaves.get(t) if (<Tensor>t).node is None else walk.captured[key_of(t)]
            for t in inputs])
        if accumulate:
            if inputs is None:
                while walk.leaves:
                    tensor, gradient = walk.leaves.popitem()
                    accumulate_grad(tensor, gradient, create_graph)
            else:
                walk.leaves = None
                for tensor, gradient in zip(inputs, found):
                    if gradient is not None:
                        accumulate_grad(tensor, gradient, create_graph)
    finally:
        here.at_end = outer
        tl_walking -= 1
        set_grad_mode(previous)
    return found


cdef int accumulate_grad(Tensor leaf, Tensor gradient, bint create_graph) except -1:
    with accumulating:
        add_grad(leaf, gradient, create_graph)
    if leaf.hooks is not None and "accumulated" in leaf.hooks:
        for function in list(leaf.hooks["accumulated"].values()):
            function(leaf)
    return 0


cdef int add_grad(Tensor leaf, Tensor gradient, bint create_graph) except -1:
    cdef Tensor own
    if leaf.grad_ is not None:
        if create_graph:
            leaf.grad_ = leaf.grad_ + gradient
        else:
            leaf.grad_ += gradient
        return 0
    if gradient.wrapped is not None:
        leaf.grad_ = gradient
        return 0
    if not create_graph and (
            gradient.base is not None or not gradient.contiguous
            or gradient.storage.references > 1 or Py_REFCNT(gradient) > 1):
        # Somebody else may hold it: the leaf gets one of its own.
        own = tensor_empty(leaf.ndim_, leaf.shape_, leaf.dtype_, "backward")
        copy_into(own, gradient)
        gradient = own
    leaf.grad_ = gradient
    return 0
