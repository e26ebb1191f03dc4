"""What the layers compute, as functions without parameters of their own."""

from tensorlib.nn.functional.activation import log_softmax, relu, sigmoid, softmax
from tensorlib.nn.functional.conv import conv2d
from tensorlib.nn.functional.dropout import dropout
from tensorlib.nn.functional.linear import linear
from tensorlib.nn.functional.loss import cross_entropy, mse_loss, nll_loss
from tensorlib.nn.functional.pooling import max_pool2d
from tensorlib.nn.functional.shape import flatten

__all__ = [
    "conv2d",
    "cross_entropy",
    "dropout",
    "flatten",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
]
