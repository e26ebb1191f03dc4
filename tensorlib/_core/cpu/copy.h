// Copies between layouts of one dtype.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "strided.h"

namespace tl {

// So many bytes, moved as one value.
template <int size>
struct Bytes {
  char bytes[size];
};

// Calls f(Bytes<itemsize>()) for the size of a dtype.
template <class Function>
inline void with_itemsize(intptr_t itemsize, Function f) {
  switch (itemsize) {
    case 1: return f(Bytes<1>());
    case 2: return f(Bytes<2>());
    case 4: return f(Bytes<4>());
    case 8: return f(Bytes<8>());
    case 16: return f(Bytes<16>());
  }
}

template <int size>
inline void copy_one(char *target, char const *source) {
  std::memcpy(target, source, size);
}

template <int size>
inline void copy_run(char *target, intptr_t target_step, char const *source, intptr_t source_step,
                     intptr_t n) {
  if (source_step == size && target_step == size) {
    std::memcpy(target, source, n * size);
  } else if (source_step == 0 && target_step == size) {
    Bytes<size> value;
    std::memcpy(&value, source, size);
    std::fill_n(reinterpret_cast<Bytes<size> *>(target), n, value);
  } else {
    for (intptr_t i = 0; i < n; ++i) {
      copy_one<size>(target + i * target_step, source + i * source_step);
    }
  }
}

// target[j][i] = source[i][j], where the source is contiguous along j and the target along i. By
// way of a block of whole cache lines of both, so that each line is read and written but once.
template <int size>
inline void copy_transposed(char *target, intptr_t target_stride, char const *source,
                            intptr_t source_stride, intptr_t rows, intptr_t columns) {
  constexpr intptr_t side = 64 / size;
  char block[side * side * size];
  for (intptr_t i = 0; i < rows; i += side) {
    for (intptr_t j = 0; j < columns; j += side) {
      intptr_t height = std::min(side, rows - i), width = std::min(side, columns - j);
      char const *from = source + i * source_stride + j * size;
      char *to = target + j * target_stride + i * size;
      if (height == side && width == side) {
        for (intptr_t a = 0; a < side; ++a) {
          std::memcpy(block + a * side * size, from + a * source_stride, side * size);
        }
        for (intptr_t b = 0; b < side; ++b) {
          for (intptr_t a = 0; a < side; ++a) {
            copy_one<size>(to + b * target_stride + a * size, block + (a * side + b) * size);
          }
        }
      } else {
        for (intptr_t b = 0; b < width; ++b) {
          for (intptr_t a = 0; a < height; ++a) {
            copy_one<size>(to + b * target_stride + a * size, from + a * source_stride + b * size);
          }
        }
      }
    }
  }
}

// Operand 0 is the source, operand 1 the target; `walk` is prepared.
inline void copy_walk(Walk walk, char *const *start, intptr_t itemsize) {
  with_itemsize(itemsize, [&](auto element) {
    constexpr int size = sizeof(element);
    int const last = walk.ndim - 1;
    if (last < 0) return copy_one<size>(start[1], start[0]);
    // The axis along which the target is contiguous, if that is not the source's.
    int along = last;
    if (walk.strides[last][0] == size && walk.strides[last][1] != size) {
      for (int axis = 0; axis < last; ++axis) {
        if (walk.strides[axis][1] == size) along = axis;
      }
    }
    if (along == last) {
      intptr_t const n = walk.shape[last];
      intptr_t const *const steps = walk.strides[last];
      walk_outer(walk, start, 1,
                 [&](char **at) { copy_run<size>(at[1], steps[1], at[0], steps[0], n); });
      return;
    }
    std::swap(walk.shape[along], walk.shape[last - 1]);
    std::swap(walk.strides[along], walk.strides[last - 1]);
    walk_outer(walk, start, 2, [&](char **at) {
      copy_transposed<size>(at[1], walk.strides[last][1], at[0], walk.strides[last - 1][0],
                            walk.shape[last - 1], walk.shape[last]);
    });
  });
}

}  // namespace tl
