// Walks over broadcast operands: axes in the order of memory, merged where they can be, and one
// inner loop call for each run along the last.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tl {

constexpr int kMaxDims = 64;
constexpr int kMaxOperands = 8;

typedef void (*Loop)(char **args, intptr_t const *dims, intptr_t const *steps, void *data);

struct Walk {
  int ndim;
  int operands;
  intptr_t shape[kMaxDims];
  intptr_t strides[kMaxDims][kMaxOperands];  // bytes; zero where an operand is broadcast
};

// Whether axis a should be inside axis b: the first operand that moves along both decides.
inline bool inside(const Walk &walk, int a, int b) {
  for (int k = 0; k < walk.operands; ++k) {
    intptr_t const step_a = std::abs(walk.strides[a][k]);
    intptr_t const step_b = std::abs(walk.strides[b][k]);
    if (step_a && step_b && step_a != step_b) return step_a < step_b;
  }
  return false;
}

inline void move_axis(Walk *walk, int from, int to) {
  walk->shape[to] = walk->shape[from];
  for (int k = 0; k < walk->operands; ++k) walk->strides[to][k] = walk->strides[from][k];
}

// Drop axes of length one, sort the rest from large strides to small, merge neighbours.
// False if there is nothing to walk over.
inline bool walk_prepare(Walk *walk) {
  int ndim = 0;
  for (int i = 0; i < walk->ndim; ++i) {
    if (walk->shape[i] == 0) return false;
    if (walk->shape[i] != 1) {
      if (ndim != i) move_axis(walk, i, ndim);
      ++ndim;
    }
  }
  for (int i = 1; i < ndim; ++i) {
    for (int j = i; j > 0 && inside(*walk, j - 1, j); --j) {
      intptr_t const length = walk->shape[j];
      intptr_t steps[kMaxOperands];
      for (int k = 0; k < walk->operands; ++k) steps[k] = walk->strides[j][k];
      move_axis(walk, j - 1, j);
      walk->shape[j - 1] = length;
      for (int k = 0; k < walk->operands; ++k) walk->strides[j - 1][k] = steps[k];
    }
  }
  int last = 0;
  for (int i = 1; i < ndim; ++i) {
    bool merge = true;
    for (int k = 0; k < walk->operands; ++k) {
      merge &= walk->strides[last][k] == walk->strides[i][k] * walk->shape[i];
    }
    if (merge) {
      walk->shape[last] *= walk->shape[i];
      for (int k = 0; k < walk->operands; ++k) walk->strides[last][k] = walk->strides[i][k];
    } else {
      ++last;
      if (last != i) move_axis(walk, i, last);
    }
  }
  walk->ndim = ndim ? last + 1 : 0;
  return true;
}

// Call inner(pointers) for each position of all axes but the last `skipped`.
template <class Inner>
inline void walk_outer(const Walk &walk, char *const *start, int skipped, Inner inner) {
  char *pointers[kMaxOperands] = {nullptr};
  for (int k = 0; k < walk.operands; ++k) pointers[k] = start[k];
  int const outer = walk.ndim - skipped;
  if (outer <= 0) {
    inner(pointers);
    return;
  }
  intptr_t position[kMaxDims];
  for (int i = 0; i < outer; ++i) position[i] = 0;
  for (;;) {
    char *arguments[kMaxOperands];  // loops may change theirs
    std::memcpy(arguments, pointers, sizeof pointers);  // all of them: no call of memcpy
    inner(arguments);
    int axis = outer - 1;
    for (; axis >= 0; --axis) {
      if (++position[axis] < walk.shape[axis]) {
        for (int k = 0; k < walk.operands; ++k) pointers[k] += walk.strides[axis][k];
        break;
      }
      position[axis] = 0;
      for (int k = 0; k < walk.operands; ++k) {
        pointers[k] -= walk.strides[axis][k] * (walk.shape[axis] - 1);
      }
    }
    if (axis < 0) return;
  }
}

inline void walk_run(const Walk &walk, char *const *start, Loop loop, void *data) {
  intptr_t const one = 1;
  intptr_t const zeros[kMaxOperands] = {0};
  intptr_t const *length = walk.ndim ? &walk.shape[walk.ndim - 1] : &one;
  intptr_t const *steps = walk.ndim ? walk.strides[walk.ndim - 1] : zeros;
  walk_outer(walk, start, 1, [&](char **pointers) { loop(pointers, length, steps, data); });
}

// The same, with a call for each element.
inline void walk_each(const Walk &walk, char *const *start, Loop loop, void *data) {
  intptr_t const one = 1;
  intptr_t const zeros[kMaxOperands] = {0};
  walk_outer(walk, start, 0, [&](char **pointers) { loop(pointers, &one, zeros, data); });
}

// A loop with core dimensions, along the last axis of a walk over the outer ones: dims[1...] and
// the steps after one for each operand are of the core.
inline void walk_core(const Walk &walk, char *const *start, Loop loop, void *data, intptr_t *dims,
                      intptr_t *steps) {
  bool const flat = walk.ndim == 0;
  dims[0] = flat ? 1 : walk.shape[walk.ndim - 1];
  for (int k = 0; k < walk.operands; ++k) steps[k] = flat ? 0 : walk.strides[walk.ndim - 1][k];
  walk_outer(walk, start, 1, [&](char **pointers) { loop(pointers, dims, steps, data); });
}

}  // namespace tl
