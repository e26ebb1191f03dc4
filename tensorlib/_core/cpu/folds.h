// Folds over axes and along one, on several threads.
//
// Results do not depend on the number of threads: outputs are shared out whole, and where a single
// one takes all elements, these are divided in a way that depends on their number alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>

#include "pairwise.h"
#include "parallel_loops.h"
#include "rows.h"

namespace tl {

// How the elements of one output may be divided.
enum Division {
  kInOrder,  // not at all
  kHalves,   // as NumPy's pairwise sums are
  kAnywhere,
};

struct FoldLoop {
  TimedLoop loop;    // operands: output, elements, output, of variances the means
  Loop join;         // of two results
  RowsLoop rows;     // as in rows.h, for outputs beside each other, or null
  int itemsize;      // of an output, and of elements where there are `rows`
  int number_bytes;  // of the real numbers that a result consists of
  Division division;
};

// Runs body(task) for all tasks, of `size` elements together and `first` in the first one, and
// notes what elements cost.
template <class Body>
inline void run_tasks(intptr_t tasks, intptr_t size, intptr_t first, TimedLoop const &loop,
                      Body const &body) {
  Nanoseconds const alone = loop.read() * Nanoseconds(size);
  int const threads = threads_for(alone);
  if (threads == 1 || tasks == 1) {
    Nanoseconds const before = clock_now();
    for (intptr_t task = 0; task < tasks; ++task) body(task);
    loop.note(clock_now() - before, size);
    return;
  }
  std::atomic<int> status{0};
  parallel_for(
      tasks, threads,
      [&](intptr_t task, int) {
        Nanoseconds const before = task == 0 ? clock_now() : 0;
        take_float_status();
        body(task);
        if (int const raised = take_float_status()) status |= raised;
        if (task == 0) loop.note(clock_now() - before, first);
      },
      alone);
  raise_float_status(status);
}

// ------------------------------------------------------------------------------------------------
// One output
// ------------------------------------------------------------------------------------------------

constexpr intptr_t kNode = 1 << 14;  // elements that one task folds, at least
constexpr int kMostHalvings = 8;
constexpr int kMostBytes = 16;  // of a result

// The part of n numbers that node `index` of 2^halvings has: where it begins, and how long it is.
inline intptr_t find_node(Division division, intptr_t index, int halvings, intptr_t *n) {
  intptr_t const all = *n;
  if (division == kAnywhere) {
    intptr_t const first = index * (all >> halvings);
    *n = index + 1 == intptr_t(1) << halvings ? all - first : all >> halvings;
    return first;
  }
  intptr_t first = 0;
  for (int bit = halvings - 1; bit >= 0; --bit) {
    intptr_t const half = first_half(*n);
    bool const second = index >> bit & 1;
    first += second ? half : 0;
    *n = second ? *n - half : half;
  }
  return first;
}

inline void fold_run(intptr_t n, intptr_t step, char *const *start, FoldLoop const &fold) {
  int halvings = 0;
  if (fold.division != kInOrder) {
    while (halvings < kMostHalvings && n >> (halvings + 1) >= kNode) ++halvings;
  }
  intptr_t const nodes = intptr_t(1) << halvings;
  alignas(16) char partial[kMostBytes << kMostHalvings];
  // NumPy halves the numbers that complex ones consist of.
  intptr_t const parts = fold.itemsize / fold.number_bytes;
  for (intptr_t node = 0; node < nodes; ++node) {
    // The output holds what changes nothing.
    std::memcpy(partial + node * fold.itemsize, start[0], fold.itemsize);
  }
  run_tasks(nodes, n, n >> halvings, fold.loop, [&](intptr_t node) {
    intptr_t length = n * parts;
    intptr_t const first = find_node(fold.division, node, halvings, &length) / parts;
    length /= parts;
    char *out = partial + node * fold.itemsize;
    char *pointers[] = {out, start[1] + first * step, out, start[3]};
    intptr_t const steps[] = {0, step, 0, 0};
    fold.loop.function(pointers, &length, steps, fold.loop.data);
  });
  intptr_t const one = 1, steps[] = {0, 0, 0};
  for (intptr_t left = nodes >> 1; left > 0; left >>= 1) {
    for (intptr_t node = 0; node < left; ++node) {
      char *out = partial + node * fold.itemsize, *pair = partial + 2 * node * fold.itemsize;
      char *pointers[] = {pair, pair + fold.itemsize, pair};
      fold.join(pointers, &one, steps, fold.loop.data);
      std::memmove(out, pair, fold.itemsize);
    }
  }
  std::memcpy(start[0], partial, fold.itemsize);
}

// ------------------------------------------------------------------------------------------------
// Many outputs
// ------------------------------------------------------------------------------------------------

constexpr intptr_t kColumns = 512;  // outputs beside each other that a task should have, at least

// Runs body(part, pointers) for parts of a prepared walk, divided along one of the axes along
// which the output does not move by `fixed`, which are those of the fold.
template <class Body>
inline void run_parts(Walk const &walk, char *const *start, intptr_t fixed, TimedLoop const &loop,
                      Body const &body) {
  int const last = walk.ndim - 1;
  int along = -1;
  intptr_t size = 1;
  for (int axis = 0; axis < walk.ndim; ++axis) {
    size *= walk.shape[axis];
    if (walk.strides[axis][0] == fixed) continue;
    // Neighbours stay together where there is another axis.
    bool const better = along < 0 || (axis == last ? walk.shape[along] * kColumns < walk.shape[axis]
                                                   : walk.shape[along] < walk.shape[axis]);
    if (better) along = axis;
  }
  Nanoseconds const cost = loop.read();
  if (along < 0 || cost == 0 || cost * Nanoseconds(size) < kWorthThreads) {
    run_tasks(1, size, size, loop, [&](intptr_t) { body(walk, start); });
    return;
  }
  intptr_t const length = walk.shape[along];
  intptr_t chunk = std::max(intptr_t(1), intptr_t(kTask / cost / Nanoseconds(size / length)));
  if (along == last) chunk = (chunk + kColumns - 1) / kColumns * kColumns;
  chunk = std::min(chunk, length);
  intptr_t const tasks = (length + chunk - 1) / chunk;
  run_tasks(tasks, size, chunk * (size / length), loop, [&](intptr_t task) {
    Walk part = walk;
    char *pointers[kMaxOperands];
    part.shape[along] = std::min(chunk, length - task * chunk);
    for (int k = 0; k < walk.operands; ++k) {
      pointers[k] = start[k] + task * chunk * walk.strides[along][k];
    }
    body(part, pointers);
  });
}

// As walk_run, for a prepared walk of a fold, whose output does not move along its axes.
inline void fold_walk(Walk const &walk, char *const *start, FoldLoop const &fold) {
  int const last = walk.ndim - 1;
  bool const rows = fold.rows && last > 0 && walk.strides[last - 1][0] == 0 &&
                    walk.strides[last][0] == fold.itemsize &&
                    walk.strides[last][1] == fold.itemsize;
  if (!rows) {
    walk_run(walk, start, fold.loop.function, fold.loop.data);
    return;
  }
  walk_outer(walk, start, 2, [&](char **pointers) {
    fold.rows(pointers, walk.shape[last - 1], walk.strides[last - 1][1], walk.shape[last]);
  });
}

// The same for many elements.
inline void fold_walk_long(Walk const &walk, char *const *start, FoldLoop const &fold) {
  if (walk.ndim == 1 && walk.strides[0][0] == 0) {
    fold_run(walk.shape[0], walk.strides[0][1], start, fold);
    return;
  }
  run_parts(walk, start, 0, fold.loop, [&](Walk const &part, char *const *pointers) {
    fold_walk(part, pointers, fold);
  });
}

// As walk_run, for a running fold of many elements, whose outputs are `step` bytes apart along its
// axis.
inline void scan_walk_long(Walk const &walk, char *const *start, intptr_t step,
                           TimedLoop const &loop) {
  run_parts(walk, start, step, loop, [&](Walk const &part, char *const *pointers) {
    walk_run(part, pointers, loop.function, loop.data);
  });
}

}  // namespace tl
