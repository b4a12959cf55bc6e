// SPDX-License-Identifier: Apache-2.0
#include "app/check_command.h"

#include <fmt/format.h>

#include <vector>

#include "agent/cadre_file.h"
#include "agent/open_cadre.h"
#include "agent/self_tests.h"
#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;

Json specialist_to_json(const agent::SpecialistEntry& entry, const agent::Specialist& specialist) {
  const agent::SpecialistDefinition& definition = specialist.definition();
  Json json = {{"name", definition.name},
               {"kind", agent::specialist_kind_name(entry.kind)},
               {"version", definition.version},
               {"purpose", definition.purpose},
               {"confidence_min", definition.policy.confidence_min},
               {"answerable_min", definition.policy.answerable_min}};
  if (entry.kind == agent::SpecialistKind::kTable) {
    json["pack"] = entry.pack;
    json["table"] = entry.table;
    if (!entry.verifier.empty()) json["verifier"] = entry.verifier;
  }
  if (entry.kind != agent::SpecialistKind::kTable && !entry.pack.empty()) json["pack"] = entry.pack;
  json.update(specialist.details());
  return json;
}

Json cadre_to_json(const agent::CadreFile& file, const agent::Cadre& cadre) {
  Json specialists = Json::array();
  for (size_t i = 0; i < file.specialists.size(); ++i)
    specialists.push_back(specialist_to_json(file.specialists[i], cadre.specialists[i].specialist()));
  Json routes = Json::array();
  for (const agent::RouteOptions& route : file.routes)
    routes.push_back({{"name", route.name}, {"match", route.match}, {"steps", route.steps.size()}});
  return {{"ok", true},
          {"name", file.name},
          {"specialists", std::move(specialists)},
          {"routes", std::move(routes)},
          {"router", file.router.empty() ? Json() : Json(file.router)},
          {"journal", file.journal.empty() ? Json() : Json(file.journal)},
          {"notes", cadre.notes},
          {"errors", Json::array()}};
}

std::string columns_text(const Json& columns) {
  std::string text;
  for (const Json& column : columns)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", printable(column["name"].get<std::string>()),
                        column["type"].get<std::string>());
  return text;
}

std::string table_to_text(const agent::SpecialistEntry& entry, const agent::Specialist& specialist) {
  const Json details = specialist.details();
  std::string text =
      fmt::format("  pack       {} ({})\n  table      {}, {} rows\n  columns    {}\n", printable(entry.pack),
                  printable(specialist.definition().version), printable(entry.table), details["rows"].get<uint64_t>(),
                  columns_text(details["columns"]));
  if (!entry.verifier.empty()) text += fmt::format("  verifier   {}\n", printable(entry.verifier));
  text += fmt::format("  answers    from confidence {:.2f} on\n", specialist.definition().policy.confidence_min);
  return text;
}

std::string specialist_to_text(const agent::SpecialistEntry& entry, const agent::Specialist& specialist) {
  std::string text = fmt::format("\n{}\n  purpose    {}\n", entry.name, printable(specialist.definition().purpose));
  if (entry.kind == agent::SpecialistKind::kTable) return text + table_to_text(entry, specialist);
  if (entry.kind == agent::SpecialistKind::kTemplate)
    return text + fmt::format("  says       {}\n", printable(entry.text));
  if (entry.kind == agent::SpecialistKind::kEndpoint || entry.kind == agent::SpecialistKind::kChat)
    text += fmt::format("  endpoint   {}\n", entry.endpoint);
  if (!entry.pack.empty())
    text += fmt::format("  pack       {} ({})\n", printable(entry.pack), printable(specialist.definition().version));
  if (entry.kind != agent::SpecialistKind::kCall) return text;
  const agent::Assignment assignment = agent::assignment_to(specialist);
  text += fmt::format("  tool       {} ({}{})\n", assignment.tool, agent::tool_effect_name(assignment.effect),
                      assignment.is_fenced ? ", fenced" : "");
  text += fmt::format("  approval   {}\n", agent::approval_name(assignment.policy.approval));
  for (const std::string& condition : entry.before) text += fmt::format("  before     {}\n", printable(condition));
  for (const std::string& condition : entry.after) text += fmt::format("  after      {}\n", printable(condition));
  return text;
}

std::string cadre_to_text(const agent::CadreFile& file, const agent::Cadre& cadre) {
  std::string text = fmt::format("cadre {}: {} specialist{}\n", file.name, cadre.specialists.size(),
                                 cadre.specialists.size() == 1 ? "" : "s");
  for (size_t i = 0; i < file.specialists.size(); ++i)
    text += specialist_to_text(file.specialists[i], cadre.specialists[i].specialist());
  for (const agent::RouteOptions& route : file.routes)
    text += fmt::format("\nroute {}: {} step{} for \"{}\"\n", route.name, route.steps.size(),
                        route.steps.size() == 1 ? "" : "s", printable(route.match));
  if (!cadre.notes.empty()) text += "\n";
  for (const std::string& note : cadre.notes) text += fmt::format("note     {}\n", printable(note));
  return text + fmt::format("\nrouter   {}\njournal  {}\nserve    {}:{}\n",
                            file.router.empty() ? "none: every request goes to a specialist" : printable(file.router),
                            file.journal.empty() ? "where `cadre ask` keeps it" : printable(file.journal),
                            printable(file.serve.address), file.serve.port);
}

// How many failed.
size_t add_results(const std::vector<agent::SelfTestResult>& results, Json& json, std::string& text) {
  size_t failed = 0;
  json["self_tests"] = Json::array();
  text += results.empty() ? "\nself-tests: no pack here brings any\n" : "\nself-tests\n";
  for (const agent::SelfTestResult& result : results) {
    json["self_tests"].push_back({{"specialist", result.specialist},
                                  {"test", result.test},
                                  {"passed", result.passed},
                                  {"expected", result.expected},
                                  {"got", result.got},
                                  {"difference", result.difference}});
    text +=
        fmt::format("  {} {}: {}\n", result.passed ? "passed" : "FAILED", result.specialist, printable(result.test));
    if (result.passed) continue;
    ++failed;
    text += fmt::format("    expected {}\n    got      {}\n", printable(result.expected), printable(result.got));
    if (!result.difference.empty()) text += fmt::format("    differs at {}\n", printable(result.difference));
  }
  if (!results.empty()) text += fmt::format("{} passed, {} failed\n", results.size() - failed, failed);
  json["ok"] = failed == 0;
  return failed;
}

}  // namespace

int run_check(const CheckOptions& options) {
  const auto file = agent::load_cadre_file(options.file);
  if (!file.ok()) return fail_with_lines(file.error(), options.json);
  const auto cadre = agent::open_cadre(*file);
  if (!cadre.ok()) return fail_with_lines(cadre.error(), options.json);
  Json json = cadre_to_json(*file, **cadre);
  std::string text = options.json ? "" : cadre_to_text(*file, **cadre);
  if (!options.self_tests) {
    fmt::print("{}", options.json ? base::dump_json(json) + "\n" : text);
    return kExitOk;
  }
  const auto results = agent::run_self_tests(**cadre);
  if (!results.ok()) return fail_with_lines(results.error(), options.json);
  const size_t failed = add_results(*results, json, text);
  fmt::print("{}", options.json ? base::dump_json(json) + "\n" : text);
  return failed == 0 ? kExitOk : kExitFailed;
}

void add_check(CommandLine& line, CheckOptions& options) {
  Command& command =
      line.command("check", "Read a cadre file and open all it names; print what is there, or every error");
  command.text("file", options.file, "a cadre file (docs/cadre_file.md)").required();
  command.flag("--self-tests", options.self_tests,
               "put the tests that packs bring along to their specialists; status 1 if one fails");
  command.flag("--json", options.json, "one JSON object instead of text");
  command.example("cadre check examples/cadre.yaml");
  command.action([&options] { return run_check(options); });
}

}  // namespace cadre::app
