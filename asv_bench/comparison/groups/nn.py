"""Layers and functions of networks, forward and backward."""

from comparison.group import Group, Target

SETUP = """
F = xp.nn.functional
rng = np.random.default_rng(0)

def normal(*shape):
    return array(rng.standard_normal(shape).astype(np.float32))

def leaf(*shape):
    x = normal(*shape)
    x.requires_grad = True
    return x

def convolution(images, weight, **keywords):
    x, w = leaf(*images), leaf(*weight)
    y = F.conv2d(x, w, **keywords)
    return x, w, normal(*y.shape), keywords

convolutions = {
    "16->32": convolution((32, 16, 28, 28), (32, 16, 3, 3)),
    "64->64": convolution((8, 64, 56, 56), (64, 64, 3, 3), padding=1),
    "1x1": convolution((8, 64, 56, 56), (64, 64, 1, 1)),
    "depthwise": convolution((8, 64, 56, 56), (64, 1, 3, 3), padding=1, groups=64),
    "stride 2": convolution((8, 64, 56, 56), (128, 64, 3, 3), padding=1, stride=2),
}

def conv(name):
    x, w, _, keywords = convolutions[name]
    with xp.no_grad():
        return F.conv2d(x, w, **keywords)

def conv_backward(name):
    x, w, g, keywords = convolutions[name]
    x.grad = w.grad = None
    F.conv2d(x, w, **keywords).backward(g)

def backward(y, g, *leaves):
    for x in leaves:
        x.grad = None
    y.backward(g)

images = leaf(8, 64, 56, 56)
half_images = normal(8, 64, 28, 28)
rows, row_gradients = leaf(512, 1024), normal(512, 1024)
weight, bias = leaf(1024), leaf(1024)
labels = array(rng.integers(0, 1024, 512))
q, k, v = leaf(8, 4, 256, 64), leaf(8, 4, 256, 64), leaf(8, 4, 256, 64)
attended = normal(8, 4, 256, 64)
tokens = array(rng.integers(0, 10000, (32, 64)))
table, embedded = leaf(10000, 128), normal(32, 64, 128)
scale, shift = leaf(64), leaf(64)
mean, variance = normal(64) * 0, normal(64) * 0 + 1
image_gradients = normal(8, 64, 56, 56)
lines, line_weight, line_gradients = leaf(512, 512), leaf(512, 512), normal(512, 512)
"""


def convolutions():
    names = ("16->32", "64->64", "1x1", "depthwise", "stride 2")
    cases = {f"conv2d {name}": f"conv({name!r})" for name in names}
    cases |= {f"conv2d {name}, backward": f"conv_backward({name!r})" for name in names}
    return cases


GROUP = Group(
    title="layers, f32; backward with their forward",
    libraries=("tensorlib", "torch"),
    setup=SETUP,
    cases={
        **convolutions(),
        "max-pool": "F.max_pool2d(images.detach(), 2)",
        "max-pool, backward": "backward(F.max_pool2d(images, 2), half_images, images)",
        "batch norm, backward": (
            "backward(F.batch_norm(images, mean, variance, scale, shift, True),"
            " image_gradients, images, scale, shift)"
        ),
        "softmax": "F.softmax(rows.detach(), 1)",
        "softmax, backward": "backward(F.softmax(rows, 1), row_gradients, rows)",
        "layer norm": "F.layer_norm(rows.detach(), (1024,), weight.detach(), bias.detach())",
        "layer norm, backward": (
            "backward(F.layer_norm(rows, (1024,), weight, bias), row_gradients, rows, weight, bias)"
        ),
        "cross-entropy": "F.cross_entropy(rows.detach(), labels)",
        "cross-entropy, backward": "backward(F.cross_entropy(rows, labels), None, rows)",
        "relu, backward": "backward(F.relu(rows), row_gradients, rows)",
        "GELU": "F.gelu(rows.detach())",
        "GELU, backward": "backward(F.gelu(rows), row_gradients, rows)",
        "SiLU, backward": "backward(F.silu(rows), row_gradients, rows)",
        "attention": "F.scaled_dot_product_attention(q.detach(), k.detach(), v.detach())",
        "attention, backward": (
            "backward(F.scaled_dot_product_attention(q, k, v), attended, q, k, v)"
        ),
        "causal attention, backward": (
            "backward(F.scaled_dot_product_attention(q, k, v, is_causal=True), attended, q, k, v)"
        ),
        "embedding": "F.embedding(tokens, table.detach())",
        "embedding, backward": "backward(F.embedding(tokens, table), embedded, table)",
        "linear, backward": (
            "backward(F.linear(lines, line_weight), line_gradients, lines, line_weight)"
        ),
    },
    targets=(Target("torch", "geometric mean", 0.9), Target("torch", "each ratio", 1.2)),
    threads=None,
    repeats=9,
)
