// A value held against a JSON Schema, as a verdict: one schema read once, for every value that a specialist or a tool hands over.
//
// The check is the independent validator of contract/schema_validate.h over the value's text. Where the schema says where values must come
// from (x-copy, x-normal, x-enum-from, x-grounded), they are looked for in the step's input (agent/value_sources.h). Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/value_sources.h"
#include "agent/verdict.h"
#include "base/json.h"
#include "base/result.h"
#include "contract/origin_check.h"
#include "contract/schema.h"

namespace cadre::agent {

class SchemaCheck {
 public:
  // Null: anything passes. Error: the keyword of the schema that cannot be read, and its path.
  static Result<SchemaCheck> make(const base::Json& schema);

  // kInvalid: what is wrong with the value, and where in it.
  Result<void> check(const base::Json& value, const OriginScope& scope = {}) const;
  Verdict verdict(const char* rule, const base::Json& value, const OriginScope& scope = {}) const;

  // Of a value that passes: where those of its values come from that the schema binds to a source (contract/origin_check.h).
  Result<std::vector<contract::Provenance>> origins_of(const base::Json& value, const OriginScope& scope) const;

  const OriginNames& origins() const { return origins_; }

 private:
  std::shared_ptr<const contract::Schema> schema_;  // null: anything
  OriginNames origins_;
};

}  // namespace cadre::agent
