"""What the tests of function transforms share: calls of every op, and comparisons."""

import functools

import numpy as np
from samples import SAMPLES

import tensorlib as tl
from tensorlib._core import _tape
from tensorlib._core import ops as table

ROWS = [
    row[0]
    for rows in (
        table.ELEMENTWISE,
        table.PRODUCTS,
        table.REDUCTIONS,
        table.ACCUMULATIONS,
        table.VIEWS,
        table.STRUCTURED,
    )
    for row in rows
    if row[0] in SAMPLES  # test_architecture.py says which have none
]
DIFFERENTIABLE = [name for name in ROWS if _tape.has_rule(name)]
# Vectors with free phases: what does not depend on them is compared.
PHASES = {"eig", "eigh", "svd"}


def leaves(result):
    """The Tensors of a result as a list."""
    if isinstance(result, tl.Tensor):
        return [result]
    return [leaf for part in result for leaf in leaves(part)]


def close(found, expected, rtol=1e-9, atol=1e-9):
    """Compare trees of Tensors and arrays; Tensors must not be followed by a tape."""
    found, expected = leaves(found), [np.asarray(x) for x in flat(expected)]
    assert len(found) == len(expected)
    for x, wanted in zip(found, expected, strict=True):
        assert not x.requires_grad
        assert (x.shape, x.dtype.kind) == (wanted.shape, wanted.dtype.kind)
        scale = max(1.0, np.abs(wanted).max(initial=0)) if wanted.dtype.kind in "fc" else 1
        np.testing.assert_allclose(x.numpy(), wanted, rtol=rtol, atol=atol * scale)


def flat(tree):
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in flat(part)]
    return [tree.detach() if isinstance(tree, tl.Tensor) else tree]


def stacked(results):
    """Results of a loop over examples, as those of all examples together."""
    return [
        np.stack([np.asarray(x) for x in parts])
        for parts in zip(*map(flat, results), strict=True)
    ]  # fmt: skip


class Case:
    """A call of an op, and directions for its derivative.

    Parameters
    ----------
    name : str
        The op.
    is_complex : bool, optional
        Whether floating-point inputs get imaginary parts.

    Attributes
    ----------
    examples : list of tuple of Tensor
        Three examples of the inputs that have derivatives.
    directions : list of tuple of Tensor
        For each example.
    """

    def __init__(self, name, is_complex=False, examples=3):
        samples = [SAMPLES[name](np.random.default_rng(seed)) for seed in range(examples)]
        rng = np.random.default_rng(9)
        self.name = name
        self.function = functools.partial(samples[0].function, **samples[0].params)
        inputs = [[self._given(x, rng, is_complex) for x in sample.inputs] for sample in samples]
        self.inputs = inputs[0]
        self.places = [i for i, x in enumerate(inputs[0]) if x.dtype.kind in "fc"]
        self.examples = [tuple(tl.asarray(x[i]) for i in self.places) for x in inputs]
        self.directions = [tuple(self._direction(x, rng) for x in xs) for xs in self.examples]
        self.stacked = tuple(tl.stack(parts) for parts in zip(*self.examples, strict=True))
        self.stacked_directions = tuple(
            tl.stack(parts) for parts in zip(*self.directions, strict=True)
        )

    @staticmethod
    def _given(x, rng, is_complex):
        if is_complex and x.dtype == float:
            return x + 1j * rng.uniform(0.2, 1.0, x.shape)
        return x

    @staticmethod
    def _direction(x, rng):
        change = rng.standard_normal(x.shape)
        if x.dtype.kind == "c":
            change = change + 1j * rng.standard_normal(x.shape)
        return tl.asarray(change)

    def __call__(self, *xs):
        """The op's results that have derivatives, of the inputs that have them."""
        given = [tl.asarray(x) for x in self.inputs]
        for place, x in zip(self.places, xs, strict=True):
            given[place] = x
        found = leaves(self.function(*given))
        found = tuple(x for x in found if x.dtype.kind in "fc")
        if self.name in PHASES and found[-1].dtype.kind == "c":
            found = tuple((x * tl.conj(x)).real if x.ndim > 2 else x for x in found)
        return found

    def scalar(self, *xs):
        """A number that depends on all results, and not linearly."""
        total = 0.0
        for x in self(*xs):
            weight = tl.cos(tl.arange(x.size, dtype=float)).reshape(x.shape)
            total = total + ((x * tl.conj(x)).real * weight).sum() + (x.real * weight).sum()
        return total


def runs_complex(name):
    """Whether an op takes complex inputs, where it takes floating-point ones."""
    case = Case(name, True, 1)
    if not any(x.dtype.kind == "c" for x in case.inputs):
        return False
    try:
        case(*case.examples[0])
    except (TypeError, ValueError):
        return False
    return True


COMPLEX = [name for name in DIFFERENTIABLE if name != "as_strided" and runs_complex(name)]


def moved(xs, ts, step):
    return tuple(x + step * t for x, t in zip(xs, ts, strict=True))


def differences(function, xs, ts, step=1e-6):
    """The derivative of a function along a direction, by central differences."""
    up, down = flat(function(*moved(xs, ts, step))), flat(function(*moved(xs, ts, -step)))
    return [
        (np.asarray(u) - np.asarray(d)) / (2 * step) for u, d in zip(up, down, strict=True)
    ]  # fmt: skip
