// Copies and fills.

#include "standin.h"

using namespace standin;

namespace {

// What the name of a function says of the two addresses
enum Sides { any, host_to_device, device_to_host, device_to_device };

bool right_sides(Sides sides, CUdeviceptr to, CUdeviceptr from) {
  return sides == any || (is_device_address(to) == (sides != device_to_host) &&
                          is_device_address(from) == (sides != host_to_device));
}

int device_at(CUdeviceptr address) {
  Allocation* allocation = is_device_address(address) ? find_allocation(address) : nullptr;
  return allocation ? allocation->device : -1;
}

// Whether a copy without contexts finds both sides: memory of a pool only where the other side's
// device may use it.
bool can_reach(CUdeviceptr one, CUdeviceptr other) {
  int device = device_at(one), other_device = device_at(other);
  if (device < 0 || other_device < 0 || device == other_device) return true;
  const PoolPointer& pool = find_allocation(one)->pool;
  return !pool || pool->access.count(other_device);
}

bool are_of(CUdeviceptr to, CUcontext to_context, CUdeviceptr from, CUcontext from_context) {
  return device_at(to) >= 0 && device_at(to) == device_of_context(to_context) &&
         device_at(from) >= 0 && device_at(from) == device_of_context(from_context);
}

template <class Body>
CUresult in_legacy_stream(Body body) {
  Clock& clock = begin_work(nullptr);
  CUresult result;
  {
    Work work(stream_id(nullptr), clock);
    result = body();
  }
  learn(host_clock(), clock);
  return result;
}

CUdeviceptr number(const void* pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

CUresult copy_now(const char* function, Sides sides, CUdeviceptr to, CUdeviceptr from,
                  std::size_t bytes) {
  return call(function, Needs::context, text("%#llx, %#llx, %zu", to, from, bytes), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    if (bytes && !right_sides(sides, to, from)) return CUDA_ERROR_INVALID_VALUE;
    if (!can_reach(to, from) || !can_reach(from, to)) return CUDA_ERROR_INVALID_VALUE;
    return in_legacy_stream([=] { return copy(to, from, bytes); });
  });
}

CUresult copy_async(const char* function, Sides sides, CUdeviceptr to, CUdeviceptr from,
                    std::size_t bytes, CUstream stream) {
  auto arguments = text("%#llx, %#llx, %zu, %s", to, from, bytes, name(stream).c_str());
  return call(function, Needs::context, arguments, [&] {
    if (bytes && !right_sides(sides, to, from)) return CUDA_ERROR_INVALID_VALUE;
    if (!can_reach(to, from) || !can_reach(from, to)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, CU_GRAPH_NODE_TYPE_MEMCPY, "copy " + arguments,
                   [=] { return copy(to, from, bytes); });
  });
}

CUresult fill_async(const char* function, CUdeviceptr to, unsigned value, unsigned width,
                    std::size_t count, CUstream stream) {
  auto arguments = text("%#llx, %#x, %zu, %s", to, value, count, name(stream).c_str());
  return call(function, Needs::context, arguments, [&] {
    return enqueue(stream, CU_GRAPH_NODE_TYPE_MEMSET, "fill " + arguments,
                   [=] { return fill(to, value, width, count); });
  });
}

CUresult fill_now(const char* function, CUdeviceptr to, unsigned value, unsigned width,
                  std::size_t count) {
  return call(function, Needs::context, text("%#llx, %#x, %zu", to, value, count), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    return in_legacy_stream([=] { return fill(to, value, width, count); });
  });
}

}  // namespace

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy_now(__func__, any, to, from, bytes);
}
CUresult cuMemcpyHtoD(CUdeviceptr to, const void* from, size_t bytes) {
  return copy_now(__func__, host_to_device, to, number(from), bytes);
}
CUresult cuMemcpyDtoH(void* to, CUdeviceptr from, size_t bytes) {
  return copy_now(__func__, device_to_host, number(to), from, bytes);
}
CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy_now(__func__, device_to_device, to, from, bytes);
}
CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
                      CUcontext from_context, size_t bytes) {
  return call(__func__, Needs::context, text("%#llx, %#llx, %zu", to, from, bytes), [&] {
    if (CUresult refused = refuse_during_capture()) return refused;
    if (bytes && !are_of(to, to_context, from, from_context)) return CUDA_ERROR_INVALID_VALUE;
    return in_legacy_stream([=] { return copy(to, from, bytes); });
  });
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy_async(__func__, any, to, from, bytes, stream);
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t bytes, CUstream stream) {
  return copy_async(__func__, host_to_device, to, number(from), bytes, stream);
}
CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy_async(__func__, device_to_host, number(to), from, bytes, stream);
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy_async(__func__, device_to_device, to, from, bytes, stream);
}
CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext to_context, CUdeviceptr from,
                           CUcontext from_context, size_t bytes, CUstream stream) {
  auto arguments = text("%#llx, %#llx, %zu, %s", to, from, bytes, name(stream).c_str());
  return call(__func__, Needs::context, arguments, [&] {
    if (bytes && !are_of(to, to_context, from, from_context)) return CUDA_ERROR_INVALID_VALUE;
    return enqueue(stream, CU_GRAPH_NODE_TYPE_MEMCPY, "copy " + arguments,
                   [=] { return copy(to, from, bytes); });
  });
}

CUresult cuMemsetD8(CUdeviceptr to, unsigned char value, size_t count) {
  return fill_now(__func__, to, value, 1, count);
}
CUresult cuMemsetD16(CUdeviceptr to, unsigned short value, size_t count) {
  return fill_now(__func__, to, value, 2, count);
}
CUresult cuMemsetD32(CUdeviceptr to, unsigned value, size_t count) {
  return fill_now(__func__, to, value, 4, count);
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill_async(__func__, to, value, 1, count, stream);
}
CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
  return fill_async(__func__, to, value, 2, count, stream);
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fill_async(__func__, to, value, 4, count, stream);
}
