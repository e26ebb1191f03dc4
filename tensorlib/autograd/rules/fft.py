"""Rules of Fourier transforms.

A transform is linear and symmetric, so the gradient passes through the transform in the other
direction. Padding and cutting undo each other.
"""

from tensorlib._core._dispatch import apply, ops
from tensorlib._core._functions import asarray, zeros
from tensorlib._joining import concatenate
from tensorlib.autograd.rules._register import rule


def fitted(x, shape, axis):
    """Cut, or padded with zeros, to the length that `shape` has along an axis."""
    length, wanted = x.shape[axis], shape[axis]
    if length > wanted:
        return x[(slice(None),) * axis + (slice(wanted),)]
    if length == wanted:
        return x
    rest = (*x.shape[:axis], wanted - length, *x.shape[axis + 1 :])
    return concatenate((x, zeros(rest, dtype=x.dtype, device=x.device)), axis=axis)


def backward_by(op):
    return lambda g, x_shape, n, axis, scale: fitted(
        apply(op, (g,), (n, axis, scale)), x_shape, axis
    )


rule("fft", backward_by(ops.ifft))
rule("ifft", backward_by(ops.fft))


def weights(like, n, axis, others):
    """One for the elements of half a transform of length `n` that have no mirror image, and
    `others` for those that have one."""
    factors = [1.0] + [others] * ((n - 1) // 2) + [1.0] * (n % 2 == 0)
    shape = [1] * like.ndim
    shape[axis] = len(factors)
    return asarray(factors, dtype=like.real.dtype, device=like.device).reshape(shape)


def rfft_rule(g, x_shape, n, axis, scale):
    """`irfft` counts elements twice that have a mirror image."""
    real = apply(ops.irfft, (g * weights(g, n, axis, 0.5),), (n, axis, scale))
    return fitted(real, x_shape, axis)


def irfft_rule(g, x_shape, n, axis, scale):
    half = apply(ops.rfft, (g,), (n, axis, scale))
    return fitted(half * weights(half, n, axis, 2.0), x_shape, axis)


rule("rfft", rfft_rule)
rule("irfft", irfft_rule)
