// Several schemas in one graph, so that one machine can read documents of each.
// Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <unordered_map>

#include "contract/schema.h"

namespace cadre::contract {

// Does the node demand nothing but a type? (Its format is an annotation; what of it asserts stands under `patterns`.)
bool only_types(const SchemaNode& node);

// Of an object whose members demand nothing but types, as most tools have them: the bytes of the shortest one, which is
// what SchemaCompletion would find, at a hundredth of the cost. Nothing for any other schema.
std::optional<uint32_t> plain_object_size_bytes(const Schema& schema);

class SchemaMerger {
 public:
  SchemaMerger() { type_nodes_.fill(kUnset); }
  // Copies the nodes and patterns of `schema` behind those that are there; the id of its root among them. Patterns, and
  // nodes that only name types (most of what tools have), are shared: each costs the machine a language or a place.
  // Paths are those of the first.
  SchemaId append(const Schema& schema);
  // The same, where only objects will do.
  SchemaId append_object(const Schema& schema);
  Schema take() { return std::move(merged_); }

 private:
  static constexpr SchemaId kUnset = UINT32_MAX;

  uint32_t pattern(const Regex& regex);
  SchemaId add(const SchemaNode& node);

  Schema merged_;
  std::array<SchemaId, 1024> type_nodes_;  // by types, and whether draft 4 reads its integers, and `never`
  std::unordered_map<std::string, uint32_t> pattern_ids_;
};

}  // namespace cadre::contract
