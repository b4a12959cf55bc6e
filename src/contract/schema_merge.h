// Several schemas in one graph, so that one machine can read documents of each.
// Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "contract/schema.h"

namespace cadre::contract {

class SchemaMerger {
 public:
  // Copies the nodes and patterns of `schema` behind those that are there; the id of its root among them. A pattern that stands there
  // already is shared, for every pattern costs the machine a language.
  SchemaId append(const Schema& schema);
  // The same, where only objects will do.
  SchemaId append_object(const Schema& schema);
  Schema take() { return std::move(merged_); }

 private:
  uint32_t pattern(const Regex& regex);

  Schema merged_;
  std::unordered_map<std::string, uint32_t> pattern_ids_;
};

}  // namespace cadre::contract
