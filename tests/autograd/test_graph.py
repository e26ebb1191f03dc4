"""What a graph keeps, and drawings of it."""

import builtins
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.autograd import graph
from tensorlib.autograd.graph import make_dot, saved_bytes


def leaf(*shape, dtype="float64"):
    return tl.ones(shape, dtype=dtype).requires_grad_()


def test_node():
    x = leaf(2)
    y = tl.exp(x)
    assert isinstance(y.grad_fn, graph.Node)
    assert y.grad_fn.next_functions == ((x, 0),)
    assert y.grad_fn.params == ()
    assert y.sum().grad_fn.params[0] == (0,)


# saved_bytes


def test_what_rules_name_is_counted_once():
    x = leaf(100)
    y = tl.exp(x)  # keeps its result
    z = tl.sin(y) + tl.cos(y) + y[:50].sum()  # the same memory, and none
    assert saved_bytes(z).by_op == {"exp": 800}
    assert saved_bytes(z) == saved_bytes([z, y])
    assert saved_bytes([z, tl.tanh(y)]).by_op == {"exp": 800, "tanh": 800}


def test_leaves_are_counted_apart():
    x, w = tl.ones((10, 3)), leaf(3, 4)
    found = saved_bytes(x @ w)
    assert (found.total, found.leaves, found.by_op) == (240, 0, {"matmul": 240})
    x = leaf(10, 3)
    assert (saved_bytes(x @ w).total, saved_bytes(x @ w).leaves) == (0, 240 + 96)


def test_what_is_freed_or_packed_or_a_parameter_of_the_op():
    x = leaf(6)
    y = tl.exp(x)
    y.sum().backward()
    assert saved_bytes(y).total == 0
    with graph.saved_tensors_hooks(lambda t: t.numpy(), tl.asarray):
        assert saved_bytes(tl.exp(x)).total == 0
    assert saved_bytes(x[tl.asarray([1, 2, 3])]).by_op == {"advanced_index": 24}
    assert saved_bytes(tl.ones(3)) == graph.SavedBytes(0, 0, {})


class Cube(tl.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.other = x * 2
        return x**3

    @staticmethod
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] ** 2 * g


def test_functions_keep_what_they_save_and_what_is_in_the_context():
    x = leaf(5)
    h = x + 1
    assert saved_bytes(Cube.apply(h)).by_op == {"Cube": 40 + 40}


def test_the_table():
    x = leaf(1000, dtype="float32")
    assert str(saved_bytes(tl.tanh(tl.exp(x)) * x)).splitlines() == [
        "op         bytes",
        "exp        4,000",
        "tanh       4,000",
        "total      8,000",
        "leaves     4,000",
    ]


def test_what_is_alive_after_the_forward_pass_is_what_rules_declare():
    n = 1 << 18
    x = leaf(n)
    before = tl.memory_stats()["allocated"]
    y = x
    for _ in range(10):
        y = tl.tanh(y)
    assert tl.memory_stats()["allocated"] - before == saved_bytes(y).total == 10 * 8 * n


STEP = """
import numpy as np, tensorlib as tl
from tensorlib import nn
from tensorlib.autograd.graph import saved_bytes
layer = nn.TransformerEncoderLayer(128, 4, 512, 0.0, nn.functional.gelu, batch_first=True)
model = nn.Sequential(nn.Embedding(65, 128), nn.TransformerEncoder(layer, 4), nn.Linear(128, 65))
for p in model.parameters():
    p.grad = tl.zeros(p.shape, dtype=p.dtype)
text = tl.asarray(np.random.default_rng(0).integers(0, 65, (12, 64)))
before = tl.memory_stats()["allocated"]
loss = nn.functional.cross_entropy(model(text).reshape(-1, 65), text.reshape(-1))
kept = saved_bytes(loss).total
loss.backward()
print((tl.memory_stats()["peak"] - before) / kept)
"""


def test_the_peak_of_a_training_step_is_what_rules_declare():
    """Of a transformer, to 10 %; in a process of its own, as a peak is one of all times."""
    done = subprocess.run([sys.executable, "-P", "-c", STEP], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert 1 < float(done.stdout) < 1.1


# drawings


def line_above():
    return f"{os.path.basename(__file__)}:{inspect.currentframe().f_back.f_lineno - 1}"


def parse(drawing):
    """Labels by name, and edges, of the text."""
    text = str(drawing)
    assert text.startswith("digraph {\n")
    assert text.endswith("\n}")
    nodes = dict(re.findall(r'^  (\w+) \[label="((?:[^"\\]|\\.)*)", ', text, re.MULTILINE))
    edges = re.findall(r"^  (\w+) -> (\w+)", text, re.MULTILINE)
    return nodes, [(nodes[a], nodes[b]) for a, b in edges]


def test_ops_shapes_and_lines():
    x, w = leaf(4, 3), leaf(3, 2)
    y = x @ w
    line = line_above()
    z = tl.exp(y).sum()
    other = line_above()
    nodes, edges = parse(make_dot(z, {"x": x, "weight": w}))
    assert sorted(nodes.values()) == sorted([
        "()", rf"sum\n()\n{other}", rf"exp\n(4, 2)\n{other}", rf"matmul\n(4, 2)\n{line}",
        r"x\n(4, 3)", r"weight\n(3, 2)",
    ])  # fmt: skip
    assert sorted(edges) == sorted([
        (rf"sum\n()\n{other}", "()"),
        (rf"exp\n(4, 2)\n{other}", rf"sum\n()\n{other}"),
        (rf"matmul\n(4, 2)\n{line}", rf"exp\n(4, 2)\n{other}"),
        (r"x\n(4, 3)", rf"matmul\n(4, 2)\n{line}"),
        (r"weight\n(3, 2)", rf"matmul\n(4, 2)\n{line}"),
    ])  # fmt: skip


def test_shared_nodes_are_drawn_once():
    x = leaf(2)
    y = tl.exp(x)
    nodes, edges = parse(make_dot([y * y, y + x]))
    names = [label.partition("\\n")[0] for label in nodes.values()]
    assert sorted(names) == sorted(["(2,)", "(2,)", "(2,)", "exp", "multiply", "add"])
    assert len(edges) == 2 + 2 + 1 + 2


def test_a_module_and_a_leaf_alone_and_no_graph():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    nodes, _ = parse(make_dot(model(tl.ones((2, 3), dtype="float32")), model.named_parameters()))
    labels = set(nodes.values())
    assert {r"0.weight\n(4, 3)", r"0.bias\n(4,)", r"2.weight\n(1, 4)", r"2.bias\n(1,)"} <= labels
    x = leaf(2)
    assert parse(make_dot(x, {"x": x}))[1] == [(r"x\n(2,)", r"x\n(2,)")]
    assert parse(make_dot(tl.ones(2)))[1] == []


def test_saved_tensors():
    nodes, edges = parse(make_dot(tl.exp(leaf(2, 3)), show_saved=True))
    assert r"saved\n(2, 3)\nfloat64" in nodes.values()
    assert len(edges) == 3
    assert r"saved\n(2, 3)\nfloat64" not in parse(make_dot(tl.exp(leaf(2, 3))))[0].values()


def test_names_are_escaped():
    x = leaf(2)
    text = str(make_dot(x * 2, {'a "b" \\ c': x}))
    assert r'label="a \"b\" \\ c\n(2,)"' in text


def test_deep_graphs():
    y = leaf(1)
    for _ in range(5000):
        y = y + 1
    assert str(make_dot(y)).count(" -> ") == 5001


def test_a_million_nodes_are_no_recursion_for_saved_bytes():
    y = leaf(1)
    for _ in range(100_000):
        y = y + 1
    assert saved_bytes(y).total == 0


def test_save(tmp_path):
    drawing = make_dot(tl.exp(leaf(2)))
    drawing.save(tmp_path / "graph.dot")
    assert (tmp_path / "graph.dot").read_text("utf-8") == str(drawing)
    assert repr(drawing) == "<Drawing of 2 edges>"


def test_svg(tmp_path):
    pytest.importorskip("graphviz", reason="graphviz is not installed: pip install graphviz")
    drawing = make_dot(tl.exp(leaf(2)))
    if shutil.which("dot") is None:
        with pytest.raises(RuntimeError, match="expected Graphviz's program dot on the PATH"):
            drawing.svg()
        assert drawing._repr_svg_() is None
        return
    drawing.save(tmp_path / "graph.svg")
    assert "<svg" in (tmp_path / "graph.svg").read_text("utf-8")
    assert drawing._repr_svg_() == drawing.svg()


FAKE = """
class ExecutableNotFound(Exception):
    pass

class Source:
    def __init__(self, text):
        self.text = text

    def pipe(self, format, encoding):
        return f"<{format} of {self.text[:7]} in {encoding}>"
"""


def test_svg_is_drawn_by_the_package(tmp_path, monkeypatch):
    """With a stand-in for the package, as machines without the program dot have none."""
    (tmp_path / "graphviz.py").write_text(FAKE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "graphviz", raising=False)
    drawing = make_dot(tl.exp(leaf(2)))
    assert drawing.svg() == drawing._repr_svg_() == "<svg of digraph in utf-8>"
    drawing.save(tmp_path / "x.svg")
    assert Path(tmp_path / "x.svg").read_text("utf-8") == drawing.svg()
    monkeypatch.delitem(sys.modules, "graphviz")


def test_svg_without_the_package(monkeypatch):
    imported = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "graphviz":
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    drawing = make_dot(tl.exp(leaf(2)))
    with pytest.raises(ImportError, match=r"expected the package graphviz .*pip install graphviz"):
        drawing.svg()
    assert drawing._repr_svg_() is None


def test_wrong_arguments():
    with pytest.raises(TypeError, match="make_dot: expected Tensors as params, got int"):
        make_dot(tl.ones(2), {"x": 3})
    with pytest.raises(TypeError, match="make_dot: expected Tensors as outputs, got int"):
        make_dot(3)
    with pytest.raises(TypeError, match="saved_bytes: expected Tensors as outputs, got str"):
        saved_bytes(["x"])
    with pytest.raises(TypeError, match="increment_version: expected Tensors as tensor, got str"):
        graph.increment_version(["x"])
    x, y = tl.ones(2), tl.ones(2)
    before = x._version, y._version
    graph.increment_version([x, y])
    assert (x._version, y._version) == (before[0] + 1, before[1] + 1)
    assert np.array_equal(x, [1, 1])
