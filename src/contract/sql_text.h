// Reading SQL text: its tokens, and the one form of SELECT that a contract allows.
//
//   SELECT name | AGGREGATE(operand) FROM name [WHERE operand op literal {AND operand op literal}]
//   operand = name | CAST(NULLIF(name, '') AS NUMERIC)
//
// Names are quoted with "", literals are 'text' or numbers, op is one of = > <. Everything else is refused with the
// byte where it stands. Knows nothing of tables: names and literals come back as they are written. The input is
// untrusted; at most kSqlSizeBytesMax of it are read. Thread safety: pure functions. Idea: SQLite's tokenizer rules,
// https://www.sqlite.org/lang_expr.html (literal values) and lang_keywords.html.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/sql_call.h"

namespace cadre::contract {

inline constexpr size_t kSqlSizeBytesMax = size_t{1} << 20;
inline constexpr size_t kParsedConditionsMax = 64;

enum class SqlTokenKind : uint8_t {
  kWord,        // SELECT, count, an unquoted name
  kQuotedName,  // "..." (also `...` and [...])
  kText,        // '...'
  kNumber,      // 12, 1.5, .5, 2e10; without sign
  kSymbol,      // one of ( ) , * . ; - + / % = == <> != < <= > >=
};

struct SqlToken {
  SqlTokenKind kind = SqlTokenKind::kSymbol;
  std::string text;  // without quotes, doubled quotes undone
  size_t begin = 0;  // byte where it stands
};

Result<std::vector<SqlToken>> tokenize_sql(std::string_view sql);

struct ParsedOperand {
  std::string column;
  bool is_cast = false;
};

struct ParsedCondition {
  ParsedOperand operand;
  CompareOp op = CompareOp::kEqual;
  bool is_number = false;
  std::string value;  // of a number: its digits, with a sign
};

struct ParsedSelect {
  std::string table;
  ParsedOperand operand;
  Aggregate aggregate = Aggregate::kNone;
  std::vector<ParsedCondition> conditions;
};

Result<ParsedSelect> parse_select(std::string_view sql);

// ASCII only, as in SQL.
bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace cadre::contract
