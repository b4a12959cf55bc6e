// SPDX-License-Identifier: Apache-2.0
#include "agent/value_evidence.h"

#include <algorithm>
#include <string>
#include <utility>

#include "contract/schema_fit.h"
#include "contract/schema_uri.h"
#include "text/yaml.h"

namespace cadre::agent {
namespace {

using base::Json;
using contract::Provenance;

std::string text_of_value(const Json& value) {
  return value.is_string() ? value.get<std::string>() : base::dump_json(value);
}

// "/a~1b/0" -> {"a/b", "0"}
std::vector<std::string> steps_of(const std::string& pointer) {
  std::vector<std::string> steps;
  for (size_t begin = 1; begin <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', begin), pointer.size());
    steps.push_back(contract::unescape_pointer(std::string_view(pointer).substr(begin, end - begin)));
    begin = end + 1;
  }
  return steps;
}

// A span of a source as bytes of the input's text that it stands in; of the whole source where it stands in several.
void add_words(const Provenance& found, const OriginScope& scope, Evidence& evidence) {
  const SourceText source = source_text(found.source, scope);
  const auto part = std::find_if(source.parts.begin(), source.parts.end(), [&](const SourcePart& each) {
    return found.begin >= each.begin && found.end <= each.end;
  });
  const bool is_in_one = part != source.parts.end();
  const size_t begin = is_in_one ? part->begin : 0;
  evidence.call.from = is_in_one                                ? part->pointer
                       : found.source == contract::kInputSource ? ""
                                                                : text::yaml_pointer("", found.source);
  evidence.words.push_back({static_cast<uint32_t>(found.begin - begin), static_cast<uint32_t>(found.end - begin),
                            source.text.substr(found.begin, found.end - found.begin)});
}

void add_item(const Provenance& found, const OriginScope& scope, Evidence& evidence) {
  const bool is_known = scope.lists != nullptr && scope.lists->is_object() && scope.lists->contains(found.source);
  evidence.call.origin = is_known ? CallOrigin::kKnown : CallOrigin::kList;
  if (is_known) return;
  const std::string list = text::yaml_pointer("", found.source);
  const Json& item = (*scope.input)[found.source][found.index];
  evidence.call.from = text::yaml_pointer(list, std::to_string(found.index)) + (item.is_array() ? "/0" : "");
}

Evidence evidence_of(const Provenance& found, const std::string& value, const OriginScope& scope) {
  Evidence evidence{.role = found.is_name ? EvidenceRole::kName : EvidenceRole::kValue, .value = value};
  evidence.call.place = found.pointer;
  evidence.call.source = found.source;
  evidence.call.occurrences = found.occurrences;
  evidence.call.origin = found.kind == Provenance::Kind::kNormal ? CallOrigin::kNormal : CallOrigin::kCopy;
  if (found.kind == Provenance::Kind::kSet)
    add_item(found, scope, evidence);
  else
    add_words(found, scope, evidence);
  return evidence;
}

class Collector {
 public:
  Collector(std::vector<Provenance> found, const Json& schema, const OriginScope& scope)
      : found_(std::move(found)), schema_(schema), scope_(scope) {}

  void walk(const Json& value, const std::string& pointer) {
    if (evidence_.size() >= kValueEvidenceMax) return;
    if (add_found(value, pointer) || value.is_null()) return walk_into(value, pointer);
    if (value.is_primitive()) add_enum(value, pointer);
    walk_into(value, pointer);
  }
  std::vector<Evidence> evidence() && { return std::move(evidence_); }

 private:
  void walk_into(const Json& value, const std::string& pointer) {
    if (value.is_object())
      for (const auto& [name, member] : value.items()) walk(member, text::yaml_pointer(pointer, name));
    if (value.is_array())
      for (size_t i = 0; i < value.size(); ++i) walk(value[i], text::yaml_pointer(pointer, std::to_string(i)));
  }

  // False: nothing was found out about the value itself.
  bool add_found(const Json& value, const std::string& pointer) {
    bool is_told = false;
    for (const Provenance& found : found_) {
      if (found.pointer != pointer || evidence_.size() >= kValueEvidenceMax) continue;
      const std::string text = found.is_name ? steps_of(pointer).back() : text_of_value(value);
      Evidence evidence = evidence_of(found, text, scope_);
      is_told = is_told || !found.is_name;
      if (std::find(evidence_.begin(), evidence_.end(), evidence) == evidence_.end())
        evidence_.push_back(std::move(evidence));
    }
    return is_told;
  }

  void add_enum(const Json& value, const std::string& pointer) {
    const auto part = contract::sub_schema(schema_, steps_of(pointer));
    if (!part.ok() || !part->schema.is_object()) return;
    if (!part->schema.contains("enum") && !part->schema.contains("const")) return;
    Evidence evidence{.role = EvidenceRole::kValue, .value = text_of_value(value)};
    evidence.call = {.place = pointer, .origin = CallOrigin::kEnum};
    evidence_.push_back(std::move(evidence));
  }

  const std::vector<Provenance> found_;
  const Json& schema_;
  const OriginScope& scope_;
  std::vector<Evidence> evidence_;
};

// The reference in a planned input by which the value at `pointer` came there; empty: it stands in the plan itself.
std::string reference_at(const Json& planned_input, const std::string& pointer) {
  const Json* at = &planned_input;
  std::string reference;
  for (const std::string& step : steps_of(pointer)) {
    if (!reference.empty()) {
      reference += "." + step;
    } else if (at->is_object() && at->contains(step)) {
      at = &(*at)[step];
    } else if (at->is_array() && !step.empty() && step.find_first_not_of("0123456789") == std::string::npos &&
               step.size() < 10 && std::stoul(step) < at->size()) {
      at = &(*at)[std::stoul(step)];
    } else {
      return "";
    }
    if (reference.empty() && at->is_string() && at->get_ref<const std::string&>().starts_with('$') &&
        !at->get_ref<const std::string&>().starts_with("$$"))
      reference = at->get<std::string>();
  }
  return reference;
}

}  // namespace

std::vector<Evidence> value_evidence(const SchemaCheck& check, const Json& schema, const Json& call,
                                     const OriginScope& scope) {
  if (check.origins().empty()) return {};
  auto found = check.origins_of(call, scope);
  if (!found.ok()) return {};  // it was verified under the same schema
  Collector collector(std::move(*found), schema, scope);
  collector.walk(call, "");
  return std::move(collector).evidence();
}

void name_references(const Json& planned_input, std::vector<Evidence>& evidence) {
  for (Evidence& one : evidence)
    if (one.call.from) one.call.reference = reference_at(planned_input, *one.call.from);
}

}  // namespace cadre::agent
