// SPDX-License-Identifier: Apache-2.0
#include "eval/verifier_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "agent/plan_run.h"
#include "base/file.h"
#include "base/json_lines.h"
#include "base/random.h"
#include "eval/metrics.h"
#include "eval/spider_gold.h"
#include "eval/wikisql_set.h"
#include "model/odds.h"
#include "model/router_scores.h"
#include "train/call_examples.h"

namespace cadre::eval {

using train::JudgedCall;
using train::JudgedQuestion;

namespace {

constexpr size_t kRanked = 5;
constexpr double kFalseAlarms = 0.05;
constexpr uint64_t kCorruptionSeed = 7;
constexpr std::array<int, 4> kCoverages = {50, 80, 90, 95};
constexpr std::array<const char*, 3> kScores = {"confidence", "verifier", "together"};

class VerifierScore {
 public:
  explicit VerifierScore(const model::Verifier& verifier) : verifier_(verifier) {}

  void add(const JudgedQuestion& question) {
    ++questions_;
    add_made(question);
    if (question.proposals.empty()) {
      for (auto& outcomes : outcomes_) outcomes.push_back({0, false, true});
      run_outcomes_.push_back({0, false, true});
      return;
    }
    std::vector<std::array<double, 3>> scores;
    std::vector<model::Judgement> judgements;
    for (const JudgedCall& call : question.proposals) {
      const double alone = verifier_.probability(call.features);
      const model::Judgement judged = verifier_.judge_probability(alone, call.probability);
      scores.push_back({call.probability, alone, judged.together});
      judgements.push_back(judged);
    }
    add_scores(question.proposals, scores);
    add_run(question.proposals, judgements);
  }

  void report(base::Json& values) const {
    values["questions"] = questions_;
    values["answered"] = scored_[0].size();
    values["accuracy_first"] = first_right_.value();
    values["any_of_five_right"] = any_right_.value();
    for (size_t i = 0; i < kScores.size(); ++i) {
      values[fmt::format("auroc_{}", kScores[i])] = model::area_under_curve(scored_[i]).value_or(0.5);
      report_risk(outcomes_[i], kScores[i], values);
      values[fmt::format("accuracy_{}", kScores[i])] = ranked_right_[i].value();
    }
    values["in_run_accuracy"] = run_right_.value();
    values["in_run_calls"] = questions_ == 0 ? 0.0 : static_cast<double>(run_calls_) / static_cast<double>(questions_);
    report_risk(run_outcomes_, "in_run", values);
    values["in_run_calibration_error"] = RiskCoverage(run_outcomes_).calibration_error();
    report_corruptions(values);
  }

 private:
  void add_scores(const std::vector<JudgedCall>& calls, const std::vector<std::array<double, 3>>& scores) {
    first_right_.add(calls[0].is_right);
    const size_t ranked = std::min(kRanked, calls.size());
    any_right_.add(std::any_of(calls.begin(), calls.begin() + static_cast<ptrdiff_t>(ranked),
                               [](const JudgedCall& call) { return call.is_right; }));
    for (size_t i = 0; i < kScores.size(); ++i) {
      scored_[i].emplace_back(scores[0][i], calls[0].is_right);
      outcomes_[i].push_back({scores[0][i], calls[0].is_right, false});
      size_t best = 0;
      for (size_t k = 1; k < ranked; ++k)
        if (scores[k][i] > scores[best][i]) best = k;
      ranked_right_[i].add(calls[best].is_right);
    }
  }

  // As agent/plan_steps.cc does it, but for the other verifiers.
  void add_run(const std::vector<JudgedCall>& calls, const std::vector<model::Judgement>& judgements) {
    const auto weight_of = [&](size_t i) { return judgements[i].is_refused ? 0 : judgements[i].weight; };
    size_t best = 0, judged = 0;
    double excluded = 0;
    for (bool passed = false; judged < calls.size() && !passed; ++judged) {
      const double weight = weight_of(judged);
      excluded += (1 - weight) * calls[judged].probability;
      if (weight * calls[judged].probability > weight_of(best) * calls[best].probability) best = judged;
      passed = !judgements[judged].is_doubted && !judgements[judged].is_refused;
    }
    const bool is_refused = judgements[best].is_refused;
    const double sure = agent::posterior(calls[best].probability, weight_of(best), excluded);
    run_calls_ += judged;
    run_right_.add(!is_refused && calls[best].is_right);
    run_outcomes_.push_back({sure, calls[best].is_right, is_refused});
  }

  void add_made(const JudgedQuestion& question) {
    for (const JudgedCall& call : question.made) {
      const double alone = verifier_.probability(call.features);
      if (call.is_gold) gold_.push_back(alone);
      if (call.corruption && !call.is_right) corrupted_[static_cast<size_t>(*call.corruption)].push_back(alone);
    }
  }

  static void report_risk(const std::vector<Outcome>& outcomes, const char* name, base::Json& values) {
    const RiskCoverage curve(outcomes);
    for (const int percent : kCoverages) {
      const auto risk = curve.risk_at(percent / 100.0);
      values[fmt::format("risk_at_coverage_{}_{}", percent, name)] = risk ? base::Json(*risk) : base::Json();
    }
    values[fmt::format("risk_coverage_area_{}", name)] = curve.area();
  }

  void report_corruptions(base::Json& values) const {
    if (gold_.empty()) return;
    std::vector<double> gold = gold_;
    std::sort(gold.begin(), gold.end());
    const double threshold = gold[static_cast<size_t>(kFalseAlarms * static_cast<double>(gold.size()))];
    for (size_t i = 0; i < train::kCorruptionCount; ++i) {
      std::string kind = train::corruption_name(static_cast<train::Corruption>(i));
      std::replace(kind.begin(), kind.end(), ' ', '_');
      Share caught;
      for (const double score : corrupted_[i]) caught.add(score < threshold);
      values["caught_" + kind] = caught.value();
      values["cases_" + kind] = caught.of;
    }
  }

  const model::Verifier& verifier_;
  uint64_t questions_ = 0, run_calls_ = 0;
  Share first_right_, any_right_, run_right_;
  std::array<std::vector<std::pair<double, bool>>, 3> scored_;
  std::array<std::vector<Outcome>, 3> outcomes_;
  std::array<Share, 3> ranked_right_;
  std::vector<Outcome> run_outcomes_;
  std::vector<double> gold_;
  std::array<std::vector<double>, train::kCorruptionCount> corrupted_;
};

class VerifierRun {
 public:
  VerifierRun(engine::SpecialistEngine& engine, const model::Verifier& verifier, const SqlSuiteOptions& options)
      : engine_(engine), verifier_(verifier), options_(options), score_(verifier) {}

  Result<SuiteReport> run() {
    const bool is_spider = base::file_exists(options_.data + "/databases");
    TRY(is_spider ? take_spider() : take_wikisql());
    base::Json values;
    values["suite"] = is_spider ? "verifier_spider_expressible" : "verifier_wikisql";
    values["verifier"] = verifier_.name();
    values["specialist"] = engine_.name();
    score_.report(values);
    return SuiteReport{std::move(values)};
  }

 private:
  Result<void> take(const contract::Table& table, const std::string& question, const contract::SqlCall& gold,
                    const contract::QueryResult& gold_result, size_t index) {
    base::Random random = base::Random(kCorruptionSeed).fork(index);
    const auto propose = [this](const contract::Table& asked,
                                const contract::SqlTask& task) -> Result<std::vector<train::ProposedCall>> {
      const auto attempt = TRY(engine_.attempt_sql(asked, task, options_.execution_guided_k));
      std::vector<train::ProposedCall> calls;
      for (const auto& candidate : attempt.candidates) calls.push_back({candidate.call, candidate.probability});
      return calls;
    };
    score_.add(TRY(train::judge_question(table, question, gold, &gold_result, propose, random)));
    return {};
  }

  Result<void> take_wikisql() {
    const WikiSqlSet set = TRY(WikiSqlSet::load(options_.data, options_.split, options_.limit));
    const size_t total = set.cases().size();
    for (size_t i = 0; i < total; ++i) {
      const WikiSqlCase& item = set.cases()[i];
      const std::string sql = contract::to_sql(item.table->schema(), item.gold);
      const auto result = item.table->query(sql);
      if (!result.ok()) return Error{result.error()}.with_context(fmt::format("case {}: gold SQL {}", i, sql));
      TRY(take(*item.table, item.question, item.gold, *result, i));
      if (options_.progress) options_.progress(i + 1, total);
    }
    return {};
  }

  Result<void> take_spider() {
    std::map<std::string, contract::Table> tables;  // by path and name
    size_t cases = 0;
    return base::for_each_json_line(
        fmt::format("{}/{}.jsonl", options_.data, options_.split), [&](const base::Json& line) -> Result<bool> {
          const std::string database = TRY(database_of(line)), sql = TRY(base::json_string(line, "query"));
          const auto name = single_table_of(sql);
          const std::string path = fmt::format("{}/databases/{}.sqlite", options_.data, database);
          if (!name || !base::file_exists(path)) return true;
          const std::string key = path + '\n' + *name;
          if (!tables.contains(key)) {
            auto opened = contract::Table::open(path, {.table_name = *name});
            if (!opened.ok()) return true;  // as in the suite "spider"
            tables.emplace(key, std::move(*opened));
          }
          const contract::Table& table = tables.at(key);
          const auto gold = as_call(sql, table.schema());
          const auto gold_sql = with_text_literals(sql, table.schema());
          if (!gold || !gold_sql.ok()) return true;
          const auto result = table.query(*gold_sql);
          if (!result.ok()) return true;
          TRY(take(table, TRY(base::json_string(line, "question")), *gold, *result, cases++));
          if (options_.progress) options_.progress(cases, cases);
          return options_.limit == 0 || cases < options_.limit;
        });
  }

  engine::SpecialistEngine& engine_;
  const model::Verifier& verifier_;
  const SqlSuiteOptions& options_;
  VerifierScore score_;
};

}  // namespace

Result<SuiteReport> run_verifier_suite(engine::SpecialistEngine& engine, const model::Verifier& verifier,
                                       const SqlSuiteOptions& options) {
  return VerifierRun(engine, verifier, options).run();
}

}  // namespace cadre::eval
