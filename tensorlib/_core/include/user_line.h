// Which line of the user's program is running.
#pragma once

#include <Python.h>

// New references to the last file name inside the package and the last one outside: code
// objects of a module share theirs, so nearly always a pointer tells.
inline bool in_package(PyObject* file, PyObject* package) {
  static PyObject* inside = nullptr;
  static PyObject* outside = nullptr;
  if (file == inside) return true;
  if (file == outside) return false;
  bool found = PyUnicode_Tailmatch(file, package, 0, PY_SSIZE_T_MAX, -1) == 1;
  PyObject** last = found ? &inside : &outside;
  Py_XDECREF(*last);
  Py_INCREF(file);
  *last = file;
  return found;
}

// The code of the innermost Python frame outside the package, or None, and the place in it.
inline PyObject* user_code(PyObject* package, int* place) {
  PyFrameObject* frame = PyEval_GetFrame();
  *place = -1;
  Py_XINCREF(frame);
  while (frame != nullptr) {
    PyCodeObject* code = PyFrame_GetCode(frame);
    if (!in_package(code->co_filename, package)) {
      *place = PyFrame_GetLasti(frame);
      Py_DECREF(frame);
      return reinterpret_cast<PyObject*>(code);
    }
    Py_DECREF(code);
    PyFrameObject* outer = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = outer;
  }
  Py_RETURN_NONE;
}

inline int line_of(PyObject* code, int place) {
  return PyCode_Addr2Line(reinterpret_cast<PyCodeObject*>(code), place);
}
