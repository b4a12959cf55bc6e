// The input of a decider as candidates: spans of its words, its lines, what stands in quotes, its numbers.
//
// Spans run from the begin of a word to the end of one, kSpanWordsMax words at most, without punctuation at their ends unless white space
// stands beside it; the same text twice is one candidate, where it stands first. With more than `spans_max` of them the longest are left out.
// Numbers are those of contract/question_numbers.h. A source is bound to one index: it remembers which of its spans fit a place there.
// Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/decision.h"

namespace cadre::contract {

class SchemaPrograms;

// Phrases: what the first lines say. Tokens: also what stands between white space, which keeps ids and addresses whole.
enum class SpanKinds : uint8_t { kPhrases, kPhrasesAndTokens };
// In the order of their places. REQUIRES UTF-8.
std::vector<SourceSpan> find_spans(std::string_view text, size_t spans_max, SpanKinds kinds);

inline constexpr size_t kInputSizeBytesMax = 64 << 10;
inline constexpr size_t kSpanWordsMax = 12;

class DecisionSource {
 public:
  using List = std::shared_ptr<const CandidateList>;

  // Error: not UTF-8, over kInputSizeBytesMax.
  static Result<std::shared_ptr<DecisionSource>> read(std::string text, size_t spans_max);

  const std::string& text() const { return text_; }
  const List& spans() const { return spans_; }      // as JSON strings
  const List& numbers() const { return numbers_; }  // as JSON numbers
  // Those that a program of strings or numbers accepts.
  const List& spans_for(SchemaPrograms& programs, uint32_t program);
  const List& numbers_for(SchemaPrograms& programs, uint32_t program);
  VerifiedLists& verified() { return verified_; }

 private:
  explicit DecisionSource(std::string text) : text_(std::move(text)) {}

  std::string text_;
  List spans_, numbers_;
  std::unordered_map<uint32_t, List> spans_of_, numbers_of_;  // per program
  VerifiedLists verified_;
};

}  // namespace cadre::contract
