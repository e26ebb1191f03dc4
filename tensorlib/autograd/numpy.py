"""The library's own namespace under the name that HIPS autograd's has.

``import autograd.numpy as np`` becomes ``import tensorlib.autograd.numpy as np``; so does that of
``random``, ``linalg`` and ``fft`` below it.
"""

import sys

import tensorlib

for _name in dir(tensorlib):
    if not _name.startswith("_") and _name != "autograd":
        globals()[_name] = getattr(tensorlib, _name)
for _name in ("fft", "linalg", "random"):
    sys.modules[f"{__name__}.{_name}"] = getattr(tensorlib, _name)
