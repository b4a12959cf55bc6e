// Tool sets as machines: the schemas of all tools in one graph, each tool's arguments a location of its own, the
// envelope around them.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "contract/schema_machine.h"
#include "contract/schema_merge.h"

namespace cadre::contract {

namespace {

Error of_tool(const ToolSet& tools, size_t tool, Error error) {
  return std::move(error).with_context(fmt::format("tool \"{}\"", tools.tools()[tool].name));
}

// A pattern that is no regular language, and what is not bound, is found when all are compiled together: whose is it?
Error name_the_tool(const ToolSet& tools, SchemaMode mode, const std::shared_ptr<const Bindings>& bindings,
                    Error error) {
  for (size_t tool = 0; tool < tools.tools().size(); ++tool) {
    auto alone = SchemaPrograms::make(tools.schema(tool), mode, bindings);
    if (!alone.ok()) return of_tool(tools, tool, std::move(alone).error());
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<SchemaMachine>> SchemaMachine::compile(std::shared_ptr<const ToolSet> tools, SchemaMode mode,
                                                              std::shared_ptr<const Bindings> bindings) {
  SchemaMerger merger;
  std::vector<SchemaId> arguments;
  for (size_t tool = 0; tool < tools->tools().size(); ++tool)
    arguments.push_back(merger.append_object(tools->schema(tool)));
  auto schema = std::make_unique<const Schema>(merger.take());
  auto programs = SchemaPrograms::make(*schema, mode, bindings);
  if (!programs.ok()) return name_the_tool(*tools, mode, bindings, std::move(programs).error());
  std::unique_ptr<SchemaMachine> machine(new SchemaMachine(std::move(*programs), mode));
  machine->schema_of_tools_ = std::move(schema);
  machine->arguments_ = std::move(arguments);
  machine->envelope_ = std::make_unique<ToolEnvelope>(std::move(tools), mode);
  machine->place_id(PlaceKind::kRefused);
  machine->stack_.id(StackNode{});
  machine->number_texts_.id(TextNode{});
  machine->start_ = machine->at(0, PlaceKind::kOutside, machine->envelope_->start());
  TRY(machine->find_arguments());
  return machine;
}

// Can arguments be given to each tool, and in how many bytes? A tool that may not be called may have none.
Result<void> SchemaMachine::find_arguments() {
  const ToolSet& tools = envelope_->set();
  std::vector<uint32_t> costs(arguments_.size(), kNoWay);
  bool wide = false;
  for (size_t tool = 0; tool < arguments_.size(); ++tool) {
    if (const auto plain = plain_object_size_bytes(tools.schema(tool))) {
      costs[tool] = *plain;  // compiled once it is called
      continue;
    }
    const uint32_t location = programs_.location_of(arguments_[tool]);
    const bool viable = programs_.viable(location);
    if (!problem().empty()) return of_tool(tools, tool, Error{ErrorCode::kLimit, problem()});
    if (mode_ == SchemaMode::kAccept) continue;
    if (viable && !completion_.value(location).empty()) {
      costs[tool] = completion_.value(location).front().cost;
    } else if (viable && !wide) {
      wide = true;
      completion_.search_wider();
      tool = static_cast<size_t>(-1);  // what was found before was forgotten
    } else if (tools.callable().first <= tool && tool < tools.callable().second) {
      return of_tool(tools, tool,
                     Error{ErrorCode::kUnsupported, "no arguments were found that could be generated for it"});
    }
  }
  if (mode_ == SchemaMode::kGenerate) envelope_->set_costs(std::move(costs));
  return {};
}

SchemaMachine::State SchemaMachine::step_outside(State state, uint8_t byte) {
  const ToolEnvelope::Step step = envelope_->next(places_[state.place].a, byte);
  switch (step.kind) {
    case ToolEnvelope::Step::Kind::kRefused:
      break;
    case ToolEnvelope::Step::Kind::kState:
      return at(state.stack, PlaceKind::kOutside, step.state);
    case ToolEnvelope::Step::Kind::kArguments: {
      by_stack_ = true;
      const uint32_t location = programs_.location_of(arguments_[step.tool]);
      const uint32_t node = stack_.id(StackNode{state.stack, step.state | kCallStep, 1, location, true});
      return at(node, PlaceKind::kValue, location);
    }
  }
  return {};
}

}  // namespace cadre::contract
