"""save and load: round trips, exchange with the safetensors package, damaged files."""

import contextlib
import json
import os
import struct

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.testing import assert_array_equal

INTEGERS = [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
DTYPES = ["bool", *INTEGERS, "float16", "float32", "float64", "complex64"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.safetensors"


def raw(header, data=b""):
    """A file with this header, a dict or the text itself."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def samples():
    values = np.array([[0, 1, 2], [3, 100, 0]])
    return {dtype: values.astype(dtype) for dtype in DTYPES}


def assert_same(a, b):
    assert a.dtype == b.dtype
    assert_array_equal(a, b)


def test_round_trip_of_every_dtype(path):
    state = {name: tl.asarray(values) for name, values in samples().items()}
    state |= {"0-d": tl.asarray(2.5), "empty": tl.zeros((0, 3)), "names.with ünicode": tl.ones(1)}
    tl.save(state, path)
    loaded = tl.load(path)
    assert list(loaded) == list(state)
    for name, value in state.items():
        assert_same(loaded[name], value)


def test_bfloat16(path):
    ml_dtypes = pytest.importorskip(
        "ml_dtypes", reason="bfloat16 needs ml_dtypes: pip install ml_dtypes"
    )
    x = tl.asarray(np.arange(5).astype(ml_dtypes.bfloat16))
    tl.save({"x": x}, path)
    assert b'"BF16"' in path.read_bytes()
    assert_same(tl.load(path)["x"], x)


def test_views_and_special_values(path):
    x = tl.arange(24.0).reshape(4, 6)
    special = tl.asarray([np.nan, np.inf, -np.inf, -0.0])
    tl.save({"x": x[::-2, 1::2].T, "special": special}, str(path))
    loaded = tl.load(str(path))
    assert_array_equal(loaded["x"], np.asarray(x)[::-2, 1::2].T)
    assert loaded["special"].tobytes() == special.tobytes()


def test_what_is_loaded_is_its_own(path):
    x = nn.Parameter(tl.ones(3))
    tl.save({"x": x}, path)
    loaded = tl.load(path)["x"]
    assert type(loaded) is tl.Tensor and not loaded.requires_grad
    loaded += 1
    assert_array_equal(tl.load(path)["x"], [1, 1, 1])


def test_nested_state(path):
    state = {
        "epoch": 3,
        "rates": [0.1, 1e-300, float("inf")],
        "name": "net",
        "flags": (True, None, ()),
        "optimizer": {0: {"step": 5, "mean": tl.ones(2)}, 1: {}},
        "pair": [tl.zeros(1), (tl.ones(1, dtype="int8"),)],
    }
    tl.save(state, path)
    loaded = tl.load(path)
    assert_array_equal(loaded["optimizer"][0].pop("mean"), [1, 1])
    assert_array_equal(loaded["pair"].pop(0), [0])
    assert_array_equal(loaded["pair"][0][0], [1])
    del state["pair"], state["optimizer"][0]["mean"], loaded["pair"]
    assert loaded == state


def test_one_state_is_one_sequence_of_bytes(path, tmp_path):
    state = {"b": tl.ones(3, dtype="int8"), "a": tl.zeros(2), "n": 1}
    tl.save(state, path)
    tl.save(state, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


def test_files_for_and_from_the_safetensors_package(path):
    safetensors = pytest.importorskip(
        "safetensors.numpy", reason="the format's own package is missing: pip install safetensors"
    )
    arrays = samples() | {"0-d": np.array(1.5), "empty": np.zeros((2, 0))}
    tl.save({name: tl.asarray(values) for name, values in arrays.items()}, path)
    for name, values in safetensors.load_file(path).items():
        assert_same(values, arrays[name])
    safetensors.save_file(arrays, path, metadata={"format": "np"})
    loaded = tl.load(path)
    assert loaded.keys() == arrays.keys()
    for name, values in arrays.items():
        assert_same(loaded[name], values)
    # Nested state too is a valid file, with dotted names.
    tl.save({"model": {"weight": tl.ones(2)}, "epoch": 1}, path)
    assert list(safetensors.load_file(path)) == ["model.weight"]


X = tl.ones(2)


@pytest.mark.parametrize(
    "state, error, text",
    [
        ([X], TypeError, "save: expected a dict, got list"),
        ({"x": np.ones(2)}, TypeError, "save: 'x': expected Tensors, .* got ndarray"),
        ({"x": {"y": {1, 2}}}, TypeError, "save: 'x.y': expected .* got set"),
        ({"x": {1.5: X}}, TypeError, "save: 'x': expected keys to be str or int, got float"),
        ({"x": tl.ones(2, dtype="complex128")}, TypeError, "'x': the format has no complex128"),
        ({"a.b": X, "a": {"b": X}}, ValueError, "a name of its own for each tensor, got 'a.b'"),
        ({"__metadata__": X}, ValueError, "a name of its own .* got '__metadata__'"),
        ({"\ud800": X}, ValueError, "surrogates"),
    ],
)
def test_save_refuses_and_leaves_the_file(path, state, error, text):
    path.write_bytes(b"before")
    with pytest.raises(error, match=text):
        tl.save(state, path)
    assert path.read_bytes() == b"before"
    assert os.listdir(path.parent) == [path.name]


def test_a_state_that_contains_itself_is_refused(path):
    state = {}
    state["self"] = state
    with pytest.raises(ValueError, match="save: the structure is too deep or contains itself"):
        tl.save(state, path)


def test_saving_replaces_the_file_and_keeps_it_when_interrupted(path, monkeypatch):
    tl.save({"x": tl.zeros(2)}, path)
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        tl.save({"x": tl.ones(2)}, path)
    monkeypatch.undo()
    assert_array_equal(tl.load(path)["x"], [0, 0])
    assert os.listdir(path.parent) == [path.name]
    tl.save({"x": tl.ones(2)}, path)
    assert_array_equal(tl.load(path)["x"], [1, 1])


def test_saving_through_a_link_and_with_usual_rights(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)
    tl.save({"x": X}, link)
    assert link.is_symlink() and not path.is_symlink()
    usual = tmp_path / "usual"
    usual.touch()
    assert path.stat().st_mode == usual.stat().st_mode


def test_paths_that_cannot_be_used(tmp_path):
    with pytest.raises(FileNotFoundError):
        tl.load(tmp_path / "missing")
    with pytest.raises(FileNotFoundError):
        tl.save({"x": X}, tmp_path / "missing" / "file")
    with pytest.raises(IsADirectoryError):
        tl.save({"x": X}, tmp_path)
    assert os.listdir(tmp_path.parent / tmp_path.name) == []


def entry(dtype="F32", shape=(2,), data_offsets=(0, 8)):
    return {"dtype": dtype, "shape": shape, "data_offsets": data_offsets}


DAMAGED = [
    (b"", "at least 8 bytes, got 0"),
    (b"\0" * 7, "at least 8 bytes, got 7"),
    (struct.pack("<Q", 100) + b"{}", "a header within the file's 10 bytes, got length 100"),
    (struct.pack("<Q", 2**64 - 1) + b"{}", "got length 18446744073709551615"),
    (raw(b"not json"), "the header is no valid JSON"),
    (raw(b'{"x": "\xff"}'), "the header is no valid JSON"),
    (raw(b"[" * 100_000), "the header is no valid JSON"),
    (raw(b"[]"), "the header to be a JSON object, got list"),
    (raw(b'{"x": 1, "x": 2}'), "the name 'x' comes twice"),
    (raw({"x": 5}), "tensor 'x': expected dtype, shape and data_offsets"),
    (raw({"x": {**entry(), "more": 1}}), "expected dtype, shape and data_offsets"),
    (raw({"x": entry(dtype="F33")}), "expected a dtype of BOOL, .* got 'F33'"),
    (raw({"x": entry(dtype=[1])}), r"expected a dtype of .* got \[1\]"),
    (raw({"x": entry(shape=[-2])}), r"expected lists of whole numbers, got \[-2\]"),
    (raw({"x": entry(shape=[2.0])}), r"expected lists of whole numbers, got \[2.0\]"),
    (raw({"x": entry(shape=2)}), "expected lists of whole numbers, got 2"),
    (raw({"x": entry(shape=[True])}), "expected lists of whole numbers"),
    (raw({"x": entry(data_offsets=[0])}), "expected two data_offsets, got 1"),
    (
        raw({"x": entry(shape=[3])}, bytes(8)),
        r"expected 12 bytes for shape \[3\] of float32, got 8",
    ),
    (raw({"x": entry(shape=[2**62, 4])}, bytes(8)), "expected 73786976294838206464 bytes"),
    (raw({"x": entry(data_offsets=[8, 0])}, bytes(8)), "expected 8 bytes .* got -8"),
    (raw({"x": entry(data_offsets=[4, 12])}, bytes(12)), "data_offsets from 0, got 4"),
    (
        raw({"x": entry(), "y": entry()}, bytes(8)),
        "tensor 'y': expected data_offsets from 8, got 0",
    ),
    (raw({"x": entry()}, bytes(7)), "expected 8 bytes of data, got 7"),
    (raw({"x": entry()}, bytes(9)), "expected 8 bytes of data, got 9"),
    (raw({"x": entry("BOOL", [1], [0, 1])}, b"\2"), "expected bytes 0 and 1 for bool, got 2"),
    (raw({"x": entry("F32", [0] * 100, [0, 0])}), "tensor 'x'"),
    (raw({"x": entry("F32", [0, 2**70], [0, 0])}), "tensor 'x'"),
    (raw({"__metadata__": {"a": 1}}), "expected __metadata__ to hold strings"),
    (raw({"__metadata__": []}), "expected __metadata__ to hold strings"),
    (raw({"__metadata__": {"tensorlib.structure": "{"}}), "structure in the metadata does not fit"),
    (raw({"__metadata__": {"tensorlib.structure": '{"tensor": "y"}'}}), "structure"),
    (raw({"__metadata__": {"tensorlib.structure": '{"list": []}'}}), "structure"),
    (raw({"__metadata__": {"tensorlib.structure": '{"what": []}'}}), "structure"),
    (
        raw({"__metadata__": {"tensorlib.structure": '{"dict": []}'}, "x": entry()}, bytes(8)),
        "structure",
    ),
]


@pytest.mark.parametrize("data, text", DAMAGED, ids=range(len(DAMAGED)))
def test_damaged_files(path, data, text):
    path.write_bytes(data)
    with pytest.raises(tl.SerializationError, match=f"load: '.*state.safetensors': .*{text}"):
        tl.load(path)


def test_every_cut_of_a_file_is_noticed(path):
    tl.save({"x": tl.ones(3), "n": 1}, path)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(tl.SerializationError):
            tl.load(path)


def test_no_flipped_bit_of_a_header_does_harm(path):
    tl.save({"x": tl.ones(3), "y": {"n": 1}}, path)
    whole = path.read_bytes()
    for place in range(len(whole) - 24):
        for bit in (1, 16, 128):
            data = bytearray(whole)
            data[place] ^= bit
            path.write_bytes(data)
            with contextlib.suppress(tl.SerializationError):
                tl.load(path)
