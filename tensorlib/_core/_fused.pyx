"""Elementwise ops that wait, and the programs that compute many of them together."""

from libcpp.vector cimport vector

from tensorlib._core._backend cimport backend_of, device_of
from tensorlib._core._dispatch cimport Op, apply, broadcast_shape, choose_loop, empty_as
from tensorlib._core._dtypes cimport dtype_itemsize, dtype_object
from tensorlib._core._loops cimport (
    Loop,
    LoopFunction,
    Walk,
    cast_loop,
    loop_done,
    report_float_status,
    take_float_status,
    walk_prepare,
)
from tensorlib._core._memory cimport storage_retain
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, tensor_empty_on, tensor_wrap, tuple_of
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "fused.h" namespace "tl" nogil:
    cdef cppclass FusedProgram:
        FusedProgram() except +
        int operand(int walked) except +
        int scalar(char *data) except +
        int buffer(int number, Py_ssize_t itemsize) except +
        void step(int op, LoopFunction function, void *data, float cost,
                  bint threads) except +
        void take(int slot)
        @staticmethod
        bint fits(const Walk &walk)
        void run(const Walk &walk, char **start, int *status, size_t ops) except +

cdef enum:
    MAX_OPERANDS = 8    # of a walk
    MAX_STEPS = 64      # of a program: the buffers of more would not stay in the cache


cdef class Expression:
    """The result of an elementwise op of one output that is still to be computed.

    Parameters
    ----------
    op : Op
    inputs : tuple of (Tensor or Expression)
        Expressions have the shape of the result; Tensors can be broadcast to it.
    operands : tuple of Tensor
        With the dtypes and shapes of the inputs.

    Attributes
    ----------
    dtype : numpy.dtype
    shape : tuple of int
    value : Tensor or None
        The result, once it is computed.
    """
    cdef readonly Op op
    cdef readonly tuple inputs
    cdef readonly tuple shape
    cdef public Tensor value
    cdef int steps          # at most so many ops wait
    cdef int device
    cdef Loop *loop

    def __init__(self, Op op not None, tuple inputs not None, tuple operands not None):
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef int ndim = broadcast_shape(op, list(operands), shape)
        self.op = op
        self.device = device_of(op.name, operands)
        self.loop = choose_loop(op, list(operands), None)
        self.shape = tuple_of(shape, ndim)
        self.inputs = inputs
        self.steps = 1 + waiting(inputs)

    @property
    def dtype(self):
        return dtype_object(self.loop.dtypes[len(self.inputs)])

    def stand_in(self):
        """A Tensor of its dtype, shape and device with memory for one element."""
        cdef int dtype = self.loop.dtypes[len(self.inputs)]
        cdef Tensor element = tensor_empty_on(self.device, 0, NULL, dtype, "fused")
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef Py_ssize_t[MAX_DIMS] strides
        cdef int i
        for i in range(len(self.shape)):
            shape[i], strides[i] = self.shape[i], 0
        return tensor_wrap(storage_retain(element.storage), element.data, len(self.shape), shape,
                           strides, element.dtype_)


cdef int waiting(tuple parts) except -1:
    cdef int steps = 0
    for part in parts:
        if isinstance(part, Expression) and (<Expression>part).value is None:
            steps += (<Expression>part).steps
    return steps


def fits(tuple parts not None):
    """Whether an expression of these inputs is not too long for one program."""
    cdef list order = []
    if waiting(parts) < MAX_STEPS:
        return True
    # Steps were counted once for each use.
    for part in parts:
        in_order(part, set(), order)
    return len(order) < MAX_STEPS


cdef int in_order(part, set seen, list order) except -1:
    """Append what is to be computed for a part, each expression after its inputs."""
    if isinstance(part, Tensor) or (<Expression>part).value is not None or id(part) in seen:
        return 0
    seen.add(id(part))
    for other in (<Expression>part).inputs:  # not deep, as programs are short
        in_order(other, seen, order)
    order.append(part)
    return 0


cdef class Step:
    """An op of a program: where its inputs are, among the leaves and then the steps."""
    cdef Op op
    cdef Loop *loop
    cdef tuple inputs

    cdef int dtype(self) noexcept:
        return self.loop.dtypes[len(self.inputs)]


cdef class Program:
    """What computes some expressions of one shape from the Tensors that they are made of.

    Parameters
    ----------
    wanted : sequence of Expression
        Of which none is computed yet.

    Attributes
    ----------
    leaves : tuple of Tensor
    """
    cdef readonly tuple leaves
    cdef list steps
    cdef list outputs       # the places of what is wanted
    cdef tuple shape

    def __init__(self, wanted):
        cdef Step step
        cdef dict places = {}
        cdef list order = [], leaves = []
        seen = set()
        for expression in wanted:
            in_order(expression, seen, order)
        for expression in order:
            for part in (<Expression>expression).inputs:
                part = computed(part)
                if isinstance(part, Tensor) and id(part) not in places:
                    places[id(part)] = len(leaves)
                    leaves.append(part)
        self.leaves = tuple(leaves)
        self.steps = []
        for expression in order:
            step = Step()
            step.op = (<Expression>expression).op
            step.loop = (<Expression>expression).loop
            step.inputs = tuple([places[id(computed(part))]
                                 for part in (<Expression>expression).inputs])
            places[id(expression)] = len(leaves) + len(self.steps)
            self.steps.append(step)
        self.outputs = [places[id(expression)] for expression in wanted]
        self.shape = wanted[0].shape

    def replay(self, leaves):
        """The results, op by op through `apply`, for other leaves."""
        cdef list values = list(leaves)
        for step in self.steps:
            inputs = tuple([values[place] for place in (<Step>step).inputs])
            values.append(apply((<Step>step).op, inputs, ()))
        return [values[place] for place in self.outputs]

    def run(self, leaves):
        """The results for leaves of the dtypes and shapes of its own; nothing is recorded.

        Returns
        -------
        list of Tensor
        """
        cdef Evaluation evaluation
        cdef list results
        cdef int device
        if len(self.steps) > 1:
            leaves = tuple(leaves)
            device = device_of("fused", leaves)
            if device:
                results = self.empty_results(leaves, device)
                if backend_of(device).run("fused", leaves + tuple(results), self.described()):
                    return results
            else:
                evaluation = Evaluation(self, leaves)
                if evaluation.run():
                    return evaluation.results
        return self.replay(leaves)

    cdef list empty_results(self, tuple leaves, int device):
        """Uninitialised Tensors for the results, in the order of memory of the leaves."""
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef int ndim = len(self.shape), i
        cdef list operands = [leaf for leaf in leaves if (<Tensor>leaf).ndim_ > 0]
        cdef list results = []
        cdef Step last
        for i in range(ndim):
            shape[i] = self.shape[i]
        for place in self.outputs:
            last = self.steps[place - len(leaves)]
            results.append(empty_as(last.op, operands or [leaves[0]], ndim, shape, last.dtype(),
                                    device))
        return results

    cdef tuple described(self):
        """What a device is told: the steps, each as the op's name, the numbers of the dtypes of its
        loop and the places of its inputs; and the places of the results."""
        cdef list steps = []
        cdef Step step
        cdef int i
        for step in self.steps:
            dtypes = tuple([step.loop.dtypes[i] for i in range(len(step.inputs) + 1)])
            steps.append((step.op.name, dtypes, step.inputs))
        return tuple(steps), tuple(self.outputs)


cdef computed(part):
    """A part, or the Tensor that it is by now."""
    if isinstance(part, Expression) and (<Expression>part).value is not None:
        return (<Expression>part).value
    return part


cdef class Evaluation:
    """A program laid out for a walk over its leaves and results, in blocks."""
    cdef list results
    cdef list steps
    cdef list outputs
    cdef list slots         # by place
    cdef list uses          # how often a place is still read
    cdef dict buffers       # place: number of its buffer
    cdef list free          # numbers of buffers
    cdef int count          # of buffers
    cdef tuple leaves
    cdef Walk walk
    cdef char *pointers[MAX_OPERANDS]
    cdef FusedProgram program

    def __init__(self, Program program, tuple leaves):
        self.steps = program.steps
        self.outputs = program.outputs
        self.leaves = leaves
        self.slots = [-1] * (len(leaves) + len(self.steps))
        self.uses = [0] * len(self.slots)
        self.buffers = {}
        self.free = []
        self.results = []
        for step in self.steps:
            for place in (<Step>step).inputs:
                self.uses[place] += 1
        cdef int i
        self.walk.ndim = len(program.shape)
        self.walk.operands = 0
        for i in range(self.walk.ndim):
            self.walk.shape[i] = program.shape[i]
        if sum([(<Tensor>leaf).ndim_ > 0 for leaf in leaves]) + len(self.outputs) > MAX_OPERANDS:
            return
        for i, leaf in enumerate(leaves):
            self.slots[i] = self.walked(leaf) if (<Tensor>leaf).ndim_ > 0 \
                else self.program.scalar((<Tensor>leaf).data)
        self.results = program.empty_results(leaves, 0)
        for place, result in zip(self.outputs, self.results, strict=True):
            self.slots[place] = self.walked(result)

    cdef int walked(self, Tensor tensor) except -1:
        """Add an operand of the walk; its slot."""
        cdef int k = self.walk.operands, lead = self.walk.ndim - tensor.ndim_, i
        self.pointers[k] = tensor.data
        for i in range(self.walk.ndim):
            self.walk.strides[i][k] = 0 if i < lead or tensor.shape_[i - lead] == 1 \
                else tensor.strides_[i - lead]
        self.walk.operands += 1
        return self.program.operand(k)

    cdef bint run(self) except -1:
        """Whether it could be done: there may be too many operands, or too short runs."""
        cdef vector[int] status
        cdef int i
        if not self.results or not walk_prepare(&self.walk) or not FusedProgram.fits(self.walk):
            return False
        for i in range(len(self.steps)):
            self.add(i)
        status.resize(len(self.steps))
        take_float_status()
        with nogil:
            self.program.run(self.walk, self.pointers, status.data(), status.size())
        for i in range(len(self.steps)):
            name = (<Step>self.steps[i]).op.name
            loop_done(name, name)
            if status[i]:
                report_float_status(name, status[i])
        return True

    cdef int add(self, int op) except -1:
        """The steps of one op: casts of its inputs, and its loop."""
        cdef Step step = self.steps[op]
        cdef int place = len(self.leaves) + op
        cdef Loop *loop = step.loop
        cdef list taken = [], borrowed = []
        cdef int i, number, slot, dtype, part
        for i in range(len(step.inputs)):
            part = step.inputs[i]
            dtype = (<Tensor>self.leaves[part]).dtype_ if part < len(self.leaves) \
                else (<Step>self.steps[part - len(self.leaves)]).dtype()
            slot = self.slots[part]
            if dtype != loop.dtypes[i]:
                number = self.take_buffer()
                borrowed.append(number)
                self.program.step(op, cast_loop(dtype, loop.dtypes[i]), NULL, 0, True)
                self.program.take(slot)
                slot = self.program.buffer(number, dtype_itemsize(loop.dtypes[i]))
                self.program.take(slot)
            taken.append(slot)
        if self.slots[place] < 0:
            number = self.take_buffer()
            self.buffers[place] = number
            self.slots[place] = self.program.buffer(number, dtype_itemsize(step.dtype()))
        self.program.step(op, loop.function, loop.data, loop.cost, loop.threads)
        for slot in taken:
            self.program.take(slot)
        self.program.take(self.slots[place])
        self.free += borrowed
        for part in step.inputs:
            self.uses[part] -= 1
            if self.uses[part] == 0 and part in self.buffers:
                self.free.append(self.buffers.pop(part))
        return 0

    cdef int take_buffer(self) except -1:
        if self.free:
            return self.free.pop()
        self.count += 1
        return self.count - 1
