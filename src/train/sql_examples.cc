// SPDX-License-Identifier: Apache-2.0
#include "train/sql_examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/json.h"
#include "base/json_lines.h"
#include "base/sha256.h"
#include "contract/answers.h"
#include "train/operator_phrases.h"
#include "train/synthetic_questions.h"
#include "train/unsupported_phrases.h"

namespace cadre::train {

using base::Json;
using contract::ColumnType;
using contract::Condition;
using contract::ConditionCandidate;
using contract::SqlCall;
using contract::ValueOrigin;

namespace {

constexpr size_t kExtraSpanWordsMax = 4;
constexpr int8_t kUsedEqual = 1 + static_cast<int8_t>(contract::CompareOp::kEqual);
constexpr int8_t kUsedNotEqual = 1 + static_cast<int8_t>(contract::CompareOp::kNotEqual);

std::string cell_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
  if (value.is_number()) return fmt::format("{}", value.get<double>());
  return {};
}

Result<std::vector<std::string>> string_list(const Json& object, const char* key) {
  std::vector<std::string> out;
  for (const auto& item : *TRY(base::json_array(object, key))) out.push_back(cell_text(item));
  return out;
}

struct LoadedTable {
  std::string id;
  contract::TableSchema schema;
  std::vector<std::vector<std::string>> rows;
};

Result<LoadedTable> read_table(const Json& json) {
  LoadedTable table;
  table.id = TRY(base::json_string(json, "id"));
  table.schema.sql_name = "table_" + table.id;
  std::replace(table.schema.sql_name.begin(), table.schema.sql_name.end(), '-', '_');
  const auto header = TRY(string_list(json, "header"));
  const auto types = TRY(string_list(json, "types"));
  if (types.size() != header.size())
    return Error{ErrorCode::kInvalid, fmt::format("table {}: {} headers but {} types", table.id, header.size(), types.size())};
  for (size_t c = 0; c < header.size(); ++c)
    table.schema.columns.push_back({header[c], fmt::format("col{}", c), types[c] == "real" ? ColumnType::kReal : ColumnType::kText});
  for (const auto& row : *TRY(base::json_array(json, "rows"))) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(cell_text(cell));
    cells.resize(header.size());
    table.rows.push_back(std::move(cells));
  }
  return table;
}

Result<SqlQuestion> read_question(const Json& json, const std::unordered_map<std::string, uint32_t>& tables,
                                  const std::vector<contract::Table>& opened) {
  SqlQuestion question;
  const auto id = TRY(base::json_string(json, "table_id"));
  const auto it = tables.find(id);
  if (it == tables.end()) return Error{ErrorCode::kInvalid, fmt::format("table \"{}\" is not in the tables file", id)};
  question.table = it->second;
  question.question = TRY(base::json_string(json, "question"));
  const Json& sql = *TRY(base::json_object(json, "sql"));
  const int64_t columns = static_cast<int64_t>(opened[it->second].schema().columns.size());
  const int64_t select = TRY(base::json_int(sql, "sel")), aggregate = TRY(base::json_int(sql, "agg"));
  if (select < 0 || select >= columns || aggregate < 0 || aggregate >= contract::kAggregateCount)
    return Error{ErrorCode::kInvalid, "\"sel\" or \"agg\" is out of range"};
  question.gold.select_column = static_cast<uint32_t>(select);
  question.gold.aggregate = static_cast<contract::Aggregate>(aggregate);
  const Json& conditions = *TRY(base::json_array(sql, "conds"));
  const Json& cells = *TRY(base::json_array(json, "cond_cells"));
  if (conditions.size() != cells.size()) return Error{ErrorCode::kInvalid, "\"conds\" and \"cond_cells\" differ in length"};
  for (size_t i = 0; i < conditions.size(); ++i) {
    const Json& item = conditions[i];
    if (!item.is_array() || item.size() != 3 || !item[0].is_number_integer() || !item[1].is_number_integer())
      return Error{ErrorCode::kInvalid, "a condition is not [column, operator, value]"};
    const int64_t column = item[0].get<int64_t>(), op = item[1].get<int64_t>();
    if (column < 0 || column >= columns || op < 0 || op >= contract::kWikiSqlOpCount)
      return Error{ErrorCode::kInvalid, "a condition's column or operator is out of range"};
    Condition condition;
    condition.column = static_cast<uint32_t>(column);
    condition.op = static_cast<contract::CompareOp>(op);
    condition.value = cell_text(cells[i]);
    question.gold.conditions.push_back(condition);
  }
  return question;
}

bool is_calibration_table(const std::string& id) { return base::sha256(id)[0] % 32 == 0; }

// Labels candidates against the gold conditions. Returns whether every gold condition has one; `spans` gets their spans.
bool label_candidates(const contract::SqlTask& task, const SqlCall& gold, std::vector<int8_t>& labels,
                      std::vector<contract::WordSpan>& spans) {
  labels.assign(task.candidates.size(), 0);
  bool all = true;
  for (const Condition& condition : gold.conditions) {
    bool found = false;
    for (size_t i = 0; i < task.candidates.size(); ++i) {
      if (!is_same_condition(task.candidates[i], condition)) continue;
      if (found) {
        labels[i] = -1;  // the same value mentioned twice: either mention is right
        continue;
      }
      labels[i] = static_cast<int8_t>(1 + static_cast<int>(condition.op));
      spans.push_back(task.candidates[i].span);
      found = true;
    }
    all &= found;
  }
  return all;
}

void label_example(const contract::Table& table, const SqlCall& gold, const std::vector<contract::WordSpan>& spans, bool spans_known, DeciderExample& example) {
  auto& labels = example.labels;
  labels.select_column = static_cast<int>(gold.select_column);
  labels.aggregate = static_cast<int>(gold.aggregate);
  labels.legal_aggregates = contract::legal_aggregates(table.schema().columns[gold.select_column].type);
  labels.count = static_cast<int>(gold.conditions.size());
  labels.answerable = 1;
  labels.spans_known = spans_known;
  for (const auto& span : spans) {
    const auto& words = example.input.word_token;
    if (span.end == 0 || span.end > words.size() || words[span.end - 1] == model::kNoToken) continue;
    labels.spans.emplace_back(words[span.begin], words[span.end - 1]);
  }
}

}  // namespace

bool is_same_condition(const ConditionCandidate& candidate, const Condition& condition) {
  if (candidate.column != condition.column || !(candidate.legal_ops >> static_cast<int>(condition.op) & 1)) return false;
  return contract::same_value(candidate.value, condition.value);
}

Result<SqlCorpus> SqlCorpus::load(const std::string& directory, const std::string& split, CorpusPart part, size_t questions_max) {
  SqlCorpus corpus;
  std::unordered_map<std::string, uint32_t> ids;
  std::unordered_set<std::string> left_out;
  TRY(base::for_each_json_line(directory + "/" + split + ".tables.jsonl", [&](const Json& json) -> Result<bool> {
    auto table = TRY(read_table(json));
    if (part != CorpusPart::kAll && is_calibration_table(table.id) != (part == CorpusPart::kCalibration)) {
      left_out.insert(table.id);
      return true;
    }
    ids[table.id] = static_cast<uint32_t>(corpus.tables_.size());
    corpus.tables_.push_back(TRY(contract::Table::from_rows(table.schema, table.rows)));
    corpus.rows_.push_back(std::move(table.rows));
    return true;
  }));
  TRY(base::for_each_json_line(directory + "/" + split + ".jsonl", [&](const Json& json) -> Result<bool> {
    if (left_out.contains(json.value("table_id", std::string()))) return true;
    corpus.questions_.push_back(TRY(read_question(json, ids, corpus.tables_)));
    return corpus.questions_.size() < questions_max;
  }));
  if (corpus.questions_.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}/{}.jsonl holds no question", directory, split)};
  return corpus;
}

Result<LabelledTask> make_plain_example(const SqlCorpus& corpus, const SqlQuestion& question, const text::BpeTokenizer& tokenizer,
                                        bool use_cells) {
  const auto& table = corpus.table(question.table);
  LabelledTask out;
  out.task = TRY(contract::make_sql_task(table, question.question));
  std::vector<contract::WordSpan> spans;
  out.gold_reachable = label_candidates(out.task, question.gold, out.example.labels.candidates, spans);
  out.example.input = model::build_input(table, out.task, tokenizer, {.use_cells = use_cells});
  label_example(table, question.gold, spans, out.gold_reachable, out.example);
  return out;
}

namespace {

// One augmented example under construction.
class Augmenter {
 public:
  Augmenter(const SqlCorpus& corpus, const SqlQuestion& question, const text::BpeTokenizer& tokenizer, const Augmentation& augmentation,
            base::Random& random)
      : corpus_(corpus), question_(question), tokenizer_(tokenizer), augmentation_(augmentation), random_(random) {}

  Result<DeciderExample> make() {
    if (random_.chance(augmentation_.synthetic)) {
      TRY(number_rows());
      if (auto made = own_table_ ? std::nullopt : make_synthetic_question(table(), rows(), random_)) {
        question_.question = std::move(made->question);
        question_.gold = std::move(made->gold);
        needs_cells_ = made->needs_cells;
      }
    }
    if (random_.chance(augmentation_.partial_value) && !needs_cells_) TRY(shorten_value());
    if (random_.chance(augmentation_.other_operator)) TRY(change_operator());
    double draw = random_.uniform();
    const auto falls = [&draw](double share) { return (draw -= share) < 0; };
    Result<DeciderExample> example = falls(augmentation_.wrong_table)      ? unanswerable(wrong_table())
                                     : falls(augmentation_.dropped_column) ? unanswerable(without_needed_column())
                                     : falls(augmentation_.unsupported)    ? unsupported()
                                     : falls(augmentation_.without_cells) && !needs_cells_ ? without_cells()
                                                                           : with_cells(falls(augmentation_.missing_value) && !needs_cells_);
    if (example.ok()) mask_words(example->input);
    return example;
  }

 private:
  const contract::Table& table() const { return own_table_ ? *own_table_ : corpus_.table(question_.table); }
  const std::vector<std::vector<std::string>>& rows() const { return own_table_ ? own_rows_ : corpus_.rows(question_.table); }

  // In four of ten synthetic examples the table gets an id column; the natural question no longer fits it.
  Result<void> number_rows() {
    if (!random_.chance(0.4)) return {};
    auto [schema, rows] = with_id_column(table().schema(), corpus_.rows(question_.table), random_);
    auto numbered = TRY(contract::Table::from_rows(schema, rows));
    auto made = make_synthetic_question(numbered, rows, random_);
    if (!made) return {};
    own_rows_ = std::move(rows);
    own_table_ = std::move(numbered);
    question_.question = std::move(made->question);
    question_.gold = std::move(made->gold);
    needs_cells_ = made->needs_cells;
    return {};
  }

  Result<contract::Table> wrong_table() {
    const auto other = static_cast<uint32_t>(random_.below(corpus_.table_count()));
    return contract::Table::from_rows(corpus_.table(other).schema(), corpus_.rows(other));
  }

  Result<contract::Table> without_needed_column() {
    const auto& gold = question_.gold;
    const size_t pick = random_.below(1 + gold.conditions.size());
    const uint32_t gone = pick == 0 ? gold.select_column : gold.conditions[pick - 1].column;
    contract::TableSchema schema = table().schema();
    if (schema.columns.size() < 3) return wrong_table();
    schema.columns.erase(schema.columns.begin() + gone);
    auto rows = this->rows();
    for (auto& row : rows) row.erase(row.begin() + gone);
    return contract::Table::from_rows(std::move(schema), rows);
  }

  Result<DeciderExample> unanswerable(Result<contract::Table> other) {
    const contract::Table changed = TRY(std::move(other));
    auto task = TRY(contract::make_sql_task(changed, question_.question));
    DeciderExample example;
    example.input = model::build_input(changed, task, tokenizer_);
    example.labels.candidates.assign(task.candidates.size(), -1);
    example.labels.answerable = 0;
    return example;
  }

  Result<DeciderExample> unsupported() {
    std::optional<std::string> made;
    if (random_.chance(0.6)) made = make_unsupported_synthetic(table(), rows(), random_);
    question_.question = made ? *made : make_unsupported_question(table().schema(), question_.question, random_);
    return unanswerable(contract::Table::from_rows(table().schema(), rows()));
  }

  contract::WordSpan random_span(size_t words) {
    const auto length = static_cast<uint32_t>(1 + random_.below(std::min(words, kExtraSpanWordsMax)));
    const auto begin = static_cast<uint32_t>(random_.below(words - length + 1));
    return {begin, begin + length};
  }

  // Gold conditions on text columns whose value stands in a cell: label and span come from the full match.
  void add_gold_spans(contract::SqlTask& task, const std::vector<contract::WordSpan>& spans) {
    for (const auto& span : spans) contract::add_span(table(), task, span);
  }

  // After spans were added: a span candidate is gold if its column and span are those of a gold condition.
  void label_spans(const contract::SqlTask& task, const std::vector<contract::WordSpan>& gold_spans, const std::vector<uint32_t>& gold_columns,
                   const std::vector<int8_t>& used, size_t first, std::vector<int8_t>& labels) {
    labels.resize(task.candidates.size(), 0);
    for (size_t i = first; i < task.candidates.size(); ++i)
      for (size_t g = 0; g < gold_spans.size(); ++g)
        if (task.candidates[i].column == gold_columns[g] && task.candidates[i].span == gold_spans[g]) labels[i] = used[g];
  }

  // The spans of gold '=' conditions on text columns.
  void text_gold(const contract::SqlTask& task, const std::vector<int8_t>& labels, std::vector<contract::WordSpan>& spans,
                 std::vector<uint32_t>& columns, std::vector<int8_t>& used) const {
    for (size_t i = 0; i < labels.size(); ++i) {
      if ((labels[i] != kUsedEqual && labels[i] != kUsedNotEqual) || table().schema().columns[task.candidates[i].column].type != ColumnType::kText) continue;
      spans.push_back(task.candidates[i].span);
      columns.push_back(task.candidates[i].column);
      used.push_back(labels[i]);
    }
  }

  Result<DeciderExample> without_cells() {
    auto task = TRY(contract::make_sql_task(table(), question_.question));
    std::vector<int8_t> labels;
    std::vector<contract::WordSpan> all_spans, spans;
    std::vector<uint32_t> columns;
    std::vector<int8_t> used;
    const bool reachable = label_candidates(task, question_.gold, labels, all_spans);
    text_gold(task, labels, spans, columns, used);
    // Cells on text columns disappear with their labels; numbers stay.
    contract::SqlTask blind = task;
    blind.candidates.clear();
    std::vector<int8_t> blind_labels;
    for (size_t i = 0; i < task.candidates.size(); ++i) {
      if (table().schema().columns[task.candidates[i].column].type == ColumnType::kText) continue;
      blind.candidates.push_back(task.candidates[i]);
      blind_labels.push_back(labels[i]);
    }
    const size_t first = blind.candidates.size();
    add_gold_spans(blind, spans);
    const size_t extras = random_.below(4);
    for (size_t i = 0; i < extras; ++i) contract::add_span(table(), blind, random_span(blind.words.size()));
    label_spans(blind, spans, columns, used, first, blind_labels);
    DeciderExample example;
    example.input = model::build_input(table(), blind, tokenizer_, {.use_cells = false});
    example.labels.candidates = std::move(blind_labels);
    label_example(table(), question_.gold, all_spans, reachable, example);
    return example;
  }

  Result<DeciderExample> with_cells(bool hide_one) {
    auto task = TRY(contract::make_sql_task(table(), question_.question));
    std::vector<int8_t> labels;
    std::vector<contract::WordSpan> all_spans, spans;
    std::vector<uint32_t> columns;
    std::vector<int8_t> used;
    const bool reachable = label_candidates(task, question_.gold, labels, all_spans);
    text_gold(task, labels, spans, columns, used);
    if (hide_one && !spans.empty()) {
      const size_t pick = random_.below(spans.size());
      const auto hidden = spans[pick];
      size_t kept = 0;
      for (size_t i = 0; i < task.candidates.size(); ++i) {
        const auto& c = task.candidates[i];
        const bool overlaps = c.span.begin < hidden.end && hidden.begin < c.span.end;
        const bool other_gold = labels[i] > 0 && c.span != hidden;
        if (c.origin == ValueOrigin::kCell && overlaps && !other_gold) continue;
        labels[kept] = labels[i];
        task.candidates[kept++] = task.candidates[i];
      }
      task.candidates.resize(kept);
      labels.resize(kept);
      const size_t first = kept;
      contract::add_span(table(), task, hidden);
      label_spans(task, {hidden}, {columns[pick]}, {used[pick]}, first, labels);
    }
    if (random_.chance(augmentation_.extra_span)) {
      contract::add_span(table(), task, random_span(task.words.size()));
      labels.resize(task.candidates.size(), 0);
    }
    DeciderExample example;
    example.input = model::build_input(table(), task, tokenizer_);
    example.labels.candidates = std::move(labels);
    label_example(table(), question_.gold, all_spans, reachable, example);
    return example;
  }

  // "points for derek fisher" -> "points for fisher": the cell is meant by a part of its text. Kept only if the words left
  // mean one cell of the column.
  Result<void> shorten_value() {
    auto task = TRY(contract::make_sql_task(table(), question_.question));
    std::vector<int8_t> labels;
    std::vector<contract::WordSpan> all_spans, spans;
    std::vector<uint32_t> columns;
    std::vector<int8_t> used;
    label_candidates(task, question_.gold, labels, all_spans);
    text_gold(task, labels, spans, columns, used);
    if (spans.empty()) return {};
    const size_t pick = random_.below(spans.size());
    contract::WordSpan kept = spans[pick];
    const uint32_t words = kept.end - kept.begin;
    if (words < 2) return {};
    const auto length = static_cast<uint32_t>(1 + random_.below(words - 1));
    const bool from_front = random_.chance(0.4);  // a family name stands last
    const contract::WordSpan rest = from_front ? contract::WordSpan{kept.begin, kept.begin + length} : contract::WordSpan{kept.end - length, kept.end};
    const uint32_t begin = task.words[kept.begin].begin, end = task.words[kept.end - 1].end;
    const uint32_t rest_begin = task.words[rest.begin].begin, rest_end = task.words[rest.end - 1].end;
    SqlQuestion changed = question_;
    changed.question = question_.question.substr(0, begin) + question_.question.substr(rest_begin, rest_end - rest_begin) + question_.question.substr(end);
    const auto changed_task = TRY(contract::make_sql_task(table(), changed.question));
    size_t meant = 0, others = 0;
    for (const auto& candidate : changed_task.candidates) {
      if (candidate.column != columns[pick] || candidate.span.begin < kept.begin || candidate.span.end > kept.begin + length) continue;
      const bool is_gold = std::any_of(question_.gold.conditions.begin(), question_.gold.conditions.end(), [&](const Condition& condition) {
        return is_same_condition(candidate, condition);
      });
      ++(is_gold ? meant : others);
    }
    if (meant > 0 && others == 0) question_ = std::move(changed);
    return {};
  }

  // "more than 5" -> "at least 5", "player derek fisher" -> "player other than derek fisher": operators that the data lacks.
  Result<void> change_operator() {
    const auto task = TRY(contract::make_sql_task(table(), question_.question));
    std::vector<int8_t> labels;
    std::vector<contract::WordSpan> spans;
    label_candidates(task, question_.gold, labels, spans);
    std::vector<size_t> used;
    for (size_t i = 0; i < labels.size(); ++i)
      if (labels[i] > 0) used.push_back(i);
    if (used.empty()) return {};
    const auto& candidate = task.candidates[used[random_.below(used.size())]];
    const auto gold = std::find_if(question_.gold.conditions.begin(), question_.gold.conditions.end(), [&](const Condition& condition) {
      return is_same_condition(candidate, condition);
    });
    const uint32_t begin = task.words[candidate.span.begin].begin, end = task.words[candidate.span.end - 1].end;
    const auto rewritten = rewrite_operator(question_.question, begin, end, gold->op, random_);
    if (!rewritten) return {};
    question_.question = rewritten->question;
    gold->op = rewritten->op;
    return {};
  }

  void mask_words(model::DeciderInput& input) {
    if (augmentation_.masked_word <= 0) return;
    for (size_t t = 1; t < input.length(); ++t)
      if ((input.features[t] >> model::kIsQuestion & 1) && random_.chance(augmentation_.masked_word)) input.tokens[t] = model::kMask;
  }

  const SqlCorpus& corpus_;
  std::optional<contract::Table> own_table_;  // a changed table, with its rows
  std::vector<std::vector<std::string>> own_rows_;
  bool needs_cells_ = false;  // of the made question
  SqlQuestion question_;  // a copy: rewriting changes words and gold together
  const text::BpeTokenizer& tokenizer_;
  const Augmentation& augmentation_;
  base::Random& random_;
};

}  // namespace

Result<DeciderExample> make_example(const SqlCorpus& corpus, const SqlQuestion& question, const text::BpeTokenizer& tokenizer,
                                    const Augmentation& augmentation, base::Random& random) {
  return Augmenter(corpus, question, tokenizer, augmentation, random).make();
}

std::vector<text::WordCount> count_words(const SqlCorpus& corpus) {
  std::map<std::string, uint64_t> counts;
  const auto count = [&counts](const std::string& text) {
    for (const auto& word : text::split_words(text)) ++counts[text::lower(std::string_view(text).substr(word.begin, word.end - word.begin))];
  };
  for (const auto& question : corpus.questions()) count(question.question);
  for (uint32_t t = 0; t < corpus.table_count(); ++t)
    for (const auto& column : corpus.table(t).schema().columns) count(column.name);
  std::vector<text::WordCount> out;
  for (const auto& [word, times] : counts) out.push_back({word, times});
  return out;
}

}  // namespace cadre::train
