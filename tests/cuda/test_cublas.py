"""Products through cuBLAS, for which a stand-in runs on the stand-in driver."""

import subprocess
import sys
import textwrap

import host_compiler
import pytest
import standin_driver
from standin_cublas import build_cublas

FOLDER = host_compiler.FOLDER.parent / "device"

BEGIN = """
import re
import numpy as np
import standin_driver
standin_driver.compile_on_host()
import tensorlib as tl

def launched(compute):
    standin_driver.clear_log()
    result = compute()
    launches = " ".join(line for line in standin_driver.log() if "cuLaunchKernel" in line)
    return result, re.findall(r"\\b(gemm_\\d+|elementwise|[a-z_]+_kernel)\\b", launches)

rng = np.random.default_rng(0)
a = rng.standard_normal((2, 6, 20, 30), np.float32)
b = rng.standard_normal((2, 6, 30, 25), np.float32)
x, y = tl.asarray(a, device="cuda"), tl.asarray(b, device="cuda")
x @ y  # loads
"""


@pytest.fixture
def environment():
    reason = host_compiler.why_not()
    if reason:
        pytest.skip(reason)
    variables = standin_driver.process_environment(TENSORLIB_STANDIN=1, TENSORLIB_CUDA_CACHE="")
    standin_driver.prepend(variables, "LD_LIBRARY_PATH", build_cublas())
    return variables


def run(environment, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        cwd=FOLDER.parents[2],
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]


@pytest.mark.parametrize("name", ["test_products.py", "test_conv.py"])
def test_on_device(name, environment):
    run(environment, "-m", "pytest", "-qx", "-p", "no:cacheprovider", FOLDER / name)


def test_which_calls_there_are(environment):
    code = """
    cases = [
        (1, lambda x, y: x[0] @ y[0]),
        (1, lambda x, y: x @ y[0, 0]),                        # one long matrix
        (1, lambda x, y: x[0, 0] @ y),                        # steps of 0
        (1, lambda x, y: y.mT @ x.mT),                        # transposed where they lie
        (1, lambda x, y: x.mT[..., :7, :] @ y.mT[..., :20, 3:9].swapaxes(-1, -2).mT),
        (2, lambda x, y: x.swapaxes(0, 1)[:, :, ::2] @ y.swapaxes(0, 1)),
        (1, lambda x, y: x[:, 0] @ y[:, 1, :, 4:11]),
        (1, lambda x, y: tl.vecmat(x[0, 0], y[0, 0])),        # rows of one matrix
    ]
    for calls, product in cases:
        result, kernels = launched(lambda: product(x, y))
        assert kernels == calls * ["gemm_0"], (kernels, product.__code__)
        expected = product(tl.asarray(a), tl.asarray(b))
        np.testing.assert_allclose(result.cpu().numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)
    # What does not lie so is copied; vectors and other dtypes have kernels of our own.
    assert launched(lambda: x[..., ::2] @ y[..., ::2, :])[1] == ["elementwise", "gemm_0"]
    assert launched(lambda: x @ y[0, 0, :, 0])[1] == ["multiply_vectors_kernel"]
    i = tl.ones((3, 3), "int32", device="cuda")
    assert launched(lambda: i @ i)[1] == ["multiply_matrices_kernel"]
    for dtype, number in [("float16", 2), ("bfloat16", 14), ("float64", 1), ("complex64", 4),
                          ("complex128", 5)]:
        i = tl.ones((3, 4), dtype, device="cuda")
        result, kernels = launched(lambda: i @ i.T)
        assert kernels == [f"gemm_{number}"] and (result.cpu().numpy() == 4).all()
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))


LINEAR = """
from tensorlib.nn import functional as F
from standin_cublas import find_nothing
from tensorlib.cuda import _blaslt

def kinds(compute):
    return launched(compute)[1]

x, w, bias = x[0, 0], y[0, 0].T, tl.asarray(b[0, 0, 0], device="cuda")
expected = a[0, 0] @ b[0, 0] + b[0, 0, 0]
F.linear(x, w, bias)
"""


def test_linear_is_one_launch(environment):
    code = """
    result, kernels = launched(lambda: F.linear(x, w, bias))
    assert kernels == ["gemm_0"], kernels
    np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-4, atol=1e-5)
    for dtype, number in [("float16", 2), ("bfloat16", 14), ("float64", 1)]:
        parts = [part.astype(dtype) for part in (x, w, bias)]
        assert kinds(lambda: F.linear(*parts)) == [f"gemm_{number}"]
    assert kinds(lambda: F.linear(x[0], w, bias)) == ["gemm_0"]
    assert kinds(lambda: F.linear(x.T, w[:, :20], bias)) == ["gemm_0"]      # where they lie
    assert kinds(lambda: F.linear(x[1:, 1:], w[:, 1:], bias)) == ["gemm_0"]
    copied = ["elementwise", "elementwise", "gemm_0"]
    assert kinds(lambda: F.linear(x[:, ::2], w[::-1, ::2], bias)) == copied
    # A bias that does not begin at 16 bytes is copied, so that no way has to be slow for it.
    assert kinds(lambda: F.linear(x, w[1:], bias[1:])) == ["elementwise", "gemm_0"]
    parts = [part.astype("complex64") for part in (x, w, bias)]
    assert kinds(lambda: F.linear(*parts)) == ["gemm_4", "elementwise"]
    """
    run(environment, "-c", BEGIN + LINEAR + textwrap.dedent(code))


FLOAT8 = """
from tensorlib.nn import functional as F

def narrow(shape, dtype):
    return tl.asarray(rng.standard_normal(shape), dtype=dtype)

def check(kernels, function, *operands):
    expected = function(*[operand.astype("float32") for operand in operands]).numpy()
    moved = [operand.to("cuda") for operand in operands]
    result, found = launched(lambda: function(*moved))
    assert found == kernels, found
    assert result.dtype == "float32"
    np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-5, atol=1e-5)

E4M3, E5M2 = "float8_e4m3fn", "float8_e5m2"
"""


def test_floats_of_8_bits(environment):
    code = """
    matmul = tl.matmul
    x, w = narrow((20, 32), E4M3), narrow((48, 32), E4M3)
    check(["gemm_2828"], matmul, x, w.T)
    # The second operand is the library's first.
    check(["gemm_2928"], matmul, x, w.astype(E5M2).T)
    check(["gemm_2829"], matmul, x.astype(E5M2), w.T)
    check(["gemm_2828"], matmul, narrow((2, 3, 20, 32), E4M3), w.T)
    bias = tl.asarray(rng.standard_normal(48), "f")
    check(["gemm_2828", "elementwise"], F.linear, x, w, bias)
    check(["gemm_2828", "elementwise"], F.linear, narrow((2, 3, 20, 32), E4M3), w, bias)
    # What does not lie so is copied.
    check(["elementwise", "gemm_2828"], matmul, x, narrow((32, 48), E4M3))
    wide = narrow((2, 3, 20, 64), E4M3)
    check(["elementwise", "gemm_2828"], lambda x, y: x[0, 0, :, 3:35] @ y, wide, w.T)
    check(["elementwise", "gemm_2828"], lambda x, y: x[..., ::2] @ y, wide, w.T)
    check(["gemm_2828"], lambda x, y: x[0, 0, :, 16:48] @ y, wide, w.T)
    # What GPUs have no way for is converted.
    both = ["elementwise", "elementwise", "gemm_0"]
    check(both, matmul, x.astype(E5M2), w.astype(E5M2).T)
    check(both, matmul, x.astype(E5M2), narrow((32, 48), E5M2))
    check(both, lambda x, y: x[:, :24] @ y[:24], x, w.T)
    check(both, lambda x, y: x @ y[:, :40], x, w.T)
    check(both, matmul, narrow((2, 20, 32), E4M3), narrow((2, 32, 48), E4M3))
    check(["elementwise", "gemm_0"], matmul, x, w.astype("float32").T)
    """
    run(environment, "-c", BEGIN + FLOAT8 + textwrap.dedent(code))


def test_floats_of_8_bits_on_gpus_without_them(environment):
    code = """
    x, w = narrow((20, 32), E4M3), narrow((48, 32), E4M3)
    check(["elementwise", "elementwise", "gemm_0"], tl.matmul, x, w.T)
    """
    environment["STANDIN_CAPABILITY"] = "8.6"
    run(environment, "-c", BEGIN + FLOAT8 + textwrap.dedent(code))


def test_linear_where_cublaslt_has_no_way(environment):
    code = """
    find_nothing(True)
    for _ in range(2):
        result, kernels = launched(lambda: F.linear(x[:7], w, bias))
        assert kernels == ["gemm_0", "elementwise"], kernels
        np.testing.assert_allclose(result.cpu().numpy(), expected[:7], rtol=1e-4, atol=1e-5)
    assert kinds(lambda: F.linear(x, w, bias)) == ["gemm_0"]  # it is known for this one
    """
    run(environment, "-c", BEGIN + LINEAR + textwrap.dedent(code))


def test_linear_without_cublaslt(environment):
    code = """
    import cuda.pathfinder
    load = cuda.pathfinder.load_nvidia_dynamic_lib
    def found(name):
        if name == "cublasLt":
            raise cuda.pathfinder.DynamicLibNotFoundError(name)
        return load(name)
    cuda.pathfinder.load_nvidia_dynamic_lib = found
    """
    check = """
    result, kernels = launched(lambda: F.linear(x, w, bias))
    assert kernels == ["gemm_0", "elementwise"], kernels
    np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-4, atol=1e-5)
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code) + LINEAR + textwrap.dedent(check))


def test_the_ways_of_linear_are_kept(environment):
    code = """
    def ways(compute):
        before = _blaslt.kept_plans()
        result = compute()
        return _blaslt.kept_plans() - before

    assert ways(lambda: F.linear(x, w, bias)) == 0
    other = tl.zeros((20, 31), "float32", device="cuda")
    # Another step between rows, and another place of the first, make other ways.
    assert ways(lambda: [F.linear(other[:, :30], w, bias) for _ in range(3)]) == 1
    assert ways(lambda: [F.linear(other[:, 1:], w, bias) for _ in range(3)]) == 1
    assert ways(lambda: F.linear(x[:9], w, bias)) == 1
    assert ways(lambda: F.linear(x, w[4:], bias[4:].copy())) == 1
    assert ways(lambda: F.linear(x, w[4:], bias[4:])) == 1
    tl.cuda.set_float32_matmul_precision("high")
    assert ways(lambda: F.linear(x, w, bias)) == 1
    error = abs(F.linear(x, w, bias).cpu().numpy() - expected).max()
    assert 1e-3 < error < 0.05, error
    tl.cuda.set_float32_matmul_precision("highest")
    assert ways(lambda: F.linear(x, w, bias)) == 0
    x = tl.zeros((1100, 3), "float32", device="cuda")
    for n in range(1, 1101):
        F.linear(x[:n], w[:, :3], bias)
    assert _blaslt.kept_plans() == 1024
    """
    run(environment, "-c", BEGIN + LINEAR + textwrap.dedent(code))


def test_linear_in_threads_streams_and_graphs(environment):
    code = """
    import threading
    results, graphs = [], []
    def compute():
        with tl.cuda.Stream() as stream:
            stream.wait_stream(tl.cuda.default_stream())
            for _ in range(3):
                results.append(F.linear(x, w, bias).cpu().numpy())
    def capture():  # in a thread that had no handle
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            graphs.append((graph, F.linear(x[:11], w, bias)))
    for function in (compute, capture):
        threads = [threading.Thread(target=function) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert len(results) == 9 and len(graphs) == 3
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    x[...], bias[...] = 2, 7
    extra = [tl.zeros(300000, device="cuda") for _ in range(9)]  # not in the memory of a graph
    for graph, result in graphs:
        graph.replay()
        np.testing.assert_allclose(
            result.cpu().numpy(), np.full((11, 30), 2) @ b[0, 0] + 7, rtol=1e-4, atol=1e-5)
    assert all((y.cpu().numpy() == 0).all() for y in extra)
    """
    run(environment, "-c", BEGIN + LINEAR + textwrap.dedent(code))


def test_calls_of_convolution(environment):
    code = """
    from tensorlib.nn import functional as F
    x, w = tl.ones((4, 40, 9, 9), "float32", device="cuda"), tl.ones((48, 40, 3, 3), device="cuda")
    w = w.astype("float32")
    single = w[:, :, :1, :1].copy()
    gathered = ["gather_columns_kernel", "gemm_0"]
    assert launched(lambda: F.conv2d(x, w, padding=1))[1] == gathered
    assert launched(lambda: F.conv2d(x, single))[1] == ["gemm_0"]
    assert launched(lambda: F.conv2d(x, w[:8]))[1] == ["convolve_kernel"]
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))


def test_precision_of_float32(environment):
    code = """
    z, w = a[0, 0].astype(np.float64), b[0, 0].astype(np.float64)
    errors = []
    for precision in ("highest", "high", "medium"):
        tl.cuda.set_float32_matmul_precision(precision)
        assert tl.cuda.get_float32_matmul_precision() == precision
        errors.append(np.abs((x[0, 0] @ y[0, 0]).cpu().numpy() - z @ w).max())
        assert (tl.asarray(z, device="cuda") @ tl.asarray(w, device="cuda")).dtype == "float64"
    assert errors[0] < 1e-5 and 1e-3 < errors[1] < 0.05 < errors[2] < 1, errors
    try:
        tl.cuda.set_float32_matmul_precision("exact")
    except ValueError as error:
        assert str(error).startswith("set_float32_matmul_precision: expected 'highest', ")
    else:
        raise AssertionError
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))


def test_threads_streams_and_graphs(environment):
    code = """
    import threading
    expected = a @ b
    def compute():
        with tl.cuda.Stream() as stream:
            for _ in range(3):
                results.append((x @ y).cpu().numpy())
    results = []
    for _ in range(2):
        threads = [threading.Thread(target=compute) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert len(results) == 18
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)
    graphs = []
    def capture():  # in a thread that had no handle
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            graphs.append((graph, x @ y))
    x[...] = 1
    extra = [threading.Thread(target=capture) for _ in range(8)]
    [(thread.start(), thread.join()) for thread in extra]
    x[...] = 2
    for graph, result in graphs:
        graph.replay()
        np.testing.assert_allclose(
            result.cpu().numpy(), np.full_like(a, 2) @ b, rtol=1e-4, atol=1e-5)
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))


def test_errors_name_the_op(environment):
    code = """
    standin_driver.fail("cuLaunchKernel", 1, 1)
    try:
        x @ y
    except tl.cuda.CudaError as error:
        assert str(error).startswith("matmul: CUBLAS_STATUS_EXECUTION_FAILED"), error
    else:
        raise AssertionError
    np.testing.assert_allclose((x @ y).cpu().numpy(), a @ b, rtol=1e-4, atol=1e-5)
    from tensorlib.nn import functional as F
    part = x[0, 0], x[0, 1], x[0, 0, :, 0].copy()
    F.linear(*part)
    standin_driver.fail("cuLaunchKernel", 1, 1)
    try:
        F.linear(*part)
    except tl.cuda.CudaError as error:
        assert str(error) == "linear: cuBLASLt: execution failed", error
    else:
        raise AssertionError
    F.linear(*part)
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))
