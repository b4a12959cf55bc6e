// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_validate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "contract/json_scan.h"

// Inlining would give every level of the recursion the locals of all its branches: 4096 levels must fit into 8 MiB of
// stack, with sanitizers too.
#define CADRE_OWN_FRAME [[gnu::noinline]]

namespace cadre::contract {
namespace {

constexpr size_t kFewNames = 16;  // up to here a linear search beats building an index
// Verdicts on containers are remembered after so many schema applications, which few documents come to, and up to so many.
constexpr size_t kStepsUnremembered = 10'000;
constexpr size_t kVerdictsMax = 1'000'000;

// Where in the instance we are: a list from the innermost step outwards, on the call stack.
struct Place {
  const Place* parent = nullptr;
  const std::string* name = nullptr;  // null: an item
  size_t index = 0;
};

// Which items or members of one instance have been looked at by a schema that held; null where nobody asks.
using Marks = std::vector<bool>;

void merge(const Marks& from, Marks* to) {
  if (to == nullptr) return;
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i]) (*to)[i] = true;
  }
}

void mark_first(Marks* marks, size_t count) {
  if (marks != nullptr) std::fill_n(marks->begin(), std::min(count, marks->size()), true);
}

std::string pointer_to(const Place* place) {
  std::vector<std::string> steps;
  for (; place->parent != nullptr; place = place->parent) {
    if (place->name == nullptr) {
      steps.push_back(std::to_string(place->index));
      continue;
    }
    auto& step = steps.emplace_back();
    for (const char c : *place->name) {
      if (c == '~' || c == '/') {
        step.append(c == '~' ? "~0" : "~1");
      } else {
        step.push_back(c);
      }
    }
  }
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) out.append("/").append(*step);
  return out;
}

uint8_t type_bits(const JsonValue& value, bool plain_integers) {
  switch (value.kind) {
    case JsonKind::kNull:
      return kTypeNull;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return kTypeBoolean;
    case JsonKind::kNumber:
      return value.number.is_integer() && (value.is_plain_integer || !plain_integers) ? kTypeInteger : kTypeNumber;
    case JsonKind::kString:
      return kTypeString;
    case JsonKind::kArray:
      return kTypeArray;
    case JsonKind::kObject:
      return kTypeObject;
  }
  return 0;
}

// Does the verdict on a number depend on more than its being one?
bool is_judged_by_value(const SchemaNode& node) {
  const bool has_bounds =
      node.minimum || node.exclusive_minimum || node.maximum || node.exclusive_maximum || node.multiple_of;
  const bool tells_integers = ((node.types & kTypeInteger) != 0) != ((node.types & kTypeNumber) != 0);
  return has_bounds || tells_integers || !node.value_lists.empty();
}

uint64_t code_point_count(std::string_view text) {
  return static_cast<uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

class Validator {
 public:
  // `origins`: where to put the origins of values, null if nobody asks.
  Validator(const Schema& schema, const Bindings* bindings, std::vector<Provenance>* origins)
      : schema_(schema), origins_(origins) {
    if (bindings != nullptr) origin_check_.emplace(*bindings);
  }

  Result<Validity> validate(const JsonValue& instance) {
    const Place root;
    validity_.valid = apply(schema_.root, instance, root, nullptr);
    if (stopped_) return std::move(error_);
    if (validity_.valid) validity_ = Validity{.valid = true};
    return std::move(validity_);
  }

 private:
  // Does the instance satisfy the schema? On success the evaluated parts are marked.
  bool apply(SchemaId id, const JsonValue& instance, const Place& place, Marks* marks) {
    if (depth_ >= kValidateDepthMax) return stop("schemas apply inside each other more than 4096 deep");
    if (++steps_ > kValidateStepsMax) return stop("more schema applications than the limit");
    if (marks != nullptr || steps_ <= kStepsUnremembered || (instance.items.empty() && instance.members.empty()))
      return apply_anew(id, instance, place, marks);
    return apply_remembered(id, instance, place);
  }

  bool apply_anew(SchemaId id, const JsonValue& instance, const Place& place, Marks* marks) {
    ++depth_;
    const SchemaNode& node = schema_.nodes[id];
    const bool looks_back = (node.unevaluated_items && instance.kind == JsonKind::kArray) ||
                            (node.unevaluated_properties && instance.kind == JsonKind::kObject);
    const bool holds =
        looks_back ? apply_with_own_marks(node, instance, place, marks) : apply_node(node, instance, place, marks);
    --depth_;
    return holds;
  }

  // Alternatives inside alternatives ask about the same part of the instance again and again: without a memory the work doubles with every level.
  CADRE_OWN_FRAME bool apply_remembered(SchemaId id, const JsonValue& instance, const Place& place) {
    const auto known = verdicts_.find({id, &instance});
    // What does not hold is looked at again where a violation has to be named.
    if (known != verdicts_.end() && (known->second || quiet_ > 0)) return known->second;
    const size_t origins = origins_ == nullptr ? 0 : origins_->size();
    const bool holds = apply_anew(id, instance, place, nullptr);
    const bool says_origins = origins_ != nullptr && holds && origins_->size() != origins;  // each time anew
    if (!stopped_ && !says_origins && verdicts_.size() < kVerdictsMax) verdicts_.insert({{id, &instance}, holds});
    return holds;
  }

  CADRE_OWN_FRAME bool apply_with_own_marks(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                            Marks* marks) {
    Marks own(instance.items.size() + instance.members.size());
    if (!apply_node(node, instance, place, &own)) return false;
    if (!check_unevaluated(node, instance, place, own)) return false;
    merge(own, marks);
    return true;
  }

  CADRE_OWN_FRAME bool apply_node(const SchemaNode& node, const JsonValue& instance, const Place& place, Marks* marks) {
    if (node.never) return fail(node, "", place, "the schema is false: nothing is allowed here");
    if (instance.number_size_bytes > kNumberSizeBytesMax && is_judged_by_value(node))
      return stop("a number of more than 1200 bytes has to be compared; write it shorter");
    if ((type_bits(instance, node.plain_integers) & node.types) == 0)
      return fail(node, "type", place, "a value of another type is expected");
    if (!check_value_lists(node, instance, place)) return false;
    if (origin_check_ && (instance.kind == JsonKind::kString || instance.kind == JsonKind::kNumber)) {
      if (!check_origins(node, instance, place)) return false;
    }
    switch (instance.kind) {
      case JsonKind::kNumber:
        if (!check_number(node, instance.number, place)) return false;
        break;
      case JsonKind::kString:
        if (!check_string(node, instance.text, place)) return false;
        break;
      case JsonKind::kArray:
        if (!check_array(node, instance, place, marks)) return false;
        break;
      case JsonKind::kObject:
        if (!check_object(node, instance, place, marks)) return false;
        break;
      default:
        break;
    }
    return check_combinations(node, instance, place, marks);
  }

  CADRE_OWN_FRAME bool check_value_lists(const SchemaNode& node, const JsonValue& instance, const Place& place) {
    for (const auto& list : node.value_lists) {
      const bool found =
          std::any_of(list.begin(), list.end(), [&](const JsonValue& value) { return same_value(value, instance); });
      if (!found) return fail(node, "enum", place, "the value is none of those that are listed");
    }
    return true;
  }

  CADRE_OWN_FRAME bool check_origins(const SchemaNode& node, const JsonValue& instance, const Place& place) {
    if (node.copy && instance.kind == JsonKind::kString &&
        !note_origin(origin_check_->find_copy(*node.copy, instance.text), place))
      return fail(node, "x-copy", place, "the string is no such span of its source");
    if (node.normal && !has_normal(*node.normal, instance, place))
      return fail(node, "x-normal", place, "the value is the normal form of nothing that its source mentions");
    if (!node.enum_from.empty() && !note_origin(origin_check_->find_in_set(node.enum_from, instance), place))
      return fail(node, "x-enum-from", place, "the value is not in the set");
    if (!node.grounded || says_origin(node, instance, place)) return !stopped_;
    const bool grounded = instance.kind == JsonKind::kString
                              ? note_origin(origin_check_->find_copy(CopyRule(), instance.text), place)
                              : has_normal({NormalKind::kNumber, {kInputSource}}, instance, place);
    return grounded || fail(node, "x-grounded", place, "the value does not stand in the input");
  }

  CADRE_OWN_FRAME bool has_normal(const NormalRule& rule, const JsonValue& instance, const Place& place) {
    auto found = origin_check_->find_normal(rule, instance);
    if (found.ok()) return note_origin(std::move(*found), place);
    stopped_ = true;
    error_ = found.error();
    return false;
  }

  bool note_origin(std::optional<Provenance> origin, const Place& place) {
    if (origin && origins_ != nullptr) {
      origin->pointer = pointer_to(&place);
      origin->is_name = is_name_;
      origins_->push_back(std::move(*origin));
    }
    return origin.has_value();
  }

  // Does a schema for the same instance, which holds, say where the value comes from?
  CADRE_OWN_FRAME bool says_origin(const SchemaNode& node, const JsonValue& instance, const Place& place) {
    if (!node.value_lists.empty() || node.copy || node.normal || !node.enum_from.empty()) return true;
    const auto says = [&](SchemaId id) { return says_origin(schema_.nodes[id], instance, place); };
    const auto says_and_holds = [&](SchemaId id) { return says(id) && holds_quietly(id, instance, place, nullptr); };
    for (const SchemaId child : node.all_of) {
      if (says(child)) return true;
    }
    for (const auto* lists : {&node.any_of, &node.one_of}) {
      for (const auto& list : *lists) {
        if (std::any_of(list.begin(), list.end(), says_and_holds)) return true;
      }
    }
    if (!node.if_schema) return false;
    const bool condition = holds_quietly(*node.if_schema, instance, place, nullptr);
    const auto& branch = condition ? node.then_schema : node.else_schema;
    return branch && says(*branch);
  }

  CADRE_OWN_FRAME bool check_number(const SchemaNode& node, const Decimal& number, const Place& place) {
    if (node.minimum && number.compare(*node.minimum) < 0)
      return fail(node, "minimum", place, "the number is too small");
    if (node.exclusive_minimum && number.compare(*node.exclusive_minimum) <= 0)
      return fail(node, "exclusiveMinimum", place, "the number is too small");
    if (node.maximum && number.compare(*node.maximum) > 0)
      return fail(node, "maximum", place, "the number is too great");
    if (node.exclusive_maximum && number.compare(*node.exclusive_maximum) >= 0)
      return fail(node, "exclusiveMaximum", place, "the number is too great");
    if (node.multiple_of && !number.is_multiple_of(*node.multiple_of))
      return fail(node, "multipleOf", place, "the number is not a multiple of the given one");
    return true;
  }

  CADRE_OWN_FRAME bool check_string(const SchemaNode& node, const std::string& text, const Place& place) {
    if (node.min_length || node.max_length) {
      const uint64_t length = code_point_count(text);
      if (node.min_length && length < *node.min_length)
        return fail(node, "minLength", place, "the string is too short");
      if (node.max_length && length > *node.max_length) return fail(node, "maxLength", place, "the string is too long");
    }
    for (const uint32_t pattern : node.patterns) {
      if (!matches(pattern, text))
        return fail(node, "pattern", place, "the string does not match the pattern (or format)");
    }
    if (node.asserts_regex && !is_regex(text))
      return fail(node, "format", place, "the string is not a regular expression");
    return true;
  }

  // What this reader of patterns does not support may still be one.
  static bool is_regex(const std::string& text) {
    const auto regex = Regex::parse(text);
    return regex.ok() || regex.error().code != ErrorCode::kInvalid;
  }

  bool matches(uint32_t pattern, const std::string& text) {
    const auto found = schema_.patterns[pattern].search(text);
    if (found.ok()) return *found;
    stopped_ = true;
    error_ = found.error();
    return false;
  }

  CADRE_OWN_FRAME bool check_array(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                   Marks* marks) {
    const size_t count = instance.items.size();
    if (node.min_items && count < *node.min_items) return fail(node, "minItems", place, "the array has too few items");
    if (node.max_items && count > *node.max_items) return fail(node, "maxItems", place, "the array has too many items");
    const size_t prefix = std::min(count, node.prefix_items.size());
    for (size_t i = 0; i < prefix; ++i) {
      if (!apply(node.prefix_items[i], instance.items[i], Place{&place, nullptr, i}, nullptr)) return false;
    }
    mark_first(marks, prefix);
    if (node.items) {
      for (size_t i = prefix; i < count; ++i) {
        if (!apply(*node.items, instance.items[i], Place{&place, nullptr, i}, nullptr)) return false;
      }
      mark_first(marks, count);
    }
    if (node.contains && !check_contains(node, instance, place, marks)) return false;
    if (node.unique_items && !items_are_unique(instance))
      return fail(node, "uniqueItems", place, "two items are equal");
    return true;
  }

  CADRE_OWN_FRAME bool check_contains(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                      Marks* marks) {
    uint64_t found = 0;
    for (size_t i = 0; i < instance.items.size(); ++i) {
      if (!holds_quietly(*node.contains, instance.items[i], Place{&place, nullptr, i}, nullptr)) continue;
      ++found;
      if (marks != nullptr && node.contains_evaluates) (*marks)[i] = true;
    }
    if (found < node.min_contains) return fail(node, "contains", place, "too few items are as `contains` says");
    if (node.max_contains && found > *node.max_contains)
      return fail(node, "maxContains", place, "too many items are as `contains` says");
    return true;
  }

  // Only items with equal hashes are compared.
  bool items_are_unique(const JsonValue& array) {
    std::vector<std::pair<uint64_t, const JsonValue*>> items;
    items.reserve(array.items.size());
    for (const auto& item : array.items) items.emplace_back(hash_value(item), &item);
    std::sort(items.begin(), items.end());
    for (size_t i = 0; i < items.size(); ++i) {
      for (size_t k = i + 1; k < items.size() && items[k].first == items[i].first; ++k) {
        if (++steps_ > kValidateStepsMax) return stop("more comparisons of items than the limit");
        if (same_value(*items[i].second, *items[k].second)) return false;
      }
    }
    return true;
  }

  // Names of one object's members; an index once there are many.
  class Names {
   public:
    explicit Names(const JsonValue& object) : object_(object) {
      if (object.members.size() <= kFewNames) return;
      for (const auto& member : object.members) index_.insert({member.first, 0});
    }
    bool has(const std::string& name) const {
      return index_.empty() ? object_.find(name) != nullptr : index_.count(name) > 0;
    }

   private:
    const JsonValue& object_;
    std::unordered_map<std::string_view, char> index_;
  };

  CADRE_OWN_FRAME bool check_object(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                    Marks* marks) {
    const size_t count = instance.members.size();
    if (node.min_properties && count < *node.min_properties)
      return fail(node, "minProperties", place, "the object has too few members");
    if (node.max_properties && count > *node.max_properties)
      return fail(node, "maxProperties", place, "the object has too many members");
    if (!node.required.empty() || !node.dependent_required.empty()) {
      if (!check_required(node, instance, place)) return false;
    }
    for (size_t i = 0; i < count; ++i) {
      if (!check_member(node, instance, i, place, marks)) return false;
    }
    return true;
  }

  CADRE_OWN_FRAME bool check_required(const SchemaNode& node, const JsonValue& instance, const Place& place) {
    const Names names(instance);
    for (const auto& name : node.required) {
      if (!names.has(name)) return fail(node, "required", place, fmt::format("\"{}\" is missing", name));
    }
    for (const auto& [name, needed] : node.dependent_required) {
      if (!names.has(name)) continue;
      for (const auto& other : needed) {
        if (!names.has(other))
          return fail(node, "dependentRequired", place,
                      fmt::format("\"{}\" is there and \"{}\" is missing", name, other));
      }
    }
    return true;
  }

  CADRE_OWN_FRAME bool check_member(const SchemaNode& node, const JsonValue& instance, size_t index, const Place& place,
                                    Marks* marks) {
    const auto& [name, value] = instance.members[index];
    const Place inner{&place, &name, 0};
    bool evaluated = false;
    if (node.property_names && !name_is_allowed(*node.property_names, name, inner)) return false;
    if (const auto property = find_property(node, name)) {
      evaluated = true;
      if (!apply(*property, value, inner, nullptr)) return false;
    }
    for (const auto& [pattern, schema] : node.pattern_properties) {
      if (!matches(pattern, name)) continue;
      evaluated = true;
      if (!apply(schema, value, inner, nullptr)) return false;
    }
    if (stopped_) return false;
    if (!evaluated && node.additional_properties) {
      evaluated = true;
      if (!apply(*node.additional_properties, value, inner, nullptr)) return false;
    }
    if (evaluated && marks != nullptr) (*marks)[index] = true;
    return true;
  }

  CADRE_OWN_FRAME bool name_is_allowed(SchemaId schema, const std::string& name, const Place& place) {
    JsonValue text;
    text.kind = JsonKind::kString;
    text.text = name;
    const bool was_name = std::exchange(is_name_, true);
    const bool holds = apply(schema, text, place, nullptr);
    is_name_ = was_name;
    return holds;
  }

  std::optional<SchemaId> find_property(const SchemaNode& node, const std::string& name) {
    if (node.properties.size() <= kFewNames) {
      for (const auto& property : node.properties) {
        if (property.first == name) return property.second;
      }
      return std::nullopt;
    }
    auto& index = property_indices_[&node];
    if (index.empty()) index.insert(node.properties.begin(), node.properties.end());
    const auto found = index.find(name);
    return found == index.end() ? std::nullopt : std::optional(found->second);
  }

  // The schemas that apply to the same instance.
  CADRE_OWN_FRAME bool check_combinations(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                          Marks* marks) {
    for (const SchemaId child : node.all_of) {
      if (!apply(child, instance, place, marks)) return false;
    }
    for (const auto& list : node.any_of) {
      if (!check_any(node, list, instance, place, marks)) return false;
    }
    for (const auto& list : node.one_of) {
      if (!check_one(node, list, instance, place, marks)) return false;
    }
    if (node.negated && holds_quietly(*node.negated, instance, place, nullptr))
      return fail(node, "not", place, "the value is as the schema under `not` says");
    if (node.if_schema && !check_condition(node, instance, place, marks)) return false;
    if (node.dependent_schemas.empty() || instance.kind != JsonKind::kObject) return !stopped_;
    for (const auto& [name, schema] : node.dependent_schemas) {
      if (instance.find(name) != nullptr && !apply(schema, instance, place, marks)) return false;
    }
    return !stopped_;
  }

  CADRE_OWN_FRAME bool check_any(const SchemaNode& node, const std::vector<SchemaId>& list, const JsonValue& instance,
                                 const Place& place, Marks* marks) {
    bool any = false;
    for (const SchemaId child : list) {
      any |= holds_quietly(child, instance, place, marks);
      if (any && marks == nullptr) return true;  // with marks, every alternative that holds counts
    }
    return any || fail(node, "anyOf", place, "no alternative holds");
  }

  CADRE_OWN_FRAME bool check_one(const SchemaNode& node, const std::vector<SchemaId>& list, const JsonValue& instance,
                                 const Place& place, Marks* marks) {
    size_t count = 0;
    for (const SchemaId child : list) {
      count += holds_quietly(child, instance, place, marks) ? 1 : 0;
      if (count > 1) return fail(node, "oneOf", place, "more than one alternative holds");
    }
    return count == 1 || fail(node, "oneOf", place, "no alternative holds");
  }

  CADRE_OWN_FRAME bool check_condition(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                       Marks* marks) {
    const bool condition = holds_quietly(*node.if_schema, instance, place, marks);
    const auto& branch = condition ? node.then_schema : node.else_schema;
    return !branch || apply(*branch, instance, place, marks);
  }

  // A schema whose failure is no violation. Its marks count only if it holds.
  CADRE_OWN_FRAME bool holds_quietly(SchemaId id, const JsonValue& instance, const Place& place, Marks* marks) {
    Marks own(marks == nullptr ? 0 : marks->size());
    const size_t origins = origins_ == nullptr ? 0 : origins_->size();
    ++quiet_;
    const bool holds = apply(id, instance, place, marks == nullptr ? nullptr : &own);
    --quiet_;
    if (holds) merge(own, marks);
    if (!holds && origins_ != nullptr) origins_->resize(origins);
    return holds && !stopped_;
  }

  CADRE_OWN_FRAME bool check_unevaluated(const SchemaNode& node, const JsonValue& instance, const Place& place,
                                         Marks& marks) {
    for (size_t i = 0; i < marks.size(); ++i) {
      if (marks[i]) continue;
      marks[i] = true;
      if (instance.kind == JsonKind::kArray) {
        if (!apply(*node.unevaluated_items, instance.items[i], Place{&place, nullptr, i}, nullptr)) return false;
      } else {
        const auto& [name, value] = instance.members[i];
        if (!apply(*node.unevaluated_properties, value, Place{&place, &name, 0}, nullptr)) return false;
      }
    }
    return true;
  }

  // Remembers the first violation that counts.
  CADRE_OWN_FRAME bool fail(const SchemaNode& node, const char* keyword, const Place& place, std::string_view message) {
    if (quiet_ > 0 || stopped_) return false;
    validity_.instance_path = pointer_to(&place);
    validity_.keyword_path = node.path;
    if (*keyword != '\0') validity_.keyword_path.append("/").append(keyword);
    validity_.message = message;
    return false;
  }

  CADRE_OWN_FRAME bool stop(const char* why) {
    stopped_ = true;
    error_ = Error{ErrorCode::kLimit, fmt::format("validation: {}", why)};
    return false;
  }

  const Schema& schema_;
  std::optional<OriginCheck> origin_check_;
  std::vector<Provenance>* origins_;
  bool is_name_ = false;  // the instance is the name of a member
  Validity validity_;
  std::unordered_map<const SchemaNode*, std::unordered_map<std::string_view, SchemaId>> property_indices_;
  struct Asked {
    SchemaId schema;
    const JsonValue* instance;
    bool operator==(const Asked&) const = default;
  };
  struct HashAsked {
    size_t operator()(const Asked& asked) const {
      return std::hash<const void*>()(asked.instance) ^ (asked.schema * size_t{0x9E3779B97F4A7C15});
    }
  };
  std::unordered_map<Asked, bool, HashAsked> verdicts_;
  size_t depth_ = 0;
  size_t steps_ = 0;
  int quiet_ = 0;  // inside an alternative, whose violations are not the document's
  bool stopped_ = false;
  Error error_;
};

}  // namespace

Result<Validity> validate_document(const Schema& schema, const JsonValue& instance, const Bindings* bindings) {
  TRY(check_bindings(schema, bindings));
  return Validator(schema, bindings, nullptr).validate(instance);
}

Result<std::vector<Provenance>> provenance(const Schema& schema, const Bindings& bindings, const JsonValue& document) {
  TRY(check_bindings(schema, &bindings));
  std::vector<Provenance> met;
  const Validity validity = TRY(Validator(schema, &bindings, &met).validate(document));
  if (!validity.valid)
    return Error{ErrorCode::kInvalid, fmt::format("origins of a document that is not valid: {}: {} ({})",
                                                  validity.instance_path, validity.message, validity.keyword_path)};
  std::set<Provenance> known;
  std::erase_if(met, [&](const Provenance& origin) { return !known.insert(origin).second; });
  return met;
}

}  // namespace cadre::contract
