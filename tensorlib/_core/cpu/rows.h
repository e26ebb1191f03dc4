// Folds of rows of contiguous elements into one row of results: out[j] += x[0][j], then x[1][j] ...
//
// Eight rows are folded in one pass over a strip of the results, which stays in the cache.
#pragma once

#include <cstdint>
#include <cstring>

#include "float_status.h"
#include "loops.h"

namespace tl {

// (args, rows, bytes from row to row, contiguous elements in each); args as of an AddLoop.
typedef void (*RowsLoop)(char **args, intptr_t rows, intptr_t row_step, intptr_t n);

template <class T, class Fold>
struct Rows {
  static void loop(char **args, intptr_t rows, intptr_t row_step, intptr_t n) {
    ForTarget<Rows>::run(args, rows, row_step, n);
    if (!Fold::raises) take_float_status();
  }

  static void run(char **args, intptr_t rows, intptr_t row_step, intptr_t n) {
    constexpr intptr_t strip = 8192 / sizeof(T);
    for (intptr_t first = 0; first < n; first += strip) {
      intptr_t const offset = first * sizeof(T), width = n - first < strip ? n - first : strip;
      char *out = args[0] + offset;
      char const *x = args[1] + offset, *mean = Fold::has_mean ? args[3] + offset : nullptr;
      intptr_t i = 0;
      for (; i + 8 <= rows; i += 8) fold<8>(out, x + i * row_step, row_step, width, mean);
      for (; i < rows; ++i) fold<1>(out, x + i * row_step, row_step, width, mean);
    }
  }

 private:
  static constexpr intptr_t block = 256 / sizeof(T);  // results that stay in registers

  template <int count>
  static void fold(char *out, char const *x, intptr_t row_step, intptr_t n, char const *mean) {
    for (intptr_t first = 0; first < n; first += block) {
      intptr_t const offset = first * sizeof(T), width = n - first < block ? n - first : block;
      char const *means = Fold::has_mean ? mean + offset : nullptr;
      if (width == block) {  // which is known to the compiler
        fold_block<count>(out + offset, x + offset, row_step, block, means);
      } else {
        fold_block<count>(out + offset, x + offset, row_step, width, means);
      }
    }
  }

  template <int count>
  static void fold_block(char *out, char const *x, intptr_t row_step, intptr_t n,
                         char const *means) {
    T results[block];
    std::memcpy(results, out, n * sizeof(T));
    for (int k = 0; k < count; ++k) {
      TL_INDEPENDENT
      for (intptr_t j = 0; j < n; ++j) {
        T const mean = Fold::has_mean ? load<T>(means + j * sizeof(T)) : T();
        results[j] = Fold::apply(results[j], load<T>(x + k * row_step + j * sizeof(T)), mean);
      }
    }
    std::memcpy(out, results, n * sizeof(T));
  }
};

struct AddRow {
  static constexpr bool has_mean = false, raises = true;
  template <class T>
  static T apply(T sum, T value, T) {
    return sum + value;
  }
};

struct AddSquares {
  static constexpr bool has_mean = true, raises = true;
  template <class T>
  static T apply(T sum, T value, T mean) {
    return sum + (value - mean) * (value - mean);
  }
};

// As NumPy's: the first NaN, and the last of zeros of both signs. Comparisons with NaN are no news.
template <bool largest>
struct KeepBest {
  static constexpr bool has_mean = false, raises = false;
  template <class T>
  static T apply(T best, T value, T) {
    return (largest ? best > value : best < value) | (best != best) ? best : value;
  }
};

// For float32 and float64; null for other dtypes.
template <class Fold>
inline RowsLoop rows_loop(int dtype) {
  switch (dtype) {
    case TL_FLOAT32: return Rows<float, Fold>::loop;
    case TL_FLOAT64: return Rows<double, Fold>::loop;
    default: return nullptr;
  }
}

}  // namespace tl
