"""Averages of weights along the way of training, and what goes with them."""

from copy import deepcopy
from itertools import chain

from tensorlib._core._capture import capturing
from tensorlib._core._functions import asarray
from tensorlib.autograd import no_grad
from tensorlib.nn.batchnorm import _BatchNorm
from tensorlib.nn.module import Module
from tensorlib.optim.lr_scheduler import SWALR

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay=0.999):
    """Return the rule of an exponential moving average, for one parameter.

    Parameters
    ----------
    decay : float, optional
        How much of the average stays, in [0, 1].

    Returns
    -------
    callable
        ``(averaged, current, num_averaged)`` to the new average.

    Raises
    ------
    ValueError
        If `decay` is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.optim.swa_utils import get_ema_avg_fn
    >>> get_ema_avg_fn(0.75)(tl.asarray(1.0), tl.asarray(5.0), 3).item()
    2.0
    """
    check_decay("get_ema_avg_fn", decay)

    def average(averaged, current, num_averaged):
        return decay * averaged + (1 - decay) * current

    return average


def get_ema_multi_avg_fn(decay=0.999):
    """Return the rule of an exponential moving average, for many parameters, in place.

    Parameters
    ----------
    decay : float, optional
        How much of the average stays, in [0, 1].

    Returns
    -------
    callable
        ``(averaged, current, num_averaged)``, where the first two are lists.

    Raises
    ------
    ValueError
        If `decay` is out of its range.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.optim.swa_utils import get_ema_multi_avg_fn
    >>> averaged = tl.asarray([1.0])
    >>> get_ema_multi_avg_fn(0.75)([averaged], [tl.asarray([5.0])], 3)
    >>> averaged.tolist()
    [2.0]
    """
    check_decay("get_ema_multi_avg_fn", decay)
    return in_place(lambda num_averaged: 1 - decay)


def get_swa_avg_fn():
    """Return the rule of the plain average, for one parameter.

    Returns
    -------
    callable
        ``(averaged, current, num_averaged)`` to the new average.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.optim.swa_utils import get_swa_avg_fn
    >>> get_swa_avg_fn()(tl.asarray(1.0), tl.asarray(5.0), 3).item()
    2.0
    """

    def average(averaged, current, num_averaged):
        return averaged + (current - averaged) / (num_averaged + 1)

    return average


def get_swa_multi_avg_fn():
    """Return the rule of the plain average, for many parameters, in place.

    Returns
    -------
    callable
        ``(averaged, current, num_averaged)``, where the first two are lists.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib.optim.swa_utils import get_swa_multi_avg_fn
    >>> averaged = tl.asarray([1.0])
    >>> get_swa_multi_avg_fn()([averaged], [tl.asarray([5.0])], 3)
    >>> averaged.tolist()
    [2.0]
    """
    return in_place(lambda num_averaged: 1 / (int(num_averaged) + 1))


def in_place(part_of):
    """A rule that moves averages by a part of the way to the current values."""

    def average(averaged, current, num_averaged):
        part = part_of(num_averaged)
        with no_grad():
            for mean, value in zip(averaged, current, strict=True):
                mean[...] = (mean + part * (value - mean)).astype(mean.dtype)

    return average


def check_decay(name, decay):
    if not 0 <= decay <= 1:
        raise ValueError(f"{name}: expected decay in [0, 1], got {decay!r}")


class AveragedModel(Module):
    """A copy of a model whose weights are averages of the model's.

    Parameters
    ----------
    model : Module
    avg_fn : callable, optional
        ``avg_fn(averaged, current, num_averaged)`` returns a parameter's new average; by default
        all have the same weight (Izmailov et al. 2018, "Averaging weights leads to wider optima
        and better generalization").
    multi_avg_fn : callable, optional
        The same for lists of parameters, in place; not together with `avg_fn`.
    use_buffers : bool, optional
        Whether buffers are averaged too, or else are those of the model.

    Attributes
    ----------
    module : Module
        The copy.
    n_averaged : Tensor
        How many models went into the average.

    Raises
    ------
    ValueError
        If there are two rules.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.optim.swa_utils import AveragedModel
    >>> model = nn.Linear(1, 1)
    >>> averaged = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = model.load_state_dict({"weight": tl.full((1, 1), value), "bias": tl.zeros(1)})
    ...     averaged.update_parameters(model)
    >>> averaged(tl.ones((1, 1))).item()
    3.0
    """

    def __init__(self, model, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: expected avg_fn or multi_avg_fn, got both")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", asarray(0))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        """Call the copy."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model):
        """Take a model's weights into the average.

        Parameters
        ----------
        model : Module
            Of the same structure.

        Raises
        ------
        RuntimeError
            If a graph is being captured on their device.
        ValueError
            If the parameters do not fit. Nothing was changed then.
        """
        averaged, current = self._state(self.module), self._state(model)
        shapes, others = ([x.shape for x in tensors] for tensors in (averaged, current))
        if shapes != others:
            raise ValueError(f"AveragedModel: expected parameters of shapes {shapes}, got {others}")
        if any(map(capturing, averaged)):
            raise RuntimeError(
                "AveragedModel: the number of models would be the same in each replay of the graph "
                "that is being captured; call update_parameters after a replay"
            )
        count = self.n_averaged.item()
        if count == 0:
            copy(averaged, current)
        elif self.avg_fn is not None:
            with no_grad():
                pairs = zip(averaged, current, strict=True)
                copy(averaged, [self.avg_fn(mean, value, count) for mean, value in pairs])
        else:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, current, count)
        if not self.use_buffers:
            copy(*([x.detach() for x in m.buffers()] for m in (self.module, model)))
        self.n_averaged += 1

    def _state(self, model):
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in chain(model.parameters(), buffers)]


def copy(targets, sources):
    for target, source in zip(targets, sources, strict=True):
        target[...] = source.astype(target.dtype)


def update_bn(loader, model):
    """Compute anew the statistics that a model's batch normalisations keep.

    Weights that are averages were never trained with; so the data goes through the model once, and
    each batch counts the same.

    Parameters
    ----------
    loader : iterable
        Of batches; of a list or tuple the first item is the model's input.
    model : Module

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import nn
    >>> from tensorlib.optim.swa_utils import update_bn
    >>> model = nn.Sequential(nn.BatchNorm1d(1))
    >>> update_bn([tl.full((4, 1), 1.0), tl.full((4, 1), 3.0)], model)
    >>> model[0].running_mean.tolist()
    [2.0]
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    modes = [(module, module.training) for module in model.modules()]
    momenta = [module.momentum for module in norms]
    try:
        model.train()
        for module in norms:
            module.reset_running_stats()
            module.momentum = None
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, list | tuple) else batch)
    finally:
        for module, momentum in zip(norms, momenta, strict=True):
            module.momentum = momentum
        for module, training in modes:
            module.training = training
