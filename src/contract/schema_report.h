// How a schema fares as a contract: what it accepts exactly, what generation leaves out, what is refused.
//
// Accepting is exact or refused, never less. Generation may be narrowed: every document that it can write satisfies the schema, some that satisfy it
// are never written. What every contract leaves out when it generates is not listed per schema: other orders of members, spaces, exponents,
// escapes beyond the short ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/bindings.h"
#include "contract/schema.h"

namespace cadre::contract {

enum class Grade : uint8_t { kExact, kNarrowed, kRefused };
const char* grade_name(Grade grade);  // "exact", "narrowed", "refused"

struct SchemaNote {
  std::string path;  // "#/properties/a/uniqueItems"
  std::string text;
};

struct SchemaReport {
  Grade accept = Grade::kExact;
  Grade generate = Grade::kExact;
  std::vector<SchemaNote> notes;  // what is narrowed or refused, and keywords that nothing is known of
  uint32_t bytes_min = 0;         // of the shortest document found, if one can be generated
  size_t states = 0;              // after compiling, before any document
};

// Compiles the schema both ways. A schema that cannot be read or compiled is graded kRefused with a note; that is no Error.
// With `bindings`: how it fares for that request.
SchemaReport report_schema(std::string_view json, const SchemaOptions& options = {},
                           const std::shared_ptr<const Bindings>& bindings = nullptr);

}  // namespace cadre::contract
