"""What the library says of itself to code that is written for the Array API standard."""

import copy
import pickle

import numpy as np
import pytest

import tensorlib as tl

INFO = tl.__array_namespace_info__()
THEIRS = np.__array_namespace_info__()


def test_version():
    assert tl.__array_api_version__ == "2025.12"


def test_capabilities():
    assert INFO.capabilities() == THEIRS.capabilities()
    limit = INFO.capabilities()["max dimensions"]
    assert tl.zeros((1,) * limit).ndim == limit
    with pytest.raises(ValueError):
        tl.zeros((1,) * (limit + 1))


def test_devices():
    devices = INFO.devices()
    assert type(devices).__mro__[1] is tuple and devices == ("cpu",)
    # Code from before 2025.12 adds lists to it.
    assert devices + [None] == ["cpu", None]
    assert devices + (None,) == ("cpu", None)
    assert INFO.default_device() in devices
    for device in devices + [None]:
        assert tl.zeros(2, device=device).device == "cpu"


@pytest.mark.parametrize(
    "kind",
    [None, "bool", "signed integer", "unsigned integer", "integral", "real floating",
     "complex floating", "numeric", ("bool", "real floating")],
)  # fmt: skip
def test_dtypes(kind):
    assert INFO.dtypes(kind=kind) == THEIRS.dtypes(kind=kind)
    for dtype in INFO.dtypes(device="cpu", kind=kind).values():
        assert tl.empty(1, dtype=dtype).dtype == dtype


def test_default_dtypes():
    dtypes = INFO.default_dtypes(device="cpu")
    assert dtypes == THEIRS.default_dtypes()
    assert tl.zeros(1).dtype == dtypes["real floating"]
    assert tl.asarray(1).dtype == dtypes["integral"]
    assert tl.asarray(1j).dtype == dtypes["complex floating"]
    assert tl.argsort([1]).dtype == dtypes["indexing"]


def test_errors():
    for call in INFO.dtypes, INFO.default_dtypes:
        with pytest.raises(ValueError, match="device"):
            call(device="nowhere")
    with pytest.raises(ValueError):
        INFO.dtypes(kind="text")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
def test_finfo(dtype):
    theirs = np.finfo(dtype)
    for given in dtype, np.dtype(dtype), getattr(tl, dtype), tl.zeros(2, dtype=dtype):
        ours = tl.finfo(given)
        for name in set(dir(theirs)) - {"__doc__"}:
            if not name.startswith("_"):
                value, expected = getattr(ours, name), getattr(theirs, name)
                assert value == expected
                kinds = (float, int, np.dtype)
                assert isinstance(value, kinds) and not isinstance(value, np.float32)
        assert repr(ours) == repr(theirs) and str(ours) == str(theirs)
        assert set(dir(theirs)) == set(dir(ours))
    for same in copy.copy(ours), pickle.loads(pickle.dumps(ours)):
        assert same.eps == ours.eps


def test_finfo_of_bfloat16():
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 needs ml_dtypes")
    for given in tl.bfloat16, np.dtype(tl.bfloat16), tl.zeros(2, dtype=tl.bfloat16):
        assert tl.finfo(given).eps == float(ml_dtypes.finfo(tl.bfloat16).eps)


def test_finfo_refuses_integers():
    with pytest.raises(ValueError):
        tl.finfo(tl.int32)
