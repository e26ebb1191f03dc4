"""The allocator of device memory.

Blocks come from one pool of the driver's for each device, whose pages it maps as they are needed.
What is freed waits, by its stream, to be used again in that stream's order, which costs no call
of the driver.
"""

from cuda.bindings cimport cydriver
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF, Py_XINCREF
from cython.operator cimport dereference, postincrement
from libc.stdint cimport uintptr_t
from libc.string cimport memset
from libcpp.map cimport map as ordered_map
from libcpp.unordered_map cimport unordered_map
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from tensorlib._core._dtypes cimport dtype_object
from tensorlib._core._tape cimport line_of, package, user_code
from tensorlib._core._tensor cimport Tensor
from tensorlib.cuda._driver cimport (
    MAX_DEVICES,
    check,
    enter,
    handle_of,
    is_usable,
)
from tensorlib.cuda._stream cimport stream_on, wait_for

from tensorlib.cuda.errors import OutOfMemoryError

cdef enum:
    GRAIN = 512        # bytes: every block is a multiple, and so aligned for any access
    SHOWN = 8          # axes of a tensor that an error tells of
    LISTED = 10        # of the tensors that an error tells of

cdef size_t LASTING = ~<size_t>0   # stands for a graph where memory is to be nobody's else

cdef struct Block:
    size_t nbytes                   # a multiple of GRAIN
    cydriver.CUstream stream        # in whose order it is used
    size_t graph                    # whose own it is, or 0
    int device
    int ndim                        # of the tensor that it was made for; -1: for none
    int dtype
    Py_ssize_t[SHOWN] shape
    PyObject *code                  # of the user's, which made it
    int place                       # in it

cdef struct Stats:
    size_t allocated                # bytes of live blocks
    size_t peak
    size_t reserved                 # bytes taken from the driver
    size_t peak_reserved
    size_t allocations              # blocks handed out
    size_t cache_hits               # of those, without the driver
    size_t retries                  # after everything unused was given back
    size_t limit                    # of `reserved`; 0 is none

ctypedef ordered_map[size_t, vector[uintptr_t]] FreeBlocks   # by their bytes
ctypedef pair[size_t, size_t] Order                          # a stream, and a graph or 0
ctypedef ordered_map[Order, FreeBlocks] Waiting

cdef unordered_map[uintptr_t, Block] blocks                  # the live ones, by address
cdef Waiting[MAX_DEVICES] waiting
cdef unordered_map[size_t, size_t] captured                  # stream -> the graph being captured
cdef unordered_map[uintptr_t, vector[size_t]] others         # streams beside a block's own
cdef vector[pair[uintptr_t, Block]] postponed                # freed, until captures have ended
cdef cydriver.CUmemoryPool[MAX_DEVICES] pools
cdef cydriver.CUstream[MAX_DEVICES] sides                    # where memory for graphs is made
cdef Stats[MAX_DEVICES] stats


# ------------------------------------------------------------------------------------------
# allocate and free
# ------------------------------------------------------------------------------------------

cdef char *allocate(int device, Tensor tensor, size_t nbytes, size_t *capacity,
                    str op) except NULL:
    cdef Block block
    cdef uintptr_t address
    if nbytes > (<size_t>1 << 62):
        raise MemoryError(f"{op}: unable to allocate {nbytes:,} bytes on cuda:{device}")
    enter(device, op)
    block.nbytes = max((nbytes + GRAIN - 1) // GRAIN * GRAIN, <size_t>GRAIN)
    block.stream = stream_on(device)
    block.graph = graph_on(block.stream)
    block.device = device
    note_tensor(&block, tensor)
    address = take_waiting(device, block.stream, block.graph, &block.nbytes)
    if address != 0:
        stats[device].cache_hits += 1
    else:
        address = take_new(device, block.stream, block.graph, block.nbytes, op)
    code = user_code(package, &block.place)
    Py_INCREF(code)
    block.code = <PyObject *>code
    blocks[address] = block
    stats[device].allocations += 1
    stats[device].allocated += block.nbytes
    stats[device].peak = max(stats[device].peak, stats[device].allocated)
    capacity[0] = block.nbytes
    return <char *>address


cdef inline void note_tensor(Block *block, Tensor tensor) noexcept:
    """Keep what `live_blocks` says of the tensor that a block is made for."""
    cdef int i
    block.ndim = -1 if tensor is None else tensor.ndim_
    if tensor is not None:
        block.dtype = tensor.dtype_
        for i in range(min(tensor.ndim_, <int>SHOWN)):
            block.shape[i] = tensor.shape_[i]


cdef inline size_t graph_on(cydriver.CUstream stream) noexcept:
    """The graph that is being captured on a stream, or 0."""
    if captured.empty():
        return 0
    found = captured.find(<size_t>stream)
    return 0 if found == captured.end() else dereference(found).second


cdef uintptr_t take_waiting(int device, cydriver.CUstream stream, size_t graph,
                            size_t *nbytes) noexcept:
    """A block that waits for this stream, of up to an eighth more bytes; 0 where there is none."""
    cdef uintptr_t address
    lists = waiting[device].find(Order(<size_t>stream, graph))
    if lists == waiting[device].end():
        return 0
    found = dereference(lists).second.lower_bound(nbytes[0])
    if found == dereference(lists).second.end() \
            or dereference(found).first > nbytes[0] + nbytes[0] // 8:
        return 0
    nbytes[0] = dereference(found).first
    address = dereference(found).second.back()
    dereference(found).second.pop_back()
    if dereference(found).second.empty():
        dereference(lists).second.erase(found)
    return address


cdef uintptr_t take_new(int device, cydriver.CUstream stream, size_t graph, size_t nbytes,
                        str op) except 0:
    """A block of the driver's."""
    cdef uintptr_t address = 0
    cdef cydriver.CUresult result = ask_driver(device, stream, graph, nbytes, &address)
    if result == cydriver.CUDA_ERROR_OUT_OF_MEMORY and graph == 0:
        stats[device].retries += 1
        empty(device, op)
        result = ask_driver(device, stream, graph, nbytes, &address)
    if result == cydriver.CUDA_ERROR_OUT_OF_MEMORY:
        error = OutOfMemoryError(out_of_memory(device, nbytes, op))
        error.code = <int>result
        raise error
    check(result, op)
    stats[device].reserved += nbytes
    stats[device].peak_reserved = max(stats[device].peak_reserved, stats[device].reserved)
    return address


cdef cydriver.CUresult ask_driver(int device, cydriver.CUstream stream, size_t graph, size_t nbytes,
                                  uintptr_t *address) except *:
    cdef cydriver.CUresult result
    cdef cydriver.CUdeviceptr found = 0
    cdef cydriver.CUstreamCaptureMode mode = cydriver.CU_STREAM_CAPTURE_MODE_RELAXED
    if stats[device].limit and stats[device].reserved + nbytes > stats[device].limit:
        return cydriver.CUDA_ERROR_OUT_OF_MEMORY
    if pools[device] == NULL:
        make_pool(device)
    if graph == 0:
        result = cydriver.cuMemAllocFromPoolAsync(&found, nbytes, pools[device], stream)
    else:
        # Beside the capture, for the memory is to be there before the graph runs, and after.
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
        result = cydriver.cuMemAllocFromPoolAsync(&found, nbytes, pools[device], sides[device])
        if result == cydriver.CUDA_SUCCESS:
            result = cydriver.cuStreamSynchronize(sides[device])
        cydriver.cuThreadExchangeStreamCaptureMode(&mode)
    address[0] = <uintptr_t>found
    return result


cdef int make_pool(int device) except -1:
    cdef cydriver.CUmemPoolProps wanted
    cdef cydriver.cuuint64_t everything = ~<cydriver.cuuint64_t>0
    cdef cydriver.CUmemoryPool pool = NULL
    memset(&wanted, 0, sizeof(wanted))  # as what is reserved has to be
    wanted.allocType = cydriver.CU_MEM_ALLOCATION_TYPE_PINNED
    wanted.location.type = cydriver.CU_MEM_LOCATION_TYPE_DEVICE
    wanted.location.id = handle_of(device)
    check(cydriver.cuMemPoolCreate(&pool, &wanted), "memory")
    # Nothing is given back at a synchronisation.
    check(cydriver.cuMemPoolSetAttribute(
        pool, cydriver.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, &everything), "memory")
    check(cydriver.cuStreamCreate(&sides[device], cydriver.CU_STREAM_NON_BLOCKING), "memory")
    pools[device] = pool
    return 0


cdef void give_back(int device, char *data) noexcept:
    cdef uintptr_t address = <uintptr_t>data
    cdef Block block
    found = blocks.find(address)
    if found == blocks.end():
        return
    block = dereference(found).second
    blocks.erase(found)
    Py_XDECREF(block.code)
    stats[device].allocated -= block.nbytes
    if not is_usable():
        return
    if others.count(address) and not captured.empty():
        postponed.push_back(pair[uintptr_t, Block](address, block))
    else:
        let_wait(address, block)


cdef void let_wait(uintptr_t address, Block block) noexcept:
    """Keep a block until its own stream wants it."""
    if not others.empty():
        wait_for_others(address, block)
    waiting[block.device][Order(<size_t>block.stream, block.graph)][block.nbytes].push_back(
        address)


cdef void wait_for_others(uintptr_t address, Block block) noexcept:
    """Let a block's own stream wait for the others that used it."""
    found = others.find(address)
    if found == others.end():
        return
    for stream in dereference(found).second:
        try:
            wait_for(block.stream, block.device, <cydriver.CUstream>stream, block.device, "free")
        except Exception:  # the context is lost, and with it all memory
            pass
    others.erase(found)


cdef int used_on(char *data, cydriver.CUstream stream) except -1:
    cdef uintptr_t address = <uintptr_t>data
    found = blocks.find(address)
    if found == blocks.end() or dereference(found).second.stream == stream:
        return 0
    for other in others[address]:
        if other == <size_t>stream:
            return 0
    others[address].push_back(<size_t>stream)
    return 0


def empty(int device, str op="empty_cache"):
    """Give what waits on a device back to the driver, and that to the system. Nothing while a
    graph is captured: it would become a part of that."""
    cdef cydriver.CUresult result
    if pools[device] == NULL or not captured.empty():
        return
    enter(device, op)
    lists = waiting[device].begin()
    while lists != waiting[device].end():
        if dereference(lists).first.second != 0:
            postincrement(lists)  # a graph's own
            continue
        sizes = dereference(lists).second.begin()
        while sizes != dereference(lists).second.end():
            while not dereference(sizes).second.empty():
                check(cydriver.cuMemFreeAsync(
                    dereference(sizes).second.back(),
                    <cydriver.CUstream>dereference(lists).first.first), op)
                dereference(sizes).second.pop_back()
                stats[device].reserved -= dereference(sizes).first
            dereference(lists).second.erase(postincrement(sizes))
        waiting[device].erase(postincrement(lists))
    with nogil:
        result = cydriver.cuCtxSynchronize()
    check(result, op)
    check(cydriver.cuMemPoolTrimTo(pools[device], 0), op)


# ------------------------------------------------------------------------------------------
# graphs
# ------------------------------------------------------------------------------------------

cdef int begin_private(int device, cydriver.CUstream stream, size_t graph) except -1:
    if pools[device] == NULL:
        make_pool(device)
    captured[<size_t>stream] = graph
    return 0


cdef void end_private(cydriver.CUstream stream) noexcept:
    cdef vector[pair[uintptr_t, Block]] freed
    captured.erase(<size_t>stream)
    if captured.empty():
        freed.swap(postponed)
        for entry in freed:
            let_wait(entry.first, entry.second)


cdef void release_private(int device, size_t graph, cydriver.CUstream stream) noexcept:
    """A graph is no more: its memory, also that of live tensors, is a stream's from now on."""
    cdef vector[Order] theirs
    cdef size_t i
    for lists in waiting[device]:
        if lists.first.second == graph:
            theirs.push_back(lists.first)
    for order in theirs:
        for blocks_of_size in waiting[device][order]:
            for address in blocks_of_size.second:
                waiting[device][Order(<size_t>stream, 0)][blocks_of_size.first].push_back(address)
        waiting[device].erase(order)
    for i in range(postponed.size()):
        if postponed[i].second.graph == graph:
            postponed[i].second.graph = 0
            postponed[i].second.stream = stream
    live = blocks.begin()
    while live != blocks.end():
        if dereference(live).second.graph == graph:
            dereference(live).second.graph = 0
            dereference(live).second.stream = stream
        postincrement(live)


def lasting(int device, make):
    """What a function makes while a graph is captured, beside the graph's own memory, in which
    later launches of the graph may be given what earlier ones have used."""
    cdef cydriver.CUstream stream = stream_on(device)
    cdef size_t graph = graph_on(stream)
    begin_private(device, stream, LASTING)
    try:
        return make()
    finally:
        release_private(device, LASTING, stream)
        if graph == 0:
            end_private(stream)
        else:
            begin_private(device, stream, graph)


# ------------------------------------------------------------------------------------------
# what there is
# ------------------------------------------------------------------------------------------

cdef object line(Block block):
    """Which line made a block, as (file, line), or None."""
    code = <object>block.code
    return None if code is None else (code.co_filename, line_of(code, block.place))


cdef object shape_of(Block block):
    """The shape of the tensor for which a block was made; longer ones end in an ellipsis."""
    if block.ndim < 0:
        return None
    cdef tuple shape = tuple([block.shape[i] for i in range(min(block.ndim, <int>SHOWN))])
    return shape if block.ndim <= SHOWN else (*shape, ...)


def live_blocks(int device):
    """The blocks in use, the largest first.

    Returns
    -------
    list of dict
        With ``address``, ``nbytes``, ``stream``; ``shape`` and ``dtype`` of the tensor that it was
        made for, or None; and ``line``: (file, line) or None.
    """
    cdef vector[pair[uintptr_t, Block]] there
    cdef list found = []
    for entry in blocks:
        if entry.second.device == device:
            Py_XINCREF(entry.second.code)
            there.push_back(pair[uintptr_t, Block](entry.first, entry.second))
    # What follows runs Python, in which tensors may be made and freed.
    for entry in there:
        found.append({
            "address": entry.first, "nbytes": entry.second.nbytes,
            "stream": <size_t>entry.second.stream, "shape": shape_of(entry.second),
            "dtype": None if entry.second.ndim < 0 else str(dtype_object(entry.second.dtype)),
            "line": line(entry.second)})
        Py_XDECREF(entry.second.code)
    return sorted(found, key=lambda block: -block["nbytes"])


def waiting_blocks(int device):
    """The blocks that wait to be used again: dicts of ``address``, ``nbytes`` and ``stream``."""
    cdef vector[size_t] there  # three numbers of each; the making of dicts may free tensors
    cdef size_t i
    for lists in waiting[device]:
        for blocks_of_size in lists.second:
            for address in blocks_of_size.second:
                there.push_back(address)
                there.push_back(blocks_of_size.first)
                there.push_back(lists.first.first)
    return [{"address": there[i], "nbytes": there[i + 1], "stream": there[i + 2]}
            for i in range(0, there.size(), 3)]


cdef str out_of_memory(int device, size_t nbytes, str op):
    """The text of the error, with the largest live tensors."""
    from tensorlib.cuda.memory import describe_largest
    return (f"{op}: out of memory on cuda:{device}, which had no {nbytes:,} bytes; live tensors "
            f"have {stats[device].allocated:,}, {stats[device].reserved:,} were reserved"
            + describe_largest(device, LISTED))


def counters(int device):
    """The counters of a device's allocator."""
    return stats[device]


def reset_peak(int device):
    """Let the maxima begin anew at what is in use."""
    stats[device].peak = stats[device].allocated
    stats[device].peak_reserved = stats[device].reserved


def set_limit(int device, size_t nbytes):
    """Bound the bytes that are taken from the driver; 0 is no bound."""
    stats[device].limit = nbytes
