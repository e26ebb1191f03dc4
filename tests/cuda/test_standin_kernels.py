"""Kernels on the stand-in driver, their compiler, and what is found wrong with them."""

import host_compiler
import pytest
from standin_code import ADD


def test_a_kernel_runs(run):
    run(
        ADD
        + """
    assert launch(ADD, (4,), (256,), device_x, device_y, out, 1000) == "SUCCESS"
    assert (to_host(out, x) == x + y).all()
    """
    )


def test_limits_of_launches(run):
    run(
        ADD
        + """
    args = device_x, device_y, out, 0
    assert launch(ADD, (1,), (257,), *args) == "INVALID_VALUE"  # the launch bounds
    assert launch(ADD, (0,), (1,), *args) == launch(ADD, (1, 65536), (1,), *args) == "INVALID_VALUE"
    """
    )


def test_structures_and_three_dimensions(run):
    run(
        '''
        kernel = kernels(
            """
            struct Layout { int* out; long long shape[3]; char flag; };
            extern "C" __global__ void fill(Layout layout, char before, double scale, short after) {
              unsigned x = blockIdx.x * blockDim.x + threadIdx.x;
              unsigned y = blockIdx.y * blockDim.y + threadIdx.y;
              unsigned z = blockIdx.z * blockDim.z + threadIdx.z;
              if (x >= layout.shape[2] || y >= layout.shape[1] || z >= layout.shape[0]) return;
              int i = (z * layout.shape[1] + y) * layout.shape[2] + x;
              layout.out[i] = int(i * scale) + before + after + layout.flag;
            }
            """,
            "fill",
        )
        out = call("cuMemAlloc", 4 * 5 * 6 * 7)
        layout = np.array(
            [(int(out), (5, 6, 7), 3)],
            np.dtype([("out", "u8"), ("shape", "i8", 3), ("flag", "i1")], align=True),
        )
        values = [layout, np.array([10], "i1"), np.array([2.0]), np.array([100], "i2")]
        pointers = np.array([value.ctypes.data for value in values], "u8")
        call("cuLaunchKernel", kernel, 4, 3, 2, 2, 2, 3, 0, 0, pointers.ctypes.data, 0)
        result = to_host(out, np.empty(5 * 6 * 7, "i4"))
        assert (result == np.arange(5 * 6 * 7) * 2 + 113).all()
        '''
    )


def test_functors_run_in_kernels(run):
    include = host_compiler.FOLDER.parent.parent.parent / "tensorlib" / "_core" / "include"
    run(
        f'''
        kernel = kernels(
            """
            #include "functors.h"
            extern "C" __global__ void root(const float* x, float* out) {{
              out[threadIdx.x] = tl::math::sqrt(x[threadIdx.x]);
            }}
            """,
            "root",
            include_directories=[{str(include)!r}],
        )
        x = np.random.rand(64).astype("f4")
        device, out = to_device(x), to_device(x)
        assert launch(kernel, (1,), (64,), device, out) == "SUCCESS"
        assert (to_host(out, x) == np.sqrt(x)).all()
        '''
    )


def test_images_that_are_no_modules(run):
    run(
        """
        image = bytearray(host_compiler.compile_for_host('extern "C" __global__ void f() {}'))
        assert error("cuModuleLoadData", b"PTX" * 100) == "INVALID_IMAGE"
        loaded = call("cuModuleLoadData", bytes(image))
        assert error("cuModuleGetFunction", loaded, b"g") == "NOT_FOUND"
        function = call("cuModuleGetFunction", loaded, b"f")
        assert launch(function, (1,), (1,)) == "SUCCESS"
        call("cuModuleUnload", loaded)
        assert launch(function, (1,), (1,)) == "INVALID_HANDLE"
        image[18:20] = (190).to_bytes(2, "little")  # CUDA's number of a machine
        assert error("cuModuleLoadData", bytes(image)) == "NO_BINARY_FOR_GPU"
        """
    )


def test_threads_of_the_host(run):
    run(
        ADD
        + """
    import threading

    def work():
        call("cuCtxSetCurrent", context)
        stream = call("cuStreamCreate", 1)
        for _ in range(50):
            mine = to_device(x, stream)
            assert launch(ADD, (4,), (256,), mine, mine, mine, 1000, stream=stream) == "SUCCESS"
            results.append((to_host(mine, x, stream) == x + x).all())
            call("cuMemFreeAsync", mine, stream)

    results = []
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 200
    """
    )


@pytest.mark.parametrize("size", [1, 31, 32, 33, 100, 1000, 1024])
def test_block_reductions(run, size):
    run(
        f"""
        by_barriers, by_shuffles = kernels(
            '''
            extern "C" __global__ void by_barriers(const double* x, double* out) {{
              __shared__ double parts[1024];
              int i = threadIdx.x;
              parts[i] = x[i];
              for (int left = blockDim.x; left > 1;) {{
                int half = (left + 1) / 2;
                __syncthreads();
                if (i + half < left) parts[i] += parts[i + half];
                left = half;
              }}
              if (i == 0) *out = parts[0];
            }}
            __device__ double warp_sum(double value) {{
              for (int step = 16; step; step /= 2)
                value += __shfl_xor_sync(0xffffffff, value, step);
              return value;
            }}
            extern "C" __global__ void by_shuffles(const double* x, double* out, int size) {{
              __shared__ double parts[32];
              int i = threadIdx.x;
              double value = warp_sum(i < size ? x[i] : 0);
              if (i % 32 == 0) parts[i / 32] = value;
              int warps = __syncthreads_count(i % 32 == 0);
              if (i < 32) {{
                value = warp_sum(i < warps ? parts[i] : 0);
                if (i == 0) *out = value;
              }}
            }}
            ''',
            "by_barriers", "by_shuffles",
        )
        x = np.arange(1.0, {size} + 1)
        device, out = to_device(x), call("cuMemAlloc", 8)
        assert launch(by_barriers, (3,), ({size},), device, out) == "SUCCESS"
        assert to_host(out, np.empty(1)) == x.sum()
        whole = ({size} + 31) // 32 * 32
        assert launch(by_shuffles, (3,), (whole,), device, out, {size}) == "SUCCESS"
        assert to_host(out, np.empty(1)) == x.sum()
        """
    )


def test_shared_memory_is_poison_in_every_block_and_of_one_module(run):
    run(
        '''
        source = """
            template <class T> __device__ T* shared() { __shared__ T x[4]; return x; }
            extern "C" __global__ void look(unsigned* out) {
              unsigned* x = shared<unsigned>();
              out[blockIdx.x] = x[3];
              x[3] = 5;
            }
        """
        for _ in range(2):
            look = kernels(source, "look")
            out = to_device(np.zeros(3, "u4"))
            assert launch(look, (3,), (1,), out) == "SUCCESS"
            assert (to_host(out, np.empty(3, "u4")) == 0xA5A5A5A5).all()
        '''
    )


def test_votes_and_shuffles(run):
    run(
        '''
        votes = kernels(
            """
            extern "C" __global__ void votes(unsigned* out) {
              int i = threadIdx.x;
              unsigned all = 0xffffffff;
              unsigned odd = __ballot_sync(all, i & 1);
              unsigned values[] = {
                  odd,
                  unsigned(__any_sync(all, i == 5)),
                  unsigned(__all_sync(all, i < 31)),
                  unsigned(__shfl_sync(all, i, 3, 8)),
                  unsigned(__shfl_up_sync(all, i, 2)),
                  unsigned(__shfl_down_sync(all, i, 2, 16)),
                  unsigned(__shfl_xor_sync(all, (long long)i << 40, 1) >> 40),
                  unsigned(__syncthreads_or(i == 7)) * 2 + unsigned(__syncthreads_and(i < 31)),
              };
              for (int k = 0; k < 8; ++k) out[k * 32 + i] = values[k];
            }
            """,
            "votes",
        )
        out = call("cuMemAlloc", 4 * 8 * 32)
        assert launch(votes, (1,), (32,), out) == "SUCCESS"
        i = np.arange(32)
        rows = to_host(out, np.empty((8, 32), "u4"))
        assert (rows[0] == 0xAAAAAAAA).all()
        assert (rows[1] == 1).all() and (rows[2] == 0).all()
        assert (rows[3] == i // 8 * 8 + 3).all()
        assert (rows[4] == np.where(i < 2, i, i - 2)).all()
        assert (rows[5] == np.where(i % 16 < 14, i + 2, i)).all()
        assert (rows[6] == (i ^ 1)).all()
        assert (rows[7] == 2).all()
        '''
    )


def test_atomics(run):
    run(
        '''
        count = kernels(
            """
            extern "C" __global__ void count(int* counts, float* sum, unsigned long long* most) {
              int i = blockIdx.x * blockDim.x + threadIdx.x;
              atomicAdd(&counts[i % 3], 1);
              atomicAdd(sum, 0.5f);
              atomicMax(most, (unsigned long long)i);
              atomicCAS_system(most + 1, 0ull, atomicAdd_system(most + 2, 1ull) + 1);
              for (int old = counts[3], seen; (seen = atomicCAS(&counts[3], old, old + 2)) != old;)
                old = seen;
            }
            """,
            "count",
        )
        zeros = np.zeros(4, "i4"), np.zeros(1, "f4"), np.zeros(3, "u8")
        counts, total, most = map(to_device, zeros)
        assert launch(count, (3,), (100,), counts, total, most) == "SUCCESS"
        assert to_host(counts, np.empty(4, "i4")).tolist() == [100, 100, 100, 600]
        assert to_host(total, np.empty(1, "f4")) == 150
        assert to_host(most, np.empty(3, "u8")).tolist() == [299, 1, 300]
        '''
    )


# The compiler


def test_kernels_are_found():
    source = """
    // extern "C" __global__ void commented(int x) {}
    extern "C" __global__ void plain(int x) {}
    extern "C" __global__ __launch_bounds__(128, 2) void second(const T* x,
                                                               int y) {}
    template <class T> __device__ T helper(T x) { return x; }
    extern "C"  __global__  void
    __launch_bounds__(BLOCK * (2 + 1)) third(Operands<3> all) {}
    """
    names = [name for name, _ in host_compiler.find_kernels(source)]
    assert names == ["plain", "second", "third"]
    assert host_compiler.module_table(source).strip() == (
        "STANDIN_MODULE(STANDIN_KERNEL(plain, 1024), STANDIN_KERNEL(second, 128), "
        "STANDIN_KERNEL(third, BLOCK * (2 + 1)))"
    )


def test_kernels_of_macros_are_found(run):
    run(
        '''
        first, second = kernels(
            """
            #define FILL(name, T) \\\\
              extern "C" __global__ void __launch_bounds__(32) name(T* x) {  \\
                x[threadIdx.x] = T(2.5);  \\
              }
            FILL(fill_f, float)
            FILL(fill_i, int)
            """,
            "fill_f", "fill_i",
        )
        x = call("cuMemAlloc", 4 * 32)
        assert launch(first, (1,), (32,), x) == "SUCCESS"
        assert (to_host(x, np.empty(32, "f4")) == 2.5).all()
        assert launch(second, (1,), (32,), x) == "SUCCESS"
        assert (to_host(x, np.empty(32, "i4")) == 2).all()
        assert launch(second, (1,), (33,), x) == "INVALID_VALUE"
        '''
    )


def test_the_compiler_says_what_is_wrong(run_with_standin):
    with pytest.raises(RuntimeError, match="no kernel"):
        host_compiler.compile_for_host("void f() {}")
    with pytest.raises(RuntimeError, match="not_declared"):
        host_compiler.compile_for_host(
            'extern "C" __global__ void f() { not_declared(); }',
        )


# Faults


@pytest.mark.parametrize(
    "statement, error, words",
    [
        ("x[i + 1000000] = 1", "ILLEGAL_ADDRESS", "address"),
        ("x[255] = 1", "ILLEGAL_ADDRESS", "around allocation"),
        ("x[256] = 1", "ILLEGAL_ADDRESS", "nothing is allocated"),
        ("x[-1] = 1", "ILLEGAL_ADDRESS", "around allocation"),
        ("*(int*)0 = i", "ILLEGAL_ADDRESS", "not of a device"),
        ("*(int*)((char*)x + 2) = i", "MISALIGNED_ADDRESS", "not aligned"),
        ("x[0] = i / (i - i)", "LAUNCH_FAILED", "division"),
        ("volatile char big[100000]; big[i] = 1; x[0] = big[0]", "ILLEGAL_ADDRESS", "wrong"),
        ("int few[4] = {}; x[0] = few[i]", "MISALIGNED_ADDRESS", "beyond an array"),
        ("if (i == 5) __trap()", "LAUNCH_FAILED", "thread (5, 0, 0): a trap"),
    ],
)
def test_faults_stay(run, statement, error, words):
    run(
        f'''
        kernel = kernels(
            """
            extern "C" __global__ void wrong(int* x) {{
              int i = threadIdx.x;
              __syncthreads();
              {statement};
            }}
            """,
            "wrong",
        )
        x = call("cuMemAlloc", 255 * 4)
        assert launch(kernel, (1,), (64,), x) == {error!r}
        assert {words!r} in "".join(standin.log()), standin.log()
        assert error("cuCtxSynchronize") == error("cuMemAlloc", 4) == {error!r}
        '''
    )


def test_faults_may_be_late(run):
    run(
        ADD
        + """
    call("cuMemFreeAsync", device_y, 0)
    assert launch(ADD, (1,), (1,), device_x, device_y, out, 1) == "SUCCESS"
    assert launch(ADD, (1,), (1,), device_x, device_x, out, 1) == "ILLEGAL_ADDRESS"
    assert error("cuCtxSynchronize") == "ILLEGAL_ADDRESS"
    """,
        STANDIN_LATE_FAULTS=1,
    )


def test_memory_of_the_host_is_refused(run):
    run(
        ADD
        + """
    host = driver.CUdeviceptr(y.ctypes.data)
    assert launch(ADD, (1,), (1,), device_x, host, out, 1) == "ILLEGAL_ADDRESS"
    """
    )


def test_freed_memory_is_refused(run):
    run(
        ADD
        + """
    call("cuMemFreeAsync", device_y, 0)
    assert launch(ADD, (1,), (1,), device_x, device_y, out, 1) == "ILLEGAL_ADDRESS"
    """
    )


def test_threads_do_not_always_run_in_one_order(run):
    """So that a barrier that is missing is seen, whichever thread would come too late."""
    run("""
        kernel = kernels(
            '''
            extern "C" __global__ void shift(int *x, int step) {
              __shared__ int places[64];
              places[threadIdx.x] = threadIdx.x;
              int k = int(threadIdx.x) + step;
              x[blockIdx.x * 64 + threadIdx.x] = k < 0 || k > 63 || places[k] == k;
            }
            ''',
            "shift",
        )
        x = np.zeros(128, np.int32)
        device = to_device(x)
        for step in (-1, 1):
            assert launch(kernel, (2,), (64,), device, step) == "SUCCESS"
            right = to_host(device, x).reshape(2, 64).all(1)
            assert right.sum() == 1, right
    """)


def test_arguments_are_few(run):
    run("""
        kernel = kernels(
            '''
            struct Many { int numbers[8192]; };
            extern "C" __global__ void many(Many x, int *y) { *y = x.numbers[0]; }
            ''',
            "many",
        )
        import ctypes
        many = (ctypes.c_int * 8192)()
        pointers = (ctypes.c_void_p * 2)(ctypes.addressof(many), ctypes.addressof(many))
        sizes = 1, 1, 1, 1, 1, 1, 0, 0
        result = driver.cuLaunchKernel(kernel, *sizes, ctypes.addressof(pointers), 0)
        assert result[0].name == "CUDA_ERROR_INVALID_VALUE", result
    """)


def test_devices_reach_each_other_where_they_may(run):
    run(
        ADD
        + """
    other = call("cuDevicePrimaryCtxRetain", 1)
    call("cuCtxSetCurrent", other)
    stream = call("cuStreamCreate", 1)
    far = call("cuMemAlloc", 4000)
    call("cuMemcpyPeerAsync", far, other, device_y, context, 4000, stream)
    assert (to_host(far, x) == y).all()
    call("cuCtxSetCurrent", context)
    assert launch(ADD, (4,), (256,), device_x, far, out, 1000, stream=stream) == "INVALID_HANDLE"
    call("cuCtxEnablePeerAccess", other, 0)
    assert launch(ADD, (4,), (256,), device_x, far, out, 1000) == "SUCCESS"
    assert (to_host(out, x) == x + y).all()
    pooled = call("cuMemAllocAsync", 4000, 0)
    assert error("cuMemcpyDtoDAsync", pooled, far, 4000, 0) == "INVALID_VALUE"
    call("cuMemcpyPeerAsync", pooled, context, far, other, 4000, 0)
    assert error("cuMemcpyPeerAsync", pooled, other, far, other, 4000, 0) == "INVALID_VALUE"
    call("cuCtxDisablePeerAccess", other)
    assert launch(ADD, (4,), (256,), device_x, far, out, 1000) == "ILLEGAL_ADDRESS"
    """,
        STANDIN_DEVICES=2,
    )


@pytest.mark.parametrize(
    "body, words",
    [
        ("if (threadIdx.x < 40) __syncthreads(); else __syncwarp();", "not reached by all"),
        ("if (threadIdx.x < 32) __syncthreads();\n else __syncthreads();", "different barriers"),
        ("if (threadIdx.x % 2) __shfl_sync(~0u, 1, 0);\n else __ballot_sync(~0u, 1);", "different"),
    ],
)
def test_a_barrier_that_not_all_reach_ends_the_process(run, body, words):
    source = 'extern "C" __global__ void divergent() {' + body + "}"
    done = run(f"launch(kernels({source!r}, 'divergent'), (1,), (64,))", check=False)
    assert done.returncode == -6
    assert "kernel divergent, block (0, 0, 0)" in done.stderr
    assert words in done.stderr and "kernel.cpp:" in done.stderr
