"""What a group of cases is made of."""

from dataclasses import dataclass, field

BEST = "best"  # in a target: the other library with the lowest median, case by case


@dataclass(frozen=True)
class Target:
    """An upper limit for tensorlib, against another library, or BEST.

    It holds for the geometric mean of the ratios of all cases ("geometric mean"), for the ratio of
    every case ("each ratio"). `cases` limits it to the cases whose name begins so.
    """

    library: str
    measure: str
    limit: float
    cases: str = ""

    def __str__(self):
        where = f" of {self.cases}..." if self.cases else ""
        return f"tensorlib/{self.library}{where}, {self.measure} <= {self.limit:g}"


@dataclass(frozen=True)
class Group:
    """Cases with the libraries that run them.

    A case is an expression, the same for each library, or a dict of expressions: one for each
    library that needs its own, and "default" for the others; None leaves a library out. In `setup`
    (which may be such a dict, too) and in the expressions, `xp` is the library, `np` is NumPy, and
    `array(x)` copies an ndarray into an array of the library. Libraries must agree on the mean of
    a case's result, unless it is None.

    A library's name may be followed by a word ("tensorlib alone"), which makes it another process
    of the same library. Those whose word is "alone" have one thread, and `beside` rests meanwhile.
    """

    title: str
    libraries: tuple[str, ...]
    cases: dict[str, str | dict[str, str | None]]
    targets: tuple[Target, ...]
    setup: str | dict[str, str] = ""
    threads: int | None = 1  # None: as many as there are CPUs
    repeats: int = 15
    beside: str = ""  # a program that runs all the while


@dataclass(frozen=True)
class Figures:
    """What is no time of a statement: numbers that a program finds out, with upper limits.

    The program is a file of `comparison/`. It is told how often to measure what varies, and prints
    a dict in JSON: a list of numbers for each figure. An empty list says that it cannot be measured
    here.
    """

    title: str
    program: str
    libraries: tuple[str, ...] = ("tensorlib",)
    limits: dict[str, float] = field(default_factory=dict)
    threads: int | None = 1
    repeats: int = 5
