"""The process whose instructions are counted: `instructions.py` runs it under callgrind.

    python hot_paths.py FILE

Each path is run N and then 2 N times. Around these runs the process asks for its parent's id,
which nothing else here does, and callgrind begins a new part of its numbers at that call. So each
path has three parts: what came before, N calls, 2 N calls. FILE tells their order and the versions
that the numbers depend on.
"""

import json
import os
import platform
import re
import sys
import timeit
from pathlib import Path

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as cpu_features

import tensorlib as tl
from tensorlib._core import _dispatch

N = 400
EMPTY = "empty loop"

SETUP = """
nn = tl.nn
rng = np.random.default_rng(0)

def single(*shape):
    return tl.asarray(rng.random(shape, np.float32))

a, b, x, y, w = single(4), single(4), single(8, 8), single(8, 8), single(4)
w.requires_grad = True
layer = nn.Linear(4, 4)
mlp = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
optimizer = tl.optim.Adam(mlp.parameters())
mlp(x).sum().backward()
"""
PATHS = {
    EMPTY: "pass",
    "a + b": "a + b",
    "a * 2.0": "a * 2.0",
    "exp": "tl.exp(a)",
    "sum": "a.sum()",
    "slice": "a[1:3]",
    "reshape": "a.reshape(2, 2)",
    "matmul 8x8": "x @ y",
    "a + b, recorded": "w + b",
    "backward": "(w * w + w).sum().backward()",
    "layer": "layer(a)",
    "Adam of 4 parameters": "optimizer.step()",
}


def versions():
    extension = Path(_dispatch.__file__).read_bytes()
    compilers = re.findall(rb"(?:GCC: |clang version )[^\0]+", extension)
    return {
        "Python": f"{platform.python_version()} ({platform.python_compiler()})",
        "NumPy": np.__version__,
        "libc": " ".join(platform.libc_ver()),
        "compiler": " and ".join(sorted({name.decode() for name in compilers})),
        "Cython": type(tl.sum).__module__,
        "CPU features": " ".join(sorted(name for name, is_on in cpu_features.items() if is_on)),
    }


def main():
    names = {"tl": tl, "np": np}
    exec(SETUP, names)
    for statement in PATHS.values():
        timer = timeit.Timer(statement, globals=names)
        timer.timeit(N)  # now the interpreter knows the types
        os.getppid()
        timer.timeit(N)
        os.getppid()
        timer.timeit(2 * N)
        os.getppid()
    run = {"paths": list(PATHS), "empty": EMPTY, "calls": N, "versions": versions()}
    Path(sys.argv[1]).write_text(json.dumps(run), encoding="utf-8")


if __name__ == "__main__":
    main()
