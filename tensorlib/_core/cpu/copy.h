// Copies between layouts of one dtype.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "parallel_loops.h"
#include "strided.h"
#include "thread_pool.h"
#include "transpose.h"

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
inline void copy_run(char *target, intptr_t target_step, char const *source, intptr_t source_step,
                     intptr_t n, bool past = false) {
  if (source_step == size && target_step == size) {
    if (past && n * size >= 4 * kLine) {
      copy_past(target, source, n * size);
    } else {
      std::memcpy(target, source, n * size);
    }
  } else if (source_step == 0 && target_step == size) {
    Bytes<size> value;
    std::memcpy(&value, source, size);
    std::fill_n(reinterpret_cast<Bytes<size> *>(target), n, value);
  } else if (target_step == size) {
    for (intptr_t i = 0; i < n; ++i, source += source_step) {
      copy_one<size>(target + i * size, source);
    }
  } else {
    for (intptr_t i = 0; i < n; ++i) {
      copy_one<size>(target + i * target_step, source + i * source_step);
    }
  }
}

// The axis along which the target is contiguous where the source is so along the last one, which
// is not the target's; else the last.
inline int transposed_axis(Walk const &walk, intptr_t itemsize) {
  int const last = walk.ndim - 1;
  if (walk.strides[last][0] == itemsize && walk.strides[last][1] != itemsize) {
    for (int axis = last - 1; axis >= 0; --axis) {
      if (walk.strides[axis][1] == itemsize) return axis;
    }
  }
  return last;
}

template <int size>
inline void copy_part(Walk walk, char *const *start, int along, bool past) {
  int const last = walk.ndim - 1;
  if (along == last) {
    intptr_t const n = walk.shape[last];
    intptr_t const *const steps = walk.strides[last];
    walk_outer(walk, start, 1,
               [&](char **at) { copy_run<size>(at[1], steps[1], at[0], steps[0], n, past); });
  } else {
    std::swap(walk.shape[along], walk.shape[last - 1]);
    std::swap(walk.strides[along], walk.strides[last - 1]);
    walk_outer(walk, start, 2, [&](char **at) {
      copy_transposed<size>(at[1], walk.strides[last][1], at[0], walk.strides[last - 1][0],
                            walk.shape[last - 1], walk.shape[last], past);
    });
  }
  if (past) written_past();
}

// Operand 0 is the source, operand 1 the target; `walk` is prepared. Long copies are shared by
// threads, in parts of the longest axis.
inline void copy_walk(Walk const &walk, char *const *start, intptr_t itemsize) {
  constexpr intptr_t past_cache = 4 << 20;           // bytes; caches near a core have less
  constexpr Nanoseconds element = 0.3, byte = 0.05;  // alone
  intptr_t size = 1;
  int longest = 0;
  for (int axis = 0; axis < walk.ndim; ++axis) {
    size *= walk.shape[axis];
    if (walk.shape[axis] > walk.shape[longest]) longest = axis;
  }
  with_itemsize(itemsize, [&](auto item) {
    constexpr int width = sizeof(item);
    if (walk.ndim == 0) return copy_one<width>(start[1], start[0]);
    int const last = walk.ndim - 1, along = transposed_axis(walk, width);
    bool const past = size * width >= past_cache;
    bool const contiguous = walk.strides[last][0] == width && walk.strides[last][1] == width;
    Nanoseconds const alone = Nanoseconds(size) * (width * byte + (contiguous ? 0 : element));
    int const threads = threads_for(alone);
    if (threads <= 1) {
      return copy_part<width>(walk, start, along, past);
    }
    // Parts begin with a line, for what began so as a whole.
    intptr_t const length = walk.shape[longest];
    intptr_t part = intptr_t(Nanoseconds(length) * kTask / alone) / kLine * kLine;
    part = std::max(part, kLine);
    parallel_for(
        (length + part - 1) / part, threads,
        [&](intptr_t task, int) {
          Walk piece = walk;
          piece.shape[longest] = std::min(part, length - task * part);
          char *at[2];
          for (int k = 0; k < 2; ++k) at[k] = start[k] + task * part * walk.strides[longest][k];
          copy_part<width>(piece, at, along, past);
        },
        alone);
  });
}

}  // namespace tl
