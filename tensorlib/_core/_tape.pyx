"""The tape: nodes that remember ops, and the walk that takes gradients back through them."""

import os
import sys

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_REFCNT
from libcpp.pair cimport pair
from libcpp.queue cimport priority_queue

from tensorlib._core._dtypes cimport dtype_is_inexact, dtype_itemsize, dtype_object
from tensorlib._core._exchange cimport asarray
from tensorlib._core._memory cimport storage_last_write, storage_wrote
from tensorlib._core._tensor cimport (
    Tensor,
    copy_into,
    extent,
    operators,
    refresh,
    tensor_alias,
    tensor_empty,
    tuple_of,
)

import numpy as np

cdef extern from *:
    """
    // Thread-local, and in this extension alone.
    static thread_local bool tl_grad_enabled = true;
    """
    bint tl_grad_enabled

ctypedef PyObject *NodePointer
ctypedef pair[uint64_t, NodePointer] Entry

cdef uint64_t sequence = 0
cdef dict rules = {}
cdef object fit_gradient = None
cdef str package = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


cdef bint grad_enabled() noexcept:
    return tl_grad_enabled


def is_grad_enabled():
    """Whether this thread records ops."""
    return tl_grad_enabled


def set_grad_enabled(bint enabled):
    """Switch recording on or off in this thread; returns what it was."""
    global tl_grad_enabled
    cdef bint previous = tl_grad_enabled
    tl_grad_enabled = enabled
    return previous


# ------------------------------------------------------------------------------------------
# rules
# ------------------------------------------------------------------------------------------

# What a rule can ask for: (kind, index) in a Rule's sources.
cdef enum:
    INPUT, OUTPUT, SHAPE, DTYPE, STRIDES, OFFSET, SHAPES, PARAM


cdef class Rule:
    def __init__(self, str name, tuple inputs, tuple params, int outputs):
        self.name = name
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.variadic = bool(inputs) and inputs[0].startswith("*")

    cdef tuple plan(self, uint64_t wanted):
        """The inputs and outputs to keep when these inputs (a bit each) need gradients."""
        cdef object found = self.plans.get(wanted)
        if found is None:
            found = []
            for i, entry in enumerate(self.functions):
                if entry is not None and (self.variadic or wanted >> i & 1):
                    for source in entry[1]:
                        if source[0] <= OUTPUT and source not in found:
                            found.append(source)
            if len(found) > MAX_KEPT:
                raise SystemError(f"{self.name}: the rule keeps more than {MAX_KEPT} tensors")
            found = tuple(found)
            self.plans[wanted] = found
        return found

    def source(self, str parameter):
        """Where the value of a rule's parameter comes from."""
        kinds = {"_shape": SHAPE, "_dtype": DTYPE, "_strides": STRIDES, "_offset": OFFSET}
        if parameter in self.inputs:
            return INPUT, self.inputs.index(parameter)
        if parameter in self.params:
            return PARAM, self.params.index(parameter)
        if parameter == "shapes":
            return SHAPES, 0
        if parameter == "out" or parameter[:3] == "out" and parameter[3:].isdigit():
            return OUTPUT, int(parameter[3:] or 0)
        for suffix, kind in kinds.items():
            if parameter.endswith(suffix) and parameter[:-len(suffix)] in self.inputs:
                return kind, self.inputs.index(parameter[:-len(suffix)])
        raise ValueError(f"{self.name}: a gradient rule asks for {parameter!r}, which is none of "
                         f"{self.inputs + self.params}, out, or an input's _shape, _dtype, "
                         "_strides or _offset")


def declare(str name, tuple inputs, tuple params, int outputs):
    """The Rule of an op, to be filled in by set_rule."""
    cdef Rule rule = rules.get(name)
    if rule is None:
        rule = Rule(name, inputs, params, outputs)
        rules[name] = rule
    return rule


def set_rule(str name, functions, variadic=None):
    """Say how gradients pass an op.

    Parameters
    ----------
    name : str
        The op.
    functions : tuple of (None or (callable, tuple of str)) or None
        For each input, the function of the output's gradient and of what the names stand for; an
        empty tuple where the result never requires a gradient.
    variadic : (callable, tuple of str), optional
        For ops of any number of inputs: one function that returns a gradient for each.
    """
    cdef Rule rule = rules.get(name)
    if rule is None:
        raise ValueError(f"rule: there is no op {name!r}")
    entries = (variadic,) if variadic is not None else functions
    if variadic is None and entries and len(entries) != len(rule.inputs):
        raise ValueError(f"{name}: expected {len(rule.inputs)} gradient functions, got "
                         f"{len(entries)}")
    compiled = []
    for entry in entries:
        if entry is None:
            compiled.append(None)
        else:
            function, names = entry
            compiled.append((function, tuple([rule.source(n) for n in names])))
    rule.functions = tuple(compiled)
    rule.plans = {}
    rule.differentiable = bool(compiled)
    rule.known = True


def has_rule(str name):
    """None: no rule was given; False: the op is not differentiable; True: it has a rule."""
    cdef Rule rule = rules.get(name)
    return None if rule is None or not rule.known else rule.differentiable


def set_fit(function):
    """Install `fit(gradient, shape, dtype)`, which undoes broadcasting and promotion."""
    global fit_gradient
    fit_gradient = function


# ------------------------------------------------------------------------------------------
# nodes
# ------------------------------------------------------------------------------------------

# Chains of a million nodes must not be freed by a million nested calls: what a dying node holds
# waits here, and the outermost call empties it.
cdef list graveyard = []
cdef bint burying = False


cdef void bury(object parents, object kept):
    global burying
    graveyard.append(parents)
    graveyard.append(kept)
    parents = None
    kept = None
    if not burying:
        burying = True
        while graveyard:
            graveyard.pop()
        burying = False


@cython.freelist(256)
cdef class Node:
    """One recorded op."""

    def __dealloc__(self):
        PyMem_Free(self.layouts)
        if self.parents is not None:
            parents, self.parents = self.parents, None
            kept, self.kept = self.kept, None
            bury(parents, kept)

    @property
    def name(self):
        """str: the op."""
        return self.rule.name

    @property
    def next_functions(self):
        """tuple: for each input the node and output that made it, the leaf itself, or None."""
        return tuple([p if isinstance(p, tuple) or p is None else (p, 0)
                      for p in self.parents or ()])

    def __repr__(self):
        return f"<Node {self.rule.name}>"


cdef int set_layouts(Node node, tuple inputs, list outputs) except -1:
    """Remember shapes and strides in one block."""
    cdef Tensor tensor
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t *dims
    cdef Layout *layout
    cdef int i, k = 0
    for tensor in inputs:
        total += tensor.ndim_
    for tensor in outputs:
        total += tensor.ndim_
    node.ninputs = len(inputs)
    k = node.ninputs + len(outputs)
    node.layouts = <Layout *>PyMem_Malloc(k * sizeof(Layout) + 2 * total * sizeof(Py_ssize_t))
    if node.layouts == NULL:
        raise MemoryError()
    dims = <Py_ssize_t *>(node.layouts + k)
    k = 0
    for tensors in (inputs, outputs):
        for tensor in tensors:
            layout = &node.layouts[k]
            layout.ndim = tensor.ndim_
            layout.dtype = tensor.dtype_
            layout.offset = tensor.data - tensor.storage.data
            layout.dims = dims
            for i in range(2 * tensor.ndim_):
                dims[i] = tensor.shape_[i]
            dims += 2 * tensor.ndim_
            k += 1
    return 0


cdef bint any_tracked(tuple inputs) except -1:
    """Whether the tape must record an op with these inputs."""
    cdef Tensor tensor
    if not tl_grad_enabled:
        return False
    for entry in inputs:
        tensor = entry
        refresh(tensor)
        if tensor.tracked:
            return True
    return False


cdef bint keeps_input(Rule rule, tuple inputs, int index) except -1:
    """Whether the gradient will need the value of this input."""
    return rule.known and rule.differentiable \
        and (INPUT, index) in rule.plan(wanted_by(rule, inputs))


cdef uint64_t wanted_by(Rule rule, tuple inputs) except? 0:
    cdef uint64_t wanted = 0
    cdef Tensor tensor
    cdef int i = 0
    if rule.variadic:
        return 1
    for tensor in inputs:
        if tensor.tracked:
            wanted |= 1 << i
        i += 1
    return wanted


cdef int record(Rule rule, tuple inputs, tuple params, object outputs) except -1:
    """Put an op on the tape; its outputs then know their node."""
    global sequence
    cdef Node node
    cdef Tensor tensor
    cdef list results = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    cdef list parents, kept
    cdef int i, inexact = 0
    if not rule.known:
        raise NotImplementedError(f"{rule.name}: no gradient rule was given for this op; use "
                                  "detach() or no_grad()")
    if not rule.differentiable:
        return 0
    for tensor in results:
        inexact += dtype_is_inexact(tensor.dtype_)
    if inexact == 0:
        return 0
    node = Node.__new__(Node)
    node.rule = rule
    node.params_ = params
    parents = []
    for tensor in inputs:
        if not tensor.tracked:
            parents.append(None)
        elif tensor.node is None:
            parents.append(tensor)
        elif tensor.output:
            parents.append((tensor.node, tensor.output))
        else:
            parents.append(tensor.node)
    node.parents = tuple(parents)
    node.plan = rule.plan(wanted_by(rule, inputs))
    if node.plan:
        kept = []
        for i in range(len(node.plan)):
            kind, index = node.plan[i]
            # An output is kept without its node, or the two would hold each other.
            tensor = inputs[index] if kind == INPUT else (<Tensor>results[index]).detach()
            tensor.storage.saved = True
            node.versions[i] = tensor.storage.version
            kept.append(tensor)
        node.kept = tuple(kept)
    set_layouts(node, inputs, results)
    sequence += 1
    node.sequence = sequence
    i = 0
    for tensor in results:
        if dtype_is_inexact(tensor.dtype_):
            tensor.node = node
            tensor.output = i
            tensor.tracked = True
        i += 1
    return 0


# ------------------------------------------------------------------------------------------
# writes
# ------------------------------------------------------------------------------------------

cdef object caller_line():
    """File and line of the innermost frame outside the package."""
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_filename.startswith(package):
        frame = frame.f_back
    return (frame.f_code.co_filename, frame.f_lineno) if frame is not None else ("?", 0)


cdef int wrote(Tensor target, str name) except -1:
    """Count a write, and remember where it happened if the tape keeps the storage."""
    cdef char *low
    cdef char *high
    target.storage.version += 1
    if target.storage.saved and target.size_ > 0:
        extent(target, &low, &high)
        storage_wrote(target.storage, low, high, (name, *caller_line()))
    return 0


cdef bint holds_history(Tensor target) except -1:
    """Whether a write into a tensor must be recorded for its own sake, or its root's."""
    refresh(target)
    return target.tracked or (target.base is not None and target.base.tracked)


cdef int check_not_leaf(Tensor target, str name) except -1:
    """Refuse to record a write into a leaf, whose gradient would no longer be its own."""
    cdef Tensor root = target if target.base is None else target.base
    refresh(target)
    if (root.tracked and root.node is None) or (target.tracked and target.node is None):
        raise RuntimeError(
            f"{name}: a leaf that requires a gradient, or a view of it, cannot be written in "
            "place; use no_grad() or a copy")
    return 0


cdef Tensor positions(Tensor view):
    """For each element of a view the flat index in its root."""
    cdef Tensor root = view.base
    cdef Py_ssize_t low = 0, high = 0
    cdef Py_ssize_t itemsize = root.dtype.itemsize
    cdef int i
    # The root's flat indices, laid out in memory as the root is, then seen as the view is.
    for i in range(root.ndim_):
        if root.strides_[i] < 0:
            low += root.strides_[i] * (root.shape_[i] - 1)
        else:
            high += root.strides_[i] * (root.shape_[i] - 1)
    memory = np.zeros((high - low) // itemsize + 1, np.int64)
    scale = [s // itemsize * 8 for s in root.strides]
    laid = np.lib.stride_tricks.as_strided(memory[-low // itemsize:], root.shape, scale)
    laid[...] = np.arange(root.size).reshape(root.shape)
    offset = (view.data - root.data - low) // itemsize
    seen = np.lib.stride_tricks.as_strided(
        memory[offset:], view.shape, [s // itemsize * 8 for s in view.strides])
    return asarray(seen.copy())


cdef object part_of(Tensor view):
    """Which part of a complex root a real view shows: "real", "imag", or None for all of it."""
    cdef Tensor root = view.base
    if dtype_itemsize(view.dtype_) == dtype_itemsize(root.dtype_):
        return None
    return "imag" if (view.data - root.data) % dtype_itemsize(root.dtype_) else "real"


cdef int bind(Tensor target, Tensor result) except -1:
    """Give a tensor that was written the history of its new value."""
    cdef Tensor root, old, new
    if target.base is None:
        target.node = result.node
        target.output = result.output
        target.tracked = result.tracked
        target.graph_version += 1
        return 0
    root = target.base
    old = tensor_alias(root)
    new = tensor_alias(root)
    new.node = None
    new.tracked = False
    if old.tracked or result.tracked:
        record(rules["view_write"], (old, result), (positions(target), part_of(target)), new)
    root.node = new.node
    root.output = new.output
    root.tracked = new.tracked
    root.graph_version += 1
    target.node = result.node
    target.output = result.output
    target.tracked = result.tracked
    target.graph_version = root.graph_version
    return 0


cdef int refresh_view(Tensor view) except -1:
    """Give a view whose root was written a history that starts at the root."""
    cdef Tensor root = view.base
    cdef Tensor new
    view.graph_version = root.graph_version
    view.node = None
    view.tracked = False
    if root.tracked:
        new = tensor_alias(view)
        record(rules["view_read"], (root,), (positions(view), part_of(view)), new)
        view.node = new.node
        view.output = new.output
        view.tracked = new.tracked
    return 0


operators().refresh = refresh_view


# ------------------------------------------------------------------------------------------
# the walk
# ------------------------------------------------------------------------------------------

cdef object argument(Node node, tuple source, bint create_graph):
    """The value of one parameter of a rule."""
    cdef int kind = source[0], index = source[1], i
    cdef Layout *layout
    cdef Tensor tensor
    if kind == PARAM:
        return node.params_[index]
    if kind <= OUTPUT:
        i = node.plan.index(source)
        tensor = node.kept[i]
        if tensor.storage.version != node.versions[i]:
            check_kept(node, source, tensor, node.versions[i])
        if kind == OUTPUT and create_graph:
            tensor = tensor_alias(tensor)
            tensor.node = node
            tensor.output = index
            tensor.tracked = True
        return tensor
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
        f"{file}:{line}")


cdef object freed(Node node):
    return RuntimeError(f"{node.rule.name}: backward through a graph that was freed; use "
                        "retain_graph=True in the first backward")


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
        if node.rule.outputs > 1:
            if previous is None:
                previous = [None] * node.rule.outputs
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
        cdef tuple parents = node.parents
        cdef int i
        if node.released:
            raise freed(node)
        if rule.outputs > 1:
            gradient = tuple([
                zeros_like_output(node, i) if gradient[i] is None else gradient[i]
                for i in range(rule.outputs)])
        if rule.variadic:
            function, sources = rule.functions[0]
            values = function(gradient, *[argument(node, s, self.create_graph) for s in sources])
            for i in range(len(parents)):
                if self.wants(parents[i]):
                    self.pass_on(node, i, parents[i], values[i])
        else:
            for i in range(len(parents)):
                entry = rule.functions[i]
                if entry is None or not self.wants(parents[i]):
                    continue
                function, sources = entry
                if len(sources) == 0:
                    value = function(gradient)
                elif len(sources) == 1:
                    value = function(gradient, argument(node, sources[0], self.create_graph))
                else:
                    value = function(
                        gradient, *[argument(node, s, self.create_graph) for s in sources])
                self.pass_on(node, i, parents[i], value)
        if not self.retain_graph:
            node.released = True
            node.parents = None
            node.kept = None
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

    cdef int pass_on(self, Node node, int i, object parent, object value) except -1:
        cdef Layout *layout = &node.layouts[i]
        cdef Tensor gradient
        cdef int k
        if value is None:
            return 0
        gradient = value
        if gradient.ndim_ == layout.ndim and gradient.dtype_ == layout.dtype:
            for k in range(layout.ndim):
                if gradient.shape_[k] != layout.dims[k]:
                    break
            else:
                return self.arrive(parent, gradient)
        gradient = fit_gradient(
            gradient, tuple_of(layout.dims, layout.ndim), dtype_object(layout.dtype),
            node.rule.name)
        return self.arrive(parent, gradient)

    cdef int run(self) except -1:
        cdef Node node
        cdef PyObject *top
        while not self.ready.empty():
            top = self.ready.top().second
            node = <Node>top
            self.ready.pop()
            gradient = self.pending.pop(node)
            if self.needed is not None:
                self.capture(node, gradient)
            if self.needed is None or node in self.through:
                self.visit(node, gradient)
        return 0

    cdef int capture(self, Node node, object gradient) except -1:
        cdef int i
        for i in range(node.rule.outputs):
            key = (node, i)
            if key in self.captured:
                self.captured[key] = gradient if node.rule.outputs == 1 else gradient[i]
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
    for _, node in sorted(order, key=first_of):
        for parent in node.parents or ():
            if (parent[0] if type(parent) is tuple else parent) in needed:
                needed.add(node)
                through.add(node)
                break
    return through


def first_of(entry):
    return entry[0]


cdef object key_of(Tensor tensor):
    """What stands for a tensor in the graph: itself if a leaf, else (node, output)."""
    return tensor if tensor.node is None else (tensor.node, tensor.output)


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
    cdef Walk walk = Walk()
    cdef Tensor tensor
    cdef bint previous
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
    previous = set_grad_enabled(create_graph)
    try:
        for tensor, gradient in zip(tensors, gradients):
            walk.arrive(key_of(tensor), gradient)
        walk.run()
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
        set_grad_enabled(previous)
    return found


cdef int accumulate_grad(Tensor leaf, Tensor gradient, bint create_graph) except -1:
    cdef Tensor own
    if leaf.grad_ is not None:
        if create_graph:
            leaf.grad_ = leaf.grad_ + gradient
        else:
            leaf.grad_ += gradient
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
