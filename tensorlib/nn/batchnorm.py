"""Normalization with running statistics: over batches, and over each sample's places."""

from tensorlib._core._functions import asarray, empty, ones, zeros
from tensorlib.nn import functional, init
from tensorlib.nn._arguments import int_tuple
from tensorlib.nn.functional.normalization import by_statistics, update_running
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter


class _RunningNorm(Module):
    """Parameters and running statistics for each channel."""

    # How many axes an input may have, and what that looks like.
    ranks = ()
    shapes = ""

    def __init__(self, num_features, eps, momentum, affine, track_running_stats, dtype, bias):
        super().__init__()
        (self.num_features,) = int_tuple(type(self).__name__, "num_features", num_features, 1, 0)
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        shape = (self.num_features,)
        self.weight = Parameter(empty(shape, dtype=dtype)) if affine else None
        self.bias = Parameter(empty(shape, dtype=dtype)) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(shape, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(shape, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", asarray(0) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Set the running means to zero, the variances to one, and count no batches."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self):
        """Set the weight to ones and the bias to zeros, and forget the running statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input(self, input, channel_axis=1):
        if input.ndim not in self.ranks or input.shape[channel_axis] != self.num_features:
            raise ValueError(
                f"{type(self).__name__}: expected an input of shape "
                f"{self.shapes.format(C=self.num_features)}, got {input.shape}"
            )

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        dtype="float32",
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def _uses_input(self):
        """Whether the statistics are those of the input."""
        return self.training or self.running_mean is None

    def _update_factor(self):
        """How far the running statistics move this time; None where they do not."""
        if not (self.training and self.track_running_stats and self.running_mean is not None):
            return None
        if self.momentum is None:
            return 1 / (int(self.num_batches_tracked) + 1)
        return self.momentum

    def forward(self, input):
        self._check_input(input)
        factor = self._update_factor()
        if factor is None and self.training:
            running = None, None
        else:
            running = self.running_mean, self.running_var
        result = functional.batch_norm(
            input, *running, self.weight, self.bias, self._uses_input(), factor, self.eps
        )
        if factor is not None:
            self.num_batches_tracked += 1
        return result


class BatchNorm1d(_BatchNorm):
    """Gives each channel mean zero and variance one over all samples, then an affine map.

    In training the statistics are those of the batch, and running ones follow them; in evaluation
    the running ones are used.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float, optional
        Added to the variance.
    momentum : float, optional
        How far the running statistics move with each batch; None for the mean of all batches.
    affine : bool, optional
        Whether there are a weight and a bias.
    track_running_stats : bool, optional
        Whether there are running statistics. Without them evaluation uses those of the batch.
    dtype : dtype, optional
        Of parameters and running statistics, float32 by default.
    bias : bool, optional
        Whether there is a bias, if there is a weight.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
        At first ones and zeros.
    running_mean, running_var : Tensor, shape (num_features,), or None
        At first zeros and ones.
    num_batches_tracked : Tensor, int64, or None

    Raises
    ------
    TypeError
        If `num_features` is no int.
    ValueError
        If it is negative. When called, if the input has another shape than (N, C) or (N, C, L), or
        one value for each channel in training.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.BatchNorm1d(2, eps=0.0, dtype="float64")
    >>> layer(tl.asarray([[1.0, 10.0], [3.0, 30.0]])).tolist()
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> layer.running_mean.tolist()
    [0.2, 2.0]
    """

    ranks = (2, 3)
    shapes = "(N, {C}) or (N, {C}, L)"


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for images of shape (N, C, H, W).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm1d`, whose attributes and errors it has.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.BatchNorm2d(3)(tl.ones((2, 3, 4, 4), dtype="float32")).shape
    (2, 3, 4, 4)
    """

    ranks = (4,)
    shapes = "(N, {C}, H, W)"


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` for volumes of shape (N, C, D, H, W).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm1d`, whose attributes and errors it has.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.BatchNorm3d(3)(tl.ones((2, 3, 4, 4, 4), dtype="float32")).shape
    (2, 3, 4, 4, 4)
    """

    ranks = (5,)
    shapes = "(N, {C}, D, H, W)"


class SyncBatchNorm(_BatchNorm):
    """Batch normalization with the statistics of the batches of all processes.

    There is one process so far, where this is batch normalization of an input of shape
    (N, C, ...). What several would have to agree on comes from one method, `statistics`.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As of `BatchNorm1d`.
    process_group : object, optional
        The processes that share statistics; None for all.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.SyncBatchNorm(3)(tl.ones((2, 3, 4, 4), dtype="float32")).shape
    (2, 3, 4, 4)
    """

    ranks = range(2, 65)
    shapes = "(N, {C}, ...)"

    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=True,
        track_running_stats=True,
        process_group=None,
        dtype="float32",
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias=bias)
        self.process_group = process_group

    def statistics(self, input):
        """Return what the input is normalized by.

        Parameters
        ----------
        input : Tensor, shape (N, C, ...)

        Returns
        -------
        mean, variance : Tensor, shape (C,)
            Differentiable; the variance has the divisor ``count``.
        count : int
            How many values of each channel they are taken over.
        """
        axes = (0, *range(2, input.ndim))
        mean = input.mean(axis=axes, keepdims=True)
        variance = ((input - mean) ** 2).mean(axis=axes)
        return mean.reshape(-1), variance, input.size // max(1, input.shape[1])

    def forward(self, input):
        self._check_input(input)
        if not self._uses_input():
            return super().forward(input)
        factor = self._update_factor()
        mean, variance, count = self.statistics(input)
        if count < 2:
            raise ValueError(
                "SyncBatchNorm: expected more than one value for each channel in training, "
                f"got an input of shape {input.shape}"
            )
        result = by_statistics(input, (mean, variance), self.weight, self.bias, self.eps)
        if factor is not None:
            update_running((self.running_mean, self.running_var), mean, variance, count, factor)
            self.num_batches_tracked += 1
        return result

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """Replace the batch normalization in a module, and below it, by this class.

        Parameters
        ----------
        module : Module
        process_group : object, optional

        Returns
        -------
        Module
            `module` itself, or what replaces it. Parameters and running statistics are shared.

        Examples
        --------
        >>> from tensorlib import nn
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
        >>> type(nn.SyncBatchNorm.convert_sync_batchnorm(model)[1]).__name__
        'SyncBatchNorm'
        """
        if isinstance(module, _BatchNorm) and not isinstance(module, SyncBatchNorm):
            return cls._like(module, process_group)
        for name, child in module.named_children():
            converted = cls.convert_sync_batchnorm(child, process_group)
            if converted is not child:
                setattr(module, name, converted)
        return module

    @classmethod
    def _like(cls, module, process_group):
        result = cls(
            module.num_features,
            module.eps,
            module.momentum,
            module.affine,
            module.track_running_stats,
            process_group,
            bias=module.bias is not None,
        )
        result.weight, result.bias = module.weight, module.bias
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            setattr(result, name, getattr(module, name))
        result.training = module.training
        return result


class _InstanceNorm(_RunningNorm):
    def __init__(
        self,
        num_features,
        eps=1e-5,
        momentum=0.1,
        affine=False,
        track_running_stats=False,
        dtype="float32",
        *,
        bias=True,
    ):
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype, bias)

    def forward(self, input):
        batched = input.ndim == max(self.ranks)
        self._check_input(input, 1 if batched else 0)
        result = functional.instance_norm(
            input if batched else input[None],
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result if batched else result[0]


class InstanceNorm1d(_InstanceNorm):
    """Gives each channel of each sample mean zero and variance one over its places.

    Parameters
    ----------
    num_features : int
        Number of channels.
    eps : float, optional
        Added to the variance.
    momentum : float, optional
        How far the running statistics move with each batch, if there are any.
    affine : bool, optional
        Whether there are a weight and a bias.
    track_running_stats : bool, optional
        Whether there are running statistics, which evaluation uses.
    dtype : dtype, optional
        Of parameters and running statistics, float32 by default.
    bias : bool, optional
        Whether there is a bias, if there is a weight.

    Attributes
    ----------
    weight, bias : Parameter, shape (num_features,), or None
        At first ones and zeros.
    running_mean, running_var : Tensor, shape (num_features,), or None
        At first zeros and ones.
    num_batches_tracked : Tensor, int64, or None
        Always zero.

    Raises
    ------
    TypeError
        If `num_features` is no int.
    ValueError
        If it is negative. When called, if the input has another shape than (N, C, L) or (C, L), or
        one place only to take statistics over.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> layer = nn.InstanceNorm1d(2, eps=0.0)
    >>> layer(tl.asarray([[[1.0, 3.0], [10.0, 30.0]]])).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """

    ranks = (2, 3)
    shapes = "(N, {C}, L) or ({C}, L)"


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for images of shape (N, C, H, W) or (C, H, W).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As of `InstanceNorm1d`, whose attributes and errors it has.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.InstanceNorm2d(3)(tl.ones((2, 3, 4, 4), dtype="float32")).shape
    (2, 3, 4, 4)
    """

    ranks = (3, 4)
    shapes = "(N, {C}, H, W) or ({C}, H, W)"


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for volumes of shape (N, C, D, H, W) or (C, D, H, W).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, dtype, bias
        As of `InstanceNorm1d`, whose attributes and errors it has.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> nn.InstanceNorm3d(3)(tl.ones((2, 3, 4, 4, 4), dtype="float32")).shape
    (2, 3, 4, 4, 4)
    """

    ranks = (4, 5)
    shapes = "(N, {C}, D, H, W) or ({C}, D, H, W)"
