// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ascii.h"

namespace cadre::contract {

using base::is_digit;
namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Error error_at(size_t byte, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("SQL, byte {}: {}", byte, what)};
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view sql) : sql_(sql) {}

  Result<std::vector<SqlToken>> run() {
    std::vector<SqlToken> tokens;
    while (true) {
      while (position_ < sql_.size() && is_space(sql_[position_])) ++position_;
      if (position_ == sql_.size()) return tokens;
      tokens.push_back(TRY(next()));
    }
  }

 private:
  char peek(size_t ahead = 0) const { return position_ + ahead < sql_.size() ? sql_[position_ + ahead] : '\0'; }

  Result<SqlToken> next() {
    const char c = peek();
    switch (c) {
      case '\'':
        return quoted('\'', SqlTokenKind::kText);
      case '"':
      case '`':
        return quoted(c, SqlTokenKind::kQuotedName);
      case '[':
        return bracketed();
      default:
        break;
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
    if (is_word_start(c)) return word();
    return symbol();
  }

  Result<SqlToken> quoted(char quote, SqlTokenKind kind) {
    SqlToken token{kind, "", position_++};
    while (position_ < sql_.size()) {
      const char c = sql_[position_++];
      if (c == '\0') return error_at(position_ - 1, "NUL byte");
      if (c == quote && peek() != quote) return token;
      if (c == quote) ++position_;
      token.text += c;
    }
    return error_at(token.begin, "the quote is not closed");
  }

  Result<SqlToken> bracketed() {
    const size_t end = sql_.find(']', position_);
    if (end == std::string_view::npos) return error_at(position_, "the bracket is not closed");
    SqlToken token{SqlTokenKind::kQuotedName, std::string(sql_.substr(position_ + 1, end - position_ - 1)), position_};
    position_ = end + 1;
    return token;
  }

  void skip_digits() {
    while (is_digit(peek())) ++position_;
  }

  Result<SqlToken> number() {
    const size_t begin = position_;
    skip_digits();
    if (peek() == '.') {
      ++position_;
      skip_digits();
    }
    if (to_lower(peek()) == 'e') {
      const size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (!is_digit(peek(1 + sign))) return error_at(position_, "an exponent without digits");
      position_ += 1 + sign;
      skip_digits();
    }
    if (is_word_start(peek())) return error_at(position_, "a letter glued to a number");
    return SqlToken{SqlTokenKind::kNumber, std::string(sql_.substr(begin, position_ - begin)), begin};
  }

  Result<SqlToken> word() {
    const size_t begin = position_;
    while (is_word_start(peek()) || is_digit(peek()) || peek() == '$') ++position_;
    return SqlToken{SqlTokenKind::kWord, std::string(sql_.substr(begin, position_ - begin)), begin};
  }

  Result<SqlToken> symbol() {
    constexpr std::array<std::string_view, 5> kPairs = {"==", "<>", "!=", "<=", ">="};
    const size_t begin = position_;
    const std::string_view pair = sql_.substr(begin, 2);
    const bool is_pair = std::find(kPairs.begin(), kPairs.end(), pair) != kPairs.end();
    if (pair == "--" || pair == "/*") return error_at(begin, "a comment");
    if (!is_pair && std::string_view("(),*.;-+/%=<>").find(sql_[begin]) == std::string_view::npos) {
      return error_at(begin, "a character that SQL of this kind does not have");
    }
    position_ += is_pair ? 2 : 1;
    return SqlToken{SqlTokenKind::kSymbol, std::string(sql_.substr(begin, position_ - begin)), begin};
  }

  std::string_view sql_;
  size_t position_ = 0;
};

class Parser {
 public:
  Parser(std::vector<SqlToken> tokens, size_t end) : tokens_(std::move(tokens)), end_(end) {}

  Result<ParsedSelect> run() {
    ParsedSelect select;
    TRY(expect_word("SELECT"));
    TRY(parse_column(select));
    TRY(expect_word("FROM"));
    select.table = TRY(take_name());
    if (!at_end()) {
      TRY(expect_word("WHERE"));
      select.conditions.push_back(TRY(parse_condition()));
    }
    while (!at_end()) {
      TRY(expect_word("AND"));
      if (select.conditions.size() == kParsedConditionsMax) return error_at(where(), "too many conditions");
      select.conditions.push_back(TRY(parse_condition()));
    }
    return select;
  }

 private:
  bool at_end() const { return next_ == tokens_.size(); }
  size_t where() const { return at_end() ? end_ : tokens_[next_].begin; }
  bool is_symbol(std::string_view symbol) const {
    return !at_end() && tokens_[next_].kind == SqlTokenKind::kSymbol && tokens_[next_].text == symbol;
  }

  Result<void> expect_word(std::string_view word) {
    if (at_end() || tokens_[next_].kind != SqlTokenKind::kWord || !equals_ignoring_case(tokens_[next_].text, word)) {
      return error_at(where(), fmt::format("{} is expected here", word));
    }
    ++next_;
    return {};
  }

  Result<void> expect_symbol(std::string_view symbol) {
    if (!is_symbol(symbol)) return error_at(where(), fmt::format("\"{}\" is expected here", symbol));
    ++next_;
    return {};
  }

  Result<std::string> take_name() {
    if (at_end() || tokens_[next_].kind != SqlTokenKind::kQuotedName)
      return error_at(where(), "a quoted name is expected here");
    return std::move(tokens_[next_++].text);
  }

  Result<void> parse_column(ParsedSelect& select) {
    if (!at_end() && tokens_[next_].kind == SqlTokenKind::kWord) {
      select.aggregate = TRY(take_aggregate());
      TRY(expect_symbol("("));
      select.operand = TRY(take_operand());
      return expect_symbol(")");
    }
    select.operand.column = TRY(take_name());
    return {};
  }

  Result<ParsedOperand> take_operand() {
    ParsedOperand operand;
    operand.is_cast = !at_end() && tokens_[next_].kind == SqlTokenKind::kWord;
    if (operand.is_cast) TRY(expect_all({"CAST", "(", "NULLIF", "("}));
    operand.column = TRY(take_name());
    if (!operand.is_cast) return operand;
    TRY(expect_symbol(","));
    if (at_end() || tokens_[next_].kind != SqlTokenKind::kText || !tokens_[next_].text.empty()) {
      return error_at(where(), "'' is expected here");
    }
    ++next_;
    TRY(expect_all({")", "AS", "NUMERIC", ")"}));
    return operand;
  }

  Result<void> expect_all(std::initializer_list<std::string_view> expected) {
    for (const std::string_view one : expected) {
      TRY(is_word_start(one.front()) ? expect_word(one) : expect_symbol(one));
    }
    return {};
  }

  Result<Aggregate> take_aggregate() {
    for (int i = 1; i < kAggregateCount; ++i) {
      const auto aggregate = static_cast<Aggregate>(i);
      if (!equals_ignoring_case(tokens_[next_].text, aggregate_name(aggregate))) continue;
      ++next_;
      return aggregate;
    }
    return error_at(where(), "a column or one of MAX, MIN, COUNT, SUM, AVG is expected here");
  }

  Result<ParsedCondition> parse_condition() {
    ParsedCondition condition;
    condition.operand = TRY(take_operand());
    condition.op = TRY(take_op());
    const bool is_negative = is_symbol("-");
    if (is_negative) ++next_;
    if (at_end()) return error_at(where(), "a value is expected here");
    const SqlToken& token = tokens_[next_++];
    condition.is_number = token.kind == SqlTokenKind::kNumber;
    if (!condition.is_number && (is_negative || token.kind != SqlTokenKind::kText)) {
      return error_at(token.begin, "a number or a quoted text is expected here");
    }
    condition.value = (is_negative ? "-" : "") + token.text;
    return condition;
  }

  Result<CompareOp> take_op() {
    for (int i = 0; i < kCompareOpCount; ++i) {
      const auto op = static_cast<CompareOp>(i);
      if (!is_symbol(compare_op_name(op))) continue;
      ++next_;
      return op;
    }
    return error_at(where(), "one of = > < >= <= <> is expected here");
  }

  std::vector<SqlToken> tokens_;
  size_t next_ = 0;
  size_t end_;
};

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

Result<std::vector<SqlToken>> tokenize_sql(std::string_view sql) {
  if (sql.size() > kSqlSizeBytesMax) {
    return Error{ErrorCode::kLimit, fmt::format("SQL of {} bytes; at most {} are read", sql.size(), kSqlSizeBytesMax)};
  }
  return Tokenizer(sql).run();
}

Result<ParsedSelect> parse_select(std::string_view sql) {
  return Parser(TRY(tokenize_sql(sql)), sql.size()).run();
}

}  // namespace cadre::contract
