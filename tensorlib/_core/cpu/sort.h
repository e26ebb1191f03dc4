// The order of equal elements.
#pragma once

#include <algorithm>
#include <cstdint>

#include "by_dtype.h"
#include "functors.h"
#include "loops.h"

namespace tl {

template <class T>
inline bool comes_before(T a, T b) {  // NaN comes last
  if constexpr (is_complex<T>) {
    if (is_nan(a) || is_nan(b)) return !is_nan(a);
    return a.real < b.real || (a.real == b.real && a.imag < b.imag);
  } else {
    return a < b || (is_nan(b) && !is_nan(a));
  }
}

// Bring equal elements, of the n that `places` sorts, into the order they came in: what a stable
// sort gives, at a fraction of its cost. `sort` is NumPy's for int64, which uses SIMD.
inline void settle_ties(int dtype, char const *x, int64_t *places, intptr_t n,
                        int (*sort)(void *, intptr_t, void *), void *array) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    for (intptr_t first = 0, i = 1; i <= n; ++i) {
      if (i < n) {
        T const before = load<T>(x + places[i - 1] * sizeof(T));
        if (!comes_before(before, load<T>(x + places[i] * sizeof(T)))) continue;
      }
      if (i - first > 32) {
        sort(places + first, i - first, array);
      } else if (i - first > 1) {
        std::sort(places + first, places + i);
      }
      first = i;
    }
  });
}

}  // namespace tl
