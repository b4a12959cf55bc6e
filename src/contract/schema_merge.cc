// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_merge.h"

namespace cadre::contract {

namespace {

// Moves every reference to another node by `offset`. All members are named, so that a new one cannot be forgotten here.
template <class Pattern>
void move_references(SchemaNode& node, SchemaId offset, const Pattern& pattern_of) {
  auto& [path, never, types, plain_integers, value_lists, minimum, exclusive_minimum, maximum, exclusive_maximum,
         multiple_of, min_length, max_length, patterns, format, asserts_regex, prefix_items, items, min_items,
         max_items, unique_items, contains, contains_evaluates, min_contains, max_contains, unevaluated_items,
         properties, pattern_properties, additional_properties, property_names, required, min_properties,
         max_properties, dependent_required, dependent_schemas, unevaluated_properties, all_of, any_of, one_of, negated,
         if_schema, then_schema, else_schema] = node;
  for (std::optional<SchemaId>* one : {&items, &contains, &unevaluated_items, &additional_properties, &property_names,
                                       &unevaluated_properties, &negated, &if_schema, &then_schema, &else_schema}) {
    if (*one) **one += offset;
  }
  for (auto* many : {&prefix_items, &all_of}) {
    for (SchemaId& id : *many) id += offset;
  }
  for (auto* lists : {&any_of, &one_of}) {
    for (auto& list : *lists) {
      for (SchemaId& id : list) id += offset;
    }
  }
  for (auto* named : {&properties, &dependent_schemas}) {
    for (auto& [name, id] : *named) id += offset;
  }
  for (PatternSchema& property : pattern_properties) {
    property.schema += offset;
    property.pattern = pattern_of(property.pattern);
  }
  for (uint32_t& pattern : patterns) pattern = pattern_of(pattern);
}

}  // namespace

uint32_t SchemaMerger::pattern(const Regex& regex) {
  const auto [entry, is_new] =
      pattern_ids_.try_emplace(std::string(regex.pattern()), static_cast<uint32_t>(merged_.patterns.size()));
  if (is_new) merged_.patterns.push_back(regex);
  return entry->second;
}

SchemaId SchemaMerger::append(const Schema& schema) {
  const auto offset = static_cast<SchemaId>(merged_.nodes.size());
  for (const SchemaNode& node : schema.nodes) {
    merged_.nodes.push_back(node);
    move_references(merged_.nodes.back(), offset, [&](uint32_t index) { return pattern(schema.patterns[index]); });
  }
  return offset + schema.root;
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
