"""What the ops that NumPy does not have should give, by NumPy and SciPy in float64.

`REFERENCES[name](*arrays)` has the dtype that `np.exp` gives, or that of the arrays for functions
of any dtype. Nothing cancels where results are small, so that errors are relative ones.
"""

import numpy as np
import scipy.special

ROOT_2_PI = np.sqrt(2 * np.pi)
LINEAR, CUBIC = np.sqrt(8 / np.pi), np.sqrt(8 / np.pi) * 0.044715  # of gelu's approximation

# Errors of gelu_tanh are compared with one, as it has those of its exponent; those of
# gradients with g, for slopes cross zero, where they are those of the terms that cancel.
ABSOLUTE = {"gelu_backward", "gelu_tanh", "gelu_tanh_backward", "hardswish_backward"}
ABSOLUTE |= {"mish_backward", "silu_backward"}


def computed_in_float64(function):
    """The function, for arrays of every real dtype."""

    def reference(*arrays):
        kind = np.exp if len(arrays) == 1 else np.arctan2  # one that takes the same dtypes
        with np.errstate(all="ignore"):
            dtype = kind(*(a[:0].ravel() if np.ndim(a) else a for a in arrays)).dtype
            if dtype.kind == "c":
                raise TypeError("not a function of complex numbers")
            return function(*(np.asarray(a).astype(np.float64) for a in arrays)).astype(dtype)

    return reference


def size(x, limit=1e4):
    """Finite, where what is multiplied by it is zero far out."""
    return np.minimum(np.abs(x), limit)


def sigmoid(x):
    tail = np.exp(-np.abs(x))
    return np.where(x < 0, tail, 1) / (1 + tail)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def times_exp(factor, x, rest=0.0):
    """factor * exp(x + rest), also where the exponential alone is subnormal."""
    root = np.exp(x / 2) * np.exp(rest / 2)
    return factor * root * root


def times_normal(factor, z):
    """factor * exp(-z**2 / 2), the exponent in two parts, of which the large one is exact."""
    high = z.astype(np.float32).astype(np.float64)
    return times_exp(factor, -high * high / 2, -(z - high) * (z + high) / 2)


def normal_ratio(z):
    """The normal distribution function of -z over exp(-z**2 / 2)."""
    near = scipy.special.erfc(z / np.sqrt(2)) * np.exp(z * z / 2)  # erfcx is 4 epsilons off there
    return np.where(z < 1, near, scipy.special.erfcx(z / np.sqrt(2))) / 2


def logistic(z):
    return 1 / (1 + np.exp(-z))


def tanh_exponent(z):
    return z * (LINEAR + CUBIC * z * z)


def gated(tail):
    """x * F(x), given z * F(-z) for z >= 0."""

    def gate(x):
        return np.where(x < 0, -tail(size(x)), x - tail(size(x)))

    return gate


def gated_slope(tail):
    """The same of the derivative, given that at -z."""

    def slope(x):
        return np.where(x < 0, tail(size(x)), 1 - tail(size(x)))

    return slope


def times_slope(slope):
    """A gradient times the slope in float64; zero where either is, in the dtype computed with."""

    def gradient(g, x):
        dtype = np.arctan2(*(a[:0].ravel() if np.ndim(a) else a for a in (g, x))).dtype
        if dtype.kind == "c":
            raise TypeError("not a function of complex numbers")
        with np.errstate(all="ignore"):
            wide = slope(x.astype(np.float64)).astype("f8" if dtype == "f8" else "f4")
            return masked_multiply(g.astype(np.float64), wide.astype(np.float64)).astype(dtype)

    return gradient


def gelu_tanh_slope(z):
    u = tanh_exponent(z)
    slope = 1 - z * logistic(u) * (LINEAR + 3 * CUBIC * z * z)
    return times_exp(logistic(u) * slope, -u)


def mish(x):
    """tanh(log(1 + e)) = e * (e + 2) / (e * (e + 2) + 2) with e = exp(x)"""
    z, e = size(x), np.exp(-np.abs(x))
    left = times_exp(-z * (2 + e) / (2 + e * (2 + e)), -z)
    return np.where(x < 0, left, x * (1 + 2 * e) / (1 + 2 * e * (1 + e)))


def mish_slope(x):
    """Of tanh(log(1 + e)) the derivative is 4 * e * (1 + e) / (e * (e + 2) + 2)**2."""
    z, e = size(x), np.exp(-np.abs(x))
    on_left, on_right = 2 + e * (2 + e), 1 + 2 * e * (1 + e)
    left = times_exp((2 + e) / on_left - 4 * z * (1 + e) / on_left**2, -z)
    right = (1 + 2 * e) / on_right + 4 * z * e**2 * (1 + e) / on_right**2
    return np.where(x < 0, left, right)


def leaky_relu(x, slope):
    return np.where(np.signbit(x), x * slope, x)


def hardtanh(x, low, high):
    return np.clip(x, low, high).astype(np.result_type(x, low, high))


def hardsigmoid(x):
    return np.clip(x + 3, 0, 6) / 6


def hardswish_backward(g, x):
    return np.where(x <= -3, 0, np.where(x >= 3, g, masked_multiply(g, x / 3 + 0.5)))


def inexact(*arrays):
    """Integers as the floating-point numbers that they are divided as."""
    return [x.astype("f8") if x.dtype.kind in "biu" else x for x in arrays]


def masked_divide(x1, x2):
    x1, x2 = inexact(x1, x2)
    return np.where(x1 == 0, x1, x1 / x2)


def masked_multiply(x1, x2):
    x1, x2 = inexact(x1, x2)
    return np.where((x1 == 0) | (x2 == 0), x1.dtype.type(0), x1 * x2)


def relu(x):
    return np.where(x <= 0, x.dtype.type(0), x)


REFERENCES = {
    name: computed_in_float64(function)
    for name, function in {
        "erf": scipy.special.erf,
        "gelu": gated(lambda z: times_normal(z * normal_ratio(z), z)),
        "gelu_tanh": gated(lambda z: times_exp(z * logistic(tanh_exponent(z)), -tanh_exponent(z))),
        "hardsigmoid": hardsigmoid,
        "hardsigmoid_backward": lambda g, x: np.where(np.abs(x) >= 3, 0, g / 6),
        "hardswish_backward": hardswish_backward,
        "hardswish": lambda x: x * hardsigmoid(x),
        "leaky_relu": leaky_relu,
        "logsigmoid": lambda x: -softplus(-x),
        "mish": mish,
        "relu_backward": lambda g, y: np.where(y <= 0, 0, g),
        "sigmoid": sigmoid,
        "silu": gated(lambda z: times_exp(z * logistic(z), -z)),
        "softplus": softplus,
    }.items()
}
EXACT = {
    "masked_divide": masked_divide,
    "masked_multiply": masked_multiply,
    "hardtanh": hardtanh,
    "relu": relu,
    "where": np.where,
}
REFERENCES |= EXACT

REFERENCES |= {
    "gelu_backward": times_slope(
        gated_slope(lambda z: times_normal(normal_ratio(z) - z / ROOT_2_PI, z))
    ),
    "gelu_tanh_backward": times_slope(gated_slope(gelu_tanh_slope)),
    "mish_backward": times_slope(mish_slope),
    "silu_backward": times_slope(
        gated_slope(lambda z: times_exp(logistic(z) * (1 - z * logistic(z)), -z))
    ),
}

INEXACT = set(REFERENCES) - set(EXACT) - {"leaky_relu"}
