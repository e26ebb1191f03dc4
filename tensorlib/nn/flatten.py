"""``Flatten`` and ``Unflatten``."""

from tensorlib.nn import functional
from tensorlib.nn.functional.shape import check_unflattened_size
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

    def forward(self, input):
        return functional.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self):
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Make several axes of one.

    Parameters
    ----------
    dim : int
    unflattened_size : tuple or list of int
        The lengths of the new axes; one may be -1, for what the others leave.

    Raises
    ------
    TypeError
        If `dim` or a length is no int.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.Unflatten(1, (3, -1))(tl.zeros((5, 12))).shape
    (5, 3, 4)
    """

    def __init__(self, dim, unflattened_size):
        super().__init__()
        if not isinstance(dim, int):
            raise TypeError(f"Unflatten: expected dim to be an int, got {dim!r}")
        check_unflattened_size("Unflatten", unflattened_size)
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input):
        return functional.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self):
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
