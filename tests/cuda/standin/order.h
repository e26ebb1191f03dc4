// Which work is known to come after which: the checks of STANDIN_ORDER=1.
//
// Work runs at the call here, and so in the order of the calls; a GPU orders the work of different
// streams only by events and by the host that waits. Every stream counts its work, and knows up to
// which count of every other one it comes later. A use of an allocation that does not know of an
// earlier use, where one of the two writes or frees, is a note in the log, "not ordered: ...".
#pragma once

#include <cstdint>
#include <map>

namespace standin {

using StreamId = unsigned long long;
using Clock = std::map<StreamId, std::uint64_t>;

struct Allocation;

void learn(Clock& clock, const Clock& of_earlier);

// What the host knows to have ended.
Clock& host_clock();

// The work that uses memory while this lives; it counts in `clock`, which is that of its stream.
class Work {
 public:
  Work(StreamId stream, Clock& clock);
  ~Work();
};

// That the work which lives uses an allocation.
void note_use(Allocation& allocation, bool writes);

// The uses of an allocation so far
struct Uses {
  StreamId writer = 0;
  std::uint64_t written = 0;
  Clock readers;
};

}  // namespace standin
