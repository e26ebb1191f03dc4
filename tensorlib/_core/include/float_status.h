// The floating-point exceptions that a thread's arithmetic has raised, in NumPy's bits.
#pragma once

#include <cfenv>

#if defined(__x86_64__) && defined(__GNUC__)
#include <xmmintrin.h>
#endif

namespace tl {

enum { kDivideByZero = 1, kOverflow = 2, kUnderflow = 4, kInvalid = 8 };

// Return what was raised since the last call and clear it.
inline int take_float_status() {
#if defined(__x86_64__) && defined(__GNUC__)
  // The C library's calls cost more than a small op. Both units count: loops compute in SSE, but
  // feraiseexcept raises overflow and underflow in the x87.
  unsigned short x87;
  __asm__ __volatile__("fnstsw %0" : "=a"(x87)::"memory");
  unsigned const sse = _mm_getcsr();
  unsigned const raised = (sse | x87) & 0x1d;
  if (__builtin_expect(!raised, 1)) return 0;
  _mm_setcsr(sse & ~0x3fu);
  if (x87 & 0x3f) __asm__ __volatile__("fnclex" ::: "memory");
  return (raised & 0x04 ? kDivideByZero : 0) | (raised & 0x08 ? kOverflow : 0) |
         (raised & 0x10 ? kUnderflow : 0) | (raised & 0x01 ? kInvalid : 0);
#else
  int const raised = std::fetestexcept(FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INVALID);
  if (!raised) return 0;
  std::feclearexcept(FE_ALL_EXCEPT);
  return (raised & FE_DIVBYZERO ? kDivideByZero : 0) | (raised & FE_OVERFLOW ? kOverflow : 0) |
         (raised & FE_UNDERFLOW ? kUnderflow : 0) | (raised & FE_INVALID ? kInvalid : 0);
#endif
}

// Raise what was taken elsewhere, in this thread.
inline void raise_float_status(int status) {
  if (!status) return;
#if defined(__x86_64__) && defined(__GNUC__)
  _mm_setcsr(_mm_getcsr() | (status & kDivideByZero ? 0x04u : 0) |
             (status & kOverflow ? 0x08u : 0) | (status & kUnderflow ? 0x10u : 0) |
             (status & kInvalid ? 0x01u : 0));
#else
  std::feraiseexcept((status & kDivideByZero ? FE_DIVBYZERO : 0) |
                     (status & kOverflow ? FE_OVERFLOW : 0) |
                     (status & kUnderflow ? FE_UNDERFLOW : 0) |
                     (status & kInvalid ? FE_INVALID : 0));
#endif
}

}  // namespace tl
