// The threads that the BLAS behind NumPy's and SciPy's loops starts of its own.
//
// They spin while they wait, so beside another busy process each call loses a slice of the
// scheduler's time (a solution of 128 equations took 216 ms instead of 0.3), and what they compute
// depends on their number. Our calls of BLAS keep them out and use the pool instead.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>

#if defined(__linux__)
#include <dlfcn.h>
#include <link.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace tl {

// All OpenBLAS libraries of the process, or none where there are others.
class BlasThreads {
 public:
  static BlasThreads &instance() {
    static BlasThreads *own = new BlasThreads;  // threads may use it until the process ends
    return *own;
  }

  // Look for libraries that have been loaded since.
  void find() {
#if defined(__linux__)
    std::lock_guard<std::mutex> lock(mutex_);
    dl_iterate_phdr(
        [](dl_phdr_info *info, size_t, void *self) {
          char const *file = info->dlpi_name ? std::strrchr(info->dlpi_name, '/') : nullptr;
          if (file && std::strstr(file, "openblas")) {
            static_cast<BlasThreads *>(self)->add(info->dlpi_name);
          }
          return 0;
        },
        this);
#endif
  }

  // One thread for every call of BLAS, until `release` was called as often. False if it starts
  // threads all the same, or has none.
  bool hold() {
    if (count_ == 0) return false;
    std::lock_guard<std::mutex> lock(mutex_);
    if (holders_++) return true;
    for (int i = 0; i < count_; ++i) {
      libraries_[i].held = libraries_[i].get();
      if (libraries_[i].held > 1) libraries_[i].set(1);
    }
    return true;
  }

  void release() {
    if (count_ == 0) return;
    std::lock_guard<std::mutex> lock(mutex_);
    if (holders_ && --holders_ == 0) restore();
  }

  // The bound that somebody (threadpoolctl) has put on the number of threads.
  int limit() const {
    int limit = std::numeric_limits<int>::max();
    for (int i = 0; i < count_; ++i) {
      Library const &library = libraries_[i];
      int const now = holders_ ? library.held : library.get();
      if (now < library.usual) limit = std::min(limit, now);
    }
    return limit;
  }

 private:
  struct Library {
    void *handle;
    int (*get)();
    void (*set)(int);
    int usual;  // threads when it was found
    int held;   // threads before `hold`
  };

  BlasThreads() {
#if defined(__unix__) || defined(__APPLE__)
    // The child has none of the threads that held it.
    pthread_atfork(nullptr, nullptr, [] {
      BlasThreads &self = instance();
      new (&self.mutex_) std::mutex;
      if (self.holders_) self.restore();
      self.holders_ = 0;
    });
#endif
  }

  void restore() {
    for (int i = 0; i < count_; ++i) {
      Library const &library = libraries_[i];
      // Unless somebody else has changed it meanwhile.
      if (library.held > 1 && library.get() == 1) library.set(library.held);
    }
  }

#if defined(__linux__)
  void add(char const *path) {
    if (count_ == kMost || holders_) return;
    void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    if (!handle) return;
    bool known = false;
    for (int i = 0; i < count_; ++i) known |= libraries_[i].handle == handle;
    for (char const *prefix : {"scipy_openblas", "openblas"}) {
      for (char const *suffix : {"64_", "_64", ""}) {
        if (known) break;
        char name[2][64];
        std::snprintf(name[0], 64, "%s_get_num_threads%s", prefix, suffix);
        std::snprintf(name[1], 64, "%s_set_num_threads%s", prefix, suffix);
        Library library{handle, reinterpret_cast<int (*)()>(dlsym(handle, name[0])),
                        reinterpret_cast<void (*)(int)>(dlsym(handle, name[1])), 0, 0};
        if (!library.get || !library.set) continue;
        library.usual = library.get();
        libraries_[count_++] = library;
        known = true;
      }
    }
    dlclose(handle);  // it stays as long as NumPy does
  }
#endif

  static constexpr int kMost = 4;
  std::mutex mutex_;
  Library libraries_[kMost];
  int count_ = 0;
  int holders_ = 0;
};

}  // namespace tl
