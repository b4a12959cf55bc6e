// SPDX-License-Identifier: Apache-2.0
#include "agent/run_writer.h"

#include "base/check.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

std::optional<store::RunState> closing_state(std::string_view kind) {
  for (const auto state : {store::RunState::kDone, store::RunState::kFailed, store::RunState::kDeclined}) {
    if (kind == store::finish_kind(state)) return state;
  }
  return std::nullopt;
}

}  // namespace

const store::RunId& RunWriter::run() const {
  CADRE_CHECK(run_.has_value(), "the run has begun");
  return *run_;
}

Result<void> RunWriter::write(const Record& record) {
  if (record.kind == store::kKindBegin) {
    run_ = TRY(journal_.begin_run("ask", record.payload));
    return {};
  }
  if (const auto state = closing_state(record.kind)) {
    TRY(settle());
    return journal_.finish_run(run(), *state, record.payload);
  }
  queued_.push_back(journal_.append_async(run(), record.kind, record.payload));
  return record.durability == Durability::kSynced ? settle() : Result<void>();
}

Result<void> RunWriter::settle() {
  for (const store::Ticket& ticket : queued_) TRY(ticket.wait());
  queued_.clear();
  return {};
}

}  // namespace cadre::agent
