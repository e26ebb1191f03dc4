// A cuBLAS for tests, of the few functions that are used: it checks what it is given as the library
// does, and launches the kernels of gemm.cu through the driver. Unlike the library it insists on
// being given a workspace after each choice of a stream, which forgets the one before.
#include "gemm.h"

enum Status {
  kSuccess = 0,
  kNotInitialized = 1,
  kAllocFailed = 3,
  kInvalidValue = 7,
  kExecutionFailed = 13,
  kNotSupported = 15,
};

struct Handle {
  CUstream stream = nullptr;
  void *workspace = nullptr;
  Kernels kernels;
};

extern "C" {

Status cublasCreate_v2(Handle **handle) {
  *handle = new Handle;
  return (*handle)->kernels.load() ? kSuccess : kNotInitialized;
}

Status cublasSetStream_v2(Handle *handle, CUstream stream) {
  handle->stream = stream;
  handle->workspace = nullptr;
  return kSuccess;
}

Status cublasSetWorkspace_v2(Handle *handle, void *workspace, std::size_t size) {
  if (size < (32u << 20)) return kInvalidValue;
  handle->workspace = workspace;
  return kSuccess;
}

Status cublasSetMathMode(Handle *, int) { return kSuccess; }

Status cublasGemmStridedBatchedEx_64(Handle *handle, int op_a, int op_b, std::int64_t m,
                                     std::int64_t n, std::int64_t k, const void *alpha,
                                     const void *a, int a_type, std::int64_t lda, long long a_step,
                                     const void *b, int b_type, std::int64_t ldb, long long b_step,
                                     const void *beta, void *c, int c_type, std::int64_t ldc,
                                     long long c_step, std::int64_t count, int compute, int) {
  if (handle == nullptr || handle->workspace == nullptr) return kNotInitialized;
  if (m < 0 || n < 0 || k < 0 || count < 0 || lda < 1 || ldb < 1 || lda < (op_a ? k : m) ||
      ldb < (op_b ? n : k) || ldc < m || (count > 1 && c_step < m * n)) {
    return kInvalidValue;
  }
  if (a_type != b_type || a_type != c_type || !is_known(a_type, compute) || op_a > 1 || op_b > 1) {
    return kNotSupported;
  }
  bool const wide = compute == 70;
  double const one = wide ? *static_cast<const double *>(alpha) : *static_cast<const float *>(alpha);
  double const zero = wide ? *static_cast<const double *>(beta) : *static_cast<const float *>(beta);
  if (one != 1 || zero != 0) return kNotSupported;
  Gemm gemm{op_a,   op_b, m,   n,      k,     lda, a_step, ldb,
            b_step, ldc,  c_step, count, kept_bits(compute), false};
  return handle->kernels.launch(a_type, gemm, a, b, c, nullptr, handle->workspace, handle->stream)
             ? kSuccess
             : kExecutionFailed;
}

const char *cublasGetStatusName(Status status) {
  return status == kInvalidValue ? "CUBLAS_STATUS_INVALID_VALUE" : "CUBLAS_STATUS_EXECUTION_FAILED";
}

const char *cublasGetStatusString(Status) { return "as the stand-in says"; }
}
