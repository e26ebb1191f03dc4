"""Graphs: launches that were captured once and are replayed as one."""

from threading import get_ident

cimport cython
from cuda.bindings cimport cydriver
from libc.stdint cimport uintptr_t

from tensorlib.cuda._driver cimport check, enter, is_usable
from tensorlib.cuda._kernel cimport wait_if_blocking
from tensorlib.cuda._memory cimport begin_private, end_private, release_private
from tensorlib.cuda._stream cimport Stream, is_capturing, stream_on, wait_for

from tensorlib.cuda import _driver
from tensorlib.cuda._kernel import capturing
from tensorlib.cuda.device import index_of


cdef size_t numbers = 0
cdef dict captures = {}  # (thread, index of a device) -> the CUDAGraph that is being captured


@cython.no_gc_clear  # what it launches is let go of while it is whole
cdef class CUDAGraph:
    """What was launched on a stream, to be launched again at the cost of one launch.

    A graph works on the memory that it was captured with: write new inputs into the same tensors,
    and read results from the same tensors. All that the CPU decides, such as shapes, branches and
    numbers, stays as it was at the capture. The tensors made inside keep their memory for as long
    as the graph lives. Random numbers are others in each replay. An optimizer's step is the next
    one in each replay, with the learning rate and the other options that its groups then have.

    Examples
    --------
    >>> import tensorlib as tl
    >>> if tl.cuda.is_available():
    ...     x = tl.zeros(3, device="cuda")
    ...     y = x + 1  # kernels are compiled before a capture
    ...     graph = tl.cuda.CUDAGraph()
    ...     with tl.cuda.graph(graph):
    ...         y = x + 1
    ...     x[...] = 5.0
    ...     graph.replay()
    """

    cdef cydriver.CUgraph captured
    cdef cydriver.CUgraphExec executable
    cdef size_t number       # of its memory
    cdef int index           # of the device
    cdef Stream stream       # of the capture that goes on, or None
    cdef cydriver.CUstream last     # on which it was replayed, or else captured
    cdef set used            # handles of the streams that it was captured and replayed on
    cdef tuple key           # of the capture that goes on
    cdef list before         # functions that are called before each replay

    def capture_begin(self, Stream stream=None):
        """Capture what is launched from now on on a stream, the current one by default.

        Raises
        ------
        RuntimeError
            If something was captured already, or the stream is the default one, which cannot be.
        """
        global numbers
        cdef int device = stream.index if stream is not None else index_of(None, "capture_begin")
        if self.stream is not None or self.executable != NULL:
            raise RuntimeError("capture_begin: this graph was captured already; use reset()")
        if stream is None:
            stream = Stream.from_handle(<uintptr_t>stream_on(device), device)
        if stream.handle == NULL:
            raise RuntimeError("capture_begin: the default stream cannot be captured; use "
                               "tl.cuda.graph() or a Stream")
        enter(device, "capture_begin")
        if is_capturing(stream.handle):
            raise RuntimeError("capture_begin: the stream is being captured already")
        self.let_go()  # what a capture that failed has left
        self.index = device
        if self.number == 0:
            numbers += 1
            self.number = numbers
        begin_private(self.index, stream.handle, self.number)
        try:
            check(cydriver.cuStreamBeginCapture(
                stream.handle, cydriver.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "capture_begin")
        except BaseException:
            end_private(stream.handle)
            raise
        self.stream = stream
        self.last = stream.handle
        self.used = {<uintptr_t>stream.handle}
        self.before = []
        self.key = get_ident(), self.index
        captures[self.key] = self

    def capture_end(self):
        """End the capture.

        Raises
        ------
        CudaError
            If something inside could not be captured, such as waiting for a result.
        """
        cdef cydriver.CUgraph captured = NULL
        cdef cydriver.CUresult result
        cdef Stream stream = self.stream
        if stream is None:
            raise RuntimeError("capture_end: nothing is being captured")
        captures.pop(self.key, None)
        enter(self.index, "capture_end")
        self.stream = None
        result = cydriver.cuStreamEndCapture(stream.handle, &captured)
        end_private(stream.handle)
        check(result, "capture_end")
        result = cydriver.cuGraphInstantiate(&self.executable, captured, 0)
        if result != cydriver.CUDA_SUCCESS:
            cydriver.cuGraphDestroy(captured)
            self.executable = NULL
        check(result, "capture_end")
        self.captured = captured

    def replay(self):
        """Launch all of it on the current stream.

        Raises
        ------
        RuntimeError
            If nothing was captured, or another graph is being captured, of which an optimizer's
            step cannot be a part twice over.
        TypeError, ValueError
            If an optimizer refuses the step, as its ``step()`` would. Nothing is launched then.
        """
        if self.executable == NULL:
            raise RuntimeError("replay: nothing was captured")
        if self.before and capturing(self.index):
            raise RuntimeError("replay: expected no other graph to be captured")
        for function in self.before:
            function()
        cdef cydriver.CUstream stream = stream_on(self.index)
        enter(self.index, "replay")
        self.last = stream
        self.used.add(<uintptr_t>stream)
        check(cydriver.cuGraphLaunch(self.executable, stream), "replay")
        wait_if_blocking(self.index, stream, "replay")

    def reset(self):
        """Forget what was captured; the memory goes back to the allocator."""
        self.let_go()
        self.before = []

    @property
    def nodes(self):
        """int: how many launches and copies were captured."""
        cdef size_t count = 0
        if self.captured != NULL:
            check(cydriver.cuGraphGetNodes(self.captured, NULL, &count), "nodes")
        return count

    cdef void let_go(self) noexcept:
        if self.number == 0 or not is_usable():
            return
        if self.executable != NULL:
            # The driver keeps it for the replays that still run.
            cydriver.cuGraphExecDestroy(self.executable)
            cydriver.cuGraphDestroy(self.captured)
            self.wait_for_all()
        self.executable = NULL
        self.captured = NULL
        release_private(self.index, self.number, self.last)

    cdef void wait_for_all(self) noexcept:
        """Let the last stream, in whose order the memory is used next, wait for the others."""
        for handle in self.used:
            stream = <cydriver.CUstream><uintptr_t>handle
            # To wait would be a part of what is captured there.
            if not is_capturing(stream) and not is_capturing(self.last):
                try:
                    wait_for(self.last, self.index, stream, self.index, "reset")
                except Exception:  # the context is lost, and with it all memory
                    pass

    def __dealloc__(self):
        self.let_go()


def captured_by_this_thread(int device):
    """The CUDAGraph that this thread captures on a device, or None."""
    return captures.get((get_ident(), device))


def before_replays(CUDAGraph graph not None, function):
    """Call a function before each replay of a graph that is being captured."""
    graph.before.append(function)


class graph:  # noqa: N801 (PyTorch's name)
    """A block whose launches a `CUDAGraph` captures, on a stream of its own.

    Parameters
    ----------
    cuda_graph : CUDAGraph
    stream : Stream, optional
        A new one by default.
    """

    def __init__(self, CUDAGraph cuda_graph not None, stream=None):
        self.cuda_graph = cuda_graph
        self.stream = stream

    def __enter__(self):
        if self.stream is None:
            self.stream = Stream()
        _driver.synchronize(self.stream.index)
        self.stream.__enter__()
        try:
            self.cuda_graph.capture_begin()
        except BaseException:
            self.stream.__exit__(None, None, None)
            raise

    def __exit__(self, kind, *exception):
        try:
            self.cuda_graph.capture_end()
        except Exception:
            if kind is None:  # else the error of the block says more
                raise
        finally:
            self.stream.__exit__(None, None, None)
