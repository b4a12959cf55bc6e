// SPDX-License-Identifier: Apache-2.0
#include "app/check_command.h"

#include <fmt/format.h>

#include <sstream>
#include <vector>

#include "agent/cadre_file.h"
#include "agent/open_cadre.h"
#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

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
  for (const Json& note : details["notes"])
    text += fmt::format("  note       {}\n", printable(note.get<std::string>()));
  return text;
}

std::string specialist_to_text(const agent::SpecialistEntry& entry, const agent::Specialist& specialist) {
  std::string text = fmt::format("\n{}\n  purpose    {}\n", entry.name, printable(entry.purpose));
  if (entry.kind == agent::SpecialistKind::kTable) return text + table_to_text(entry, specialist);
  if (entry.kind == agent::SpecialistKind::kTemplate)
    return text + fmt::format("  says       {}\n", printable(entry.text));
  if (entry.kind == agent::SpecialistKind::kEndpoint || entry.kind == agent::SpecialistKind::kChat)
    return text + fmt::format("  endpoint   {}\n", entry.endpoint);
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
  return text + fmt::format("\nrouter   {}\njournal  {}\nserve    {}:{}\n",
                            file.router.empty() ? "none: every request goes to a specialist" : printable(file.router),
                            file.journal.empty() ? "where `cadre ask` keeps it" : printable(file.journal),
                            printable(file.serve.address), file.serve.port);
}

int report(const Error& error, bool json) {
  const std::vector<std::string> lines = lines_of(error.message);
  if (json) fmt::print("{}\n", base::dump_json({{"ok", false}, {"errors", lines}}));
  for (const std::string& line : lines) fmt::print(stderr, "{}\n", printable(line));
  return exit_code_of(error);
}

}  // namespace

int run_check(const CheckOptions& options) {
  const auto file = agent::load_cadre_file(options.file);
  if (!file.ok()) return report(file.error(), options.json);
  const auto cadre = agent::open_cadre(*file);
  if (!cadre.ok()) return report(cadre.error(), options.json);
  fmt::print("{}",
             options.json ? base::dump_json(cadre_to_json(*file, **cadre)) + "\n" : cadre_to_text(*file, **cadre));
  return kExitOk;
}

void add_check(CommandLine& line, CheckOptions& options) {
  Command& command =
      line.command("check", "Read a cadre file and open all it names; print what is there, or every error");
  command.text("file", options.file, "a cadre file (docs/cadre_file.md)").required();
  command.flag("--json", options.json, "one JSON object instead of text");
  command.example("cadre check examples/cadre.yaml");
  command.action([&options] { return run_check(options); });
}

}  // namespace cadre::app
