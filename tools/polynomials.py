"""Print the coefficients of the polynomials of ``vector_math.h`` and ``fast_functors.h``.

``python tools/polynomials.py [NAME ...]``. Each is the weighted least-squares fit at the Chebyshev
points of its interval. The coefficients are rounded one by one, lowest first, and the rest are
fitted again, so that they make up for the rounding. Errors are relative to the function computed.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np

mp.mp.prec = 400


@dataclass
class Fit:
    """f on [low, high] by so many coefficients, where an error of f counts as much as weight."""

    f: Callable
    weight: Callable
    low: float
    high: float
    counts: tuple[int, int]  # for float32 and float64; 0 for none


def tail(t):
    """(z + 4) * exp(z**2 / 2) * Q(z) with t = (z - 4) / (z + 4)."""
    z = 4 * (1 + t) / (1 - t)
    return (z + 4) * mp.erfc(z / mp.sqrt(2)) / 2 * mp.exp(z * z / 2)


def sine_rest(square):
    root = mp.sqrt(square)
    return (mp.sin(root) / root - 1) / square


def one(x):
    return mp.mpf(1)


ROOM = 1.01 * mp.log(2) / 2
SQUARE = (1.005 * mp.pi / 4) ** 2
ABOVE_0 = mp.mpf(10) ** -30
FITS = {
    "exp_series": Fit(lambda r: (mp.expm1(r) / r - 1) / r, abs, -ROOM, ROOM, (5, 10)),
    "erf_series": Fit(
        lambda s: mp.erf(mp.sqrt(s)) / mp.sqrt(s) - 1, one, ABOVE_0, mp.mpf(1), (7, 12)
    ),
    "erf_exponent": Fit(lambda x: -mp.log(mp.erfc(x)), mp.erfc, mp.mpf(1), None, (7, 18)),
    "at_4 and tail_series": Fit(tail, lambda t: 1 / tail(t), mp.mpf(-1), None, (10, 23)),
    "sine": Fit(sine_rest, abs, ABOVE_0, SQUARE, (3, 0)),
    "log": Fit(
        lambda f: (mp.log1p(f) - f + f * f / 2) / f**3,
        lambda f: abs(f**3 / mp.log1p(f)),
        mp.sqrt(0.5) - 1,
        mp.sqrt(2) - 1,
        (7, 0),
    ),
}
# Where floats and doubles end elsewhere.
ENDS = {
    "erf_exponent": (mp.mpf(4), mp.mpf(6)),
    "at_4 and tail_series": (mp.mpf(11.5) / mp.mpf(19.5), mp.mpf(35) / 43),
}


def least_squares(values, weights, points, powers):
    rows = mp.matrix([[w * x**k for k in powers] for x, w in zip(points, weights, strict=True)])
    right = mp.matrix([w * v for v, w in zip(values, weights, strict=True)])
    return mp.lu_solve(rows.T * rows, rows.T * right)


def coefficients(fit: Fit, low, high, count: int, dtype) -> tuple[list, float]:
    """Those of the polynomial, and its largest error."""

    def chebyshev(n):
        return [(low + high - (high - low) * mp.cos(mp.pi * (k + 0.5) / n)) / 2 for k in range(n)]

    points = chebyshev(6 * count + 1)
    values, weights = [fit.f(x) for x in points], [fit.weight(x) for x in points]
    found = []
    while len(found) < count:
        rest = [
            v - sum(c * x**k for k, c in enumerate(found))
            for x, v in zip(points, values, strict=True)
        ]
        best = least_squares(rest, weights, points, range(len(found), count))
        found.append(mp.mpf(float(dtype(float(best[0])))))
    worst = max(
        abs(fit.weight(x) * (sum(c * x**k for k, c in enumerate(found)) - fit.f(x)))
        for x in chebyshev(997)
    )
    return found, float(mp.log(worst, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    for name, fit in FITS.items():
        if options.names and name not in options.names:
            continue
        for i, dtype in enumerate((np.float32, np.float64)):
            if fit.counts[i] == 0:
                continue
            high = ENDS[name][i] if name in ENDS else fit.high
            found, worst = coefficients(fit, fit.low, high, fit.counts[i], dtype)
            print(f"{name} of {dtype.__name__}, off by 2**{worst:.1f}")
            print("   ", ", ".join(str(dtype(float(c))) for c in found), flush=True)


if __name__ == "__main__":
    main()
