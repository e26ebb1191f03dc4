// The negative log-likelihood of classes, summed over all places, and its gradient.
#pragma once

#include <algorithm>
#include <cstdint>

#include "by_dtype.h"

namespace tl {
namespace nll {

// Logarithms lie as (outer, classes, inner), targets and places as (outer, inner).
struct Shape {
  intptr_t outer, classes, inner;
};

// What a loss is made of. Sums are in double, so that they do not depend on their order by much.
struct Sums {
  double loss, weight;
  intptr_t wrong;  // the first place whose target is no class; -1 if there is none
};

// f(place, where the logarithm of its class is, the class) for all places that are counted; returns
// the first wrong place, before which it stops, or -1.
template <class Function>
inline intptr_t for_counted(int64_t const *target, Shape shape, int64_t ignored, Function f) {
  for (intptr_t i = 0; i < shape.outer; ++i) {
    for (intptr_t j = 0; j < shape.inner; ++j) {
      intptr_t const place = i * shape.inner + j;
      int64_t const label = target[place];
      if (label == ignored) continue;
      if (label < 0 || label >= shape.classes) return place;
      f((i * shape.classes + label) * shape.inner + j, label);
    }
  }
  return -1;
}

template <class T>
inline Sums summed(T const *x, int64_t const *target, T const *weight, Shape shape,
                   int64_t ignored) {
  Sums sums = {0, 0, -1};
  sums.wrong = for_counted(target, shape, ignored, [&](intptr_t at, int64_t label) {
    double const counts = weight ? double(wide(weight[label])) : 1.0;
    sums.loss -= counts * double(wide(x[at]));
    sums.weight += counts;
  });
  return sums;
}

inline Sums sums_of(int dtype, char const *x, int64_t const *target, char const *weight,
                    Shape shape, int64_t ignored) {
  return with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) {
      return summed(reinterpret_cast<T const *>(x), target, reinterpret_cast<T const *>(weight),
                    shape, ignored);
    } else {
      return Sums{};
    }
  });
}

// A number in the dtype's own type.
inline void put(int dtype, char *target, double value) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) *reinterpret_cast<T *>(target) = T(Wide<T>(value));
  });
}

inline double get(int dtype, char const *source) {
  return with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) {
      return double(wide(*reinterpret_cast<T const *>(source)));
    } else {
      return 0.0;
    }
  });
}

// The gradient of the logarithms: `slope` times the weight where the class is the true one.
inline void gradient(int dtype, double slope, int64_t const *target, char const *weight,
                     char *out, Shape shape, int64_t ignored) {
  with_dtype(dtype, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (is_floating<T>) {
      T *to = reinterpret_cast<T *>(out);
      T const *weights = reinterpret_cast<T const *>(weight);
      std::fill_n(to, shape.outer * shape.classes * shape.inner, T(Wide<T>(0)));
      for_counted(target, shape, ignored, [&](intptr_t at, int64_t label) {
        double const counts = weights ? double(wide(weights[label])) : 1.0;
        to[at] = T(Wide<T>(slope * counts));
      });
    }
  });
}

}  // namespace nll
}  // namespace tl
