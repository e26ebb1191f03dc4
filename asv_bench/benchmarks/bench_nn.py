"""Layers, losses, optimizers, and a training step of the digits example's network."""

import numpy as np

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.nn import functional as F


def digits_network():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(9216, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
    )


def normal(*shape):
    return tl.asarray(np.random.default_rng(0).standard_normal(shape, np.float32))


class TimeLayer:
    """Forward and backward through one layer."""

    layers = {
        "Linear": (lambda: nn.Linear(1024, 128), (64, 1024)),
        "Conv2d 1 -> 32": (lambda: nn.Conv2d(1, 32, 3), (64, 1, 28, 28)),
        "Conv2d 32 -> 64": (lambda: nn.Conv2d(32, 64, 3), (64, 32, 26, 26)),
        "MaxPool2d": (lambda: nn.MaxPool2d(2), (64, 64, 24, 24)),
        "ReLU": (nn.ReLU, (64, 64, 24, 24)),
        "Dropout": (lambda: nn.Dropout(0.5), (64, 64, 24, 24)),
    }
    params = tuple(layers)
    param_names = ("layer",)

    def setup(self, name):
        make, shape = self.layers[name]
        self.layer = make()
        self.x = normal(*shape)
        self.x.requires_grad = True
        self.gradient = tl.ones_like(self.layer(self.x))

    def time_forward(self, name):
        with tl.no_grad():
            self.layer(self.x)

    def time_forward_backward(self, name):
        self.layer(self.x).backward(self.gradient)


class TimeLoss:
    def setup(self):
        self.scores = normal(64, 10)
        self.scores.requires_grad = True
        self.labels = tl.asarray(np.random.default_rng(0).integers(0, 10, 64))

    def time_log_softmax(self):
        F.log_softmax(self.scores, dim=1)

    def time_cross_entropy(self):
        F.cross_entropy(self.scores, self.labels).backward()


class TimeOptimizer:
    """One step with the digits network's parameters."""

    makers = {
        "SGD": lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9),
        "Adam": optim.Adam,
        "Adadelta": optim.Adadelta,
    }
    params = tuple(makers)
    param_names = ("optimizer",)

    def setup(self, name):
        self.network = digits_network()
        for parameter in self.network.parameters():
            parameter.grad = tl.ones_like(parameter)
        self.optimizer = self.makers[name](self.network.parameters())
        self.optimizer.step()

    def time_step(self, name):
        self.optimizer.step()


class TimeDigits:
    """The network of examples/digits.py on a batch of 64."""

    def setup(self):
        tl.manual_seed(1)
        self.network = digits_network()
        self.optimizer = optim.Adadelta(self.network.parameters(), lr=1.0)
        self.images = normal(64, 1, 28, 28)
        self.labels = tl.asarray(np.random.default_rng(0).integers(0, 10, 64))

    def time_training_step(self):
        loss = F.nll_loss(F.log_softmax(self.network(self.images), dim=1), self.labels)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def time_evaluation(self):
        with tl.no_grad():
            self.network(self.images)
