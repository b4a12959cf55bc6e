// The specialist that answers questions from one table: a decider chooses the SELECT, the table executes it, a template says it.
//
// Input {"question"}, call {"sql"}, output {"sql", "columns", "rows", "truncated"}. Its verifiers are those of agent/verifiers.h and, if it
// is given one, the learned one; a call's grounds are the decisions it was assembled from. Identity: packs and bytes of the table. Thread safety: as Specialist; it keeps one
// engine for every attempt that is under way at once, all over one set of weights.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent/specialist.h"
#include "agent/specialist_pack.h"
#include "base/clock.h"
#include "base/result.h"
#include "contract/table.h"
#include "model/verifier.h"

namespace cadre::agent {

// The bytes of result rows that one call may return; further rows are cut off and the result marked truncated. JSON may write six
// bytes for one, and a record holds store::kPayloadSizeBytesMax.
inline constexpr size_t kTableResultBytesMax = 2 << 20;

struct TableSpecialistOptions {
  std::string name;
  std::string purpose;
  std::string identity;  // of packs and table
  StepPolicy policy;
  std::shared_ptr<const model::Verifier> verifier = nullptr;  // that doubts, refuses or vouches for calls; may be null
  const base::Clock* clock = &base::system_clock();
};

// Where the time of attempts went, in nanoseconds, summed over all.
struct DeciderTimings {
  int64_t features_ns = 0;  // candidate conditions of the question, tokens, links
  int64_t encoder_ns = 0;
  int64_t heads_ns = 0;
};

class TableSpecialist final : public Specialist {
 public:
  TableSpecialist(TableSpecialistOptions options, Pack pack, contract::Table table);
  ~TableSpecialist() override;

  const SpecialistDefinition& definition() const override;
  Tool* tool() const override;
  AttemptReturned attempt(const StepTask& task, const AttemptLimits& limits) const override;
  std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const override;
  CheckedResult verify_result(const StepTask& task, const Candidate& candidate,
                              const base::Json& result) const override;
  StepAnswer answer(const StepTask& task, const Candidate& candidate, const base::Json& output) const override;

  base::Json details() const override;

  const contract::Table& table() const;
  DeciderTimings timings() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cadre::agent
