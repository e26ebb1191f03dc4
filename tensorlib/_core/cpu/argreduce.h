// The places of the largest or smallest elements of rows and columns: the first of equal ones, and
// of any NaN the first. Along contiguous elements NumPy's own functions serve.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include "by_dtype.h"
#include "folds.h"
#include "functors.h"
#include "loops.h"

namespace tl {
namespace argreduce {

template <bool largest, class T>
inline bool beats(T a, T b) {
  if constexpr (is_complex<T>) {
    return largest ? a.real > b.real || (a.real == b.real && a.imag > b.imag)
                   : a.real < b.real || (a.real == b.real && a.imag < b.imag);
  } else {
    return largest ? a > b : a < b;
  }
}

// Once NaN has won nothing beats it. (Without branches, as loops with them do not vectorize.)
template <bool largest, class T>
inline bool wins(T value, T best) {
  return (beats<largest>(value, best) | is_nan(value)) & !is_nan(best);
}

// Row after row of a strip of columns. Places are as wide as elements, where these have vectors.
constexpr intptr_t kStrip = 1024;

template <bool largest, class T, class Place>
struct Columns {
  static void run(char const *x, intptr_t rows, intptr_t columns, intptr_t n, int64_t *places) {
    T best[kStrip];
    Place place[kStrip];
    for (intptr_t j = 0; j < n; ++j) {
      best[j] = load<T>(x + j * sizeof(T));
      place[j] = 0;
    }
    for (intptr_t i = 1; i < rows; ++i) {
      char const *row = x + i * columns * sizeof(T);
      Place const here = Place(i);
      TL_INDEPENDENT
      for (intptr_t j = 0; j < n; ++j) {
        T const value = load<T>(row + j * sizeof(T));
        bool const better = wins<largest>(value, best[j]);
        best[j] = better ? value : best[j];
        place[j] = better ? here : place[j];
      }
    }
    std::copy_n(place, n, places);
  }
};

template <bool largest, class T>
inline void find_columns(char const *x, intptr_t rows, intptr_t columns, intptr_t n,
                         int64_t *places) {
  if (sizeof(T) == 4 && rows <= std::numeric_limits<int32_t>::max()) {
    ForTarget<Columns<largest, T, int32_t>>::run(x, rows, columns, n, places);
  } else {
    ForTarget<Columns<largest, T, int64_t>>::run(x, rows, columns, n, places);
  }
}

// x is contiguous, of shape (outer, n, inner); the result of shape (outer, inner).
inline void find_places(bool largest, int dtype, char const *x, intptr_t outer, intptr_t n,
                        intptr_t inner, int64_t *places) {
  static float costs[TL_NDTYPES];
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    auto find = largest ? find_columns<true, T> : find_columns<false, T>;
    intptr_t const strips = (inner + kStrip - 1) / kStrip, size = outer * n * inner;
    run_tasks(outer * strips, size, n * std::min(inner, kStrip), {nullptr, nullptr, costs + dtype},
              [&](intptr_t task) {
                intptr_t const i = task / strips, first = task % strips * kStrip;
                find(x + (i * n * inner + first) * sizeof(T), n, inner,
                     std::min(kStrip, inner - first), places + i * inner + first);
              });
  });
}

// NumPy's function for a dtype: elements, how many, the result, an array to ask if need be.
typedef int (*ArgFunction)(void *x, intptr_t n, intptr_t *place, void *array);

// x is contiguous, of shape (rows, n).
inline void find_in_rows(ArgFunction function, void *specimen, bool largest, int dtype,
                         char const *x, intptr_t rows, intptr_t n, int64_t *places) {
  static float costs[TL_NDTYPES];
  auto const find = [&](intptr_t row, intptr_t first, intptr_t length) {
    intptr_t place;
    char const *start = x + (row * n + first) * tl_itemsizes[dtype];
    function(const_cast<char *>(start), length, &place, specimen);
    return int64_t(first + place);
  };
  TimedLoop const loop = {nullptr, nullptr, costs + dtype};
  if (rows * n <= kNode) {
    for (intptr_t row = 0; row < rows; ++row) places[row] = find(row, 0, n);
    return;
  }
  if (n < 2 * kNode) {
    intptr_t const many = kNode / n + 1, tasks = (rows + many - 1) / many;
    run_tasks(tasks, rows * n, std::min(many, rows) * n, loop, [&](intptr_t task) {
      intptr_t const end = std::min(rows, (task + 1) * many);
      for (intptr_t row = task * many; row < end; ++row) places[row] = find(row, 0, n);
    });
    return;
  }
  // Parts of rows, of which the best is the best of all.
  intptr_t const parts = n / kNode;
  std::vector<int64_t> found(rows * parts);
  run_tasks(rows * parts, rows * n, kNode, loop, [&](intptr_t task) {
    intptr_t const first = task % parts * kNode;
    found[task] = find(task / parts, first, task % parts == parts - 1 ? n - first : kNode);
  });
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    auto better = largest ? wins<true, T> : wins<false, T>;
    for (intptr_t row = 0; row < rows; ++row) {
      auto const at = [&](int64_t place) { return load<T>(x + (row * n + place) * sizeof(T)); };
      int64_t best = found[row * parts];
      for (intptr_t part = 1; part < parts; ++part) {
        int64_t const place = found[row * parts + part];
        if (better(at(place), at(best))) best = place;
      }
      places[row] = best;
    }
  });
}

}  // namespace argreduce
}  // namespace tl
