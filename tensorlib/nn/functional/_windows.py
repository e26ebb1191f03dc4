"""What the functions of pooling share: the geometry of windows."""

from typing import NamedTuple

from tensorlib.nn._arguments import check_window, int_tuple


class Windows(NamedTuple):
    """The geometry of windows, with a number for each of the last axes."""

    kernel_size: tuple
    stride: tuple
    padding: tuple
    dilation: tuple
    counts: tuple  # of windows


def check_rank(operation, shape, axes):
    """Refuse shapes other than (N, C, ...) and (C, ...)."""
    if len(shape) - axes not in (1, 2):
        names = ", ".join(("D", "H", "W")[-axes:] if axes > 1 else "L")
        raise ValueError(
            f"{operation}: expected shape (N, C, {names}) or (C, {names}), got {shape}"
        )


def check_floating(operation, x):
    """Refuse what has no averages of its own dtype."""
    if x.dtype.kind in "biu":
        raise TypeError(f"{operation}: expected floating-point numbers, got {x.dtype}")


def check_real(operation, x):
    """Refuse what has no order."""
    if x.dtype.kind == "c":
        raise TypeError(f"{operation}: expected real numbers, got {x.dtype}")


def windows(operation, shape, axes, kernel_size, stride, padding, dilation, ceil_mode):
    """Check the options of pooling and count the windows."""
    kernel_size = int_tuple(operation, "kernel_size", kernel_size, axes, 1)
    stride = kernel_size if stride is None else int_tuple(operation, "stride", stride, axes, 1)
    padding = int_tuple(operation, "padding", padding, axes, 0)
    dilation = int_tuple(operation, "dilation", dilation, axes, 1)
    check_rank(operation, shape, axes)
    extents = tuple(d * (k - 1) + 1 for k, d in zip(kernel_size, dilation, strict=True))
    if any(2 * p > extent for p, extent in zip(padding, extents, strict=True)):
        raise ValueError(
            f"{operation}: expected padding of at most half of kernel_size {kernel_size}, "
            f"got {padding} with dilation {dilation}"
        )
    sizes = shape[-axes:]
    if 0 in sizes:
        raise ValueError(f"{operation}: expected elements along the last axes, got shape {shape}")
    counts = tuple(map(count_windows, sizes, extents, stride, padding, [ceil_mode] * axes))
    if min(counts) < 1:
        check_window(operation, shape, kernel_size, padding, dilation)
    return Windows(kernel_size, stride, padding, dilation, counts)


def count_windows(size, extent, stride, padding, ceil_mode):
    """The number of windows along an axis; in ceil mode the last may reach over the end."""
    room = size + 2 * padding - extent
    if not ceil_mode:
        return room // stride + 1
    count = -(-room // stride) + 1
    # The last window starts inside, or in the padding before.
    return count - ((count - 1) * stride >= size + padding)


def adaptive_size(operation, shape, axes, output_size):
    """Check the numbers of windows of adaptive pooling; None is as many as elements."""
    check_rank(operation, shape, axes)
    sizes = shape[-axes:]
    if 0 in sizes:
        raise ValueError(f"{operation}: expected elements along the last axes, got shape {shape}")
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size,) * axes
    if len(wanted) == axes:
        wanted = tuple([n if m is None else m for n, m in zip(sizes, wanted, strict=True)])
    return int_tuple(operation, "output_size", wanted, axes, 1)
