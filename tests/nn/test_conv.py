"""Convolutions and transposed ones, functions and layers."""

import numpy as np
import pytest
from parity import assert_close, compare, compare_modules, dtypes, pair_of, torch

import tensorlib as tl
from tensorlib import nn
from tensorlib.nn import functional as F
from tensorlib.testing import assert_allclose, assert_array_equal, check_grads

TF = torch.nn.functional
rng = np.random.default_rng(0)

SIZES = {1: (9,), 2: (9, 8), 3: (5, 7, 6)}
WINDOWS = {1: (3,), 2: (3, 2), 3: (2, 3, 2)}
OPTIONS = [
    {},
    {"stride": 2},
    {"stride": (3, 1, 2), "padding": (2, 0, 1)},
    {"padding": 1, "dilation": 2},
    {"dilation": (1, 2, 3), "stride": 2, "padding": 2},
    {"dilation": 3, "stride": 2, "padding": 4},
    {"groups": 2, "padding": 1},
    {"groups": 4, "stride": 2},
    {"padding": "valid", "stride": 2},
    {"padding": "same"},
    {"padding": "same", "dilation": (3, 1, 2), "groups": 2},
]
TRANSPOSED = [
    {},
    {"stride": 2},
    {"stride": (3, 1, 2), "padding": (1, 0, 1)},
    {"padding": 1, "dilation": 2},
    {"stride": 2, "output_padding": 1},
    {"stride": 3, "output_padding": (2, 0, 1), "padding": 1},
    {"dilation": 3, "output_padding": 2},
    {"dilation": 5, "stride": 2, "output_padding": (4, 1, 3), "padding": 2},
    {"groups": 2, "stride": 2},
    {"groups": 4, "padding": 1},
]
# PyTorch's, of the copy that it makes.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
axes_of_places = pytest.mark.parametrize("axes", [1, 2, 3])


def cut(options, axes):
    """Options for so many axes."""
    return {k: v[:axes] if isinstance(v, tuple) else v for k, v in options.items()}


def sample(*shape):
    return rng.standard_normal(shape)


def images(axes, batch=(2,)):
    return sample(*batch, 4, *SIZES[axes])


def filters(axes, transposed, groups=1, **options):
    first, second = (4, 8) if transposed else (8, 4)
    return sample(first, second // groups, *WINDOWS[axes])


def case(axes, transposed, options, batch=(2,)):
    """The functions of both libraries, their tensors, their options."""
    name = f"conv_transpose{axes}d" if transposed else f"conv{axes}d"
    options = cut(options, axes)
    arrays = [images(axes, batch), filters(axes, transposed, **options), sample(8)]
    return getattr(F, name), getattr(TF, name), arrays, options


@dtypes
@axes_of_places
@pytest.mark.parametrize("options", OPTIONS)
def test_conv(axes, options, dtype):
    ours, theirs, arrays, options = case(axes, False, options)
    compare(ours, theirs, arrays, dtype, **options)


@dtypes
@axes_of_places
@pytest.mark.parametrize("options", TRANSPOSED)
def test_conv_transpose(axes, options, dtype):
    ours, theirs, arrays, options = case(axes, True, options)
    compare(ours, theirs, arrays, dtype, **options)


@axes_of_places
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("batch", [(), (0,)])
def test_one_image_and_none(axes, transposed, batch):
    ours, theirs, arrays, options = case(axes, transposed, {"stride": 2, "padding": 1}, batch)
    compare(ours, theirs, arrays, "float64", **options)


@axes_of_places
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1, "groups": 2}])
def test_complex_numbers(axes, transposed, options):
    ours, theirs, arrays, options = case(axes, transposed, options)
    arrays = [x + 1j * sample(*x.shape) for x in arrays]
    for dtype in ("float32", "float64"):
        compare(ours, theirs, arrays, dtype, **options)


@axes_of_places
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}])
def test_gradients_of_first_and_second_order(axes, transposed, options):
    ours, _, _, _ = case(axes, transposed, options)
    arrays = [sample(1, 2, *(4, 3, 4)[:axes]), sample(2, 2, *(2,) * axes), sample(2)]
    if options:
        arrays[1] = arrays[1][:, :1]
    check_grads(lambda *tensors: ours(*tensors, **options), list(map(tl.asarray, arrays)), order=2)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("transposed", [False, True])
def test_16_bit_numbers_are_summed_in_float32(dtype, transposed):
    ours, _, arrays, options = case(2, transposed, {"stride": 2, "padding": 1})
    rounded = [tl.asarray(x).astype(dtype) for x in arrays]
    exact = [x.astype("float64").requires_grad_() for x in rounded]
    rounded = [x.requires_grad_() for x in rounded]
    results = []
    for tensors in (rounded, exact):
        result = ours(*tensors, **options)
        result.sum().backward()
        # The bias's gradient is a sum like others, which runs in 16 bits.
        results.append([result.detach(), *(x.grad for x in tensors[:2])])
    unit = 2.0**-10 if dtype == "float16" else 2.0**-7
    for rough, fine in zip(*results, strict=True):
        assert rough.dtype == rounded[0].dtype
        # One rounding of a sum, and one of the sum with the bias.
        assert_allclose(rough.astype("float64"), fine, rtol=unit, atol=2 * unit)


# A tile of the kernels has at most 48 numbers, and eight channels.
@dtypes
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    "places", [(1,), (23,), (24,), (47,), (48,), (49,), (97,), (8, 24), (7, 31), (2, 3, 16)]
)
def test_filters_of_one_place(places, groups, dtype):
    arrays = [sample(3, 6, *places), sample(20, 6 // groups, *(1,) * len(places)), sample(20)]
    name = f"conv{len(places)}d"
    compare(getattr(F, name), getattr(TF, name), arrays, dtype, groups=groups)


# Sums of a single channel go to their rows at once, vectors reaching into the next row.
@dtypes
@pytest.mark.parametrize("options", [{}, {"padding": 1}, {"stride": 2, "padding": 1}])
@pytest.mark.parametrize("places", [(3,), (19,), (3, 3), (4, 17), (7, 18), (9, 49), (6, 3, 20)])
def test_channels_of_their_own(places, options, dtype):
    arrays = [sample(2, 5, *places), sample(5, 1, *(3,) * len(places)), sample(5)]
    name = f"conv{len(places)}d"
    compare(getattr(F, name), getattr(TF, name), arrays, dtype, groups=5, **options)


@pytest.mark.parametrize("index", [np.s_[:, ::2], np.s_[..., ::2], np.s_[..., ::2, :], np.s_[::-1]])
def test_filters_of_one_place_on_views(index):
    x, weight = tl.asarray(sample(4, 6, 8, 24))[index], sample(16, 6, 1, 1)
    weight = tl.asarray(weight[:, : x.shape[1]])
    expected = tl.einsum("nchw,oc->nohw", x, weight[:, :, 0, 0])
    assert_allclose(F.conv2d(x, weight), expected, rtol=1e-10, atol=1e-10)


def test_views_of_any_strides():
    x = tl.asarray(sample(6, 5, 4, 3, 2)).transpose((4, 1, 3, 0, 2))[:, ::-1, :, ::2]
    weight = tl.asarray(sample(2, 2, 2, 5, 3)).transpose((4, 3, 0, 1, 2))[::-1]
    expected = F.conv3d(x.copy(), weight.copy())
    assert_allclose(F.conv3d(x, weight), expected, rtol=1e-13)


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_reach_only_the_taps_that_see_them(padding, value):
    x = sample(2, 3, 6, 5)
    x[0, 1, 0, 0] = value
    x[1, 2, -1, -1] = value
    g = sample(2, 4, *(n + 2 * padding - 2 for n in (6, 5)))
    weight = sample(4, 3, 3, 3)
    ours, theirs = tl.asarray(weight).requires_grad_(), torch.tensor(weight, requires_grad=True)
    F.conv2d(tl.asarray(x), ours, padding=padding).backward(tl.asarray(g))
    TF.conv2d(torch.tensor(x), theirs, padding=padding).backward(torch.tensor(g))
    assert theirs.grad.isfinite().any()
    assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-11)


def test_results_do_not_depend_on_the_number_of_threads():
    from tensorlib import get_num_threads, set_num_threads

    x, weight = tl.asarray(sample(3, 8, 10, 12, 11)), tl.asarray(sample(16, 8, 3, 3, 3))
    usual, results = get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            set_num_threads(threads)
            w = weight.copy().requires_grad_()
            result = F.conv3d(x, w, padding=1)
            (result * result).sum().backward()
            results.append((result.detach(), w.grad))
    finally:
        set_num_threads(usual)
    for result in results[1:]:
        assert_array_equal(result[0], results[0][0])
        assert_array_equal(result[1], results[0][1])


LAYERS = [
    {},
    {"stride": 2, "padding": 1, "dilation": 2, "groups": 2, "bias": False},
    {"padding": "same", "dilation": 3},
    {"padding": "valid"},
    *(
        {"padding": padding, "padding_mode": mode}
        for padding in ((2, 0, 1), "same")
        for mode in ("reflect", "replicate", "circular")
    ),
]


@dtypes
@axes_of_places
@pytest.mark.parametrize("options", LAYERS)
def test_layers(axes, options, dtype):
    args = (4, 6, WINDOWS[axes])
    ours, theirs = compare_modules(
        f"Conv{axes}d", args, [images(axes)], dtype, **cut(options, axes)
    )
    assert repr(ours) == repr(theirs)


@dtypes
@axes_of_places
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2},
        {"dilation": 2, "bias": False, "stride": (1, 2, 3)},
    ],
)
def test_transposed_layers(axes, options, dtype):
    args = (4, 6, WINDOWS[axes])
    ours, theirs = compare_modules(
        f"ConvTranspose{axes}d", args, [images(axes)], dtype, **cut(options, axes)
    )
    assert repr(ours) == repr(theirs)


@axes_of_places
@pytest.mark.parametrize("batch", [(), (2,)])
@pytest.mark.parametrize("whole", [False, True])
def test_output_size(axes, batch, whole):
    ours, theirs = pair_of(f"ConvTranspose{axes}d", 4, 6, 3, stride=3, padding=1)
    x = images(axes, batch)
    least = [(n - 1) * 3 + 1 for n in SIZES[axes]]
    for extra in range(3):
        size = [n + extra for n in least]
        if whole:
            size = [*batch, 6, *size]
        compare(ours, theirs, [x], "float64", output_size=size)


def test_a_network_of_both_trains_like_its_model():
    ours, theirs = (
        lib.nn.Sequential(
            lib.nn.Conv1d(2, 4, 3, stride=2), lib.nn.Tanh(), lib.nn.ConvTranspose1d(4, 2, 4, 2)
        )
        for lib in (tl, torch)
    )
    theirs.double()
    ours.to("float64")
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    x = sample(3, 2, 12)
    optimizers = tl.optim.SGD(ours.parameters(), 0.1), torch.optim.SGD(theirs.parameters(), 0.1)
    inputs = tl.asarray(x), torch.tensor(x)
    for _ in range(5):
        losses = []
        for network, optimizer, data in zip((ours, theirs), optimizers, inputs, strict=True):
            optimizer.zero_grad()
            loss = ((network(data) - data) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss)
        assert_close(*losses, "float64")


X = (2, 4, 5, 5)


@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda: F.conv1d(tl.ones((2, 3)), tl.ones((4, 3))), ValueError, r"conv1d: .* \(4, 3\)"),
        (
            lambda: F.conv3d(tl.ones(X), tl.ones((2, 3, 3, 3, 3))),
            ValueError,
            r"conv3d: expected weight .* got \(2, 3, 3, 3, 3\) for images \(2, 4, 5, 5\)",
        ),
        (
            lambda: F.conv2d(tl.ones(X), tl.ones((2, 4, 3, 3)), stride=2, padding="same"),
            ValueError,
            r"conv2d: expected stride 1 for padding 'same', got \(2, 2\)",
        ),
        (
            lambda: F.conv2d(tl.ones(X), tl.ones((2, 4, 3, 3)), padding="full"),
            ValueError,
            "conv2d: expected padding 'valid', 'same' or ints, got 'full'",
        ),
        (
            lambda: F.conv2d(tl.ones(X), tl.ones((2, 4, 3, 3), dtype="float32")),
            TypeError,
            "conv2d: expected input, weight and bias of one .* got float64, float32",
        ),
        (
            lambda: F.conv2d(tl.ones(X, dtype=int), tl.ones((2, 4, 3, 3), dtype=int)),
            TypeError,
            "conv2d: .* got int64, int64",
        ),
        (
            lambda: F.conv2d(tl.ones((2, 4, 0, 5)), tl.ones((2, 4, 1, 1))),
            ValueError,
            "conv2d: expected images, padding included, no smaller than the window",
        ),
        (
            lambda: F.conv_transpose2d(tl.ones(X), tl.ones((3, 4, 3, 3))),
            ValueError,
            r"conv_transpose2d: expected weight .* got \(3, 4, 3, 3\) for images \(2, 4, 5, 5\)",
        ),
        (
            lambda: F.conv_transpose2d(tl.ones(X), tl.ones((4, 2, 3, 3)), tl.ones(4)),
            ValueError,
            r"conv_transpose2d: expected bias of shape \(2,\), got \(4,\)",
        ),
        (
            lambda: F.conv_transpose2d(tl.ones(X), tl.ones((4, 2, 3, 3)), output_padding=1),
            ValueError,
            r"conv_transpose2d: expected output_padding below stride \(1, 1\) .* got \(1, 1\)",
        ),
        (
            lambda: F.conv_transpose2d(tl.ones(X), tl.ones((4, 2, 3, 3)), padding=4),
            ValueError,
            r"conv_transpose2d: expected images .* \(2, 4, 5, 5\) .* the size \(-1, -1\)",
        ),
        (lambda: nn.Conv1d(4, 2, (3, 3)), TypeError, r"Conv1d: expected kernel_size .* \(3, 3\)"),
        (lambda: nn.Conv2d(4, 2, 3, 2, "same"), ValueError, "Conv2d: expected stride 1"),
        (
            lambda: nn.Conv3d(4, 2, 3, padding_mode="mirror"),
            ValueError,
            "Conv3d: expected padding_mode 'zeros', .* got 'mirror'",
        ),
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, padding_mode="reflect"),
            ValueError,
            "ConvTranspose2d: expected padding_mode 'zeros', got 'reflect'",
        ),
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, groups=4),
            ValueError,
            "ConvTranspose2d: expected channels that fall into 4 groups, got 4 and 2",
        ),
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, stride=2)(tl.ones(X, dtype="f4"), (13, 11)),
            ValueError,
            r"ConvTranspose2d: expected output_size from \(11, 11\) to \(12, 12\) .* \(13, 11\)",
        ),
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, stride=2)(tl.ones(X, dtype="f4"), (1, 1, 1)),
            ValueError,
            r"ConvTranspose2d: expected output_size of 2 or 4 numbers, got \(1, 1, 1\)",
        ),
        (
            lambda: nn.ConvTranspose2d(4, 2, 3, stride=2)(tl.ones(X, dtype="f4"), 13),
            ValueError,
            r"ConvTranspose2d: expected output_size from \(11, 11\) to \(12, 12\) .* \(13, 13\)",
        ),
    ],
)
def test_refusals(call, error, text):
    with pytest.raises(error, match=text):
        call()


HUGE = 2**30


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda x, w: F.conv2d(x, w, padding=HUGE, dilation=HUGE), MemoryError),
        (lambda x, w: F.conv2d(x, w, padding=HUGE), (MemoryError, ValueError)),
        (lambda x, w: F.conv2d(x, w, padding=2**62), ValueError),
        (lambda x, w: F.conv2d(x, w, stride=2**64), ValueError),
        (lambda x, w: F.conv_transpose2d(x, w, stride=HUGE), (MemoryError, ValueError)),
        (lambda x, w: F.conv_transpose2d(x, w, dilation=HUGE), (MemoryError, ValueError)),
        (lambda x, w: F.conv_transpose2d(x, w, stride=2**70), ValueError),
    ],
)
def test_hostile_sizes(call, error):
    with pytest.raises(error):
        call(tl.ones(X), tl.ones((4, 4, 3, 3)))


def test_long_strides_cost_nothing():
    x, weight = tl.asarray(sample(1, 4, 1, 1)), tl.asarray(sample(4, 2, 3, 3))
    assert_allclose(F.conv_transpose2d(x, weight, stride=HUGE), F.conv_transpose2d(x, weight))
    image = tl.asarray(sample(*X)).requires_grad_()
    F.conv2d(image, tl.asarray(sample(3, 4, 2, 2)), stride=HUGE).sum().backward()
    assert not np.asarray(image.grad)[:, :, 2:].any()
