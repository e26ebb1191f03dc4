// What is left to do around the factorizations of matrices that a library makes.
#pragma once

#include "fold.cuh"

namespace tl {
namespace linalg {

// f(matrix, row, column, place) for the elements of a stack of matrices in C order.
template <class Function>
TL_HD void for_elements(int64_t size, int64_t rows, int64_t columns, Function f) {
  int64_t const step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < size; i += step) {
    int64_t const row = i / columns;
    f(row / rows, row % rows, i % columns, i);
  }
}

// The product or sum of what the threads of a block have, for all of them.
template <class T, class Function>
__device__ T together(T mine, Function combine) {
  __shared__ T all[kThreads];
  __syncthreads();
  all[threadIdx.x] = mine;
  __syncthreads();
  for (int half = kThreads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      all[threadIdx.x] = combine(all[threadIdx.x], all[threadIdx.x + half]);
    }
    __syncthreads();
  }
  return all[0];
}

// Zeros below the diagonal, or else above it.
template <class T>
TL_HD void clear_triangle(int64_t size, int64_t rows, int64_t columns, int64_t below, T *x) {
  for_elements(size, rows, columns, [=](int64_t, int64_t row, int64_t column, int64_t i) {
    if (below ? row > column : row < column) x[i] = T(0);
  });
}

template <class T>
TL_HD void identity(int64_t size, int64_t rows, int64_t columns, T *x) {
  for_elements(size, rows, columns, [=](int64_t, int64_t row, int64_t column, int64_t i) {
    x[i] = T(row == column ? 1 : 0);
  });
}

// The addresses of the matrices of a stack, which are so many bytes each.
TL_HD void addresses(int64_t count, int64_t bytes, const char *first, int64_t *result) {
  for_elements(count, 1, 1, [=](int64_t matrix, int64_t, int64_t, int64_t) {
    result[matrix] = reinterpret_cast<int64_t>(first + matrix * bytes);
  });
}

// Right eigenvectors as columns. What is given has them as rows: for a pair of conjugate ones the
// real and the imaginary part of the first, whose eigenvalue is above the real axis.
TL_HD void complex_vectors(int64_t size, int64_t n, const Complex<double> *values,
                                  const double *given, Complex<double> *vectors) {
  for_elements(size, n, n, [=](int64_t matrix, int64_t row, int64_t column, int64_t i) {
    double const height = values[matrix * n + column].imag;
    const double *first = given + matrix * n * n + row;
    if (height == 0) {
      vectors[i] = first[column * n];
    } else if (height > 0) {
      vectors[i] = {first[column * n], first[(column + 1) * n]};
    } else {
      vectors[i] = {first[(column - 1) * n], -first[column * n]};
    }
  });
}

// The inverses of singular values above a limit relative to the largest one, zero of the others,
// and how many there are; a negative limit is the precision. A thread for each matrix.
TL_HD void inverse_values(int64_t count, int64_t n, const double *values,
                                 const double *limits, double *inverses, int32_t *ranks) {
  int64_t const step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t m = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; m < count; m += step) {
    double const relative = limits[m] < 0 ? 2.220446049250313e-16 : limits[m];
    int32_t rank = 0;
    for (int64_t i = m * n; i < (m + 1) * n; ++i) {
      bool const counts = values[i] > relative * values[m * n];
      inverses[i] = counts ? 1 / values[i] : 0;
      rank += counts;
    }
    ranks[m] = rank;
  }
}

TL_HD double square(double x) { return x * x; }
TL_HD double square(Complex<double> x) { return x.real * x.real + x.imag * x.imag; }

// Sums of the squares of columns; NaN where the rank is not `full`. A block for each column.
template <class T>
__device__ void residuals(int64_t columns, int64_t rows, int64_t k, int64_t full, const T *x,
                          const int32_t *ranks, double *sums) {
  for (int64_t i = blockIdx.x; i < columns; i += gridDim.x) {
    const T *column = x + i / k * rows * k + i % k;
    double sum = 0;
    for (int64_t row = threadIdx.x; row < rows; row += kThreads) sum += square(column[row * k]);
    sum = together(sum, [](double a, double b) { return a + b; });
    if (threadIdx.x == 0) {
      sums[i] = ranks[i / k] == full ? sum : infinity<double>() - infinity<double>();
    }
  }
}

TL_HD double length(double x) { return x < 0 ? -x : x; }
TL_HD double length(Complex<double> x) { return math::hypot(x.real, x.imag); }
TL_HD double phase(double x, double) { return x < 0 ? -1 : 1; }
TL_HD Complex<double> phase(Complex<double> x, double size) {
  return {x.real / size, x.imag / size};
}

// Signs and logarithms of determinants from LU factors; of singular matrices 0 and -infinity. A
// block for each matrix.
template <class T>
__device__ void determinants(int64_t count, int64_t n, const T *lu, const int32_t *pivots,
                             T *signs, double *logarithms) {
  for (int64_t m = blockIdx.x; m < count; m += gridDim.x) {
    T sign(1);
    double logarithm = 0, smallest = 1;
    for (int64_t i = threadIdx.x; i < n; i += kThreads) {
      T const element = lu[(m * n + i) * n + i];
      double const size = length(element);
      if (size == 0) {
        smallest = 0;
        continue;
      }
      sign = sign * phase(element, size);
      if (pivots[m * n + i] != i + 1) sign = -sign;
      logarithm += math::log(size);
    }
    sign = together(sign, [](T a, T b) { return a * b; });
    logarithm = together(logarithm, [](double a, double b) { return a + b; });
    smallest = together(smallest, [](double a, double b) { return a * b; });
    if (threadIdx.x == 0) {
      signs[m] = smallest == 0 ? T(0) : sign;
      logarithms[m] = smallest == 0 ? -infinity<double>() : logarithm;
    }
  }
}

TL_HD double conjugated(double x) { return x; }
TL_HD Complex<double> conjugated(Complex<double> x) { return {x.real, -x.imag}; }

// The first columns of products of reflectors, in place: `q` has `width` columns, one after the
// other, of which the first ones are reflectors below the diagonal. A block for each matrix, a warp
// for each column.
template <class T>
__device__ void multiply_out(int64_t count, int64_t width, int64_t rows, int64_t reflectors,
                             const T *factors, T *q) {
  int const lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  for (int64_t m = blockIdx.x; m < count; m += gridDim.x) {
    T *columns = q + m * width * rows;
    for (int64_t i = reflectors * rows + threadIdx.x; i < width * rows; i += kThreads) {
      columns[i] = T(i / rows == i % rows ? 1 : 0);
    }
    __syncthreads();
    for (int64_t k = reflectors - 1; k >= 0; --k) {
      T *reflector = columns + k * rows;  // above which is another factor; its k-th element is 1
      T const factor = factors[m * reflectors + k];
      for (int64_t j = k + 1 + warp; j < width; j += kThreads / kWarp) {
        T *column = columns + j * rows;
        T sum(0);
        for (int64_t i = k + lane; i < rows; i += kWarp) {
          sum = sum + (i == k ? column[i] : conjugated(reflector[i]) * column[i]);
        }
        for (int lanes = 1; lanes < kWarp; lanes *= 2) sum = sum + shuffled(sum, lanes);
        sum = sum * factor;
        for (int64_t i = k + lane; i < rows; i += kWarp) {
          column[i] = column[i] - (i == k ? sum : reflector[i] * sum);
        }
      }
      __syncthreads();
      for (int64_t i = threadIdx.x; i < rows; i += kThreads) {
        reflector[i] = i < k ? T(0) : i == k ? T(1) - factor : -(reflector[i] * factor);
      }
      __syncthreads();
    }
  }
}

// sign * exp(logarithm)
template <class T>
TL_HD void from_logarithms(int64_t count, const T *signs, const double *logarithms, T *result) {
  int64_t const step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) {
    double const size = math::exp(logarithms[i]);
    result[i] = signs[i] * size;
  }
}

}  // namespace linalg
}  // namespace tl
