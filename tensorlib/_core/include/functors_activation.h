// Activations, and the slopes of those whose slopes take several operations.
#pragma once

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

struct Erf {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = math::fabs(wide(x));
    R inside = vm::at_most(R(1), z);
    auto tail = vm::normal_tail(vm::at_most(vm::Format<R>::far_of_normal, z * root_of_2<R>));
    R far = 1 - tail.exponential.times(2 * tail.ratio);
    R near = inside * vm::erf_series(inside * inside);
    return T(math::copysign(vm::choose(vm::is_above(z, R(1)), far, near), wide(x)));
  }

 private:
  template <class R>
  static constexpr R root_of_2 = R(1.4142135623730951);
};

// Takes exp of negative numbers only, which cannot overflow.
struct Sigmoid {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    auto e = vm::exp_of_minus(vm::at_most(vm::Format<R>::far, math::fabs(wide(x))));
    R right = 1 / (1 + e.value());
    return T(vm::choose(sign_bit(wide(x)), e.times(right), right));
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

// x * F(x) for a distribution function F with F(x) + F(-x) = 1: the positive part of x, less
// z * F(-z) of z = abs(x), so that the tail of F is all that is needed. `Tail::far` is where
// the tail is zero, `value(z)` is z * F(-z), `slope(z)` the derivative of x * F(x) at -z.
template <class Tail>
struct Gated {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = vm::at_most(Tail::template far<R>, math::fabs(wide(x)));
    return T(vm::positive_part(wide(x)) - Tail::value(z));
  }
};

template <class Tail>
struct GatedSlope {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R left = Tail::slope(vm::at_most(Tail::template far<R>, math::fabs(wide(x))));
    return T(vm::choose(sign_bit(wide(x)), left, 1 - left));
  }
};

struct NormalTail {
  template <class R>
  static constexpr R far = vm::Format<R>::far_of_normal;

  template <class R>
  TL_HD static R value(R z) {
    auto tail = vm::normal_tail(z);
    return tail.exponential.times(z * tail.ratio);
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
  TL_HD static R value(R z) {
    auto e = vm::exp_of_minus(z);
    return e.times(z / (1 + e.value()));
  }
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
  static constexpr R far = sizeof(R) == 4 ? R(11.3) : R(22);

  template <class R>
  TL_HD static R value(R z) {
    auto e = exponential(z);
    return e.times(z / (1 + e.value()));
  }
  template <class R>
  TL_HD static R slope(R z) {
    auto e = exponential(z);
    R inverse = 1 / (1 + e.value());
    R inner = R(linear) + R(3 * cubic) * (z * z);
    return e.times(inverse * (1 - z * inner * inverse));
  }

 private:
  static constexpr double linear = 1.5957691216057308, cubic = linear * 0.044715;

  // In double, as an error of the exponent is one of the result, relatively.
  template <class R>
  TL_HD static auto exponential(R z) {
    double x = double(z), u = x * (linear + cubic * (x * x));
    R high = R(u);
    return vm::exp_of_minus(high, R(u - double(high)));
  }
};

struct Gelu : Gated<NormalTail> {};
struct GeluSlope : GatedSlope<NormalTail> {};
struct GeluTanh : Gated<TanhTail> {};
struct GeluTanhSlope : GatedSlope<TanhTail> {};
struct Silu : Gated<LogisticTail> {};
struct SiluSlope : GatedSlope<LogisticTail> {};

// x * tanh(log(1 + exp(x))). With e = exp(-abs(x)) the factor is (1 + 2 * e) / d on the right and
// e * (2 + e) / d on the left: sums of positive numbers, in which nothing cancels.
struct Mish {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = vm::at_most(vm::Format<R>::far, math::fabs(wide(x)));
    auto exponential = vm::exp_of_minus(z);
    R e = exponential.value();
    R right = wide(x) * ((1 + 2 * e) / (1 + 2 * e * (1 + e)));
    R left = exponential.times(-z * ((2 + e) / (2 + e * (2 + e))));
    return T(vm::choose(sign_bit(wide(x)), left, right));
  }
};

struct MishSlope {
  template <class T>
  TL_HD T operator()(T x) const {
    using R = Wide<T>;
    R z = vm::at_most(vm::Format<R>::far, math::fabs(wide(x)));
    auto exponential = vm::exp_of_minus(z);
    R e = exponential.value();
    R on_right = 1 / (1 + 2 * e * (1 + e)), on_left = 1 / (2 + e * (2 + e));
    R right = on_right * ((1 + 2 * e) + 4 * z * (1 + e) * (e * e) * on_right);
    R left = exponential.times(on_left * ((2 + e) - 4 * z * (1 + e) * on_left));
    return T(vm::choose(sign_bit(wide(x)), left, right));
  }
};

}  // namespace tl
