// Inner loops over long operands, on several threads.
//
// Whether threads pay depends on what an element costs, from a fraction of a nanosecond (add) to
// several (arctan2), so every loop remembers what it was measured to be.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "float_status.h"
#include "strided.h"
#include "thread_pool.h"

namespace tl {

constexpr Nanoseconds kWorthThreads = 8e3;  // alone
constexpr Nanoseconds kTask = 15e3;
constexpr intptr_t kRun = 1024;  // a task is a multiple of so many elements of a run, or whole runs

// How many of `size` elements a task has, of about kTask or less: as many tasks for each thread.
inline intptr_t elements_for(intptr_t size, Nanoseconds alone, int threads) {
  intptr_t const tasks = threads * std::max(intptr_t(1), intptr_t(alone / kTask / threads + 0.5));
  return (size + tasks - 1) / tasks;
}

// Where the operands of a walk are at element `first` of run `run`.
inline void place_run(Walk const &walk, char *const *start, intptr_t run, intptr_t first,
                      char **pointers) {
  int const inner = walk.ndim - 1;
  for (int k = 0; k < walk.operands; ++k) {
    pointers[k] = start[k] + first * walk.strides[inner][k];
  }
  for (int axis = inner - 1; axis >= 0; --axis) {
    intptr_t const position = run % walk.shape[axis];
    run /= walk.shape[axis];
    for (int k = 0; k < walk.operands; ++k) pointers[k] += position * walk.strides[axis][k];
  }
}

inline int threads_for(Nanoseconds alone) {
  return alone < kWorthThreads ? 1 : ThreadPool::instance().threads();
}

// Runs a loop over a part of a walk: elements [first, last) of run `run`.
inline void run_part(Walk const &walk, char *const *start, Loop loop, void *data, intptr_t run,
                     intptr_t first, intptr_t last) {
  char *pointers[kMaxOperands];
  place_run(walk, start, run, first, pointers);
  intptr_t const length = last - first;
  loop(pointers, &length, walk.strides[walk.ndim - 1], data);
}

// A loop, and what one element of it costs. Loops may be run by several threads at once.
struct TimedLoop {
  Loop function;
  void *data;
  float *cost;  // nanoseconds, zero while unknown

  Nanoseconds read() const {
    float value;
    __atomic_load(cost, &value, __ATOMIC_RELAXED);
    return value;
  }

  // A measurement may be far too high, for somebody else had the processor; it is seldom too low.
  void note(Nanoseconds elapsed, intptr_t elements) const {
    Nanoseconds const old = read(), found = elapsed / Nanoseconds(elements);
    bool const lower = old == 0 || found < old;
    float const value = float(lower ? found : old + (std::min(found, 2 * old) - old) / 16);
    __atomic_store(cost, &value, __ATOMIC_RELAXED);
  }
};

// As walk_run, for a prepared walk of many elements that may be visited in any order.
inline void walk_run_long(Walk const &walk, char *const *start, TimedLoop const &loop) {
  intptr_t runs = 1;
  for (int axis = 0; axis < walk.ndim - 1; ++axis) runs *= walk.shape[axis];
  intptr_t const length = walk.ndim ? walk.shape[walk.ndim - 1] : 1, size = runs * length;
  int const threads = ThreadPool::instance().threads();
  Nanoseconds const cost = loop.read(), alone = cost * Nanoseconds(size);
  if (threads <= 1 || walk.ndim == 0 || cost == 0 || alone < kWorthThreads) {
    Nanoseconds const before = clock_now();
    walk_run(walk, start, loop.function, loop.data);
    loop.note(clock_now() - before, size);
    return;
  }
  // A task is some whole runs, or a part of one.
  intptr_t const worth = (elements_for(size, alone, threads) + kRun - 1) / kRun * kRun;
  intptr_t const parts = (length + worth - 1) / worth;
  intptr_t const many = parts > 1 ? 1 : std::max(intptr_t(1), worth / length);
  intptr_t const tasks = parts > 1 ? runs * parts : (runs + many - 1) / many;
  std::atomic<int> status{0};
  parallel_for(
      tasks, threads,
      [&](intptr_t task, int) {
        Nanoseconds const before = task == 0 ? clock_now() : 0;
        intptr_t elements = 0;
        take_float_status();
        if (parts > 1) {
          intptr_t const first = task % parts * worth, last = std::min(length, first + worth);
          run_part(walk, start, loop.function, loop.data, task / parts, first, last);
          elements = last - first;
        } else {
          intptr_t const last = std::min(runs, (task + 1) * many);
          for (intptr_t run = task * many; run < last; ++run) {
            run_part(walk, start, loop.function, loop.data, run, 0, length);
            elements += length;
          }
        }
        if (int const raised = take_float_status()) status |= raised;
        if (task == 0) loop.note(clock_now() - before, elements);
      },
      alone);
  raise_float_status(status);
}

}  // namespace tl
