// The caching allocator behind storage.h.
//
// Small blocks hold their Storage in front of the data, so a small tensor costs one allocation.
// Freed blocks wait in a list per size class. Blocks of 4 MiB and more come from the system on
// 2 MiB boundaries with huge pages requested: large temporaries otherwise spend half of their time
// in page faults.
#include "storage.h"

#include <cstdlib>
#include <map>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace tl {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHeader = 64;  // a Storage, rounded up to the alignment
static_assert(sizeof(Storage) <= kHeader, "the header must hold a Storage");

constexpr size_t kSmallest = 64;
constexpr size_t kLarge = size_t(4) << 20;
constexpr size_t kHugePage = size_t(2) << 20;
// Four classes per power of two, from 64 B to 4 MiB: at most a quarter of a block is unused.
constexpr int kClasses = 4 * 16 + 1;

struct FreeBlock {
  FreeBlock *next;
};

FreeBlock *free_small[kClasses];
FreeBlock *free_headers;                          // for large and foreign memory
std::map<size_t, std::vector<char *>> free_large;  // by capacity
MemoryStats stats;
void (*device_free)(uint8_t device, char *data, size_t capacity);

size_t default_limit() {
#if defined(_SC_PHYS_PAGES)
  return size_t(sysconf(_SC_PHYS_PAGES)) / 8 * size_t(sysconf(_SC_PAGESIZE));
#else
  return size_t(1) << 30;
#endif
}
const bool limit_set = (stats.cache_limit = default_limit(), true);

// The class of a size and that class's capacity: 64, 80, 96, 112, 128, 160, ...
inline int size_class(size_t nbytes, size_t *capacity) {
  if (nbytes <= kSmallest) {
    *capacity = kSmallest;
    return 0;
  }
  int const power = 63 - __builtin_clzll(nbytes - 1);  // 2**power < nbytes <= 2**(power + 1)
  size_t const quarter = size_t(1) << (power - 2);
  size_t const steps = (nbytes - (size_t(1) << power) + quarter - 1) / quarter;  // 1...4
  *capacity = (size_t(1) << power) + steps * quarter;
  return (power - 6) * 4 + int(steps);
}

void *system_aligned(size_t nbytes) {
  void *block = nullptr;
  return posix_memalign(&block, kAlignment, nbytes) == 0 ? block : nullptr;
}

char *system_large(size_t nbytes) {
#if defined(__linux__)
  // Map a huge page more than needed, then give back what lies outside the aligned part.
  char *raw = static_cast<char *>(mmap(nullptr, nbytes + kHugePage, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (raw == MAP_FAILED) return nullptr;
  size_t const front = (kHugePage - reinterpret_cast<uintptr_t>(raw) % kHugePage) % kHugePage;
  if (front) munmap(raw, front);
  munmap(raw + front + nbytes, kHugePage - front);
  madvise(raw + front, nbytes, MADV_HUGEPAGE);
  return raw + front;
#else
  void *block = nullptr;
  return posix_memalign(&block, kHugePage, nbytes) == 0 ? static_cast<char *>(block) : nullptr;
#endif
}

void system_large_free(char *block, size_t nbytes) {
#if defined(__linux__)
  munmap(block, nbytes);
#else
  (void)nbytes;
  free(block);
#endif
}

Storage *header_new() {
  if (free_headers) {
    FreeBlock *header = free_headers;
    free_headers = header->next;
    return reinterpret_cast<Storage *>(header);
  }
  return static_cast<Storage *>(system_aligned(kHeader));
}

void header_free(Storage *storage) {
  FreeBlock *header = reinterpret_cast<FreeBlock *>(storage);
  header->next = free_headers;
  free_headers = header;
}

void initialise(Storage *storage, char *data, size_t nbytes, size_t capacity) {
  *storage = Storage{data, nbytes, capacity, 1, 0, nullptr, nullptr, 0, false, true, 0};
}

void count_allocation(size_t capacity, bool hit) {
  stats.allocated += capacity;
  if (stats.allocated > stats.peak) stats.peak = stats.allocated;
  ++stats.allocations;
  if (hit) {
    ++stats.cache_hits;
    stats.cached -= capacity;
  }
}

Storage *new_small(size_t nbytes) {
  size_t capacity;
  int const index = size_class(nbytes, &capacity);
  char *block = reinterpret_cast<char *>(free_small[index]);
  bool const hit = block != nullptr;
  if (hit) {
    free_small[index] = free_small[index]->next;
  } else {
    block = static_cast<char *>(system_aligned(kHeader + capacity));
    if (!block) return nullptr;
  }
  count_allocation(capacity, hit);
  Storage *storage = reinterpret_cast<Storage *>(block);
  initialise(storage, block + kHeader, nbytes, capacity);
  return storage;
}

Storage *new_large(size_t nbytes) {
  if (nbytes > SIZE_MAX - 2 * kHugePage) return nullptr;
  size_t capacity = (nbytes + kHugePage - 1) / kHugePage * kHugePage;
  char *block = nullptr;
  auto found = free_large.lower_bound(capacity);
  // A block of up to an eighth more serves too.
  bool const hit = found != free_large.end() && found->first <= capacity + capacity / 8;
  if (hit) {
    capacity = found->first;
    block = found->second.back();
    found->second.pop_back();
    if (found->second.empty()) free_large.erase(found);
  } else {
    block = system_large(capacity);
    if (!block && stats.cached) {
      empty_cache();
      block = system_large(capacity);
    }
    if (!block) return nullptr;
  }
  Storage *storage = header_new();
  if (!storage) {
    system_large_free(block, capacity);
    if (hit) stats.cached -= capacity;
    return nullptr;
  }
  count_allocation(capacity, hit);
  initialise(storage, block, nbytes, capacity);
  return storage;
}

}  // namespace

Storage *storage_new(size_t nbytes) {
  // The last of the small classes would have the capacity of a large block.
  return nbytes <= kLarge / 8 * 7 ? new_small(nbytes) : new_large(nbytes);
}

Storage *storage_wrap(char *data, size_t nbytes, bool writeable, PyObject *owner) {
  Storage *storage = header_new();
  if (!storage) return nullptr;
  initialise(storage, data, nbytes, 0);
  storage->writeable = writeable;
  Py_INCREF(owner);
  storage->owner = owner;
  return storage;
}

Storage *storage_on_device(uint8_t device, char *data, size_t nbytes, size_t capacity) {
  Storage *storage = header_new();
  if (!storage) return nullptr;
  initialise(storage, data, nbytes, capacity);
  storage->device = device;
  return storage;
}

void set_device_free(void (*function)(uint8_t device, char *data, size_t capacity)) {
  device_free = function;
}

void storage_free(Storage *storage) {
  delete storage->writes;
  storage->writes = nullptr;
  size_t const capacity = storage->capacity;
  if (storage->device && !storage->owner) {
    device_free(storage->device, storage->data, capacity);
    return header_free(storage);
  }
  if (capacity == 0) {
    PyObject *owner = storage->owner;
    header_free(storage);
    Py_XDECREF(owner);
    return;
  }
  stats.allocated -= capacity;
  bool const keep = stats.cached + capacity <= stats.cache_limit;
  if (keep) stats.cached += capacity;
  if (capacity < kLarge) {
    if (!keep) return free(storage);
    FreeBlock *block = reinterpret_cast<FreeBlock *>(storage);
    size_t same;
    int const index = size_class(capacity, &same);
    block->next = free_small[index];
    free_small[index] = block;
    return;
  }
  char *data = storage->data;
  header_free(storage);
  if (keep) {
    free_large[capacity].push_back(data);
  } else {
    system_large_free(data, capacity);
  }
}

MemoryStats memory_stats() { return stats; }

void reset_peak_memory_stats() { stats.peak = stats.allocated; }

void set_cache_limit(size_t nbytes) {
  stats.cache_limit = nbytes;
  if (stats.cached > nbytes) empty_cache();
}

void empty_cache() {
  for (FreeBlock *&list : free_small) {
    while (list) {
      FreeBlock *next = list->next;
      free(list);
      list = next;
    }
  }
  for (auto &entry : free_large) {
    for (char *block : entry.second) system_large_free(block, entry.first);
  }
  free_large.clear();
  stats.cached = 0;
}

}  // namespace tl
