// Comparisons, logic, bits, and questions about a number.
#pragma once

#include "functors_traits.h"

namespace tl {

struct Equal {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return a == b;
  }
  // By value, as of the other comparisons.
  TL_HD bool operator()(int64_t a, uint64_t b) const { return a >= 0 && uint64_t(a) == b; }
  TL_HD bool operator()(uint64_t a, int64_t b) const { return (*this)(b, a); }
};

struct NotEqual {
  template <class A, class B>
  TL_HD bool operator()(A a, B b) const {
    return !Equal()(a, b);
  }
};

// Complex numbers are ordered by their real parts, then by their imaginary parts.
struct Less {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return a < b;
  }
  template <class R>
  TL_HD bool operator()(Complex<R> a, Complex<R> b) const {
    return (a.real < b.real && !is_nan(a.imag) && !is_nan(b.imag)) ||
           (a.real == b.real && a.imag < b.imag);
  }
  TL_HD bool operator()(int64_t a, uint64_t b) const { return a < 0 || uint64_t(a) < b; }
  TL_HD bool operator()(uint64_t a, int64_t b) const { return b > 0 && a < uint64_t(b); }
};

struct LessEqual {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return a <= b;
  }
  template <class R>
  TL_HD bool operator()(Complex<R> a, Complex<R> b) const {
    return (a.real < b.real && !is_nan(a.imag) && !is_nan(b.imag)) ||
           (a.real == b.real && a.imag <= b.imag);
  }
  TL_HD bool operator()(int64_t a, uint64_t b) const { return a < 0 || uint64_t(a) <= b; }
  TL_HD bool operator()(uint64_t a, int64_t b) const { return b >= 0 && a <= uint64_t(b); }
};

struct Greater {
  template <class A, class B>
  TL_HD bool operator()(A a, B b) const {
    return Less()(b, a);
  }
};

struct GreaterEqual {
  template <class A, class B>
  TL_HD bool operator()(A a, B b) const {
    return LessEqual()(b, a);
  }
};

struct LogicalAnd {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return truth(a) && truth(b);
  }
};

struct LogicalOr {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return truth(a) || truth(b);
  }
};

struct LogicalXor {
  template <class T>
  TL_HD bool operator()(T a, T b) const {
    return truth(a) != truth(b);
  }
};

struct LogicalNot {
  template <class T>
  TL_HD bool operator()(T x) const {
    return !truth(x);
  }
};

struct BitwiseAnd {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(a & b);
  }
};

struct BitwiseOr {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(a | b);
  }
};

struct BitwiseXor {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(a ^ b);
  }
};

struct Invert {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_bool<T>) {
      return !x;
    } else {
      return T(~x);
    }
  }
};

// A shift by the width or more (a negative count is a huge one) shifts everything out.
struct LeftShift {
  template <class T>
  TL_HD T operator()(T x, T count) const {
    return uint64_t(count) < 8 * sizeof(T) ? T(wide(x) << count) : T(0);
  }
};

struct RightShift {
  template <class T>
  TL_HD T operator()(T x, T count) const {
    return uint64_t(count) < 8 * sizeof(T) ? T(x >> count) : T(x < 0 ? -1 : 0);
  }
};

// The bits set in the absolute value.
struct BitwiseCount {
  template <class T>
  TL_HD uint8_t operator()(T x) const {
    uint64_t bits = x < 0 ? uint64_t(0) - uint64_t(x) : uint64_t(x);
    bits -= bits >> 1 & 0x5555555555555555;
    bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return uint8_t(bits * 0x0101010101010101 >> 56);
  }
};

struct Isnan {
  template <class T>
  TL_HD bool operator()(T x) const {
    return is_nan(x);
  }
};

struct Isinf {
  template <class T>
  TL_HD bool operator()(T x) const {
    return is_infinite(x);
  }
};

struct Isfinite {
  template <class T>
  TL_HD bool operator()(T x) const {
    return is_finite(x);
  }
};

struct Signbit {
  template <class T>
  TL_HD bool operator()(T x) const {
    return sign_bit(x);
  }
};

}  // namespace tl
