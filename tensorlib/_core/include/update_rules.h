// How the optimizers change one element: the parameter x, by its gradient g and what is kept for it.
//
// A rule is made of numbers that its optimizer computes once for each step (`Optimizer._numbers` in
// Python lists them in the same order). What all rules share is done before: the gradient's sign
// and weight decay, in `Decay`. Sources of the formulas are in the docstrings of the optimizers.
#pragma once

#include "functors_traits.h"
#include "portable.h"

namespace tl {
namespace update {

template <class T>
struct Decay {
  static constexpr int numbers = 3;
  T sign, decay, shrink;

  TL_HD explicit Decay(double const *n) : sign(T(n[0])), decay(T(n[1])), shrink(T(n[2])) {}
  TL_HD void operator()(T &x, T &g) const {
    g *= sign;
    g = decay != T(0) ? g + decay * x : g;  // zero times infinity is no decay
    x *= shrink;
  }
};

template <class T>
TL_HD T larger(T a, T b) {
  return a > b ? a : b;  // NaN if b is
}

// The average moves towards a value by a part of the distance.
template <class T>
TL_HD void approach(T &average, T value, T part) {
  average += part * (value - average);
}

template <class T>
struct Descent {
  static constexpr int states = 0, numbers = 1;
  T rate;

  TL_HD explicit Descent(double const *n) : rate(T(n[0])) {}
  TL_HD void operator()(T &x, T g, T *) const { x -= rate * g; }
};

template <class T>
struct Momentum {
  static constexpr int states = 1, numbers = 4;
  T rate, keep, take, nesterov;

  TL_HD explicit Momentum(double const *n)
      : rate(T(n[0])), keep(T(n[1])), take(T(n[2])), nesterov(T(n[3])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    s[0] = keep * s[0] + take * g;
    x -= rate * (nesterov != T(0) ? g + keep * s[0] : s[0]);
  }
};

template <class T, bool amsgrad>
struct AdamRule {
  static constexpr int states = amsgrad ? 3 : 2, numbers = 6;
  T part1, keep2, part2, rate, scale, eps;

  TL_HD explicit AdamRule(double const *n)
      : part1(T(n[0])), keep2(T(n[1])), part2(T(n[2])), rate(T(n[3])), scale(T(n[4])),
        eps(T(n[5])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    approach(s[0], g, part1);
    s[1] = keep2 * s[1] + part2 * g * g;
    T square = s[1];
    if constexpr (amsgrad) square = s[2] = larger(s[2], s[1]);
    x -= rate * s[0] / (math::sqrt(square) * scale + eps);
  }
};
template <class T>
using Adam = AdamRule<T, false>;
template <class T>
using AmsGrad = AdamRule<T, true>;

template <class T>
struct NAdam {
  static constexpr int states = 2, numbers = 7;
  T part1, keep2, part2, rate, rate_gradient, scale, eps;

  TL_HD explicit NAdam(double const *n)
      : part1(T(n[0])), keep2(T(n[1])), part2(T(n[2])), rate(T(n[3])), rate_gradient(T(n[4])),
        scale(T(n[5])), eps(T(n[6])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    approach(s[0], g, part1);
    s[1] = keep2 * s[1] + part2 * g * g;
    x -= (rate * s[0] + rate_gradient * g) / (math::sqrt(s[1]) * scale + eps);
  }
};

// `rectified` is zero while the variance of the second average is not known (then plain momentum).
template <class T>
struct RAdam {
  static constexpr int states = 2, numbers = 6;
  T part1, keep2, part2, rate, rectified, eps;

  TL_HD explicit RAdam(double const *n)
      : part1(T(n[0])), keep2(T(n[1])), part2(T(n[2])), rate(T(n[3])), rectified(T(n[4])),
        eps(T(n[5])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    approach(s[0], g, part1);
    s[1] = keep2 * s[1] + part2 * g * g;
    T adapted = rectified / (math::sqrt(s[1]) + eps);
    x -= rate * s[0] * (rectified != T(0) ? adapted : T(1));
  }
};

template <class T>
struct Adamax {
  static constexpr int states = 2, numbers = 4;
  T part1, keep2, rate, eps;

  TL_HD explicit Adamax(double const *n)
      : part1(T(n[0])), keep2(T(n[1])), rate(T(n[2])), eps(T(n[3])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    approach(s[0], g, part1);
    s[1] = larger(keep2 * s[1], math::fabs(g) + eps);
    x -= rate * s[0] / s[1];
  }
};

template <class T>
struct Adagrad {
  static constexpr int states = 1, numbers = 2;
  T rate, eps;

  TL_HD explicit Adagrad(double const *n) : rate(T(n[0])), eps(T(n[1])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    s[0] += g * g;
    x -= rate * g / (math::sqrt(s[0]) + eps);
  }
};

template <class T>
struct Adadelta {
  static constexpr int states = 2, numbers = 4;
  T rate, keep, part, eps;

  TL_HD explicit Adadelta(double const *n)
      : rate(T(n[0])), keep(T(n[1])), part(T(n[2])), eps(T(n[3])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    s[0] = keep * s[0] + part * g * g;
    T change = math::sqrt(s[1] + eps) / math::sqrt(s[0] + eps) * g;
    s[1] = keep * s[1] + part * change * change;
    x -= rate * change;
  }
};

// Kept are the average of squares, then that of gradients if centred, then the velocity.
template <class T, bool centered, bool momentum>
struct RMSpropRule {
  static constexpr int states = 1 + centered + momentum, numbers = 5;
  T rate, keep, part, eps, velocity;

  TL_HD explicit RMSpropRule(double const *n)
      : rate(T(n[0])), keep(T(n[1])), part(T(n[2])), eps(T(n[3])), velocity(T(n[4])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    s[0] = keep * s[0] + part * g * g;
    T square = s[0];
    if constexpr (centered) {
      approach(s[1], g, part);
      square -= s[1] * s[1];
    }
    T change = g / (math::sqrt(square) + eps);
    if constexpr (momentum) change = s[1 + centered] = velocity * s[1 + centered] + change;
    x -= rate * change;
  }
};
template <class T>
using RMSprop = RMSpropRule<T, false, false>;
template <class T>
using RMSpropCentered = RMSpropRule<T, true, false>;
template <class T>
using RMSpropMomentum = RMSpropRule<T, false, true>;
template <class T>
using RMSpropCenteredMomentum = RMSpropRule<T, true, true>;

// Kept are the last gradient and the size of the steps.
template <class T>
struct Rprop {
  static constexpr int states = 2, numbers = 4;
  T shorter, longer, least, most;

  TL_HD explicit Rprop(double const *n)
      : shorter(T(n[0])), longer(T(n[1])), least(T(n[2])), most(T(n[3])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    T product = g * s[0];
    T size = s[1] * (product > T(0) ? longer : product < T(0) ? shorter : T(1));
    size = size < least ? least : size;
    size = size > most ? most : size;
    g = product < T(0) ? T(0) : g;  // after a change of sign one step is left out
    s[0] = g;
    s[1] = size;
    x -= g > T(0) ? size : g < T(0) ? -size : T(0);
  }
};

template <class T>
struct ASGD {
  static constexpr int states = 1, numbers = 2;
  T rate, part;

  TL_HD explicit ASGD(double const *n) : rate(T(n[0])), part(T(n[1])) {}
  TL_HD void operator()(T &x, T g, T *s) const {
    x -= rate * g;
    T average = s[0] + part * (x - s[0]);
    s[0] = part == T(1) ? x : average;
  }
};

}  // namespace update
}  // namespace tl
