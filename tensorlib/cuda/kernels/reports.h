// What kernels tell the host of wrong indices, in its own memory, so that nobody waits for that.
//
// Each place in the user's program that calls an op with indices has one report on a device, for
// all its launches, so a graph reports at every replay. The first thread that meets a wrong index
// takes the report; the host frees it when it raises the error, which is that of all launches from
// there that failed until then.
#pragma once

#include "portable.h"

namespace tl {

enum ReportState : unsigned long long { kFree, kTaken, kWritten };

struct alignas(64) Report {
  unsigned long long state;
  unsigned long long order;  // among those of the device
  int64_t axis, index, length;
};

// They stand in front of the reports.
struct alignas(64) Reports {
  unsigned long long found;  // whether the host has to look
  unsigned long long taken;  // how many so far
};

}  // namespace tl
