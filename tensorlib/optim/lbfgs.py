"""``LBFGS``."""

from math import inf, isfinite

from numpy import errstate

from tensorlib._core._functions import asarray, zeros_like
from tensorlib._joining import concatenate
from tensorlib.autograd import no_grad
from tensorlib.optim._line_search import Point, strong_wolfe
from tensorlib.optim.optimizer import Optimizer, evaluate

# A pair of changes with a smaller product would make the approximation indefinite, or almost.
LEAST_CURVATURE = 1e-10


class LBFGS(Optimizer):
    """L-BFGS (Nocedal and Wright 2006, "Numerical optimization", algorithms 7.4 and 7.5).

    A step is up to `max_iter` iterations, each along a direction that the last changes of
    parameters and gradient tell. By default a line search for the strong Wolfe conditions says how
    far (algorithms 3.5 and 3.6); a point where the loss is not finite is never taken, and where
    nothing better is found the best point stays and what was learned is forgotten.

    Parameters
    ----------
    params : iterable of Tensor, of (str, Tensor), or of dict
        As for `Optimizer`, but in one group.
    lr : float, optional
        The first step that is tried along a direction; without a line search the one that is made.
    max_iter : int, optional
        Iterations in a step.
    max_eval : int, optional
        Evaluations of the closure in a step; by default 1.25 times `max_iter`. A line search may
        make one more.
    tolerance_grad : float, optional
        A largest element of the gradient that is small enough.
    tolerance_change : float, optional
        A largest change of an element, and of the loss, that is too small to go on.
    history_size : int, optional
        How many changes are remembered.
    line_search_fn : {"strong_wolfe", None}, optional

    Raises
    ------
    TypeError, ValueError
        As for `Optimizer`, and if there are several groups.

    Notes
    -----
    PyTorch's default is no line search. NumPy's warnings of overflow and the like are switched off
    while the closure is called by a line search, whose trials may go too far.

    Examples
    --------
    >>> import tensorlib as tl
    >>> from tensorlib import optim
    >>> x = tl.asarray([-1.0, 2.0]).requires_grad_()
    >>> optimizer = optim.LBFGS([x], max_iter=50)
    >>> def rosenbrock():
    ...     optimizer.zero_grad()
    ...     loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(rosenbrock).item()
    104.0
    >>> rosenbrock().item() < 1e-8
    True
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn="strong_wolfe",
    ):
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group):
        """Take the only group there can be.

        Raises
        ------
        TypeError, ValueError
            As for the class.
        """
        if self.param_groups:
            raise ValueError(f"{self._name}: expected parameters in one group, got a second one")
        super().add_param_group(param_group)

    def _check(self, group):
        self._require_nonnegative(group, "lr", "max_iter", "max_eval", "history_size")
        if not group["params"]:
            raise ValueError(f"{self._name}: expected parameters, got none")
        search = group["line_search_fn"]
        expected = "line_search_fn as 'strong_wolfe' or None"
        self._require(search in ("strong_wolfe", None), expected, search)

    def step(self, closure):
        """Change the parameters by up to ``max_iter`` iterations.

        Parameters
        ----------
        closure : callable
            It computes the loss and the gradients and returns the loss; it is called many times.

        Returns
        -------
        object
            What the closure returned first.

        Raises
        ------
        TypeError, ValueError
            If an option was set to a value out of its range. The parameters are as before then, as
            they are when the closure raises.
        """
        self._check(self.param_groups[0])
        with no_grad():
            start = [param.detach().copy() for param in self._parameters()]
            try:
                return self._iterate(closure)
            except BaseException:
                self._restore(start)
                raise

    def _iterate(self, closure):
        (group,) = self.param_groups
        memory = dict(self.state.get(self._first, {}))
        count = {"func_evals": memory.get("func_evals", 0), "n_iter": memory.get("n_iter", 0)}
        first_loss = evaluate(closure)
        here, evaluations = self._point(0.0, first_loss), 1
        done = here.loss == inf or largest(here.gradient) <= group["tolerance_grad"]
        for iteration in range(group["max_iter"]):
            if done:
                break
            count["n_iter"] += 1
            memory = self._learn(memory, here, group)
            along = memory["d"]
            here = here._replace(step=0.0, slope=(here.gradient @ along).item())
            if here.slope > -group["tolerance_change"]:
                break
            origin = [param.detach().copy() for param in self._parameters()]

            def measure(step, origin=origin, along=along):
                self._move(origin, step, along)
                return self._point(step, evaluate(closure), along)

            if group["line_search_fn"] is not None:
                trials = max(0, group["max_eval"] - evaluations)
                tolerance = group["tolerance_change"]
                with errstate(all="ignore"):  # a trial that overflows is not taken
                    here, made = strong_wolfe(
                        measure, here, memory["t"], largest(along), tolerance, trials
                    )
                self._move(origin, here.step, along)
            elif iteration + 1 < group["max_iter"]:
                here, made = measure(memory["t"]), 1
            else:  # nobody asks what the loss is there
                self._move(origin, memory["t"], along)
                here, made = here._replace(step=memory["t"]), 0
            evaluations += made
            memory["t"] = here.step
            if here.loss == inf or here.step == 0:
                # The direction was of no use: stay at the best point, and begin anew next time.
                self._restore(origin)
                memory = {}
                break
            done = (
                evaluations >= group["max_eval"]
                or largest(here.gradient) <= group["tolerance_grad"]
                or largest(along) * here.step <= group["tolerance_change"]
                or abs(here.loss - memory["prev_loss"]) < group["tolerance_change"]
            )
        count["func_evals"] += evaluations
        self.state[self._first] = {**memory, **count}
        return first_loss

    @staticmethod
    def _learn(memory, here, group):
        """What is known at a point: the last changes, and the direction and step that follow."""
        now = {"prev_flat_grad": here.gradient, "prev_loss": here.loss, "t": float(group["lr"])}
        if "d" not in memory:
            now["t"] *= min(1.0, 1.0 / abs(here.gradient).sum().item())
            known = {"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1.0}
            return {"d": -here.gradient, **known, **now}
        turns, changes, inverses = (list(memory[name]) for name in ("old_dirs", "old_stps", "ro"))
        scale = memory["H_diag"]
        change = memory["d"] * memory["t"]
        turn = here.gradient - memory["prev_flat_grad"]
        product = (turn @ change).item()
        if product > LEAST_CURVATURE:
            turns.append(turn)
            changes.append(change)
            inverses.append(1 / product)
            for kept in (turns, changes, inverses):
                del kept[: -group["history_size"] or None]
            scale = product / (turn @ turn).item()
        along = direction(here.gradient, turns, changes, inverses, scale)
        known = {"old_dirs": turns, "old_stps": changes, "ro": inverses, "H_diag": scale}
        return {"d": along, **known, **now}

    # Points

    def _point(self, step, loss, along=None):
        gradient = self._gradient()
        loss, slope = float(loss), 0.0 if along is None else (gradient @ along).item()
        valid = isfinite(loss) and isfinite(slope) and isfinite(largest(gradient))
        return Point(step, loss if valid else inf, gradient, slope)

    def _gradient(self):
        parts = []
        for param in self._parameters():
            grad = zeros_like(param.detach()) if param.grad is None else param.grad.detach()
            parts.append(as_real(grad.reshape(-1)))
        return concatenate(parts)

    def _move(self, origin, step, along):
        begin = 0
        for param, old in zip(self._parameters(), origin, strict=True):
            length = param.size * (2 if param.dtype.kind == "c" else 1)
            flat = as_real(old.reshape(-1))
            new = (flat + step * along[begin : begin + length]).astype(flat.dtype)
            data = param.detach()
            data[...] = new.view(old.dtype).reshape(old.shape)
            begin += length

    def _restore(self, origin):
        for param, old in zip(self._parameters(), origin, strict=True):
            data = param.detach()
            data[...] = old

    # State

    @property
    def _first(self):
        """The parameter whose state is that of all."""
        return self.param_groups[0]["params"][0]

    def _loaded(self, memory, param):
        loaded = {}
        for name, value in memory.items():
            if name in ("func_evals", "n_iter"):
                loaded[name] = int(value)
            elif name in ("t", "H_diag", "prev_loss"):
                loaded[name] = float(value)
            elif name == "ro":
                loaded[name] = [float(number) for number in value]
            elif name != "al":  # what PyTorch computes with
                loaded[name] = self._copied(value, param.real.dtype, param.device)
        size = self._gradient().size
        vectors = [loaded[name] for name in ("d", "prev_flat_grad") if name in loaded]
        vectors += loaded.get("old_dirs", []) + loaded.get("old_stps", [])
        for vector in vectors:
            if asarray(vector).shape != (size,):
                raise self._misfit(f"expected vectors of {size} elements, got {vector.shape}")
        return loaded


def direction(gradient, turns, changes, inverses, scale):
    """The direction to go: algorithm 7.4, with two loops over what is remembered."""
    along, weights = -gradient, []
    old = list(zip(turns, changes, inverses, strict=True))
    for turn, change, inverse in reversed(old):
        weights.append((change @ along).item() * inverse)
        along -= weights[-1] * turn
    along *= scale
    for turn, change, inverse in old:
        along += (weights.pop() - (turn @ along).item() * inverse) * change
    return along


def as_real(flat):
    """A vector whose complex elements are two real ones."""
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def largest(vector):
    return abs(vector).max(initial=0).item()
