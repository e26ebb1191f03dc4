// How matrix products are shared among threads.
//
// Products of float and double matrices are computed by gemm.h where the processor has the vectors
// for it, and in blocks that may depend on the number of threads, for their results do not. All
// others are computed by the loop of NumPy's matmul, that is by BLAS, whose results may depend on
// how a product is cut: so that is decided by the shapes alone.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "float_status.h"
#include "gemm.h"
#include "parallel_loops.h"
#include "strided.h"
#include "thread_pool.h"

namespace tl {

// A stack of products: a walk over the matrices, and one of them in bytes as NumPy's loop wants it.
struct Products {
  Walk walk;  // prepared
  char *start[3];
  intptr_t dims[4];   // unused, rows, inner, columns
  intptr_t steps[9];  // three unused; a: row, inner; b: inner, column; c: row, column
  Loop numpy;
  void *data;
  int real;  // bytes of a float or a double, or 0
  bool cut;  // whether BLAS starts no threads of its own meanwhile
  int threads;
};

inline intptr_t matrices(Products const &x) {
  intptr_t count = 1;
  for (int axis = 0; axis < x.walk.ndim; ++axis) count *= x.walk.shape[axis];
  return count;
}

inline void find_matrix(Products const &x, intptr_t index, char **pointers) {
  for (int k = 0; k < 3; ++k) pointers[k] = x.start[k];
  for (int axis = x.walk.ndim - 1; axis >= 0; --axis) {
    intptr_t const position = index % x.walk.shape[axis];
    index /= x.walk.shape[axis];
    for (int k = 0; k < 3; ++k) pointers[k] += position * x.walk.strides[axis][k];
  }
}

// body(first, last, worker) for parts of [0, tasks), each worth a thread's wakening.
template <class Body>
void share(int threads, intptr_t tasks, Nanoseconds each, Body const &body) {
  Nanoseconds const alone = each * Nanoseconds(tasks);
  if (threads <= 1 || tasks <= 1 || alone < kWorthThreads) return body(0, tasks, 0);
  intptr_t const many = std::max(intptr_t(1), intptr_t(kTask / each));
  std::atomic<int> status{0};
  parallel_for(
      (tasks + many - 1) / many, threads,
      [&](intptr_t task, int worker) {
        take_float_status();
        body(task * many, std::min(tasks, (task + 1) * many), worker);
        if (int const raised = take_float_status()) status |= raised;
      },
      alone);
  raise_float_status(status);
}

// ------------------------------------------------------------------------------------------
// by gemm.h
// ------------------------------------------------------------------------------------------

template <class T>
gemm::Product<T> product_of(Products const &x, char *const *pointers) {
  intptr_t const size = sizeof(T);
  return {x.dims[1], x.dims[2], x.dims[3],
          reinterpret_cast<T const *>(pointers[0]), x.steps[3] / size, x.steps[4] / size,
          reinterpret_cast<T const *>(pointers[1]), x.steps[5] / size, x.steps[6] / size,
          reinterpret_cast<T *>(pointers[2]), x.steps[7] / size};
}

// What a multiplication and an addition cost a thread, and what a matrix does besides.
template <class T>
constexpr Nanoseconds kStep = 0.004 * sizeof(T);
constexpr Nanoseconds kMatrix = 100;

template <class T>
Nanoseconds alone(Products const &x) {
  return kMatrix +
         kStep<T> * Nanoseconds(x.dims[1]) * Nanoseconds(x.dims[2]) * Nanoseconds(x.dims[3]);
}

constexpr intptr_t kLocal = 16 << 10;  // bytes of copied panels that the stack has room for
constexpr intptr_t kSlab = 1 << 20;    // bytes of those that all threads share, or an eighth of
                                       // the matrices where that is more

// Each matrix by one thread, or every matrix by all of them.
template <class T>
bool whole_matrices(Products const &x, intptr_t packed) {
  return alone<T>(x) < kWorthThreads ||
         (matrices(x) >= 4 * x.threads && packed * intptr_t(sizeof(T)) <= kSlab);
}

// The columns whose panels are copied at a time.
template <class T>
intptr_t slab_columns(gemm::Product<T> const &product) {
  intptr_t const all = product.inner * (product.rows + product.columns) +
                       product.rows * product.columns;
  intptr_t const columns = std::max(kSlab / intptr_t(sizeof(T)), all / 8) / product.inner;
  return std::min(product.columns, std::max(intptr_t(256), columns));
}

// The product of columns [first, last).
template <class T>
gemm::Product<T> columns_of(gemm::Product<T> product, intptr_t first, intptr_t last) {
  product.b += first * product.b_column;
  product.c += first;
  product.columns = last - first;
  return product;
}

template <class T>
void multiply_whole(gemm::Product<T> const &product, intptr_t packed, T *memory) {
  gemm::Kernels<T> const &kernels = gemm::kernels<T>();
  alignas(64) T local[kLocal / sizeof(T)];
  if (packed * intptr_t(sizeof(T)) <= kLocal) memory = local;
  intptr_t const panels = kernels.panels(product.columns);
  if (packed) kernels.pack(product, 0, product.inner, memory);
  for (intptr_t left = 0; left < panels; left += kernels.wide_panels) {
    kernels.block(product, packed ? memory : nullptr, 0, product.rows, left,
                  std::min(panels, left + kernels.wide_panels));
  }
}

// Whether it is x @ x.T, of which one half is that of the other side.
template <class T>
bool is_symmetric(gemm::Product<T> const &x) {
  return x.a == x.b && x.rows == x.columns && x.a_row == x.b_column && x.a_inner == x.b_inner;
}

template <class T>
void mirror(int threads, gemm::Product<T> const &x) {
  intptr_t const tile = 32, tiles = (x.rows + tile - 1) / tile;
  share(threads, tiles, Nanoseconds(tile * x.rows) / 4, [&](intptr_t task, intptr_t end, int) {
    for (intptr_t low = task * tile; low < std::min(x.rows, end * tile); low += tile) {
      for (intptr_t left = low; left < x.columns; left += tile) {
        for (intptr_t i = low; i < std::min(x.rows, low + tile); ++i) {
          for (intptr_t j = std::max(left, i + 1); j < std::min(x.columns, left + tile); ++j) {
            x.c[i * x.c_row + j] = x.c[j * x.c_row + i];
          }
        }
      }
    }
  });
}

template <class T>
void multiply_shared(int threads, gemm::Product<T> const &product, T *packed, bool symmetric) {
  gemm::Kernels<T> const &kernels = gemm::kernels<T>();
  intptr_t const many = threads;
  Nanoseconds const row = kStep<T> * Nanoseconds(product.inner) * Nanoseconds(product.columns);
  intptr_t const panels = kernels.panels(product.columns);
  intptr_t blocks = (panels + kernels.wide_panels - 1) / kernels.wide_panels;
  if (product.rows < product.columns) blocks = std::max(blocks, std::min(panels, 2 * many));
  if (packed) {
    intptr_t const depth = 64, depths = (product.inner + depth - 1) / depth;
    share(threads, depths, Nanoseconds(depth) * Nanoseconds(product.columns) / 6,
          [&](intptr_t first, intptr_t last, int) {
            kernels.pack(product, first * depth, std::min(product.inner, last * depth), packed);
          });
  }
  // Tall blocks, for each reads its panels of b from far away: on blocks of 32 rows it takes twice
  // the time that it takes on those of 512. But as many for each thread, and two if they are few.
  intptr_t const even = blocks >= 2 * many ? 1 : blocks > 1 ? many : 2 * many;
  intptr_t const most = symmetric ? 96 : 512;  // the lower, the more of the other half is left out
  intptr_t pieces = ((product.rows + most - 1) / most + even - 1) / even * even;
  pieces = std::max(intptr_t(1), std::min(pieces, product.rows / 32));
  intptr_t rows = (product.rows + pieces - 1) / pieces;
  rows = (rows + kernels.rows - 1) / kernels.rows * kernels.rows;
  intptr_t const tasks = blocks * ((product.rows + rows - 1) / rows);
  share(threads, tasks, row * Nanoseconds(rows) / Nanoseconds(blocks),
        [&](intptr_t task, intptr_t end, int) {
          for (; task < end; ++task) {
            intptr_t const first = task / blocks * rows;
            intptr_t const last = std::min(product.rows, first + rows);
            intptr_t const left = task % blocks * panels / blocks;
            intptr_t right = (task % blocks + 1) * panels / blocks;
            if (symmetric) right = std::min(right, kernels.panels_until(product.columns, last));
            if (left < right) kernels.block(product, packed, first, last, left, right);
          }
        });
}

template <class T>
void multiply(Products const &x, T *memory) {
  intptr_t const count = matrices(x);
  char *pointers[3];
  find_matrix(x, 0, pointers);
  gemm::Product<T> product = product_of<T>(x, pointers);
  intptr_t const packed = gemm::kernels<T>().packed_elements(product);
  if (whole_matrices<T>(x, packed)) {
    if (count == 1) return multiply_whole(product, packed, memory);
    share(x.threads, count, alone<T>(x), [&](intptr_t index, intptr_t last, int worker) {
      for (; index < last; ++index) {
        char *own[3];
        find_matrix(x, index, own);
        multiply_whole(product_of<T>(x, own), packed, memory + worker * packed);
      }
    });
    return;
  }
  for (intptr_t index = 0; index < count; ++index) {
    find_matrix(x, index, pointers);
    product = product_of<T>(x, pointers);
    intptr_t const slab = slab_columns(product);
    bool const symmetric = slab == product.columns && is_symmetric(product);
    for (intptr_t first = 0; first < product.columns; first += slab) {
      intptr_t const last = std::min(product.columns, first + slab);
      multiply_shared(x.threads, columns_of(product, first, last), packed ? memory : nullptr,
                      symmetric);
    }
    if (symmetric) mirror(x.threads, product);
  }
}

// ------------------------------------------------------------------------------------------
// by NumPy's loop
// ------------------------------------------------------------------------------------------

constexpr intptr_t kCut = 1 << 16;  // elements of a vector, or of a matrix times a vector

inline void call_numpy(Products const &x, char **pointers, intptr_t rows, intptr_t inner,
                       intptr_t columns) {
  intptr_t const dims[4] = {1, rows, inner, columns};
  x.numpy(pointers, dims, x.steps, x.data);
}

// Of one long inner product, whose pieces are added in order.
template <class T>
void multiply_long(Products const &x, T *memory) {
  intptr_t const inner = x.dims[2], pieces = (inner + kCut - 1) / kCut;
  share(x.threads, pieces, Nanoseconds(kCut) / 8, [&](intptr_t piece, intptr_t last, int) {
    for (; piece < last; ++piece) {
      char *pointers[3] = {x.start[0] + piece * kCut * x.steps[4],
                           x.start[1] + piece * kCut * x.steps[5],
                           reinterpret_cast<char *>(memory + piece)};
      call_numpy(x, pointers, 1, std::min(kCut, inner - piece * kCut), 1);
    }
  });
  T sum = memory[0];
  for (intptr_t piece = 1; piece < pieces; ++piece) sum += memory[piece];
  *reinterpret_cast<T *>(x.start[2]) = sum;
}

inline void multiply_by_numpy(Products const &x) {
  if (!x.cut) {
    intptr_t dims[4], steps[9];
    std::copy(x.dims, x.dims + 4, dims);
    std::copy(x.steps, x.steps + 9, steps);
    walk_core(x.walk, x.start, x.numpy, x.data, dims, steps);
    return;
  }
  bool const by_rows = x.dims[1] > 1, vector = !by_rows || x.dims[3] == 1;
  intptr_t const length = x.dims[by_rows ? 1 : 3], other = x.dims[by_rows ? 3 : 1];
  // Matrices are cut seldom, for each piece copies all of the other operand.
  intptr_t const worth = vector ? kCut : 64 * kCut;
  double const line = double(x.dims[2]) * double(std::max(other, intptr_t(1)));
  intptr_t cut = length;
  if (length > 0 && line * double(length) >= 2.0 * double(worth)) {
    cut = intptr_t(std::min(double(length), std::max(1.0, double(worth) / std::max(line, 1.0))));
    cut = std::max(intptr_t(192), (cut + 47) / 48 * 48);
  }
  intptr_t const pieces = length > 0 ? (length + cut - 1) / cut : 1;
  share(x.threads, matrices(x) * pieces,
        kMatrix + line * double(cut) / (vector ? 8 : 30),
        [&](intptr_t task, intptr_t last, int) {
          for (; task < last; ++task) {
            char *pointers[3];
            find_matrix(x, task / pieces, pointers);
            intptr_t const first = task % pieces * cut, here = std::min(cut, length - first);
            pointers[by_rows ? 0 : 1] += first * x.steps[by_rows ? 3 : 6];
            pointers[2] += first * x.steps[by_rows ? 7 : 8];
            call_numpy(x, pointers, by_rows ? here : x.dims[1], x.dims[2],
                       by_rows ? x.dims[3] : here);
          }
        });
}

// ------------------------------------------------------------------------------------------
// whose it is
// ------------------------------------------------------------------------------------------

template <class T>
bool by_gemm(Products const &x) {
  for (int i = 3; i < 7; ++i) {
    if (x.steps[i] % intptr_t(sizeof(T))) return false;
  }
  return gemm::available() && x.dims[1] > 1 && x.dims[2] > 0 && x.dims[3] > 1;
}

inline bool is_long(Products const &x) {
  return x.cut && x.walk.ndim == 0 && x.dims[1] == 1 && x.dims[3] == 1 && x.dims[2] >= 2 * kCut;
}

template <class T>
intptr_t memory_elements(Products const &x) {
  if (is_long(x)) return x.dims[2] / kCut + 1;
  if (!by_gemm<T>(x)) return 0;
  gemm::Product<T> product = product_of<T>(x, x.start);
  intptr_t const packed = gemm::kernels<T>().packed_elements(product);
  if (whole_matrices<T>(x, packed)) {
    if (packed * intptr_t(sizeof(T)) <= kLocal) return 0;
    return packed * (matrices(x) > 1 ? x.threads : 1);
  }
  // Panels are rounded up to whole vectors.
  return packed ? product.inner * (slab_columns(product) + 64) : 0;
}

template <class T>
void multiply_real(Products const &x, T *memory) {
  if (by_gemm<T>(x)) {
    multiply(x, memory);
  } else if (is_long(x)) {
    multiply_long(x, memory);
  } else {
    multiply_by_numpy(x);
  }
}

// The bytes that `multiply_all` needs beside the operands.
inline intptr_t product_memory(Products const &x) {
  if (x.real == sizeof(float)) return memory_elements<float>(x) * intptr_t(sizeof(float));
  return x.real ? memory_elements<double>(x) * intptr_t(sizeof(double)) : 0;
}

inline void multiply_all(Products const &x, void *memory) {
  if (x.real == sizeof(float)) {
    multiply_real(x, static_cast<float *>(memory));
  } else if (x.real) {
    multiply_real(x, static_cast<double *>(memory));
  } else {
    multiply_by_numpy(x);
  }
}

}  // namespace tl
