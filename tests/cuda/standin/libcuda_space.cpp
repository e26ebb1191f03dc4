// Device memory: a reserved range of addresses without access. An allocation is accessible only
// while an operation runs that uses it, so that the host cannot read device memory by mistake.
//
// An allocation has pages of its own and ends (but for what aligns it to 256 bytes) with them;
// the page behind it is never accessible. Addresses are used again only when all have been used.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "kernel_interface.h"
#include "space.h"

namespace standin {

namespace {

constexpr std::size_t alignment = 256;  // which a GPU gives at least
constexpr std::size_t largest_space = std::size_t(1) << 40;

struct Space {
  CUdeviceptr begin = 0, end = 0, next = 0;
  std::size_t page = sysconf(_SC_PAGESIZE);
  std::map<CUdeviceptr, Allocation> allocations;  // by their first pages
  unsigned long long last_id = 0;

  Space() {
    for (std::size_t size = largest_space; size >= 1 << 30; size /= 2) {
      void* range = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                         -1, 0);
      if (range == MAP_FAILED) continue;
      begin = next = reinterpret_cast<CUdeviceptr>(range);
      end = begin + size;
      return;
    }
    std::perror("stand-in driver: no addresses for device memory");
    std::abort();
  }

  // The first free address at or after `from` with `bytes` free ones; 0: none.
  CUdeviceptr gap(CUdeviceptr from, std::size_t bytes) {
    auto after = allocations.upper_bound(from);
    if (after != allocations.begin()) {
      const Allocation& before = std::prev(after)->second;
      from = std::max(from, before.page + before.page_bytes + page);
    }
    for (; after != allocations.end(); ++after) {
      if (from + bytes <= after->second.page) return from;
      from = after->second.page + after->second.page_bytes + page;
    }
    return from + bytes <= end ? from : 0;
  }
};

Space& space() {
  static Space& all = *new Space;
  return all;
}

void* pointer(CUdeviceptr address) { return reinterpret_cast<void*>(address); }

bool is_poison(CUdeviceptr begin, CUdeviceptr end) {
  auto* byte = static_cast<unsigned char*>(pointer(begin));
  return std::all_of(byte, byte + (end - begin), [](unsigned char b) { return b == poison; });
}

}  // namespace

Allocation* new_allocation(std::size_t size, int device, Owner owner, PoolPointer pool) {
  Space& all = space();
  if (size > all.end - all.begin) return nullptr;
  std::size_t aligned = (size + alignment - 1) / alignment * alignment;
  std::size_t pages = (aligned + all.page - 1) / all.page * all.page;
  CUdeviceptr page = all.gap(all.next, pages + all.page);
  if (!page) page = all.gap(all.begin, pages + all.page);
  if (!page) return nullptr;
  all.next = page + pages + all.page;
  Allocation allocation{page + pages - aligned, size, page, pages, device, owner,
                        std::move(pool),        false, ++all.last_id};
  return &all.allocations.emplace(page, std::move(allocation)).first->second;
}

void make_live(Allocation& allocation) {
  void* pages = pointer(allocation.page);
  mprotect(pages, allocation.page_bytes, PROT_READ | PROT_WRITE);
  std::memset(pages, poison, allocation.page_bytes);
  mprotect(pages, allocation.page_bytes, PROT_NONE);
  allocation.live = true;
}

void make_dead(Allocation& allocation) {
  madvise(pointer(allocation.page), allocation.page_bytes, MADV_DONTNEED);
  allocation.live = false;
}

void forget(Allocation& allocation) { space().allocations.erase(allocation.page); }

bool is_device_address(CUdeviceptr address) {
  return address >= space().begin && address < space().end;
}

Allocation* find_allocation(CUdeviceptr address) {
  auto after = space().allocations.upper_bound(address);
  if (after == space().allocations.begin()) return nullptr;
  Allocation& before = std::prev(after)->second;
  return address < before.page + before.page_bytes ? &before : nullptr;
}

std::size_t live_allocations() {
  auto& all = space().allocations;
  return std::count_if(all.begin(), all.end(), [](auto& one) { return one.second.live; });
}

std::size_t bytes_in_use() {
  std::size_t bytes = 0;
  for (auto& one : space().allocations) bytes += one.second.live ? one.second.size : 0;
  return bytes;
}

void Access::open(Allocation* allocation, bool to_write) {
  auto found = open_.find(allocation);
  if (found != open_.end() && (found->second || !to_write)) return;
  note_use(*allocation, to_write);
  int protection = to_write ? PROT_READ | PROT_WRITE : PROT_READ;
  mprotect(pointer(allocation->page), allocation->page_bytes, protection);
  open_[allocation] = to_write;
}

bool Access::close() {
  bool intact = true;
  for (auto& opened : open_) {
    Allocation* one = opened.first;
    CUdeviceptr end = one->page + one->page_bytes;
    if (!is_poison(one->page, one->start) || !is_poison(one->start + one->size, end)) {
      intact = false;
      note(text("written around allocation %llu: [%#llx, +%zu)", one->id, one->start, one->size));
    }
    mprotect(pointer(one->page), one->page_bytes, PROT_NONE);
  }
  open_.clear();
  return intact;
}

namespace {

// Make a range accessible that may be one of the host or of a device.
CUresult open_range(Access& access, CUdeviceptr address, std::size_t bytes, bool to_write) {
  if (!is_device_address(address)) return CUDA_SUCCESS;
  Allocation* allocation = find_allocation(address);
  if (!allocation || !allocation->holds(address, bytes)) {
    note(text("[%#llx, +%zu) is not in an allocation", address, bytes));
    return CUDA_ERROR_INVALID_VALUE;
  }
  access.open(allocation, to_write);
  return CUDA_SUCCESS;
}

}  // namespace

CUresult check_range(CUdeviceptr address, std::size_t bytes) {
  if (!is_device_address(address)) return CUDA_SUCCESS;
  Allocation* allocation = find_allocation(address);
  return allocation && allocation->holds(address, bytes) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult copy(CUdeviceptr to, CUdeviceptr from, std::size_t bytes) {
  if (bytes == 0) return CUDA_SUCCESS;
  if (!to || !from) return CUDA_ERROR_INVALID_VALUE;
  Access access;
  if (CUresult error = open_range(access, to, bytes, true)) return error;
  if (CUresult error = open_range(access, from, bytes, false)) return error;
  std::memmove(pointer(to), pointer(from), bytes);
  return CUDA_SUCCESS;
}

CUresult fill(CUdeviceptr to, unsigned value, unsigned width, std::size_t count) {
  if (count == 0) return CUDA_SUCCESS;
  if (!to || to % width) return CUDA_ERROR_INVALID_VALUE;
  Access access;
  if (CUresult error = open_range(access, to, count * width, true)) return error;
  auto* bytes = static_cast<char*>(pointer(to));
  for (std::size_t i = 0; i < count; ++i) std::memcpy(bytes + i * width, &value, width);
  return CUDA_SUCCESS;
}

}  // namespace standin
