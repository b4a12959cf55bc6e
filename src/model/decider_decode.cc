// SPDX-License-Identifier: Apache-2.0
#include "model/decider_decode.h"

#include <algorithm>
#include <cmath>

namespace cadre::model {

using contract::CompareOp;
using contract::SqlTask;

namespace {

constexpr size_t kOptionsMax = 16;    // condition options looked at, by gain; gold calls use at most 4
constexpr size_t kBeamWidth = 64;
constexpr size_t kHeadsMax = 16;      // (column, aggregate) pairs
constexpr size_t kSpanWordsMax = 12;
constexpr float kLeftOut = -1e29f;

double log_sum_exp(const float* x, size_t count, uint32_t allowed) {
  double largest = -1e300;
  for (size_t i = 0; i < count; ++i)
    if (allowed >> i & 1) largest = std::max(largest, static_cast<double>(x[i]));
  double total = 0;
  for (size_t i = 0; i < count; ++i)
    if (allowed >> i & 1) total += std::exp(x[i] - largest);
  return largest + std::log(total);
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

struct SelectHead {
  uint32_t column;
  contract::Aggregate aggregate;
  double log_probability;
};

std::vector<SelectHead> rank_select(const contract::TableSchema& schema, const DeciderOutputs& outputs) {
  double largest = -1e300, total = 0;
  const size_t columns = schema.columns.size();
  for (size_t c = 0; c < columns; ++c) largest = std::max(largest, static_cast<double>(outputs.columns[c * kHeadOutputs]));
  for (size_t c = 0; c < columns; ++c) total += std::exp(outputs.columns[c * kHeadOutputs] - largest);
  std::vector<SelectHead> heads;
  for (uint32_t c = 0; c < columns; ++c) {
    const float* row = outputs.columns.data() + size_t{c} * kHeadOutputs;
    if (row[0] < kLeftOut) continue;
    const double column = row[0] - largest - std::log(total);
    const uint8_t legal = contract::legal_aggregates(schema.columns[c].type);
    const double normalizer = log_sum_exp(row + 1, contract::kAggregateCount, legal);
    for (int a = 0; a < contract::kAggregateCount; ++a)
      if (legal >> a & 1) heads.push_back({c, static_cast<contract::Aggregate>(a), column + row[1 + a] - normalizer});
  }
  std::stable_sort(heads.begin(), heads.end(), [](const auto& a, const auto& b) { return a.log_probability > b.log_probability; });
  if (heads.size() > kHeadsMax) heads.resize(kHeadsMax);
  return heads;
}

struct Option {
  size_t candidate;
  CompareOp op;
  double gain;  // log p(op) - log p(unused)
};

std::vector<Option> rank_options(const SqlTask& task, const DeciderOutputs& outputs) {
  std::vector<Option> options;
  for (size_t i = 0; i < task.candidates.size(); ++i) {
    const float* row = outputs.candidates.data() + i * kHeadOutputs;
    if (row[0] < kLeftOut) continue;
    for (int op = 0; op < contract::kCompareOpCount; ++op)
      if (task.candidates[i].legal_ops >> op & 1)
        options.push_back({i, static_cast<CompareOp>(op), static_cast<double>(row[1 + op]) - row[0]});
  }
  std::stable_sort(options.begin(), options.end(), [](const Option& a, const Option& b) { return a.gain > b.gain; });
  if (options.size() > kOptionsMax) options.resize(kOptionsMax);
  return options;
}

struct ConditionSet {
  std::vector<size_t> options;  // indices, ascending
  double score = 0;
};

bool is_lower_bound(CompareOp op) { return op == CompareOp::kGreater || op == CompareOp::kGreaterEqual; }
bool is_upper_bound(CompareOp op) { return op == CompareOp::kLess || op == CompareOp::kLessEqual; }

// Two conditions on one column only make sense as a range or as two exclusions.
bool contradicts(const SqlTask& task, const Option& a, const Option& b) {
  const auto &x = task.candidates[a.candidate], &y = task.candidates[b.candidate];
  if (x.span.begin < y.span.end && y.span.begin < x.span.end) return true;
  if (x.column != y.column) return false;
  const bool is_range = (is_lower_bound(a.op) && is_upper_bound(b.op)) || (is_upper_bound(a.op) && is_lower_bound(b.op));
  const bool both_exclude = a.op == CompareOp::kNotEqual && b.op == CompareOp::kNotEqual;
  return !is_range && !both_exclude;
}

std::vector<ConditionSet> search_sets(const SqlTask& task, const std::vector<Option>& options) {
  std::vector<ConditionSet> beam(1);
  const auto better = [](const ConditionSet& a, const ConditionSet& b) { return a.score > b.score; };
  for (size_t o = 0; o < options.size(); ++o) {
    const size_t count = beam.size();
    for (size_t s = 0; s < count; ++s) {
      if (beam[s].options.size() >= contract::kConditionsMax) continue;
      const bool clash = std::any_of(beam[s].options.begin(), beam[s].options.end(),
                                     [&](size_t other) { return contradicts(task, options[o], options[other]); });
      if (clash) continue;
      ConditionSet extended = beam[s];
      extended.options.push_back(o);
      extended.score += options[o].gain;
      beam.push_back(std::move(extended));
    }
    std::stable_sort(beam.begin(), beam.end(), better);
    if (beam.size() > kBeamWidth) beam.resize(kBeamWidth);
  }
  return beam;
}

void add_count_scores(const DeciderOutputs& outputs, std::vector<ConditionSet>& sets) {
  const double normalizer = log_sum_exp(outputs.question.data(), kCountClasses, (1u << kCountClasses) - 1);
  double largest = -1e300, total = 0;
  for (auto& set : sets) {
    set.score += outputs.question[set.options.size()] - normalizer;
    largest = std::max(largest, set.score);
  }
  for (const auto& set : sets) total += std::exp(set.score - largest);
  for (auto& set : sets) set.score -= largest + std::log(total);
}

contract::SqlCall assemble(const SqlTask& task, const SelectHead& head, const ConditionSet& set, const std::vector<Option>& options) {
  contract::SqlCall call;
  call.select_column = head.column;
  call.aggregate = head.aggregate;
  std::vector<size_t> chosen = set.options;
  // In the order in which the question mentions them.
  std::sort(chosen.begin(), chosen.end(), [&](size_t a, size_t b) { return options[a].candidate < options[b].candidate; });
  for (const size_t o : chosen) {
    const auto& candidate = task.candidates[options[o].candidate];
    call.conditions.push_back({candidate.column, options[o].op, candidate.value, candidate.span, candidate.origin});
  }
  return call;
}

}  // namespace

std::vector<RankedCall> rank_calls(const contract::TableSchema& schema, const SqlTask& task, const DeciderOutputs& outputs,
                                   size_t calls_max) {
  const auto heads = rank_select(schema, outputs);
  const auto options = rank_options(task, outputs);
  auto sets = search_sets(task, options);
  add_count_scores(outputs, sets);
  struct Pair {
    size_t head, set;
    double score;
  };
  std::vector<Pair> pairs;
  for (size_t h = 0; h < heads.size(); ++h)
    for (size_t s = 0; s < sets.size(); ++s) pairs.push_back({h, s, heads[h].log_probability + sets[s].score});
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.score > b.score; });
  std::vector<RankedCall> ranked;
  for (const Pair& pair : pairs) {
    if (ranked.size() >= calls_max) break;
    auto call = assemble(task, heads[pair.head], sets[pair.set], options);
    const bool known = std::any_of(ranked.begin(), ranked.end(), [&](const RankedCall& other) { return other.call == call; });
    if (!known) ranked.push_back({std::move(call), std::exp(pair.score)});
  }
  return ranked;
}

std::vector<contract::WordSpan> proposed_spans(const DeciderInput& input, const DeciderOutputs& outputs, double probability_min,
                                               size_t spans_max) {
  struct Scored {
    contract::WordSpan span;
    double probability;
  };
  std::vector<Scored> spans;
  const auto score = [&](size_t word, size_t output) {
    return sigmoid(outputs.tokens[input.word_token[word] * size_t{kHeadOutputs} + output]);
  };
  for (uint32_t begin = 0; begin < input.word_token.size(); ++begin) {
    if (input.word_token[begin] == kNoToken) break;
    const double begins = score(begin, 0);
    if (begins < probability_min) continue;
    for (uint32_t last = begin; last < input.word_token.size() && last < begin + kSpanWordsMax; ++last) {
      if (input.word_token[last] == kNoToken) break;
      const double probability = begins * score(last, 1);
      if (probability >= probability_min) spans.push_back({{begin, last + 1}, probability});
    }
  }
  std::stable_sort(spans.begin(), spans.end(), [](const Scored& a, const Scored& b) { return a.probability > b.probability; });
  std::vector<contract::WordSpan> result;
  for (const auto& span : spans)
    if (result.size() < spans_max) result.push_back(span.span);
  return result;
}

double answerable_probability(const DeciderOutputs& outputs) { return sigmoid(outputs.question[kCountClasses]); }

}  // namespace cadre::model
