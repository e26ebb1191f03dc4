"""``CosineSimilarity`` and ``PairwiseDistance``."""

from tensorlib.nn import functional
from tensorlib.nn.module import Module


class CosineSimilarity(Module):
    """The cosine of the angle between vectors; `functional.cosine_similarity` as a module.

    Parameters
    ----------
    dim : int, optional
        The axis of the vectors.
    eps : float, optional
        What lengths are at least.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.CosineSimilarity()(tl.asarray([[2.0, 0.0]]), tl.asarray([[3.0, 4.0]])).tolist()
    [0.6]
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1, x2):
        return functional.cosine_similarity(x1, x2, self.dim, self.eps)

    def extra_repr(self):
        return f"dim={self.dim}, eps={self.eps}"


class PairwiseDistance(Module):
    """The norm of the difference of vectors; `functional.pairwise_distance` as a module.

    Parameters
    ----------
    p : float, optional
        Order of the norm.
    eps : float, optional
        Added to the difference.
    keepdim : bool, optional
        Whether the last axis stays, with length one.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> distance = nn.PairwiseDistance(eps=0.0)
    >>> distance(tl.asarray([[1.0, 1.0]]), tl.asarray([[4.0, 5.0]])).tolist()
    [5.0]
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1, x2):
        return functional.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)

    def extra_repr(self):
        return f"p={self.norm}, eps={self.eps}, keepdim={self.keepdim}"
