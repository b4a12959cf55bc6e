// SPDX-License-Identifier: Apache-2.0
#include "agent/memory_tool.h"

#include <fmt/format.h>

#include <utility>

#include "agent/json_values.h"
#include "agent/object_schema.h"
#include "agent/option_reader.h"
#include "store/fact_store.h"

namespace cadre::agent {
namespace {

using base::Json;
using store::Fact;

constexpr Names<MemoryAction, 3> kActions = {
    {{MemoryAction::kRemember, "remember"}, {MemoryAction::kRecall, "recall"}, {MemoryAction::kFacts, "facts"}}};

Json name_schema() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", store::kFactNameSizeMax}};
}

Json input_schema_of(MemoryAction action) {
  Json properties = {{"subject", name_schema()}};
  Json required = {"subject"};
  if (action != MemoryAction::kFacts) {
    properties["name"] = name_schema();
    required.push_back("name");
  }
  if (action == MemoryAction::kRemember) {
    properties["value"] = true;
    properties["lasts_ms"] = {{"type", "integer"}, {"minimum", 0}, {"maximum", int64_t{100} * 365 * 24 * 3600 * 1000}};
    required.push_back("value");
  }
  return object_schema(properties, required);
}

Json output_schema_of(MemoryAction action) {
  const Json text = {{"type", "string"}};
  const Json number = {{"type", "integer"}};
  if (action == MemoryAction::kRemember) return object_schema({{"remembered", {{"const", true}}}}, {"remembered"});
  if (action == MemoryAction::kRecall) {
    return object_schema(
        {{"found", {{"type", "boolean"}}}, {"value", true}, {"source", text}, {"remembered_us", number}},
        {"found", "value", "source", "remembered_us"});
  }
  const Json fact = object_schema(
      {{"name", text}, {"value", true}, {"source", text}, {"remembered_us", number}, {"expires_us", number}},
      {"name", "value", "source", "remembered_us", "expires_us"});
  return object_schema({{"facts", {{"type", "array"}, {"items", fact}}}, {"is_cut", {{"type", "boolean"}}}},
                       {"facts", "is_cut"});
}

class MemoryTool final : public Tool {
 public:
  MemoryTool(MemoryToolOptions options, store::FactStore facts)
      : options_(std::move(options)), facts_(std::move(facts)) {}

  const ToolDefinition& definition() const override { return options_.definition; }

  ToolReturn call(const ToolCall& call) override {
    auto result = done(call);
    if (!result.ok()) return {.error = std::move(result).error()};
    return {.result = std::move(*result)};
  }

 private:
  Result<Json> done(const ToolCall& call) {
    const std::string subject = TRY(base::json_string(call.arguments, "subject"));
    switch (options_.action) {
      case MemoryAction::kRemember:
        return remember(subject, call);
      case MemoryAction::kRecall:
        return recall(subject, call);
      case MemoryAction::kFacts:
        return all(subject, call);
    }
    return Error{ErrorCode::kInternal, "an action that is none"};
  }

  Result<Json> remember(const std::string& subject, const ToolCall& call) {
    const int64_t lasts_ms = call.arguments.contains("lasts_ms") ? TRY(base::json_int(call.arguments, "lasts_ms")) : 0;
    TRY(facts_.remember(subject, TRY(base::json_string(call.arguments, "name")), call.arguments["value"], call.key,
                        lasts_ms));
    return Json{{"remembered", true}};
  }

  Result<Json> recall(const std::string& subject, const ToolCall& call) {
    const auto fact = TRY(facts_.recall(subject, TRY(base::json_string(call.arguments, "name"))));
    if (!fact) return Json{{"found", false}, {"value", nullptr}, {"source", ""}, {"remembered_us", 0}};
    return Json{
        {"found", true}, {"value", fact->value}, {"source", fact->source}, {"remembered_us", fact->remembered_us}};
  }

  Result<Json> all(const std::string& subject, const ToolCall& call) {
    const auto count_max = static_cast<size_t>(std::min<int64_t>(call.rows_max, store::kFactsGivenMax - 1));
    std::vector<Fact> facts = TRY(facts_.facts(subject, count_max + 1));
    const bool is_cut = facts.size() > count_max;
    if (is_cut) facts.resize(count_max);
    Json list = Json::array();
    for (const Fact& fact : facts) {
      list.push_back({{"name", fact.name},
                      {"value", fact.value},
                      {"source", fact.source},
                      {"remembered_us", fact.remembered_us},
                      {"expires_us", fact.expires_us}});
    }
    return Json{{"facts", std::move(list)}, {"is_cut", is_cut}};
  }

  const MemoryToolOptions options_;
  store::FactStore facts_;
};

}  // namespace

Result<MemoryToolOptions> memory_tool_options(const Json& object) {
  OptionReader reader(object);
  MemoryToolOptions options{.definition = TRY(read_definition(reader))};
  const std::string action = TRY(reader.text("action"));
  bool is_known = false;
  for (const auto& [value, name] : kActions) {
    if (action != name) continue;
    options.action = value;
    is_known = true;
  }
  if (!is_known) return reader.error("action", "is not remember, recall or facts");
  options.file = TRY(reader.text("file"));
  TRY(reader.finish());
  ToolDefinition& definition = options.definition;
  const ToolEffect expected = options.action == MemoryAction::kRemember ? ToolEffect::kIdempotent : ToolEffect::kRead;
  if (definition.effect != expected)
    return reader.error("effect", fmt::format("must be {} for \"{}\"", tool_effect_name(expected), action));
  if (definition.input_schema.is_null()) definition.input_schema = input_schema_of(options.action);
  if (definition.output_schema.is_null()) definition.output_schema = output_schema_of(options.action);
  return options;
}

Result<std::unique_ptr<Tool>> make_memory_tool(MemoryToolOptions options) {
  auto facts = store::FactStore::open(options.file);
  if (!facts.ok()) return std::move(facts).error().with_context(fmt::format("tool {}", options.definition.name));
  return std::unique_ptr<Tool>(std::make_unique<MemoryTool>(std::move(options), std::move(*facts)));
}

}  // namespace cadre::agent
