"""Print, one a line, the files of ``tensorlib/`` that are installed as they are.

Meson runs this when it configures; paths are relative to ``tensorlib/``.
"""

from pathlib import Path

SHIPPED = {".py", ".pyi", ".pxd"}
HEADERS = ("include", "kernels")  # folders of headers that are compiled against later
NAMES = {"py.typed"}
BUILD_ONLY = ("_core/generate/",)


def is_shipped(path: Path) -> bool:
    if path.as_posix().startswith(BUILD_ONLY):
        return False
    is_header = path.suffix in {".h", ".cuh"} and path.parent.name in HEADERS
    return path.suffix in SHIPPED or path.name in NAMES or is_header


def main() -> None:
    root = Path(__file__).resolve().parent.parent / "tensorlib"
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    print("\n".join(sorted(path.as_posix() for path in files if is_shipped(path))))


if __name__ == "__main__":
    main()
