"""What the tape costs: forward and backward of small graphs."""

from comparison.group import Group, Target

GROUP = Group(
    title="forward and backward of small graphs",
    libraries=("tensorlib", "torch"),
    setup="""
F = xp.nn.functional
rng = np.random.default_rng(0)

def leaf(*shape):
    x = array(rng.standard_normal(shape).astype(np.float32))
    x.requires_grad = True
    return x

w, v = leaf(4), leaf(4)
m, n = leaf(4, 4), leaf(4, 4)
labels = array(np.array([0, 3, 1, 2]))
c = array(np.array([True, False, True, False]))

def chain(x):
    for _ in range(10):
        x = x * 0.5 + v
    return x
""",
    cases={
        "product and sum": "(w * w + w).sum().backward()",
        "polynomial": "(((w * 2 + 3) * w - 1) * w).sum().backward()",
        "transcendental": "(xp.exp(w) + xp.sin(w) * xp.tanh(w)).sum().backward()",
        "chain of 20": "chain(w).sum().backward()",
        "norm": "xp.sqrt(((w - v) ** 2).mean()).backward()",
        "layer": "xp.tanh(m @ w + v).sum().backward()",
        "products": "(m @ n @ m).sum().backward()",
        "broadcast": "(m * w + v).mean().backward()",
        "slices": "(m[0] * m[1] + m[:, 2]).sum().backward()",
        "where": "xp.where(c, w * 2, v / 2).sum().backward()",
        "joined": "(xp.concatenate((w, v)) ** 2).sum().backward()",
        "cross entropy": "F.cross_entropy(m, labels).backward()",
    },
    targets=(Target("torch", "geometric mean", 0.25),),
)
