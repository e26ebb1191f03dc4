"""Models trained under autocast beside PyTorch, with the same weights and data."""

import gc

import numpy as np
import pytest
from parity import copy_weights, torch
from recorders import Seen

import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.amp import _lists
from tensorlib.nn import functional as F

# A number of bfloat16 has 8 bits, so that each rounding errs by 2**-9 of it at most. The libraries
# round at the same places but sum in other orders and keep other intermediate results (PyTorch
# normalizes and exponentiates in bfloat16 on the CPU): logits differ by a few such roundings, and
# losses of order one by as much, whether at the first step or after twenty.
TOLERANCE = 8 * 2.0**-9
STEPS = 20


class Mlp:
    """Written once for both libraries: `n` is nn of one."""

    @staticmethod
    def make(n):
        return n.Sequential(n.Linear(16, 32), n.GELU(), n.Linear(32, 32), n.ReLU(), n.Linear(32, 5))

    shape = (24, 16)


class Cnn:
    @staticmethod
    def make(n):
        return n.Sequential(
            n.Conv2d(1, 8, 3, padding=1), n.BatchNorm2d(8), n.ReLU(), n.MaxPool2d(2),
            n.Conv2d(8, 12, 3), n.ReLU(), n.AdaptiveAvgPool2d(2), n.Flatten(), n.Linear(48, 5),
        )  # fmt: skip

    shape = (24, 1, 8, 8)


class Transformer:
    @staticmethod
    def make(n):
        return n.Sequential(
            n.Linear(6, 16),
            n.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True),
            n.TransformerEncoderLayer(
                16, 4, 32, dropout=0.0, batch_first=True, norm_first=True, activation="gelu"
            ),
            n.LayerNorm(16), n.Flatten(), n.Linear(7 * 16, 5),
        )  # fmt: skip

    shape = (24, 7, 6)


MODELS = {"mlp": Mlp, "cnn": Cnn, "transformer": Transformer}


def batches(shape):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((STEPS, *shape)).astype("float32")
    centre = rng.standard_normal((5, *shape[1:])).astype("float32")
    y = rng.integers(0, 5, (STEPS, shape[0]))
    return x + centre[y], y


def losses_of(model, amp, optimizer, loss_of, data, convert):
    found = []
    for x, y in zip(*data, strict=True):
        optimizer.zero_grad()
        with amp:
            loss = loss_of(model(convert(x)), convert(y))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return np.array(found)


@pytest.mark.parametrize("name", MODELS)
def test_twenty_steps_beside_pytorch(name):
    torch.manual_seed(0)
    kind = MODELS[name]
    theirs, ours, plain = kind.make(torch.nn), kind.make(nn), kind.make(nn)
    copy_weights(ours, theirs)
    copy_weights(plain, theirs)
    data = batches(kind.shape)
    options = {"lr": 0.03, "momentum": 0.9}
    a = losses_of(ours, tl.amp.autocast(), optim.SGD(ours.parameters(), **options),
                  F.cross_entropy, data, tl.asarray)  # fmt: skip
    b = losses_of(theirs, torch.autocast("cpu", dtype=torch.bfloat16),
                  torch.optim.SGD(theirs.parameters(), **options),
                  torch.nn.functional.cross_entropy, data, torch.tensor)  # fmt: skip
    c = losses_of(plain, tl.amp.autocast(enabled=False),
                  optim.SGD(plain.parameters(), **options), F.cross_entropy, data,
                  tl.asarray)  # fmt: skip
    np.testing.assert_allclose(a, b, 0, TOLERANCE)
    # And training goes as in float32, where nothing is rounded to 16 bits.
    np.testing.assert_allclose(a, c, 0, 2 * TOLERANCE)
    assert not np.array_equal(a, c)
    assert a[-1] < a[0] - 0.3
    assert all(p.dtype == p.grad.dtype == "float32" for p in ours.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_float16_with_a_scaler(name):
    torch.manual_seed(0)
    kind = MODELS[name]
    ours = kind.make(nn)
    copy_weights(ours, kind.make(torch.nn))
    x, y = (tl.asarray(values[0]) for values in batches(kind.shape))
    optimizer, scaler = optim.Adam(ours.parameters(), lr=1e-2), tl.amp.GradScaler()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        with tl.amp.autocast(dtype="float16"):
            loss = F.cross_entropy(ours(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


@pytest.mark.parametrize("name", MODELS)
def test_no_product_runs_in_float32(name):
    kind = MODELS[name]
    model = kind.make(nn)
    x, y = (tl.asarray(values[0]) for values in batches(kind.shape))
    with Seen() as seen, tl.amp.autocast():
        F.cross_entropy(model(x), y)
    products = [dtypes for op, dtypes in seen.calls if op in _lists.LOWER]
    assert len(products) >= 3
    assert all(dtypes == {"bfloat16"} for dtypes in products)


@pytest.mark.parametrize(
    ("name", "share"),
    # Half, and casts of inputs, what normalizations keep in float32, and places of maxima.
    [("mlp", 0.6), ("cnn", 0.8), ("transformer", 0.8)],
)
def test_activations_take_less_memory(name, share):
    kind = MODELS[name]
    model = kind.make(nn)
    rng = np.random.default_rng(0)
    x = tl.asarray(rng.standard_normal((2048, *kind.shape[1:])).astype("float32"))
    kept = []
    for enabled in (False, True):
        gc.collect()
        before = tl.memory_stats()["allocated"]
        with tl.amp.autocast(enabled=enabled):
            y = model(x)
        kept.append(tl.memory_stats()["allocated"] - before)
        del y
    assert kept[1] < share * kept[0], kept
