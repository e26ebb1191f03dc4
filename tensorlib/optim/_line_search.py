"""A line search for the strong Wolfe conditions (Nocedal and Wright 2006, "Numerical
optimization", algorithms 3.5 and 3.6)."""

from math import inf, isfinite, sqrt
from typing import NamedTuple

ARMIJO = 1e-4  # c1 and c2 of the book, section 3.1
CURVATURE = 0.9


class Point(NamedTuple):
    """A place on the line: how far, and loss, gradient and slope there.

    Where one of them is not finite the loss is infinite, so such a point is never the better one.
    """

    step: float
    loss: float
    gradient: object
    slope: float


def strong_wolfe(measure, start, first, direction_size, tolerance, trials):
    """Find a point with a lower loss and a flatter slope; the best one if there is none such.

    Parameters
    ----------
    measure : callable
        From a step to its `Point`.
    start : Point
        That of step zero; its slope is negative.
    first : float
        The first step to try.
    direction_size : float
        The largest element of the direction.
    tolerance : float
        How far apart elements must be to go on.
    trials : int
        How many points to measure after the first.

    Returns
    -------
    Point, int
        And how many points were measured.
    """

    def enough(point):
        return point.loss <= start.loss + ARMIJO * point.step * start.slope

    def flat(point):
        return abs(point.slope) <= -CURVATURE * start.slope

    # Algorithm 3.5: go on until there must be a minimum between the last two points.
    before, point, tried = start, measure(first), 0
    while tried < trials:
        if not enough(point) or (tried > 1 and point.loss >= before.loss):
            break
        if flat(point):
            return point, tried + 1
        if point.slope >= 0:
            break
        # Farther than the last step, but not by much more than that.
        bounds = point.step + 0.01 * (point.step - before.step), 10 * point.step
        step = minimum_of_cubic(before, point, bounds)
        before, point, tried = point, measure(step), tried + 1
    else:
        return min(start, point, key=loss_of), tried + 1

    # Algorithm 3.6: narrow the interval down; `low` is the better end that is low enough.
    low, high = (point, before) if enough(point) and point.loss < before.loss else (before, point)
    stalled = False
    while tried < trials and abs(high.step - low.step) * direction_size >= tolerance:
        step, stalled = inside(low, high, stalled)
        point, tried = measure(step), tried + 1
        if not enough(point) or point.loss >= low.loss:
            high = point
            continue
        if flat(point):
            return point, tried + 1
        if point.slope * (high.step - low.step) >= 0:
            high = low
        low = point
    return min(low, high, key=loss_of), tried + 1


def loss_of(point):
    return point.loss


def inside(low, high, stalled):
    """A step between two points, and whether it lies close to one of them.

    The second time in a row it is moved a tenth of the interval away from that end.
    """
    left, right = sorted((low.step, high.step))
    step = minimum_of_cubic(low, high, (left, right))
    margin = 0.1 * (right - left)
    if min(right - step, step - left) >= margin:
        return step, False
    if not stalled and left < step < right:
        return step, True
    return (right - margin if right - step < step - left else left + margin), False


def minimum_of_cubic(a, b, bounds):
    """Where the cubic through two points, with their slopes, is lowest between the bounds (the
    book's equation 3.59); their middle if it has no minimum or is not known."""
    least, most = bounds
    left, right = (a, b) if a.step <= b.step else (b, a)
    if a.loss == inf or b.loss == inf:
        return (least + most) / 2
    width = right.step - left.step
    mean = left.slope + right.slope - 3 * (left.loss - right.loss) / (left.step - right.step)
    square = mean * mean - left.slope * right.slope
    if not (square >= 0 and isfinite(square)):
        return (least + most) / 2
    root = sqrt(square)
    bottom = right.slope - left.slope + 2 * root
    if bottom == 0:
        return (least + most) / 2
    step = right.step - width * ((right.slope + root - mean) / bottom)
    return min(max(step, least), most)
