// SPDX-License-Identifier: Apache-2.0
#include "train/call_examples.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "contract/answers.h"
#include "train/synthetic_questions.h"
#include "train/unsupported_phrases.h"

namespace cadre::train {

using contract::QueryResult;
using contract::SqlCall;
using contract::Table;

namespace {

// Judges the calls of one question, each only once.
class Judge {
 public:
  Judge(const Table& table, const contract::SqlTask& task, const SqlCall& gold, const QueryResult* gold_result)
      : table_(table), gold_(gold), gold_result_(gold_result), reader_(table, task) {}

  // Nothing: seen before, or it does not execute.
  std::optional<JudgedCall> judge(const SqlCall& call) {
    const auto is_same = [&](const SqlCall& other) { return contract::same_call(other, call); };
    if (std::any_of(seen_.begin(), seen_.end(), is_same)) return std::nullopt;
    seen_.push_back(call);
    const auto result = table_.query(contract::to_sql(table_.schema(), call));
    if (!result.ok()) return std::nullopt;
    JudgedCall judged;
    judged.features = reader_.read(call).grouped();
    judged.is_right = gold_result_ != nullptr && contract::same_answer(*result, *gold_result_);
    judged.is_gold = gold_result_ != nullptr && contract::same_call(call, gold_);
    return judged;
  }

  void forget() { seen_.clear(); }

 private:
  const Table& table_;
  const SqlCall& gold_;
  const QueryResult* gold_result_;
  model::CallReader reader_;
  std::vector<SqlCall> seen_;
};

}  // namespace

Result<JudgedQuestion> judge_question(const Table& table, const std::string& question, const SqlCall& gold,
                                      const QueryResult* gold_result, const ProposeCalls& propose,
                                      base::Random& random) {
  const auto task = TRY(contract::make_sql_task(table, question));
  Judge judge(table, task, gold, gold_result);
  JudgedQuestion out;
  for (const ProposedCall& proposed : TRY(propose(table, task))) {
    auto judged = judge.judge(proposed.call);
    if (!judged) continue;
    judged->probability = proposed.probability;
    out.proposals.push_back(std::move(*judged));
  }
  if (gold_result == nullptr) return out;
  judge.forget();
  const auto reachable = as_candidates(task, gold);
  if (!reachable) return out;
  if (auto judged = judge.judge(*reachable)) out.made.push_back(std::move(*judged));
  for (size_t i = 0; i < kCorruptionCount; ++i) {
    const auto kind = static_cast<Corruption>(i);
    const auto call = corrupt(table, task, *reachable, kind, random);
    auto judged = call ? judge.judge(*call) : std::nullopt;
    if (!judged) continue;
    judged->corruption = kind;
    out.made.push_back(std::move(*judged));
  }
  return out;
}

namespace {

// The questions of one table, natural and made.
class TableJudge {
 public:
  TableJudge(const SqlCorpus& corpus, const ProposeCalls& propose) : corpus_(corpus), propose_(propose) {}

  Result<void> open(uint32_t table) {
    index_ = table;
    table_ = TRY(Table::from_rows(corpus_.table(table).schema(), corpus_.rows(table)));
    return {};
  }

  Result<JudgedQuestion> natural(const SqlQuestion& question, base::Random& random) const {
    return judge(*table_, question.question, question.gold, random);
  }

  // A question made from the table; in four of ten with a column that numbers its rows.
  Result<std::optional<JudgedQuestion>> synthetic(base::Random& random) const {
    if (!random.chance(kNumberedShare)) return synthetic_over(*table_, corpus_.rows(index_), random);
    const auto [schema, rows] = with_id_column(table_->schema(), corpus_.rows(index_), random);
    return synthetic_over(TRY(Table::from_rows(schema, rows)), rows, random);
  }

  // A question that needs another form of SELECT, another table, or a column that is gone.
  Result<JudgedQuestion> unanswerable(const SqlQuestion& question, base::Random& random) const {
    const double draw = random.uniform();
    if (draw < kUnsupportedShare) {
      std::optional<std::string> made;
      if (random.chance(0.6)) made = make_unsupported_synthetic(*table_, corpus_.rows(index_), random);
      const std::string text = made ? *made : make_unsupported_question(table_->schema(), question.question, random);
      return judge_question(*table_, text, {}, nullptr, propose_, random);
    }
    contract::TableSchema schema = table_->schema();
    auto rows = corpus_.rows(index_);
    if (draw < kUnsupportedShare + kGoneShare && schema.columns.size() > 2) {
      const size_t pick = random.below(1 + question.gold.conditions.size());
      const auto gone =
          static_cast<ptrdiff_t>(pick == 0 ? question.gold.select_column : question.gold.conditions[pick - 1].column);
      schema.columns.erase(schema.columns.begin() + gone);
      for (auto& row : rows) row.erase(row.begin() + gone);
    } else {
      const auto other = static_cast<uint32_t>(random.below(corpus_.table_count()));
      schema = corpus_.table(other).schema();
      rows = corpus_.rows(other);
    }
    const Table changed = TRY(Table::from_rows(schema, rows));
    return judge_question(changed, question.question, {}, nullptr, propose_, random);
  }

 private:
  static constexpr double kNumberedShare = 0.4, kUnsupportedShare = 0.5, kGoneShare = 0.3;  // as the specialist's

  Result<JudgedQuestion> judge(const Table& table, const std::string& question, const SqlCall& gold,
                               base::Random& random) const {
    const auto result = TRY(table.query(contract::to_sql(table.schema(), gold)));
    return judge_question(table, question, gold, &result, propose_, random);
  }

  Result<std::optional<JudgedQuestion>> synthetic_over(const Table& table,
                                                       const std::vector<std::vector<std::string>>& rows,
                                                       base::Random& random) const {
    const auto made = make_synthetic_question(table, rows, random);
    if (!made) return std::optional<JudgedQuestion>();
    return std::optional<JudgedQuestion>(TRY(judge(table, made->question, made->gold, random)));
  }

  const SqlCorpus& corpus_;
  const ProposeCalls& propose_;
  uint32_t index_ = 0;
  std::optional<Table> table_;
};

}  // namespace

Result<std::vector<JudgedQuestion>> judge_calls(const SqlCorpus& corpus, const ProposeCalls& propose,
                                                const CallExampleOptions& options) {
  const auto& questions = corpus.questions();
  std::vector<uint32_t> order(questions.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return questions[a].table < questions[b].table; });
  std::vector<JudgedQuestion> judged(questions.size());
  TableJudge judge(corpus, propose);
  for (size_t i = 0; i < order.size(); ++i) {
    const SqlQuestion& question = questions[order[i]];
    if (i == 0 || questions[order[i - 1]].table != question.table) TRY(judge.open(question.table));
    base::Random random = base::Random(options.seed).fork(order[i]);
    judged[order[i]] = TRY(judge.natural(question, random));
    if (random.chance(options.synthetic)) {
      if (auto made = TRY(judge.synthetic(random))) judged.push_back(std::move(*made));
    }
    if (random.chance(options.unanswerable)) judged.push_back(TRY(judge.unanswerable(question, random)));
    if (options.on_progress) options.on_progress(i + 1, order.size());
  }
  return judged;
}

}  // namespace cadre::train
