// Loops over floats of 8 and 16 bits made of loops over float32: a block is converted, the loop
// runs on it, and what it gives is converted back.
//
// Of ops that are exact or correctly rounded the results are those of converting every element by
// itself: float32 has more than twice the digits, so rounding twice is rounding once.
#pragma once

#include "dtypes.h"
#include "loops.h"
#include "narrow_rows.h"

namespace tl {

constexpr int kNarrowOperands = 4;

// The data of `through_float`.
struct FloatLoop {
  tl_loop loop;
  void *data;
  int inputs, operands;
  int dtypes[kNarrowOperands];
};

template <class T>
class NarrowOperand {
 public:
  static void read(const char *from, tl_intp step, float *to, tl_intp n) {
    if (step == tl_intp(sizeof(T))) {
      return NarrowRows<T>::to_float(reinterpret_cast<T const *>(from), to, n);
    }
    T row[kRow];
    for (tl_intp start = 0; start < n; start += kRow) {
      tl_intp const size = n - start < kRow ? n - start : kRow;
      for (tl_intp i = 0; i < size; ++i) row[i] = load<T>(from + (start + i) * step);
      NarrowRows<T>::to_float(row, to + start, size);
    }
  }

  static void write(float const *from, char *to, tl_intp step, tl_intp n) {
    if (step == tl_intp(sizeof(T))) {
      return NarrowRows<T>::from_float(from, reinterpret_cast<T *>(to), n);
    }
    T row[kRow];
    for (tl_intp start = 0; start < n; start += kRow) {
      tl_intp const size = n - start < kRow ? n - start : kRow;
      NarrowRows<T>::from_float(from + start, row, size);
      for (tl_intp i = 0; i < size; ++i) store(to + (start + i) * step, row[i]);
    }
  }

 private:
  static constexpr tl_intp kRow = 64;
};

// How the elements of an operand become float, and float them.
struct Conversion {
  void (*read)(const char *from, tl_intp step, float *to, tl_intp n);
  void (*write)(float const *from, char *to, tl_intp step, tl_intp n);
};

template <class T>
inline constexpr Conversion conversion = {NarrowOperand<T>::read, NarrowOperand<T>::write};

// Of a dtype; null where a loop takes it as it is.
inline Conversion const *conversion_of(int dtype) {
  switch (dtype) {
    case TL_FLOAT8_E4M3FN: return &conversion<Float8E4M3>;
    case TL_FLOAT8_E5M2: return &conversion<Float8E5M2>;
    case TL_FLOAT16: return &conversion<Half>;
    case TL_BFLOAT16: return &conversion<BFloat16>;
    default: return nullptr;
  }
}

// Casts of such floats, in the same way. Integers that a float rounds are beyond the largest
// float16, so they too are rounded once; to the others numbers are rounded twice, as by ml_dtypes.
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
      if constexpr (is_narrow<From>) {
        NarrowOperand<From>::read(from, steps[0], row, size);
      } else {
        WideElementwise<Cast<float>, From>::loop(first, &size, into, data);
      }
      if constexpr (is_narrow<To>) {
        NarrowOperand<To>::write(row, to, steps[1], size);
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
  alignas(64) float rows[kNarrowOperands][block];
  char *ends[kNarrowOperands];
  tl_intp inner_steps[kNarrowOperands];
  tl_intp const n = dims[0];
  for (tl_intp start = 0; start < n; start += block) {
    tl_intp const size = n - start < block ? n - start : block;
    for (int k = 0; k < inner.operands; ++k) {
      char *const at = args[k] + start * steps[k];
      Conversion const *const narrow = conversion_of(inner.dtypes[k]);
      if (narrow == nullptr) {
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
      narrow->read(at, steps[k], rows[k], scalar ? 1 : size);
    }
    inner.loop(ends, &size, inner_steps, inner.data);
    for (int k = inner.inputs; k < inner.operands; ++k) {
      Conversion const *const narrow = conversion_of(inner.dtypes[k]);
      if (narrow == nullptr) continue;
      narrow->write(rows[k], args[k] + start * steps[k], steps[k], size);
    }
  }
}

}  // namespace tl
