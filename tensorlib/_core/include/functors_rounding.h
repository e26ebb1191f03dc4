// Rounding, and the parts and neighbours of a floating-point number.
#pragma once

#include "functors_arithmetic.h"
#include "functors_traits.h"

namespace tl {

// Integers are whole already.
struct Floor {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_exact<T>) {
      return x;
    } else {
      return T(math::floor(wide(x)));
    }
  }
};

struct Ceil {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_exact<T>) {
      return x;
    } else {
      return T(math::ceil(wide(x)));
    }
  }
};

struct Trunc {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_exact<T>) {
      return x;
    } else {
      return T(math::trunc(wide(x)));
    }
  }
};

// To the nearest, halves to even.
struct Rint {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_complex<T>) {
      return {math::rint(x.real), math::rint(x.imag)};
    } else {
      return T(math::rint(wide(x)));
    }
  }
};

struct Copysign {
  template <class T>
  TL_HD T operator()(T magnitude, T sign) const {
    if constexpr (is_narrow<T>) {
      return T::from_bits(magnitude_bits(magnitude) | (sign.bits & sign_of<T>));
    } else {
      return math::copysign(magnitude, sign);
    }
  }
};

struct Heaviside {
  template <class T>
  TL_HD T operator()(T x, T at_zero) const {
    return is_nan(x) ? x : !truth(x) ? at_zero : sign_bit(x) ? T(0) : T(1);
  }
};

struct Nextafter {
  template <class T>
  TL_HD T operator()(T x, T toward) const {
    if constexpr (is_narrow<T>) {
      if (is_nan(x) || is_nan(toward)) return T(not_a_number<float>());
      if (x == toward) return toward;
      if (!truth(x)) return T::from_bits((toward.bits & sign_of<T>) | 1);
      // Bits without the sign count up with the magnitude.
      return T::from_bits((x < toward) == (x > T(0)) ? x.bits + 1 : x.bits - 1);
    } else {
      return math::nextafter(x, toward);
    }
  }
};

// The distance to the next number away from zero, with the sign of x. NumPy's float16 is an
// exception: the distance to the next number upwards.
struct Spacing {
  template <class T>
  TL_HD T operator()(T x) const {
    if (!is_finite(x)) return not_a_number<T>();
    if constexpr (is_narrow<T> && !is_same<T, Half>) {
      return T(wide(T::from_bits(x.bits + 1)) - wide(x));
    } else {
      bool down = x < T(0) && !is_same<T, Half>;
      T next = Nextafter()(x, down ? Negative()(infinity<T>()) : infinity<T>());
      return T(wide(next) - wide(x));
    }
  }
};

// The exponent is an int or wider; what does not fit int is far beyond every result.
struct Ldexp {
  template <class T, class Integer>
  TL_HD T operator()(T x, Integer exponent) const {
    constexpr Integer limit = 1 << 20;
    int clamped = int(exponent > limit ? limit : exponent < -limit ? -limit : exponent);
    return T(math::ldexp(wide(x), clamped));
  }
};

// x = first * 2**second, 0.5 <= |first| < 1
struct Frexp {
  template <class T>
  TL_HD Pair<T, int32_t> operator()(T x) const {
    if (!is_finite(x)) return {x, 0};
    int exponent;
    auto fraction = math::frexp(wide(x), &exponent);
    return {T(fraction), exponent};
  }
};

// The fractional and the integral part, both with the sign of x.
struct Modf {
  template <class T>
  TL_HD Pair<T> operator()(T x) const {
    Wide<T> integral;
    auto fraction = math::modf(wide(x), &integral);
    return {T(fraction), T(integral)};
  }
};

}  // namespace tl
