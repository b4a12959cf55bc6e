// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_tools.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/exit_codes.h"
#include "app/grammar_bindings.h"
#include "app/grammar_input.h"
#include "app/printable.h"
#include "base/json.h"
#include "contract/document_cursor.h"
#include "contract/schema_report.h"
#include "contract/tool_calls.h"

namespace cadre::app {
namespace {

using base::Json;
using contract::Grade;
using contract::SchemaMachine;
using contract::SchemaMode;
using contract::ToolSet;

// Grades of all tools together, and the notes of each under its name.
contract::SchemaReport report_tools(const std::shared_ptr<const ToolSet>& set) {
  contract::SchemaReport report;
  for (const contract::Tool& tool : set->tools()) {
    const auto one = contract::report_schema(tool.parameters.empty() ? "{}" : tool.parameters, set->options().schema);
    report.accept = std::max(report.accept, one.accept);
    report.generate = std::max(report.generate, one.generate);
    for (const auto& note : one.notes)
      report.notes.push_back({tool.name + (note.path.empty() ? "" : ": " + note.path), note.text});
  }
  const auto machine = SchemaMachine::compile(set, SchemaMode::kGenerate);
  if (machine.ok()) {
    report.bytes_min = (*machine)->distance((*machine)->start());
    report.states = (*machine)->size();
  } else {
    report.generate = Grade::kRefused;
    report.notes.push_back({"", machine.error().message});
  }
  return report;
}

struct CallsAcceptance {
  bool accepted = false;
  size_t read = 0;  // bytes before the first refused one
  std::string reason;
  contract::ToolAnswer answer;
};

Result<CallsAcceptance> accept_calls(const std::shared_ptr<const ToolSet>& set,
                                     const std::shared_ptr<const contract::Bindings>& bindings, std::string_view text) {
  auto machine = TRY(SchemaMachine::compile(set, SchemaMode::kAccept, bindings));
  contract::DocumentCursor cursor(*machine);
  CallsAcceptance result;
  result.accepted = cursor.read(text) && cursor.complete();
  if (!machine->problem().empty()) return Error{ErrorCode::kLimit, machine->problem()};
  auto answer = contract::parse_tool_calls(text, *set, bindings.get());
  if (!answer.ok() && answer.error().code != ErrorCode::kInvalid) return answer.error();
  if (answer.ok() != result.accepted) {
    return Error{ErrorCode::kInternal,
                 "the machine and the parser disagree about this answer; please report it with the tools"};
  }
  if (result.accepted) {
    result.answer = std::move(*answer);
    return result;
  }
  result.reason = answer.error().message;
  contract::DocumentCursor again(*machine);
  while (result.read < text.size() && again.read(text.substr(result.read, 1))) ++result.read;
  return result;
}

Json json_of(const contract::ToolAnswer& answer) {
  Json calls = Json::array();
  for (const auto& call : answer.calls) calls.push_back({{"name", call.name}, {"arguments", call.arguments}});
  return {{"content", answer.content}, {"calls", std::move(calls)}};
}

}  // namespace

Result<std::shared_ptr<const ToolSet>> read_tool_set(const GrammarOptions& options) {
  const std::string text = TRY(read_input(options.tools, contract::kSchemaSizeBytesMax));
  auto read = contract::read_tools(text);
  if (!read.ok()) return std::move(read).error().with_context(options.tools);
  contract::ToolSetOptions set_options;
  contract::set_choice(set_options, options.choice);
  set_options.calls_max = options.parallel == 0 ? contract::kUnlimited : static_cast<uint32_t>(options.parallel);
  set_options.schema.assert_formats = options.formats;
  return ToolSet::make(std::move(*read), TRY(contract::ToolFormat::find(options.format)), set_options);
}

void add_tool_options(Command& command, GrammarOptions& options) {
  command.text("--tools", options.tools, "instead of a schema: a JSON file with a \"tools\" array as OpenAI has it");
  command.text("--choice", options.choice, "with --tools: none, auto, required, or the name of the tool to call");
  command.text("--format", options.format,
               "with --tools: how calls are written: hermes, llama3, mistral, openai, functions");
  command.integer("--parallel", options.parallel, "with --tools: how many calls an answer may hold; 0: any number", 0,
                  1'000'000);
}

int check_tools(const GrammarOptions& options) {
  const auto set = read_tool_set(options);
  if (!set.ok()) return fail_grammar("check", set.error());
  const contract::SchemaReport report = report_tools(*set);
  const bool refused = report.generate == Grade::kRefused;
  if (options.json) {
    Json notes = Json::array();
    for (const auto& note : report.notes) notes.push_back({{"path", note.path}, {"note", note.text}});
    Json value = {{"tools", (*set)->tools().size()},
                  {"accept", contract::grade_name(report.accept)},
                  {"generate", contract::grade_name(report.generate)}};
    if (!refused) value["tokens_min"] = report.bytes_min;
    value["notes"] = std::move(notes);
    fmt::print("{}\n", base::dump_json(value));
  } else {
    fmt::print("tools     {}\naccept    {}\ngenerate  {}\n", (*set)->tools().size(),
               contract::grade_name(report.accept), contract::grade_name(report.generate));
    if (!refused) fmt::print("shortest  {} bytes, so no more tokens\n", report.bytes_min);
    for (const auto& note : report.notes)
      fmt::print("note      {}{}{}\n", printable(note.path), note.path.empty() ? "" : ": ", printable(note.text));
  }
  return report.accept == Grade::kRefused ? kExitDeclined : kExitOk;
}

int accept_tools(const GrammarOptions& options) {
  const auto set = read_tool_set(options);
  if (!set.ok()) return fail_grammar("accept", set.error());
  const auto text = read_input(options.instance, kInstanceSizeBytesMax);
  if (!text.ok()) return fail_grammar("accept", text.error());
  const auto bindings = read_bindings(options);
  if (!bindings.ok()) return fail_grammar("accept", bindings.error());
  const auto result = accept_calls(*set, *bindings, *text);
  if (!result.ok()) return fail_grammar("accept", result.error());
  if (options.json) {
    Json value = {{"accepted", result->accepted}};
    if (result->accepted) {
      value.update(json_of(result->answer));
    } else {
      value["read_bytes"] = result->read;
      value["reason"] = result->reason;
    }
    fmt::print("{}\n", base::dump_json(value));
  } else if (result->accepted) {
    fmt::print("accepted\n");
    for (const auto& call : result->answer.calls)
      fmt::print("call      {} {}\n", printable(call.name), printable(call.arguments));
  } else {
    fmt::print("refused after {} bytes: {}\n", result->read, printable(result->reason));
  }
  return result->accepted ? kExitOk : kExitDeclined;
}

int sample_tools(const GrammarOptions& options) {
  const auto set = read_tool_set(options);
  if (!set.ok()) return fail_grammar("sample", set.error());
  const auto bindings = read_bindings(options);
  if (!bindings.ok()) return fail_grammar("sample", bindings.error());
  auto machine = SchemaMachine::compile(*set, SchemaMode::kGenerate, *bindings);
  if (!machine.ok()) return fail_grammar("sample", machine.error());
  // Where a call may be written, one is: a random walk would hardly ever meet its trigger.
  const std::string trigger = (*set)->callable().first < (*set)->callable().second ? (*set)->format().trigger : "";
  contract::DocumentCursor begun(**machine);
  const bool begins = begun.read(trigger);
  const uint32_t needed = static_cast<uint32_t>(begins ? trigger.size() : 0) + begun.distance();
  const auto budget = options.budget == 0 ? 4 * needed + 40 : static_cast<uint32_t>(options.budget);
  if (budget < needed) {
    return fail_grammar("sample", Error{ErrorCode::kInvalid, fmt::format("a budget of {} bytes is too small: a call "
                                                                         "with these tools needs {}",
                                                                         budget, needed)});
  }
  base::Random random(static_cast<uint64_t>(options.seed));
  for (int64_t i = 0; i < options.count; ++i) {
    const std::string text = random_text(**machine, random, budget, trigger);
    const auto answer = contract::parse_tool_calls(text, **set, bindings->get());
    if (!answer.ok()) {
      return fail_grammar("sample", Error{ErrorCode::kInternal,
                                          "the parser refuses a generated answer; please report "
                                          "it with the tools: " +
                                              text});
    }
    if (!options.json) {
      fmt::print("{}\n", text);
      continue;
    }
    Json value = {{"answer", text}};
    value.update(json_of(*answer));
    fmt::print("{}\n", base::dump_json(value));
  }
  return kExitOk;
}

}  // namespace cadre::app
