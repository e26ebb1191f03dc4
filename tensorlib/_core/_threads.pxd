cdef extern from "thread_pool.h" namespace "tl" nogil:
    cdef cppclass ThreadPool:
        @staticmethod
        ThreadPool &instance()

        @staticmethod
        void share(ThreadPool *pool)

        int threads()
        void set_threads(int threads)

cdef ThreadPool *pool() noexcept   # of the process; a module with kernels shares it at its import
