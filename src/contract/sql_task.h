// The decision points of one question over one table: what the specialist may choose from, enumerated before any model
// runs.
//
// Decisions: one select column (pointer over columns), one aggregate legal for its type (choice), and for every
// candidate condition whether it is used and with which operator (choice), at most kConditionsMax of them, no two with
// overlapping words. Candidate conditions are
//   * (column, cell): a cell of the column whose normalised text equals the normalised text of a run of question words
//   (kCell, full),
//     or that shares a rare word with the question (kCell, partial);
//   * (real column, number): every number in the question with every real column (kNumber);
//   * (text column, words): spans that a model proposed through add_span (kSpan); for values that stand in no cell.
// Nothing else can be expressed, so an invented column or value is unreachable (DESIGN P2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "contract/sql_call.h"
#include "contract/table.h"
#include "text/words.h"

namespace cadre::contract {

inline constexpr size_t kQuestionSizeBytesMax = 8192;  // a longer question is refused with an Error
inline constexpr size_t kQuestionWordsMax = 256;
inline constexpr size_t kCandidatesMax = 256;  // per task; the surplus is dropped, longest and fullest matches kept
inline constexpr size_t kConditionsMax = 4;

struct ConditionCandidate {
  uint32_t column = 0;
  WordSpan span;
  std::string value;
  ValueOrigin origin = ValueOrigin::kCell;
  bool full_match = true;    // kCell: the words spell the whole cell; false: a part of it
  bool is_repeated = false;  // kCell: several rows say it
  uint8_t legal_ops = 0;     // bit (1 << CompareOp); text columns allow kEqual and kNotEqual
};

struct SqlTask {
  std::vector<text::Word> words;  // of the question
  std::string question;
  std::vector<ConditionCandidate> candidates;
};

// The words of a question. Error: empty, not UTF-8, too long (says the limit).
Result<std::vector<text::Word>> question_words(std::string_view question);

// The words and candidate conditions of a question. Deterministic: same question and table, same order (by span begin,
// longer span first, column, value). Errors as question_words().
Result<SqlTask> make_sql_task(const Table& table, std::string_view question);

// Adds candidates for a span the model proposed: for text columns kSpan candidates; returns how many were added.
size_t add_span(const Table& table, SqlTask& task, WordSpan span);

// Which aggregates are legal on a column: all on reals; none and COUNT on text. Bit (1 << Aggregate).
uint8_t legal_aggregates(ColumnType type);

// The independent check of an output, its own code path over the SQL *text*: tokenises the SQL, parses it against the
// small grammar above, resolves names in `schema`, and checks that every literal stands in the question or in a cell of
// its column. Returns the parsed call. Never trusts the SqlCall it came from.
Result<SqlCall> validate_sql(const Table& table, const SqlTask& task, std::string_view sql);

}  // namespace cadre::contract
