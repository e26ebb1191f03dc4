// Exponentials, logarithms and the normal distribution by arithmetic alone, so that loops over them
// vectorize; for float and double.
//
// The polynomials agree with their functions at the Chebyshev points of the interval named, and
// miss them elsewhere by less than a fifth of the type's rounding error.
#pragma once

#include "functors_traits.h"

namespace tl {
namespace vector_math {

template <class R>
struct Format;

template <>
struct Format<float> {
  using Bits = uint32_t;
  static constexpr int fraction_bits = 23;
  static constexpr Bits one = 127u << 23;
  static constexpr Bits upper_half = 0xfffff000;
  // Adding 1.5 * 2**23 leaves no bits for a fraction.
  static constexpr float to_integer = 12582912;
  // log(2) in two parts, the first of few bits.
  static constexpr float log2_high = 0.693359375f, log2_low = -2.12194440e-4f;
  // Where exp(-x) is zero, and exp(-x**2 / 2), also in products with x.
  static constexpr float far = 120, far_of_normal = 15.5f;
};

template <>
struct Format<double> {
  using Bits = uint64_t;
  static constexpr int fraction_bits = 52;
  static constexpr Bits one = Bits(1023) << 52;
  static constexpr Bits upper_half = 0xfffffffff8000000;
  static constexpr double to_integer = 6755399441055744;
  static constexpr double log2_high = 0.6931471805592082, log2_low = 7.371002565167799e-13;
  static constexpr double far = 760, far_of_normal = 39;
};

template <class R>
using Bits = typename Format<R>::Bits;

// a or b, by a mask: of a choice compilers make jumps, and then loops do not vectorize.
template <class R>
TL_HD R choose(bool condition, R a, R b) {
  Bits<R> mask = Bits<R>(0) - Bits<R>(condition);
  return bits_as<R>((bits_as<Bits<R>>(a) & mask) | (bits_as<Bits<R>>(b) & ~mask));
}

// Comparisons of the bits, as those of floats raise an exception for NaN.

// size > limit, for numbers with the sign +; NaN is larger than all.
template <class R>
TL_HD bool is_above(R size, R limit) {
  return bits_as<Bits<R>>(size) > bits_as<Bits<R>>(limit);
}

// The size or the limit, the smaller one; NaN stays.
template <class R>
TL_HD R at_most(R limit, R size) {
  Bits<R> nan = Bits<R>(0) - Bits<R>(is_above(size, infinity<R>()));
  R least = choose(is_above(size, limit), limit, size);
  return bits_as<R>(bits_as<Bits<R>>(least) | nan);
}

// x, or zero with its sign if that is -.
template <class R>
TL_HD R positive_part(R x) {
  return choose(sign_bit(x), R(-0.0), x);
}

// c0 + c1 * x + c2 * x**2 + ...
template <class R>
TL_HD R polynomial(R, R last) {
  return last;
}
template <class R, class... Rest>
TL_HD R polynomial(R x, R first, Rest... rest) {
  return first + x * polynomial(x, rest...);
}

// 2**n for a whole number n
template <class R>
TL_HD R power_of_2(R n) {
  using F = Format<R>;
  return bits_as<R>((bits_as<Bits<R>>(n + F::to_integer) << F::fraction_bits) + F::one);
}

template <class R>
TL_HD R nearest_integer(R x) {
  return (x + Format<R>::to_integer) - Format<R>::to_integer;
}

// exp(r) = 1 + r + r**2 * this, abs(r) <= 0.42
TL_HD float exp_series(float r) {
  return polynomial(r, 0.5f, 1.6666667e-01f, 4.1666232e-02f, 8.333285e-03f, 1.3954659e-03f,
                    1.9914318e-04f);
}
// abs(r) <= log(2) / 2
TL_HD double exp_series(double r) {
  return polynomial(r, 0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136,
                    0.0013888888888883748, 0.00019841269874820627, 2.4801587325547743e-05,
                    2.7557255400206422e-06, 2.75572736431103e-07, 2.5105217004720745e-08,
                    2.0914686968086876e-09);
}

// exp(-x) as a square, for that is normal where the exponential is not: a product with all of it
// is rounded once.
template <class R>
struct Exponential {
  R root;

  TL_HD R value() const { return root * root; }
  TL_HD R times(R factor) const { return factor * root * root; }
};

// exp(-x - rest) for 0 <= x <= far<R> and a small rest. With n the integer next to x / log(4), its
// root is 2**-n * exp(r).
template <class R>
TL_HD Exponential<R> exp_of_minus(R x, R rest = 0) {
  using F = Format<R>;
  R n = nearest_integer(x * R(-0.7213475204444817));
  R r = ((R(-0.5) * x - n * F::log2_high) - n * F::log2_low) - R(0.5) * rest;
  return {(1 + (r + r * r * exp_series(r))) * power_of_2(n)};
}

// 1 - exp(-x), precise where that is small, for 0 <= x <= far<R>. With n as above and
// (1 + p) = exp(r), it is 1 - 4**n * (1 + p * (2 + p)).
template <class R>
TL_HD R one_minus_exp_of_minus(R x) {
  using F = Format<R>;
  R n = nearest_integer(x * R(-0.7213475204444817));
  R r = (R(-0.5) * x - n * F::log2_high) - n * F::log2_low;
  R p = r + r * r * exp_series(r), power = power_of_2(n), scale = power * power;
  return (1 - scale) - scale * (p * (2 + p));
}

// 2 * atanh(s) = 2 * s + s**3 * this of s**2 <= 1 / 9
TL_HD float atanh_series(float square) {
  return polynomial(square, 6.6666667e-01f, 3.9999706e-01f, 2.8592357e-01f, 2.1706575e-01f,
                    2.322433e-01f);
}
TL_HD double atanh_series(double square) {
  return polynomial(square, 0.6666666666666666, 0.40000000000014585, 0.2857142856710876,
                    0.22222222717427864, 0.18181789436132859, 0.15385570064958623,
                    0.13314144209654935, 0.12001072809590713, 0.08800738486144674,
                    0.1616404561194353);
}

// log(1 + x) for 0 <= x <= 1
template <class R>
TL_HD R log1p_of_fraction(R x) {
  R s = x / (2 + x);
  R square = s * s;
  return 2 * s + s * square * atanh_series(square);
}

// (z + 4) * exp(z**2 / 2) * Q(z) with t = (z - 4) / (z + 4), 0 <= z <= far_of_normal
TL_HD float tail_series(float t) {
  return polynomial(t, 7.5528514e-01f, -6.0789657e-01f, 3.871367e-01f, -1.8652359e-01f,
                    6.040585e-02f, -7.5238e-03f, -3.5184133e-03f, 1.5649268e-03f, 1.8376809e-04f,
                    -1.2793171e-04f);
}
TL_HD double tail_series(double t) {
  return polynomial(t, 0.7552851304157515, -0.6078966419718917, 0.38713740074221886,
                    -0.18652185795969417, 0.06039657489069947, -0.007540188965593059,
                    -0.0034796923622425332, 0.0016308184418903596, 0.00013334425401904912,
                    -0.0002310948183193762, -1.9078665316613576e-06, 3.5144181157760973e-05,
                    7.150055959216099e-07, -5.918892731763236e-06, -6.25132104047868e-07,
                    1.0198048518135172e-06, 2.6368248576407624e-07, -1.5426320536771075e-07,
                    -7.63808205349045e-08, 1.457859334703646e-08, 1.392402399350171e-08,
                    7.26954547902669e-11, -9.653425420228504e-10);
}

// The normal distribution beyond z: Q(z) = ratio * exponential, where the exponential is
// exp(-z**2 / 2), 0 <= z <= far_of_normal.
template <class R>
struct NormalTail {
  R ratio;
  Exponential<R> exponential;
};

template <class R>
TL_HD NormalTail<R> normal_tail(R z) {
  // z**2 = high**2 + low * (z + high), where the first is exact; its error would be that of
  // the exponential, relatively.
  R high = bits_as<R>(bits_as<Bits<R>>(z) & Format<R>::upper_half);
  R low = z - high;
  R inverse = 1 / (z + 4);
  return {tail_series((z - 4) * inverse) * inverse,
          exp_of_minus(R(0.5) * high * high, R(0.5) * low * (z + high))};
}

// erf(x) = x * this of x**2 <= 1
TL_HD float erf_series(float square) {
  return polynomial(square, 1.1283791e+00f, -3.7612626e-01f, 1.1283594e-01f, -2.6854211e-02f,
                    5.1890872e-03f, -8.0168643e-04f, 7.875875e-05f);
}
TL_HD double erf_series(double square) {
  return polynomial(square, 1.1283791670955126, -0.37612638903183543, 0.11283791670945006,
                    -0.02686617064323777, 0.0052239776071164225, -0.0008548325975389692,
                    0.00012055294904839707, -1.492473690741966e-05, 1.6447424703317362e-06,
                    -1.6208483801871705e-07, 1.3720064546777686e-08, -7.795898827002142e-10);
}

}  // namespace vector_math
}  // namespace tl
