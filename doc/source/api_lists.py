"""Write the tables of names that the pages in ``api/`` include.

The names are those that the package exports, so a new function appears in the documentation
without an edit here. A new namespace needs a line in ``PAGES`` and a page that includes its file.
"""

import importlib
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

# file name -> namespaces, in the order of the page
PAGES = {
    "functions": ["tensorlib"],
    "linalg": ["tensorlib.linalg"],
    "fft": ["tensorlib.fft"],
    "polynomial": [
        "tensorlib.polynomial",
        "tensorlib.polynomial.polynomial",
        "tensorlib.polynomial.chebyshev",
        "tensorlib.polynomial.legendre",
        "tensorlib.polynomial.hermite",
        "tensorlib.polynomial.hermite_e",
        "tensorlib.polynomial.laguerre",
    ],
    "autograd": [
        "tensorlib.autograd",
        "tensorlib.autograd.function",
        "tensorlib.autograd.functional",
        "tensorlib.autograd.graph",
        "tensorlib.autograd.extend",
        "tensorlib.utils.checkpoint",
        "tensorlib.testing",
    ],
    "func": ["tensorlib.func"],
    "nn": [
        "tensorlib.nn",
        "tensorlib.nn.functional",
        "tensorlib.nn.init",
        "tensorlib.nn.utils",
        "tensorlib.nn.utils.parametrizations",
        "tensorlib.nn.utils.parametrize",
        "tensorlib.nn.utils.rnn",
    ],
    "amp": ["tensorlib.amp"],
    "optim": ["tensorlib.optim", "tensorlib.optim.lr_scheduler", "tensorlib.optim.swa_utils"],
    "distributions": [
        "tensorlib.distributions",
        "tensorlib.distributions.constraints",
        "tensorlib.distributions.transforms",
    ],
    "special": ["tensorlib.special"],
    "random": ["tensorlib.random"],
    "lib": [
        "tensorlib.lib.array_utils",
        "tensorlib.lib.scimath",
        "tensorlib.lib.stride_tricks",
    ],
    "utils": ["tensorlib.utils.data"],
    "cuda": [
        "tensorlib.cuda",
        "tensorlib.cuda.compile_cache",
        "tensorlib.cuda.cudnn",
        "tensorlib.cuda.nvtx",
    ],
}
# file name -> a module without which the page cannot be made, and what it says then
NEEDED = {
    "cuda": (
        "tensorlib.cuda._driver",
        "The list is made where tensorlib was built for GPUs; see :doc:`../cuda`.\n",
    ),
}
OWN_PAGE = {"Tensor", "ndarray"}  # one class


def public_names(module: ModuleType) -> list[str]:
    """The names of the module's own classes and functions: not those that it shows for NumPy, nor
    those of a namespace below it."""
    below = [
        f"{name}."
        for names in PAGES.values()
        for name in names
        if name.startswith(f"{module.__name__}.")
    ]
    names = getattr(module, "__all__", None) or dir(module)
    return sorted(
        name
        for name in names
        if not name.startswith("_")
        and name not in OWN_PAGE
        and callable(value := getattr(module, name))
        and (home := getattr(value, "__module__", None) or "").startswith("tensorlib")
        and not f"{home}.".startswith(tuple(below))
    )


def table(module: ModuleType, title: str, names: list[str]) -> str:
    if not names:
        return ""
    lines = [f".. rubric:: {title}", "", f".. currentmodule:: {module.__name__}", ""]
    lines += [".. autosummary::", "   :toctree: generated", ""]
    return "\n".join(lines + [f"   {name}" for name in names]) + "\n\n"


def section(name: str) -> str:
    module = importlib.import_module(name)
    names = public_names(module)
    classes = [name for name in names if inspect.isclass(getattr(module, name))]
    functions = [name for name in names if name not in classes]
    title = f"{name}\n{'-' * len(name)}\n\n"
    return title + table(module, "Classes", classes) + table(module, "Functions", functions)


def write_page(path: Path, text: str) -> None:
    """Write a page that changed; an untouched file keeps Sphinx from reading it again."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write(folder: Path) -> list[str]:
    """Write ``folder/*.inc.rst`` and return their paths, for ``autosummary_generate``."""
    pages = dict(PAGES)
    for page, (module, text) in NEEDED.items():
        if not importlib.util.find_spec(module) or not importlib.util.find_spec("cuda"):
            del pages[page]
            write_page(folder / f"{page}.inc.rst", text)
    modules = {name: importlib.import_module(name) for names in pages.values() for name in names}
    listed = {f"{m}.{name}" for m, module in modules.items() for name in public_names(module)}
    for page in (folder / "generated").glob("*.rst"):
        if page.stem not in listed | {f"tensorlib.{name}" for name in OWN_PAGE}:
            page.unlink()  # of a name that is gone

    paths = []
    for page, names in pages.items():
        path = folder / f"{page}.inc.rst"
        write_page(path, "".join(section(name) for name in names))
        paths.append(str(path))
    return [*paths, str(folder / "tensor.rst")]
