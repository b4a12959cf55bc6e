// A statement with parameters by name (":city"), turned into one by number, as SQLite and PostgreSQL both bind them.
//
// A name after a colon is a parameter wherever SQL reads an expression: not in strings, quoted names, comments or dollar quotes, and not after a
// second colon (a PostgreSQL cast). Array slices with names in them (a[1:n]) need a space after the colon. Does not check
// the SQL; the database does. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::agent {

enum class SqlDialect : uint8_t { kSqlite, kPostgres };

struct NumberedSql {
  std::string sql;                 // with ?1, ?2 or $1, $2
  std::vector<std::string> names;  // of parameter 1, 2, ...; each once
};

// Error kInvalid: a quote or comment that does not end, or a number or unnamed parameter beside the named ones.
Result<NumberedSql> number_parameters(std::string_view sql, SqlDialect dialect);

}  // namespace cadre::agent
