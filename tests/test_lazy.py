"""Modules that run at their first use, in processes of their own."""

import subprocess
import sys

import pytest

# Each of many threads begins with another module; some import what is below one.
THREADS = """
import importlib, random, sys, threading
sys.setswitchinterval(1e-6)
import tensorlib as tl

USES = [
    lambda: tl.fft.fft([1.0, 2.0]),
    lambda: tl.linalg.inv([[2.0]]),
    lambda: tl.nn.Linear(2, 3),
    lambda: tl.random.default_rng(0).random(),
    lambda: tl.polynomial.Polynomial([1.0, 2.0])(3.0),
    lambda: tl.emath.sqrt(-1.0),
    lambda: tl.lib.stride_tricks.sliding_window_view(tl.arange(4), 2),
    lambda: tl.func.grad(lambda x: x * x)(3.0),
    lambda: tl.utils.data.DataLoader,
    lambda: tl.optim.SGD,
    lambda: tl.cuda.is_available(),
    lambda: importlib.import_module("tensorlib.fft").ifft([1.0]),
]
failed = []
together = threading.Barrier(26)

def use(k):
    order = random.Random(SEED + k // 2).sample(USES, len(USES))
    together.wait()
    try:
        for function in order:
            function()
    except BaseException as error:
        failed.append(repr(error))

threads = [threading.Thread(target=use, args=(k,)) for k in range(26)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failed, failed
"""

ONE = """
import sys
from importlib import import_module
from types import ModuleType
import tensorlib as tl
from tensorlib import fft

assert "tensorlib.fft" not in sys.modules
assert isinstance(tl.fft, ModuleType) and tl.fft is fft
assert "fftn" in dir(fft)
assert sys.modules["tensorlib.fft"] is import_module("tensorlib.fft") is fft
assert type(fft) is ModuleType and fft.__spec__.name == fft.__name__ == "tensorlib.fft"
assert fft.__loader__ is fft.__spec__.loader and fft.__file__ == fft.__spec__.origin
import tensorlib.nn.functional as F
assert tl.nn.functional is F and tl.emath is import_module("tensorlib.lib.scimath")
tl.linalg.inv = None
assert tl.linalg.inv is None and tl.linalg.det([[2.0]]) == 2
"""

RETRIED = """
import sys
import tensorlib as tl

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("tensorlib.fft."):
            raise ImportError("not today")

sys.meta_path.insert(0, Broken())
for _ in range(2):
    try:
        tl.fft.fft
    except ImportError as error:
        assert "not today" in str(error)
    else:
        raise AssertionError
sys.meta_path.pop(0)
assert tl.fft.fft([1.0]) == 1 and sys.modules["tensorlib.fft"] is tl.fft
"""


def run(code):
    # -P: what is installed, not the sources of this folder.
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seed", range(3))
def test_first_use_by_many_threads(seed):
    run(f"SEED = {100 * seed}\n{THREADS}")


def test_one_module():
    run(ONE)


def test_what_failed_is_tried_again():
    run(RETRIED)
