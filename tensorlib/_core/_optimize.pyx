"""One step of an optimizer over all its parameters, in place and in one pass."""

from libcpp.vector cimport vector

from tensorlib._core._backend cimport backend_of
from tensorlib._core._dtypes cimport dtype_is_complex, dtype_itemsize
from tensorlib._core._loops cimport Walk
from tensorlib._core._history cimport wrote
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, check_writeable, refuse_wrapped
from tensorlib._core._threads cimport ThreadPool, pool

from tensorlib._core.errors import DeviceError

ThreadPool.share(pool())


cdef extern from "optimize.h" namespace "tl::update" nogil:
    ctypedef void (*UpdateLoop)(const double *numbers, char **data, const Py_ssize_t *steps,
                                Py_ssize_t n)

    cdef cppclass RuleInfo:
        const char *name
        int states
        int numbers
        UpdateLoop loop(int dtype)

    cdef cppclass Step:
        void add(UpdateLoop loop, const double *numbers, int count, const Walk &walk,
                 char **start) except +
        void run(int threads)

    const vector[RuleInfo] &all_rules()
    enum:
        kMaxNumbers
        kMaxStates

cdef dict places = {all_rules()[i].name.decode(): i for i in range(all_rules().size())}

# For each rule the number of Tensors kept, and of the numbers it is made of.
RULES = {name: (all_rules()[i].states, all_rules()[i].numbers) for name, i in places.items()}


cdef int check_alike(Tensor tensor, Tensor param, str op, str what) except -1:
    if tensor.ndim_ != param.ndim_ or tensor.shape != param.shape \
            or tensor.dtype_ != param.dtype_:
        raise ValueError(f"{op}: expected {what} of a parameter's shape {param.shape} and dtype "
                         f"{param.dtype}, got {tensor.shape} and {tensor.dtype}")
    return 0


cdef int add_update(Step &step, RuleInfo &rule, const double *numbers, tuple tensors,
                    str op) except -1:
    """Check the Tensors of one parameter, and add its update to the step if it is one of the CPU;
    returns the number of its device."""
    cdef Tensor param = tensors[0], tensor
    cdef int device = param.storage.device
    cdef UpdateLoop loop = rule.loop(param.dtype_)
    cdef bint split = dtype_is_complex(param.dtype_)
    cdef char *start[2 + kMaxStates]
    cdef Walk walk
    cdef int axis, k
    if loop == NULL:
        raise TypeError(f"{op}: expected floating-point or complex parameters, got {param.dtype}")
    if split and param.ndim_ == MAX_DIMS:
        raise ValueError(f"{op}: expected complex parameters of fewer than {MAX_DIMS} axes")
    walk.ndim = param.ndim_ + split
    walk.operands = 2 + rule.states
    for k in range(walk.operands):
        tensor = tensors[k]
        if tensor.wrapped is not None:
            refuse_wrapped(tensor, op)
        if k > 0:
            check_alike(tensor, param, op, "a gradient" if k == 1 else "a state")
        if tensor.storage.device != device:
            raise DeviceError(f"{op}: expected {'a gradient' if k == 1 else 'a state'} on "
                              f"{param.device}, where the parameter of shape {param.shape} is, "
                              f"got one on {tensor.device}")
        if k != 1:
            check_writeable(tensor, op)
        start[k] = tensor.data
        for axis in range(param.ndim_):
            walk.shape[axis] = param.shape_[axis]
            walk.strides[axis][k] = tensor.strides_[axis]
        if split:  # the parts are an axis of their own
            walk.shape[param.ndim_] = 2
            walk.strides[param.ndim_][k] = dtype_itemsize(param.dtype_) // 2
    if device == 0:
        step.add(loop, numbers, rule.numbers, walk, start)
    return device


def update(str op not None, list updates not None, numbers_of_replay=None):
    """Change parameters, and what is kept for them, in place.

    Parameters
    ----------
    op : str
        Who asks, for messages.
    updates : list of tuple
        For each parameter the name of a rule, its numbers (a tuple of floats), and the Tensors:
        the parameter, its gradient, and those kept, as the rule has them.
    numbers_of_replay : callable, optional
        Given where a graph is captured, on the device of all parameters. Nothing is changed then,
        but each replay of the graph calls it for a list of the numbers of all updates, and changes
        the same Tensors by them; those of `updates` are empty.

    Raises
    ------
    TypeError, ValueError
        If something does not fit. Nothing was changed then.
    """
    cdef Step step
    cdef RuleInfo rule
    cdef double[kMaxNumbers] numbers
    cdef object last = None
    cdef tuple values, tensors
    cdef str name
    cdef int i, device, count
    cdef dict elsewhere = {}  # updates by the number of the device
    for name, values, tensors in updates:
        rule = all_rules()[<int>places[name]]
        count = rule.numbers if numbers_of_replay is None else 0
        if len(values) != count or len(tensors) != 2 + rule.states:
            raise ValueError(f"{op}: expected {count} numbers and {2 + rule.states} Tensors "
                             f"for {name}, got {len(values)} and {len(tensors)}")
        if values is not last:
            for i in range(count):
                numbers[i] = values[i]
            last = values
        device = add_update(step, rule, numbers, tensors, op)
        if device != 0:
            elsewhere.setdefault(device, []).append((name, values, tensors))
    cdef int threads = ThreadPool.instance().threads()
    for device, found in elsewhere.items():
        backend_of(device).run("update", (found[0][2][0],), (op, found, numbers_of_replay))
    with nogil:
        step.run(threads)
    for _, _, tensors in updates:
        for i in range(len(tensors)):
            if i != 1:
                wrote(tensors[i], op)
