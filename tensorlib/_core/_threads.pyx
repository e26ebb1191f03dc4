"""The threads of all kernels."""

import operator

cdef extern from "thread_pool.h" namespace "tl":
    int MOST_THREADS "tl::ThreadPool::kMostThreads"


cdef ThreadPool *pool() noexcept:
    return &ThreadPool.instance()


def get_num_threads():
    """The number of threads that a kernel may use.

    Returns
    -------
    int
        At first what the environment variable TENSORLIB_NUM_THREADS says, or OMP_NUM_THREADS; else
        the number of processors that the process may use.

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
