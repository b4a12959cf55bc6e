// The best documents of a contract for given scores: a beam search over decision walks.
//
// Scores are logits per candidate; at each decision they are normalised over the candidates that are offered there, and a document's
// probability is the product over its decisions. Whatever the scores are, each document is valid: the walk is the only authority. Ties are
// broken by order, so the ranking is the same everywhere. With a beam at least as wide as there are ways the ranking is exact.
// Thread safety: as DecisionPoints says.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "contract/decision_outline.h"
#include "contract/decision_walk.h"

namespace cadre::contract {

struct DecisionSearchOptions {
  size_t beam_width = 16;
  size_t documents_max = 8;
};

struct RankedDocument {
  std::string text;
  double log_probability = 0;
  std::vector<DecisionMade> decisions;
};

struct RankedDocuments {
  std::vector<RankedDocument> documents;  // best first, all distinct; none: abstain
  std::string abstained_at;               // the path of the first decision met that had no candidates
};

// Fills one logit per candidate of the point; they come as zeros.
using DecisionScorer = std::function<void(const DecisionPoint& point, std::span<double> logits)>;

// Error: what DecisionPoints::begin refuses.
Result<RankedDocuments> rank_documents(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input,
                                       const DecisionScorer& scorer, const DecisionSearchOptions& options = {});

// The same for scores of an outline's points: logits[i] has one entry per candidate of outline.points[i]. Decisions that are not in the
// outline count as undecided: all their candidates alike.
Result<RankedDocuments> assemble(DecisionPoints& points, const std::shared_ptr<DecisionSource>& input,
                                 const DecisionOutline& outline, std::span<const std::vector<float>> logits,
                                 const DecisionSearchOptions& options = {});

}  // namespace cadre::contract
