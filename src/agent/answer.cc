// SPDX-License-Identifier: Apache-2.0
#include "agent/answer.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <span>
#include <unordered_set>

#include "base/utf8.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using contract::Aggregate;
using contract::CellValue;
using contract::CompareOp;
using contract::Condition;
using contract::QueryResult;
using contract::SqlCall;
using contract::SqlTask;
using contract::TableSchema;
using contract::WordSpan;

// ---- numbers
// -------------------------------------------------------------------------------------------------------------------

// A number in the text of an answer: whole numbers in full, others to ten significant digits, "about" where that drops
// something (the rows keep every digit). The tolerance forgives binary fractions: 0.1 + 0.2 reads 0.3.
std::string readable_number(double value) {
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (value == std::trunc(value) && std::abs(value) < 9007199254740992.0)
    return fmt::format("{}", static_cast<int64_t>(value));
  const std::string shortest = fmt::format("{}", value);
  const std::string rounded = fmt::format("{:.10g}", value);
  if (rounded.size() >= shortest.size()) return shortest;
  const double back = std::strtod(rounded.c_str(), nullptr);
  return std::abs(back - value) <= 1e-12 * std::abs(value) ? rounded : "about " + rounded;
}

// At most kAnswerCellBytesMax bytes, cut between characters.
std::string shortened(std::string_view text) {
  if (text.size() <= kAnswerCellBytesMax) return std::string(text);
  return std::string(base::utf8_prefix(text, kAnswerCellBytesMax)) + "…";
}

std::string answer_value(const CellValue& cell) {
  if (const auto* real = std::get_if<double>(&cell)) return readable_number(*real);
  return shortened(cell_text(cell));
}

bool is_null(const CellValue& cell) {
  return std::holds_alternative<std::monostate>(cell);
}

// ---- text
// ----------------------------------------------------------------------------------------------------------------------

std::string_view aggregate_words(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kNone:
      return "";
    case Aggregate::kMax:
      return "highest";
    case Aggregate::kMin:
      return "lowest";
    case Aggregate::kCount:
      return "count of";
    case Aggregate::kSum:
      return "sum of";
    case Aggregate::kAvg:
      return "average";
  }
  return "";
}

std::string nothing_found(const TableSchema& schema, const SqlCall& call) {
  const std::string conditions = describe_conditions(schema, call);
  return conditions.empty() ? "None: the table has no such row." : fmt::format("None: no row has {}.", conditions);
}

std::string aggregate_text(const TableSchema& schema, const SqlCall& call, const CellValue& value) {
  const std::string conditions = describe_conditions(schema, call);
  return fmt::format("{} ({} {}{}{})", answer_value(value), aggregate_words(call.aggregate),
                     schema.columns[call.select_column].name, conditions.empty() ? "" : " where ", conditions);
}

// The values in order of first appearance. A text that comes again is told once; a number always, since it may be added up.
std::vector<std::string> listed_values(const QueryResult& result) {
  std::vector<std::string> values;
  std::unordered_set<std::string> seen;
  for (const auto& row : result.rows) {
    if (row.empty()) continue;
    std::string value = answer_value(row[0]);
    const bool is_text = std::holds_alternative<std::string>(row[0]);
    if (!is_text || seen.insert(value).second) values.push_back(std::move(value));
  }
  return values;
}

std::string list_text(const QueryResult& result) {
  const std::vector<std::string> values = listed_values(result);
  const size_t shown = std::min(values.size(), kAnswerValuesMax);
  const size_t more = values.size() - shown;
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == shown && more == 0 && !result.truncated;
    if (i > 0) text += is_last ? " and " : ", ";
    text += values[i];
  }
  if (result.truncated) {
    text += fmt::format(" and at least {} more", std::max<size_t>(more, 1));
  } else if (more > 0) {
    text += fmt::format(" and {} more", more);
  }
  if (values.size() < result.rows.size()) {
    text += fmt::format(" ({}{} rows)", result.truncated ? "at least " : "", result.rows.size());
  }
  return text;
}

std::string answer_text(const TableSchema& schema, const SqlCall& call, const QueryResult& result) {
  if (result.rows.empty() || result.rows[0].empty()) return nothing_found(schema, call);
  if (call.aggregate == Aggregate::kNone) return list_text(result);
  const CellValue& value = result.rows[0][0];
  return is_null(value) ? nothing_found(schema, call) : aggregate_text(schema, call, value);
}

// ---- evidence
// ------------------------------------------------------------------------------------------------------------------

Quote quote_of(const SqlTask& task, size_t begin_word, size_t end_word) {
  const uint32_t begin = task.words[begin_word].begin;
  const uint32_t end = task.words[end_word - 1].end;
  return {begin, end, task.question.substr(begin, end - begin)};
}

// The words for which `matches` holds, neighbours joined into one quote.
template <class Matches>
std::vector<Quote> quotes_where(const SqlTask& task, Matches matches) {
  std::vector<Quote> quotes;
  for (size_t i = 0; i < task.words.size(); ++i) {
    if (!matches(task.words[i])) continue;
    size_t end = i + 1;
    while (end < task.words.size() && matches(task.words[end])) ++end;
    quotes.push_back(quote_of(task, i, end));
    i = end - 1;
  }
  return quotes;
}

// Words that say nothing about which column is meant, though headers contain them.
bool is_function_word(std::string_view norm) {
  static const std::unordered_set<std::string_view> kWords = {
      "a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "s", "the", "to", "was", "with"};
  return kWords.contains(norm);
}

std::vector<Quote> header_quotes(const SqlTask& task, const std::string& header) {
  std::unordered_set<std::string> stems;
  for (const text::Word& word : text::split_words(header)) {
    if (!word.norm.empty() && !is_function_word(word.norm)) stems.insert(text::stem(word.norm));
  }
  return quotes_where(
      task, [&](const text::Word& word) { return !word.norm.empty() && stems.contains(text::stem(word.norm)); });
}

// Words that commonly ask for an aggregate; they only explain, they decide nothing.
std::span<const std::string_view> aggregate_cues(Aggregate aggregate) {
  static constexpr std::array<std::string_view, 13> kMax = {"max",      "maximum", "most",    "highest", "largest",
                                                            "greatest", "biggest", "longest", "latest",  "oldest",
                                                            "tallest",  "top",     "best"};
  static constexpr std::array<std::string_view, 12> kMin = {"min",      "minimum",  "least",    "lowest",
                                                            "smallest", "fewest",   "shortest", "earliest",
                                                            "youngest", "lightest", "bottom",   "worst"};
  static constexpr std::array<std::string_view, 5> kCount = {"how", "many", "number", "count", "total"};
  static constexpr std::array<std::string_view, 5> kSum = {"sum", "total", "combined", "altogether", "overall"};
  static constexpr std::array<std::string_view, 3> kAvg = {"average", "mean", "avg"};
  switch (aggregate) {
    case Aggregate::kNone:
      return {};
    case Aggregate::kMax:
      return kMax;
    case Aggregate::kMin:
      return kMin;
    case Aggregate::kCount:
      return kCount;
    case Aggregate::kSum:
      return kSum;
    case Aggregate::kAvg:
      return kAvg;
  }
  return {};
}

Evidence aggregate_evidence(const TableSchema& schema, const SqlTask& task, const SqlCall& call) {
  const auto cues = aggregate_cues(call.aggregate);
  Evidence evidence{.role = EvidenceRole::kAggregate, .column = schema.columns[call.select_column].name};
  evidence.op = contract::aggregate_name(call.aggregate);
  evidence.words = quotes_where(task, [&](const text::Word& word) {
    for (std::string_view cue : cues) {
      if (word.norm == cue) return true;
    }
    return false;
  });
  return evidence;
}

Evidence condition_evidence(const TableSchema& schema, const SqlTask& task, const Condition& condition) {
  const std::string& header = schema.columns[condition.column].name;
  Evidence evidence{
      .role = EvidenceRole::kCondition, .column = header, .value = condition.value, .origin = condition.origin};
  evidence.op = contract::compare_op_name(condition.op);
  const WordSpan span = condition.span;
  if (span.begin < span.end && span.end <= task.words.size())
    evidence.words.push_back(quote_of(task, span.begin, span.end));
  for (Quote& quote : header_quotes(task, header)) {
    const bool is_new =
        evidence.words.empty() || quote.end <= evidence.words[0].begin || quote.begin >= evidence.words[0].end;
    if (is_new) evidence.words.push_back(std::move(quote));
  }
  return evidence;
}

}  // namespace

std::string cell_text(const CellValue& cell) {
  if (is_null(cell)) return "(empty)";
  if (const auto* integer = std::get_if<int64_t>(&cell)) return fmt::format("{}", *integer);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  return std::get<std::string>(cell);
}

std::string_view origin_name(contract::ValueOrigin origin) {
  switch (origin) {
    case contract::ValueOrigin::kCell:
      return "cell";
    case contract::ValueOrigin::kNumber:
      return "number";
    case contract::ValueOrigin::kSpan:
      return "words";
  }
  return "";
}

const char* call_origin_name(CallOrigin origin) {
  switch (origin) {
    case CallOrigin::kCopy:
      return "copy";
    case CallOrigin::kNormal:
      return "normal";
    case CallOrigin::kList:
      return "list";
    case CallOrigin::kKnown:
      return "known";
    case CallOrigin::kEnum:
      return "enum";
  }
  return "";
}

std::string_view role_name(EvidenceRole role) {
  switch (role) {
    case EvidenceRole::kSelect:
      return "select";
    case EvidenceRole::kAggregate:
      return "aggregate";
    case EvidenceRole::kCondition:
      return "condition";
    case EvidenceRole::kValue:
      return "value";
    case EvidenceRole::kName:
      return "name";
  }
  return "";
}

std::string describe_conditions(const TableSchema& schema, const SqlCall& call) {
  std::string text;
  for (const Condition& condition : call.conditions) {
    if (!text.empty()) text += " and ";
    const contract::Column& column = schema.columns[condition.column];
    const char* quote = column.type == contract::ColumnType::kText ? "\"" : "";
    text += fmt::format("{} {} {}{}{}", column.name, contract::compare_op_name(condition.op), quote,
                        shortened(condition.value), quote);
  }
  return text;
}

Answer compose_answer(const TableSchema& schema, const SqlTask& task, const SqlCall& call, const QueryResult& result) {
  Answer answer{.text = answer_text(schema, call, result)};
  const std::string& header = schema.columns[call.select_column].name;
  answer.evidence.push_back({.role = EvidenceRole::kSelect, .words = header_quotes(task, header), .column = header});
  if (call.aggregate != Aggregate::kNone) answer.evidence.push_back(aggregate_evidence(schema, task, call));
  for (const Condition& condition : call.conditions)
    answer.evidence.push_back(condition_evidence(schema, task, condition));
  return answer;
}

}  // namespace cadre::agent
