"""``Dropout``."""

from tensorlib.nn import functional
from tensorlib.nn._arguments import check_probability
from tensorlib.nn.module import Module


class Dropout(Module):
    """In training, zero elements at random and scale the others so that the mean stays.

    Parameters
    ----------
    p : float, optional
        Probability of a zero.
    generator : tensorlib.random.Generator, optional
        By default the one that `tensorlib.manual_seed` seeds.

    Raises
    ------
    ValueError
        If `p` is outside [0, 1].

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Dropout(0.5).eval()(tl.ones(3)).tolist()
    [1.0, 1.0, 1.0]
    """

    def __init__(self, p=0.5, generator=None):
        super().__init__()
        check_probability("Dropout", p)
        self.p = p
        self.generator = generator

    def forward(self, x):
        return functional.dropout(x, self.p, self.training, self.generator)

    def extra_repr(self):
        return f"p={self.p}"
