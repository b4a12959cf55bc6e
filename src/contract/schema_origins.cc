// The keywords of SchemaReader that say where values come from, and what x-grounded means for the schemas below it.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "contract/schema_reader.h"
#include "contract/schema_uri.h"

namespace cadre::contract {
namespace {

constexpr std::array kUnits = {
    std::pair{std::string_view("char"), CopyUnit::kChar}, std::pair{std::string_view("word"), CopyUnit::kWord},
    std::pair{std::string_view("token"), CopyUnit::kToken}, std::pair{std::string_view("line"), CopyUnit::kLine}};
constexpr NormalKind kNormals[] = {NormalKind::kDate, NormalKind::kNumber, NormalKind::kPhone};

bool is_in_place(std::string_view keyword) {
  for (const std::string_view name : {"allOf", "anyOf", "oneOf", "then", "else", "dependencies", "dependentSchemas",
                                      "$ref", "$dynamicRef", "$recursiveRef"}) {
    if (keyword == name) return true;
  }
  return false;
}

bool is_condition(std::string_view keyword) {
  return keyword == "not" || keyword == "if" || keyword == "propertyNames";
}

}  // namespace

const char* normal_kind_name(NormalKind kind) {
  switch (kind) {
    case NormalKind::kDate:
      return "date";
    case NormalKind::kNumber:
      return "number";
    case NormalKind::kPhone:
      return "phone";
  }
  return "";
}

SchemaReader::Grounding SchemaReader::grounding_below(Grounding here, std::string_view keyword) {
  if (here == Grounding::kNone || is_condition(keyword)) return Grounding::kNone;
  return is_in_place(keyword) ? Grounding::kInPlace : Grounding::kDemand;
}

// Comes before the other keywords: it concerns all schemas below.
Result<void> SchemaReader::read_grounded(Here& here) const {
  const auto* value = here.value->find("x-grounded");
  if (value == nullptr) return {};
  if (value->kind != JsonKind::kTrue && value->kind != JsonKind::kFalse)
    return malformed(here, "x-grounded", "a boolean");
  here.grounding = value->kind == JsonKind::kTrue ? Grounding::kDemand : Grounding::kNone;
  return {};
}

Result<void> SchemaReader::read_origin(const Here& here, Keyword keyword, const std::string& name,
                                       const JsonValue& value) {
  switch (keyword) {
    case Keyword::kCopy:
      node(here).copy = TRY(read_copy(here, name, value));
      return {};
    case Keyword::kEnumFrom:
      if (value.kind != JsonKind::kString || value.text.empty()) return malformed(here, name, "the name of a set");
      node(here).enum_from = value.text;
      return {};
    default:
      break;
  }
  for (const NormalKind kind : kNormals) {
    if (value.kind == JsonKind::kString && value.text == normal_kind_name(kind)) node(here).normal = NormalRule{kind};
  }
  if (!node(here).normal) return malformed(here, name, "one of \"date\", \"number\", \"phone\"");
  return {};
}

Result<CopyRule> SchemaReader::read_copy(const Here& here, const std::string& name, const JsonValue& value) const {
  CopyRule rule;
  if (value.kind == JsonKind::kString) {
    rule.from = TRY(read_sources(path_of(here, name), value));
    return rule;
  }
  if (value.kind != JsonKind::kObject) return malformed(here, name, "an object or the name of a source");
  const auto wrong = [&](const std::string& member, std::string_view expected) {
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}/{}: the value is not {}", path_of(here, name), escape_pointer(member), expected)};
  };
  const auto read_words = [&](const std::string& key, const JsonValue& count) -> Result<uint32_t> {
    int64_t words = -1;
    const bool fits = count.kind == JsonKind::kNumber && count.number.to_int64(&words) && words >= 0 &&
                      words <= int64_t{kCopyWordsMax};
    if (!fits) return wrong(key, fmt::format("an integer from 0 to {}", kCopyWordsMax));
    return static_cast<uint32_t>(words);
  };
  const auto read_fold = [&](const JsonValue& fold) -> Result<void> {
    const bool known =
        fold.kind == JsonKind::kString && (fold.text == "exact" || fold.text == "case" || fold.text == "space");
    if (!known) return wrong("fold", "one of \"exact\", \"case\", \"space\", or a list of them");
    rule.fold_case |= fold.text == "case";
    rule.fold_space |= fold.text == "space";
    return {};
  };
  for (const auto& [key, member] : value.members) {
    if (key == "from") {
      rule.from = TRY(read_sources(path_of(here, name) + "/from", member));
    } else if (key == "unit") {
      const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&member = member](const auto& row) {
        return member.kind == JsonKind::kString && row.first == member.text;
      });
      if (unit == kUnits.end()) return wrong(key, "one of \"char\", \"word\", \"token\", \"line\"");
      rule.unit = unit->second;
    } else if (key == "minWords") {
      rule.words_min = TRY(read_words(key, member));
    } else if (key == "maxWords") {
      rule.words_max = TRY(read_words(key, member));
    } else if (key == "fold" && member.kind == JsonKind::kArray) {
      for (const JsonValue& fold : member.items) TRY(read_fold(fold));
    } else if (key == "fold") {
      TRY(read_fold(member));
    } else {
      return Error{ErrorCode::kInvalid,
                   fmt::format("{}/{}: x-copy has no such member", path_of(here, name), escape_pointer(key))};
    }
  }
  const bool counts = rule.words_min > 0 || rule.words_max != kAnyWords;
  if (counts && rule.unit == CopyUnit::kChar)
    return malformed(here, name, "sensible: minWords and maxWords count whole words, which unit \"char\" may cut");
  return rule;
}

Result<std::vector<std::string>> SchemaReader::read_sources(const std::string& path, const JsonValue& value) {
  std::vector<std::string> sources;
  const auto add = [&](const JsonValue& one) {
    if (one.kind != JsonKind::kString || one.text.empty()) return false;
    if (std::find(sources.begin(), sources.end(), one.text) == sources.end()) sources.push_back(one.text);
    return true;
  };
  bool good = false;
  if (value.kind == JsonKind::kArray) {
    good = !value.items.empty() && std::all_of(value.items.begin(), value.items.end(), add);
  } else {
    good = add(value);
  }
  if (!good || sources.size() > kCopySourcesMax)
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{}: the value is not the name of a source or a list of 1 to {} names", path, kCopySourcesMax)};
  return sources;
}

Result<void> SchemaReader::finish_origins(const Here& here) {
  auto& to = node(here);
  if (to.normal && to.copy) {
    CopyRule source_only;
    source_only.from = to.copy->from;
    if (*to.copy != source_only)
      return malformed(here, "x-copy", "fit to stand beside x-normal: it may only say `from` there");
    to.normal->from = std::move(to.copy->from);
    to.copy.reset();
  }
  if (here.grounding == Grounding::kNone) return {};
  if (node(here).if_schema) node(here).if_schema = without_marks(*node(here).if_schema);
  if (here.grounding == Grounding::kDemand) ground(here.id);
  return {};
}

// The same condition, twice negated: members that only a condition looks at count as not looked at, so they are grounded.
SchemaId SchemaReader::without_marks(SchemaId condition) {
  for (int i = 0; i < 2; ++i) {
    SchemaNode negation;
    negation.path = schema_.nodes[condition].path;
    negation.negated = condition;
    condition = static_cast<SchemaId>(schema_.nodes.size());
    schema_.nodes.push_back(std::move(negation));
  }
  return condition;
}

// What no keyword of the node looks at is grounded as any value is.
void SchemaReader::ground(SchemaId id) {
  if (!grounded_any_) {
    grounded_any_ = static_cast<SchemaId>(schema_.nodes.size());
    auto& any = schema_.nodes.emplace_back();
    any.path = "x-grounded";
    any.grounded = true;
    any.additional_properties = grounded_any_;
    any.items = grounded_any_;
  }
  auto& to = schema_.nodes[id];
  to.grounded = true;
  if ((to.types & kTypeObject) != 0 && !to.additional_properties && !to.unevaluated_properties)
    to.unevaluated_properties = grounded_any_;
  if ((to.types & kTypeArray) != 0 && !to.items && !to.unevaluated_items) to.unevaluated_items = grounded_any_;
}

}  // namespace cadre::contract
