// SPDX-License-Identifier: Apache-2.0
#include "agent/specialist_contract.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/contract_reader.h"
#include "agent/section.h"
#include "agent/tool_factory.h"
#include "base/file.h"
#include "contract/json_document.h"
#include "contract/schema_fit.h"
#include "text/yaml.h"

namespace cadre::agent {

using base::Json;

namespace {

constexpr std::array<std::pair<ContractKind, const char*>, 5> kContractKinds = {
    {{ContractKind::kJson, "json"},
     {ContractKind::kText, "text"},
     {ContractKind::kSql, "sql"},
     {ContractKind::kDecision, "decision"},
     {ContractKind::kVerifier, "verifier"}}};

// The canonical order.
constexpr std::array<const char*, 30> kMembers = {
    "name",         "version",         "purpose",       "kind",     "instruction", "known",
    "input_schema", "output_schema",   "call_schema",   "input",    "output",      "form",
    "origins",      "question_member", "answer_member", "tool",     "verifiers",   "decoding",
    "grounded",     "conditions",      "retry",         "sampling", "approval",    "calibration",
    "self_tests",   "evaluation",      "training",      "data",     "licence",     "notes"};

Json in_canonical_order(const Json& map) {
  Json ordered = Json::object();
  for (const char* member : kMembers) {
    if (map.contains(member) && !map[member].is_null()) ordered[member] = map[member];
  }
  return ordered;
}

void read_approval(Section& section, std::optional<Approval>& out) {
  std::string approval;
  section.text("approval", approval);
  for (const Approval known : {Approval::kNever, Approval::kUnsure, Approval::kAlways}) {
    if (approval == approval_name(known)) out = known;
  }
  if (!approval.empty() && !out)
    section.refuse("approval",
                   fmt::format("\"approval\" must be never, unsure or always, not {}", in_quotes(approval)));
}

void read_tool(Section& section, const Json& map, std::optional<ToolBinding>& out) {
  ToolBinding binding;
  Section inner(section.reading(), map, section.below("tool"));
  if (const Json* kind = inner.find("kind"); kind != nullptr && kind->is_string()) {
    binding.kinds = {kind->get<std::string>()};
  } else if (kind != nullptr) {
    inner.texts("kind", "[sql, http]", binding.kinds);
  }
  const std::string known = kToolKinds;
  for (const std::string& kind : binding.kinds) {
    const bool is_known = (", " + known + ",").find(", " + kind + ",") != std::string::npos;
    if (!is_known) inner.refuse("kind", fmt::format("{} is no kind of tool; there are {}", in_quotes(kind), known));
  }
  std::string effect;
  inner.text("effect", effect);
  if (!effect.empty()) {
    const auto read = tool_effect_of(effect);
    if (read.ok())
      binding.effect = *read;
    else
      inner.refuse("effect", fmt::format("\"effect\" must be read, idempotent or once, not {}", in_quotes(effect)));
  }
  inner.object("input_schema", binding.input_schema);
  out = std::move(binding);
}

void read_retry(Section& section, SpecialistContract& contract) {
  const Json* map = section.find("retry");
  if (map == nullptr) return;
  Section inner(section.reading(), *map, section.below("retry"));
  inner.integer("attempts", 1, 16, contract.terms.attempts_max);
  inner.integer("transient_retries", 0, 16, contract.terms.retries_max);
  inner.integer("backoff_ms", 0, 60'000, contract.terms.backoff_ms);
  inner.integer("timeout_ms", 1, 3'600'000, contract.terms.timeout_ms);
  const Json* excluded = inner.find("excluded_calls");
  if (excluded == nullptr) return;
  if (is_fixed(contract.kind))
    inner.refuse("excluded_calls", "the calls of a fixed contract cannot be excluded one by one");
  if (!excluded->is_array() || excluded->size() > kExcludedCallsMax)
    inner.refuse("excluded_calls",
                 fmt::format("\"excluded_calls\" must be a list of at most {} calls", kExcludedCallsMax));
  else
    contract.asked.excluded.assign(excluded->begin(), excluded->end());
}

void read_sampling(Section& section, SpecialistContract& contract) {
  const Json* map = section.find("sampling");
  if (map == nullptr) return;
  Section inner(section.reading(), *map, section.below("sampling"));
  EndpointSpecialistOptions& asked = contract.asked;
  inner.integer("samples", 1, engine::kChatSamplesMax, asked.samples);
  inner.integer("seed", 0, INT64_MAX / 2, asked.seed);
  inner.integer("answer_tokens_max", 1, 1'000'000, asked.answer_tokens_max);
  inner.integer("candidates_max", 1, 64, contract.terms.candidates_max);
  if (const Json* temperature = inner.find("temperature")) {
    const double value = temperature->is_number() ? temperature->get<double>() : -1;
    if (value >= 0 && value <= 2)
      asked.temperature = value;
    else
      inner.refuse("temperature",
                   fmt::format("\"temperature\" must be a number from 0 to 2, not {}", described(*temperature)));
  }
  if (asked.samples > 1 && asked.temperature == 0)
    inner.refuse("samples", "several samples at temperature 0 agree without meaning anything by it; say a temperature");
}

void read_points(Section& inner, EndpointSpecialistOptions& asked) {
  const Json* points = inner.find("points");
  if (points == nullptr) return;
  const auto wrong = [&] {
    inner.refuse("points",
                 "\"points\" must be a list of pairs [probability said, share right], from 0 to 1 and ascending");
  };
  if (!points->is_array() || points->size() > kCalibrationPointsMax) return wrong();
  std::vector<std::pair<double, double>> read;
  for (const Json& point : *points) {
    if (!point.is_array() || point.size() != 2 || !point[0].is_number() || !point[1].is_number()) return wrong();
    read.emplace_back(point[0].get<double>(), point[1].get<double>());
  }
  if (!check_calibration(read).ok()) return wrong();
  asked.calibration = std::move(read);
}

void read_calibration(Section& section, SpecialistContract& contract) {
  const Json* map = section.find("calibration");
  if (map == nullptr) return;
  Section inner(section.reading(), *map, section.below("calibration"));
  inner.share("threshold", contract.terms.confidence_min);
  read_points(inner, contract.asked);
  inner.share("single_sample", contract.asked.single_sample_confidence);
  std::string method;
  inner.text("method", method);
  int64_t cases = 0;
  inner.integer("cases", 0, INT64_MAX / 2, cases);
  std::optional<double> share;
  inner.share("risk", share);
  inner.share("coverage", share);
}

void read_grounded(Section& section, EndpointSpecialistOptions& asked) {
  const Json* map = section.find("grounded");
  if (map == nullptr) return;
  Section inner(section.reading(), *map, section.below("grounded"));
  inner.required("at", "[\"/amount\"]");
  inner.pointers("at", asked.grounded);
  inner.flag("quotes", asked.grounding.quotes);
  inner.flag("counts", asked.grounding.counts);
}

void read_expect(Section& test, SelfTest& out) {
  const Json* expect = test.required("expect", "{call: {...}}, {output: {...}} or {refusal: \"\"}");
  if (expect == nullptr) return;
  Section inner(test.reading(), *expect, test.below("expect"));
  const bool has[] = {expect->is_object() && expect->contains("call"),
                      expect->is_object() && expect->contains("output"),
                      expect->is_object() && expect->contains("refusal")};
  inner.find("call");
  inner.find("output");
  inner.find("refusal");
  if (has[0] + has[1] + has[2] != 1) {
    test.refuse("expect", "a test expects one of \"call\", \"output\" and \"refusal\"");
  } else if (has[2]) {
    out.expect = SelfTest::Expect::kRefusal;
    const Json& reason = (*expect)["refusal"];
    if (reason.is_string())
      out.reason = reason.get<std::string>();
    else
      inner.refuse("refusal", fmt::format("\"refusal\" must be a text that stands in the reason (\"\": any), not {}",
                                          described(reason)));
  } else {
    out.expect = has[0] ? SelfTest::Expect::kCall : SelfTest::Expect::kOutput;
    out.value = (*expect)[has[0] ? "call" : "output"];
  }
}

void read_self_tests(Section& section, SpecialistContract& contract) {
  const Json* list = section.find("self_tests");
  if (list == nullptr) return;
  if (contract.kind == ContractKind::kDecision || contract.kind == ContractKind::kVerifier)
    return section.refuse("self_tests",
                          "a router or verifier is no specialist that a test can ask; test it where it is used");
  if (!list->is_array() || list->size() > kSelfTestsMax)
    return section.refuse("self_tests",
                          fmt::format("\"self_tests\" must be a list of at most {} tests", kSelfTestsMax));
  for (size_t i = 0; i < list->size(); ++i) {
    SelfTest test;
    Section inner(section.reading(), (*list)[i], text::yaml_pointer(section.below("self_tests"), std::to_string(i)));
    inner.required_text("name", "an amount in words", test.name);
    if (const Json* input = inner.required("input", "{...}"); input != nullptr) test.input = *input;
    if (contract.kind == ContractKind::kSql)
      inner.required_text("table", "\"city,people\\nUlm,126000\\n\"", test.table);
    read_expect(inner, test);
    const bool is_new = std::none_of(contract.self_tests.begin(), contract.self_tests.end(),
                                     [&](const SelfTest& other) { return other.name == test.name; });
    if (!is_new) inner.refuse("name", fmt::format("two tests are called {}", in_quotes(test.name)));
    contract.self_tests.push_back(std::move(test));
  }
}

// What is about the contract and binds nothing: any value.
void read_card(Section& section) {
  for (const char* key : {"evaluation", "training", "data", "licence", "notes"}) section.find(key);
}

void read_free_form(Section& section, SpecialistContract& contract) {
  EndpointSpecialistOptions& asked = contract.asked;
  section.text("instruction", asked.instruction);
  section.object("known", asked.known);
  section.required("input_schema", "{type: object, properties: {letter: {type: string}}}");
  section.object("input_schema", asked.input_schema);
  section.object("output_schema", asked.output_schema);
  section.object("call_schema", asked.call_schema);
  section.text("question_member", asked.question_member);
  section.text("answer_member", asked.answer_member);
  if (const Json* tool = section.find("tool")) read_tool(section, *tool, contract.tool);
  read_grounded(section, asked);
  if (const Json* conditions = section.find("conditions")) {
    Section inner(section.reading(), *conditions, section.below("conditions"));
    inner.texts("before", "[\"call.amount <= 500\"]", asked.before);
    inner.texts("after", "[\"result.status == 'ok'\"]", asked.after);
  }
  read_sampling(section, contract);
  read_calibration(section, contract);
}

// Carried along; whoever runs the weights reads it (engine/decider_engine.h).
void read_fixed_form(Section& section) {
  for (const char* key : {"input", "output", "form", "origins", "tool", "verifiers", "decoding", "calibration"})
    section.find(key);
}

std::optional<ContractKind> read_contract_kind(Section& section) {
  std::string kind = "json";
  section.text("kind", kind);
  for (const auto& [known, name] : kContractKinds) {
    if (kind == name) return known;
  }
  section.refuse("kind", fmt::format("\"kind\" must be json, text, sql, decision or verifier, not {}", in_quotes(kind)));
  return std::nullopt;
}

SpecialistContract read_contract(const Json& map, Reading& reading) {
  SpecialistContract contract;
  Section section(reading, map, "");
  const auto kind = read_contract_kind(section);
  contract.kind = kind.value_or(ContractKind::kJson);
  EndpointSpecialistOptions& asked = contract.asked;
  asked.answer = contract.kind == ContractKind::kText ? EndpointAnswer::kText : EndpointAnswer::kJson;
  section.required_text("name", "amounts", asked.name);
  section.required_text("version", "\"1\"", asked.version);
  section.required_text("purpose", "finds the amount that a letter is about", asked.purpose);
  if (!asked.name.empty() && !is_entry_name(asked.name))
    section.refuse("name", fmt::format("{} is no name: {}", in_quotes(asked.name), kEntryNameRule));
  if (!kind) section.take_all();
  if (kind && is_fixed(*kind)) read_fixed_form(section);
  if (kind && !is_fixed(*kind)) read_free_form(section, contract);
  read_retry(section, contract);
  read_approval(section, contract.terms.approval);
  read_self_tests(section, contract);
  read_card(section);
  return contract;
}

Result<SpecialistContract> contract_of(const Json& map, Reading reading) {
  SpecialistContract contract = read_contract(map, reading);
  if (reading.problems.empty()) check_contract_parts(contract, reading);
  if (!reading.problems.empty()) return reading.error();
  contract.canonical = in_canonical_order(map);
  return contract;
}

}  // namespace

const char* contract_kind_name(ContractKind kind) {
  for (const auto& [known, name] : kContractKinds) {
    if (kind == known) return name;
  }
  return "json";
}

StepPolicy policy_under(const ContractTerms& terms, StepPolicy own) {
  own.confidence_min = terms.confidence_min.value_or(own.confidence_min);
  own.attempts_max = terms.attempts_max.value_or(own.attempts_max);
  own.candidates_max = terms.candidates_max.value_or(own.candidates_max);
  own.retries_max = terms.retries_max.value_or(own.retries_max);
  own.backoff_ms = terms.backoff_ms.value_or(own.backoff_ms);
  own.timeout_ms = terms.timeout_ms.value_or(own.timeout_ms);
  own.approval = terms.approval.value_or(own.approval);
  return own;
}

Result<void> check_tool_binding(const ToolBinding& binding, const Json& call_schema, const std::string& kind,
                                const ToolDefinition& tool) {
  const auto wrong = [&](const std::string& why) {
    return Error{ErrorCode::kInvalid, fmt::format("tool \"{}\" {}", tool.name, why)};
  };
  if (!binding.kinds.empty() && std::find(binding.kinds.begin(), binding.kinds.end(), kind) == binding.kinds.end())
    return wrong(
        fmt::format("is of kind {}; the contract calls one of kind {}", kind, fmt::join(binding.kinds, " or ")));
  if (binding.effect && tool.effect > *binding.effect)
    return wrong(fmt::format("has effect {}; the contract allows at most {}", tool_effect_name(tool.effect),
                             tool_effect_name(*binding.effect)));
  if (tool.input_schema.is_null()) return {};
  if (!binding.input_schema.is_null()) {
    const auto fits = TRY(contract::fit(binding.input_schema, tool.input_schema));
    if (fits.kind != contract::FitKind::kFits)
      return wrong(fmt::format("does not take every input that the contract expects it to take: {}: {}",
                               fits.path.empty() ? "the whole of it" : fits.path, fits.message));
  }
  const auto joined = TRY(contract::fit(call_schema, tool.input_schema));
  if (joined.kind == contract::FitKind::kNeverFits)
    return wrong(fmt::format("takes none of the contract's calls: {}: {}",
                             joined.path.empty() ? "the whole of it" : joined.path, joined.message));
  return {};
}

Result<Json> read_contract_json(std::string_view json) {
  if (json.size() > kContractBytesMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("a contract of {} bytes; at most {} are read", json.size(), kContractBytesMax)};
  TRY(contract::parse_document(json, kContractDepthMax));
  return base::parse_json(json);
}

Result<SpecialistContract> contract_from_json(std::string_view json, const std::string& name) {
  auto map = read_contract_json(json);
  if (!map.ok()) return std::move(map).error().with_context(name);
  return contract_of(*map, Reading{nullptr, name, "", {}, {}});
}

Result<SpecialistContract> parse_contract(std::string_view text, const std::string& name) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return contract_from_json(text, name);
  const text::YamlDocument document = TRY(text::parse_yaml_document(text, name));
  return contract_of(document.value, Reading{&document.places, name, "", {}, {}});
}

Result<SpecialistContract> load_contract(const std::string& path) {
  return parse_contract(TRY(base::read_file(path, kContractBytesMax)), path);
}

Result<Json> merge_contracts(const Json& fixed, const Json& added, const std::string& name) {
  Json merged = fixed;
  std::string problems;
  for (const auto& [key, value] : added.items()) {
    const bool is_open = key == "self_tests" || key == "retry" || key == "approval";
    if (is_open) {
      merged[key] = value;
    } else if (!fixed.contains(key)) {
      problems += fmt::format(
          "{}{}: /{}: the pack's own contract has no such member, and its form is fixed; it may be given "
          "self_tests, retry and approval",
          problems.empty() ? "" : "\n", name, key);
    } else if (fixed[key] != value) {
      problems += fmt::format("{}{}: /{}: the pack's own contract fixes it: {}", problems.empty() ? "" : "\n", name,
                              key, cut_short(base::dump_json(fixed[key])));
    }
  }
  if (!problems.empty()) return Error{ErrorCode::kInvalid, std::move(problems)};
  return in_canonical_order(merged);
}

}  // namespace cadre::agent
