// Steps of optimizers: kernels that each work on many tensors.
#pragma once

#include "elementwise.cuh"
#include "update_rules.h"

namespace tl {
namespace update {

constexpr int kMostTensors = 64;     // in a launch, whose arguments are 4 KB at most
constexpr int kElements = 1 << 11;   // that a block works on

// What a launch works on: for each tensor, and what goes with it, one run of elements.
// `optimize.py` fills it.
template <int operands>
struct Runs {
  int64_t count;
  int64_t first[kMostTensors];  // the number of a tensor's first block
  int64_t size[kMostTensors];
  int64_t address[operands][kMostTensors];

  // The tensor that a block works on.
  TL_HD int find(int64_t block) const {
    int low = 0, high = int(count);
    while (high - low > 1) {
      int const middle = (low + high) / 2;
      (first[middle] <= block ? low : high) = middle;
    }
    return low;
  }

  template <class T>
  TL_HD T *data(int operand, int tensor) const {
    return reinterpret_cast<T *>(address[operand][tensor]);
  }
};

// A number that is known when the kernel is compiled.
template <int n>
struct Constant {
  static constexpr int value = n;
};

// f(first, number) for the elements of a block: `width` of them at once, at the end one by one.
template <int width, int operands, class Function>
TL_HD void for_elements(const Runs<operands> &runs, int tensor, int64_t block, Function f) {
  int64_t const begin = (block - runs.first[tensor]) * kElements, size = runs.size[tensor];
  int64_t const end = size - begin < kElements ? size : begin + kElements;
  for (int64_t i = begin + threadIdx.x * width; i < end; i += 256 * width) {
    if (i + width <= end) {
      f(i, Constant<width>());
    } else {
      for (int64_t k = i; k < end; ++k) f(k, Constant<1>());
    }
  }
}

struct Numbers {
  double values[12];
};

// A rule of `update_rules.h`. Operands are the parameter, its gradient, and what is kept. In a
// graph, whose launches are repeated, each tensor has its numbers in a row of the device's memory.
template <template <class> class RuleOf, class T, int width, int operands>
TL_HD void step(const Runs<operands> &runs, const Numbers &numbers, const double *rows) {
  using W = Wide<T>;
  using Rule = RuleOf<W>;
  constexpr int states = Rule::states, shared = Decay<W>::numbers;
  static_assert(operands == 2 + states);
  int const tensor = runs.find(blockIdx.x);
  const double *const row = rows + tensor * (shared + Rule::numbers);
  Decay<W> const decay = rows ? Decay<W>(row) : Decay<W>(numbers.values);
  Rule const rule = rows ? Rule(row + shared) : Rule(numbers.values + shared);
  for_elements<width>(runs, tensor, blockIdx.x, [&](int64_t i, auto many) {
    constexpr int n = decltype(many)::value;
    Pack<T, n> packs[operands];
#pragma unroll
    for (int k = 0; k < operands; ++k) packs[k] = load<n>(runs.template data<T>(k, tensor) + i);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      W x = W(packs[0].values[j]), g = W(packs[1].values[j]);
      W kept[states + 1];
#pragma unroll
      for (int k = 0; k < states; ++k) kept[k] = W(packs[2 + k].values[j]);
      decay(x, g);
      rule(x, g, kept);
      packs[0].values[j] = T(x);
#pragma unroll
      for (int k = 0; k < states; ++k) packs[2 + k].values[j] = T(kept[k]);
    }
#pragma unroll
    for (int k = 0; k < operands; ++k) {
      if (k != 1) store(runs.template data<T>(k, tensor) + i, packs[k]);
    }
  });
}

// Gradients times a number; `bad` becomes true where one was infinite or NaN.
template <class T, int width>
TL_HD void unscale(const Runs<1> &runs, double number, bool *bad) {
  using W = Wide<T>;
  W const factor = W(number);
  int const tensor = runs.find(blockIdx.x);
  bool found = false;
  for_elements<width>(runs, tensor, blockIdx.x, [&](int64_t i, auto many) {
    constexpr int n = decltype(many)::value;
    T *const address = runs.template data<T>(0, tensor) + i;
    auto pack = load<n>(address);
#pragma unroll
    for (int j = 0; j < n; ++j) {
      W const x = W(pack.values[j]);
      found |= !is_finite(x);
      pack.values[j] = T(x * factor);
    }
    store(address, pack);
  });
  if (found) *bad = true;  // whoever writes, writes the same
}

}  // namespace update
}  // namespace tl
