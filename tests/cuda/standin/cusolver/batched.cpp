// The routines of cuSOLVER for stacks of matrices.

#include "cusolver.h"

#include <algorithm>
#include <limits>

using namespace standin;

namespace {

constexpr int gesvdj_room = 100;

// The values that are made for calls of gesvdj.
struct Options {
  bool alive = true;
};

cusolverStatus_t status(bool done) {
  return done ? CUSOLVER_STATUS_SUCCESS : CUSOLVER_STATUS_EXECUTION_FAILED;
}

template <class T>
cusolverStatus_t potrf(const char* name, cusolverDnHandle_t handle, cublasFillMode_t uplo, int n,
                       const void* a, int lda, int* infos, int count) {
  if (!handle) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (n < 0 || lda < std::max(1, n) || count < 1) return CUSOLVER_STATUS_INVALID_VALUE;
  return status(on_host(
      stream_of(handle), {reads(a, count * sizeof(void*)), writes(infos, count * sizeof(int))},
      [=](Copies& at) {
        bool lower = uplo == CUBLAS_FILL_MODE_LOWER;
        for (int i = 0; i < count; ++i) {
          Pointed<T> matrix(at[0], i, std::size_t(lda) * n);
          lapack(name, lower ? "L" : "U", &n, matrix.data(), &lda, as<int>(at[1]) + i);
          // The library computes in the other triangle.
          for (int column = 0; column < n; ++column)
            for (int row = 0; row < n; ++row)
              if (lower ? row < column : row > column) matrix.data()[row + column * lda] = T(-77);
          matrix.write_back();
        }
      }));
}

bool fits(cusolverEigMode_t mode, int m, int n, int lda, int ldu, int ldv, int count) {
  bool vectors = mode == CUSOLVER_EIG_MODE_VECTOR;
  return m >= 0 && n >= 0 && m <= 32 && n <= 32 && lda >= std::max(1, m) && count >= 1 &&
         (!vectors || (ldu >= std::max(1, m) && ldv >= std::max(1, n)));
}

cusolverStatus_t gesvdj_size(cusolverEigMode_t mode, int m, int n, int lda, int ldu, int ldv,
                             int* room, gesvdjInfo_t options, int count) {
  if (!options || !fits(mode, m, n, lda, ldu, ldv, count)) return CUSOLVER_STATUS_INVALID_VALUE;
  *room = gesvdj_room;
  return CUSOLVER_STATUS_SUCCESS;
}

template <class T>
bool has_nan(const T* begin, std::size_t size) {
  return std::any_of(begin, begin + size, [](T x) { return x != x; });
}

}  // namespace

extern "C" {
// A matrix of every stack for which gesvdjBatched says that it did not converge; -1: none.
int standin_not_converged = -1;
}

template <class T>
static cusolverStatus_t gesvdj(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m, int n,
                               void* a, int lda, double* s, void* u, int ldu, void* v, int ldv,
                               void* work, int room, int* infos, gesvdjInfo_t options, int count) {
  if (!handle) return CUSOLVER_STATUS_NOT_INITIALIZED;
  if (!options || !reinterpret_cast<Options*>(options)->alive || !work || room < gesvdj_room ||
      !fits(mode, m, n, lda, ldu, ldv, count))
    return CUSOLVER_STATUS_INVALID_VALUE;
  bool vectors = mode == CUSOLVER_EIG_MODE_VECTOR;
  std::size_t order = std::min(m, n), a_size = std::size_t(lda) * n;
  std::size_t u_size = vectors ? std::size_t(ldu) * m : 0, v_size = vectors ? ldv * n : 0;
  int wrong = standin_not_converged;
  return status(on_host(
      stream_of(handle),
      {writes(a, count * a_size * sizeof(T)), writes(s, count * order * sizeof(double)),
       writes(u, count * u_size * sizeof(T)), writes(v, count * v_size * sizeof(T)),
       writes(infos, count * sizeof(int))},
      [=](Copies& at) {
        char job = vectors ? 'A' : 'N';
        std::vector<T> vt(std::size_t(n) * n);
        for (int i = 0; i < count; ++i) {
          T *matrix = as<T>(at[0]) + i * a_size, *right = as<T>(at[3]) + i * v_size;
          int* info = as<int>(at[4]) + i;
          bool nan = has_nan(matrix, a_size);
          if (!nan)
            singular(job, job, m, n, matrix, lda, as<double>(at[1]) + i * order,
                     as<T>(at[2]) + i * u_size, ldu, vt.data(), n, info);
          if (nan || i == wrong) {
            *info = int(order) + 1;
            std::fill_n(as<double>(at[1]) + i * order, order, -1.0);
          }
          for (int row = 0; vectors && row < n; ++row)
            for (int column = 0; column < n; ++column) {
              T element = vt[column + row * n];
              if constexpr (is_complex<T>) element = std::conj(element);
              right[row + column * ldv] = element;
            }
          std::fill_n(matrix, a_size, T(-77));
        }
      }));
}

extern "C" {

cusolverStatus_t cusolverDnDpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n,
                                         double* a[], int lda, int* infos, int count) {
  return potrf<double>("dpotrf", handle, uplo, n, a, lda, infos, count);
}

cusolverStatus_t cusolverDnZpotrfBatched(cusolverDnHandle_t handle, cublasFillMode_t uplo, int n,
                                         cuDoubleComplex* a[], int lda, int* infos, int count) {
  return potrf<Complex>("zpotrf", handle, uplo, n, a, lda, infos, count);
}

cusolverStatus_t cusolverDnXsyevBatched_bufferSize(cusolverDnHandle_t, cusolverDnParams_t,
                                                   cusolverEigMode_t, cublasFillMode_t, int64_t n,
                                                   cudaDataType, const void*, int64_t lda,
                                                   cudaDataType, const void*, cudaDataType,
                                                   size_t* work, size_t* host, int64_t count) {
  if (n < 0 || lda < std::max<int64_t>(1, n) || count < 1) return CUSOLVER_STATUS_INVALID_VALUE;
  return sizes(work, host);
}

cusolverStatus_t cusolverDnXsyevBatched(cusolverDnHandle_t handle, cusolverDnParams_t params,
                                        cusolverEigMode_t mode, cublasFillMode_t uplo, int64_t n,
                                        cudaDataType type, void* a, int64_t lda,
                                        cudaDataType w_type, void* w, cudaDataType computed,
                                        void* work, size_t work_size, void* host, size_t host_size,
                                        int* infos, int64_t count) {
  if (!enough(work, work_size, host, host_size)) return CUSOLVER_STATUS_INVALID_WORKSPACE;
  if (w_type != CUDA_R_64F || n < 0 || lda < std::max<int64_t>(1, n) || count < 1)
    return CUSOLVER_STATUS_INVALID_VALUE;
  return typed(handle, params, type, computed, [=](auto element) {
    using T = decltype(element);
    return on_host(stream_of(handle),
                   {writes(a, count * lda * n * sizeof(T)), writes(w, count * n * sizeof(double)),
                    writes(infos, count * sizeof(int))},
                   [=](Copies& at) {
                     for (int64_t i = 0; i < count; ++i)
                       eigen(mode == CUSOLVER_EIG_MODE_VECTOR, uplo, int(n),
                             as<T>(at[0]) + i * lda * n, int(lda), as<double>(at[1]) + i * n,
                             as<int>(at[2]) + i);
                   });
  });
}

cusolverStatus_t cusolverDnCreateGesvdjInfo(gesvdjInfo_t* options) {
  *options = reinterpret_cast<gesvdjInfo_t>(new Options);
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDestroyGesvdjInfo(gesvdjInfo_t options) {
  reinterpret_cast<Options*>(options)->alive = false;
  return CUSOLVER_STATUS_SUCCESS;
}

cusolverStatus_t cusolverDnDgesvdjBatched_bufferSize(
    cusolverDnHandle_t, cusolverEigMode_t mode, int m, int n, const double*, int lda,
    const double*, const double*, int ldu, const double*, int ldv, int* room, gesvdjInfo_t options,
    int count) {
  return gesvdj_size(mode, m, n, lda, ldu, ldv, room, options, count);
}

cusolverStatus_t cusolverDnZgesvdjBatched_bufferSize(
    cusolverDnHandle_t, cusolverEigMode_t mode, int m, int n, const cuDoubleComplex*, int lda,
    const double*, const cuDoubleComplex*, int ldu, const cuDoubleComplex*, int ldv, int* room,
    gesvdjInfo_t options, int count) {
  return gesvdj_size(mode, m, n, lda, ldu, ldv, room, options, count);
}

cusolverStatus_t cusolverDnDgesvdjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m,
                                          int n, double* a, int lda, double* s, double* u, int ldu,
                                          double* v, int ldv, double* work, int room, int* infos,
                                          gesvdjInfo_t options, int count) {
  return gesvdj<double>(handle, mode, m, n, a, lda, s, u, ldu, v, ldv, work, room, infos, options,
                        count);
}

cusolverStatus_t cusolverDnZgesvdjBatched(cusolverDnHandle_t handle, cusolverEigMode_t mode, int m,
                                          int n, cuDoubleComplex* a, int lda, double* s,
                                          cuDoubleComplex* u, int ldu, cuDoubleComplex* v, int ldv,
                                          cuDoubleComplex* work, int room, int* infos,
                                          gesvdjInfo_t options, int count) {
  return gesvdj<Complex>(handle, mode, m, n, a, lda, s, u, ldu, v, ldv, work, room, infos, options,
                         count);
}

}  // extern "C"
