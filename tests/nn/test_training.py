"""Twenty steps of training beside PyTorch: the same weights and data, the same loss each step."""

import numpy as np
import pytest
from parity import copy_weights, dtypes, torch

import tensorlib as tl

STEPS = 20
BATCH = 16
CLASSES = 4
# Rounding errors grow from step to step, so that these are wider than one result's.
TOLERANCES = {"float32": 1e-4, "float64": 1e-9}

OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9},
    "AdamW": {"lr": 3e-3, "weight_decay": 0.1},
}


def mlp(nn):
    return nn.Sequential(
        nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 4)
    )


def cnn(nn):
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, stride=2),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.Dropout(0.0),
        nn.Flatten(),
        nn.Linear(48, 4),
    )


def lstm(nn):
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.recurrent = nn.LSTM(6, 16, num_layers=2, batch_first=True, bidirectional=True)
            self.head = nn.Linear(32, 4)

        def forward(self, x):
            output, _ = self.recurrent(x)
            return self.head(output[:, -1])

    return Classifier()


def transformer(nn):
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(20, 16)
            layer = nn.TransformerEncoderLayer(
                16, 4, 32, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(16), False)
            self.head = nn.Linear(16, 4)

        def forward(self, tokens):
            return self.head(self.encoder(self.tokens(tokens)).mean(1))

    return Classifier()


# The network, and the shape of a sample: of numbers, or of tokens.
NETWORKS = {
    "mlp": (mlp, (10,)),
    "cnn": (cnn, (2, 12, 12)),
    "lstm": (lstm, (7, 6)),
    "transformer": (transformer, (9,)),
}


def batches(name, shape, dtype):
    """What each step sees; labels follow from the inputs, so that there is something to learn."""
    random = np.random.default_rng(5)
    for _ in range(STEPS):
        labels = random.integers(CLASSES, size=BATCH)
        if name == "transformer":
            inputs = random.integers(20, size=(BATCH, *shape))
            inputs[:, :5] = labels[:, None]
        else:
            inputs = random.standard_normal((BATCH, *shape)).astype(dtype)
            part = shape[-1] // CLASSES
            for x, label in zip(inputs, labels, strict=True):
                x[..., part * label : part * (label + 1)] += 2
        yield inputs, labels


def train(library, tensor, model, optimizer, data):
    """The losses of the steps; `optimizer` is a name."""
    optimizer = getattr(library.optim, optimizer)(model.parameters(), **OPTIMIZERS[optimizer])
    criterion = library.nn.CrossEntropyLoss()
    losses = []
    for inputs, labels in data:
        loss = criterion(model(tensor(inputs)), tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@dtypes
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_loss_at_each_step(name, optimizer, dtype):
    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    theirs = make(torch.nn).to(getattr(torch, dtype))
    ours = make(tl.nn).to(dtype)
    copy_weights(ours, theirs)
    data = list(batches(name, shape, dtype))
    expected = train(torch, torch.tensor, theirs, optimizer, data)
    losses = train(tl, tl.asarray, ours, optimizer, data)
    np.testing.assert_allclose(losses, expected, rtol=0, atol=TOLERANCES[dtype])
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.05
