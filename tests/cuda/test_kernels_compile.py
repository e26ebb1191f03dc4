"""Every kernel that can be generated compiles, with NVRTC, for the oldest and the newest GPUs."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import host_compiler
import pytest
import standin_driver

ARCHS = ("sm_75", "sm_90", "sm_120")


def test_every_kernel_compiles():
    reason = host_compiler.why_not()
    if reason is None and importlib.util.find_spec("cuda.bindings.nvrtc") is None:
        reason = "needs NVRTC: pip install 'cuda-toolkit[nvrtc]'"
    if reason:
        pytest.skip(reason)
    done = subprocess.run(
        [sys.executable, Path(__file__).parent / "compile_all.py", *ARCHS],
        env=standin_driver.process_environment(TENSORLIB_CUDA_CACHE=""),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    print(done.stdout, f"on {os.cpu_count()} CPUs")
    kernels, sources = map(int, re.findall(r"(\d+) kernels, of (\d+) sources", done.stdout)[0])
    assert kernels >= len(ARCHS) * sources
