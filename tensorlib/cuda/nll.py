"""The negative log-likelihood of classes, summed over all places, and its gradient."""

import functools

from tensorlib._core._copy import to_device
from tensorlib._core._nll import layout, total_dtype
from tensorlib._core.device import device_number
from tensorlib._core.errors import DeviceError
from tensorlib.cuda import folds
from tensorlib.cuda._backend import address, compact, new, place
from tensorlib.cuda._driver import report_of
from tensorlib.cuda.common import THREADS, blocks_for, index_type, kernel, type_name, wide_type
from tensorlib.cuda.folds import VECTOR, Fold, run_fold
from tensorlib.cuda.softmax import plan_of, width_of


def nll_loss(x, target, weight, ignore_index, mean, caller):
    """The sum of losses over all places, or their mean, and the sum of weights: see the CPU's
    kernel. A target that is no class is reported, as an index outside, and adds nothing."""
    op = "nll_loss"
    _, classes, inner = layout(x.shape, x.dtype, target, weight, op)
    target, weight = compact(brought(target, x)), there(weight, x, op)
    loss, total = new((), x.dtype, x, op), new((), total_dtype(x.dtype), x, op)
    fold = likelihood(type_name(x.dtype))
    plan = plan_of(fold, target, (1, target.size, 1), address(target) % VECTOR)
    arguments = (target, compact(x), weight, loss, total, *report_of(place(x), caller))
    axis = min(x.ndim - 1, 1)
    run_fold(op, fold, plan, x, (*arguments, axis, classes, inner, ignore_index, int(mean)))
    return loss, total


def nll_loss_backward(g, target, total, shape, weight, ignore_index, mean):
    """The gradient of nll_loss for logarithms of a shape."""
    op = "nll_loss_backward"
    _, classes, inner = layout(shape, g.dtype, target, weight, op)
    if g.ndim != 0 or total.ndim != 0 or total.dtype != total_dtype(g.dtype):
        raise ValueError(
            f"{op}: expected a gradient and a total without axes, of a floating dtype and of "
            f"{total_dtype(g.dtype)}, got {g.shape} and {total.shape} of {total.dtype}"
        )
    like = next(x for x in (target, g, total) if x.device != "cpu")
    g, target, total = (compact(brought(x, like)) for x in (g, target, total))
    weight, out = there(weight, like, op), new(shape, g.dtype, like, op)
    width = width_of(classes if inner == 1 else inner, out) if out.size else 1
    run = gradient_kernel(type_name(g.dtype), width, index_type(out.size))
    run(op, place(like), blocks_for(out.size, THREADS * width), THREADS, g, target, total, weight,
        out, out.size, classes, inner, ignore_index, int(mean))  # fmt: skip
    return out


def brought(x, like):
    """A tensor, where another is: tensors of the CPU without axes may be beside those of a GPU."""
    if x.device == like.device:
        return x
    return to_device(x, device_number(like.device, "nll_loss"), 0, False)


def there(weight, like, op):
    """Weights as a kernel reads them; they are to be on the GPU of another tensor."""
    if weight is None:
        return None
    if weight.device != like.device:
        raise DeviceError(
            f"{op}: expected weights on {like.device}, got them on {weight.device}; use to()"
        )
    return compact(weight)


@functools.cache
def likelihood(held):
    """The fold over places."""
    given = wide_type(held)
    members = (
        "const int64_t *target", f"const {held} *x", f"const {held} *weight", f"{held} *loss",
        f"{given} *total", "Reports *reports", "Report *report", "int64_t axis",
        "int64_t classes", "int64_t inner", "int64_t ignored", "int64_t mean",
    )  # fmt: skip
    size = 24 if given == "double" else 16
    return Fold("nll_loss", "nll.cuh", f"LogLikelihood<{held}>", members, size)


@functools.cache
def gradient_kernel(held, width, index):
    """The kernel of the gradient."""
    return kernel(
        "nll.cuh",
        "nll_loss_backward",
        f"const {held} *g, const int64_t *target, const {wide_type(held)} *total, "
        f"const {held} *weight, {held} *out, int64_t size, int64_t classes, int64_t inner, "
        "int64_t ignored, int64_t mean",
        f"nll_gradient<{width}, {index}>"
        "(g, target, total, weight, out, size, classes, inner, ignored, mean);",
    )


def sources():
    """The sources for all dtypes."""
    for held, itemsize in (("Half", 2), ("BFloat16", 2), ("float", 4), ("double", 8)):
        yield gradient_kernel(held, VECTOR // itemsize, "uint32_t").source
        yield gradient_kernel(held, 1, "uint32_t").source
        yield from folds.sources(likelihood(held), 8)
