"""The libraries that are compared, with what they call differently."""

import importlib

import numpy as np


class Library:
    """What cases need of a library.

    Parameters
    ----------
    tiny : bool
        Whether cases are as small as can be, which tests whether they run.

    Attributes
    ----------
    xp : module
    """

    name = "tensorlib"
    device = "cuda"

    def __init__(self, tiny=False):
        self.tiny = tiny
        self.xp = importlib.import_module(self.name)
        self.open()

    def open(self):
        """Prepare the library."""

    def pick(self, full, tiny):
        """The size of a case."""
        return tiny if self.tiny else full

    def random(self, *shape, dtype="float32", seed=0):
        """Normally distributed numbers, the same in each library. Of more than a few million the
        first ones are repeated: no library is faster for that, zeros would make it."""
        size = int(np.prod(shape))
        drawn = np.random.default_rng(seed).standard_normal(min(size, 1 << 22), np.float32)
        return self.cast(self.array(np.resize(drawn, shape)), dtype)

    def integers(self, high, *shape, seed=0):
        return self.array(np.random.default_rng(seed).integers(0, high, shape))

    def milliseconds(self, function, calls):
        """What the GPU takes for a call, by events around many."""
        start, stop = self.event(), self.event()
        start.record()
        for _ in range(calls):
            function()
        stop.record()
        stop.synchronize()
        return self.elapsed(start, stop) / calls

    def elapsed(self, start, stop):
        return start.elapsed_time(stop)

    def ndarray(self, x):
        """The first elements of a result, on the CPU, as float64."""
        return self.to_cpu(self.cast(x.reshape(-1)[: 1 << 16], "float64"))


class TorchNames(Library):
    """What has PyTorch's names, as tensorlib does."""

    def to_cpu(self, x):
        return x.detach().cpu().numpy()

    def event(self):
        return self.xp.cuda.Event(enable_timing=True)

    def wait(self):
        self.xp.cuda.synchronize()

    def let_go(self):
        self.xp.cuda.empty_cache()

    def reset_peak(self):
        self.xp.cuda.reset_peak_memory_stats()

    def peak(self):
        return self.xp.cuda.max_memory_allocated()


class Tensorlib(TorchNames):
    """tensorlib on a GPU."""

    def array(self, x):
        return self.xp.asarray(x).to(self.device)

    def cast(self, x, dtype):
        return x.astype(dtype)

    def empty(self, nbytes):
        return self.xp.empty((nbytes,), dtype="uint8", device=self.device)

    def captured(self, function):
        """A function that replays what another one launches."""
        for _ in range(3):
            function()
        graph = self.xp.cuda.CUDAGraph()
        with self.xp.cuda.graph(graph):
            function()
        return graph.replay

    def fused(self, function):
        """A function of elementwise ops that are computed together."""
        return self.xp.fused(function)

    def driver_copy(self, target, source):
        """The driver's copy on the device, the yardstick of bandwidths; the stream is the default
        one, on which all else runs."""
        driver = importlib.import_module("cuda.bindings.driver")
        # Two addresses, taken once: what is timed is the copy.
        to, from_ = (x.__cuda_array_interface__["data"][0] for x in (target, source))

        def copy():
            (result,) = driver.cuMemcpyDtoDAsync(to, from_, source.nbytes, 0)
            if result != driver.CUresult.CUDA_SUCCESS:
                raise RuntimeError(result.name)

        return copy

    def float32_products(self, tf32):
        """Products of float32 with all of its digits, or with TF32's."""
        self.xp.cuda.set_float32_matmul_precision("high" if tf32 else "highest")

    def float8_product(self, a, b):
        """A function for a @ b.T, in float32."""
        return lambda: a @ b.T


class Torch(TorchNames):
    """PyTorch."""

    name = "torch"

    def open(self):
        if self.device == "cuda" and not self.xp.cuda.is_available():
            raise RuntimeError("PyTorch finds no GPU")
        self.float32_products(tf32=False)

    def array(self, x):
        return self.xp.from_numpy(np.ascontiguousarray(x)).to(self.device)

    def cast(self, x, dtype):
        return x.to(getattr(self.xp, dtype))

    def empty(self, nbytes):
        return self.xp.empty((nbytes,), dtype=self.xp.uint8, device=self.device)

    def captured(self, function):
        cuda = self.xp.cuda
        side = cuda.Stream()
        side.wait_stream(cuda.current_stream())
        with cuda.stream(side):  # as PyTorch asks for
            for _ in range(3):
                function()
        cuda.current_stream().wait_stream(side)
        graph = cuda.CUDAGraph()
        with cuda.graph(graph):
            function()
        return graph.replay

    def driver_copy(self, target, source):
        return lambda: target.copy_(source)

    def float32_products(self, tf32):
        self.xp.backends.cuda.matmul.allow_tf32 = tf32
        self.xp.backends.cudnn.allow_tf32 = tf32

    def float8_product(self, a, b):
        one = self.array(np.ones(1, np.float32))[0]
        return lambda: self.xp._scaled_mm(a, b.t(), one, one, out_dtype=self.xp.float32)


class Cupy(Library):
    """CuPy."""

    name = "cupy"

    def array(self, x):
        return self.xp.asarray(x)

    def cast(self, x, dtype):
        return x.astype(dtype)

    def empty(self, nbytes):
        return self.xp.empty((nbytes,), dtype="uint8")

    def to_cpu(self, x):
        return self.xp.asnumpy(x)

    def event(self):
        return self.xp.cuda.Event()

    def elapsed(self, start, stop):
        return self.xp.cuda.get_elapsed_time(start, stop)

    def wait(self):
        self.xp.cuda.Device().synchronize()

    def let_go(self):
        self.xp.get_default_memory_pool().free_all_blocks()

    def fused(self, function):
        return self.xp.fuse(function)

    def driver_copy(self, target, source):
        return lambda: self.xp.copyto(target, source)

    def float32_products(self, tf32):
        """CuPy's are float32's unless the environment says otherwise."""
        if tf32:
            raise NotImplementedError("cupy: TF32 is chosen by the environment")


LIBRARIES = {cls.name: cls for cls in (Tensorlib, Torch, Cupy)}
