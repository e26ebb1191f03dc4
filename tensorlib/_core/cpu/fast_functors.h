// Functors for GuardedElementwise: what NumPy computes one element at a time, written for vectors
// with fused multiply-add. Each is exact to the bit where NumPy's is; sine, cosine
// and hypot are within one unit in the last place.
#pragma once

#include <cfenv>

#include "functors.h"
#include "vector_math.h"

namespace tl {
namespace fast {

namespace vm = vector_math;

// Where the size of x is within these, or x is zero: the bits are compared, for all in one go.
template <class R>
inline bool is_moderate(R x, R smallest, R largest) {
  using Bits = vm::Bits<R>;
  Bits size = bits_as<Bits>(math::fabs(x)), low = bits_as<Bits>(smallest);
  return bool(int(size == 0) | int(size - low <= bits_as<Bits>(largest) - low));
}

template <class R>
struct Range;
template <>
struct Range<float> {
  // Quotients, squares and their products are normal numbers.
  static constexpr float smallest = 0x1p-40f, largest = 0x1p40f;
  static constexpr float whole = 0x1p22f;  // where a fraction has a digit left
};
template <>
struct Range<double> {
  static constexpr double smallest = 0x1p-400, largest = 0x1p400;
  static constexpr double whole = 0x1p51;
};

struct Exp {
  template <class R>
  static constexpr R last = sizeof(R) == 4 ? R(87.3) : R(708);  // where results are normal

  template <class R>
  static vm::Bits<R> place(R x) {
    return bits_as<vm::Bits<R>>(math::fabs(x));
  }
  template <class R>
  static R value(bool, R x) {
    auto powers = vm::powers_of_2(x);
    return powers.times(exp_of_rest(powers.r));
  }

  // The power of two in two parts, of which products overflow and underflow as they should.
  template <class R>
  static R anywhere(R x) {
    constexpr R far = vm::Format<R>::far;
    bool number = is_finite(x);
    R size = vm::choose(number, vm::size_within(far, x), R(0));
    auto powers = vm::powers_of_2(math::copysign(size, x));
    R half = vm::nearest_integer(powers.n / 2);
    R value = exp_of_rest(powers.r) * vm::power_of_2(half) * vm::power_of_2(powers.n - half);
    R special = vm::choose(number, R(0), x);
    special = vm::choose(bits_as<vm::Bits<R>>(x) == bits_as<vm::Bits<R>>(-infinity<R>()), R(0),
                         R(special + special));
    return vm::choose(number, value, special);
  }

 private:
  template <class R>
  static R exp_of_rest(R r) {
    return 1 + r * (1 + r * vm::exp_series(r));
  }
};

// Both sine and cosine are made for every angle, of which one is chosen.
template <int quarter_turns>
struct Wave {
  template <class R>
  static constexpr R smallest = sizeof(R) == 4 ? R(0) : R(0x1p-300);  // the square is normal
  template <class R>
  static constexpr R last = vm::largest_angle<R>;

  template <class R>
  static vm::Bits<R> place(R x) {
    return bits_as<vm::Bits<R>>(math::fabs(x)) - bits_as<vm::Bits<R>>(smallest<R>);
  }
  template <class R>
  static bool is_easy(R x) {
    return is_moderate(x, smallest<R>, last<R>);
  }
  template <class R>
  static R value(bool easy, R x) {
    using Bits = vm::Bits<R>;
    constexpr int last = sizeof(R) * 8 - 1;
    R size = vm::choose(easy, math::fabs(x), R(0));
    auto angle = vm::reduced_angle(size);
    Bits turns = angle.quarter_turns + quarter_turns;
    R sine = vm::sine(angle), cosine = vm::cosine(angle);
    Bits sign = turns << (last - 1);
    if constexpr (quarter_turns == 0) sign ^= bits_as<Bits>(x);
    R chosen = vm::choose(turns << last != 0, cosine, sine);
    return bits_as<R>(bits_as<Bits>(chosen) ^ (sign & Bits(1) << last));
  }
};

struct Sin : Wave<0> {
  template <class R>
  static R exact(R x) {
    return math::sin(x);
  }
};
struct Cos : Wave<1> {
  template <class R>
  static R exact(R x) {
    return math::cos(x);
  }
};

// log(2**n * (1 + f)) with sqrt(1 / 2) <= 1 + f < sqrt(2).
struct Log {
  template <class R>
  static constexpr R last = 0x1.fffffep127f;

  static uint32_t place(float x) { return bits_as<uint32_t>(x) - 0x00800000; }  // of the normal
  static bool is_easy(float x) { return place(x) <= place(last<float>); }
  static float value(bool easy, float x) {
    constexpr uint32_t root = 0x3f3504f3, one = vm::Format<float>::one, fraction = 0x007fffff;
    uint32_t bits = bits_as<uint32_t>(vm::choose(easy, x, 1.0f)) - root + one;
    // As the last bits of 2**23 + 127
    float n = bits_as<float>((bits >> 23) + 0x4b000000) - 8388735.0f;
    float f = bits_as<float>((bits & fraction) + root) - 1;
    float series = vm::polynomial(f, -0.5f, 0.333339721f, -0.250009686f, 0.199606106f,
                                  -0.165879786f, 0.149508849f, -0.141972244f, 0.0850687549f);
    using F = vm::Format<float>;
    return n * F::log2_high + (f + (f * f * series + n * F::log2_low));
  }
  static float exact(float x) { return math::log(x); }
};

// The square root of the sum of squares, corrected by what was lost in them (C. F. Borges, "An
// Improved Algorithm for hypot(a,b)", 2019); a float's is rounded once from double.
struct Hypot {
  static bool is_easy(float a, float b) { return is_finite(a) & is_finite(b); }
  static float value(bool easy, float a, float b) {
    double x = vm::choose(easy, a, 0.0f), y = vm::choose(easy, b, 0.0f);
    return float(math::sqrt(x * x + y * y));
  }

  static bool is_easy(double a, double b) {
    using R = Range<double>;
    return is_moderate(a, R::smallest, R::largest) & is_moderate(b, R::smallest, R::largest) &
           ((bits_as<uint64_t>(a) | bits_as<uint64_t>(b)) << 1 != 0);
  }
  static double value(bool easy, double a, double b) {
    double x = vm::choose(easy, math::fabs(a), 1.0), y = vm::choose(easy, math::fabs(b), 0.0);
    bool first = vm::is_above(x, y);
    double large = vm::choose(first, x, y), small = vm::choose(first, y, x);
    // fma(.., 0) is a product that a compiler does not fuse with what is done next.
    double root = math::sqrt(math::fma(large, large, small * small));
    double square = math::fma(root, root, 0.0), of_large = math::fma(large, large, 0.0);
    double lost = math::fma(-small, small, square - of_large) +
                  math::fma(root, root, -square) - math::fma(large, large, -of_large);
    return root - lost / (2 * root);
  }

  template <class R>
  static R exact(R a, R b) {
    return math::hypot(a, b);
  }
};

// fmod by one division: the quotient is at most one too large, and what is left is exact.
template <class R>
struct Quotient {
  static bool is_easy(R a, R b) {
    using Limits = Range<R>;
    bool moderate = is_moderate(a, Limits::smallest, Limits::largest) &
                    is_moderate(b, Limits::smallest, Limits::largest) & (truth(b));
    R quotient = vm::choose(moderate, a, R(0)) / vm::choose(moderate, b, R(1));
    return moderate & !vm::is_above(math::fabs(quotient), Limits::whole);
  }
  // Of arguments that are easy.
  static R fmod(R a, R b) {
    R size = math::fabs(a), divisor = math::fabs(b);
    R rest = math::fma(-vm::floor_of_moderate(size / divisor), divisor, size);
    return math::copysign(vm::choose(sign_bit(rest), R(rest + divisor), rest), a);
  }
};

struct Fmod {
  template <class R>
  static bool is_easy(R a, R b) {
    return Quotient<R>::is_easy(a, b);
  }
  template <class R>
  static R value(bool easy, R a, R b) {
    return Quotient<R>::fmod(vm::choose(easy, a, R(0)), vm::choose(easy, b, R(1)));
  }
  template <class R>
  static R exact(R a, R b) {
    return math::fmod(a, b);
  }
};

// Of 8 and 16 bits by a quotient of floats, of 32 bits by one of doubles, either of which is exact
// once it is cut off.
template <class T>
using Divided = typename Choose<sizeof(T) <= 2, float, double>::type;

// NumPy says so of a quotient that there is none of.
template <class T>
inline void raise_integer_status(T a, T b, bool overflows) {
  if (b == 0) {
    std::feraiseexcept(FE_DIVBYZERO);
  } else if (overflows && tl::is_signed<T>() && b == T(-1) && a != 0 && a == T(Negative()(a))) {
    std::feraiseexcept(FE_OVERFLOW);
  }
}

struct Remainder {
  template <class T>
  static bool is_easy(T a, T b) {
    if constexpr (is_integer<T>) {
      return (b != 0) & !(is_signed<T>() & (b == T(-1)));
    } else {
      return Quotient<T>::is_easy(a, b);
    }
  }
  template <class T>
  static T value(bool easy, T a, T b) {
    if constexpr (is_integer<T>) {
      T divisor = T((b & T(-T(easy))) | T(!easy));
      T rest = T(a - T(Divided<T>(a) / Divided<T>(divisor)) * divisor);
      return T(rest + (divisor & T(-T((rest != 0) & ((rest ^ divisor) < 0)))));
    } else {
      T x = vm::choose(easy, a, T(0)), y = vm::choose(easy, b, T(1));
      T rest = Quotient<T>::fmod(x, y);
      T moved = vm::choose(sign_bit(rest) != sign_bit(y), T(rest + y), rest);
      return vm::choose(truth(rest), moved, math::copysign(T(0), y));
    }
  }
  template <class T>
  static T exact(T a, T b) {
    if constexpr (is_integer<T>) raise_integer_status(a, b, false);
    return tl::Remainder()(a, b);
  }
};

struct FloorDivide {
  template <class T>
  static bool is_easy(T a, T b) {
    return Remainder::is_easy(a, b);
  }
  template <class T>
  static T value(bool easy, T a, T b) {
    if constexpr (is_integer<T>) {
      T divisor = T((b & T(-T(easy))) | T(!easy));
      T quotient = T(Divided<T>(a) / Divided<T>(divisor));
      T rest = T(a - quotient * divisor);
      return T(quotient - T((rest != 0) & ((rest ^ divisor) < 0)));
    } else {
      T x = vm::choose(easy, a, T(0)), y = vm::choose(easy, b, T(1));
      T rest = Quotient<T>::fmod(x, y), quotient = (x - rest) / y;
      bool below = truth(rest) & (sign_bit(rest) != sign_bit(y));
      quotient = vm::choose(below, T(quotient - 1), quotient);
      T floor = vm::floor_of_moderate(quotient);
      floor = vm::choose(vm::is_above(T(quotient - floor), T(0.5)), T(floor + 1), floor);
      return vm::choose(truth(quotient), floor, math::copysign(T(0), T(x / y)));
    }
  }
  template <class T>
  static T exact(T a, T b) {
    if constexpr (is_integer<T>) raise_integer_status(a, b, true);
    return tl::FloorDivide()(a, b);
  }
};

// Without what makes no difference to a sum of exponentials, whose square is no normal number.
template <class R>
inline R moderate_size(R x) {
  R size = math::fabs(x);
  return vm::choose(vm::is_above(size, R(0x1p-62)), size, R(0));
}

struct Logaddexp {
  template <class R>
  static bool is_easy(R a, R b) {
    return is_moderate(a, R(0), Range<R>::largest) & is_moderate(b, R(0), Range<R>::largest);
  }
  template <class R>
  static R value(bool easy, R a, R b) {
    R x = vm::choose(easy, a, R(0)), y = vm::choose(easy, b, R(0)), difference = x - y;
    R larger = vm::choose(sign_bit(difference), y, x), apart = moderate_size(difference);
    R e = vm::exp_of_minus(vm::at_most(vm::Format<R>::far, apart)).value();
    return larger + vm::log1p_of_fraction(e);
  }
  template <class R>
  static R exact(R a, R b) {
    return tl::Logaddexp()(a, b);
  }
};

struct Logaddexp2 {
  template <class R>
  static bool is_easy(R a, R b) {
    return is_moderate(a, R(0), R(sizeof(R) == 4 ? 62 : 510)) &
           is_moderate(b, R(0), R(sizeof(R) == 4 ? 62 : 510));
  }
  template <class R>
  static R value(bool easy, R a, R b) {
    R x = vm::choose(easy, a, R(0)), y = vm::choose(easy, b, R(0)), difference = x - y;
    R larger = vm::choose(sign_bit(difference), y, x), apart = moderate_size(difference);
    R log = vm::log1p_of_fraction(vm::exp2_of_moderate(-apart)) * R(1.4426950408889634);
    return larger + vm::choose(truth(apart), log, R(1));  // where they are equal exactly
  }
  template <class R>
  static R exact(R a, R b) {
    return tl::Logaddexp2()(a, b);
  }
};

// The bits of a number count up with its size.
struct Nextafter {
  template <class R>
  static bool is_easy(R x, R toward) {
    // Neither zero nor NaN, and the result is normal: else libm raises an exception.
    using Bits = vm::Bits<R>;
    Bits size = bits_as<Bits>(math::fabs(x)), low = bits_as<Bits>(Limits<R>::tiny) + 1;
    Bits high = bits_as<Bits>(infinity<R>()) - 1;
    return bool(int(size - low < high - low) & int(!is_nan(toward)));
  }
  template <class R>
  static R value(bool, R x, R toward) {
    using Bits = vm::Bits<R>;
    Bits size = bits_as<Bits>(math::fabs(x)), other = bits_as<Bits>(math::fabs(toward));
    bool outwards = (sign_bit(x) == sign_bit(toward)) & (other > size);
    Bits step = outwards ? Bits(1) : ~Bits(0);
    step = bits_as<Bits>(x) == bits_as<Bits>(toward) ? Bits(0) : step;
    return bits_as<R>(bits_as<Bits>(x) + step);
  }
  template <class R>
  static R exact(R x, R toward) {
    return math::nextafter(x, toward);
  }

 private:
  template <class R>
  struct Limits {
    static constexpr R tiny = sizeof(R) == 4 ? R(0x1p-126) : R(0x1p-1022);
  };
};

}  // namespace fast
}  // namespace tl
