from cpython.exc cimport PyErr_Occurred
from libc.stdint cimport uint8_t

from tensorlib._core._tensor cimport LONG, Tensor

ctypedef void (*LoopFunction)(char **args, const Py_ssize_t *dims, const Py_ssize_t *steps,
                              void *data) noexcept nogil

cdef extern from "strided.h" namespace "tl" nogil:
    # strides[axis][operand], in bytes
    cdef struct Walk:
        int ndim
        int operands
        Py_ssize_t shape[64]
        Py_ssize_t strides[64][8]

    # Sorts and merges axes; False where there is nothing to walk over.
    bint walk_prepare(Walk *walk)
    void walk_run(const Walk &walk, char **start, LoopFunction loop, void *data)
    void walk_each(const Walk &walk, char **start, LoopFunction loop, void *data)
    void walk_core(const Walk &walk, char **start, LoopFunction loop, void *data,
                   Py_ssize_t *dims, Py_ssize_t *steps)

cdef extern from "parallel_loops.h" namespace "tl" nogil:
    cdef struct TimedLoop:
        LoopFunction function
        void *data
        float *cost

cdef extern from "tiled_loops.h" namespace "tl" nogil:
    # As walk_run, on several threads where that pays, and in tiles where operands lie in different
    # orders; elements must not depend on each other. Of the dtypes, those of inputs come first.
    void run_long(const Walk &walk, char **start, const TimedLoop &loop, const uint8_t *dtypes,
                  int inputs)

cdef extern from "float_status.h" namespace "tl" nogil:
    # What was raised since the last call, in NumPy's bits; clears it.
    int take_float_status()

cdef extern from "loops.h" nogil:
    LoopFunction tl_functor_loop(const char *name, int dtype)

cdef struct Loop:
    LoopFunction function
    void *data
    uint8_t dtypes[8]  # inputs, then outputs
    uint8_t inputs     # how many
    uint8_t threads    # whether any thread may run it: it sets no errors of Python's
    float cost         # of an element in nanoseconds, as measured; 0 while unknown

cdef class LoopTable:
    cdef readonly str name
    cdef readonly object ufunc      # NumPy's, or None for a functor
    cdef readonly int nin
    cdef readonly int nout
    cdef readonly object identity   # of a reduction, or None
    cdef bint adds
    cdef bint numpys                # or our own: a scalar takes the dtype of the tensor beside it
    cdef bint widens                # small integers are folded in 64 bits
    cdef bint reorderable           # may be folded over several axes at once
    cdef bint one_by_one            # the loops cannot fold several elements in one call
    cdef Loop folds[17]             # for reductions, by the dtype of the elements
    cdef Loop uniform[17]           # by the dtype of all inputs
    cdef dict mixed                 # key of dtypes -> address of a Loop
    cdef Loop *same(self, int dtype) except NULL
    cdef Loop *folding(self, int dtype) except NULL
    # request: None, or (what each operand's dtype must be, None for any; the casting rule)
    cdef Loop *resolve(self, tuple inputs, tuple request) except NULL
    cdef tuple promoted(self, tuple inputs, tuple request)
    cdef int fill(self, Loop *loop, tuple dtypes, tuple inputs, bint folds) except -1
    cdef int find(self, Loop *loop, tuple dtypes) except -1
    cdef bint find_faster(self, Loop *loop, tuple dtypes, tuple inputs) except -1
    cdef bint find_through_float(self, Loop *loop, tuple dtypes, tuple inputs) except -1

# [from][to]; in this extension alone
cdef LoopFunction cast_loop(int source, int target) noexcept
# Warn, raise or call as `np.errstate` says, of what `take_float_status` returned.
cdef int report_float_status(str name, int status) except -1

cdef int raise_loop_error(str op) except -1

cdef inline int loop_done(str op, str reported) except -1:
    """After a loop, which began with take_float_status(): what it raised, `reported` as by whom.

    SciPy's loops may set an error themselves, and so does NumPy's power of integers."""
    cdef int status = take_float_status()
    if PyErr_Occurred() != NULL:
        raise_loop_error(op)
    return report_float_status(reported, status) if status else 0


cdef inline void run_elementwise(Loop *loop, Walk *walk, char **pointers, Py_ssize_t size) noexcept:
    """Run a loop over a prepared walk, with the GIL released where that pays."""
    cdef TimedLoop timed
    if size <= LONG:
        walk_run(walk[0], pointers, loop.function, loop.data)
        return
    with nogil:
        if loop.threads:
            timed.function, timed.data, timed.cost = loop.function, loop.data, &loop.cost
            run_long(walk[0], pointers, timed, loop.dtypes, loop.inputs)
        else:
            walk_run(walk[0], pointers, loop.function, loop.data)


cdef inline void run_flat(Loop *loop, char **pointers, const Py_ssize_t *steps, int operands,
                          Py_ssize_t n) noexcept:
    """The same along one axis."""
    cdef Walk walk
    cdef int k
    if n <= LONG:
        loop.function(pointers, &n, steps, loop.data)
        return
    walk.ndim = 1
    walk.operands = operands
    walk.shape[0] = n
    for k in range(operands):
        walk.strides[0][k] = steps[k]
    run_elementwise(loop, &walk, pointers, n)


cdef int store_scalar(char *address, int dtype, object value) except -1
