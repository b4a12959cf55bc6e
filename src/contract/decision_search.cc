// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_search.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/check.h"

namespace cadre::contract {

namespace {

struct Hypothesis {
  DecisionWalk walk;
  double log_probability = 0;
};

struct Extension {
  size_t hypothesis = 0, candidate = 0;
  double log_probability = 0;
};

bool is_better(const Extension& a, const Extension& b) {
  return a.log_probability > b.log_probability;
}

void normalise(std::span<double> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double total = 0;
  for (const double logit : logits) total += std::exp(logit - largest);
  for (double& logit : logits) logit -= largest + std::log(total);
}

class Search {
 public:
  Search(const DecisionScorer& scorer, const DecisionSearchOptions& options) : scorer_(scorer), options_(options) {}

  RankedDocuments run(DecisionWalk start) {
    add(std::move(start), 0);
    while (!beam_.empty() && !is_decided()) extend();
    return std::move(ranked_);
  }

 private:
  // No hypothesis can still become better than the documents that are there.
  bool is_decided() const {
    return ranked_.documents.size() >= options_.documents_max &&
           beam_.front().log_probability <= ranked_.documents.back().log_probability;
  }

  void add(DecisionWalk walk, double log_probability) {
    if (walk.is_done()) return add_document(walk, log_probability);
    if (!walk.is_choosing()) return;
    if (!walk.decision().must_abstain()) {
      beam_.push_back({std::move(walk), log_probability});
    } else if (ranked_.abstained_at.empty()) {
      ranked_.abstained_at = walk.decision().path;
    }
  }

  void add_document(const DecisionWalk& walk, double log_probability) {
    std::vector<RankedDocument>& documents = ranked_.documents;
    std::string text = walk.text();
    const auto same =
        std::find_if(documents.begin(), documents.end(), [&](const auto& other) { return other.text == text; });
    if (same != documents.end() && same->log_probability >= log_probability) return;
    if (same != documents.end()) documents.erase(same);
    const auto place = std::find_if(documents.begin(), documents.end(),
                                    [&](const auto& other) { return other.log_probability < log_probability; });
    documents.insert(place, {std::move(text), log_probability, walk.decisions()});
    if (documents.size() > options_.documents_max) documents.pop_back();
  }

  void extend() {
    std::vector<Extension> extensions;
    for (size_t h = 0; h < beam_.size(); ++h) {
      logits_.assign(beam_[h].walk.decision().candidates().size(), 0);
      scorer_(beam_[h].walk.decision(), logits_);
      normalise(logits_);
      for (size_t c = 0; c < logits_.size(); ++c) extensions.push_back({h, c, beam_[h].log_probability + logits_[c]});
    }
    std::stable_sort(extensions.begin(), extensions.end(), is_better);
    if (extensions.size() > options_.beam_width) extensions.resize(options_.beam_width);
    std::vector<Hypothesis> before = std::move(beam_);
    beam_.clear();
    for (const Extension& extension : extensions) {
      DecisionWalk walk = before[extension.hypothesis].walk;
      walk.choose(extension.candidate);
      add(std::move(walk), extension.log_probability);
    }
  }

  const DecisionScorer& scorer_;
  const DecisionSearchOptions& options_;
  std::vector<Hypothesis> beam_;  // best first
  std::vector<double> logits_;
  RankedDocuments ranked_;
};

// What the outline's scores say about a decision of a walk.
class OutlineScores {
 public:
  OutlineScores(const DecisionOutline& outline, std::span<const std::vector<float>> logits)
      : outline_(outline), logits_(logits), index_of_(outline.points.size()) {}

  void score(const DecisionPoint& point, std::span<double> out) {
    const auto found = outline_.index_of_key.find(outline_key(point));
    if (found == outline_.index_of_key.end()) return;
    const DecisionPoint& known = outline_.points[found->second];
    const std::vector<float>& scores = logits_[found->second];
    const bool is_same = known.list == point.list || point.kind == DecisionKind::kMember;
    for (size_t i = 0; i < out.size(); ++i) {
      const auto index = is_same ? i : index_of(found->second, point.candidates()[i]);
      if (index) out[i] = scores[*index];
    }
  }

 private:
  // Commas belong to where an item stands, not to what is chosen.
  static const std::string& name_of(DecisionKind kind, const Candidate& candidate) {
    const bool is_value = kind == DecisionKind::kValue || kind == DecisionKind::kNumber ||
                          kind == DecisionKind::kOpen || kind == DecisionKind::kSpan;
    return is_value ? candidate.bytes : candidate.label;
  }

  std::optional<size_t> index_of(size_t point, const Candidate& candidate) {
    const DecisionPoint& known = outline_.points[point];
    auto& index = index_of_[point];
    for (size_t i = index.size(); i < known.candidates().size(); ++i)
      index.try_emplace(name_of(known.kind, known.candidates()[i]), i);
    const auto found = index.find(name_of(known.kind, candidate));
    return found == index.end() ? std::nullopt : std::optional(found->second);
  }

  const DecisionOutline& outline_;
  std::span<const std::vector<float>> logits_;
  std::vector<std::unordered_map<std::string_view, size_t>> index_of_;  // per point, filled when asked
};

}  // namespace

Result<RankedDocuments> rank_documents(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input,
                                       const DecisionScorer& scorer, const DecisionSearchOptions& options) {
  return Search(scorer, options).run(TRY(points.begin(input)));
}

Result<RankedDocuments> assemble(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input,
                                 const DecisionOutline& outline, std::span<const std::vector<float>> logits,
                                 const DecisionSearchOptions& options) {
  CADRE_CHECK(logits.size() == outline.points.size(), "there are scores for every point of the outline");
  OutlineScores scores(outline, logits);
  return rank_documents(
      points, input, [&](const DecisionPoint& point, std::span<double> out) { scores.score(point, out); }, options);
}

}  // namespace cadre::contract
