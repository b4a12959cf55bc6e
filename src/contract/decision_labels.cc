// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_labels.h"

#include <algorithm>

#include "contract/schema_uri.h"

namespace cadre::contract {

namespace {

constexpr size_t kNodesMax = 256;  // of one place
constexpr size_t kPlacesMax = 100'000;

}  // namespace

const std::string& DecisionLabels::of(std::string_view path) {
  return place(path).label;
}

const DecisionLabels::Place& DecisionLabels::place(std::string_view path) {
  if (const auto found = places_.find(path); found != places_.end()) return found->second;
  if (places_.size() >= kPlacesMax) places_.clear();
  std::vector<SchemaId> nodes;
  if (const size_t slash = path.rfind('/'); slash != std::string_view::npos) {
    nodes = children(place(path.substr(0, slash)), unescape_pointer(path.substr(slash + 1)));
  } else {
    nodes = {schema_->root};
  }
  return places_.emplace(path, make_place(std::move(nodes))).first->second;
}

std::vector<SchemaId> DecisionLabels::children(const Place& parent, std::string_view name) const {
  std::vector<SchemaId> found;
  for (const SchemaId id : parent.nodes) {
    const SchemaNode& node = schema_->nodes[id];
    for (const auto& [property, schema] : node.properties) {
      if (property == name) found.push_back(schema);
    }
    if (name != "-") continue;
    if (node.items) found.push_back(*node.items);
    if (node.additional_properties) found.push_back(*node.additional_properties);
  }
  return found;
}

// The nodes and those that they apply to the same value, breadth first.
DecisionLabels::Place DecisionLabels::make_place(std::vector<SchemaId> nodes) const {
  Place place{std::move(nodes), {}};
  const auto add = [&](SchemaId id) {
    if (place.nodes.size() < kNodesMax && std::find(place.nodes.begin(), place.nodes.end(), id) == place.nodes.end())
      place.nodes.push_back(id);
  };
  for (size_t i = 0; i < place.nodes.size(); ++i) {
    const SchemaNode& node = schema_->nodes[place.nodes[i]];
    if (place.label.empty()) {
      const bool both = !node.title.empty() && !node.description.empty();
      place.label = node.title + (both ? ": " : "") + node.description;
    }
    for (const SchemaId id : node.all_of) add(id);
    for (const auto* lists : {&node.any_of, &node.one_of}) {
      for (const auto& list : *lists) std::for_each(list.begin(), list.end(), add);
    }
    for (const auto* one : {&node.then_schema, &node.else_schema}) {
      if (*one) add(**one);
    }
    for (const auto& [name, id] : node.dependent_schemas) add(id);
  }
  return place;
}

}  // namespace cadre::contract
