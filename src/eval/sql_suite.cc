// SPDX-License-Identifier: Apache-2.0
#include "eval/sql_suite.h"

#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "contract/answers.h"

namespace cadre::eval {

using contract::finds_nothing;
using contract::rows_json;

namespace {

constexpr size_t kRowsPerPrediction = 100;

// The rows of a call, if its SQL text passes the independent check and executes.
std::optional<contract::QueryResult> execute(const contract::Table& table, const contract::SqlTask& task,
                                             const std::string& sql) {
  if (!contract::validate_sql(table, task, sql).ok()) return std::nullopt;
  auto result = table.query(sql);
  if (!result.ok()) return std::nullopt;
  return std::move(result).value();
}

// The most probable candidate once those that do not execute are out and those that find nothing keep `empty_keeps`.
void choose_guided(const contract::Table& table, const contract::SqlTask& task, const engine::SqlAttempt& attempt,
                   double empty_keeps, SqlOutput& output) {
  output.guided_call = output.call;
  output.guided_result = output.result;
  double best = 0;
  for (const engine::SqlCandidate& candidate : attempt.candidates) {
    if (candidate.probability <= best) break;  // the rest are less probable still
    auto result = execute(table, task, contract::to_sql(table.schema(), candidate.call));
    if (!result) continue;
    const double probability = candidate.probability * (finds_nothing(*result) ? empty_keeps : 1.0);
    if (probability <= best) continue;
    best = probability;
    output.guided_call = candidate.call;
    output.guided_result = std::move(result);
  }
}

}  // namespace

SqlOutput answer_question(engine::SpecialistEngine& engine, const contract::Table& table, const std::string& question,
                          const SqlSuiteOptions& options) {
  const base::Clock& clock = base::system_clock();
  SqlOutput output;
  const int64_t begin_ns = clock.monotonic_ns();
  auto task = contract::make_sql_task(table, question);
  if (!task.ok()) {
    output.error = task.error();
    return output;
  }
  const int64_t engine_begin_ns = clock.monotonic_ns();
  const auto attempt = engine.attempt_sql(table, *task, options.execution_guided_k);
  output.engine_ns = clock.monotonic_ns() - engine_begin_ns;
  if (!attempt.ok()) {
    output.error = attempt.error();
    return output;
  }
  if (!attempt->candidates.empty()) {
    const engine::SqlCandidate& best = attempt->candidates.front();
    output.confidence = best.probability * attempt->answerable;
    output.is_abstained = best.probability < options.confidence_min || attempt->answerable < options.answerable_min;
    output.call = best.call;
    output.sql = contract::to_sql(table.schema(), best.call);
    output.result = execute(table, *task, output.sql);
  }
  output.latency_ns = clock.monotonic_ns() - begin_ns;
  if (!output.is_abstained) choose_guided(table, *task, *attempt, options.empty_keeps, output);
  return output;
}

void PredictionFile::add(size_t index, const SqlOutput& output, bool is_correct) {
  if (path_.empty()) return;
  base::Json line;
  line["index"] = index;
  line["output"] = output.is_abstained ? base::Json() : base::Json(output.sql);
  const bool has_rows = !output.is_abstained && output.result.has_value();
  line["result"] = has_rows ? rows_json(*output.result, kRowsPerPrediction) : base::Json();
  line["probability"] = output.confidence;
  line["abstained"] = output.is_abstained;
  line["correct"] = is_correct;
  if (output.error) line["error"] = output.error->message;
  lines_ += base::dump_json(line) + '\n';
}

Result<void> PredictionFile::finish() {
  if (path_.empty()) return {};
  return base::replace_file(path_, lines_);
}

void CommonMetrics::add(const SqlOutput& output, bool is_correct) {
  abstained_.add(output.is_abstained);
  failed_.add(output.error.has_value());
  if (!output.is_abstained) valid_.add(output.result.has_value());
  outcomes_.push_back({output.confidence, is_correct, output.is_abstained});
  if (output.error) return;
  latency_ms_.push_back(static_cast<double>(output.latency_ns) / 1e6);
  engine_ms_.push_back(static_cast<double>(output.engine_ns) / 1e6);
}

void CommonMetrics::report(base::Json& values) const {
  values["valid"] = valid_.value();
  values["abstained"] = abstained_.value();
  values["failed"] = failed_.value();
  const RiskCoverage curve(outcomes_);
  values["risk_coverage_area"] = curve.area();
  values["coverage_at_risk_5"] = curve.coverage_at(0.05);
  values["coverage_at_risk_10"] = curve.coverage_at(0.10);
  values["calibration_error"] = curve.calibration_error();
  for (int percent = 10; percent <= 100; percent += 10) {
    const auto risk = curve.risk_at(percent / 100.0);
    values["risk_at_coverage_" + std::to_string(percent)] = risk ? base::Json(*risk) : base::Json();
  }
  values["latency_ms_p50"] = percentile(latency_ms_, 0.50);
  values["latency_ms_p95"] = percentile(latency_ms_, 0.95);
  values["latency_ms_p99"] = percentile(latency_ms_, 0.99);
  values["engine_ms_p50"] = percentile(engine_ms_, 0.50);
  values["engine_ms_p95"] = percentile(engine_ms_, 0.95);
  values["engine_ms_p99"] = percentile(engine_ms_, 0.99);
}

}  // namespace cadre::eval
