"""Gradients against central differences."""

import numpy as np

from tensorlib._core._functions import asarray
from tensorlib._core._tensor import Tensor
from tensorlib._core.errors import DeviceError
from tensorlib.autograd import enable_grad, grad, no_grad

DOUBLE = ("float64", "complex128")  # in fewer digits a difference says nothing


def check_grads(f, args, order=2, eps=1e-6, atol=1e-6, rtol=1e-5):
    """
    Compare the gradients of a function with central differences.

    The function is weighted with a random gradient for each of its outputs, and each element of
    each argument (of complex ones the real and the imaginary part) is moved by `eps` both ways.
    The second order is checked in the same way, on the function that returns the gradients.

    Parameters
    ----------
    f : callable
        Takes the arguments as Tensors, returns a Tensor or a sequence of Tensors, and gives the
        same result for the same arguments.
    args : sequence of array_like
        Where to check, on one device. Arguments of float64 and complex128 are differentiated;
        integers and bools are passed on. A point where `f` has a kink has no derivative to check.
    order : int, optional
        1 for gradients, 2 for gradients of gradients as well, and so on.
    eps : float, optional
        The step of the differences.
    atol, rtol : float, optional
        Allowed is ``atol + rtol * abs(expected)``, for each element.

    Raises
    ------
    AssertionError
        Where a gradient is off; the text names the argument, the order and the worst element.
        Also where no output of `f` requires a gradient.
    DeviceError
        Where arguments are on several devices.
    TypeError
        Where an argument has an inexact dtype of fewer digits, or none has float64 or complex128.
    ValueError
        Where `order` is less than 1.

    Examples
    --------
    >>> import tensorlib as tl
    >>> tl.testing.check_grads(tl.sin, [tl.linspace(0.0, 1.0, 5)])
    >>> tl.testing.check_grads(tl.matmul, [tl.ones((2, 3)), tl.ones((3, 4))], order=1)
    """
    if order < 1:
        raise ValueError(f"check_grads: expected an order of at least 1, got {order}")
    devices = {arg.device for arg in args if isinstance(arg, Tensor)}
    if len(devices) > 1:
        raise DeviceError(
            f"check_grads: expected arguments on one device, got {', '.join(sorted(devices))}; "
            "use to()"
        )
    values = [_array(arg) if isinstance(arg, Tensor) else np.array(arg) for arg in args]
    labels = [f"argument {position}" for position in range(len(values))]
    for label, value in zip(labels, values, strict=True):
        if value.dtype.kind not in "biu" and value.dtype.name not in DOUBLE:
            raise TypeError(f"check_grads: expected float64 or complex128, got {value.dtype} "
                            f"as {label}")  # fmt: skip
    if not any(value.dtype.name in DOUBLE for value in values):
        raise TypeError("check_grads: expected an argument of float64 or complex128, got none")
    checker = _Checker(order, eps, atol, rtol, *(devices or ("cpu",)))
    checker.check(_sequence_of(f), values, labels, 1)


def _array(tensor):
    return np.array(tensor.detach().cpu())


def _sequence_of(f):
    """`f` returning always a list."""

    def function(*args):
        result = f(*args)
        return [result] if isinstance(result, Tensor) else list(result)

    return function


class _Checker:
    def __init__(self, order, eps, atol, rtol, device):
        self.last_order, self.eps, self.atol, self.rtol = order, eps, atol, rtol
        self.device = device
        self.random = np.random.default_rng(0)

    def check(self, f, values, labels, order):
        """Check the gradients of `f`, then those of the function that computes them."""
        weights = [self.like(output) for output in self.values(f, values)]
        moved = [i for i, value in enumerate(values) if value.dtype.name in DOUBLE]
        actual = self.gradients(f, values, weights, order)
        for i, gradient in zip(moved, actual, strict=True):
            expected = self.differences(f, values, i, weights)
            self.compare(_array(gradient), expected, labels[i], order)
        if order < self.last_order:
            self.check_next(f, values, labels, weights, order)

    def check_next(self, f, values, labels, weights, order):
        def gradients(*args):
            args, weights = args[: len(values)], args[len(values) :]
            return self.gradients_of_tensors(f, args, weights, order, create_graph=True)

        names = [f"the gradient of output {i}" for i in range(len(weights))]
        self.check(gradients, values + weights, labels + names, order + 1)

    def like(self, output):
        """Random numbers of an output's shape and kind."""
        weight = self.random.uniform(0.5, 1.5, output.shape)
        if output.dtype.kind == "c":
            weight = weight + 1j * self.random.uniform(0.5, 1.5, output.shape)
        return np.asarray(weight)

    def tensor(self, value):
        """A copy of an array as a tensor, where the arguments are."""
        return asarray(value.copy(), device=self.device)

    def gradients(self, f, values, weights, order):
        args = [self.tensor(value) for value in values]
        for arg in args:
            arg.requires_grad = arg.dtype.name in DOUBLE
        return self.gradients_of_tensors(
            f, args, [self.tensor(weight) for weight in weights], order
        )

    def gradients_of_tensors(self, f, args, weights, order, create_graph=False):
        """Gradients of the weighted outputs, with zeros where nothing depends on an argument."""
        with enable_grad():
            # Also where a caller does not record: the gradient needs what f records.
            args = [arg if arg.requires_grad or arg.dtype.name not in DOUBLE
                    else arg.detach().requires_grad_() for arg in args]  # fmt: skip
            moved = [arg for arg in args if arg.dtype.name in DOUBLE]
            outputs = [output for output in f(*args) if output.dtype.kind in "fc"]
            used = [pair for pair in zip(outputs, weights, strict=True) if pair[0].requires_grad]
            if not used and order == 1:
                raise AssertionError(
                    "check_grads: expected an output that requires a gradient, got none"
                )
            found = (None,) * len(moved)
            if used:
                outputs, weights = zip(*used, strict=True)
                found = grad(outputs, moved, weights, create_graph=create_graph, allow_unused=True)
            return [
                self.tensor(np.zeros(arg.shape, arg.dtype)) if gradient is None else gradient
                for arg, gradient in zip(moved, found, strict=True)
            ]

    def differences(self, f, values, position, weights):
        """The gradient of the weighted outputs with respect to one value."""
        values = list(values)
        values[position] = value = values[position].copy()
        result = np.zeros_like(value)
        steps = (1, 1j) if value.dtype.kind == "c" else (1,)
        for index in np.ndindex(value.shape):
            original = value[index]
            for step in steps:
                value[index] = original + self.eps * step
                above = self.weighted(f, values, weights)
                value[index] = original - self.eps * step
                below = self.weighted(f, values, weights)
                result[index] += (above - below) / (2 * self.eps) * step
            value[index] = original
        return result

    def values(self, f, args):
        """The outputs of `f` that can have a gradient, as arrays."""
        with no_grad():
            outputs = f(*map(self.tensor, args))
        return [_array(output) for output in outputs if output.dtype.kind in "fc"]

    def weighted(self, f, args, weights):
        outputs = self.values(f, args)
        return sum(np.vdot(w, out).real for w, out in zip(weights, outputs, strict=True))

    def compare(self, actual, expected, label, order):
        where = f"check_grads: order {order}, {label}:"
        if actual.shape != expected.shape or actual.dtype != expected.dtype:
            raise AssertionError(
                f"{where} expected a gradient of shape {expected.shape} and dtype "
                f"{expected.dtype}, got {actual.shape} and {actual.dtype}"
            )
        excess = abs(actual - expected) - (self.atol + self.rtol * abs(expected))
        wrong = ~(excess <= 0)  # NaN is wrong
        if wrong.any():
            excess = np.where(np.isnan(excess), np.inf, excess)
            worst = np.unravel_index(excess.argmax(), excess.shape)
            raise AssertionError(
                f"{where} expected {expected[worst]} at {tuple(map(int, worst))}, by differences "
                f"of {self.eps}, got {actual[worst]} (the worst of {wrong.sum()} wrong "
                f"of {actual.size})"
            )
