import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorlib as tl
from tensorlib.testing import check_grads

FLOATS = np.array([[1.5, -2.0, 4.0], [0.25, 8.0, -1.0]])
INTS = np.arange(1, 25, dtype=np.int32).reshape(2, 3, 4)
MODES = ["edge", "linear_ramp", "maximum", "mean", "median", "minimum", "reflect", "symmetric",
         "wrap", "constant"]  # fmt: skip
WIDTHS = [1, (2, 1), ((1, 0), (0, 2)), ((5, 7), (4, 9)), 0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", ["float64", "float32", "int16", "uint8", "complex64"])
def test_modes(compare, mode, width, dtype):
    if dtype == "complex64" and mode in ("maximum", "minimum", "median"):
        dtype = "float16"
    compare("pad", np.abs(FLOATS).astype(dtype), width, mode)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dtype", ["float64", "int32", "uint8"])
def test_odd_reflections(compare, mode, width, dtype):
    compare("pad", np.abs(FLOATS).astype(dtype), width, mode, reflect_type="odd")


@given(st.integers(1, 5), st.integers(0, 20), st.integers(0, 20), st.sampled_from(MODES))
def test_wide_borders(length, before, after, mode):
    x = np.arange(1.0, length + 1) ** 2
    expected = np.pad(x, (before, after), mode)
    np.testing.assert_allclose(tl.pad(tl.asarray(x), (before, after), mode), expected, rtol=1e-14)
    if mode in ("reflect", "symmetric"):
        expected = np.pad(x, (before, after), mode, reflect_type="odd")
        actual = tl.pad(tl.asarray(x), (before, after), mode, reflect_type="odd")
        np.testing.assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize(
    "mode, keyword",
    [
        ("constant", {"constant_values": 7}),
        ("constant", {"constant_values": (1, 2.5)}),
        ("constant", {"constant_values": ((1, 2), (3, 4), (5, 6))}),
        ("linear_ramp", {"end_values": (-4, 9)}),
        ("linear_ramp", {"end_values": ((1, 2), (3, 4), (5, 6))}),
        ("maximum", {"stat_length": 2}),
        ("mean", {"stat_length": (1, 3)}),
        ("median", {"stat_length": ((1, 2), (2, 1), (3, 9))}),
        ("minimum", {"stat_length": None}),
    ],
)
@pytest.mark.parametrize("array", [INTS, INTS / 8, INTS.T[:, ::-1].transpose(2, 1, 0)])
def test_keywords(compare, array, mode, keyword):
    compare("pad", array, ((1, 2), (2, 0), (3, 1)), mode, **keyword)


@pytest.mark.parametrize(
    "args",
    [
        (FLOATS, {0: 1, -1: (2, 0)}),
        (np.zeros((0, 2)), 1),
        (np.zeros((0, 2)), ((0, 0), (1, 1)), "edge"),
        (np.array([3.0]), 4, "reflect"),
        (np.array([True, False]), 3, "edge"),
        ([1, 2, 3], [2], "wrap"),
    ],
    ids=str,
)
def test_unusual_input(compare, args):
    compare("pad", *args)


def test_function_as_mode(compare):
    def fill(line, widths, axis, keywords):
        line[: widths[0]] = keywords.get("value", 10)
        line[line.shape[0] - widths[1] :] = axis

    compare("pad", FLOATS, ((1, 2), (2, 1)), fill)
    compare("pad", FLOATS, 1, fill, value=99)


def test_empty_mode_has_the_shape():
    padded = tl.pad(tl.asarray(FLOATS), 2, "empty")
    assert padded.shape == (6, 7)
    assert padded[2:-2, 2:-2].tolist() == FLOATS.tolist()


@pytest.mark.parametrize("mode", MODES)
def test_memory_layout(mode):
    assert tl.pad(tl.ones((5, 10)), 5, mode).flags.c_contiguous
    assert tl.pad(tl.ones((5, 10), order="F"), 5, mode).flags.f_contiguous


def test_no_border_copies():
    x = tl.zeros(3)
    tl.pad(x, 0)[...] = 1
    assert (x == 0).all()


@pytest.mark.parametrize(
    "args, kwargs, error, text",
    [
        ((tl.ones(2), -1), {}, ValueError, "pad: index can't contain negative values, .* -1"),
        ((tl.ones(2), 1.5), {}, TypeError, "pad: `pad_width` must be of integral type.* float64"),
        ((tl.ones(2), (1, 2, 3)), {}, ValueError, r"pad: operands could not .* pad_width"),
        ((tl.ones(2), [[[1]]]), {}, ValueError, r"pad: input operand has more .* \(1, 1, 1\)"),
        ((tl.ones(2), 1, "moon"), {}, ValueError, "pad: mode 'moon' is not supported"),
        ((tl.ones(2), 1, "edge"), {"end_values": 2}, ValueError, "pad: unsupp.*edge.*end_values"),
        ((tl.ones(0), 1, "edge"), {}, ValueError, "pad: can't extend empty axis 0 .* 'edge'"),
        ((tl.ones(2), 1, "mean"), {"stat_length": -1}, ValueError, "pad: index .*stat_length"),
        ((tl.ones(2), 1, "maximum"), {"stat_length": 0}, ValueError, "pad: stat_length of 0"),
        ((tl.ones(2), 1), {"constant_values": (1, 2, 3)}, ValueError, "pad: .* constant_values"),
    ],
)
def test_bad_input(args, kwargs, error, text):
    with pytest.raises(error, match=text):
        tl.pad(*args, **kwargs)


@pytest.mark.parametrize("mode", MODES)
def test_gradient(mode):
    check_grads(lambda x: tl.pad(x, ((2, 1), (3, 4)), mode), [FLOATS])


def test_gradients_of_keywords():
    check_grads(lambda x: tl.pad(x, 3, "reflect", reflect_type="odd"), [FLOATS])
    check_grads(lambda x, v: tl.pad(x, 2, constant_values=v), [FLOATS, np.array([1.0, 2.0])])
    check_grads(lambda x, v: tl.pad(x, 2, "linear_ramp", end_values=v), [FLOATS, np.array(3.0)])
    check_grads(lambda x: tl.pad(x, 2, "mean", stat_length=2), [FLOATS])


def test_gradient_of_a_function_as_mode():
    def repeat_edge(line, widths, axis, keywords):
        line[: widths[0]] = line[widths[0]] * 2

    check_grads(lambda x: tl.pad(x, ((1, 0), (2, 0)), repeat_edge), [FLOATS])
