"""NumPy's generalized ufuncs on tensors: loops over whole vectors and matrices, by signature."""

import re

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64,
    TL_COMPLEX128,
    TL_FLOAT32,
    TL_FLOAT64,
    dtype_object,
)
from tensorlib._core._loops cimport (
    Loop,
    LoopFunction,
    LoopTable,
    Walk,
    report_float_status,
    take_float_status,
    walk_core,
    walk_prepare,
)
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, copy_into, tensor_empty
from tensorlib._core._threads cimport ThreadPool, hold_blas_threads, pool, release_blas_threads
from tensorlib._core._views cimport with_axis_last

ThreadPool.share(pool())

cdef extern from "parallel_core.h" namespace "tl" nogil:
    void walk_core_long(const Walk &walk, char **start, LoopFunction loop, void *data,
                        Py_ssize_t *dims, int core_dims, Py_ssize_t *steps)

cdef enum:
    INVALID = 8        # of NumPy's bits
    UNTHREADED = 4000  # elements for which no BLAS starts threads


cdef class Gufunc:
    """A generalized ufunc, whose loops work on the last axes of their operands.

    Parameters
    ----------
    name : str
        The op, with which messages begin.
    ufunc : numpy.ufunc
        Whose signature and loops to take.
    failure : Exception, optional
        What to raise where a loop gives up, which LAPACK's loops of NumPy say by an invalid
        floating-point operation. Other floating-point errors are then ignored, as NumPy does.
    double : bool, optional
        Compute in double precision, and round the results to the precision of the inputs.
    """
    def __init__(self, str name, ufunc, failure=None, bint double=False):
        self.name = name
        self.loops = LoopTable(name, ufunc, ufunc.nin, ufunc.nout)
        self.failure = failure
        self.double = double
        self.nin = ufunc.nin
        self.nout = ufunc.nout
        operands = [re.findall(r"\w+", operand)
                    for operand in re.findall(r"\(([^()]*)\)", ufunc.signature)]
        self.names = tuple(dict.fromkeys(sum(operands, [])))
        for k, operand in enumerate(operands):
            self.ncore[k] = len(operand)
            for i, dimension in enumerate(operand):
                self.core[k][i] = self.names.index(dimension)

    def __call__(self, *inputs, sizes=None, axis=None):
        """Run the loops.

        Parameters
        ----------
        *inputs : Tensor
            Of dtypes that are cast to those of a loop; outer dimensions broadcast.
        sizes : dict, optional
            Lengths of core dimensions that only outputs have, by name.
        axis : int, optional
            Not negative: where the core dimension of the first input and of the output is,
            instead of at the end.

        Returns
        -------
        Tensor or tuple of Tensor
        """
        cdef Py_ssize_t[MAX_CORE] lengths
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef list tensors = list(inputs), results
        cdef Loop *loop = self.choose(tensors)
        cdef bint narrow = self.double and (<Tensor>tensors[0]).dtype_ in (TL_FLOAT32,
                                                                           TL_COMPLEX64)
        cdef int outer, i, k
        cdef Tensor x
        for k in range(self.nin):
            x = tensors[k]
            if x.dtype_ != loop.dtypes[k]:
                tensors[k] = self.cast(x, loop.dtypes[k])
        if axis is not None:
            tensors[0] = with_axis_last(tensors[0], axis)
        self.measure(tensors, sizes, lengths)
        outer = self.broadcast(tensors, shape)
        if axis is None:
            results = [self.new_output(k, outer, shape, lengths, loop.dtypes[k])
                       for k in range(self.nin, self.nin + self.nout)]
            tensors += results
        else:
            for i in range(outer, axis, -1):
                shape[i] = shape[i - 1]
            shape[<int>axis] = lengths[self.core[self.nin][0]]
            results = [tensor_empty(outer + 1, shape, loop.dtypes[self.nin], self.name)]
            tensors.append(with_axis_last(results[0], axis))
            for i in range(axis, outer):
                shape[i] = shape[i + 1]
        self.run(loop, tensors, outer, shape, lengths)
        if narrow:
            results = [self.narrowed(x) for x in results]
        return results[0] if self.nout == 1 else tuple(results)

    def outer_shape(self, *inputs):
        """The common outer shape of inputs of any device, whose shapes are checked."""
        cdef Py_ssize_t[MAX_CORE] lengths
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef list tensors = list(inputs)
        self.measure(tensors, None, lengths)
        return tuple([shape[i] for i in range(self.broadcast(tensors, shape))])

    cdef Loop *choose(self, list inputs) except NULL:
        """The loop for the dtypes of the inputs."""
        cdef int first = -1, dtype
        cdef list dtypes = []
        cdef Tensor x
        for x in inputs:
            dtype = x.dtype_
            if self.double and dtype == TL_FLOAT32:
                dtype = TL_FLOAT64
            elif self.double and dtype == TL_COMPLEX64:
                dtype = TL_COMPLEX128
            if first == -1:
                first = dtype
            elif first != dtype:
                first = -2
            dtypes.append(dtype)
        if first >= 0:
            return self.loops.same(first)
        return self.loops.resolve(tuple([dtype_object(dtype) for dtype in dtypes]), None)

    cdef Tensor cast(self, Tensor x, int dtype):
        cdef Tensor result = tensor_empty(x.ndim_, x.shape_, dtype, self.name)
        copy_into(result, x)
        return result

    cdef Tensor narrowed(self, Tensor x):
        if x.dtype_ == TL_FLOAT64:
            return self.cast(x, TL_FLOAT32)
        return self.cast(x, TL_COMPLEX64) if x.dtype_ == TL_COMPLEX128 else x

    cdef int measure(self, list inputs, object sizes, Py_ssize_t *lengths) except -1:
        """The lengths of the core dimensions, in which inputs must agree."""
        cdef int i, k, name
        cdef Py_ssize_t length
        cdef Tensor x
        for i in range(<int>len(self.names)):
            lengths[i] = -1 if sizes is None else sizes.get(self.names[i], -1)
        for k in range(self.nin):
            x = inputs[k]
            if x.ndim_ < self.ncore[k]:
                raise ValueError(f"{self.name}: expected at least {self.ncore[k]} dimensions, got "
                                 f"shape {x.shape}")
            for i in range(self.ncore[k]):
                name = self.core[k][i]
                length = x.shape_[x.ndim_ - self.ncore[k] + i]
                if lengths[name] >= 0 and lengths[name] != length:
                    raise ValueError(
                        f"{self.name}: the dimensions of shapes {self.shapes(inputs)} do not fit: "
                        f"{self.names[name]} is {lengths[name]} and {length}")
                lengths[name] = length
        return 0

    cdef int broadcast(self, list inputs, Py_ssize_t *shape) except -1:
        """The common outer shape of the inputs; returns its number of axes."""
        cdef int outer = 0, first, i, k
        cdef Py_ssize_t length
        cdef Tensor x
        for k in range(self.nin):
            x = inputs[k]
            outer = max(outer, x.ndim_ - self.ncore[k])
        for i in range(outer):
            shape[i] = 1
        for k in range(self.nin):
            x = inputs[k]
            first = outer - (x.ndim_ - self.ncore[k])
            for i in range(first, outer):
                length = x.shape_[i - first]
                if length != 1:
                    if shape[i] != 1 and shape[i] != length:
                        raise ValueError(
                            f"{self.name}: the outer dimensions of shapes {self.shapes(inputs)} "
                            "cannot be broadcast together")
                    shape[i] = length
        return outer

    cdef str shapes(self, list inputs):
        return " and ".join([str(x.shape) for x in inputs])

    cdef Tensor new_output(self, int k, int outer, Py_ssize_t *shape, const Py_ssize_t *lengths,
                           int dtype):
        cdef int i
        for i in range(self.ncore[k]):
            shape[outer + i] = lengths[self.core[k][i]]
        return tensor_empty(outer + self.ncore[k], shape, dtype, self.name)

    cdef int run(self, Loop *loop, list tensors, int outer, const Py_ssize_t *shape,
                 const Py_ssize_t *lengths) except -1:
        cdef Py_ssize_t[MAX_CORE + 1] dims
        cdef Py_ssize_t[MAX_OPERANDS * (1 + MAX_CORE)] steps
        cdef char *pointers[MAX_OPERANDS]
        cdef Py_ssize_t work = 1, elements
        cdef int operands = self.nin + self.nout, step = operands, first, status, i, k
        cdef int named = <int>len(self.names)
        cdef Walk walk
        cdef Tensor x
        # The loop's dimensions, and its steps: the outer ones, then the core ones in order.
        for i in range(named):
            dims[1 + i] = lengths[i]
        for k in range(operands):
            elements = 1
            for i in range(self.ncore[k]):
                elements *= lengths[self.core[k][i]]
            work = max(work, elements)
        walk.ndim = outer
        walk.operands = operands
        for i in range(outer):
            walk.shape[i] = shape[i]
            work *= shape[i]
        for k in range(operands):
            x = tensors[k]
            first = outer - (x.ndim_ - self.ncore[k])
            pointers[k] = x.data
            for i in range(outer):
                walk.strides[i][k] = (
                    0 if i < first or x.shape_[i - first] == 1 else x.strides_[i - first])
            for i in range(self.ncore[k]):
                steps[step] = x.strides_[x.ndim_ - self.ncore[k] + i]
                step += 1
        if not walk_prepare(&walk):
            return 0
        take_float_status()
        if work > UNTHREADED:
            with nogil:
                if hold_blas_threads():
                    walk_core_long(walk, pointers, loop.function, loop.data, dims,
                                   named, steps)
                else:
                    walk_core(walk, pointers, loop.function, loop.data, dims, steps)
                release_blas_threads()
        else:
            walk_core(walk, pointers, loop.function, loop.data, dims, steps)
        status = take_float_status()
        if status & INVALID and self.failure is not None:
            raise type(self.failure)(*self.failure.args)
        if status and self.failure is None:
            report_float_status(self.name, status)
        return 0
