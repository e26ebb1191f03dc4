// Attention in tiles of queries and keys: the matrix of scores is never whole.
//
// A block of 16 x 16 threads has a tile of scores, of which each thread has `side` x `side` in
// registers, and multiplies it with tiles of columns. Columns that no registers are left for are
// those of other blocks, which compute the same scores. The softmax keeps a running maximum and
// sum (Rabe and Staats, 2021, arXiv:2112.05682); gradients come from scores that are computed again
// (Dao et al., 2022, arXiv:2205.14135), keys and queries by kernels of their own, so that nothing
// is added to by several blocks.
#pragma once

#include "functors.h"

namespace tl {
namespace attention {

constexpr int kMostOuter = 8;
constexpr int kDepth = 32;  // of the strips of operands in shared memory
enum MaskKind { kNoMask, kTruths, kAddends };

// A stack of matrices; strides count elements, and are zero where an operand is repeated.
struct Operand {
  int64_t outer[kMostOuter];
  int64_t row, column;
};

// `attention.py` fills it.
struct Problem {
  int64_t heads, queries, keys, width, value_width, causal, outer;
  int64_t shape[kMostOuter];
  Operand query, key, value, mask;
  Operand g;  // of the gradient

  TL_HD int64_t offset(const Operand &x, int64_t head) const {
    int64_t result = 0;
    for (int axis = int(outer) - 1; axis >= 0; --axis) {
      result += head % shape[axis] * x.outer[axis];
      head /= shape[axis];
    }
    return result;
  }
};

// A matrix, of which rows from `first` on belong to a tile.
template <class T>
struct Matrix {
  const T *data;
  int64_t row, column, rows, columns;

  TL_HD Wide<T> at(int64_t i, int64_t j) const {
    return i < rows && j < columns ? Wide<T>(data[i * row + j * column]) : Wide<T>(0);
  }
};

template <class T>
TL_HD Matrix<T> matrix(const T *data, const Problem &p, const Operand &x, int64_t head,
                       int64_t rows, int64_t columns) {
  return {data + p.offset(x, head), x.row, x.column, rows, columns};
}

template <class W>
TL_HD W limited_below(W x) {  // -inf has no differences
  return x == -infinity<W>() ? W(0) : x;
}

// What the threads of a block do together. W is the type of sums; `side` squared is the number of
// elements that a thread has of a tile, `strips` the number of tiles side by side in a result.
template <class T, int side, int strips>
struct Tiles {
  using W = Wide<T>;
  static constexpr int size = 16 * side;
  typedef W Tile[side][side];

  struct Shared {
    W weights[size][size + 1];
    W left[kDepth][size + 1], right[kDepth][size + 1];
  };

  Shared &shared;
  int const x, y;

  TL_HD explicit Tiles(Shared &shared)
      : shared(shared), x(threadIdx.x % 16), y(threadIdx.x / 16) {}

  // to[column - first_column][row - first_row]
  template <class V>
  TL_HD void read_turned(W (&to)[kDepth][size + 1], const Matrix<V> &from, int64_t first_row,
                         int64_t first_column) const {
    for (int k = threadIdx.x; k < size * kDepth; k += 256) {
      int const i = k / kDepth, j = k % kDepth;
      to[j][i] = from.at(first_row + i, first_column + j);
    }
  }

  // to[row - first_row][column - first_column]
  template <class V>
  TL_HD void read(W (&to)[kDepth][size + 1], const Matrix<V> &from, int64_t first_row,
                  int64_t first_column) const {
    for (int k = threadIdx.x; k < size * kDepth; k += 256) {
      int const i = k / size, j = k % size;
      to[i][j] = from.at(first_row + i, first_column + j);
    }
  }

  // sums[i][j] = inner product of row y + 16 i of a's tile with row x + 16 j of b's
  template <class A, class B>
  TL_HD void inner_products(const Matrix<A> &a, int64_t first_a, const Matrix<B> &b,
                            int64_t first_b, Tile &sums) const {
#pragma unroll
    for (int i = 0; i < side; ++i) {
#pragma unroll
      for (int j = 0; j < side; ++j) sums[i][j] = 0;
    }
    for (int64_t depth = 0; depth < a.columns; depth += kDepth) {
      __syncthreads();
      read_turned(shared.left, a, first_a, depth);
      read_turned(shared.right, b, first_b, depth);
      __syncthreads();
      multiply(shared.left, shared.right, kDepth, sums);
    }
  }

  // Put a tile where `add_products` finds it, by rows or by columns.
  TL_HD void keep(const Tile &tile, bool turned) const {
    __syncthreads();
#pragma unroll
    for (int i = 0; i < side; ++i) {
#pragma unroll
      for (int j = 0; j < side; ++j) {
        int const row = y + 16 * i, column = x + 16 * j;
        shared.weights[turned ? column : row][turned ? row : column] = tile[i][j];
      }
    }
  }

  // results[strip][i][j] += sum over k of weights[k][y + 16 i] * b[first + k][column + x + 16 j]
  template <class B>
  TL_HD void add_products(const Matrix<B> &b, int64_t first, int64_t column,
                          Tile (&results)[strips]) const {
    for (int start = 0; start < size; start += kDepth) {
#pragma unroll
      for (int strip = 0; strip < strips; ++strip) {
        __syncthreads();
        read(shared.right, b, first + start, column + strip * size);
        __syncthreads();
        multiply(shared.weights + start, shared.right, kDepth, results[strip]);
      }
    }
  }

  // sums[i][j] += sum over k of a[k][y + 16 i] * b[k][x + 16 j]
  TL_HD void multiply(const W (*a)[size + 1], const W (*b)[size + 1], int depth,
                      Tile &sums) const {
#pragma unroll 4
    for (int k = 0; k < depth; ++k) {
      W left[side], right[side];
#pragma unroll
      for (int i = 0; i < side; ++i) left[i] = a[k][y + 16 * i];
#pragma unroll
      for (int j = 0; j < side; ++j) right[j] = b[k][x + 16 * j];
#pragma unroll
      for (int i = 0; i < side; ++i) {
#pragma unroll
        for (int j = 0; j < side; ++j) sums[i][j] = math::fma(left[i], right[j], sums[i][j]);
      }
    }
  }

  // The scores of queries from `first` on with keys from `first_key` on, masked.
  TL_HD void score(const Problem &p, const Matrix<T> &query, const Matrix<T> &key,
                   const void *mask, int64_t mask_offset, int mask_kind, W scale, int64_t first,
                   int64_t first_key, Tile &scores) const {
    inner_products(query, first, key, first_key, scores);
#pragma unroll
    for (int i = 0; i < side; ++i) {
      int64_t const q = first + y + 16 * i;
#pragma unroll
      for (int j = 0; j < side; ++j) {
        int64_t const k = first_key + x + 16 * j;
        W &s = scores[i][j];
        s *= scale;
        if (q >= p.queries || k >= p.keys || (p.causal && k > q)) {
          s = -infinity<W>();
        } else if (mask_kind != kNoMask) {
          int64_t const place = mask_offset + q * p.mask.row + k * p.mask.column;
          if (mask_kind == kAddends) {
            s += W(static_cast<const T *>(mask)[place]);
          } else if (!static_cast<const bool *>(mask)[place]) {
            s = -infinity<W>();
          }
        }
      }
    }
  }
};

// What the 16 threads of a row have, together.
template <class W>
TL_HD W row_maximum(W value) {
  for (int step = 8; step > 0; step /= 2) {
    W const other = __shfl_xor_sync(0xffffffffu, value, step);
    value = other > value ? other : value;
  }
  return value;
}
template <class W>
TL_HD W row_sum(W value) {
  for (int step = 8; step > 0; step /= 2) value += __shfl_xor_sync(0xffffffffu, value, step);
  return value;
}

// Weighted values of one tile of queries, in some columns, and logarithms of sums.
template <class T, int side, int strips>
TL_HD void forward(const Problem &p, double scale, int mask_kind, const T *query, const T *key,
                   const T *value, const void *mask, T *out, Wide<T> *logsumexp) {
  using Block = Tiles<T, side, strips>;
  using W = typename Block::W;
  __shared__ typename Block::Shared shared;
  Block const block(shared);
  int const x = block.x, y = block.y;
  int64_t const tiles = (p.queries + Block::size - 1) / Block::size;
  int64_t const pieces = (p.value_width + strips * Block::size - 1) / (strips * Block::size);
  int64_t const parts = pieces > 0 ? pieces : 1;
  for (int64_t task = blockIdx.x; task < p.heads * tiles * parts; task += gridDim.x) {
    int64_t const head = task / parts / tiles, first = task / parts % tiles * Block::size;
    int64_t const column = task % parts * strips * Block::size;
    auto const q = matrix(query, p, p.query, head, p.queries, p.width);
    auto const k = matrix(key, p, p.key, head, p.keys, p.width);
    auto const v = matrix(value, p, p.value, head, p.keys, p.value_width);
    int64_t const mask_offset = p.offset(p.mask, head);
    W top[side], sum[side];
    typename Block::Tile results[strips] = {};
#pragma unroll
    for (int i = 0; i < side; ++i) {
      top[i] = -infinity<W>();
      sum[i] = 0;
    }
    int64_t const seen = first + Block::size;
    int64_t const limit = p.causal && seen < p.keys ? seen : p.keys;
    for (int64_t first_key = 0; first_key < limit; first_key += Block::size) {
      typename Block::Tile scores;
      block.score(p, q, k, mask, mask_offset, mask_kind, W(scale), first, first_key, scores);
#pragma unroll
      for (int i = 0; i < side; ++i) {
        W larger = top[i];
#pragma unroll
        for (int j = 0; j < side; ++j) larger = scores[i][j] > larger ? scores[i][j] : larger;
        larger = row_maximum(larger);
        W const base = limited_below(larger), factor = math::exp(top[i] - base);
        W total = 0;
#pragma unroll
        for (int j = 0; j < side; ++j) total += scores[i][j] = math::exp(scores[i][j] - base);
        sum[i] = sum[i] * factor + row_sum(total);
        top[i] = larger;
#pragma unroll
        for (int strip = 0; strip < strips; ++strip) {
#pragma unroll
          for (int j = 0; j < side; ++j) results[strip][i][j] *= factor;
        }
      }
      block.keep(scores, true);
      block.add_products(v, first_key, column, results);
    }
#pragma unroll
    for (int i = 0; i < side; ++i) {
      int64_t const row = first + y + 16 * i;
      if (row >= p.queries) continue;
      int64_t const place = head * p.queries + row;
      W const share = sum[i] == 0 ? W(0) : 1 / sum[i];  // a query that sees nothing gets zeros
      if (column == 0 && x == 0) logsumexp[place] = top[i] + math::log(sum[i]);
#pragma unroll
      for (int strip = 0; strip < strips; ++strip) {
#pragma unroll
        for (int j = 0; j < side; ++j) {
          int64_t const e = column + strip * Block::size + x + 16 * j;
          if (e < p.value_width) out[place * p.value_width + e] = T(results[strip][i][j] * share);
        }
      }
    }
  }
}

// The weights of scores, which they replace, and the gradients of the scores.
template <class Block, class T>
TL_HD void slopes(const Block &block, const Problem &p, int64_t head, const Matrix<T> &g,
                  const Matrix<T> &value, const T *delta, const T *logsumexp, int64_t first,
                  int64_t first_key, typename Block::Tile &scores, typename Block::Tile &found) {
  constexpr int side = Block::size / 16;
  block.inner_products(g, first, value, first_key, found);
#pragma unroll
  for (int i = 0; i < side; ++i) {
    int64_t const row = first + block.y + 16 * i;
    bool const there = row < p.queries;
    T const base = there ? limited_below(logsumexp[head * p.queries + row]) : T(0);
    T const less = there ? delta[head * p.queries + row] : T(0);
#pragma unroll
    for (int j = 0; j < side; ++j) {
      bool const both = there && first_key + block.x + 16 * j < p.keys;
      scores[i][j] = math::exp(scores[i][j] - base);
      found[i][j] = both ? scores[i][j] * (found[i][j] - less) : T(0);
    }
  }
}

template <class Block, class T>
TL_HD void write(const Block &block, T *to, int64_t rows, int64_t columns, int64_t first,
                 int64_t column, T factor, const typename Block::Tile &tile) {
  constexpr int side = Block::size / 16;
#pragma unroll
  for (int i = 0; i < side; ++i) {
    int64_t const row = first + block.y + 16 * i;
#pragma unroll
    for (int j = 0; j < side; ++j) {
      int64_t const e = column + block.x + 16 * j;
      if (row < rows && e < columns) to[row * columns + e] = tile[i][j] * factor;
    }
  }
}

// Gradients of a tile of queries, in some columns.
template <class T, int side, int strips>
TL_HD void query_gradient(const Problem &p, double scale, int mask_kind, const T *g,
                          const T *delta, const T *query, const T *key, const T *value,
                          const void *mask, const T *logsumexp, T *d_query) {
  using Block = Tiles<T, side, strips>;
  __shared__ typename Block::Shared shared;
  Block const block(shared);
  int64_t const tiles = (p.queries + Block::size - 1) / Block::size;
  int64_t const parts = (p.width + strips * Block::size - 1) / (strips * Block::size);
  for (int64_t task = blockIdx.x; task < p.heads * tiles * parts; task += gridDim.x) {
    int64_t const head = task / parts / tiles, first = task / parts % tiles * Block::size;
    int64_t const column = task % parts * strips * Block::size;
    auto const q = matrix(query, p, p.query, head, p.queries, p.width);
    auto const k = matrix(key, p, p.key, head, p.keys, p.width);
    auto const v = matrix(value, p, p.value, head, p.keys, p.value_width);
    auto const d = matrix(g, p, p.g, head, p.queries, p.value_width);
    int64_t const mask_offset = p.offset(p.mask, head);
    typename Block::Tile results[strips] = {};
    int64_t const seen = first + Block::size;
    int64_t const limit = p.causal && seen < p.keys ? seen : p.keys;
    for (int64_t first_key = 0; first_key < limit; first_key += Block::size) {
      typename Block::Tile scores, found;
      block.score(p, q, k, mask, mask_offset, mask_kind, T(scale), first, first_key, scores);
      slopes(block, p, head, d, v, delta, logsumexp, first, first_key, scores, found);
      block.keep(found, true);
      block.add_products(k, first_key, column, results);
    }
#pragma unroll
    for (int strip = 0; strip < strips; ++strip) {
      write(block, d_query + head * p.queries * p.width, p.queries, p.width, first,
            column + strip * Block::size, T(scale), results[strip]);
    }
  }
}

// Gradients of a tile of keys and values, in some columns of each.
template <class T, int side, int strips>
TL_HD void key_gradient(const Problem &p, double scale, int mask_kind, const T *g, const T *delta,
                        const T *query, const T *key, const T *value, const void *mask,
                        const T *logsumexp, T *d_key, T *d_value) {
  using Block = Tiles<T, side, strips>;
  __shared__ typename Block::Shared shared;
  Block const block(shared);
  int64_t const tiles = (p.keys + Block::size - 1) / Block::size;
  int64_t const widest = p.width > p.value_width ? p.width : p.value_width;
  int64_t const parts = (widest + strips * Block::size - 1) / (strips * Block::size);
  for (int64_t task = blockIdx.x; task < p.heads * tiles * parts; task += gridDim.x) {
    int64_t const head = task / parts / tiles, first_key = task / parts % tiles * Block::size;
    int64_t const column = task % parts * strips * Block::size;
    auto const q = matrix(query, p, p.query, head, p.queries, p.width);
    auto const k = matrix(key, p, p.key, head, p.keys, p.width);
    auto const v = matrix(value, p, p.value, head, p.keys, p.value_width);
    auto const d = matrix(g, p, p.g, head, p.queries, p.value_width);
    int64_t const mask_offset = p.offset(p.mask, head);
    typename Block::Tile keys[strips] = {}, values[strips] = {};
    for (int64_t first = p.causal ? first_key : 0; first < p.queries; first += Block::size) {
      typename Block::Tile scores, found;
      block.score(p, q, k, mask, mask_offset, mask_kind, T(scale), first, first_key, scores);
      slopes(block, p, head, d, v, delta, logsumexp, first, first_key, scores, found);
      if (column < p.value_width) {
        block.keep(scores, false);
        block.add_products(d, first, column, values);
      }
      if (column < p.width) {
        block.keep(found, false);
        block.add_products(q, first, column, keys);
      }
    }
#pragma unroll
    for (int strip = 0; strip < strips; ++strip) {
      int64_t const e = column + strip * Block::size;
      write(block, d_key + head * p.keys * p.width, p.keys, p.width, first_key, e, T(scale),
            keys[strip]);
      write(block, d_value + head * p.keys * p.value_width, p.keys, p.value_width, first_key, e,
            T(1), values[strip]);
    }
  }
}

}  // namespace attention
}  // namespace tl
