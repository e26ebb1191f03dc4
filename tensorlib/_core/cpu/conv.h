// Convolution and its gradients, computed directly: no matrix of patches is ever written.
#pragma once

#include "conv_correlate.h"
#include "conv_filter.h"
#include "conv_winograd.h"
#include "dtypes.h"
#include "functors_traits.h"

namespace tl {
namespace conv {

enum Direction { kForward, kInput, kWeight };

template <class S>
Job *make_job_of(Direction direction, Array image, Array const &filter, Array output,
                 Geometry const &g, int threads) {
  using T = Wide<S>;
#if defined(__GNUC__)
  if constexpr (std::is_same_v<T, float>) {
    if (direction == kForward && Winograd<S>::suits(image, filter, output, g, false)) {
      return new Winograd<S>(image, filter, output, g, 0, threads);
    }
    if (direction == kInput && Winograd<S>::suits(output, filter, image, g, true)) {
      return new Winograd<S>(output, filter, image, g, 1, threads);
    }
  }
#endif
  merge_places(image, filter, output, g);
  if (direction == kForward) {
    return new Correlation<T, S>(plan_forward(image, filter, output, g), image, filter, output,
                                 g.groups, 0, threads);
  }
  if (direction == kInput) {
    return new Correlation<T, S>(plan_input(output, filter, image, g), output, filter, image,
                                 g.groups, 1, threads);
  }
  return new FilterGradient<T, S>(plan_forward(image, filter, output, g), image, output, filter,
                                  g.groups, threads);
}

// The job that computes one of images (forward: the output), filters and gradients of the output
// from the other two, all of one floating dtype; 16-bit ones are summed in float. The result must
// be contiguous for kWeight; the others may have any strides.
inline Job *make_job(int dtype, Direction direction, Array const &image, Array const &filter,
                     Array const &output, Geometry const &g, int threads) {
  auto make = [&](auto stored) {
    return make_job_of<decltype(stored)>(direction, image, filter, output, g, threads);
  };
  switch (dtype) {
    case TL_FLOAT16: return make(Half());
    case TL_BFLOAT16: return make(BFloat16());
    case TL_FLOAT32: return make(float());
    default: return make(double());
  }
}

}  // namespace conv
}  // namespace tl
