// SPDX-License-Identifier: Apache-2.0
#include "app/open_world.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "agent/fingerprint.h"
#include "agent/scope_dispatcher.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/file.h"

namespace cadre::app {

Result<std::string> specialist_path(const std::string& given) {
  const std::string path = find_specialist(given, "sql.gguf");
  if (!path.empty() && base::file_exists(path)) return path;
  if (!path.empty()) return Error{ErrorCode::kNotFound, fmt::format("specialist \"{}\": no such file", path)};
  return Error{
      ErrorCode::kNotFound,
      fmt::format("no specialist: sql.gguf is in none of {}; make one with `cadre train`, or give --specialist FILE",
                  fmt::join(specialist_folders(), ", "))};
}

namespace {

// The installed scope router; without one everything goes to the specialist, which abstains by itself.
Result<std::unique_ptr<agent::Dispatcher>> open_dispatcher() {
  const std::string path = find_specialist("", "scope.gguf");
  if (path.empty()) return std::unique_ptr<agent::Dispatcher>(std::make_unique<agent::AcceptAll>());
  auto router = model::Router::open(path);
  if (!router.ok()) return std::move(router).error().with_context(fmt::format("load router \"{}\"", path));
  return std::unique_ptr<agent::Dispatcher>(
      std::make_unique<agent::ScopeDispatcher>(std::make_shared<const model::Router>(std::move(router).value())));
}

}  // namespace

Result<std::unique_ptr<agent::World>> open_world(const WorldPaths& paths, const SpecialistLoader& load_specialist) {
  if (!base::file_exists(paths.table))
    return Error{ErrorCode::kNotFound, fmt::format("table \"{}\": no such file", paths.table)};
  std::string fingerprint = TRY(agent::fingerprint_file(paths.table));
  Progress progress(base::system_clock());
  contract::OpenOptions table_options{.table_name = paths.table_name};
  table_options.progress = [&](uint64_t rows) {
    progress.show(fmt::format("reading \"{}\": {} rows", printable(paths.table), rows));
  };
  contract::Table table = TRY(contract::Table::open(paths.table, table_options));
  const std::string specialist_file = TRY(specialist_path(paths.specialist));
  LoadedSpecialist specialist = TRY(load_specialist(specialist_file));
  auto dispatcher = TRY(open_dispatcher());
  return std::make_unique<agent::World>(agent::World{std::move(table), std::move(fingerprint),
                                                     std::move(specialist.engine), std::move(dispatcher),
                                                     specialist.policy});
}

agent::OpenWorld world_opener(SpecialistLoader load_specialist) {
  return [load = std::move(load_specialist)](const agent::Request& request) {
    return open_world(
        {.table = request.table_path, .table_name = request.table_name, .specialist = request.specialist_path}, load);
  };
}

}  // namespace cadre::app
