// Where the values of a call under a contract come from, as evidence (agent/answer.h): what the validator found when it let the call pass.
//
//   copy     a span of a text of the input, word for word
//   normal   a number, date or phone number that a text of the input mentions, in normal form
//   list     an item of a list of the input
//   known    an item of a list of the contract's own
//   enum     one of the values that the schema itself names
//
// A value without an entry is bound to no source by its contract. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "agent/answer.h"
#include "agent/schema_check.h"
#include "base/json.h"

namespace cadre::agent {

inline constexpr size_t kValueEvidenceMax = 256;  // entries of one call; the rest is left out

// Of a call that satisfies `schema`, whose check is given, with the same scope; in the order of the call. None where the schema binds no value to a source.
std::vector<Evidence> value_evidence(const SchemaCheck& check, const base::Json& schema, const base::Json& call,
                                     const OriginScope& scope);

// Sets in each by which reference of the step's input in the plan its text or item came there: "$request.input.letter", "$search.rows".
void name_references(const base::Json& planned_input, std::vector<Evidence>& evidence);

}  // namespace cadre::agent
