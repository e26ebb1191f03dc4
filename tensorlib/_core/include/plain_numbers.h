// Arguments that are just ints and floats of Python, as they mostly are: read at once.
//
// Everything else, what only behaves like a number or does not fit, is refused without an error;
// callers then go the long way, which knows all of NumPy's rules and has the errors to raise.
#pragma once

#include <cstdint>
#include <cstring>

#include <Python.h>

#include "dtypes.h"

namespace tl {

// The number of an int of one digit, as most are: without a call.
inline bool one_digit(PyObject *value, Py_ssize_t *number) {
#if PY_VERSION_HEX >= 0x030C0000
  PyLongObject *const object = reinterpret_cast<PyLongObject *>(value);
  if (!PyUnstable_Long_IsCompact(object)) return false;
  *number = PyUnstable_Long_CompactValue(object);
#else
  Py_ssize_t const digits = Py_SIZE(value);  // with the sign of the number
  if (digits < -1 || digits > 1) return false;
  *number = digits * Py_ssize_t(reinterpret_cast<PyLongObject *>(value)->ob_digit[0]);
#endif
  return true;
}

inline bool plain_int(PyObject *value, Py_ssize_t *number) {
  if (!PyLong_CheckExact(value)) return false;
  if (one_digit(value, number)) return true;
  *number = PyLong_AsSsize_t(value);
  if (*number != -1 || !PyErr_Occurred()) return true;
  PyErr_Clear();
  return false;
}

// The place along an axis that an index names.
inline bool plain_place(PyObject *index, Py_ssize_t length, Py_ssize_t *place) {
  if (!plain_int(index, place)) return false;
  if (*place < 0) *place += length;
  return 0 <= *place && *place < length;
}

// Start and length of a slice without a step.
inline bool plain_slice(PyObject *index, Py_ssize_t length, Py_ssize_t *first, Py_ssize_t *count) {
  if (!PySlice_Check(index)) return false;
  PySliceObject *slice = reinterpret_cast<PySliceObject *>(index);
  Py_ssize_t bounds[2] = {0, length};
  PyObject *given[2] = {slice->start, slice->stop};
  if (slice->step != Py_None) return false;
  for (int i = 0; i < 2; ++i) {
    Py_ssize_t bound;
    if (given[i] == Py_None) continue;
    if (!plain_int(given[i], &bound)) return false;
    if (bound < 0) bound = bound + length < 0 ? 0 : bound + length;
    bounds[i] = bound > length ? length : bound;
  }
  *first = bounds[0];
  *count = bounds[1] > bounds[0] ? bounds[1] - bounds[0] : 0;
  return true;
}

// The lengths of a shape of at most `most` axes, an int or a tuple of ints; returns their number, or
// -1.
inline int plain_shape(PyObject *shape, int most, Py_ssize_t *lengths) {
  if (!PyTuple_CheckExact(shape)) return plain_int(shape, lengths) ? 1 : -1;
  Py_ssize_t const count = PyTuple_GET_SIZE(shape);
  if (count > most) return -1;
  for (Py_ssize_t i = 0; i < count; ++i) {
    if (!plain_int(PyTuple_GET_ITEM(shape, i), &lengths[i])) return -1;
  }
  return static_cast<int>(count);
}

// A number as an element of float64, float32 or int64.
inline bool plain_element(PyObject *value, int dtype, double *address) {
  Py_ssize_t integer;
  double number;
  if (PyFloat_CheckExact(value)) {
    if (dtype == TL_INT64) return false;
    number = PyFloat_AS_DOUBLE(value);
  } else {
    if (!plain_int(value, &integer)) return false;
    if (dtype == TL_INT64) {
      int64_t const element = integer;
      std::memcpy(address, &element, sizeof element);
      return true;
    }
    number = static_cast<double>(integer);
  }
  if (dtype == TL_FLOAT32) {
    float const single = static_cast<float>(number);
    std::memcpy(address, &single, sizeof single);
  } else {
    *address = number;
  }
  return true;
}

}  // namespace tl
