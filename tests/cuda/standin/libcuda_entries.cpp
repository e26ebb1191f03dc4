// The names by which the functions are found.

#include <cstring>

#include "standin.h"

extern "C" CUresult cuStreamGetCaptureInfo_v2(CUstream, CUstreamCaptureStatus*, cuuint64_t*,
                                              CUgraph*, const CUgraphNode**, size_t*);

namespace {

struct Entry {
  const char* name;
  int since;  // the first version of CUDA whose function of this name it is
  void* function;
};

#define SINCE(version, name, function) {name, version, reinterpret_cast<void*>(&function)}
#define ENTRY(function) SINCE(0, #function, function)

const Entry entries[] = {
    ENTRY(cuGetErrorName),
    ENTRY(cuGetErrorString),
    ENTRY(cuGetProcAddress),
    ENTRY(cuInit),
    ENTRY(cuDriverGetVersion),
    ENTRY(cuDeviceGetCount),
    ENTRY(cuDeviceGet),
    ENTRY(cuDeviceGetName),
    ENTRY(cuDeviceGetUuid),
    ENTRY(cuDeviceTotalMem),
    ENTRY(cuDeviceGetAttribute),
    ENTRY(cuDeviceGetPCIBusId),
    ENTRY(cuDeviceCanAccessPeer),
    ENTRY(cuDevicePrimaryCtxRetain),
    ENTRY(cuDevicePrimaryCtxRelease),
    ENTRY(cuDevicePrimaryCtxGetState),
    ENTRY(cuCtxSetCurrent),
    ENTRY(cuCtxGetCurrent),
    ENTRY(cuCtxPushCurrent),
    ENTRY(cuCtxPopCurrent),
    ENTRY(cuCtxGetDevice),
    SINCE(13000, "cuCtxGetDevice", cuCtxGetDevice_v2),
    ENTRY(cuCtxGetStreamPriorityRange),
    ENTRY(cuCtxSynchronize),
    SINCE(13000, "cuCtxSynchronize", cuCtxSynchronize_v2),
    ENTRY(cuCtxEnablePeerAccess),
    ENTRY(cuCtxDisablePeerAccess),
    ENTRY(cuMemGetInfo),
    ENTRY(cuMemAlloc),
    ENTRY(cuMemFree),
    ENTRY(cuMemGetAddressRange),
    ENTRY(cuMemAllocAsync),
    ENTRY(cuMemAllocFromPoolAsync),
    ENTRY(cuMemFreeAsync),
    ENTRY(cuDeviceGetDefaultMemPool),
    ENTRY(cuDeviceGetMemPool),
    ENTRY(cuMemPoolCreate),
    ENTRY(cuMemPoolDestroy),
    ENTRY(cuMemPoolTrimTo),
    ENTRY(cuMemPoolSetAttribute),
    ENTRY(cuMemPoolGetAttribute),
    ENTRY(cuMemPoolSetAccess),
    ENTRY(cuMemPoolGetAccess),
    ENTRY(cuMemAllocHost),
    ENTRY(cuMemHostAlloc),
    ENTRY(cuMemFreeHost),
    ENTRY(cuMemHostGetDevicePointer),
    ENTRY(cuMemHostRegister),
    ENTRY(cuMemHostUnregister),
    ENTRY(cuPointerGetAttribute),
    ENTRY(cuPointerGetAttributes),
    ENTRY(cuMemcpy),
    ENTRY(cuMemcpyHtoD),
    ENTRY(cuMemcpyDtoH),
    ENTRY(cuMemcpyDtoD),
    ENTRY(cuMemcpyPeer),
    ENTRY(cuMemcpyAsync),
    ENTRY(cuMemcpyHtoDAsync),
    ENTRY(cuMemcpyDtoHAsync),
    ENTRY(cuMemcpyDtoDAsync),
    ENTRY(cuMemcpyPeerAsync),
    ENTRY(cuMemsetD8),
    ENTRY(cuMemsetD16),
    ENTRY(cuMemsetD32),
    ENTRY(cuMemsetD8Async),
    ENTRY(cuMemsetD16Async),
    ENTRY(cuMemsetD32Async),
    ENTRY(cuStreamCreate),
    ENTRY(cuStreamCreateWithPriority),
    ENTRY(cuStreamDestroy),
    ENTRY(cuStreamSynchronize),
    ENTRY(cuStreamQuery),
    ENTRY(cuStreamGetPriority),
    ENTRY(cuStreamGetFlags),
    ENTRY(cuStreamGetId),
    ENTRY(cuStreamGetDevice),
    ENTRY(cuStreamGetCtx),
    ENTRY(cuStreamWaitEvent),
    ENTRY(cuStreamBeginCapture),
    ENTRY(cuStreamEndCapture),
    ENTRY(cuStreamIsCapturing),
    SINCE(11030, "cuStreamGetCaptureInfo", cuStreamGetCaptureInfo_v2),
    SINCE(12030, "cuStreamGetCaptureInfo", cuStreamGetCaptureInfo),
    ENTRY(cuThreadExchangeStreamCaptureMode),
    ENTRY(cuLaunchHostFunc),
    SINCE(13020, "cuLaunchHostFunc", cuLaunchHostFunc_v2),
    ENTRY(cuEventCreate),
    ENTRY(cuEventRecord),
    ENTRY(cuEventRecordWithFlags),
    ENTRY(cuEventQuery),
    ENTRY(cuEventSynchronize),
    ENTRY(cuEventElapsedTime),
    ENTRY(cuEventDestroy),
    ENTRY(cuModuleLoadData),
    ENTRY(cuModuleLoadDataEx),
    ENTRY(cuModuleUnload),
    ENTRY(cuModuleGetFunction),
    ENTRY(cuModuleGetLoadingMode),
    ENTRY(cuFuncGetAttribute),
    ENTRY(cuFuncSetAttribute),
    ENTRY(cuFuncSetCacheConfig),
    ENTRY(cuLaunchKernel),
    ENTRY(cuLaunchKernelEx),
    ENTRY(cuOccupancyMaxActiveBlocksPerMultiprocessor),
    ENTRY(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags),
    ENTRY(cuGraphInstantiateWithFlags),
    ENTRY(cuGraphInstantiateWithParams),
    ENTRY(cuGraphUpload),
    ENTRY(cuGraphLaunch),
    ENTRY(cuGraphExecDestroy),
    ENTRY(cuGraphDestroy),
    ENTRY(cuGraphGetNodes),
    ENTRY(cuGraphNodeGetType),
};

}  // namespace

CUresult cuGetProcAddress(const char* name, void** function, int version, cuuint64_t,
                          CUdriverProcAddressQueryResult* status) {
  const Entry* best = nullptr;
  bool known = false;
  for (const Entry& entry : entries) {
    if (std::strcmp(entry.name, name)) continue;
    known = true;
    if (entry.since <= version && (!best || entry.since > best->since)) best = &entry;
  }
  *function = best ? best->function : nullptr;
  if (status)
    *status = best    ? CU_GET_PROC_ADDRESS_SUCCESS
              : known ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                      : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return best ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
