// Rows of floats of 8 and 16 bits to float32 and back, by the processor's own instructions where
// it has them.
//
// The numbers are those of half.h and float8.h. Float status too is the processor's: a half that
// became infinite or lost digits below the smallest normal number is an overflow or an underflow,
// as in NumPy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "float8.h"
#include "targets.h"

#ifdef TL_TARGETS
#include <immintrin.h>
#endif

namespace tl {

// Contiguous rows of n; but for float16 the loops vectorize as they are.
template <class T>
class NarrowRows {
 public:
  static void to_float(T const *from, float *to, std::ptrdiff_t n) {
    ForTarget<ToFloat>::run(from, to, n);
  }
  static void from_float(float const *from, T *to, std::ptrdiff_t n) {
    ForTarget<FromFloat>::run(from, to, n);
  }

  struct ToFloat {
    static void run(T const *from, float *to, std::ptrdiff_t n) {
      for (std::ptrdiff_t i = 0; i < n; ++i) to[i] = float(from[i]);
    }
  };
  struct FromFloat {
    static void run(float const *from, T *to, std::ptrdiff_t n) {
      for (std::ptrdiff_t i = 0; i < n; ++i) to[i] = T(from[i]);
    }
  };
};

#ifdef TL_TARGETS

__attribute__((target("avx512f,avx512vl,avx512bw"))) inline void half_to_float_avx512(
    Half const *from, float *to, std::ptrdiff_t n) {
  std::ptrdiff_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256i const halves = _mm256_loadu_si256(reinterpret_cast<__m256i const *>(from + i));
    _mm512_storeu_ps(to + i, _mm512_cvtph_ps(halves));
  }
  if (i < n) {
    __mmask16 const rest = __mmask16((1u << (n - i)) - 1);
    __m256i const halves = _mm256_maskz_loadu_epi16(rest, from + i);
    _mm512_mask_storeu_ps(to + i, rest, _mm512_cvtph_ps(halves));
  }
}

__attribute__((target("avx512f,avx512vl,avx512bw"))) inline void half_from_float_avx512(
    float const *from, Half *to, std::ptrdiff_t n) {
  std::ptrdiff_t i = 0;
  for (; i + 16 <= n; i += 16) {
    __m256i const halves = _mm512_cvtps_ph(_mm512_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(to + i), halves);
  }
  if (i < n) {
    __mmask16 const rest = __mmask16((1u << (n - i)) - 1);
    __m512 const floats = _mm512_maskz_loadu_ps(rest, from + i);
    _mm256_mask_storeu_epi16(to + i, rest, _mm512_cvtps_ph(floats, _MM_FROUND_TO_NEAREST_INT));
  }
}

// By way of a float that was rounded to odd: cut off, with its last bit set if it lost any.
__attribute__((target("avx512f,avx512vl,avx512dq,f16c"))) inline void half_from_double_avx512(
    double const *from, Half *to, std::ptrdiff_t n) {
  for (std::ptrdiff_t i = 0; i < n; i += 8) {
    __mmask8 const some = n - i < 8 ? __mmask8((1u << (n - i)) - 1) : __mmask8(0xff);
    __m512d const doubles = _mm512_maskz_loadu_pd(some, from + i);
    __m256i floats = _mm256_castps_si256(
        _mm512_cvt_roundpd_ps(doubles, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC));
    __mmask8 const lost = _mm512_cmp_pd_mask(_mm512_cvtps_pd(_mm256_castsi256_ps(floats)), doubles,
                                             _CMP_NEQ_OQ);
    floats = _mm256_mask_or_epi32(floats, lost, floats, _mm256_set1_epi32(1));
    __m128i const halves =
        _mm256_cvtps_ph(_mm256_castsi256_ps(floats), _MM_FROUND_TO_NEAREST_INT);
    if (some == 0xff) {
      _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i), halves);
    } else {
      std::memcpy(to + i, &halves, (n - i) * sizeof(Half));
    }
  }
}

__attribute__((target("avx2,f16c"))) inline void half_to_float_f16c(Half const *from, float *to,
                                                                     std::ptrdiff_t n) {
  std::ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m128i const halves = _mm_loadu_si128(reinterpret_cast<__m128i const *>(from + i));
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(halves));
  }
  for (; i < n; ++i) to[i] = _cvtsh_ss(from[i].bits);
}

__attribute__((target("avx2,f16c"))) inline void half_from_float_f16c(float const *from, Half *to,
                                                                       std::ptrdiff_t n) {
  std::ptrdiff_t i = 0;
  for (; i + 8 <= n; i += 8) {
    __m128i const halves =
        _mm256_cvtps_ph(_mm256_loadu_ps(from + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i), halves);
  }
  for (; i < n; ++i) to[i].bits = _cvtss_sh(from[i], _MM_FROUND_TO_NEAREST_INT);
}

template <>
inline void NarrowRows<Half>::to_float(Half const *from, float *to, std::ptrdiff_t n) {
  if (target() == Target::avx512) return half_to_float_avx512(from, to, n);
  if (target() == Target::avx2) return half_to_float_f16c(from, to, n);
  ToFloat::run(from, to, n);
}

template <>
inline void NarrowRows<Half>::from_float(float const *from, Half *to, std::ptrdiff_t n) {
  if (target() == Target::avx512) return half_from_float_avx512(from, to, n);
  if (target() == Target::avx2) return half_from_float_f16c(from, to, n);
  FromFloat::run(from, to, n);
}

#endif

}  // namespace tl
