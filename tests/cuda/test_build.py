"""The option -Dcuda of the build, up to what would be compiled."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("mesonbuild", "Cython", "ninja")
MISSING = [name for name in TOOLS if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"needs the build tools: pip install meson cython ninja ({MISSING})"
)


def configure(build, option, hidden=None):
    """What meson says, and the extension modules that it would build, or None."""
    environment = os.environ | ({} if hidden is None else {"PYTHONPATH": str(hidden)})
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    meson = [sys.executable, "-m", "mesonbuild.mesonmain"]
    done = subprocess.run(
        [*meson, "setup", build, ROOT, f"-Dcuda={option}"],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return done.stdout, None
    targets = subprocess.run(
        [*meson, "introspect", "--targets", build], env=environment, capture_output=True, check=True
    )
    modules = {
        f"{Path(target['defined_in']).parent.name}.{target['name'].partition('.')[0]}"
        for target in json.loads(targets.stdout)
        if target["type"] == "shared module"
    }
    return done.stdout, modules


@pytest.fixture
def without_packages(tmp_path):
    """A folder in which the packages for CUDA cannot be imported."""
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / "cuda.py").write_text("raise ModuleNotFoundError('hidden')\n")
    return folder


def test_without_the_packages(without_packages, tmp_path):
    text, modules = configure(tmp_path / "auto", "auto", without_packages)
    assert "built without CUDA: the package cuda-bindings is missing" in text
    assert "_core._tensor" in modules
    assert not any(name.startswith("cuda.") for name in modules)
    text, modules = configure(tmp_path / "enabled", "enabled", without_packages)
    assert modules is None
    assert "-Dcuda=enabled: the package cuda-bindings is missing" in text


def test_disabled(tmp_path):
    _, modules = configure(tmp_path / "disabled", "disabled")
    assert "_core._tensor" in modules
    assert not any(name.startswith("cuda.") for name in modules)


def test_enabled(tmp_path):
    if importlib.util.find_spec("cuda") is None:
        pytest.skip("needs the build requirements: pip install cuda-bindings nvidia-cuda-runtime")
    _, modules = configure(tmp_path / "enabled", "enabled")
    assert {"cuda._driver", "cuda._memory", "cuda._backend"} <= modules
