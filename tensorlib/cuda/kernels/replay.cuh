// Numbers that come with a launch and are kept for the graph that is launched next.
#pragma once

#include "elementwise.cuh"

namespace tl {
namespace replay {

constexpr int kMostNumbers = 480;  // in a launch, whose arguments are 4 KB at most

struct Numbers {
  double values[kMostNumbers];
};

TL_HD void write(const Numbers &numbers, int64_t count, double *target) {
  for (int64_t i = threadIdx.x; i < count; i += 256) target[i] = numbers.values[i];
}

}  // namespace replay
}  // namespace tl
