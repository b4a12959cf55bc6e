// What every call and every output of a specialist passes, whoever made it: its schemas, its tool's schemas and its tool's own check.
//
//   input    the step's input satisfies the specialist's input schema (before any attempt)
//   schema   the call satisfies the specialist's call schema and its tool's input schema
//   dry_run  the tool says that this call could be made
//   result   what the tool returned satisfies its declared output schema
//   output   the step's output satisfies the specialist's output schema
//
// Where the call schema or the output schema says where values must come from, that is the step's input (agent/value_sources.h);
// then the specialist's own verifiers. Thread safety: immutable; as the specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/answer.h"
#include "agent/schema_check.h"
#include "agent/specialist.h"
#include "base/result.h"

namespace cadre::agent {

class CheckedSpecialist {
 public:
  // kInvalid: a schema of the specialist or of its tool that cannot be read.
  static Result<CheckedSpecialist> make(std::shared_ptr<const Specialist> specialist);

  const SpecialistDefinition& definition() const { return specialist_->definition(); }
  const Specialist& specialist() const { return *specialist_; }
  const std::shared_ptr<const Specialist>& shared() const { return specialist_; }
  Tool* tool() const { return specialist_->tool(); }

  AttemptReturned attempt(const StepTask& task, const AttemptLimits& limits) const;
  std::vector<Verdict> before_call(const StepTask& task, const Candidate& candidate) const;
  // Where the values of a call that passed come from, as far as the call schema binds them to a source.
  std::vector<Evidence> evidence_of(const StepTask& task, const base::Json& call) const;
  CheckedResult after_call(const StepTask& task, const Candidate& candidate, const base::Json& result) const;

 private:
  std::shared_ptr<const Specialist> specialist_;
  SchemaCheck input_, call_, output_, tool_input_, tool_output_;
};

}  // namespace cadre::agent
