"""Training on a device takes the course that it takes on the CPU, step by step and as a graph."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn, optim

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((16, 1, 8, 8)).astype(np.float32)
TOKENS = RNG.integers(0, 11, (4, 7))
LABELS = RNG.integers(0, 3, 16)


class Language(nn.Module):
    """A small transformer: embedding, attention, layer norms."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 8)
        self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(8, 11)

    def forward(self, tokens):
        return self.head(self.block(self.embedding(tokens)))


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 3))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 3),
    )  # fmt: skip


def classified(net, x, y):
    return nn.functional.cross_entropy(net(x), y)


def continued(net, x, y):
    return nn.functional.cross_entropy(net(x[:, :-1]).reshape(-1, 11), x[:, 1:].reshape(-1))


CASES = {
    "perceptron": (perceptron, classified, IMAGES, LABELS),
    "convolutional": (convolutional, classified, IMAGES, LABELS),
    "language": (Language, continued, TOKENS, LABELS),
}


def course(name, place, steps, make_optimizer, as_graph=False):
    """The losses of some steps."""
    make, loss_of, x, y = CASES[name]
    tl.manual_seed(0)
    net = make().to(place)
    optimizer = make_optimizer(net.parameters())
    x, y = tl.asarray(x.copy()).to(place), tl.asarray(y.copy()).to(place)
    losses = []

    def step():
        optimizer.zero_grad()
        loss = loss_of(net, x, y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(2 if as_graph else steps):
        losses.append(step().item())
    if as_graph:
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            loss = step()
        for _ in range(steps - 2):
            graph.replay()
            tl.cuda.synchronize()
            losses.append(loss.item())
    return losses


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "make_optimizer",
    [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.AdamW(p, lr=0.01)],
    ids=["SGD", "AdamW"],
)
def test_as_on_the_cpu(name, make_optimizer, device):
    expected = course(name, "cpu", 5, make_optimizer)
    np.testing.assert_allclose(course(name, device, 5, make_optimizer), expected, rtol=2e-4)
    assert expected[-1] < expected[0]


@pytest.mark.parametrize("name", CASES)
def test_a_step_as_a_graph(name, device):
    def adam(parameters):
        return optim.AdamW(parameters, lr=0.01)

    expected = course(name, "cpu", 5, adam)
    np.testing.assert_allclose(course(name, device, 5, adam, as_graph=True), expected, rtol=2e-4)
