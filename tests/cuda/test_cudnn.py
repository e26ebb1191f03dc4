"""Convolution and attention through cuDNN.

Its libraries want a GPU, so a stand-in for its frontend is run on the stand-in driver; where the
package itself is installed, graphs are checked by it as far as that needs no GPU.
"""

import importlib.util
import subprocess
import sys
import textwrap

import host_compiler
import pytest
import standin_driver

FOLDER = host_compiler.FOLDER.parent / "device"

INSTALL = """
import standin_cudnn
standin_cudnn.install()
"""
BEGIN = """
import warnings
warnings.simplefilter("error")
import numpy as np
import standin_driver
standin_driver.compile_on_host()
import tensorlib as tl
from tensorlib._core._dispatch import apply, ops
from tensorlib.nn import functional as F

rng = np.random.default_rng(0)
def numbers(shape, dtype="float32"):
    return tl.asarray(rng.standard_normal(shape)).astype(dtype)

def check(function, *operands, tolerance=1e-5):
    result, expected = function(*(x.to("cuda") for x in operands)), function(*operands)
    assert result.device == "cuda:0" and result.dtype == expected.dtype
    result, expected = (x.cpu().astype("float64").numpy() for x in (result, expected))
    np.testing.assert_allclose(result, expected, rtol=tolerance, atol=tolerance)

def ran():
    names = [name for name, stream in standin_cudnn.executed]
    standin_cudnn.executed.clear()
    return names

x, w = numbers((2, 4, 6, 7)), numbers((5, 4, 3, 3))
q = numbers((2, 3, 9, 16), "float16")
"""


@pytest.fixture
def environment():
    reason = host_compiler.why_not()
    if reason:
        pytest.skip(reason)
    return standin_driver.process_environment(
        TENSORLIB_STANDIN=1, TENSORLIB_STANDIN_CUDNN=1, TENSORLIB_CUDA_CACHE=""
    )


def run(environment, *arguments):
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        cwd=FOLDER.parents[2],
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-6000:]
    return done.stdout


def run_code(environment, code):
    return run(environment, "-c", INSTALL + BEGIN + textwrap.dedent(code))


@pytest.mark.parametrize("name", ["test_conv.py", "test_attention.py"])
def test_on_device(name, environment):
    assert " passed" in run(
        environment, "-m", "pytest", "-qx", "-p", "no:cacheprovider", FOLDER / name
    )


def test_what_is_computed_by_it(environment):
    code = """
    assert tl.cuda.cudnn.is_available() and tl.cuda.cudnn.why() == ""
    assert tl.cuda.cudnn.version() == "9.28.0"
    check(lambda x, w: F.conv2d(x, w, padding=1), x, w)
    assert ran() == ["conv"]
    for dtype in ("float16", "bfloat16"):
        check(F.conv2d, x.astype(dtype), w.astype(dtype), tolerance=1e-2)
    check(F.conv1d, x[:, :, 0], w[:, :, 0])
    check(F.conv3d, x[..., None].copy(), w[..., None].copy())
    check(lambda x, w: F.conv2d(x, w, groups=2), x, w[:4, :2])
    assert ran() == ["conv"] * 5
    check(lambda x, w: F.conv_transpose2d(x, w, stride=2), x, numbers((4, 3, 3, 2)))
    assert ran() == ["conv_input"]
    check(lambda q: F.scaled_dot_product_attention(q, q, q), q, tolerance=1e-3)
    check(lambda q: F.scaled_dot_product_attention(q, q[..., :5, :], q[..., :5, :8], None, 0.0,
                                                   True), q, tolerance=1e-3)
    assert ran() == ["attention"] * 2
    def gradient(q):
        q, k = q.detach().requires_grad_(), q[:, :, :5].detach().requires_grad_()
        out = F.scaled_dot_product_attention(q, k, k, is_causal=True)
        (out * out).sum().backward()
        return tl.concatenate([q.grad, k.grad], 2)
    check(gradient, q, tolerance=3e-3)
    assert ran() == ["attention", "attention_backward"]
    # and what has kernels of our own
    check(F.conv2d, x.astype("float64"), w.astype("float64"))
    check(F.conv2d, x[:0], w)
    mask = tl.ones((9, 9), dtype=bool)
    check(lambda q, m: F.scaled_dot_product_attention(q, q, q, m), q, mask, tolerance=1e-3)
    r = q.astype("float32")
    check(lambda q: F.scaled_dot_product_attention(q, q, q), r)
    check(lambda q: F.scaled_dot_product_attention(q, q, q), q[:0])
    assert ran() == [] and tl.cuda.cudnn.refused() == []
    # An address that is no multiple of 16
    check(lambda x, w: F.conv2d(x[1:], w[:, 1:]), numbers((2, 3, 5, 5)), numbers((2, 4, 3, 3)))
    assert ran() == ["conv"]
    """
    run_code(environment, code)


def test_a_plan_for_each_layout(environment):
    code = """
    x, w = x.to("cuda"), w.to("cuda")
    for _ in range(3):
        F.conv2d(x, w)
    assert len(standin_cudnn.graphs) == 1 and len(ran()) == 3
    half = x.astype("float16"), w.astype("float16")
    F.conv2d(x, w, padding=1), F.conv2d(x[:1], w), F.conv2d(*half)
    assert len(standin_cudnn.graphs) == 4 and len(ran()) == 3
    # Heads that lie one beside the other are read as they lie; what overlaps is copied.
    p = numbers((2, 9, 3, 3, 16), "float16")
    heads = [lambda p, k=k: p[:, :, k].transpose(0, 2, 1, 3) for k in range(3)]
    check(lambda p: F.scaled_dot_product_attention(*(head(p) for head in heads)), p, tolerance=1e-3)
    assert standin_cudnn.graphs[-1].tensors[0].stride == [9 * 144, 16, 144, 1]
    same = lambda q: tl.broadcast_to(q[:, :1], q.shape)
    check(lambda q: F.scaled_dot_product_attention(q, same(q), same(q)), q, tolerance=1e-3)
    assert standin_cudnn.graphs[-1].tensors[1].stride == [3 * 144, 144, 16, 1]
    check(lambda q: F.scaled_dot_product_attention(*[q.mT[:, :, ::-1, :8]] * 3), q, tolerance=1e-3)
    assert len(standin_cudnn.graphs) == 7
    """
    run_code(environment, code)


def test_kernels_that_are_not_wanted(environment):
    code = """
    import tensorlib
    x, w = x.to("cuda"), w.to("cuda")
    errors = []
    exact = F.conv2d(x.astype("float64"), w.astype("float64"))
    for precision in ("highest", "high", "highest"):
        tl.cuda.set_float32_matmul_precision(precision)
        errors.append(float(abs(F.conv2d(x, w) - exact).max()))
    assert errors[0] == errors[2] < 1e-5 and 1e-4 < errors[1] < 1e-1, errors
    F.conv2d(x.astype("float16"), w.astype("float16"))
    always = {"NONDETERMINISTIC", "REDUCED_PRECISION_REDUCTION", "WINOGRAD", "FFT"}
    assert [graph.unwanted for graph in standin_cudnn.graphs] == [
        always | {"TENSOR_CORE", "DOWN_CONVERT_INPUTS"}, always, always]
    """
    run_code(environment, code)


def test_what_it_refuses(environment):
    code = """
    # 9 is no multiple of 8
    odd = q[..., :9].copy()
    for _ in range(2):
        check(lambda q: F.scaled_dot_product_attention(q, q, q), odd, tolerance=1e-3)
    assert ran() == []
    (line,) = tl.cuda.cudnn.refused()
    assert line.startswith("attention on cuda:0 of float16 (2, 3, 9, 9) by (243, 81, 9, 1), ")
    assert line.endswith(": hidden_dim should be multiple of 8"), line
    standin_cudnn.failures["conv"] = RuntimeError("no plan: CUDNN_STATUS_NOT_SUPPORTED_SHAPE")
    check(F.conv2d, x, w)
    # Any other failure is told of, once
    standin_cudnn.failures["conv"] = RuntimeError("the planner stumbled")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check(F.conv2d, x[:1], w)
        check(F.conv2d, x[:1], w)
        check(F.conv2d, x[:1, :, :4].copy(), w)
    (warning,) = caught
    assert warning.category is RuntimeWarning
    text = str(warning.message)
    assert text.startswith("conv on cuda:0 of float32 (1, 4, 6, 7) by ") and "stumbled" in text
    # What was refused is not asked for again.
    standin_cudnn.failures.clear()
    check(F.conv2d, x, w)
    check(F.conv2d, x[:1], w)
    assert ran() == [] and len(tl.cuda.cudnn.refused()) == 4
    from tensorlib.cuda import cudnn
    cudnn.MOST = 5
    for k in range(3):
        check(F.conv2d, x[:, :, k:].copy(), w[:k + 1])
    assert ran() == ["conv"] and len(cudnn.plans) == 5
    """
    run_code(environment, code)


def test_errors_while_executing(environment):
    code = """
    x, w = x.to("cuda"), w.to("cuda")
    F.conv2d(x, w)
    for function in ("cuLaunchHostFunc", "cuMemcpyHtoDAsync"):
        standin_driver.fail(function, 1, 1)
        try:
            F.conv2d(x, w)
        except tl.cuda.CudaError as error:
            assert str(error).startswith(f"conv: cuDNN: {function}"), error
        else:
            raise AssertionError
    check(lambda x, w: F.conv2d(x, w), x.cpu(), w.cpu())
    """
    run_code(environment, code)


def test_threads_streams_and_graphs(environment):
    code = """
    import threading
    expected = F.conv2d(x, w).numpy()
    a, b = x.to("cuda"), w.to("cuda")
    results, graphs = [], []
    def compute():
        with tl.cuda.Stream() as stream:
            for _ in range(3):
                results.append(F.conv2d(a, b).cpu().numpy())
            assert ("conv", stream.cuda_stream) in standin_cudnn.executed
    def capture():  # in a thread that has no handle, of an op that has no plan
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            graphs.append((graph, F.conv2d(a, b, padding=1)))
    for function in (capture, compute, capture):
        threads = [threading.Thread(target=function) for _ in range(3)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert len(results) == 9
    for result in results:
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)
    assert len(standin_cudnn.graphs) == 2
    assert standin_cudnn.library().standin_handles_made() <= 3
    a[...] = 2
    expected = F.conv2d(tl.full(x.shape, 2, dtype="float32"), w, padding=1).numpy()
    for graph, result in graphs:
        graph.replay()
        np.testing.assert_allclose(result.cpu().numpy(), expected, rtol=1e-5, atol=1e-5)
    """
    run_code(environment, code)


def test_in_the_order_of_streams(environment):
    code = """
    x, w = x.to("cuda"), w.to("cuda")
    with tl.cuda.Stream() as stream:
        stream.wait_stream(tl.cuda.default_stream())
        y = F.conv2d(x * 2, w)
        y = F.conv_transpose2d(y, w)
    tl.cuda.default_stream().wait_stream(stream)
    y.cpu()
    assert ran() == ["conv", "conv_input"] and standin_driver.unordered() == []
    """
    run_code(environment | {"STANDIN_ORDER": "1"}, code)


def test_without_it(environment):
    code = """
    import sys
    assert "cudnn" not in sys.modules or type(sys.modules["cudnn"]) is type(sys)
    check(F.conv2d, x, w)
    assert ran() == [] and not tl.cuda.cudnn.is_available() and tl.cuda.cudnn.version() is None
    print(tl.cuda.cudnn.why())
    """
    found = run_code(environment | {"TENSORLIB_CUDNN": "0"}, code)
    assert found == "the environment variable TENSORLIB_CUDNN is 0\n"
    found = run(environment, "-c", "import standin_cudnn" + BEGIN + textwrap.dedent(code))
    assert found.startswith("cuDNN: pip install tensorlib[cuda13] ("), found


def test_graphs_as_the_frontend_checks_them(environment):
    if importlib.util.find_spec("cudnn") is None:
        pytest.skip("needs NVIDIA's packages: pip install tensorlib[cuda13]")
    load = """
    from cuda import pathfinder
    pathfinder.load_nvidia_dynamic_lib("cudnn")
    import cudnn as package
    """
    code = """
    from tensorlib.cuda import cudnn
    checked = []
    class Checked:  # a plan needs a GPU
        def __init__(self, key):
            cudnn.build(package, key, sm_version=90).validate()
            checked.append(key[0])
        def execute(self, op, device, tensors):
            pass
    cudnn.found_plan, cudnn.frontend = Checked, lambda: (package, "")
    assert all(hasattr(package.numerical_note, name) for name in cudnn.UNWANTED + cudnn.INEXACT)
    for name in ("create_execution_plans", "deselect_numeric_notes", "check_support", "execute",
                 "deselect_workspace_greater_than", "build_plans", "get_workspace_size"):
        assert callable(getattr(package.pygraph, name)), name
    for dtype in ("float32", "float16", "bfloat16"):
        for axes in (1, 2, 3):
            x, w = numbers((2, 4, *range(5, 5 + axes)), dtype), numbers((6, 2, *[3] * axes), dtype)
            x, w = (y.to("cuda").requires_grad_() for y in (x, w))
            F.__dict__[f"conv{axes}d"](x, w, stride=2, padding=1, groups=2).sum().backward()
    assert sorted(checked) == ["conv"] * 9 + ["conv_input"] * 9 + ["conv_weight"] * 9
    for dtype in ("float16", "bfloat16"):
        for causal in (False, True):
            q = [numbers((2, 9, 3, 16), dtype).to("cuda").requires_grad_() for _ in range(3)]
            F.scaled_dot_product_attention(*[x.swapaxes(1, 2) for x in q], None, 0.0, causal
                                           ).sum().backward()
    assert checked[27:] == ["attention", "attention_backward"] * 4, checked
    try:
        F.scaled_dot_product_attention(*[x.swapaxes(1, 2)[..., :9] for x in q])
    except package.cudnnGraphNotSupportedError as error:
        assert "multiple of 8" in str(error)
    else:
        raise AssertionError
    """
    run(environment, "-c", textwrap.dedent(load) + BEGIN + textwrap.dedent(code))


def test_it_is_not_imported_with_the_library(environment):
    code = """
    import sys
    import standin_driver
    standin_driver.compile_on_host()
    import tensorlib as tl
    tl.ones(3, device="cuda")
    assert "cudnn" not in sys.modules and "tensorlib.cuda.cudnn" not in sys.modules
    """
    run(environment, "-c", textwrap.dedent(code))
