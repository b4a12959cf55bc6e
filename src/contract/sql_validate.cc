// validate_sql: the check that does not trust what assembled the SQL. It shares no code with to_sql or make_sql_task,
// only the readings of words and numbers.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "contract/question_numbers.h"
#include "contract/sql_task.h"
#include "contract/sql_text.h"

namespace cadre::contract {
namespace {

Error refused(std::string what) {
  return Error{ErrorCode::kInvalid, std::move(what)};
}

Result<uint32_t> resolve_column(const TableSchema& schema, const std::string& name) {
  const auto found =
      std::find_if(schema.columns.begin(), schema.columns.end(), [&](const Column& c) { return c.sql_name == name; });
  if (found == schema.columns.end()) {
    return refused(fmt::format("table \"{}\" has no column \"{}\"", schema.sql_name, name));
  }
  return static_cast<uint32_t>(found - schema.columns.begin());
}

// The first run of question words that reads as `value`.
std::optional<WordSpan> find_words(const SqlTask& task, std::string_view value) {
  const std::string norm = text::normalize(value);
  for (uint32_t begin = 0; begin < task.words.size(); ++begin) {
    std::string run;
    for (uint32_t end = begin; end < task.words.size() && run.size() <= norm.size(); ++end) {
      run += task.words[end].norm;
      const uint32_t first_byte = task.words[begin].begin;
      const std::string_view as_written =
          std::string_view(task.question).substr(first_byte, task.words[end].end - first_byte);
      if ((!norm.empty() && run == norm && !task.words[begin].norm.empty()) || as_written == value) {
        return WordSpan{begin, end + 1};
      }
    }
  }
  return std::nullopt;
}

std::optional<WordSpan> find_number(const SqlTask& task, double value) {
  for (const QuestionNumber& number : question_numbers(task.question, task.words)) {
    if (number.value == value) return number.span;
  }
  return std::nullopt;
}

Result<void> check_types(const Column& column, const ParsedCondition& parsed) {
  const bool is_text = column.type == ColumnType::kText;
  if (is_text && parsed.is_number) {
    return refused(fmt::format("text column \"{}\" is compared with a number", column.sql_name));
  }
  if (!parsed.is_number && parsed.op != CompareOp::kEqual && parsed.op != CompareOp::kNotEqual) {
    return refused(fmt::format("column \"{}\" is ordered by a text", column.sql_name));
  }
  return {};
}

// An operand names a column and reads it as what it is.
Result<uint32_t> resolve_operand(const TableSchema& schema, const ParsedOperand& operand) {
  const uint32_t column = TRY(resolve_column(schema, operand.column));
  if (schema.columns[column].is_stored_as_text != operand.is_cast) {
    return refused(
        fmt::format("column \"{}\" is {} cast to a number", operand.column, operand.is_cast ? "wrongly" : "not"));
  }
  return column;
}

Result<Condition> check_condition(const Table& table, const SqlTask& task, const ParsedCondition& parsed) {
  const uint32_t column = TRY(resolve_operand(table.schema(), parsed.operand));
  TRY(check_types(table.schema().columns[column], parsed));
  std::optional<WordSpan> span;
  if (parsed.is_number) {
    const std::optional<double> number = cell_number(parsed.value);
    if (!number) return refused(fmt::format("{} is not a number that a column can hold", parsed.value));
    span = find_number(task, *number);
  } else {
    span = find_words(task, parsed.value);
  }
  const bool is_cell = TRY(table.has_cell(column, parsed.value));
  if (!is_cell && !span) {
    return refused(
        fmt::format("{} stands neither in the question nor in column \"{}\"", parsed.value, parsed.operand.column));
  }
  const ValueOrigin origin = is_cell            ? ValueOrigin::kCell
                             : parsed.is_number ? ValueOrigin::kNumber
                                                : ValueOrigin::kSpan;
  return Condition{column, parsed.op, parsed.value, span.value_or(WordSpan{}), origin};
}

}  // namespace

Result<SqlCall> validate_sql(const Table& table, const SqlTask& task, std::string_view sql) {
  const ParsedSelect parsed = TRY(parse_select(sql));
  const TableSchema& schema = table.schema();
  if (parsed.table != schema.sql_name) {
    return refused(fmt::format("table \"{}\" is asked, not \"{}\"", parsed.table, schema.sql_name));
  }
  SqlCall call{.aggregate = parsed.aggregate};
  call.select_column = TRY(call.aggregate == Aggregate::kNone ? resolve_column(schema, parsed.operand.column)
                                                              : resolve_operand(schema, parsed.operand));
  const uint8_t aggregates = legal_aggregates(schema.columns[call.select_column].type);
  if ((aggregates >> static_cast<unsigned>(call.aggregate) & 1) == 0) {
    return refused(fmt::format("{} of text column \"{}\"", aggregate_name(call.aggregate), parsed.operand.column));
  }
  if (parsed.conditions.size() > kConditionsMax) {
    return refused(fmt::format("{} conditions; at most {} are allowed", parsed.conditions.size(), kConditionsMax));
  }
  for (const ParsedCondition& condition : parsed.conditions) {
    call.conditions.push_back(TRY(check_condition(table, task, condition)));
  }
  return call;
}

}  // namespace cadre::contract
