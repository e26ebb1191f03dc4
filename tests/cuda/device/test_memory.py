"""The allocator of device memory, pinned memory, streams, events and graphs."""

import gc
from pathlib import Path

import numpy as np
import pytest

import tensorlib as tl
from tensorlib.cuda import _memory


@pytest.fixture(autouse=True)
def emptied(device):
    gc.collect()
    tl.cuda.empty_cache()
    yield
    gc.collect()
    tl.cuda.empty_cache()


def test_counters(device):
    before = tl.cuda.memory_stats()
    x = tl.zeros(1000, device=device)
    stats = tl.cuda.memory_stats()
    assert stats["allocated"] - before["allocated"] == 8192  # 8,000 in steps of 512
    assert stats["reserved"] >= stats["allocated"] and stats["peak"] >= stats["allocated"]
    assert tl.cuda.memory_allocated() == stats["allocated"]
    del x
    assert tl.cuda.memory_allocated() == before["allocated"]
    assert tl.cuda.memory_reserved() > before["reserved"]
    hits = tl.cuda.memory_stats()["cache_hits"]
    y = tl.ones(1000, device=device)
    assert tl.cuda.memory_stats()["cache_hits"] == hits + 1
    del y
    tl.cuda.empty_cache()
    assert tl.cuda.memory_reserved() == before["reserved"]
    tl.cuda.reset_peak_memory_stats()
    assert tl.cuda.max_memory_allocated() == tl.cuda.memory_allocated()


def test_snapshot_and_summary(device):
    x = tl.zeros((30, 40), dtype="float32", device=device)  # this line is named
    [found] = [b for b in tl.cuda.memory_snapshot() if b.get("shape") == (30, 40)]
    assert (found["state"], found["dtype"], found["nbytes"]) == ("live", "float32", 5120)
    file, line = found["line"]
    assert file == __file__
    assert "this line is named" in Path(file).read_text().splitlines()[line - 1]
    assert f"(30, 40) float32 made at {__file__}:{line}" in tl.cuda.memory_summary()
    del x
    assert any(b["state"] == "waiting" for b in tl.cuda.memory_snapshot())


def test_out_of_memory(device):
    x = tl.zeros((100, 100), device=device)
    reserved = tl.cuda.memory_reserved()
    total = tl.cuda.Device().total_memory
    tl.cuda.set_per_process_memory_fraction(min(1.0, (reserved + (1 << 20)) / total))
    try:
        with pytest.raises(tl.cuda.OutOfMemoryError) as caught:
            tl.zeros(1 << 18, device=device)  # 2 MiB
        text = str(caught.value)
        assert text.startswith("zeros: out of memory on cuda:0, which had no 2,097,152 bytes")
        assert f"(100, 100) float64 made at {__file__}" in text
        assert isinstance(caught.value, MemoryError) and isinstance(caught.value, RuntimeError)
        retries = tl.cuda.memory_stats()["retries"]
        y = tl.zeros(1 << 16, device=device)  # what waits is given back before
        del y
        assert tl.zeros((1 << 16) + (1 << 15), device=device).size == 98304
        assert tl.cuda.memory_stats()["retries"] == retries + 1
    finally:
        _memory.set_limit(0, 0)
    np.testing.assert_array_equal((x + 1).cpu().numpy(), np.ones((100, 100)))
    for fraction in (0, -1, 1.5):
        with pytest.raises(ValueError, match="expected a fraction above 0 and at most 1"):
            tl.cuda.set_per_process_memory_fraction(fraction)


def test_a_block_is_reused_in_the_order_of_its_stream(device):
    stream = tl.cuda.Stream()
    with stream:
        x = tl.zeros(1000, device=device)
        address = x.__cuda_array_interface__["data"][0]
        del x
        y = tl.zeros(1000, device=device)
        assert y.__cuda_array_interface__["data"][0] == address
        del y
    z = tl.zeros(1000, device=device)  # on another stream
    assert z.__cuda_array_interface__["data"][0] != address


def test_record_stream(device):
    side = tl.cuda.Stream()
    x = tl.ones(1000, device=device)
    side.wait_stream(tl.cuda.current_stream())
    with side:
        y = x * 2
    tl.cuda.record_stream(x, side)
    del x
    z = tl.zeros(1000, device=device)  # in the same memory, when the other stream is done with it
    side.synchronize()
    np.testing.assert_array_equal(y.cpu().numpy(), np.full(1000, 2.0))
    assert z.sum is not None
    with pytest.raises(ValueError, match="record_stream: expected a tensor of a GPU"):
        tl.cuda.record_stream(tl.ones(3), side)


def test_streams(device):
    stream = tl.cuda.Stream()
    assert tl.cuda.current_stream() == tl.cuda.default_stream() != stream
    with stream:
        assert tl.cuda.current_stream() == stream and stream.device == "cuda:0"
        with tl.cuda.Stream() as inner:
            assert tl.cuda.current_stream() == inner
        assert tl.cuda.current_stream() == stream
        x = tl.ones(10, device=device) * 3
        event = stream.record_event()
    assert tl.cuda.current_stream() == tl.cuda.default_stream()
    tl.cuda.current_stream().wait_event(event)
    np.testing.assert_array_equal((x + 1).cpu().numpy(), np.full(10, 4.0))
    stream.synchronize()
    assert stream.query() and event.query()
    assert tl.cuda.Stream.from_handle(stream.cuda_stream) == stream
    assert stream.__cuda_stream__() == (0, stream.cuda_stream)
    with pytest.raises(TypeError, match="wait_stream: expected a Stream, got int"):
        stream.wait_stream(3)


def test_events(device):
    start, stop = tl.cuda.Event(enable_timing=True), tl.cuda.Event(enable_timing=True)
    with pytest.raises(ValueError, match="elapsed_time: expected two events that were recorded"):
        start.elapsed_time(stop)
    start.record()
    x = tl.ones(1000, device=device) + 1
    stop.record()
    stop.synchronize()
    assert start.elapsed_time(stop) >= 0 and stop.query() and x.shape == (1000,)
    assert tl.cuda.Event().query()  # never recorded
    plain = tl.cuda.Event()
    plain.record()
    with pytest.raises(ValueError, match="elapsed_time: expected events made with enable_timing"):
        start.elapsed_time(plain)


def test_graph(device):
    x = tl.zeros(100, device=device)
    graph = tl.cuda.CUDAGraph()
    with pytest.raises(RuntimeError, match="replay: nothing was captured"):
        graph.replay()
    with tl.cuda.graph(graph):
        y = (x + 1) * 2
        y -= x
    assert graph.nodes == 3
    for value in (1.0, 5.0, -2.0):
        x[...] = value
        tl.cuda.synchronize()
        graph.replay()
        np.testing.assert_array_equal(y.cpu().numpy(), np.full(100, (value + 1) * 2 - value))
    with pytest.raises(RuntimeError, match="capture_begin: this graph was captured already"):
        graph.capture_begin()
    graph.reset()
    with pytest.raises(RuntimeError, match="replay: nothing was captured"):
        graph.replay()
    with pytest.raises(RuntimeError, match="capture_begin: the default stream cannot be captured"):
        graph.capture_begin()
    with pytest.raises(RuntimeError, match="capture_end: nothing is being captured"):
        graph.capture_end()


def test_a_graph_keeps_its_memory(device):
    x = tl.ones(1000, device=device)
    y = (x + 1) * 2
    graph = tl.cuda.CUDAGraph()
    with tl.cuda.graph(graph):
        y = (x + 1) * 2  # the sum is freed, in the graph's own memory
    others = [tl.full((1000,), 9.0, device=device) for _ in range(8)]
    graph.replay()
    np.testing.assert_array_equal(y.cpu().numpy(), np.full(1000, 4.0))
    assert all((o.cpu().numpy() == 9).all() for o in others)
    live = tl.cuda.memory_allocated()
    del y, graph
    gc.collect()
    assert tl.cuda.memory_allocated() < live


def test_what_cannot_be_captured(device):
    x = tl.ones(10, device=device)
    graph = tl.cuda.CUDAGraph()
    with pytest.raises(tl.cuda.CudaError, match="CAPTURE"), tl.cuda.graph(graph):
        (x + 1).cpu()
    # Later work goes on.
    np.testing.assert_array_equal((x + 1).cpu().numpy(), np.full(10, 2.0))
    with tl.cuda.graph(graph):
        y = x + 1
    graph.replay()
    np.testing.assert_array_equal(y.cpu().numpy(), np.full(10, 2.0))
