"""What the allocator of a GPU has, and has given."""

from tensorlib.cuda import _driver, _memory
from tensorlib.cuda._backend import mark_used
from tensorlib.cuda.device import index_of


def memory_stats(device=None):
    """Counters of a device's allocator.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.

    Returns
    -------
    dict of str to int
        ``allocated`` and ``peak``: bytes that tensors use now, and at most since the start or the
        last `reset_peak_memory_stats`; ``reserved`` and ``peak_reserved``: bytes taken from the
        driver, for tensors or to wait for the next; ``allocations`` and ``cache_hits``: blocks
        handed out, and how many of them had waited; ``retries``: how often all that waited was
        given back because memory ran out; ``limit``: the bound of ``reserved``, 0 for none.
    """
    return _memory.counters(index_of(device, "memory_stats"))


def memory_allocated(device=None):
    """Bytes that tensors of a device use."""
    return memory_stats(device)["allocated"]


def max_memory_allocated(device=None):
    """The most bytes that tensors of a device used since the last `reset_peak_memory_stats`."""
    return memory_stats(device)["peak"]


def memory_reserved(device=None):
    """Bytes that the allocator took from the driver."""
    return memory_stats(device)["reserved"]


def reset_peak_memory_stats(device=None):
    """Let the maxima of `memory_stats` begin anew."""
    _memory.reset_peak(index_of(device, "reset_peak_memory_stats"))


def empty_cache(device=None):
    """Give all memory of a device that waits for reuse back to the system; none while a graph is
    captured.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.
    """
    _memory.empty(index_of(device, "empty_cache"))


def set_per_process_memory_fraction(fraction, device=None):
    """Bound the memory that this process takes of a device.

    Parameters
    ----------
    fraction : float
        Of all its memory, above 0 and at most 1.
    device : int, str or Device, optional
        The current one by default.

    Raises
    ------
    ValueError
        If `fraction` is out of its range.
    """
    if not 0 < fraction <= 1:
        raise ValueError(
            "set_per_process_memory_fraction: expected a fraction above 0 and at most 1, got "
            f"{fraction}"
        )
    index = index_of(device, "set_per_process_memory_fraction")
    _memory.set_limit(index, int(_driver.total_memory(index) * fraction))


def record_stream(tensor, stream):
    """Say that a stream uses a tensor whose memory was made on another one.

    After the tensor is freed, its memory is reused only when what was launched on the stream by
    then is done.

    Parameters
    ----------
    tensor : Tensor
    stream : Stream
    """
    mark_used(tensor, stream)


def memory_snapshot(device=None):
    """All blocks of a device's allocator.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.

    Returns
    -------
    list of dict
        ``address``, ``nbytes``, ``stream`` and ``state``, "live" or "waiting"; of live ones
        ``shape`` and ``dtype``, for which it was made, and ``line``, the (file, line) that did.
    """
    index = index_of(device, "memory_snapshot")
    live = [{**block, "state": "live"} for block in _memory.live_blocks(index)]
    return live + [{**block, "state": "waiting"} for block in _memory.waiting_blocks(index)]


def memory_summary(device=None):
    """The counters of a device's allocator and its largest live tensors, as text.

    Parameters
    ----------
    device : int, str or Device, optional
        The current one by default.

    Returns
    -------
    str
    """
    index = index_of(device, "memory_summary")
    lines = [f"cuda:{index} ({_driver.name_of(index)})"]
    lines += [f"{name:>14} {value:>20,}" for name, value in _memory.counters(index).items()]
    return "\n".join(lines) + describe_largest(index, 20)


def describe_largest(index, count):
    """The largest live blocks, a line each, with what is known of their tensors."""
    found = _memory.live_blocks(index)[:count]
    if not found:
        return ""
    lines = []
    for block in found:
        where = "" if block["line"] is None else " made at {}:{}".format(*block["line"])
        lines.append(f"\n  {block['nbytes']:>16,} bytes: {block['shape']} {block['dtype']}{where}")
    return "\nThe largest live tensors:" + "".join(lines)
