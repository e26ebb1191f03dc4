import numpy as np
import pytest
from layouts import outcome

import tensorlib as tl

ARRAYS = [
    np.arange(3),
    np.arange(2000.0),
    np.zeros((0, 3)),
    np.ones((2, 2), np.float32),
    np.array([[1.5, np.nan], [-np.inf, 1e-20]]),
    np.array(2.5),
    np.array([True, False]),
    np.array([1 + 2j, 3.25], np.complex64),
    np.arange(30, dtype=np.int16),
    np.zeros((2, 20), np.float16) / 3,
]
OPTIONS = [
    {},
    {"precision": 2},
    {"suppress_small": True},
    {"max_line_width": 30},
    {"max_line_width": 40, "precision": 1, "suppress_small": True},
]


class tensor(np.ndarray):
    """NumPy's text begins with the name of the class."""


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("a", ARRAYS)
def test_texts(a, options):
    x = tl.asarray(a)
    assert tl.array_str(x, **options) == np.array_str(a, **options)
    assert tl.array2string(x, **options) == np.array2string(a, **options)
    assert tl.array_repr(x, **options) == np.array_repr(a.view(tensor), **options)


def test_options_of_array2string():
    a = np.array([1.0, -2.5, 1e5])
    options = {
        "separator": ", ",
        "prefix": "xyz",
        "suffix": "!",
        "threshold": 2,
        "edgeitems": 1,
        "sign": "+",
        "floatmode": "fixed",
        "legacy": "1.25",
    }
    assert tl.array2string(tl.asarray(a), **options) == np.array2string(a, **options)
    formatter = {"float": lambda x: f"<{x:.1f}>"}
    expected = np.array2string(a, formatter=formatter)
    assert tl.array2string(tl.asarray(a), formatter=formatter) == expected


def test_tensors_that_require_gradients():
    x = tl.asarray([1 / 3, 2.0]).requires_grad_()
    assert tl.array_repr(x, precision=2) == "tensor([0.33, 2.  ], requires_grad=True)"
    assert tl.array_str(x, precision=2) == "[0.33 2.  ]"
    assert tl.array2string(x, precision=2) == "[0.33 2.  ]"
    assert tl.format_float_positional(x[0], 2) == "0.33"


def test_options_hold_for_tensors():
    x = tl.asarray([1 / 3, 2e-9])
    with tl.printoptions(precision=2, suppress=True):
        assert tl.get_printoptions()["precision"] == 2
        assert repr(x) == tl.array_repr(x) == "tensor([0.33, 0.  ])"
        assert str(x) == "[0.33 0.  ]"
    before = tl.get_printoptions()
    tl.set_printoptions(precision=1, formatter={"float": lambda v: "f"})
    assert repr(x) == "tensor([f, f])"
    tl.set_printoptions(**before)
    with tl.printoptions(override_repr=lambda v: f"of {type(v).__name__}"):
        assert tl.array_repr(x) == "of Tensor"


@pytest.mark.parametrize("options", [{"sign": "x"}, {"floatmode": "y"}, {"legacy": "0.1"}])
def test_wrong_options(options):
    expected = outcome(np.array2string, np.ones(2), **options)
    assert isinstance(expected, Exception) or "legacy" in options
    if isinstance(expected, Exception):
        with pytest.raises(type(expected)):
            tl.array2string(tl.ones(2), **options)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("value", [0.1, -1234.5, 1e-7, np.inf, np.nan, 0.0])
def test_single_numbers(dtype, value):
    scalar = dtype(value)
    x = tl.asarray(scalar)
    for options in ({}, {"precision": 3}, {"unique": False, "precision": 5}, {"trim": "-"}):
        for name in ("format_float_positional", "format_float_scientific"):
            expected = getattr(np, name)(scalar, **options)
            assert getattr(tl, name)(x, **options) == expected
            assert getattr(tl, name)(scalar, **options) == expected
    more = {"sign": True, "pad_left": 5, "min_digits": 3}
    assert tl.format_float_positional(x, pad_right=6, **more) == np.format_float_positional(
        scalar, pad_right=6, **more
    )
    assert tl.format_float_scientific(x, exp_digits=3, **more) == np.format_float_scientific(
        scalar, exp_digits=3, **more
    )


@pytest.mark.parametrize("name", ["format_float_positional", "format_float_scientific"])
def test_only_single_numbers(name):
    assert isinstance(outcome(getattr(np, name), np.ones(2)), TypeError)
    with pytest.raises(TypeError, match=f"^{name}: "):
        getattr(tl, name)(tl.ones(2))
