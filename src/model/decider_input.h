// What a decider reads: one question over one table as tokens, links and candidate rows.
//
// Built the same way for training and for inference, from the task's decision points (contract/sql_task.h), so that what the model
// was trained on is what it sees. Nothing here depends on the order of the columns.
// Limits: kInputTokensMax tokens; when the columns do not fit, those with links to the question come first and the rest are left
// out of this input (column_token is kNoToken for them). Thread safety: pure functions, plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "contract/sql_task.h"
#include "contract/table.h"
#include "model/decider_config.h"
#include "text/bpe.h"

namespace cadre::model {

inline constexpr size_t kInputTokensMax = 384;
inline constexpr size_t kNameTokensMax = 24;    // tokens of one column name
inline constexpr uint16_t kNoToken = 0xffff;
inline constexpr uint16_t kColumnPosition = 300;  // rotary position of every column token; question words stay below

// The special tokens of a decider's vocabulary, in id order.
enum SpecialToken : uint16_t { kPad = 0, kCls, kMask, kTextColumn, kRealColumn, kSpecialTokenCount };
std::span<const std::string_view> special_token_names();

// How two tokens stand to each other; selects the attention bias.
enum Relation : uint8_t {
  kQuestionQuestion = 0,
  kQuestionColumn,       // no link known
  kColumnQuestion,
  kSameColumn,
  kOtherColumn,
  kHeaderEqualQ,         // question word equals header word (question attends column)
  kHeaderEqualC,         // the same, column attends question
  kHeaderStemQ,          // equal after stemming, or one a prefix of the other
  kHeaderStemC,
  kCellFullQ,            // question word inside a run that spells a cell of the column
  kCellFullC,
  kCellPartQ,            // question word occurs in a cell of the column
  kCellPartC,
  kNumberRangeQ,         // question number lies inside the column's range
  kNumberRangeC,
  kCls_,                 // to or from the first token
};

// Bits of a token's features.
enum TokenFeature : uint8_t {
  kIsQuestion = 0, kIsColumnName, kIsColumnToken, kIsNumber, kIsPunctuation,
  kLinkHeaderEqual, kLinkHeaderStem, kLinkCellFull, kLinkCellFullBegin, kLinkCellFullEnd, kLinkCellPart,
  kLinkManyColumns,      // the word's cell links go to two or more columns
  kNumberInSomeRange, kNumberEqualsCell,
  kColumnReal, kColumnText, kColumnCellFull, kColumnCellPart,
  kColumnAllWordsLinked, kColumnSomeWordsLinked, kColumnNumberRange,
  kWordBegin,            // first token of its word
  kCellsUnknown,         // the input was built without cell contents
  kLinkMultiWordHeader,  // part of a run of two or more words that equals words of one header in order
  kColumnOfTwoWords,
  kSentenceFirst,
  kLinkCellRepeated,     // the word's cell stands in several rows: a player of many matches, not the row's own name
  kColumnCellRepeated,
};

// Bits of a candidate condition's features.
enum CandidateFeature : uint8_t {
  kOriginCellFull = 0, kOriginCellPart, kOriginNumber, kOriginSpan, kOnRealColumn,
  kWords1, kWords2, kWords3OrMore,
  kInsideLonger,         // its words are inside a longer full cell match
  kSpanOnOtherColumns,   // the same words match a cell of another column too
  kHeaderLinked,         // some word of the column's name stands in the question
  kInRange, kColumnHasOther,  // another candidate stands on the same column
  kOnlyCandidate, kEqualsHeaderWord, kAfterHeaderWord,
  kCellRepeated,         // the cell stands in several rows, so that a sum or a count over it means something
};

struct CandidateRow {
  uint16_t begin_token = 0;   // first token of the span's first word
  uint16_t end_token = 0;     // first token of its last word
  uint16_t column = 0;        // index into the table's columns
  uint32_t features = 0;
  uint8_t legal_ops = 0;
};

struct DeciderInput {
  std::vector<uint16_t> tokens;        // [t]
  std::vector<uint16_t> positions;     // [t] rotary
  std::vector<uint32_t> features;      // [t] bits of TokenFeature
  std::vector<uint8_t> relations;      // [t, t] Relation of query row to key column
  std::vector<uint16_t> word_token;    // [words] first token of each question word, kNoToken where truncated
  std::vector<uint16_t> column_token;  // [columns]
  std::vector<CandidateRow> candidates;  // same order as the task's candidates; begin_token kNoToken where left out

  size_t length() const { return tokens.size(); }
};

// `use_cells` false hides every link to cell contents (to measure what they are worth).
struct InputOptions {
  bool use_cells = true;
};

DeciderInput build_input(const contract::Table& table, const contract::SqlTask& task, const text::BpeTokenizer& tokenizer,
                         const InputOptions& options = {});

// Rows for candidates appended to the task after build_input (spans that the model proposed).
void append_candidates(const contract::Table& table, const contract::SqlTask& task, size_t first_new, DeciderInput& input);

}  // namespace cadre::model
