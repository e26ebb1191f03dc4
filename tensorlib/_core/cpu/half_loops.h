// Loops over 16-bit floats made of loops over float32: a block is converted, the loop runs on it,
// and what it gives is converted back.
//
// Of ops that are exact or correctly rounded the results are those of converting every element by
// itself: float32 has more than twice the digits, so rounding twice is rounding once.
#pragma once

#include "half_convert.h"
#include "loops.h"

namespace tl {

constexpr int kHalfOperands = 4;

// How a loop takes an operand.
enum { kAsItIs, kHalf, kBFloat16 };

// The data of `through_float`.
struct FloatLoop {
  tl_loop loop;
  void *data;
  int inputs, operands;
  int kinds[kHalfOperands];
};

template <class H>
class HalfOperand {
 public:
  static void read(const char *from, tl_intp step, float *to, tl_intp n) {
    if (step == tl_intp(sizeof(H))) {
      return HalfRows<H>::to_float(reinterpret_cast<H const *>(from), to, n);
    }
    H row[kRow];
    for (tl_intp start = 0; start < n; start += kRow) {
      tl_intp const size = n - start < kRow ? n - start : kRow;
      for (tl_intp i = 0; i < size; ++i) row[i] = load<H>(from + (start + i) * step);
      HalfRows<H>::to_float(row, to + start, size);
    }
  }

  static void write(float const *from, char *to, tl_intp step, tl_intp n) {
    if (step == tl_intp(sizeof(H))) {
      return HalfRows<H>::from_float(from, reinterpret_cast<H *>(to), n);
    }
    H row[kRow];
    for (tl_intp start = 0; start < n; start += kRow) {
      tl_intp const size = n - start < kRow ? n - start : kRow;
      HalfRows<H>::from_float(from + start, row, size);
      for (tl_intp i = 0; i < size; ++i) store(to + (start + i) * step, row[i]);
    }
  }

 private:
  static constexpr tl_intp kRow = 64;
};

// Casts of 16-bit floats, in the same way. Integers that a float rounds are beyond the largest
// float16, so they too are rounded once; bfloat16 is rounded twice, as by ml_dtypes.
template <class From, class To>
class CastThroughFloat {
 public:
  static void loop(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
    alignas(64) float row[block];
    tl_intp const into[] = {steps[0], sizeof(float)};
    tl_intp const out_of[] = {sizeof(float), steps[1]};
    for (tl_intp start = 0; start < dims[0]; start += block) {
      tl_intp const size = dims[0] - start < block ? dims[0] - start : block;
      char *const from = args[0] + start * steps[0], *const to = args[1] + start * steps[1];
      char *first[] = {from, reinterpret_cast<char *>(row)};
      char *second[] = {reinterpret_cast<char *>(row), to};
      if constexpr (is_half<From>) {
        HalfOperand<From>::read(from, steps[0], row, size);
      } else {
        WideElementwise<Cast<float>, From>::loop(first, &size, into, data);
      }
      if constexpr (is_half<To>) {
        HalfOperand<To>::write(row, to, steps[1], size);
      } else {
        WideElementwise<Cast<To>, float>::loop(second, &size, out_of, data);
      }
    }
  }

 private:
  static constexpr tl_intp block = 512;
};

inline void double_to_half(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
#ifdef TL_TARGETS
  constexpr tl_intp block = 256;
  if (target() == Target::avx512) {
    if (steps[0] == sizeof(double) && steps[1] == sizeof(Half)) {
      return half_from_double_avx512(reinterpret_cast<double const *>(args[0]),
                                     reinterpret_cast<Half *>(args[1]), dims[0]);
    }
    double from[block];
    Half to[block];
    for (tl_intp start = 0; start < dims[0]; start += block) {
      tl_intp const size = dims[0] - start < block ? dims[0] - start : block;
      for (tl_intp i = 0; i < size; ++i) {
        from[i] = load<double>(args[0] + (start + i) * steps[0]);
      }
      half_from_double_avx512(from, to, size);
      for (tl_intp i = 0; i < size; ++i) store(args[1] + (start + i) * steps[1], to[i]);
    }
    return;
  }
#endif
  cast_to_half<double>(args, dims, steps, data);
}

inline void through_float(char **args, tl_intp const *dims, tl_intp const *steps, void *data) {
  constexpr tl_intp block = 512;
  FloatLoop const &inner = *static_cast<FloatLoop const *>(data);
  alignas(64) float rows[kHalfOperands][block];
  char *ends[kHalfOperands];
  tl_intp inner_steps[kHalfOperands];
  tl_intp const n = dims[0];
  for (tl_intp start = 0; start < n; start += block) {
    tl_intp const size = n - start < block ? n - start : block;
    for (int k = 0; k < inner.operands; ++k) {
      char *const at = args[k] + start * steps[k];
      if (inner.kinds[k] == kAsItIs) {
        ends[k] = at;
        inner_steps[k] = steps[k];
        continue;
      }
      ends[k] = reinterpret_cast<char *>(rows[k]);
      inner_steps[k] = sizeof(float);
      if (k >= inner.inputs) continue;
      bool const scalar = steps[k] == 0;  // one element for all
      if (scalar) inner_steps[k] = 0;
      if (scalar && start > 0) continue;
      auto const read =
          inner.kinds[k] == kHalf ? HalfOperand<Half>::read : HalfOperand<BFloat16>::read;
      read(at, steps[k], rows[k], scalar ? 1 : size);
    }
    inner.loop(ends, &size, inner_steps, inner.data);
    for (int k = inner.inputs; k < inner.operands; ++k) {
      if (inner.kinds[k] == kAsItIs) continue;
      auto const write =
          inner.kinds[k] == kHalf ? HalfOperand<Half>::write : HalfOperand<BFloat16>::write;
      write(rows[k], args[k] + start * steps[k], steps[k], size);
    }
  }
}

}  // namespace tl
