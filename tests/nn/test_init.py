"""First values: that they lie where the formulas say."""

import math

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import init

SHAPE = (200, 20, 5, 4)  # fan_in 400, fan_out 4000


def filled(function, *arguments, **options):
    x = tl.empty(SHAPE, dtype="float32")
    assert function(x, *arguments, **options, generator=tl.random.default_rng(0)) is x
    return np.asarray(x)


def assert_uniform(values, bound):
    assert np.abs(values).max() <= bound
    assert math.isclose(values.std(), bound / math.sqrt(3), rel_tol=0.01)


def assert_normal(values, deviation):
    assert math.isclose(values.std(), deviation, rel_tol=0.01)
    # Of a normal distribution 4.55 % lie beyond two deviations.
    assert math.isclose((np.abs(values) > 2 * deviation).mean(), 0.0455, rel_tol=0.05)


def test_uniform_and_normal():
    values = filled(init.uniform_, 2.0, 3.0)
    assert 2 <= values.min() < 2.001 and 2.999 < values.max() <= 3
    assert_normal(filled(init.normal_, 5.0, 0.5) - 5, 0.5)


def test_kaiming():
    assert_uniform(filled(init.kaiming_uniform_), math.sqrt(6 / 400))
    assert_uniform(filled(init.kaiming_uniform_, math.sqrt(5)), math.sqrt(1 / 400))
    assert_uniform(filled(init.kaiming_uniform_, mode="fan_out"), math.sqrt(6 / 4000))
    assert_uniform(filled(init.kaiming_uniform_, nonlinearity="tanh"), 5 / 3 * math.sqrt(3 / 400))
    assert_normal(filled(init.kaiming_normal_, nonlinearity="relu"), math.sqrt(2 / 400))


def test_xavier():
    assert_uniform(filled(init.xavier_uniform_, 2.0), 2 * math.sqrt(6 / 4400))
    assert_normal(filled(init.xavier_normal_), math.sqrt(2 / 4400))


def test_constants():
    x = tl.empty((2, 3))
    assert init.zeros_(x).tolist() == [[0.0] * 3] * 2
    assert init.ones_(x).tolist() == [[1.0] * 3] * 2
    assert init.constant_(x, 7).tolist() == [[7.0] * 3] * 2


def test_parameters_are_filled_without_a_trace_on_the_tape():
    parameter = nn.Parameter(tl.zeros(3))
    init.uniform_(parameter, 1.0, 2.0)
    assert parameter.is_leaf and parameter.requires_grad
    assert parameter.detach().min().item() >= 1


def test_the_default_generator_is_used():
    tl.manual_seed(0)
    first = init.normal_(tl.empty(5)).tolist()
    tl.manual_seed(0)
    assert init.normal_(tl.empty(5)).tolist() == first


def test_empty_tensors():
    assert init.kaiming_uniform_(tl.empty((0, 3))).shape == (0, 3)
    assert init.kaiming_uniform_(tl.empty((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    "function, error, text",
    [
        (lambda: init.kaiming_uniform_(tl.empty(3)), ValueError, r"two axes, got shape \(3,\)"),
        (lambda: init.kaiming_uniform_(tl.empty((3, 3)), mode="in"), ValueError, "got 'in'"),
        (
            lambda: init.kaiming_uniform_(tl.empty((3, 3)), nonlinearity="cube"),
            ValueError,
            "calculate_gain: expected one of linear, .* got 'cube'",
        ),
        (
            lambda: init.uniform_(tl.zeros(3, dtype="int64")),
            TypeError,
            "uniform_: expected a floating dtype, got int64",
        ),
        (lambda: init.normal_(tl.zeros(3, dtype="complex64")), TypeError, "got complex64"),
    ],
)
def test_refused(function, error, text):
    with pytest.raises(error, match=text):
        function()
