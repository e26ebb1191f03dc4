"""The loop table: which inner loop serves an elementwise op for which dtypes.

NumPy's own loops are read out of its ufunc objects; what NumPy lacks, and what ours are much faster
for, is compiled from functors. Floats of 8 and 16 bits go through float32's loops in blocks. Folds
call NumPy's loops, whose order of additions is part of the result.
"""

cimport numpy as cnp
from cpython.exc cimport PyErr_Fetch, PyErr_Restore
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from cpython.ref cimport Py_XDECREF
from libc.stdlib cimport calloc
from libc.string cimport memcpy

from tensorlib._core._dtypes cimport (
    TL_FLOAT16,
    TL_FLOAT32,
    TL_FLOAT64,
    TL_INT64,
    TL_NDTYPES,
    TL_UINT64,
    arithmetic_dtype,
    dtype_id,
    dtype_is_foreign,
    dtype_is_narrow,
    dtype_itemsize,
    dtype_object,
)

import numpy as np
from numpy._core import umath

from tensorlib._core._dtypes import arithmetic_dtype_of

cnp.import_array()
cnp.import_umath()

cdef extern from "loops.h" nogil:
    LoopFunction tl_cast_loops[17][17]
    LoopFunction tl_fast_loop(const char *name, int dtype)

cdef extern from "narrow_loops.h" namespace "tl" nogil:
    enum:
        kNarrowOperands

    cdef struct FloatLoop:
        LoopFunction loop
        void *data
        int inputs
        int operands
        int *dtypes

    void through_float(char **args, const Py_ssize_t *dims, const Py_ssize_t *steps,
                       void *data) noexcept

cdef extern from "numpy/ufuncobject.h":
    int PyUFunc_GiveFloatingpointErrors(const char *name, int status) except -1

    ctypedef struct PyUFuncObject:
        int nin
        int nout
        int nargs
        int identity
        LoopFunction *functions
        void **data
        int ntypes
        char *types
        PyObject *userloops

    enum:
        NOT_REORDERABLE "PyUFunc_None"

    ctypedef struct PyUFunc_Loop1d:
        LoopFunction func
        void *data
        int *arg_types
        PyUFunc_Loop1d *next

# Folds that give one of the elements.
EXTREMA = frozenset(("fmax", "fmin", "maximum", "minimum"))
# NumPy's own loops of float16 are SIMD for these, and
HALF_LOOPS = frozenset((
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "cbrt", "cos", "cosh", "exp",
    "exp2", "expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh"))
# of these the result depends on which numbers there are, or NumPy's loop of float32 is at fault:
# where it is SIMD, it says that roots of -inf are NaN.
NOT_THROUGH_FLOAT = frozenset(("nextafter", "power", "spacing", "relu", "where"))


cdef int raise_loop_error(str op) except -1:
    """Raise what a loop has set, with a better text for integer powers."""
    cdef PyObject *kind
    cdef PyObject *value
    cdef PyObject *trace
    PyErr_Fetch(&kind, &value, &trace)
    if op.startswith("power"):
        Py_XDECREF(kind)
        Py_XDECREF(value)
        Py_XDECREF(trace)
        raise ValueError(f"{op}: integers to negative integer powers are not allowed")
    PyErr_Restore(kind, value, trace)
    return -1


cdef int report_float_status(str name, int status) except -1:
    return PyUFunc_GiveFloatingpointErrors(name.encode(), status)


cdef LoopFunction cast_loop(int source, int target) noexcept:
    return tl_cast_loops[source][target]


cdef class LoopTable:
    """The loops of one op.

    Parameters
    ----------
    name : str
        The op.
    ufunc : numpy.ufunc or None
        Whose loops to take; None for the functor of the op's name.
    nin, nout : int
        Numbers of inputs and outputs.
    """

    def __init__(self, str name, object ufunc, int nin, int nout):
        self.name = name
        self.ufunc = ufunc
        self.nin = nin
        self.nout = nout
        self.mixed = {}
        self.identity = None if ufunc is None else ufunc.identity
        self.numpys = ufunc is None or getattr(umath, ufunc.__name__, None) is ufunc
        self.adds = name == "add"
        self.widens = name in ("add", "multiply")
        # NumPy's SIMD loops of these read the running result once for many elements, which makes
        # its own arctan2.reduce wrong on contiguous memory (NumPy 2.4).
        self.one_by_one = name in ("arctan2", "float_power", "ldexp", "power")
        self.reorderable = (
            ufunc is not None and (<PyUFuncObject *>ufunc).identity != NOT_REORDERABLE)

    cdef Loop *same(self, int dtype) except NULL:
        """The loop for inputs that all have this dtype; it may still cast."""
        cdef Loop *loop = &self.uniform[dtype]
        cdef Loop *found
        if loop.function == NULL:
            found = self.resolve((dtype_object(dtype),) * self.nin, None)
            loop[0] = found[0]
        return loop

    cdef Loop *folding(self, int dtype) except NULL:
        """The loop that folds elements of this dtype; its first input and its output agree."""
        cdef Loop *loop = &self.folds[dtype]
        cdef object element
        if loop.function != NULL:
            return loop
        if self.name not in EXTREMA:
            dtype = arithmetic_dtype(dtype)
        element = dtype_object(dtype)
        if self.widens:  # the caller did already, unless a dtype was given
            dtypes = self.promoted((element, element), None)
        else:
            try:
                dtypes = self.ufunc.resolve_dtypes((None, element, None), reduction=True)
            except TypeError as error:
                raise TypeError(f"{self.name}: no reduction of {element}") from error
        self.fill(loop, dtypes, (element,), True)
        return loop

    cdef Loop *resolve(self, tuple inputs, tuple request) except NULL:
        """The loop for inputs given as dtypes, or as `int`, `float`, `complex` for scalars of
        Python."""
        cdef object found = self.mixed.get((inputs, request))
        cdef Loop *loop
        if found is None:
            loop = <Loop *>calloc(1, sizeof(Loop))  # for the life of the process
            if loop == NULL:
                raise MemoryError()
            self.fill(loop, self.promoted(inputs, request), inputs, False)
            found = <size_t>loop
            self.mixed[(inputs, request)] = found
        return <Loop *><size_t>found

    cdef tuple promoted(self, tuple inputs, tuple request):
        """The dtypes that the loop takes and gives, by NumPy's rules; those of 8 bits count as what
        they are computed in."""
        cdef object common = None
        cdef object ufunc = self.ufunc
        if self.name != "where" or len(set(inputs[1:])) > 1:  # which else only moves them
            inputs = tuple([kind if isinstance(kind, type) else arithmetic_dtype_of(kind)
                            for kind in inputs])
        if ufunc is None and self.name not in ("hardtanh", "relu", "where"):
            # functions of the same kind
            ufunc = np.exp if self.nin == 1 else \
                np.divide if self.name.startswith("masked") else np.arctan2
        if ufunc is not None:
            operands = inputs + (None,) * self.nout
            try:
                if request is None:
                    return ufunc.resolve_dtypes(operands)
                return ufunc.resolve_dtypes(operands, signature=request[0], casting=request[1])
            except TypeError as error:
                wanted = "" if request is None else describe_request(request[0], request[1])
                raise TypeError(
                    f"{self.name}: not supported for {describe(inputs)}{wanted}") from error
        values = inputs[1:] if self.name == "where" else inputs
        if request is not None:
            common = request[0][self.nin + self.nout - 1]
        if common is None:
            common = np.result_type(*(0 if v is int else v(0) if isinstance(v, type) else v
                                      for v in values))
        if self.name == "where":
            return np.dtype("?"), common, common, common
        return (common,) * (self.nin + self.nout)

    cdef int fill(self, Loop *loop, tuple dtypes, tuple inputs, bint folds) except -1:
        cdef int i
        for i in range(self.nin + self.nout):
            loop.dtypes[i] = dtype_id(dtypes[i], self.name)
        loop.inputs = self.nin
        if folds or not self.find_faster(loop, dtypes, inputs):
            self.find(loop, dtypes)
        if loop.function == NULL:
            raise TypeError(f"{self.name}: not supported for {describe(inputs)}")
        # An error is set in the thread that runs the loop, so it must be the caller's.
        loop.threads = self.numpys and not (self.name == "power" and loop.dtypes[0] <= TL_UINT64)
        return 0

    cdef int find(self, Loop *loop, tuple dtypes) except -1:
        """NumPy's loop, or that of a functor."""
        if self.ufunc is None:
            loop.function = tl_functor_loop(self.name.encode(), loop.dtypes[self.nin - 1])
        else:
            find_builtin(<PyUFuncObject *>self.ufunc, loop)
            if loop.function == NULL:
                find_registered(<PyUFuncObject *>self.ufunc, dtypes, loop)
        return 0

    cdef bint find_faster(self, Loop *loop, tuple dtypes, tuple inputs) except -1:
        """A loop of ours where that is faster than NumPy's."""
        cdef int i
        if self.ufunc is not None:
            if not self.numpys or self.ufunc.signature is not None:
                return False
            for i in range(1, self.nin):
                if loop.dtypes[i] != loop.dtypes[0]:
                    break
            else:
                loop.function = tl_fast_loop(self.name.encode(), loop.dtypes[0])
                if loop.function != NULL:
                    return True
        if loop.dtypes[self.nin - 1] == TL_FLOAT16 and self.name in HALF_LOOPS \
                or self.name in NOT_THROUGH_FLOAT:
            return False
        for i in range(self.nin):
            if dtype_is_narrow(loop.dtypes[i]):
                return self.find_through_float(loop, dtypes, inputs)
        return False

    cdef bint find_through_float(self, Loop *loop, tuple dtypes, tuple inputs) except -1:
        """Of floats of 8 and 16 bits, by way of the loop of float32."""
        cdef Loop single
        cdef FloatLoop *data
        cdef int i
        single.function = NULL
        single.data = NULL
        if len(dtypes) > kNarrowOperands:
            return False
        self.fill(&single, tuple([
            np.dtype("f") if dtype_is_narrow(dtype_id(dtype, self.name)) else dtype
            for dtype in dtypes]), inputs, False)
        data = <FloatLoop *>calloc(1, sizeof(FloatLoop))  # for the life of the process
        if data == NULL:
            raise MemoryError()
        data.loop, data.data = single.function, single.data
        data.inputs, data.operands = self.nin, self.nin + self.nout
        for i in range(data.operands):
            data.dtypes[i] = loop.dtypes[i]
        loop.function, loop.data = through_float, data
        return True

    def types(self):
        """The dtypes that the op has loops for, as a list of (inputs, outputs) tuples."""
        cdef PyUFuncObject *ufunc
        cdef int i, k
        cdef list found = []
        if self.ufunc is None:
            for i in range(TL_NDTYPES):
                if not dtype_is_foreign(i) and tl_functor_loop(self.name.encode(), i) != NULL:
                    dtype = dtype_object(i)
                    inputs = (dtype,) * self.nin
                    if self.name == "where":
                        inputs = (np.dtype("?"), dtype, dtype)
                    found.append((inputs, (dtype,)))
            return found
        ufunc = <PyUFuncObject *>self.ufunc
        for i in range(ufunc.ntypes):
            try:
                dtypes = [dtype_object(dtype_id(np.dtype(chr_of(ufunc, i, k)), self.name))
                          for k in range(ufunc.nargs)]
            except TypeError:
                continue
            entry = (tuple(dtypes[:self.nin]), tuple(dtypes[self.nin:]))
            if entry not in found:
                found.append(entry)
        return found


cdef object chr_of(PyUFuncObject *ufunc, int i, int k):
    """The type letter of operand k of loop i."""
    cdef int number = ufunc.types[i * ufunc.nargs + k]
    return np.dtype(cnp.PyArray_DescrFromType(number)).char


cdef object describe(tuple inputs):
    return "input dtypes (" + ", ".join(
        f"Python {i.__name__}" if isinstance(i, type) else str(i) for i in inputs) + ")"


cdef str describe_request(tuple signature, casting):
    wanted = ", ".join("any" if dtype is None else str(dtype) for dtype in signature)
    return f" with operands of ({wanted}) and casting {casting!r}"


cdef int id_of_number(int number) except -2:
    """The dtype id of one of NumPy's type numbers, -1 where there is none."""
    if number < 0 or number > 23 or number in (cnp.NPY_LONGDOUBLE, cnp.NPY_CLONGDOUBLE) \
            or 17 <= number <= 22:
        return -1
    return dtype_id(<object>cnp.PyArray_DescrFromType(number), "ufunc")


cdef int find_builtin(PyUFuncObject *ufunc, Loop *loop) except -1:
    cdef int i, k
    for i in range(ufunc.ntypes):
        for k in range(ufunc.nargs):
            if id_of_number(ufunc.types[i * ufunc.nargs + k]) != loop.dtypes[k]:
                break
        else:
            # The first match, as NumPy: later ones are fallbacks of the same types.
            loop.function = ufunc.functions[i]
            loop.data = NULL if ufunc.data == NULL else ufunc.data[i]
            return 0
    return 0


cdef int find_registered(PyUFuncObject *ufunc, tuple dtypes, Loop *loop) except -1:
    """A loop that another package registered for a dtype of its own, as ml_dtypes does."""
    cdef PyUFunc_Loop1d *registered
    cdef int k
    if ufunc.userloops == NULL:
        return 0
    for capsule in (<object>ufunc.userloops).values():
        registered = <PyUFunc_Loop1d *>PyCapsule_GetPointer(capsule, NULL)
        while registered != NULL:
            for k in range(ufunc.nargs):
                if registered.arg_types[k] != dtypes[k].num:
                    break
            else:
                loop.function = registered.func
                loop.data = registered.data
                return 0
            registered = registered.next
    return 0


cdef int store_scalar(char *address, int dtype, object value) except -1:
    """A Python scalar as an element; OverflowError for an int that does not fit."""
    cdef float single
    cdef double number
    cdef long long integer
    if dtype == TL_FLOAT64:
        number = value
        memcpy(address, &number, 8)
    elif dtype == TL_FLOAT32:
        number = value
        single = <float>number
        memcpy(address, &single, 4)
    elif dtype == TL_INT64:
        integer = value
        memcpy(address, &integer, 8)
    else:
        array = np.array(value, dtype_object(dtype))
        memcpy(address, cnp.PyArray_DATA(array), dtype_itemsize(dtype))
    return 0
