// Tensors that died wait here to be used again.
//
// Half of what a view costs is its Tensor: CPython's and Cython's ways to make one and to end one
// clear, fill and look at more than such an object needs. Those that wait keep a new one's fields.
#pragma once

#include <Python.h>

namespace tl {

template <class Tensor>
class TensorPool {
 public:
  // From now on, tensors of this type, and not of those derived from it, wait where they would be
  // freed. `abandon` lets go of a tensor's memory.
  static void open(PyTypeObject *type, void (*abandon)(Tensor *)) {
    abandon_ = abandon;
    type_ = type;
    usual_ = type->tp_dealloc;
    nothing_ = PyTuple_New(0);
    type->tp_dealloc = dealloc;
  }

  // A tensor without storage and shape, as a new reference.
  static PyObject *take() {
    if (count_ == 0) return type_->tp_new(type_, nothing_, nullptr);
    PyObject *object = reinterpret_cast<PyObject *>(waiting_[--count_]);
    _Py_NewReference(object);
    PyObject_GC_Track(object);
    return object;
  }

 private:
  static void dealloc(PyObject *object) {
    if (Py_TYPE(object) != type_) return usual_(object);
    Tensor *tensor = reinterpret_cast<Tensor *>(object);
    PyObject_GC_UnTrack(object);
    if (tensor->__weakref__) PyObject_ClearWeakRefs(object);
    abandon_(tensor);
    tensor->storage = nullptr;
    tensor->ndim_ = 0;
    reset(tensor->base);
    reset(tensor->node);
    reset(tensor->grad_);
    reset(tensor->hooks);
    reset(tensor->wrapped);
    if (count_ == kMost) return usual_(object);
    tensor->readonly = tensor->tracked = false;
    tensor->graph_version = 0;
    tensor->output = 0;
    waiting_[count_++] = tensor;
  }

  template <class Object>
  static void reset(Object *&field) {
    PyObject *old = reinterpret_cast<PyObject *>(field);
    if (old == Py_None) return;
    Py_INCREF(Py_None);
    field = reinterpret_cast<Object *>(Py_None);
    Py_XDECREF(old);
  }

  static constexpr int kMost = 64;
  static inline Tensor *waiting_[kMost];
  static inline int count_ = 0;
  static inline PyTypeObject *type_ = nullptr;
  static inline destructor usual_ = nullptr;
  static inline PyObject *nothing_ = nullptr;
  static inline void (*abandon_)(Tensor *) = nullptr;
};

// Cython knows the type of a tensor, but cannot name it in C++.
template <class Tensor>
inline void open_pool(Tensor *example, void (*abandon)(Tensor *)) {
  TensorPool<Tensor>::open(Py_TYPE(reinterpret_cast<PyObject *>(example)), abandon);
}
template <class Tensor>
inline PyObject *take_tensor(Tensor *) {
  return TensorPool<Tensor>::take();
}

}  // namespace tl
