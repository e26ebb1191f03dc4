"""Layers: their parameters, options, texts and errors; what they compute is the functions'."""

import math

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_array_equal


def test_linear():
    layer = nn.Linear(5, 3)
    assert (layer.weight.shape, layer.bias.shape) == ((3, 5), (3,))
    assert layer.weight.dtype == layer.bias.dtype == np.float32
    x = tl.ones((2, 5), dtype="float32")
    assert_array_equal(layer(x), F.linear(x, layer.weight, layer.bias))
    assert nn.Linear(5, 3, bias=False).bias is None
    assert nn.Linear(5, 3, dtype="float64").weight.dtype == np.float64


def test_conv2d():
    layer = nn.Conv2d(4, 6, (3, 2), stride=2, padding=(1, 0), dilation=(1, 2), groups=2)
    assert (layer.weight.shape, layer.bias.shape) == ((6, 2, 3, 2), (6,))
    x = tl.ones((2, 4, 8, 8), dtype="float32")
    expected = F.conv2d(x, layer.weight, layer.bias, 2, (1, 0), (1, 2), 2)
    assert_array_equal(layer(x), expected)


@pytest.mark.parametrize("layer", [nn.Linear(50, 400), nn.Conv2d(2, 400, 5)])
def test_first_values_fill_the_range_of_one_over_the_root_of_the_inputs(layer):
    bound = 1 / math.sqrt(50)
    for values in (np.asarray(layer.weight.detach()), np.asarray(layer.bias.detach())):
        assert np.abs(values).max() <= bound
        assert abs(values.std() / (bound / math.sqrt(3)) - 1) < 0.1
        assert abs(values.mean()) < 0.1 * bound


def test_first_values_follow_the_seed():
    tl.manual_seed(5)
    first = nn.Linear(4, 4).weight.tolist()
    assert nn.Linear(4, 4).weight.tolist() != first
    tl.manual_seed(5)
    assert nn.Linear(4, 4).weight.tolist() == first


@pytest.mark.parametrize(
    "make, error, text",
    [
        (lambda: nn.Linear(-1, 3), ValueError, "Linear: expected numbers of features >= 0, got -1"),
        (lambda: nn.Conv2d(0, 3, 3), ValueError, "Conv2d: expected channels >= 1"),
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "into 2 groups, got 3 and 4"),
        (lambda: nn.Conv2d(3, 4, 0), ValueError, "Conv2d: expected kernel_size >= 1, got 0"),
        (lambda: nn.Conv2d(3, 4, "3"), TypeError, "Conv2d: expected kernel_size to be an int"),
        (
            lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"),
            ValueError,
            "Conv2d: expected padding_mode 'zeros', 'reflect', .*, got 'mirror'",
        ),
        (lambda: nn.MaxPool2d(0), ValueError, "MaxPool2d: expected kernel_size >= 1, got 0"),
        (lambda: nn.MaxPool2d(2, stride=-1), ValueError, "MaxPool2d: expected stride >= 1, got -1"),
        (lambda: nn.MaxPool2d(2, stride=0), ValueError, "MaxPool2d: expected stride >= 1, got 0"),
        (lambda: nn.Dropout(1.5), ValueError, r"Dropout: expected a probability in \[0, 1\]"),
    ],
)
def test_layers_refuse(make, error, text):
    with pytest.raises(error, match=text):
        make()


def test_max_pool2d():
    x = tl.arange(32.0).reshape(1, 2, 4, 4)
    assert_array_equal(nn.MaxPool2d(2)(x), F.max_pool2d(x, 2))
    result, indices = nn.MaxPool2d((2, 3), stride=1, padding=1, return_indices=True)(x)
    expected = F.max_pool2d(x, (2, 3), 1, 1, return_indices=True)
    assert_array_equal(result, expected[0])
    assert_array_equal(indices, expected[1])


def test_activations():
    x = tl.asarray([[-1.0, 0.5], [2.0, -3.0]])
    values = np.asarray(x)
    assert_array_equal(nn.ReLU()(x), np.maximum(values, 0))
    assert_array_equal(nn.Tanh()(x), np.tanh(values))
    np.testing.assert_allclose(np.asarray(nn.Sigmoid()(x)), 1 / (1 + np.exp(-values)), rtol=1e-14)
    assert_array_equal(nn.Softmax(dim=0)(x), F.softmax(x, 0))
    assert_array_equal(nn.LogSoftmax(dim=1)(x), F.log_softmax(x, 1))


def test_dropout_obeys_its_mode_and_generator():
    layer = nn.Dropout(0.5, generator=tl.random.default_rng(1))
    x = tl.ones(100)
    expected = F.dropout(x, 0.5, generator=tl.random.default_rng(1))
    assert_array_equal(layer(x), expected)
    assert layer.eval()(x) is x


def test_flatten():
    x = tl.zeros((2, 3, 4, 5))
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0, 1)(x).shape == (6, 4, 5)


@pytest.mark.parametrize(
    "layer, text",
    [
        (nn.Linear(2, 3), "Linear(in_features=2, out_features=3, bias=True)"),
        (nn.Conv2d(1, 2, 3), "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))"),
        (
            nn.Conv2d(2, 2, 3, padding=1, groups=2, bias=False),
            "Conv2d(2, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), groups=2, bias=False)",
        ),
        (
            nn.MaxPool2d(2),
            "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
        ),
        (nn.Dropout(0.25), "Dropout(p=0.25, inplace=False)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.ReLU(), "ReLU()"),
        (nn.LogSoftmax(1), "LogSoftmax(dim=1)"),
    ],
)
def test_texts(layer, text):
    assert repr(layer) == text
