// Opens what a cadre file names: packs, tables, the router. What a runtime works with, and what `cadre check` shows.
//
// Thread safety: after opening, immutable; tables as contract/table.h says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/cadre_file.h"
#include "agent/dispatcher.h"
#include "agent/specialist_pack.h"
#include "base/result.h"
#include "contract/table.h"

namespace cadre::agent {

struct OpenSpecialist {
  SpecialistEntry entry;
  Pack pack;  // shared weights where several specialists name one file
  contract::Table table;
  Target target;  // what a run of it is held to
};

// Makes a dispatcher for one thread.
using MakeDispatcher = std::function<std::unique_ptr<Dispatcher>()>;

struct OpenCadre {
  std::vector<OpenSpecialist> specialists;  // in the order of the file
  MakeDispatcher make_scope;                // empty: there is no router
};

using LoadScope = std::function<Result<MakeDispatcher>(const std::string& path)>;
Result<MakeDispatcher> load_scope_router(const std::string& path);

// How the files are read; tests put theirs here.
struct CadreLoaders {
  LoadPack load_pack = load_decider_pack;
  LoadScope load_scope = load_scope_router;
};

// Error: everything that could not be opened, one a line, each naming its specialist.
Result<OpenCadre> open_cadre(const CadreFile& file, const CadreLoaders& loaders = {});

}  // namespace cadre::agent
