// SPDX-License-Identifier: Apache-2.0
#include "forge/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "contract/answers.h"
#include "contract/sql_call.h"

namespace cadre::forge {

namespace {

constexpr size_t kPointsMax = 16;

constexpr size_t kCandidatesMax = 8;
constexpr std::array<double, 10> kKeeps = {0.0, 0.02, 0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0};

// A run of outcomes whose shares were pooled.
struct Block {
  double probability_sum = 0, right = 0, count = 0;
  double share() const { return right / count; }
};

std::vector<Block> pool_adjacent_violators(const std::vector<Outcome>& sorted) {
  // Start from groups of at least 1/64 of the cases: a share over fewer says little.
  const size_t group = std::max<size_t>(1, sorted.size() / 64);
  std::vector<Block> blocks;
  for (size_t i = 0; i < sorted.size(); i += group) {
    Block block;
    for (size_t j = i; j < std::min(sorted.size(), i + group); ++j) {
      block.probability_sum += sorted[j].probability;
      block.right += sorted[j].right;
      block.count += 1;
    }
    blocks.push_back(block);
    while (blocks.size() > 1 && blocks[blocks.size() - 2].share() >= blocks.back().share()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().probability_sum += last.probability_sum;
      blocks.back().right += last.right;
      blocks.back().count += last.count;
    }
  }
  return blocks;
}

double interpolate(const std::vector<std::pair<double, double>>& points, double x) {
  if (x <= points.front().first) return points.front().second;
  for (size_t i = 1; i < points.size(); ++i) {
    const auto [x0, y0] = points[i - 1];
    const auto [x1, y1] = points[i];
    if (x <= x1) return y0 + (y1 - y0) * (x - x0) / (x1 - x0);
  }
  return points.back().second;
}

}  // namespace

Result<std::vector<Outcome>> collect_outcomes(engine::SpecialistEngine& engine, const train::SqlCorpus& corpus) {
  std::vector<Outcome> outcomes;
  for (const auto& question : corpus.questions()) {
    const auto& table = corpus.table(question.table);
    const auto task = TRY(contract::make_sql_task(table, question.question));
    const auto attempt = TRY(engine.attempt_sql(table, task, kCandidatesMax));
    const auto gold = TRY(table.query(contract::to_sql(table.schema(), question.gold)));
    Outcome outcome;
    for (const auto& candidate : attempt.candidates) {
      const auto result = table.query(contract::to_sql(table.schema(), candidate.call));
      const bool right = result.ok() && contract::same_answer(*result, gold);
      const double raw = candidate.probability;
      if (&candidate == &attempt.candidates.front()) {
        outcome.probability = raw;
        outcome.right = right;
      }
      if (result.ok()) outcome.candidates.push_back({raw, contract::finds_nothing(*result), right});
    }
    outcomes.push_back(std::move(outcome));
  }
  if (outcomes.empty()) return Error{ErrorCode::kInvalid, "calibrate: no question to measure on"};
  return outcomes;
}

namespace {

// Is the candidate right that wins when empty results keep the share `keeps`?
bool guided_is_right(const Outcome& outcome, const std::vector<std::pair<double, double>>& points, double keeps) {
  const double best = outcome.probability, calibrated = interpolate(points, best);
  const double left = best < 1 ? (1 - calibrated) / (1 - best) : 0;
  double highest = 0;
  bool right = false;
  for (size_t i = 0; i < outcome.candidates.size(); ++i) {
    const auto& candidate = outcome.candidates[i];
    const double probability = candidate.probability == best ? calibrated : candidate.probability * left;
    const double after = probability * (candidate.finds_nothing ? keeps : 1.0);
    if (after <= highest) continue;
    highest = after;
    right = candidate.right;
  }
  return right;
}

void fit_empty_keeps(const std::vector<Outcome>& outcomes, Calibration& calibration) {
  for (const double keeps : kKeeps) {
    size_t right = 0;
    for (const auto& outcome : outcomes) right += guided_is_right(outcome, calibration.points, keeps);
    const double accuracy = static_cast<double>(right) / static_cast<double>(outcomes.size());
    if (accuracy < calibration.guided_accuracy) continue;
    calibration.guided_accuracy = accuracy;
    calibration.empty_keeps = keeps;
  }
}

}  // namespace

Calibration fit_calibration(std::vector<Outcome> outcomes, double risk_max) {
  CADRE_CHECK(!outcomes.empty(), "a share needs cases");
  std::stable_sort(outcomes.begin(), outcomes.end(), [](const Outcome& a, const Outcome& b) { return a.probability < b.probability; });
  Calibration out;
  out.cases = outcomes.size();
  const auto blocks = pool_adjacent_violators(outcomes);
  for (const Block& block : blocks) {
    const double x = block.probability_sum / block.count;
    if (out.points.empty() || x > out.points.back().first) out.points.emplace_back(x, block.share());
  }
  while (out.points.size() > kPointsMax) {  // drop the point whose neighbours predict it best
    size_t least = 1;
    double least_error = 2;
    for (size_t i = 1; i + 1 < out.points.size(); ++i) {
      const auto [x0, y0] = out.points[i - 1];
      const auto [x1, y1] = out.points[i + 1];
      const double error = std::abs(y0 + (y1 - y0) * (out.points[i].first - x0) / (x1 - x0) - out.points[i].second);
      if (error < least_error) {
        least_error = error;
        least = i;
      }
    }
    out.points.erase(out.points.begin() + static_cast<ptrdiff_t>(least));
  }
  // From the surest down: the longest prefix whose risk is allowed.
  size_t wrong = 0;
  out.threshold = 1;
  for (size_t i = outcomes.size(); i-- > 0;) {
    wrong += !outcomes[i].right;
    const size_t answered = outcomes.size() - i;
    const double risk = static_cast<double>(wrong) / static_cast<double>(answered);
    if (risk > risk_max) continue;
    out.threshold = interpolate(out.points, outcomes[i].probability);
    out.risk = risk;
    out.coverage = static_cast<double>(answered) / static_cast<double>(outcomes.size());
  }
  out.accuracy = 1.0 - static_cast<double>(wrong) / static_cast<double>(outcomes.size());
  fit_empty_keeps(outcomes, out);
  return out;
}

base::Json to_json(const Calibration& calibration) {
  base::Json json;
  json["threshold"] = calibration.threshold;
  json["risk"] = calibration.risk;
  json["coverage"] = calibration.coverage;
  json["accuracy_without_abstaining"] = calibration.accuracy;
  json["empty_keeps"] = calibration.empty_keeps;
  json["guided_accuracy_without_abstaining"] = calibration.guided_accuracy;
  json["cases"] = calibration.cases;
  json["points"] = base::Json::array();
  for (const auto& [raw, share] : calibration.points) json["points"].push_back({raw, share});
  return json;
}

}  // namespace cadre::forge
