// What the functors ask about a type, and the type in which its arithmetic is done.
#pragma once

#include "complex_number.h"
#include "float8.h"
#include "portable.h"

namespace tl {

template <class A, class B>
inline constexpr bool is_same = false;
template <class A>
inline constexpr bool is_same<A, A> = true;

template <class T>
inline constexpr bool is_bool = is_same<T, bool>;
template <class T>
inline constexpr bool is_complex = false;
template <class R>
inline constexpr bool is_complex<Complex<R>> = true;
template <class T>
inline constexpr bool is_narrow = is_same<T, Half> || is_same<T, BFloat16> ||
                                  is_same<T, Float8E4M3> || is_same<T, Float8E5M2>;
template <class T>
inline constexpr bool is_floating = is_narrow<T> || is_same<T, float> || is_same<T, double>;
template <class T>
inline constexpr bool is_integer = !is_bool<T> && !is_complex<T> && !is_floating<T>;
template <class T>
inline constexpr bool is_exact = is_bool<T> || is_integer<T>;

// True of signed integers, false of every other type.
template <class T>
TL_HD constexpr bool is_signed() {
  return is_integer<T> && T(-1) < T(1);
}

template <bool condition, class A, class B>
struct Choose {
  using type = A;
};
template <class A, class B>
struct Choose<false, A, B> {
  using type = B;
};

// Floats of 8 and 16 bits are computed in float; integers in an unsigned type, where overflow wraps
// around.
template <class T>
using Wide = typename Choose<
    is_narrow<T>, float,
    typename Choose<is_exact<T>, typename Choose<sizeof(T) == 8, uint64_t, uint32_t>::type,
                    T>::type>::type;

template <class T>
TL_HD Wide<T> wide(T x) {
  return Wide<T>(x);
}

// The type of a number's parts: R for Complex<R>, T itself for the others.
template <class T>
struct RealOf {
  using type = T;
};
template <class R>
struct RealOf<Complex<R>> {
  using type = R;
};
template <class T>
using Real = typename RealOf<T>::type;

// The bit of the sign of a narrow float, and the others.
template <class T>
inline constexpr uint16_t sign_of = sizeof(T) == 1 ? 0x80 : 0x8000;
template <class T>
TL_HD uint16_t magnitude_bits(T x) {
  return x.bits & (sign_of<T> - 1);
}
// Of infinity or, of the type that has none, of the largest number: NaN is above.
template <class T>
inline constexpr uint16_t infinity_bits = is_same<T, Half>         ? 0x7c00
                                          : is_same<T, BFloat16>   ? 0x7f80
                                          : is_same<T, Float8E5M2> ? 0x7c
                                                                   : 0x7e;

// Infinity, or the largest number of the type that has none.
template <class T>
TL_HD T infinity() {
  if constexpr (is_narrow<T>) {
    return T::from_bits(infinity_bits<T>);
  } else {
    return T(bits_as<float>(0x7f800000u));
  }
}
template <class T>
TL_HD T not_a_number() {
  return T(bits_as<float>(0x7fc00000u));
}

// Tests on the bits, which hold whatever a compiler believes about NaN.
template <class T>
TL_HD bool is_nan(T x) {
  if constexpr (is_complex<T>) {
    return is_nan(x.real) || is_nan(x.imag);
  } else if constexpr (is_narrow<T>) {
    return magnitude_bits(x) > infinity_bits<T>;
  } else if constexpr (is_same<T, float>) {
    return (bits_as<uint32_t>(x) & 0x7fffffff) > 0x7f800000;
  } else if constexpr (is_same<T, double>) {
    return (bits_as<uint64_t>(x) & 0x7fffffffffffffff) > 0x7ff0000000000000;
  } else {
    return false;
  }
}

template <class T>
TL_HD bool is_infinite(T x) {
  if constexpr (is_complex<T>) {
    return is_infinite(x.real) || is_infinite(x.imag);
  } else if constexpr (is_same<T, Float8E4M3>) {
    return false;
  } else if constexpr (is_narrow<T>) {
    return magnitude_bits(x) == infinity_bits<T>;
  } else if constexpr (is_same<T, float>) {
    return (bits_as<uint32_t>(x) & 0x7fffffff) == 0x7f800000;
  } else if constexpr (is_same<T, double>) {
    return (bits_as<uint64_t>(x) & 0x7fffffffffffffff) == 0x7ff0000000000000;
  } else {
    return false;
  }
}

template <class T>
TL_HD bool is_finite(T x) {
  return !is_nan(x) && !is_infinite(x);
}

template <class T>
TL_HD bool sign_bit(T x) {
  if constexpr (is_narrow<T>) {
    return x.bits & sign_of<T>;
  } else if constexpr (sizeof(T) == 4) {
    return bits_as<uint32_t>(x) >> 31;
  } else {
    return bits_as<uint64_t>(x) >> 63;
  }
}

// Nonzero, as NumPy takes a number in a logical context; NaN is true.
template <class T>
TL_HD bool truth(T x) {
  if constexpr (is_complex<T>) {
    return x.real != 0 || x.imag != 0;
  } else if constexpr (is_narrow<T>) {
    return magnitude_bits(x) != 0;
  } else {
    return x != 0;
  }
}

// What an op with two outputs returns.
template <class A, class B = A>
struct Pair {
  A first;
  B second;
};

}  // namespace tl
