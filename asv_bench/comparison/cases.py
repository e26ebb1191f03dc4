"""What is compared, as data. A new group or case needs an entry here and nothing else.

A case is an expression, the same for each library, or a dict of expressions: one for each library
that needs its own, and "default" for the others; None leaves a library out. In `setup` and in the
expressions, `xp` is the library, `np` is NumPy, and `array(x)` copies an ndarray into an array of
the library. Libraries must agree on the mean of a case's result, unless it is None.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """An upper limit for tensorlib, against another library.

    It holds for the geometric mean of the ratios of all cases ("geometric mean"), for the ratio of
    every case ("each ratio"), or for the difference of every case ("ms more").
    """

    library: str
    measure: str
    limit: float

    def __str__(self):
        return f"tensorlib/{self.library}, {self.measure} <= {self.limit:g}"


@dataclass(frozen=True)
class Group:
    title: str
    libraries: tuple[str, ...]
    cases: dict[str, str | dict[str, str | None]]
    targets: tuple[Target, ...]
    setup: str = ""
    threads: int | None = 1  # None: as many as there are CPUs
    repeats: int = 15
    processes: bool = False  # the cases are programs: time whole processes


GROUPS = {
    "small": Group(
        title="4 float32 elements",
        libraries=("numpy", "tensorlib", "torch"),
        setup="""
a = array(np.arange(4, dtype=np.float32))
b = array(np.arange(4, dtype=np.float32))
m = array(np.eye(8, dtype=np.float32) + 1)
""",
        cases={
            "add": "a + b",
            "multiply": "a * b",
            "exp": "xp.exp(a)",
            "sum": "a.sum()",
            "slice": "a[1:3]",
            "item": {"default": "a.item(1)", "torch": "a[1].item()"},
            "reshape": "a.reshape(2, 2)",
            "matmul 8x8": "m @ m",
        },
        targets=(Target("numpy", "geometric mean", 0.40), Target("numpy", "each ratio", 0.8)),
    ),
    "large": Group(
        title="10 M float32 elements",
        libraries=("numpy", "tensorlib", "torch"),
        setup="""
rng = np.random.default_rng(0)
x = array(rng.random(10_000_000, np.float32) * 6 - 2)
y = array(rng.random(10_000_000, np.float32) * 6 - 2)
""",
        cases={
            "add": "x + y",
            "multiply": "x * y",
            "exp": "xp.exp(x)",
            "tanh": "xp.tanh(x)",
            "sum": "x.sum()",
            "x*y + sin(x)*2": "x * y + xp.sin(x) * 2",
        },
        targets=(Target("numpy", "geometric mean", 0.75),),
    ),
    "record": Group(
        title="the tape, 4 float32 elements",
        libraries=("tensorlib", "torch"),
        setup="""
w = array(np.arange(4, dtype=np.float32))
w.requires_grad = True
""",
        cases={"(w*w + w).sum().backward()": "(w * w + w).sum().backward()"},
        targets=(Target("torch", "each ratio", 0.4),),
    ),
    "digits": Group(
        title="the network of examples/digits.py, batch of 64",
        libraries=("tensorlib", "torch"),
        setup="""
nn, optim, F = xp.nn, xp.optim, xp.nn.functional
xp.manual_seed(1)
rng = np.random.default_rng(0)
images = array(rng.standard_normal((64, 1, 28, 28), np.float32))
labels = array(rng.integers(0, 10, 64))
network = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(),
    nn.Conv2d(32, 64, 3), nn.ReLU(),
    nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
    nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
    nn.Linear(128, 10),
)
optimizer = optim.Adadelta(network.parameters(), lr=1.0)

def step():
    loss = F.nll_loss(F.log_softmax(network(images), dim=1), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    loss.item()
""",
        cases={"training step": "step()"},
        targets=(Target("torch", "each ratio", 2.0),),
        threads=None,
    ),
    "start": Group(
        title="whole processes",
        libraries=("numpy", "tensorlib"),
        cases={"import": "import {library}"},
        targets=(Target("numpy", "ms more", 60),),
        processes=True,
    ),
}
