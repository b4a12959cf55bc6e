// The independent validator: does a parsed document satisfy a schema? A plain walk over the document by the standard's own
// definitions, with annotations for unevaluated*. It shares with the compiler the reader of schemas and nothing else; every
// output is re-checked by it before anything sees it.
// Errors are the world's only: a regex search over its bound, a depth over kValidateDepthMax, work over kValidateStepsMax.
// Thread safety: stateless; one Schema may be used by many threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "contract/bindings.h"
#include "contract/json_document.h"
#include "contract/origin_check.h"
#include "contract/schema.h"

namespace cadre::contract {

inline constexpr size_t kValidateDepthMax = 4096;  // schema applications inside each other
// Schema applications in all, about half a second. No part of a document is judged twice by a schema, but for marks and origins of values.
inline constexpr size_t kValidateStepsMax = 20'000'000;

struct Validity {
  bool valid = false;
  // Of the first violation found: JSON pointer into the instance, keyword with its schema path, and what is wrong in one sentence.
  std::string instance_path, keyword_path, message;
};

// `bindings`: of a schema with values bound at run time (contract/value_origins.h); Error if it needs some that are missing.
Result<Validity> validate_document(const Schema& schema, const JsonValue& instance, const Bindings* bindings = nullptr);

// Where the values of a valid document come from: one entry for every string and number under a keyword of contract/value_origins.h that holds
// for it, in the order in which the validator met them. Error kInvalid: the document is not valid.
Result<std::vector<Provenance>> provenance(const Schema& schema, const Bindings& bindings, const JsonValue& document);

}  // namespace cadre::contract
