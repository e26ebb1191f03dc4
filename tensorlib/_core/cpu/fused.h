// Chains of elementwise loops over blocks of elements that stay in the cache.
//
// What a step computes goes into a buffer of one block, where the next step finds it: memory is
// read once for each operand and written once for each result, whatever the number of steps.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "float_status.h"
#include "parallel_loops.h"
#include "strided.h"
#include "thread_pool.h"

namespace tl {

class FusedProgram {
 public:
  // A place for elements: an operand of the walk, one element for all, or a buffer.
  int operand(int walked) { return slot(walked, -1, nullptr, 0); }
  int scalar(char *data) { return slot(-1, -1, data, 0); }
  int buffer(int number, intptr_t itemsize) {
    buffers_ = std::max(buffers_, number + 1);
    widest_ = std::max(widest_, itemsize);
    return slot(-1, number, nullptr, itemsize);
  }

  // Begins a step of op number `op`; `take` adds its operands, the last of which is its result.
  void step(int op, Loop function, void *data, float cost, bool threads) {
    steps_.push_back(Step{op, function, data, 0, {}});
    cost_ += cost > 0 ? cost : 1;
    threads_ &= threads;
  }
  void take(int slot) {
    Step &step = steps_.back();
    step.slots[step.operands++] = slot;
  }

  // Whether a walk's runs are long enough for blocks.
  static bool fits(Walk const &walk) {
    return walk.ndim > 0 && walk.shape[walk.ndim - 1] >= kShortest;
  }

  // Runs all steps over a prepared walk; `status` gets what each of so many ops raised.
  void run(Walk const &walk, char *const *start, int *status, std::size_t ops) {
    intptr_t const length = walk.shape[walk.ndim - 1];
    intptr_t runs = 1;
    for (int axis = 0; axis < walk.ndim - 1; ++axis) runs *= walk.shape[axis];
    intptr_t const width = std::max(intptr_t(1), buffers_ * widest_);
    intptr_t const block = std::max(kShortest, kScratch / width / 64 * 64);
    Nanoseconds const alone = Nanoseconds(cost_) * Nanoseconds(runs * length);
    intptr_t const blocks = (length + block - 1) / block;
    intptr_t const many = std::max(intptr_t(1), intptr_t(kTask / (cost_ * block)));
    intptr_t const tasks = (runs * blocks + many - 1) / many;
    int const threads = threads_ ? threads_for(alone) : 1;
    std::vector<std::vector<char>> scratch(threads, std::vector<char>(block * width + 64));
    std::vector<std::atomic<int>> raised(ops);
    parallel_for(
        tasks, threads,
        [&](intptr_t task, int worker) {
          char *memory = scratch[worker].data();
          memory += 64 - reinterpret_cast<uintptr_t>(memory) % 64;
          intptr_t const last = std::min(runs * blocks, (task + 1) * many);
          for (intptr_t i = task * many; i < last; ++i) {
            intptr_t const first = i % blocks * block;
            run_block(walk, start, i / blocks, first, std::min(block, length - first), memory,
                      block * widest_, raised.data());
          }
        },
        alone);
    for (std::size_t i = 0; i < ops; ++i) status[i] = raised[i];
  }

 private:
  static constexpr intptr_t kScratch = 24 << 10;  // bytes, of a first-level cache of 32 KiB or more
  static constexpr intptr_t kShortest = 256;      // elements of a block, and of a run

  struct Slot {
    int walked, buffer;
    char *data;
    intptr_t step;
  };
  struct Step {
    int op;
    Loop function;
    void *data;
    int operands;
    int slots[kMaxOperands];
  };

  int slot(int walked, int buffer, char *data, intptr_t step) {
    slots_.push_back(Slot{walked, buffer, data, step});
    return int(slots_.size()) - 1;
  }

  void run_block(Walk const &walk, char *const *start, intptr_t run, intptr_t first, intptr_t n,
                 char *memory, intptr_t stride, std::atomic<int> *raised) const {
    char *at[kMaxOperands];
    place_run(walk, start, run, first, at);
    intptr_t const *const walked_steps = walk.strides[walk.ndim - 1];
    take_float_status();
    for (Step const &step : steps_) {
      char *pointers[kMaxOperands];
      intptr_t steps[kMaxOperands];
      for (int k = 0; k < step.operands; ++k) {
        Slot const &slot = slots_[step.slots[k]];
        if (slot.walked >= 0) {
          pointers[k] = at[slot.walked];
          steps[k] = walked_steps[slot.walked];
        } else {
          pointers[k] = slot.buffer >= 0 ? memory + slot.buffer * stride : slot.data;
          steps[k] = slot.step;
        }
      }
      step.function(pointers, &n, steps, step.data);
      if (int const found = take_float_status()) raised[step.op] |= found;
    }
  }

  std::vector<Slot> slots_;
  std::vector<Step> steps_;
  intptr_t widest_ = 1;
  int buffers_ = 0;
  float cost_ = 0;  // of an element, in nanoseconds
  bool threads_ = true;
};

}  // namespace tl
