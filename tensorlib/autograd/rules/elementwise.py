"""Rules of the ops that work element by element.

Each is the derivative, conjugated for complex numbers, times the gradient: by `times` and `over`,
for which a gradient of zero stays zero. Where the function has a kink, what is chosen there is
PyTorch's choice; fmax and fmin share like maximum and minimum.
"""

import math

from tensorlib._core._functions import (
    absolute,
    cos,
    cosh,
    deg2rad,
    equal,
    floor_divide,
    greater,
    greater_equal,
    isnan,
    ldexp,
    less,
    less_equal,
    log,
    logical_and,
    logical_not,
    logical_or,
    power,
    rad2deg,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    trunc,
    where,
)
from tensorlib._core._gradients import conj, times_own
from tensorlib._core._wrapping import wrapped_of
from tensorlib.autograd.rules._common import over, times
from tensorlib.autograd.rules._register import not_differentiable, rule, zero, zero_gradient

LN2 = math.log(2.0)
LN10 = math.log(10.0)

# arithmetic

rule("add", lambda g: g, lambda g: g)
rule("subtract", lambda g: g, lambda g: -g)
rule("multiply", lambda g, x2: times(g, conj(x2)), lambda g, x1: times(g, conj(x1)))
rule("divide", lambda g, x2: over(g, conj(x2)), lambda g, x1, x2: -times(g, conj(x1 / x2 / x2)))
rule("masked_multiply", lambda g, x2: times(g, conj(x2)), lambda g, x1: times(g, conj(x1)))
rule(
    "masked_divide",
    lambda g, x2: over(g, conj(x2)),
    lambda g, x1, x2: -times(over(over(g, conj(x2)), conj(x2)), conj(x1)),
)
rule("negative", lambda g: -g)
rule("positive", lambda g: g)
rule("conjugate", lambda g: conj(g))
rule("square", lambda g, x: times(g, conj(x * 2)))
rule("reciprocal", lambda g, out: -times(g, conj(out * out)))
rule("sqrt", lambda g, out: over(g, conj(out * 2)))
rule("cbrt", lambda g, out: over(g, out * out * 3))
rule("hypot", lambda g, x1, out: times(g, x1 / out), lambda g, x2, out: times(g, x2 / out))


def power_base(g, x1, x2):
    known = x2.ndim == 0 and wrapped_of(x2) is None and not x2.requires_grad
    if known and x2:  # x**3, say
        return times(g, conj(x2 * power(x1, x2 - 1)))
    # The exponent -1 would give 0 * inf at 0 ** 0, where the derivative is 0.
    no_slope = logical_and(equal(x2, 0), logical_not(greater(absolute(x1), 0)))
    return times(g, conj(x2 * power(x1, where(no_slope, 0.0, x2 - 1.0))))


def power_exponent(g, x1, x2, out):
    no_slope = logical_and(equal(x1, 0), greater_equal(x2, 0))
    base = where(no_slope, 1, x1)  # log(1) is 0; masking the product would leave 0 * -inf
    if base.dtype != out.dtype:
        base = base.astype(out.dtype)
    return times(g, conj(out * log(base)))


rule("power", power_base, power_exponent)
rule("float_power", power_base, power_exponent)

# remainders: x1 - quotient * x2, whose quotient is constant between its steps

rule("remainder", lambda g: g, lambda g, x1, x2: -times(g, floor_divide(x1, x2)))
rule("fmod", lambda g: g, lambda g, x1, x2: -times(g, trunc(x1 / x2)))
rule("divmod", lambda g: g[1], lambda g, out0: -times(g[1], out0))
rule("modf", lambda g: g[0])

# exponentials and logarithms

rule("exp", lambda g, out: times(g, conj(out)))
rule("exp2", lambda g, out: times(g, conj(out * LN2)))
rule("expm1", lambda g, out: times(g, conj(out + 1)))
rule("log", lambda g, x: over(g, conj(x)))
rule("log2", lambda g, x: over(g, conj(x * LN2)))
rule("log10", lambda g, x: over(g, conj(x * LN10)))
rule("log1p", lambda g, x: over(g, conj(x + 1)))
rule(
    "logaddexp",
    lambda g, x1, x2: times(g, sigmoid(x1 - x2)),
    lambda g, x1, x2: times(g, sigmoid(x2 - x1)),
)
rule(
    "logaddexp2",
    lambda g, x1, x2: times(g, sigmoid((x1 - x2) * LN2)),
    lambda g, x1, x2: times(g, sigmoid((x2 - x1) * LN2)),
)
rule("sigmoid", lambda g, out: times_own(g, conj(out * (1 - out))))

# angles

rule("sin", lambda g, x: times(g, conj(cos(x))))
rule("cos", lambda g, x: -times(g, conj(sin(x))))
rule("tan", lambda g, out: times(g, conj(out * out + 1)))
rule("arcsin", lambda g, x: over(g, conj(sqrt(1 - x * x))))
rule("arccos", lambda g, x: -over(g, conj(sqrt(1 - x * x))))
rule("arctan", lambda g, x: over(g, conj(x * x + 1)))


def squared_distance(x1, x2):
    """From the origin, where it is 1, so that the gradients of arctan2 are 0 there."""
    square = x1 * x1 + x2 * x2
    return where(equal(square, 0), 1, square)


rule(
    "arctan2",
    lambda g, x1, x2: times(g, x2 / squared_distance(x1, x2)),
    lambda g, x1, x2: -times(g, x1 / squared_distance(x1, x2)),
)
rule("sinh", lambda g, x: times(g, conj(cosh(x))))
rule("cosh", lambda g, x: times(g, conj(sinh(x))))
rule("tanh", lambda g, out: times_own(g, conj(1 - out * out)))
rule("arcsinh", lambda g, x: over(g, conj(sqrt(x * x + 1))))
# Two roots, as sqrt(x * x - 1) has another sign in half of the complex plane.
rule("arccosh", lambda g, x: over(g, conj(sqrt(x - 1) * sqrt(x + 1))))
rule("arctanh", lambda g, x: over(g, conj(1 - x * x)))
for degrees in ("degrees", "rad2deg"):
    rule(degrees, lambda g: rad2deg(g))
for radians in ("radians", "deg2rad"):
    rule(radians, lambda g: deg2rad(g))

# signs and lengths


def sign_rule(g, x):
    if x.dtype.kind != "c":
        return zero(g)
    # x / abs(x) moves with the part of a change that is across x, and not at all at zero.
    length = absolute(x)
    at_zero = equal(length, 0)
    direction = sign(x)
    across = g - times(times(g, conj(direction)).real, direction)
    return where(at_zero, 0, over(across, where(at_zero, 1, length)))


rule("sign", sign_rule)
rule("absolute", lambda g, x: times(g, sign(x)))
rule("fabs", lambda g, x: times(g, sign(x)))
rule("copysign", lambda g, x1, out: times(g, sign(x1) * sign(out)), zero)
rule("heaviside", zero, lambda g, x1: where(equal(x1, 0), g, 0))

# choices: masked by where, as a product would carry a NaN or an infinity of the branch not taken


def chosen(g, wins, ties):
    """The gradient where this operand is the result, half of it where both are."""
    return where(wins, g, where(ties, g * 0.5, 0))


rule(
    "where",
    None,
    lambda g, condition: where(condition, g, 0),
    lambda g, condition: where(condition, 0, g),
)
rule(
    "clip",
    lambda g, x, min, max: where(logical_and(greater_equal(x, min), less_equal(x, max)), g, 0),
    lambda g, x, min, max: where(logical_and(less(x, min), less_equal(min, max)), g, 0),
    lambda g, x, min, max: where(logical_or(greater(x, max), greater(min, max)), g, 0),
)
# With a NaN neither is the smaller one, and both get the gradient of the NaN they made.
rule(
    "maximum",
    lambda g, x1, x2: chosen(g, logical_not(less_equal(x1, x2)), equal(x1, x2)),
    lambda g, x1, x2: chosen(g, logical_not(less_equal(x2, x1)), equal(x1, x2)),
)
rule(
    "minimum",
    lambda g, x1, x2: chosen(g, logical_not(greater_equal(x1, x2)), equal(x1, x2)),
    lambda g, x1, x2: chosen(g, logical_not(greater_equal(x2, x1)), equal(x1, x2)),
)
rule(
    "fmax",
    lambda g, x1, x2: chosen(g, logical_or(greater(x1, x2), isnan(x2)), equal(x1, x2)),
    lambda g, x1, x2: chosen(g, logical_or(greater(x2, x1), isnan(x1)), equal(x1, x2)),
)
rule(
    "fmin",
    lambda g, x1, x2: chosen(g, logical_or(less(x1, x2), isnan(x2)), equal(x1, x2)),
    lambda g, x1, x2: chosen(g, logical_or(less(x2, x1), isnan(x1)), equal(x1, x2)),
)

# the parts of a floating-point number

rule("frexp", lambda g, out1: ldexp(g[0], -out1))
rule("ldexp", lambda g, x2: ldexp(g, x2), None)
rule("nextafter", lambda g: g, zero)

zero_gradient("ceil", "floor", "rint", "spacing", "trunc")
rule("floor_divide", zero, zero)

# results that are integers or truths

not_differentiable(
    "bitwise_and",
    "bitwise_count",
    "bitwise_or",
    "bitwise_xor",
    "equal",
    "gcd",
    "greater",
    "greater_equal",
    "invert",
    "isfinite",
    "isinf",
    "isnan",
    "lcm",
    "left_shift",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "not_equal",
    "right_shift",
    "signbit",
)
