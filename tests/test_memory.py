"""The caching allocator: alignment, reuse, counters, its bound, and sizes that cannot be had."""

import gc
import threading
import weakref

import numpy as np
import pytest

import tensorlib as tl

KILOBYTE, MEGABYTE = 1 << 10, 1 << 20


def stats(name):
    return tl.memory_stats()[name]


def address(x):
    return x.numpy().__array_interface__["data"][0]


@pytest.fixture(autouse=True)
def cache():
    """An empty cache with a bound of its own; the bound before is restored."""
    limit = stats("cache_limit")
    gc.collect()
    tl.empty_cache()
    tl.set_cache_limit(64 * MEGABYTE)
    yield
    tl.set_cache_limit(limit)


@pytest.mark.parametrize("nbytes", [0, 1, 63, 64, 65, 1000, 4095, 100_000, 5_000_000])
def test_alignment(nbytes):
    kept = [tl.empty(nbytes, dtype="u1") for _ in range(3)]
    assert all(address(x) % 64 == 0 for x in kept)
    assert len({address(x) for x in kept}) == 3


def test_large_blocks_begin_on_huge_pages():
    x = tl.empty(8 * MEGABYTE, dtype="u1")
    assert address(x) % (2 * MEGABYTE) == 0


@pytest.mark.parametrize("nbytes", [10, 1000, 70_000, 3_670_016, 3_670_017, 4_194_303, 5_000_000])
def test_freed_blocks_are_used_again(nbytes):
    x = tl.empty(nbytes, dtype="u1")
    place, hits = address(x), stats("cache_hits")
    del x
    y = tl.empty(nbytes, dtype="u1")
    assert address(y) == place
    assert stats("cache_hits") == hits + 1


def test_counters():
    allocated, allocations = stats("allocated"), stats("allocations")
    x = tl.empty(100 * KILOBYTE, dtype="u1")
    size = stats("allocated") - allocated
    assert 100 * KILOBYTE <= size <= 125 * KILOBYTE  # a quarter of a block at most is unused
    assert stats("allocations") == allocations + 1
    view = x[10:]
    assert stats("allocated") == allocated + size
    del x
    assert stats("allocated") == allocated + size
    del view
    assert stats("allocated") == allocated
    assert stats("cached") == size


def test_memory_of_others_is_not_counted():
    allocated = stats("allocated")
    x = tl.asarray(np.ones(10_000))
    assert stats("allocated") == allocated
    del x
    assert stats("cached") == 0


def test_peak():
    x = [tl.empty(MEGABYTE, dtype="u1") for _ in range(4)]
    peak = stats("peak")
    assert peak >= 4 * MEGABYTE
    del x
    assert stats("peak") == peak >= stats("allocated")


def test_the_peak_begins_anew():
    tl.empty(4 * MEGABYTE, dtype="u1")
    kept = tl.empty(MEGABYTE, dtype="u1")
    tl.reset_peak_memory_stats()
    assert stats("peak") == stats("allocated") >= kept.nbytes
    before = stats("allocated")
    tl.empty(2 * MEGABYTE, dtype="u1")
    assert 2 * MEGABYTE <= stats("peak") - before <= 2.5 * MEGABYTE
    assert stats("allocated") == before


def test_empty_cache():
    tl.empty(10 * MEGABYTE, dtype="u1")
    tl.empty(10, dtype="u1")
    assert stats("cached") >= 10 * MEGABYTE
    kept = tl.ones(1000)
    tl.empty_cache()
    assert stats("cached") == 0
    assert kept.sum() == 1000


@pytest.mark.parametrize("limit", [0, 100, MEGABYTE, 20 * MEGABYTE])
def test_the_bound_holds(limit):
    tl.set_cache_limit(limit)
    assert stats("cache_limit") == limit
    for nbytes in (10, 1000, 100_000, 3_000_000, 6_000_000, 6_000_000, 12_000_000):
        held = [tl.empty(nbytes, dtype="u1") for _ in range(3)]
        del held
        assert stats("cached") <= limit


def test_a_lower_bound_frees_what_is_above_it():
    tl.empty(30 * MEGABYTE, dtype="u1")
    assert stats("cached") >= 30 * MEGABYTE
    tl.set_cache_limit(MEGABYTE)
    assert stats("cached") <= MEGABYTE


@pytest.mark.parametrize("bad, kind", [(-1, ValueError), (2**70, (OverflowError, ValueError))])
def test_bounds_that_are_none(bad, kind):
    with pytest.raises(kind):
        tl.set_cache_limit(bad)
    for text in ("1", None):
        with pytest.raises(TypeError):
            tl.set_cache_limit(text)
    assert stats("cache_limit") == 64 * MEGABYTE


def test_a_large_block_is_not_taken_for_a_much_smaller_one():
    tl.empty(60 * MEGABYTE, dtype="u1")
    allocated = stats("allocated")
    x = tl.empty(5 * MEGABYTE, dtype="u1")
    assert stats("allocated") - allocated <= 8 * MEGABYTE
    del x


def test_a_block_of_a_gigabyte():
    """Only the pages that are touched cost memory."""
    allocated = stats("allocated")
    x = tl.empty(1 << 30, dtype="u1")
    x[0] = 1
    x[-1] = 2
    assert (x[0].item(), x[-1].item()) == (1, 2)
    del x
    assert stats("allocated") == allocated
    assert stats("cached") <= 64 * MEGABYTE


@pytest.mark.parametrize("shape", [(2**60,), (2**40, 2**20), (2**55,), (2**58, 1, 2)])
def test_sizes_that_cannot_be_had(shape):
    before = tl.memory_stats()
    for function in (tl.empty, tl.zeros, tl.ones):
        with pytest.raises((MemoryError, ValueError)):
            function(shape)
    with pytest.raises(MemoryError, match="^empty: .*bytes"):
        tl.empty(shape, dtype="u1")
    with pytest.raises((MemoryError, ValueError)):
        tl.broadcast_to(tl.ones(()), shape).copy()
    after = tl.memory_stats()
    assert after["allocated"] == before["allocated"]


@pytest.mark.parametrize("shape", [(2**62, 4), (2**63 - 1,), (2**32, 2**32), (2**80,), (0, 2**63)])
def test_sizes_that_cannot_be(shape):
    for function in (tl.empty, tl.zeros, tl.ones, lambda shape: tl.full(shape, 1.0)):
        with pytest.raises((ValueError, OverflowError, MemoryError)):
            function(shape)


@pytest.mark.parametrize("shape", [(-1,), (3, -2), (-(2**63),)])
def test_negative_sizes(shape):
    for function in (tl.empty, tl.zeros, tl.ones):
        with pytest.raises(ValueError, match=f"^{function.__name__}: "):
            function(shape)


def test_results_that_cannot_be_had():
    """Outer products of moderate vectors; nothing leaks, and the next call works."""
    x = tl.broadcast_to(tl.ones(()), (2**31,))
    long = tl.broadcast_to(tl.ones(()), (2**55,))
    allocated = stats("allocated")
    for call in (
        lambda: tl.add.outer(x, x),
        lambda: tl.concatenate([long, long]),
        lambda: long + 1,
        lambda: tl.cumsum(long),
        lambda: x[:, None] * x[None, :],
    ):
        with pytest.raises((MemoryError, ValueError)):
            call()
    assert stats("allocated") == allocated
    assert (tl.ones(3) + 1).tolist() == [2, 2, 2]


def test_work_in_a_loop_needs_no_new_memory():
    def step():
        x = tl.ones((64, 64))
        return ((x @ x + 1).sum(axis=0) * 2).max()

    step()
    gc.collect()
    allocated, cached = stats("allocated"), stats("cached")
    for _ in range(100):
        step()
    assert (stats("allocated"), stats("cached")) == (allocated, cached)


def test_threads_allocate_and_free_at_once():
    results = []

    def work(seed):
        rng = np.random.default_rng(seed)
        held = []
        for _ in range(300):
            x = tl.full(int(rng.integers(1, 60_000)), float(seed))
            held.append(x)
            if len(held) > 10:
                held.pop(int(rng.integers(10)))
        results.append(all(bool((x == seed).all()) for x in held))

    allocated = stats("allocated")
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    gc.collect()
    assert stats("allocated") == allocated


def test_tensors_that_died_are_new_when_used_again():
    class Named(tl.Tensor):
        pass

    def leave_traces(i):
        x = tl.ones((2,) * (i % 8)).requires_grad_()
        x.register_hook(lambda g: g)
        y = (x * 2).sum()
        y.backward()
        view = x.detach()[...]
        view.setflags(write=False)
        named = Named._make_subclass(Named, view)
        named.name = "named"
        return weakref.ref(x), weakref.ref(view), weakref.ref(named)

    count = 200  # more than wait to be used again
    died = [leave_traces(i) for i in range(count)]
    gc.collect()
    assert all(ref() is None for refs in died for ref in refs)
    held = [tl.zeros(3) for _ in range(count)]
    for x in held:
        assert type(x) is tl.Tensor
        assert not x.requires_grad
        assert x.is_leaf
        assert (x.base, x.grad, x.grad_fn, x.output_nr, x._version) == (None, None, None, 0, 0)
        assert x.flags.writeable
        assert gc.is_tracked(x)
        assert not hasattr(x, "name")
    with pytest.raises(ValueError, match="negative"):
        tl.zeros((2, -1))
    # Those that end while others begin: a chain of views of views, and what a cycle holds.
    x = tl.zeros((3,) * 6)
    for _ in range(3 * count):
        x = x.T
    cycle = tl.zeros(3).requires_grad_()
    cycle.register_hook(lambda g, owner=cycle: g)
    ref = weakref.ref(cycle)
    del x, cycle
    gc.collect()
    assert ref() is None
