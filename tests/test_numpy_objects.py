"""Names that are NumPy's own objects here, or answer as NumPy's do: signatures, types, states."""

import inspect

import numpy as np
import pytest

import tensorlib as tl
from tensorlib import (
    _bits,
    _conversion,
    _filling,
    _functional,
    _index_tricks,
    _places,
    _printing,
    _sets,
    _sorting,
)

MODULES = [
    _bits, _conversion, _filling, _functional, _index_tricks, _places, _printing, _sets, _sorting,
]  # fmt: skip
FUNCTIONS = [
    (np, name, value)
    for module in MODULES
    for name, value in vars(module).items()
    if getattr(value, "__module__", None) == module.__name__ and hasattr(np, name)
] + [
    (np.lib.stride_tricks, "as_strided", tl.lib.stride_tricks.as_strided),
    (np.lib.stride_tricks, "sliding_window_view", tl.lib.stride_tricks.sliding_window_view),
    (np.lib.array_utils, "byte_bounds", tl.lib.array_utils.byte_bounds),
    (np, "einsum_path", tl.einsum_path),
    (np, "common_type", tl.common_type),
    *((np.emath, name, getattr(tl.emath, name)) for name in tl.emath.__all__),
]


@pytest.mark.parametrize("home, name, ours", FUNCTIONS, ids=lambda v: v if type(v) is str else "")
def test_signatures(home, name, ours):
    if name == "fromstring":  # of which NumPy's has none
        expected = "(string, dtype=<class 'float'>, count=-1, *, sep, like=None)"
        assert str(inspect.signature(ours)) == expected
    elif not (name == "ndenumerate" or isinstance(ours, (_index_tricks.Grid, type(tl.r_)))):
        assert inspect.signature(ours) == inspect.signature(getattr(home, name))


SCALAR_TYPES = [
    "bool", "bool_", "byte", "bytes_", "cdouble", "character", "clongdouble", "complex128",
    "complex64", "complexfloating", "csingle", "datetime64", "double", "flexible", "float16",
    "float32", "float64", "floating", "generic", "half", "inexact", "int16", "int32", "int64",
    "int8", "int_", "intc", "integer", "intp", "long", "longdouble", "longlong", "number",
    "object_", "short", "signedinteger", "single", "str_", "timedelta64", "ubyte", "uint",
    "uint16", "uint32", "uint64", "uint8", "uintc", "uintp", "ulong", "ulonglong",
    "unsignedinteger", "ushort", "void",
]  # fmt: skip
CONSTANTS = [
    "False_", "ScalarType", "True_", "index_exp", "little_endian", "s_", "sctypeDict",
    "typecodes",
]  # fmt: skip
FUNCTIONS_OF_STATES = [
    "errstate", "getbufsize", "geterr", "geterrcall", "get_printoptions", "nditer",
    "nested_iters", "printoptions", "setbufsize", "set_printoptions", "seterr", "seterrcall",
]  # fmt: skip


@pytest.mark.parametrize("name", SCALAR_TYPES + CONSTANTS + FUNCTIONS_OF_STATES)
def test_objects_of_numpy(name):
    assert getattr(tl, name) is getattr(np, name)


@pytest.mark.parametrize("name", ["float128", "complex256"])
def test_long_types_are_there_where_numpy_has_them(name):
    assert getattr(tl, name, None) is getattr(np, name, None)


def test_classes():
    assert isinstance(tl.ones(2), tl.ndarray)
    assert isinstance(tl.sin, tl.ufunc)
    assert isinstance(tl.ones(2).flat, tl.flatiter)


# dtypes


@pytest.mark.parametrize("letters", ["f", "fd", "bF", "e", "fF", "lf", "D"])
def test_common_type(letters):
    arrays = [np.ones(2, letter) for letter in letters]
    expected = np.common_type(*arrays)
    assert tl.common_type(*map(tl.asarray, arrays)) is expected
    assert np.common_type(*map(tl.asarray, arrays)) is expected


def test_common_type_refuses_what_is_no_number():
    with pytest.raises(TypeError):
        tl.common_type(tl.ones(2, dtype=bool))
    assert tl.common_type(tl.ones(2).requires_grad_()) is np.float64


@pytest.mark.parametrize("value", [3, -300, 1e5, 1e300, 1j, True, [1, 2]])
def test_min_scalar_type(value):
    expected = np.min_scalar_type(np.asarray(value))
    assert tl.min_scalar_type(value) == np.min_scalar_type(value)
    assert tl.min_scalar_type(tl.asarray(value)) == expected
    assert np.min_scalar_type(tl.asarray(value)) == expected


# iterators of NumPy's on tensors


def test_nditer_reads_and_writes_tensors():
    x = tl.asarray([[1.0, 2.0], [3.0, 4.0]]).T
    with tl.nditer(x, op_flags=["readwrite"]) as iterator:
        for element in iterator:
            element[...] = 2 * element
    assert x.tolist() == [[2, 6], [4, 8]]
    total = tl.nditer([x, None])
    for a, b in total:
        b[...] = a + 1
    assert tl.asarray(total.operands[1]).tolist() == [[3, 7], [5, 9]]
    outer, inner = tl.nested_iters(x, [[1], [0]], flags=["multi_index"])
    assert [[float(v) for v in inner] for _ in outer] == [[2, 4], [6, 8]]


def test_broadcast():
    pairs = tl.broadcast(tl.asarray([[1], [2]]), tl.asarray([3, 4]))
    assert pairs.shape == (2, 2)
    assert [(int(a), int(b)) for a, b in pairs] == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_iterators_refuse_what_would_lose_a_gradient():
    x = tl.ones(2).requires_grad_()
    with pytest.raises(TypeError, match="detach"):
        tl.broadcast(x)
    with pytest.raises(TypeError):
        tl.nditer(x)


def test_array_functions_of_numpy_find_ours():
    x = tl.asarray([3.0, 1.0, 3.0]).requires_grad_()
    assert np.unique(x).requires_grad
    assert np.partition(x, 1).requires_grad
    assert np.apply_along_axis(lambda r: r * 2, 0, x).requires_grad
    assert np.isin(x, [1]).tolist() == [False, True, False]
    assert np.shares_memory(x, x[1:])
    windows = np.lib.stride_tricks.sliding_window_view(x, 2)
    assert windows.requires_grad
    assert np.emath.sqrt(x).requires_grad
