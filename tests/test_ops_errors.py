"""Bad inputs of every op: the type of the error, the op's name at the start of its text, and
nothing written."""

import re

import numpy as np
import pytest
from numpy.exceptions import AxisError
from numpy.linalg import LinAlgError

import tensorlib as tl
from tensorlib import fft, linalg
from tensorlib._core import _functions
from tensorlib._core import ops as table
from tensorlib._core._dispatch import apply, ops
from tensorlib._core._resample import SparseRows

ELEMENTWISE = [(row[0], row[2], row[3]) for row in table.ELEMENTWISE]
READ_ONLY = np.zeros((2, 3))
READ_ONLY.flags.writeable = False
X = tl.ones((2, 3))
IMAGES, FILTERS = tl.ones((2, 4, 6, 6)), tl.ones((8, 4, 3, 3))
PLAIN = ((1, 1), (0, 0), (1, 1), 1)
POOL = ((2, 2), (2, 2), (0, 0), (1, 1))
GATES = tl.ones((12, 3))
LABELS, LIKELIHOOD = tl.zeros(2, dtype="int64"), (None, -100, True, "nll_loss")
SPARSE = SparseRows([0, 1], [0], [1.0], 3)


def lower(A, B):
    return linalg.solve_triangular(A, B, upper=False)


def refused(name, kind, function, *args, **kwargs):
    with pytest.raises(kind, match=f"^{re.escape(name)}: ") as caught:
        function(*args, **kwargs)
    assert "got" in str(caught.value) or len(str(caught.value)) > len(name) + 12


@pytest.mark.parametrize("name, inputs, outputs", ELEMENTWISE)
def test_elementwise(name, inputs, outputs):
    function = getattr(_functions, name)
    integers = inputs and not isinstance(outcome_dtype(function, inputs, float), np.dtype)
    good = [tl.ones((2, 3), dtype=int if integers else float) for _ in inputs]
    if name == "where":
        good[0] = good[0].astype(bool)
    if name == "ldexp":
        good[1] = good[1].astype(int)
    results = function(*good)
    dtypes = [r.dtype for r in (results if isinstance(results, tuple) else (results,))]

    def outs(shape=(2, 3)):
        made = tuple(tl.full(shape, 1, dtype=d) for d in dtypes)
        return made if outputs > 1 else made[0]

    refused(name, TypeError, function)
    refused(name, TypeError, function, *good * 4)
    refused(name, TypeError, function, *good[:-1], "text")
    refused(name, TypeError, function, *good[:-1], object())
    refused(name, TypeError, function, *good, out=([[1.0] * 3] * 2,) * outputs)
    small = outs((2, 2))
    refused(name, ValueError, function, *good, out=small)
    assert [s.tolist() for s in (small if outputs > 1 else [small])] == [[[1, 1], [1, 1]]] * outputs
    refused(name, ValueError, function, *good, out=outs((1, 3)))
    refused(name, TypeError, function, *good, where=tl.ones((2, 3)), out=outs())
    refused(name, ValueError, function, *good, where=tl.ones(4, dtype=bool), out=outs())
    if outputs > 1:
        refused(name, ValueError, function, *good, out=outs()[:1])
    if len(inputs) > 1:
        unfit = [*good[:-1], tl.ones((2, 4), dtype=good[-1].dtype)]
        refused(name, ValueError, function, *unfit)
    locked = [np.ones((2, 3), d) for d in dtypes]
    for array in locked:
        array.flags.writeable = False
    locked = tuple(map(tl.asarray, locked))
    refused(name, ValueError, function, *good, out=locked if outputs > 1 else locked[0])
    if dtypes[0].kind in "fc":
        out = (tl.full((2, 3), 7, dtype=int),) * outputs
        refused(name, TypeError, function, *good, out=out if outputs > 1 else out[0])
        assert out[0].tolist() == [[7] * 3] * 2
    refused(name, TypeError, function, *good, dtype="U3")


def outcome_dtype(function, inputs, dtype):
    """The dtype of the result for inputs of a dtype, or None if there is no loop."""
    try:
        result = function(*[tl.ones(1, dtype=dtype) for _ in inputs])
    except TypeError:
        return None
    return (result if isinstance(result, tl.Tensor) else result[0]).dtype


@pytest.mark.parametrize("name", [row[0] for row in table.PRODUCTS])
def test_products(name):
    function = getattr(tl, name)
    refused(name, ValueError, function, tl.ones((2, 3)), tl.ones((4, 5)))
    refused(name, ValueError, function, tl.ones(()), tl.ones(3))
    vectors = name in ("vecdot", "vecmat")
    refused(
        name,
        ValueError,
        function,
        tl.ones((3, 2) if vectors else (3, 2, 2)),
        tl.ones((2, 2) if name in ("vecdot", "matvec") else (2, 2, 2)),
    )
    refused(name, TypeError, function, tl.ones((2, 2)))
    refused("asarray", TypeError, function, tl.ones((2, 2)), "text")
    good = [tl.ones((2, 2)), tl.ones((2, 2) if name != "matvec" else 2)]
    refused(name, ValueError, function, *good, out=tl.ones((5, 5)))
    refused(name, TypeError, function, *good, out=tl.ones(function(*good).shape, dtype=int))
    refused(name, TypeError, function, *good, out=[1])


@pytest.mark.parametrize("name", [row[0] for row in (*table.REDUCTIONS, *table.ACCUMULATIONS)])
def test_folds(name):
    function = getattr(tl, name)
    refused(name, AxisError, function, X, axis=2)
    refused(name, AxisError, function, X, axis=-3)
    refused(name, TypeError, function, X, axis=1.5)
    refused(name, TypeError, function, X, axis="x")
    refused("asarray", TypeError, function, "text")
    refused(name, ValueError, function, X, axis=0, out=tl.ones((2, 2)))
    refused(name, TypeError, function, X, axis=0, out=[1, 2, 3])
    shape = (2, 3) if name.startswith("cum") else (3,)
    locked = np.ones(shape, bool)
    locked.flags.writeable = False
    refused(name, (ValueError, TypeError), function, X, axis=0, out=tl.asarray(locked))
    if not name.startswith("cum"):
        refused(name, ValueError, function, X, axis=(0, 0))
        refused(name, ValueError, function, X, axis=(1, -1))
        refused(name, AxisError, function, X, axis=(0, 5))
    if name in ("max", "min"):
        refused(name, ValueError, function, tl.ones((0, 3)))
        refused(name, ValueError, function, X, where=tl.ones((2, 3), dtype=bool))
    elif name not in ("all", "any"):
        refused(name, TypeError, function, X, dtype="U3")
        refused(name, TypeError, function, X, dtype="M8[s]")


NAN = float("nan")
NORMED, WEIGHT, MOMENTS = tl.ones((2, 3, 4, 5, 6)), tl.ones((4, 5, 1)), tl.ones((1, 3, 4, 1, 1))
NORM = (1e-5, True)
QUERIES = tl.ones((2, 3, 4))
CASES = {
    "as_strided": [
        (ValueError, tl.as_strided, X, (7,), (8,)),
        (ValueError, tl.as_strided, X, (2,), (-8,)),
        (ValueError, tl.as_strided, X, (2,), (8,), -8),
        (ValueError, tl.as_strided, X, (2,), (8, 8)),
        (ValueError, tl.as_strided, X, (-1,), (8,)),
        (ValueError, tl.as_strided, X, (1,), (8,), 41),
        (ValueError, tl.as_strided, X, (2**62, 2**62), (0, 0)),
        (ValueError, tl.as_strided, X, (2**40,), (2**40,)),
        (ValueError, tl.as_strided, X, (2,) * 65, (0,) * 65),
        (TypeError, tl.as_strided, X, (1.5,), (8,)),
        (TypeError, tl.as_strided, X, (2,), ("8",)),
        ((ValueError, OverflowError), tl.as_strided, X, (2**80,), (8,)),
        ((ValueError, OverflowError), tl.as_strided, X, (2,), (2**80,)),
        ((ValueError, OverflowError), tl.as_strided, X, (2,), (8,), 2**80),
    ],
    "broadcast_to": [
        (ValueError, tl.broadcast_to, X, (3,)),
        (ValueError, tl.broadcast_to, X, (2, 4)),
        (ValueError, tl.broadcast_to, X, (-1, 3)),
        (ValueError, tl.broadcast_to, 1.0, (2,) * 65),
        (TypeError, tl.broadcast_to, X, (2.0, 3)),
        ((ValueError, OverflowError), tl.broadcast_to, 1.0, (2**80,)),
        (ValueError, tl.broadcast_to, 1.0, (2**62, 2**62)),
    ],
    "diagonal": [
        (ValueError, tl.diagonal, tl.ones(3)),
        (AxisError, tl.diagonal, X, 0, 0, 2),
        (ValueError, tl.diagonal, X, 0, 1, 1),
        (TypeError, tl.diagonal, X, 1.5),
    ],
    "reshape": [
        (ValueError, tl.reshape, X, (4,)),
        (ValueError, tl.reshape, X, (-1, -1)),
        (ValueError, tl.reshape, X, (4, -1)),
        (ValueError, tl.reshape, tl.ones((0, 3)), (0, -1)),
        (ValueError, tl.reshape, X, (1,) * 65),
        (ValueError, tl.reshape, X, (2**62, 4)),
        ((ValueError, OverflowError), tl.reshape, X, (2**80,)),
        (ValueError, tl.reshape, X, (6,), "Z"),
        (TypeError, tl.reshape, X, (2.0, 3)),
        (TypeError, tl.reshape, X, "ab"),
    ],
    "transpose": [
        (ValueError, tl.transpose, X, (0,)),
        (ValueError, tl.transpose, X, (0, 0)),
        (AxisError, tl.transpose, X, (0, 2)),
        (TypeError, tl.transpose, X, (0, 1.5)),
    ],
    "argmax": [
        (AxisError, tl.argmax, X, 2),
        (ValueError, tl.argmax, tl.ones((0, 3)), 0),
        (ValueError, tl.argmax, tl.ones(0)),
        (TypeError, tl.argmax, X, 1.5),
    ],
    "argsort": [
        (AxisError, tl.argsort, X, 2),
        (ValueError, tl.argsort, X, 0, "bubble"),
        (ValueError, lambda x: tl.argsort(x, kind="stable", stable=True), X),
        (TypeError, tl.argsort, X, 1.5),
    ],
    "astype": [
        (TypeError, tl.astype, X, "U3"),
        (TypeError, tl.astype, X, object),
        (TypeError, tl.astype, X, ">f8"),
        (TypeError, lambda x: tl.astype(x, int, casting="safe"), X),
        (TypeError, tl.astype, X, "no such dtype"),
    ],
    "to_device": [
        (tl.DeviceError, lambda x: x.to_device("abacus"), X),
        (tl.DeviceError, lambda x: x.to_device("cpu:1"), X),
        (ValueError, lambda x: x.to_device("cpu", stream=0), X),
    ],
    "concatenate": [
        (ValueError, tl.concatenate, []),
        (ValueError, tl.concatenate, [X, tl.ones((2, 2))]),
        (ValueError, tl.concatenate, [X, tl.ones(3)]),
        (ValueError, tl.concatenate, [1.0, 2.0]),
        (AxisError, tl.concatenate, [X, X], 2),
        (TypeError, lambda x: tl.concatenate([x, x], dtype=int), X),
    ],
    "conv": [
        (ValueError, apply, ops.conv, (IMAGES, tl.ones((8, 3, 3, 3))), PLAIN),
        (ValueError, apply, ops.conv, (IMAGES, tl.ones((8, 4, 7, 3))), PLAIN),
        (ValueError, apply, ops.conv, (tl.ones((2, 3)), FILTERS), PLAIN),
        (TypeError, apply, ops.conv, (IMAGES.astype(int), FILTERS.astype(int)), PLAIN),
        (ValueError, apply, ops.conv, (IMAGES, FILTERS), ((0, 1), *PLAIN[1:])),
        (ValueError, apply, ops.conv, (IMAGES, FILTERS), (*PLAIN[:3], 3)),
        (ValueError, apply, ops.conv, (IMAGES, FILTERS), ((1, 1), (-1, 0), (1, 1), 1)),
        (ValueError, apply, ops.conv, (IMAGES, FILTERS), ((1, 1), (0, 0), (0, 1), 1)),
    ],
    "conv_input": [
        (ValueError, apply, ops.conv_input, (IMAGES, FILTERS), ((2, 4, 9, 9), *PLAIN)),
        (ValueError, apply, ops.conv_input, (X, FILTERS), ((2, 4, 6, 6), *PLAIN)),
        (ValueError, apply, ops.conv_input, (IMAGES, FILTERS), ((2, 4), *PLAIN)),
    ],
    "conv_weight": [
        (ValueError, apply, ops.conv_weight, (IMAGES, IMAGES), ((8, 4, 3, 3), *PLAIN)),
        (ValueError, apply, ops.conv_weight, (X, IMAGES), ((8, 4, 3, 3), *PLAIN)),
        (ValueError, apply, ops.conv_weight, (IMAGES, IMAGES), ((8, 4), *PLAIN)),
    ],
    "linear": [
        (ValueError, apply, ops.linear, (tl.ones((2, 3)), tl.ones((3, 2)), tl.ones(3))),
        (ValueError, apply, ops.linear, (tl.ones(()), tl.ones((3, 1)), tl.ones(3))),
        (ValueError, apply, ops.linear, (tl.ones(3), tl.ones(3), tl.ones(()))),
        (ValueError, apply, ops.linear, (tl.ones(3), tl.ones((2, 3)), tl.ones(3))),
        (ValueError, apply, ops.linear, (tl.ones(3), tl.ones((2, 3)), tl.ones((1, 2)))),
    ],
    "normalize": [
        (ValueError, apply, ops.normalize, (X, WEIGHT, WEIGHT), NORM),
        (ValueError, apply, ops.normalize, (NORMED, X, WEIGHT), NORM),
        (ValueError, apply, ops.normalize, (NORMED, WEIGHT, MOMENTS), NORM),
        (TypeError, apply, ops.normalize, (NORMED.astype(int), WEIGHT, WEIGHT), NORM),
        (TypeError, apply, ops.normalize, (NORMED, WEIGHT.astype("f"), WEIGHT), NORM),
    ],
    "normalize_input": [
        (ValueError, apply, ops.normalize_input, (X, NORMED, WEIGHT, MOMENTS, MOMENTS), NORM),
        (ValueError, apply, ops.normalize_input, (NORMED, NORMED, WEIGHT, WEIGHT, MOMENTS), NORM),
        (ValueError, apply, ops.normalize_input, (NORMED, NORMED, X, MOMENTS, MOMENTS), NORM),
        (
            TypeError,
            apply,
            ops.normalize_input,
            (NORMED, NORMED, WEIGHT, MOMENTS, MOMENTS.astype("f")),
            NORM,
        ),
    ],
    "normalize_weight": [
        (ValueError, apply, ops.normalize_weight, (NORMED, X, MOMENTS, MOMENTS), NORM),
        (ValueError, apply, ops.normalize_weight, (NORMED, NORMED, MOMENTS, X), NORM),
        (
            TypeError,
            apply,
            ops.normalize_weight,
            (NORMED.astype("f"), NORMED, MOMENTS, MOMENTS),
            NORM,
        ),
    ],
    "attention": [
        (ValueError, apply, ops.attention, (QUERIES, X, QUERIES, tl.ones(())), (False, 1.0)),
        (ValueError, apply, ops.attention, (QUERIES, QUERIES, QUERIES, X), (False, 1.0)),
        (
            TypeError,
            apply,
            ops.attention,
            (QUERIES.astype(int),) * 3 + (tl.ones(()),),
            (False, 1.0),
        ),
    ],
    "attention_backward": [
        (
            ValueError,
            apply,
            ops.attention_backward,
            (X, X, QUERIES, QUERIES, QUERIES, tl.ones(()), X),
            (False, 1.0),
        ),
        (
            ValueError,
            apply,
            ops.attention_backward,
            (QUERIES, X, QUERIES, QUERIES, QUERIES, X, X),
            (False, 1.0),
        ),
        (
            TypeError,
            apply,
            ops.attention_backward,
            (QUERIES.astype(int),) * 5 + (tl.ones(()), X),
            (False, 1.0),
        ),
    ],
    "softmax": [
        (TypeError, apply, ops.softmax, (X.astype(int),), (0,)),
        (TypeError, apply, ops.softmax, (X.astype(bool),), (0,)),
        (TypeError, apply, ops.softmax, (X.astype(complex),), (0,)),
    ],
    "log_softmax": [
        (TypeError, apply, ops.log_softmax, (X.astype(int),), (0,)),
        (TypeError, apply, ops.log_softmax, (X.astype(bool),), (0,)),
        (TypeError, apply, ops.log_softmax, (X.astype(complex),), (0,)),
    ],
    "softmax_backward": [
        (TypeError, apply, ops.softmax_backward, (X.astype(int),) * 2, (0,)),
        (ValueError, apply, ops.softmax_backward, (X, X[:1]), (0,)),
        (ValueError, apply, ops.softmax_backward, (X, X.astype("f")), (0,)),
        (AxisError, apply, ops.softmax_backward, (X, X), (2,)),
    ],
    "log_softmax_backward": [
        (TypeError, apply, ops.log_softmax_backward, (X.astype(int),) * 2, (0,)),
        (ValueError, apply, ops.log_softmax_backward, (X, X[:1]), (0,)),
        (ValueError, apply, ops.log_softmax_backward, (X, X.astype("f")), (0,)),
    ],
    "lstm": [
        (TypeError, apply, ops.lstm, (GATES, GATES, X.astype(int), X), ((2, 2), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X[0], X), ((2, 2), False)),
        (ValueError, apply, ops.lstm, (tl.ones((4, 12)), tl.ones((12, 2)), X, X), ((2, 2), True)),
        (ValueError, apply, ops.lstm, (tl.ones((4, 12)), GATES, X, X[:1]), ((2, 2), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X, X), ((2, 2), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X, X), ((2, 3), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X, X), ((1, 2), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X, X), ((2, -1), False)),
        (ValueError, apply, ops.lstm, (GATES, GATES, X, X), ((), False)),
    ],
    "lstm_backward": [
        (TypeError, apply, ops.lstm_backward, (X.astype(int),) * 7, ((2,), False)),
        (ValueError, apply, ops.lstm_backward, (X, X, X, GATES, X, X, X), ((2,), False)),
        (
            ValueError,
            apply,
            ops.lstm_backward,
            (X[0], X, X, GATES, X, X, tl.ones((2, 12))),
            ((2,), False),
        ),
    ],
    "gru": [
        (TypeError, apply, ops.gru, (X, X, X, X.astype(int)), ((2,), False)),
        (
            ValueError,
            apply,
            ops.gru,
            (tl.ones((2, 9)), tl.ones((9, 3)), tl.ones(3), X),
            ((2,), False),
        ),
        (
            ValueError,
            apply,
            ops.gru,
            (tl.ones((2, 9), dtype="f"), tl.ones((9, 3)), tl.ones(9), X),
            ((2,), False),
        ),
        (ValueError, apply, ops.gru, (X, X, X, X), ((3,), False)),
    ],
    "gru_backward": [
        (TypeError, apply, ops.gru_backward, (X.astype(int),) * 6, ((2,), False)),
        (ValueError, apply, ops.gru_backward, (X, X, tl.ones((9, 3)), X, X, X), ((3,), False)),
        (
            ValueError,
            apply,
            ops.gru_backward,
            (X, X, tl.ones((9, 3)), X, X, tl.ones((2, 12))),
            ((2,), False),
        ),
    ],
    "max_pool2d": [
        (ValueError, apply, ops.max_pool2d, (tl.ones(3),), POOL),
        (ValueError, apply, ops.max_pool2d, (IMAGES,), ((9, 9), *POOL[1:])),
        (ValueError, apply, ops.max_pool2d, (IMAGES,), ((2, 2), (0, 1), *POOL[2:])),
        (ValueError, apply, ops.max_pool2d, (IMAGES,), ((2, 2), (2, 2), (2, 2), (1, 1))),
        (TypeError, apply, ops.max_pool2d, (IMAGES.astype(complex),), POOL),
        (ValueError, apply, ops.max_pool2d, (IMAGES,), ((2, 2), (2, 2), (0, 0, 1), (1, 1))),
    ],
    "nll_loss": [
        (TypeError, apply, ops.nll_loss, (X.astype(int), LABELS), LIKELIHOOD),
        (TypeError, apply, ops.nll_loss, (X, LABELS.astype("int32")), LIKELIHOOD),
        (ValueError, apply, ops.nll_loss, (X, LABELS[:1]), LIKELIHOOD),
        (ValueError, apply, ops.nll_loss, (X, LABELS), (tl.ones(2), *LIKELIHOOD[1:])),
        (IndexError, apply, ops.nll_loss, (X, LABELS + 3), LIKELIHOOD),
        (IndexError, apply, ops.nll_loss, (X, LABELS - 1), LIKELIHOOD),
    ],
    "nll_loss_backward": [
        (ValueError, apply, ops.nll_loss_backward, (X[0, 0], LABELS, X), ((2, 3), None, 0, True)),
        (ValueError, apply, ops.nll_loss_backward, (X, LABELS, X[0, 0]), ((2, 3), None, 0, True)),
        (
            ValueError,
            apply,
            ops.nll_loss_backward,
            (X[0, 0], LABELS, X[0, 0]),
            ((3, 2), None, 0, True),
        ),
    ],
    "resample": [
        (ValueError, apply, ops.resample, (X,), (2, SPARSE)),
        (ValueError, apply, ops.resample, (tl.ones((5, 5)),), (0, SPARSE)),
        (TypeError, apply, ops.resample, (tl.ones(3, dtype="int64"),), (0, SPARSE)),
    ],
    "cholesky": [
        (LinAlgError, linalg.cholesky, X),
        (LinAlgError, linalg.cholesky, tl.ones(3)),
        (TypeError, linalg.cholesky, tl.ones((2, 2), dtype="e")),
    ],
    "eigh": [
        (LinAlgError, linalg.eigh, X),
        (ValueError, linalg.eigh, tl.ones((2, 2)), "M"),
        (TypeError, linalg.eigh, tl.ones((2, 2), dtype="e")),
    ],
    "fft": [
        (ValueError, fft.fft, X, 0),
        (ValueError, fft.fft, X, 3, 0, "all"),
        (AxisError, fft.fft, X, 3, 2),
        (TypeError, fft.fft, X, 1.5),
    ],
    "irfft": [
        (ValueError, fft.irfft, tl.ones((2, 1))),
        (AxisError, fft.irfft, X, None, -3),
        (ValueError, fft.irfft, X, 4, 0, "all"),
    ],
    "lstsq": [
        (LinAlgError, linalg.lstsq, X, tl.ones(3)),
        (LinAlgError, linalg.lstsq, tl.ones(3), tl.ones(3)),
        (LinAlgError, linalg.lstsq, X, tl.ones((2, 2, 2))),
    ],
    "qr": [
        (LinAlgError, linalg.qr, tl.ones(3)),
        (ValueError, linalg.qr, X, "half"),
        (TypeError, linalg.qr, tl.ones((2, 2), dtype="e")),
    ],
    "rfft": [
        (TypeError, fft.rfft, X * 1j),
        (ValueError, fft.rfft, X, -1),
        (AxisError, fft.rfft, X, 3, 2),
    ],
    "solve": [
        (LinAlgError, linalg.solve, X, X),
        (ValueError, linalg.solve, tl.ones((2, 2)), tl.ones(3)),
        (ValueError, linalg.solve, tl.eye(2), tl.ones((3, 1))),
        (ValueError, linalg.solve, tl.zeros((2, 2, 2)), tl.ones((3, 2, 1))),
        (TypeError, linalg.solve, tl.eye(2), tl.ones(2, dtype="e")),
    ],
    "solve_triangular": [
        (LinAlgError, lower, X, X),
        (LinAlgError, lower, tl.zeros((2, 2)), tl.ones(2)),
        (ValueError, lower, tl.eye(2), tl.ones(3)),
        (ValueError, lower, tl.eye(2), tl.ones(())),
        (ValueError, lower, tl.ones((2, 2, 2)), tl.ones((3, 2, 1))),
        (TypeError, lower, tl.eye(2), tl.ones(2, dtype="e")),
        (TypeError, apply, ops.solve_triangular, (tl.eye(2), tl.eye(2) * 1j), (False, False)),
    ],
    "svd": [
        (LinAlgError, linalg.svd, tl.ones(3)),
        (LinAlgError, linalg.svd, tl.full((2, 2), NAN)),
        (TypeError, linalg.svd, tl.ones((2, 2), dtype="e")),
    ],
    "copy": [
        (ValueError, X.copy, "Z"),
        (ValueError, X.copy, ""),
        (ValueError, X.copy, "c "),
    ],
    "nonzero": [
        (ValueError, tl.nonzero, tl.ones(())),
        (ValueError, tl.nonzero, 3),
        (ValueError, tl.nonzero, True),
    ],
    "sort": [
        (AxisError, tl.sort, X, 2),
        (ValueError, tl.sort, X, 0, "bubble"),
        (TypeError, tl.sort, X, 1.5),
    ],
}
CASES["argmin"] = [(kind, tl.argmin, *args) for kind, function, *args in CASES["argmax"]]
CASES["svdvals"] = [(kind, linalg.svdvals, *args) for kind, _, *args in CASES["svd"]]
CASES["ifft"] = [(kind, fft.ifft, *args) for kind, _, *args in CASES["fft"]]
CASES["eigvalsh"] = [(kind, linalg.eigvalsh, *args) for kind, _, *args in CASES["eigh"]]
for _name in ("det", "eig", "eigvals", "inv", "slogdet"):
    CASES[_name] = [(kind, getattr(linalg, _name), *args) for kind, _, *args in CASES["cholesky"]]
# Ops without a function of their own: what fits is checked by the kernel.
FIVE = tl.asarray([5])
INDEX = {
    "basic_index": lambda i: X[i],
    "advanced_index": lambda i: X[i],
    "index_put": lambda i: X.copy().__setitem__(i, 0.0),
    "index_add": lambda i: apply(ops.index_add, (X, tl.ones(())), (i,)),
}


@pytest.mark.parametrize(
    "name, case",
    [(name, case) for name, cases in CASES.items() for case in cases],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_views_and_structured_ops(name, case):
    kind, function, *args = case
    refused(name, kind, function, *args)


@pytest.mark.parametrize(
    "index", [2, -3, (0, 3), (0, 0, 0), (..., ...), 2**70, (slice(None), -4)], ids=str
)
def test_basic_indices(index):
    with pytest.raises(IndexError, match="ind(ex|ices)"):
        X[index]
    with pytest.raises(IndexError, match="ind(ex|ices)"):
        X[index] = 1.0
    assert X.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("index", [1.5, "x", (0, 1.0), {}, slice("a"), slice(1.5), 1j], ids=str)
def test_indices_of_other_types(index):
    kind = TypeError if isinstance(index, slice) else IndexError
    with pytest.raises(kind):
        X[index]
    with pytest.raises(kind):
        X[index] = 1.0
    with pytest.raises(ValueError):
        X[::0]


ARRAYS = {
    "out of bounds": [0, 5],
    "out of bounds from the end": [-3],
    "mask too long": [True, False, True],
    "mask of the wrong shape": np.ones((2, 2), bool),
    "floats": np.array([0.0]),
    "shapes that do not fit": ([0, 1], [0, 1, 2]),
    "too many": ([0], [0], [0]),
}


@pytest.mark.parametrize("what", ["advanced_index", "index_put", "index_add"])
@pytest.mark.parametrize("index", ARRAYS.values(), ids=ARRAYS)
def test_advanced_indices(what, index):
    if what == "index_add":
        entries = index if isinstance(index, tuple) else (index,)
        index = tuple(tl.asarray(e) for e in entries)
    with pytest.raises(IndexError):
        INDEX[what](index)
    assert X.tolist() == [[1.0] * 3] * 2


def test_values_that_do_not_fit():
    x = X.copy()
    for index in (0, slice(None), [0, 1], np.ones((2, 3), bool)):
        with pytest.raises(ValueError):
            x[index] = tl.ones(5)
        with pytest.raises((TypeError, ValueError)):
            x[index] = "text"
    with pytest.raises(ValueError, match="^index_add: "):
        apply(ops.index_add, (X, tl.ones(5)), ((tl.asarray([0, 1]),),))
    with pytest.raises(ValueError, match="^index_put: "):
        apply(ops.index_put, (X, tl.ones(5)), ((tl.asarray([0, 1]),),))
    with pytest.raises(ValueError, match="^(view_write|index_put): "):
        apply(ops.view_write, (X, tl.ones(5)), (tl.asarray([0, 1]), None))
    for positions in ([6], [-7], [0, 2**40]):
        with pytest.raises((IndexError, ValueError), match="^view_read: "):
            apply(ops.view_read, (X,), (tl.asarray(positions), None))
        with pytest.raises((IndexError, ValueError), match="^(view_write|index_put): "):
            apply(ops.view_write, (X, tl.ones(())), (tl.asarray(positions), None))
    assert x.tolist() == X.tolist()


@pytest.mark.parametrize("bad", ["text", [object()], {}, None, np.array(["a"]), b"ab"], ids=repr)
def test_what_is_no_array_of_numbers(bad):
    """Refused by `asarray`, in its name."""
    functions = [tl.real, tl.imag, tl.sort, tl.argsort, tl.nonzero, tl.argmax, tl.sum, tl.cumsum]
    for function in [*functions, tl.reshape, tl.transpose, tl.concatenate, tl.diagonal]:
        arguments = [bad] if function is not tl.concatenate else [[bad]]
        refused("asarray", TypeError, function, *arguments, *[(1,)] * (function is tl.reshape))


def test_every_op_is_here():
    elsewhere = {"basic_index", "advanced_index", "index_put", "index_add", "view_read"}
    elsewhere |= {"view_write", "real", "imag", "qr_raw"}
    assert {row[0] for row in (*table.VIEWS, *table.STRUCTURED)} == set(CASES) | elsewhere
    assert all(len(cases) >= 3 for cases in CASES.values())


def test_an_int_loop_that_fails():
    """NumPy's loop raises; nothing is left behind for the next call."""
    x = tl.asarray([2, 3])
    for call in (
        lambda: x ** tl.asarray([-1, 1]),
        lambda: tl.power(x, -2),
        lambda: tl.power.outer(x, tl.asarray([-1])),
        lambda: tl.power(x, tl.asarray([-1, -1]), where=tl.asarray([True, True])),
        lambda: tl.power(tl.ones(20_000, dtype=int), tl.full(20_000, -1)),
    ):
        with pytest.raises(ValueError, match="negative integer powers"):
            call()
    assert (x**2).tolist() == [4, 9]


def test_scalars_out_of_range():
    for dtype in ("int8", "uint8", "int64", "uint64"):
        x = tl.ones(3, dtype=dtype)
        for scalar in (2**64, -(2**64)):
            for call in (lambda x, s: x + s, lambda x, s: s - x, tl.maximum):
                with pytest.raises(OverflowError):
                    call(x, scalar)  # noqa: B023
            with pytest.raises(OverflowError):
                x += scalar
            with pytest.raises(OverflowError):
                x[0] = scalar
            with pytest.raises(OverflowError):
                x.fill(scalar)
        assert x.tolist() == [1, 1, 1]
