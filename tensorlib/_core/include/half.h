// The two 16-bit floating types, as storage: arithmetic on them is done in float.
//
// Both convert to float implicitly and from numbers explicitly, so that `T(a + b)` is right for
// them as for every other type. All conversions are plain integer selects, which vectorize, but for
// those of a GPU, which has instructions.
#pragma once

#include "portable.h"

#ifdef __CUDACC_RTC__
// Of NVIDIA's libdevice, which NVRTC brings along: an instruction each.
extern "C" __device__ float __nv_half2float(unsigned short bits);
extern "C" __device__ unsigned short __nv_float2half_rn(float x);
#endif

namespace tl {

// IEEE 754 binary16 (NumPy's float16): 1 sign bit, 5 of exponent, 10 of fraction.
struct Half {
  uint16_t bits;

  Half() = default;
  TL_HD explicit Half(float x) : bits(from_float(x)) {}
  TL_HD explicit Half(double x) : bits(from_double(x)) {}
  template <class T>
  TL_HD explicit Half(T x) : bits(from_float(float(x))) {}
  TL_HD operator float() const { return to_float(bits); }

  TL_HD static Half from_bits(uint16_t bits) {
    Half half;
    half.bits = bits;
    return half;
  }

  TL_HD static float to_float(uint16_t half) {
#ifdef __CUDACC_RTC__
    return __nv_half2float(half);
#else
    uint32_t magnitude = uint32_t(half & 0x7fff) << 13;
    // The exponents' biases differ by 112; infinity and NaN move up by that much again.
    uint32_t rebias = (half & 0x7fff) >= 0x7c00 ? 224u << 23 : 112u << 23;
    // A subnormal is a fixed-point number below 2^-14: subtract the hidden bit it does not have.
    float subnormal = bits_as<float>(magnitude + (113u << 23)) - bits_as<float>(113u << 23);
    uint32_t result =
        (half & 0x7fff) < 0x0400 ? bits_as<uint32_t>(subnormal) : magnitude + rebias;
    return bits_as<float>(result | uint32_t(half & 0x8000) << 16);
#endif
  }

  TL_HD static uint16_t from_float(float x) {
#ifdef __CUDACC_RTC__
    return __nv_float2half_rn(x);
#else
    uint32_t bits = bits_as<uint32_t>(x);
    uint32_t magnitude = bits & 0x7fffffff;
    // Nearest even: the carry out of the fraction runs into the exponent, up to infinity.
    uint32_t normal = (magnitude - (112u << 23) + 0xfff + ((magnitude >> 13) & 1)) >> 13;
    // Adding 1/2 puts a float's last bit at 2^-24, the step of subnormal halves.
    uint32_t subnormal = bits_as<uint32_t>(bits_as<float>(magnitude) + 0.5f) - (126u << 23);
    uint32_t fraction = (magnitude >> 13) & 0x3ff;
    uint32_t nan = 0x7c00 | (fraction ? fraction : 1);
    uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
    result = magnitude >= (143u << 23) ? 0x7c00 : result;
    result = magnitude > (255u << 23) ? nan : result;
    return uint16_t(result | (bits >> 16 & 0x8000));
#endif
  }

  // Not by way of float, which would round twice.
  TL_HD static uint16_t from_double(double x) {
    uint64_t bits = bits_as<uint64_t>(x);
    uint64_t magnitude = bits & 0x7fffffffffffffff;
    uint64_t half_step = (uint64_t(1) << 41) - 1 + ((magnitude >> 42) & 1);
    uint64_t normal = (magnitude - (uint64_t(1008) << 52) + half_step) >> 42;
    // 2^28 has its last bit at 2^-24.
    uint64_t subnormal =
        bits_as<uint64_t>(bits_as<double>(magnitude) + 268435456.0) - (uint64_t(1051) << 52);
    uint64_t fraction = (magnitude >> 42) & 0x3ff;
    uint64_t nan = 0x7c00 | (fraction ? fraction : 1);
    uint64_t result = magnitude < (uint64_t(1009) << 52) ? subnormal : normal;
    result = magnitude >= (uint64_t(1039) << 52) ? 0x7c00 : result;
    result = magnitude > (uint64_t(2047) << 52) ? nan : result;
    return uint16_t(result | (bits >> 48 & 0x8000));
  }
};

// The upper half of a float: 1 sign bit, 8 of exponent, 7 of fraction.
struct BFloat16 {
  uint16_t bits;

  BFloat16() = default;
  TL_HD explicit BFloat16(float x) : bits(from_float(x)) {}
  // By way of float, doubles too, as ml_dtypes does.
  template <class T>
  TL_HD explicit BFloat16(T x) : bits(from_float(float(x))) {}
  TL_HD operator float() const { return bits_as<float>(uint32_t(bits) << 16); }

  TL_HD static BFloat16 from_bits(uint16_t bits) {
    BFloat16 result;
    result.bits = bits;
    return result;
  }

  TL_HD static uint16_t from_float(float x) {
    uint32_t bits = bits_as<uint32_t>(x);
    uint32_t nearest_even = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    uint32_t nan = (bits >> 16 & 0x8000) | 0x7fc0;
    return uint16_t((bits & 0x7fffffff) > (255u << 23) ? nan : nearest_even);
  }
};

}  // namespace tl
