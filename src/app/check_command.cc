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

const char* type_name(contract::ColumnType type) {
  return type == contract::ColumnType::kReal ? "number" : "text";
}

Json specialist_to_json(const agent::OpenSpecialist& specialist) {
  Json columns = Json::array();
  for (const contract::Column& column : specialist.table.schema().columns)
    columns.push_back({{"name", column.name}, {"type", type_name(column.type)}});
  return {{"name", specialist.entry.name},
          {"pack", specialist.entry.pack},
          {"version", specialist.pack.name},
          {"purpose", specialist.entry.purpose},
          {"table", specialist.entry.table},
          {"rows", specialist.table.row_count()},
          {"columns", std::move(columns)},
          {"notes", specialist.table.notes()},
          {"confidence_min", specialist.target.policy.confidence_min},
          {"answerable_min", specialist.target.policy.answerable_min}};
}

Json cadre_to_json(const agent::CadreFile& file, const agent::OpenCadre& cadre) {
  Json specialists = Json::array();
  for (const agent::OpenSpecialist& specialist : cadre.specialists)
    specialists.push_back(specialist_to_json(specialist));
  return {{"ok", true},
          {"name", file.name},
          {"specialists", std::move(specialists)},
          {"router", file.router.empty() ? Json() : Json(file.router)},
          {"journal", file.journal.empty() ? Json() : Json(file.journal)},
          {"errors", Json::array()}};
}

std::string columns_text(const contract::TableSchema& schema) {
  std::string text;
  for (const contract::Column& column : schema.columns)
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", printable(column.name), type_name(column.type));
  return text;
}

std::string cadre_to_text(const agent::CadreFile& file, const agent::OpenCadre& cadre) {
  std::string text = fmt::format("cadre {}: {} specialist{}\n", file.name, cadre.specialists.size(),
                                 cadre.specialists.size() == 1 ? "" : "s");
  for (const agent::OpenSpecialist& specialist : cadre.specialists) {
    text += fmt::format("\n{}\n  purpose    {}\n  pack       {} ({})\n  table      {}, {} rows\n  columns    {}\n",
                        specialist.entry.name, printable(specialist.entry.purpose), printable(specialist.entry.pack),
                        printable(specialist.pack.name), printable(specialist.entry.table),
                        specialist.table.row_count(), columns_text(specialist.table.schema()));
    text += fmt::format("  answers    from confidence {:.2f} on\n", specialist.target.policy.confidence_min);
    for (const std::string& note : specialist.table.notes()) text += fmt::format("  note       {}\n", printable(note));
  }
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
  fmt::print("{}", options.json ? base::dump_json(cadre_to_json(*file, *cadre)) + "\n" : cadre_to_text(*file, *cadre));
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
