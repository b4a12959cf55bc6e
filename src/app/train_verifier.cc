// SPDX-License-Identifier: Apache-2.0
#include "app/train_verifier.h"

#include <fmt/format.h>

#include <utility>

#include "app/paths.h"
#include "base/file.h"
#include "base/sha256.h"
#include "engine/decider_engine.h"
#include "eval/verifier_suite.h"
#include "train/verifier_trainer.h"

namespace cadre::app {

using base::Json;

namespace {

void print_verifier_progress(const train::VerifierProgress& p) {
  if (p.loss > 0)
    fmt::print(stderr, "{}: epoch {} of {}, loss {:.4f}\n", p.part, p.done, p.total, p.loss);
  else
    fmt::print(stderr, "{}: {} of {} questions\n", p.part, p.done, p.total);
}

// The evaluation card, where the set has a dev split.
Result<Json> evaluate(engine::SpecialistEngine& engine, const model::VerifierPack& pack,
                      const TrainCommandOptions& options, size_t proposals) {
  Json card;
  card["suite"] = "verifier";
  card["split"] = "dev";
  card["date"] = card_date(options);
  if (!base::file_exists(options.data + "/dev.jsonl")) {
    card["note"] = "dev.jsonl was not there: not measured";
    return card;
  }
  card["data_sha256"] = base::to_hex(base::sha256(TRY(base::read_file(options.data + "/dev.jsonl"))));
  const auto verifier = TRY(model::Verifier::make(pack.weights, pack.contract));
  eval::SqlSuiteOptions suite;
  suite.data = options.data;
  suite.execution_guided_k = proposals;
  card["scores"] = TRY(eval::run_verifier_suite(engine, verifier, suite)).values;
  return card;
}

}  // namespace

Result<void> train_verifier(const Json& recipe_json, const TrainCommandOptions& options) {
  const auto recipe = TRY(train::verifier_recipe_from_json(recipe_json));
  const auto engine = TRY(engine::DeciderEngine::load(TRY(specialist_path(options.specialist))));
  train::VerifierTrainOptions train;
  train.data_directory = options.data;
  train.specialist = engine->name();
  if (options.questions > 0) train.questions_max = static_cast<size_t>(options.questions);
  train.on_progress = print_verifier_progress;
  train.propose = [&](const contract::Table& table,
                      const contract::SqlTask& task) -> Result<std::vector<train::ProposedCall>> {
    const auto attempt = TRY(engine->attempt_sql(table, task, recipe.proposals));
    std::vector<train::ProposedCall> calls;
    for (const auto& candidate : attempt.candidates) calls.push_back({candidate.call, candidate.probability});
    return calls;
  };
  auto pack = TRY(train::train_verifier(recipe, train));
  fmt::print(stderr, "evaluating on dev\n");
  pack.contract["evaluation"] = TRY(evaluate(*engine, pack, options, recipe.proposals));

  std::string out = options.out;
  if (out.empty()) {
    const std::string folder = options.run.empty() ? "runs/" + recipe.name : options.run;
    TRY(base::make_directories(folder));
    out = fmt::format("{}/{}.gguf", folder, recipe.name);
  }
  TRY(base::replace_file(out, model::encode_verifier_pack(pack.weights, pack.contract)));
  fmt::print("{}\n", out);
  return {};
}

}  // namespace cadre::app
