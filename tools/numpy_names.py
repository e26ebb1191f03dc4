"""Compare the names of tensorlib with those of the installed NumPy, and print the table.

The documentation includes the table, and ``tests/test_numpy_names.py`` fails when a name is neither
there nor in ``LEFT``, or when a signature differs from NumPy's and is not in ``PARAMETERS``. Both
lists are in ``numpy_differences.py``.
"""

import inspect
from dataclasses import dataclass, field
from types import ModuleType

import numpy as np
from numpy_differences import LEFT, PARAMETERS

import tensorlib as tl

MODULES = [
    "",  # the main namespace
    "linalg",
    "fft",
    "random",
    "lib",
    "lib.stride_tricks",
    "lib.array_utils",
    "lib.scimath",
    "emath",
    "polynomial",
    "polynomial.polynomial",
    "polynomial.chebyshev",
    "polynomial.legendre",
    "polynomial.hermite",
    "polynomial.hermite_e",
    "polynomial.laguerre",
]
CLASSES = [
    "ndarray",
    "ufunc",
    "poly1d",
    "polynomial.Polynomial",
    "random.Generator",
    "random.RandomState",
    "random.BitGenerator",
    "random.SeedSequence",
]


@dataclass
class Namespace:
    """What was found in one namespace: names, and (name, parameters) that differ."""

    name: str
    present: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # absent, and in LEFT
    missing: list[str] = field(default_factory=list)  # absent, and not in LEFT
    needless: list[str] = field(default_factory=list)  # in LEFT, and there after all
    differing: dict[str, set[str]] = field(default_factory=dict)

    def full(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name


def names_of(path: str) -> list[str]:
    """NumPy's public names in a module or class."""
    owner = attribute(np, path)
    if isinstance(owner, ModuleType):
        found = set(getattr(owner, "__all__", ()))
        if not found:
            found = {n for n in dir(owner) if not isinstance(getattr(owner, n), ModuleType)}
        return sorted(n for n in found if not n.startswith("_"))
    special = {n for n in vars(owner) if n.startswith("__")} if owner is np.ndarray else set()
    return sorted({n for n in dir(owner) if not n.startswith("_")} | special - set(dir(object)))


def attribute(root: object, path: str) -> object:
    for part in filter(None, path.split(".")):
        root = getattr(root, part)
    return root


def compare(path: str) -> Namespace:
    result = Namespace(path)
    theirs, ours = attribute(np, path), attribute(tl, path)
    for name in names_of(path):
        there, left = hasattr(ours, name), result.full(name) in REASONS
        if there and left:
            result.needless.append(name)
        (result.present if there else result.left if left else result.missing).append(name)
        if there and callable(getattr(theirs, name)) and not name.startswith("__"):
            differing = differing_parameters(
                getattr(theirs, name), getattr(ours, name), methods=inspect.isclass(theirs)
            )
            if differing:
                result.differing[name] = differing
    return result


def differing_parameters(theirs: object, ours: object, methods: bool) -> set[str]:
    """The parameters for which some call that NumPy's function accepts means another in ours.

    Ours may have more parameters, take by name what NumPy takes by position only, and write out a
    default that NumPy hides (``<no value>``).
    """
    if ours is theirs or inspect.isclass(theirs):
        return set()
    try:
        expected = parameters(theirs, methods)
    except ValueError:  # NumPy's has none to compare with
        return set()
    actual = parameters(ours, methods)
    positional = [p for p in actual if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_name = {p.name: p for p in actual}
    kinds = {p.kind for p in actual}

    differing, known = set(), set()
    for i, parameter in enumerate(expected):
        if parameter.kind is parameter.VAR_KEYWORD:
            continue  # ours spells out what it stands for
        if parameter.kind is parameter.VAR_POSITIONAL:
            agrees = parameter.kind in kinds
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in by_name:
            agrees = parameter.VAR_KEYWORD in kinds
        else:
            at_its_place = positional[i] if i < len(positional) else None
            named = by_name.get(parameter.name)
            counterpart = {
                parameter.POSITIONAL_ONLY: at_its_place,
                parameter.POSITIONAL_OR_KEYWORD: named if named is at_its_place else None,
                parameter.KEYWORD_ONLY: named,
            }[parameter.kind]
            agrees = counterpart is not None and same_default(parameter, counterpart)
            known.add(counterpart and counterpart.name)
        if not agrees:
            differing.add(parameter.name)
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = {p.name for p in actual if p.default is p.empty and p.kind not in variable}
    return differing | (needed - known)


def parameters(function: object, method: bool) -> list[inspect.Parameter]:
    """Those that a caller gives: without the ``self`` of a method."""
    found = list(inspect.signature(function).parameters.values())
    return found[1:] if method and not inspect.ismethod(function) else found


def same_default(one: inspect.Parameter, other: inspect.Parameter) -> bool:
    one, other = one.default, other.default
    if np._NoValue in (one, other) or one is other:
        return True
    return type(one) is type(other) and one == other


def unlisted(space: Namespace) -> dict[str, set[str]]:
    """The differing parameters that ``PARAMETERS`` does not mention, by name."""
    found = {
        name: differing - ALLOWED.get(space.full(name), set())
        for name, differing in space.differing.items()
    }
    return {name: differing for name, differing in found.items() if differing}


REASONS = {name: reason for reason, names in LEFT for name in names.split()}
ALLOWED: dict[str, set[str]] = {}
for _parameters, _, _names in PARAMETERS:
    for _name in _names.split():
        ALLOWED.setdefault(_name, set()).update(_parameters.split())


def all_namespaces() -> list[Namespace]:
    return [compare(path) for path in MODULES + CLASSES]


def page() -> str:
    """The table and the two lists, in reStructuredText."""
    spaces = all_namespaces()
    columns = ("namespace", "present", "left to NumPy", "missing")
    rows = [
        (f"``{('numpy.' + s.name).rstrip('.')}``", len(s.present), len(s.left), len(s.missing))
        for s in spaces
    ]
    rows.append(("all", *(sum(row[i] for row in rows) for i in (1, 2, 3))))
    absent = {s.full(name) for s in spaces for name in s.left}
    lines = [f"Compared with NumPy {np.__version__}.", ""]
    lines += list_table(columns, rows)
    lines += heading("Left to NumPy")
    for reason, names in LEFT:
        lines += entry(reason, [name for name in names.split() if name in absent])
    if missing := [s.full(name) for s in spaces for name in s.missing]:
        lines += entry("Missing", missing)
    lines += heading("Parameters that differ")
    for parameters, reason, names in PARAMETERS:
        lines += entry(f"{code(parameters.split())}: {reason}", names.split())
    return "\n".join(lines) + "\n"


def list_table(columns: tuple, rows: list[tuple]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [columns, *rows]:
        lines += [f"   {'*' if i == 0 else ' '} - {cell}" for i, cell in enumerate(row)]
    return [*lines, ""]


def heading(title: str) -> list[str]:
    return [title, "-" * len(title), ""]


def entry(reason: str, names: list[str]) -> list[str]:
    return [reason, f"    {code(names)}", ""] if names else []


def code(names: list[str]) -> str:
    return ", ".join(f"``{name}``" for name in names)


if __name__ == "__main__":
    print(page())
