// What the parts of the stand-in for cuSOLVER share.
#pragma once

#include "../blas_types.h"
#include "../lapack.h"
#include "../library.h"

#include <cstdint>
#include <cstring>

#ifdef STANDIN_REAL_HEADERS
#include <cusolverDn.h>
#else
struct cusolverDnContext;
using cusolverDnHandle_t = cusolverDnContext*;
struct cusolverDnParams;
using cusolverDnParams_t = cusolverDnParams*;
struct gesvdjInfo;
using gesvdjInfo_t = gesvdjInfo*;
enum cusolverStatus_t {
  CUSOLVER_STATUS_SUCCESS = 0,
  CUSOLVER_STATUS_NOT_INITIALIZED = 1,
  CUSOLVER_STATUS_INVALID_VALUE = 3,
  CUSOLVER_STATUS_EXECUTION_FAILED = 6,
  CUSOLVER_STATUS_INVALID_WORKSPACE = 31,
};
enum cusolverEigMode_t { CUSOLVER_EIG_MODE_NOVECTOR = 0, CUSOLVER_EIG_MODE_VECTOR = 1 };
enum cudaDataType { CUDA_R_64F = 1, CUDA_C_64F = 5 };
#endif

namespace standin {

struct Context {
  CUstream stream;
};

constexpr std::size_t work_bytes = 1000, host_bytes = 100;

inline CUstream stream_of(cusolverDnHandle_t handle) {
  return reinterpret_cast<Context*>(handle)->stream;
}

inline cusolverStatus_t sizes(size_t* work, size_t* host) {
  *work = work_bytes;
  *host = host_bytes;
  return CUSOLVER_STATUS_SUCCESS;
}

// Call body(T()) for the type of the elements, once the arguments that all calls have are right.
template <class Body>
cusolverStatus_t typed(cusolverDnHandle_t handle, cusolverDnParams_t params, cudaDataType type,
                       cudaDataType computed, Body body) {
  if (!handle || !params) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (type != computed) return CUSOLVER_STATUS_INVALID_VALUE;
  bool done = false;
  if (type == CUDA_R_64F)
    done = body(double());
  else if (type == CUDA_C_64F)
    done = body(Complex());
  else
    return CUSOLVER_STATUS_INVALID_VALUE;
  return done ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_EXECUTION_FAILED;
}

inline bool enough(void* work, std::size_t bytes, void* host, std::size_t host_size) {
  if (!work || bytes < work_bytes || !host || host_size < host_bytes) return false;
  std::memset(host, 0x5a, host_bytes);
  return true;
}

template <class T>
const char* name(const char* real, const char* complex) {
  return is_complex<T> ? complex : real;
}

template <class T>
T* as(char* copy) {
  return reinterpret_cast<T*>(copy);
}

// LAPACK's eigenvalues of a matrix, and the vectors in its place.
template <class T>
void eigen(bool vectors, cublasFillMode_t uplo, int n, T* a, int lda, double* values, int* info) {
  char job = vectors ? 'V' : 'N', triangle = uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U';
  int room = 4 * n * n + 100 * n + 100;
  std::vector<T> space(room);
  std::vector<double> real_space(3 * n + 1);
  if constexpr (is_complex<T>)
    lapack("zheev", &job, &triangle, &n, a, &lda, values, space.data(), &room, real_space.data(),
           info);
  else
    lapack("dsyev", &job, &triangle, &n, a, &lda, values, space.data(), &room, info);
}

// Its singular values, and the vectors that the letters ask for.
template <class T>
void singular(char of_u, char of_vt, int m, int n, T* a, int lda, double* s, T* u, int ldu, T* vt,
              int ldvt, int* info) {
  int room = 100 * (m + n);
  std::vector<T> space(room);
  std::vector<double> real_space(5 * std::min(m, n));
  if constexpr (is_complex<T>)
    lapack("zgesvd", &of_u, &of_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, space.data(), &room,
           real_space.data(), info);
  else
    lapack("dgesvd", &of_u, &of_vt, &m, &n, a, &lda, s, u, &ldu, vt, &ldvt, space.data(), &room,
           info);
}

}  // namespace standin
