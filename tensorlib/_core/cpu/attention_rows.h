// The loops over scores between the products of attention, for each vector width.
//
// Scores lie as [key][query] in rows of three vectors, so that what is done for each query is done
// for a vector of them at once.
#pragma once

#include <cstdint>
#include <limits>

#include "conv_kernels.h"
#include "portable.h"

namespace tl {
namespace attention {

template <class T>
struct SoftmaxArgs {
  T *scores;  // [key][pitch]; afterwards exp(score - top)
  intptr_t keys, pitch;
  T *top, *sum;  // of each query, so far
  T *output;     // [row][pitch], scaled to the new top
  intptr_t rows;
};

template <class T>
struct SlopeArgs {
  T *scores;  // [key][pitch]; afterwards the weights
  T *slopes;  // of the weights; afterwards of the scores
  intptr_t keys, pitch;
  T const *logsumexp, *delta;  // of each query
};

template <class T>
struct Rows {
  void (*softmax[3])(SoftmaxArgs<T> const &);  // of 1, 2, 3 vectors
  void (*weigh[3])(SlopeArgs<T> const &);
  void (*slope[3])(SlopeArgs<T> const &);
};

template <class T>
struct ExpTraits;

template <>
struct ExpTraits<float> {
  typedef uint32_t Bits;
  static constexpr int mantissa = 23, bias = 127, terms = 8;
  static constexpr float to_integer = 12582912;  // 1.5 * 2**23 leaves no bits for a fraction
  static constexpr float log2_high = 0.693359375f, log2_low = -2.12194440e-4f;
  static constexpr float lowest = -87;
};

template <>
struct ExpTraits<double> {
  typedef uint64_t Bits;
  static constexpr int mantissa = 52, bias = 1023, terms = 14;
  static constexpr double to_integer = 6755399441055744;
  static constexpr double log2_high = 6.93145751953125e-1, log2_low = 1.42860682030941723212e-6;
  static constexpr double lowest = -708;
};

template <class T>
constexpr T inverse_factorial(int n) {
  double product = 1;
  for (int k = 2; k <= n; ++k) product *= k;
  return T(1 / product);
}

// exp(x) of numbers that are not large, by arithmetic alone, so that a loop over it vectorizes.
// With n the integer next to x / log(2), exp(x) = 2**n * exp(r), and r is small: the first terms of
// the series do. What is too small for a normal number is zero.
template <class T>
TL_INLINE T small_exp(T x) {
  typedef ExpTraits<T> Traits;
  typedef typename Traits::Bits Bits;
  T shifted = x * T(1.4426950408889634) + Traits::to_integer;
  T n = shifted - Traits::to_integer;
  T r = (x - n * Traits::log2_high) - n * Traits::log2_low;
  T series = inverse_factorial<T>(Traits::terms - 1);
#pragma GCC unroll 16
  for (int k = Traits::terms - 2; k >= 0; --k) series = series * r + inverse_factorial<T>(k);
  Bits exponent = bits_as<Bits>(shifted) - bits_as<Bits>(T(Traits::to_integer)) + Traits::bias;
  T result = series * bits_as<T>(Bits(exponent << Traits::mantissa));
  // By a mask, as compilers make jumps of a choice; NaN stays.
  Bits keep = Bits(0) - Bits(!(x < Traits::lowest));
  return bits_as<T>(Bits(bits_as<Bits>(result) & keep));
}

// A number to take from scores: where all are -inf there is nothing to take away.
template <class T>
TL_INLINE T finite_top(T top) {
  return top == -std::numeric_limits<T>::infinity() ? T(0) : top;
}

template <class T, int n>
TL_INLINE void softmax(SoftmaxArgs<T> const &args) {
  T top[n], base[n], factor[n], sum[n];
  for (int i = 0; i < n; ++i) top[i] = args.top[i];
  for (intptr_t j = 0; j < args.keys; ++j) {
    T const *row = args.scores + j * args.pitch;
    for (int i = 0; i < n; ++i) top[i] = row[i] > top[i] ? row[i] : top[i];
  }
  for (int i = 0; i < n; ++i) {
    base[i] = finite_top(top[i]);
    factor[i] = small_exp(args.top[i] - base[i]);
    sum[i] = args.sum[i] * factor[i];
  }
  for (intptr_t j = 0; j < args.keys; ++j) {
    T *row = args.scores + j * args.pitch;
    for (int i = 0; i < n; ++i) {
      T power = small_exp(row[i] - base[i]);
      row[i] = power;
      sum[i] += power;
    }
  }
  for (intptr_t d = 0; d < args.rows; ++d) {
    T *row = args.output + d * args.pitch;
    for (int i = 0; i < n; ++i) row[i] *= factor[i];
  }
  for (int i = 0; i < n; ++i) {
    args.top[i] = top[i];
    args.sum[i] = sum[i];
  }
}

template <class T, int n>
TL_INLINE void weigh(SlopeArgs<T> const &args) {
  T base[n];
  for (int i = 0; i < n; ++i) base[i] = finite_top(args.logsumexp[i]);
  for (intptr_t j = 0; j < args.keys; ++j) {
    T *row = args.scores + j * args.pitch;
    for (int i = 0; i < n; ++i) row[i] = small_exp(row[i] - base[i]);
  }
}

template <class T, int n>
TL_INLINE void slope(SlopeArgs<T> const &args) {
  for (intptr_t j = 0; j < args.keys; ++j) {
    T const *weights = args.scores + j * args.pitch;
    T *row = args.slopes + j * args.pitch;
    for (int i = 0; i < n; ++i) row[i] = weights[i] * (row[i] - args.delta[i]);
  }
}

// A processor's loops; `target` lets the compiler use its instructions there and only there.
#define TL_ATTENTION_ROWS(name, target, bytes)                                            \
  template <class T, int width>                                                           \
  target void softmax_##name(SoftmaxArgs<T> const &args) {                                \
    softmax<T, width * bytes / int(sizeof(T))>(args);                                     \
  }                                                                                       \
  template <class T, int width>                                                           \
  target void weigh_##name(SlopeArgs<T> const &args) {                                    \
    weigh<T, width * bytes / int(sizeof(T))>(args);                                       \
  }                                                                                       \
  template <class T, int width>                                                           \
  target void slope_##name(SlopeArgs<T> const &args) {                                    \
    slope<T, width * bytes / int(sizeof(T))>(args);                                       \
  }                                                                                       \
  template <class T>                                                                      \
  Rows<T> rows_##name() {                                                                 \
    return {{softmax_##name<T, 1>, softmax_##name<T, 2>, softmax_##name<T, 3>},           \
            {weigh_##name<T, 1>, weigh_##name<T, 2>, weigh_##name<T, 3>},                 \
            {slope_##name<T, 1>, slope_##name<T, 2>, slope_##name<T, 3>}};                \
  }

#if defined(__GNUC__) && defined(__x86_64__)
TL_ATTENTION_ROWS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,fma"))), 64)
TL_ATTENTION_ROWS(avx2, __attribute__((target("avx2,fma"))), 32)
#endif
TL_ATTENTION_ROWS(base, , 16)

// The loops for vectors as wide as those of the kernels of products.
template <class T>
Rows<T> rows_for(conv::Kernels<T> const &kernels) {
#if defined(__GNUC__) && defined(__x86_64__)
  if (kernels.lanes * sizeof(T) == 64) return rows_avx512<T>();
  if (kernels.lanes * sizeof(T) == 32) return rows_avx2<T>();
#endif
  return rows_base<T>();
}

#undef TL_ATTENTION_ROWS

}  // namespace attention
}  // namespace tl
