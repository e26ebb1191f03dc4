// Winograd's minimal filtering F(4x4, 3x3): 16 sums of nine products each, of 6 x 6 pixels, from
// 36 products. A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2016).
//
// Along an axis pixels, filter and sums are polynomials, known by their values at 0, a, -a, b, -b
// and infinity: `to_points` takes six pixels there, `filter_to_points` three taps, `from_points`
// brings four sums back. With a = 3/4 and b = 3/2, whose powers are exact, errors are twice those
// of plain sums; with the usual 1 and 2 they are five to ten times as large.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>

#include "conv_kernels.h"

namespace tl {
namespace conv {

constexpr intptr_t kTileSide = 4;   // sums
constexpr intptr_t kPatchSide = 6;  // pixels
constexpr intptr_t kPoints = kPatchSide * kPatchSide;

// Rows of tiles; vectors hold neighbouring tiles, and may reach beyond the last one.
template <class T>
struct Transforms {
  // Six rows of pixels to their values at the points, [point][tile].
  void (*pixels)(T const *rows, intptr_t pitch, intptr_t tiles, T *values, intptr_t step);
  // The values [point][tile] of sums to four rows of them; whether all are finite.
  bool (*sums)(T const *values, intptr_t step, intptr_t tiles, T *rows, intptr_t pitch);
  // The filters [tap][row] to [point][row].
  void (*filters)(T const *taps, T *values, intptr_t step);
};

#if defined(__GNUC__)

template <class T>
struct Points {
  static constexpr T a = T(0.75), b = T(1.5);
  static constexpr T aa = a * a, bb = b * b;
};

template <class T, class V>
TL_INLINE void to_points(V const *x, V *values) {
  using P = Points<T>;
  V const even_a = x[4] - P::bb * x[2], odd_a = x[3] - P::bb * x[1];
  V const even_b = x[4] - P::aa * x[2], odd_b = x[3] - P::aa * x[1];
  values[0] = x[4] - (P::aa + P::bb) * x[2] + (P::aa * P::bb) * x[0];
  values[1] = even_a + P::a * odd_a;
  values[2] = even_a - P::a * odd_a;
  values[3] = even_b + P::b * odd_b;
  values[4] = even_b - P::b * odd_b;
  values[5] = x[5] - (P::aa + P::bb) * x[3] + (P::aa * P::bb) * x[1];
}

template <class T, class V>
TL_INLINE void from_points(V const *values, V *sums) {
  using P = Points<T>;
  V const even_a = values[1] + values[2], odd_a = values[1] - values[2];
  V const even_b = values[3] + values[4], odd_b = values[3] - values[4];
  sums[0] = values[0] + even_a + even_b;
  sums[1] = P::a * odd_a + P::b * odd_b;
  sums[2] = P::aa * even_a + P::bb * even_b;
  sums[3] = values[5] + (P::a * P::aa) * odd_a + (P::b * P::bb) * odd_b;
}

template <class T, class V>
TL_INLINE void filter_to_points(V const *taps, V *values) {
  using P = Points<T>;
  constexpr T at_zero = 1 / (P::aa * P::bb);
  constexpr T at_a = 1 / (2 * P::aa * (P::aa - P::bb)), at_b = 1 / (2 * P::bb * (P::bb - P::aa));
  V const even_a = taps[0] + P::aa * taps[2], even_b = taps[0] + P::bb * taps[2];
  values[0] = at_zero * taps[0];
  values[1] = at_a * (even_a + P::a * taps[1]);
  values[2] = at_a * (even_a - P::a * taps[1]);
  values[3] = at_b * (even_b + P::b * taps[1]);
  values[4] = at_b * (even_b - P::b * taps[1]);
  values[5] = taps[2];
}

// Every second lane of two vectors, and every lane but the first.
template <int first, class V, int... i>
TL_INLINE void halve(V const &x, V const &y, V &half, std::integer_sequence<int, i...>) {
  half = __builtin_shufflevector(x, y, 2 * i + first...);
}
template <class V, int... i>
TL_INLINE void shift(V const &x, V const &y, V &shifted, std::integer_sequence<int, i...>) {
  shifted = __builtin_shufflevector(x, y, i + 1 ...);
}

// The pixels of neighbouring tiles, of which each begins four after the one before.
template <class T, int lanes, class V>
TL_INLINE void split_tiles(T const *row, V *pixels) {
  std::make_integer_sequence<int, lanes> const all;
  V x[4];
  for (int j = 0; j < 4; ++j) x[j] = *reinterpret_cast<V const *>(row + j * lanes);
  V even[2], odd[2];
  for (int j = 0; j < 2; ++j) {
    halve<0>(x[2 * j], x[2 * j + 1], even[j], all);
    halve<1>(x[2 * j], x[2 * j + 1], odd[j], all);
  }
  halve<0>(even[0], even[1], pixels[0], all);
  halve<0>(odd[0], odd[1], pixels[1], all);
  halve<1>(even[0], even[1], pixels[2], all);
  halve<1>(odd[0], odd[1], pixels[3], all);
  for (int j = 0; j < 2; ++j) shift(pixels[j], V{} + row[4 * lanes + j], pixels[4 + j], all);
}

template <class T, int lanes>
TL_INLINE void transform_pixels(T const *rows, intptr_t pitch, intptr_t tiles, T *values,
                                intptr_t step) {
  using V = typename Vector<T, lanes>::type;
  for (intptr_t first = 0; first < tiles; first += lanes) {
    T columns[kPatchSide][5 * lanes];
    for (int at = 0; at < 5 * lanes; at += lanes) {
      V x[kPatchSide], there[kPatchSide];
      for (int i = 0; i < kPatchSide; ++i) {
        x[i] = *reinterpret_cast<V const *>(rows + i * pitch + kTileSide * first + at);
      }
      to_points<T>(x, there);
      for (int i = 0; i < kPatchSide; ++i) *reinterpret_cast<V *>(columns[i] + at) = there[i];
    }
    for (int i = 0; i < kPatchSide; ++i) {
      V x[kPatchSide], there[kPatchSide];
      split_tiles<T, lanes>(columns[i], x);
      to_points<T>(x, there);
      for (int j = 0; j < kPatchSide; ++j) {
        *reinterpret_cast<V *>(values + (i * kPatchSide + j) * step + first) = there[j];
      }
    }
  }
}

TL_INLINE bool all_finite(float const *numbers, intptr_t n) {
  uint32_t const infinite = 0x7f800000;
  uint32_t largest = 0;
  for (intptr_t i = 0; i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, numbers + i, sizeof(bits));
    largest = std::max(largest, bits & infinite);
  }
  return largest < infinite;
}

template <class T, int lanes>
TL_INLINE bool transform_sums(T const *values, intptr_t step, intptr_t tiles, T *rows,
                              intptr_t pitch) {
  using V = typename Vector<T, lanes>::type;
  for (intptr_t first = 0; first < tiles; first += lanes) {
    V half[kTileSide][kPatchSide];
    for (int j = 0; j < kPatchSide; ++j) {
      V there[kPatchSide], sums[kTileSide];
      for (int i = 0; i < kPatchSide; ++i) {
        there[i] = *reinterpret_cast<V const *>(values + (i * kPatchSide + j) * step + first);
      }
      from_points<T>(there, sums);
      for (int i = 0; i < kTileSide; ++i) half[i][j] = sums[i];
    }
    for (int i = 0; i < kTileSide; ++i) {
      T split[kTileSide][lanes];
      V sums[kTileSide];
      from_points<T>(half[i], sums);
      for (int j = 0; j < kTileSide; ++j) *reinterpret_cast<V *>(split[j]) = sums[j];
      T *row = rows + i * pitch + kTileSide * first;
      for (int k = 0; k < lanes; ++k) {
        for (int j = 0; j < kTileSide; ++j) row[kTileSide * k + j] = split[j][k];
      }
    }
  }
  bool finite = true;
  for (int i = 0; i < kTileSide; ++i) finite &= all_finite(rows + i * pitch, kTileSide * tiles);
  return finite;
}

template <class T, int rows>
TL_INLINE void transform_filters(T const *taps, T *values, intptr_t step) {
  using V = typename Vector<T, rows>::type;
  V half[kPatchSide][3];
  for (int j = 0; j < 3; ++j) {
    V column[3], there[kPatchSide];
    for (int i = 0; i < 3; ++i) column[i] = *reinterpret_cast<V const *>(taps + (3 * i + j) * rows);
    filter_to_points<T>(column, there);
    for (int i = 0; i < kPatchSide; ++i) half[i][j] = there[i];
  }
  for (int i = 0; i < kPatchSide; ++i) {
    V there[kPatchSide];
    filter_to_points<T>(half[i], there);
    for (int j = 0; j < kPatchSide; ++j) {
      *reinterpret_cast<V *>(values + (i * kPatchSide + j) * step) = there[j];
    }
  }
}

#define TL_WINOGRAD_TRANSFORMS(name, target, bytes, count)                                     \
  template <class T>                                                                           \
  target void pixels_##name(T const *rows, intptr_t pitch, intptr_t tiles, T *values,          \
                            intptr_t step) {                                                   \
    transform_pixels<T, bytes / sizeof(T)>(rows, pitch, tiles, values, step);                  \
  }                                                                                            \
  template <class T>                                                                           \
  target bool sums_##name(T const *values, intptr_t step, intptr_t tiles, T *rows,             \
                          intptr_t pitch) {                                                    \
    return transform_sums<T, bytes / sizeof(T)>(values, step, tiles, rows, pitch);             \
  }                                                                                            \
  template <class T>                                                                           \
  target void filters_##name(T const *taps, T *values, intptr_t step) {                        \
    transform_filters<T, count>(taps, values, step);                                           \
  }                                                                                            \
  template <class T>                                                                           \
  Transforms<T> transforms_##name() {                                                          \
    return {pixels_##name<T>, sums_##name<T>, filters_##name<T>};                              \
  }

// The vectors and the rows are those of the kernels of conv_kernels.h.
#if defined(__x86_64__)
TL_WINOGRAD_TRANSFORMS(
    avx512, __attribute__((target("avx512f,avx512vl,avx512dq,fma" TL_WHOLE_VECTORS))), 64, 8)
TL_WINOGRAD_TRANSFORMS(avx2, __attribute__((target("avx2,fma"))), 32, 4)
TL_WINOGRAD_TRANSFORMS(base, , 16, 4)
#else
TL_WINOGRAD_TRANSFORMS(base, , 16, 8)
#endif
#undef TL_WINOGRAD_TRANSFORMS

template <class T>
Transforms<T> const &transforms() {
  static Transforms<T> const chosen =
#ifdef TL_TARGETS
      target() == Target::avx512 ? transforms_avx512<T>()
      : target() == Target::avx2 ? transforms_avx2<T>()
                                 :
#endif
                                 transforms_base<T>();
  return chosen;
}

#endif

}  // namespace conv
}  // namespace tl
