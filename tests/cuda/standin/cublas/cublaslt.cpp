// A cuBLASLt for tests, of the functions that are used: products to which a bias is added, and of
// 8-bit floats. It checks what it is given as the library does, and that what its heuristic was told
// is so at the call.
#include "gemm.h"

#include <algorithm>
#include <cstring>

#ifdef STANDIN_REAL_HEADERS
#include <cublasLt.h>
#else
struct cublasLtContext;
using cublasLtHandle_t = cublasLtContext *;
struct cublasLtMatmulDescOpaque_t;
using cublasLtMatmulDesc_t = cublasLtMatmulDescOpaque_t *;
struct cublasLtMatrixLayoutOpaque_t;
using cublasLtMatrixLayout_t = cublasLtMatrixLayoutOpaque_t *;
struct cublasLtMatmulPreferenceOpaque_t;
using cublasLtMatmulPreference_t = cublasLtMatmulPreferenceOpaque_t *;
using cudaStream_t = CUstream;
enum cudaDataType { CUDA_R_32F = 0, CUDA_R_64F = 1, CUDA_R_16F = 2, CUDA_R_16BF = 14,
                    CUDA_R_8F_E4M3 = 28, CUDA_R_8F_E5M2 = 29 };
using cudaDataType_t = cudaDataType;
enum cublasComputeType_t { CUBLAS_COMPUTE_64F = 70 };
enum cublasOperation_t { CUBLAS_OP_N = 0, CUBLAS_OP_T = 1 };
enum cublasStatus_t {
  CUBLAS_STATUS_SUCCESS = 0,
  CUBLAS_STATUS_NOT_INITIALIZED = 1,
  CUBLAS_STATUS_INVALID_VALUE = 7,
  CUBLAS_STATUS_EXECUTION_FAILED = 13,
  CUBLAS_STATUS_NOT_SUPPORTED = 15,
};
enum cublasLtMatmulDescAttributes_t {
  CUBLASLT_MATMUL_DESC_TRANSA = 3,
  CUBLASLT_MATMUL_DESC_TRANSB = 4,
  CUBLASLT_MATMUL_DESC_EPILOGUE = 7,
  CUBLASLT_MATMUL_DESC_BIAS_POINTER = 8,
};
enum { CUBLASLT_EPILOGUE_DEFAULT = 1, CUBLASLT_EPILOGUE_BIAS = 4 };
enum { CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE = 2, CUBLASLT_REDUCTION_SCHEME_MASK = 7 };
enum cublasLtMatmulPreferenceAttributes_t {
  CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES = 1,
  CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK = 3,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES = 5,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES = 6,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES = 7,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES = 8,
};
struct cublasLtMatmulAlgo_t {
  std::uint64_t data[8];
};
struct cublasLtMatmulHeuristicResult_t {
  cublasLtMatmulAlgo_t algo;
  std::size_t workspaceSize;
  cublasStatus_t state;
  float wavesCount;
  int reserved[4];
};
#endif

namespace {

constexpr std::size_t kWorkspace = 1 << 20;
int handles_made = 0;
bool finds_nothing = false;

struct Desc {
  cublasComputeType_t compute;
  cudaDataType scale;
  std::int32_t op_a = CUBLAS_OP_N, op_b = CUBLAS_OP_N;
  std::uint32_t epilogue = 1;
  const char *bias = nullptr;
};

struct Layout {
  cudaDataType type;
  std::uint64_t rows, columns;
  std::int64_t step;
};

struct Preference {
  std::uint64_t workspace = 0;
  std::uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_MASK;
  std::uint32_t aligned[4] = {256, 256, 256, 256};
};

// What the library has in its algorithm is not told; here it is what was promised.
struct Algorithm {
  std::uint64_t problem;
  std::uint32_t aligned[4], bias_aligned, rough;
};
static_assert(sizeof(Algorithm) <= sizeof(cublasLtMatmulAlgo_t));

struct Problem {
  const Desc &desc;
  const Layout &a, &b, &c, &d;

  bool fits() const {
    auto of = [](const Layout &x, std::int32_t op, bool second) {
      return (op == CUBLAS_OP_N) != second ? x.rows : x.columns;
    };
    bool good = of(a, desc.op_a, false) == d.rows && of(b, desc.op_b, true) == d.columns &&
                of(a, desc.op_a, true) == of(b, desc.op_b, false);
    good = good && c.rows == d.rows && c.columns == d.columns && c.step == d.step;
    for (const Layout *x : {&a, &b, &c, &d}) {
      good = good && x->rows && x->columns && x->step >= std::int64_t(x->rows);
    }
    return good;
  }

  bool is_supported() const {
    cudaDataType const scale = desc.compute == CUBLAS_COMPUTE_64F ? CUDA_R_64F : CUDA_R_32F;
    if (is_float8()) {
      return c.type == CUDA_R_32F && d.type == CUDA_R_32F && desc.scale == scale &&
             is_known(CUDA_R_16F, desc.compute) && desc.op_a == CUBLAS_OP_T &&
             desc.op_b == CUBLAS_OP_N && (a.type == CUDA_R_8F_E4M3 || b.type == CUDA_R_8F_E4M3) &&
             (d.rows | inner() | a.step | b.step) % 16 == 0 &&
             desc.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
    }
    return a.type == d.type && b.type == d.type && c.type == d.type && desc.scale == scale &&
           is_known(d.type, desc.compute) && desc.op_a <= CUBLAS_OP_T && desc.op_b <= CUBLAS_OP_T &&
           desc.epilogue == CUBLASLT_EPILOGUE_BIAS && desc.bias;
  }

  bool is_float8() const {
    auto is = [](const Layout &x) { return x.type == CUDA_R_8F_E4M3 || x.type == CUDA_R_8F_E5M2; };
    return is(a) && is(b);
  }

  // Of gemm.cu.
  int kernel() const { return is_float8() ? 100 * a.type + b.type : d.type; }

  std::int64_t inner() const { return desc.op_a == CUBLAS_OP_N ? a.columns : a.rows; }

  std::uint64_t digest() const {
    std::uint64_t result = 0;
    for (std::int64_t x : {std::int64_t(desc.compute), std::int64_t(desc.op_a),
                           std::int64_t(desc.op_b), std::int64_t(kernel()), std::int64_t(d.rows),
                           std::int64_t(d.columns), inner(), a.step, b.step, d.step}) {
      result = (result ^ std::uint64_t(x)) * 0x9e3779b97f4a7c15;
    }
    return result;
  }
};

std::uint32_t alignment_of(const void *address) {
  auto const place = reinterpret_cast<std::uintptr_t>(address);
  return place ? std::uint32_t(std::min<std::uintptr_t>(place & -place, 256)) : 256;
}

template <class To, class From>
To *as(From *handle) {
  return reinterpret_cast<To *>(handle);
}

template <class T, class Opaque>
cublasStatus_t destroy(Opaque handle) {
  delete as<T>(handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t set(void *target, std::size_t size, const void *value, std::size_t given) {
  if (!target || !value || size != given) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(target, value, size);
  return CUBLAS_STATUS_SUCCESS;
}

template <class T>
cublasStatus_t set(T &target, const void *value, std::size_t given) {
  return set(&target, sizeof target, value, given);
}

}  // namespace

extern "C" {

int standin_handles_made() { return handles_made; }

// Whether the heuristic is to find no way from now on.
void standin_find_nothing(int nothing) { finds_nothing = nothing; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  auto kernels = new Kernels;
  *handle = as<cublasLtContext>(kernels);
  ++handles_made;
  return kernels->load() ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_INITIALIZED;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  *desc = as<cublasLtMatmulDescOpaque_t>(new Desc{compute, scale});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) { return destroy<Desc>(desc); }

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t size) {
  auto &desc = *as<Desc>(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_TRANSA: return set(desc.op_a, value, size);
    case CUBLASLT_MATMUL_DESC_TRANSB: return set(desc.op_b, value, size);
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return set(desc.epilogue, value, size);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return set(desc.bias, value, size);
    default: return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t step) {
  *layout = as<cublasLtMatrixLayoutOpaque_t>(new Layout{type, rows, columns, step});
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  return destroy<Layout>(layout);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference) {
  *preference = as<cublasLtMatmulPreferenceOpaque_t>(new Preference);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  return destroy<Preference>(preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t size) {
  auto &preference = *as<Preference>(handle);
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: return set(preference.workspace, value, size);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: return set(preference.schemes, value, size);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return set(preference.aligned[attribute - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value,
                 size);
    default: return CUBLAS_STATUS_INVALID_VALUE;
  }
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
    cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
    cublasLtMatmulPreference_t preference, int wanted, cublasLtMatmulHeuristicResult_t found[],
    int *count) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (wanted <= 0) return CUBLAS_STATUS_INVALID_VALUE;
  Problem problem{*as<Desc>(desc), *as<Layout>(a), *as<Layout>(b), *as<Layout>(c), *as<Layout>(d)};
  auto const &asked = *as<Preference>(preference);
  *count = 0;
  if (!problem.fits()) return CUBLAS_STATUS_INVALID_VALUE;
  if (!problem.is_supported()) return CUBLAS_STATUS_NOT_SUPPORTED;
  bool const aligned = *std::min_element(asked.aligned, asked.aligned + 4) >= 16;
  if (problem.is_float8() && !aligned) return CUBLAS_STATUS_NOT_SUPPORTED;
  if (finds_nothing || asked.workspace < kWorkspace) return CUBLAS_STATUS_NOT_SUPPORTED;
  Algorithm chosen{problem.digest()};
  std::copy(asked.aligned, asked.aligned + 4, chosen.aligned);
  chosen.bias_aligned = alignment_of(problem.desc.bias);
  chosen.rough = (asked.schemes & ~CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) != 0;
  std::memset(found, 0, sizeof *found);
  std::memcpy(&found->algo, &chosen, sizeof chosen);
  found->workspaceSize = kWorkspace;
  *count = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                              const void *alpha, const void *a, cublasLtMatrixLayout_t a_layout,
                              const void *b, cublasLtMatrixLayout_t b_layout, const void *beta,
                              const void *c, cublasLtMatrixLayout_t c_layout, void *d,
                              cublasLtMatrixLayout_t d_layout, const cublasLtMatmulAlgo_t *algo,
                              void *workspace, size_t size, cudaStream_t stream) {
  if (!handle) return CUBLAS_STATUS_NOT_INITIALIZED;
  Problem problem{*as<Desc>(desc), *as<Layout>(a_layout), *as<Layout>(b_layout),
                  *as<Layout>(c_layout), *as<Layout>(d_layout)};
  if (!a || !b || !d || !alpha || !beta || !problem.fits()) return CUBLAS_STATUS_INVALID_VALUE;
  if (!problem.is_supported() || c != d) return CUBLAS_STATUS_NOT_SUPPORTED;
  Algorithm chosen;
  std::memcpy(&chosen, algo, sizeof chosen);
  const void *operands[] = {a, b, c, d};
  bool good = chosen.problem == problem.digest() && workspace && size >= kWorkspace &&
              alignment_of(workspace) == 256 &&
              alignment_of(problem.desc.bias) >= chosen.bias_aligned;
  for (int i = 0; i < 4; ++i) good = good && alignment_of(operands[i]) >= chosen.aligned[i];
  if (!good) return CUBLAS_STATUS_INVALID_VALUE;
  bool const wide = problem.desc.compute == CUBLAS_COMPUTE_64F;
  double const one = wide ? *static_cast<const double *>(alpha) : *static_cast<const float *>(alpha);
  double const zero = wide ? *static_cast<const double *>(beta) : *static_cast<const float *>(beta);
  if (one != 1 || zero != 0) return CUBLAS_STATUS_NOT_SUPPORTED;
  Gemm gemm{problem.desc.op_a, problem.desc.op_b, std::int64_t(problem.d.rows),
            std::int64_t(problem.d.columns), problem.inner(), problem.a.step, 0, problem.b.step, 0,
            problem.d.step, 0, 1, kept_bits(problem.desc.compute), chosen.rough};
  return as<Kernels>(handle)->launch(problem.kernel(), gemm, a, b, d, problem.desc.bias, workspace,
                                     reinterpret_cast<CUstream>(stream))
             ? CUBLAS_STATUS_SUCCESS
             : CUBLAS_STATUS_EXECUTION_FAILED;
}
}
