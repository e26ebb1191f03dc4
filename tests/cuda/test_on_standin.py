"""The tests of ``device/``, in a process whose CUDA driver is the stand-in."""

import subprocess
import sys
from pathlib import Path

import host_compiler
import pytest
import standin_driver

FOLDER = Path(__file__).resolve().parent / "device"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("test_*.py")), ids=lambda path: path.stem)
def test_on_standin(path):
    reason = host_compiler.why_not()
    if reason:
        pytest.skip(reason)
    # Threads of BLAS wait for each other: small matrices take ten times as long on a busy machine.
    environment = standin_driver.process_environment(
        TENSORLIB_STANDIN=1, TENSORLIB_CUDA_CACHE="", OPENBLAS_NUM_THREADS=1
    )
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", str(path)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, cwd=FOLDER.parents[2]
    )
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    # What a run skips must be few: an empty file proves nothing.
    assert " passed" in done.stdout
