// SPDX-License-Identifier: Apache-2.0
#include "app/train_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/file.h"
#include "base/sha256.h"
#include "engine/decider_engine.h"
#include "eval/wikisql_suite.h"
#include "forge/sql_pack.h"
#include "train/sql_trainer.h"

namespace cadre::app {

using base::Json;
using tensor::TensorType;

namespace {

constexpr double kDefaultRiskMax = 0.1;
constexpr double kDefaultAnswerableMin = 0.5;

Result<TensorType> parse_quantisation(const std::string& name) {
  for (const TensorType type : {TensorType::kF32, TensorType::kBF16, TensorType::kQ8_0, TensorType::kQ4_0})
    if (name == tensor::traits(type).name) return type;
  return Error{ErrorCode::kInvalid, fmt::format("quantisation \"{}\": one of F32, BF16, Q8_0, Q4_0 is expected", name)};
}

void print_progress(const train::TrainProgress& p) {
  std::string line = fmt::format(
      "step {}/{}  {:.0f} s  {:.0f} tokens/s  loss {:.3f} (select {:.3f} aggregate {:.3f} conditions {:.3f} count "
      "{:.3f} answerable {:.3f} spans {:.3f})",
      p.step, p.steps, p.seconds, p.tokens_per_second, p.loss.total(), p.loss.select, p.loss.aggregate,
      p.loss.condition, p.loss.count, p.loss.answerable, p.loss.span);
  if (p.evaluated) line += fmt::format("  dev logical form {:.2f} %", 100 * p.dev_logical_form);
  fmt::print(stderr, "{}\n", line);
}

// The evaluation card: measured with the quantised pack itself.
Result<Json> evaluate_pack(const std::string& pack_path, const TrainCommandOptions& options, const Json& calibration) {
  Json card;
  card["suite"] = "wikisql";
  card["split"] = "dev";
  card["date"] = card_date(options);
  card["data_sha256"] = base::to_hex(base::sha256(TRY(base::read_file(options.data + "/dev.jsonl"))));
  if (!base::file_exists(options.data + "/dev.sqlite")) {
    card["note"] = "dev.sqlite was not there: not executed";
    return card;
  }
  auto engine = TRY(engine::DeciderEngine::load(pack_path));
  eval::SqlSuiteOptions suite;
  suite.data = options.data;
  suite.split = "dev";
  suite.confidence_min = 0;
  suite.empty_keeps = calibration.value("empty_keeps", suite.empty_keeps);
  const auto report = TRY(eval::run_wikisql_suite(*engine, suite));
  card["scores"] = report.values;
  card["threshold"] = calibration.value("threshold", 0.0);
  return card;
}

}  // namespace

Result<void> train_sql(const Json& recipe_json, const TrainCommandOptions& options) {
  const auto recipe = TRY(train::sql_recipe_from_json(recipe_json));
  const auto type = TRY(parse_quantisation(
      options.quantisation.empty() ? recipe_json.value("quantisation", std::string("Q8_0")) : options.quantisation));
  train::TrainOptions train;
  train.data_directory = options.data;
  train.run_directory = options.run.empty() ? "runs/" + recipe.name : options.run;
  train.threads =
      options.threads > 0 ? static_cast<size_t>(options.threads) : std::max(1u, std::thread::hardware_concurrency());
  if (options.questions > 0) train.questions_max = static_cast<size_t>(options.questions);
  train.on_progress = print_progress;
  const auto trained = TRY(train::train_sql_decider(recipe, train));

  const std::string out =
      options.out.empty() ? fmt::format("{}/{}.gguf", train.run_directory, recipe.name) : options.out;
  const auto calibration =
      TRY(train::SqlCorpus::load(options.data, "train", train::CorpusPart::kCalibration, SIZE_MAX));
  fmt::print(stderr, "calibrating on {} questions that were not trained on\n", calibration.questions().size());
  auto pack = TRY(forge::make_sql_pack(trained, forge::sql_contract(recipe, trained), type, calibration,
                                       recipe_json.value("risk_max", kDefaultRiskMax)));
  pack.contract["calibration"]["answerable_min"] = recipe_json.value("answerable_min", kDefaultAnswerableMin);
  TRY(base::replace_file(out, pack.bytes));
  fmt::print(stderr, "evaluating on dev\n");
  auto card = TRY(evaluate_pack(out, options, pack.contract["calibration"]));
  TRY(base::replace_file(out, forge::with_card(trained, pack, type, std::move(card))));
  fmt::print("{}\n", out);
  return {};
}

}  // namespace cadre::app
