// Recurrent layers over time: long short-term memory and gated units, and their gradients.
//
// Rows are the elements of one step after another, and steps have fewer and fewer of them, as
// sequences end. A step is a product of the state with the weights and one pass over what a cell
// does element by element. Rows of the state that a step does not have stay as they are: of a walk
// forwards they are final, of one backwards they are initial.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "loops.h"
#include "products.h"
#include "vector_math.h"

namespace tl {
namespace recurrent {

// The rows of each step, in the order of time.
typedef std::vector<intptr_t> Sizes;

struct Span {
  intptr_t first, rows;
};

// The steps in the order in which a layer takes them.
inline std::vector<Span> spans(Sizes const &sizes, bool reverse) {
  std::vector<Span> result;
  intptr_t first = 0;
  for (intptr_t rows : sizes) {
    result.push_back({first, rows});
    first += rows;
  }
  if (reverse) std::reverse(result.begin(), result.end());
  return result;
}

// The loop of NumPy's matmul.
struct Matmul {
  tl_loop loop;
  void *data;
};

// Weights that are multiplied with at every step. Their panels are copied once.
template <class R>
class Weights {
 public:
  // A matrix (k, m) in any strides that BLAS can read, of which one is 1; for so many rows at most.
  Weights(Matmul numpy, R const *data, intptr_t rows, intptr_t k, intptr_t m, intptr_t row,
          intptr_t column)
      : numpy_(numpy), kernels_(gemm::kernels<R>()),
        product_{rows, k, m, nullptr, k, 1, data, row, column, nullptr, m} {
    if (!is_ours(rows)) return;
    panels_.resize(kernels_.packed_elements(product_));
    if (!panels_.empty()) kernels_.pack(product_, 0, k, panels_.data());
  }

  // out = a @ weights
  void multiply(R const *a, intptr_t rows, R *out) const {
    gemm::Product<R> x = product_;
    x.rows = rows;
    x.a = a;
    x.c = out;
    if (!is_ours(rows)) return multiply_by_numpy(x);
    R const *panels = panels_.empty() ? nullptr : panels_.data();
    intptr_t const count = kernels_.panels(x.columns);
    Nanoseconds const panel =
        kStep<R> * Nanoseconds(rows) * Nanoseconds(x.inner) * Nanoseconds(x.columns) /
        Nanoseconds(count);
    share(ThreadPool::instance().threads(), count, panel,
          [&](intptr_t first, intptr_t last, int) {
            kernels_.block(x, panels, 0, rows, first, last);
          });
  }

 private:
  bool is_ours(intptr_t rows) const {
    return gemm::available() && rows > 1 && product_.inner > 0 && product_.columns > 1;
  }

  void multiply_by_numpy(gemm::Product<R> const &x) const {
    intptr_t const item = sizeof(R);
    char *args[] = {pointer(x.a), pointer(x.b), pointer(x.c)};
    intptr_t dims[] = {1, x.rows, x.inner, x.columns};
    intptr_t steps[] = {0, 0, 0, x.a_row * item, item, x.b_inner * item, x.b_column * item,
                        x.c_row * item, item};
    numpy_.loop(args, dims, steps, numpy_.data);
  }

  static char *pointer(R const *x) { return reinterpret_cast<char *>(const_cast<R *>(x)); }

  Matmul const numpy_;
  gemm::Kernels<R> const &kernels_;
  gemm::Product<R> const product_;
  std::vector<R> panels_;
};

// The most rows of a step.
inline intptr_t most_rows(std::vector<Span> const &order) {
  intptr_t most = 0;
  for (Span const &span : order) most = std::max(most, span.rows);
  return most;
}

template <class R>
inline R sigmoid(R x) {
  return Sigmoid()(x);
}

template <class R>
inline R tanh(R x) {
  constexpr R one_from_here = sizeof(R) == 4 ? R(10) : R(20);
  R size = vector_math::at_most(one_from_here, math::fabs(x));
  return math::copysign(vector_math::tanh_of_size(size), x);
}

template <class R>
inline void add(R *x, R const *y, intptr_t n) {
  TL_INDEPENDENT
  for (intptr_t i = 0; i < n; ++i) x[i] += y[i];
}

// Where the state before a step lies: `known` rows of the step before, then initial ones.
template <class R>
struct Before {
  R const *known_rows, *initial;
  intptr_t known;

  Before(R const *values, R const *initial, std::vector<Span> const &order, size_t k, intptr_t size)
      : known_rows(values), initial(initial), known(0) {
    if (k > 0) {
      known_rows += order[k - 1].first * size;
      known = std::min(order[k - 1].rows, order[k].rows);
    }
  }

  R const *row(intptr_t b, intptr_t size) const {
    return (b < known ? known_rows : initial) + b * size;
  }
};

// f(first, last) for all of n in whole vectors, as numbers left over would take as long as a
// vector each: the last one begins earlier and does some again.
template <class Function>
inline void in_vectors(intptr_t n, Function f) {
  constexpr intptr_t lanes = 16;
  intptr_t const whole = n / lanes * lanes;
  f(0, whole);
  if (whole < n) f(std::max<intptr_t>(0, n - lanes), n);
}

// What both cells share. The weights are (gates * size, size).
template <class R>
struct Layer {
  Matmul matmul;
  intptr_t size;  // of the state
  R const *weight;
  R *product;  // room for the product of one step
  R *h;        // the state that is multiplied, the initial one at first
};

// -- long short-term memory: gates i, f, g, o ------------------------------------------------

template <class R>
struct Lstm : Layer<R> {
  R const *inputs, *c;
  R *output, *cells, *gates;

  void run(Sizes const &sizes, bool reverse);
};

template <class R>
struct LstmStep {
  static void run(Lstm<R> const &layer, Span span, Before<R> const &before) {
    intptr_t const n = layer.size;
    for (intptr_t b = 0; b < span.rows; ++b) {
      intptr_t const row = span.first + b;
      step(n, layer.inputs + row * 4 * n, layer.product + b * 4 * n, before.row(b, n),
           layer.h + b * n, layer.output + row * n, layer.cells + row * n,
           layer.gates + row * 4 * n);
    }
  }

 private:
  static void step(intptr_t n, R const *inputs, R const *product, R const *before, R *h, R *output,
                   R *cells, R *gates) {
    in_vectors(n, [&](intptr_t first, intptr_t last) {
      TL_INDEPENDENT
      for (intptr_t k = first; k < last; ++k) {
        R i = sigmoid(inputs[k] + product[k]);
        R f = sigmoid(inputs[n + k] + product[n + k]);
        R g = tanh(inputs[2 * n + k] + product[2 * n + k]);
        R o = sigmoid(inputs[3 * n + k] + product[3 * n + k]);
        R cell = f * before[k] + i * g;
        gates[k] = i;
        gates[n + k] = f;
        gates[2 * n + k] = g;
        gates[3 * n + k] = o;
        cells[k] = cell;
        h[k] = output[k] = o * tanh(cell);
      }
    });
  }
};

template <class R>
void Lstm<R>::run(Sizes const &sizes, bool reverse) {
  std::vector<Span> const order = spans(sizes, reverse);
  intptr_t const n = this->size;
  Weights<R> const weights(this->matmul, this->weight, most_rows(order), n, 4 * n, 1, n);
  for (size_t k = 0; k < order.size(); ++k) {
    if (order[k].rows > 0) weights.multiply(this->h, order[k].rows, this->product);
    ForTarget<LstmStep<R>>::run(*this, order[k], Before<R>(cells, c, order, k, this->size));
  }
}

// Gradients that may be missing are null.
template <class R>
struct LstmBackward {
  Matmul matmul;
  intptr_t size;
  R const *g, *g_cells, *g_gates;
  R const *weight, *c, *cells, *gates;
  R *d_inputs;
  R *d_h, *d_c;  // of the state, zero at first

  void run(Sizes const &sizes, bool reverse) const;
};

template <class R>
struct LstmStepBackward {
  static void run(LstmBackward<R> const &layer, Span span, Before<R> const &before) {
    intptr_t const n = layer.size;
    for (intptr_t b = 0; b < span.rows; ++b) {
      intptr_t const row = span.first + b;
      R *d_h = layer.d_h + b * n, *d_c = layer.d_c + b * n;
      if (layer.g) add(d_h, layer.g + row * n, n);
      if (layer.g_cells) add(d_c, layer.g_cells + row * n, n);
      auto run_step = [&](auto with_gates) {
        step<with_gates>(n, layer.gates + row * 4 * n, layer.cells + row * n, before.row(b, n),
                         with_gates ? layer.g_gates + row * 4 * n : nullptr, d_h, d_c,
                         layer.d_inputs + row * 4 * n);
      };
      layer.g_gates ? run_step(std::true_type()) : run_step(std::false_type());
    }
  }

 private:
  template <bool with_gates>
  static void step(intptr_t n, R const *gates, R const *cells, R const *before, R const *g_gates,
                   R const *d_h, R *d_c, R *d) {
    TL_INDEPENDENT
    for (intptr_t k = 0; k < n; ++k) {
      R i = gates[k], f = gates[n + k], g = gates[2 * n + k], o = gates[3 * n + k];
      R t = tanh(cells[k]);
      R d_cell = d_c[k] + d_h[k] * o * (1 - t * t);
      R d_i = d_cell * g, d_f = d_cell * before[k], d_g = d_cell * i, d_o = d_h[k] * t;
      if constexpr (with_gates) {
        d_i += g_gates[k];
        d_f += g_gates[n + k];
        d_g += g_gates[2 * n + k];
        d_o += g_gates[3 * n + k];
      }
      d[k] = d_i * i * (1 - i);
      d[n + k] = d_f * f * (1 - f);
      d[2 * n + k] = d_g * (1 - g * g);
      d[3 * n + k] = d_o * o * (1 - o);
      d_c[k] = d_cell * f;
    }
  }
};

template <class R>
void LstmBackward<R>::run(Sizes const &sizes, bool reverse) const {
  intptr_t const n = size;
  std::vector<Span> const order = spans(sizes, reverse);
  Weights<R> const weights(matmul, weight, most_rows(order), 4 * n, n, n, 1);
  for (size_t k = order.size(); k-- > 0;) {
    Span const span = order[k];
    if (span.rows == 0) continue;
    Before<R> const before(cells, c, order, k, n);
    ForTarget<LstmStepBackward<R>>::run(*this, span, before);
    weights.multiply(d_inputs + span.first * 4 * n, span.rows, d_h);
  }
}

// -- gated units: gates r, z, n, and what the state contributes to n, with its bias -----------

template <class R>
struct Gru : Layer<R> {
  R const *inputs, *bias, *initial;
  R *output, *gates;

  void run(Sizes const &sizes, bool reverse);
};

template <class R>
struct GruStep {
  static void run(Gru<R> const &layer, Span span, Before<R> const &before) {
    intptr_t const n = layer.size;
    for (intptr_t b = 0; b < span.rows; ++b) {
      intptr_t const row = span.first + b;
      step(n, layer.inputs + row * 3 * n, layer.product + b * 3 * n, layer.bias, before.row(b, n),
           layer.h + b * n, layer.output + row * n, layer.gates + row * 4 * n);
    }
  }

 private:
  static void step(intptr_t n, R const *inputs, R const *product, R const *bias, R const *before,
                   R *h, R *output, R *gates) {
    in_vectors(n, [&](intptr_t first, intptr_t last) {
      TL_INDEPENDENT
      for (intptr_t k = first; k < last; ++k) {
        R r = sigmoid(inputs[k] + (product[k] + bias[k]));
        R z = sigmoid(inputs[n + k] + (product[n + k] + bias[n + k]));
        R hidden = product[2 * n + k] + bias[2 * n + k];
        R candidate = tanh(inputs[2 * n + k] + r * hidden);
        gates[k] = r;
        gates[n + k] = z;
        gates[2 * n + k] = candidate;
        gates[3 * n + k] = hidden;
        h[k] = output[k] = candidate + z * (before[k] - candidate);
      }
    });
  }
};

template <class R>
void Gru<R>::run(Sizes const &sizes, bool reverse) {
  std::vector<Span> const order = spans(sizes, reverse);
  intptr_t const n = this->size;
  Weights<R> const weights(this->matmul, this->weight, most_rows(order), n, 3 * n, 1, n);
  for (size_t k = 0; k < order.size(); ++k) {
    if (order[k].rows > 0) weights.multiply(this->h, order[k].rows, this->product);
    ForTarget<GruStep<R>>::run(*this, order[k], Before<R>(output, initial, order, k, this->size));
  }
}

template <class R>
struct GruBackward {
  Matmul matmul;
  intptr_t size;
  R const *g, *g_gates;
  R const *weight, *h, *output, *gates;
  R *product;  // room for that of one step
  R *d_inputs, *d_hidden;
  R *d_h;  // of the state, zero at first

  void run(Sizes const &sizes, bool reverse) const;
};

template <class R>
struct GruStepBackward {
  static void run(GruBackward<R> const &layer, Span span, Before<R> const &before) {
    intptr_t const n = layer.size;
    for (intptr_t b = 0; b < span.rows; ++b) {
      intptr_t const row = span.first + b;
      R *d_h = layer.d_h + b * n;
      if (layer.g) add(d_h, layer.g + row * n, n);
      auto run_step = [&](auto with_gates) {
        step<with_gates>(n, layer.gates + row * 4 * n, before.row(b, n),
                         with_gates ? layer.g_gates + row * 4 * n : nullptr, d_h,
                         layer.d_inputs + row * 3 * n, layer.d_hidden + row * 3 * n);
      };
      layer.g_gates ? run_step(std::true_type()) : run_step(std::false_type());
    }
  }

 private:
  template <bool with_gates>
  static void step(intptr_t n, R const *gates, R const *before, R const *g_gates, R *d_h,
                   R *d_inputs, R *d_hidden) {
    TL_INDEPENDENT
    for (intptr_t k = 0; k < n; ++k) {
      R r = gates[k], z = gates[n + k], candidate = gates[2 * n + k], hidden = gates[3 * n + k];
      R d_z = d_h[k] * (before[k] - candidate), d_candidate = d_h[k] * (1 - z);
      if constexpr (with_gates) {
        d_z += g_gates[n + k];
        d_candidate += g_gates[2 * n + k];
      }
      R d_n = d_candidate * (1 - candidate * candidate), d_r = d_n * hidden, d_part = d_n * r;
      if constexpr (with_gates) {
        d_r += g_gates[k];
        d_part += g_gates[3 * n + k];
      }
      d_inputs[k] = d_hidden[k] = d_r * r * (1 - r);
      d_inputs[n + k] = d_hidden[n + k] = d_z * z * (1 - z);
      d_inputs[2 * n + k] = d_n;
      d_hidden[2 * n + k] = d_part;
      d_h[k] *= z;
    }
  }
};

template <class R>
void GruBackward<R>::run(Sizes const &sizes, bool reverse) const {
  intptr_t const n = size;
  std::vector<Span> const order = spans(sizes, reverse);
  Weights<R> const weights(matmul, weight, most_rows(order), 3 * n, n, n, 1);
  for (size_t k = order.size(); k-- > 0;) {
    Span const span = order[k];
    if (span.rows == 0) continue;
    Before<R> const before(output, h, order, k, n);
    ForTarget<GruStepBackward<R>>::run(*this, span, before);
    weights.multiply(d_hidden + span.first * 3 * n, span.rows, product);
    add(d_h, product, span.rows * n);
  }
}

}  // namespace recurrent
}  // namespace tl
