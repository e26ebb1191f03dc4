// Products of matrices in Fortran's order, by the plain definition: the kernels of the stand-ins for
// cuBLAS and cuBLASLt.
#include "functors.h"

using namespace tl;

// As cublasGemmStridedBatchedEx takes them; steps are in elements.
struct Gemm {
  int64_t transposed_a, transposed_b, m, n, k, lda, a_step, ldb, b_step, ldc, c_step, count;
  int64_t kept;   // bits of a float32, from the first, that are multiplied
  int64_t rough;  // whether sums are rounded to the type of the elements on the way
};

static __device__ float rounded(float x, int64_t kept) {
  return bits_as<float>(bits_as<uint32_t>(x) & ~uint32_t(0) << (32 - kept));
}
static __device__ double rounded(double x, int64_t) { return x; }
template <class R>
static __device__ Complex<R> rounded(Complex<R> x, int64_t kept) {
  return {rounded(x.real, kept), rounded(x.imag, kept)};
}

template <class A, class B, class T>
static __device__ void multiply(const Gemm &p, const A *a, const B *b, T *c, const T *bias,
                                char *workspace) {
  int64_t const place = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  workspace[0] = 1;  // as the library does, which must be allowed to
  if (place >= p.m * p.n * p.count) return;
  int64_t const i = place % p.m, j = place / p.m % p.n, matrix = place / (p.m * p.n);
  Wide<T> sum(0);
  for (int64_t l = 0; l < p.k; ++l) {
    Wide<T> x = wide(a[matrix * p.a_step + (p.transposed_a ? l + i * p.lda : i + l * p.lda)]);
    Wide<T> y = wide(b[matrix * p.b_step + (p.transposed_b ? j + l * p.ldb : l + j * p.ldb)]);
    sum = sum + rounded(x, p.kept) * rounded(y, p.kept);
    if (p.rough) sum = wide(T(sum));
  }
  if (bias) sum = sum + wide(bias[i]);
  c[matrix * p.c_step + i + j * p.ldc] = T(sum);
}

// Each for a cudaDataType.
#define MIXED(number, A, B, T)                                                                   \
  extern "C" __global__ void gemm_##number(Gemm p, const A *a, const B *b, T *c, const T *bias,  \
                                           char *space) {                                        \
    multiply(p, a, b, c, bias, space);                                                           \
  }
#define GEMM(number, T) MIXED(number, T, T, T)
GEMM(0, float)
GEMM(1, double)
GEMM(2, Half)
GEMM(4, Complex<float>)
GEMM(5, Complex<double>)
GEMM(14, BFloat16)
MIXED(2828, Float8E4M3, Float8E4M3, float)
MIXED(2829, Float8E4M3, Float8E5M2, float)
MIXED(2928, Float8E5M2, Float8E4M3, float)
