"""Schedulers whose rates fall along a cosine (Loshchilov and Hutter 2017, "SGDR: stochastic
gradient descent with warm restarts", equation 5)."""

from math import cos, inf, pi

from tensorlib.optim.lr_scheduler._base import LRScheduler


class CosineAnnealingLR(LRScheduler):
    """Rates that fall along a cosine, and rise again.

    Without another scheduler the rate at epoch ``t`` is
    ``eta_min + (lr - eta_min) * (1 + cos(pi * t / T_max)) / 2``.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
        Half of the period.
    eta_min : float, optional
        The smallest rate.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If `T_max` is not positive.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=4)
    >>> rates = []
    >>> for epoch in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> [round(rate, 3) for rate in rates]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        self._require(T_max > 0, "T_max > 0", T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        epoch, half, least = self.last_epoch, self.T_max, self.eta_min
        if self._is_initial:
            return self._current()
        if self._step_count == 1 and epoch > 0:
            return self._at(epoch)
        if (epoch - 1 - half) % (2 * half) == 0:
            # From the bottom, where there is nothing to multiply.
            rise = (1 - cos(pi / half)) / 2
            pairs = zip(self._current(), self.base_lrs, strict=True)
            return [rate + (base - least) * rise for rate, base in pairs]
        factor = (1 + cos(pi * epoch / half)) / (1 + cos(pi * (epoch - 1) / half))
        return [factor * (rate - least) + least for rate in self._current()]

    def _at(self, epoch):
        part = (1 + cos(pi * epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]

    def _rates_at_start(self):
        return self._at(0)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Rates that fall along a cosine and begin anew.

    Parameters
    ----------
    optimizer : Optimizer
    T_0 : int
        How many epochs the first fall takes.
    T_mult : int, optional
        How many times longer each fall is than the one before.
    eta_min : float, optional
        The smallest rate.
    last_epoch : int, optional

    Raises
    ------
    TypeError
        If it is no optimizer.
    ValueError
        If `T_0` or `T_mult` is not a positive int.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> optimizer = optim.SGD([tl.ones(2).requires_grad_()], lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for epoch in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        self._require(isinstance(T_0, int) and T_0 >= 1, "an int T_0 >= 1", T_0)
        self._require(isinstance(T_mult, int) and T_mult >= 1, "an int T_mult >= 1", T_mult)
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self):  # noqa: D102
        part = (1 + cos(pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]

    def step(self, epoch=None):
        """Go on to the next epoch, or to a given one.

        Parameters
        ----------
        epoch : float, optional
            Epochs and their parts, if the rates are to change within them.

        Raises
        ------
        ValueError
            If `epoch` is negative or not finite.
        """
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            self._require(0 <= epoch < inf, "a finite epoch >= 0", epoch)
            self.T_cur, self.T_i = epoch, self.T_0
            if self.T_mult == 1:
                self.T_cur = epoch % self.T_0
            while self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        self._step_count += 1
        self.last_epoch = int(epoch)
        self._set(self.get_lr())
