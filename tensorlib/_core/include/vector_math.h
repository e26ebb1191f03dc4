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
  // 2**spare * exp(-far) is a normal number.
  static constexpr int spare = 64;
  static constexpr float second_scale = 0x1p-64f;
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
  static constexpr int spare = 100;
  static constexpr double second_scale = 0x1p-100;
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

// 2**(n + more) for a whole number n
template <int more = 0, class R>
TL_HD R power_of_2(R n) {
  using F = Format<R>;
  return bits_as<R>((bits_as<Bits<R>>(n + (F::to_integer + more)) << F::fraction_bits) + F::one);
}

template <class R>
TL_HD R nearest_integer(R x) {
  return (x + Format<R>::to_integer) - Format<R>::to_integer;
}

// The first half of the digits, so that a product of two such numbers is exact.
template <class R>
TL_HD R upper(R x) {
  return bits_as<R>(bits_as<Bits<R>>(x) & Format<R>::upper_half);
}

// Where a fraction has a digit left; math::floor does not vectorize.
template <class R>
TL_HD R floor_of_moderate(R x) {
  R n = nearest_integer(x);
  return n - choose(sign_bit(x - n), R(1), R(0));
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

// exp(-x) as a sum of two numbers, the second of them what the first was rounded by, times two
// powers of two. Those are normal where the exponential is not, so a product with all of it is
// rounded only once more there.
template <class R>
struct Exponential {
  R high, low, scale;

  TL_HD R value() const { return scaled(high); }
  TL_HD R times(R factor) const { return scaled(of_size(factor)); }
  // Without the powers. Of float the error is small enough as it is.
  TL_HD R of_size(R factor) const {
    return sizeof(R) == 4 ? factor * high : factor * high + factor * low;
  }
  TL_HD R scaled(R factor) const { return factor * scale * Format<R>::second_scale; }
};

// exp(-x - rest) for 0 <= x <= far<R> and a small rest.
template <class R>
TL_HD Exponential<R> exp_of_minus(R x, R rest = 0) {
  using F = Format<R>;
  R n = nearest_integer(x * R(-1.4426950408889634));
  R r = ((-x - n * F::log2_high) - n * F::log2_low) - rest;
  R term = r + r * r * exp_series(r), high = 1 + term;
  return {high, term - (high - 1), power_of_2<F::spare>(n)};
}

// 1 - exp(-x), precise where that is small, for 0 <= x <= far<R>. With n the integer next to
// x / log(4) and (1 + p) = exp(r), it is 1 - 4**n * (1 + p * (2 + p)).
template <class R>
TL_HD R one_minus_exp_of_minus(R x) {
  using F = Format<R>;
  R n = nearest_integer(x * R(-0.7213475204444817));
  R r = (R(-0.5) * x - n * F::log2_high) - n * F::log2_low;
  R p = r + r * r * exp_series(r), power = power_of_2(n), scale = power * power;
  return (1 - scale) - scale * (p * (2 + p));
}

// 2**x where that is normal
template <class R>
TL_HD R exp2_of_moderate(R x) {
  R n = nearest_integer(x), r = (x - n) * R(0.6931471805599453);
  return (1 + (r + r * r * exp_series(r))) * power_of_2(n);
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

// log(1 + x) for 0 <= x <= 1. With s = x / (2 + x) it is 2 * atanh(s), and 2 * s is x - s * x; so
// the largest term is not rounded.
template <class R>
TL_HD R log1p_of_fraction(R x) {
  R s = x / (2 + x);
  R square = s * s, half = R(0.5) * x * x;
  return x - (half - s * (half + square * atanh_series(square)));
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
  R high = upper(z), low = z - high;
  return {tail_series((z - 4) / (z + 4)) / (z + 4),
          exp_of_minus(R(0.5) * high * high, R(0.5) * low * (z + high))};
}

// An angle less a multiple of a quarter turn: high + low, at most pi / 4 by size, relatively as
// precise as two doubles.
struct Angle {
  uint64_t quarter_turns;
  double high, low;
};

constexpr double largest_angle = 1 << 20;

// For 0 <= x <= largest_angle. pi / 2 is taken off in three parts (W. J. Cody and W. Waite, 1980):
// what is left of x after the first has no more digits than a double, products with the second of
// 33 bits are exact, and the third goes into the lower part.
TL_HD Angle reduced_angle(double x) {
  double n = nearest_integer(x * 0.6366197723675814);
  double first = math::fma(-n, 1.5707963267948966, x), second = n * -6.12323399538461e-17;
  double high = first + second, back = high - first;
  double low = (first - (high - back)) + (second - back);
  low = math::fma(-n, 3.5215598651832e-27, low);
  return {bits_as<uint64_t>(n + Format<double>::to_integer), high, low};
}

TL_HD double sine(Angle angle) {
  double x = angle.high, square = x * x;
  double series = polynomial(square, -0.16666666666666666, 0.008333333333330948,
                             -0.00019841269836758528, 2.7557316102528646e-06,
                             -2.5051131840044124e-08, 1.5918128937554457e-10);
  return x + (x * square * series + angle.low * (1 - 0.5 * square));
}

TL_HD double cosine(Angle angle) {
  double x = angle.high, square = x * x, half = 0.5 * square, near = 1 - half;
  double series = polynomial(square, 0.041666666666666664, -0.0013888888888887398,
                             2.480158729876566e-05, -2.7557317271714906e-07,
                             2.0876146265300598e-09, -1.138263220199036e-11);
  return near + (((1 - near) - half) + (square * square * series - x * angle.low));
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
