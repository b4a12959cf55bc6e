// A generator behind an endpoint as a specialist: it writes the call, or the answer itself, under a contract.
//
// What it is told: the contract's instruction and schema as the system's words; as data, in one JSON object, the step's instruction and
// input, and after a refusal the refused calls with the typed error of the last one. Never what a failed attempt wrote otherwise, never another
// step, never the journal. Data stay data: they are written inside of JSON strings, and whatever they talk the model into is still held to the
// schema, the verifiers and the policy of the step.
//
// What it writes is input. Every sample is parsed (agent/model_answer.h) and held against the call schema by the independent validator;
// an attempt without a valid sample is an error that names rule and place. Distinct valid answers are the candidates. Of k samples, d of
// them distinct and valid, one that c agree on is right with probability (c + 1) / (k + d + 1): Laplace's rule over the answers seen and
// one for all that were not. Invalid samples count in k. One sample says nothing of its own certainty: it has the declared confidence, or 2/3 by
// the same rule. In a further attempt that is the share of what the refused answers left. These are no calibrated probabilities; calibrate them on cases before a policy trusts them
// (`calibration` then says what they come to).
//
// Where the model's window is known, what it is told and the longest answer fit into it (agent/prompt_window.h): lists that may be shortened lose their last items, which
// the grounds tell; what still does not fit is refused (kLimit) and not sent, since servers cut prompts off where nobody sees it.
//
// Where the call schema says where values come from, the endpoint is asked with a schema that it knows (agent/value_sources.h), and the answer is held against the whole one.
//
// Thread safety: as Specialist.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/call_terms.h"
#include "agent/grounding.h"
#include "agent/schema_check.h"
#include "agent/specialist.h"
#include "engine/chat_model.h"

namespace cadre::agent {

enum class EndpointAnswer : uint8_t {
  kJson,  // a value under the call schema
  kText,  // free text; the call is a JSON string
};

struct EndpointSpecialistOptions {
  std::string name;
  std::string version;
  std::string purpose;
  std::string instruction;  // what it is to do, in plain English: part of the contract
  base::Json known;         // what else it is told, as data: the columns of a table, say; null: nothing
  base::Json input_schema = base::Json::object();
  base::Json call_schema;    // null: the tool's input schema; without a tool the output schema
  base::Json output_schema;  // null: any
  StepPolicy policy;
  std::string question_member;  // of the input, for requests in plain English; empty: it takes none
  std::string answer_member;    // of the output, a string that is the answer's text; empty: the output itself
  EndpointAnswer answer = EndpointAnswer::kJson;

  int64_t samples = 1;     // at most engine::kChatSamplesMax
  double temperature = 0;  // several samples agree at 0 without meaning anything by it
  int64_t seed = 1;
  int64_t answer_tokens_max = 1024;
  // JSON pointers to lists of the input, best first, that may lose their last items where the model's window would not hold all: what retrieval found.
  std::vector<std::string> shortened;
  std::optional<double> single_sample_confidence;  // 0 to 1

  std::vector<std::string>
      grounded;  // JSON pointers into the call whose figures must stand in the input; "": all of it
  GroundingOptions grounding;

  std::vector<std::string> before;   // conditions over "call" and "input"
  std::vector<std::string> after;    // conditions over "call", "input" and "result"
  std::vector<base::Json> excluded;  // calls that are never made
  // How often an answer of that probability was right: from 0 to 1 and ascending, straight lines between the points; empty: as above.
  std::vector<std::pair<double, double>> calibration;
  base::Json lists;           // that the schemas choose from by name; null: those of `known`
  std::string pack_identity;  // of the file that the contract came from; empty: there is none
};

// kInvalid: a point out of range, or points that do not ascend.
Result<void> check_calibration(const std::vector<std::pair<double, double>>& points);
// What `said` comes to on them.
double calibrated(const std::vector<std::pair<double, double>>& points, double said);

class EndpointSpecialist final : public Specialist {
 public:
  // `tool` null: a call is its output. kInvalid: options that contradict each other, a schema that cannot be read.
  static Result<std::shared_ptr<const EndpointSpecialist>> make(EndpointSpecialistOptions options,
                                                                std::shared_ptr<const engine::ChatModel> model,
                                                                std::shared_ptr<Tool> tool = nullptr);

  const SpecialistDefinition& definition() const override { return definition_; }
  Tool* tool() const override { return tool_.get(); }
  AttemptReturned attempt(const StepTask& task, const AttemptLimits& limits) const override;
  std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const override;
  CheckedResult verify_result(const StepTask& task, const Candidate& candidate,
                              const base::Json& result) const override;
  StepAnswer answer(const StepTask& task, const Candidate& candidate, const base::Json& output) const override;
  base::Json details() const override;

 private:
  friend Result<std::shared_ptr<const EndpointSpecialist>> orchestrator_assignment(
      std::shared_ptr<const Specialist>, std::shared_ptr<const engine::ChatModel>, EndpointSpecialistOptions);
  EndpointSpecialist() = default;
  struct Asked;
  Result<Asked> request_for(const StepTask& task, const AttemptLimits& limits) const;
  Result<base::Json> read(const engine::ChatChoice& choice, const StepTask& task) const;
  double remaining_share(size_t refused_count, int64_t attempt) const;
  std::vector<Candidate> candidates_of(const std::vector<base::Json>& answers, size_t sample_count) const;

  EndpointSpecialistOptions options_;
  SpecialistDefinition definition_;
  std::shared_ptr<const engine::ChatModel> model_;
  std::shared_ptr<Tool> tool_;
  std::shared_ptr<const Specialist> stands_in_for_;  // whose verifiers and answer hold; null: its own
  std::string system_text_;
  std::optional<SchemaCheck> call_check_;
  CallTerms terms_;
};

// The same job done by a larger model, for escalation: name, schemas, tool, verifiers and answer are those of `other`, the model and how it is asked are
// given. Of `options` count instruction, known, samples, temperature, seed, answer_tokens_max, single_sample_confidence, version and policy;
// without an instruction the purpose of `other` is it, and what it knows is other.details().
// `other` must accept calls that it did not propose itself: its verifiers see candidates whose `grounds` are not in its form.
Result<std::shared_ptr<const EndpointSpecialist>> orchestrator_assignment(
    std::shared_ptr<const Specialist> other, std::shared_ptr<const engine::ChatModel> model,
    EndpointSpecialistOptions options = {});

}  // namespace cadre::agent
