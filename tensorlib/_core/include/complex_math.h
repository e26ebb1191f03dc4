// Functions of complex numbers, with the special values and branch cuts of C99's Annex G.
//
// Where a function is another one turned by i (sin and sinh, arcsin and arcsinh, ...), it is
// computed as that, which also carries its special values over. The formulas for square roots
// and inverse functions follow W. Kahan, "Branch cuts for complex elementary functions" (1987).
#pragma once

#include "complex_number.h"
#include "functors_traits.h"

namespace tl {

template <class R>
struct Limits;

template <>
struct Limits<float> {
  static constexpr float largest = 3.4028234663852886e38f;
  static constexpr float smallest_normal = 1.1754943508222875e-38f;
  static constexpr float square_safe = 1e18f;  // its square is far from overflow
  static constexpr float exp_safe = 86;        // its exp() is far from overflow
  static constexpr float tanh_saturated = 11;  // its tanh() is 1
  static constexpr int digits = 24;
};

template <>
struct Limits<double> {
  static constexpr double largest = 1.7976931348623157e308;
  static constexpr double smallest_normal = 2.2250738585072014e-308;
  static constexpr double square_safe = 1e153;
  static constexpr double exp_safe = 700;
  static constexpr double tanh_saturated = 22;
  static constexpr int digits = 53;
};

template <class R>
inline constexpr R pi = R(3.141592653589793);
template <class R>
inline constexpr R log_of_2 = R(0.6931471805599453);

// Multiplication by i and by -i, which rounds nothing.
template <class R>
TL_HD Complex<R> times_i(Complex<R> z) {
  return {-z.imag, z.real};
}
template <class R>
TL_HD Complex<R> over_i(Complex<R> z) {
  return {z.imag, -z.real};
}

// exp(x) * factor where the product may be finite though exp(x) is not.
template <class R>
TL_HD R scaled_exp(R x, R factor) {
  constexpr R step = Limits<R>::exp_safe;
  for (int i = 0; i < 2 && x > step; ++i) {
    factor *= math::exp(step);
    x -= step;
  }
  return math::exp(x) * factor;
}

// exp(x) * factor / 2, which is what sinh and cosh come to for x > exp_safe.
template <class R>
TL_HD R scaled_exp_half(R x, R factor) {
  constexpr R step = Limits<R>::exp_safe;
  return scaled_exp(x - step, factor * (math::exp(step) / 2));
}

// log(hypot(x, y)) without the overflow, the underflow, and the cancellation near 1.
template <class R>
TL_HD R log_of_length(R x, R y) {
  x = math::fabs(x);
  y = math::fabs(y);
  R large = x > y ? x : y, small = x > y ? y : x;
  if (is_nan(x) || is_nan(y) || is_infinite(large) || large == 0) {
    return math::log(math::hypot(x, y));
  }
  if (large > Limits<R>::largest / 4) return math::log(math::hypot(x / 4, y / 4)) + 2 * log_of_2<R>;
  if (large < Limits<R>::smallest_normal * 4) {
    R length = math::hypot(math::ldexp(x, Limits<R>::digits), math::ldexp(y, Limits<R>::digits));
    return math::log(length) - Limits<R>::digits * log_of_2<R>;
  }
  R length = math::hypot(x, y);
  if (length < R(0.5) || length > 2) return math::log(length);
  // log1p(x*x + y*y - 1) / 2, with the rounding errors of the squares and of their sum added back.
  R a = large * large, b = small * small;
  R a_error = math::fma(large, large, -a), b_error = math::fma(small, small, -b);
  R less_one = a - 1, sum = less_one + b;
  R b_part = sum - less_one;
  R sum_error = (less_one - (sum - b_part)) + (b - b_part);
  R errors = a_error + b_error + sum_error + (a - (less_one + 1));
  return math::log1p(sum + errors) / 2;
}

namespace math {

template <class R>
TL_HD Complex<R> exp(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (y == 0) return {exp(x), y};
  if (is_infinite(x) && !is_finite(y)) {
    return x < 0 ? Complex<R>(R(0), copysign(R(0), y)) : Complex<R>(x, not_a_number<R>());
  }
  return {scaled_exp(x, cos(y)), scaled_exp(x, sin(y))};
}

template <class R>
TL_HD Complex<R> exp2(Complex<R> z) {
  return exp(z * log_of_2<R>);
}

template <class R>
TL_HD Complex<R> expm1(Complex<R> z) {
  R half = sin(z.imag / 2);
  return {expm1(z.real) * cos(z.imag) - 2 * half * half, exp(z.real) * sin(z.imag)};
}

template <class R>
TL_HD Complex<R> log(Complex<R> z) {
  return {log_of_length(z.real, z.imag), atan2(z.imag, z.real)};
}

template <class R>
TL_HD Complex<R> log2(Complex<R> z) {
  return log(z) * R(1.4426950408889634);  // 1 / log(2)
}

template <class R>
TL_HD Complex<R> log10(Complex<R> z) {
  return log(z) * R(0.4342944819032518);  // 1 / log(10)
}

template <class R>
TL_HD Complex<R> log1p(Complex<R> z) {
  return {log(hypot(z.real + 1, z.imag)), atan2(z.imag, z.real + 1)};
}

template <class R>
TL_HD Complex<R> sqrt(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (is_infinite(y)) return {infinity<R>(), y};
  if (x == 0 && y == 0) return {R(0), y};
  if (is_infinite(x)) {
    R zero = is_nan(y) ? y : R(0);
    return x > 0 ? Complex<R>(x, copysign(zero, y)) : Complex<R>(zero, copysign(x, y));
  }
  if (is_nan(x) || is_nan(y)) return {not_a_number<R>(), not_a_number<R>()};
  // Scaled by a power of 4, so that hypot neither overflows nor loses digits.
  R large = fabs(x) > fabs(y) ? fabs(x) : fabs(y);
  int shift = large > Limits<R>::largest / 4           ? -1
              : large < Limits<R>::smallest_normal * 4 ? Limits<R>::digits
                                                       : 0;
  x = ldexp(x, 2 * shift);
  y = ldexp(y, 2 * shift);
  R root = sqrt((fabs(x) + hypot(x, y)) / 2);
  R other = ldexp(y / (2 * root), -shift);
  root = ldexp(root, -shift);
  return z.real >= 0 ? Complex<R>(root, other) : Complex<R>(fabs(other), copysign(root, y));
}

template <class R>
TL_HD Complex<R> sinh(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (y == 0) return {sinh(x), y};
  if (!is_finite(y)) {
    return {x == 0 || is_infinite(x) ? x : not_a_number<R>(), not_a_number<R>()};
  }
  if (fabs(x) > Limits<R>::exp_safe) {
    return {copysign(R(1), x) * scaled_exp_half(fabs(x), cos(y)),
            scaled_exp_half(fabs(x), sin(y))};
  }
  return {sinh(x) * cos(y), cosh(x) * sin(y)};
}

template <class R>
TL_HD Complex<R> cosh(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (y == 0) return {cosh(x), copysign(R(0), x) * copysign(R(1), y)};
  if (!is_finite(y)) {
    return {is_infinite(x) ? fabs(x) : not_a_number<R>(), x == 0 ? x : not_a_number<R>()};
  }
  if (fabs(x) > Limits<R>::exp_safe) {
    return {scaled_exp_half(fabs(x), cos(y)),
            copysign(R(1), x) * scaled_exp_half(fabs(x), sin(y))};
  }
  return {cosh(x) * cos(y), sinh(x) * sin(y)};
}

template <class R>
TL_HD Complex<R> tanh(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (y == 0) return {tanh(x), y};
  if (is_infinite(x)) {
    return {copysign(R(1), x), copysign(R(0), is_finite(y) ? sin(y) * cos(y) : y)};
  }
  if (!is_finite(y)) return {x == 0 ? x : not_a_number<R>(), not_a_number<R>()};
  if (fabs(x) > Limits<R>::tanh_saturated) {
    R decay = exp(-fabs(x));
    return {copysign(R(1), x), 4 * sin(y) * cos(y) * decay * decay};
  }
  R t = tan(y), s = sinh(x), secant_squared = 1 + t * t;
  R denominator = 1 + secant_squared * s * s;
  return {secant_squared * cosh(x) * s / denominator, t / denominator};
}

template <class R>
TL_HD Complex<R> sin(Complex<R> z) {
  return over_i(sinh(times_i(z)));
}

template <class R>
TL_HD Complex<R> cos(Complex<R> z) {
  return cosh(times_i(z));
}

template <class R>
TL_HD Complex<R> tan(Complex<R> z) {
  return over_i(tanh(times_i(z)));
}

// Where 1 + z and 1 - z would be z and -z, or their product overflow.
template <class R>
TL_HD bool is_large(Complex<R> z) {
  constexpr R bound = Limits<R>::largest / 8;
  return fabs(z.real) > bound || fabs(z.imag) > bound;
}

template <class R>
TL_HD Complex<R> asin(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (is_large(z)) {
    return {atan2(x, fabs(y)), copysign(log_of_length(x, y) + log_of_2<R>, y)};
  }
  if (x == 0 && is_nan(y)) return z;
  Complex<R> a = sqrt(Complex<R>(1 - x, -y)), b = sqrt(Complex<R>(1 + x, y));
  return {atan2(x, a.real * b.real - a.imag * b.imag), asinh(a.real * b.imag - a.imag * b.real)};
}

template <class R>
TL_HD Complex<R> acos(Complex<R> z) {
  R x = z.real, y = z.imag;
  if (is_large(z)) {
    return {atan2(fabs(y), x), copysign(log_of_length(x, y) + log_of_2<R>, -y)};
  }
  if (x == 0 && is_nan(y)) return {pi<R> / 2, y};
  Complex<R> a = sqrt(Complex<R>(1 - x, -y)), b = sqrt(Complex<R>(1 + x, y));
  return {2 * atan2(a.real, b.real), asinh(b.real * a.imag - b.imag * a.real)};
}

template <class R>
TL_HD Complex<R> asinh(Complex<R> z) {
  return over_i(asin(times_i(z)));
}

// acos(z) turned by i or -i, into the right half-plane.
template <class R>
TL_HD Complex<R> acosh(Complex<R> z) {
  Complex<R> angle = acos(z);
  return {fabs(angle.imag), copysign(angle.real, z.imag)};
}

template <class R>
TL_HD Complex<R> atanh(Complex<R> z) {
  R x = fabs(z.real), y = z.imag, length = hypot(x, y);
  if (x == 0 && is_nan(y)) return z;
  R real, imag;
  if (length > Limits<R>::square_safe) {  // 1 / z, and a quarter turn
    real = is_infinite(length) ? R(0) : x / length / length;
    imag = is_nan(y) ? y : copysign(pi<R> / 2, y);
  } else if (x == 1 && fabs(y) < 1 / Limits<R>::square_safe) {  // y * y would underflow
    real = (log_of_2<R> - log(fabs(y))) / 2;
    imag = y == 0 ? y : copysign(pi<R> / 4, y);
  } else {
    real = log1p(4 * x / ((1 - x) * (1 - x) + y * y)) / 4;
    imag = atan2(2 * y, (1 - x) * (1 + x) - y * y) / 2;
  }
  return {copysign(real, z.real), imag};
}

template <class R>
TL_HD Complex<R> atan(Complex<R> z) {
  return over_i(atanh(times_i(z)));
}

// As NumPy has it: small whole exponents by multiplication, 0**w without a logarithm.
template <class R>
TL_HD Complex<R> pow(Complex<R> base, Complex<R> exponent) {
  R n = exponent.real;
  if (n == 0 && exponent.imag == 0) return {R(1), R(0)};
  if (base.real == 0 && base.imag == 0) {
    return n > 0 ? Complex<R>(R(0), R(0)) : Complex<R>(not_a_number<R>(), not_a_number<R>());
  }
  if (exponent.imag == 0 && fabs(n) < 100 && trunc(n) == n) {
    // The first three directly, so that an infinity does not meet the zero in 1 + 0i.
    if (n == 1) return base;
    if (n == 2) return base * base;
    if (n == 3) return base * (base * base);
    Complex<R> result(R(1)), square = base;
    for (int k = int(fabs(n)); k > 0; k >>= 1) {
      if (k & 1) result = result * square;
      square = square * square;
    }
    return n < 0 ? Complex<R>(R(1)) / result : result;
  }
  return exp(exponent * log(base));
}

}  // namespace math

}  // namespace tl
