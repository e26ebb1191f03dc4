// Sums and maps over runs of adjacent numbers that normalization needs, compiled for each vector
// width the processor may have.
#pragma once

#include <cstdint>

#include "conv_kernels.h"
#include "loops.h"
#include "targets.h"

namespace tl {
namespace norm {

template <class T>
struct Kernels {
  // of x
  T (*sum)(T const *x, intptr_t n);
  // of (x - mean)^2
  T (*squares)(T const *x, T mean, intptr_t n);
  // of g * weight and of g * weight * (x - mean)
  void (*slopes)(T const *g, T const *x, T const *weight, T mean, intptr_t n, T *sums);
  // out = (x - mean) * factor * weight + bias
  void (*scale)(T const *x, T mean, T factor, T const *weight, T const *bias, intptr_t n, T *out);
  // out = g * weight * factor + (x - mean) * slope + shift
  void (*combine)(T const *g, T const *x, T const *weight, T mean, T factor, T slope, T shift,
                  intptr_t n, T *out);
  // sums += g * (x - mean) * factor, number by number
  void (*gather)(T const *g, T const *x, T mean, T factor, intptr_t n, T *sums);
};

// A weight is one number for a whole run, or one for each number of it.
template <class T, bool each>
struct Weight {
  T const *data;
  T const first;

  TL_INLINE explicit Weight(T const *weight) : data(weight), first(*weight) {}
  template <class V>
  TL_INLINE void multiply(V &value, intptr_t i) const {
    if constexpr (each) {
      value *= *reinterpret_cast<V const *>(data + i);
    } else {
      value *= first;
    }
  }
};

// Sums of what `term(i, add)` adds, for vectors V at i and, at the end of the run, for single
// numbers. Several vectors at a time, as one addition waits for the one before.
#if defined(__GNUC__)
template <class T, int lanes>
using Lanes = typename conv::Vector<T, lanes>::type;
#else
template <class T, int lanes>
using Lanes = T;
#endif

template <class T, class V, int count, class Term>
TL_INLINE void sum_terms(intptr_t n, Term const &term, T *sums) {
  constexpr int lanes = sizeof(V) / sizeof(T);
  constexpr int unrolled = 4;
  V partial[unrolled][count] = {};
  intptr_t i = 0;
  for (; i + unrolled * lanes <= n; i += unrolled * lanes) {
    for (int j = 0; j < unrolled; ++j) term.template add<V>(i + j * lanes, partial[j]);
  }
  for (; i + lanes <= n; i += lanes) term.template add<V>(i, partial[0]);
  for (int k = 0; k < count; ++k) {
    V whole = (partial[0][k] + partial[1][k]) + (partial[2][k] + partial[3][k]);
    if constexpr (lanes > 1) {
      sums[k] = conv::total<T, lanes>(reinterpret_cast<T *>(&whole));
    } else {
      sums[k] = whole;
    }
  }
  for (; i < n; ++i) term.template add<T>(i, sums);
}

template <class T>
struct SumTerm {
  T const *x;
  template <class V>
  TL_INLINE void add(intptr_t i, V *sums) const {
    sums[0] += *reinterpret_cast<V const *>(x + i);
  }
};

template <class T>
struct SquareTerm {
  T const *x;
  T mean;
  template <class V>
  TL_INLINE void add(intptr_t i, V *sums) const {
    V centred = *reinterpret_cast<V const *>(x + i) - mean;
    sums[0] += centred * centred;
  }
};

template <class T, bool each>
struct SlopeTerm {
  T const *g, *x;
  Weight<T, each> weight;
  T mean;
  template <class V>
  TL_INLINE void add(intptr_t i, V *sums) const {
    V slope = *reinterpret_cast<V const *>(g + i);
    weight.multiply(slope, i);
    sums[0] += slope;
    sums[1] += slope * (*reinterpret_cast<V const *>(x + i) - mean);
  }
};

template <class T, class V>
TL_INLINE T sum(T const *x, intptr_t n) {
  T result;
  sum_terms<T, V, 1>(n, SumTerm<T>{x}, &result);
  return result;
}

template <class T, class V>
TL_INLINE T squares(T const *x, T mean, intptr_t n) {
  T result;
  sum_terms<T, V, 1>(n, SquareTerm<T>{x, mean}, &result);
  return result;
}

template <class T, class V, bool each>
TL_INLINE void slopes(T const *g, T const *x, T const *weight, T mean, intptr_t n, T *sums) {
  sum_terms<T, V, 2>(n, SlopeTerm<T, each>{g, x, Weight<T, each>(weight), mean}, sums);
}

template <class T, bool each>
TL_INLINE void scale(T const *x, T mean, T factor, T const *weight, T const *bias, intptr_t n,
                     T *out) {
  T const w = *weight * factor, b = *bias;
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) {
    if constexpr (each) {
      out[i] = (x[i] - mean) * factor * weight[i] + bias[i];
    } else {
      out[i] = (x[i] - mean) * w + b;
    }
  }
}

template <class T, bool each>
TL_INLINE void combine(T const *g, T const *x, T const *weight, T mean, T factor, T slope, T shift,
                       intptr_t n, T *out) {
  T const w = *weight * factor;
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) {
    T const own = each ? g[i] * (weight[i] * factor) : g[i] * w;
    out[i] = own + (x[i] - mean) * slope + shift;
  }
}

template <class T>
TL_INLINE void gather(T const *g, T const *x, T mean, T factor, intptr_t n, T *sums) {
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) sums[i] += g[i] * ((x[i] - mean) * factor);
}

// A processor's kernels; `target` lets the compiler use its instructions there and only there.
#define TL_NORM_KERNELS(name, target, bytes)                                                   \
  template <class T>                                                                           \
  target T sum_##name(T const *x, intptr_t n) {                                                \
    return sum<T, Lanes<T, bytes / sizeof(T)>>(x, n);                                          \
  }                                                                                            \
  template <class T>                                                                           \
  target T squares_##name(T const *x, T mean, intptr_t n) {                                    \
    return squares<T, Lanes<T, bytes / sizeof(T)>>(x, mean, n);                                \
  }                                                                                            \
  template <class T, bool each>                                                                \
  target void slopes_##name(T const *g, T const *x, T const *weight, T mean, intptr_t n,       \
                            T *sums) {                                                         \
    slopes<T, Lanes<T, bytes / sizeof(T)>, each>(g, x, weight, mean, n, sums);                 \
  }                                                                                            \
  template <class T, bool each>                                                                \
  target void scale_##name(T const *x, T mean, T factor, T const *weight, T const *bias,       \
                           intptr_t n, T *out) {                                               \
    scale<T, each>(x, mean, factor, weight, bias, n, out);                                     \
  }                                                                                            \
  template <class T, bool each>                                                                \
  target void combine_##name(T const *g, T const *x, T const *weight, T mean, T factor,        \
                             T slope, T shift, intptr_t n, T *out) {                           \
    combine<T, each>(g, x, weight, mean, factor, slope, shift, n, out);                        \
  }                                                                                            \
  template <class T>                                                                           \
  target void gather_##name(T const *g, T const *x, T mean, T factor, intptr_t n, T *sums) {   \
    gather(g, x, mean, factor, n, sums);                                                       \
  }                                                                                            \
  template <class T, bool each>                                                                \
  Kernels<T> kernels_##name() {                                                                \
    return {sum_##name<T>,         squares_##name<T>,       slopes_##name<T, each>,            \
            scale_##name<T, each>, combine_##name<T, each>, gather_##name<T>};                 \
  }

#if defined(__GNUC__) && defined(__x86_64__)
TL_NORM_KERNELS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,fma"))), 64)
TL_NORM_KERNELS(avx2, __attribute__((target("avx2,fma"))), 32)
#endif
TL_NORM_KERNELS(base, , 16)

#undef TL_NORM_KERNELS

template <class T, bool each>
Kernels<T> choose_kernels() {
#ifdef TL_TARGETS
  if (target() == Target::avx512) return kernels_avx512<T, each>();
  if (target() == Target::avx2) return kernels_avx2<T, each>();
#endif
  return kernels_base<T, each>();
}

// For runs with a weight for each number, or one for the run.
template <class T>
Kernels<T> const &kernels(bool each) {
  static Kernels<T> const chosen[2] = {choose_kernels<T, false>(), choose_kernels<T, true>()};
  return chosen[each];
}

}  // namespace norm
}  // namespace tl
