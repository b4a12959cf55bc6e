// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "contract/schema_uri.h"

namespace cadre::contract {
namespace {

constexpr size_t kUnknownKeywordsMax = 100;
constexpr size_t kSlotsFirst = 256;

size_t hash_slot(const JsonValue* value, uint32_t scope, uint32_t grounding) {
  uint64_t x = reinterpret_cast<uintptr_t>(value) + (uint64_t{scope} * 4 + grounding) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9u;
  return x ^ (x >> 32);
}

}  // namespace

Result<Schema> SchemaReader::read(std::string_view json) {
  TRY(documents_.add_main(json));
  slots_.resize(kSlotsFirst);
  const auto& main = documents_.resource(0);
  schema_.root = TRY(node_for(*main.root, 0, 0, Grounding::kNone, main.path));
  while (!pending_.empty()) {
    const Pending next = pending_.back();
    pending_.pop_back();
    TRY(read_node(next));
  }
  TRY(check_cycles());
  return std::move(schema_);
}

Result<SchemaId> SchemaReader::node_for(const JsonValue& value, ResourceId resource, ScopeId scope, Grounding grounding,
                                        std::string path) {
  resource = documents_.resource_at(&value, resource);
  scope = enter(scope, resource);
  Slot& slot = slot_for(&value, scope, grounding);
  if (slot.value != nullptr) return slot.id;
  if (value.kind != JsonKind::kObject && value.kind != JsonKind::kTrue && value.kind != JsonKind::kFalse)
    return Error{ErrorCode::kInvalid, fmt::format("{}: a schema is an object or a boolean", path)};
  if (schema_.nodes.size() >= options_.nodes_max)
    return Error{ErrorCode::kLimit, fmt::format("{}: the schema has more than {} parts", path, options_.nodes_max)};
  const auto id = static_cast<SchemaId>(schema_.nodes.size());
  slot = {&value, scope, grounding, id};
  auto& node = schema_.nodes.emplace_back();
  node.path = std::move(path);
  node.never = value.kind == JsonKind::kFalse;
  if (value.kind == JsonKind::kObject) pending_.push_back({id, &value, resource, scope, grounding});
  if (schema_.nodes.size() * 2 > slots_.size()) grow_slots();
  if (value.kind == JsonKind::kTrue && grounding == Grounding::kDemand) ground(id);
  return id;
}

SchemaReader::Slot& SchemaReader::slot_for(const JsonValue* value, ScopeId scope, Grounding grounding) {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash_slot(value, scope, static_cast<uint32_t>(grounding)) & mask;; i = (i + 1) & mask) {
    Slot& slot = slots_[i];
    if (slot.value == nullptr || (slot.value == value && slot.scope == scope && slot.grounding == grounding))
      return slot;
  }
}

void SchemaReader::grow_slots() {
  auto old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 4));
  for (const auto& slot : old) {
    if (slot.value != nullptr) slot_for(slot.value, slot.scope, slot.grounding) = slot;
  }
}

SchemaReader::ScopeId SchemaReader::enter(ScopeId scope, ResourceId resource) {
  const auto& entered = documents_.resource(resource);
  if (!entered.has_dynamic_anchors) return scope;
  const auto is_new = [&](const SchemaAnchor& anchor) {
    return anchor.dynamic && std::none_of(scopes_[scope].begin(), scopes_[scope].end(), [&](ResourceId outer) {
             return documents_.resource(outer).find_anchor(anchor.name, true) != nullptr;
           });
  };
  if (std::none_of(entered.anchors.begin(), entered.anchors.end(), is_new)) return scope;
  auto inner = scopes_[scope];
  inner.push_back(resource);
  const auto [found, added] = scope_ids_.emplace(inner, static_cast<ScopeId>(scopes_.size()));
  if (added) scopes_.push_back(std::move(inner));
  return found->second;
}

Result<void> SchemaReader::read_node(const Pending& pending) {
  Here here{pending, documents_.resource(pending.resource).dialect};
  const auto& members = here.value->members;
  if (here.dialect.draft <= Draft::k7) {
    // Up to draft 7 a reference stands alone, whatever is written beside it.
    if (const auto* reference = here.value->find("$ref")) {
      TRY(read_reference(here, "$ref", *reference, Keyword::kRef));
      return finish_origins(here);
    }
  }
  TRY(read_grounded(here));
  for (const auto& [name, value] : members) {
    const Keyword keyword = keyword_of(name, here.dialect);
    if (keyword == Keyword::kUnknown) {
      note_unknown(here, name);
    } else {
      TRY(read_keyword(here, keyword, name, value));
    }
  }
  TRY(read_bounds(here, *here.value));
  TRY(read_items(here, *here.value));
  return finish_origins(here);
}

void SchemaReader::note_unknown(const Here& here, const std::string& name) {
  if (schema_.unknown_keywords.size() < kUnknownKeywordsMax) schema_.unknown_keywords.push_back(path_of(here, name));
}

std::string SchemaReader::path_of(const Here& here, std::string_view name) const {
  return schema_.nodes[here.id].path + "/" + escape_pointer(name);
}

Error SchemaReader::malformed(const Here& here, std::string_view name, std::string_view expected) const {
  return Error{ErrorCode::kInvalid, fmt::format("{}: the value of {} is not {}", path_of(here, name), name, expected)};
}

Result<void> SchemaReader::read_keyword(const Here& here, Keyword keyword, const std::string& name,
                                        const JsonValue& value) {
  switch (keyword) {
    case Keyword::kRef:
    case Keyword::kRecursiveRef:
    case Keyword::kDynamicRef:
      return read_reference(here, name, value, keyword);
    case Keyword::kAdditionalProperties:
    case Keyword::kAllOf:
    case Keyword::kAnyOf:
    case Keyword::kContains:
    case Keyword::kDependencies:
    case Keyword::kDependentSchemas:
    case Keyword::kDependentRequired:
    case Keyword::kElse:
    case Keyword::kIf:
    case Keyword::kNot:
    case Keyword::kOneOf:
    case Keyword::kPatternProperties:
    case Keyword::kProperties:
    case Keyword::kPropertyNames:
    case Keyword::kThen:
    case Keyword::kUnevaluatedItems:
    case Keyword::kUnevaluatedProperties:
      return read_applicator(here, keyword, name, value);
    case Keyword::kCopy:
    case Keyword::kEnumFrom:
    case Keyword::kNormal:
      return read_origin(here, keyword, name, value);
    default:
      return read_assertion(here, keyword, name, value);
  }
}

Result<void> SchemaReader::read_applicator(const Here& here, Keyword keyword, const std::string& name,
                                           const JsonValue& value) {
  // Reading a child may move the nodes: the value comes first, then the node that gets it.
  switch (keyword) {
    case Keyword::kProperties:
      return read_properties(here, name, value);
    case Keyword::kPatternProperties:
      return read_pattern_properties(here, name, value);
    case Keyword::kDependencies:
    case Keyword::kDependentSchemas:
    case Keyword::kDependentRequired:
      return read_dependencies(here, name, value, keyword);
    case Keyword::kAllOf: {
      const auto children = TRY(read_children(here, name, value));
      auto& all_of = node(here).all_of;
      all_of.insert(all_of.end(), children.begin(), children.end());
      return {};
    }
    case Keyword::kAnyOf: {
      auto children = TRY(read_children(here, name, value));
      node(here).any_of.push_back(std::move(children));
      return {};
    }
    case Keyword::kOneOf: {
      auto children = TRY(read_children(here, name, value));
      node(here).one_of.push_back(std::move(children));
      return {};
    }
    default:
      break;
  }
  // `then` and `else` say nothing without `if`; so does a schema under them.
  if ((keyword == Keyword::kThen || keyword == Keyword::kElse) && here.value->find("if") == nullptr) return {};
  const SchemaId child = TRY(read_child(here, name, value));
  auto& to = node(here);
  switch (keyword) {
    case Keyword::kAdditionalProperties:
      to.additional_properties = child;
      break;
    case Keyword::kContains:
      to.contains = child;
      to.contains_evaluates = here.dialect.draft >= Draft::k2020;
      break;
    case Keyword::kIf:
      to.if_schema = child;
      break;
    case Keyword::kThen:
      to.then_schema = child;
      break;
    case Keyword::kElse:
      to.else_schema = child;
      break;
    case Keyword::kNot:
      to.negated = child;
      break;
    case Keyword::kPropertyNames:
      to.property_names = child;
      break;
    case Keyword::kUnevaluatedItems:
      to.unevaluated_items = child;
      break;
    default:
      to.unevaluated_properties = child;
      break;
  }
  return {};
}

Result<SchemaId> SchemaReader::read_child(const Here& here, const std::string& name, const JsonValue& value) {
  return node_for(value, here.resource, here.scope, grounding_below(here.grounding, name), path_of(here, name));
}

Result<SchemaId> SchemaReader::read_child_at(const Here& here, const std::string& name, std::string_view key,
                                             const JsonValue& value) {
  return node_for(value, here.resource, here.scope, grounding_below(here.grounding, name),
                  path_of(here, name) + "/" + escape_pointer(key));
}

Result<std::vector<SchemaId>> SchemaReader::read_children(const Here& here, const std::string& name,
                                                          const JsonValue& value) {
  if (value.kind != JsonKind::kArray) return malformed(here, name, "a list of schemas");
  std::vector<SchemaId> out;
  out.reserve(value.items.size());
  for (size_t i = 0; i < value.items.size(); ++i)
    out.push_back(TRY(read_child_at(here, name, std::to_string(i), value.items[i])));
  return out;
}

Result<void> SchemaReader::read_properties(const Here& here, const std::string& name, const JsonValue& value) {
  if (value.kind != JsonKind::kObject) return malformed(here, name, "an object of schemas");
  std::vector<std::pair<std::string, SchemaId>> properties;
  properties.reserve(value.members.size());
  for (const auto& [key, schema] : value.members)
    properties.emplace_back(key, TRY(read_child_at(here, name, key, schema)));
  node(here).properties = std::move(properties);
  return {};
}

Result<void> SchemaReader::read_pattern_properties(const Here& here, const std::string& name, const JsonValue& value) {
  if (value.kind != JsonKind::kObject) return malformed(here, name, "an object of schemas");
  for (const auto& [key, schema] : value.members) {
    const uint32_t pattern = TRY(pattern_index(here, name, key));
    const SchemaId child = TRY(read_child_at(here, name, key, schema));
    node(here).pattern_properties.push_back({pattern, child});
  }
  return {};
}

Result<void> SchemaReader::read_dependencies(const Here& here, const std::string& name, const JsonValue& value,
                                             Keyword keyword) {
  if (value.kind != JsonKind::kObject) return malformed(here, name, "an object");
  for (const auto& [key, dependency] : value.members) {
    const bool is_list = keyword == Keyword::kDependentRequired ||
                         (keyword == Keyword::kDependencies && dependency.kind == JsonKind::kArray);
    if (is_list) {
      auto names = TRY(read_names(here, name, dependency));
      node(here).dependent_required.emplace_back(key, std::move(names));
    } else {
      const SchemaId child = TRY(read_child_at(here, name, key, dependency));
      node(here).dependent_schemas.emplace_back(key, child);
    }
  }
  return {};
}

// items, prefixItems and additionalItems, in the terms of 2020-12. `items` as a list is the older form of prefixItems.
Result<void> SchemaReader::read_items(const Here& here, const JsonValue& schema) {
  if (!here.dialect.applicator) return {};
  const auto* items = schema.find("items");
  const auto* prefix = here.dialect.draft >= Draft::k2020 ? schema.find("prefixItems") : nullptr;
  const auto* rest = items;
  const char* prefix_name = "prefixItems";
  const char* rest_name = "items";
  if (items != nullptr && items->kind == JsonKind::kArray) {
    if (prefix != nullptr) return malformed(here, "items", "a schema, beside prefixItems");
    prefix = items;
    prefix_name = "items";
    rest = schema.find("additionalItems");
    rest_name = "additionalItems";
  }
  if (prefix != nullptr) {
    auto children = TRY(read_children(here, prefix_name, *prefix));
    node(here).prefix_items = std::move(children);
  }
  if (rest == nullptr) return {};
  const SchemaId child = TRY(read_child(here, rest_name, *rest));
  node(here).items = child;
  return {};
}

Result<void> SchemaReader::read_reference(const Here& here, const std::string& name, const JsonValue& value,
                                          Keyword keyword) {
  if (value.kind != JsonKind::kString) return malformed(here, name, "a string");
  auto resolved = documents_.resolve(value.text, here.resource);
  if (!resolved.ok()) return std::move(resolved).error().with_context(path_of(here, name));
  SchemaLocation target = std::move(*resolved);
  if (keyword == Keyword::kRecursiveRef && documents_.resource(target.resource).find_anchor("", true) != nullptr)
    target.dynamic_name = "";
  if (keyword != Keyword::kRef && target.dynamic_name) {
    for (const ResourceId outer : scopes_[here.scope]) {
      const auto* anchor = documents_.resource(outer).find_anchor(*target.dynamic_name, true);
      if (anchor == nullptr) continue;
      target.value = anchor->value;
      target.resource = outer;
      target.path = anchor->path;
      break;
    }
  }
  auto id = node_for(*target.value, target.resource, here.scope, grounding_below(here.grounding, name),
                     std::move(target.path));
  if (!id.ok()) return std::move(id).error().with_context(path_of(here, name));
  node(here).all_of.push_back(*id);
  return {};
}

// Depth first over the schemas that apply to the same instance; meeting one again that is still open is a cycle.
Result<void> SchemaReader::check_cycles() const {
  enum class State : uint8_t { kNew, kOpen, kDone };
  struct Frame {
    SchemaId id;
    std::vector<SchemaId> next;
  };
  const auto same_instance = [this](SchemaId id) {
    const SchemaNode& node = schema_.nodes[id];
    std::vector<SchemaId> out = node.all_of;
    for (const auto* lists : {&node.any_of, &node.one_of}) {
      for (const auto& list : *lists) out.insert(out.end(), list.begin(), list.end());
    }
    for (const auto& child : {node.negated, node.if_schema, node.then_schema, node.else_schema}) {
      if (child) out.push_back(*child);
    }
    for (const auto& dependent : node.dependent_schemas) out.push_back(dependent.second);
    return out;
  };
  std::vector<State> states(schema_.nodes.size(), State::kNew);
  std::vector<Frame> stack;
  for (SchemaId start = 0; start < schema_.nodes.size(); ++start) {
    if (states[start] != State::kNew) continue;
    states[start] = State::kOpen;
    stack.push_back({start, same_instance(start)});
    while (!stack.empty()) {
      auto& top = stack.back();
      if (top.next.empty()) {
        states[top.id] = State::kDone;
        stack.pop_back();
        continue;
      }
      const SchemaId next = top.next.back();
      top.next.pop_back();
      if (states[next] == State::kOpen)
        return Error{ErrorCode::kInvalid,
                     fmt::format("{}: a reference leads back here without moving on in the instance (endless)",
                                 schema_.nodes[next].path)};
      if (states[next] == State::kDone) continue;
      states[next] = State::kOpen;
      stack.push_back({next, same_instance(next)});
    }
  }
  return {};
}

Result<Schema> read_schema(std::string_view json, const SchemaOptions& options) {
  return SchemaReader(options).read(json);
}

}  // namespace cadre::contract
