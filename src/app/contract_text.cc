// SPDX-License-Identifier: Apache-2.0
#include "app/contract_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/printable.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;

constexpr size_t kShownWidth = 110;
constexpr int kMembersDepthMax = 4;

std::string compact(const Json& value) {
  return clipped(printable(base::dump_json(value)), kShownWidth);
}

void append_line(std::string& text, const std::string& key, const std::string& value) {
  if (!value.empty()) text += fmt::format("  {:<12} {}\n", key, value);
}

std::string sources_text(const Json& from) {
  if (from.is_string()) return from.get<std::string>();
  std::string text;
  if (from.is_array()) {
    for (const Json& name : from)
      if (name.is_string()) text += (text.empty() ? "" : " or ") + name.get<std::string>();
  }
  return text.empty() ? "input" : text;
}

// Where the schema says that its values come from.
std::string origin_of(const Json& schema, bool grounded) {
  const auto from_of = [](const Json& copy) {
    return sources_text(copy.is_object() ? copy.value("from", Json("input")) : copy);
  };
  if (schema.contains("x-enum-from") && schema["x-enum-from"].is_string())
    return fmt::format("one of the list {}", schema["x-enum-from"].get<std::string>());
  if (schema.contains("x-normal") && schema["x-normal"].is_string())
    return fmt::format("a {} that {} mentions", schema["x-normal"].get<std::string>(),
                       schema.contains("x-copy") ? from_of(schema["x-copy"]) : "input");
  if (schema.contains("x-copy")) {
    const Json& copy = schema["x-copy"];
    const bool has_unit = copy.is_object() && copy.contains("unit") && copy["unit"].is_string();
    return fmt::format("copied from {}, by {}", from_of(copy), has_unit ? copy["unit"].get<std::string>() : "word");
  }
  if (schema.contains("const")) return compact(schema["const"]);
  if (schema.contains("enum")) return fmt::format("one of {}", compact(schema["enum"]));
  const std::string type =
      schema.contains("type") && schema["type"].is_string() ? schema["type"].get<std::string>() : "";
  return grounded && type != "object" && type != "array" && type != "boolean" ? "stands in the input" : "";
}

bool is_required(const Json& schema, const std::string& member) {
  if (!schema.contains("required") || !schema["required"].is_array()) return false;
  return std::find(schema["required"].begin(), schema["required"].end(), Json(member)) != schema["required"].end();
}

void append_members(std::string& text, const Json& schema, const std::string& above, bool grounded, int depth) {
  if (!schema.is_object() || depth > kMembersDepthMax) return;
  if (schema.contains("x-grounded") && schema["x-grounded"].is_boolean()) grounded = schema["x-grounded"].get<bool>();
  if (schema.contains("items")) append_members(text, schema["items"], above + "/*", grounded, depth + 1);
  if (!schema.contains("properties") || !schema["properties"].is_object()) return;
  for (const auto& [name, member] : schema["properties"].items()) {
    const std::string type =
        member.is_object() && member.contains("type") ? printable(base::dump_json(member["type"])) : "any";
    const std::string origin = member.is_object() ? printable(origin_of(member, grounded)) : "";
    text += fmt::format("    {:<24} {}{}{}{}\n", printable(above + "/" + name), type,
                        is_required(schema, name) ? "" : ", may be missing", origin.empty() ? "" : ", ", origin);
    append_members(text, member, above + "/" + name, grounded, depth + 1);
  }
}

void append_schema(std::string& text, const char* key, const Json& schema) {
  if (schema.is_null()) return;
  std::string members;
  append_members(members, schema, "", false, 0);
  text += fmt::format("  {}{}\n", key, members.empty() ? " " + compact(schema) : "");
  text += members;
}

std::string tool_text(const agent::ToolBinding& tool) {
  std::string text;
  for (const std::string& kind : tool.kinds) text += (text.empty() ? "" : " or ") + kind;
  if (text.empty()) text = "any kind";
  if (tool.effect) text += fmt::format(", effect at most {}", agent::tool_effect_name(*tool.effect));
  if (!tool.input_schema.is_null()) text += ", takes " + compact(tool.input_schema);
  return text;
}

std::string terms_text(const agent::SpecialistContract& contract) {
  std::string text;
  const auto add = [&](const char* what, const auto& value) {
    if (value) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", what, *value);
  };
  add("attempts", contract.terms.attempts_max);
  add("transient retries", contract.terms.retries_max);
  add("backoff ms", contract.terms.backoff_ms);
  add("timeout ms", contract.terms.timeout_ms);
  if (!contract.asked.excluded.empty())
    text += fmt::format("{}{} calls excluded", text.empty() ? "" : ", ", contract.asked.excluded.size());
  return text;
}

std::string confidence_text(const agent::SpecialistContract& contract) {
  std::string text;
  if (contract.terms.confidence_min) text = fmt::format("answers from {:.2f} on", *contract.terms.confidence_min);
  if (!contract.asked.calibration.empty())
    text += fmt::format("{}calibrated at {} points", text.empty() ? "" : ", ", contract.asked.calibration.size());
  if (contract.terms.approval)
    text +=
        fmt::format("{}a person decides: {}", text.empty() ? "" : ", ", agent::approval_name(*contract.terms.approval));
  return text;
}

std::string expected_text(const agent::SelfTest& test) {
  switch (test.expect) {
    case agent::SelfTest::Expect::kCall:
      return "call " + compact(test.value);
    case agent::SelfTest::Expect::kOutput:
      return "output " + compact(test.value);
    case agent::SelfTest::Expect::kRefusal:
      return test.reason.empty() ? "a refusal" : fmt::format("a refusal: {}", printable(test.reason));
  }
  return "";
}

}  // namespace

std::string contract_text(const agent::SpecialistContract& contract) {
  const agent::EndpointSpecialistOptions& asked = contract.asked;
  std::string text;
  append_line(text, "name", printable(contract.id()));
  append_line(text, "purpose", printable(asked.purpose));
  append_line(text, "kind", agent::contract_kind_name(contract.kind));
  append_line(text, "instruction", clipped(printable(asked.instruction), 10 * kShownWidth));
  append_schema(text, "input", asked.input_schema);
  append_schema(text, contract.tool ? "call" : "output", asked.call_schema);
  append_schema(text, contract.tool ? "result" : "output", asked.output_schema);
  if (!asked.known.is_null()) append_line(text, "known", compact(asked.known));
  if (contract.tool) append_line(text, "tool", tool_text(*contract.tool));
  for (const std::string& condition : asked.before) append_line(text, "before", printable(condition));
  for (const std::string& condition : asked.after) append_line(text, "after", printable(condition));
  for (const std::string& pointer : asked.grounded)
    append_line(text, "grounded", pointer.empty() ? "all of it" : printable(pointer));
  append_line(text, "retry", terms_text(contract));
  append_line(
      text, "sampling",
      fmt::format("{} sample{}, temperature {}", asked.samples, asked.samples == 1 ? "" : "s", asked.temperature));
  append_line(text, "confidence", confidence_text(contract));
  for (const agent::SelfTest& test : contract.self_tests)
    append_line(text, "self-test",
                fmt::format("{}: {} -> {}", printable(test.name), compact(test.input), expected_text(test)));
  for (const char* card : {"evaluation", "training", "data", "licence", "notes"}) {
    if (contract.canonical.contains(card)) append_line(text, card, compact(contract.canonical[card]));
  }
  return text;
}

}  // namespace cadre::app
