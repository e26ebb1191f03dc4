"""``Rprop``."""

from tensorlib.optim.elementwise import Elementwise


class Rprop(Elementwise):
    """Resilient propagation (Riedmiller and Braun 1993, "A direct adaptive method for faster
    backpropagation learning: the RPROP algorithm").

    Each element has a step size of its own, which grows while the sign of its gradient stays, and
    shrinks when it changes; then the element rests for one step. The size of the gradient does not
    matter, so it should be that of all the data.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`.
    lr : float, optional
        The first size of the steps.
    etas : pair of floats, optional
        By what they shrink and grow.
    step_sizes : pair of floats, optional
        The smallest and the largest size.
    maximize : bool, optional
        Whether to go up instead of down.

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> w = tl.asarray([1.0, 100.0]).requires_grad_()
    >>> optimizer = optim.Rprop([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.tolist()
    [0.75, 99.75]
    """

    def __init__(self, params, lr=1e-2, etas=(0.5, 1.2), step_sizes=(1e-6, 50), *, maximize=False):
        defaults = {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize}
        super().__init__(params, defaults)

    def _check(self, group):
        self._require_nonnegative(group, "lr")
        shrink, grow = self._several(group, "etas", "two")
        self._require(0 < shrink < 1 < grow, "etas with 0 < first < 1 < second", group["etas"])
        least, most = self._several(group, "step_sizes", "two")
        self._require(0 <= least <= most, "step_sizes with 0 <= first <= second", (least, most))

    def _rule(self, group):
        return "rprop", ("prev", "step_size")

    def _initial(self, name, group):
        return group["lr"] if name == "step_size" else 0

    def _numbers(self, group, first, step):
        return (*self._decay(group), *group["etas"], *group["step_sizes"]), (step + 1,)
