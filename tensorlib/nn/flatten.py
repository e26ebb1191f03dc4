"""``Flatten``."""

from tensorlib.nn import functional
from tensorlib.nn.module import Module


class Flatten(Module):
    """Make one axis of several, by default of all but the first.

    Parameters
    ----------
    start_dim, end_dim : int, optional

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Flatten()(tl.zeros((5, 3, 2, 2))).shape
    (5, 12)
    """

    def __init__(self, start_dim=1, end_dim=-1):
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, x):
        return functional.flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
