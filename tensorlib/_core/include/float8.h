// The two 8-bit floating types, as storage like those of half.h: arithmetic on them is done in
// float.
//
// P. Micikevicius and others, FP8 formats for deep learning, 2022, table 1. Numbers beyond the
// largest become infinite or, where there is no infinity, NaN: as ml_dtypes rounds them.
#pragma once

#include "half.h"

namespace tl {

// 1 sign bit, 4 of exponent, 3 of fraction; no infinity, and NaN only where all bits are set.
struct Float8E4M3 {
  uint8_t bits;

  Float8E4M3() = default;
  TL_HD explicit Float8E4M3(float x) : bits(from_float(x)) {}
  template <class T>
  TL_HD explicit Float8E4M3(T x) : bits(from_float(float(x))) {}

  TL_HD operator float() const {
    // Shifted, it is a float16 whose exponent lacks the difference of the biases, 8.
    float const magnitude = Half::to_float(uint16_t((bits & 0x7f) << 7)) * 256.0f;
    uint32_t const number = (bits & 0x7f) == 0x7f ? 0x7fc00000u : bits_as<uint32_t>(magnitude);
    return bits_as<float>(number | uint32_t(bits & 0x80) << 24);
  }

  TL_HD static Float8E4M3 from_bits(uint8_t bits) {
    Float8E4M3 result;
    result.bits = bits;
    return result;
  }

  TL_HD static uint8_t from_float(float x) {
    uint32_t const bits = bits_as<uint32_t>(x);
    uint32_t const magnitude = bits & 0x7fffffff;
    // As in half.h: nearest even, and subnormal numbers in steps of 2^-9.
    uint32_t const normal = (magnitude - (120u << 23) + 0x7ffff + ((magnitude >> 20) & 1)) >> 20;
    uint32_t const subnormal =
        bits_as<uint32_t>(bits_as<float>(magnitude) + 16384.0f) - (141u << 23);
    uint32_t const finite = magnitude < (121u << 23) ? subnormal : normal;
    return uint8_t((finite > 0x7e ? 0x7f : finite) | (bits >> 24 & 0x80));
  }
};

// The upper half of a float16: 1 sign bit, 5 of exponent, 2 of fraction.
struct Float8E5M2 {
  uint8_t bits;

  Float8E5M2() = default;
  TL_HD explicit Float8E5M2(float x) : bits(from_float(x)) {}
  template <class T>
  TL_HD explicit Float8E5M2(T x) : bits(from_float(float(x))) {}

  TL_HD operator float() const { return Half::to_float(uint16_t(bits << 8)); }

  TL_HD static Float8E5M2 from_bits(uint8_t bits) {
    Float8E5M2 result;
    result.bits = bits;
    return result;
  }

  TL_HD static uint8_t from_float(float x) {
    uint32_t const bits = bits_as<uint32_t>(x);
    uint32_t const magnitude = bits & 0x7fffffff;
    // As in half.h: nearest even, up to infinity, and subnormal numbers in steps of 2^-16.
    uint32_t const normal = (magnitude - (112u << 23) + 0xfffff + ((magnitude >> 21) & 1)) >> 21;
    uint32_t const subnormal = bits_as<uint32_t>(bits_as<float>(magnitude) + 128.0f) - (134u << 23);
    uint32_t const finite = magnitude < (113u << 23) ? subnormal : normal;
    uint32_t const result = magnitude >= (143u << 23) ? 0x7c : finite;
    return uint8_t((magnitude > (255u << 23) ? 0x7e : result) | (bits >> 24 & 0x80));
  }
};

}  // namespace tl
