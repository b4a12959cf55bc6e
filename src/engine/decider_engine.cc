// SPDX-License-Identifier: Apache-2.0
#include "engine/decider_engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"

namespace cadre::engine {

using contract::SqlTask;
using contract::ValueOrigin;
using contract::WordSpan;

namespace {

// A span is looked at as a value from this probability on (begin times end); found on the calibration tables.
constexpr double kSpanProbabilityMin = 0.3;
constexpr double kBlindSpanProbabilityMin = 0.02;  // without cells spans are the only source of text values
constexpr size_t kSpansMax = 8;

bool is_covered(const SqlTask& task, const WordSpan& span) {
  return std::any_of(task.candidates.begin(), task.candidates.end(), [&](const auto& candidate) {
    return candidate.origin != ValueOrigin::kSpan && candidate.span.begin < span.end && span.begin < candidate.span.end;
  });
}

std::vector<std::pair<double, double>> read_calibration(const base::Json& contract) {
  std::vector<std::pair<double, double>> points;
  const auto calibration = contract.find("calibration");
  if (calibration == contract.end() || !calibration->is_object()) return points;
  const auto listed = calibration->find("points");
  if (listed == calibration->end() || !listed->is_array()) return points;
  for (const auto& point : *listed)
    if (point.is_array() && point.size() == 2 && point[0].is_number() && point[1].is_number())
      points.emplace_back(point[0].get<double>(), point[1].get<double>());
  std::sort(points.begin(), points.end());
  return points;
}

}  // namespace

Result<DeciderFile> DeciderEngine::load_file(const std::string& path) {
  const auto load = [&]() -> Result<DeciderFile> {
    auto file = std::make_shared<const tensor::GgufFile>(TRY(tensor::GgufFile::open(path)));
    auto weights = TRY(model::DeciderWeights::load(file->gguf, tensor::available_quant_kernels().back()));
    return DeciderFile{std::move(weights), std::move(file)};
  };
  auto loaded = load();
  if (!loaded.ok()) return std::move(loaded).error().with_context(fmt::format("load specialist \"{}\"", path));
  return loaded;
}

Result<std::unique_ptr<DeciderEngine>> DeciderEngine::load(const std::string& path,
                                                           const DeciderEngineOptions& options) {
  return std::make_unique<DeciderEngine>(TRY(load_file(path)).weights, options);
}

DeciderEngine::DeciderEngine(std::shared_ptr<const model::DeciderWeights> weights, const DeciderEngineOptions& options)
    : weights_(std::move(weights)),
      options_(options),
      runner_(weights_),
      calibration_(read_calibration(weights_->contract())) {}

std::string DeciderEngine::name() const {
  const auto& contract = weights_->contract();
  return contract.value("name", std::string("decider")) + "@" + contract.value("version", std::string("0"));
}

double DeciderEngine::calibrated(double raw) const {
  if (calibration_.empty()) return raw;
  if (raw <= calibration_.front().first) return calibration_.front().second;
  for (size_t i = 1; i < calibration_.size(); ++i) {
    const auto [x0, y0] = calibration_[i - 1];
    const auto [x1, y1] = calibration_[i];
    if (raw <= x1) return x1 > x0 ? y0 + (y1 - y0) * (raw - x0) / (x1 - x0) : y1;
  }
  return calibration_.back().second;
}

Result<SqlAttempt> DeciderEngine::attempt_sql(const contract::Table& table, const SqlTask& given,
                                              size_t candidates_max) {
  const auto& clock = base::system_clock();
  SqlAttempt attempt;
  int64_t mark = clock.monotonic_ns();
  const auto lap = [&clock, &mark] {
    const int64_t now = clock.monotonic_ns();
    return now - std::exchange(mark, now);
  };
  SqlTask task = given;
  auto input = model::build_input(table, task, weights_->tokenizer(), {.use_cells = options_.use_cells});
  attempt.timings.features_ns = lap();
  runner_.run(input, outputs_);
  attempt.timings.encoder_ns = lap();

  const double span_probability_min = options_.use_cells ? kSpanProbabilityMin : kBlindSpanProbabilityMin;
  const size_t first = task.candidates.size();
  std::vector<WordSpan> uncovered;
  for (const auto& span : model::proposed_spans(input, outputs_, span_probability_min, kSpansMax))
    if (!options_.use_cells || !is_covered(task, span)) uncovered.push_back(span);
  for (const auto& span : uncovered) contract::add_span(table, task, span);
  if (task.candidates.size() > first) {
    model::append_candidates(table, task, first, input);
    runner_.score_more(input, first, outputs_);
  }
  attempt.answerable = model::answerable_probability(outputs_);
  auto calls = model::rank_calls(table.schema(), task, outputs_, candidates_max);
  for (size_t i = 0; i < calls.size(); ++i) {
    // The best call's probability is calibrated; the others share what it leaves as the model shares it.
    const double best = calls[0].probability, best_calibrated = calibrated(best);
    const double left = best < 1 ? (1 - best_calibrated) / (1 - best) : 0;
    const double probability = i == 0 ? best_calibrated : calls[i].probability * left;
    attempt.candidates.push_back({std::move(calls[i].call), probability});
  }
  if (options_.use_cells) attempt.unmatched_values = std::move(uncovered);
  attempt.timings.heads_ns = lap();
  return attempt;
}

}  // namespace cadre::engine
