// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_parameters.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace cadre::agent {

using base::is_digit;
namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_char(char c) {
  return is_name_start(c) || is_digit(c);
}

class Numberer {
 public:
  Numberer(std::string_view sql, SqlDialect dialect) : sql_(sql), dialect_(dialect) {}

  Result<NumberedSql> run() {
    while (at_ < sql_.size()) TRY(take());
    return std::move(result_);
  }

 private:
  char peek(size_t ahead = 0) const { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

  Result<void> take() {
    const char c = peek();
    if (c == '\'') return take_quoted('\'', is_escape_string());
    if (c == '"') return take_quoted('"', false);
    if (dialect_ == SqlDialect::kSqlite && c == '`') return take_quoted('`', false);
    if (dialect_ == SqlDialect::kSqlite && c == '[') return take_until("]", "[");
    if (c == '-' && peek(1) == '-') return take_line_comment();
    if (c == '/' && peek(1) == '*') return take_block_comment();
    if (dialect_ == SqlDialect::kPostgres && c == '$') return take_dollar();
    if (dialect_ == SqlDialect::kSqlite && (c == '?' || c == '@' || c == '$')) return unnamed();
    if (c == ':' && peek(1) == ':') return copy(2);
    if (c == ':' && is_name_start(peek(1))) return take_parameter();
    if (is_name_start(c)) {
      size_t size = 1;
      while (is_name_char(peek(size)) || peek(size) == '$') ++size;
      return copy(size);
    }
    return copy(1);
  }

  Result<void> copy(size_t size) {
    result_.sql.append(sql_.substr(at_, size));
    at_ += size;
    return {};
  }

  Error open_error(std::string_view what) const {
    return Error{ErrorCode::kInvalid,
                 fmt::format("the SQL statement has a {} that does not end, opened at byte {}", what, at_)};
  }

  Result<void> unnamed() const {
    return Error{
        ErrorCode::kInvalid,
        fmt::format("the SQL statement has \"{}\" at byte {}; write parameters by name, like :city", peek(), at_)};
  }

  // E'...' of PostgreSQL, where a backslash escapes.
  bool is_escape_string() const {
    if (dialect_ != SqlDialect::kPostgres || at_ == 0) return false;
    return (sql_[at_ - 1] == 'e' || sql_[at_ - 1] == 'E') && (at_ == 1 || !is_name_char(sql_[at_ - 2]));
  }

  // A doubled quote closes and opens again: the same for our purpose.
  Result<void> take_quoted(char quote, bool has_backslash) {
    size_t end = at_ + 1;
    while (end < sql_.size() && sql_[end] != quote) end += has_backslash && sql_[end] == '\\' ? 2 : 1;
    if (end >= sql_.size()) return open_error("quote");
    return copy(end + 1 - at_);
  }

  Result<void> take_until(std::string_view closing, std::string_view opening) {
    const size_t end = sql_.find(closing, at_ + opening.size());
    if (end == std::string_view::npos) return open_error("quote");
    return copy(end + closing.size() - at_);
  }

  Result<void> take_line_comment() {
    const size_t end = sql_.find('\n', at_);
    return copy(end == std::string_view::npos ? sql_.size() - at_ : end - at_);
  }

  Result<void> take_block_comment() {
    const bool nests = dialect_ == SqlDialect::kPostgres;
    size_t depth = 1, end = at_ + 2;
    for (; end < sql_.size() && depth > 0; ++end) {
      const std::string_view two = sql_.substr(end, 2);
      if (two == "*/" || (nests && two == "/*")) {
        depth += two == "*/" ? -1 : 1;
        ++end;
      }
    }
    if (depth > 0) return open_error("comment");
    return copy(end - at_);
  }

  Result<void> take_dollar() {
    if (is_digit(peek(1))) return unnamed();
    size_t size = 1;
    while (is_name_char(peek(size))) ++size;
    if (peek(size) != '$') return copy(1);
    const std::string_view tag = sql_.substr(at_, size + 1);
    return take_until(tag, tag);
  }

  Result<void> take_parameter() {
    size_t size = 1;
    while (is_name_char(peek(size))) ++size;
    const std::string name(sql_.substr(at_ + 1, size - 1));
    auto it = std::find(result_.names.begin(), result_.names.end(), name);
    if (it == result_.names.end()) it = result_.names.insert(it, name);
    result_.sql += fmt::format("{}{}", dialect_ == SqlDialect::kSqlite ? '?' : '$', it - result_.names.begin() + 1);
    at_ += size;
    return {};
  }

  std::string_view sql_;
  SqlDialect dialect_;
  size_t at_ = 0;
  NumberedSql result_;
};

}  // namespace

Result<NumberedSql> number_parameters(std::string_view sql, SqlDialect dialect) {
  return Numberer(sql, dialect).run();
}

}  // namespace cadre::agent
