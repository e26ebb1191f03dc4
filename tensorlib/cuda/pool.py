"""Max pooling: see ``kernels/pool.cuh``."""

from tensorlib._core._pool import result_shape
from tensorlib.cuda._backend import compact, new, place
from tensorlib.cuda.common import blocks_for, kernel, packed, type_name
from tensorlib.cuda.elementwise import TYPES

THREADS = 256


def max_pool2d(x, kernel_size, stride, padding, dilation):
    """The kernel of max_pool2d."""
    shape = result_shape(x, kernel_size, stride, padding, dilation)
    values = new(shape, x.dtype, x, "max_pool2d")
    places = new(shape, "int64", x, "max_pool2d")
    if values.size:
        argument = packed(
            values.size, shape[-2:], x.shape[-2:], kernel_size, stride, padding[:2], dilation
        )
        launch = pool_kernel(type_name(x.dtype))
        device, blocks = place(x), blocks_for(values.size)
        launch("max_pool2d", device, blocks, THREADS, argument, compact(x), values, places)
    return values, places


def pool_kernel(name):
    """A kernel ``(MaxPool, images, maxima, places)``."""
    return kernel(
        "pool.cuh",
        "max_pool_kernel",
        f"MaxPool pool, const {name} *x, {name} *values, int64_t *places",
        f"tl::max_pool<{name}>(pool, x, values, places);",
    )


def sources():
    """The sources of all kernels."""
    for name in TYPES:
        if not name.startswith("Complex"):
            yield pool_kernel(name).source
