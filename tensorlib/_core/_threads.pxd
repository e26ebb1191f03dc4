cdef extern from "thread_pool.h" namespace "tl" nogil:
    cdef cppclass ThreadPool:
        @staticmethod
        ThreadPool &instance()

        @staticmethod
        void share(ThreadPool *pool)

        int threads()
        void set_threads(int threads)

# Calls of BLAS between the two run on the thread that makes them; False if that cannot be had.
cdef bint hold_blas_threads() noexcept nogil
cdef void release_blas_threads() noexcept nogil
cdef void find_blas_threads() noexcept   # after another library with a BLAS was loaded

cdef ThreadPool *pool() noexcept   # of the process; a module with kernels shares it at its import
