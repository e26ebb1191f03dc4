"""``Tensor.to``, called as PyTorch calls it, and its short forms."""

import numpy as np
import pytest

import tensorlib as tl

FORMS = [
    (("float32",), {}),
    ((np.float32,), {}),
    ((np.dtype("float32"), True, True), {}),
    ((tl.float32,), {"copy": True}),
    (("cpu", "float32"), {}),
    ((None, "float32", False, True), {}),
    (("cpu",), {"dtype": "float32", "non_blocking": True}),
    ((tl.zeros(1, dtype="float32"),), {}),
    ((tl.zeros(1, dtype="float32"), False, True), {}),
    ((), {"dtype": tl.float32}),
    ((), {"dtype": "float32", "device": "cpu", "copy": False}),
    ((), {"other": tl.zeros(1, dtype="float32")}),
]


@pytest.mark.parametrize("args, kwargs", FORMS)
def test_forms(args, kwargs):
    x = tl.asarray([1.5, -2.0]).requires_grad_()
    y = x.to(*args, **kwargs)
    assert y.dtype == np.float32 and y.tolist() == [1.5, -2.0]
    (y * y).sum().backward()
    assert x.grad.dtype == np.float64 and x.grad.tolist() == [3.0, -4.0]


def test_the_tensor_itself_where_nothing_changes():
    x = tl.ones(2).requires_grad_()
    for same in (x.to("cpu"), x.to("float64"), x.to(tl.zeros(3)), x.to(copy=False), x.cpu()):
        assert same is x
    copied = x.to("float64", copy=True)
    assert copied is not x and not np.shares_memory(copied.detach().numpy(), x.detach().numpy())
    copied.sum().backward()
    assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize(
    "name, dtype",
    [
        ("bfloat16", "bfloat16"),
        ("bool", "bool"),
        ("double", "float64"),
        ("float", "float32"),
        ("half", "float16"),
        ("int", "int32"),
        ("long", "int64"),
    ],
)
def test_short_forms(name, dtype):
    x = tl.asarray([0, 1, 2], dtype="uint8")
    y = getattr(x, name)()
    assert y.dtype.name == dtype
    assert y.tolist() == ([False, True, True] if dtype == "bool" else [0, 1, 2])
    assert getattr(y, name)() is y
    assert y.type_as(x).dtype == np.uint8


@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        (
            ("abacus",),
            {},
            ValueError,
            r"to: expected a dtype or a device out of \('cpu', .*'cuda.*\), got 'abacus'",
        ),
        (
            (),
            {"device": "abacus:0"},
            tl.DeviceError,
            r"to: expected a device out of \('cpu', .*'cuda.*\), got 'abacus:0'",
        ),
        (("cpu", "float33"), {}, TypeError, "to: data type 'float33' not understood"),
        ((object,), {}, TypeError, "Unsupported dtype: expected a bool"),
        (("S3",), {}, TypeError, "Unsupported dtype: expected a bool"),
        ((3,), {}, TypeError, "to: Cannot interpret '3' as a data type"),
        ((), {}, TypeError, "to: expected a dtype, a device or a Tensor, got nothing"),
        ((), {"other": 1}, TypeError, "to: expected other to be a Tensor, got int"),
        (
            (tl.ones(1),),
            {"dtype": "int8"},
            TypeError,
            "to: expected a Tensor or a dtype and a device",
        ),
        (("int8",), {"dtype": "int8"}, TypeError, "to: got 'dtype' twice"),
        (("int8",), {"kind": 1}, TypeError, "to: got an unexpected argument 'kind'"),
        (("int8", 1, 2, 3), {}, TypeError, "to: expected at most 3 arguments after a dtype, got 4"),
    ],
)
def test_refused(args, kwargs, error, text):
    with pytest.raises(error, match=text):
        tl.ones(2).to(*args, **kwargs)
