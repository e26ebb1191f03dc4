// The places of the largest or smallest elements of the columns of matrices: the first of equal
// ones, and of any NaN the first. (Along contiguous elements NumPy's own functions serve.)
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "by_dtype.h"
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

// Row after row, a strip of columns at a time, which vectorizes.
template <bool largest, class T>
inline void find_columns(char const *x, intptr_t rows, intptr_t columns, int64_t *places) {
  constexpr intptr_t width = 256;
  T best[width];
  int64_t place[width];
  for (intptr_t first = 0; first < columns; first += width) {
    intptr_t const n = std::min(width, columns - first);
    for (intptr_t j = 0; j < n; ++j) {
      best[j] = load<T>(x + (first + j) * sizeof(T));
      place[j] = 0;
    }
    for (intptr_t i = 1; i < rows; ++i) {
      char const *row = x + (i * columns + first) * sizeof(T);
      TL_INDEPENDENT
      for (intptr_t j = 0; j < n; ++j) {
        T const value = load<T>(row + j * sizeof(T));
        // Once NaN has won nothing beats it.
        bool const wins = (beats<largest>(value, best[j]) || is_nan(value)) && !is_nan(best[j]);
        best[j] = wins ? value : best[j];
        place[j] = wins ? i : place[j];
      }
    }
    std::copy_n(place, n, places + first);
  }
}

// x is contiguous, of shape (outer, n, inner); the result of shape (outer, inner).
inline void find_places(bool largest, int dtype, char const *x, intptr_t outer, intptr_t n,
                        intptr_t inner, int64_t *places) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    auto find = largest ? find_columns<true, T> : find_columns<false, T>;
    for (intptr_t i = 0; i < outer; ++i) {
      find(x + i * n * inner * sizeof(T), n, inner, places + i * inner);
    }
  });
}

}  // namespace argreduce
}  // namespace tl
