"""Print the folder of CUDA's headers, or say on stderr which package is missing.

Meson runs this when it configures.
"""

import importlib.util
import sys
from pathlib import Path


def main() -> str | None:
    try:
        found = importlib.util.find_spec("cuda.bindings.cydriver")
    except ModuleNotFoundError:
        found = None
    if found is None:
        return "the package cuda-bindings is missing"
    wheels = importlib.util.find_spec("nvidia")
    for root in wheels.submodule_search_locations if wheels else ():
        for header in sorted(Path(root).glob("*/include/cuda.h")):
            if (header.parent / "crt").is_dir():
                print(header.parent)
                return None
    return "the packages nvidia-cuda-runtime and nvidia-cuda-crt, which have cuda.h, are missing"


if __name__ == "__main__":
    sys.exit(main())
