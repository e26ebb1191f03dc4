// Storage: a counted block of memory that tensors share, and the cache that it comes from.
//
// Everything here runs under the GIL, so counts and lists need no atomics.
#pragma once

#include <cstddef>
#include <cstdint>

#include <Python.h>

#include "writes.h"

namespace tl {

struct Storage {
  char *data;
  size_t nbytes;        // what tensors may use
  size_t capacity;      // what the block holds; zero where the memory is somebody else's
  Py_ssize_t references;
  Py_ssize_t exports;   // buffers handed out
  PyObject *owner;      // keeps foreign memory alive
  Writes *writes;       // those after `saved` was set, each with (op, file, line)
  uint32_t version;     // counts writes
  bool saved;           // the tape holds it, so writes leave a trace in `writes`
  bool writeable;
  uint8_t device;       // by its number (see device.py); 0 is the CPU
};

struct MemoryStats {
  size_t allocated;       // bytes in use by tensors
  size_t peak;            // its maximum
  size_t cached;          // bytes kept for reuse
  size_t cache_limit;     // bound of `cached`
  size_t allocations;     // blocks handed out
  size_t cache_hits;      // of those, from the cache
};

// A block of at least nbytes, aligned to 64 bytes, uninitialised; null when memory is out.
Storage *storage_new(size_t nbytes);
// A view of memory that `owner` keeps alive.
Storage *storage_wrap(char *data, size_t nbytes, bool writeable, PyObject *owner);
// Memory of a device, which `device_free` gives back; null when there is none for the header.
Storage *storage_on_device(uint8_t device, char *data, size_t nbytes, size_t capacity);
void set_device_free(void (*device_free)(uint8_t device, char *data, size_t capacity));
void storage_free(Storage *storage);

inline Storage *storage_retain(Storage *storage) {
  ++storage->references;
  return storage;
}
inline void storage_release(Storage *storage) {
  if (--storage->references == 0) storage_free(storage);
}

inline Writes *writes_of(Storage *storage) {
  if (!storage->writes) storage->writes = new Writes;
  return storage->writes;
}

MemoryStats memory_stats();
void reset_peak_memory_stats();  // the maximum is what is in use now
void set_cache_limit(size_t nbytes);
void empty_cache();

}  // namespace tl
