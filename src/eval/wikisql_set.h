// The WikiSQL data set (Zhong et al. 2017, arXiv:1709.00103) in its own layout, as a suite reads it.
//
//   DIR/SPLIT.jsonl          {"table_id", "question", "sql": {"sel", "agg", "conds": [[column, op, value], ...]}}
//   DIR/SPLIT.tables.jsonl   {"id", "header", "types": ["text" | "real", ...], "rows": [[cell, ...], ...]}
//   DIR/SPLIT.sqlite         table_<id, - replaced by _>, columns col0, col1, ...; without the file, the rows are used
//
// A case may carry "cond_cells": for every condition the value as the database stores it. Where it does not, a cell of
// the column with the same normal form is taken. A malformed line is an Error that names file and line. Thread safety:
// a set belongs to one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/sql_call.h"
#include "contract/table.h"

namespace cadre::eval {

struct WikiSqlCase {
  std::string question;
  const contract::Table* table = nullptr;  // into the set
  contract::SqlCall gold;
};

class WikiSqlSet {
 public:
  // At most `limit` cases, 0 for all.
  static Result<WikiSqlSet> load(const std::string& folder, const std::string& split, size_t limit = 0);
  WikiSqlSet(WikiSqlSet&&) = default;

  const std::vector<WikiSqlCase>& cases() const { return cases_; }

 private:
  WikiSqlSet() = default;

  std::unordered_map<std::string, contract::Table> tables_;  // by id; nodes stay where they are
  std::vector<WikiSqlCase> cases_;
};

}  // namespace cadre::eval
