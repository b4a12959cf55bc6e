// The SQL contract held to its promises over the databases of Spider (Yu et al. 2018, arXiv:1809.08887).
//
//   DIR/SPLIT.jsonl             {"db_id", "question", "query"}
//   DIR/databases/<db_id>.sqlite
//
// Gold: of the questions whose database is there and whose SQL runs on it, how many does the grammar accept? "x" that names nothing of the
// database is run as the text 'x', as SQLite used to read it.
// Walks: random tokens of the masks under random budgets, from the shortest statement on; every statement written is prepared and executed on
// its database, read-only. The vocabulary of a database: every byte, the words of its questions' SQL with and without a space before them, and
// tokens of the given vocabulary. Execution ends at a limit on SQLite's steps and rows, which is no failure.
// What went wrong is in `failures`. Deterministic for a seed. Thread safety: a pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::eval {

struct SqlGrammarOptions {
  std::string data;
  std::string split = "train_spider";
  std::vector<std::string> tokens;  // by id; may be empty
  size_t walks = 1'000;             // over all databases
  uint64_t seed = 1;
  size_t failures_max = 100;
  std::function<void(size_t done, size_t all)> on_progress;  // databases; may be empty
};

struct SqlGrammarReport {
  size_t questions = 0, without_database = 0, gold_failed = 0;
  size_t gold = 0, gold_accepted = 0;  // that run
  size_t databases = 0, databases_refused = 0;
  size_t walks = 0, walk_tokens = 0, walks_stuck = 0, walks_over_budget = 0;
  size_t not_prepared = 0, not_executed = 0;  // statements written that SQLite refuses, or fails on
  size_t at_step_limit = 0, with_rows = 0;
  std::vector<std::string> failures;
};

Result<SqlGrammarReport> run_sql_grammar_suite(const SqlGrammarOptions& options);

}  // namespace cadre::eval
