// A specialist's contract as a document: what it takes and yields, where each value comes from, what its calls go to, what must hold before and
// after, how it is asked and asked again, how sure it is when it says so, and tests that it brings along. docs/packs.md has the members.
//
// Written as YAML or JSON by people, kept as canonical JSON in a pack (agent/contract_pack.h). Read whole or refused with every problem: unknown
// members, wrong types, numbers out of range, schemas that the contract compiler refuses, sources and sets that no input has, conditions that do
// not hold together with the schemas, tests that contradict the schemas; each with line and column, or its JSON pointer where there are no lines.
//
// Two families. Of kind "json" and "text" the contract says everything. Of kind "sql" and "decision" the form is fixed by the weights it was trained
// with: form, origins, verifiers and the like are carried along as they are, and only tests and retry terms may be added.
// Thread safety: values; pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/endpoint_specialist.h"
#include "agent/plan.h"
#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kContractBytesMax = size_t{1} << 20;
inline constexpr size_t kContractDepthMax = 64;
inline constexpr size_t kSelfTestsMax = 256;
inline constexpr size_t kExcludedCallsMax = 64;
inline constexpr size_t kCalibrationPointsMax = 256;

enum class ContractKind : uint8_t { kJson, kText, kSql, kDecision, kVerifier };
const char* contract_kind_name(ContractKind kind);  // "json", "text", "sql", "decision", "verifier"
// Is the form fixed by weights?
constexpr bool is_fixed(ContractKind kind) {
  return kind == ContractKind::kSql || kind == ContractKind::kDecision || kind == ContractKind::kVerifier;
}

// What a contract expects of the tool that its calls go to.
struct ToolBinding {
  std::vector<std::string> kinds;    // one of these (agent/tool_factory.h); empty: any
  std::optional<ToolEffect> effect;  // at most this: read is less than idempotent, idempotent less than once
  base::Json
      input_schema;  // whatever satisfies it the tool takes; null: the call schema must not contradict the tool's
};

// kInvalid: what the tool is and what it should be.
Result<void> check_tool_binding(const ToolBinding& binding, const base::Json& call_schema, const std::string& kind,
                                const ToolDefinition& tool);

struct SelfTest {
  enum class Expect : uint8_t { kCall, kOutput, kRefusal };
  std::string name;
  base::Json input;
  Expect expect = Expect::kOutput;
  base::Json value;    // the call or the output
  std::string reason;  // of a refusal: stands in what it is refused with; empty: anything
  std::string table;   // kind "sql": the table asked, as CSV
};

// Terms that a contract sets and a cadre file may narrow.
struct ContractTerms {
  std::optional<double> confidence_min;
  std::optional<int64_t> attempts_max, candidates_max, retries_max, backoff_ms, timeout_ms;
  std::optional<Approval> approval;
};

struct SpecialistContract {
  ContractKind kind = ContractKind::kJson;
  // As the specialist is asked: name, version, purpose, schemas, conditions, sampling, calibration. Of a fixed kind only the first three.
  EndpointSpecialistOptions asked;
  ContractTerms terms;
  std::optional<ToolBinding> tool;
  std::vector<SelfTest> self_tests;
  base::Json canonical;  // the contract, members in the order of docs/packs.md, nothing added

  std::string id() const { return asked.name + "@" + asked.version; }
};

// `own` with what the terms say.
StepPolicy policy_under(const ContractTerms& terms, StepPolicy own);

// YAML or, where the first character is "{", JSON. `name` stands before every problem.
Result<SpecialistContract> parse_contract(std::string_view text, const std::string& name);
Result<SpecialistContract> load_contract(const std::string& path);

// What stands in a pack: JSON, places as pointers.
Result<SpecialistContract> contract_from_json(std::string_view json, const std::string& name);

// Strict JSON of bounded size and depth, no name twice. kInvalid or kLimit with the byte.
Result<base::Json> read_contract_json(std::string_view json);

// A fixed contract with more tests and terms. kInvalid names every member of `added` that says something else than `fixed` has.
Result<base::Json> merge_contracts(const base::Json& fixed, const base::Json& added, const std::string& name);

}  // namespace cadre::agent
