"""Losses, against NumPy's formulas and finite differences."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

rng = np.random.default_rng(0)
SCORES = rng.standard_normal((6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])
WEIGHT = np.array([1.0, 2.0, 0.5, 0.25])
LOGARITHMS = SCORES - np.log(np.exp(SCORES).sum(axis=1, keepdims=True))
PICKED = -LOGARITHMS[np.arange(6), LABELS]


@pytest.mark.parametrize(
    "reduction, expected", [("none", PICKED), ("sum", PICKED.sum()), ("mean", PICKED.mean())]
)
def test_nll_loss_and_cross_entropy(reduction, expected):
    labels = tl.asarray(LABELS)
    loss = F.nll_loss(tl.asarray(LOGARITHMS), labels, reduction=reduction)
    assert_allclose(loss, expected, rtol=1e-13)
    loss = F.cross_entropy(tl.asarray(SCORES), labels, reduction=reduction)
    assert_allclose(loss, expected, rtol=1e-13)


def test_weights_count_in_the_mean():
    labels, weight = tl.asarray(LABELS), tl.asarray(WEIGHT)
    expected = (WEIGHT[LABELS] * PICKED).sum() / WEIGHT[LABELS].sum()
    assert_allclose(F.cross_entropy(tl.asarray(SCORES), labels, weight), expected, rtol=1e-13)
    total = F.cross_entropy(tl.asarray(SCORES), labels, weight, reduction="sum")
    assert_allclose(total, (WEIGHT[LABELS] * PICKED).sum(), rtol=1e-13)


@pytest.mark.parametrize("ignored", [-100, 1, -1, 99])
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_ignored_labels_count_nothing(ignored, weight):
    labels = LABELS.copy()
    labels[[2, 4]] = ignored
    counted = labels != ignored
    weights = (np.ones(4) if weight is None else weight)[np.where(counted, labels, 0)] * counted
    losses = -LOGARITHMS[np.arange(6), np.where(counted, labels, 0)] * weights
    arguments = (
        tl.asarray(LOGARITHMS),
        tl.asarray(labels),
        None if weight is None else tl.asarray(weight),
        ignored,
    )
    assert_allclose(F.nll_loss(*arguments), losses.sum() / weights.sum(), rtol=1e-13)
    assert_allclose(F.nll_loss(*arguments, "none"), losses, rtol=1e-13)


def test_an_infinite_loss_that_is_ignored_leaves_no_trace():
    scores = tl.asarray([[-np.inf, 0.0], [-1.0, -2.0]]).requires_grad_()
    loss = F.nll_loss(scores, tl.asarray([-100, 0]))
    assert loss.item() == 1.0
    loss.backward()
    assert_array_equal(scores.grad, [[0, 0], [-1, 0]])


def test_classes_on_the_second_axis_of_many():
    scores = rng.standard_normal((2, 4, 3, 5))
    labels = rng.integers(4, size=(2, 3, 5))
    logarithms = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    expected = -np.take_along_axis(logarithms, labels[:, None], axis=1)[:, 0]
    scores, labels = tl.asarray(scores), tl.asarray(labels)
    assert_allclose(F.cross_entropy(scores, labels), expected.mean(), rtol=1e-13)
    assert_allclose(F.cross_entropy(scores, labels, reduction="none"), expected, rtol=1e-12)


def test_a_single_sample():
    loss = F.cross_entropy(tl.asarray(SCORES[0]), tl.asarray(LABELS[0]))
    assert loss.shape == ()
    assert_allclose(loss, PICKED[0], rtol=1e-13)


def test_gradients():
    labels, weight = tl.asarray(LABELS), tl.asarray(WEIGHT)
    for reduction in ("none", "sum", "mean"):
        check_grads(
            lambda x, r=reduction: F.cross_entropy(x, labels, weight, reduction=r), [SCORES]
        )


def test_float32_stays():
    loss = F.cross_entropy(tl.asarray(SCORES, dtype="float32"), tl.asarray(LABELS))
    assert loss.dtype == np.float32


@pytest.mark.parametrize("wrong", [4, -1, -5])
def test_nll_loss_refuses_what_is_no_class(wrong):
    labels = tl.asarray([0, wrong, 1, 1, 2, 0])
    with pytest.raises(IndexError, match=f"nll_loss: expected classes from 0 to 3, got {wrong}"):
        F.nll_loss(tl.asarray(LOGARITHMS), labels)


@pytest.mark.parametrize(
    "x, target, options, error, text",
    [
        ((6, 4), np.zeros(5, int), {}, ValueError, r"got \(6, 4\) and \(5,\)"),
        ((), np.zeros((), int), {}, ValueError, r"got \(\) and \(\)"),
        ((6, 4), np.zeros(6), {}, TypeError, "an integer dtype, got float64"),
        ((6, 4), np.zeros(6, int), {"weight": tl.ones(3)}, ValueError, r"shape \(4,\), got \(3,\)"),
        ((6, 4), np.zeros(6, int), {"reduction": "max"}, ValueError, "'none', got 'max'"),
    ],
)
def test_nll_loss_refuses(x, target, options, error, text):
    with pytest.raises(error, match=f"nll_loss: expected .*{text}"):
        F.nll_loss(tl.zeros(x), tl.asarray(target), **options)


def test_mse_loss():
    x, y = rng.standard_normal((2, 3, 4))
    squares = (x - y) ** 2
    assert_allclose(F.mse_loss(tl.asarray(x), tl.asarray(y)), squares.mean(), rtol=1e-13)
    assert_allclose(F.mse_loss(tl.asarray(x), tl.asarray(y), "sum"), squares.sum(), rtol=1e-13)
    assert_allclose(F.mse_loss(tl.asarray(x), tl.asarray(y), "none"), squares, rtol=1e-13)
    check_grads(F.mse_loss, [x, y])
    with pytest.raises(ValueError, match="mse_loss: expected reduction"):
        F.mse_loss(tl.asarray(x), tl.asarray(y), "max")


def test_the_modules_pass_their_options_on():
    scores, labels, weight = tl.asarray(SCORES), tl.asarray(LABELS), tl.asarray(WEIGHT)
    options = {"weight": weight, "ignore_index": 1, "reduction": "sum"}
    assert_array_equal(
        nn.CrossEntropyLoss(**options)(scores, labels), F.cross_entropy(scores, labels, **options)
    )
    assert_array_equal(nn.NLLLoss(**options)(scores, labels), F.nll_loss(scores, labels, **options))
    assert_array_equal(nn.MSELoss("sum")(scores, scores + 1), 24.0)
    assert "weight" in nn.NLLLoss(weight).state_dict()
