"""What parameters and samples have to be like."""

import numpy as np

from tensorlib._core._functions import absolute, asarray
from tensorlib._creation import tril
from tensorlib._manipulation import matrix_transpose

__all__ = [
    "Constraint",
    "boolean",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "less_than",
    "lower_cholesky",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """A condition on values.

    Parameters
    ----------
    text : str
        What is wanted, as in "expected values to be ...".
    holds : callable
        Takes a Tensor and returns where the condition holds: a Tensor of bools without the last
        `event_dim` axes.
    event_dim : int, optional
        How many axes make one value.
    is_discrete : bool, optional

    Examples
    --------
    >>> import tensorlib as tl
    >>> even = tl.distributions.constraints.Constraint("even", lambda x: x % 2 == 0)
    >>> even.check(tl.asarray([1, 2])).tolist()
    [False, True]
    """

    def __init__(self, text, holds, event_dim=0, is_discrete=False):
        self.text = text
        self.holds = holds
        self.event_dim = event_dim
        self.is_discrete = is_discrete

    def check(self, value):
        """Return where the condition holds."""
        return self.holds(value)

    def __repr__(self):
        return self.text


def independent(base, count):
    """The condition on `count` more axes, all of whose values must fulfil it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import constraints
    >>> constraints.independent(constraints.positive, 1).check(tl.asarray([[1.0, -1.0]])).tolist()
    [False]
    """
    if count == 0:
        return base

    def holds(value):
        return base.check(value).all(axis=tuple(range(-count, 0)))

    return Constraint(base.text, holds, base.event_dim + count, base.is_discrete)


def greater_than(low):
    """Numbers above `low`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.greater_than(2.0)
    above 2.0
    """
    return Constraint(f"above {low}", lambda x: x > low)


def greater_than_eq(low):
    """Numbers from `low` on.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.greater_than_eq(2.0)
    at least 2.0
    """
    return Constraint(f"at least {low}", lambda x: x >= low)


def less_than(high):
    """Numbers below `high`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.less_than(2.0)
    below 2.0
    """
    return Constraint(f"below {high}", lambda x: x < high)


def half_open_interval(low, high):
    """Numbers from `low` to below `high`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.half_open_interval(0.0, 2.0)
    from 0.0 to below 2.0
    """
    return Constraint(f"from {low} to below {high}", lambda x: (x >= low) & (x < high))


def interval(low, high):
    """Numbers from `low` to `high`, both included.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.interval(0.0, 2.0)
    from 0.0 to 2.0
    """
    return Constraint(f"from {low} to {high}", lambda x: (x >= low) & (x <= high))


def integer_interval(low, high):
    """Whole numbers from `low` to `high`, both included.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.integer_interval(0, 2).check(tl.asarray([1.0, 1.5])).tolist()
    [True, False]
    """
    return Constraint(
        f"whole numbers from {low} to {high}",
        lambda x: (x % 1 == 0) & (x >= low) & (x <= high),
        is_discrete=True,
    )


def multinomial(total):
    """Vectors of whole numbers whose sum is `total`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.multinomial(3).check(tl.asarray([[1, 2], [2, 2]])).tolist()
    [True, False]
    """
    return Constraint(
        f"whole numbers from 0 that sum to {total}",
        lambda x: (x >= 0).all(-1) & (x % 1 == 0).all(-1) & (x.sum(-1) == total),
        1,
        is_discrete=True,
    )


def _almost(x, y):
    return absolute(x - y) < 1e-6


def _is_positive_definite(x):
    symmetric = _almost(x, matrix_transpose(x)).all((-2, -1))
    # The eigenvalues say it for all matrices at once; a Cholesky decomposition would raise.
    least = np.linalg.eigvalsh(np.asarray(x.detach(), dtype=np.float64)).min(-1)
    return symmetric & (asarray(least) > 0)


real = Constraint("real numbers", lambda x: x == x)
real_vector = Constraint("vectors of real numbers", lambda x: (x == x).all(-1), 1)
positive = Constraint("above 0", lambda x: x > 0)
nonnegative = Constraint("at least 0", lambda x: x >= 0)
unit_interval = interval(0, 1)
boolean = Constraint("0 or 1", lambda x: (x == 0) | (x == 1), is_discrete=True)
nonnegative_integer = Constraint(
    "whole numbers from 0", lambda x: (x % 1 == 0) & (x >= 0), is_discrete=True
)
positive_integer = Constraint(
    "whole numbers from 1", lambda x: (x % 1 == 0) & (x >= 1), is_discrete=True
)
simplex = Constraint(
    "vectors of numbers from 0 that sum to 1",
    lambda x: (x >= 0).all(-1) & _almost(x.sum(-1), 1),
    1,
)
one_hot = Constraint(
    "vectors of zeros and a one",
    lambda x: ((x == 0) | (x == 1)).all(-1) & (x.sum(-1) == 1),
    1,
    is_discrete=True,
)
lower_cholesky = Constraint(
    "lower triangular matrices with a positive diagonal",
    lambda x: (x == tril(x)).all((-2, -1)) & (x.diagonal(0, -2, -1) > 0).all(-1),
    2,
)
positive_definite = Constraint("symmetric positive definite matrices", _is_positive_definite, 2)
