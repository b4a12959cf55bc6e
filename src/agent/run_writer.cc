// SPDX-License-Identifier: Apache-2.0
#include "agent/run_writer.h"

#include "base/check.h"
#include "store/record.h"

namespace cadre::agent {
const store::RunId& RunWriter::run() const {
  CADRE_CHECK(run_.has_value(), "the run has begun");
  return *run_;
}

Result<void> RunWriter::write(const Record& record) {
  if (record.kind == store::kKindBegin) {
    run_ = TRY(journal_.begin_run(run_kind_, record.payload));
    return {};
  }
  if (const auto state = store::finish_outcome(record.kind)) {
    TRY(settle());
    return journal_.finish_run(run(), held_, *state, record.payload);
  }
  return hold(record);
}

Result<void> RunWriter::hold(const Record& record) {
  if (held_.empty()) held_since_ns_ = clock_.monotonic_ns();
  held_.push_back({record.kind, record.payload});
  const bool is_synced = record.durability == Durability::kSynced;
  if (is_synced || clock_.monotonic_ns() - held_since_ns_ > kHeldMax_ns) hand_over();
  return is_synced ? settle() : Result<void>();
}

void RunWriter::flush() {
  if (!held_.empty()) hand_over();
}

void RunWriter::hand_over() {
  handed_over_.push_back(journal_.append_async(run(), held_));
  held_.clear();
}

// Waits for what was handed over, and passes on how it went.
Result<void> RunWriter::settle() {
  for (const store::Ticket& ticket : handed_over_) TRY(ticket.wait());
  handed_over_.clear();
  return {};
}

}  // namespace cadre::agent
