// The decisions of a compiled schema or tool set, for a decider: the same contract that masks a generator's tokens.
//
//     auto contract = TRY(SchemaContract::compile(schema_text, SchemaMode::kGenerate));    // or of a tool set
//     auto points = TRY(DecisionPoints::make(contract));
//     auto input = TRY(points->read_input("Is it going to rain in Oslo tomorrow?"));
//     DecisionWalk walk = TRY(points->begin(input));                                      // contract/decision_walk.h
//     while (walk.is_choosing()) walk.choose(best_of(walk.decision().candidates()));
//     walk.text();                                                                         // valid, if walk.is_done()
//
// All decisions that do not wait for others at once, and the best documents for any scores: contract/decision_outline.h, decision_search.h.
// Thread safety: a DecisionPoints, its inputs and its walks belong to one thread; several of them may share one contract. It must outlive
// its walks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/decision_index.h"
#include "contract/decision_labels.h"
#include "contract/decision_source.h"
#include "contract/schema_contract.h"

namespace cadre::contract {

struct DecisionOptions {
  size_t size_bytes_max = 1 << 16;   // of the output
  size_t decisions_max = 4096;       // then only what leads to the end is offered
  size_t items_max = 64;             // of an array, and members of an object whose names the schema does not say
  size_t depth_max = 32;             // of containers, where there is another way
  size_t candidates_max = 4096;      // a finite set beyond it counts as open
  size_t spans_max = 1024;           // of the input, and of each bound source
  bool members_of_any_name = false;  // also where the schema merely does not forbid them
};

class DecisionWalk;

class DecisionPoints {
 public:
  // Error: a contract in accept mode.
  static Result<std::shared_ptr<DecisionPoints>> make(std::shared_ptr<SchemaContract> contract,
                                                      const DecisionOptions& options = {});

  Result<std::shared_ptr<DecisionSource>> read_input(std::string text) const {
    return DecisionSource::read(std::move(text), options_.spans_max);
  }
  // `input` may be null. Error: no document fits into size_bytes_max (says the least).
  Result<DecisionWalk> begin(std::shared_ptr<DecisionSource> input);

  const DecisionOptions& options() const { return options_; }
  SchemaContract& contract() { return *contract_; }
  DecisionIndex& index() { return index_; }
  // Null for a schema.
  const ToolSet* tools() const { return tools_; }
  // What the contract's author wrote about the value there, or about the tool itself.
  const std::string& label(uint32_t tool, std::string_view outline_path);
  // Tool sets: every tool that may be called and then, where one need not be, the end: for the first call, and for those behind it.
  const DecisionIndex::List& tool_list(bool is_further) const { return tool_lists_[is_further ? 1 : 0]; }
  // The tool that a candidate of those lists calls, or DecisionPoint::kNoTool.
  uint32_t tool_of(const Candidate& candidate) const;
  // Bytes to the end of the answer behind any of those candidates, at most.
  uint32_t tool_distance_max() const { return tool_distance_max_; }

 private:
  DecisionPoints(std::shared_ptr<SchemaContract> contract, SchemaMachine& machine, const DecisionOptions& options);
  void list_tools(SchemaMachine& machine);

  std::shared_ptr<SchemaContract> contract_;
  DecisionOptions options_;
  DecisionIndex index_;
  const ToolSet* tools_;
  std::array<DecisionIndex::List, 2> tool_lists_;
  std::unordered_map<std::string, uint32_t> tool_of_bytes_;
  uint32_t tool_distance_max_ = 0;
  std::vector<DecisionLabels> labels_;  // per tool, or of the schema
};

}  // namespace cadre::contract
