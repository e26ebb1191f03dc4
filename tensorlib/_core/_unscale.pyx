"""Gradients divided by the scale of their loss, in one pass that also looks for infinities."""

from tensorlib._core._backend cimport backend_of
from tensorlib._core._dtypes cimport dtype_is_complex, dtype_itemsize
from tensorlib._core._history cimport wrote
from tensorlib._core._loops cimport LoopFunction, Walk, walk_prepare, walk_run
from tensorlib._core._tensor cimport MAX_DIMS, Tensor, check_writeable, refuse_wrapped

cdef extern from "unscale.h" namespace "tl" nogil:
    cdef struct Unscaling:
        double factor
        bint not_finite

    LoopFunction unscale_loop_of(int dtype)


def unscale(str op not None, list gradients not None, double factor):
    """Multiply Tensors by a number, in place, in any layout.

    Parameters
    ----------
    op : str
        Who asks, for messages.
    gradients : list of Tensor
    factor : float

    Returns
    -------
    bool
        Whether an element was infinite or NaN.

    Raises
    ------
    TypeError, ValueError
        If one is neither floating nor complex, or cannot be written to. Nothing was changed then.
    """
    cdef Unscaling job
    cdef Tensor gradient
    cdef Walk walk
    cdef char *start[1]
    cdef bint split
    cdef int axis, device
    cdef dict elsewhere = {}  # gradients by the number of the device
    cdef list found = []
    for gradient in gradients:
        if gradient.wrapped is not None:
            refuse_wrapped(gradient, op)
        if unscale_loop_of(gradient.dtype_) == NULL:
            raise TypeError(f"{op}: expected floating-point or complex gradients, got "
                            f"{gradient.dtype}")
        if dtype_is_complex(gradient.dtype_) and gradient.ndim_ == MAX_DIMS:
            raise ValueError(f"{op}: expected complex gradients of fewer than {MAX_DIMS} axes")
        check_writeable(gradient, op)
    job.factor = factor
    job.not_finite = False
    for gradient in gradients:
        device = gradient.storage.device
        if device != 0:
            elsewhere.setdefault(device, []).append(gradient)
            continue
        split = dtype_is_complex(gradient.dtype_)
        walk.ndim = gradient.ndim_ + split
        walk.operands = 1
        for axis in range(gradient.ndim_):
            walk.shape[axis] = gradient.shape_[axis]
            walk.strides[axis][0] = gradient.strides_[axis]
        if split:  # the parts are an axis of their own
            walk.shape[gradient.ndim_] = 2
            walk.strides[gradient.ndim_][0] = dtype_itemsize(gradient.dtype_) // 2
        start[0] = gradient.data
        if walk_prepare(&walk):
            with nogil:
                walk_run(walk, start, unscale_loop_of(gradient.dtype_), &job)
        wrote(gradient, op)
    for device, several in elsewhere.items():
        found.append(backend_of(device).run("unscale", (several[0],), (op, several, factor)))
        for gradient in several:
            wrote(gradient, op)
    # Only when all are at work: this waits.
    return job.not_finite or any([bool(bad) for bad in found])
