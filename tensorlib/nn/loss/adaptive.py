"""``AdaptiveLogSoftmaxWithLoss``."""

import itertools
import operator
from typing import NamedTuple

from tensorlib._core._functions import arange, argmax, where
from tensorlib._core._tensor import Tensor
from tensorlib._joining import concatenate
from tensorlib._selection import flatnonzero
from tensorlib.nn.container import ModuleList, Sequential
from tensorlib.nn.functional.activation import log_softmax
from tensorlib.nn.linear import Linear
from tensorlib.nn.module import Module


class OutputAndLoss(NamedTuple):
    """The log-probabilities of the targets, and the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """Softmax over very many classes, of which rare ones cost little.

    The head scores the most frequent classes and clusters of the others; a cluster's own scores
    are computed where they are needed, from fewer features the rarer its classes are (Grave et
    al., "Efficient softmax approximation for GPUs", 2017).

    Parameters
    ----------
    in_features : int
    n_classes : int
        The classes are in the order of their frequency.
    cutoffs : sequence of int
        The first class of each cluster, ascending.
    div_value : float, optional
        What the number of features is divided by from cluster to cluster.
    head_bias : bool, optional
    dtype : dtype, optional
        Of the parameters, float32 by default.

    Attributes
    ----------
    head : Linear
    tail : ModuleList
        Two linear maps for each cluster.

    Raises
    ------
    ValueError
        If the cutoffs are not ascending classes from 1 on.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> model = nn.AdaptiveLogSoftmaxWithLoss(16, 100, [10, 50])
    >>> output, loss = model(tl.ones((3, 16), dtype="float32"), tl.asarray([2, 20, 99]))
    >>> output.shape, loss.shape
    ((3,), ())
    """

    def __init__(
        self, in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, dtype="float32"
    ):
        super().__init__()
        cutoffs = [operator.index(c) for c in cutoffs]
        bounds = [0, *cutoffs, n_classes]
        if not cutoffs or any(low >= high for low, high in itertools.pairwise(bounds)):
            raise ValueError(
                "AdaptiveLogSoftmaxWithLoss: expected ascending cutoffs from 1 to "
                f"n_classes - 1 = {n_classes - 1}, got {cutoffs}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cutoffs[0]
        self.n_clusters = len(cutoffs)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, dtype=dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(self._clusters()):
            features = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, features, bias=False, dtype=dtype),
                    Linear(features, high - low, bias=False, dtype=dtype),
                )
            )

    def _clusters(self):
        return itertools.pairwise(self.cutoffs)

    def reset_parameters(self):
        """Draw the parameters anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_, target_):
        """Log-probabilities of the targets, and the mean of their negatives.

        Parameters
        ----------
        input_ : Tensor, shape (N, in_features) or (in_features,)
        target_ : Tensor of an integer dtype, shape (N,) or ()

        Returns
        -------
        output : Tensor, shape (N,) or ()
        loss : Tensor, shape ()

        Raises
        ------
        IndexError
            If a target is no class.
        ValueError
            If the shapes do not fit.
        """
        if target_.ndim > 1 or input_.shape != (*target_.shape, self.in_features):
            raise ValueError(
                f"AdaptiveLogSoftmaxWithLoss: expected shapes (N, {self.in_features}) and (N,), or "
                f"({self.in_features},) and (), got {input_.shape} and {target_.shape}"
            )
        input, target = input_.reshape((-1, self.in_features)), target_.reshape(-1)
        if target.size and (int(target.min()) < 0 or int(target.max()) >= self.n_classes):
            raise IndexError(
                f"AdaptiveLogSoftmaxWithLoss: expected targets from 0 to {self.n_classes - 1}, got "
                f"targets from {int(target.min())} to {int(target.max())}"
            )
        place, rows, parts = target, [], []
        for i, (low, high) in enumerate(self._clusters()):
            place = where((target >= low) & (target < high), self.shortlist_size + i, place)
            members = flatnonzero((target >= low) & (target < high))
            if members.size:
                scores = log_softmax(self.tail[i](input[members]), 1)
                rows.append(members)
                first = arange(members.size, device=input.device)
                parts.append(scores[first, target[members] - low])
        first = arange(target.size, device=input.device)
        output = log_softmax(self.head(input), 1)[first, place]
        if rows:
            rows = concatenate(rows)
            output[rows] += concatenate(parts)
        loss = -output.mean()
        return OutputAndLoss(output.reshape(target_.shape), loss)

    def log_prob(self, input):
        """Log-probabilities of all classes.

        Parameters
        ----------
        input : Tensor, shape (N, in_features)

        Returns
        -------
        Tensor, shape (N, n_classes)
        """
        head = log_softmax(self.head(input), 1)
        short = self.shortlist_size
        clusters = [
            log_softmax(layer(input), 1) + head[:, short + i : short + i + 1]
            for i, layer in enumerate(self.tail)
        ]
        return concatenate([head[:, :short], *clusters], axis=1)

    def predict(self, input):
        """The most probable class of each sample; clusters are computed only where needed.

        Parameters
        ----------
        input : Tensor, shape (N, in_features)

        Returns
        -------
        Tensor of int64, shape (N,)
        """
        found = argmax(self.head(input), axis=1)
        rows = flatnonzero(found >= self.shortlist_size)
        if rows.size:
            found[rows] = argmax(self.log_prob(input[rows]), axis=1)
        return found
