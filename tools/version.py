#!/usr/bin/env python3
"""Prints the version of the package, for meson.build."""

import re
from pathlib import Path

source = Path(__file__).parent.parent / "tensorlib" / "_version.py"
print(re.search(r'__version__ = "(.+)"', source.read_text())[1])
