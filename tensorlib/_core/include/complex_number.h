// A complex number laid out as NumPy's complex64 and complex128, with NumPy's arithmetic.
// (Not named complex.h: this folder is on the include path, and that name is the C library's.)
#pragma once

#include "portable.h"

namespace tl {

template <class R>
struct Complex {
  R real;
  R imag;

  Complex() = default;
  TL_HD constexpr Complex(R real_part, R imaginary_part = R(0))
      : real(real_part), imag(imaginary_part) {}

  TL_HD Complex operator+(Complex other) const {
    return {real + other.real, imag + other.imag};
  }
  TL_HD Complex operator-(Complex other) const {
    return {real - other.real, imag - other.imag};
  }
  TL_HD Complex operator-() const { return {-real, -imag}; }
  TL_HD Complex operator*(Complex other) const {
    return {real * other.real - imag * other.imag, real * other.imag + imag * other.real};
  }
  TL_HD Complex operator*(R factor) const { return {real * factor, imag * factor}; }
  // Smith's algorithm: no intermediate overflows or underflows that the quotient does not.
  TL_HD Complex operator/(Complex other) const {
    R width = math::fabs(other.real), height = math::fabs(other.imag);
    if (width == 0 && height == 0) return {real / width, imag / width};
    if (width >= height) {
      R ratio = other.imag / other.real;
      R scale = R(1) / (other.real + other.imag * ratio);
      return {(real + imag * ratio) * scale, (imag - real * ratio) * scale};
    }
    R ratio = other.real / other.imag;
    R scale = R(1) / (other.imag + other.real * ratio);
    return {(real * ratio + imag) * scale, (imag * ratio - real) * scale};
  }
  TL_HD bool operator==(Complex other) const {
    return real == other.real && imag == other.imag;
  }
  TL_HD bool operator!=(Complex other) const { return !(*this == other); }
};

using ComplexFloat = Complex<float>;
using ComplexDouble = Complex<double>;

}  // namespace tl
