// SPDX-License-Identifier: Apache-2.0
#include "agent/packed_specialist.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/direct_specialist.h"
#include "agent/json_values.h"
#include "agent/section.h"

namespace cadre::agent {
namespace {

using base::Json;

class Narrowing {
 public:
  Narrowing(const CadreFile& file, const SpecialistEntry& entry, const ContractPack& pack)
      : file_(file), entry_(entry), pack_(pack), contract_(pack.contract), options_(pack.contract.asked) {}

  Result<EndpointSpecialistOptions> narrowed() {
    if (is_fixed(contract_.kind)) {
      refuse("/pack", fmt::format("the pack is of kind {}, which runs over a table here: say \"kind: table\"",
                                  contract_kind_name(contract_.kind)));
    } else {
      check_model();
      check_fixed();
      narrow_numbers();
      narrow_conditions();
      narrow_grounding();
      options_.shortened = entry_.asked.shortened;
      if (contract_.tool && entry_.tool.empty()) refuse("", "the contract calls a tool; say which one: \"tool: NAME\"");
      if (!contract_.tool && !entry_.tool.empty()) refuse("/tool", "the contract calls no tool");
      if (contract_.tool && entry_.kind == SpecialistKind::kCall) check_direct();
    }
    if (!problems_.empty()) return Error{ErrorCode::kInvalid, std::move(problems_)};
    options_.name = entry_.name;
    options_.version = contract_.id();
    if (!entry_.purpose.empty()) options_.purpose = entry_.purpose;
    options_.policy = policy_of(file_, entry_, policy_under(contract_.terms, options_.policy));
    options_.pack_identity = pack_.sha256;
    return std::move(options_);
  }

 private:
  const Json* given(const char* key) const {
    return entry_.given.contains(key) && !entry_.given[key].is_null() ? &entry_.given[key] : nullptr;
  }

  void refuse(const std::string& pointer, const std::string& what) {
    auto place = entry_.places.find(pointer);
    if (place == entry_.places.end()) place = entry_.places.find("");
    problems_ += fmt::format("{}{}:{}: {}", problems_.empty() ? "" : "\n", file_.path,
                             place == entry_.places.end() ? "1:1" : place->second, what);
  }

  void check_model() {
    if (pack_.model.empty()) return;
    for (const engine::ChatEndpointOptions& endpoint : file_.endpoints) {
      if (endpoint.name == entry_.endpoint && endpoint.model != pack_.model)
        refuse("/endpoint", fmt::format("endpoint {} has the model {}; the pack is of {}", endpoint.name,
                                        in_quotes(endpoint.model), in_quotes(pack_.model)));
    }
  }

  // Without a model the call is in the input, or nowhere.
  void check_direct() {
    if (const auto checked = check_input_has_call(options_.input_schema, options_.call_schema); !checked.ok())
      refuse("/pack",
             fmt::format("the contract of {} is none for \"kind: call\": {}; say \"kind: endpoint\", or ask for "
                         "another contract",
                         contract_.id(), checked.error().message));
  }

  // What may be said again, and not otherwise.
  void check_fixed() {
    const EndpointSpecialistOptions& own = contract_.asked;
    const auto same = [&](const char* key, const Json& value) {
      const Json* said = given(key);
      if (said == nullptr || is_same_value(*said, value)) return;
      refuse(fmt::format("/{}", key),
             fmt::format("\"{}\" is fixed by the contract of {}: {}; leave it out", key, contract_.id(),
                         value.is_null() ? "there is none" : cut_short(base::dump_json(value))));
    };
    const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
    same("instruction", text(own.instruction));
    same("call_schema", own.call_schema);
    same("output_schema", own.output_schema);
    same("known", own.known);
    same("question_member", text(own.question_member));
    same("answer_member", text(own.answer_member));
    same("answer", own.answer == EndpointAnswer::kText ? "text" : "json");
    same("temperature", own.temperature);
    same("seed", own.seed);
    same("single_sample_confidence", own.single_sample_confidence ? Json(*own.single_sample_confidence) : Json());
    if (entry_.input_schema.is_null()) return;
    if (own.input_schema.empty())
      options_.input_schema = entry_.input_schema;
    else
      options_.input_schema = {{"allOf", {own.input_schema, entry_.input_schema}}};
  }

  template <class Number>
  void at_most(const std::string& pointer, const std::optional<Number>& said, const std::optional<Number>& limit) {
    if (said && limit && *said > *limit)
      refuse(pointer, fmt::format("\"{}\": the contract of {} allows at most {}, not {}",
                                  pointer.substr(pointer.rfind('/') + 1), contract_.id(), *limit, *said));
  }
  template <class Number>
  void at_least(const std::string& pointer, const std::optional<Number>& said, const std::optional<Number>& limit) {
    if (said && limit && *said < *limit)
      refuse(pointer, fmt::format("\"{}\": the contract of {} asks for at least {}, not {}",
                                  pointer.substr(pointer.rfind('/') + 1), contract_.id(), *limit, *said));
  }

  void narrow_numbers() {
    const PolicyEntry& policy = entry_.policy;
    const ContractTerms& terms = contract_.terms;
    at_most("/policy/attempts_max", policy.attempts_max, terms.attempts_max);
    at_most("/policy/candidates_max", policy.candidates_max, terms.candidates_max);
    at_most("/policy/retries_max", policy.retries_max, terms.retries_max);
    at_most("/policy/timeout_ms", policy.timeout_ms, terms.timeout_ms);
    at_least("/policy/backoff_ms", policy.backoff_ms, terms.backoff_ms);
    at_least("/policy/confidence_min", policy.confidence_min, terms.confidence_min);
    if (policy.approval && terms.approval && *policy.approval < *terms.approval)
      refuse("/policy/approval",
             fmt::format("\"approval\": the contract of {} says {}; a cadre file may be stricter, not laxer",
                         contract_.id(), approval_name(*terms.approval)));
    narrow_number("samples", entry_.asked.samples, options_.samples);
    narrow_number("answer_tokens_max", entry_.asked.answer_tokens_max, options_.answer_tokens_max);
  }

  void narrow_number(const char* key, int64_t said, int64_t& out) {
    if (given(key) == nullptr) return;
    at_most(fmt::format("/{}", key), std::optional<int64_t>(said), std::optional<int64_t>(out));
    out = std::min(out, said);
  }

  void narrow_conditions() {
    const bool is_direct = entry_.kind == SpecialistKind::kCall;
    const std::vector<std::string>& before = is_direct ? entry_.before : entry_.asked.before;
    const std::vector<std::string>& after = is_direct ? entry_.after : entry_.asked.after;
    options_.before.insert(options_.before.end(), before.begin(), before.end());
    options_.after.insert(options_.after.end(), after.begin(), after.end());
  }

  void narrow_grounding() {
    for (const std::string& pointer : entry_.asked.grounded) {
      const auto& at = options_.grounded;
      if (std::find(at.begin(), at.end(), pointer) == at.end()) options_.grounded.push_back(pointer);
    }
    const bool loosens_quotes =
        given("grounded_quotes") != nullptr && !entry_.asked.grounding.quotes && options_.grounding.quotes;
    if (loosens_quotes)
      refuse("/grounded_quotes", fmt::format("\"grounded_quotes\": the contract of {} checks quotes", contract_.id()));
    options_.grounding.quotes |= entry_.asked.grounding.quotes;
    if (given("grounded_counts") == nullptr) return;
    // Counts that may be said widen what is grounded; only without any in the contract is the file free.
    if (entry_.asked.grounding.counts && !options_.grounding.counts && !contract_.asked.grounded.empty())
      refuse("/grounded_counts",
             fmt::format("\"grounded_counts\": the contract of {} lets no counts be said", contract_.id()));
    options_.grounding.counts = entry_.asked.grounding.counts;
  }

  const CadreFile& file_;
  const SpecialistEntry& entry_;
  const ContractPack& pack_;
  const SpecialistContract& contract_;
  EndpointSpecialistOptions options_;
  std::string problems_;
};

}  // namespace

Result<EndpointSpecialistOptions> packed_options(const CadreFile& file, const SpecialistEntry& entry,
                                                 const ContractPack& pack) {
  return Narrowing(file, entry, pack).narrowed();
}

}  // namespace cadre::agent
