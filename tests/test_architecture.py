"""The rules of ``doc/source/dev/architecture.md`` that a program can check."""

import ast
import re
import runpy
from pathlib import Path

import pytest
from samples import SAMPLES

import tensorlib  # noqa: F401  (installs the gradient rules)
from tensorlib._core import ops as table
from tensorlib._core._dispatch import ops

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tensorlib"
MAX_LINES = 800

# A module imports from its own layer and from lower ones. A folder stands for what is in it.
LAYERS = {
    "tensorlib._version": 0,
    "tensorlib._core": 0,  # the package itself holds nothing
    "tensorlib._core.ops": 0,
    "tensorlib._core.errors": 0,
    "tensorlib._core.generate": 0,
    "tensorlib._core._dtypes": 0,
    "tensorlib._core._memory": 1,
    "tensorlib._core._threads": 1,
    "tensorlib._core.device": 1,
    "tensorlib._core._tensor": 2,
    "tensorlib._core._backend": 2,
    "tensorlib._core._capture": 2,
    "tensorlib._core._views": 2,
    "tensorlib._core._bytes": 2,
    "tensorlib._core._exchange": 2,
    "tensorlib._core._item": 2,
    "tensorlib._core._wrapping": 2,
    "tensorlib._core._loops": 3,
    "tensorlib._core._nll": 3,
    "tensorlib._core._norm": 3,
    "tensorlib._core._numpy_functions": 3,
    "tensorlib._core._scipy_functions": 3,
    "tensorlib._core._reduce": 3,
    "tensorlib._core._indexing": 3,
    "tensorlib._core._sort": 3,
    "tensorlib._core._copy": 3,
    "tensorlib._core._argreduce": 3,
    "tensorlib._core._attention": 3,
    "tensorlib._core._fft": 3,
    "tensorlib._core._gufunc": 3,
    "tensorlib._core._linalg": 3,
    "tensorlib._core._triangular": 3,
    "tensorlib._core._inverse": 3,
    "tensorlib._core._product": 3,
    "tensorlib._core._conv": 3,
    "tensorlib._core._pool": 3,
    "tensorlib._core._recurrent": 3,
    "tensorlib._core._softmax": 3,
    "tensorlib._core._resample": 3,
    "tensorlib._core._hooks": 4,
    "tensorlib._core._tape": 4,
    "tensorlib._core._history": 4,
    "tensorlib._core._backward": 4,
    "tensorlib._core._recorder": 5,
    "tensorlib._core._dispatch": 5,
    "tensorlib._core._operators": 5,
    "tensorlib._core._short_ways": 5,
    "tensorlib._core._fused": 5,
    "tensorlib._core._optimize": 5,
    "tensorlib._core._unscale": 5,
    "tensorlib._core._autocast": 5,
    "tensorlib._core._arrays": 6,
    "tensorlib._core._gradients": 6,
    "tensorlib._core._folds": 6,
    "tensorlib._core._moments": 6,
    "tensorlib._core._shapes": 6,
    "tensorlib._core._ufuncs": 6,
    "tensorlib._core._ufunc_docs": 6,
    "tensorlib._core._functions": 6,
    "tensorlib._arguments": 6,
    "tensorlib._array_api": 6,
    "tensorlib._assignment": 6,
    "tensorlib._bits": 6,
    "tensorlib._comparison": 6,
    "tensorlib._complex": 6,
    "tensorlib._correlation": 6,
    "tensorlib._conversion": 6,
    "tensorlib._creation": 6,
    "tensorlib._differences": 6,
    "tensorlib._dtypes": 6,
    "tensorlib._einsum": 6,
    "tensorlib._elementwise": 6,
    "tensorlib._histograms": 6,
    "tensorlib._interpolation": 6,
    "tensorlib._filling": 6,
    "tensorlib._flat": 6,
    "tensorlib._fused": 8,
    "tensorlib._functional": 6,
    "tensorlib._index_tricks": 6,
    "tensorlib._joining": 6,
    "tensorlib._manipulation": 6,
    "tensorlib._lazy": 6,
    "tensorlib._methods": 6,
    "tensorlib._nan_functions": 6,
    "tensorlib._ndarray": 6,
    "tensorlib._ndarray_methods": 6,
    "tensorlib._numpy_code": 6,
    "tensorlib._padding": 6,
    "tensorlib._places": 6,
    "tensorlib._polynomials": 7,
    "tensorlib._printing": 6,
    "tensorlib._products": 6,
    "tensorlib._protocols": 6,
    "tensorlib._quantiles": 6,
    "tensorlib._ranges": 6,
    "tensorlib._rebound": 6,
    "tensorlib._selection": 6,
    "tensorlib._sets": 6,
    "tensorlib._shape": 6,
    "tensorlib._sorting": 6,
    "tensorlib._splitting": 6,
    "tensorlib._statistics": 6,
    "tensorlib._to": 6,
    "tensorlib._untracked": 6,
    "tensorlib._windows": 6,
    "tensorlib.cuda": 6,  # a side branch: nothing imports it but `_core.device`, by its name
    "tensorlib.lib": 7,
    "tensorlib._seeding": 7,
    "tensorlib.random": 7,
    "tensorlib.linalg": 7,
    "tensorlib.fft": 7,
    "tensorlib.polynomial": 7,
    "tensorlib.special": 7,
    "tensorlib.autograd": 8,
    "tensorlib.amp": 9,
    "tensorlib.func": 9,
    "tensorlib._serialization": 9,
    "tensorlib.distributions": 9,
    "tensorlib.nn": 9,
    "tensorlib.optim": 9,
    "tensorlib.testing": 9,
    "tensorlib.utils": 9,
    "tensorlib": 10,  # re-exports
}
# Imports of a higher layer, made when they are first needed: (module, what): reason.
ALLOWED = {
    ("tensorlib._core._functions", "tensorlib.autograd"): "the method backward",
    ("tensorlib.autograd.numpy", "tensorlib"): "is that namespace",
    ("tensorlib.special", "tensorlib.autograd.rules.special"): "its gradients, loaded with it",
}

ELEMENTWISE = [row[0] for row in table.ELEMENTWISE]
KINDS = ("ELEMENTWISE", "PRODUCTS", "REDUCTIONS", "ACCUMULATIONS", "VIEWS", "STRUCTURED")
ROWS = [row[0] for kind in KINDS for row in getattr(table, kind)]


def sources(folder, *suffixes):
    found = (p for suffix in suffixes for p in folder.rglob("*" + suffix))
    return sorted(p for p in found if "build" not in p.relative_to(ROOT).parts)


MODULES = sources(PACKAGE, ".py", ".pyx", ".pxd")


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer(module):
    """That of the module or, else, of the nearest folder above that is listed."""
    while module not in LAYERS:
        module = module.rpartition(".")[0]
        if module in ("tensorlib", "tensorlib._core"):
            return None  # the modules of these two are listed one by one
    return LAYERS[module]


def imported_names(path):
    """All modules of the package that a source file imports or cimports, wherever it does."""
    # Several lines in parentheses become one.
    text = re.sub(r"\([^()]*\)", lambda m: m[0].replace("\n", " "), path.read_text("utf-8"))
    for line in text.splitlines():
        found = re.match(r"\s*from\s+(tensorlib[\w.]*)\s+c?import\s+(.*)", line)
        if found:
            names = re.split(r"[,\s]+", re.sub(r"[()]|#.*", " ", found[2]).strip())
            for name in names:
                inner = f"{found[1]}.{name}"
                yield inner if is_module(inner) else found[1]
        elif found := re.match(r"\s*c?import\s+(tensorlib[\w.]*)", line):
            yield found[1]


def is_module(name):
    path = ROOT / Path(*name.split("."))
    return path.is_dir() or any(path.with_suffix(s).exists() for s in (".py", ".pyx"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_come_from_lower_layers(path):
    module = module_name(path)
    own = layer(module)
    assert own is not None, f"{module} has no layer: add it to LAYERS and to architecture.md"
    for name in imported_names(path):
        other = layer(name)
        assert other is not None, f"{module} imports {name}, which has no layer"
        allowed = other <= own or (module, name) in ALLOWED
        assert allowed, f"{module} (layer {own}) imports {name} (layer {other})"


def test_the_layers_are_those_of_the_documentation():
    text = (ROOT / "doc/source/dev/architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \|[^|]*\|(.*)\|$", text, re.MULTILINE)
    documented = {}
    for number, where in rows:
        for name in re.findall(r"`([\w/.]+)`", where):
            path = name.removesuffix(".py").strip("/").replace("/", ".")
            documented[f"tensorlib.{path}"] = int(number)
    assert documented
    for name, number in documented.items():
        if name in LAYERS:
            assert LAYERS[name] == number, name
    core = [n for n in map(module_name, MODULES) if re.fullmatch(r"tensorlib\._core\.\w+", n)]
    missing = sorted({n for n in core if n not in documented})
    assert not missing, f"architecture.md names no layer for {missing}"


def test_the_table_holds_literals_only():
    tree = ast.parse((PACKAGE / "_core/ops.py").read_text("utf-8"))
    docstring, *assignments = tree.body
    assert isinstance(docstring, ast.Expr)
    for node in assignments:
        assert isinstance(node, ast.Assign), ast.unparse(node)[:60]
        ast.literal_eval(node.value)


def test_rows_are_well_formed():
    assert len(ROWS) == len(set(ROWS))
    for kind in KINDS:
        rows = getattr(table, kind)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows), f"{kind} is not sorted"
        for row in rows:
            assert row[-1].endswith("."), f"{row[0]}: the doc is no sentence"
    for _, binary, _ in (*table.REDUCTIONS, *table.ACCUMULATIONS):
        assert binary in ELEMENTWISE


FUNCTORS = {
    name
    for path in (PACKAGE / "_core/include").glob("functors*.h")
    for name in re.findall(r"^struct (\w+)", path.read_text("utf-8"), re.MULTILINE)
}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_elementwise_op_has_its_functor(name):
    assert "".join(word.capitalize() for word in name.split("_")) in FUNCTORS


@pytest.mark.parametrize("name", ROWS)
def test_every_op_has_a_rule_a_sample_and_a_benchmark(name, benchmarks):
    assert getattr(ops, name).differentiable is not None, "no rule, nor not_differentiable"
    assert name in SAMPLES, "no sample in tests/samples.py"
    assert name in benchmarks, "no benchmark in asv_bench/benchmarks/bench_ops.py"


@pytest.fixture(scope="module")
def benchmarks():
    return runpy.run_path(str(ROOT / "asv_bench/benchmarks/bench_ops.py"))["CALLS"]


def test_the_build_knows_every_extension():
    text = (PACKAGE / "_core/meson.build").read_text("utf-8")
    listed = re.findall(r"'(_\w+)'", text.partition("[")[2].partition("]")[0])
    assert sorted(listed) == sorted(p.stem for p in (PACKAGE / "_core").glob("*.pyx"))


FOLDERS = ("tensorlib", "tests", "asv_bench", "examples", "tools", "doc")


def test_no_source_file_is_longer_than_800_lines():
    long = {}
    for folder in FOLDERS:
        for path in sources(ROOT / folder, ".py", ".pyx", ".pxd", ".h", ".cpp", ".cuh"):
            lines = len(path.read_text("utf-8").splitlines())
            if lines > MAX_LINES:
                long[str(path.relative_to(ROOT))] = lines
    assert not long


def test_nothing_in_the_package_imports_what_only_extras_have():
    """At import; functions that need an extra import it when they are called."""
    extras = "ml_dtypes|safetensors|scipy|matplotlib|tqdm|torch"
    for path in MODULES:
        found = re.findall(rf"^(?:from|import) (?:{extras})\b.*", path.read_text(), re.MULTILINE)
        assert not found, f"{path.name}: {found}"
