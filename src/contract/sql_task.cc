// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {

constexpr uint8_t kEqualityOps =
    1u << static_cast<unsigned>(CompareOp::kEqual) | 1u << static_cast<unsigned>(CompareOp::kNotEqual);
constexpr uint8_t kAllOps = (1u << kCompareOpCount) - 1;

Result<void> check_bytes(std::string_view question) {
  if (question.size() > kQuestionSizeBytesMax) {
    return Error{ErrorCode::kLimit, fmt::format("the question has {} bytes; at most {} are read: shorten it",
                                                question.size(), kQuestionSizeBytesMax)};
  }
  if (!text::is_valid_utf8(question) || question.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::kInvalid, "the question is not UTF-8 text"};
  }
  return {};
}

// The numbers of a real column order it, so they may be compared; a text ("n / a") in it is equal or not.
uint8_t legal_ops(ColumnType type, std::string_view value) {
  return type == ColumnType::kReal && cell_number(value) ? kAllOps : kEqualityOps;
}

bool span_less(const ConditionCandidate& a, const ConditionCandidate& b) {
  const auto key = [](const ConditionCandidate& c) {
    return std::tuple(c.span.begin, ~c.span.end, c.column, std::string_view(c.value), c.origin);
  };
  return key(a) < key(b);
}

// What must stay when there are too many: full matches before numbers before partial matches, longer before shorter.
bool is_stronger(const ConditionCandidate& a, const ConditionCandidate& b) {
  const auto key = [](const ConditionCandidate& c) {
    const int rank = c.origin == ValueOrigin::kNumber ? 1 : c.full_match ? 0 : 2;
    return std::pair(rank, -static_cast<int64_t>(c.span.end - c.span.begin));
  };
  return key(a) < key(b);
}

bool contains(const std::vector<ConditionCandidate>& candidates, uint32_t column, WordSpan span) {
  return std::any_of(candidates.begin(), candidates.end(),
                     [&](const ConditionCandidate& c) { return c.column == column && c.span == span; });
}

// Every number with every real column where no cell is that number. Numbers come in order and rank equal, so those past
// the limit on candidates would be dropped anyway.
void add_numbers(const TableSchema& schema, SqlTask& task) {
  const size_t cell_count = task.candidates.size();
  const auto is_cell = [&](uint32_t column, WordSpan span) {
    const auto cells_end = task.candidates.begin() + static_cast<ptrdiff_t>(cell_count);
    return std::any_of(task.candidates.begin(), cells_end, [&](const ConditionCandidate& candidate) {
      return candidate.column == column && candidate.span == span && candidate.full_match;
    });
  };
  for (const QuestionNumber& number : question_numbers(task.question, task.words)) {
    for (uint32_t c = 0; c < schema.columns.size(); ++c) {
      if (task.candidates.size() - cell_count >= kCandidatesMax) return;
      if (schema.columns[c].type != ColumnType::kReal || is_cell(c, number.span)) continue;
      task.candidates.push_back({c, number.span, number.text, ValueOrigin::kNumber, true, false, kAllOps});
    }
  }
}

void limit_and_order(std::vector<ConditionCandidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), span_less);
  const auto is_same = [](const ConditionCandidate& a, const ConditionCandidate& b) {
    return a.span == b.span && a.column == b.column && a.value == b.value && a.origin == b.origin;
  };
  candidates.erase(std::unique(candidates.begin(), candidates.end(), is_same), candidates.end());
  if (candidates.size() <= kCandidatesMax) return;
  std::stable_sort(candidates.begin(), candidates.end(), is_stronger);
  candidates.resize(kCandidatesMax);
  std::sort(candidates.begin(), candidates.end(), span_less);
}

}  // namespace

Result<std::vector<text::Word>> question_words(std::string_view question) {
  TRY(check_bytes(question));
  std::vector<text::Word> words = text::split_words(question);
  const bool says_something =
      std::any_of(words.begin(), words.end(), [](const text::Word& word) { return !word.norm.empty(); });
  if (!says_something) return Error{ErrorCode::kInvalid, "the question is empty: ask for something in words"};
  if (words.size() > kQuestionWordsMax) {
    return Error{ErrorCode::kLimit, fmt::format("the question has {} words; at most {} are read: shorten it",
                                                words.size(), kQuestionWordsMax)};
  }
  return words;
}

Result<SqlTask> make_sql_task(const Table& table, std::string_view question) {
  SqlTask task;
  task.question = std::string(question);
  task.words = TRY(question_words(task.question));
  const TableSchema& schema = table.schema();
  for (CellMatch& match : TRY(table.match_cells(task.question, task.words))) {
    const uint8_t ops = legal_ops(schema.columns[match.column].type, match.cell);
    task.candidates.push_back({match.column, match.span, std::move(match.cell), ValueOrigin::kCell, match.full_match,
                               match.is_repeated, ops});
  }
  add_numbers(schema, task);
  limit_and_order(task.candidates);
  return task;
}

size_t add_span(const Table& table, SqlTask& task, WordSpan span) {
  CADRE_CHECK(span.begin < span.end && span.end <= task.words.size(), "a proposed span lies in the question");
  const uint32_t begin = task.words[span.begin].begin;
  const std::string value = task.question.substr(begin, task.words[span.end - 1].end - begin);
  size_t added = 0;
  const TableSchema& schema = table.schema();
  for (uint32_t c = 0; c < schema.columns.size() && task.candidates.size() < kCandidatesMax; ++c) {
    if (schema.columns[c].type != ColumnType::kText || contains(task.candidates, c, span)) continue;
    task.candidates.push_back({c, span, value, ValueOrigin::kSpan, true, false, kEqualityOps});
    ++added;
  }
  std::sort(task.candidates.begin(), task.candidates.end(), span_less);
  return added;
}

uint8_t legal_aggregates(ColumnType type) {
  constexpr uint8_t kOnText =
      1u << static_cast<unsigned>(Aggregate::kNone) | 1u << static_cast<unsigned>(Aggregate::kCount);
  constexpr uint8_t kOnReal = (1u << kAggregateCount) - 1;
  return type == ColumnType::kReal ? kOnReal : kOnText;
}

}  // namespace cadre::contract
