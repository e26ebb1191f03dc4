"""``Distribution``: what all distributions have."""

import copy
import functools

from numpy import broadcast_shapes, result_type

from tensorlib._arguments import anywhere, followed
from tensorlib._core._functions import asarray, broadcast_to, exp, sqrt
from tensorlib._core._tensor import Tensor
from tensorlib.autograd import enable_grad, no_grad
from tensorlib.distributions._draw import size_of


class Distribution:
    """The base of all distributions.

    A subclass sets its parameters as attributes, calls ``super().__init__`` then, and defines
    `rsample` or `sample`, `log_prob`, and what else it has.

    Parameters
    ----------
    batch_shape : tuple of int
        Shape of the parameters: there is one distribution for each element.
    event_shape : tuple of int
        Shape of one sample of one of them.
    validate_args : bool, optional
        Whether parameters, and values given to methods, are checked. By default what
        `set_default_validate_args` was given last, and True before that.

    Attributes
    ----------
    arg_constraints : dict of str to Constraint
        What parameters have to be like.
    support : Constraint
        What samples are like.
    has_rsample, has_enumerate_support : bool

    Raises
    ------
    ValueError
        If a parameter is not what it has to be.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import distributions
    >>> normal = distributions.Normal(tl.zeros(3), tl.ones(3))
    >>> normal.batch_shape, normal.event_shape
    ((3,), ())
    >>> normal.sample((5,)).shape
    (5, 3)
    """

    arg_constraints = {}
    support = None
    has_rsample = False
    has_enumerate_support = False
    _validate_args = True

    def __init__(self, batch_shape=(), event_shape=(), validate_args=None):
        self._batch_shape = tuple(batch_shape)
        self._event_shape = tuple(event_shape)
        if validate_args is not None:
            self._validate_args = bool(validate_args)
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in vars(self):
                    self._check(name, getattr(self, name), constraint)

    @staticmethod
    def set_default_validate_args(value):
        """Say whether distributions that are not told so check their parameters and values.

        Parameters
        ----------
        value : bool

        Raises
        ------
        ValueError
            If it is no bool.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.distributions.Distribution.set_default_validate_args(True)
        """
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected a bool, got {value!r}")
        Distribution._validate_args = value

    def _check(self, name, value, constraint):
        holds = constraint.check(value.detach())
        if anywhere(~holds):
            wrong = "a batch" if followed(holds) else value.detach()[~holds][0].tolist()
            raise ValueError(
                f"{type(self).__name__}: expected {name} to be {constraint}, got {wrong} in shape "
                f"{value.shape}"
            )

    @property
    def batch_shape(self):
        """Shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self):
        """Shape of one sample."""
        return self._event_shape

    @property
    def dtype(self):
        """Dtype of the parameters."""
        return self._parameter.dtype

    @property
    def device(self):
        """Device of the parameters."""
        return self._parameter.device

    @property
    def _parameter(self):
        return next(vars(self)[name] for name in self.arg_constraints if name in vars(self))

    def expand(self, batch_shape):
        """Return the distribution with its parameters broadcast.

        Parameters
        ----------
        batch_shape : tuple of int

        Returns
        -------
        Distribution

        Raises
        ------
        ValueError
            If the parameters cannot have this shape.

        Examples
        --------
        >>> import tensorlib as tl
        >>> tl.distributions.Normal(0.0, 1.0).expand((2, 3)).sample().shape
        (2, 3)
        """
        new = copy.copy(self)
        new._batch_shape = tuple(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in vars(self):
                x = getattr(self, name)
                event = x.shape[x.ndim - constraint.event_dim :]
                setattr(new, name, broadcast_to(x, (*new._batch_shape, *event)))
        return new

    def sample(self, sample_shape=()):
        """Draw samples, which require no gradient.

        Parameters
        ----------
        sample_shape : tuple of int, optional

        Returns
        -------
        Tensor, shape sample_shape + batch_shape + event_shape
        """
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape=()):
        """Draw samples that have a gradient with respect to the parameters.

        Parameters
        ----------
        sample_shape : tuple of int, optional

        Returns
        -------
        Tensor, shape sample_shape + batch_shape + event_shape

        Raises
        ------
        NotImplementedError
            If `has_rsample` is False.
        """
        self._lacks("rsample")

    def log_prob(self, value):
        """Logarithm of the density, or of the probability of discrete values.

        Parameters
        ----------
        value : Tensor
            Of a shape that broadcasts with ``(*batch_shape, *event_shape)``.

        Returns
        -------
        Tensor
            The broadcast shape without the event's axes.

        Raises
        ------
        ValueError
            If the shape does not fit, or a value is not in the support.
        """
        self._lacks("log_prob")

    def cdf(self, value):
        """Distribution function: the probability of samples up to `value`."""
        self._lacks("cdf")

    def icdf(self, value):
        """Quantile: what samples are below with the probability `value`."""
        self._lacks("icdf")

    def entropy(self):
        """Entropy in nats, of the shape `batch_shape`."""
        self._lacks("entropy")

    def enumerate_support(self, expand=True):
        """All values of a discrete distribution, along a new first axis.

        Parameters
        ----------
        expand : bool, optional
            Whether the axes of the batch have their lengths, not 1.
        """
        self._lacks("enumerate_support")

    @property
    def mean(self):
        """The mean, of the shape of a sample."""
        self._lacks("mean")

    @property
    def mode(self):
        """The most probable value, of the shape of a sample."""
        self._lacks("mode")

    @property
    def variance(self):
        """The variance of each element, of the shape of a sample."""
        self._lacks("variance")

    @property
    def stddev(self):
        """The standard deviation, of the shape of a sample."""
        return sqrt(self.variance)

    def perplexity(self):
        """Exponential of the entropy."""
        return exp(self.entropy())

    def _lacks(self, what):
        raise NotImplementedError(f"{type(self).__name__}: there is no {what}")

    def _shape(self, sample_shape=()):
        return (*size_of(sample_shape), *self._batch_shape, *self._event_shape)

    def _tensor(self, value):
        """A value as a Tensor; numbers and whole numbers get the dtype of the parameters."""
        if not isinstance(value, Tensor):
            return asarray(value, dtype=self.dtype)
        return value.astype(self.dtype) if value.dtype.kind in "iub" else value

    def _value(self, value):
        """A value as a Tensor, checked."""
        value = self._tensor(value)
        if self._validate_args:
            self._check_value(value)
        return value

    def _check_value(self, value):
        shape = (*self._batch_shape, *self._event_shape)
        try:
            broadcast_shapes(value.shape, shape)
            fits = value.shape[value.ndim - len(self._event_shape) :] == self._event_shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{type(self).__name__}: expected a value of a shape that broadcasts with {shape}, "
                f"got {value.shape}"
            )
        if self.support is not None:
            self._check("value", value, self.support)

    def _repr_parts(self):
        return [name for name in self.arg_constraints if name in vars(self)]

    def __repr__(self):
        def shown(x):
            return f"{x.item()}" if x.ndim == 0 else f"shape {x.shape}"

        parts = [f"{name}: {shown(getattr(self, name))}" for name in self._repr_parts()]
        return f"{type(self).__name__}({', '.join(parts)})"


def computed_once(function):
    """A property that is computed when it is first asked for, and can be set instead.

    With gradients, also if it is first asked for where none are recorded.
    """

    @functools.wraps(function)
    def compute(self):
        with enable_grad():
            return function(self)

    return functools.cached_property(compute)


def parameters(*values):
    """Parameters as Tensors of one floating dtype and one shape.

    The dtype is that of the Tensors among them; of Python's numbers alone float64. What is no
    Tensor goes to the device of those.
    """
    tensors = [v for v in values if isinstance(v, Tensor)]
    devices = [v.device for v in tensors if v.device != "cpu"] or ["cpu"]
    tensors = [v for v in tensors if v.dtype.kind not in "iub"]
    dtype = result_type(*(v.dtype for v in tensors)) if tensors else "float64"
    values = [
        v.astype(dtype, copy=False)
        if isinstance(v, Tensor)
        else asarray(v, device=devices[0]).astype(dtype)
        for v in values
    ]
    shape = broadcast_shapes(*(v.shape for v in values))
    return [v if v.shape == shape else broadcast_to(v, shape) for v in values]


def only_one(name, **given):
    """Refuse more or less than one of several ways to give a parameter."""
    if sum(value is not None for value in given.values()) != 1:
        names = " and ".join(given)
        raise ValueError(f"{name}: expected exactly one of {names}")
