"""Streams, events and graphs of the stand-in driver."""

import pytest
from standin_code import ADD

CAPTURE = """
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_GLOBAL
    stream, other = call("cuStreamCreate", 1), call("cuStreamCreate", 1)
"""


def test_events(run):
    run(
        """
        stream = call("cuStreamCreate", 1)
        start, end = call("cuEventCreate", 0), call("cuEventCreate", 0)
        assert error("cuEventElapsedTime", start, end) == "INVALID_HANDLE"
        call("cuStreamWaitEvent", stream, start, 0)
        call("cuEventRecord", start, stream)
        call("cuEventRecord", end, stream)
        assert call("cuEventElapsedTime", start, end) > 0
        assert error("cuEventQuery", end) == "SUCCESS"
        call("cuStreamDestroy", stream)
        assert error("cuStreamSynchronize", stream) == "INVALID_HANDLE"
        """
    )


def test_host_functions_run_without_the_lock(run):
    run(
        """
        @ctypes.CFUNCTYPE(None, ctypes.c_void_p)
        def function(data):
            seen.append((data, call("cuDeviceGetCount")))

        seen = []
        address = ctypes.cast(function, ctypes.c_void_p).value
        call("cuLaunchHostFunc", 0, driver.CUhostFn(address), 17)
        assert seen == [(17, 1)]
        """
    )


@pytest.mark.parametrize(
    "first, second, conflict",
    [
        ("call('cuMemsetD8Async', x, 1, 4, one)", "launch(READ, x, two)", True),
        ("launch(READ, x, one)", "launch(WRITE, x, two)", True),
        ("launch(WRITE, x, one)", "call('cuMemFreeAsync', x, two)", True),
        ("launch(READ, x, one)", "launch(READ, x, two)", False),
    ],
)
def test_unordered_uses_are_noted(run, first, second, conflict):
    run(
        f"""
        READ, WRITE = kernels(
            '''
            extern "C" __global__ void load(const int* x, int* out) {{ *out = *x; }}
            extern "C" __global__ void store(int* x, int* out) {{ *x = 1; *out = 1; }}
            ''',
            "load", "store",
        )
        one, two = call("cuStreamCreate", 1), call("cuStreamCreate", 1)
        outs = {{int(stream): call("cuMemAlloc", 4) for stream in (one, two)}}
        unused = call("cuMemAlloc", 4)

        def launch(kernel, x, stream, launch=launch):
            assert launch(kernel, (1,), (1,), x, outs[int(stream)], stream=stream) == "SUCCESS"

        def record():
            call("cuEventRecord", event, one)

        def wait():
            call("cuStreamWaitEvent", two, event, 0)

        # what happens in between, and whether it orders the two
        betweens = [
            (lambda: None, False),
            (lambda: call("cuStreamSynchronize", one), True),
            (lambda: call("cuStreamSynchronize", two), False),
            (lambda: call("cuCtxSynchronize"), True),
            (lambda: (record(), wait()), True),
            (lambda: (wait(), record()), False),
            (lambda: (record(), call("cuEventSynchronize", event)), True),
            (lambda: call("cuMemsetD8Async", unused, 0, 1, 0), False),  # they do not wait for 0
        ]
        for number, (between, ordered) in enumerate(betweens):
            x, event = call("cuMemAllocAsync", 4, one), call("cuEventCreate", 0)
            call("cuCtxSynchronize")
            standin.clear_log()
            {first}
            between()
            {second}
            expected = int({conflict} and not ordered)
            assert len(standin.unordered()) == expected, (number, standin.log())
        """,
        STANDIN_ORDER=1,
    )


def test_capture_and_replay(run):
    run(
        ADD
        + CAPTURE
        + """
    call("cuStreamBeginCapture", stream, mode)
    assert launch(ADD, (4,), (256,), device_x, device_y, out, 1000, stream=stream) == "SUCCESS"
    fork, join = call("cuEventCreate", 2), call("cuEventCreate", 2)
    call("cuEventRecord", fork, stream)
    call("cuStreamWaitEvent", other, fork, 0)
    temporary = call("cuMemAllocAsync", 4000, other)
    call("cuMemcpyDtoDAsync", temporary, out, 4000, other)
    call("cuMemcpyDtoDAsync", device_y, temporary, 4000, other)
    call("cuMemFreeAsync", temporary, other)
    call("cuEventRecord", join, other)
    call("cuStreamWaitEvent", stream, join, 0)
    graph = call("cuStreamEndCapture", stream)
    assert call("cuGraphGetNodes", graph, 0)[1] == 5
    assert (to_host(out, x) == x).all()  # nothing ran
    executable = call("cuGraphInstantiate", graph, 0)
    call("cuGraphDestroy", graph)
    for _ in range(3):
        call("cuGraphLaunch", executable, stream)
    assert (to_host(out, x) == x + (x + (x + y))).all()
    assert error("cuMemsetD8Async", temporary, 0, 1, stream) == "INVALID_VALUE"
    call("cuGraphExecDestroy", executable)
    assert error("cuGraphLaunch", executable, stream) == "INVALID_HANDLE"
    """
    )


def test_memory_of_a_graph(run):
    run(
        CAPTURE
        + """
    call("cuStreamBeginCapture", stream, mode)
    kept = call("cuMemAllocAsync", 100, stream)
    call("cuMemsetD8Async", kept, 3, 100, stream)
    graph = call("cuStreamEndCapture", stream)
    again = call("cuGraphInstantiate", graph, 0)
    freeing = call("cuGraphInstantiate", graph, 1)
    assert standin.live_allocations() == 0
    call("cuGraphLaunch", again, stream)
    assert (to_host(kept, np.empty(100, "u1")) == 3).all()
    assert error("cuGraphLaunch", again, stream) == "INVALID_VALUE"  # it is not freed
    call("cuGraphLaunch", freeing, stream)
    assert standin.live_allocations() == 1
    call("cuMemFreeAsync", kept, stream)
    call("cuGraphLaunch", again, stream)
    for name, handle in [("cuGraphExecDestroy", again), ("cuGraphExecDestroy", freeing)]:
        call(name, handle)
    call("cuGraphDestroy", graph)
    assert standin.live_allocations() == 0
    """
    )


@pytest.mark.parametrize(
    "action, error",
    [
        ("error('cuStreamSynchronize', stream)", "STREAM_CAPTURE_UNSUPPORTED"),
        ("error('cuStreamSynchronize', other)", "STREAM_CAPTURE_UNSUPPORTED"),
        ("error('cuMemAlloc', 4)", "STREAM_CAPTURE_UNSUPPORTED"),
        ("error('cuCtxSynchronize')", "STREAM_CAPTURE_UNSUPPORTED"),
        ("error('cuStreamWaitEvent', stream, before, 0)", "STREAM_CAPTURE_ISOLATION"),
        ("error('cuEventRecord', inside, stream) + error('cuEventQuery', inside)",
         "SUCCESSCAPTURED_EVENT"),
    ],
)  # fmt: skip
def test_what_a_capture_does_not_allow(run, action, error):
    run(
        CAPTURE
        + f"""
    before, inside = call("cuEventCreate", 0), call("cuEventCreate", 0)
    call("cuEventRecord", before, other)
    call("cuStreamBeginCapture", stream, mode)
    assert {action} == {error!r}
    assert error("cuStreamEndCapture", stream) == "STREAM_CAPTURE_INVALIDATED"
    call("cuCtxSynchronize")
    """
    )


def test_captures_that_cannot_begin_or_end(run):
    run(
        CAPTURE
        + """
    assert error("cuStreamBeginCapture", 0, mode) == "STREAM_CAPTURE_UNSUPPORTED"
    assert error("cuStreamEndCapture", stream) == "ILLEGAL_STATE"
    call("cuStreamBeginCapture", stream, mode)
    event = call("cuEventCreate", 0)
    call("cuEventRecord", event, stream)
    call("cuStreamWaitEvent", other, event, 0)
    address = call("cuMemAllocAsync", 4, other)
    assert error("cuStreamEndCapture", stream) == "STREAM_CAPTURE_UNJOINED"
    blocking = call("cuStreamCreate", 0)
    call("cuStreamBeginCapture", blocking, mode)
    assert error("cuMemAllocAsync", 4, 0) == "STREAM_CAPTURE_IMPLICIT"
    """
    )


def test_relaxed_captures_allow_more(run):
    run(
        CAPTURE
        + """
    relaxed = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED
    call("cuStreamBeginCapture", stream, relaxed)
    call("cuMemAlloc", 4)
    call("cuStreamEndCapture", stream)
    call("cuStreamBeginCapture", stream, mode)
    before = call("cuThreadExchangeStreamCaptureMode", relaxed)
    call("cuMemAlloc", 4)
    call("cuThreadExchangeStreamCaptureMode", before)
    status = call("cuStreamGetCaptureInfo", stream)[0]
    assert status.name == "CU_STREAM_CAPTURE_STATUS_ACTIVE"
    call("cuStreamEndCapture", stream)
    """
    )
