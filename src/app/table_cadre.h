// The cadre of `cadre ask`: one table, one specialist, the router and the verifier that are installed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/open_cadre.h"
#include "agent/recover.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::app {

struct TableCadreOptions {
  std::string table;
  std::string table_name;      // empty: the only one
  std::string specialist;      // empty: looked up (app/paths.h)
  double confidence_min = -1;  // negative: the specialist's own
  int64_t candidates_max = 8;
  int64_t rows_max = 1000;
};

struct TableCadre {
  std::unique_ptr<agent::Cadre> cadre;
  std::shared_ptr<const agent::TableSpecialist> specialist;
};

// kNotFound says where the specialist was looked for.
Result<TableCadre> open_table_cadre(const TableCadreOptions& options, const agent::LoadPack& load_pack);

// The request of a question: its text, and the files that it is asked of.
base::Json table_request(const TableCadreOptions& options, const std::string& question);

// For runs that another process left: opens the cadre of a recorded request.
agent::OpenCadre table_cadre_opener(agent::LoadPack load_pack);

}  // namespace cadre::app
