// Exponentials, logarithms and the normal distribution by arithmetic alone, so that loops over them
// vectorize; for float and double.
//
// The polynomials are weighted least squares at the Chebyshev points of the interval named, whose
// coefficients were rounded one after the other, each followed by a fit of the rest. They miss
// their functions by less than a quarter of the type's last place.
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
  Bits<R> const all = bits_as<Bits<R>>(size), most = bits_as<Bits<R>>(limit);
  return choose(is_above(size, infinity<R>()), size, bits_as<R>(all < most ? all : most));
}

// The smaller one of a limit and abs(x); the limit for NaN.
template <class R>
TL_HD R size_within(R limit, R x) {
  auto const size = bits_as<Bits<R>>(math::fabs(x)), most = bits_as<Bits<R>>(limit);
  return bits_as<R>(size < most ? size : most);
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

// exp(r) = 1 + r * (1 + r * this), abs(r) <= log(2) / 2
TL_HD float exp_series(float r) {
  return polynomial(r, 0.5f, 0.16666536f, 0.0416664705f, 0.00836743228f, 0.00139345718f);
}
TL_HD double exp_series(double r) {
  return polynomial(r, 0.5000000000000007, 0.16666666666666677, 0.04166666666656181,
                    0.008333333333321166, 0.0013888888936049175, 0.0001984126988778142,
                    2.480150012770975e-05, 2.7557242153033187e-06, 2.7628029864106164e-07,
                    2.5109868594768545e-08);
}

// x = n * log(2) + r; n is the last bits of `bits`.
template <class R>
struct Powers {
  Bits<R> bits;
  R n, r;

  // 2**n times a factor, where that and the result are normal numbers
  TL_HD R times(R factor) const {
    return bits_as<R>(bits_as<Bits<R>>(factor) + (bits << Format<R>::fraction_bits));
  }
};

// `more` is added to the n of the bits.
template <int more = 0, class R>
TL_HD Powers<R> powers_of_2(R x) {
  using F = Format<R>;
  R shifted = x * R(1.4426950408889634) + (F::to_integer + more);
  R n = shifted - (F::to_integer + more);
  return {bits_as<Bits<R>>(shifted), n, (x - n * F::log2_high) - n * F::log2_low};
}

// exp(-x) as a sum of two numbers, the second of them what the first was rounded by, times two
// powers of two. Those are normal where the exponential is not, so a product with all of it is
// rounded only once more there.
template <class R>
struct Exponential {
  R high, low;
  Powers<R> powers;

  TL_HD R value() const { return raised() * Format<R>::second_scale; }
  // Times 2**spare
  TL_HD R raised() const { return powers.times(high); }
  TL_HD R times(R factor) const { return scaled(of_size(factor)); }
  // Times a sum of two.
  TL_HD R times(R factor, R rest) const {
    return sizeof(R) == 4 ? times(factor) : scaled(factor * high + (factor * low + rest * high));
  }
  // Without the powers. Of float the error is small enough as it is.
  TL_HD R of_size(R factor) const {
    return sizeof(R) == 4 ? factor * high : factor * high + factor * low;
  }
  TL_HD R scaled(R factor) const {
    return factor * powers.times(R(1)) * Format<R>::second_scale;
  }
};

// exp(-x - rest) for 0 <= x <= far<R> and a small rest.
template <class R>
TL_HD Exponential<R> exp_of_minus(R x, R rest = 0) {
  auto const powers = powers_of_2<Format<R>::spare>(-x);
  R r = powers.r - rest, series = 1 + r * exp_series(r), high = 1 + r * series;
  return {high, (1 - high) + r * series, powers};
}

// tanh(x) for 0 <= x <= 20: q / (2 - q) of q = 1 - exp(-2 * x), which is precise where that is
// small. With n the integer next to x / log(2) and (1 + p) = exp(n * log(2) - x),
// q = 1 - 4**n * (1 + p * (2 + p)).
template <class R>
TL_HD R tanh_of_size(R x) {
  auto const powers = powers_of_2(-x);
  R r = powers.r, p = r + r * (r * exp_series(r));
  R power = powers.times(R(1)), scale = power * power, q = (1 - scale) - scale * (2 * p + p * p);
  return q / (2 - q);
}

// 2**x where that is normal
template <class R>
TL_HD R exp2_of_moderate(R x) {
  R n = nearest_integer(x), r = (x - n) * R(0.6931471805599453);
  return (1 + r * (1 + r * exp_series(r))) * power_of_2(n);
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

// (z + 4) * exp(z**2 / 2) * Q(z) = at_4 + t * this with t = (z - 4) / (z + 4),
// 0 <= z <= far_of_normal
TL_HD float tail_series(float t) {
  return polynomial(t, -0.607896566f, 0.387136728f, -0.186523959f, 0.0604044646f, -0.00752211781f,
                    -0.00351113221f, 0.00156501541f, 0.000172884364f, -0.000134301765f);
}
TL_HD double tail_series(double t) {
  return polynomial(t, -0.6078966419718921, 0.38713740074221586, -0.18652185795966245,
                    0.06039657489076967, -0.007540188966509569, -0.0034796923629719285,
                    0.0016308184541043275, 0.00013334425853648424, -0.00023109490855150922,
                    -1.9078887981457284e-06, 3.514458584771968e-05, 7.151039026835258e-07,
                    -5.92004234747617e-06, -6.254672539081903e-07, 1.0218885761988647e-06,
                    2.6443893106673745e-07, -1.5660193335947815e-07, -7.741578751967906e-08,
                    1.60611921647138e-08, 1.4698088608804734e-08, -3.334180920116552e-10,
                    -1.2079785565289845e-09);
}

// The normal distribution beyond z: Q(z) = ratio * exponential, where the exponential is
// exp(-z**2 / 2), 0 <= z <= far_of_normal.
template <class R>
struct NormalTail {
  R ratio, rest;  // the sum of both, for double
  Exponential<R> exponential;
};

template <class R>
TL_HD NormalTail<R> normal_tail(R z) {
  // What the square is rounded by would be the error of the exponential, relatively.
  R square = z * z, lost = math::fma(z, z, -square);
  auto exponential = exp_of_minus(R(0.5) * square, R(0.5) * lost);
  // By what the sum and the inverse were rounded the ratio is off, relatively: about 12.8 / (z + 4)
  // times as much.
  R sum = z + 4, inverse = 1 / sum;
  R error = math::fma(-sum, inverse, R(1)) - (z - (sum - 4)) * inverse;
  R const at_4 = R(sizeof(R) == 4 ? 0.755285144f : 0.7552851304157515);
  R t = 1 - 8 * inverse, series = tail_series(t), value = at_4 + t * series;
  R ratio = value * inverse, rest = 0;
  R correction = R(12.8) * inverse * error;
  if constexpr (sizeof(R) == 4) {
    ratio += ratio * correction;
  } else {
    rest = math::fma(value, inverse, -ratio) + ((at_4 - value) + t * series) * inverse;
    exponential.low += correction;
  }
  return {ratio, rest, exponential};
}

// An angle less a multiple of a quarter turn: high + low, at most pi / 4 by size. The last two bits
// of `quarter_turns` say of how many. Of double it is relatively as precise as two doubles, of
// float `low` is not needed.
template <class R>
struct Angle {
  Bits<R> quarter_turns;
  R high, low;
};

template <class R>
inline constexpr R largest_angle = sizeof(R) == 4 ? R(1 << 16) : R(1 << 20);

// For 0 <= x <= largest_angle. pi / 2 is taken off in three parts (W. J. Cody and W. Waite, 1980);
// what is left after the first has no more digits than a number. Of double, products with the
// second of 33 bits are exact, and what `high` is rounded by goes into `low`.
TL_HD Angle<float> reduced_angle(float x) {
  float shifted = math::fma(x, 0.636619772f, Format<float>::to_integer);
  float n = shifted - Format<float>::to_integer;
  float rest = math::fma(-n, -4.37113883e-08f, math::fma(-n, 1.57079637f, x));
  return {bits_as<uint32_t>(shifted), math::fma(-n, -1.71512451e-15f, rest), 0};
}

TL_HD Angle<double> reduced_angle(double x) {
  double shifted = math::fma(x, 0.6366197723675814, Format<double>::to_integer);
  double n = shifted - Format<double>::to_integer;
  double first = math::fma(-n, 1.5707963267948966, x);
  double high = math::fma(-n, 6.12323399538461e-17, first);
  double low = math::fma(-n, 6.12323399538461e-17, first - high);
  return {bits_as<uint64_t>(shifted), high, math::fma(-n, 3.5215598651832e-27, low)};
}

// Without underflow of the square where an angle is tiny.
TL_HD float sine(Angle<float> angle) {
  float x = angle.high, square = math::fma(x, x, 0x1p-60f);
  float series = polynomial(square, -0.166666538f, 0.00833211653f, -0.00019509955f);
  return math::fma(x, square * series, x);
}

TL_HD float cosine(Angle<float> angle) {
  float square = math::fma(angle.high, angle.high, 0x1p-60f);
  return polynomial(square, 1.0f, -0.5f, 0.0416666456f, -0.00138873083f, 2.44320254e-05f);
}

TL_HD double sine(Angle<double> angle) {
  double x = angle.high, square = x * x;
  double series = polynomial(square, -0.16666666666666666, 0.008333333333330948,
                             -0.00019841269836758528, 2.7557316102528646e-06,
                             -2.5051131840044124e-08, 1.5918128937554457e-10);
  return x + (x * square * series + angle.low * (1 - 0.5 * square));
}

TL_HD double cosine(Angle<double> angle) {
  double x = angle.high, square = x * x, near = 1 - 0.5 * square;
  double series = polynomial(square, 0.041666666666666664, -0.0013888888888887398,
                             2.480158729876566e-05, -2.7557317271714906e-07,
                             2.0876146265300598e-09, -1.138263220199036e-11);
  return near + (((1 - near) - 0.5 * square) + (square * square * series - x * angle.low));
}

// erf(x) = x + x * this of x**2 <= 1
TL_HD float erf_series(float square) {
  return polynomial(square, 0.128379166f, -0.376126289f, 0.112836182f, -0.0268551242f,
                    0.0051907259f, -0.000803065428f, 7.91990169e-05f);
}
TL_HD double erf_series(double square) {
  return polynomial(square, 0.12837916709551256, -0.3761263890318347, 0.11283791670943219,
                    -0.026866170643026575, 0.005223977605729029, -0.0008548325919651171,
                    0.00012055293465216581, -1.492471250956397e-05, 1.644715486875398e-06,
                    -1.6206608362519616e-07, 1.371262884213081e-08, -7.78307210323148e-10);
}

// erf(x) = 1 - exp(-this), 1 <= x <= 4 for float and 6 for double
TL_HD float erf_exponent(float x) {
  return polynomial(x, 0.000341962354f, 1.1270889f, 0.638142526f, 0.103111438f, -0.0218417179f,
                    0.00294895633f, -0.000186553807f);
}
TL_HD double erf_exponent(double x) {
  return polynomial(x, 5.25530610055349e-07, 1.1283738752344383, 0.6366445675882959,
                    0.10270089991865614, -0.018985440545601504, -0.0004171020651895036,
                    0.0019226500754727072, -0.000776022634338701, 0.00013843208231174097,
                    1.8591234878323414e-05, -2.2168398237608148e-05, 8.467092725371357e-06,
                    -2.08832334504308e-06, 3.6481234194079904e-07, -4.530923029878132e-08,
                    3.833569577218156e-09, -1.9889327186603818e-10, 4.7841387919175584e-12);
}

}  // namespace vector_math
}  // namespace tl
