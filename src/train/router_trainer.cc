// SPDX-License-Identifier: Apache-2.0
#include "train/router_trainer.h"

#include <fmt/format.h>

#include <bit>
#include <numeric>
#include <set>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "model/router_limits.h"
#include "model/router_scores.h"
#include "train/linear_trainer.h"
#include "train/router_net_trainer.h"

namespace cadre::train {

using base::Json;
using model::RouterWeights;

namespace {

class RouterTraining {
 public:
  RouterTraining(const RouterRecipe& recipe, const RouterTrainOptions& options, RouterCorpus corpus)
      : recipe_(recipe), options_(options), corpus_(std::move(corpus)), start_ns_(base::thread_cpu_ns()) {}

  Result<CalibrationReport> calibrate_on_folds() {
    std::vector<RouterOutcome> outcomes;
    for (uint32_t fold = 0; fold < recipe_.folds; ++fold) {
      const auto router = TRY(model::Router::make(train_without(static_cast<int>(fold))));
      for (const auto& example : corpus_.examples)
        if (example.fold == fold) outcomes.push_back(outcome_of(router, example));
    }
    return calibrate(outcomes, {.linear_share = recipe_.linear_share,
                                .declined_right_max = recipe_.declined_right_max,
                                .linear_risk_max = recipe_.linear_risk_max});
  }

  // Both tiers trained on all texts but those of a fold; -1: on all. The calibration keeps raw scores as they are.
  RouterWeights train_without(int fold) {
    std::vector<uint32_t> chosen;
    for (uint32_t i = 0; i < corpus_.examples.size(); ++i)
      if (static_cast<int>(corpus_.examples[i].fold) != fold) chosen.push_back(i);
    const size_t part = fold < 0 ? recipe_.folds : static_cast<size_t>(fold);
    const base::Random random = base::Random(recipe_.seed).fork(1000 + part);
    RouterWeights weights;
    weights.labels = corpus_.labels;
    weights.linear = train_linear(corpus_.examples, chosen, corpus_.labels.size(), recipe_.linear, random.fork(1),
                                  reporter(part, "linear", recipe_.linear.epochs));
    weights.net = train_router_net(corpus_.examples, chosen, corpus_.labels.size(), recipe_.net, random.fork(2),
                                   reporter(part, "net", recipe_.net.epochs));
    weights.calibration = raw_calibration();
    return weights;
  }

  const RouterCorpus& corpus() const { return corpus_; }
  double seconds() const { return static_cast<double>(base::thread_cpu_ns() - start_ns_) * 1e-9; }

 private:
  model::RouterCalibration raw_calibration() const {
    const model::CalibrationCurve same{{{0.0f, 0.0f}, {1.0f, 1.0f}}};
    return {.linear = same, .both = same, .linear_share = recipe_.linear_share};
  }

  static RouterOutcome outcome_of(const model::Router& router, const RouterExample& example) {
    const auto linear = router.score_linear(example.features), both = router.score_both(example.features);
    return {.linear_raw = linear.raw,
            .both_raw = both.raw,
            .linear_right = static_cast<int32_t>(linear.label) == example.label,
            .both_right = static_cast<int32_t>(both.label) == example.label};
  }

  EpochCallback reporter(size_t part, const char* tier, size_t epochs) const {
    if (!options_.on_progress) return {};
    return [this, part, tier, epochs](size_t epoch, double loss) {
      options_.on_progress({part + 1, recipe_.folds + 1, tier, epoch, epochs, loss, seconds()});
    };
  }

  const RouterRecipe& recipe_;
  const RouterTrainOptions& options_;
  RouterCorpus corpus_;
  int64_t start_ns_;
};

Result<void> check_trainable(const RouterRecipe& recipe, const RouterCorpus& corpus) {
  TRY(model::check_power_of_two("linear buckets", recipe.linear.buckets));
  TRY(model::check_power_of_two("net rows", recipe.net.rows));
  if (corpus.labels.empty()) return Error{ErrorCode::kInvalid, "the sources hold no text with a label"};
  std::set<uint32_t> folds;
  for (const auto& example : corpus.examples) folds.insert(example.fold);
  if (folds.size() != recipe.folds)
    return Error{ErrorCode::kInvalid,
                 fmt::format("{} of {} folds hold texts; calibration needs all", folds.size(), recipe.folds)};
  return {};
}

// One line per data set and file, with the licence its texts came under.
Json data_json(const std::vector<RouterSource>& sources, const RouterCorpus& corpus) {
  Json list = Json::array();
  for (size_t i = 0; i < sources.size(); ++i) {
    const auto& report = corpus.reports[i];
    Json item;
    item["name"] = sources[i].data_set;
    if (!sources[i].generate.empty()) item["generated"] = sources[i].generate;
    if (!report.file.empty()) item["file"] = report.file;
    if (!report.sha256.empty()) item["sha256"] = report.sha256;
    item["texts"] = report.texts;
    if (!sources[i].origin.empty()) item["source"] = sources[i].origin;
    if (!sources[i].licence.empty()) item["licence"] = sources[i].licence;
    list.push_back(std::move(item));
  }
  return list;
}

Json calibration_json(const CalibrationReport& report, const RouterRecipe& recipe) {
  Json json;
  json["method"] = fmt::format("isotonic regression over {} left-out folds of the training texts", recipe.folds);
  json["cases"] = report.cases;
  json["risk"] = report.risk;
  json["coverage"] = report.coverage;
  json["linear_only"] = report.linear_only;
  json["declined_right_max"] = recipe.declined_right_max;
  return json;
}

Json contract_json(const RouterRecipe& recipe, const RouterCorpus& corpus, const CalibrationReport& report,
                   double seconds) {
  Json contract;
  contract["name"] = recipe.name;
  contract["version"] = recipe.version;
  contract["purpose"] = recipe.purpose;
  contract["kind"] = "decision";
  contract["input"] = {{"text", fmt::format("the first {} bytes count", model::kRouterTextBytesMax)}};
  contract["output"] = {{"labels", corpus.labels.size()},
                        {"none", "abstains below the threshold: the text is out of scope"}};
  contract["calibration"] = calibration_json(report, recipe);
  contract["training"] = {{"recipe", recipe.source}, {"seconds", seconds}};
  contract["data"] = data_json(recipe.sources, corpus);
  contract["licence"] = "Apache-2.0 for the weights; see data for what they were trained on";
  return contract;
}

// The evaluation card: one entry per evaluation file.
Result<Json> evaluate(const RouterRecipe& recipe, const RouterTrainOptions& options, const model::Router& router) {
  Json card = Json::array();
  for (const auto& source : recipe.evaluation) {
    const RouterCorpus corpus = TRY(read_router_corpus(std::span(&source, 1), {.data_directory = options.data_directory,
                                                                               .seed = recipe.seed,
                                                                               .folds = recipe.folds,
                                                                               .labels = router.labels(),
                                                                               .closed = true}));
    std::vector<model::RouterCase> cases;
    for (const auto& example : corpus.examples) {
      const auto decision = router.decide(example.features);
      cases.push_back({example.label, decision.label, decision.probability, decision.abstained});
    }
    Json entry;
    entry["data_set"] = source.data_set;
    entry["file"] = corpus.reports[0].file;
    entry["sha256"] = corpus.reports[0].sha256;
    entry["date"] = options.date;
    entry.update(model::to_json(model::score_cases(cases)));
    card.push_back(std::move(entry));
  }
  return card;
}

}  // namespace

Result<model::RouterPack> make_router_pack(const RouterRecipe& recipe, const RouterTrainOptions& options) {
  RouterCorpus corpus = TRY(read_router_corpus(
      recipe.sources, {.data_directory = options.data_directory, .seed = recipe.seed, .folds = recipe.folds}));
  TRY(check_trainable(recipe, corpus));
  RouterTraining training(recipe, options, std::move(corpus));
  const CalibrationReport report = TRY(training.calibrate_on_folds());
  model::RouterPack pack;
  pack.weights = training.train_without(-1);
  pack.weights.calibration = report.calibration;
  pack.contract = contract_json(recipe, training.corpus(), report, training.seconds());
  const auto router = TRY(model::Router::make(pack.weights));
  pack.contract["evaluation"] = TRY(evaluate(recipe, options, router));
  return pack;
}

Result<void> train_router(const RouterRecipe& recipe, const RouterTrainOptions& options) {
  const auto pack = TRY(make_router_pack(recipe, options));
  return base::replace_file(options.output_path, model::encode_router_pack(pack.weights, pack.contract));
}

}  // namespace cadre::train
