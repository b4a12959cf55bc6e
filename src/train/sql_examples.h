// Questions over tables with their gold calls, and the training examples made from them.
//
// Reads the WikiSQL layout: SPLIT.jsonl (table_id, question, sql {sel, agg, conds}, cond_cells) and SPLIT.tables.jsonl (id, header,
// types, rows). An example is built when it is needed, so that augmentation may differ each time; the same random generator
// gives the same example. Thread safety: a SqlCorpus is immutable after load; make_example may run on several threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "contract/sql_task.h"
#include "contract/table.h"
#include "text/bpe.h"
#include "train/decider_net.h"

namespace cadre::train {

struct SqlQuestion {
  uint32_t table = 0;
  std::string question;
  contract::SqlCall gold;  // condition values are cells as stored, or numbers; spans unset
};

// One table in 32 of a training split is never trained on: the pack's probabilities are calibrated there. By a hash of the table's
// id, so that the choice does not depend on order.
enum class CorpusPart : uint8_t { kAll, kTraining, kCalibration };

class SqlCorpus {
 public:
  // Error: a missing file or a malformed line (its number is named). At most `questions_max` questions.
  static Result<SqlCorpus> load(const std::string& directory, const std::string& split, CorpusPart part, size_t questions_max);
  const std::vector<SqlQuestion>& questions() const { return questions_; }
  const contract::Table& table(uint32_t index) const { return tables_[index]; }
  const std::vector<std::vector<std::string>>& rows(uint32_t index) const { return rows_[index]; }
  size_t table_count() const { return tables_.size(); }

 private:
  std::vector<SqlQuestion> questions_;
  std::vector<contract::Table> tables_;
  std::vector<std::vector<std::vector<std::string>>> rows_;
};

// Shares of examples that are changed, each a lesson that the plain data does not teach.
struct Augmentation {
  double without_cells = 0;   // no links to cells: values are spans that the token head proposes
  double missing_value = 0;   // one gold cell hidden: the value must still be seen as a value
  double wrong_table = 0;     // another table: not answerable
  double dropped_column = 0;  // a column that the gold call needs is gone: not answerable
  double synthetic = 0;       // a question made from the table by phrases (train/synthetic_questions.h) instead of the natural one
  double unsupported = 0;     // a question that our form of SELECT cannot answer: not answerable
  double extra_span = 0;      // a span that is no value, as a candidate
  double partial_value = 0;   // a gold cell is named by some of its words only
  double other_operator = 0;  // ">=", "<=" or "<>" instead of what the data has
  double masked_word = 0;     // per question token: replaced by [MASK]
};

// Is `candidate` the gold condition `condition`? Text by normal form, numbers by value.
bool is_same_condition(const contract::ConditionCandidate& candidate, const contract::Condition& condition);

struct LabelledTask {
  contract::SqlTask task;
  DeciderExample example;
  bool gold_reachable = false;  // every gold condition is among the candidates
};

// The plain example: for evaluation, and the base of augmentation.
Result<LabelledTask> make_plain_example(const SqlCorpus& corpus, const SqlQuestion& question, const text::BpeTokenizer& tokenizer, bool use_cells);
Result<DeciderExample> make_example(const SqlCorpus& corpus, const SqlQuestion& question, const text::BpeTokenizer& tokenizer,
                                    const Augmentation& augmentation, base::Random& random);

// Words of questions and column names with their counts, for the tokenizer.
std::vector<text::WordCount> count_words(const SqlCorpus& corpus);

}  // namespace cadre::train
