// A specialist as runs see it: one job with a contract, whatever stands behind it (a decider over a table, a template, a tool's own
// arguments, a model behind an endpoint).
//
//   step input -> attempt -> candidates -> verify_call -> tool -> verify_result -> output
//
// It sees its step's task and nothing else of the run: never what a failed attempt wrote, only which calls were refused and why. What
// it answers is input: the run holds every call against `call_schema` and every output against `output_schema`
// (agent/checked_specialist.h) before anything depends on it.
//
// Thread safety: every method may be called from several threads at once. None throws; none outlasts its limits but for what one pass
// of a local model takes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/plan.h"
#include "agent/plan_events.h"
#include "agent/tool.h"
#include "agent/verdict.h"
#include "base/cancel.h"
#include "base/json.h"

namespace cadre::agent {

struct SpecialistDefinition {
  std::string name;     // within the cadre: [A-Za-z0-9_.-]{1,64}
  std::string version;  // of what stands behind it: "sql@3"
  std::string purpose;  // in a sentence, for people and for models that choose
  base::Json input_schema = base::Json::object();
  base::Json output_schema;  // null: any
  base::Json call_schema;    // of a call; null: any
  base::Json lists;  // that these schemas choose from by name (x-enum-from), beside those of the input; null: none
  // Of an input that holds the call itself: the members that are it. No value of a call or output comes from them.
  std::set<std::string> call_members;
  StepPolicy policy;
  // Of model, data and tool together: another one may not carry on a run that this one began.
  std::string identity;
  // The member of the input that a request in plain English becomes; empty: it cannot be asked in plain English.
  std::string question_member;
  bool is_chat = false;  // takes a chat of OpenAI's form as its input's "chat", and yields an assistant message
  bool is_slow = false;  // waits for others (an endpoint): runs where waiting holds up no decider
};

// What of an input the values of a call and an output can come from: all but the call itself. Nothing: the whole of it, not copied.
std::optional<base::Json> sources_in(const base::Json& input, const SpecialistDefinition& definition);

// What is asked of it in one step. Valid during the call.
struct StepTask {
  std::string_view instruction;
  const base::Json& input;
  const std::vector<base::Json>& refused;  // calls that are never made again
  const std::optional<Error>& feedback;    // why the latest of them was refused
};

struct AttemptLimits {
  int64_t candidates_max = 1;
  int64_t tokens_max = 0;
  int64_t timeout_ms = 30'000;
  int64_t attempt = 1;                   // how many this is, for the same task: part of a seed
  const base::Cancel* cancel = nullptr;  // may be null
};

// What a call came to, for the run: verdicts, and the output in the form of the output schema.
struct CheckedResult {
  std::vector<Verdict> verdicts;
  base::Json output;
};

// What a step adds to an answer. Every figure in the text stands in the output.
struct StepAnswer {
  std::string text;
  base::Json evidence;  // where each part comes from; null: not told
};

class Specialist {
 public:
  virtual ~Specialist() = default;
  virtual const SpecialistDefinition& definition() const = 0;
  // What its calls go to; null: a call is its output. Lives as long as the specialist.
  virtual Tool* tool() const { return nullptr; }
  // `step` of the answer is the caller's to set.
  virtual AttemptReturned attempt(const StepTask& task, const AttemptLimits& limits) const = 0;
  // Before the call: what only this specialist can tell, beyond its schema and its tool's own check.
  virtual std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const = 0;
  // After it returned.
  virtual CheckedResult verify_result(const StepTask& task, const Candidate& candidate,
                                      const base::Json& result) const = 0;
  virtual StepAnswer answer(const StepTask& task, const Candidate& candidate, const base::Json& output) const = 0;
  // What stands behind it, for people: an object of a few members.
  virtual base::Json details() const { return base::Json::object(); }
};

// What the name of a specialist becomes where the orchestrator does its steps: "orchestrator:NAME". Not a name that a cadre file can give.
std::string orchestrator_name(const std::string& specialist);
bool is_orchestrator(const SpecialistDefinition& definition);

// The assignment of a step to it, on its own terms.
Assignment assignment_to(const Specialist& specialist);

}  // namespace cadre::agent
