// Opens what a cadre file names: packs, tables, the router. What runs are carried out with, and what `cadre check` shows.
//
// Thread safety: after opening, immutable; specialists as agent/specialist.h says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/cadre_file.h"
#include "agent/dispatch_tiers.h"
#include "agent/planner.h"
#include "agent/specialist_contract.h"
#include "agent/specialist_pack.h"
#include "agent/table_specialist.h"
#include "base/clock.h"
#include "base/result.h"

namespace cadre::agent {

// A test that a specialist's pack brings along, and whom it is put to: the specialist itself, or the pack over the test's own table.
struct OpenedSelfTest {
  std::string specialist;
  SelfTest test;
  CheckedSpecialist subject;
};

struct Cadre {
  Specialists specialists;  // in the order of the file
  std::unique_ptr<Planner> planner;
  Budget budget;                           // of every run
  std::vector<OpenedSelfTest> self_tests;  // in the order of specialists and packs
  std::vector<std::string> notes;          // what of the files was read otherwise than it stands there
};

using LoadScope = std::function<Result<DecideScope>(const std::string& path)>;
Result<DecideScope> load_scope_router(const std::string& path);

// How the files are read; tests put theirs here.
struct CadreLoaders {
  LoadPack load_pack = load_decider_pack;
  LoadScope load_scope = load_scope_router;
};

// Error: everything that could not be opened, one a line, each naming its specialist.
Result<std::unique_ptr<Cadre>> open_cadre(const CadreFile& file, const CadreLoaders& loaders = {},
                                          const base::Clock& clock = base::system_clock());

// The tiers that these specialists, this router (none: empty) and these routes (none: null) make, in order;
// planners last.
std::unique_ptr<Planner> make_planner(const Specialists& specialists, const base::Clock& clock, DecideScope scope,
                                      std::unique_ptr<Tier> routes = nullptr,
                                      std::vector<std::unique_ptr<Tier>> planners = {});

// The identity of a specialist over a table: another pack, another verifier (null: none), or another byte of the file, is another one.
// `pack_sha256` may be empty: then packs of one name and version are the same.
std::string identity_of_table(const std::string& pack_name, const std::string& table_fingerprint,
                              const std::string& pack_sha256 = "", const model::Verifier* verifier = nullptr);

// Was the verifier's calibration fitted to the confidence of this pack? With another one its verdicts' weights mean little.
bool is_fitted_to(const model::Verifier& verifier, const std::string& pack_name);

}  // namespace cadre::agent
