"""The stand-in driver, on which the other tests here rely: devices, memory, the log."""

# Devices


def test_devices_are_as_the_environment_says(run):
    run(
        """
        assert call("cuDriverGetVersion") == 13000
        assert call("cuDeviceGetCount") == 3
        assert call("cuDeviceTotalMem", 2) == 1 << 20
        major = driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR
        minor = driver.CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR
        assert call("cuDeviceGetAttribute", major, 0) == 7
        assert call("cuDeviceGetAttribute", minor, 0) == 5
        assert error("cuDeviceGet", 3) == "INVALID_DEVICE"
        assert error("cuDeviceGet", -1) == "INVALID_DEVICE"
        """,
        STANDIN_DEVICES=3,
        STANDIN_MEMORY=1 << 20,
        STANDIN_CAPABILITY="7.5",
    )


def test_initialization_can_fail(run_with_standin):
    run_with_standin(
        """
        from cuda.bindings import driver
        assert driver.cuDeviceGetCount()[0].name == "CUDA_ERROR_NOT_INITIALIZED"
        assert driver.cuInit(0)[0].name == "CUDA_ERROR_NO_DEVICE"
        """,
        STANDIN_INIT=100,
    )


def test_unknown_functions_are_found_missing_when_called(run):
    run(
        """
        try:
            driver.cuTexRefCreate()
        except RuntimeError as exception:
            assert "cuTexRefCreate" in str(exception)
        else:
            assert False
        """
    )


def test_a_context_is_needed(run):
    run(
        """
        call("cuCtxSetCurrent", driver.CUcontext(0))
        assert error("cuMemAlloc", 4) == "INVALID_CONTEXT"
        call("cuCtxSetCurrent", context)
        call("cuDevicePrimaryCtxRelease", 0)
        assert error("cuMemAlloc", 4) == "CONTEXT_IS_DESTROYED"
        """
    )


def test_a_forked_child_cannot_use_the_driver(run):
    run(
        """
        import os
        child = os.fork()
        if child == 0:
            refused = [error("cuInit", 0), error("cuMemAlloc", 4), error("cuDeviceGetCount")]
            os._exit(refused != ["NOT_INITIALIZED"] * 3)
        assert os.waitpid(child, 0)[1] == 0
        """
    )


# Memory


def test_copies_and_fills(run):
    run(
        """
        values = np.arange(1000, dtype="i4")
        one = to_device(values)
        two = call("cuMemAlloc", values.nbytes)
        call("cuMemcpyDtoDAsync", two, one, values.nbytes, 0)
        assert (to_host(two, values) == values).all()
        call("cuMemsetD32Async", two, 7, 500, 0)
        call("cuMemsetD16Async", int(two) + 2000, 0x0102, 2, 0)
        call("cuMemsetD8Async", int(two) + 2004, 3, 4, 0)
        result = to_host(two, values)
        assert (result[:500] == 7).all() and (result[502:] == values[502:]).all()
        assert result[500] == 0x01020102 and result[501] == 0x03030303
        """
    )


def test_fresh_memory_is_poison(run):
    run(
        """
        address = call("cuMemAlloc", 100)
        assert (to_host(address, np.empty(100, "u1")) == 0xA5).all()
        """
    )


def test_what_is_not_allocated_is_refused(run):
    run(
        """
        buffer = np.zeros(200, "u1")
        address = call("cuMemAlloc", 100)
        copy = lambda start, size: error("cuMemcpyDtoHAsync", buffer.ctypes.data, start, size, 0)
        assert copy(address, 100) == "SUCCESS"
        assert copy(address, 101) == copy(int(address) - 1, 2) == "INVALID_VALUE"
        assert error("cuMemFree", int(address) + 1) == "INVALID_VALUE"
        assert error("cuMemFree", address) == "SUCCESS"
        assert error("cuMemFree", address) == copy(address, 1) == "INVALID_VALUE"
        assert error("cuMemAlloc", 0) == "INVALID_VALUE"
        """
    )


def test_the_host_cannot_read_device_memory(run):
    code = "ctypes.string_at(int(call('cuMemAlloc', 100)), 1)"
    assert run(code, check=False).returncode == -11


def test_memory_ends(run):
    run(
        """
        one = call("cuMemAlloc", 600)
        assert call("cuMemGetInfo") == (424, 1024)
        assert error("cuMemAlloc", 425) == "OUT_OF_MEMORY"
        assert standin.live_allocations() == 1 and standin.bytes_in_use() == 600
        call("cuMemFree", one)
        call("cuMemAlloc", 1024)
        """,
        STANDIN_MEMORY=1024,
    )


def test_pools_keep_memory_up_to_their_threshold(run):
    run(
        """
        attributes = driver.CUmemPool_attribute
        pool = call("cuDeviceGetDefaultMemPool", 0)
        get = lambda name: int(call("cuMemPoolGetAttribute", pool, getattr(attributes, name)))
        threshold = attributes.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD
        call("cuMemPoolSetAttribute", pool, threshold, driver.cuuint64_t(1 << 40))
        one = call("cuMemAllocFromPoolAsync", 800, pool, 0)
        call("cuMemFreeAsync", one, 0)
        call("cuCtxSynchronize")
        assert get("CU_MEMPOOL_ATTR_USED_MEM_CURRENT") == 0
        assert get("CU_MEMPOOL_ATTR_USED_MEM_HIGH") == 800
        assert get("CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT") == 800
        assert error("cuMemAlloc", 800) == "OUT_OF_MEMORY"
        call("cuMemPoolTrimTo", pool, 0)
        call("cuMemFree", call("cuMemAlloc", 800))
        call("cuMemPoolSetAttribute", pool, threshold, driver.cuuint64_t(0))
        call("cuMemFreeAsync", call("cuMemAllocFromPoolAsync", 800, pool, 0), 0)
        assert error("cuMemAlloc", 800) == "OUT_OF_MEMORY"
        call("cuStreamSynchronize", 0)
        call("cuMemFree", call("cuMemAlloc", 800))
        """,
        STANDIN_MEMORY=1024,
    )


def test_pointers_are_known(run):
    run(
        """
        attributes = driver.CUpointer_attribute
        kind = attributes.CU_POINTER_ATTRIBUTE_MEMORY_TYPE
        address, pinned = call("cuMemAlloc", 100), call("cuMemAllocHost", 100)
        assert int(call("cuPointerGetAttribute", kind, int(address) + 99)) == 2
        assert int(call("cuPointerGetAttribute", kind, pinned)) == 1
        array = np.zeros(4)
        assert error("cuPointerGetAttribute", kind, array.ctypes.data) == "INVALID_VALUE"
        call("cuMemHostRegister", array.ctypes.data, array.nbytes, 0)
        assert int(call("cuPointerGetAttribute", kind, array.ctypes.data)) == 1
        call("cuMemHostUnregister", array.ctypes.data)
        call("cuMemFreeHost", pinned)
        assert error("cuMemFreeHost", pinned) == "INVALID_VALUE"
        """
    )


# The log and failures that are asked for


def test_calls_are_logged(run):
    run(
        """
        standin.clear_log()
        address = call("cuMemAlloc", 123)
        error("cuMemFree", 5)
        assert standin.log() == ["cuMemAlloc(123)", "cuMemFree(0x5) -> CUDA_ERROR_INVALID_VALUE"]
        assert standin.called() == ["cuMemAlloc", "cuMemFree"]
        """
    )


def test_the_nth_call_fails(run):
    run(
        """
        standin.fail("cuMemAlloc", 2, 2)
        results = [error("cuMemAlloc", 4) for _ in range(3)]
        assert results == ["SUCCESS", "OUT_OF_MEMORY", "SUCCESS"]
        assert standin.live_allocations() == 2
        standin.fail("cuMemAlloc", 1, 2)
        standin.fail("cuMemAlloc", 0, 0)
        assert error("cuMemAlloc", 4) == "SUCCESS"
        assert error("cuEventCreate", 0) == "SUCCESS"
        assert error("cuEventCreate", 0) == "UNKNOWN"
        """,
        STANDIN_FAIL="cuEventCreate:2:999",
    )
