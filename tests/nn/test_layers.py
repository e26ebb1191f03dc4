"""Layers: first values by the seed, and options that are refused."""

import pytest

import tensorlib as tl
from tensorlib import nn


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
