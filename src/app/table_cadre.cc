// SPDX-License-Identifier: Apache-2.0
#include "app/table_cadre.h"

#include <fmt/format.h>

#include <utility>

#include "agent/fingerprint.h"
#include "agent/json_values.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/file.h"
#include "model/verifier.h"

namespace cadre::app {
namespace {

using base::Json;

// The installed scope router; without one everything goes to the specialist, which abstains by itself.
Result<agent::DecideScope> open_scope() {
  const std::string path = find_specialist("", "scope.gguf");
  if (path.empty()) return agent::DecideScope();
  auto scope = agent::load_scope_router(path);
  if (!scope.ok()) return std::move(scope).error().with_context(fmt::format("load router \"{}\"", path));
  return scope;
}

// The installed verifier, if it was fitted to this pack; a run goes without one otherwise.
Result<std::shared_ptr<const model::Verifier>> open_verifier(const agent::Pack& pack) {
  const std::string path = find_specialist("", "verifier.gguf");
  if (path.empty()) return std::shared_ptr<const model::Verifier>();
  auto verifier = std::make_shared<const model::Verifier>(TRY(model::Verifier::open(path)));
  if (!agent::is_fitted_to(*verifier, pack.name)) verifier.reset();
  return verifier;
}

Result<contract::Table> open_table(const TableCadreOptions& options) {
  Progress progress(base::system_clock());
  contract::OpenOptions table_options{.table_name = options.table_name};
  table_options.progress = [&](uint64_t rows) {
    progress.show(fmt::format("reading \"{}\": {} rows", printable(options.table), rows));
  };
  return contract::Table::open(options.table, table_options);
}

agent::StepPolicy policy_of(const TableCadreOptions& options, const agent::Pack& pack, uint64_t row_count) {
  agent::StepPolicy policy = pack.policy;
  if (options.confidence_min >= 0) policy.confidence_min = options.confidence_min;
  policy.candidates_max = options.candidates_max;
  policy.rows_max = options.rows_max;
  policy.work_max = agent::sqlite_steps_for(row_count);
  return policy;
}

}  // namespace

Result<TableCadre> open_table_cadre(const TableCadreOptions& options, const agent::LoadPack& load_pack) {
  if (!base::file_exists(options.table))
    return Error{ErrorCode::kNotFound, fmt::format("table \"{}\": no such file", options.table)};
  const std::string fingerprint = TRY(agent::fingerprint_file(options.table));
  contract::Table table = TRY(open_table(options));
  const agent::Pack pack = TRY(load_pack(TRY(specialist_path(options.specialist))));
  TableCadre opened;
  opened.cadre = std::make_unique<agent::Cadre>();
  opened.cadre->notes = table.notes();
  const agent::StepPolicy policy = policy_of(options, pack, table.row_count());
  const auto verifier = TRY(open_verifier(pack));
  opened.specialist = std::make_shared<agent::TableSpecialist>(
      agent::TableSpecialistOptions{.name = "table",
                                    .purpose = "answers questions from the table",
                                    .identity = agent::identity_of_table(pack.name, fingerprint, "", verifier.get()),
                                    .policy = policy,
                                    .verifier = verifier},
      pack, std::move(table));
  opened.cadre->specialists.push_back(TRY(agent::CheckedSpecialist::make(opened.specialist)));
  opened.cadre->planner = agent::make_planner(opened.cadre->specialists, base::system_clock(), TRY(open_scope()));
  return opened;
}

Json table_request(const TableCadreOptions& options, const std::string& question) {
  Json request = {{"text", question}, {"table", agent::bytes_to_json(absolute_path(options.table))}};
  if (!options.table_name.empty()) request["table_name"] = agent::bytes_to_json(options.table_name);
  request["confidence_min"] = options.confidence_min;
  request["candidates_max"] = options.candidates_max;
  request["rows_max"] = options.rows_max;
  if (!options.specialist.empty()) request["pack"] = agent::bytes_to_json(absolute_path(options.specialist));
  return request;
}

agent::OpenCadre table_cadre_opener(agent::LoadPack load_pack) {
  return [load_pack = std::move(load_pack)](const Json& request) -> Result<std::unique_ptr<agent::Cadre>> {
    TableCadreOptions options;
    options.table = TRY(agent::bytes_at(request, "table"));
    options.confidence_min = TRY(base::json_number(request, "confidence_min"));
    options.candidates_max = TRY(base::json_int(request, "candidates_max"));
    options.rows_max = TRY(base::json_int(request, "rows_max"));
    if (request.contains("table_name")) options.table_name = TRY(agent::bytes_at(request, "table_name"));
    if (request.contains("pack")) options.specialist = TRY(agent::bytes_at(request, "pack"));
    return std::move(TRY(open_table_cadre(options, load_pack)).cadre);
  };
}

}  // namespace cadre::app
