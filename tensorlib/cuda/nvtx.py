"""Ranges that NVIDIA's profilers show; without the package ``nvtx`` they do nothing."""

import contextlib

try:
    from nvtx import annotate as _annotate
    from nvtx import mark as _mark
    from nvtx import pop_range as _pop
    from nvtx import push_range as _push
except ImportError:
    _annotate = _mark = _pop = _push = None

__all__ = ["mark", "range", "range_pop", "range_push"]


def range(message):  # noqa: A001 (PyTorch's name)
    """A block that the profiler shows under a name.

    Parameters
    ----------
    message : str

    Examples
    --------
    >>> import tensorlib as tl
    >>> with tl.cuda.nvtx.range("forward"):
    ...     y = tl.ones(3) * 2
    """
    return contextlib.nullcontext() if _annotate is None else _annotate(message)


def range_push(message):
    """Begin a range, which `range_pop` ends."""
    if _push is not None:
        _push(message)


def range_pop():
    """End the range that `range_push` began last."""
    if _pop is not None:
        _pop()


def mark(message):
    """Show one moment."""
    if _mark is not None:
        _mark(message)
