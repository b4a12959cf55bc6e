// Does what one step yields suit what the next one takes? Two schemas compared before any value exists.
//
// kFits: every value of `from` satisfies `into`. kNeverFits: no value does, so a plan that joins the two is wrong. kMayFit: neither was shown; the validator
// decides when the value is there. The first two are proofs: where a keyword is not understood well enough the answer is kMayFit.
// Understood: type, enum, const, properties, patternProperties, required, additionalProperties, min/maxProperties, items, prefixItems, min/maxItems,
// uniqueItems, bounds of numbers, multipleOf, lengths, equal patterns, $ref, allOf, anyOf, oneOf, not, if, dependent*. `format` annotates, as everywhere.
//
//   auto city = TRY(sub_schema(forecast_output, {"places", "0", "city"}));
//   SchemaFit answer = TRY(fit(city.schema, customer_input));
//   if (answer.kind == FitKind::kNeverFits) ... // "type string where integer is needed" at answer.path
//
// Errors: a schema that cannot be read (contract/schema.h). Thread safety: stateless.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::contract {

// Schemas compared with each other and values tried; past it the answer is kMayFit. About a tenth of a second.
inline constexpr size_t kFitStepsMax = 50'000;

enum class FitKind : uint8_t { kFits, kMayFit, kNeverFits };
const char* fit_kind_name(FitKind kind);  // "fits", "may fit", "never fits"

struct SchemaFit {
  FitKind kind = FitKind::kFits;
  // Unless it fits, the first reason: JSON pointer into the value, with * for any item or any other member, and what is wrong in one sentence.
  std::string path, message;
};
Result<SchemaFit> fit(const base::Json& from, const base::Json& into);

struct SubSchema {
  base::Json schema;             // on its own: references still resolve
  bool is_always_there = false;  // every value of the schema has something at that path
};
// The schema of what stands at a path in values of `schema`: names of members, indices of items or * for any item. Error kNotFound: nothing can
// stand there; kUnsupported: a reference on the way that leads out of the document or to an anchor.
Result<SubSchema> sub_schema(const base::Json& schema, const std::vector<std::string>& path);

}  // namespace cadre::contract
