// A stand-in for cuBLAS that has no products, and solves triangular equations by BLAS on the host.

#include "../lapack.h"
#include "../library.h"

#ifdef STANDIN_REAL_HEADERS
#include <cublas_v2.h>
#else
struct cublasContext;
using cublasHandle_t = cublasContext*;
using cudaStream_t = CUstream;
struct cuComplex;
struct cuDoubleComplex;
enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
};
enum cublasSideMode_t { CUBLAS_SIDE_LEFT = 0, CUBLAS_SIDE_RIGHT = 1 };
enum cublasFillMode_t { CUBLAS_FILL_MODE_LOWER = 0, CUBLAS_FILL_MODE_UPPER = 1 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1, CUBLAS_OP_C = 2 };
enum cublasDiagType_t { CUBLAS_DIAG_NON_UNIT = 0, CUBLAS_DIAG_UNIT = 1 };
#endif

namespace {

using namespace standin;

struct Context {
  CUstream stream;
};

template <class T>
cublasStatus_t trsm(const char* name, cublasHandle_t handle, cublasSideMode_t side,
                    cublasFillMode_t uplo, cublasOperation_t operation, cublasDiagType_t diagonal,
                    int m, int n, const void* alpha, const void* a, int lda, void* b, int ldb) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  T factor = *static_cast<const T*>(alpha);
  std::size_t order = side == CUBLAS_SIDE_LEFT ? m : n;
  bool done = on_host(reinterpret_cast<Context*>(handle)->stream,
                      {reads(a, lda * order * sizeof(T)),
                       writes(b, std::size_t(ldb) * n * sizeof(T))},
                      [=](Copies& at) {
                        char letters[4] = {side == CUBLAS_SIDE_LEFT ? 'L' : 'R',
                                           uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U',
                                           "NTC"[operation],
                                           diagonal == CUBLAS_DIAG_UNIT ? 'U' : 'N'};
                        int rows = m, columns = n, leading = lda, leading_b = ldb;
                        T one = factor;
                        lapack(name, &letters[0], &letters[1], &letters[2], &letters[3], &rows,
                               &columns, &one, reinterpret_cast<T*>(at[0]), &leading,
                               reinterpret_cast<T*>(at[1]), &leading_b);
                      });
  return done ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  *handle = reinterpret_cast<cublasHandle_t>(new Context{});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  reinterpret_cast<Context*>(handle)->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void* workspace, size_t) {
  return workspace ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

cublasStatus_t cublasStrsm_v2(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                              cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                              const float* alpha, const float* a, int lda, float* b, int ldb) {
  return trsm<float>("strsm", handle, side, uplo, operation, diagonal, m, n, alpha, a, lda, b, ldb);
}

cublasStatus_t cublasDtrsm_v2(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                              cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                              const double* alpha, const double* a, int lda, double* b, int ldb) {
  return trsm<double>("dtrsm", handle, side, uplo, operation, diagonal, m, n, alpha, a, lda, b,
                      ldb);
}

cublasStatus_t cublasCtrsm_v2(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                              cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                              const cuComplex* alpha, const cuComplex* a, int lda, cuComplex* b,
                              int ldb) {
  return trsm<std::complex<float>>("ctrsm", handle, side, uplo, operation, diagonal, m, n, alpha,
                                   a, lda, b, ldb);
}

cublasStatus_t cublasZtrsm_v2(cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,
                              cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n,
                              const cuDoubleComplex* alpha, const cuDoubleComplex* a, int lda,
                              cuDoubleComplex* b, int ldb) {
  return trsm<Complex>("ztrsm", handle, side, uplo, operation, diagonal, m, n, alpha, a, lda, b,
                       ldb);
}

}  // extern "C"
