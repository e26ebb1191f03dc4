// Loops over whole vectors and matrices, on several threads where there is a stack of them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "float_status.h"
#include "parallel_loops.h"
#include "strided.h"
#include "thread_pool.h"

namespace tl {

constexpr int kMaxCoreDims = 8;

// As walk_core, for a prepared walk. The first matrix tells what the others will cost.
inline void walk_core_long(Walk const &walk, char *const *start, Loop loop, void *data,
                           intptr_t *dims, int core_dims, intptr_t *steps) {
  int const threads = ThreadPool::instance().threads();
  intptr_t count = 1;
  for (int axis = 0; axis < walk.ndim; ++axis) count *= walk.shape[axis];
  if (threads <= 1 || count == 1) return walk_core(walk, start, loop, data, dims, steps);
  int const inner = walk.ndim - 1;
  for (int k = 0; k < walk.operands; ++k) steps[k] = walk.strides[inner][k];
  auto run = [&](intptr_t first, intptr_t last) {
    intptr_t own[1 + kMaxCoreDims];
    std::copy(dims + 1, dims + 1 + core_dims, own + 1);
    while (first < last) {  // a piece of the last axis
      char *pointers[kMaxOperands];
      for (int k = 0; k < walk.operands; ++k) pointers[k] = start[k];
      intptr_t rest = first;
      for (int axis = inner; axis >= 0; --axis) {
        intptr_t const position = rest % walk.shape[axis];
        rest /= walk.shape[axis];
        for (int k = 0; k < walk.operands; ++k) {
          pointers[k] += position * walk.strides[axis][k];
        }
      }
      own[0] = std::min(last - first, walk.shape[inner] - first % walk.shape[inner]);
      loop(pointers, own, steps, data);
      first += own[0];
    }
  };
  Nanoseconds const before = clock_now();
  run(0, 1);
  Nanoseconds const each = std::max(1.0, clock_now() - before);
  Nanoseconds const alone = each * Nanoseconds(count - 1);
  std::atomic<int> status{take_float_status()};
  if (alone < kWorthThreads) {
    run(1, count);
    status |= take_float_status();
  } else {
    intptr_t const many = std::max(intptr_t(1), intptr_t(kTask / each));
    parallel_for(
        (count - 1 + many - 1) / many, threads,
        [&](intptr_t task, int) {
          take_float_status();
          run(1 + task * many, std::min(count, 1 + (task + 1) * many));
          if (int const raised = take_float_status()) status |= raised;
        },
        alone);
  }
  raise_float_status(status);
}

}  // namespace tl
