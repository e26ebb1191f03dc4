// A stand-in for cuFFT: what tensorlib calls of it, as sums that the definition of a transform asks
// for.

#include "../library.h"

#include <cmath>
#include <complex>
#include <map>

#ifdef STANDIN_REAL_HEADERS
#include <cufft.h>
#else
using cufftHandle = int;
using cufftReal = float;
using cufftDoubleReal = double;
struct cufftComplex;
struct cufftDoubleComplex;
enum cufftResult {
  CUFFT_SUCCESS = 0,
  CUFFT_INVALID_PLAN = 1,
  CUFFT_INVALID_VALUE = 4,
  CUFFT_EXEC_FAILED = 6,
  CUFFT_INVALID_SIZE = 8,
  CUFFT_NO_WORKSPACE = 13,
};
enum cufftType {
  CUFFT_R2C = 0x2a,
  CUFFT_C2R = 0x2c,
  CUFFT_C2C = 0x29,
  CUFFT_D2Z = 0x6a,
  CUFFT_Z2D = 0x6c,
  CUFFT_Z2Z = 0x69,
};
#endif

namespace {

using standin::Copies;
using standin::on_host;
using standin::reads;
using standin::writes;

struct Plan {
  bool made = false, automatic = true;
  cufftType type;
  long long n, istride, idist, ostride, odist, batch;
  CUstream stream = nullptr;
  void* work = nullptr;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);
};

std::map<cufftHandle, Plan> plans;
cufftHandle last_plan = 0;

constexpr std::size_t work_bytes = 1000;  // that a transform asks for

long long source_length(const Plan& plan) {
  return plan.type == CUFFT_C2R || plan.type == CUFFT_Z2D ? plan.n / 2 + 1 : plan.n;
}

long long target_length(const Plan& plan) {
  return plan.type == CUFFT_R2C || plan.type == CUFFT_D2Z ? plan.n / 2 + 1 : plan.n;
}

std::size_t extent(long long length, long long stride, long long dist, long long batch) {
  return (length - 1) * stride + (batch - 1) * dist + 1;
}

// All n elements of a line, of which the second half may have to be mirrored.
template <class In>
std::vector<std::complex<double>> line_of(const Plan& plan, const In* x) {
  std::vector<std::complex<double>> line(plan.n);
  long long length = source_length(plan);
  for (long long i = 0; i < length; ++i) line[i] = std::complex<double>(x[i * plan.istride]);
  for (long long i = length; i < plan.n; ++i) line[i] = std::conj(line[plan.n - i]);
  return line;
}

template <class Out>
Out as(std::complex<double> value) {
  if constexpr (std::is_floating_point_v<Out>)
    return Out(value.real());
  else
    return Out(value);
}

template <class In, class Out>
void transform(const Plan& plan, const In* x, Out* y, int direction) {
  std::vector<std::complex<double>> turns(plan.n);
  for (long long i = 0; i < plan.n; ++i)
    turns[i] = std::polar(1.0, direction * 2 * M_PI * double(i) / double(plan.n));
  for (long long b = 0; b < plan.batch; ++b) {
    auto line = line_of(plan, x + b * plan.idist);
    for (long long k = 0; k < target_length(plan); ++k) {
      std::complex<double> sum = 0;
      for (long long i = 0; i < plan.n; ++i) sum += line[i] * turns[i * k % plan.n];
      y[b * plan.odist + k * plan.ostride] = as<Out>(sum);
    }
  }
}

template <class In, class Out>
cufftResult execute(cufftHandle handle, cufftType type, const void* x, void* y, int direction) {
  auto found = plans.find(handle);
  if (found == plans.end() || !found->second.made) return CUFFT_INVALID_PLAN;
  Plan plan = found->second;
  if (plan.type != type) return CUFFT_INVALID_VALUE;
  if (!plan.work && !plan.automatic) return CUFFT_NO_WORKSPACE;
  auto source = extent(source_length(plan), plan.istride, plan.idist, plan.batch) * sizeof(In);
  auto target = extent(target_length(plan), plan.ostride, plan.odist, plan.batch) * sizeof(Out);
  bool overwrites = type == CUFFT_C2R || type == CUFFT_Z2D;  // its input, as cuFFT may
  auto input = overwrites ? writes(const_cast<void*>(x), source) : reads(x, source);
  bool done = on_host(plan.stream, {input, writes(y, target), writes(plan.work, work_bytes)},
                      [=](Copies& at) {
                        // A graph must not outlive the tables of its plans.
                        if (!*plan.alive) return void(std::fill_n(at[1], target, char(-1)));
                        transform(plan, reinterpret_cast<In*>(at[0]),
                                  reinterpret_cast<Out*>(at[1]), direction);
                        if (overwrites) std::fill_n(at[0], source, char(-1));
                      });
  return done ? CUFFT_SUCCESS : CUFFT_EXEC_FAILED;
}

using Single = std::complex<float>;
using Double = std::complex<double>;

template <class Body>
cufftResult with_plan(cufftHandle handle, Body body) {
  auto found = plans.find(handle);
  if (found == plans.end()) return CUFFT_INVALID_PLAN;
  return body(found->second);
}

}  // namespace

extern "C" {

cufftResult cufftCreate(cufftHandle* handle) {
  *handle = ++last_plan;
  plans[*handle];
  return CUFFT_SUCCESS;
}

cufftResult cufftDestroy(cufftHandle handle) {
  auto found = plans.find(handle);
  if (found == plans.end()) return CUFFT_INVALID_PLAN;
  *found->second.alive = false;
  plans.erase(found);
  return CUFFT_SUCCESS;
}

cufftResult cufftSetAutoAllocation(cufftHandle handle, int automatic) {
  return with_plan(handle, [=](Plan& plan) {
    plan.automatic = automatic;
    return CUFFT_SUCCESS;
  });
}

cufftResult cufftMakePlanMany64(cufftHandle handle, int rank, long long int* n,
                                long long int* inembed, long long int istride,
                                long long int idist, long long int* onembed,
                                long long int ostride, long long int odist, cufftType type,
                                long long int batch, size_t* work) {
  return with_plan(handle, [=](Plan& plan) {
    if (plan.made) return CUFFT_INVALID_PLAN;
    if (rank != 1 || !inembed || !onembed) return CUFFT_INVALID_VALUE;
    if (*n < 1 || batch < 1 || istride < 1 || idist < 1 || ostride < 1 || odist < 1)
      return CUFFT_INVALID_SIZE;
    plan = {true, plan.automatic, type, *n, istride, idist, ostride, odist, batch};
    *work = work_bytes;
    return CUFFT_SUCCESS;
  });
}

cufftResult cufftSetStream(cufftHandle handle, CUstream stream) {
  return with_plan(handle, [=](Plan& plan) {
    plan.stream = stream;
    return CUFFT_SUCCESS;
  });
}

cufftResult cufftSetWorkArea(cufftHandle handle, void* work) {
  return with_plan(handle, [=](Plan& plan) {
    plan.work = work;
    return CUFFT_SUCCESS;
  });
}

cufftResult cufftExecC2C(cufftHandle plan, cufftComplex* x, cufftComplex* y, int direction) {
  return execute<Single, Single>(plan, CUFFT_C2C, x, y, direction);
}
cufftResult cufftExecZ2Z(cufftHandle plan, cufftDoubleComplex* x, cufftDoubleComplex* y,
                         int direction) {
  return execute<Double, Double>(plan, CUFFT_Z2Z, x, y, direction);
}
cufftResult cufftExecR2C(cufftHandle plan, cufftReal* x, cufftComplex* y) {
  return execute<float, Single>(plan, CUFFT_R2C, x, y, -1);
}
cufftResult cufftExecD2Z(cufftHandle plan, cufftDoubleReal* x, cufftDoubleComplex* y) {
  return execute<double, Double>(plan, CUFFT_D2Z, x, y, -1);
}
cufftResult cufftExecC2R(cufftHandle plan, cufftComplex* x, cufftReal* y) {
  return execute<Single, float>(plan, CUFFT_C2R, x, y, 1);
}
cufftResult cufftExecZ2D(cufftHandle plan, cufftDoubleComplex* x, cufftDoubleReal* y) {
  return execute<Double, double>(plan, CUFFT_Z2D, x, y, 1);
}

}  // extern "C"
