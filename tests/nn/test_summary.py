"""nn.summary: the table of layers."""

import pytest

import tensorlib as tl
from tensorlib import nn


class Twins(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(3, 4)
        self.right = self.left
        self.unused = nn.Linear(2, 2, bias=False).requires_grad_(False)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("mean", tl.zeros(3))

    def forward(self, x, *, shift=0):
        return {"sum": self.left(x) + self.right(x) + shift, "parts": [self.drop(x), "text"]}


def test_table():
    net = Twins()
    net.drop.train()
    table = nn.summary(net, tl.ones((5, 3), dtype="float32"), shift=1)
    assert [tuple(row) for row in table.rows] == [
        ("", "Twins", 0, ((5, 4), ((5, 3),)), 0, 0, 24),
        ("left", "Linear", 1, (5, 4), 16, 16, 64),
        ("unused", "Linear", 1, None, 4, 0, 16),
        ("drop", "Dropout", 1, (5, 3), 0, 0, 0),
    ]
    assert (table.parameters, table.trainable) == (20, 16)
    assert (table.parameter_bytes, table.buffer_bytes) == (80, 24)
    assert table.output_bytes == 5 * 4 * 4 + 5 * 3 * 4
    lines = repr(table).splitlines()
    assert str(table) == repr(table)
    assert len({len(line) for line in lines[:-2]}) == 1
    assert lines[3].split() == ["left:", "Linear", "(5,", "4)", "16", "64"]
    assert lines[4].split() == ["unused:", "Linear", "-", "4", "16"]
    assert lines[-2:] == [
        "parameters: 20, of which 16 are trained",
        "bytes: 80 of parameters, 24 of buffers, 140 of outputs",
    ]


def test_the_module_is_as_before():
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    net[1].eval()
    nn.summary(net, tl.ones((1, 3), dtype="float32"))
    assert net.training and not net[1].training and not net[0]._call_hooks
    with pytest.raises(ValueError):
        nn.summary(net, tl.ones((1, 7), dtype="float32"))
    assert net.training and not net[1].training and not net[0]._call_hooks


def test_without_inputs():
    table = nn.summary(nn.Sequential(nn.Linear(1000, 2000), nn.ReLU()))
    assert table.parameters == 2_002_000 and table.output_bytes == 0
    assert [row.output_shape for row in table.rows] == [None] * 3
    assert "2,002,000" in repr(table)
