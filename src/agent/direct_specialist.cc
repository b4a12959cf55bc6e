// SPDX-License-Identifier: Apache-2.0
#include "agent/direct_specialist.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "agent/assertions.h"
#include "agent/text_template.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "contract/schema_fit.h"

namespace cadre::agent {

using base::Json;

namespace {

constexpr size_t kSaidSizeMax = 400;  // bytes of a result in an answer

std::string hash_of(const Json& terms) {
  return base::to_hex(base::sha256(base::dump_json(terms)));
}

// A place that no value of the schema has is a mistake in the file, not something to find out in a run.
Result<void> check_places(const TextTemplate& text, const Json& schema) {
  if (schema.is_null()) return {};
  for (const std::vector<std::string>& path : text.paths()) {
    const auto part = contract::sub_schema(schema, path);
    if (!part.ok() && part.error().code == ErrorCode::kNotFound)
      return Error{ErrorCode::kInvalid, fmt::format("template: no input has \"{}\"", fmt::join(path, "."))};
  }
  return {};
}

Json places_to_json(const TextTemplate::Rendered& rendered) {
  Json places = Json::array();
  for (const TextTemplate::Place& place : rendered.places)
    places.push_back({{"begin", place.begin}, {"end", place.end}, {"path", place.path}});
  return places;
}

std::string shortened_value(std::string text) {
  if (text.size() <= kSaidSizeMax) return text;
  return std::string(base::utf8_prefix(text, kSaidSizeMax)) + "…";
}

AttemptReturned certain(Json call) {
  AttemptReturned returned{.is_exhaustive = true};
  returned.candidates.push_back({std::move(call), 1, nullptr});
  return returned;
}

class CallSpecialist final : public Specialist {
 public:
  CallSpecialist(SpecialistDefinition definition, std::shared_ptr<Tool> tool, Assertions before, Assertions after,
                 std::optional<TextTemplate> say)
      : definition_(std::move(definition)),
        tool_(std::move(tool)),
        before_(std::move(before)),
        after_(std::move(after)),
        say_(std::move(say)) {}

  const SpecialistDefinition& definition() const override { return definition_; }
  Tool* tool() const override { return tool_.get(); }
  AttemptReturned attempt(const StepTask& task, const AttemptLimits&) const override { return certain(task.input); }

  std::vector<Verdict> verify_call(const StepTask&, const Candidate& candidate) const override {
    return before_.check({{"call", &candidate.call}});
  }

  CheckedResult verify_result(const StepTask&, const Candidate& candidate, const Json& result) const override {
    return {after_.check({{"call", &candidate.call}, {"result", &result}}), result};
  }

  StepAnswer answer(const StepTask&, const Candidate& candidate, const Json& output) const override {
    const Json value = {{"call", candidate.call}, {"result", output}};
    Json evidence = {{"tool", tool_->definition().name}, {"call", candidate.call}};
    if (say_) {
      if (auto said = say_->render(value); said.ok()) {
        evidence["places"] = places_to_json(*said);
        return {said->text, std::move(evidence)};
      }
    }
    return {shortened_value(readable_text(output)), std::move(evidence)};
  }

  Json details() const override {
    const ToolDefinition& tool = tool_->definition();
    return {{"tool", tool.name}, {"effect", tool_effect_name(tool.effect)}, {"fenced", tool.is_fenced}};
  }

 private:
  SpecialistDefinition definition_;
  std::shared_ptr<Tool> tool_;
  Assertions before_, after_;
  std::optional<TextTemplate> say_;
};

class TemplateSpecialist final : public Specialist {
 public:
  TemplateSpecialist(SpecialistDefinition definition, TextTemplate text)
      : definition_(std::move(definition)), text_(std::move(text)) {}

  const SpecialistDefinition& definition() const override { return definition_; }

  AttemptReturned attempt(const StepTask& task, const AttemptLimits&) const override {
    const auto rendered = text_.render(task.input);
    if (!rendered.ok()) return {.error = rendered.error(), .is_exhaustive = true};
    AttemptReturned returned = certain({{"text", rendered->text}});
    returned.candidates[0].grounds = places_to_json(*rendered);
    return returned;
  }

  // The text is what the input says, and nothing else: made again from the input, it is the same.
  std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const override {
    const auto rendered = text_.render(task.input);
    const bool is_grounded = rendered.ok() && candidate.call == Json({{"text", rendered->text}});
    return {{"grounded", is_grounded, is_grounded ? "" : "the text is not what the input says"}};
  }

  CheckedResult verify_result(const StepTask&, const Candidate&, const Json& result) const override {
    return {{}, result};
  }

  StepAnswer answer(const StepTask&, const Candidate& candidate, const Json& output) const override {
    return {output["text"].get<std::string>(), {{"places", candidate.grounds}}};
  }

 private:
  SpecialistDefinition definition_;
  TextTemplate text_;
};

}  // namespace

Result<std::shared_ptr<const Specialist>> make_call_specialist(CallSpecialistOptions options,
                                                               std::shared_ptr<Tool> tool) {
  Assertions before = TRY(Assertions::parse("before", options.before, {"call"}));
  Assertions after = TRY(Assertions::parse("after", options.after, {"call", "result"}));
  std::optional<TextTemplate> say;
  if (!options.say.empty()) say = TRY(TextTemplate::parse(options.say));
  const ToolDefinition& definition_of_tool = tool->definition();
  SpecialistDefinition definition{.name = options.name, .version = "call", .purpose = std::move(options.purpose)};
  definition.input_schema = options.input_schema.is_null() ? definition_of_tool.input_schema : options.input_schema;
  if (definition.input_schema.is_null()) definition.input_schema = {{"type", "object"}};
  definition.output_schema = definition_of_tool.output_schema;
  definition.policy = options.policy;
  definition.identity = hash_of({{"kind", "call"},
                                 {"tool", tool_fingerprint(definition_of_tool)},
                                 {"input", definition.input_schema},
                                 {"before", options.before},
                                 {"after", options.after}});
  return std::shared_ptr<const Specialist>(std::make_shared<CallSpecialist>(
      std::move(definition), std::move(tool), std::move(before), std::move(after), std::move(say)));
}

Result<std::shared_ptr<const Specialist>> make_template_specialist(TemplateSpecialistOptions options) {
  TextTemplate text = TRY(TextTemplate::parse(options.text));
  TRY(check_places(text, options.input_schema));
  SpecialistDefinition definition{.name = options.name, .version = "template", .purpose = std::move(options.purpose)};
  definition.input_schema = options.input_schema.is_null() ? Json{{"type", "object"}} : options.input_schema;
  definition.output_schema = {{"type", "object"},
                              {"properties", {{"text", {{"type", "string"}}}}},
                              {"required", {"text"}},
                              {"additionalProperties", false}};
  definition.call_schema = definition.output_schema;
  definition.policy = options.policy;
  definition.identity = hash_of({{"kind", "template"}, {"text", options.text}, {"input", definition.input_schema}});
  return std::shared_ptr<const Specialist>(
      std::make_shared<TemplateSpecialist>(std::move(definition), std::move(text)));
}

}  // namespace cadre::agent
