"""What it costs to launch a kernel."""

from gpus.case import CALL, DONE, Aim, Case, Group


def add(lib):
    a, b = lib.random(4, seed=1), lib.random(4, seed=2)
    return lambda: a + b


def add_in_place(lib):
    a, b = lib.random(4, seed=1), lib.random(4, seed=2)

    def step():
        nonlocal a
        a += b

    return step


def graph_of_adds(lib):
    a, b = lib.random(4, seed=1), lib.random(4, seed=2)

    def chain():
        x = a
        for _ in range(20):
            x = x + b

    return lib.captured(chain)


GROUP = Group(
    title="calls on 4 elements",
    cases=(
        Case("a + b, the call", add, CALL, "us", (Aim("torch", 0.5), Aim("cupy", 0.5))),
        Case("a + b, until done", add, DONE, "us"),
        Case("a += b, the call", add_in_place, CALL, "us"),
        Case(
            "20 additions as a graph, until done",
            graph_of_adds,
            DONE,
            "us",
            libraries=("tensorlib", "torch"),
        ),
    ),
    limit=30,
)
