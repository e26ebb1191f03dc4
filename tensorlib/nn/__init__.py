"""Networks: modules that hold parameters, and functions that do not."""

from tensorlib.nn import functional, init
from tensorlib.nn.activation import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from tensorlib.nn.container import ModuleDict, ModuleList, Sequential
from tensorlib.nn.conv import Conv2d
from tensorlib.nn.dropout import Dropout
from tensorlib.nn.flatten import Flatten
from tensorlib.nn.linear import Linear
from tensorlib.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from tensorlib.nn.module import Module
from tensorlib.nn.parameter import Parameter
from tensorlib.nn.pooling import MaxPool2d

__all__ = [
    "Conv2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "functional",
    "init",
]
