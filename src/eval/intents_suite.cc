// SPDX-License-Identifier: Apache-2.0
#include "eval/intents_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "base/json_lines.h"
#include "eval/naive_bayes.h"
#include "model/router_scores.h"

namespace cadre::eval {

using base::Json;
using model::RouterCase;

namespace {

constexpr const char* kOutOfScope = "oos";
constexpr size_t kCasesMax = 5'000'000;
constexpr size_t kProgressCases = 500;
constexpr size_t kFolds = 5;
constexpr double kDeclinedRightMax = 0.01;  // as in recipes/router.yaml
// On left-out fifths of CLINC150's training texts 0.02 is best of 0.02 to 1, and neighbouring words add 0.6 points to words alone:
// the baseline is as strong as we could make it.
constexpr double kSmoothing = 0.02;

struct LabelledText {
  std::string text;
  std::string intent;
};

Result<std::vector<LabelledText>> read_texts(const std::string& path, size_t limit) {
  std::vector<LabelledText> texts;
  TRY(base::for_each_json_line(path, [&](const Json& line) -> Result<bool> {
    if (limit > 0 && texts.size() >= limit) return false;
    if (texts.size() >= kCasesMax) return Error{ErrorCode::kLimit, fmt::format("more than {} cases", kCasesMax)};
    texts.push_back({TRY(base::json_string(line, "text")), TRY(base::json_string(line, "intent"))});
    return true;
  }));
  if (texts.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: no cases", path)};
  return texts;
}

// Numbers of intents: those of the router first, unknown ones after them in the order in which they appear.
class Intents {
 public:
  explicit Intents(const std::vector<std::string>& known) {
    for (const auto& intent : known) numbers_.emplace(intent, static_cast<int32_t>(numbers_.size()));
    known_ = numbers_.size();
  }

  int32_t number(const std::string& intent) {
    if (intent == kOutOfScope) return -1;
    return numbers_.emplace(intent, static_cast<int32_t>(numbers_.size())).first->second;
  }
  size_t size() const { return numbers_.size(); }
  size_t unknown() const { return numbers_.size() - known_; }

 private:
  std::unordered_map<std::string, int32_t> numbers_;
  size_t known_ = 0;
};

class Latencies {
 public:
  explicit Latencies(const base::Clock& clock) : clock_(clock) {}

  template <class Work>
  auto measure(Work&& work) {
    const int64_t begin_ns = clock_.monotonic_ns();
    auto result = work();
    microseconds_.push_back(static_cast<double>(clock_.monotonic_ns() - begin_ns) * 1e-3);
    return result;
  }

  void report(Json& values, const std::string& prefix) const {
    values[prefix + "latency_us_p50"] = percentile(microseconds_, 0.50);
    values[prefix + "latency_us_p95"] = percentile(microseconds_, 0.95);
    values[prefix + "latency_us_p99"] = percentile(microseconds_, 0.99);
  }

 private:
  const base::Clock& clock_;
  std::vector<double> microseconds_;
};

struct RouterRun {
  std::vector<RouterCase> cases;
  Json values;
  std::string predictions;
};

std::string prediction_line(size_t index, const RouterCase& item, const std::string& likeliest) {
  const bool is_correct = item.abstained ? item.label < 0 : item.label == static_cast<int32_t>(item.predicted);
  const Json line = {{"index", index},
                     {"output", item.abstained ? kOutOfScope : likeliest},
                     {"likeliest", likeliest},
                     {"probability", item.probability},
                     {"abstained", item.abstained},
                     {"correct", is_correct}};
  return base::dump_json(line) + "\n";
}

RouterRun run_router(const model::Router& router, const std::vector<LabelledText>& texts, Intents& intents,
                     const IntentsSuiteOptions& options, const base::Clock& clock) {
  RouterRun run;
  Latencies decide(clock), linear(clock), net(clock);
  size_t by_linear = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string& text = texts[i].text;
    const auto decision = decide.measure([&] { return router.decide(text); });
    (void)linear.measure([&] { return router.score_linear(model::ngram_features(text)); });
    (void)net.measure([&] { return router.probabilities_net(model::ngram_features(text)); });
    by_linear += decision.tier == model::RouterTier::kLinear;
    run.cases.push_back({intents.number(texts[i].intent), decision.label, decision.probability, decision.abstained});
    if (!options.predictions_path.empty())
      run.predictions += prediction_line(i, run.cases.back(), router.labels()[decision.label]);
    if (options.progress && (i % kProgressCases == 0 || i + 1 == texts.size())) options.progress(i + 1, texts.size());
  }
  run.values = model::to_json(model::score_cases(run.cases));
  run.values["threshold"] = router.calibration().threshold;
  run.values["unknown_intents"] = intents.unknown();
  run.values["decided_by_linear"] = by_linear;
  decide.report(run.values, "");
  linear.report(run.values, "linear_");
  net.report(run.values, "net_");
  return run;
}

std::vector<uint32_t> tokens_of(const std::string& text) {
  auto features = model::ngram_features(text);
  features.words.insert(features.words.end(), features.pairs.begin(), features.pairs.end());
  return std::move(features.words);
}

std::vector<NaiveBayesExample> examples_of(const std::vector<LabelledText>& texts, Intents& intents) {
  std::vector<NaiveBayesExample> examples;
  for (const auto& [text, intent] : texts)
    if (intent != kOutOfScope) examples.push_back({tokens_of(text), static_cast<uint32_t>(intents.number(intent))});
  return examples;
}

// The log odds below which kDeclinedRightMax of the right decisions on left-out fifths lie.
double naive_bayes_threshold(const std::vector<NaiveBayesExample>& examples, size_t labels) {
  std::vector<size_t> folds(examples.size());
  base::Random random(1);
  for (size_t& fold : folds) fold = random.below(kFolds);
  std::vector<double> right;
  for (size_t fold = 0; fold < kFolds; ++fold) {
    std::vector<NaiveBayesExample> others;
    for (size_t i = 0; i < examples.size(); ++i)
      if (folds[i] != fold) others.push_back(examples[i]);
    const NaiveBayes bayes(others, labels, kSmoothing);
    for (size_t i = 0; i < examples.size(); ++i) {
      if (folds[i] != fold) continue;
      const auto score = bayes.score(examples[i].tokens);
      if (score.label == examples[i].label) right.push_back(score.log_odds);
    }
  }
  if (right.empty()) return 0;
  std::sort(right.begin(), right.end());
  return right[static_cast<size_t>(kDeclinedRightMax * static_cast<double>(right.size()))];
}

void add_naive_bayes(Json& values, const std::vector<LabelledText>& train, const std::vector<LabelledText>& texts,
                     Intents& intents) {
  const auto examples = examples_of(train, intents);
  if (examples.empty()) return;
  const size_t labels = intents.size();
  const double threshold = naive_bayes_threshold(examples, labels);
  const NaiveBayes bayes(examples, labels, kSmoothing);
  std::vector<RouterCase> cases;
  for (const auto& [text, intent] : texts) {
    const auto score = bayes.score(tokens_of(text));
    cases.push_back(
        {intents.number(intent), score.label, static_cast<float>(score.log_odds), score.log_odds < threshold});
  }
  const auto scores = model::score_cases(cases);
  values["naive_bayes_in_scope_accuracy"] = scores.in_scope_accuracy;
  values["naive_bayes_out_of_scope_recall"] = scores.out_of_scope_recall;
  values["naive_bayes_auroc"] = scores.auroc;
  values["naive_bayes_macro_f1"] = scores.macro_f1;
  values["naive_bayes_in_scope_accuracy_never_abstaining"] = scores.forced_accuracy;
}

// Whether any in-scope case has a label that the router knows, or there is none in scope.
bool fits(const model::Router& router, const std::vector<RouterCase>& cases) {
  const auto in_scope = [](const RouterCase& item) { return item.label >= 0; };
  const auto known = [&](const RouterCase& item) {
    return in_scope(item) && static_cast<size_t>(item.label) < router.labels().size();
  };
  return std::none_of(cases.begin(), cases.end(), in_scope) || std::any_of(cases.begin(), cases.end(), known);
}

}  // namespace

Result<SuiteReport> run_intents_suite(const model::Router& router, const IntentsSuiteOptions& options,
                                      const base::Clock& clock) {
  const auto texts = TRY(read_texts(fmt::format("{}/{}.jsonl", options.data, options.split), options.limit));
  Intents intents(router.labels());
  RouterRun run = run_router(router, texts, intents, options, clock);
  if (!fits(router, run.cases)) {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("{}/{}.jsonl: none of its intents is one of the router's {} labels; is this the right pack?",
                    options.data, options.split, router.labels().size())};
  }
  const std::string train_path = options.data + "/train.jsonl";
  if (options.split != "train" && base::file_exists(train_path))
    add_naive_bayes(run.values, TRY(read_texts(train_path, 0)), texts, intents);
  if (!options.predictions_path.empty()) TRY(base::replace_file(options.predictions_path, run.predictions));
  return SuiteReport{std::move(run.values)};
}

}  // namespace cadre::eval
