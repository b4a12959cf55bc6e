// What a step's input brings to a schema whose values have origins (contract/value_origins.h): its texts as sources, its lists as sets.
//
//   source "input"   all texts and numbers of the input, in its order, each on a line of its own
//   source NAME      the same of the input's member NAME
//   set NAME         the list NAME among the contract's own lists, or else the input's member NAME: a list of texts and numbers, or of
//                    lists of one each (the rows of a query for one column)
//
// The contract's own lists come first, so that no input can widen what the contract fixed. A member that the input does not have is an empty source or
// an empty set: nothing can be copied from it. Relative dates ("tomorrow") are read only where nothing else is needed: no day is bound.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "contract/bindings.h"
#include "contract/schema.h"

namespace cadre::agent {

// The sources and sets that a schema names.
struct OriginNames {
  std::set<std::string> sources, sets;
  bool empty() const { return sources.empty() && sets.empty(); }
};
OriginNames origin_names(const contract::Schema& schema);

// Where they are looked for. Both outlive the call; null: there is none.
struct OriginScope {
  const base::Json* input = nullptr;
  const base::Json* lists = nullptr;  // the contract's own, by name
};

// A source's text, and what of it is which text or number of the input.
struct SourcePart {
  std::string pointer;  // JSON pointer into the input
  size_t begin = 0, end = 0;
};
struct SourceText {
  std::string text;
  std::vector<SourcePart> parts;
};
SourceText source_text(const std::string& name, const OriginScope& scope);

// kInvalid: a member that should be a list of texts and numbers and is none. kLimit: over what bindings take.
Result<std::vector<std::string>> values_of_set(const std::string& name, const OriginScope& scope);
Result<std::shared_ptr<const contract::Bindings>> bind_sources(const OriginNames& names, const OriginScope& scope);

// A schema for models and endpoints that know nothing of origins: without the keywords that begin with "x-", and with the values of a
// set as `enum` where they are texts and at most kOfferedValuesMax. What it lets pass is checked afterwards all the same.
inline constexpr size_t kOfferedValuesMax = 500;
base::Json schema_without_origins(const base::Json& schema, const OriginScope& scope);

}  // namespace cadre::agent
