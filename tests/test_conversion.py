import io

import numpy as np
import pytest
from layouts import array_of, outcome

import tensorlib as tl
from tensorlib import nn
from tensorlib.testing import check_grads

M = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("a", [M, M.T, 5, [1, 2], [[True]], np.float32(2)])
@pytest.mark.parametrize("name", ["asanyarray", "asfortranarray", "asarray_chkfinite", "require"])
@pytest.mark.parametrize("dtype", [None, np.float32])
def test_conversions(compare, name, a, dtype):
    compare(name, a, dtype)


def test_nothing_is_copied_without_need():
    x = tl.asarray(M)
    for function in (tl.asanyarray, tl.asarray_chkfinite, tl.require):
        assert function(x) is x
    assert tl.asfortranarray(x.T).strides == x.T.strides
    parameter = nn.Parameter(tl.ones(2))
    assert tl.asanyarray(parameter) is parameter
    assert not tl.shares_memory(tl.asanyarray(x, copy=True), x)
    with pytest.raises(ValueError):
        tl.asanyarray(x, np.float32, copy=False)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, complex(0, np.nan)])
def test_asarray_chkfinite(value):
    assert isinstance(outcome(np.asarray_chkfinite, [1, value]), ValueError)
    with pytest.raises(ValueError, match="^asarray_chkfinite: "):
        tl.asarray_chkfinite([1, value])


LETTERS = ["C", "F", "A", "W", "O", "E", "CA", "fw", ["C_CONTIGUOUS", "WRITEABLE"], ["FORTRAN"], []]


@pytest.mark.parametrize("requirements", LETTERS)
@pytest.mark.parametrize("a", [M, M.T, M[:, ::2], np.broadcast_to(M, (2, 2, 3)), [1, 2]])
def test_require(a, requirements):
    expected = np.require(a, None, requirements)
    actual = tl.require(tl.asarray(a), None, requirements)
    np.testing.assert_array_equal(array_of(actual), expected)
    for flag in ("c_contiguous", "f_contiguous"):
        assert getattr(actual.flags, flag) == getattr(expected.flags, flag)
    assert actual.flags.writeable >= expected.flags.writeable
    if "O" in requirements:
        assert not tl.shares_memory(tl.require(a, None, "O"), a)


@pytest.mark.parametrize("requirements", ["CF", "Q", ["F", "CONTIGUOUS"], ["OWN"]])
def test_errors_of_require(requirements):
    expected = outcome(np.require, M, None, requirements)
    assert isinstance(expected, Exception)
    with pytest.raises(type(expected), match="require: "):
        tl.require(M, None, requirements)


def test_isfortran():
    for a in (M, M.T, np.ones(3), np.ones((1, 1))):
        assert tl.isfortran(tl.asarray(a)) is np.isfortran(a)


def test_memory():
    x = tl.asarray(M.copy()).requires_grad_()
    base = np.arange(9)
    pairs = [
        (x, x[1:]),
        (x, x * 1),
        (x[:, ::2], x[:, 1::2]),
        (tl.asarray(base), base[3:]),
        (base, base[:0]),
        (x, [1, 2]),
    ]
    for a, b in pairs:
        arrays = [v.detach().numpy() if isinstance(v, tl.Tensor) else v for v in (a, b)]
        for name in ("shares_memory", "may_share_memory"):
            assert getattr(tl, name)(a, b) is getattr(np, name)(*arrays)


@pytest.mark.parametrize("dtype", [float, np.int16, bool, complex, np.float16])
def test_fromiter(same, dtype):
    same(tl.fromiter(range(5), dtype), np.fromiter(range(5), dtype))
    same(tl.fromiter(iter([1, 0, 1]), dtype, 2), np.fromiter(iter([1, 0, 1]), dtype, 2))
    same(tl.fromiter(tl.asarray([1.0, 2.0]), dtype), np.fromiter([1.0, 2.0], dtype))


def test_fromstring(same):
    same(tl.fromstring("1 2.5\n3", sep=" "), np.array([1, 2.5, 3]))
    same(tl.fromstring("1, 2,3", np.int8, 2, sep=","), np.array([1, 2], np.int8))


def test_fromfile(same, tmp_path):
    path = tmp_path / "numbers"
    M.tofile(path)
    same(tl.fromfile(path), M.ravel())
    same(tl.fromfile(path, np.int16, 4, offset=8), np.fromfile(path, np.int16, 4, offset=8))
    with open(path, "rb") as file:
        file.seek(8)
        same(tl.fromfile(file, float, 2), M.ravel()[1:3])
        same(tl.fromfile(file, float), M.ravel()[3:])
    path.write_text("1;2;3")
    same(tl.fromfile(str(path), int, sep=";"), np.array([1, 2, 3]))


@pytest.mark.parametrize(
    "name, args, kwargs",
    [
        ("fromiter", (5, int), {}),
        ("fromiter", ([1], int, 2), {}),
        ("fromiter", (["a"], int), {}),
        ("fromstring", ("1 2",), {"sep": ""}),
        ("fromstring", ("1 a",), {"sep": " "}),
        ("fromfile", ("there is no such file",), {}),
        ("fromfile", (io.BytesIO(b"1"),), {}),
    ],
)
def test_errors_of_streams(name, args, kwargs):
    expected = outcome(getattr(np, name), *args, **kwargs)
    assert isinstance(expected, Exception)
    with pytest.raises(type(expected)):
        getattr(tl, name)(*args, **kwargs)


@pytest.mark.parametrize("dtype", ["U3", object, "M8[s]", [("a", int)]])
def test_only_numbers_are_read(dtype, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(TypeError):
        tl.fromiter([], dtype)
    with pytest.raises((TypeError, ValueError)):
        tl.fromfile(tmp_path / "empty", dtype)


@pytest.mark.parametrize("count", [2**61, -(2**61), 2**70])
def test_hostile_counts(count, tmp_path):
    with pytest.raises((ValueError, OverflowError, MemoryError)):
        tl.fromiter([1, 2], float, count if count > 0 else 2**62)


def test_gradients():
    for function in (tl.asanyarray, tl.asfortranarray, tl.asarray_chkfinite):
        check_grads(lambda x, function=function: function(x) * x, [M])
    check_grads(lambda x: tl.require(x, requirements="FO") * x, [M])
