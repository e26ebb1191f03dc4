// Mathematical functions. For complex numbers `math` has the overloads of complex_math.h.
#pragma once

#include "complex_math.h"
#include "functors_traits.h"

namespace tl {

struct Exp {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::exp(wide(x)));
  }
};

struct Exp2 {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::exp2(wide(x)));
  }
};

struct Expm1 {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::expm1(wide(x)));
  }
};

struct Log {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::log(wide(x)));
  }
};

struct Log2 {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::log2(wide(x)));
  }
};

struct Log10 {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::log10(wide(x)));
  }
};

struct Log1p {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::log1p(wide(x)));
  }
};

struct Sqrt {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::sqrt(wide(x)));
  }
};

struct Cbrt {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::cbrt(wide(x)));
  }
};

struct Sin {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::sin(wide(x)));
  }
};

struct Cos {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::cos(wide(x)));
  }
};

struct Tan {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::tan(wide(x)));
  }
};

struct Arcsin {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::asin(wide(x)));
  }
};

struct Arccos {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::acos(wide(x)));
  }
};

struct Arctan {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::atan(wide(x)));
  }
};

struct Arctan2 {
  template <class T>
  TL_HD T operator()(T y, T x) const {
    return T(math::atan2(wide(y), wide(x)));
  }
};

struct Hypot {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(math::hypot(wide(a), wide(b)));
  }
};

struct Sinh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::sinh(wide(x)));
  }
};

struct Cosh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::cosh(wide(x)));
  }
};

struct Tanh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::tanh(wide(x)));
  }
};

struct Arcsinh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::asinh(wide(x)));
  }
};

struct Arccosh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::acosh(wide(x)));
  }
};

struct Arctanh {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(math::atanh(wide(x)));
  }
};

struct Degrees {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(wide(x) * (180 / pi<Wide<T>>));
  }
};

struct Rad2deg {
  template <class T>
  TL_HD T operator()(T x) const {
    return Degrees()(x);
  }
};

struct Radians {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(wide(x) * (pi<Wide<T>> / 180));
  }
};

struct Deg2rad {
  template <class T>
  TL_HD T operator()(T x) const {
    return Radians()(x);
  }
};

// log(exp(a) + exp(b)); the shortcut for a == b also serves infinities, whose difference is NaN.
struct Logaddexp {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    using R = Wide<T>;
    R x = wide(a), y = wide(b), difference = x - y;
    if (x == y) return T(x + R(0.6931471805599453));  // log(2)
    if (difference > 0) return T(x + math::log1p(math::exp(-difference)));
    if (difference <= 0) return T(y + math::log1p(math::exp(difference)));
    return T(difference);
  }
};

// log2(2**a + 2**b)
struct Logaddexp2 {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    using R = Wide<T>;
    R x = wide(a), y = wide(b), difference = x - y;
    if (x == y) return T(x + 1);
    if (difference > 0) return T(x + log2_1p(math::exp2(-difference)));
    if (difference <= 0) return T(y + log2_1p(math::exp2(difference)));
    return T(difference);
  }

 private:
  template <class R>
  TL_HD static R log2_1p(R x) {
    return math::log1p(x) * R(1.4426950408889634);  // 1 / log(2)
  }
};

// Takes exp of negative numbers only, which cannot overflow.
struct Sigmoid {
  template <class T>
  TL_HD T operator()(T x) const {
    Wide<T> e = exp_of_negative(-math::fabs(wide(x)));
    return T((sign_bit(x) ? e : 1) / (1 + e));
  }

 private:
  TL_HD static double exp_of_negative(double x) { return math::exp(x); }

  // By arithmetic alone, so that a loop over it vectorizes. With n the integer next to
  // x / log(2), exp(x) = 2**n * exp(r), and r is small: the first terms of the series do.
  TL_HD static float exp_of_negative(float x) {
    constexpr float to_integer = 12582912;  // adding 1.5 * 2**23 leaves no bits for a fraction
    float shifted = x * 1.44269504f + to_integer;
    float n = shifted - to_integer;
    float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;  // log(2) in two parts
    float series = 1.0f / 720 + r * (1.0f / 5040);
    series = 1.0f / 24 + r * (1.0f / 120 + r * series);
    series = 1 + r * (1 + r * (0.5f + r * (1.0f / 6 + r * series)));
    // 2**n in two factors, as it may be subnormal.
    int32_t exponent = int32_t(bits_as<uint32_t>(shifted) - bits_as<uint32_t>(to_integer));
    int32_t half = exponent >> 1;
    float result = series * power_of_2(half) * power_of_2(exponent - half);
    // Zero where n means nothing; by a mask, as compilers make jumps of a choice.
    uint32_t keep = 0u - uint32_t(!(x < -104));
    return bits_as<float>(bits_as<uint32_t>(result) & keep);
  }

  TL_HD static float power_of_2(int32_t n) { return bits_as<float>(uint32_t(n + 127) << 23); }
};

}  // namespace tl
