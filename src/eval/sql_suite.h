// What the suites over tables share: options, one judged case, and the numbers made of many.
//
// Abstaining counts as wrong in every accuracy. Two choices of one ranking are judged: the best candidate, and the
// execution-guided one (after Wang et al. 2018, arXiv:1807.03100): of the first `execution_guided_k` candidates the most probable once
// those that fail validate_sql or do not execute are out, and those that find nothing (no row, or only NULL; a COUNT of 0 is an answer)
// keep only the share `empty_keeps` of their probability. Taking the first that finds something, as is usual, loses where the right answer is "nothing".
// Thread safety: a suite run belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "engine/specialist_engine.h"
#include "eval/metrics.h"

namespace cadre::eval {

struct SqlSuiteOptions {
  std::string data;               // folder
  std::string split = "dev";      // WikiSQL: the files' stem
  size_t limit = 0;               // cases; 0 = all
  std::string predictions_path;   // one JSON line per case; empty = none
  double empty_keeps = 0.25;      // share of its probability that a candidate keeps when it finds nothing
  size_t execution_guided_k = 8;  // candidates asked of the engine
  double answerable_min = 0;      // below it a case is an abstention, too
  double confidence_min = 0;      // below it a case is an abstention
  std::function<void(size_t done, size_t total)> progress;
};

struct SuiteReport {
  base::Json values;  // one flat object
  double number(const char* name) const { return values.at(name).get<double>(); }
};

// What an engine made of one question.
struct SqlOutput {
  std::optional<Error> error;  // the question could not be read or the engine failed; then it abstained
  bool is_abstained = true;
  double confidence = 0;  // probability of the best candidate times answerable
  std::string sql;        // of the best candidate
  contract::SqlCall call;
  std::optional<contract::QueryResult> result;  // absent where it is not valid
  contract::SqlCall guided_call;
  std::optional<contract::QueryResult> guided_result;
  int64_t latency_ns = 0;  // question to rows of the best candidate
  int64_t engine_ns = 0;
};

SqlOutput answer_question(engine::SpecialistEngine& engine, const contract::Table& table, const std::string& question,
                          const SqlSuiteOptions& options);

// One line per case for whoever scores independently.
class PredictionFile {
 public:
  explicit PredictionFile(std::string path) : path_(std::move(path)) {}
  void add(size_t index, const SqlOutput& output, bool is_correct);
  Result<void> finish();  // writes the file; nothing where the path is empty

 private:
  std::string path_;
  std::string lines_;
};

// Counts of yes and no, as a share.
struct Share {
  uint64_t yes = 0;
  uint64_t of = 0;
  void add(bool is_yes) {
    yes += is_yes ? 1 : 0;
    ++of;
  }
  double value() const { return of == 0 ? 0 : static_cast<double>(yes) / static_cast<double>(of); }
};

// What every suite over tables reports: validity, abstention, latency, risk and coverage.
class CommonMetrics {
 public:
  void add(const SqlOutput& output, bool is_correct);
  void report(base::Json& values) const;

 private:
  Share valid_, abstained_, failed_;
  std::vector<Outcome> outcomes_;
  std::vector<double> latency_ms_, engine_ms_;
};

}  // namespace cadre::eval
