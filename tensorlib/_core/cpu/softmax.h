// Softmax and its logarithm, along rows and along columns, and their gradients.
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
#include "parallel_loops.h"
#include "vector_math.h"

namespace tl {
namespace softmax {

constexpr intptr_t lanes = 16;    // whatever the processor's vectors are, so that sums agree
constexpr intptr_t strip = 64;    // columns at a time
constexpr intptr_t chunk = 1024;  // terms that are added in the type itself
constexpr Nanoseconds each = 0.6;  // for an element, without threads

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
    intptr_t const n = shape.n, many = is_same<T, R> ? beside(n) : 1;
    for (intptr_t k = begin; k < end; k += many) {
      rows(x + k * n, out + k * n, scratch, n, std::min(many, end - k));
    }
  }

 private:
  static constexpr intptr_t most = 8;

  // Short rows are taken together, as each step of a row waits for the one before.
  static intptr_t beside(intptr_t n) {
    return std::max<intptr_t>(1, std::min(most, chunk / n));
  }

  static void rows(T const *x, T *out, R *scratch, intptr_t n, intptr_t count) {
    if constexpr (is_same<T, R>) {
      finish(x, out, out, n, count);
    } else {
      widen(x, n, scratch);
      finish(scratch, scratch, out, n, count);
    }
  }

  static void finish(R const *x, R *powers, T *out, intptr_t n, intptr_t count) {
    R tops[most];
    double totals[most];
    for (intptr_t k = 0; k < count; ++k) tops[k] = maximum(x + k * n, n);
    for (intptr_t k = 0; k < count; ++k) {
      totals[k] = sum_of_powers<!logarithm>(x + k * n, n, tops[k], powers + k * n);
    }
    for (intptr_t k = 0; k < count; ++k, x += n, powers += n, out += n) {
      R const top = tops[k];
      R const factor = R(1 / totals[k]), shift = logarithm ? R(std::log(totals[k])) : R(0);
      TL_INDEPENDENT
      for (intptr_t i = 0; i < n; ++i) {
        out[i] = T(logarithm ? (x[i] - top) - shift : powers[i] * factor);
      }
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

// Gradients. `y` is the result: of softmax the gradient is y * (g - sum(g * y)), of its logarithm
// g - exp(y) * sum(g).
template <bool logarithm>
struct Slope {
  template <class R>
  static R term(R g, R y) {
    return logarithm ? g : g * y;
  }
  template <class R>
  static R value(R g, R y, R sum) {
    return logarithm ? g - decayed(0 - y) * sum : y * (g - sum);
  }
};

template <class T, bool logarithm>
struct BackwardRows {
  using R = Wide<T>;
  using S = Slope<logarithm>;

  static void run(T const *g, T const *y, T *out, intptr_t n, intptr_t rows) {
    for (intptr_t k = 0; k < rows; ++k, g += n, y += n, out += n) {
      R const sum = R(total(g, y, n));
      TL_INDEPENDENT
      for (intptr_t i = 0; i < n; ++i) out[i] = T(S::value(wide(g[i]), wide(y[i]), sum));
    }
  }

 private:
  static double total(T const *g, T const *y, intptr_t n) {
    double result = 0;
    for (intptr_t start = 0; start < n; start += chunk) {
      R sums[lanes] = {};
      intptr_t const end = std::min(n, start + chunk);
      intptr_t i = start;
      for (; i + lanes <= end; i += lanes) {
        for (intptr_t j = 0; j < lanes; ++j) sums[j] += S::term(wide(g[i + j]), wide(y[i + j]));
      }
      for (intptr_t j = 0; i < end; ++i, ++j) sums[j] += S::term(wide(g[i]), wide(y[i]));
      result += folded(sums, [](R a, R b) { return a + b; });
    }
    return result;
  }
};

template <class T, bool logarithm>
struct BackwardColumns {
  using R = Wide<T>;
  using S = Slope<logarithm>;

  static void run(T const *g, T const *y, T *out, Shape shape, intptr_t width) {
    R sums[strip] = {};
    double totals[strip] = {};
    for (intptr_t i = 0; i < shape.n; ++i) {
      T const *g_row = g + i * shape.inner, *y_row = y + i * shape.inner;
      for (intptr_t j = 0; j < width; ++j) sums[j] += S::term(wide(g_row[j]), wide(y_row[j]));
      if ((i + 1) % chunk == 0 || i + 1 == shape.n) {
        for (intptr_t j = 0; j < width; ++j) totals[j] += sums[j];
        std::fill_n(sums, strip, R(0));
      }
    }
    for (intptr_t j = 0; j < width; ++j) sums[j] = R(totals[j]);
    for (intptr_t i = 0; i < shape.n; ++i) {
      intptr_t const at = i * shape.inner;
      TL_INDEPENDENT
      for (intptr_t j = 0; j < width; ++j) {
        out[at + j] = T(S::value(wide(g[at + j]), wide(y[at + j]), sums[j]));
      }
    }
  }
};

inline Nanoseconds time_of(intptr_t elements) { return each * Nanoseconds(elements); }

// The bytes of scratch memory that each thread needs.
inline intptr_t scratch_size(Shape shape) {
  return (shape.inner == 1 ? shape.n : shape.n * strip) * intptr_t(sizeof(double));
}

// Shares lines out: `rows(first, count, worker)`, or `columns(offset, width, worker)` of strips.
template <class Rows, class Columns>
void share(Shape shape, int threads, Rows rows, Columns columns) {
  Nanoseconds const alone = time_of(shape.outer * shape.n * shape.inner);
  if (shape.inner == 1) {
    intptr_t const many = elements_for(shape.outer, alone, threads);
    parallel_for(
        (shape.outer + many - 1) / many, threads,
        [&](intptr_t task, int worker) {
          rows(task * many, std::min(many, shape.outer - task * many), worker);
        },
        alone);
  } else {
    intptr_t const strips = (shape.inner + strip - 1) / strip;
    parallel_for(
        shape.outer * strips, threads,
        [&](intptr_t task, int worker) {
          intptr_t const first = task % strips * strip;
          columns(task / strips * shape.n * shape.inner + first,
                  std::min(strip, shape.inner - first), worker);
        },
        alone);
  }
}

template <class T, bool logarithm>
void compute(char const *x, char *out, char *scratch, Shape shape, int threads) {
  T const *from = reinterpret_cast<T const *>(x);
  T *to = reinterpret_cast<T *>(out);
  auto room = [&](int worker) {
    return reinterpret_cast<Wide<T> *>(scratch + worker * scratch_size(shape));
  };
  share(
      shape, threads,
      [&](intptr_t first, intptr_t count, int worker) {
        ForTarget<Rows<T, logarithm>>::run(from, to, room(worker), shape, first, first + count);
      },
      [&](intptr_t at, intptr_t width, int worker) {
        ForTarget<Columns<T, logarithm>>::run(from + at, to + at, room(worker), shape, width);
      });
}

template <class T, bool logarithm>
void compute_backward(char const *g, char const *y, char *out, Shape shape, int threads) {
  T const *gradient = reinterpret_cast<T const *>(g), *result = reinterpret_cast<T const *>(y);
  T *to = reinterpret_cast<T *>(out);
  share(
      shape, threads,
      [&](intptr_t first, intptr_t count, int) {
        intptr_t const at = first * shape.n;
        ForTarget<BackwardRows<T, logarithm>>::run(gradient + at, result + at, to + at, shape.n,
                                                   count);
      },
      [&](intptr_t at, intptr_t width, int) {
        ForTarget<BackwardColumns<T, logarithm>>::run(gradient + at, result + at, to + at, shape,
                                                      width);
      });
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

// The gradient, from that of the result `y`.
inline void softmax_backward_any(bool logarithm, int dtype, char const *g, char const *y, char *out,
                                 Shape shape, int threads) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) {
      (logarithm ? compute_backward<T, true> : compute_backward<T, false>)(g, y, out, shape,
                                                                           threads);
    }
  });
}

}  // namespace softmax
}  // namespace tl
