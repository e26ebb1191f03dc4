"""Tensors of a GPU seen as another dtype."""

import numpy as np
import pytest

import tensorlib as tl

X = np.arange(24, dtype="int16").reshape(2, 3, 4)
LAYOUTS = {
    "contiguous": lambda x: x,
    "reversed rows": lambda x: x[::-1, 1:],
    "every second": lambda x: x[..., ::2],
    "transposed": lambda x: x.transpose(2, 0, 1),
    "one": lambda x: x[:, :, :1],
    "0-d": lambda x: x[1, 1, 1, ...],
    "none": lambda x: x[:, :0],
}


@pytest.mark.parametrize("dtype", ["uint16", "float16", "int8", "float32", "complex64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_as_numpy(layout, dtype, device):
    expected, x = LAYOUTS[layout](X), LAYOUTS[layout](tl.asarray(X, device=device))
    try:
        expected = expected.view(dtype)
    except ValueError as error:
        with pytest.raises(ValueError) as caught:
            x.view(dtype)
        assert str(caught.value) == str(error)
        return
    viewed = x.view(dtype)
    assert viewed.device == x.device
    assert (viewed.shape, viewed.dtype) == (expected.shape, expected.dtype)
    assert viewed.strides == expected.strides
    np.testing.assert_array_equal(viewed.cpu(), expected)


def test_memory_is_shared(device):
    x = tl.zeros((2, 2), device=device)
    x.view("int64")[0, 1] = 1
    np.testing.assert_array_equal(x.cpu(), [[0, 5e-324], [0, 0]])
    z = tl.asarray([1 + 2j], device=device)
    np.testing.assert_array_equal(z.getfield("float64", 8).cpu(), [2])
    z.setfield(5, "float64", 8)
    assert z.cpu()[0] == 1 + 5j


def test_what_has_a_gradient_has_no_bytes(device):
    x = tl.ones(2, device=device).requires_grad_()
    with pytest.raises(TypeError, match=r"^view: the tensor requires a gradient.*use detach\(\)"):
        x.view("int64")
    assert x.detach().view("int64").shape == (2,)
