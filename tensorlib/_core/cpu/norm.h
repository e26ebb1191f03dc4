// Normalization by mean and variance, and its gradients.
//
// Images are seen as contiguous (batch, stack, group, channel, place). Statistics are taken over
// batch, channel and place; weights belong to a group and a channel. So each kind is a case of one
// loop: batch normalization has one channel for each group, layer normalization no places, and so on.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>

#include "dtypes.h"
#include "norm_kernels.h"
#include "parallel_loops.h"

namespace tl {
namespace norm {

constexpr intptr_t kRun = 1024;         // numbers that stay in the first cache
constexpr Nanoseconds kNumber = 0.3;     // for a number, without threads
constexpr intptr_t kPartial = 64;       // rows that are summed in single precision
constexpr intptr_t kColumns = kRun;     // weights' gradients that are summed at a time
constexpr intptr_t kTaskColumns = kRun / 4;  // where threads share them

struct Shape {
  intptr_t batch, stack, group, channel, place;

  intptr_t rows() const { return stack * group; }
  intptr_t run() const { return channel * place; }
  intptr_t row_size() const { return batch * run(); }
};

// Statistics of a row: with `centred` false the mean counts as zero.
struct Rule {
  double eps;
  bool centred;
};

// Numbers of one row that are worked on together: `pieces` of them, each of adjacent numbers.
struct Run {
  intptr_t offset, pieces, piece, step;

  intptr_t size() const { return pieces * piece; }
};

// Numbers to compute with: where they are if they can be used there, else copied side by side.
template <class T>
class Reader {
 public:
  Wide<T> const *operator()(T const *source, Run const &run) {
    source += run.offset;
    if constexpr (!is_narrow<T>) {
      if (run.pieces == 1) return source;
    }
    Wide<T> *target = buffer_;
    for (intptr_t k = 0; k < run.pieces; ++k, source += run.step) {
      for (intptr_t i = 0; i < run.piece; ++i) *target++ = Wide<T>(source[i]);
    }
    return buffer_;
  }

 private:
  Wide<T> buffer_[kRun];
};

// Where the results of a run go, and how they get from there to where they belong.
template <class T>
class Writer {
 public:
  Wide<T> *target(T *out, Run const &run) {
    if constexpr (!is_narrow<T>) {
      if (run.pieces == 1) return out + run.offset;
    }
    return buffer_;
  }
  void finish(T *out, Run const &run) {
    out += run.offset;
    if constexpr (!is_narrow<T>) {
      if (run.pieces == 1) return;
    }
    Wide<T> const *source = buffer_;
    for (intptr_t k = 0; k < run.pieces; ++k, out += run.step) {
      for (intptr_t i = 0; i < run.piece; ++i) out[i] = T(*source++);
    }
  }

 private:
  Wide<T> buffer_[kRun];
};

// Numbers that are computed with, from an array of any floating dtype.
template <class T>
std::unique_ptr<Wide<T>[]> widened(T const *source, intptr_t n) {
  std::unique_ptr<Wide<T>[]> result(new Wide<T>[n > 0 ? n : 1]);
  std::copy_n(source, n, result.get());
  return result;
}

// Whether each number of a run has a weight of its own, not one for all of them.
inline bool weighs_each(Shape const &s) { return s.place == 1 && s.channel > 1; }

// How many adjacent numbers are weighed in one way.
inline intptr_t weight_width(Shape const &s) { return weighs_each(s) ? s.run() : s.place; }

// body(run, weight) for each run of a row, where `weight` is the place of its first weight, and
// runs are parted so that `width` adjacent numbers are weighed in one way.
template <class Body>
void for_each_run(Shape const &s, intptr_t row, intptr_t width, Body const &body) {
  intptr_t const length = s.run(), step = s.rows() * length;
  intptr_t const first_weight = row % s.group * s.channel;
  if (length == 0) return;
  if (s.channel == 1 && length < kRun / 2) {
    // Samples have few numbers each, but all one weight.
    intptr_t const samples = kRun / length;
    for (intptr_t a = 0; a < s.batch; a += samples) {
      body(Run{a * step + row * length, std::min(samples, s.batch - a), length, step},
           first_weight);
    }
    return;
  }
  for (intptr_t a = 0; a < s.batch; ++a) {
    intptr_t const base = a * step + row * length;
    for (intptr_t start = 0; start < length; start += width) {
      intptr_t const end = std::min(start + width, length);
      for (intptr_t i = start; i < end; i += kRun) {
        body(Run{base + i, 1, std::min(kRun, end - i), 0}, first_weight + i / s.place);
      }
    }
  }
}

// Shares `count` pieces of work of `size` numbers each among threads.
template <class Body>
void share(intptr_t count, intptr_t size, int threads, Body const &body) {
  Nanoseconds const alone = kNumber * Nanoseconds(count) * Nanoseconds(size);
  if (alone < kWorthThreads) threads = 1;
  intptr_t const block = std::max<intptr_t>(1, elements_for(count, alone, threads));
  parallel_for(
      (count + block - 1) / block, threads,
      [&](intptr_t task, int) {
        for (intptr_t i = task * block; i < std::min(count, (task + 1) * block); ++i) body(i);
      },
      alone);
}

// Mean and squared deviations of numbers that come run by run: Chan, Golub and LeVeque, "Updating
// formulae and a pairwise algorithm for computing sample variances" (1979).
struct Moments {
  double count = 0, mean = 0, squares = 0;

  void add(double n, double other_mean, double other_squares) {
    if (count == 0) {
      count = n, mean = other_mean, squares = other_squares;
      return;
    }
    double const gap = other_mean - mean, total = count + n;
    squares += other_squares + gap * gap * (count * n / total);
    mean += gap * (n / total);
    count = total;
  }
};

template <class T>
Moments moments_of(Shape const &s, intptr_t row, T const *x, bool centred) {
  using W = Wide<T>;
  Kernels<W> const &k = kernels<W>(true);
  Reader<T> read;
  Moments result;
  for_each_run(s, row, s.run(), [&](Run const &run, intptr_t) {
    W const *numbers = read(x, run);
    intptr_t const n = run.size();
    W const mean = centred ? k.sum(numbers, n) / W(n) : W(0);
    result.add(double(n), mean, k.squares(numbers, mean, n));
  });
  return result;
}

template <class T>
void normalize(Shape const &s, T const *x, T const *weight, T const *bias, Rule const &rule, T *out,
               Wide<T> *mean, Wide<T> *variance, int threads) {
  using W = Wide<T>;
  Kernels<W> const &k = kernels<W>(weighs_each(s));
  auto const weights = widened(weight, s.group * s.channel);
  auto const biases = widened(bias, s.group * s.channel);
  share(s.rows(), s.row_size(), threads, [&](intptr_t row) {
    Moments const moments = moments_of(s, row, x, rule.centred);
    mean[row] = W(moments.mean);
    variance[row] = W(moments.squares / moments.count);
    W const factor = W(1 / std::sqrt(double(variance[row]) + rule.eps));
    Reader<T> read;
    Writer<T> write;
    for_each_run(s, row, weight_width(s), [&](Run const &run, intptr_t w) {
      k.scale(read(x, run), mean[row], factor, &weights[w], &biases[w], run.size(),
              write.target(out, run));
      write.finish(out, run);
    });
  });
}

// The gradient with respect to x, where mean and variance follow x:
// with p = g * weight and z = (x - mean) * factor, factor * (p - mean(p) - z * mean(p * z)).
template <class T>
void input_gradient(Shape const &s, T const *g, T const *x, T const *weight, Wide<T> const *mean,
                    Wide<T> const *variance, Rule const &rule, T *out, int threads) {
  using W = Wide<T>;
  Kernels<W> const &k = kernels<W>(weighs_each(s));
  auto const weights = widened(weight, s.group * s.channel);
  share(s.rows(), s.row_size(), threads, [&](intptr_t row) {
    double const factor = 1 / std::sqrt(double(variance[row]) + rule.eps);
    double sums[2] = {0, 0};
    Reader<T> read_g, read_x;
    for_each_run(s, row, weight_width(s), [&](Run const &run, intptr_t w) {
      W parts[2];
      k.slopes(read_g(g, run), read_x(x, run), &weights[w], mean[row], run.size(), parts);
      sums[0] += parts[0];
      sums[1] += parts[1];
    });
    double const count = double(s.row_size());
    W const shift = rule.centred ? W(-factor * sums[0] / count) : W(0);
    W const slope = W(-factor * factor * factor * sums[1] / count);
    Writer<T> write;
    for_each_run(s, row, weight_width(s), [&](Run const &run, intptr_t w) {
      k.combine(read_g(g, run), read_x(x, run), &weights[w], mean[row], W(factor), slope, shift,
                run.size(), write.target(out, run));
      write.finish(out, run);
    });
  });
}

// The gradient with respect to the weights, sum(g * z), where each number has its own: `columns`
// weights from `first` on.
template <class T>
void sum_columns(Shape const &s, T const *g, T const *x, Wide<T> const *mean,
                 Wide<T> const *variance, Rule const &rule, intptr_t first, intptr_t columns,
                 T *out) {
  using W = Wide<T>;
  Kernels<W> const &k = kernels<W>(true);
  intptr_t const group = first / s.channel, channel = first % s.channel;
  Reader<T> read_g, read_x;
  double sums[kColumns] = {};
  W partial[kColumns] = {};
  intptr_t added = 0;
  auto add_up = [&] {
    for (intptr_t i = 0; i < columns; ++i) sums[i] += partial[i];
    std::fill_n(partial, columns, W(0));
  };
  for (intptr_t a = 0; a < s.batch; ++a) {
    for (intptr_t row = group; row < s.rows(); row += s.group) {
      Run const run{(a * s.rows() + row) * s.channel + channel, 1, columns, 0};
      W const factor = W(1 / std::sqrt(double(variance[row]) + rule.eps));
      k.gather(read_g(g, run), read_x(x, run), mean[row], factor, columns, partial);
      if (++added % kPartial == 0) add_up();
    }
  }
  add_up();
  for (intptr_t i = 0; i < columns; ++i) out[first + i] = T(sums[i]);
}

// The same, where many numbers have one weight: the weights of one group.
template <class T>
void sum_runs(Shape const &s, T const *g, T const *x, Wide<T> const *mean, Wide<T> const *variance,
              Rule const &rule, intptr_t group, T *out) {
  using W = Wide<T>;
  Kernels<W> const &k = kernels<W>(false);
  std::unique_ptr<double[]> const sums(new double[s.channel]());
  Reader<T> read_g, read_x;
  W const one = 1;
  for (intptr_t row = group; row < s.rows(); row += s.group) {
    double const factor = 1 / std::sqrt(double(variance[row]) + rule.eps);
    for_each_run(s, row, weight_width(s), [&](Run const &run, intptr_t w) {
      W parts[2];
      k.slopes(read_g(g, run), read_x(x, run), &one, mean[row], run.size(), parts);
      sums[w - group * s.channel] += parts[1] * factor;
    });
  }
  for (intptr_t i = 0; i < s.channel; ++i) out[group * s.channel + i] = T(sums[i]);
}

template <class T>
void weight_gradient(Shape const &s, T const *g, T const *x, Wide<T> const *mean,
                     Wide<T> const *variance, Rule const &rule, T *out, int threads) {
  intptr_t const depth = s.batch * s.stack;  // how many rows have the same weights
  if (!weighs_each(s)) {
    share(s.group, depth * s.run(), threads, [&](intptr_t group) {
      sum_runs(s, g, x, mean, variance, rule, group, out);
    });
    return;
  }
  intptr_t const width = threads > 1 ? kTaskColumns : kColumns;
  intptr_t const blocks = (s.channel + width - 1) / width;
  share(s.group * blocks, depth * std::min(s.channel, width), threads, [&](intptr_t piece) {
    intptr_t const start = piece % blocks * width;
    sum_columns(s, g, x, mean, variance, rule, piece / blocks * s.channel + start,
                std::min(width, s.channel - start), out);
  });
}

// f(T()) for the type T of a floating dtype.
template <class Function>
void with_floating(int dtype, Function f) {
  switch (dtype) {
    case TL_FLOAT16: return f(Half());
    case TL_BFLOAT16: return f(BFloat16());
    case TL_FLOAT32: return f(float());
    default: return f(double());
  }
}

// A tensor's numbers as those of its dtype.
struct Numbers {
  void *data;

  template <class T>
  operator T *() const {
    return static_cast<T *>(data);
  }
};

inline void normalize_any(int dtype, Shape const &s, Numbers x, Numbers weight, Numbers bias,
                          Rule const &rule, Numbers out, Numbers mean, Numbers variance,
                          int threads) {
  with_floating(dtype, [&](auto zero) {
    normalize<decltype(zero)>(s, x, weight, bias, rule, out, mean, variance, threads);
  });
}

inline void input_gradient_any(int dtype, Shape const &s, Numbers g, Numbers x, Numbers weight,
                               Numbers mean, Numbers variance, Rule const &rule, Numbers out,
                               int threads) {
  with_floating(dtype, [&](auto zero) {
    input_gradient<decltype(zero)>(s, g, x, weight, mean, variance, rule, out, threads);
  });
}

inline void weight_gradient_any(int dtype, Shape const &s, Numbers g, Numbers x, Numbers mean,
                                Numbers variance, Rule const &rule, Numbers out, int threads) {
  with_floating(dtype, [&](auto zero) {
    weight_gradient<decltype(zero)>(s, g, x, mean, variance, rule, out, threads);
  });
}

}  // namespace norm
}  // namespace tl
