"""The Shakespeare example as a program, and the memory of its training steps."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tensorlib as tl

pytest.importorskip("tqdm", reason="the example needs tqdm: pip install tqdm")

SCRIPT = Path(__file__).parent.parent / "examples" / "shakespeare.py"
TEXT = "the quick brown fox jumps over the lazy dög;\n" * 150


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def in_a_process(*arguments):
    return subprocess.run(
        [sys.executable, "-P", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(tl.__file__).parent.parent),
            "PYTHONIOENCODING": "utf-8",
            "OPENBLAS_NUM_THREADS": "1",  # on a busy machine threads wait for each other
        },
    )


@pytest.fixture(scope="module")
def shakespeare():
    spec = importlib.util.spec_from_file_location("shakespeare", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def call(shakespeare, capsys):
    """The status, the output and the errors of a call in this process, which saves the imports."""

    def call(*arguments):
        try:
            status = shakespeare.main([str(argument) for argument in arguments])
        except SystemExit as exit:
            status = exit.code
        return status, *capsys.readouterr()

    return call


def test_it_learns_and_writes_the_same_way_twice(text, tmp_path):
    pytest.importorskip("matplotlib", reason="the picture needs matplotlib: pip install matplotlib")
    samples = []
    for output in (tmp_path / "a", tmp_path / "b"):
        done = in_a_process(SCRIPT, "--text", text, "--steps", 30, "--output", output)
        assert done.returncode == 0, done.stderr
        last = done.stdout.splitlines()[-1]
        assert re.fullmatch(r"validation loss: \d\.\d\d", last)
        # Of 29 characters: log(29) is 3.37.
        assert float(last.split()[-1]) < 2.9
        assert "100%" in done.stderr and "loss=" in done.stderr
        assert (output / "losses.png").read_bytes().startswith(b"\x89PNG")
        samples.append((output / "sample.txt").read_text(encoding="utf-8"))
        assert samples[-1] in done.stdout
    assert samples[0] == samples[1]
    assert len(samples[0]) == 500
    assert set(samples[0]) <= set(TEXT)


def test_without_matplotlib_there_is_no_picture(call, shakespeare, monkeypatch, text, tmp_path):
    monkeypatch.setattr(shakespeare, "Figure", None)
    monkeypatch.setattr(shakespeare, "SAMPLE", 3)
    status, printed, _ = call("--text", text, "--steps", 1, "--output", tmp_path)
    assert status == 0
    assert "no picture: pip install matplotlib\nvalidation loss: " in printed
    assert [path.name for path in tmp_path.iterdir()] == ["sample.txt"]


def test_the_model_looks_at_no_later_character(shakespeare):
    tl.manual_seed(0)
    model = shakespeare.GPT(5)
    x = tl.random.default_rng(0).integers(5, size=(1, shakespeare.BLOCK))
    changed = x.copy()
    changed[0, 40:] = (changed[0, 40:] + 1) % 5
    with tl.no_grad():
        difference = abs(model(x) - model(changed)).max(axis=2)[0]
    assert (difference[:40] == 0).all()
    assert (difference[40:] > 0).all()


def test_embedding_and_head_share_their_weight(shakespeare):
    model = shakespeare.GPT(65)
    assert model.head.weight is model.tokens.weight
    # 65 x 128 and 64 x 128 of the embeddings; four blocks of 12 x 128 x 128 and two
    # normalizations; the last normalization.
    assert shakespeare.count_parameters(model) == 129 * 128 + 4 * (12 * 128**2 + 256) + 128


def test_the_learning_rate_rises_and_falls(shakespeare):
    parameter = tl.ones(1).requires_grad_()
    optimizer = tl.optim.AdamW([parameter], lr=shakespeare.HIGHEST_RATE)
    scheduler = shakespeare.schedule(optimizer, 2000)
    rates = []
    for _ in range(2000):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert rates[0] == pytest.approx(2e-3 / 101)
    assert rates[100] == pytest.approx(2e-3)
    assert rates[1050] == pytest.approx(1.05e-3)
    assert rates[-1] == pytest.approx(1e-4, rel=1e-3)
    assert rates[:101] == sorted(rates[:101])
    assert rates[100:] == sorted(rates[100:], reverse=True)


# In a process of its own, for the peak is the highest so far.
MEMORY = """
import sys
sys.path.insert(0, sys.argv[1])
import shakespeare
import tensorlib as tl

model = shakespeare.GPT(65)
parameters = list(model.parameters())
optimizer = tl.optim.AdamW(parameters)
blocks, following = tl.random.default_rng(0).integers(65, size=(2, 12, 64))
for _ in range(3):
    loss = shakespeare.loss_of(model, blocks, following)
    kept = tl.autograd.graph.saved_bytes(loss).total
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    del loss
# The parameters, their gradients and two means for each of them.
print(kept, 4 * sum(p.nbytes for p in parameters), tl.memory_stats()["peak"])
"""


def test_a_step_needs_little_more_memory_than_the_rules_declare():
    done = in_a_process("-c", MEMORY, SCRIPT.parent)
    assert done.returncode == 0, done.stderr
    kept, persistent, peak = map(int, done.stdout.split())
    # For a character a layer keeps what its two normalizations are given, with mean and variance,
    # and what they give; query, key and value; what attention gives, in two orders, and a
    # logarithm for each head; what gelu is given and what it gives. That is 17 times the width.
    numbers = 4 * (17 * 128 + 8) + (2 * 128 + 2) + 65
    assert kept < 1.01 * numbers * 12 * 64 * 4
    assert abs(peak / (kept + persistent) - 1) < 0.1


BROKEN = {
    "missing": (None, "No such file or directory"),
    "bytes": (b"\xff\xfe" * 5000, "expected text in UTF-8 (invalid start byte)"),
    "empty": (b"", "expected at least 6500 characters, got 0"),
    "short": (b"x" * 6499, "expected at least 6500 characters, got 6499"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_texts_that_are_none_get_one_line(name, call, tmp_path):
    data, text = BROKEN[name]
    path = tmp_path / "text.txt"
    if data is not None:
        path.write_bytes(data)
    status, _, errors = call("--text", path, "--output", tmp_path / "out")
    assert status == 1
    assert errors == f"shakespeare.py: {path}: {text}\n"
    assert not (tmp_path / "out").exists()


def test_an_output_that_cannot_be_written_gets_one_line(call, text, tmp_path):
    (tmp_path / "file").touch()
    status, _, errors = call("--text", text, "--output", tmp_path / "file" / "below")
    assert status == 1
    assert re.fullmatch(r"shakespeare\.py: .*Not a directory.*\n", errors)


@pytest.mark.skipif(tl.cuda.is_available(), reason="there is a GPU; the test is of the others")
def test_cuda_is_refused_without_a_gpu_in_one_line(call, text):
    status, _, errors = call("--text", text, "--device", "cuda")
    assert status == 1
    assert re.fullmatch(r"shakespeare\.py: --device cuda: .+\n", errors)
    assert tl.cuda.why() in errors


@pytest.mark.parametrize(
    "arguments, text",
    [
        ((), "the following arguments are required: --text"),
        (("--text", "f", "--steps", "0"), "expected a positive number, got 0"),
        (("--text", "f", "--seed", "-1"), "expected a number that is not negative, got -1"),
        (("--text", "f", "--device", "tpu"), "invalid choice: 'tpu'"),
    ],
)
def test_usage(call, arguments, text):
    status, _, errors = call(*arguments)
    assert status == 2
    assert text in errors
