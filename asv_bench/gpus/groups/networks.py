"""Convolution, attention and other parts of networks, forward and back."""

from gpus.case import DEVICE, NETWORKS, Aim, Case, Group


def with_gradients(lib, function, *inputs):
    """A function that computes a result and its gradients; it returns the first of these."""
    for x in inputs:
        x.requires_grad_()
    g = lib.cast(lib.random(*function(*inputs).shape, seed=9), dtype_name(inputs[0]))
    return lambda: lib.xp.autograd.grad(function(*inputs), inputs, g)[0]


def dtype_name(x):
    return str(x.dtype).removeprefix("torch.")


def conv(lib):
    n, channels, side = lib.pick((64, 64, 56), (2, 4, 8))
    x = lib.random(n, channels, side, side, seed=1)
    weight = lib.random(channels, channels, 3, 3, seed=2)
    return lambda: lib.xp.nn.functional.conv2d(x, weight, padding=1)


def conv_and_back(lib):
    n, channels, side = lib.pick((64, 64, 56), (2, 4, 8))
    x = lib.random(n, channels, side, side, seed=1)
    weight = lib.random(channels, channels, 3, 3, seed=2)
    conv2d = lib.xp.nn.functional.conv2d
    return with_gradients(lib, lambda x, weight: conv2d(x, weight, padding=1), x, weight)


def attention_inputs(lib, dtype):
    shape = lib.pick((8, 16, 1024, 64), (1, 2, 17, 8))
    return [lib.random(*shape, dtype=dtype, seed=seed) for seed in (1, 2, 3)]


def attention(dtype):
    def make(lib):
        inputs = attention_inputs(lib, dtype)
        attend = lib.xp.nn.functional.scaled_dot_product_attention
        return lambda: attend(*inputs, is_causal=True)

    return make


def attention_and_back(dtype):
    def make(lib):
        attend = lib.xp.nn.functional.scaled_dot_product_attention
        inputs = attention_inputs(lib, dtype)
        return with_gradients(lib, lambda *qkv: attend(*qkv, is_causal=True), *inputs)

    return make


def layer_norm_and_back(lib):
    rows, width = lib.pick((16384, 1024), (5, 33))
    x = lib.random(rows, width, seed=1)
    weight, bias = lib.random(width, seed=2), lib.random(width, seed=3)
    layer = lib.xp.nn.functional.layer_norm
    return with_gradients(lib, lambda *inputs: layer(inputs[0], (width,), *inputs[1:]),
                          x, weight, bias)  # fmt: skip


def cross_entropy_and_back(lib):
    rows, classes = lib.pick((8192, 32768), (7, 65))
    x, labels = lib.random(rows, classes), lib.integers(classes, rows)
    loss = lib.xp.nn.functional.cross_entropy
    x.requires_grad_()
    return lambda: lib.xp.autograd.grad(loss(x, labels), (x,))[0]


def embedding_and_back(lib):
    count, width = lib.pick((50_000, 768), (30, 9))
    weight, places = lib.random(count, width), lib.integers(count, *lib.pick((16, 1024), (2, 5)))
    embed = lib.xp.nn.functional.embedding
    return with_gradients(lib, lambda weight: embed(places, weight), weight)


def max_pool_and_back(lib):
    n, channels, side = lib.pick((64, 64, 112), (2, 3, 8))
    x = lib.random(n, channels, side, side)
    pool = lib.xp.nn.functional.max_pool2d
    return with_gradients(lib, lambda x: pool(x, 2), x)


def lstm_and_back(lib):
    steps, batch, width = lib.pick((64, 64, 512), (3, 2, 5))
    lib.xp.manual_seed(1)
    layer = lib.xp.nn.LSTM(width, width).to(lib.device)
    x = lib.random(steps, batch, width)
    return with_gradients(lib, lambda x: layer(x)[0], x)


def case(name, make, *aims, tolerance=1e-2):
    return Case(name, make, DEVICE, "ms", aims, NETWORKS, tolerance)


AIM = Aim("torch", 1 / 0.95)

GROUP = Group(
    title="parts of networks",
    cases=(
        case("conv 64 x 64 x 56 x 56, 3 x 3", conv, AIM),
        case("the same and back", conv_and_back, AIM),
        case("attention 8 x 16 x 1024 x 64, float32", attention("float32"), AIM),
        case("attention, bfloat16", attention("bfloat16"), AIM),
        case("attention and back, float32", attention_and_back("float32"), AIM),
        case("attention and back, bfloat16", attention_and_back("bfloat16"), AIM, tolerance=3e-2),
        case("layer norm 16384 x 1024 and back", layer_norm_and_back),
        case("cross entropy 8192 x 32768 and back", cross_entropy_and_back),
        case("embedding 50,000 x 768 and back", embedding_and_back),
        case("max pool 64 x 64 x 112 x 112 and back", max_pool_and_back),
        case("LSTM 64 x 64 x 512 and back", lstm_and_back, tolerance=None),  # other weights
    ),
    limit=70,
)
