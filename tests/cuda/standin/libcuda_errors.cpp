#include <cctype>
#include <map>
#include <string>

#include "standin.h"

namespace {

struct Error {
  std::string name, words;
};

// "illegal address" of CUDA_ERROR_ILLEGAL_ADDRESS
Error error_of(const char* name) {
  Error error{name, ""};
  std::size_t prefix = error.name.rfind("CUDA_ERROR_", 0) == 0 ? 11 : 5;
  for (char c : error.name.substr(prefix)) error.words += c == '_' ? ' ' : char(std::tolower(c));
  return error;
}

#define ERROR(name) {CUDA_##name, error_of("CUDA_" #name)}
const std::map<CUresult, Error>& errors = *new std::map<CUresult, Error>{
    ERROR(SUCCESS),
    ERROR(ERROR_INVALID_VALUE),
    ERROR(ERROR_OUT_OF_MEMORY),
    ERROR(ERROR_NOT_INITIALIZED),
    ERROR(ERROR_DEINITIALIZED),
    ERROR(ERROR_STUB_LIBRARY),
    ERROR(ERROR_DEVICE_UNAVAILABLE),
    ERROR(ERROR_NO_DEVICE),
    ERROR(ERROR_INVALID_DEVICE),
    ERROR(ERROR_INVALID_IMAGE),
    ERROR(ERROR_INVALID_CONTEXT),
    ERROR(ERROR_NO_BINARY_FOR_GPU),
    ERROR(ERROR_ECC_UNCORRECTABLE),
    ERROR(ERROR_PEER_ACCESS_UNSUPPORTED),
    ERROR(ERROR_INVALID_PTX),
    ERROR(ERROR_UNSUPPORTED_PTX_VERSION),
    ERROR(ERROR_INVALID_SOURCE),
    ERROR(ERROR_FILE_NOT_FOUND),
    ERROR(ERROR_OPERATING_SYSTEM),
    ERROR(ERROR_INVALID_HANDLE),
    ERROR(ERROR_ILLEGAL_STATE),
    ERROR(ERROR_NOT_FOUND),
    ERROR(ERROR_NOT_READY),
    ERROR(ERROR_ILLEGAL_ADDRESS),
    ERROR(ERROR_LAUNCH_OUT_OF_RESOURCES),
    ERROR(ERROR_LAUNCH_TIMEOUT),
    ERROR(ERROR_PEER_ACCESS_ALREADY_ENABLED),
    ERROR(ERROR_PEER_ACCESS_NOT_ENABLED),
    ERROR(ERROR_PRIMARY_CONTEXT_ACTIVE),
    ERROR(ERROR_CONTEXT_IS_DESTROYED),
    ERROR(ERROR_ASSERT),
    ERROR(ERROR_HOST_MEMORY_ALREADY_REGISTERED),
    ERROR(ERROR_HOST_MEMORY_NOT_REGISTERED),
    ERROR(ERROR_HARDWARE_STACK_ERROR),
    ERROR(ERROR_ILLEGAL_INSTRUCTION),
    ERROR(ERROR_MISALIGNED_ADDRESS),
    ERROR(ERROR_INVALID_ADDRESS_SPACE),
    ERROR(ERROR_INVALID_PC),
    ERROR(ERROR_LAUNCH_FAILED),
    ERROR(ERROR_NOT_PERMITTED),
    ERROR(ERROR_NOT_SUPPORTED),
    ERROR(ERROR_SYSTEM_NOT_READY),
    ERROR(ERROR_SYSTEM_DRIVER_MISMATCH),
    ERROR(ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE),
    ERROR(ERROR_STREAM_CAPTURE_UNSUPPORTED),
    ERROR(ERROR_STREAM_CAPTURE_INVALIDATED),
    ERROR(ERROR_STREAM_CAPTURE_MERGE),
    ERROR(ERROR_STREAM_CAPTURE_UNMATCHED),
    ERROR(ERROR_STREAM_CAPTURE_UNJOINED),
    ERROR(ERROR_STREAM_CAPTURE_ISOLATION),
    ERROR(ERROR_STREAM_CAPTURE_IMPLICIT),
    ERROR(ERROR_CAPTURED_EVENT),
    ERROR(ERROR_STREAM_CAPTURE_WRONG_THREAD),
    ERROR(ERROR_TIMEOUT),
    ERROR(ERROR_GRAPH_EXEC_UPDATE_FAILURE),
    ERROR(ERROR_UNKNOWN),
};
#undef ERROR

}  // namespace

// These two need nothing and change nothing, and are not in the log.

CUresult cuGetErrorName(CUresult error, const char** name) {
  auto found = errors.find(error);
  *name = found == errors.end() ? nullptr : found->second.name.c_str();
  return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char** words) {
  auto found = errors.find(error);
  *words = found == errors.end() ? nullptr : found->second.words.c_str();
  return *words ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
