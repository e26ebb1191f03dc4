"""The threads of kernels: their number, and results that do not depend on it."""

import os
import subprocess
import sys
import threading
from itertools import islice

import numpy as np
import pytest
from layouts import array_of
from samples import ANY, DOMAINS, numbers

import tensorlib as tl
from tensorlib._core import _functions
from tensorlib._core import ops as table

ELEMENTWISE = {name: len(inputs) for name, _, inputs, _, _ in table.ELEMENTWISE}
# How many elements, in how many layouts. Of the most, threads are worth it for an addition, too.
SIZES = {8191: 6, 8193: 6, 100_003: 6, 500_003: 1}


@pytest.fixture
def usual():
    """Sets the number of threads back after the test."""
    before = tl.get_num_threads()
    yield before
    tl.set_num_threads(before)


def test_the_number_is_kept(usual):
    tl.set_num_threads(3)
    assert tl.get_num_threads() == 3


@pytest.mark.parametrize(
    "bad, error, text",
    [
        (0, ValueError, "^set_num_threads: expected 1 to 1024 threads, got 0"),
        (-1, ValueError, "^set_num_threads: expected 1 to 1024 threads, got -1"),
        (10**5, ValueError, "^set_num_threads: expected 1 to 1024 threads, got 100000"),
        (2**70, ValueError, "^set_num_threads: expected 1 to 1024 threads"),
        (1.5, TypeError, "float"),
        ("2", TypeError, "str"),
        (None, TypeError, "NoneType"),
    ],
)
def test_numbers_that_are_none(usual, bad, error, text):
    with pytest.raises(error, match=text):
        tl.set_num_threads(bad)
    assert tl.get_num_threads() == usual


def operands(name, dtype, size):
    """Operands of an op in a line, among them some that are not finite."""
    rng = np.random.default_rng(0)
    arrays = []
    for domain in DOMAINS.get(name, [ANY] * ELEMENTWISE[name]):
        array = numbers(rng, domain, size)
        if array.dtype.kind == "f":
            array = array.astype(dtype)
            array[::1009] = np.resize([np.nan, np.inf, -np.inf, -0.0], array[::1009].size)
        arrays.append(array)
    return arrays


def layouts(arrays):
    """The same operands in a line, with strides, in rows of which there are few or many."""
    size = arrays[0].size
    yield arrays
    yield [np.repeat(array, 2)[::2] for array in arrays]
    yield [array[: size // 7 * 7].reshape(7, -1)[:, ::-1] for array in arrays]
    yield [array[: size // 7 * 7].reshape(-1, 7)[:, 1:6] for array in arrays]
    yield [array[: size // 64 * 64].reshape(64, -1).T for array in arrays]
    yield [
        arrays[0][: size // 64 * 64].reshape(64, -1),
        *[array[:64, None] for array in arrays[1:]],
    ]


def bits(results):
    results = results if isinstance(results, tuple) else (results,)
    return [array_of(result).tobytes() for result in results]


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_ops_on_any_number_of_threads(usual, name, dtype):
    function = getattr(_functions, name)
    for size, count in SIZES.items():
        for arrays in islice(layouts(operands(name, dtype, size)), count):
            inputs = [tl.asarray(array) for array in arrays]
            found = []
            for threads in (1, 3):
                tl.set_num_threads(threads)
                with np.errstate(all="ignore"):
                    # The first call measures what an element costs, the next ones use it.
                    found += [bits(function(*inputs)) for _ in range(2)]
            assert all(other == found[0] for other in found), (size, inputs[0].strides)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_floating_point_errors_of_any_thread_are_told(usual, threads):
    tl.set_num_threads(threads)
    x = np.ones(1_000_000)
    x[-1] = -1
    x = tl.asarray(x)
    for _ in range(3):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError, match="invalid"):
            tl.log(x)
        with np.errstate(invalid="raise"):
            tl.log(x[:-1])  # nothing is left of it


def test_kernels_in_several_python_threads(usual):
    """One of them has the pool, the others work alone, and the number changes meanwhile."""
    tl.set_num_threads(3)
    rng = np.random.default_rng(0)
    inputs = [tl.asarray(rng.random(size)) for size in (50_000, 100_003, 300_000)]
    expected = [bits(tl.arctan2(x, x[::-1])) for x in inputs]
    wrong = []

    def work(number):
        for i in range(40):
            if number == 0:
                tl.set_num_threads(1 + i % 4)
            x = inputs[(number + i) % len(inputs)]
            if bits(tl.arctan2(x, x[::-1])) != expected[(number + i) % len(inputs)]:
                wrong.append((number, i))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def run(program):
    """What a program prints that has more threads than this machine may have."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", program],
        env={**os.environ, "TENSORLIB_NUM_THREADS": "4"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FORK = """
import os, sys
import tensorlib as tl
x = tl.linspace(0, 1, 1_000_000)
expected = (tl.sin(x) + tl.sin(x)).sum().item()  # the pool has started
for _ in range(8):
    child = os.fork()
    if child == 0:
        right = (tl.sin(x) + tl.sin(x)).sum().item() == expected
        os._exit(0 if right else 1)
    tl.sin(x)
    assert os.waitpid(child, 0)[1] == 0
print("ended")
"""
FORK_BESIDE_WORK = FORK.replace(
    "for _ in",
    """
import threading
from itertools import islice
end = threading.Event()
def work():
    while not end.is_set():
        tl.sin(x)
thread = threading.Thread(target=work)
thread.start()
for _ in""",
).replace('print("ended")', 'end.set()\nthread.join()\nprint("ended")')


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork is tested where the system has it: Unix")
@pytest.mark.parametrize("program", [FORK, FORK_BESIDE_WORK], ids=["quiet", "beside work"])
def test_a_forked_child_starts_threads_of_its_own(program):
    assert run(program) == "ended\n"


@pytest.mark.parametrize("end", ["pass", "raise SystemExit", "import os; os._exit(0)"])
def test_the_process_ends_while_threads_wait(end):
    run(f"import tensorlib as tl\nx = tl.ones(1_000_000)\nfor _ in range(3): tl.sin(x)\n{end}")


def test_the_process_ends_while_threads_work():
    run("""
import threading, time
import tensorlib as tl
x = tl.ones(1_000_000)
def work():
    while True:
        tl.sin(x)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
""")


ALL_KINDS = """
import os
import numpy as np
import tensorlib as tl
from tensorlib import nn, optim
from tensorlib.nn import functional as F

def started():
    return len(os.listdir("/proc/self/task")) - before

def kinds():
    rng = np.random.default_rng(0)
    x = tl.asarray(rng.standard_normal((700, 800)))
    f = x.astype("f")
    flat, places = x.reshape(-1), tl.asarray(rng.integers(0, 100_000, 200_000))
    tl.exp(x) + x * 2; x[:, ::2] + x[:, 1::2]; x + x[0]; tl.where(x > 0, x, 1.0); x += 1
    f.astype("e") + 1; x.T.copy(); x + x[:, :700].T[:1].T; tl.fused(lambda x: tl.sin(x) * x)(x)
    x.sum(); x.sum(0); x.max(1); x.std(); x.argmax(); x.argmax(0); x.cumsum(1); flat.cumsum()
    tl.sort(x, 0); tl.sort(flat); tl.argsort(flat); flat[places]; flat[flat > 0]
    x @ x.T; f @ f.T; tl.linalg.inv(tl.eye(64) + tl.ones((9, 64, 64))); tl.fft.fft(x)
    tl.matmul(f.reshape(70, 10, 800), f.T)
    images = f[:, :784].reshape(70, 10, 28, 28)
    images.requires_grad = True
    y = nn.Conv2d(10, 16, 3)(images)
    y = nn.BatchNorm2d(16)(F.max_pool2d(y, 2))
    F.interpolate(y, scale_factor=2).sum().backward()
    g = f.detach().copy().requires_grad_()
    F.layer_norm(F.softmax(F.gelu(g), 1), (800,)).var().backward()
    optim.Adam([g]).step()
    q = tl.ones((4, 4, 256, 32), "f").requires_grad_()
    F.scaled_dot_product_attention(q, q, q).sum().backward()
    nn.LSTM(32, 64)(tl.ones((20, 32, 32), "f"))[0].sum().backward()
    F.embedding(places, tl.ones((100_000, 4), "f").requires_grad_()).sum().backward()

tl.set_num_threads(1)
tl.linalg.inv(tl.eye(64))  # the BLAS libraries that start threads of their own are there now
before = len(os.listdir("/proc/self/task"))
kinds()
alone = started()
tl.set_num_threads(3)
kinds()
print(alone, started())
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="threads are counted where Linux lists them: /proc"
)
def test_all_kernels_have_the_threads_of_one_pool():
    assert run(ALL_KINDS) == "0 2\n"
