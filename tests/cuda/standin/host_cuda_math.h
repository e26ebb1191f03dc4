// Functions that NVRTC declares and the C library does not have.
#pragma once

// Bits of integers

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline unsigned long long __brevll(unsigned long long x) {
  x = __builtin_bswap64(x);
  x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
  x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
  return (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
}
inline unsigned __brev(unsigned x) { return __brevll(x) >> 32; }
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  unsigned long long bytes = (unsigned long long)y << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i)
    result |= unsigned(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
  return result;
}
inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) {
  return ((unsigned long long)high << 32 | low) << (shift & 31) >> 32;
}
inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) {
  return ((unsigned long long)high << 32 | low) >> (shift & 31);
}
inline int __mulhi(int x, int y) { return (long long)x * y >> 32; }
inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned long long)x * y >> 32; }
inline long long __mul64hi(long long x, long long y) { return (__int128)x * y >> 64; }
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return (unsigned __int128)x * y >> 64;
}

// Values as bits

#define STANDIN_REINTERPRET(name, From, To) \
  inline To name(From from) {               \
    To to;                                  \
    std::memcpy(&to, &from, sizeof to);     \
    return to;                              \
  }
STANDIN_REINTERPRET(__float_as_int, float, int)
STANDIN_REINTERPRET(__float_as_uint, float, unsigned)
STANDIN_REINTERPRET(__int_as_float, int, float)
STANDIN_REINTERPRET(__uint_as_float, unsigned, float)
STANDIN_REINTERPRET(__double_as_longlong, double, long long)
STANDIN_REINTERPRET(__longlong_as_double, long long, double)
#undef STANDIN_REINTERPRET

// Arithmetic. The functions whose names begin with __ are less accurate on a GPU.

inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline double rsqrt(double x) { return 1 / sqrt(x); }
inline float rsqrt(float x) { return rsqrtf(x); }
inline double rcbrt(double x) { return 1 / cbrt(x); }
inline float rcbrtf(float x) { return 1 / cbrtf(x); }
inline double sinpi(double x) { return sin(M_PI * x); }
inline double cospi(double x) { return cos(M_PI * x); }
inline float sinpif(float x) { return float(sinpi(x)); }
inline float cospif(float x) { return float(cospi(x)); }
inline void sincospi(double x, double* sine, double* cosine) { sincos(M_PI * x, sine, cosine); }
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = sinpif(x);
  *cosine = cospif(x);
}
inline float fdividef(float x, float y) { return x / y; }
inline float __fdividef(float x, float y) { return x / y; }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __log2f(float x) { return log2f(x); }
inline float __exp10f(float x) { return exp10f(x); }
inline float __log10f(float x) { return log10f(x); }
inline float __sinf(float x) { return sinf(x); }
inline float __cosf(float x) { return cosf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frcp_rn(float x) { return 1 / x; }
inline double __dadd_rn(double x, double y) { return x + y; }
inline double __dmul_rn(double x, double y) { return x * y; }
inline double __ddiv_rn(double x, double y) { return x / y; }
inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline int __float2int_rn(float x) { return int(rintf(x)); }
inline int __float2int_rz(float x) { return int(x); }
inline float __int2float_rn(int x) { return float(x); }

// As on a GPU, where one of two numbers is not a number the result is the other one.

#define STANDIN_EXTREMES(A, B, T)      \
  inline T min(A one, B other) {       \
    T x = one, y = other;              \
    return x < y ? x : y;              \
  }                                    \
  inline T max(A one, B other) {       \
    T x = one, y = other;              \
    return x < y ? y : x;              \
  }
STANDIN_EXTREMES(int, int, int)
STANDIN_EXTREMES(unsigned, unsigned, unsigned)
STANDIN_EXTREMES(int, unsigned, unsigned)
STANDIN_EXTREMES(unsigned, int, unsigned)
STANDIN_EXTREMES(long, long, long)
STANDIN_EXTREMES(unsigned long, unsigned long, unsigned long)
STANDIN_EXTREMES(long, unsigned long, unsigned long)
STANDIN_EXTREMES(unsigned long, long, unsigned long)
STANDIN_EXTREMES(long long, long long, long long)
STANDIN_EXTREMES(unsigned long long, unsigned long long, unsigned long long)
STANDIN_EXTREMES(long long, unsigned long long, unsigned long long)
STANDIN_EXTREMES(unsigned long long, long long, unsigned long long)
#undef STANDIN_EXTREMES
inline float min(float x, float y) { return fminf(x, y); }
inline float max(float x, float y) { return fmaxf(x, y); }
inline double min(double x, double y) { return fmin(x, y); }
inline double max(double x, double y) { return fmax(x, y); }
inline double min(float x, double y) { return fmin(x, y); }
inline double max(float x, double y) { return fmax(x, y); }
inline double min(double x, float y) { return fmin(x, y); }
inline double max(double x, float y) { return fmax(x, y); }
