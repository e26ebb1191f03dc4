"""The threads of all kernels."""


cdef ThreadPool *pool() noexcept:
    return &ThreadPool.instance()


def get_num_threads():
    """The number of threads that a kernel may use.

    Returns
    -------
    int
        At first what the environment variable OMP_NUM_THREADS says, else the number of processors.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.get_num_threads() >= 1
    True
    """
    return ThreadPool.instance().threads()


def set_num_threads(int threads):
    """Bound the number of threads that a kernel may use; results do not depend on it.

    Parameters
    ----------
    threads : int

    Raises
    ------
    ValueError
        If it is less than one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.set_num_threads(tl.get_num_threads())
    """
    if threads < 1:
        raise ValueError(f"set_num_threads: expected at least one thread, got {threads}")
    ThreadPool.instance().set_threads(threads)
