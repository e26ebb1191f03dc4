"""What a call costs."""

from comparison.group import Group, Target

GROUP = Group(
    title="at most 64 elements",
    libraries=("numpy", "tensorlib", "torch"),
    setup="""
rng = np.random.default_rng(0)
a = array(np.arange(4, dtype=np.float32))
b = array(np.arange(4, dtype=np.float32) + 1)
c = array(np.array([True, False, True, False]))
i = array(np.array([3, 0, 1]))
x = array(rng.random((8, 8), np.float32))
y = array(rng.random((8, 8), np.float32) + 1)
d = array(rng.random((4, 4)) + 2 * np.eye(4))
e = array(rng.random(4))
""",
    cases={
        "add": "a + b",
        "add scalar": "a + 1.0",
        "subtract": "a - b",
        "multiply": "a * b",
        "divide": "a / b",
        "power": "a ** 2",
        "negative": "-a",
        "abs": "abs(a)",
        "greater": "a > b",
        "maximum": "xp.maximum(a, b)",
        "exp": "xp.exp(a)",
        "log": "xp.log(b)",
        "sqrt": "xp.sqrt(a)",
        "sin": "xp.sin(a)",
        "tanh": "xp.tanh(a)",
        "broadcast add": "x + x[0]",
        "where": "xp.where(c, a, b)",
        "clip": "xp.clip(a, 1, 2)",
        "sum": "a.sum()",
        "sum axis": "x.sum(0)",
        "mean": "x.mean()",
        "max": "a.max()",
        "argmax": "a.argmax()",
        "std": {"default": "x.std()", "torch": "x.std(correction=0)"},
        "all": "c.all()",
        "cumsum": "a.cumsum(0)",
        "sort": {"default": "xp.sort(a)", "torch": "xp.sort(a)[0]"},
        "item": {"default": "a.item(1)", "torch": "a[1].item()"},
        "slice": "a[1:3]",
        "row": "x[2]",
        "column": "x[:, 2]",
        "element": "x[2, 3]",
        "index array": "a[i]",
        "mask": "a[c]",
        "reshape": "a.reshape(2, 2)",
        "transpose": "x.T",
        "new axis": "a[:, None]",
        "concatenate": "xp.concatenate((a, b))",
        "stack": "xp.stack((a, b))",
        "astype": {"default": "a.astype('float64')", "torch": "a.to(xp.float64)"},
        "copy": {"default": "a.copy()", "torch": "a.clone()"},
        "zeros": "xp.zeros(4)",
        "arange": "xp.arange(8)",
        "dot": "a @ b",
        "matmul 8x8": "x @ y",
        "matmul 8x8 vector": "x @ x[0]",
        "solve 4x4": "xp.linalg.solve(d, e)",
    },
    targets=(
        Target("numpy", "geometric mean", 0.33),
        Target("numpy", "each ratio", 0.8),
        Target("torch", "geometric mean", 0.10),
    ),
)
