"""Random numbers on a GPU: the streams of NumPy's Philox."""

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.nn import functional as F


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stream_of_numpy(dtype, device):
    for n in (0, 1, 3, 4, 5, 7, 8, 9, 1000, 2049, 9001):
        numbers = tl.random.default_rng(7).random_on(device, (n, 1), dtype)
        assert numbers.device == f"{device}:0"
        low, high = np.random.default_rng(7).integers(2**64, size=2, dtype="uint64").tolist()
        philox = np.random.Philox(key=high << 64 | low)
        expected = np.random.Generator(philox).random((n, 1), dtype=dtype)
        np.testing.assert_array_equal(numbers.cpu(), expected)


def test_arguments(device):
    generator = tl.random.default_rng(7)
    assert generator.random_on(device).shape == ()
    assert generator.random_on(device, 3).shape == (3,)
    with pytest.raises(TypeError, match="random_on: expected dtype float32 or float64"):
        generator.random_on(device, 3, "int64")
    with pytest.raises(tl.DeviceError, match="nowhere"):
        generator.random_on("nowhere", 3)


@pytest.mark.parametrize(
    ("function", "shape", "channels"),
    [
        (F.dropout, (40, 50), 2),
        (F.dropout1d, (20, 30, 5), 2),
        (F.dropout2d, (20, 30, 5, 4), 2),
        (F.dropout3d, (20, 30, 2, 5, 4), 2),
        (F.alpha_dropout, (40, 50), 2),
        (F.feature_alpha_dropout, (20, 30, 4), 2),
    ],
)
def test_dropout(function, shape, channels, device):
    tl.random.manual_seed(3)
    x = tl.ones(shape, device=device).requires_grad_()
    y = function(x, 0.25, training=True)
    y.backward(tl.ones(shape, device=device))
    values, gradient = y.detach().cpu().numpy(), x.grad.cpu().numpy()
    dropped = gradient == 0
    assert abs(dropped.mean() - 0.25) < 0.06
    assert len(np.unique(values[dropped])) == len(np.unique(values[~dropped])) == 1
    whole = dropped.reshape(*shape[:channels], -1)
    assert (whole == whole[..., :1]).all()
    if "alpha" not in function.__name__:
        np.testing.assert_allclose(values[~dropped], 1 / 0.75)
    again = function(x, 0.25, training=True).detach().cpu().numpy()
    assert (again != values).any()
    tl.random.manual_seed(3)
    np.testing.assert_array_equal(function(x, 0.25, training=True).detach().cpu(), values)


def test_replays_draw_anew(device):
    x = tl.ones((100, 10), device=device)
    F.dropout(x, 0.5)
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        y = F.dropout(x, 0.5)
    drawn = []
    for _ in range(3):
        graph.replay()
        drawn.append(y.cpu().numpy())
    assert all(abs((z == 0).mean() - 0.5) < 0.1 for z in drawn)
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[1] != drawn[2]).any()


def test_other_noise(device):
    logits = tl.zeros((2000, 3), device=device)
    chosen = F.gumbel_softmax(logits, hard=True)
    assert chosen.device == logits.device
    np.testing.assert_array_equal(chosen.sum(1).cpu(), 1)
    assert (abs(chosen.mean(0).cpu() - 1 / 3) < 0.06).all()
    slopes = -F.rrelu(logits - 1, 0.25, 0.75, training=True).cpu()
    assert 0.25 <= slopes.min() < 0.26
    assert 0.74 < slopes.max() <= 0.75
