// What differs between a host C++17 compiler and NVRTC, gathered in one place.
//
// NVRTC has no standard headers, but its preamble declares the mathematical functions globally.
// Functors call `math::exp` and friends, which is the right set of overloads on either side.
#pragma once

#ifdef __CUDACC_RTC__
#define TL_STD(name) using ::name
#else
#include <cmath>
#include <cstdint>
#include <cstring>
#define TL_STD(name) using std::name
#endif

#ifdef __CUDACC__
#define TL_HD __host__ __device__ __forceinline__
#else
#define TL_HD inline
#endif

namespace tl {

#ifdef __CUDACC_RTC__
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#else
using std::int8_t;
using std::int16_t;
using std::int32_t;
using std::int64_t;
using std::uint8_t;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
#endif

// The bits of a value seen as another type of the same size.
template <class To, class From>
TL_HD To bits_as(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits_as needs types of one size");
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
}

namespace math {
TL_STD(acos);
TL_STD(acosh);
TL_STD(asin);
TL_STD(asinh);
TL_STD(atan);
TL_STD(atan2);
TL_STD(atanh);
TL_STD(cbrt);
TL_STD(ceil);
TL_STD(copysign);
TL_STD(cos);
TL_STD(cosh);
TL_STD(exp);
TL_STD(exp2);
TL_STD(expm1);
TL_STD(fabs);
TL_STD(floor);
TL_STD(fma);
TL_STD(fmod);
TL_STD(frexp);
TL_STD(hypot);
TL_STD(ldexp);
TL_STD(log);
TL_STD(log10);
TL_STD(log1p);
TL_STD(log2);
TL_STD(modf);
TL_STD(nextafter);
TL_STD(pow);
TL_STD(rint);
TL_STD(sin);
TL_STD(sinh);
TL_STD(sqrt);
TL_STD(tan);
TL_STD(tanh);
TL_STD(trunc);
}  // namespace math

}  // namespace tl

#undef TL_STD
