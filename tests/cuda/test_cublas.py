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
    """
    run(environment, "-c", BEGIN + textwrap.dedent(code))
