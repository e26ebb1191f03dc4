// What the stand-ins for NVIDIA's libraries are made of. Their work runs on the host, on copies of
// the memory of the device, in the order of a stream; a graph can capture it.
#pragma once

#include <cuda.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

extern "C" void standin_copy(void* to, const void* from, std::size_t size);  // of the driver

namespace standin {

// Memory of the device that a call reads, or reads and writes.
struct Span {
  const void* address;
  std::size_t bytes;
  bool written = false;
};

inline Span reads(const void* address, std::size_t bytes) { return {address, bytes, false}; }
inline Span writes(void* address, std::size_t bytes) { return {address, bytes, true}; }

// What the work is given: where the copy of each span is.
using Copies = std::vector<char*>;

struct Job {
  std::vector<std::vector<char>> memory;
  Copies copies;
  std::function<void(Copies&)> work;
};

inline void run_job(void* job) {
  auto& one = *static_cast<Job*>(job);
  one.work(one.copies);
}

// Whether the driver took the work.
inline bool on_host(CUstream stream, const std::vector<Span>& spans,
                    std::function<void(Copies&)> work) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->memory.resize(spans.size());
  bool fine = true;
  auto device = [](const Span& span) { return reinterpret_cast<CUdeviceptr>(span.address); };
  for (std::size_t i = 0; i < spans.size(); ++i) {
    job->memory[i].resize(spans[i].bytes + 1);
    char* copy = job->memory[i].data();
    job->copies.push_back(copy);
    if (spans[i].bytes)
      fine = fine && !cuMemcpyDtoHAsync(copy, device(spans[i]), spans[i].bytes, stream);
  }
  fine = fine && !cuLaunchHostFunc(stream, run_job, job.get());
  for (std::size_t i = 0; i < spans.size(); ++i)
    if (spans[i].written && spans[i].bytes)
      fine = fine && !cuMemcpyHtoDAsync(device(spans[i]), job->copies[i], spans[i].bytes, stream);
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  cuStreamIsCapturing(stream, &status);
  if (status != CU_STREAM_CAPTURE_STATUS_NONE) job.release();  // the graph's from now on
  return fine;
}

// What one of an array of pointers points to, while a call does its work: a copy of so many elements.
template <class T>
class Pointed {
 public:
  Pointed(const char* pointers, int i, std::size_t size) : elements_(size + 1), size_(size) {
    std::memcpy(&place_, pointers + i * sizeof place_, sizeof place_);
    if (reinterpret_cast<std::uintptr_t>(place_) % sizeof(T)) {
      std::fprintf(stderr, "a pointer to memory that is not aligned: %p\n", (void*)place_);
      std::abort();
    }
    standin_copy(elements_.data(), place_, size * sizeof(T));
  }
  void write_back() { standin_copy(place_, elements_.data(), size_ * sizeof(T)); }
  T* data() { return elements_.data(); }
  bool overlaps(const Pointed& other) const {
    return place_ < other.place_ + other.size_ && other.place_ < place_ + size_;
  }

 private:
  T* place_;
  std::vector<T> elements_;
  std::size_t size_;
};

}  // namespace standin
