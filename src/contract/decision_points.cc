// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_points.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/decision_walk.h"

namespace cadre::contract {

DecisionPoints::DecisionPoints(std::shared_ptr<SchemaContract> contract, SchemaMachine& machine,
                               const DecisionOptions& options)
    : contract_(std::move(contract)),
      options_(options),
      index_(machine, contract_->bindings(), {options.candidates_max, options.spans_max}),
      tools_(machine.tools()) {
  if (tools_ == nullptr) {
    labels_.emplace_back(contract_->schema());
  } else {
    for (size_t tool = 0; tool < tools_->tools().size(); ++tool) labels_.emplace_back(tools_->schema(tool));
    list_tools(machine);
  }
}

void DecisionPoints::list_tools(SchemaMachine& machine) {
  const ToolTexts& texts = tools_->texts();
  const DocumentCursor start(machine);
  const bool may_be_none = start.complete();
  for (const bool is_further : {false, true}) {
    auto list = std::make_shared<CandidateList>();
    const std::string before =
        is_further ? texts.after_arguments.written + texts.between.written : texts.opening.written;
    for (size_t tool = tools_->callable().first; tool < tools_->callable().second; ++tool) {
      const Tool& known = tools_->tools()[tool];
      std::string bytes = before + known.name + texts.before_arguments.written;
      tool_of_bytes_.emplace(bytes, static_cast<uint32_t>(tool));
      DocumentCursor called = start;
      if (!is_further && called.read(bytes)) tool_distance_max_ = std::max(tool_distance_max_, called.distance());
      const std::string label = known.name + (known.description.empty() ? "" : ": ") + known.description;
      list->add({std::move(bytes), label, std::nullopt});
    }
    if (is_further) {
      list->add({texts.after_arguments.written + texts.closing.written, "end", std::nullopt});
    } else if (may_be_none) {
      list->add({"", "no call", std::nullopt});
    }
    tool_lists_[is_further ? 1 : 0] = std::move(list);
  }
}

uint32_t DecisionPoints::tool_of(const Candidate& candidate) const {
  const auto found = tool_of_bytes_.find(candidate.bytes);
  return found == tool_of_bytes_.end() ? DecisionPoint::kNoTool : found->second;
}

Result<std::shared_ptr<DecisionPoints>> DecisionPoints::make(std::shared_ptr<SchemaContract> contract,
                                                             const DecisionOptions& options) {
  if (contract->mode() != SchemaMode::kGenerate)
    return Error{ErrorCode::kInvalid,
                 "decisions need a contract compiled for generate mode; this one is for accept mode"};
  SchemaContract& shared = *contract;
  return shared.with_machine([&](SchemaMachine& machine) {
    return std::shared_ptr<DecisionPoints>(new DecisionPoints(std::move(contract), machine, options));
  });
}

Result<DecisionWalk> DecisionPoints::begin(std::shared_ptr<DecisionSource> input) {
  const uint32_t least = contract_->bytes_min();
  if (least > options_.size_bytes_max)
    return Error{ErrorCode::kInvalid, fmt::format("an output of {} bytes is too small: this contract needs {}",
                                                  options_.size_bytes_max, least)};
  return DecisionWalk(*this, std::move(input));
}

const std::string& DecisionPoints::label(uint32_t tool, std::string_view outline_path) {
  return labels_[tools_ == nullptr ? 0 : tool].of(outline_path);
}

}  // namespace cadre::contract
