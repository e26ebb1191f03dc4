// Choosing and converting: extremes, clip, where, casts.
#pragma once

#include "functors_compare.h"
#include "functors_traits.h"
#include "vector_math.h"

namespace tl {

// NaN wins, from whichever side.
struct Maximum {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return GreaterEqual()(a, b) || is_nan(a) ? a : b;
  }
};

struct Minimum {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return LessEqual()(a, b) || is_nan(a) ? a : b;
  }
};

// NaN loses.
struct Fmax {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return GreaterEqual()(a, b) || is_nan(b) ? a : b;
  }
};

struct Fmin {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return LessEqual()(a, b) || is_nan(b) ? a : b;
  }
};

// a >= b, which raises no exception for NaN.
template <class R>
TL_HD bool is_at_least(R a, R b) {
#if defined(__GNUC__) && !defined(__CUDACC__)
  return __builtin_isgreaterequal(a, b);
#else
  return a >= b;  // a GPU has no exceptions
#endif
}

struct Clip {
  template <class T>
  TL_HD T operator()(T x, T low, T high) const {
    if constexpr (is_same<T, float> || is_same<T, double>) {
      bool inside = int(is_nan(x)) | int(is_at_least(x, low));
      T above = vector_math::choose(inside, x, low);
      inside = int(is_nan(above)) | int(is_at_least(high, above));
      return vector_math::choose(inside, above, high);
    } else {
      return Minimum()(Maximum()(x, low), high);
    }
  }
};

struct Hardtanh : Clip {};

struct Where {
  template <class T>
  TL_HD T operator()(bool condition, T a, T b) const {
    return condition ? a : b;
  }
};

// A number as another type. Complex numbers lose their imaginary part; bool asks "is it nonzero?".
// Floats beyond the target's range convert as the processor does, which NumPy leaves open too;
// small integers go by way of a wider one so that all loops of a machine agree.
template <class To>
struct Cast {
  template <class From>
  TL_HD To operator()(From x) const {
    if constexpr (is_same<To, From>) {
      return x;
    } else if constexpr (is_bool<To>) {
      return truth(x);
    } else if constexpr (is_complex<To>) {
      return convert_complex(x);
    } else if constexpr (is_complex<From>) {
      return Cast()(x.real);
    } else if constexpr (is_narrow<From>) {
      return Cast()(float(x));
    } else if constexpr (is_bool<From>) {
      return x ? To(1) : To(0);  // vectorizes better than the conversion
    } else if constexpr (is_integer<To> && is_floating<From> && sizeof(To) <= 4) {
      return To(static_cast<Through>(x));
    } else {
      return static_cast<To>(x);
    }
  }

 private:
  using Through = typename Choose<is_same<To, uint32_t>, int64_t, int32_t>::type;

  template <class From>
  TL_HD static To convert_complex(From x) {
    using R = Real<To>;
    if constexpr (is_complex<From>) {
      return To(R(x.real), R(x.imag));
    } else {
      return To(R(x));
    }
  }
};

}  // namespace tl
