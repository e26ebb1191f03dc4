// A stand-in for cuSOLVER: what tensorlib calls of it, done by LAPACK on the host, for double
// precision. What cuSOLVER refuses, such as singular values of wide matrices, it refuses, too.

#include "cusolver.h"

namespace {

using namespace standin;

int handles_made = 0;

}  // namespace

extern "C" {

int standin_handles_made() { return handles_made; }

cusolverStatus_t cusolverDnCreate(cusolverDnHandle_t* handle) {
  ++handles_made;
  *handle = reinterpret_cast<cusolverDnHandle_t>(new Context{});
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnSetStream(cusolverDnHandle_t handle, cudaStream_t stream) {
  reinterpret_cast<Context*>(handle)->stream = stream;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnCreateParams(cusolverDnParams_t* params) {
  *params = reinterpret_cast<cusolverDnParams_t>(new int);
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnXpotrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t,
                                             cublasFillMode_t, int64_t, cudaDataType, const void*,
                                             int64_t, cudaDataType, size_t* work, size_t* host) {
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXpotrf(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                  cublasFillMode_t uplo, int64_t n, cudaDataType type, void* a,
                                  int64_t lda, cudaDataType computed, void* work, size_t work_size,
                                  void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    return on_host(
        stream_of(handle), {writes(a, lda * n * sizeof(T)), writes(info, sizeof(int))},
        [=](Copies& at) {
          char triangle = uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U';
          int order = int(n), leading = int(lda);
          lapack(name<T>("dpotrf", "zpotrf"), &triangle, &order, as<T>(at[0]), &leading,
                 as<int>(at[1]));
        });
  });
}

cusolverStatus_t cusolverDnXgetrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, int64_t,
                                             int64_t, cudaDataType, const void*, int64_t,
                                             cudaDataType, size_t* work, size_t* host) {
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXgetrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m,
                                  int64_t n, cudaDataType type, void* a, int64_t lda,
                                  int64_t* pivots, cudaDataType computed, void* work,
                                  size_t work_size, void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    int64_t count = std::min(m, n);
    return on_host(stream_of(handle),
                   {writes(a, lda * n * sizeof(T)), writes(pivots, count * sizeof(int64_t)),
                    writes(info, sizeof(int))},
                   [=](Copies& at) {
                     int rows = int(m), columns = int(n), leading = int(lda);
                     std::vector<int> short_pivots(count);
                     lapack(name<T>("dgetrf", "zgetrf"), &rows, &columns, as<T>(at[0]), &leading,
                            short_pivots.data(), as<int>(at[2]));
                     std::copy(short_pivots.begin(), short_pivots.end(), as<int64_t>(at[1]));
                   });
  });
}

cusolverStatus_t cusolverDnXgetrs(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                  cublasOperation_t operation, int64_t n, int64_t nrhs,
                                  cudaDataType type, const void* a, int64_t lda,
                                  const int64_t* pivots, cudaDataType b_type, void* b, int64_t ldb,
                                  int* info) {
  return typed(handle, params, type, b_type, [=](auto element) {
    using T = decltype(element);
    return on_host(
        stream_of(handle),
        {reads(a, lda * n * sizeof(T)), reads(pivots, n * sizeof(int64_t)),
         writes(b, ldb * nrhs * sizeof(T)), writes(info, sizeof(int))},
        [=](Copies& at) {
          char transposed = "NTC"[operation];
          int order = int(n), columns = int(nrhs), leading = int(lda), leading_b = int(ldb);
          std::vector<int> short_pivots(as<int64_t>(at[1]), as<int64_t>(at[1]) + n);
          lapack(name<T>("dgetrs", "zgetrs"), &transposed, &order, &columns, as<T>(at[0]),
                 &leading, short_pivots.data(), as<T>(at[2]), &leading_b, as<int>(at[3]));
        });
  });
}

cusolverStatus_t cusolverDnXgeqrf_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, int64_t,
                                             int64_t, cudaDataType, const void*, int64_t,
                                             cudaDataType, const void*, cudaDataType, size_t* work,
                                             size_t* host) {
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXgeqrf(cusolverDnHandle_t handle, cusolverDnParams_t params, int64_t m,
                                  int64_t n, cudaDataType type, void* a, int64_t lda,
                                  cudaDataType, void* tau, cudaDataType computed, void* work,
                                  size_t work_size, void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    return on_host(stream_of(handle),
                   {writes(a, lda * n * sizeof(T)), writes(tau, std::min(m, n) * sizeof(T)),
                    writes(info, sizeof(int))},
                   [=](Copies& at) {
                     int rows = int(m), columns = int(n), leading = int(lda);
                     int room = 64 * columns;
                     std::vector<T> space(room);
                     lapack(name<T>("dgeqrf", "zgeqrf"), &rows, &columns, as<T>(at[0]), &leading,
                            as<T>(at[1]), space.data(), &room, as<int>(at[2]));
                   });
  });
}

cusolverStatus_t cusolverDnDorgqr_bufferSize(cusolverDnHandle_t, int, int, int, const double*, int,
                                             const double*, int* room) {
  *room = 100;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnZungqr_bufferSize(cusolverDnHandle_t, int, int, int,
                                             const cuDoubleComplex*, int, const cuDoubleComplex*,
                                             int* room) {
  *room = 100;
  return CUSOLVER_STATUS_SUCCESS;
}

}  // extern "C"

template <class T>
static cusolverStatus_t orgqr(cusolverDnHandle_t handle, int m, int n, int k, void* a, int lda,
                              const void* tau, void* work, int room, int* info) {
  if (!work || room < 100) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  if (n > m || k > n) return CUSOLVER_STATUS_INVALID_VALUE;
  bool done = on_host(stream_of(handle),
                      {writes(a, std::size_t(lda) * n * sizeof(T)), reads(tau, k * sizeof(T)),
                       writes(info, sizeof(int))},
                      [=](Copies& at) {
                        int rows = m, columns = n, count = k, leading = lda, space_size = 64 * n;
                        std::vector<T> space(space_size);
                        lapack(name<T>("dorgqr", "zungqr"), &rows, &columns, &count, as<T>(at[0]),
                               &leading, as<T>(at[1]), space.data(), &space_size, as<int>(at[2]));
                      });
  return done ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_EXECUTION_FAILED;
}

extern "C" {

cusolverStatus_t cusolverDnDorgqr(cusolverDnHandle_t handle, int m, int n, int k, double* a,
                                  int lda, const double* tau, double* work, int room, int* info) {
  return orgqr<double>(handle, m, n, k, a, lda, tau, work, room, info);
}

cusolverStatus_t cusolverDnZungqr(cusolverDnHandle_t handle, int m, int n, int k,
                                  cuDoubleComplex* a, int lda, const cuDoubleComplex* tau,
                                  cuDoubleComplex* work, int room, int* info) {
  return orgqr<Complex>(handle, m, n, k, a, lda, tau, work, room, info);
}

cusolverStatus_t cusolverDnXsyevd_bufferSize(cusolverDnHandle_t, cusolverDnParams_t,
                                             cusolverEigMode_t, cublasFillMode_t, int64_t,
                                             cudaDataType, const void*, int64_t, cudaDataType,
                                             const void*, cudaDataType, size_t* work,
                                             size_t* host) {
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXsyevd(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                  cusolverEigMode_t mode, cublasFillMode_t uplo, int64_t n,
                                  cudaDataType type, void* a, int64_t lda, cudaDataType w_type,
                                  void* w, cudaDataType computed, void* work, size_t work_size,
                                  void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  if (w_type != CUDA_R_64F) return CUSOLVER_STATUS_INVALID_VALUE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    return on_host(
        stream_of(handle),
        {writes(a, lda * n * sizeof(T)), writes(w, n * sizeof(double)), writes(info, sizeof(int))},
        [=](Copies& at) {
          eigen(mode == CUSOLVER_EIG_MODE_VECTOR, uplo, int(n), as<T>(at[0]), int(lda),
                as<double>(at[1]), as<int>(at[2]));
        });
  });
}

cusolverStatus_t cusolverDnXgesvd_bufferSize(cusolverDnHandle_t, cusolverDnParams_t, signed char,
                                             signed char, int64_t m, int64_t n, cudaDataType,
                                             const void*, int64_t, cudaDataType, const void*,
                                             cudaDataType, const void*, int64_t, cudaDataType,
                                             const void*, int64_t, cudaDataType, size_t* work,
                                             size_t* host) {
  return m < n ? CUSOLVER_STATUS_INVALID_VALUE : sizes(work, host);
}

cusolverStatus_t cusolverDnXgesvd(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                  signed char jobu, signed char jobvt, int64_t m, int64_t n,
                                  cudaDataType type, void* a, int64_t lda, cudaDataType s_type,
                                  void* s, cudaDataType, void* u, int64_t ldu, cudaDataType,
                                  void* vt, int64_t ldvt, cudaDataType computed, void* work,
                                  size_t work_size, void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  if (m < n || s_type != CUDA_R_64F) return CUSOLVER_STATUS_INVALID_VALUE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    std::size_t left = jobu == 'A' ? m : jobu == 'S' ? n : 0, right = jobvt == 'N' ? 0 : n;
    return on_host(
        stream_of(handle),
        {writes(a, lda * n * sizeof(T)), writes(s, n * sizeof(double)),
         writes(u, ldu * left * sizeof(T)), writes(vt, ldvt * right * sizeof(T)),
         writes(info, sizeof(int))},
        [=](Copies& at) {
          singular(char(jobu), char(jobvt), int(m), int(n), as<T>(at[0]), int(lda),
                   as<double>(at[1]), as<T>(at[2]), int(ldu), as<T>(at[3]), int(ldvt),
                   as<int>(at[4]));
        });
  });
}

cusolverStatus_t cusolverDnXgeev_bufferSize(cusolverDnHandle_t, cusolverDnParams_t,
                                            cusolverEigMode_t, cusolverEigMode_t, int64_t,
                                            cudaDataType, const void*, int64_t, cudaDataType,
                                            const void*, cudaDataType, const void*, int64_t,
                                            cudaDataType, const void*, int64_t, cudaDataType,
                                            size_t* work, size_t* host) {
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXgeev(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                 cusolverEigMode_t left, cusolverEigMode_t right, int64_t n,
                                 cudaDataType type, void* a, int64_t lda, cudaDataType w_type,
                                 void* w, cudaDataType, void*, int64_t, cudaDataType vr_type,
                                 void* vr, int64_t ldvr, cudaDataType computed, void* work,
                                 size_t work_size, void* host, size_t host_size, int* info) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  if (left != CUSOLVER_EIG_MODE_NOVECTOR || w_type != CUDA_C_64F || vr_type != type)
    return CUSOLVER_STATUS_INVALID_VALUE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    bool vectors = right == CUSOLVER_EIG_MODE_VECTOR;
    return on_host(
        stream_of(handle),
        {writes(a, lda * n * sizeof(T)), writes(w, n * sizeof(Complex)),
         writes(vr, vectors ? ldvr * n * sizeof(T) : 0), writes(info, sizeof(int))},
        [=](Copies& at) {
          char none = 'N', job = vectors ? 'V' : 'N';
          int order = int(n), leading = int(lda), leading_vr = int(ldvr), one = 1;
          int room = int(100 * n);
          std::vector<T> space(room);
          std::vector<double> re(2 * n), im(n);
          auto* values = as<Complex>(at[1]);
          if constexpr (is_complex<T>) {
            lapack("zgeev", &none, &job, &order, as<T>(at[0]), &leading, values, (T*)nullptr, &one,
                   as<T>(at[2]), &leading_vr, space.data(), &room, re.data(), as<int>(at[3]));
          } else {
            lapack("dgeev", &none, &job, &order, as<T>(at[0]), &leading, re.data(), im.data(),
                   (T*)nullptr, &one, as<T>(at[2]), &leading_vr, space.data(), &room,
                   as<int>(at[3]));
            for (int64_t i = 0; i < n; ++i) values[i] = {re[i], im[i]};
          }
        });
  });
}

}  // extern "C"
