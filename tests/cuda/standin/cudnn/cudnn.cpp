// A stand-in for cuDNN: its handles. What its graphs compute is in standin_cudnn.py.

#include <cuda.h>

#include <set>

struct Handle {
  CUstream stream;
};

namespace {

std::set<const Handle*>& handles = *new std::set<const Handle*>;

enum Status { kSuccess = 0, kNotInitialized = 1001, kBadParam = 2000 };

}  // namespace

extern "C" {

Status cudnnCreate(Handle** handle) {
  CUcontext context = nullptr;
  if (cuCtxGetCurrent(&context) != CUDA_SUCCESS || context == nullptr) return kNotInitialized;
  handles.insert(*handle = new Handle{nullptr});
  return kSuccess;
}

Status cudnnSetStream(Handle* handle, CUstream stream) {
  if (!handles.count(handle)) return kBadParam;
  handle->stream = stream;
  return kSuccess;
}

CUstream standin_stream(const Handle* handle) {
  return handles.count(handle) ? handle->stream : reinterpret_cast<CUstream>(-1);
}

int standin_handles_made() { return static_cast<int>(handles.size()); }
}
