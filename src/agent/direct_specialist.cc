// SPDX-License-Identifier: Apache-2.0
#include "agent/direct_specialist.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <set>
#include <utility>

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

// The members that a call schema names; none where it is null or names none.
std::set<std::string> members_of(const Json& call_schema) {
  std::set<std::string> members;
  if (!call_schema.is_object() || !call_schema.contains("properties")) return members;
  for (const auto& [name, schema] : call_schema["properties"].items()) members.insert(name);
  return members;
}

class CallSpecialist final : public Specialist {
 public:
  CallSpecialist(SpecialistDefinition definition, CallSpecialistOptions options, std::shared_ptr<Tool> tool,
                 CallTerms terms, std::optional<TextTemplate> say)
      : definition_(std::move(definition)),
        options_(std::move(options)),
        tool_(std::move(tool)),
        terms_(std::move(terms)),
        say_(std::move(say)) {}

  const SpecialistDefinition& definition() const override { return definition_; }
  Tool* tool() const override { return tool_.get(); }
  AttemptReturned attempt(const StepTask& task, const AttemptLimits&) const override {
    if (definition_.call_members.empty()) return certain(task.input);
    Json call = Json::object();
    for (const auto& [name, value] : task.input.items())
      if (definition_.call_members.contains(name)) call[name] = value;
    AttemptReturned returned = certain(std::move(call));
    returned.candidates[0].probability = options_.probability;
    return returned;
  }

  std::vector<Verdict> verify_call(const StepTask& task, const Candidate& candidate) const override {
    const std::optional<Json> sources = sources_in(task.input, definition_);
    return terms_.before_call(candidate.call, task.input, sources ? *sources : task.input);
  }

  CheckedResult verify_result(const StepTask& task, const Candidate& candidate, const Json& result) const override {
    return {terms_.after_call(candidate.call, task.input, result), result};
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
    const bool has_member =
        !options_.answer_member.empty() && output.is_object() && output.contains(options_.answer_member);
    return {shortened_value(readable_text(has_member ? output[options_.answer_member] : output)), std::move(evidence)};
  }

  Json details() const override {
    const ToolDefinition& tool = tool_->definition();
    return {{"tool", tool.name}, {"effect", tool_effect_name(tool.effect)}, {"fenced", tool.is_fenced}};
  }

 private:
  SpecialistDefinition definition_;
  CallSpecialistOptions options_;
  std::shared_ptr<Tool> tool_;
  CallTerms terms_;
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

Result<void> check_input_has_call(const Json& input_schema, const Json& call_schema) {
  const auto wrong = [](std::string why) { return Error{ErrorCode::kInvalid, std::move(why)}; };
  const std::set<std::string> members = members_of(call_schema);
  if (members.empty())
    return wrong("its call schema names no \"properties\": nobody knows which members of an input are the call");
  std::set<std::string> needed;
  for (const Json& name : call_schema.value("required", Json::array()))
    if (name.is_string()) needed.insert(name.get<std::string>());
  for (const std::string& name : members) {
    const auto given = contract::sub_schema(input_schema, {name});
    if (!given.ok() && given.error().code == ErrorCode::kNotFound && needed.contains(name))
      return wrong(
          fmt::format("no input has \"{}\", which every call needs: a model writes it from something else", name));
    const auto taken = contract::sub_schema(call_schema, {name});
    if (!given.ok() || !taken.ok()) continue;
    const auto fits = TRY(contract::fit(given->schema, taken->schema));
    if (fits.kind == contract::FitKind::kNeverFits)
      return wrong(fmt::format("the \"{}\" of an input is never one of a call: {}{}", name,
                               fits.path.empty() ? "" : fits.path + ": ", fits.message));
  }
  return {};
}

Result<std::shared_ptr<const Specialist>> make_call_specialist(CallSpecialistOptions options,
                                                               std::shared_ptr<Tool> tool) {
  CallTerms terms = TRY(CallTerms::make(options.terms));
  std::optional<TextTemplate> say;
  if (!options.say.empty()) say = TRY(TextTemplate::parse(options.say));
  const ToolDefinition& definition_of_tool = tool->definition();
  SpecialistDefinition definition{.name = options.name, .version = options.version, .purpose = options.purpose};
  definition.input_schema = options.input_schema.is_null() ? definition_of_tool.input_schema : options.input_schema;
  if (definition.input_schema.is_null()) definition.input_schema = {{"type", "object"}};
  definition.output_schema = options.output_schema.is_null() ? definition_of_tool.output_schema : options.output_schema;
  definition.call_schema = options.call_schema;
  definition.call_members = members_of(options.call_schema);
  definition.lists = options.lists;
  definition.policy = options.policy;
  Json parts = {{"kind", "call"},
                {"tool", tool_fingerprint(definition_of_tool)},
                {"input", definition.input_schema},
                {"before", options.terms.before},
                {"after", options.terms.after}};
  if (!options.pack_identity.empty()) parts["pack"] = options.pack_identity;
  definition.identity = hash_of(parts);
  return std::shared_ptr<const Specialist>(std::make_shared<CallSpecialist>(
      std::move(definition), std::move(options), std::move(tool), std::move(terms), std::move(say)));
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
