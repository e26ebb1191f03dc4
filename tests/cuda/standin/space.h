// How allocations come and go, for the parts of the driver that account for them.
#pragma once

#include "standin.h"

namespace standin {

// An allocation that has an address but no memory; null: there are no addresses left.
Allocation* new_allocation(std::size_t size, int device, Owner owner, PoolPointer pool);
void make_live(Allocation& allocation);  // with memory, which is poisoned
void make_dead(Allocation& allocation);
void forget(Allocation& allocation);

}  // namespace standin
