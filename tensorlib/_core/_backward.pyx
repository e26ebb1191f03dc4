"""The walk that takes gradients back along the tape."""

import operator
import threading

from cpython.dict cimport PyDict_GetItemWithError
from cpython.object cimport PyObject
from libc.stdint cimport uint32_t, uint64_t
from libcpp.pair cimport pair
from libcpp.queue cimport priority_queue
from libcpp.vector cimport vector

from tensorlib._core._copy cimport in_c_order
from tensorlib._core._dtypes cimport dtype_itemsize, dtype_object
from tensorlib._core._loops cimport store_scalar
from tensorlib._core._memory cimport Storage, storage_last_write
from tensorlib._core._tape cimport (
    INPUT,
    INTO,
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
    Rule,
    Source,
    kept_tensors,
    let_go,
    no_grad,
    place_of,
    show_graph,
    show_new,
    switch_mode,
)
from tensorlib._core._tensor cimport (
    Tensor,
    copy_into,
    extent,
    is_readable,
    operators,
    refresh,
    tensor_alias,
    tensor_empty,
    tensor_empty_on,
    tuple_of,
)

import numpy as np

from tensorlib._core._hooks import new_functions

cdef extern from *:
    """
    #include <mutex>
    static thread_local int tl_inspecting = 0;
    static thread_local PyObject *tl_walk = nullptr;
    // Walks of several threads may meet at a leaf; and the sum there may start a walk, by a
    // recorder.
    static std::recursive_mutex accumulating;
    """
    int tl_inspecting    # whether gradients are looked at in this thread
    PyObject *tl_walk    # the innermost walk that is going on in it, or NULL
    cppclass Mutex "std::recursive_mutex":
        bint try_lock() nogil
        void lock() nogil
        void unlock() nogil
    Mutex accumulating
    Py_ssize_t Py_REFCNT(PyObject *)
    PyObject *PyList_GET_ITEM(PyObject *, Py_ssize_t)

ctypedef PyObject *NodePointer
ctypedef pair[uint64_t, NodePointer] Entry

cdef enum:
    ADD = 0  # the slot of Operators
    SMALL = 4096  # gradients of fewer bytes are laid out, and summed in new memory

cdef object fit_gradient = None
cdef object here = threading.local()


def set_fit(function):
    """Install `fit(gradient, shape, dtype, device, op)`, which undoes broadcasting, promotion and
    a way to another device."""
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
    if tl_walk == NULL:
        raise RuntimeError("at_end_of_walk: expected a walk to be going on, got none")
    (<Walk>tl_walk).at_end.append(function)


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

cdef Tensor kept_tensor(Node node, tuple parents, tuple kept, Source source, bint create_graph):
    """An input or output that the node keeps, as it was; with its history if that is asked for."""
    cdef int i = place_of(node.plan, source)
    cdef Tensor tensor, leaf
    cdef object parent
    cdef uint32_t version
    cdef bint checked
    if i < 0:
        raise RuntimeError(f"{node.rule.name}: the gradient rule was replaced after the op was "
                           f"recorded at {node.where}")
    tensor = kept[i]
    version = node.kept_[i].version
    checked = version != NOT_CHECKED
    if checked and tensor.storage.version != version:
        check_kept(node, source, tensor, version)
    if not create_graph:
        return tensor
    parent = parents[source.index] if source.kind == INPUT else (node, source.index)
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


cdef int check_kept(Node node, Source source, Tensor tensor, uint32_t version) except -1:
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
    what = "result"
    if source.kind == INPUT:  # any number of inputs have one name
        what = f"input {node.rule.inputs[min(source.index, len(node.rule.inputs) - 1)]!r}"
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
    cdef list at_end      # functions to call then
    cdef Tensor added_to  # the gradient that a rule was given to add to
    cdef bint retain_graph
    cdef bint create_graph

    cdef int arrive(self, object parent, Tensor gradient) except -1:
        """Add a gradient to what waits for a node or leaf."""
        cdef PyObject *found
        cdef Node node
        cdef list several
        cdef int output = 0
        if isinstance(parent, Tensor):
            found = PyDict_GetItemWithError(self.leaves, parent)
            self.leaves[parent] = gradient if found == NULL else self.sum_of(found, gradient)
            return 0
        if type(parent) is tuple:
            output = parent[1]
            parent = parent[0]
        node = parent
        found = PyDict_GetItemWithError(self.pending, node)
        if node.noutputs == 1:
            self.pending[node] = gradient if found == NULL else self.sum_of(found, gradient)
        else:
            several = [None] * node.noutputs if found == NULL else <list>found
            several[output] = gradient if several[output] is None \
                else self.sum_of(PyList_GET_ITEM(<PyObject *>several, output), gradient)
            self.pending[node] = several
        if found == NULL:
            self.ready.push(Entry(node.sequence, <NodePointer>node))
        return 0

    cdef Tensor sum_of(self, PyObject *waiting, Tensor gradient):
        """A gradient that waits and one that arrives: in the former's memory, if nobody sees."""
        cdef Tensor total
        if self.owns(waiting) and gradient.wrapped is None:
            total = <Tensor>waiting
            if not is_small(total):
                return operators().inplace(ADD, total, gradient)
        return operators().binary(ADD, <Tensor>waiting, gradient)

    cdef bint owns(self, PyObject *gradient) noexcept:
        """Whether nothing but this walk sees the memory of a gradient that waits."""
        cdef bint alone = Py_REFCNT(gradient) == 1
        cdef Tensor tensor = <Tensor>gradient
        return alone and not self.create_graph and tensor.base is None and tensor.wrapped is None \
            and tensor.storage.references == 1 and tensor.storage.exports == 0 \
            and tensor.storage.writeable and not tensor.readonly

    cdef Tensor own_sum(self, Node node, object parent):
        """The gradient that waits for an input of a node, if the node's rule may add to it."""
        cdef PyObject *found
        if tl_inspecting or (node.hooks is not None and "after" in node.hooks):
            return None  # somebody wants to see what is added
        if isinstance(parent, Tensor):
            found = PyDict_GetItemWithError(self.leaves, parent)
        elif type(parent) is tuple:
            found = PyDict_GetItemWithError(self.pending, parent[0])
            if found != NULL:
                found = PyList_GET_ITEM(found, parent[1])
        else:
            found = PyDict_GetItemWithError(self.pending, parent)
        if found == NULL or found == <PyObject *>None or not self.owns(found):
            return None
        self.added_to = <Tensor>found
        return self.added_to

    cdef int visit(self, Node node, object gradient) except -1:
        """Pass a node's complete gradient on to its inputs."""
        cdef Rule rule = node.rule
        # Held here, as another thread's walk may free the node.
        cdef tuple parents = node.parents, kept, params = node.params_
        cdef list found
        cdef bint after
        cdef int i
        if node.released:
            raise freed(node)
        kept = kept_tensors(node)
        if node.hooks is not None and "before" in node.hooks:
            gradient = self.before(node, gradient)
        if node.noutputs > 1:
            gradient = tuple([
                zeros_like_output(node, i) if gradient[i] is None and rule.materialize
                else gradient[i] for i in range(node.noutputs)])
        after = node.hooks is not None and "after" in node.hooks
        if rule.variadic:
            values = self.call_rule(node, 0, parents, kept, params, gradient)
            found = [self.fitted(node, i, values[i]) if self.wants(parents[i]) else None
                     for i in range(len(parents))]
            values = None
        else:
            found = [None] * len(parents) if after else None
            for i in range(len(parents)):
                if rule.functions[i] is None or not self.wants(parents[i]):
                    continue
                value = self.call_rule(node, i, parents, kept, params, gradient)
                value = self.fitted(node, i, value)
                if after:
                    found[i] = value
                elif value is not None and value is not self.added_to:
                    self.arrive(parents[i], value)
                self.added_to = value = None
        if after:
            found = self.after(node, parents, found, gradient)
        if found is not None:
            gradient = None
            for i in range(len(parents)):
                if found[i] is not None:
                    value, found[i] = found[i], None  # so that the walk alone holds it
                    self.arrive(parents[i], value)
        if not self.retain_graph:
            node.released = True
            node.parents = None
            node.objects = None
            node.params_ = None
            let_go(node)
        return 0

    cdef object call_rule(self, Node node, int i, tuple parents, tuple kept, tuple params,
                          object gradient):
        """What a rule's function returns for a gradient."""
        cdef object function = node.rule.functions[i]
        cdef vector[Source] *sources = &node.rule.sources[i]
        cdef Source *s = sources.data()
        cdef Py_ssize_t count = sources.size(), k
        if count == 0:
            return function(gradient)
        first = self.argument(node, i, parents, kept, params, s[0])
        if count == 1:
            return function(gradient, first)
        second = self.argument(node, i, parents, kept, params, s[1])
        if count == 2:
            return function(gradient, first, second)
        others = [self.argument(node, i, parents, kept, params, s[k]) for k in range(2, count)]
        return function(gradient, first, second, *others)

    cdef object argument(self, Node node, int input, tuple parents, tuple kept, tuple params,
                         Source source):
        """The value of one parameter of a rule's function for an input."""
        cdef Layout *layout
        cdef int i
        if source.kind == PARAM:
            return params[source.index]
        if source.kind <= OUTPUT:
            return kept_tensor(node, parents, kept, source, self.create_graph)
        if source.kind == NODE:
            return node
        if source.kind == WANTED:
            return tuple([parent is not None for parent in parents])
        if source.kind == INTO:
            return self.own_sum(node, parents[input])
        if source.kind == SHAPES:
            return tuple([tuple_of(node.layouts[i].dims, node.layouts[i].ndim)
                          for i in range(node.ninputs)])
        layout = &node.layouts[source.index]
        if source.kind == SHAPE:
            return tuple_of(layout.dims, layout.ndim)
        if source.kind == STRIDES:
            return tuple_of(layout.dims + layout.ndim, layout.ndim)
        if source.kind == OFFSET:
            return layout.offset
        return dtype_object(layout.dtype)

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
        if value is None:
            return None
        gradient = value
        if not fits(gradient, layout):
            gradient = fit_gradient(gradient, tuple_of(layout.dims, layout.ndim),
                                    dtype_object(layout.dtype), layout.device, node)
        if not gradient.contiguous and not self.create_graph and is_small(gradient) \
                and repeats(gradient):
            gradient = laid_out(gradient)
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
        cdef list hooked_ones = [
            leaf for leaf in self.leaves
            if (<Tensor>leaf).hooks is not None and "gradient" in (<Tensor>leaf).hooks]
        for leaf in hooked_ones:
            self.leaves[leaf] = hooked(
                (<Tensor>leaf).hooks["gradient"], self.leaves[leaf], "backward")
        return 0


cdef inline bint fits(Tensor gradient, const Layout *layout) noexcept:
    """Whether a gradient has the shape, dtype and device of what it belongs to."""
    cdef int k
    if gradient.ndim_ != layout.ndim or gradient.dtype_ != layout.dtype \
            or gradient.storage.device != layout.device:
        return False
    for k in range(layout.ndim):
        if gradient.shape_[k] != layout.dims[k]:
            return False
    return True


cdef inline bint is_small(Tensor gradient) noexcept:
    return gradient.size_ * dtype_itemsize(gradient.dtype_) < SMALL


cdef bint repeats(Tensor gradient) noexcept:
    """Whether elements come several times from one place, as in the gradient of a sum: ops are
    several times faster on the same elements laid out, where there are few."""
    cdef int k
    if not is_readable(gradient):
        return False
    for k in range(gradient.ndim_):
        if gradient.strides_[k] == 0 and gradient.shape_[k] > 1:
            return True
    return False


cdef Tensor laid_out(Tensor gradient):
    cdef Tensor own = tensor_empty_on(gradient.storage.device, gradient.ndim_, gradient.shape_,
                                      gradient.dtype_, "backward")
    copy_into(own, gradient)
    return own


cdef bint sole(Tensor gradient) noexcept:
    """Whether a gradient has memory that nobody else has; a view of all of a tensor that only it
    holds becomes a tensor of its own."""
    cdef Storage *storage = gradient.storage
    if not in_c_order(gradient) or gradient.readonly or storage.exports:
        return False
    if gradient.base is not None and Py_REFCNT(<PyObject *>gradient.base) == 1 \
            and storage.references == 2 and gradient.base.storage == storage \
            and gradient.size_ == gradient.base.size_ and gradient.dtype_ == gradient.base.dtype_:
        gradient.base = None
    return gradient.base is None and storage.references == 1


cdef Tensor zeros_like_output(Node node, int output):
    cdef Layout *layout = &node.layouts[node.ninputs + output]
    cdef Tensor zeros = tensor_empty_on(layout.device, layout.ndim, layout.dims, layout.dtype,
                                        "backward")
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
        for kept in node.objects or ():  # what recorders have is kept as it is
            outside |= isinstance(kept, Tensor) and followed_outside(kept)
        stack.extend(node.parents or ())
    return inside, outside


def one_for(Tensor output not None):
    """The gradient 1 of an output of one element."""
    cdef Tensor one = tensor_empty(output.ndim_, output.shape_, output.dtype_, "backward")
    store_scalar(one.data, one.dtype_, 1)
    return one.to(output.device) if output.storage.device != 0 else one


def is_walking():
    """Whether a walk is going on in this thread."""
    return tl_walk != NULL


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
    global tl_walk
    cdef Walk walk = Walk()
    cdef PyObject *outer = tl_walk
    cdef Tensor tensor
    cdef int previous, held = create_graph and accumulate  # the graph of the walk, by leaves
    walk.pending = {}
    walk.leaves = {}
    walk.retain_graph = retain_graph
    walk.create_graph = create_graph
    walk.at_end = []
    for tensor in tensors + (inputs or ()):
        refresh(tensor)
    if inputs is not None:
        targets = {t if (<Tensor>t).node is None else (<Tensor>t).node for t in inputs}
        walk.captured = {key_of(t): None for t in inputs if (<Tensor>t).node is not None}
        walk.through = nodes_through(
            [(<Tensor>t).node for t in tensors if (<Tensor>t).node is not None], targets)
        walk.needed = walk.through | targets
    if held:
        for tensor in tensors + gradients:
            if tensor.node is not None:
                show_graph(tensor.node)
    previous = switch_mode(1 if create_graph else 0 if no_grad() else 2)
    show_new(held)
    tl_walk = <PyObject *>walk
    try:
        for tensor, gradient in zip(tensors, gradients):
            walk.arrive(key_of(tensor), gradient)
        walk.run()
        walk.hook_leaves()
        for function in walk.at_end:
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
        tl_walk = outer
        show_new(-held)
        switch_mode(previous)
    return found


cdef int accumulate_grad(Tensor leaf, Tensor gradient, bint create_graph) except -1:
    if not accumulating.try_lock():
        with nogil:
            accumulating.lock()
    try:
        add_grad(leaf, gradient, create_graph)
    finally:
        accumulating.unlock()
    if leaf.hooks is not None and "accumulated" in leaf.hooks:
        for function in list(leaf.hooks["accumulated"].values()):
            function(leaf)
    return 0


cdef int add_grad(Tensor leaf, Tensor gradient, bint create_graph) except -1:
    if leaf.grad_ is not None:
        if create_graph:
            leaf.grad_ = leaf.grad_ + gradient
        else:
            leaf.grad_ = operators().inplace(ADD, leaf.grad_, gradient)
        return 0
    if gradient.wrapped is not None:
        leaf.grad_ = gradient
        return 0
    # Cython holds an argument that is assigned to once more, so this one is not.
    if create_graph or Py_REFCNT(<PyObject *>gradient) == 1 and sole(gradient):
        leaf.grad_ = gradient
    else:
        leaf.grad_ = laid_out(gradient)  # somebody else may hold the other
    return 0
