// What the cells of recurrent layers do element by element, and their gradients, for one step.
//
// Arguments are of the step: rows of inputs and results begin at its first row, those of the state
// (batch, n) at row zero. Formulas are those of `_core/cpu/recurrent.h`.
#pragma once

#include "functors.h"

namespace tl {
namespace recurrent {

template <class R>
TL_HD R sigmoid(R x) {
  return Sigmoid()(x);
}

// f(row, k, place) for the elements of a step's rows; `place` is among all elements of them.
template <class Function>
TL_HD void for_elements(int64_t rows, int64_t n, Function f) {
  int64_t const step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < rows * n; i += step) {
    f(i / n, i % n, i);
  }
}

// The state of `known` rows before the step, and the initial one of those behind.
template <class R>
struct Before {
  const R *values, *initial;
  int64_t known;

  TL_HD R operator()(int64_t row, int64_t place) const {
    return (row < known ? values : initial)[place];
  }
};

// Gates i, f, g, o, which lie side by side.
template <class R>
TL_HD void lstm(int64_t rows, int64_t n, const R *inputs, const R *product, Before<R> before, R *h,
                R *output, R *cells, R *gates) {
  for_elements(rows, n, [&](int64_t row, int64_t k, int64_t place) {
    int64_t const at = row * 4 * n + k;
    R const i = sigmoid(inputs[at] + product[at]);
    R const f = sigmoid(inputs[at + n] + product[at + n]);
    R const g = math::tanh(inputs[at + 2 * n] + product[at + 2 * n]);
    R const o = sigmoid(inputs[at + 3 * n] + product[at + 3 * n]);
    R const cell = f * before(row, place) + i * g;
    gates[at] = i;
    gates[at + n] = f;
    gates[at + 2 * n] = g;
    gates[at + 3 * n] = o;
    cells[place] = cell;
    h[place] = output[place] = o * math::tanh(cell);
  });
}

// Gradients that are missing are null. `d_h` is read, to become that of the step before by a
// product; `d_c` becomes it here.
template <class R>
TL_HD void lstm_backward(int64_t rows, int64_t n, const R *g, const R *g_cells, const R *g_gates,
                         const R *gates, const R *cells, Before<R> before, const R *d_h, R *d_c,
                         R *d_inputs) {
  for_elements(rows, n, [&](int64_t row, int64_t k, int64_t place) {
    int64_t const at = row * 4 * n + k;
    R const i = gates[at], f = gates[at + n], z = gates[at + 2 * n], o = gates[at + 3 * n];
    R const t = math::tanh(cells[place]);
    R const d_state = g ? d_h[place] + g[place] : d_h[place];
    R const d_known = g_cells ? d_c[place] + g_cells[place] : d_c[place];
    R const d_cell = d_known + d_state * o * (1 - t * t);
    R d[4] = {d_cell * z, d_cell * before(row, place), d_cell * i, d_state * t};
    if (g_gates) {
      for (int part = 0; part < 4; ++part) d[part] += g_gates[at + part * n];
    }
    d_inputs[at] = d[0] * i * (1 - i);
    d_inputs[at + n] = d[1] * f * (1 - f);
    d_inputs[at + 2 * n] = d[2] * (1 - z * z);
    d_inputs[at + 3 * n] = d[3] * o * (1 - o);
    d_c[place] = d_cell * f;
  });
}

// Gates r, z, n and what the state contributes to n, with its bias.
template <class R>
TL_HD void gru(int64_t rows, int64_t n, const R *inputs, const R *product, const R *bias,
               Before<R> before, R *h, R *output, R *gates) {
  for_elements(rows, n, [&](int64_t row, int64_t k, int64_t place) {
    int64_t const at = row * 3 * n + k, to = row * 4 * n + k;
    R const r = sigmoid(inputs[at] + (product[at] + bias[k]));
    R const z = sigmoid(inputs[at + n] + (product[at + n] + bias[k + n]));
    R const hidden = product[at + 2 * n] + bias[k + 2 * n];
    R const candidate = math::tanh(inputs[at + 2 * n] + r * hidden);
    gates[to] = r;
    gates[to + n] = z;
    gates[to + 2 * n] = candidate;
    gates[to + 3 * n] = hidden;
    h[place] = output[place] = candidate + z * (before(row, place) - candidate);
  });
}

// `d_h` becomes what the step before gets without the product.
template <class R>
TL_HD void gru_backward(int64_t rows, int64_t n, const R *g, const R *g_gates, const R *gates,
                        Before<R> before, R *d_h, R *d_inputs, R *d_hidden) {
  for_elements(rows, n, [&](int64_t row, int64_t k, int64_t place) {
    int64_t const at = row * 3 * n + k, from = row * 4 * n + k;
    R const r = gates[from], z = gates[from + n], candidate = gates[from + 2 * n];
    R const hidden = gates[from + 3 * n];
    R const d_state = g ? d_h[place] + g[place] : d_h[place];
    R d_z = d_state * (before(row, place) - candidate), d_candidate = d_state * (1 - z);
    if (g_gates) {
      d_z += g_gates[from + n];
      d_candidate += g_gates[from + 2 * n];
    }
    R const d_n = d_candidate * (1 - candidate * candidate);
    R d_r = d_n * hidden, d_part = d_n * r;
    if (g_gates) {
      d_r += g_gates[from];
      d_part += g_gates[from + 3 * n];
    }
    d_inputs[at] = d_hidden[at] = d_r * r * (1 - r);
    d_inputs[at + n] = d_hidden[at + n] = d_z * z * (1 - z);
    d_inputs[at + 2 * n] = d_n;
    d_hidden[at + 2 * n] = d_part;
    d_h[place] = d_state * z;
  });
}

template <class R>
TL_HD void add(int64_t rows, int64_t n, const R *product, R *d_h) {
  for_elements(rows, n, [&](int64_t, int64_t, int64_t place) { d_h[place] += product[place]; });
}

}  // namespace recurrent
}  // namespace tl
