// Activations, and the gradients of those whose slopes take several operations.
#pragma once

#include "functors_arithmetic.h"
#include "vector_math.h"

namespace tl {

namespace vm = vector_math;

// x where positive, else zero; NaN stays, and as bits are compared, raises no exception.
struct Relu {
  template <class T>
  TL_HD T operator()(T x) const {
    if constexpr (is_floating<T>) {
      return sign_bit(x) && !is_nan(x) ? T(0) : x;
    } else {
      return x < T(0) ? T(0) : x;
    }
  }
};

// The gradient of Relu where its result y is zero or less is zero.
struct ReluBackward {
  template <class T>
  TL_HD T operator()(T g, T y) const {
    using R = Wide<T>;
    R w = wide(y);
    bool positive = truth(w) & !sign_bit(w);  // a comparison of NaN would raise an exception
    return T(vm::choose(positive | is_nan(w), wide(g), R(0)));
  }
};

struct Erf {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = math::fabs(wide(x));
    R inside = vm::size_within(R(1), z), outside = vm::at_most(R(sizeof(R) == 4 ? 4 : 6), z);
    R near = inside + inside * vm::erf_series(inside * inside);
    R far = 1 - vm::exp_of_minus(vm::erf_exponent(outside)).value();
    return T(math::copysign(vm::choose(vm::is_above(z, R(1)), far, near), wide(x)));
  }
};

// Takes exp of negative numbers only, which cannot overflow.
struct Sigmoid {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    auto e = vm::exp_of_minus(vm::at_most(vm::Format<R>::far, math::fabs(wide(x))));
    R value = e.value();
    bool left = sign_bit(wide(x));
    R ratio = vm::choose(left, value, R(1)) / (1 + value);
    if constexpr (sizeof(R) == 4) return T(ratio);
    return T(ratio + ratio * vm::choose(left, e.low, R(0)));
  }
};

// x where positive, else a multiple of it; NaN stays.
struct LeakyRelu {
  template <class T>
  TL_HD T operator()(T x, T slope) const {
    using R = Wide<T>;
    R w = wide(x), left = vm::choose(sign_bit(w), w, R(0));
    return T(vm::choose(sign_bit(w), left * wide(slope), w));
  }
};

// a <= b, without an exception for NaN.
template <class R>
TL_HD bool at_or_below(R a, R b) {
#if defined(__GNUC__)
  return __builtin_islessequal(a, b);
#else
  return a <= b;
#endif
}

// min(max(x + 3, 0), 6) / 6; NaN stays.
struct Hardsigmoid {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R raised = wide(x) + R(3);
    R limited = vm::choose(at_or_below(R(6), raised), R(6), raised);
    return T(vm::choose(at_or_below(raised, R(0)), R(0), limited) / R(6));
  }
};

// The slope is zero where there are two.
struct HardsigmoidBackward {
  template <class T>
  TL_HD T operator()(T g, T x) const {
    using R = Wide<T>;
    R w = wide(x);
    bool const flat = at_or_below(w, R(-3)) | at_or_below(R(3), w);
    return T(vm::choose(flat, R(0), wide(g) / R(6)));
  }
};

struct Hardswish {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(wide(x) * Hardsigmoid()(wide(x)));
  }
};

struct HardswishBackward {
  template <class T>
  TL_HD T operator()(T g, T x) const {
    using R = Wide<T>;
    R w = wide(x), between = MaskedMultiply()(wide(g), w / R(3) + R(0.5));
    R right = vm::choose(at_or_below(R(3), w), wide(g), between);
    return T(vm::choose(at_or_below(w, R(-3)), R(0), right));
  }
};

// log(1 + exp(x))
struct Softplus {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    auto e = vm::exp_of_minus(vm::at_most(vm::Format<R>::far, math::fabs(wide(x))));
    return T(vm::positive_part(wide(x)) + vm::log1p_of_fraction(e.value()));
  }
};

struct Logsigmoid {
  template <class T>
  TL_HD T operator()(T x) const {
    return T(-Softplus()(-wide(x)));
  }
};

// x where it is no negative number, else zero with its sign; NaN stays.
template <class R>
TL_HD R unless_negative(R x) {
  constexpr auto sign = vm::Bits<R>(1) << (sizeof(R) * 8 - 1);
  auto const size = vm::Bits<R>(bits_as<vm::Bits<R>>(x) - sign);  // small only of negative numbers
  return vm::choose(size <= bits_as<vm::Bits<R>>(infinity<R>()), R(-0.0), x);
}

// x * F(x) for a distribution function F with F(x) + F(-x) = 1: the positive part of x, less
// z * F(-z) of z = abs(x), so that the tail of F is all that is needed. `Tail::far` is where
// the tail is zero, `value(z)` is z * F(-z), `slope(z)` the derivative of x * F(x) at -z.
template <class Tail>
struct Gated {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R w = wide(x);
    return T(unless_negative(w) - Tail::value(vm::size_within(Tail::template far<R>, w)));
  }
};

template <class Tail>
struct GatedSlope {
  template <class R>
  TL_HD R operator()(R x) const {
    R left = Tail::slope(vm::size_within(Tail::template far<R>, x));
    return vm::choose(is_nan(x), x, vm::choose(sign_bit(x), left, 1 - left));
  }
};

struct NormalTail {
  template <class R>
  static constexpr R far = vm::Format<R>::far_of_normal;

  template <class R>
  TL_HD static R value(R z) {
    auto tail = vm::normal_tail(z);
    R product = z * tail.ratio;
    return tail.exponential.times(product, math::fma(z, tail.ratio, -product) + z * tail.rest);
  }
  template <class R>
  TL_HD static R slope(R z) {
    auto tail = vm::normal_tail(z);
    return tail.exponential.times(tail.ratio - z * R(0.3989422804014327));  // 1 / sqrt(2 * pi)
  }
};

struct LogisticTail {
  template <class R>
  static constexpr R far = vm::Format<R>::far;

  template <class R>
  TL_HD static R slope(R z) {
    auto e = vm::exp_of_minus(z);
    R inverse = 1 / (1 + e.value());
    return e.times(inverse * (1 - z * inverse));
  }
};

// The logistic function of (x + 0.044715 * x**3) * sqrt(8 / pi), for the normal distribution.
struct TanhTail {
  template <class R>
  static constexpr R far = sizeof(R) == 4 ? R(11.3) : R(21.7);

  template <class R>
  TL_HD static R value(R z) {
    auto e = exponential(z);
    return e.times(z / (1 + e.value()));
  }
  template <class R>
  TL_HD static R slope(R z) {
    auto e = exponential(z);
    R inverse = 1 / (1 + e.value());
    R inner = R(linear) + R(3 * (cubic + cubic_rest)) * (z * z);
    return e.times(inverse * (1 - z * inner * inverse));
  }

 private:
  static constexpr double linear = 1.5957691216057308, linear_rest = -9.96930880911092e-17;
  static constexpr double cubic = 0.071354815736413, cubic_rest = 5.361872467621785e-10;

  // An error of the exponent is one of the result, relatively: for float it is computed in double,
  // for double in two parts. The upper halves of numbers have exact products.
  template <class R>
  TL_HD static auto exponential(R z) {
    double x = double(z);
    if constexpr (sizeof(R) == 4) {
      double u = x * (linear + (cubic + cubic_rest) * (x * x));
      R high = R(u);
      return vm::exp_of_minus(high, R(u - double(high)));
    } else {
      double high = vm::upper(x), square = high * high, square_rest = (x - high) * (x + high);
      double part = vm::upper(square), rest = (square - part) + square_rest;
      double product = cubic * part, factor = linear + product, back = factor - linear;
      double factor_rest = ((linear - (factor - back)) + (product - back)) +
                           (linear_rest + (cubic * rest + cubic_rest * (part + rest)));
      double first = vm::upper(factor);
      return vm::exp_of_minus(high * first, high * (factor - first) + (x - high) * factor +
                                                x * factor_rest);
    }
  }
};

// A gradient times a slope, in one pass; where either is exactly zero, so is the product.
template <class Slope>
struct TimesSlope {
  template <class T>
  TL_HD T operator()(T g, T x) const {
    return T(MaskedMultiply()(wide(g), Slope()(wide(x))));
  }
};

struct Gelu : Gated<NormalTail> {};
struct GeluBackward : TimesSlope<GatedSlope<NormalTail>> {};
struct GeluTanh : Gated<TanhTail> {};
struct GeluTanhBackward : TimesSlope<GatedSlope<TanhTail>> {};

// With the power of two that the exponential may be too small for.
struct Silu {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = vm::at_most(vm::Format<R>::far, math::fabs(wide(x)));
    auto e = vm::exp_of_minus(z);
    bool left = sign_bit(wide(x));
    R argument = vm::choose(left, R(-z), wide(x)), sum = 1 + e.value();
    R ratio = argument * vm::choose(left, e.raised(), R(1)) / sum;
    // Most of what the exponential and the sum were rounded by; not zero where x is infinite.
    if constexpr (sizeof(R) == 8) {
      ratio += ratio * (vm::choose(left, e.low, R(0x1p-70)) + ((sum - 1) - e.value()));
    }
    return T(ratio * vm::choose(left, vm::Format<R>::second_scale, R(1)));
  }
};

struct SiluBackward : TimesSlope<GatedSlope<LogisticTail>> {};

// x * tanh(log(1 + exp(x))). With e = exp(-abs(x)) the factor is on the right
// 1 - 2 * e**2 / (1 + 2 * e + 2 * e**2), on the left e * (1 - e * (1 + e) / (2 + 2 * e + e**2)).
struct Mish {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = vm::at_most(vm::Format<R>::far, math::fabs(wide(x)));
    auto exponential = vm::exp_of_minus(z);
    R e = exponential.value();
    bool left = sign_bit(wide(x));
    R less = vm::choose(left, e * (1 + e), 2 * e * e);
    less /= vm::choose(left, 2 + e * (2 + e), 1 + 2 * e * (1 + e));
    R all = vm::choose(left, exponential.of_size(-z), wide(x));
    R rest = all - vm::choose(left, all, z) * less;
    // Zero less zero is +0.
    return T(math::copysign(vm::choose(left, exponential.scaled(rest), rest), wide(x)));
  }
};

struct MishSlope {
  template <class R>
  TL_HD R operator()(R x) const {
    R z = vm::at_most(vm::Format<R>::far, math::fabs(x));
    auto exponential = vm::exp_of_minus(z);
    R e = exponential.value();
    R on_right = 1 / (1 + 2 * e * (1 + e)), on_left = 1 / (2 + e * (2 + e));
    R right = on_right * ((1 + 2 * e) + 4 * z * (1 + e) * (e * e) * on_right);
    R left = exponential.times(on_left * ((2 + e) - 4 * z * (1 + e) * on_left));
    return vm::choose(sign_bit(x), left, right);
  }
};

struct MishBackward : TimesSlope<MishSlope> {};

}  // namespace tl
