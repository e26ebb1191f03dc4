"""The threads of all kernels, and those of the BLAS that NumPy brings."""

import operator

import numpy as np  # no-cython-lint: loads its BLAS

cdef extern from "thread_pool.h" namespace "tl":
    int MOST_THREADS "tl::ThreadPool::kMostThreads"

cdef extern from *:
    """
    #include "blas_threads.h"
    #include "thread_pool.h"
    static int tl_blas_limit() { return tl::BlasThreads::instance().limit(); }
    static void tl_limit_pool() { tl::ThreadPool::instance().set_limit(tl_blas_limit); }
    """
    void tl_limit_pool()

cdef extern from "blas_threads.h" namespace "tl" nogil:
    cdef cppclass BlasThreads:
        @staticmethod
        BlasThreads &instance()

        void find()
        bint hold()
        void release()


cdef bint hold_blas_threads() noexcept nogil:
    return BlasThreads.instance().hold()


cdef void release_blas_threads() noexcept nogil:
    BlasThreads.instance().release()


cdef void find_blas_threads() noexcept:
    BlasThreads.instance().find()


cdef ThreadPool *pool() noexcept:
    return &ThreadPool.instance()


def get_num_threads():
    """The number of threads that a kernel may use.

    Returns
    -------
    int
        At first what the environment variable TENSORLIB_NUM_THREADS says, or OMP_NUM_THREADS; else
        the number of processors that the process may use. No more than threadpoolctl allows BLAS.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.get_num_threads() >= 1
    True
    """
    return ThreadPool.instance().threads()


def set_num_threads(threads):
    """Bound the number of threads that a kernel may use; results do not depend on it.

    Parameters
    ----------
    threads : int
        From 1 to 1024.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is less than one or more than 1024.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.set_num_threads(tl.get_num_threads())
    """
    threads = operator.index(threads)
    if not 1 <= threads <= MOST_THREADS:
        raise ValueError(f"set_num_threads: expected 1 to {MOST_THREADS} threads, got {threads}")
    ThreadPool.instance().set_threads(threads)


find_blas_threads()
tl_limit_pool()
