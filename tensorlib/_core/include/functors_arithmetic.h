// Arithmetic on every type of number.
//
// Integers wrap around, and their division by zero gives 0, as in NumPy. For bool, + and * are
// "or" and "and"; the ops that NumPy refuses for bool are refused before a kernel is chosen.
#pragma once

#include "complex_math.h"
#include "functors_traits.h"

namespace tl {

struct Add {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(wide(a) + wide(b));
  }
};

struct Subtract {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(wide(a) - wide(b));
  }
};

struct Multiply {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(wide(a) * wide(b));
  }
};

struct Divide {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(wide(a) / wide(b));
  }
};

// For gradients: those that are exactly zero, as `where` gives to the branch not taken, stay so
// whatever the derivative is. Operands are chosen first, so that no invalid operation is done.
struct MaskedMultiply {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T((truth(b) ? wide(a) : Wide<T>(0)) * (truth(a) ? wide(b) : Wide<T>(0)));
  }
};

struct MaskedDivide {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(wide(a) / (truth(a) ? wide(b) : Wide<T>(1)));
  }
};

struct Positive {
  template <class T>
  TL_HD T operator()(T x) const {
    return x;
  }
};

struct Negative {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_narrow<T>) {
      return T::from_bits(x.bits ^ sign_of<T>);
    } else {
      return T(-wide(x));
    }
  }
};

struct Absolute {
  template <class T>
  TL_HD Real<T> operator()(T x) const {
    if constexpr (is_complex<T>) {
      return math::hypot(x.real, x.imag);
    } else if constexpr (is_narrow<T>) {
      return T::from_bits(magnitude_bits(x));
    } else if constexpr (is_floating<T>) {
      return math::fabs(x);
    } else {
      return is_signed<T>() && x < T(0) ? Negative()(x) : x;
    }
  }
};

struct Fabs {
  template <class T>
  TL_HD T operator()(T x) const {
    return Absolute()(x);
  }
};

struct Conjugate {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_complex<T>) {
      return {x.real, -x.imag};
    } else {
      return x;
    }
  }
};

struct Square {
  template <class T>
  TL_HD T operator()(T x) const {
    return Multiply()(x, x);
  }
};

struct Reciprocal {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_complex<T>) {
      return reciprocal(x);
    } else if constexpr (is_floating<T>) {
      return T(1 / wide(x));
    } else if (x == 0) {
      // 1/0 becomes the integer that infinity converts to.
      return is_signed<T>() && sizeof(T) >= 4 ? T(Wide<T>(1) << (8 * sizeof(T) - 1)) : T(0);
    } else {
      return T(T(1) / x);
    }
  }

 private:
  template <class R>
  TL_HD static Complex<R> reciprocal(Complex<R> x) {
    if (math::fabs(x.imag) <= math::fabs(x.real)) {
      R ratio = x.imag / x.real, scale = x.real + x.imag * ratio;
      return {1 / scale, -ratio / scale};
    }
    R ratio = x.real / x.imag, scale = x.real * ratio + x.imag;
    return {ratio / scale, -1 / scale};
  }
};

// -1, 0 or 1; of a complex number its direction, a number on the unit circle.
struct Sign {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_complex<T>) {
      return direction(x);
    } else if constexpr (is_floating<T>) {
      // By the bits, as a comparison with NaN raises an exception.
      return is_nan(x) ? x : truth(x) ? (sign_bit(x) ? T(-1) : T(1)) : T(0);
    } else {
      return x > T(0) ? T(1) : is_less_than_zero(x) ? T(-1) : T(0);
    }
  }

 private:
  template <class T>
  TL_HD static bool is_less_than_zero(T x) {
    if constexpr (is_signed<T>()) return x < T(0);
    return false;
  }

  template <class R>
  TL_HD static Complex<R> direction(Complex<R> x) {
    R length = math::hypot(x.real, x.imag);
    if (is_nan(length)) return {length, length};
    if (is_infinite(length)) {
      bool real = is_infinite(x.real), imag = is_infinite(x.imag);
      if (real && imag) return {not_a_number<R>(), not_a_number<R>()};
      return real ? Complex<R>(math::copysign(R(1), x.real), R(0))
                  : Complex<R>(R(0), math::copysign(R(1), x.imag));
    }
    if (length == 0) return {R(0), R(0)};
    return {x.real / length, x.imag / length};
  }
};

// Integer powers by squaring; a negative exponent of an integer is refused before the kernel.
struct Power {
  template <class T>
  TL_HD T operator()(T base, T exponent) const {
    if constexpr (is_integer<T>) {
      Wide<T> result = 1, square = wide(base);
      for (T n = exponent; n > 0; n = T(n >> 1)) {
        if (n & 1) result *= square;
        square *= square;
      }
      return T(result);
    } else {
      return T(math::pow(wide(base), wide(exponent)));
    }
  }
};

struct FloatPower {
  template <class T>
  TL_HD T operator()(T base, T exponent) const {
    return Power()(base, exponent);
  }
};

// Quotient rounded down, and the remainder with the sign of the divisor.
struct Divmod {
  template <class T>
  TL_HD Pair<T> operator()(T a, T b) const {
    if constexpr (is_integer<T>) {
      if (b == 0) return {T(0), T(0)};
      if (is_signed<T>() && b == T(-1)) return {Negative()(a), T(0)};  // the smallest wraps
      T quotient = T(a / b), remainder = T(a % b);
      if (remainder != 0 && (remainder < 0) != (b < 0)) return {T(quotient - 1), T(remainder + b)};
      return {quotient, remainder};
    } else {
      auto result = real_divmod(wide(a), wide(b));
      return {T(result.first), T(result.second)};
    }
  }

 private:
  // By way of fmod, which is exact, so that quotient * b + remainder is close to a.
  template <class R>
  TL_HD static Pair<R> real_divmod(R a, R b) {
    R remainder = math::fmod(a, b);
    if (b == 0) return {a / b, remainder};
    R quotient = (a - remainder) / b;
    if (remainder == 0) {
      remainder = math::copysign(R(0), b);
    } else if (sign_bit(remainder) != sign_bit(b)) {
      remainder += b;
      quotient -= 1;
    }
    if (quotient == 0) return {math::copysign(R(0), a / b), remainder};
    R floor = math::floor(quotient), fraction = quotient - floor;
    // An ordered comparison with NaN would raise an exception.
    return {!is_nan(fraction) && fraction > R(0.5) ? floor + 1 : floor, remainder};
  }
};

struct FloorDivide {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return Divmod()(a, b).first;
  }
};

struct Remainder {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return Divmod()(a, b).second;
  }
};

// The remainder with the sign of the dividend, as in C.
struct Fmod {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    if constexpr (is_integer<T>) {
      if (b == 0 || (is_signed<T>() && b == T(-1))) return T(0);
      return T(a % b);
    } else {
      return T(math::fmod(wide(a), wide(b)));
    }
  }
};

// Of the absolute values; that of the smallest integer wraps only in the result.
struct Gcd {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    return T(of_magnitudes(magnitude(a), magnitude(b)));
  }

  template <class T>
  TL_HD static Wide<T> magnitude(T x) {
    return x < 0 ? -wide(x) : wide(x);
  }

  template <class U>
  TL_HD static U of_magnitudes(U a, U b) {
    while (b != 0) {
      U remainder = a % b;
      a = b;
      b = remainder;
    }
    return a;
  }
};

struct Lcm {
  template <class T>
  TL_HD T operator()(T a, T b) const {
    auto x = Gcd::magnitude(a), y = Gcd::magnitude(b);
    auto divisor = Gcd::of_magnitudes(x, y);
    return divisor == 0 ? T(0) : T(x / divisor * y);
  }
};

}  // namespace tl
