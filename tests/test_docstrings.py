"""The examples of the public functions, classes and methods: there are some, and they are right."""

import doctest
import importlib
import inspect

import numpy as np
import pytest

import tensorlib as tl

MODULES = [
    "tensorlib",
    "tensorlib.amp",
    "tensorlib.autograd",
    "tensorlib.autograd.extend",
    "tensorlib.autograd.functional",
    "tensorlib.autograd.graph",
    "tensorlib.distributions",
    "tensorlib.distributions.constraints",
    "tensorlib.distributions.transforms",
    "tensorlib.fft",
    "tensorlib.func",
    "tensorlib.lib.array_utils",
    "tensorlib.lib.scimath",
    "tensorlib.lib.stride_tricks",
    "tensorlib.linalg",
    "tensorlib.nn",
    "tensorlib.nn.functional",
    "tensorlib.nn.init",
    "tensorlib.nn.functional_call",
    "tensorlib.nn.utils",
    "tensorlib.nn.utils.parametrizations",
    "tensorlib.nn.utils.parametrize",
    "tensorlib.nn.utils.rnn",
    "tensorlib.optim",
    "tensorlib.optim.lr_scheduler",
    "tensorlib.optim.swa_utils",
    "tensorlib.polynomial",
    "tensorlib.polynomial.chebyshev",
    "tensorlib.polynomial.hermite",
    "tensorlib.polynomial.hermite_e",
    "tensorlib.polynomial.laguerre",
    "tensorlib.polynomial.legendre",
    "tensorlib.polynomial.polynomial",
    "tensorlib.polynomial.polyutils",
    "tensorlib.random",
    "tensorlib.special",
    "tensorlib.testing",
    "tensorlib.utils.checkpoint",
    "tensorlib.utils.data",
]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
# Ours by another name, and what comes from NumPy and has NumPy's documentation.
FOREIGN = {name for name in dir(tl) if getattr(np, name, 0) is getattr(tl, name, 1)}


def public_objects():
    """Each public function and class once, by the first name that it has."""
    seen = set()
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", None) or dir(module):
            value = getattr(module, name)
            if name.startswith("_") or not callable(value) or id(value) in seen:
                continue
            if module_name == "tensorlib" and name in FOREIGN:
                continue
            home = getattr(value, "__module__", None) or ""
            if not home.startswith("tensorlib") or inspect.isbuiltin(value):
                continue
            if not hasattr(module, "__path__") and home != module_name:
                continue  # what a module that is no package has imported
            seen.add(id(value))
            yield pytest.param(name, value, id=f"{module_name}.{name}")


def methods():
    """Those of all public classes that have examples of their own."""
    for parameter in public_objects():
        name, cls = parameter.values
        if not isinstance(cls, type):
            continue
        for attribute, method in vars(cls).items():
            if isinstance(method, (property, staticmethod, classmethod)):
                method = getattr(method, "fget", None) or method.__func__
            if not attribute.startswith("_") and ">>>" in (getattr(method, "__doc__", "") or ""):
                yield pytest.param(attribute, method, id=f"{parameter.id}.{attribute}")


def run(name, value):
    parser = doctest.DocTestParser()
    namespace = {"tl": tl, "np": np}
    test = parser.get_doctest(inspect.getdoc(value), namespace, name, None, None)
    report = []
    doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
    assert not report, "".join(report)
    return len(test.examples)


@pytest.fixture(autouse=True)
def surroundings(tmp_path, monkeypatch):
    """Files go to a folder of their own; the modes of the process are put back."""
    monkeypatch.chdir(tmp_path)
    limit = tl.memory_stats()["cache_limit"]
    yield
    tl.set_cache_limit(limit)


OBJECTS = list(public_objects())


@pytest.mark.parametrize("name, value", OBJECTS)
def test_examples(name, value):
    assert value.__doc__, f"{name} has no docstring"
    summary = summary_of(value)
    assert summary.endswith((".", ":")), f"{name}: the first line is no sentence: {summary!r}"
    assert run(name, value), f"{name} has no example"


def summary_of(value):
    """The first paragraph, without the signature that Cython puts before it."""
    lines = inspect.getdoc(value).strip().splitlines()
    if lines and "(" in lines[0] and lines[0].startswith(getattr(value, "__name__", "?")):
        lines = lines[1:]
    return " ".join(lines).strip().partition("  ")[0] if lines else ""


@pytest.mark.parametrize("name, method", list(methods()))
def test_examples_of_methods(name, method):
    assert run(name, method)


def test_every_method_of_tensor_is_documented():
    bare = [
        name
        for name, value in vars(tl.Tensor).items()
        if not name.startswith("_") and not inspect.getdoc(value)
        if name != "base"  # a member of the C struct, which can have none
    ]
    assert not bare


def test_there_are_many():
    assert len(OBJECTS) > 250
