"""Configuration of Sphinx: ``make docs`` or ``spin docs``."""

import importlib.util
import sys
from pathlib import Path

SOURCE = Path(__file__).parent
sys.path[:0] = [str(SOURCE), str(SOURCE.parents[1] / "tools")]

import api_lists  # noqa: E402
import cuda_ops  # noqa: E402
import numpy_names  # noqa: E402

import tensorlib  # noqa: E402

project = "tensorlib"
author = "The tensorlib developers"
copyright = "2026, The tensorlib developers"
version = release = tensorlib.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
]
templates_path = ["_templates"]
exclude_patterns = ["**/*.inc.rst"]
myst_heading_anchors = 3

# Every list of names comes from the package itself; autosummary makes a page for each name.
autosummary_generate = api_lists.write(SOURCE / "api")
api_lists.write_page(SOURCE / "api/numpy_names.inc.rst", numpy_names.page())
api_lists.write_page(SOURCE / "api/cuda_ops.inc.rst", cuda_ops.page())
if importlib.util.find_spec("torch"):
    import torch_names

    torch_page = torch_names.page()
else:
    torch_page = "The table is made where PyTorch is installed: ``pip install torch``.\n"
api_lists.write_page(SOURCE / "api/torch_names.inc.rst", torch_page)
autodoc_typehints = "none"  # the docstrings say it better
numpydoc_show_class_members = False  # the class template shows them

html_theme = "pydata_sphinx_theme"
html_title = "tensorlib"
html_theme_options = {
    "show_prev_next": False,
    "navbar_end": ["theme-switcher"],
    "show_toc_level": 2,
}
html_sidebars = {"getting_started": []}
