// Attention in blocks of queries and keys: the matrix of scores is never whole.
//
// The softmax keeps a running maximum and sum (Rabe and Staats, 2021, arXiv:2112.05682). The
// gradient computes the blocks again from the logarithms of the sums (Dao et al., 2022,
// arXiv:2205.14135, algorithm 4). Products are those of convolution's kernel `multiply`:
// `weights` in panels of a few rows, times rows of up to three vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "attention_rows.h"
#include "thread_pool.h"

namespace tl {
namespace attention {

constexpr int kMaxOuter = 64;
constexpr intptr_t kKeys = 128;  // in a block: their scores stay in the first cache
enum MaskKind { kNoMask, kTruths, kAddends };

// A stack of matrices; strides count elements, and are zero where an operand is repeated.
struct Operand {
  char *data;
  intptr_t outer[kMaxOuter];
  intptr_t row, column;
};

struct Problem {
  int outer;
  intptr_t shape[kMaxOuter];  // of the stacks
  intptr_t heads;             // matrices in a stack
  intptr_t queries, keys, width, value_width;
  double scale;
  Nanoseconds alone;  // how long it is estimated to take without threads
  bool causal;
  MaskKind mask_kind;
  Operand query, key, value, mask;
  Operand out, logsumexp;                         // results, or inputs of the gradient
  Operand g, delta, d_query, d_key, d_value;      // of the gradient
};

template <class T>
struct Matrix {
  T *data;
  intptr_t row, column;

  T &operator()(intptr_t i, intptr_t j) const { return data[i * row + j * column]; }
};

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define TL_TURN_VECTORS
#endif
#endif

// to[j][i] = from[i][j] * factor, for rows i and columns j.
template <class T>
void turn(T const *from, intptr_t from_row, intptr_t rows, intptr_t columns, T factor, T *to,
          intptr_t to_row) {
  intptr_t i = 0;
#ifdef TL_TURN_VECTORS
  typedef typename conv::Vector<T, 4>::type V;
  for (; i + 4 <= rows; i += 4, from += 4 * from_row) {
    intptr_t j = 0;
    for (; j + 4 <= columns; j += 4) {
      V row[4], pair[4];
      for (int k = 0; k < 4; ++k) row[k] = *reinterpret_cast<V const *>(from + k * from_row + j);
      pair[0] = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5);
      pair[1] = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5);
      pair[2] = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
      pair[3] = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
      T *target = to + j * to_row + i;
      for (int k = 0; k < 4; k += 2, target += 2 * to_row) {
        *reinterpret_cast<V *>(target) =
            factor * __builtin_shufflevector(pair[k], pair[k + 1], 0, 1, 4, 5);
        *reinterpret_cast<V *>(target + to_row) =
            factor * __builtin_shufflevector(pair[k], pair[k + 1], 2, 3, 6, 7);
      }
    }
    for (; j < columns; ++j) {
      for (int k = 0; k < 4; ++k) to[j * to_row + i + k] = from[k * from_row + j] * factor;
    }
  }
#endif
  for (; i < rows; ++i, from += from_row) {
    for (intptr_t j = 0; j < columns; ++j) to[j * to_row + i] = from[j] * factor;
  }
}

inline intptr_t round_up(intptr_t n, intptr_t to) { return (n + to - 1) / to * to; }

// Memory handed out piece by piece; from no memory, only their total is found.
template <class T>
class Pieces {
 public:
  explicit Pieces(T *memory) : memory_(memory) {}
  T *take(intptr_t n) {
    T *piece = memory_ == nullptr ? nullptr : memory_ + size_;
    size_ += round_up(n, 64 / sizeof(T));
    return piece;
  }
  intptr_t size() const { return size_; }

 private:
  T *memory_;
  intptr_t size_ = 0;
};

// What the forward pass and the gradient share.
template <class T>
class Blocks {
 public:
  Blocks(Problem const &problem)
      : p_(problem),
        kernels_(conv::kernels<T>(false)),
        loops_(rows_for<T>(kernels_)),
        rows_(kernels_.rows),
        lanes_(kernels_.lanes),
        pitch_(3 * kernels_.lanes),
        padded_keys_(round_up(problem.keys, kernels_.rows)),
        offsets_(multiples(std::max({problem.width, problem.value_width, kKeys}), pitch_)) {
    // Blocks of queries of about equal size, in whole vectors.
    intptr_t vectors = (p_.queries + lanes_ - 1) / lanes_;
    blocks_ = (vectors + 2) / 3;
    vectors_ = blocks_ ? (vectors + blocks_ - 1) / blocks_ : 0;
  }

 protected:
  struct Block {
    intptr_t first, count;  // queries
    intptr_t limit;         // keys that they may see
    int width;              // vectors
  };

  static std::vector<intptr_t> multiples(intptr_t n, intptr_t step) {
    std::vector<intptr_t> result(static_cast<size_t>(n));
    for (intptr_t k = 0; k < n; ++k) result[size_t(k)] = k * step;
    return result;
  }

  template <class U = T>
  Matrix<U> matrix(Operand const &x, intptr_t head) const {
    intptr_t offset = 0;
    for (int axis = p_.outer - 1; axis >= 0; --axis) {
      offset += head % p_.shape[axis] * x.outer[axis];
      head /= p_.shape[axis];
    }
    return {reinterpret_cast<U *>(x.data) + offset, x.row, x.column};
  }

  Block block(intptr_t number) const {
    Block b;
    b.first = number * vectors_ * lanes_;
    b.count = std::max<intptr_t>(0, std::min(vectors_ * lanes_, p_.queries - b.first));
    b.limit = p_.causal ? std::min(p_.keys, b.first + b.count) : p_.keys;
    b.width = int((b.count + lanes_ - 1) / lanes_);
    return b;
  }

  // The rows [first, first + count) of x, side by side in the lanes: [column][pitch].
  void load_across(Matrix<T> x, Block const &b, intptr_t columns, T factor, T *to) const {
    bool const in_rows = x.column == 1;
    if (in_rows) turn(&x(b.first, 0), x.row, b.count, columns, factor, to, pitch_);
    for (intptr_t e = 0; e < columns; ++e) {
      T *row = to + e * pitch_;
      for (intptr_t i = 0; i < b.count && !in_rows; ++i) row[i] = x(b.first + i, e) * factor;
      std::fill(row + b.count, row + pitch_, T(0));
    }
  }

  // Panels of rows_ rows of x: [panel][column][row], with zeros at the end.
  void pack(Matrix<T> x, intptr_t rows, intptr_t columns, T *to) const {
    for (intptr_t first = 0; first < rows; first += rows_, to += rows_ * columns) {
      T const *from = x.data + first * x.row;
      if (rows - first < rows_) {
        for (intptr_t k = 0; k < columns; ++k) {
          for (intptr_t i = 0; i < rows_; ++i) {
            to[k * rows_ + i] = first + i < rows ? from[i * x.row + k * x.column] : T(0);
          }
        }
      } else if (x.column == 1) {
        turn(from, x.row, rows_, columns, T(1), to, rows_);
      } else if (rows_ == 8) {
        pack_panel<8>(from, x.row, x.column, columns, to);
      } else {
        pack_panel<4>(from, x.row, x.column, columns, to);
      }
    }
  }

  template <int rows>
  static void pack_panel(T const *from, intptr_t row, intptr_t column, intptr_t columns, T *to) {
    if (row == 1) {
      for (intptr_t k = 0; k < columns; ++k, from += column, to += rows) {
        for (int i = 0; i < rows; ++i) to[i] = from[i];
      }
    } else {
      for (intptr_t k = 0; k < columns; ++k, from += column, to += rows) {
        for (int i = 0; i < rows; ++i) to[i] = from[i * row];
      }
    }
  }

  intptr_t packed_size(intptr_t rows, intptr_t columns) const {
    return round_up(rows, rows_) * columns;
  }

  // target[row][pitch] (+)= panels[row][k] * across[k][pitch], where a panel has `depth` columns of
  // which `taps` are used.
  void multiply(T const *panels, intptr_t depth, intptr_t rows, T const *across,
                intptr_t const *offsets, intptr_t taps, int width, T *target,
                bool accumulate) const {
    for (intptr_t first = 0; first < rows; first += rows_) {
      kernels_.multiply[width - 1](
          {panels + first * depth, across, offsets, taps, target + first * pitch_, pitch_,
           accumulate});
    }
  }

  // The scores of the keys [first_key, first_key + keys), masked.
  void score(T const *packed_keys, T const *queries, intptr_t head, Block const &b,
             intptr_t first_key, intptr_t keys, T *scores) const {
    multiply(packed_keys + first_key * p_.width, p_.width, keys, queries, offsets_.data(), p_.width,
             b.width, scores, false);
    T const hidden = -std::numeric_limits<T>::infinity();
    if (p_.mask_kind == kTruths) {
      Matrix<char> mask = matrix<char>(p_.mask, head);
      for (intptr_t j = 0; j < keys; ++j) {
        for (intptr_t i = 0; i < b.count; ++i) {
          if (!mask(b.first + i, first_key + j)) scores[j * pitch_ + i] = hidden;
        }
      }
    } else if (p_.mask_kind == kAddends) {
      Matrix<T> mask = matrix(p_.mask, head);
      for (intptr_t j = 0; j < keys; ++j) {
        for (intptr_t i = 0; i < b.count; ++i) {
          scores[j * pitch_ + i] += mask(b.first + i, first_key + j);
        }
      }
    }
    if (!p_.causal) return;
    for (intptr_t j = std::max<intptr_t>(0, b.first + 1 - first_key); j < keys; ++j) {
      intptr_t const blind = std::min(b.count, first_key + j - b.first);
      std::fill_n(scores + j * pitch_, blind, hidden);
    }
  }

  Problem const &p_;
  conv::Kernels<T> const &kernels_;
  Rows<T> const loops_;
  intptr_t rows_, lanes_, pitch_, padded_keys_;
  std::vector<intptr_t> offsets_;  // of the rows of what lies across the lanes
  intptr_t blocks_, vectors_;
};

template <class T>
class Forward : Blocks<T> {
  using Base = Blocks<T>;
  using Base::p_, Base::loops_, Base::pitch_, Base::offsets_;

 public:
  Forward(Problem const &problem, int threads) : Base(problem), threads_(threads) {}

  intptr_t workspace() const {
    return intptr_t(sizeof(T)) *
           (p_.heads * Packed(*this, nullptr).size + threads_ * Scratch(*this, nullptr).size);
  }

  void run(char *memory) const {
    T *packed = reinterpret_cast<T *>(memory);
    intptr_t const size = Packed(*this, nullptr).size;
    T *scratch = packed + p_.heads * size;
    parallel_for(p_.heads, threads_, [&](intptr_t head, int) {
      Packed to(*this, packed + head * size);
      this->pack(this->matrix(p_.key, head), p_.keys, p_.width, to.keys);
      Matrix<T> value = this->matrix(p_.value, head);
      this->pack({value.data, value.column, value.row}, p_.value_width, p_.keys, to.values);
    }, p_.alone);
    parallel_for(p_.heads * this->blocks_, threads_, [&](intptr_t task, int worker) {
      intptr_t const head = task / this->blocks_;
      run_block(head, this->block(task % this->blocks_), Packed(*this, packed + head * size),
                Scratch(*this, scratch + worker * Scratch(*this, nullptr).size));
    }, p_.alone);
  }

 private:
  struct Packed {
    T *keys, *values;
    intptr_t size;

    Packed(Forward const &f, T *memory) {
      Pieces<T> pieces(memory);
      keys = pieces.take(f.packed_size(f.p_.keys, f.p_.width));
      values = pieces.take(f.packed_size(f.p_.value_width, f.p_.keys));
      size = pieces.size();
    }
  };

  struct Scratch {
    T *queries, *scores, *output, *top, *sum;
    intptr_t size;

    Scratch(Forward const &f, T *memory) {
      Pieces<T> pieces(memory);
      queries = pieces.take(f.p_.width * f.pitch_);
      scores = pieces.take(kKeys * f.pitch_);
      output = pieces.take(f.packed_size(f.p_.value_width, f.pitch_));
      top = pieces.take(f.pitch_);
      sum = pieces.take(f.pitch_);
      size = pieces.size();
    }
  };

  void run_block(intptr_t head, typename Base::Block b, Packed const &packed,
                 Scratch const &s) const {
    if (b.count == 0) return;
    this->load_across(this->matrix(p_.query, head), b, p_.width, T(p_.scale), s.queries);
    std::fill_n(s.top, pitch_, -std::numeric_limits<T>::infinity());
    std::fill_n(s.sum, pitch_, T(0));
    std::fill_n(s.output, this->packed_size(p_.value_width, pitch_), T(0));
    for (intptr_t first = 0; first < b.limit; first += kKeys) {
      intptr_t const keys = std::min(kKeys, b.limit - first);
      this->score(packed.keys, s.queries, head, b, first, keys, s.scores);
      loops_.softmax[b.width - 1](
          {s.scores, keys, pitch_, s.top, s.sum, s.output, first ? p_.value_width : 0});
      this->multiply(packed.values + first * this->rows_, p_.keys, p_.value_width, s.scores,
                     offsets_.data(), keys, b.width, s.output, true);
    }
    Matrix<T> out = this->matrix(p_.out, head), logsumexp = this->matrix(p_.logsumexp, head);
    for (intptr_t i = 0; i < b.count; ++i) {
      logsumexp(b.first + i, 0) = s.top[i] + std::log(s.sum[i]);
      s.sum[i] = s.sum[i] == 0 ? T(0) : 1 / s.sum[i];  // a query that sees nothing gets zeros
    }
    for (intptr_t d = 0; d < p_.value_width; ++d) {
      T *row = s.output + d * pitch_;
      for (intptr_t i = 0; i < b.count; ++i) row[i] *= s.sum[i];
    }
    turn(s.output, pitch_, p_.value_width, b.count, T(1), &out(b.first, 0), out.row);
  }

  int threads_;
};

// One head after another, as all blocks of queries add to the same gradients of keys and values.
template <class T>
class Backward : Blocks<T> {
  using Base = Blocks<T>;
  using Base::p_, Base::loops_, Base::pitch_, Base::offsets_, Base::rows_, Base::padded_keys_;

 public:
  Backward(Problem const &problem, int threads)
      : Base(problem),
        threads_(threads),
        query_pitch_(round_up(problem.width, this->lanes_)),
        value_pitch_(round_up(problem.value_width, this->lanes_)),
        query_offsets_(Base::multiples(pitch_, query_pitch_)),
        value_offsets_(Base::multiples(pitch_, value_pitch_)) {}

  intptr_t workspace() const {
    return intptr_t(sizeof(T)) * threads_ * Scratch(*this, nullptr).size;
  }

  void run(char *memory) const {
    intptr_t const size = Scratch(*this, nullptr).size;
    parallel_for(p_.heads, threads_, [&](intptr_t head, int worker) {
      run_head(head, Scratch(*this, reinterpret_cast<T *>(memory) + worker * size));
    }, p_.alone);
  }

 private:
  struct Scratch {
    T *key_rows, *key_columns, *value_rows;            // packed
    T *d_keys, *d_values;                              // [group of columns][key][pitch]
    T *queries, *gradients;                            // across the lanes
    T *query_rows, *gradient_rows;                     // as they are, in whole vectors
    T *scores, *slopes, *turned, *d_queries;           // turned: packed [panel][query][key]
    T *logsumexp, *delta;
    intptr_t size;

    Scratch(Backward const &f, T *memory) {
      Problem const &p = f.p_;
      Pieces<T> pieces(memory);
      key_rows = pieces.take(f.packed_size(p.keys, p.width));
      key_columns = pieces.take(f.packed_size(p.width, p.keys));
      value_rows = pieces.take(f.packed_size(p.keys, p.value_width));
      d_keys = pieces.take(round_up(p.width, f.pitch_) * f.padded_keys_);
      d_values = pieces.take(round_up(p.value_width, f.pitch_) * f.padded_keys_);
      queries = pieces.take(p.width * f.pitch_);
      gradients = pieces.take(p.value_width * f.pitch_);
      query_rows = pieces.take(f.pitch_ * f.query_pitch_);
      gradient_rows = pieces.take(f.pitch_ * f.value_pitch_);
      scores = pieces.take(kKeys * f.pitch_);
      slopes = pieces.take(kKeys * f.pitch_);
      turned = pieces.take(kKeys * f.pitch_);
      d_queries = pieces.take(f.packed_size(p.width, f.pitch_));
      logsumexp = pieces.take(f.pitch_);
      delta = pieces.take(f.pitch_);
      size = pieces.size();
    }
  };

  void run_head(intptr_t head, Scratch const &s) const {
    Matrix<T> key = this->matrix(p_.key, head);
    this->pack(key, p_.keys, p_.width, s.key_rows);
    this->pack({key.data, key.column, key.row}, p_.width, p_.keys, s.key_columns);
    this->pack(this->matrix(p_.value, head), p_.keys, p_.value_width, s.value_rows);
    std::fill_n(s.d_keys, round_up(p_.width, pitch_) * padded_keys_, T(0));
    std::fill_n(s.d_values, round_up(p_.value_width, pitch_) * padded_keys_, T(0));
    for (intptr_t number = 0; number < this->blocks_; ++number) {
      run_block(head, this->block(number), s);
    }
    store(s.d_keys, p_.width, this->matrix(p_.d_key, head));
    store(s.d_values, p_.value_width, this->matrix(p_.d_value, head));
  }

  void run_block(intptr_t head, typename Base::Block b, Scratch const &s) const {
    if (b.count == 0) return;
    Matrix<T> query = this->matrix(p_.query, head), g = this->matrix(p_.g, head);
    this->load_across(query, b, p_.width, T(p_.scale), s.queries);
    this->load_across(g, b, p_.value_width, T(1), s.gradients);
    load_rows(query, b, p_.width, query_pitch_, T(p_.scale), s.query_rows);
    load_rows(g, b, p_.value_width, value_pitch_, T(1), s.gradient_rows);
    this->load_across(this->matrix(p_.logsumexp, head), b, 1, T(1), s.logsumexp);
    this->load_across(this->matrix(p_.delta, head), b, 1, T(1), s.delta);
    std::fill_n(s.d_queries, this->packed_size(p_.width, pitch_), T(0));
    for (intptr_t first = 0; first < b.limit; first += kKeys) {
      intptr_t const keys = std::min(kKeys, b.limit - first);
      SlopeArgs<T> const args = {s.scores, s.slopes, keys, pitch_, s.logsumexp, s.delta};
      this->score(s.key_rows, s.queries, head, b, first, keys, s.scores);
      loops_.weigh[b.width - 1](args);
      this->multiply(s.value_rows + first * p_.value_width, p_.value_width, keys, s.gradients,
                     offsets_.data(), p_.value_width, b.width, s.slopes, false);
      loops_.slope[b.width - 1](args);
      this->multiply(s.key_columns + first * rows_, p_.keys, p_.width, s.slopes, offsets_.data(),
                     keys, b.width, s.d_queries, true);
      add_outer(s.scores, b, first, keys, s.gradient_rows, value_offsets_, p_.value_width, s.turned,
                s.d_values);
      add_outer(s.slopes, b, first, keys, s.query_rows, query_offsets_, p_.width, s.turned,
                s.d_keys);
    }
    Matrix<T> d_query = this->matrix(p_.d_query, head);
    turn(s.d_queries, pitch_, p_.width, b.count, T(p_.scale), &d_query(b.first, 0), d_query.row);
  }

  static void load_rows(Matrix<T> x, typename Base::Block const &b, intptr_t columns,
                        intptr_t pitch, T factor, T *to) {
    for (intptr_t i = 0; i < b.count; ++i, to += pitch) {
      for (intptr_t e = 0; e < columns; ++e) to[e] = x(b.first + i, e) * factor;
      std::fill(to + columns, to + pitch, T(0));
    }
  }

  // target[key] += sum over queries of factors[key][query] * rows[query].
  void add_outer(T const *factors, typename Base::Block const &b, intptr_t first_key, intptr_t keys,
                 T const *rows, std::vector<intptr_t> const &offsets, intptr_t columns, T *turned,
                 T *target) const {
    this->pack({const_cast<T *>(factors), pitch_, 1}, keys, b.count, turned);
    for (intptr_t column = 0; column < columns; column += pitch_) {
      intptr_t const left = std::min(pitch_, columns - column);
      this->multiply(turned, b.count, keys, rows + column, offsets.data(), b.count,
                     int((left + this->lanes_ - 1) / this->lanes_),
                     target + column * padded_keys_ + first_key * pitch_, true);
    }
  }

  void store(T const *sums, intptr_t columns, Matrix<T> to) const {
    for (intptr_t column = 0; column < columns; column += pitch_, sums += padded_keys_ * pitch_) {
      intptr_t const count = std::min(pitch_, columns - column);
      for (intptr_t j = 0; j < p_.keys; ++j) {
        for (intptr_t e = 0; e < count; ++e) to(j, column + e) = sums[j * pitch_ + e];
      }
    }
  }

  int threads_;
  intptr_t query_pitch_, value_pitch_;
  std::vector<intptr_t> query_offsets_, value_offsets_;
};

}  // namespace attention
}  // namespace tl
