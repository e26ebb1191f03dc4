// conv2d and its gradients, computed directly: no matrix of patches is ever written.
#pragma once

#include "conv_correlate.h"
#include "conv_filter.h"

namespace tl {
namespace conv {

enum Direction { kForward, kInput, kWeight };

// The job that computes one of images (forward: the output), filters and gradients of the output
// from the other two. The result must be contiguous for kWeight; the others may have any strides.
template <class T>
Job *make_job(Direction direction, Array const &image, Array const &filter, Array const &output,
              Geometry const &g, int threads) {
  if (direction == kForward) {
    return new Correlation<T>(plan_forward(image, filter, output, g), image, filter, output,
                              g.groups, 0, threads);
  }
  if (direction == kInput) {
    return new Correlation<T>(plan_input(output, filter, image, g), output, filter, image,
                              g.groups, 1, threads);
  }
  return new FilterGradient<T>(plan_forward(image, filter, output, g), image, output, filter,
                               g.groups, threads);
}

}  // namespace conv
}  // namespace tl
