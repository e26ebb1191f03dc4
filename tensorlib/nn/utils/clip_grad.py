"""Gradients kept within bounds."""

from tensorlib._core._autocast import in_float32
from tensorlib._core._functions import astype, isfinite, matmul, minimum, reshape, sqrt, zeros
from tensorlib._core._tensor import Tensor
from tensorlib._joining import stack
from tensorlib._selection import clip
from tensorlib.autograd import no_grad
from tensorlib.linalg import vector_norm


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Norm of the elements of several Tensors, as if they were one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float, optional
        The order of the norm, which may be infinite.
    error_if_nonfinite : bool, optional
        Whether to raise an error if the norm is NaN or infinite.
    foreach : bool, optional
        Of no effect.

    Returns
    -------
    Tensor
        Without axes; zero if there are no Tensors. float32 at least.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite` is true.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.utils.get_total_norm([tl.asarray([3.0]), tl.asarray([[4.0]])])
    tensor(5.)
    """
    return _total_norm("get_total_norm", _listed(tensors), norm_type, error_if_nonfinite)


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale gradients in place by ``max_norm / total_norm`` where that is below one.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left alone.
    max_norm : float
    total_norm : Tensor
        The norm that the gradients have, from `get_total_norm`.
    foreach : bool, optional
        Of no effect.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> w = tl.asarray([3.0, 4.0]).requires_grad_()
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grads_with_norm_(w, 1.0, nn.utils.get_total_norm(w.grad))
    >>> w.grad.round(3)
    tensor([0.6, 0.8])
    """
    with no_grad():
        scale = minimum(float(max_norm) / (total_norm + 1e-6), 1.0)
        for gradient in _gradients(parameters):
            gradient *= astype(scale, gradient.dtype, copy=False)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Scale gradients in place, so that their norm, as one vector, is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left alone.
    max_norm : float
    norm_type : float, optional
        The order of the norm, which may be infinite.
    error_if_nonfinite : bool, optional
        Whether to raise an error if the norm is NaN or infinite; nothing was changed then.
    foreach : bool, optional
        Of no effect.

    Returns
    -------
    Tensor
        The norm that the gradients had, without axes.

    Raises
    ------
    RuntimeError
        If the norm is not finite and `error_if_nonfinite` is true.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> w = tl.asarray([3.0, 4.0]).requires_grad_()
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0)
    tensor(10.)
    >>> w.grad.round(3)
    tensor([0.6, 0.8])
    """
    parameters = _listed(parameters)
    with no_grad():
        gradients = _gradients(parameters)
        norm = _total_norm("clip_grad_norm_", gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(parameters, max_norm, norm)
    return norm


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Limit each element of the gradients, in place, to ``[-clip_value, clip_value]``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are left alone.
    clip_value : float
    foreach : bool, optional
        Of no effect.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> w = tl.asarray([0.2, -4.0]).requires_grad_()
    >>> (w * w).sum().backward()
    >>> nn.utils.clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 0.4, -1. ])
    """
    bound = float(clip_value)
    with no_grad():
        for gradient in _gradients(parameters):
            clip(gradient, -bound, bound, out=gradient)


def _listed(tensors):
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _gradients(parameters):
    return [p.grad for p in _listed(parameters) if p.grad is not None]


@in_float32
def _total_norm(operation, tensors, norm_type, error_if_nonfinite):
    order = float(norm_type)
    if not tensors:
        return zeros((), dtype="float32")
    total = vector_norm(stack([_norm(x, order) for x in tensors]), ord=order)
    if error_if_nonfinite and not isfinite(total):
        raise RuntimeError(
            f"{operation}: expected gradients with a finite norm of order {order:g}, got "
            f"{total.item()}"
        )
    return total


def _norm(x, order):
    if x.itemsize == 2:  # squares overflow soon
        x = astype(x, "float32")
    if order != 2 or x.dtype.kind == "c":
        return vector_norm(x, ord=order)
    x = reshape(x, (-1,))
    return sqrt(matmul(x, x))  # reads the elements once and makes no squares of them
