// SPDX-License-Identifier: Apache-2.0
#include "model/router_scores.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace cadre::model {
namespace {

double share(size_t part, size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double mean_f1(std::span<const RouterCase> cases) {
  struct Counts {
    size_t truth = 0, predicted = 0, both = 0;
  };
  std::map<int32_t, Counts> labels;
  for (const auto& item : cases) {
    const auto predicted = static_cast<int32_t>(item.predicted);
    if (item.label >= 0) ++labels[item.label].truth;
    if (!item.abstained) ++labels[predicted].predicted;
    if (!item.abstained && predicted == item.label) ++labels[predicted].both;
  }
  double total = 0;
  size_t count = 0;
  for (const auto& [label, counts] : labels) {
    if (counts.truth == 0) continue;
    total += share(2 * counts.both, counts.truth + counts.predicted);
    ++count;
  }
  return count == 0 ? 0.0 : total / static_cast<double>(count);
}

}  // namespace

// By ranks, ties in the middle (Mann and Whitney).
std::optional<double> area_under_curve(std::vector<std::pair<double, bool>> scored) {
  std::sort(scored.begin(), scored.end());
  double rank_sum = 0, positives = 0;
  for (size_t begin = 0, end = 0; begin < scored.size(); begin = end) {
    while (end < scored.size() && scored[end].first == scored[begin].first) ++end;
    const double rank = static_cast<double>(begin + end + 1) / 2;
    for (size_t i = begin; i < end; ++i) {
      rank_sum += scored[i].second ? rank : 0.0;
      positives += scored[i].second;
    }
  }
  const double negatives = static_cast<double>(scored.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nullopt;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

RouterScores score_cases(std::span<const RouterCase> cases) {
  RouterScores scores;
  size_t right = 0, right_if_forced = 0, declined_out_of_scope = 0;
  for (const auto& item : cases) {
    const bool in_scope = item.label >= 0, hit = in_scope && static_cast<uint32_t>(item.label) == item.predicted;
    scores.in_scope += in_scope;
    scores.abstained += item.abstained;
    right += hit && !item.abstained;
    right_if_forced += hit;
    declined_out_of_scope += !in_scope && item.abstained;
  }
  scores.cases = cases.size();
  scores.out_of_scope = scores.cases - scores.in_scope;
  scores.in_scope_accuracy = share(right, scores.in_scope);
  scores.forced_accuracy = share(right_if_forced, scores.in_scope);
  scores.out_of_scope_recall = share(declined_out_of_scope, scores.out_of_scope);
  std::vector<std::pair<double, bool>> scored;
  for (const RouterCase& item : cases) scored.emplace_back(item.probability, item.label >= 0);
  scores.auroc = area_under_curve(std::move(scored)).value_or(0.0);
  scores.macro_f1 = mean_f1(cases);
  return scores;
}

base::Json to_json(const RouterScores& scores) {
  base::Json json;
  json["cases"] = scores.cases;
  json["in_scope_cases"] = scores.in_scope;
  json["out_of_scope_cases"] = scores.out_of_scope;
  json["in_scope_accuracy"] = scores.in_scope_accuracy;
  json["out_of_scope_recall"] = scores.out_of_scope_recall;
  json["auroc"] = scores.auroc;
  json["macro_f1"] = scores.macro_f1;
  json["abstained"] = scores.abstained;
  json["in_scope_accuracy_never_abstaining"] = scores.forced_accuracy;
  return json;
}

}  // namespace cadre::model
