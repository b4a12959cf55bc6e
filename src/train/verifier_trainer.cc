// SPDX-License-Identifier: Apache-2.0
#include "train/verifier_trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/sha256.h"
#include "model/odds.h"
#include "train/router_net_trainer.h"

namespace cadre::train {

using base::Json;

namespace {

constexpr size_t kCallsPerReport = 4096;

// Labels: 0 is "right", kNoLabel wrong.
class Examples {
 public:
  void add(JudgedQuestion& question, size_t proposed_wrong) {
    bool has_gold = false;
    for (JudgedCall& call : question.proposals) {
      // What returns the same as the gold call and is another call may be right or a chance: it teaches nothing.
      if (call.is_right && !call.is_gold) continue;
      if (!call.is_right && proposed_wrong == 0) continue;
      has_gold |= call.is_gold;
      proposed_wrong -= call.is_right ? 0 : 1;
      take(call);
    }
    for (JudgedCall& call : question.made)
      if (call.is_gold ? !has_gold : !call.is_right) take(call);
  }

  std::vector<RouterExample> list;
  size_t right = 0;

 private:
  void take(JudgedCall& call) {
    RouterExample& example = list.emplace_back();
    example.features = std::move(call.features);
    example.label = call.is_gold ? 0 : kNoLabel;
    right += call.is_gold ? 1 : 0;
  }
};

class VerifierTraining {
 public:
  VerifierTraining(const VerifierRecipe& recipe, const VerifierTrainOptions& options)
      : recipe_(recipe), options_(options), start_ns_(base::thread_cpu_ns()) {}

  Result<model::VerifierPack> run() {
    model::VerifierPack pack;
    const Examples examples = TRY(collect());
    std::vector<uint32_t> all(examples.list.size());
    std::iota(all.begin(), all.end(), 0);
    pack.weights.net = train_router_net(
        examples.list, all, 1, recipe_.net, base::Random(recipe_.seed),
        [&](size_t epoch, double loss) { report({"train", epoch, recipe_.net.epochs, loss}); });
    const auto scored = TRY(score_left_out(TRY(model::Verifier::make(pack.weights, Json::object()))));
    pack.weights.calibration = fit_verifier_calibration(scored);
    pack.weights.calibration.doubt_below = recipe_.doubt_below;
    pack.weights.calibration.refuse_below = recipe_.refuse_below;
    pack.contract = TRY(contract(examples, scored.size()));
    pack.contract["calibration"].update(model::to_json(pack.weights.calibration));
    return pack;
  }

 private:
  void report(const VerifierProgress& progress) const {
    if (options_.on_progress) options_.on_progress(progress);
  }

  CallExampleOptions example_options(const char* part) const {
    CallExampleOptions out;
    out.seed = recipe_.seed;
    out.on_progress = [this, part](size_t done, size_t total) {
      if (done % kCallsPerReport == 0 || done == total) report({part, done, total});
    };
    return out;
  }

  Result<Examples> collect() {
    const auto corpus = TRY(
        SqlCorpus::load(options_.data_directory, "train", CorpusPart::kTraining, options_.questions_max));
    questions_ = corpus.questions().size();
    CallExampleOptions example_options = this->example_options("judge");
    example_options.synthetic = recipe_.synthetic;
    example_options.unanswerable = recipe_.unanswerable;
    auto judged = TRY(judge_calls(corpus, options_.propose, example_options));
    judged_ = judged.size();
    Examples examples;
    for (JudgedQuestion& question : judged) examples.add(question, recipe_.proposed_wrong);
    if (examples.right == 0) return Error{ErrorCode::kInvalid, "no training question has a gold call within the contract"};
    return examples;
  }

  Result<std::vector<ScoredCall>> score_left_out(const model::Verifier& verifier) {
    const auto corpus = TRY(SqlCorpus::load(options_.data_directory, "train", CorpusPart::kCalibration, SIZE_MAX));
    std::vector<ScoredCall> scored;
    const auto judged = TRY(judge_calls(corpus, options_.propose, example_options("calibrate")));
    for (const JudgedQuestion& question : judged) {
      if (question.proposals.empty()) continue;
      const JudgedCall& first = question.proposals.front();
      scored.push_back({first.probability, verifier.probability(first.features), first.is_right});
    }
    return scored;
  }

  Result<Json> contract(const Examples& examples, size_t cases) const {
    Json data;
    data["name"] = "WikiSQL questions (official training split), tables from TabFact";
    data["sha256"] = base::to_hex(base::sha256(TRY(base::read_file(options_.data_directory + "/train.jsonl"))));
    data["questions"] = questions_;
    data["source"] =
        "github.com/salesforce/WikiSQL, github.com/jkkummerfeld/text2sql-data, github.com/wenhuchen/Table-Fact-Checking";
    data["licence"] = "BSD-3-Clause (WikiSQL), MIT (TabFact), table text CC BY-SA (Wikipedia)";
    Json json;
    json["name"] = recipe_.name;
    json["version"] = recipe_.version;
    json["purpose"] = recipe_.purpose;
    json["kind"] = "verifier";
    json["input"] = {{"question", "text"}, {"table", "header and cells"}, {"call", "a SELECT of the SQL specialist's form"}};
    json["output"] = {{"probability", "that the call is what the question asks for"}};
    json["calibration"] = {{"method", "logistic regression over the specialist's first calls on tables that neither model saw"},
                           {"cases", cases}};
    json["training"] = {{"recipe", recipe_.source},
                        {"specialist", options_.specialist},
                        {"questions", judged_},
                        {"calls", examples.list.size()},
                        {"right", examples.right},
                        {"seconds", static_cast<double>(base::thread_cpu_ns() - start_ns_) * 1e-9}};
    json["data"] = Json::array({std::move(data)});
    json["licence"] = "Apache-2.0 for the weights; see data for what they were trained on";
    return json;
  }

  const VerifierRecipe& recipe_;
  const VerifierTrainOptions& options_;
  int64_t start_ns_;
  size_t questions_ = 0, judged_ = 0;
};

// Solves a x = b for a symmetric positive definite 3 x 3 matrix by Gaussian elimination.
std::array<double, 3> solve(std::array<std::array<double, 3>, 3> a, std::array<double, 3> b) {
  for (size_t i = 0; i < 3; ++i) {
    for (size_t row = i + 1; row < 3; ++row) {
      const double factor = a[row][i] / a[i][i];
      for (size_t column = i; column < 3; ++column) a[row][column] -= factor * a[i][column];
      b[row] -= factor * b[i];
    }
  }
  for (size_t i = 3; i-- > 0;) {
    for (size_t column = i + 1; column < 3; ++column) b[i] -= a[i][column] * b[column];
    b[i] /= a[i][i];
  }
  return b;
}

}  // namespace

model::VerifierCalibration fit_verifier_calibration(const std::vector<ScoredCall>& calls) {
  constexpr int kSteps = 30;
  constexpr double kRidge = 1e-3;  // keeps separable cases finite
  std::array<double, 3> w = {1, 0, 0};
  for (int step = 0; step < kSteps; ++step) {
    std::array<std::array<double, 3>, 3> curvature = {};
    std::array<double, 3> slope = {};
    for (const ScoredCall& call : calls) {
      const std::array<double, 3> x = {model::log_odds(call.confidence), model::log_odds(call.verifier), 1};
      const double p = model::probability_of(w[0] * x[0] + w[1] * x[1] + w[2]);
      for (size_t i = 0; i < 3; ++i) {
        slope[i] += ((call.is_right ? 1 : 0) - p) * x[i];
        for (size_t j = 0; j < 3; ++j) curvature[i][j] += p * (1 - p) * x[i] * x[j];
      }
    }
    for (size_t i = 0; i < 3; ++i) {
      curvature[i][i] += kRidge * static_cast<double>(calls.size() + 1);
      slope[i] -= kRidge * static_cast<double>(calls.size() + 1) * w[i];
    }
    const auto change = solve(curvature, slope);
    for (size_t i = 0; i < 3; ++i) w[i] += std::clamp(change[i], -1.0, 1.0);
  }
  return {.confidence_weight = std::max(w[0], 0.0), .verifier_weight = std::max(w[1], 0.0), .bias = w[2]};
}

Result<model::VerifierPack> train_verifier(const VerifierRecipe& recipe, const VerifierTrainOptions& options) {
  return VerifierTraining(recipe, options).run();
}

}  // namespace cadre::train
