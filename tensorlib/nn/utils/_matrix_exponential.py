"""The exponential of square matrices."""

import math

from tensorlib._core._functions import absolute, matmul, max, sum
from tensorlib._creation import eye
from tensorlib.linalg import solve

# Padé's approximant of order 13 is exact to the rounding of float64 up to this 1-norm.
LIMIT = 5.371920351148152
COEFFICIENTS = tuple(
    math.factorial(26 - k) * math.factorial(13) // (math.factorial(k) * math.factorial(13 - k))
    for k in range(14)
)


def matrix_exponential(a):
    """``exp(a)`` of square matrices, by scaling, Padé's approximant and squaring.

    Higham 2005, "The Scaling and Squaring Method for the Matrix Exponential Revisited", algorithm
    2.3; of orders only 13. All matrices of a stack are scaled alike.
    """
    norm = float(max(sum(absolute(a.detach()), axis=-2))) if a.size else 0.0
    squarings = math.ceil(math.log2(norm / LIMIT)) if LIMIT < norm < math.inf else 0
    a = a / 2.0**squarings
    b = [c / COEFFICIENTS[0] for c in COEFFICIENTS]
    unit = eye(a.shape[-1], dtype=a.dtype, device=a.device)
    a2 = matmul(a, a)
    a4 = matmul(a2, a2)
    a6 = matmul(a2, a4)
    odd = matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2)
    odd = matmul(a, odd + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * unit)
    even = matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2)
    even = even + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * unit
    result = solve(even - odd, even + odd)
    for _ in range(squarings):
        result = matmul(result, result)
    return result
