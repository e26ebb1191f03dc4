"""The tape: rules that say how gradients pass an op, nodes that remember one, recording."""

import os
import threading

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_INCREF, PyObject
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.string cimport memset

from tensorlib._core._dtypes cimport dtype_is_inexact
from tensorlib._core._memory cimport storage_release, storage_retain
from tensorlib._core._tensor cimport (
    Tensor,
    operators,
    refresh,
    tensor_untracked,
    tensor_wrap,
    tuple_of,
)

from tensorlib._core._hooks import RemovableHandle, new_functions

cdef extern from *:
    """
    // Thread-local, and in this extension alone.
    static thread_local int tl_mode = 1;
    static thread_local int tl_packing = 0;
    static thread_local int tl_showing = 0;
    """
    int tl_mode          # of the enum below
    int tl_packing       # pairs of hooks for saved tensors that are active in this thread
    int tl_showing       # walks whose graph leaves will hold

cdef extern from "Python.h":
    bint PyObject_GC_IsTracked(PyObject *object)
    void PyObject_GC_Track(PyObject *object)
    void PyObject_GC_UnTrack(PyObject *object)


cdef uint64_t sequence = 0
cdef dict rules = {}
cdef object here = threading.local()
cdef str package = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


# Whether ops are recorded. WALKING: not by the tape, as a walk is not to be recorded; other
# derivatives go on, which DISABLED (no_grad) stops too.
cdef enum:
    DISABLED, ENABLED, WALKING


cdef bint grad_enabled() noexcept:
    return tl_mode == ENABLED


cdef bint no_grad() noexcept:
    return tl_mode == DISABLED


cdef int switch_mode(int mode) noexcept:
    global tl_mode
    cdef int previous = tl_mode
    tl_mode = mode
    return previous


def is_grad_enabled():
    """Whether this thread records ops."""
    return grad_enabled()


def is_no_grad():
    """Whether this thread is inside of no_grad."""
    return no_grad()


def set_grad_mode(int mode):
    """Switch recording in this thread: 0 off, 1 on, 2 off for a walk; returns what it was."""
    return switch_mode(mode)


# ------------------------------------------------------------------------------------------
# rules
# ------------------------------------------------------------------------------------------

cdef class Rule:
    def __init__(self, str name, tuple inputs, tuple params, int outputs):
        self.name = name
        self.inputs = inputs
        self.params = params
        self.outputs = outputs
        self.variadic = bool(inputs) and inputs[0].startswith("*")
        self.materialize = True

    cdef Plan plan(self, uint64_t wanted):
        """The inputs and outputs to keep when these inputs (a bit each) need gradients."""
        cdef Plan plan = self.plans.get(wanted)
        cdef Source source
        if plan is None:
            plan = Plan()
            for i in range(len(self.functions)):
                if self.functions[i] is not None and (self.variadic or wanted >> i & 1):
                    for source in self.sources[i]:
                        if source.kind <= OUTPUT and place_of(plan, source) < 0:
                            plan.kept.push_back(source)
            self.plans[wanted] = plan
        return plan

    def source(self, str parameter):
        """Where the value of a rule's parameter comes from."""
        kinds = {"_shape": SHAPE, "_dtype": DTYPE, "_strides": STRIDES, "_offset": OFFSET}
        if parameter in self.inputs:
            return INPUT, self.inputs.index(parameter)
        if parameter in self.params:
            return PARAM, self.params.index(parameter)
        if parameter == "shapes":
            return SHAPES, 0
        if parameter == "wanted":
            return WANTED, 0
        if parameter == "into":
            return INTO, 0
        if parameter == "out" or parameter[:3] == "out" and parameter[3:].isdigit():
            return OUTPUT, int(parameter[3:] or 0)
        for suffix, kind in kinds.items():
            if parameter.endswith(suffix) and parameter[:-len(suffix)] in self.inputs:
                return kind, self.inputs.index(parameter[:-len(suffix)])
        raise ValueError(f"{self.name}: a gradient rule asks for {parameter!r}, which is none of "
                         f"{self.inputs + self.params}, out, or an input's _shape, _dtype, "
                         "_strides or _offset")

    def set_functions(self, entries):
        """Take the pairs of a function and of the sources of its parameters, or None."""
        cdef vector[Source] sources
        self.sources.clear()
        for entry in entries:
            sources.clear()
            for kind, index in () if entry is None else entry[1]:
                sources.push_back(Source(kind, index))
            self.sources.push_back(sources)
        self.functions = tuple([None if entry is None else entry[0] for entry in entries])
        self.plans = {}
        self.differentiable = bool(entries)
        self.known = True


cdef int place_of(Plan plan, Source source) noexcept:
    """Where something is among what is kept, or -1."""
    cdef int i
    for i in range(<int>plan.kept.size()):
        if plan.kept[i].kind == source.kind and plan.kept[i].index == source.index:
            return i
    return -1


def declare(str name, tuple inputs, tuple params, int outputs):
    """The Rule of an op, to be filled in by set_rule."""
    cdef Rule rule = rules.get(name)
    if rule is None:
        rule = Rule(name, inputs, params, outputs)
        rules[name] = rule
    return rule


def set_rule(str name, functions, variadic=None, bint materialize=True):
    """Say how gradients pass an op.

    Parameters
    ----------
    name : str
        The op.
    functions : tuple of (None or (callable, tuple of str)) or None
        For each input, the function of the output's gradient and of what the names stand for; an
        empty tuple where the result never requires a gradient.
    variadic : (callable, tuple of str), optional
        One function that returns a gradient for each input: for an op of any number of inputs, or
        where the gradients are computed together.
    materialize : bool, optional
        Whether it is given zeros for the outputs to which no gradient came, or None.
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
            compiled.append((function, [rule.source(n) for n in names]))
    rule.variadic = variadic is not None
    rule.materialize = materialize
    rule.set_functions(compiled)


def has_rule(str name):
    """None: no rule was given; False: the op is not differentiable; True: it has a rule."""
    cdef Rule rule = rules.get(name)
    return None if rule is None or not rule.known else rule.differentiable


def rule_functions(str name):
    """How gradients pass an op: whether by one function for all inputs, and the functions.

    Returns
    -------
    bool, list of (None or (callable, list of (str, int)))
        The pairs say what the function takes after the gradient: "input" or "output", an input's
        "shape", "dtype", "strides" or "offset", "shapes", "param", "node", "wanted" or "into";
        and which.
    """
    cdef Rule rule = rules.get(name)
    cdef Source source
    if rule is None or not rule.known:
        raise NotImplementedError(f"{name}: no gradient rule was given for this op; use detach()")
    names = ["input", "output", "shape", "dtype", "strides", "offset", "shapes", "param", "node",
             "wanted", "into"]
    return rule.variadic, [
        None if function is None
        else (function, [(names[source.kind], source.index) for source in rule.sources[i]])
        for i, function in enumerate(rule.functions)]


def last_sequence():
    """The number of the newest node of all."""
    return sequence


def function_rule(str name, int outputs, function, tuple keep=(), bint materialize=True):
    """The Rule of a call that is no op.

    Parameters
    ----------
    name : str
    outputs : int
    function : callable
        ``function(gradient, node, context, *kept)`` gives the gradients of all inputs.
    keep : tuple of (str, int), optional
        Which inputs ("input") and outputs ("output") are kept.
    materialize : bool, optional
        Whether the gradient of an output to which none came is zeros, or None.

    Returns
    -------
    Rule
    """
    cdef Rule rule = Rule(name, ("*inputs",), ("context",), outputs)
    kept = tuple([(INPUT if kind == "input" else OUTPUT, i) for kind, i in keep])
    rule.materialize = materialize
    rule.calls = True
    rule.set_functions([(function, ((NODE, 0), (PARAM, 0)) + kept)])
    return rule


def untrack(Tensor tensor not None):
    """Take the history from a result that has no derivative."""
    tensor.node = None
    tensor.tracked = False


def record_call(Rule rule not None, tuple inputs, context, tuple outputs):
    """Put a call that is no op on the tape; its outputs then know their node."""
    if any_tracked(inputs):
        record(rule, inputs, (context,), outputs)


# ------------------------------------------------------------------------------------------
# lines of the user's
# ------------------------------------------------------------------------------------------

cdef tuple caller_line():
    """File and line of the innermost frame outside the package."""
    cdef int place
    cdef object code = user_code(package, &place)
    return ("?", 0) if code is None else (code.co_filename, line_of(code, place))


def user_line():
    """str: file and line of the innermost frame outside of the package."""
    file, line = caller_line()
    return f"{file}:{line}"


# ------------------------------------------------------------------------------------------
# saved tensors
# ------------------------------------------------------------------------------------------

cdef class Packed:
    """What a hook made of a tensor that a node keeps."""

    def __init__(self, value, unpack):
        self.value = value
        self.unpack = unpack


def push_saved_tensors_hooks(pack, unpack):
    """Let `pack` change what nodes of this thread keep from now on, and `unpack` change it back."""
    global tl_packing
    if not hasattr(here, "packing"):
        here.packing = []
    here.packing.append((pack, unpack))
    tl_packing += 1


def pop_saved_tensors_hooks():
    """Undo the last `push_saved_tensors_hooks`."""
    global tl_packing
    here.packing.pop()
    tl_packing -= 1


cdef object packed(Tensor tensor):
    pack, unpack = here.packing[len(here.packing) - 1]
    return Packed(pack(tensor), unpack)


cdef Tensor unpacked(Packed packed, what):
    """What the hook gives back; `what` was called, for the error."""
    value = packed.unpack(packed.value)
    if not isinstance(value, Tensor):
        raise TypeError(f"saved_tensors_hooks: expected a Tensor from the hook that unpacks, got "
                        f"{type(value).__name__}; {what}")
    return value


def keep(Tensor tensor not None):
    """What a node of this thread would keep of a tensor: by the hooks, and without history."""
    tensor = tensor_untracked(tensor)
    return packed(tensor) if tl_packing else tensor


def kept_tensor(kept):
    """The tensor of which `keep` gave this."""
    return unpacked(kept, "kept by a checkpoint") if type(kept) is Packed else kept


def storage_of(Tensor tensor not None):
    """Address and bytes of the memory that a tensor and its views share."""
    return <size_t>tensor.storage.data, tensor.storage.nbytes


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
        let_go(self)
        PyMem_Free(self.layouts)
        if self.parents is not None:
            parents, self.parents = self.parents, None
            objects, self.objects = self.objects, None
            bury(parents, objects)

    @property
    def name(self):
        """str: the op."""
        return self.rule.name

    @property
    def where(self):
        """str: file and line of the call, outside of the package."""
        if self.code is None:
            return "an unknown line"
        return f"{self.code.co_filename}:{line_of(self.code, self.place)}"

    @property
    def kept(self):
        """tuple of Tensor: what the rule needs and the node therefore keeps alive."""
        return tuple([kept_object(self, i) for i in range(kept_count(self))])

    @property
    def number(self):
        """int: nodes are numbered in the order in which they were made."""
        return self.sequence

    @property
    def params(self):
        """tuple: the op's parameters."""
        return self.params_ or ()

    @property
    def output_shapes(self):
        """tuple of tuple of int: the shapes of the outputs."""
        return tuple([tuple_of(self.layouts[self.ninputs + i].dims,
                               self.layouts[self.ninputs + i].ndim)
                      for i in range(self.noutputs)])

    @property
    def metadata(self):
        """dict: for whatever should be remembered with the node."""
        return self.hooks_of("metadata")

    def register_hook(self, function):
        """Call ``function(grad_inputs, grad_outputs)`` when a walk has passed this node.

        It may return other gradients of the inputs. Returns a handle whose ``remove`` undoes this.
        """
        return RemovableHandle(self.hooks_of("after"), function)

    def register_prehook(self, function):
        """Call ``function(grad_outputs)`` before a walk passes this node; see `register_hook`."""
        return RemovableHandle(self.hooks_of("before"), function)

    def hooks_of(self, key):
        """The functions that the walk calls here: an output's number, "before" or "after"."""
        show(self)
        if self.hooks is None:
            self.hooks = {}
        if key not in self.hooks:
            self.hooks[key] = new_functions()
        return self.hooks[key]

    @property
    def next_functions(self):
        """tuple: for each input the node and output that made it, the leaf itself, or None."""
        return tuple([p if isinstance(p, tuple) or p is None else (p, 0)
                      for p in self.parents or ()])

    def __repr__(self):
        return f"<Node {self.rule.name}>"


cdef int kept_count(Node node) noexcept:
    return 0 if node.released else node.plan.kept.size()


cdef object kept_object(Node node, int i):
    """What the node keeps at a place of its plan: a tensor without history, or Packed."""
    cdef Source source = node.plan.kept[i]
    cdef Layout *layout = &node.layouts[source.index]
    cdef Tensor tensor
    if node.kept_[i].storage == NULL:
        return node.objects[i]
    if source.kind == OUTPUT:
        layout += node.ninputs
    tensor = tensor_wrap(storage_retain(node.kept_[i].storage),
                         node.kept_[i].storage.data + layout.offset, layout.ndim, layout.dims,
                         layout.dims + layout.ndim, layout.dtype)
    tensor.readonly = layout.readonly
    return tensor


cdef tuple kept_tensors(Node node):
    """All that a node keeps, by its plan; what hooks packed is unpacked."""
    cdef int count = kept_count(node), i
    cdef object found
    cdef tuple kept
    if count == 0:
        return ()
    kept = PyTuple_New(count)
    for i in range(count):
        found = kept_object(node, i)
        if type(found) is Packed:
            found = unpacked(found, f"it was saved by {node.rule.name} at {node.where}")
        Py_INCREF(found)
        PyTuple_SET_ITEM(kept, i, found)
    return kept


cdef void let_go(Node node) noexcept:
    """Keep nothing any longer."""
    cdef int i
    if node.kept_ != NULL:
        for i in range(node.nkept):
            if node.kept_[i].storage != NULL:
                storage_release(node.kept_[i].storage)
                node.kept_[i].storage = NULL


cdef int lay_out(Node node, tuple inputs, tuple outputs) except -1:
    """Remember shapes and strides in one block, with room for what is kept."""
    cdef Tensor tensor
    cdef Py_ssize_t total = 0
    cdef Py_ssize_t *dims
    cdef Layout *layout
    for tensor in inputs:
        total += tensor.ndim_
    for tensor in outputs:
        total += tensor.ndim_
    node.ninputs = len(inputs)
    node.noutputs = len(outputs)
    node.nkept = node.plan.kept.size()
    node.layouts = <Layout *>PyMem_Malloc(
        (node.ninputs + node.noutputs) * sizeof(Layout) + node.nkept * sizeof(Kept)
        + 2 * total * sizeof(Py_ssize_t))
    if node.layouts == NULL:
        raise MemoryError()
    node.kept_ = <Kept *>(node.layouts + node.ninputs + node.noutputs)
    memset(node.kept_, 0, node.nkept * sizeof(Kept))
    dims = <Py_ssize_t *>(node.kept_ + node.nkept)
    layout = node.layouts
    for tensor in inputs:
        dims = set_layout(layout, tensor, dims)
        layout += 1
    for tensor in outputs:
        dims = set_layout(layout, tensor, dims)
        layout += 1
    return 0


cdef inline Py_ssize_t *set_layout(Layout *layout, Tensor tensor, Py_ssize_t *dims) noexcept:
    cdef int i
    layout.ndim = tensor.ndim_
    layout.dtype = tensor.dtype_
    layout.readonly = tensor.readonly
    layout.device = tensor.storage.device
    layout.offset = tensor.data - tensor.storage.data
    layout.dims = dims
    for i in range(2 * tensor.ndim_):
        dims[i] = tensor.shape_[i]
    return dims + 2 * tensor.ndim_


cdef int keep_all(Node node, tuple inputs, tuple outputs) except -1:
    """Keep what the plan says.

    Not the tensors themselves: they hold this node (an output), or may hold it after a write into
    them or their root, and the two would keep each other alive.
    """
    cdef Tensor tensor
    cdef Source source
    cdef int i
    for i in range(node.nkept):
        source = node.plan.kept[i]
        tensor = inputs[source.index] if source.kind == INPUT else outputs[source.index]
        if tl_packing or tensor.wrapped is not None:
            if node.objects is None:
                node.objects = [None] * node.nkept
            node.objects[i] = tensor_untracked(tensor)
        if tl_packing:
            node.objects[i] = packed(node.objects[i])
            node.kept_[i].version = NOT_CHECKED
            continue
        tensor.storage.saved = True
        node.kept_[i].version = tensor.storage.version
        if tensor.wrapped is None:
            node.kept_[i].storage = storage_retain(tensor.storage)
    return 0


cdef tuple parents_of(tuple inputs):
    cdef tuple parents = PyTuple_New(len(inputs))
    cdef Tensor tensor
    cdef object parent
    cdef int i = 0
    for tensor in inputs:
        if not tensor.tracked:
            parent = None
        elif tensor.node is None:
            parent = tensor
        elif tensor.output:
            parent = (tensor.node, tensor.output)
        else:
            parent = tensor.node
        Py_INCREF(parent)
        PyTuple_SET_ITEM(parents, i, parent)
        i += 1
    return parents


# Graphs are freed by counting, for what a node holds does not lead back to it. So the garbage
# collector need not know nodes, and to visit them would be most of the cost of a long tape. It is
# shown those by which objects of the user's, or a leaf's gradient, may lead back.

cdef void show(Node node) noexcept:
    for part in (node, node.parents):
        if part is not None and not PyObject_GC_IsTracked(<PyObject *>part):
            PyObject_GC_Track(<PyObject *>part)


cdef inline void hide(Node node) noexcept:
    PyObject_GC_UnTrack(<PyObject *>node)
    PyObject_GC_UnTrack(<PyObject *>node.parents)


cdef int show_graph(object last) except -1:
    """Show the collector a node, or none, and all from which its output was computed."""
    cdef set seen = {last}
    cdef list left = [] if last is None else [last]
    while left:
        last = left.pop()
        show(last)
        for parent in (<Node>last).parents or ():
            if type(parent) is tuple:
                parent = parent[0]
            if type(parent) is Node and parent not in seen:
                seen.add(parent)
                left.append(parent)
    return 0


cdef int show_new(int change) noexcept:
    """Show it all nodes, while walks of this thread go on that have said so."""
    global tl_showing
    tl_showing += change
    return 0


cdef bint may_lead_back(Node node) noexcept:
    """Whether what a new node holds may come to hold its output."""
    cdef Tensor leaf
    if tl_showing or node.rule.calls or node.objects is not None:
        return True
    for parent in node.parents:
        if parent is None:
            continue
        if isinstance(parent, Tensor):
            leaf = parent
            if leaf.hooks is not None or leaf.wrapped is not None \
                    or (leaf.grad_ is not None and (<Tensor>leaf.grad_).node is not None):
                return True
        elif PyObject_GC_IsTracked(<PyObject *>(
                parent[0] if type(parent) is tuple else parent)):
            return True
    return False


cdef bint any_tracked(tuple inputs) except -1:
    """Whether the tape must record an op with these inputs."""
    cdef Tensor tensor
    if tl_mode != ENABLED:
        return False
    for entry in inputs:
        tensor = entry
        if tensor.base is not None:
            refresh(tensor)
        if tensor.tracked:
            return True
    return False


cdef bint keeps_input(Rule rule, tuple inputs, int index) except -1:
    """Whether the gradient will need the value of this input."""
    return rule.known and rule.differentiable \
        and place_of(rule.plan(wanted_by(rule, inputs)), Source(INPUT, index)) >= 0


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
    cdef tuple results = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
    cdef int i = 0, inexact = 0
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
    node.parents = parents_of(inputs)
    node.plan = rule.plan(wanted_by(rule, inputs))
    lay_out(node, inputs, results)
    if node.nkept:
        keep_all(node, inputs, results)
    node.code = user_code(package, &node.place)
    sequence += 1
    node.sequence = sequence
    if not may_lead_back(node):
        hide(node)
    for tensor in results:
        if dtype_is_inexact(tensor.dtype_):
            tensor.node = node
            tensor.output = i
            tensor.tracked = True
        i += 1
    return 0


operators().show = show_graph
