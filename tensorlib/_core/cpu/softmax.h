// Softmax and its logarithm, along rows and along columns.
//
// Both take the maximum away, add up exponentials and divide. Along contiguous rows the lanes of a
// vector hold neighbours in the row, along columns neighbouring columns. Sums are made in double
// every few hundred terms. A row with NaN, with inf or of nothing but -inf is NaN.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "by_dtype.h"
#include "loops.h"
#include "thread_pool.h"
#include "vector_math.h"

namespace tl {
namespace softmax {

constexpr intptr_t lanes = 16;    // whatever the processor's vectors are, so that sums agree
constexpr intptr_t strip = 64;    // columns at a time
constexpr intptr_t chunk = 1024;  // terms that are added in the type itself
constexpr intptr_t task_size = 16384;  // elements that are worth a thread's while

struct Shape {
  intptr_t outer, n, inner;  // of contiguous memory; along n
};

// exp(-z) for z >= 0
template <class R>
inline R decayed(R z) {
  return vector_math::exp_of_minus(vector_math::at_most(vector_math::Format<R>::far, z)).value();
}

// The numbers in the type that computes: T itself, or float for 16-bit types.
template <class T, class R>
inline void widen(T const *x, intptr_t n, R *wide_x) {
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) wide_x[i] = wide(x[i]);
}

// Folds the lanes in halves.
template <class R, class Fold>
inline R folded(R *values, Fold fold) {
  for (intptr_t half = lanes / 2; half > 0; half /= 2) {
    for (intptr_t j = 0; j < half; ++j) values[j] = fold(values[j], values[j + half]);
  }
  return values[0];
}

template <class R>
inline R larger(R a, R b) {
  return a > b ? a : b;
}

template <class R>
inline R maximum(R const *x, intptr_t n) {
  R most[lanes];
  std::fill_n(most, lanes, -infinity<R>());
  intptr_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (intptr_t j = 0; j < lanes; ++j) most[j] = larger(x[i + j], most[j]);
  }
  for (intptr_t j = 0; i < n; ++i, ++j) most[j] = larger(x[i], most[j]);
  return folded(most, larger<R>);
}

// Adds exp(x - top) of `lanes` numbers to their sums.
template <class R>
inline void add_powers(R const *x, R top, R *sums, R *powers) {
  for (intptr_t j = 0; j < lanes; ++j) {
    powers[j] = decayed(top - x[j]);
    sums[j] += powers[j];
  }
}

// The sum of exp(x - top); with `keep` the terms go to `powers`, which may be x.
template <bool keep, class R>
inline double sum_of_powers(R const *x, intptr_t n, R top, R *powers) {
  double total = 0;
  R block[lanes];
  for (intptr_t start = 0; start < n; start += chunk) {
    R sums[lanes] = {};
    intptr_t const end = std::min(n, start + chunk);
    intptr_t i = start;
    for (; i + lanes <= end; i += lanes) {
      add_powers(x + i, top, sums, block);
      if (keep) std::copy_n(block, lanes, powers + i);
    }
    if (i < end) {
      R rest[lanes];
      std::fill_n(rest, lanes, -infinity<R>());  // whose powers are zero
      std::copy(x + i, x + end, rest);
      add_powers(rest, top, sums, block);
      if (keep) std::copy_n(block, end - i, powers + i);
    }
    total += folded(sums, [](R a, R b) { return a + b; });
  }
  return total;
}

// The rows from `begin` to `end`; `scratch` has room for one.
template <class T, bool logarithm>
struct Rows {
  using R = Wide<T>;

  static void run(T const *x, T *out, R *scratch, Shape shape, intptr_t begin, intptr_t end) {
    for (intptr_t k = begin; k < end; ++k) {
      row(x + k * shape.n, out + k * shape.n, scratch, shape.n);
    }
  }

 private:
  static void row(T const *x, T *out, R *scratch, intptr_t n) {
    if constexpr (is_same<T, R>) {
      finish(x, out, out, n);
    } else {
      widen(x, n, scratch);
      finish(scratch, scratch, out, n);
    }
  }

  static void finish(R const *x, R *powers, T *out, intptr_t n) {
    R const top = maximum(x, n);
    double const total = sum_of_powers<!logarithm>(x, n, top, powers);
    R const factor = R(1 / total), shift = logarithm ? R(std::log(total)) : R(0);
    TL_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i) {
      out[i] = T(logarithm ? (x[i] - top) - shift : powers[i] * factor);
    }
  }
};

// A strip of columns; `scratch` has room for it.
template <class T, bool logarithm>
struct Columns {
  using R = Wide<T>;

  static void run(T const *x, T *out, R *scratch, Shape shape, intptr_t width) {
    R top[strip], sums[strip] = {}, shift[strip];
    double totals[strip] = {};
    std::fill_n(top, strip, -infinity<R>());
    for (intptr_t i = 0; i < shape.n; ++i) {
      R *row = scratch + i * strip;
      widen(x + i * shape.inner, width, row);
      for (intptr_t j = 0; j < width; ++j) top[j] = larger(row[j], top[j]);
    }
    for (intptr_t i = 0; i < shape.n; ++i) {
      R *row = scratch + i * strip;
      for (intptr_t j = 0; j < width; ++j) {
        R const power = decayed(top[j] - row[j]);
        sums[j] += power;
        if (!logarithm) row[j] = power;
      }
      if ((i + 1) % chunk == 0 || i + 1 == shape.n) {
        for (intptr_t j = 0; j < width; ++j) totals[j] += sums[j];
        std::fill_n(sums, strip, R(0));
      }
    }
    for (intptr_t j = 0; j < width; ++j) {
      shift[j] = R(logarithm ? std::log(totals[j]) : 1 / totals[j]);
    }
    for (intptr_t i = 0; i < shape.n; ++i) {
      R const *row = scratch + i * strip;
      T *out_row = out + i * shape.inner;
      TL_INDEPENDENT
      for (intptr_t j = 0; j < width; ++j) {
        out_row[j] = T(logarithm ? (row[j] - top[j]) - shift[j] : row[j] * shift[j]);
      }
    }
  }
};

// The bytes of scratch memory that each thread needs.
inline intptr_t scratch_size(Shape shape) {
  return (shape.inner == 1 ? shape.n : shape.n * strip) * intptr_t(sizeof(double));
}

template <class T, bool logarithm>
void compute(char const *x, char *out, char *scratch, Shape shape, int threads) {
  T const *from = reinterpret_cast<T const *>(x);
  T *to = reinterpret_cast<T *>(out);
  auto room = [&](int worker) {
    return reinterpret_cast<Wide<T> *>(scratch + worker * scratch_size(shape));
  };
  if (shape.inner == 1) {
    intptr_t const rows = std::max<intptr_t>(1, task_size / shape.n);
    parallel_for((shape.outer + rows - 1) / rows, threads, [&](intptr_t task, int worker) {
      ForTarget<Rows<T, logarithm>>::run(from, to, room(worker), shape, task * rows,
                                         std::min(shape.outer, (task + 1) * rows));
    });
  } else {
    intptr_t const strips = (shape.inner + strip - 1) / strip;
    parallel_for(shape.outer * strips, threads, [&](intptr_t task, int worker) {
      intptr_t const first = task % strips * strip;
      intptr_t const at = task / strips * shape.n * shape.inner + first;
      ForTarget<Columns<T, logarithm>>::run(from + at, to + at, room(worker), shape,
                                            std::min(strip, shape.inner - first));
    });
  }
}

// `x` and `out` are contiguous and not empty, and the dtype is floating.
inline void softmax_any(bool logarithm, int dtype, char const *x, char *out, char *scratch,
                        Shape shape, int threads) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) {
      (logarithm ? compute<T, true> : compute<T, false>)(x, out, scratch, shape, threads);
    }
  });
}

}  // namespace softmax
}  // namespace tl
