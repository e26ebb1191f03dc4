// Devices and their primary contexts.

#include <cstdio>
#include <cstring>

#include "standin.h"

namespace standin {

namespace {

thread_local std::vector<CUcontext> contexts;  // the last one is current

int attribute(CUdevice_attribute what, int device) {
  switch (what) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y: return 1024;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z: return 64;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X: return 0x7fffffff;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z: return 65535;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: return 48 << 10;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: return 227 << 10;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: return 228 << 10;
    case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK: return 1 << 10;
    case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY: return 64 << 10;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE: return 32;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR: return 64 << 10;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: return 1'500'000;
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE: return 2'500'000;
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH: return 5120;
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: return 50 << 20;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: return settings.multiprocessors;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR: return 2048;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR: return 32;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: return settings.major;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: return settings.minor;
    case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID: return device + 1;
    case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT: return 2;
    case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT: return 512;
    case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
    case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: return 1;
    default: return 0;
  }
}

}  // namespace

CUcontext context_of(int device) { return reinterpret_cast<CUcontext>(std::uintptr_t(device) + 1); }

bool is_device(int ordinal) { return ordinal >= 0 && ordinal < int(devices.size()); }

int device_of_context(CUcontext context) {
  auto number = reinterpret_cast<std::uintptr_t>(context);
  return number >= 1 && number <= devices.size() ? int(number) - 1 : -1;
}

int current_device() { return contexts.empty() ? -1 : device_of_context(contexts.back()); }

// Something of one device
template <class Body>
CUresult device_call(const char* function, int device, Body body) {
  return call(function, Needs::driver, text("device %d", device), [&]() -> CUresult {
    if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    return body();
  });
}

}  // namespace standin

using namespace standin;

CUresult cuDriverGetVersion(int* version) {
  return call(__func__, Needs::nothing, "", [&] {
    *version = settings.driver_version;
    return CUDA_SUCCESS;
  });
}

// NVRTC asks for one where it finds a driver, and does without.
CUresult cuGetExportTable(const void** table, const CUuuid*) {
  *table = nullptr;
  return CUDA_ERROR_NOT_FOUND;
}

CUresult cuDeviceGetCount(int* count) {
  return call(__func__, Needs::driver, "", [&] {
    *count = int(devices.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  return device_call(__func__, ordinal, [&] {
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  return device_call(__func__, device, [&] {
    std::snprintf(name, length, "Stand-in device %d", device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
  return device_call(__func__, device, [&] {
    std::memset(uuid, 0, sizeof *uuid);
    std::memcpy(uuid->bytes, "stand-in device", 15);
    uuid->bytes[15] = char(device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem(size_t* bytes, CUdevice device) {
  return device_call(__func__, device, [&] {
    *bytes = settings.memory;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute what, CUdevice device) {
  return device_call(__func__, device, [&] {
    if (what <= 0 || what >= CU_DEVICE_ATTRIBUTE_MAX) return CUDA_ERROR_INVALID_VALUE;
    *value = attribute(what, device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetPCIBusId(char* id, int length, CUdevice device) {
  return device_call(__func__, device, [&] {
    std::snprintf(id, length, "0000:%02X:00.0", device + 1);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
  return device_call(__func__, device, [&] {
    if (!is_device(peer)) return CUDA_ERROR_INVALID_DEVICE;
    *can = device != peer;
    return CUDA_SUCCESS;
  });
}

// Primary contexts

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device) {
  return device_call(__func__, device, [&] {
    ++devices[device].retained;
    *context = context_of(device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
  return device_call(__func__, device, [&] {
    if (devices[device].retained == 0) return CUDA_ERROR_INVALID_CONTEXT;
    --devices[device].retained;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
  return device_call(__func__, device, [&] {
    *flags = 0;
    *active = devices[device].retained > 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext context) {
  return call(__func__, Needs::driver, text("device %d", device_of_context(context)), [&] {
    if (context && device_of_context(context) < 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (!contexts.empty()) contexts.pop_back();
    if (context) contexts.push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext* context) {
  return call(__func__, Needs::driver, "", [&] {
    *context = contexts.empty() ? nullptr : contexts.back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPushCurrent(CUcontext context) {
  return call(__func__, Needs::driver, text("device %d", device_of_context(context)), [&] {
    if (device_of_context(context) < 0) return CUDA_ERROR_INVALID_CONTEXT;
    contexts.push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPopCurrent(CUcontext* context) {
  return call(__func__, Needs::driver, "", [&] {
    if (contexts.empty()) return CUDA_ERROR_INVALID_CONTEXT;
    if (context) *context = contexts.back();
    contexts.pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice* device) {
  return call(__func__, Needs::context, "", [&] {
    *device = current_device();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice_v2(CUdevice* device, CUcontext context) {
  return call(__func__, Needs::driver, text("device %d", device_of_context(context)), [&] {
    *device = device_of_context(context);
    return *device < 0 ? CUDA_ERROR_INVALID_CONTEXT : CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
  return call(__func__, Needs::context, "", [&] {
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return call(__func__, Needs::context, "", [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    wait_for_all(current_device());
    release_unused_memory(current_device());
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize_v2(CUcontext context) {
  int device = device_of_context(context);
  return call(__func__, Needs::driver, text("device %d", device), [&] {
    if (device < 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (sticky_error) return sticky_error;
    if (CUresult refused = refuse_during_capture()) return refused;
    wait_for_all(device);
    release_unused_memory(device);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned flags) {
  int other = device_of_context(peer);
  return call(__func__, Needs::context, text("device %d", other), [&] {
    if (flags) return CUDA_ERROR_INVALID_VALUE;
    if (other < 0) return CUDA_ERROR_INVALID_CONTEXT;
    if (other == current_device()) return CUDA_ERROR_INVALID_DEVICE;
    bool added = devices[current_device()].peers.insert(other).second;
    return added ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
  });
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
  int other = device_of_context(peer);
  return call(__func__, Needs::context, text("device %d", other), [&] {
    bool removed = devices[current_device()].peers.erase(other);
    return removed ? CUDA_SUCCESS : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
  });
}
