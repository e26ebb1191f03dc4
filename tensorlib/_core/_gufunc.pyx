"""NumPy's generalized ufuncs on tensors: loops over whole vectors and matrices, by signature."""

import re

from tensorlib._core._loops cimport (
    Loop,
    LoopTable,
    Walk,
    report_float_status,
    take_float_status,
    walk_core,
    walk_prepare,
)
from tensorlib._core._tensor cimport LONG, MAX_DIMS, Tensor, copy_into, tensor_empty
from tensorlib._core._views cimport transposed

cdef enum:
    MAX_OPERANDS = 8
    MAX_CORE = 8       # different names of core dimensions
    INVALID = 8        # of NumPy's bits


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
    """
    cdef readonly str name
    cdef readonly LoopTable loops
    cdef readonly tuple core   # for each operand the names of its core dimensions
    cdef tuple names           # all of them, in the order of the signature
    cdef object failure

    def __init__(self, str name, ufunc, failure=None):
        self.name = name
        self.loops = LoopTable(name, ufunc, ufunc.nin, ufunc.nout)
        self.core = tuple([tuple(re.findall(r"\w+", operand))
                           for operand in re.findall(r"\(([^()]*)\)", ufunc.signature)])
        self.names = tuple(dict.fromkeys(sum(self.core, ())))
        self.failure = failure

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
        cdef LoopTable table = self.loops
        cdef int nin = table.nin, nout = table.nout, outer = 0, i, k, step, first, ncore
        cdef Py_ssize_t[MAX_DIMS] shape
        cdef Py_ssize_t[MAX_CORE + 1] dims
        cdef Py_ssize_t[MAX_OPERANDS * (1 + 4)] steps
        cdef char *pointers[MAX_OPERANDS]
        cdef Py_ssize_t work = 1, length
        cdef Loop *loop = table.resolve(tuple([x.dtype for x in inputs]), None)
        cdef Walk walk
        cdef Tensor x
        cdef list tensors = [self.cast(x, loop.dtypes[k]) for k, x in enumerate(inputs)]
        cdef list results
        cdef int status
        if axis is not None:
            tensors[0] = with_axis_last(tensors[0], axis)
        lengths = self.core_lengths(tensors, sizes)
        for k in range(nin):
            x = tensors[k]
            outer = max(outer, x.ndim_ - len(self.core[k]))
        for i in range(outer):
            shape[i] = 1
        for k in range(nin):
            x = tensors[k]
            first = outer - (x.ndim_ - <int>len(self.core[k]))
            for i in range(first, outer):
                length = x.shape_[i - first]
                if length != 1:
                    if shape[i] != 1 and shape[i] != length:
                        shapes = " and ".join([str(each.shape) for each in inputs])
                        raise ValueError(f"{self.name}: the outer dimensions of shapes {shapes} "
                                         "cannot be broadcast together")
                    shape[i] = length
        if axis is None:
            results = [self.new_output(k, outer, shape, lengths, loop.dtypes[k])
                       for k in range(nin, nin + nout)]
            tensors += results
        else:
            for i in range(outer, axis, -1):
                shape[i] = shape[i - 1]
            shape[<int>axis] = lengths[self.core[nin][0]]
            results = [tensor_empty(outer + 1, shape, loop.dtypes[nin], self.name)]
            tensors.append(with_axis_last(results[0], axis))
            for i in range(axis, outer):
                shape[i] = shape[i + 1]
        # The loop's dimensions, and its steps: the outer ones, then the core ones in order.
        for i, name in enumerate(self.names):
            dims[1 + i] = lengths[name]
            work *= max(dims[1 + i], 1)
        walk.ndim = outer
        walk.operands = nin + nout
        for i in range(outer):
            walk.shape[i] = shape[i]
            work *= shape[i]
        step = nin + nout
        for k in range(nin + nout):
            x = tensors[k]
            ncore = len(self.core[k])
            first = outer - (x.ndim_ - ncore)
            pointers[k] = x.data
            for i in range(outer):
                walk.strides[i][k] = (
                    0 if i < first or x.shape_[i - first] == 1 else x.strides_[i - first])
            for i in range(ncore):
                steps[step] = x.strides_[x.ndim_ - ncore + i]
                step += 1
        if walk_prepare(&walk):
            take_float_status()
            if work > LONG:
                with nogil:
                    walk_core(walk, pointers, loop.function, loop.data, dims, steps)
            else:
                walk_core(walk, pointers, loop.function, loop.data, dims, steps)
            status = take_float_status()
            if status & INVALID and self.failure is not None:
                raise type(self.failure)(*self.failure.args)
            if status and self.failure is None:
                report_float_status(self.name, status)
        return results[0] if nout == 1 else tuple(results)

    cdef Tensor cast(self, Tensor x, int dtype):
        if x.dtype_ == dtype:
            return x
        cdef Tensor result = tensor_empty(x.ndim_, x.shape_, dtype, self.name)
        copy_into(result, x)
        return result

    cdef dict core_lengths(self, list inputs, dict sizes):
        """The length of each core dimension; inputs must agree."""
        cdef dict lengths = {} if sizes is None else dict(sizes)
        for x, names in zip(inputs, self.core):
            if x.ndim < len(names):
                raise ValueError(f"{self.name}: expected at least {len(names)} dimensions, got "
                                 f"shape {x.shape}")
            for name, length in zip(names, x.shape[x.ndim - len(names):]):
                if lengths.setdefault(name, length) != length:
                    shapes = " and ".join([str(each.shape) for each in inputs])
                    raise ValueError(f"{self.name}: the dimensions of shapes {shapes} do not fit: "
                                     f"{name} is {lengths[name]} and {length}")
        return lengths

    cdef Tensor new_output(self, int k, int outer, Py_ssize_t *shape, dict lengths, int dtype):
        cdef int i, ncore = len(self.core[k])
        for i in range(ncore):
            shape[outer + i] = lengths[self.core[k][i]]
        return tensor_empty(outer + ncore, shape, dtype, self.name)


cdef Tensor with_axis_last(Tensor x, int axis):
    """A view of x with one axis at the end and the others in order."""
    cdef int[MAX_DIMS] axes
    cdef int i
    for i in range(x.ndim_ - 1):
        axes[i] = i + (i >= axis)
    axes[x.ndim_ - 1] = axis
    return transposed(x, axes)
