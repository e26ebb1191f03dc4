// What was last written where in a storage that the tape holds.
//
// A gradient rule may need a tensor that was overwritten since, or one beside which something was
// written: `v[i] = f(v[i - 1])` in a loop is the second, and fine. So writes are kept by range.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>

#include <Python.h>

namespace tl {

class Writes {
 public:
  Writes() = default;
  Writes(const Writes &) = delete;
  Writes &operator=(const Writes &) = delete;
  ~Writes() {
    for (auto &entry : ranges_) Py_DECREF(entry.second.where);
  }

  // The bytes in [low, high) got this version; `where` tells of it to people.
  void note(const char *low, const char *high, uint32_t version, PyObject *where) {
    if (low >= high) return;
    split(low);
    split(high);
    auto first = ranges_.lower_bound(low), last = ranges_.lower_bound(high);
    for (auto it = first; it != last; ++it) Py_DECREF(it->second.where);
    ranges_.erase(first, last);
    Py_INCREF(where);
    ranges_[low] = Range{high, version, where};
  }

  // The latest write into [low, high): its version, and `where` as a borrowed reference. Zero and
  // null if there was none.
  uint32_t last(const char *low, const char *high, PyObject **where) const {
    uint32_t version = 0;
    *where = nullptr;
    auto it = ranges_.upper_bound(low);
    if (it != ranges_.begin() && std::prev(it)->second.high > low) --it;
    for (; it != ranges_.end() && it->first < high; ++it) {
      if (it->second.version <= version) continue;
      version = it->second.version;
      *where = it->second.where;
    }
    return version;
  }

 private:
  struct Range {
    const char *high;
    uint32_t version;
    PyObject *where;
  };

  // Make `at` a border between two ranges.
  void split(const char *at) {
    auto it = ranges_.lower_bound(at);
    if (it == ranges_.begin()) return;
    Range &before = std::prev(it)->second;
    if (before.high <= at) return;
    Py_INCREF(before.where);
    ranges_[at] = Range{before.high, before.version, before.where};
    before.high = at;
  }

  std::map<const char *, Range> ranges_;  // by their start; they do not overlap
};

}  // namespace tl
