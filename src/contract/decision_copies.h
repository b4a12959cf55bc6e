// The copies out of bound sources (x-copy, contract/value_origins.h) as candidates of a decision.
//
// Of each source of the request, in the order of their names: its phrases, quotes, lines and tokens (contract/decision_source.h) that the program
// accepts, at most spans_max looked at, with their places; where white space must be folded, as one space. Longer or odder copies that the contract would
// accept are not offered. Other texts that the program accepts beside copies (an enum under the same anyOf) follow, if they are finitely many.
// Worked out once per program. Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/bindings.h"
#include "contract/decision.h"

namespace cadre::contract {

class SchemaPrograms;

class DecisionCopies {
 public:
  using List = std::shared_ptr<const CandidateList>;

  // `bindings` may be null.
  DecisionCopies(const Bindings* bindings, size_t spans_max) : bindings_(bindings), spans_max_(spans_max) {}

  // Null: no text of the program is a copy.
  const List& of(SchemaPrograms& programs, uint32_t program, size_t candidates_max);

 private:
  void add_spans(SchemaPrograms& programs, uint32_t start, CandidateList& list);
  void add_others(SchemaPrograms& programs, uint32_t start, size_t candidates_max, CandidateList& list) const;
  const std::vector<SourceSpan>& spans_of(const std::string& name, std::string_view text);

  const Bindings* bindings_;
  size_t spans_max_;
  std::unordered_map<std::string, std::vector<SourceSpan>> spans_;  // per source, once asked
  std::unordered_map<uint32_t, List> lists_;                        // per program
};

}  // namespace cadre::contract
