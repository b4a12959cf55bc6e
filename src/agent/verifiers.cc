// SPDX-License-Identifier: Apache-2.0
#include "agent/verifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "agent/answer.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using contract::CellValue;
using contract::CompareOp;
using contract::Condition;
using contract::QueryResult;
using contract::SqlCall;
using contract::Table;

Verdict passed(const char* rule, std::string evidence) {
  return {rule, true, std::move(evidence), Severity::kReject};
}
Verdict rejected(const char* rule, std::string evidence) {
  return {rule, false, std::move(evidence), Severity::kReject};
}

// ---- before the call
// -------------------------------------------------------------------------------------------------------------

bool is_same_value(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto number_a = text::parse_number(a);
  const auto number_b = text::parse_number(b);
  return number_a && number_b && *number_a == *number_b;
}

bool is_same_condition(const Condition& a, const Condition& b) {
  return a.column == b.column && a.op == b.op && is_same_value(a.value, b.value);
}

// The same decisions; where in the question they stand is not in the text and not compared.
bool is_same_call(const SqlCall& a, const SqlCall& b) {
  return a.select_column == b.select_column && a.aggregate == b.aggregate &&
         std::equal(a.conditions.begin(), a.conditions.end(), b.conditions.begin(), b.conditions.end(),
                    is_same_condition);
}

// Everything outside quotes, in capitals, with one blank for each quoted part. Empty if a quote is not closed.
std::string outside_quotes(std::string_view sql) {
  std::string outside;
  char quote = 0;
  for (const char c : sql) {
    if (quote != 0) {
      if (c == quote) quote = 0;  // a doubled quote closes and opens again: still inside for our purpose
    } else if (c == '\'' || c == '"') {
      quote = c;
      outside += ' ';
    } else {
      outside += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return quote == 0 ? outside : std::string();
}

bool has_word(std::string_view text, std::string_view word) {
  const auto is_letter = [&](size_t i) {
    return i < text.size() && (std::isalnum(static_cast<unsigned char>(text[i])) || text[i] == '_');
  };
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if ((at == 0 || !is_letter(at - 1)) && !is_letter(at + word.size())) return true;
  }
  return false;
}

// ---- after the call
// --------------------------------------------------------------------------------------------------------------

bool is_blank(const CellValue& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  const auto* text = std::get_if<std::string>(&cell);
  return text != nullptr && text->empty();
}

bool is_zero(const CellValue& cell) {
  const auto* integer = std::get_if<int64_t>(&cell);
  return integer != nullptr && *integer == 0;
}

Verdict executes(const std::optional<Error>& error, const QueryResult& result) {
  if (error) return rejected("executes", error->message);
  return passed("executes", fmt::format("{}{} rows in {} VM steps", result.truncated ? "at least " : "",
                                        result.rows.size(), result.vm_steps));
}

// Why no row can meet a comparison with a bound, if so: then an empty result is the true answer and no sign of a wrong
// call.
std::string out_of_range(const Table& table, const Condition& condition) {
  const auto bound = text::parse_number(condition.value);
  if (!bound) return "";
  const Table::Range range = table.range(condition.column);
  if (range.empty) return "";
  const std::string& header = table.schema().columns[condition.column].name;
  const bool is_above = (condition.op == CompareOp::kGreater && range.high <= *bound) ||
                        (condition.op == CompareOp::kGreaterEqual && range.high < *bound);
  const bool is_below = (condition.op == CompareOp::kLess && range.low >= *bound) ||
                        (condition.op == CompareOp::kLessEqual && range.low > *bound);
  if (is_above) return fmt::format("the largest {} is {}", header, range.high);
  if (is_below) return fmt::format("the smallest {} is {}", header, range.low);
  return "";
}

Verdict non_empty(const Table& table, const SqlCall& call, const QueryResult& result) {
  if (!is_empty_result(call.aggregate, result)) return passed("non_empty", "");
  if (table.row_count() == 0) return passed("non_empty", "the table has no rows");
  for (const Condition& condition : call.conditions) {
    const std::string why = out_of_range(table, condition);
    if (!why.empty()) return passed("non_empty", why);
  }
  const std::string conditions = describe_conditions(table.schema(), call);
  return {"non_empty", false, conditions.empty() ? "nothing found" : fmt::format("no row has {}", conditions),
          Severity::kDoubt};
}

}  // namespace

bool is_read_only_select(std::string_view sql) {
  static constexpr std::array<std::string_view, 17> kRefused = {
      "INSERT", "UPDATE", "DELETE",  "REPLACE", "DROP",   "CREATE",   "ALTER", "ATTACH", "DETACH",
      "PRAGMA", "VACUUM", "REINDEX", "BEGIN",   "COMMIT", "ROLLBACK", "WITH",  "INTO"};
  const std::string outside = outside_quotes(sql);
  if (!outside.starts_with("SELECT ")) return false;
  if (outside.find(';') != std::string::npos || outside.find("--") != std::string::npos ||
      outside.find("/*") != std::string::npos)
    return false;
  return std::none_of(kRefused.begin(), kRefused.end(), [&](std::string_view word) { return has_word(outside, word); });
}

bool is_empty_result(contract::Aggregate aggregate, const QueryResult& result) {
  for (const auto& row : result.rows) {
    for (const CellValue& cell : row) {
      if (!is_blank(cell) && !(aggregate == contract::Aggregate::kCount && is_zero(cell))) return false;
    }
  }
  return true;
}

std::vector<Verdict> verify_call(const Table& table, const contract::SqlTask& task, const Candidate& candidate) {
  std::vector<Verdict> verdicts;
  const auto parsed = contract::validate_sql(table, task, candidate.sql);
  verdicts.push_back(parsed.ok() ? passed("contract", "") : rejected("contract", parsed.error().message));
  if (parsed.ok()) {
    const bool is_faithful = is_same_call(*parsed, candidate.call);
    verdicts.push_back(is_faithful ? passed("faithful", "")
                                   : rejected("faithful", "the SQL text does not say what was decided"));
  }
  const bool is_read_only = is_read_only_select(candidate.sql);
  verdicts.push_back(is_read_only ? passed("read_only", "") : rejected("read_only", "not a single SELECT"));
  return verdicts;
}

std::vector<Verdict> verify_result(const Table& table, const Candidate& candidate,
                                   const std::optional<Error>& call_error, const QueryResult& result) {
  std::vector<Verdict> verdicts = {executes(call_error, result)};
  if (!call_error) verdicts.push_back(non_empty(table, candidate.call, result));
  return verdicts;
}

}  // namespace cadre::agent
