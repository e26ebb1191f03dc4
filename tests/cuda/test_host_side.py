"""What the library asks of the driver, in which order, and what it does when that fails.

Each test is a process whose driver is the stand-in.
"""

import subprocess
import sys

import host_compiler
import pytest
import standin_driver

# What every process begins with.
BEGIN = """
import gc, os, warnings
import numpy as np
import standin_driver as standin
standin.compile_on_host()
import tensorlib as tl

def raises(kind, text, function):
    try:
        function()
    except kind as error:
        assert text in str(error), str(error)
        return error
    raise AssertionError(f"{kind.__name__} expected")
"""


@pytest.fixture
def run(run_with_standin):
    def run(code, **environment):
        lines = code.strip("\n").splitlines()
        indent = len(lines[0]) - len(lines[0].lstrip())
        text = BEGIN + "\n".join(line[indent:] for line in lines)
        return run_with_standin(text, TENSORLIB_CUDA_CACHE="", **environment).stdout

    return run


# memory


def test_memory_that_was_freed_costs_no_call(run):
    run("""
        x = tl.zeros(1000, device="cuda")
        del x
        standin.clear_log()
        x = tl.empty(1000, device="cuda")
        del x
        assert standin.called() == [], standin.called()
    """)


def test_out_of_memory_gives_back_all_and_tries_again(run):
    run(
        """
        keep = tl.zeros((512, 1024), device="cuda")  # 4 MiB
        x = tl.zeros(1 << 20, device="cuda")  # 8 MiB
        del x
        standin.clear_log()
        y = tl.empty((3 << 19) - 1, device="cuda")  # just under 12 MiB; 16 are all
        calls = standin.called()
        wanted = ["cuMemAllocFromPoolAsync", "cuMemFreeAsync", "cuCtxSynchronize",
                  "cuMemPoolTrimTo", "cuMemAllocFromPoolAsync"]
        assert calls == wanted, calls
        error = raises(tl.cuda.OutOfMemoryError, "empty: out of memory on cuda:0, which had no",
                       lambda: tl.empty(1 << 20, device="cuda"))
        text = str(error)
        assert text.index("(1572863,) float64") < text.index("(512, 1024) float64"), text
        assert isinstance(error, MemoryError) and error.code == 2
        del y, error
        # The same process goes on.
        z = tl.ones(1 << 19, device="cuda") + 1
        assert z[12].item() == 2
        del z, keep
        gc.collect()
        tl.cuda.empty_cache()
        assert standin.bytes_in_use() == 0, standin.bytes_in_use()
        """,
        STANDIN_MEMORY=16 << 20,
    )


def test_streams_are_ordered(run):
    run(
        """
        side = tl.cuda.Stream()
        x = tl.ones(1000, device="cuda")
        side.wait_stream(tl.cuda.current_stream())
        with side:
            y = x * 2
        tl.cuda.record_stream(x, side)
        del x
        z = tl.zeros(1000, device="cuda")  # in the memory of x
        tl.cuda.current_stream().wait_stream(side)
        w = y + z
        assert standin.unordered() == [], standin.unordered()
        v = z * 2
        with side:
            u = v * 2  # the check can fail
        assert standin.unordered() != []
        """,
        STANDIN_ORDER=1,
    )


def test_memory_that_another_stream_used_is_freed_during_a_capture(run):
    run("""
        x = tl.ones(1000, device="cuda")
        y = x * 2
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            y = x * 2
            tl.cuda.record_stream(x, tl.cuda.current_stream())
            address = x.__cuda_array_interface__["data"][0]
            del x
        states = {b["address"]: b["state"] for b in tl.cuda.memory_snapshot()}
        assert states[address] == "waiting"
        assert graph.nodes == 1
    """)


def test_a_snapshot_while_tensors_are_freed(run):
    run("""
        import sys

        def profile(frame, event, arg):
            if frame.f_code.co_name == "__str__":  # that of dtypes is Python
                kept.clear()

        kept = [tl.empty(8, device="cuda") for _ in range(500)]
        addresses = {x.__cuda_array_interface__["data"][0] for x in kept}
        sys.setprofile(profile)
        found = tl.cuda.memory_snapshot()
        sys.setprofile(None)
        assert kept == []
        assert {b["address"] for b in found if b["state"] == "live"} == addresses
    """)


def test_blocks_that_are_not_given_back_stay(run):
    run("""
        x, y = (tl.ones(1000, device="cuda") for _ in range(2))
        del x, y
        standin.fail("cuMemFreeAsync", 2, 1)
        raises(tl.cuda.CudaError, "empty_cache: CUDA_ERROR_INVALID_VALUE", tl.cuda.empty_cache)
        assert tl.cuda.memory_reserved() == standin.bytes_in_use() == 8192
        x, y = (tl.ones(1000, device="cuda") for _ in range(2))
        assert (x + y).tolist() == [2] * 1000
        del x, y
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            tl.cuda.empty_cache()
            z = tl.ones(1000, device="cuda")
        graph.replay()
        assert z.tolist() == [1] * 1000
    """)


def test_blocking_and_other_copies(run):
    run("""
        x = tl.arange(1000.0)
        y = x.to("cuda")
        pinned = x.pin_memory()
        assert pinned.is_pinned() and not x.is_pinned() and pinned.pin_memory() is pinned
        assert pinned.device == "cpu"
        standin.clear_log()
        y = x.to("cuda", non_blocking=True)
        assert "cuStreamSynchronize" in standin.called()  # x may be freed at once
        standin.clear_log()
        z = pinned.to("cuda", non_blocking=True)
        assert "cuStreamSynchronize" not in standin.called(), standin.called()
        assert "cuEventRecord" in standin.called()
        np.testing.assert_array_equal(z.cpu().numpy(), x.numpy())
        standin.clear_log()
        back = z.to("cpu", non_blocking=True)
        assert back.is_pinned() and "cuStreamSynchronize" not in standin.called()
        tl.cuda.synchronize()
        np.testing.assert_array_equal(back.numpy(), x.numpy())
        assert z[:0].to("cpu", non_blocking=True).shape == (0,)
        columns = z.reshape(10, 100).T.to("cpu", "float32", non_blocking=True)
        assert columns.tolist() == x.reshape(10, 100).T.tolist()
        raises(ValueError, "pin_memory: expected a tensor on the CPU", z.pin_memory)
    """)


def test_pinned_memory_is_used_again_after_its_copies(run):
    run("""
        def address(x):
            return x.__array_interface__["data"][0]

        pinned = tl.arange(1000.0).pin_memory()
        first = address(pinned)
        y = pinned.to("cuda", non_blocking=True)
        standin.clear_log()
        del pinned
        assert standin.called() == [], standin.called()  # to let go of it does not wait
        standin.fail("cuEventQuery", 1, 600)  # CUDA_ERROR_NOT_READY
        other = tl.ones(1000).pin_memory()
        assert address(other) != first
        again = tl.ones(1000).pin_memory()
        assert address(again) == first
        assert standin.called().count("cuMemHostAlloc") == 1
        assert standin.called().count("cuEventDestroy") == 1
        del other, again
        third, fourth = tl.ones(1000).pin_memory(), tl.ones(1000).pin_memory()
        assert standin.called().count("cuMemHostAlloc") == 1
    """)


def test_pinned_memory_in_a_capture(run):
    run("""
        x = tl.zeros(1000, device="cuda") + 1
        pinned = tl.ones(1000).pin_memory()
        other = tl.ones(1000).pin_memory()
        graph = tl.cuda.CUDAGraph()
        with tl.cuda.graph(graph):
            y = x + pinned.to("cuda", non_blocking=True)
            other.to("cuda", non_blocking=True)
            del other
            again = tl.ones(1000).pin_memory()
        pinned[...] = 4
        graph.replay()
        assert y.tolist() == [5] * 1000
    """)


def test_a_forked_child_gets_no_pinned_memory(run):
    run("""
        x = tl.ones(1000).pin_memory()
        del x
        child = os.fork()
        if child == 0:
            raises(RuntimeError, "pin_memory: CUDA was used before this process was forked",
                   tl.ones(1000).pin_memory)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    """)


# graphs

GRAPH = """
    side = tl.cuda.Stream()
    x = tl.ones(1000, device="cuda")
    y = x + 1
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        y = (x + 1) * 2
"""


def test_a_graph_is_let_go_without_waiting(run):
    run(
        GRAPH
        + """
    with side:
        graph.replay()
    y = None
    standin.clear_log()
    del graph
    assert not [name for name in standin.called() if "Synchronize" in name]
    # Its memory is used again after the replay.
    assert standin.called()[-2:] == ["cuStreamWaitEvent", "cuEventDestroy"], standin.called()
    before = tl.cuda.memory_reserved()
    with side:
        z = x * 2
        w = z * 2
    assert tl.cuda.memory_reserved() == before
    """
    )


def test_memory_of_a_graph_is_used_in_the_order_of_its_last_replay(run):
    run(
        GRAPH
        + """
    graph.replay()
    z = y + 1
    del graph, y
    with side, tl.cuda.Stream():
        w = [tl.zeros(1000, device="cuda") for _ in range(8)]
    assert standin.unordered() == [], standin.unordered()
    """,
        STANDIN_ORDER=1,
    )


def test_a_graph_is_let_go_during_a_capture(run):
    run(
        GRAPH
        + """
    other = tl.cuda.CUDAGraph()
    with tl.cuda.graph(other):
        z = x + 1
        del graph
        gc.collect()
    other.replay()
    assert z.cpu().tolist() == [2] * 1000
    """
    )


def test_a_refused_capture_changes_nothing(run):
    run(
        GRAPH
        + """
    raises(RuntimeError, "captured already", lambda: graph.capture_begin(tl.cuda.Stream(1)))
    graph.replay()
    assert y.cpu().tolist() == [4] * 1000
    first, second, stream = tl.cuda.CUDAGraph(), tl.cuda.CUDAGraph(), tl.cuda.Stream()
    with tl.cuda.graph(first, stream):
        z = x + 3
        raises(RuntimeError, "capture_begin: the stream is being captured already",
               second.capture_begin)
        z = z + 1
    first.replay()
    assert z.cpu().tolist() == [5] * 1000
    """,
        STANDIN_DEVICES=2,
    )


# launches


def test_launches(run):
    run("""
        x = tl.ones(1000, dtype="float32", device="cuda")
        y = x + x
        standin.clear_log()
        y = x + x
        calls = [line for line in standin.log() if not line.startswith(" ")]
        assert len(calls) == 2, calls  # memory, and the launch
        z = x + x
        del z
        standin.clear_log()
        z = x + x
        assert standin.called() == ["cuLaunchKernel"]
        [line] = standin.log()
        assert line == "cuLaunchKernel(elementwise, (1, 1, 1), (256, 1, 1), stream 0)", line
        standin.clear_log()
        z = x * 3 + 1  # scalars are arguments: nothing is copied
        assert not any("Memcpy" in name or "Memset" in name for name in standin.called())
    """)


def test_a_fault_names_the_op(run):
    code = """
        from tensorlib.cuda._kernel import Kernel
        bad = Kernel('extern "C" __global__ void bad(long long *p) { *p = 1; }', "bad")
        x = tl.ones(3, device="cuda")
        y = x + 1
        tl.cuda.synchronize()
        FAULT
        message = str(raises(tl.cuda.CudaError, "CUDA_ERROR_ILLEGAL_ADDRESS", fault))
        assert "TENSORLIB_CUDA_BLOCKING=1 finds the one" in message
        print(message)
    """
    late = run(
        code.replace(
            "FAULT", "def fault(): bad('wrong', 0, 1, 1, 4096); z = x * 2; tl.cuda.synchronize()"
        ),
        STANDIN_LATE_FAULTS=1,
    )
    assert "in flight: wrong" in late
    blocking = run(
        code.replace(
            "FAULT", "def fault(): bad('wrong', 0, 1, 1, 4096); raise SystemExit('not reached')"
        ),
        STANDIN_LATE_FAULTS=1,
        TENSORLIB_CUDA_BLOCKING=1,
    )
    assert blocking.startswith("wrong: CUDA_ERROR_ILLEGAL_ADDRESS")


# wrong indices


def test_indexing_does_not_wait(run):
    run("""
        from tensorlib.nn import functional as F
        x, i = tl.ones((9, 4), device="cuda"), tl.asarray([0, 8, 3]).to("cuda")
        x.requires_grad_()

        def calls(function):
            function()
            standin.clear_log()
            function()
            names = standin.called()
            assert not any("Synchronize" in name or "Memcpy" in name for name in names), names
            return names.count("cuLaunchKernel")

        def step():
            loss = F.cross_entropy(F.embedding(i, x), i % 4)
            loss.backward()

        assert calls(lambda: x[i]) == calls(lambda: x[i, i % 4]) - 1 == 1
        assert calls(lambda: F.embedding(i, x)) == 1
        calls(step)
    """)


def test_blocking_raises_at_the_call(run):
    run(
        """
        x, i = tl.ones(5, device="cuda"), tl.asarray([0, 7]).to("cuda")
        text = "advanced_index: index 7 is out of bounds for axis 0 with size 5"
        raises(IndexError, text, lambda: x[i])
        raises(IndexError, "index_put: index 7", lambda: x.__setitem__(i, 2.0))
        assert x.tolist() == [1] * 5
        graph, j = tl.cuda.CUDAGraph(), i % 5
        with tl.cuda.graph(graph):
            y = x[j]
        graph.replay()
        j[...] = i
        raises(IndexError, text, graph.replay)
        tl.cuda.synchronize()
        """,
        TENSORLIB_CUDA_BLOCKING=1,
    )


def test_an_error_of_another_device(run):
    run(
        """
        text = "advanced_index: index 7 is out of bounds for axis 0 with size 5"

        def wrong(device):
            return tl.ones(5, device=device)[tl.asarray([0, 7]).to(device)]

        y = wrong("cuda:1")
        assert tl.ones(3, device="cuda:0").tolist() == [1] * 3  # knows nothing of it
        error = raises(IndexError, text, lambda: tl.cuda.synchronize(1))
        assert "on cuda:1" in error.__notes__[0], error.__notes__
        y = wrong("cuda:0").to("cuda:1")
        raises(IndexError, text, lambda: y.cpu())  # what was wrong came along
        assert y.tolist() == [1, 0]
        """,
        STANDIN_DEVICES=2,
    )


def test_more_lines_than_reports(run):
    run("""
        x, i = tl.ones(5, device="cuda"), tl.asarray([7]).to("cuda")
        code = "x[i]"
        for k in range(1200):
            exec(compile(code if k > 1100 else "x[i % 5]", f"line{k}", "exec"))
        error = raises(IndexError, "advanced_index: index 7 is out of bounds", tl.cuda.synchronize)
        assert "an unknown line" in error.__notes__[0] and len(error.__notes__) == 1
    """)


def test_the_end_of_the_process_with_a_wrong_index(run):
    assert run("tl.ones(5, device='cuda')[tl.asarray([7]).to('cuda')]") == ""


def test_any_call_may_fail(run):
    """Each call of a program that uses all of it fails once: an error, and the program goes on."""
    run("""
        def work():
            x = tl.arange(600.0, device="cuda")
            y = (x[::2] * 2).copy()
            with tl.cuda.Stream() as stream:
                z = y + 1
                event = stream.record_event(tl.cuda.Event(enable_timing=True))
            tl.cuda.current_stream().wait_event(event)
            event.synchronize()
            graph = tl.cuda.CUDAGraph()
            with tl.cuda.graph(graph):
                w = y * 3
            graph.replay()
            pinned = tl.ones(3).pin_memory().to("cuda", non_blocking=True)
            found = float(w.cpu()[1]), float(z[1].item()), float(pinned[0].item())
            tl.cuda.synchronize()
            assert found == (12.0, 5.0, 1.0), found

        work()
        names = []
        standin.clear_log()
        work()
        tl.cuda.empty_cache()
        for name in standin.called():
            if name not in names and "Destroy" not in name and name not in (
                    "cuGetErrorName", "cuGetErrorString", "cuStreamGetPriority",
                    "cuThreadExchangeStreamCaptureMode", "cuStreamIsCapturing",
                    "cuStreamEndCapture"):  # after which the capture would go on
                names.append(name)
        assert len(names) > 12, names
        failures = 0
        for name in names:
            tl.cuda.empty_cache()
            standin.fail(name, 1, 1)  # CUDA_ERROR_INVALID_VALUE
            try:
                work()
                tl.cuda.empty_cache()
            except tl.cuda.CudaError as error:
                assert error.code in (1, 901), (name, error)
                failures += 1
            standin.fail(name, 0, 0)
            gc.collect()
            work()
        assert failures >= len(names) - 1, (failures, names)
    """)


# processes


def test_a_forked_child_is_refused(run):
    run("""
        x = tl.ones(3, device="cuda")
        child = os.fork()
        if child == 0:
            text = "add: CUDA was used before this process was forked"
            raises(RuntimeError, text, lambda: x + 1)
            text = "CUDA was used before this process was forked"
            raises(RuntimeError, text, lambda: tl.zeros(3, device="cuda"))
            raises(RuntimeError, text, tl.cuda.synchronize)
            assert (tl.ones(3) + 1).tolist() == [2, 2, 2]
            del x
            os._exit(7)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 7
        assert (x + 1).tolist() == [2, 2, 2]
    """)


def test_the_end_of_the_process(run):
    out = run("""
        import atexit
        stream, event, graph = tl.cuda.Stream(), tl.cuda.Event(), tl.cuda.CUDAGraph()
        x = tl.ones(1000, device="cuda")
        event.record()
        with tl.cuda.graph(graph):
            y = x + 1
        class Late:
            def __init__(self, kept):
                self.kept = kept
        module = type(os)("late")
        module.kept = Late((x, y, stream, event, graph, tl.ones(3).pin_memory()))
        import sys
        sys.modules["late"] = module
        print("done")
    """)
    assert out.strip() == "done"


# devices


def test_a_consumer_of_dlpack_outlives_the_interpreter(run, tmp_path):
    source = tmp_path / "keeper.cpp"
    source.write_text("""
        #include <cstdlib>
        struct Managed { char tensor[48]; void *manager; void (*deleter)(Managed *); };
        static Managed *kept;
        static void let_go() { kept->deleter(kept); }
        extern "C" void keep(Managed *managed) { kept = managed; std::atexit(let_go); }
    """)
    library = tmp_path / "keeper.so"
    command = [*host_compiler.compiler(), "-shared", "-fPIC", source, "-o", library]
    subprocess.run(command, check=True)
    out = run(f"""
        import ctypes
        capsule = tl.ones(3, device="cuda").__dlpack__()
        find, rename = ctypes.pythonapi.PyCapsule_GetPointer, ctypes.pythonapi.PyCapsule_SetName
        find.restype, find.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        rename.argtypes = [ctypes.py_object, ctypes.c_char_p]
        ctypes.CDLL({str(library)!r}).keep(ctypes.c_void_p(find(capsule, b"dltensor")))
        rename(capsule, b"used_dltensor")
        print("done")
    """)
    assert out.strip() == "done"


def test_streams_of_several_devices_are_ordered(run):
    run(
        """
        x = tl.ones(1000, device="cuda:0") * 2
        y = x.to("cuda:1")
        z = y + 1
        z = None  # its memory is for the next copy
        y = x.to("cuda:1")
        x[...] = 3
        assert standin.unordered() == [], standin.unordered()
        here, there = tl.cuda.Stream(0), tl.cuda.Stream(1)
        here.wait_stream(tl.cuda.default_stream(0))
        with here, there:
            there.wait_stream(here)
            there.wait_stream(tl.cuda.default_stream(1))
            w = x.to("cuda:1") * y
        tl.cuda.default_stream(0).wait_stream(there)
        del x
        x = tl.zeros(1000, device="cuda:0")
        assert standin.unordered() == [], standin.unordered()
        raises(ValueError, "record_stream: expected a stream of cuda:0, got one of cuda:1",
               lambda: tl.cuda.record_stream(x, there))
        """,
        STANDIN_DEVICES=2,
        STANDIN_ORDER=1,
    )


def test_another_library_changes_the_context(run):
    run("""
        from cuda.bindings import driver
        x = tl.ones(3, device="cuda")
        driver.cuCtxPopCurrent()
        assert (x + 1).tolist() == [2, 2, 2]
        driver.cuCtxPopCurrent()
        x = tl.ones((1 << 20,), device="cuda")
        driver.cuCtxPopCurrent()
        tl.cuda.synchronize()
    """)


def test_several_devices(run):
    run(
        """
        assert tl.cuda.device_count() == 2
        x, y = tl.ones(3, device="cuda:0"), tl.ones(3, device="cuda:1")
        assert (x.device, y.device, (y + 1).device) == ("cuda:0", "cuda:1", "cuda:1")
        raises(tl.DeviceError, "add: expected tensors on one device, got shape (3,) on cuda:0 and "
               "shape (3,) on cuda:1; use to()", lambda: x + y)
        np.testing.assert_array_equal((x.to("cuda:1") + y).cpu().numpy(), [2, 2, 2])
        assert y.to(x).device == "cuda:0"
        with tl.cuda.Device(1):
            assert tl.cuda.current_device() == 1 and tl.zeros(2, device="cuda").device == "cuda:1"
            assert (x + 1).device == "cuda:0"
        assert tl.cuda.current_device() == 0
        tl.cuda.set_device("cuda:1")
        assert tl.ones(2).cuda().device == "cuda:1"
        with tl.cuda.Stream(0) as stream:
            assert tl.cuda.current_device() == 0
        assert tl.cuda.current_device() == 1
        raises(tl.DeviceError, "expected a device out of ('cpu', 'cuda:0', 'cuda:1'), got 'cuda:2'",
               lambda: x.to("cuda:2"))
        event = tl.cuda.Event()
        event.record(stream)
        raises(ValueError, "record: expected a stream of cuda:0", lambda: event.record())
        assert tl.cuda.memory_allocated(1) > 0
        from cuda.bindings import driver
        context = driver.cuCtxGetCurrent()[1]
        (y + 1).cpu()
        driver.cuCtxSetCurrent(context)  # as another library may
        np.testing.assert_array_equal((y + 1).cpu().numpy(), [2, 2, 2])
        z = x.requires_grad_().to("cuda:1") * 2
        z.backward(tl.ones(3, device="cuda:1"))
        assert x.grad.device == "cuda:0" and x.grad.tolist() == [2, 2, 2]
        """,
        STANDIN_DEVICES=2,
    )


def test_memory_of_others_is_on_its_device(run):
    run(
        """
        import threading
        class Other:
            __cuda_array_interface__ = tl.ones(3, device="cuda:1").__cuda_array_interface__
        found = []
        thread = threading.Thread(target=lambda: found.append(tl.asarray(Other()).device))
        thread.start()
        thread.join()
        assert found == ["cuda:1"], found
        Other.__cuda_array_interface__["data"] = (64, False)
        raises(tl.cuda.CudaError, "asarray: CUDA_ERROR_INVALID_VALUE", lambda: tl.asarray(Other()))
        """,
        STANDIN_DEVICES=2,
    )


def test_devices_wait_for_each_other(run):
    """Copies between devices, whichever streams are current there; each has its own default one."""
    run(
        """
        for first in (None, tl.cuda.Stream(0)):
            for second in (None, tl.cuda.Stream(1)):
                for stream in filter(None, (first, second)):
                    stream.__enter__()
                tl.cuda.empty_cache(0)
                for size in (1000, 1000):  # the second time memory is used again
                    x = tl.ones(size, device="cuda:0") * 2
                    y = tl.zeros(size, device="cuda:1") + 1
                    del y
                    z = x.to("cuda:1")
                    del x
                    w = tl.zeros(size, device="cuda:0")
                    assert (z + 1)[3].item() == 3
                for stream in filter(None, (second, first)):
                    stream.__exit__()
        assert standin.unordered() == [], standin.unordered()
        one, other = tl.cuda.default_stream(0), tl.cuda.default_stream(1)
        x = tl.ones(1000, device="cuda:0")
        with tl.cuda.Stream(1) as side:
            side.wait_stream(one)
            one.wait_stream(side)
            other.wait_stream(one)
        """,
        STANDIN_DEVICES=2,
        STANDIN_ORDER=1,
    )


@pytest.mark.parametrize(
    "environment, text",
    [
        ({"STANDIN_INIT": 100}, "the NVIDIA driver finds no GPU"),
        ({"STANDIN_DEVICES": 0}, "the NVIDIA driver finds no GPU"),
        ({"STANDIN_INIT": 999}, "the NVIDIA driver does not start: CUDA_ERROR_UNKNOWN"),
        (
            {"STANDIN_DRIVER_VERSION": 12040},
            "a driver for CUDA 13 (580 or newer); this one is for CUDA 12.4",
        ),
    ],
)
def test_a_driver_that_will_not_do(run, environment, text):
    out = run(
        """
        print(tl.cuda.why())
        assert not tl.cuda.is_available() and tl.cuda.device_count() == 0
        assert tl.__array_namespace_info__().devices() == ("cpu",)
        error = raises(tl.DeviceError, "to: 'cuda' is not there: ", lambda: tl.ones(3).to("cuda"))
        assert tl.cuda.why() in str(error)
        assert (tl.ones(3) + 1).tolist() == [2, 2, 2]
        """,
        **environment,
    )
    assert text in out


def python(code, **environment):
    """Run code in a process without the stand-in."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        env=environment or None,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_broken_driver(run_with_standin, tmp_path):
    (tmp_path / "libcuda.so.1").write_text("no library")
    variables = standin_driver.process_environment()
    variables["LD_LIBRARY_PATH"] = str(tmp_path)
    out = python(
        "import tensorlib as tl; print(tl.cuda.why()); print((tl.ones(2) + 1).tolist())",
        **variables,
    )
    assert out.startswith("no NVIDIA driver: ") and out.endswith("[2.0, 2.0]\n")


def test_without_the_packages():
    out = python(
        "import sys; sys.modules['cuda'] = None\n"
        "import tensorlib as tl; print(tl.cuda.why()); print((tl.ones(2) + 1).tolist())\n"
        "try: tl.zeros(2, device='cuda')\n"
        "except tl.DeviceError as error: print(error)\n"
        "try: tl.cuda.Stream\n"
        "except AttributeError as error: print(error)"
    )
    assert out.startswith("the packages for CUDA: pip install tensorlib[cuda13]")
    assert "zeros: 'cuda' is not there: " in out
    assert "cuda.Stream is not there: the packages for CUDA: " in out


def test_built_without_cuda():
    out = python(
        "import sys, importlib.abc\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'tensorlib.cuda._driver':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import tensorlib as tl; print(tl.cuda.why()); print((tl.ones(2) + 1).tolist())"
    )
    if "the packages for CUDA" not in out:
        assert out.startswith("tensorlib was built without CUDA")


def test_nothing_of_cuda_is_loaded_with_the_library():
    out = python("import sys, tensorlib; print([m for m in sys.modules if m.startswith('cuda')])")
    assert out.strip() == "[]"
