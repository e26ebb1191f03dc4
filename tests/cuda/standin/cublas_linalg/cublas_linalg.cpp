// A stand-in for cuBLAS that has no products: triangular equations and factorizations of stacks,
// done by BLAS and LAPACK on the host. Unlike the library it insists on being given a workspace
// after each choice of a stream, which forgets the one before.

#include "../blas_types.h"
#include "../lapack.h"
#include "../library.h"

#include <algorithm>

#ifndef STANDIN_REAL_HEADERS
struct cublasContext;
using cublasHandle_t = cublasContext*;
enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15,
};
#endif

namespace {

using namespace standin;
using SingleComplex = std::complex<float>;

struct Context {
  CUstream stream;
  bool has_workspace;
};

int handles_made = 0;

// A call whose arguments are valid or not, and its work.
cublasStatus_t run(cublasHandle_t handle, bool valid, const std::vector<Span>& spans,
                   std::function<void(Copies&)> work) {
  auto* context = reinterpret_cast<Context*>(handle);
  if (!handle || !context->has_workspace) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!valid) return CUBLAS_STATUS_INVALID_VALUE;
  bool done = on_host(context->stream, spans, std::move(work));
  return done ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}

// Pointers to the matrices of a stack.
Span pointers(const void* array, int count) { return reads(array, count * sizeof(void*)); }
Span numbers(int* array, int count) { return writes(array, count * sizeof(int)); }

int* ints(char* copy) { return reinterpret_cast<int*>(copy); }

// The arguments of triangular equations but for the memory.
struct Triangular {
  char letters[4];
  int m, n, lda, ldb;

  Triangular(cublasSideMode_t side, cublasFillMode_t uplo, cublasOperation_t operation,
             cublasDiagType_t diagonal, int m, int n, int lda, int ldb)
      : letters{side == CUBLAS_SIDE_LEFT ? 'L' : 'R', uplo == CUBLAS_FILL_MODE_LOWER ? 'L' : 'U',
                "NTC"[operation], diagonal == CUBLAS_DIAG_UNIT ? 'U' : 'N'},
        m(m), n(n), lda(lda), ldb(ldb) {}

  int order() const { return letters[0] == 'L' ? m : n; }
  bool valid() const {
    return m >= 0 && n >= 0 && lda >= std::max(1, order()) && ldb >= std::max(1, m);
  }
  std::size_t a_size() const { return std::size_t(lda) * order(); }
  std::size_t b_size() const { return std::size_t(ldb) * n; }

  template <class T>
  void solve(const char* name, T factor, T* a, T* b) const {
    lapack(name, letters, letters + 1, letters + 2, letters + 3, &m, &n, &factor, a, &lda, b,
           &ldb);
  }
};

template <class T>
cublasStatus_t trsm(const char* name, cublasHandle_t handle, Triangular arguments,
                    const void* alpha, const void* a, void* b) {
  T factor = *static_cast<const T*>(alpha);
  return run(handle, arguments.valid(),
             {reads(a, arguments.a_size() * sizeof(T)), writes(b, arguments.b_size() * sizeof(T))},
             [=](Copies& at) {
               arguments.solve(name, factor, reinterpret_cast<T*>(at[0]),
                               reinterpret_cast<T*>(at[1]));
             });
}

template <class T>
cublasStatus_t trsm_batched(const char* name, cublasHandle_t handle, Triangular arguments,
                            const void* alpha, const void* a, const void* b, int count) {
  T factor = *static_cast<const T*>(alpha);
  return run(handle, arguments.valid() && count >= 0, {pointers(a, count), pointers(b, count)},
             [=](Copies& at) {
               for (int i = 0; i < count; ++i) {
                 Pointed<T> matrix(at[0], i, arguments.a_size());
                 Pointed<T> x(at[1], i, arguments.b_size());
                 arguments.solve(name, factor, matrix.data(), x.data());
                 x.write_back();
               }
             });
}

template <class T>
cublasStatus_t getrf(const char* name, cublasHandle_t handle, int n, const void* a, int lda,
                     int* pivots, int* infos, int count) {
  if (!pivots) return CUBLAS_STATUS_NOT_SUPPORTED;  // by which the library means none
  return run(handle, n >= 0 && lda >= std::max(1, n) && count >= 0,
             {pointers(a, count), numbers(pivots, n * count), numbers(infos, count)},
             [=](Copies& at) {
               for (int i = 0; i < count; ++i) {
                 Pointed<T> matrix(at[0], i, std::size_t(lda) * n);
                 lapack(name, &n, &n, matrix.data(), &lda, ints(at[1]) + i * n, ints(at[2]) + i);
                 matrix.write_back();
               }
             });
}

template <class T>
cublasStatus_t getri(const char* name, cublasHandle_t handle, int n, const void* a, int lda,
                     const int* pivots, const void* c, int ldc, int* infos, int count) {
  bool valid = n >= 0 && lda >= std::max(1, n) && ldc >= std::max(1, n) && count >= 0;
  return run(handle, valid,
             {pointers(a, count), reads(pivots, n * count * sizeof(int)), pointers(c, count),
              numbers(infos, count)},
             [=](Copies& at) {
               int room = 64 * n;
               std::vector<T> space(room);
               for (int i = 0; i < count; ++i) {
                 Pointed<T> matrix(at[0], i, std::size_t(lda) * n);
                 Pointed<T> inverse(at[2], i, std::size_t(ldc) * n);
                 if (matrix.overlaps(inverse)) {
                   std::fprintf(stderr, "getriBatched does not work in place\n");
                   std::abort();
                 }
                 for (std::ptrdiff_t j = 0; j < n; ++j)
                   std::copy_n(matrix.data() + j * lda, n, inverse.data() + j * ldc);
                 lapack(name, &n, inverse.data(), &ldc, ints(at[1]) + i * n, space.data(), &room,
                        ints(at[3]) + i);
                 inverse.write_back();
               }
             });
}

template <class T>
cublasStatus_t getrs(const char* name, cublasHandle_t handle, cublasOperation_t operation, int n,
                     int nrhs, const void* a, int lda, const int* pivots, const void* b, int ldb,
                     int* info, int count) {
  bool valid = n >= 0 && nrhs >= 0 && lda >= std::max(1, n) && ldb >= std::max(1, n) && count >= 0;
  *info = valid ? 0 : -1;  // on the host
  return run(handle, valid,
             {pointers(a, count), reads(pivots, n * count * sizeof(int)), pointers(b, count)},
             [=](Copies& at) {
               for (int i = 0; i < count; ++i) {
                 Pointed<T> matrix(at[0], i, std::size_t(lda) * n);
                 Pointed<T> x(at[2], i, std::size_t(ldb) * nrhs);
                 int ignored;
                 lapack(name, &"NTC"[operation], &n, &nrhs, matrix.data(), &lda,
                        ints(at[1]) + i * n, x.data(), &ldb, &ignored);
                 x.write_back();
               }
             });
}

template <class T>
cublasStatus_t geqrf(const char* name, cublasHandle_t handle, int m, int n, const void* a, int lda,
                     const void* tau, int* info, int count) {
  bool valid = m >= 0 && n >= 0 && lda >= std::max(1, m) && count >= 0;
  *info = valid ? 0 : -1;  // on the host
  return run(handle, valid, {pointers(a, count), pointers(tau, count)}, [=](Copies& at) {
    int room = 64 * n + 1;
    std::vector<T> space(room);
    for (int i = 0; i < count; ++i) {
      Pointed<T> matrix(at[0], i, std::size_t(lda) * n), factors(at[1], i, std::min(m, n));
      int ignored;
      lapack(name, &m, &n, matrix.data(), &lda, factors.data(), space.data(), &room, &ignored);
      matrix.write_back();
      factors.write_back();
    }
  });
}

}  // namespace

extern "C" {

int standin_handles_made() { return handles_made; }

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  ++handles_made;
  *handle = reinterpret_cast<cublasHandle_t>(new Context{});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  *reinterpret_cast<Context*>(handle) = {stream, false};
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, size_t size) {
  if (!workspace || reinterpret_cast<std::uintptr_t>(workspace) % 256 || !size)
    return CUBLAS_STATUS_INVALID_VALUE;
  reinterpret_cast<Context*>(handle)->has_workspace = true;
  return CUBLAS_STATUS_SUCCESS;
}

// Each routine for some types of elements: T of the library, and what it is here.

#define TRSM(letter, name, T, Element)                                                            \
  cublasStatus_t cublas##letter##trsm_v2(                                                         \
      cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,                        \
      cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n, const T* alpha,       \
      const T* a, int lda, T* b, int ldb) {                                                       \
    Triangular arguments(side, uplo, operation, diagonal, m, n, lda, ldb);                        \
    return trsm<Element>(name, handle, arguments, alpha, a, b);                                   \
  }                                                                                               \
  cublasStatus_t cublas##letter##trsmBatched(                                                     \
      cublasHandle_t handle, cublasSideMode_t side, cublasFillMode_t uplo,                        \
      cublasOperation_t operation, cublasDiagType_t diagonal, int m, int n, const T* alpha,       \
      const T* const a[], int lda, T* const b[], int ldb, int count) {                            \
    Triangular arguments(side, uplo, operation, diagonal, m, n, lda, ldb);                        \
    return trsm_batched<Element>(name, handle, arguments, alpha, a, b, count);                    \
  }

TRSM(S, "strsm", float, float)
TRSM(D, "dtrsm", double, double)
TRSM(C, "ctrsm", cuComplex, SingleComplex)
TRSM(Z, "ztrsm", cuDoubleComplex, Complex)

#define FACTORIZATIONS(letter, prefix, T, Element)                                                \
  cublasStatus_t cublas##letter##getrfBatched(cublasHandle_t handle, int n, T* const a[],         \
                                              int lda, int* pivots, int* infos, int count) {      \
    return getrf<Element>(prefix "getrf", handle, n, a, lda, pivots, infos, count);               \
  }                                                                                               \
  cublasStatus_t cublas##letter##getriBatched(cublasHandle_t handle, int n, const T* const a[],   \
                                              int lda, const int* pivots, T* const c[], int ldc,  \
                                              int* infos, int count) {                            \
    return getri<Element>(prefix "getri", handle, n, a, lda, pivots, c, ldc, infos, count);       \
  }                                                                                               \
  cublasStatus_t cublas##letter##getrsBatched(                                                    \
      cublasHandle_t handle, cublasOperation_t operation, int n, int nrhs, const T* const a[],    \
      int lda, const int* pivots, T* const b[], int ldb, int* info, int count) {                  \
    return getrs<Element>(prefix "getrs", handle, operation, n, nrhs, a, lda, pivots, b, ldb,     \
                          info, count);                                                           \
  }                                                                                               \
  cublasStatus_t cublas##letter##geqrfBatched(cublasHandle_t handle, int m, int n, T* const a[],  \
                                              int lda, T* const tau[], int* info, int count) {    \
    return geqrf<Element>(prefix "geqrf", handle, m, n, a, lda, tau, info, count);                \
  }

FACTORIZATIONS(D, "d", double, double)
FACTORIZATIONS(Z, "z", cuDoubleComplex, Complex)

}  // extern "C"
