"""Compare the names of tensorlib with those of the installed PyTorch, and print the table.

The documentation includes the table, and ``tests/test_torch_names.py`` fails when a name is neither
there nor in ``LEFT``, or when a signature differs from PyTorch's and is not in ``PARAMETERS``. Both
lists are in ``torch_differences.py``. Arrays have NumPy's names (``numpy_names.py``), so
``torch.Tensor`` and the main namespace are not compared.
"""

import importlib
import inspect
import warnings
from dataclasses import dataclass, field
from types import ModuleType

import torch
from numpy_names import code, entry, heading, list_table
from torch_differences import LEFT, NOT_COMPARED, ON_OBJECTS, PARAMETERS

MODULES = [
    "nn",
    "nn.attention",
    "nn.functional",
    "nn.init",
    "nn.parameter",
    "nn.utils",
    "nn.utils.parametrizations",
    "nn.utils.parametrize",
    "nn.utils.rnn",
    "optim",
    "optim.lr_scheduler",
    "optim.swa_utils",
    "distributions",
    "distributions.constraints",
    "distributions.kl",
    "distributions.transforms",
    "autograd",
    "autograd.forward_ad",
    "autograd.function",
    "autograd.functional",
    "autograd.graph",
    "func",
    "utils.checkpoint",
    "utils.data",
    "amp",
]
POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass
class Namespace:
    """What was found in one namespace: names, and (name, parameters) that differ.

    The members that a class defines are names like ``Module.apply``.
    """

    name: str
    present: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # absent, and in LEFT
    missing: list[str] = field(default_factory=list)  # absent, and not in LEFT
    needless: list[str] = field(default_factory=list)  # in LEFT, and there after all
    differing: dict[str, set[str]] = field(default_factory=dict)

    def full(self, name: str) -> str:
        return f"{self.name}.{name}"


def module_of(package: str, path: str) -> ModuleType | None:
    """The module; None where the package has none of this name."""
    name = f"{package}.{path}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def names_of(module: ModuleType) -> list[str]:
    """The public names of a module: those that it lists, or else its own classes and functions."""
    package = module.__name__.partition(".")[0]
    names = getattr(module, "__all__", None) or [
        name
        for name in dir(module)
        if not isinstance(value := getattr(module, name), ModuleType)
        and (getattr(value, "__module__", None) or "").startswith(package)
    ]
    return sorted(name for name in names if not name.startswith("_"))


def members_of(value: object) -> list[str]:
    """The public names that a class defines itself."""
    if not inspect.isclass(value):
        return []
    return sorted(n for n in vars(value) if not n.startswith("_") and n not in NOT_MEMBERS)


def compare(path: str) -> Namespace:
    result = Namespace(path)
    theirs, ours = module_of("torch", path), module_of("tensorlib", path)
    for name in names_of(theirs):
        value, own = getattr(theirs, name), getattr(ours, name, None)
        add(result, name, value, own, hasattr(ours, name))
        if own is None or not defined_in(value, path):
            continue
        for member in members_of(value):
            there = hasattr(own, member)
            inner = getattr(own, member, None)
            add(result, f"{name}.{member}", getattr(value, member), inner, there, method=True)
    return result


def defined_in(value: object, path: str) -> bool:
    """Whether this is the namespace to list the members of a class under."""
    home = (getattr(value, "__module__", None) or "").removeprefix("torch.")
    inside = [m for m in MODULES if f"{home}.".startswith(f"{m}.")]
    return path == max(inside, key=len, default=path)


def add(result, name, theirs, ours, there, method=False) -> None:
    full = result.full(name)
    left = full in REASONS or any(full.startswith(f"{above}.") for above in REASONS)
    if there and left:
        result.needless.append(name)
    there = there or full in ON_OBJECTS.split()
    (result.present if there else result.left if left else result.missing).append(name)
    if ours is not None and callable(theirs):
        differing = differing_parameters(theirs, ours, method)
        if differing:
            result.differing[name] = differing


def differing_parameters(theirs: object, ours: object, method: bool = False) -> set[str]:
    """The parameters for which some call that PyTorch's function accepts means another in ours.

    Ours may have more parameters after PyTorch's, or by name. Where PyTorch's signature is
    ``(*args, **kwargs)`` there is nothing to compare.
    """
    if ours is theirs or (inspect.isclass(theirs) and not has_constructor(theirs)):
        return set()
    expected, actual = parameters(theirs, method), parameters(ours, method)
    if expected is None or actual is None or {p.kind for p in expected} >= set(VARIABLE):
        return set()
    expected, actual = (
        [p for p in found if p.name not in NOT_COMPARED and not p.name.startswith("_")]
        for found in (expected, actual)
    )
    places = [p.name for p in actual if p.kind in POSITIONAL]
    by_name = {p.name: p for p in actual}
    kinds = {p.kind for p in actual}

    differing = set()
    for place, parameter in enumerate(expected):
        if parameter.kind is parameter.VAR_KEYWORD:
            continue  # ours spells out what it stands for
        if parameter.kind is parameter.VAR_POSITIONAL:
            agrees = parameter.kind in kinds
        else:
            own = by_name.get(parameter.name)
            agrees = own is not None and same_default(parameter, own)
            if parameter.kind in POSITIONAL:
                agrees = agrees and places[place : place + 1] == [parameter.name]
        if not agrees:
            differing.add(parameter.name)
    needed = {p.name for p in actual if p.default is p.empty and p.kind not in VARIABLE}
    return differing | (needed - {p.name for p in expected})


def has_constructor(kind: type) -> bool:
    return kind.__init__ is not object.__init__ or kind.__new__ is not object.__new__


def parameters(function: object, method: bool) -> list[inspect.Parameter] | None:
    """Those that a caller gives, without the ``self`` of a method; None where there is no way to
    know them."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return documented_parameters(function)
    bound = inspect.ismethod(function) or inspect.isclass(function)
    return found[1:] if method and not bound and found[:1] and found[0].name == "self" else found


def documented_parameters(function: object) -> list[inspect.Parameter] | None:
    """Of a compiled function: from the first line of its docstring."""
    lines = (getattr(function, "__doc__", None) or "").strip().splitlines()
    arguments = lines[0].partition("->")[0].partition("(")[2] if lines else ""
    found: dict = {}
    try:
        exec(f"def function({arguments.strip()}: ...", found)
    except (SyntaxError, NameError):
        return None
    return list(inspect.signature(found["function"]).parameters.values())


def same_default(one: inspect.Parameter, other: inspect.Parameter) -> bool:
    """Equal, or of a kind that each library has of its own (a dtype, a function, a constraint)."""
    one, other = one.default, other.default
    if one is other:
        return True
    if callable(one) or type(one).__module__.startswith("torch"):
        return getattr(one, "__name__", "") == getattr(other, "__name__", "")
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def unlisted(space: Namespace) -> dict[str, set[str]]:
    """The differing parameters that ``PARAMETERS`` does not mention, by name."""
    found = {
        name: differing - ALLOWED.get(space.full(name), set())
        for name, differing in space.differing.items()
    }
    return {name: differing for name, differing in found.items() if differing}


NOT_MEMBERS = {"training", "dump_patches", "call_super_init"}
REASONS = {name: reason for reason, names in LEFT for name in names.split()}
ALLOWED: dict[str, set[str]] = {}
for _parameters, _, _names in PARAMETERS:
    for _name in _names.split():
        ALLOWED.setdefault(_name, set()).update(_parameters.split())


def all_namespaces() -> list[Namespace]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated names
        return [compare(path) for path in MODULES]


def page() -> str:
    """The table and the two lists, in reStructuredText."""
    spaces = all_namespaces()
    columns = ("namespace", "present", "left out", "missing")
    rows = [(f"``torch.{s.name}``", len(s.present), len(s.left), len(s.missing)) for s in spaces]
    rows.append(("all", *(sum(row[i] for row in rows) for i in (1, 2, 3))))
    lines = [f"Compared with PyTorch {torch.__version__.partition('+')[0]}.", ""]
    lines += list_table(columns, rows)
    lines += heading("Left out")
    for reason, names in LEFT:
        lines += entry(reason, names.split())
    if missing := [s.full(name) for s in spaces for name in s.missing]:
        lines += entry("Missing", missing)
    lines += heading("Parameters that differ")
    for parameters, reason, names in PARAMETERS:
        lines += entry(f"{code(parameters.split())}: {reason}", names.split())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page())
