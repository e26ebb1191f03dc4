// Allocations, pools, and memory of the host that the devices know.

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernel_interface.h"
#include "space.h"

namespace standin {

namespace {

using Handle = std::uintptr_t;
std::map<Handle, PoolPointer>& pools = *new std::map<Handle, PoolPointer>;
std::map<int, PoolPointer>& default_pools = *new std::map<int, PoolPointer>;
Handle last_pool = 0x1000;

struct Pinned {
  std::size_t size;
  bool allocated;
};
std::map<std::uintptr_t, Pinned>& pinned = *new std::map<std::uintptr_t, Pinned>;

std::size_t reserved_bytes(int device) {
  std::size_t bytes = devices[device].plain_bytes + devices[device].graph_bytes;
  for (auto& one : default_pools)
    if (one.second->device == device) bytes += one.second->reserved;
  for (auto& one : pools)
    if (one.second->device == device) bytes += one.second->reserved;
  return bytes;
}

std::size_t free_bytes(int device) {
  std::size_t reserved = reserved_bytes(device);
  return reserved < settings.memory ? settings.memory - reserved : 0;
}

PoolPointer find_pool(CUmemoryPool handle) {
  auto number = reinterpret_cast<Handle>(handle);
  if (number >= 1 && number <= devices.size()) {
    PoolPointer& pool = default_pools[int(number) - 1];
    if (!pool) pool = std::make_shared<Pool>(Pool{int(number) - 1});
    return pool;
  }
  auto found = pools.find(number);
  return found == pools.end() ? nullptr : found->second;
}

CUmemoryPool default_pool(int device) { return reinterpret_cast<CUmemoryPool>(Handle(device) + 1); }

void trim(Pool& pool, std::uint64_t keep) {
  pool.reserved = std::max(pool.used, std::min(keep, pool.reserved));
}

CUresult allocate_plain(CUdeviceptr* address, std::size_t bytes) {
  int device = current_device();
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (bytes > free_bytes(device)) return CUDA_ERROR_OUT_OF_MEMORY;
  Allocation* allocation = new_allocation(bytes, device, Owner::plain, nullptr);
  if (!allocation) return CUDA_ERROR_OUT_OF_MEMORY;
  make_live(*allocation);
  devices[device].plain_bytes += bytes;
  *address = allocation->start;
  return CUDA_SUCCESS;
}

CUresult allocate_from(const PoolPointer& pool, CUdeviceptr* address, std::size_t bytes) {
  std::uint64_t unused = pool->reserved - pool->used;
  if (bytes > unused && bytes - unused > free_bytes(pool->device)) return CUDA_ERROR_OUT_OF_MEMORY;
  Allocation* allocation = new_allocation(bytes, pool->device, Owner::pool, pool);
  if (!allocation) return CUDA_ERROR_OUT_OF_MEMORY;
  make_live(*allocation);
  note_use(*allocation, true);
  pool->used += bytes;
  pool->reserved = std::max(pool->reserved, pool->used);
  pool->used_high = std::max(pool->used_high, pool->used);
  pool->reserved_high = std::max(pool->reserved_high, pool->reserved);
  *address = allocation->start;
  return CUDA_SUCCESS;
}

CUresult allocate_async(CUdeviceptr* address, std::size_t bytes, CUmemoryPool handle,
                        CUstream stream) {
  PoolPointer pool = find_pool(handle);
  if (!pool) return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult refused = refuse_work_in(stream)) return refused;
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (!is_capturing(stream)) {
    Work work(stream_id(stream), begin_work(stream));
    return allocate_from(pool, address, bytes);
  }
  std::shared_ptr<Allocation> allocation = reserve_for_graph(bytes, pool->device);
  if (!allocation) return CUDA_ERROR_OUT_OF_MEMORY;
  Allocation& one = *allocation;
  CUresult result = enqueue(
      stream, CU_GRAPH_NODE_TYPE_MEM_ALLOC, text("allocate %zu", bytes),
      [&one] { return allocate_for_graph(one); }, allocation);
  if (result == CUDA_SUCCESS) *address = one.start;
  return result;
}

Allocation* allocation_at(CUdeviceptr address) {
  Allocation* allocation = find_allocation(address);
  return allocation && allocation->start == address ? allocation : nullptr;
}

// What holds a number, as the driver gives it
CUresult describe(CUpointer_attribute what, CUdeviceptr address, void* value) {
  bool device = is_device_address(address);
  Allocation* allocation = device ? find_allocation(address) : nullptr;
  if (allocation && !allocation->holds(address, 0)) allocation = nullptr;
  auto after = pinned.upper_bound(address);
  bool host = after != pinned.begin() &&
              address < std::prev(after)->first + std::prev(after)->second.size;
  if (!allocation && !host) return CUDA_ERROR_INVALID_VALUE;
  auto set = [value](auto result) {
    std::memcpy(value, &result, sizeof result);
    return CUDA_SUCCESS;
  };
  switch (what) {
    case CU_POINTER_ATTRIBUTE_CONTEXT: return set(context_of(allocation ? allocation->device : 0));
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      return set(unsigned(allocation ? CU_MEMORYTYPE_DEVICE : CU_MEMORYTYPE_HOST));
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER: return set(address);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      return host ? set(address) : CUDA_ERROR_INVALID_VALUE;
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL: return set(allocation ? allocation->device : 0);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED: return set(0u);
    case CU_POINTER_ATTRIBUTE_MAPPED: return set(1u);
    case CU_POINTER_ATTRIBUTE_BUFFER_ID:
      return set(allocation ? allocation->id : (unsigned long long)std::prev(after)->first);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      return set(allocation ? allocation->start : CUdeviceptr(std::prev(after)->first));
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      return set(allocation ? allocation->size : std::prev(after)->second.size);
    default: return CUDA_ERROR_NOT_SUPPORTED;
  }
}

CUresult pin(void** address, std::size_t bytes) {
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (posix_memalign(address, 4096, bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  std::memset(*address, poison, bytes);
  pinned[reinterpret_cast<std::uintptr_t>(*address)] = {bytes, true};
  return CUDA_SUCCESS;
}

// What ends the pinning of an address: the call for what was allocated or for what was registered.
CUresult unpin(void* address, bool allocated, CUresult error) {
  auto found = pinned.find(reinterpret_cast<std::uintptr_t>(address));
  if (found == pinned.end() || found->second.allocated != allocated) return error;
  if (allocated) std::free(address);
  pinned.erase(found);
  return CUDA_SUCCESS;
}

}  // namespace

bool is_pinned(const void* address) {
  auto number = reinterpret_cast<std::uintptr_t>(address);
  auto after = pinned.upper_bound(number);
  return after != pinned.begin() &&
         number <= std::prev(after)->first + std::prev(after)->second.size;
}

void release_unused_memory(int device) {
  for (auto& one : pools)
    if (one.second->device == device) trim(*one.second, one.second->threshold);
  for (auto& one : default_pools)
    if (one.second->device == device) trim(*one.second, one.second->threshold);
}

CUresult free_allocation(Allocation& allocation) {
  if (!allocation.live) return CUDA_ERROR_INVALID_VALUE;
  make_dead(allocation);
  switch (allocation.owner) {
    case Owner::plain: devices[allocation.device].plain_bytes -= allocation.size; break;
    case Owner::pool: allocation.pool->used -= allocation.size; break;
    case Owner::graph: devices[allocation.device].graph_bytes -= allocation.size; break;
  }
  if (allocation.owner != Owner::graph) forget(allocation);
  return CUDA_SUCCESS;
}

std::shared_ptr<Allocation> reserve_for_graph(std::size_t bytes, int device) {
  Allocation* allocation = new_allocation(bytes, device, Owner::graph, nullptr);
  if (!allocation) return nullptr;
  return std::shared_ptr<Allocation>(allocation, [](Allocation* one) {
    if (one->live) free_allocation(*one);
    forget(*one);
  });
}

CUresult allocate_for_graph(Allocation& allocation) {
  if (allocation.live) return CUDA_ERROR_INVALID_VALUE;  // of the launch before
  if (allocation.size > free_bytes(allocation.device)) return CUDA_ERROR_OUT_OF_MEMORY;
  make_live(allocation);
  devices[allocation.device].graph_bytes += allocation.size;
  return CUDA_SUCCESS;
}

}  // namespace standin

using namespace standin;

CUresult cuMemGetInfo(size_t* free, size_t* total) {
  return call(__func__, Needs::context, "", [&] {
    *free = free_bytes(current_device());
    *total = settings.memory;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc(CUdeviceptr* address, size_t bytes) {
  return call(__func__, Needs::context, text("%zu", bytes), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    return allocate_plain(address, bytes);
  });
}

CUresult cuMemFree(CUdeviceptr address) {
  return call(__func__, Needs::context, text("%#llx", address), [&] {
    if (!address) return CUDA_SUCCESS;
    if (CUresult refused = refuse_during_capture()) return refused;
    Allocation* allocation = allocation_at(address);
    return allocation ? free_allocation(*allocation) : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuMemAllocAsync(CUdeviceptr* address, size_t bytes, CUstream stream) {
  return call(__func__, Needs::context, text("%zu, %s", bytes, name(stream).c_str()), [&] {
    return allocate_async(address, bytes, default_pool(current_device()), stream);
  });
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr* address, size_t bytes, CUmemoryPool pool,
                                 CUstream stream) {
  return call(__func__, Needs::context, text("%zu, %s", bytes, name(stream).c_str()),
              [&] { return allocate_async(address, bytes, pool, stream); });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
  auto arguments = text("%#llx, %s", address, name(stream).c_str());
  return call(__func__, Needs::context, arguments, [&] {
    if (CUresult refused = refuse_work_in(stream)) return refused;
    Allocation* allocation = allocation_at(address);
    if (!allocation || allocation->owner == Owner::plain) return CUDA_ERROR_INVALID_VALUE;
    Graph* graph = captured_graph(stream);
    if (!graph) {
      Work work(stream_id(stream), begin_work(stream));
      note_use(*allocation, true);
      return free_allocation(*allocation);
    }
    if (!graph_owns(*graph, address)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, CU_GRAPH_NODE_TYPE_MEM_FREE, "free",
                   [allocation] { return free_allocation(*allocation); });
  });
}

// Pools

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool* pool, CUdevice device) {
  return call(__func__, Needs::driver, text("device %d", device), [&] {
    if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    *pool = default_pool(device);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetMemPool(CUmemoryPool* pool, CUdevice device) {
  return cuDeviceGetDefaultMemPool(pool, device);
}

CUresult cuMemPoolCreate(CUmemoryPool* pool, const CUmemPoolProps* properties) {
  int device = properties->location.id;
  return call(__func__, Needs::driver, text("device %d", device), [&] {
    if (properties->location.type != CU_MEM_LOCATION_TYPE_DEVICE ||
        properties->allocType != CU_MEM_ALLOCATION_TYPE_PINNED)
      return CUDA_ERROR_INVALID_VALUE;
    // All else has a meaning that nobody wants here, or has to be zero.
    CUmemPoolProps plain;
    std::memset(&plain, 0, sizeof plain);
    plain.allocType = properties->allocType;
    plain.location = properties->location;
    if (std::memcmp(&plain, properties, sizeof plain)) return CUDA_ERROR_INVALID_VALUE;
    if (!is_device(device)) return CUDA_ERROR_INVALID_DEVICE;
    pools[++last_pool] = std::make_shared<Pool>(Pool{device});
    *pool = reinterpret_cast<CUmemoryPool>(last_pool);
    return CUDA_SUCCESS;
  });
}

// Work on a pool that is given
template <class Body>
static CUresult pool_call(const char* function, CUmemoryPool handle, std::string arguments,
                          Body body) {
  return call(function, Needs::driver, std::move(arguments), [&]() -> CUresult {
    PoolPointer pool = find_pool(handle);
    return pool ? body(*pool) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  return pool_call(__func__, handle, "", [&](Pool& pool) {
    if (handle == default_pool(pool.device)) return CUDA_ERROR_INVALID_VALUE;
    pools.erase(reinterpret_cast<Handle>(handle));  // its allocations still count theirs
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t keep) {
  return pool_call(__func__, handle, text("%zu", keep), [&](Pool& pool) {
    trim(pool, keep);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle, CUmemPool_attribute what, void* value) {
  return pool_call(__func__, handle, text("attribute %d", what), [&](Pool& pool) {
    auto* number = static_cast<std::uint64_t*>(value);
    switch (what) {
      case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
        pool.flags[what - 1] = *static_cast<int*>(value);
        return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: pool.threshold = *number; return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH:
        if (*number) return CUDA_ERROR_INVALID_VALUE;
        pool.reserved_high = pool.reserved;
        return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_USED_MEM_HIGH:
        if (*number) return CUDA_ERROR_INVALID_VALUE;
        pool.used_high = pool.used;
        return CUDA_SUCCESS;
      default: return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle, CUmemPool_attribute what, void* value) {
  return pool_call(__func__, handle, text("attribute %d", what), [&](Pool& pool) {
    auto& number = *static_cast<std::uint64_t*>(value);
    switch (what) {
      case CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC:
      case CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES:
        *static_cast<int*>(value) = pool.flags[what - 1];
        return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: number = pool.threshold; return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT: number = pool.reserved; return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH: number = pool.reserved_high; return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_USED_MEM_CURRENT: number = pool.used; return CUDA_SUCCESS;
      case CU_MEMPOOL_ATTR_USED_MEM_HIGH: number = pool.used_high; return CUDA_SUCCESS;
      default: return CUDA_ERROR_INVALID_VALUE;
    }
  });
}

CUresult cuMemPoolSetAccess(CUmemoryPool handle, const CUmemAccessDesc* map, size_t count) {
  return pool_call(__func__, handle, text("%zu", count), [&](Pool& pool) {
    for (size_t i = 0; i < count; ++i) {
      if (!is_device(map[i].location.id)) return CUDA_ERROR_INVALID_DEVICE;
      if (map[i].flags == CU_MEM_ACCESS_FLAGS_PROT_NONE)
        pool.access.erase(map[i].location.id);
      else
        pool.access.insert(map[i].location.id);
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAccess(CUmemAccess_flags* flags, CUmemoryPool handle, CUmemLocation* where) {
  return pool_call(__func__, handle, text("device %d", where->id), [&](Pool& pool) {
    bool may = where->id == pool.device || pool.access.count(where->id);
    *flags = may ? CU_MEM_ACCESS_FLAGS_PROT_READWRITE : CU_MEM_ACCESS_FLAGS_PROT_NONE;
    return CUDA_SUCCESS;
  });
}

// Memory of the host

CUresult cuMemAllocHost(void** address, size_t bytes) {
  return call(__func__, Needs::context, text("%zu", bytes), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    return pin(address, bytes);
  });
}

CUresult cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  return call(__func__, Needs::context, text("%zu, flags %u", bytes, flags), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    return pin(address, bytes);
  });
}

CUresult cuMemFreeHost(void* address) {
  return call(__func__, Needs::context, text("%p", address), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    return unpin(address, true, CUDA_ERROR_INVALID_VALUE);
  });
}

CUresult cuMemHostGetDevicePointer(CUdeviceptr* address, void* host, unsigned) {
  return call(__func__, Needs::context, text("%p", host), [&] {
    if (!is_pinned(host)) return CUDA_ERROR_INVALID_VALUE;
    *address = reinterpret_cast<CUdeviceptr>(host);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister(void* address, size_t bytes, unsigned flags) {
  return call(__func__, Needs::context, text("%p, %zu, flags %u", address, bytes, flags), [&] {
    if (!address || bytes == 0) return CUDA_ERROR_INVALID_VALUE;
    auto number = reinterpret_cast<std::uintptr_t>(address);
    bool added = pinned.insert({number, {bytes, false}}).second;
    return added ? CUDA_SUCCESS : CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  });
}

CUresult cuMemHostUnregister(void* address) {
  return call(__func__, Needs::context, text("%p", address), [&] {
    return unpin(address, false, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
  });
}

CUresult cuPointerGetAttribute(void* value, CUpointer_attribute what, CUdeviceptr address) {
  return call(__func__, Needs::context, text("attribute %d, %#llx", what, address),
              [&] { return describe(what, address, value); });
}

// Unlike the singular one this is no error where an address is not known: all is zero then.
CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute* attributes, void** values,
                                CUdeviceptr address) {
  return call(__func__, Needs::context, text("%#llx", address), [&] {
    for (unsigned i = 0; i < count; ++i) {
      if (describe(attributes[i], address, values[i]) == CUDA_SUCCESS) continue;
      bool integer = attributes[i] == CU_POINTER_ATTRIBUTE_MEMORY_TYPE ||
                     attributes[i] == CU_POINTER_ATTRIBUTE_IS_MANAGED ||
                     attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL;
      int unknown = attributes[i] == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL ? -2 : 0;
      std::memset(values[i], 0, integer ? sizeof(int) : sizeof(void*));
      if (integer) std::memcpy(values[i], &unknown, sizeof unknown);
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetAddressRange(CUdeviceptr* start, size_t* size, CUdeviceptr address) {
  return call(__func__, Needs::context, text("%#llx", address), [&] {
    Allocation* allocation = find_allocation(address);
    if (!allocation || !allocation->holds(address, 0)) return CUDA_ERROR_NOT_FOUND;
    if (start) *start = allocation->start;
    if (size) *size = allocation->size;
    return CUDA_SUCCESS;
  });
}
