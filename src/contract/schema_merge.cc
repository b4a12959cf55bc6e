// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_merge.h"

#include <algorithm>

#include "contract/schema_completion.h"

namespace cadre::contract {

namespace {

// Of a value of one of the types: 0, "", [], {}, null or true.
uint32_t least_size_bytes(uint8_t types) {
  if ((types & (kTypeNumber | kTypeInteger)) != 0) return 1;
  return (types & (kTypeString | kTypeArray | kTypeObject)) != 0 ? 2 : 4;
}

// Rewrites every reference to another node or to a pattern. All members are named, so that a new one cannot be
// forgotten here.
template <class NodeOf, class PatternOf>
void move_references(SchemaNode& node, const NodeOf& node_of, const PatternOf& pattern_of) {
  auto& [path, never, types, plain_integers, value_lists, minimum, exclusive_minimum, maximum, exclusive_maximum,
         multiple_of, min_length, max_length, patterns, format, title, description, asserts_regex, copy, normal,
         enum_from, grounded, max_tokens, prefix_items, items, min_items, max_items, unique_items, contains,
         contains_evaluates, min_contains, max_contains, unevaluated_items, properties, pattern_properties,
         additional_properties, property_names, required, min_properties, max_properties, dependent_required,
         dependent_schemas, unevaluated_properties, all_of, any_of, one_of, negated, if_schema, then_schema,
         else_schema] = node;
  for (std::optional<SchemaId>* one : {&items, &contains, &unevaluated_items, &additional_properties, &property_names,
                                       &unevaluated_properties, &negated, &if_schema, &then_schema, &else_schema}) {
    if (*one) *one = node_of(**one);
  }
  for (auto* many : {&prefix_items, &all_of}) {
    for (SchemaId& id : *many) id = node_of(id);
  }
  for (auto* lists : {&any_of, &one_of}) {
    for (auto& list : *lists) {
      for (SchemaId& id : list) id = node_of(id);
    }
  }
  for (auto* named : {&properties, &dependent_schemas}) {
    for (auto& [name, id] : *named) id = node_of(id);
  }
  for (PatternSchema& property : pattern_properties) {
    property.schema = node_of(property.schema);
    property.pattern = pattern_of(property.pattern);
  }
  for (uint32_t& pattern : patterns) pattern = pattern_of(pattern);
}

}  // namespace

bool only_types(const SchemaNode& node) {
  const auto& [path, never, types, plain_integers, value_lists, minimum, exclusive_minimum, maximum, exclusive_maximum,
               multiple_of, min_length, max_length, patterns, format, title, description, asserts_regex, copy, normal,
               enum_from, grounded, max_tokens, prefix_items, items, min_items, max_items, unique_items, contains,
               contains_evaluates, min_contains, max_contains, unevaluated_items, properties, pattern_properties,
               additional_properties, property_names, required, min_properties, max_properties, dependent_required,
               dependent_schemas, unevaluated_properties, all_of, any_of, one_of, negated, if_schema, then_schema,
               else_schema] = node;
  const bool scalar = value_lists.empty() && !minimum && !exclusive_minimum && !maximum && !exclusive_maximum &&
                      !multiple_of && !min_length && !max_length && patterns.empty() && !asserts_regex && !copy &&
                      !normal && enum_from.empty() && !grounded && !max_tokens;
  const bool array = prefix_items.empty() && !items && !min_items && !max_items && !unique_items && !contains &&
                     !max_contains && !unevaluated_items;
  const bool object = properties.empty() && pattern_properties.empty() && !additional_properties && !property_names &&
                      required.empty() && !min_properties && !max_properties && dependent_required.empty() &&
                      dependent_schemas.empty() && !unevaluated_properties;
  const bool in_place =
      all_of.empty() && any_of.empty() && one_of.empty() && !negated && !if_schema && !then_schema && !else_schema;
  return scalar && array && object && in_place && contains_evaluates && min_contains == 1;
}

std::optional<uint32_t> plain_object_size_bytes(const Schema& schema) {
  constexpr size_t kRequiredMax = 64;  // far below what a search would give up at
  const SchemaNode& root = schema.nodes[schema.root];
  if (root.never || root.types != kTypeObject || root.required.size() > kRequiredMax) return std::nullopt;
  if (root.additional_properties && !only_types(schema.nodes[*root.additional_properties])) return std::nullopt;
  SchemaNode others = root;  // without what is known here
  others.properties.clear();
  others.required.clear();
  others.additional_properties.reset();
  if (!only_types(others)) return std::nullopt;
  for (const auto& [name, id] : root.properties) {
    const SchemaNode& member = schema.nodes[id];
    if (member.never || member.types == 0 || !only_types(member)) return std::nullopt;
  }
  size_t size = 2;
  for (size_t i = 0; i < root.required.size(); ++i) {
    const std::string& name = root.required[i];
    const auto found = std::find_if(root.properties.begin(), root.properties.end(),
                                    [&](const auto& property) { return property.first == name; });
    if (found == root.properties.end()) return std::nullopt;
    size += quoted_size_bytes(name) + 1 + least_size_bytes(schema.nodes[found->second].types) + (i == 0 ? 0 : 1);
  }
  return static_cast<uint32_t>(size);
}

uint32_t SchemaMerger::pattern(const Regex& regex) {
  const auto [entry, is_new] =
      pattern_ids_.try_emplace(std::string(regex.pattern()), static_cast<uint32_t>(merged_.patterns.size()));
  if (is_new) merged_.patterns.push_back(regex);
  return entry->second;
}

SchemaId SchemaMerger::add(const SchemaNode& node) {
  if (only_types(node)) {
    const size_t key = node.types | node.plain_integers << 8 | node.never << 9;
    if (type_nodes_[key] == kUnset) {
      type_nodes_[key] = static_cast<SchemaId>(merged_.nodes.size());
      merged_.nodes.push_back(node);
    }
    return type_nodes_[key];
  }
  merged_.nodes.push_back(node);
  return static_cast<SchemaId>(merged_.nodes.size() - 1);
}

SchemaId SchemaMerger::append(const Schema& schema) {
  const size_t first = merged_.nodes.size();
  std::vector<SchemaId> ids;
  ids.reserve(schema.nodes.size());
  for (const SchemaNode& node : schema.nodes) ids.push_back(add(node));
  for (size_t id = first; id < merged_.nodes.size(); ++id) {
    move_references(
        merged_.nodes[id], [&](SchemaId old) { return ids[old]; },
        [&](uint32_t index) { return pattern(schema.patterns[index]); });
  }
  return ids[schema.root];
}

SchemaId SchemaMerger::append_object(const Schema& schema) {
  const SchemaId root = append(schema);
  if (merged_.nodes[root].types == kTypeObject) return root;
  SchemaNode object;
  object.path = "#";
  object.types = kTypeObject;
  object.all_of.push_back(root);
  merged_.nodes.push_back(std::move(object));
  return static_cast<SchemaId>(merged_.nodes.size() - 1);
}

}  // namespace cadre::contract
