// SPDX-License-Identifier: Apache-2.0
#include "eval/retrieval_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "agent/rank_fusion.h"
#include "base/random.h"
#include "eval/metrics.h"
#include "eval/retrieval_set.h"
#include "eval/text_vectors.h"
#include "store/text_index.h"

namespace cadre::eval {
namespace {

using base::Json;

constexpr size_t kFoundTexts = 100;  // of one search; what is further back is not found
constexpr std::array<size_t, 3> kRetrievalDepths = {1, 5, 10};
constexpr size_t kPrecisionDepth = 10;
constexpr std::array<int, 2> kVectorShares = {10, 30};  // percent, of the fused rank
constexpr size_t kResamples = 2'000;
constexpr size_t kProgressEvery = 500;

using Ranking = std::vector<size_t>;  // numbers of texts, best first

// What a search was worth.
struct Worth {
  double reciprocal_rank = 0;
  std::array<double, kRetrievalDepths.size()> found{};
  double precision = 0;  // average, to kPrecisionDepth
};

Worth worth_of(const Ranking& ranking, const RetrievalSet& set, uint32_t group) {
  Worth worth;
  double hits = 0;
  for (size_t i = 0; i < ranking.size(); ++i) {
    if (set.groups[ranking[i]] != group) continue;
    if (hits++ == 0) {
      worth.reciprocal_rank = 1.0 / static_cast<double>(i + 1);
      for (size_t k = 0; k < kRetrievalDepths.size(); ++k) worth.found[k] = i < kRetrievalDepths[k] ? 1 : 0;
    }
    if (i < kPrecisionDepth) worth.precision += hits / static_cast<double>(i + 1);
  }
  worth.precision /= static_cast<double>(std::min<size_t>(kPrecisionDepth, std::max<size_t>(set.sizes[group], 1)));
  return worth;
}

// One way to search: what each case was worth, and how long it took.
struct Results {
  std::vector<Ranking> rankings;
  std::vector<Worth> worths;
  std::vector<double> search_us;
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

template <class Take>
std::vector<double> each_worth(const Results& results, Take&& take) {
  std::vector<double> values;
  for (const Worth& worth : results.worths) values.push_back(take(worth));
  return values;
}

constexpr auto kReciprocalRank = [](const Worth& worth) { return worth.reciprocal_rank; };
constexpr auto kFoundAt5 = [](const Worth& worth) { return worth.found[1]; };

void report_results(const Results& results, const std::string& prefix, Json& values) {
  for (size_t k = 0; k < kRetrievalDepths.size(); ++k)
    values[fmt::format("{}found_at_{}", prefix, kRetrievalDepths[k])] =
        mean(each_worth(results, [k](const Worth& worth) { return worth.found[k]; }));
  values[prefix + "mrr"] = mean(each_worth(results, kReciprocalRank));
  values[fmt::format("{}map_at_{}", prefix, kPrecisionDepth)] =
      mean(each_worth(results, [](const Worth& worth) { return worth.precision; }));
  if (!results.search_us.empty()) values[prefix + "us_p50"] = percentile(results.search_us, 0.5);
}

// The mean of `after` - `before` and its interval, from samples of the cases with replacement.
void report_gain(const std::vector<double>& before, const std::vector<double>& after, const std::string& key,
                 Json& values) {
  std::vector<double> gains;
  for (size_t i = 0; i < before.size(); ++i) gains.push_back(after[i] - before[i]);
  base::Random random(1);
  std::vector<double> means;
  for (size_t sample = 0; sample < kResamples; ++sample) {
    double sum = 0;
    for (size_t i = 0; i < gains.size(); ++i) sum += gains[random.below(gains.size())];
    means.push_back(sum / static_cast<double>(gains.size()));
  }
  values[key] = mean(gains);
  values[key + "_low"] = percentile(means, 0.025);
  values[key + "_high"] = percentile(means, 0.975);
}

Ranking fused(const Ranking& words, const Ranking& vectors, double vector_share) {
  Ranking ranking;
  for (const agent::Ranked& one : agent::fuse_ranks(words, vectors, vector_share)) ranking.push_back(one.item);
  return ranking;
}

class Searches {
 public:
  Searches(const RetrievalSuiteOptions& options, const base::Clock& clock, RetrievalSet set)
      : options_(options), clock_(clock), set_(std::move(set)) {
    for (size_t i = 0; i < set_.cases.size(); ++i) {
      if (is_in_half(options.half, i) && (options.limit == 0 || cases_.size() < options.limit))
        cases_.push_back(set_.cases[i]);
    }
  }

  Result<SuiteReport> run() {
    report_.values["cases"] = cases_.size();
    report_.values["texts"] = set_.texts.size();
    report_.values["groups"] = set_.sizes.size();
    TRY(search_words());
    for (const TextVectorKind kind : {TextVectorKind::kStates, TextVectorKind::kTokens, TextVectorKind::kHidden})
      TRY(search_vectors(kind));
    return std::move(report_);
  }

 private:
  template <class Search>
  Result<Results> search_all(Search&& search) {
    Results results;
    for (size_t i = 0; i < cases_.size(); ++i) {
      const int64_t begin_ns = clock_.monotonic_ns();
      results.rankings.push_back(TRY(search(cases_[i].query)));
      results.search_us.push_back(static_cast<double>(clock_.monotonic_ns() - begin_ns) * 1e-3);
      results.worths.push_back(worth_of(results.rankings.back(), set_, cases_[i].group));
      if (options_.progress && (i % kProgressEvery == 0 || i + 1 == cases_.size()))
        options_.progress(i + 1, cases_.size());
    }
    return results;
  }

  Result<void> search_words() {
    store::TextIndex index = TRY(store::TextIndex::open_in_memory());
    for (size_t i = 0; i < set_.texts.size(); ++i) TRY(index.put(static_cast<int64_t>(i), set_.texts[i]));
    words_ = TRY(search_all([&](const std::string& query) -> Result<Ranking> {
      Ranking ranking;
      for (const store::FoundPassage& found : TRY(index.search(query, kFoundTexts)))
        ranking.push_back(static_cast<size_t>(found.id));
      return ranking;
    }));
    report_results(words_, "words_", report_.values);
    return {};
  }

  Result<void> search_vectors(TextVectorKind kind) {
    const std::string& pack = kind == TextVectorKind::kHidden ? options_.router : options_.decider;
    TextEncoder encoder = TRY(TextEncoder::open(kind, pack, set_.texts));
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : set_.texts) vectors.push_back(encoder.encode(text));
    for (const bool is_centred : {false, true}) {
      const VectorIndex index(vectors, is_centred);
      const Results results = TRY(search_all([&](const std::string& query) -> Result<Ranking> {
        Ranking ranking;
        for (const NearText& near : index.search(encoder.encode(query), kFoundTexts)) ranking.push_back(near.text);
        return ranking;
      }));
      const std::string name = fmt::format("{}_{}", text_vector_name(kind), is_centred ? "centred_" : "");
      report_results(results, name, report_.values);
      for (const int share : kVectorShares) fuse(results, share, name);
    }
    return {};
  }

  void fuse(const Results& vectors, int share, const std::string& name) {
    Results both;
    for (size_t i = 0; i < cases_.size(); ++i)
      both.worths.push_back(
          worth_of(fused(words_.rankings[i], vectors.rankings[i], share / 100.0), set_, cases_[i].group));
    const std::string prefix = fmt::format("{}fused{}_", name, share);
    report_results(both, prefix, report_.values);
    report_gain(each_worth(words_, kReciprocalRank), each_worth(both, kReciprocalRank), prefix + "gain_mrr",
                report_.values);
    report_gain(each_worth(words_, kFoundAt5), each_worth(both, kFoundAt5), prefix + "gain_found_at_5", report_.values);
  }

  const RetrievalSuiteOptions& options_;
  const base::Clock& clock_;
  RetrievalSet set_;
  std::vector<RetrievalCase> cases_;
  Results words_;
  SuiteReport report_;
};

}  // namespace

Result<SuiteReport> run_retrieval_suite(const RetrievalSuiteOptions& options, const base::Clock& clock) {
  return Searches(options, clock, TRY(read_retrieval_set({options.data, options.split, options.headers_only}))).run();
}

}  // namespace cadre::eval
