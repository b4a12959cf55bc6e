// SPDX-License-Identifier: Apache-2.0
#include "agent/contract_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "agent/condition_types.h"
#include "agent/schema_check.h"
#include "contract/schema_contract.h"
#include "contract/schema_fit.h"

namespace cadre::agent {
namespace {

using base::Json;

// The members between the slashes of a JSON pointer.
std::vector<std::string> pointer_parts(const std::string& pointer) {
  std::vector<std::string> parts;
  for (size_t begin = 1; begin <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', begin), pointer.size());
    parts.push_back(pointer.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

class ContractParts {
 public:
  ContractParts(const SpecialistContract& contract, Reading& reading)
      : contract_(contract), asked_(contract.asked), reading_(reading) {}

  void check() {
    if (is_fixed(contract_.kind)) return check_fixed_tests();
    check_forms();
    check_schemas();
    if (!reading_.problems.empty()) return;  // the rest is about what they hold
    check_members();
    check_conditions();
    check_tests();
  }

 private:
  bool has_tool() const { return contract_.tool.has_value(); }
  // What a call is held against.
  const Json& call_schema() const { return asked_.call_schema.is_null() ? asked_.output_schema : asked_.call_schema; }

  void check_forms() {
    if (contract_.kind == ContractKind::kText) {
      if (!asked_.call_schema.is_null()) reading_.refuse("/call_schema", "a text has no call schema; it is one string");
      if (has_tool()) reading_.refuse("/tool", "a text is no call; a contract with a tool is of kind json");
      return;
    }
    if (has_tool() && asked_.call_schema.is_null())
      reading_.refuse("/tool", "a contract with a tool needs a \"call_schema\": what its calls look like");
    if (call_schema().is_null())
      reading_.refuse("", "a contract needs an \"output_schema\" or a \"call_schema\": what the specialist yields");
  }

  void check_schemas() {
    check_schema("/input_schema", asked_.input_schema, false);
    check_schema("/output_schema", asked_.output_schema, true);
    check_schema("/call_schema", asked_.call_schema, true);
    if (has_tool()) check_schema("/tool/input_schema", contract_.tool->input_schema, false);
  }

  void check_schema(const std::string& pointer, const Json& schema, bool may_have_origins) {
    if (schema.is_null()) return;
    const auto check = SchemaCheck::make(schema);
    if (!check.ok()) return reading_.refuse(pointer, check.error().message);
    if (!may_have_origins && !check->origins().empty())
      return reading_.refuse(pointer,
                             "values of an input come from whoever asks: no x-copy, x-normal, x-enum-from or "
                             "x-grounded here");
    auto read = contract::read_schema(base::dump_json(schema));
    if (!read.ok()) return reading_.refuse(pointer, read.error().message);
    auto bindings = bind_sources(check->origins(), {});
    if (!bindings.ok()) return reading_.refuse(pointer, bindings.error().message);
    const auto compiled = contract::SchemaContract::compile(std::make_shared<const contract::Schema>(std::move(*read)),
                                                            contract::SchemaMode::kAccept, *bindings);
    if (!compiled.ok()) return reading_.refuse(pointer, compiled.error().message);
    check_names(pointer, check->origins());
  }

  // Every source and set that a schema names is something that an input can have.
  void check_names(const std::string& pointer, const OriginNames& names) {
    for (const std::string& source : names.sources) {
      if (source != contract::kInputSource && !can_have(asked_.input_schema, {source}))
        reading_.refuse(pointer,
                        fmt::format("x-copy from \"{}\": no input has that member; \"input\" is all of it", source));
    }
    for (const std::string& set : names.sets) {
      const bool is_known = asked_.known.is_object() && asked_.known.contains(set);
      if (is_known) {
        if (const auto values = values_of_set(set, {nullptr, &asked_.known}); !values.ok())
          reading_.refuse("/known", values.error().message);
      } else if (!can_have(asked_.input_schema, {set})) {
        reading_.refuse(pointer, fmt::format("x-enum-from \"{}\": neither \"known\" nor an input has that list", set));
      }
    }
  }

  static bool can_have(const Json& schema, const std::vector<std::string>& path) {
    if (schema.is_null()) return true;
    const auto part = contract::sub_schema(schema, path);
    return part.ok() || part.error().code != ErrorCode::kNotFound;
  }

  void check_members() {
    if (!asked_.question_member.empty() && !can_have(asked_.input_schema, {asked_.question_member}))
      reading_.refuse("/question_member", fmt::format("no input has \"{}\"", asked_.question_member));
    const Json& output = asked_.output_schema.is_null() ? call_schema() : asked_.output_schema;
    if (!asked_.answer_member.empty() && !can_have(output, {asked_.answer_member}))
      reading_.refuse("/answer_member", fmt::format("no output has \"{}\"", asked_.answer_member));
    if (contract_.kind == ContractKind::kText) return;
    for (size_t i = 0; i < asked_.grounded.size(); ++i) {
      if (!can_have(call_schema(), pointer_parts(asked_.grounded[i])))
        reading_.refuse(fmt::format("/grounded/at/{}", i), fmt::format("no call has \"{}\"", asked_.grounded[i]));
    }
  }

  void check_conditions() {
    const Json text = {{"type", "string"}};
    const Json& call = contract_.kind == ContractKind::kText ? text : call_schema();
    const Json& result = has_tool() ? asked_.output_schema : call;
    const auto check_each = [&](const char* where, const std::vector<std::string>& conditions,
                                const std::vector<std::pair<std::string, Json>>& names) {
      if (conditions.size() > kAssertionsMax)
        reading_.refuse(fmt::format("/conditions/{}", where),
                        fmt::format("{} conditions; at most {}", conditions.size(), kAssertionsMax));
      for (size_t i = 0; i < conditions.size(); ++i) {
        if (const auto checked = check_condition(conditions[i], names); !checked.ok())
          reading_.refuse(fmt::format("/conditions/{}/{}", where, i),
                          fmt::format("{}: {}", in_quotes(conditions[i]), checked.error().message));
      }
    };
    check_each("before", asked_.before, {{"call", call}, {"input", asked_.input_schema}});
    check_each("after", asked_.after, {{"call", call}, {"input", asked_.input_schema}, {"result", result}});
  }

  void check_tests() {
    const auto input = SchemaCheck::make(asked_.input_schema);
    const auto call =
        SchemaCheck::make(contract_.kind == ContractKind::kText ? Json{{"type", "string"}} : call_schema());
    const auto output =
        SchemaCheck::make(asked_.output_schema.is_null() && !has_tool() ? call_schema() : asked_.output_schema);
    if (!input.ok() || !call.ok() || !output.ok()) return;  // said before
    for (size_t i = 0; i < contract_.self_tests.size(); ++i) {
      const SelfTest& test = contract_.self_tests[i];
      const std::string at = fmt::format("/self_tests/{}", i);
      refuse_unless(at + "/input", input->check(test.input));
      const OriginScope scope{&test.input, &asked_.known};
      if (test.expect == SelfTest::Expect::kCall) refuse_unless(at + "/expect/call", call->check(test.value, scope));
      if (test.expect != SelfTest::Expect::kOutput) continue;
      refuse_unless(at + "/expect/output", output->check(test.value, scope));
      if (has_tool() && contract_.tool->effect != ToolEffect::kRead)
        reading_.refuse(at + "/expect",
                        "no test makes a call that may change something; expect the call, or say that the "
                        "tool's effect is read");
    }
  }

  void check_fixed_tests() {
    for (size_t i = 0; i < contract_.self_tests.size(); ++i) {
      const Json& input = contract_.self_tests[i].input;
      if (!input.is_object() || input.size() != 1 || !input.contains("question") || !input["question"].is_string())
        reading_.refuse(fmt::format("/self_tests/{}/input", i), "an input of this kind is {\"question\": text}");
    }
  }

  void refuse_unless(const std::string& pointer, const Result<void>& checked) {
    if (!checked.ok()) reading_.refuse(pointer, checked.error().message);
  }

  const SpecialistContract& contract_;
  const EndpointSpecialistOptions& asked_;
  Reading& reading_;
};

}  // namespace

void check_contract_parts(const SpecialistContract& contract, Reading& reading) {
  ContractParts(contract, reading).check();
}

}  // namespace cadre::agent
