// What a schema's author wrote about a value, by the value's place: title and description of the schemas that apply there.
//
// For scoring alone; nothing that is written depends on it. Of several schemas the first that says something counts: the one that names
// the member, then what it refers to, then its alternatives. Thread safety: none (it remembers what was asked).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "contract/schema.h"

namespace cadre::contract {

class DecisionLabels {
 public:
  // The schema must outlive the labels.
  explicit DecisionLabels(const Schema& schema) : schema_(&schema) {}

  // "Title: description", one of them, or nothing. `path` as DecisionPoint::outline_path.
  const std::string& of(std::string_view path);

 private:
  struct Place {
    std::vector<SchemaId> nodes;  // that apply to the value
    std::string label;
  };
  const Place& place(std::string_view path);
  std::vector<SchemaId> children(const Place& parent, std::string_view name) const;
  Place make_place(std::vector<SchemaId> nodes) const;

  const Schema* schema_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace cadre::contract
