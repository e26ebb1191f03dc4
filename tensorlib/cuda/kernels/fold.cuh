// Folds over axes.
//
// A fold is an object that knows where its elements are and how they become one:
//
//   State               what is known of some of the elements
//   State first()       of none of them
//   auto load<n>(at)    n adjacent elements, as they are in memory; `at` counts elements
//   State of(loaded, k, at, place)  of the k-th of them, which is at `at` and the place-th of
//                       those that are folded
//   State merge(a, b)
//   State then(a, b)    the same, where all elements of b are behind those of a
//   int lead(at)        how many elements lie before the next multiple of 16 bytes
//   void store(at, state)  write a result
//
// Which thread takes which elements does not depend on the GPU, so neither do results.
#pragma once

#include "elementwise.cuh"

namespace tl {

constexpr int kThreads = 256;  // of a block
constexpr int kWarp = 32;

// How work is shared; folds.py fills it.
struct Shares {
  int64_t parts;  // into which the elements of an output are divided
  int64_t share;  // how many each part has
  int64_t group;  // of rows: threads for a part; of columns: columns beside each other
};

TL_HD int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// What another lane of the warp has, whatever its type.
template <class T, class Shuffle>
__device__ __forceinline__ T shuffled_by(T value, Shuffle shuffle) {
  uint32_t words[(sizeof(T) + 3) / 4] = {};
  memcpy(words, &value, sizeof(T));
  for (uint32_t &word : words) word = shuffle(word);
  memcpy(&value, words, sizeof(T));
  return value;
}

template <class T>
__device__ __forceinline__ T shuffled(T value, int lanes) {
  return shuffled_by(value, [=](uint32_t word) {
    return uint32_t(__shfl_xor_sync(0xffffffff, word, lanes));
  });
}

// One state of those that a group of threads have: a power of two up to a warp, or the block.
// All threads of the block must come here; all of a group get it.
template <class Fold, class State>
__device__ State fold_group(const Fold &fold, State state, int group) {
  for (int lanes = 1; lanes < group && lanes < kWarp; lanes *= 2) {
    state = fold.merge(state, shuffled(state, lanes));
  }
  if (group > kWarp) {
    __shared__ State warps[kThreads / kWarp];
    if (threadIdx.x % kWarp == 0) warps[threadIdx.x / kWarp] = state;
    __syncthreads();
    state = warps[0];
    for (int k = 1; k < kThreads / kWarp; ++k) state = fold.merge(state, warps[k]);
    __syncthreads();  // before someone writes there again
  }
  return state;
}

// Neighbours, by halves.
template <int n, class Fold, class Loaded>
TL_HD typename Fold::State fold_pack(const Fold &fold, const Loaded &loaded, int first, int64_t at,
                                     int64_t place) {
  if constexpr (n == 1) {
    return fold.of(loaded, first, at + first, place + first);
  } else {
    return fold.then(fold_pack<n / 2>(fold, loaded, first, at, place),
                     fold_pack<n / 2>(fold, loaded, first + n / 2, at, place));
  }
}

constexpr int kAtOnce = 4;  // loads of a thread that are under way

// A lane's elements: those of packs lane, lane + lanes ... below `packs`, which begin at where(i).
template <int width, class Fold, class Where>
__device__ typename Fold::State fold_lane(const Fold &fold, int64_t packs, int64_t place, int lane,
                                          int lanes, Where where) {
  using Loaded = decltype(fold.template load<width>(0));
  constexpr int n = kAtOnce;
  typename Fold::State states[n];
  for (auto &state : states) state = fold.first();
  int64_t i = lane;
  for (; i + (n - 1) * int64_t(lanes) < packs; i += n * int64_t(lanes)) {
    Loaded loaded[n];
    int64_t at[n];
#pragma unroll
    for (int k = 0; k < n; ++k) {
      at[k] = where(i + k * int64_t(lanes));
      loaded[k] = fold.template load<width>(at[k]);
    }
#pragma unroll
    for (int k = 0; k < n; ++k) {
      int64_t const here = place + (i + k * int64_t(lanes)) * width;
      states[k] = fold.then(states[k], fold_pack<width>(fold, loaded[k], 0, at[k], here));
    }
  }
  for (; i < packs; i += lanes) {
    int64_t const at = where(i);
    states[0] = fold.merge(states[0], fold_pack<width>(fold, fold.template load<width>(at), 0, at,
                                                       place + i * width));
  }
#pragma unroll
  for (int step = 1; step < n; step *= 2) {
#pragma unroll
    for (int k = 0; k < n; k += 2 * step) states[k] = fold.merge(states[k], states[k + step]);
  }
  return states[0];
}

// The same, of `n` elements one after the other; the first is at `at`.
template <int width, class Fold>
__device__ typename Fold::State fold_adjacent(const Fold &fold, int64_t at, int64_t n,
                                              int64_t place, int lane, int lanes) {
  if constexpr (width == 1) {
    return fold_lane<1>(fold, n, place, lane, lanes, [=](int64_t i) { return at + i; });
  } else {
    int64_t const head = least(n, fold.lead(at)), packs = (n - head) / width;
    auto state = fold_lane<width>(fold, packs, place + head, lane, lanes,
                                  [=](int64_t i) { return at + head + i * width; });
    // What lies before the first and after the last pack.
    int64_t const skipped = packs * width, single = n - skipped;
    for (int64_t k = lane; k < single; k += lanes) {
      int64_t const i = k < head ? k : k + skipped;
      state = fold.merge(state, fold.of(fold.template load<1>(at + i), 0, at + i, place + i));
    }
    return state;
  }
}

// body(row, lane, whether there is such a row) for the rows of each group of threads. All threads of
// a block go through the same number of them.
template <class Body>
__device__ void for_rows(int64_t rows, int group, Body body) {
  int const lane = threadIdx.x % group, beside = kThreads / group;
  for (int64_t tile = blockIdx.x; tile * beside < rows; tile += gridDim.x) {
    int64_t const row = tile * beside + threadIdx.x / group;
    body(row, lane, row < rows);
  }
}

// Groups of threads with an output or a part of one each, whose elements are mostly neighbours.
// Without `adjacent` they are walked by packs. Index can count all elements.
template <int width, bool adjacent, class Index, int most, class Fold>
__device__ void fold_rows(const Fold &fold, const Strides<most, 2> &kept,
                          const Strides<most, 1> &reduced, const Shares &shares,
                          typename Fold::State *partial) {
  int const group = int(shares.group), lane = threadIdx.x % group, beside = kThreads / group;
  int64_t const rows = kept.size * shares.parts;
  for (int64_t tile = blockIdx.x; tile * beside < rows; tile += gridDim.x) {
    int64_t const row = tile * beside + threadIdx.x / group;
    int64_t at[2] = {0, 0};
    auto state = fold.first();
    if (row < rows) {
      int64_t const output = shares.parts == 1 ? row : row / shares.parts;
      int64_t const begin = (row - output * shares.parts) * shares.share;
      int64_t const n = least(shares.share, reduced.size - begin);
      kept.find(Index(output), at);
      if constexpr (adjacent) {
        // With a constant distance between loads more of them are under way.
        state = group == kThreads
                    ? fold_adjacent<width>(fold, at[0] + begin, n, begin, lane, kThreads)
                    : fold_adjacent<width>(fold, at[0] + begin, n, begin, lane, group);
      } else {
        state = fold_lane<width>(fold, n, begin * width, lane, group, [&](int64_t i) {
          int64_t offset[1];
          reduced.find(Index(begin + i), offset);
          return at[0] + offset[0];
        });
      }
    }
    state = fold_group(fold, state, group);
    if (row < rows && lane == 0) {
      if (partial) {
        partial[row] = state;
      } else {
        fold.store(at[1], state);
      }
    }
  }
}

// Threads with an output or `width` of them each, where neighbours are kept; the block's other
// threads have other elements of the same outputs.
template <int width, class Index, int most, class Fold>
__device__ void fold_columns(const Fold &fold, const Strides<most, 2> &kept,
                             const Strides<most, 1> &reduced, const Shares &shares,
                             typename Fold::State *partial) {
  using Loaded = decltype(fold.template load<width>(0));
  constexpr int n = kAtOnce;
  __shared__ typename Fold::State lines[kThreads * width];
  int const across = int(shares.group), down = kThreads / across;
  int const x = threadIdx.x % across, y = threadIdx.x / across;
  int64_t const columns = kept.size / width, strips = (columns + across - 1) / across;
  int64_t const step = kept.ndim > 0 ? kept.strides[kept.ndim - 1][1] : 0;
  for (int64_t tile = blockIdx.x; tile < strips * shares.parts; tile += gridDim.x) {
    int64_t const part = tile / strips, column = (tile - part * strips) * across + x;
    int64_t at[2] = {0, 0};
    typename Fold::State states[width];
    for (auto &state : states) state = fold.first();
    if (column < columns) {
      kept.find(Index(column * width), at);
      int64_t const begin = part * shares.share;
      int64_t const end = least(begin + shares.share, reduced.size);
      auto const where = [&](int64_t i) {
        int64_t offset[1];
        reduced.find(Index(i), offset);
        return at[0] + offset[0];
      };
      int64_t i = begin + y;
      for (; i + (n - 1) * down < end; i += n * down) {
        Loaded loaded[n];
        int64_t places[n];
#pragma unroll
        for (int k = 0; k < n; ++k) {
          places[k] = where(i + k * down);
          loaded[k] = fold.template load<width>(places[k]);
        }
#pragma unroll
        for (int k = 0; k < n; ++k) {
#pragma unroll
          for (int j = 0; j < width; ++j) {
            states[j] = fold.then(states[j], fold.of(loaded[k], j, places[k] + j, i + k * down));
          }
        }
      }
      for (; i < end; i += down) {
        int64_t const place = where(i);
        auto const loaded = fold.template load<width>(place);
#pragma unroll
        for (int j = 0; j < width; ++j) {
          states[j] = fold.then(states[j], fold.of(loaded, j, place + j, i));
        }
      }
    }
    for (int j = 0; j < width; ++j) lines[threadIdx.x + j * kThreads] = states[j];
    __syncthreads();
    for (int rows = down / 2; rows > 0; rows /= 2) {
      if (y < rows) {
        for (int j = 0; j < width; ++j) {
          auto &line = lines[threadIdx.x + j * kThreads];
          line = fold.merge(line, lines[threadIdx.x + rows * across + j * kThreads]);
        }
      }
      __syncthreads();
    }
    if (y == 0 && column < columns) {
      for (int j = 0; j < width; ++j) {
        auto const &state = lines[x + j * kThreads];
        if (partial) {
          partial[(column * width + j) * shares.parts + part] = state;
        } else {
          fold.store(at[1] + j * step, state);
        }
      }
    }
    __syncthreads();
  }
}

// The parts of each output become one.
template <class Index, int most, class Fold>
__device__ void fold_parts(const Fold &fold, const Strides<most, 2> &kept, const Shares &shares,
                           const typename Fold::State *partial) {
  int const group = int(shares.group), lane = threadIdx.x % group, beside = kThreads / group;
  for (int64_t tile = blockIdx.x; tile * beside < kept.size; tile += gridDim.x) {
    int64_t const output = tile * beside + threadIdx.x / group;
    auto state = fold.first();
    if (output < kept.size) {
      for (int64_t i = lane; i < shares.parts; i += group) {
        state = fold.merge(state, partial[output * shares.parts + i]);
      }
    }
    state = fold_group(fold, state, group);
    if (output < kept.size && lane == 0) {
      int64_t at[2];
      kept.find(Index(output), at);
      fold.store(at[1], state);
    }
  }
}

}  // namespace tl
