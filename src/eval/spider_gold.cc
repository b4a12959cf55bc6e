// SPDX-License-Identifier: Apache-2.0
#include "eval/spider_gold.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "contract/question_numbers.h"
#include "contract/sql_text.h"
#include "store/sqlite.h"

namespace cadre::eval {
namespace {

using contract::equals_ignoring_case;
using contract::SqlCall;
using contract::SqlToken;
using contract::SqlTokenKind;

bool is_word(const SqlToken& token, std::string_view word) {
  return token.kind == SqlTokenKind::kWord && equals_ignoring_case(token.text, word);
}
bool is_symbol(const SqlToken& token, std::string_view symbol) {
  return token.kind == SqlTokenKind::kSymbol && token.text == symbol;
}
bool is_name(const SqlToken& token) {
  return token.kind == SqlTokenKind::kWord || token.kind == SqlTokenKind::kQuotedName;
}

std::optional<uint32_t> column_of(const contract::TableSchema& schema, std::string_view name) {
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    if (equals_ignoring_case(schema.columns[c].sql_name, name)) return c;
  }
  return std::nullopt;
}

class PlainSelectReader {
 public:
  PlainSelectReader(std::vector<SqlToken> tokens, const contract::TableSchema& schema)
      : tokens_(std::move(tokens)), schema_(schema) {
    while (!tokens_.empty() && is_symbol(tokens_.back(), ";")) tokens_.pop_back();
  }

  std::optional<SqlCall> run() {
    if (!take_word("SELECT") || !take_result() || !take_word("FROM") || !take_table()) return std::nullopt;
    if (at_end()) return call_;
    if (!take_word("WHERE")) return std::nullopt;
    do {
      if (!take_condition()) return std::nullopt;
    } while (take_word("AND"));
    if (!at_end()) return std::nullopt;
    return call_;
  }

 private:
  bool at_end() const { return next_ == tokens_.size(); }
  bool take_word(std::string_view word) {
    if (at_end() || !is_word(tokens_[next_], word)) return false;
    ++next_;
    return true;
  }
  bool take_symbol(std::string_view symbol) {
    if (at_end() || !is_symbol(tokens_[next_], symbol)) return false;
    ++next_;
    return true;
  }

  // name or alias.name
  bool take_column(uint32_t& column) {
    if (at_end() || !is_name(tokens_[next_])) return false;
    if (next_ + 2 < tokens_.size() && is_symbol(tokens_[next_ + 1], ".")) next_ += 2;
    const auto found = column_of(schema_, tokens_[next_++].text);
    column = found.value_or(0);
    return found.has_value();
  }

  bool take_result() {
    const bool is_call = next_ + 1 < tokens_.size() && is_symbol(tokens_[next_ + 1], "(");
    if (!is_call) return take_column(call_.select_column);
    for (int i = 1; i < contract::kAggregateCount; ++i) {
      const auto aggregate = static_cast<contract::Aggregate>(i);
      if (is_word(tokens_[next_], contract::aggregate_name(aggregate))) call_.aggregate = aggregate;
    }
    if (call_.aggregate == contract::Aggregate::kNone) return false;
    next_ += 2;
    const bool is_star = call_.aggregate == contract::Aggregate::kCount && take_symbol("*");
    return (is_star || take_column(call_.select_column)) && take_symbol(")");
  }

  bool take_table() {
    if (at_end() || !equals_ignoring_case(tokens_[next_].text, schema_.sql_name)) return false;
    ++next_;
    if (take_word("AS")) ++next_;
    return next_ <= tokens_.size();
  }

  bool take_condition() {
    contract::Condition condition;
    if (call_.conditions.size() == contract::kParsedConditionsMax || !take_column(condition.column)) return false;
    if (take_symbol(">")) {
      condition.op = contract::CompareOp::kGreater;
    } else if (take_symbol("<")) {
      condition.op = contract::CompareOp::kLess;
    } else if (!take_symbol("=") && !take_symbol("==")) {
      return false;
    }
    const std::string sign = take_symbol("-") ? "-" : "";
    if (at_end() || tokens_[next_].kind == SqlTokenKind::kSymbol || tokens_[next_].kind == SqlTokenKind::kWord)
      return false;
    condition.value = sign + tokens_[next_++].text;
    const bool is_text = schema_.columns[condition.column].type == contract::ColumnType::kText;
    if (is_text && condition.op != contract::CompareOp::kEqual) return false;
    call_.conditions.push_back(std::move(condition));
    return true;
  }

  std::vector<SqlToken> tokens_;
  const contract::TableSchema& schema_;
  size_t next_ = 0;
  SqlCall call_;
};

std::string text_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + '\'';
}

}  // namespace

Result<std::string> database_of(const base::Json& line) {
  std::string name = TRY(base::json_string(line, "db_id"));
  if (name.find_first_of("/\\") != std::string::npos || name.starts_with('.'))
    return Error{ErrorCode::kInvalid, fmt::format("\"db_id\" is no plain name: {}", name)};
  return name;
}

std::optional<std::string> single_table_of(std::string_view sql) {
  const auto tokens = contract::tokenize_sql(sql);
  if (!tokens.ok()) return std::nullopt;
  std::optional<std::string> table;
  for (size_t i = 0; i < tokens->size(); ++i) {
    if (!is_word((*tokens)[i], "FROM") && !is_word((*tokens)[i], "JOIN")) continue;
    if (i + 1 == tokens->size() || !is_name((*tokens)[i + 1])) return std::nullopt;
    const std::string& name = (*tokens)[i + 1].text;
    if (table && !equals_ignoring_case(*table, name)) return std::nullopt;
    if (!table) table = name;
    for (size_t next = i + 2; next < std::min(tokens->size(), i + 5); ++next) {
      if (is_symbol((*tokens)[next], ",")) return std::nullopt;  // FROM a, b and FROM a AS x, b
      if ((*tokens)[next].kind != SqlTokenKind::kWord || is_word((*tokens)[next], "WHERE")) break;
    }
  }
  return table;
}

std::optional<SqlCall> as_call(std::string_view sql, const contract::TableSchema& schema) {
  auto tokens = contract::tokenize_sql(sql);
  if (!tokens.ok()) return std::nullopt;
  return PlainSelectReader(std::move(tokens).value(), schema).run();
}

Result<std::string> with_text_literals(std::string_view sql, const contract::TableSchema& schema) {
  return with_text_literals(sql, [&](std::string_view name) {
    return column_of(schema, name).has_value() || equals_ignoring_case(name, schema.sql_name);
  });
}

Result<std::string> with_text_literals(std::string_view sql,
                                       const std::function<bool(std::string_view name)>& is_name) {
  std::string out;
  const auto tokens = TRY(contract::tokenize_sql(sql));
  for (const SqlToken& token : tokens) {
    const bool is_text = token.kind == SqlTokenKind::kText ||
                         (token.kind == SqlTokenKind::kQuotedName && sql[token.begin] == '"' && !is_name(token.text));
    if (!out.empty()) out += ' ';
    if (is_text) {
      out += text_literal(token.text);
    } else if (token.kind == SqlTokenKind::kQuotedName) {
      out += store::quoted_identifier(token.text);
    } else {
      out += token.text;
    }
  }
  return out;
}

}  // namespace cadre::eval
