// SPDX-License-Identifier: Apache-2.0
#include "app/bench_sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "contract/vocabulary_file.h"
#include "eval/sql_grammar_suite.h"

namespace cadre::app {
namespace {

constexpr size_t kFailuresShown = 5;

Result<eval::SqlGrammarReport> measure(const BenchOptions& options) {
  Progress progress(base::system_clock());
  eval::SqlGrammarOptions suite;
  suite.data = options.data;
  if (!options.split.empty()) suite.split = options.split;
  if (!options.vocabulary.empty()) suite.tokens = TRY(contract::read_vocabulary_file(options.vocabulary));
  suite.walks = static_cast<size_t>(options.walks);
  suite.seed = static_cast<uint64_t>(options.seed);
  suite.on_progress = [&](size_t done, size_t all) { progress.show(fmt::format("{} of {} databases", done, all)); };
  return eval::run_sql_grammar_suite(suite);
}

base::Json as_json(const eval::SqlGrammarReport& report) {
  const double share =
      report.gold == 0 ? 0.0 : static_cast<double>(report.gold_accepted) / static_cast<double>(report.gold);
  return {{"questions", report.questions},
          {"questions_without_database", report.without_database},
          {"gold_failed", report.gold_failed},
          {"gold", report.gold},
          {"gold_accepted", report.gold_accepted},
          {"gold_accepted_share", share},
          {"databases", report.databases},
          {"databases_refused", report.databases_refused},
          {"walks", report.walks},
          {"walk_tokens", report.walk_tokens},
          {"walks_stuck", report.walks_stuck},
          {"walks_over_budget", report.walks_over_budget},
          {"not_prepared", report.not_prepared},
          {"not_executed", report.not_executed},
          {"at_step_limit", report.at_step_limit},
          {"with_rows", report.with_rows}};
}

int bench_sql(const BenchOptions& options) {
  const auto report = measure(options);
  if (!report.ok()) return fail_bench("bench sql", report.error());
  const base::Json values = as_json(*report);
  if (options.json) {
    fmt::print("{}\n", base::dump_json(values));
  } else {
    for (const auto& [name, value] : values.items()) fmt::print("{:<36} {}\n", name, base::dump_json(value));
  }
  if (!options.complaints.empty()) {
    std::string lines;
    for (const std::string& failure : report->failures) lines += failure + "\n";
    const auto written = base::replace_file(options.complaints, lines);
    if (!written.ok()) return fail_bench("bench sql", written.error());
  }
  for (size_t i = 0; i < std::min(report->failures.size(), kFailuresShown); ++i)
    fmt::print(stderr, "cadre bench sql: {}\n", printable(report->failures[i]));
  const bool kept = report->walks_stuck + report->walks_over_budget + report->not_prepared + report->not_executed == 0;
  return kept ? kExitOk : kExitFailed;
}

}  // namespace

void add_bench_sql(Command& bench, BenchOptions& options) {
  Command& sql = bench.command(
      "sql", "Spider's databases: what of the gold SQL is accepted, and whether all that is written at random runs");
  sql.text("--data", options.data, "a folder with databases/ and files of questions").required();
  sql.text("--split", options.split, "the questions' file, without .jsonl; train_spider if not said");
  sql.text("--vocabulary", options.vocabulary, "tokens to draw from: a line each, base64 and id");
  sql.integer("--walks", options.walks, "statements to write under random budgets and to execute", 0, 1'000'000'000);
  sql.integer("--seed", options.seed, "of all that is random", 0, INT64_MAX);
  sql.text("--complaints", options.complaints, "write what went wrong here, a line each");
  sql.flag("--json", options.json, "one flat JSON object instead of text");
  sql.example("cadre bench sql --data spider --walks 12000");
  sql.action([&options] { return bench_sql(options); });
}

}  // namespace cadre::app
