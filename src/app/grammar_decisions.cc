// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_decisions.h"

#include <fmt/format.h>

#include "app/exit_codes.h"
#include "app/grammar_input.h"
#include "app/grammar_tools.h"
#include "app/printable.h"
#include "base/json.h"
#include "contract/decision_outline.h"

namespace cadre::app {
namespace {

using base::Json;
using contract::DecisionKind;
using contract::DecisionPoint;
using contract::SchemaContract;
using contract::SchemaMode;

constexpr size_t kCandidatesShown = 12;  // per decision, in the text

Result<std::shared_ptr<SchemaContract>> read_contract(const GrammarOptions& options) {
  if (!options.tools.empty()) return SchemaContract::compile(TRY(read_tool_set(options)), SchemaMode::kGenerate);
  const std::string text = TRY(read_input(options.schema, contract::kSchemaSizeBytesMax));
  contract::SchemaOptions schema_options;
  schema_options.assert_formats = options.formats;
  return SchemaContract::compile(text, SchemaMode::kGenerate, schema_options);
}

std::string_view open_name(contract::OpenKind open) {
  constexpr std::string_view kNames[] = {"text", "number", "name"};
  return kNames[static_cast<size_t>(open)];
}

std::string tool_name(const contract::ToolSet* tools, const DecisionPoint& point) {
  return tools == nullptr || point.tool == DecisionPoint::kNoTool ? std::string() : tools->tools()[point.tool].name;
}

Json as_json(const contract::ToolSet* tools, const DecisionPoint& point) {
  Json value = {{"kind", contract::decision_kind_name(point.kind)}, {"path", point.path}};
  if (const std::string tool = tool_name(tools, point); !tool.empty()) value["tool"] = tool;
  if (!point.description.empty()) value["description"] = point.description;
  if (point.kind == DecisionKind::kOpen) value["open"] = open_name(point.open);
  value["must_abstain"] = point.must_abstain();
  value["candidates"] = Json::array();
  for (const contract::Candidate& candidate : point.candidates()) {
    Json one = {{"bytes", candidate.bytes}, {"label", candidate.label}};
    if (candidate.source) one["source"] = {candidate.source->begin, candidate.source->end};
    if (!candidate.source_name.empty()) one["source_name"] = candidate.source_name;
    value["candidates"].push_back(std::move(one));
  }
  return value;
}

void print_point(const contract::ToolSet* tools, const DecisionPoint& point) {
  std::string listed;
  for (size_t i = 0; i < std::min(point.candidates().size(), kCandidatesShown); ++i)
    listed += (i == 0 ? "" : " | ") + printable(point.candidates()[i].label);
  if (point.candidates().size() > kCandidatesShown) listed += fmt::format(" | ... ({})", point.candidates().size());
  if (point.must_abstain()) listed = fmt::format("(a {}; nothing to choose from: abstain)", open_name(point.open));
  fmt::print("{:6}  {:24}  {}\n", contract::decision_kind_name(point.kind),
             printable(tool_name(tools, point) + point.path), listed);
}

int run_decisions(const GrammarOptions& options) {
  if (options.tools.empty() && options.schema.empty()) {
    fmt::print(stderr, "cadre grammar decisions: neither --schema nor --tools is given\n");
    return kExitUsage;
  }
  const auto contract = read_contract(options);
  if (!contract.ok()) return fail_grammar("decisions", contract.error());
  const auto points = contract::DecisionPoints::make(*contract);
  if (!points.ok()) return fail_grammar("decisions", points.error());
  std::shared_ptr<contract::DecisionSource> input;
  if (!options.input.empty()) {
    const auto read = (*points)->read_input(options.input);
    if (!read.ok()) return fail_grammar("decisions", read.error());
    input = *read;
  }
  const contract::DecisionOutline outline = contract::decision_outline(**points, input);
  if (options.json) {
    Json value = {{"points", Json::array()}};
    for (const DecisionPoint& point : outline.points) value["points"].push_back(as_json((*points)->tools(), point));
    fmt::print("{}\n", base::dump_json(value));
  } else {
    for (const DecisionPoint& point : outline.points) print_point((*points)->tools(), point);
  }
  return kExitOk;
}

}  // namespace

void add_decisions(Command& grammar, GrammarOptions& options) {
  Command& decisions =
      grammar.command("decisions", "List what a decider chooses between, in order, with the candidates");
  decisions.text("--schema", options.schema, "a JSON Schema file");
  add_tool_options(decisions, options);
  decisions.text("--input", options.input, "the text that values may be taken from");
  decisions.flag("--formats", options.formats, "formats assert instead of annotating");
  decisions.flag("--json", options.json, "one JSON object instead of text");
  decisions.example("cadre grammar decisions --schema tool.schema.json --input \"rain in Oslo for 3 days?\"");
  decisions.action([&options] { return run_decisions(options); });
}

}  // namespace cadre::app
