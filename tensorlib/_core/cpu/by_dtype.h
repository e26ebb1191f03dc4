// From a dtype known at run time to a type known to the compiler.
#pragma once

#include "dtypes.h"
#include "functors_traits.h"

namespace tl {

// f(T()) for the type T of a dtype; the results for all dtypes are of one type.
template <class Function>
inline auto with_dtype(int dtype, Function f) {
  switch (dtype) {
    case TL_BOOL: return f(bool());
    case TL_INT8: return f(int8_t());
    case TL_INT16: return f(int16_t());
    case TL_INT32: return f(int32_t());
    case TL_UINT8: return f(uint8_t());
    case TL_UINT16: return f(uint16_t());
    case TL_UINT32: return f(uint32_t());
    case TL_UINT64: return f(uint64_t());
    case TL_FLOAT8_E4M3FN: return f(Float8E4M3());
    case TL_FLOAT8_E5M2: return f(Float8E5M2());
    case TL_FLOAT16: return f(Half());
    case TL_BFLOAT16: return f(BFloat16());
    case TL_FLOAT32: return f(float());
    case TL_FLOAT64: return f(double());
    case TL_COMPLEX64: return f(ComplexFloat());
    case TL_COMPLEX128: return f(ComplexDouble());
    default: return f(int64_t());
  }
}

}  // namespace tl
