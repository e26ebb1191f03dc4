"""Print requirements of pyproject.toml, one a line: ``requirements.py build``, ``... test docs``.

``build`` names the build requirements; any other name is an extra.
"""

import sys
import tomllib
from pathlib import Path


def main(names: list[str]) -> None:
    path = Path(__file__).resolve().parent.parent / "pyproject.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    groups = data["project"]["optional-dependencies"]
    # A build without isolation brings its own ninja.
    groups["build"] = [*data["build-system"]["requires"], "ninja"]
    for name in names:
        print("\n".join(groups[name]))


if __name__ == "__main__":
    main(sys.argv[1:])
