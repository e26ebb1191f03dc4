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

}  // namespace tl
