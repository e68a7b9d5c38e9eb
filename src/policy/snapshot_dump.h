// What a snapshot holds, in a canonical text: equal for equal contents, however they came about.
// For tests and for comparing a followed snapshot with a fresh one. The writer's thread.
#pragma once

#include <string>
#include <vector>

#include "policy/snapshot.h"

namespace guarita::policy {

// Sorted lines. Ids of instances and texts of tokens are not held, their keyed hashes stand for
// them: compare only snapshots with one hash key. Account numbers and upstream ids, which depend
// on history, are shown as UUIDs and texts. An instance of a deleted account is shown as orphan.
std::vector<std::string> canonical_dump(const Snapshot& snapshot);

}  // namespace guarita::policy
