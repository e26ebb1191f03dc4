// Numbers multiplied in place, and whether there was an infinity or NaN among them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "dtypes.h"
#include "half.h"

namespace tl {

struct Unscaling {
  double factor;
  bool not_finite;
};

template <class T, class Wide>
inline void unscale_loop(char **args, intptr_t const *dims, intptr_t const *steps, void *data) {
  auto *job = static_cast<Unscaling *>(data);
  Wide const factor = Wide(job->factor), largest = std::numeric_limits<Wide>::max();
  intptr_t const n = dims[0], step = steps[0];
  int bad = 0;
  auto visit = [&](char *place) {
    T *element = reinterpret_cast<T *>(place);
    Wide x = Wide(*element);
    bad |= !(std::fabs(x) <= largest);
    *element = T(x * factor);
  };
  if (step == intptr_t(sizeof(T))) {  // a constant, with which the compiler vectorizes
    for (intptr_t i = 0; i < n; ++i) visit(args[0] + i * intptr_t(sizeof(T)));
  } else {
    for (intptr_t i = 0; i < n; ++i) visit(args[0] + i * step);
  }
  job->not_finite |= bad != 0;
}

typedef void (*UnscaleLoop)(char **args, intptr_t const *dims, intptr_t const *steps, void *data);

// Null for a dtype that has none; complex numbers are taken part by part.
inline UnscaleLoop unscale_loop_of(int dtype) {
  switch (dtype) {
    case TL_FLOAT16: return unscale_loop<Half, float>;
    case TL_BFLOAT16: return unscale_loop<BFloat16, float>;
    case TL_FLOAT32: case TL_COMPLEX64: return unscale_loop<float, float>;
    case TL_FLOAT64: case TL_COMPLEX128: return unscale_loop<double, double>;
    default: return nullptr;
  }
}

}  // namespace tl
