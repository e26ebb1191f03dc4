"""Weighted sums along an axis: averages over windows, interpolation, and the gradients of both."""

from libc.stdint cimport intptr_t

import numpy as np

from tensorlib._core._dtypes cimport (
    TL_COMPLEX64, TL_COMPLEX128, TL_FLOAT16, TL_FLOAT32, TL_FLOAT64,
)
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, c_contiguous, tensor_empty
from tensorlib._core._threads cimport ThreadPool, pool

ThreadPool.share(pool())

cdef extern from "resample.h" namespace "tl::resample" nogil:
    cdef struct Matrix:
        const intptr_t *offsets
        const intptr_t *places
        const double *weights
        intptr_t rows
        intptr_t columns

    cdef struct Job:
        Matrix matrix
        const char *source
        char *target
        intptr_t outer
        intptr_t inner

    void run(int dtype, const Job &job)


cdef class SparseRows:
    """A matrix of few numbers: those of row ``r`` are ``weights[offsets[r]:offsets[r + 1]]``, in
    the columns ``places[offsets[r]:offsets[r + 1]]``; of equal places the weights add up.
    """

    cdef const intptr_t[::1] offsets_, places_
    cdef const double[::1] weights_
    cdef readonly Py_ssize_t rows, columns
    cdef SparseRows transposed_
    cdef readonly dict copies   # for kernels of devices, as they like

    def __init__(self, offsets, places, weights, Py_ssize_t columns):
        offsets = np.array(offsets, np.intp, ndmin=1)
        places = np.array(places, np.intp, ndmin=1)
        weights = np.array(weights, np.float64, ndmin=1)
        if (
            offsets.ndim != 1 or offsets[:1].tolist() != [0] or (np.diff(offsets) < 0).any()
            or places.shape != (offsets[-1],) or weights.shape != places.shape
        ):
            raise ValueError(
                "SparseRows: expected ascending offsets from 0 to the number of places and "
                f"weights, got shapes {offsets.shape}, {places.shape} and {weights.shape}"
            )
        if places.size and not 0 <= places.min() <= places.max() < columns:
            raise ValueError(f"SparseRows: expected places in [0, {columns}), got some from "
                             f"{places.min()} to {places.max()}")
        self.offsets_, self.places_, self.weights_ = offsets, places, weights
        self.rows, self.columns = offsets.size - 1, columns
        self.copies = {}

    @property
    def numbers(self):
        """Offsets, places and weights, as arrays."""
        return np.asarray(self.offsets_), np.asarray(self.places_), np.asarray(self.weights_)

    @property
    def transposed(self):
        """The same numbers with rows for columns, made once."""
        if self.transposed_ is None:
            places = np.asarray(self.places_)
            order = np.argsort(places, kind="stable")
            rows = np.repeat(np.arange(self.rows), np.diff(self.offsets_))
            counts = np.bincount(places, minlength=self.columns)
            offsets = np.concatenate(([0], np.cumsum(counts)))
            self.transposed_ = SparseRows(
                offsets, rows[order], np.asarray(self.weights_)[order], self.rows
            )
        return self.transposed_

    def __repr__(self):
        return f"SparseRows({self.rows} x {self.columns}, {self.weights_.shape[0]} numbers)"


def check(Tensor x not None, Py_ssize_t axis, SparseRows matrix not None):
    """Refuse what resample cannot do."""
    if not 0 <= axis < x.ndim_ or x.shape_[axis] != matrix.columns:
        raise ValueError(f"resample: expected {matrix.columns} elements along axis {axis}, "
                         f"got shape {x.shape}")
    if not TL_FLOAT16 <= x.dtype_ <= TL_COMPLEX128:
        raise TypeError(f"resample: expected floating-point numbers of at least 16 bits, or "
                        f"complex ones, got {x.dtype}")


def resample(Tensor x not None, Py_ssize_t axis, SparseRows matrix not None):
    """`matrix` times each line of `x` along an axis; 16-bit numbers are summed in float32."""
    cdef Py_ssize_t[MAX_DIMS] shape
    cdef Job job
    cdef int i, dtype = x.dtype_
    check(x, axis, matrix)
    job.outer = job.inner = 1
    for i in range(x.ndim_):
        shape[i] = x.shape_[i]
        if i < axis:
            job.outer *= shape[i]
        elif i > axis:
            job.inner *= shape[i]
    shape[axis] = matrix.rows
    if dtype == TL_COMPLEX64 or dtype == TL_COMPLEX128:
        # The weights are real: the two parts of a number are neighbours like others.
        dtype = TL_FLOAT32 if dtype == TL_COMPLEX64 else TL_FLOAT64
        job.inner *= 2
    cdef Tensor source = c_contiguous(x, "resample")
    cdef Tensor result = tensor_empty(x.ndim_, shape, x.dtype_, "resample")
    if result.size_ == 0:
        return result
    job.matrix.offsets = &matrix.offsets_[0]
    job.matrix.places = &matrix.places_[0] if matrix.places_.shape[0] else NULL
    job.matrix.weights = &matrix.weights_[0] if matrix.weights_.shape[0] else NULL
    job.matrix.rows, job.matrix.columns = matrix.rows, matrix.columns
    job.source, job.target = source.data, result.data
    with nogil:
        run(dtype, job)
    return result
