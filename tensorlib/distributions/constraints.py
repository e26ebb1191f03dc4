"""What parameters and samples have to be like."""

from tensorlib._core._functions import absolute, full
from tensorlib._creation import tril
from tensorlib._joining import concatenate
from tensorlib._joining import stack as join
from tensorlib._manipulation import matrix_transpose, moveaxis
from tensorlib._splitting import split
from tensorlib.linalg import eigvalsh

__all__ = [
    "Constraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]


class Constraint:
    """A condition on values.

    Parameters
    ----------
    text : str or callable
        What is wanted, as in "expected values to be ...", or a function that says it, which is
        called when there is something to say.
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
        self._text = text
        self.holds = holds
        self.event_dim = event_dim
        self.is_discrete = is_discrete

    def check(self, value):
        """Return where the condition holds."""
        return self.holds(value)

    @property
    def text(self):
        """What is wanted."""
        return self._text() if callable(self._text) else self._text

    def __repr__(self):
        return self.text


def independent(base_constraint, reinterpreted_batch_ndims):
    """The condition on `reinterpreted_batch_ndims` more axes, all of whose values must fulfil it.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import constraints
    >>> constraints.independent(constraints.positive, 1).check(tl.asarray([[1.0, -1.0]])).tolist()
    [False]
    """
    count = reinterpreted_batch_ndims
    if count == 0:
        return base_constraint

    def holds(value):
        return base_constraint.check(value).all(axis=tuple(range(-count, 0)))

    return Constraint(
        lambda: base_constraint.text,
        holds,
        base_constraint.event_dim + count,
        base_constraint.is_discrete,
    )


def greater_than(lower_bound):
    """Numbers above `lower_bound`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.greater_than(2.0)
    above 2.0
    """
    return Constraint(lambda: f"above {lower_bound}", lambda x: x > lower_bound)


def greater_than_eq(lower_bound):
    """Numbers from `lower_bound` on.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.greater_than_eq(2.0)
    at least 2.0
    """
    return Constraint(lambda: f"at least {lower_bound}", lambda x: x >= lower_bound)


def less_than(upper_bound):
    """Numbers below `upper_bound`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.less_than(2.0)
    below 2.0
    """
    return Constraint(lambda: f"below {upper_bound}", lambda x: x < upper_bound)


def half_open_interval(lower_bound, upper_bound):
    """Numbers from `lower_bound` to below `upper_bound`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.half_open_interval(0.0, 2.0)
    from 0.0 to below 2.0
    """
    return Constraint(
        lambda: f"from {lower_bound} to below {upper_bound}",
        lambda x: (x >= lower_bound) & (x < upper_bound),
    )


def interval(lower_bound, upper_bound):
    """Numbers from `lower_bound` to `upper_bound`, both included.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.interval(0.0, 2.0)
    from 0.0 to 2.0
    """
    return Constraint(
        lambda: f"from {lower_bound} to {upper_bound}",
        lambda x: (x >= lower_bound) & (x <= upper_bound),
    )


def integer_interval(lower_bound, upper_bound):
    """Whole numbers from `lower_bound` to `upper_bound`, both included.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.integer_interval(0, 2).check(tl.asarray([1.0, 1.5])).tolist()
    [True, False]
    """
    return Constraint(
        lambda: f"whole numbers from {lower_bound} to {upper_bound}",
        lambda x: (x % 1 == 0) & (x >= lower_bound) & (x <= upper_bound),
        is_discrete=True,
    )


def multinomial(upper_bound):
    """Vectors of whole numbers whose sum is `upper_bound`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.distributions.constraints.multinomial(3).check(tl.asarray([[1, 2], [2, 2]])).tolist()
    [True, False]
    """
    return Constraint(
        f"whole numbers from 0 that sum to {upper_bound}",
        lambda x: (x >= 0).all(-1) & (x % 1 == 0).all(-1) & (x.sum(-1) == upper_bound),
        1,
        is_discrete=True,
    )


def cat(cseq, dim=0, lengths=None):
    """Conditions on the parts of a value that is made by `concatenate`.

    Parameters
    ----------
    cseq : sequence of Constraint
    dim : int, optional
        The axis.
    lengths : sequence of int, optional
        Of the parts along it, 1 by default.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import constraints
    >>> both = constraints.cat([constraints.positive, constraints.real], lengths=[1, 2])
    >>> both.check(tl.asarray([-1.0, -1.0, 2.0])).tolist()
    [False, True, True]
    """
    cseq = list(cseq)
    lengths = [1] * len(cseq) if lengths is None else lengths
    ends = [sum(lengths[:k]) for k in range(1, len(cseq))]

    def holds(value):
        parts = zip(cseq, split(value, ends, dim), strict=True)
        return concatenate([constraint.check(part) for constraint, part in parts], axis=dim)

    return _several(cseq, holds)


def stack(cseq, dim=0):
    """Conditions on the parts of a value that is made by `stack`.

    Parameters
    ----------
    cseq : sequence of Constraint
    dim : int, optional
        The axis.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.distributions import constraints
    >>> both = constraints.stack([constraints.positive, constraints.real])
    >>> both.check(tl.asarray([-1.0, -1.0])).tolist()
    [False, True]
    """
    cseq = list(cseq)

    def holds(value):
        parts = zip(cseq, moveaxis(value, dim, 0), strict=True)
        return join([constraint.check(part) for constraint, part in parts], dim)

    return _several(cseq, holds)


def _several(cseq, holds):
    def text():
        return ", ".join(dict.fromkeys(constraint.text for constraint in cseq))

    event_dim = max(constraint.event_dim for constraint in cseq)
    return Constraint(text, holds, event_dim, any(c.is_discrete for c in cseq))


def _almost(x, y, tolerance=1e-6):
    return absolute(x - y) < tolerance


def _eigenvalues(x, least):
    """Whether matrices are symmetric, and all their eigenvalues above a number."""
    symmetric = _almost(x, matrix_transpose(x)).all((-2, -1))
    # The eigenvalues say it for all matrices at once; a Cholesky decomposition would raise.
    smallest = eigvalsh(x.detach().astype("float64", copy=False)).min(-1)
    return symmetric & (smallest > least)


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
lower_triangular = Constraint(
    "lower triangular matrices", lambda x: (x == tril(x)).all((-2, -1)), 2
)
square = Constraint(
    "square matrices",
    lambda x: full(x.shape[:-2], x.shape[-1] == x.shape[-2], dtype="bool", device=x.device),
    2,
)
symmetric = Constraint(
    "symmetric matrices", lambda x: _almost(x, matrix_transpose(x)).all((-2, -1)), 2
)
positive_semidefinite = Constraint(
    "symmetric matrices without negative eigenvalues", lambda x: _eigenvalues(x, -1e-6), 2
)
corr_cholesky = Constraint(
    "Cholesky factors of correlation matrices",
    lambda x: lower_cholesky.check(x) & _almost((x * x).sum(-1), 1, 1e-5).all(-1),
    2,
)
positive_definite = Constraint(
    "symmetric positive definite matrices", lambda x: _eigenvalues(x, 0), 2
)
