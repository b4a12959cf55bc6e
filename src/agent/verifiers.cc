// SPDX-License-Identifier: Apache-2.0
#include "agent/verifiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "agent/answer.h"
#include "contract/answers.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

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

Verdict executes(const QueryResult& result) {
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
  if (!contract::finds_nothing(result)) return passed("non_empty", "");
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

std::vector<Verdict> verify_call(const Table& table, const contract::SqlTask& task, std::string_view sql,
                                 const SqlCall& call) {
  std::vector<Verdict> verdicts;
  const auto parsed = contract::validate_sql(table, task, sql);
  verdicts.push_back(parsed.ok() ? passed("contract", "") : rejected("contract", parsed.error().message));
  if (parsed.ok()) {
    const bool is_faithful = contract::same_call(*parsed, call);
    verdicts.push_back(is_faithful ? passed("faithful", "")
                                   : rejected("faithful", "the SQL text does not say what was decided"));
  }
  const bool is_read_only = is_read_only_select(sql);
  verdicts.push_back(is_read_only ? passed("read_only", "") : rejected("read_only", "not a single SELECT"));
  return verdicts;
}

Verdict verify_learned(const model::Verifier& verifier, const Table& table, const contract::SqlTask& task,
                       const SqlCall& call, double confidence) {
  const model::CallFeatures features = model::CallReader(table, task).read(call);
  const model::Judgement judged = verifier.judge(features, confidence);
  Verdict verdict{"learned", !judged.is_refused && !judged.is_doubted,
                  fmt::format("right with probability {:.2f} by the verifier, {:.2f} with the specialist's {:.2f}",
                              judged.probability, judged.together, confidence),
                  judged.is_refused ? Severity::kReject : Severity::kDoubt, judged.weight};
  if (verdict.passed) return verdict;
  const std::string part = verifier.weakest_part(features);
  if (!part.empty()) verdict.evidence += fmt::format("; most against it: {}", part);
  return verdict;
}

std::vector<Verdict> verify_result(const Table& table, const SqlCall& call, const QueryResult& result) {
  return {executes(result), non_empty(table, call, result)};
}

}  // namespace cadre::agent
