// What the SQL of a Spider question (Yu et al. 2018, arXiv:1809.08887) says, as far as a suite over single tables must
// know.
//
// A small reading of the text, not a parser of SQL: which tables it names, and whether it is one SELECT of the form
// that a SqlCall has (contract/sql_call.h), with names unquoted, aliases, COUNT(*) and texts in double quotes allowed.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "contract/sql_call.h"

namespace cadre::eval {

// The database that a question of the set is about. kInvalid: its name, which becomes part of a path, is no plain one.
Result<std::string> database_of(const base::Json& line);

// The one table that stands behind every FROM and JOIN, however often; nullopt where there are none, several or a
// subquery.
std::optional<std::string> single_table_of(std::string_view sql);

// The call that the text asks for, COUNT(*) as a count of the first column; nullopt where the form of SELECT cannot say
// it.
std::optional<contract::SqlCall> as_call(std::string_view sql, const contract::TableSchema& schema);

// The text as SQLite must read it when "x" is a name and never a text: quoted words that are no column of the table
// become texts. The same for any other set of names.
Result<std::string> with_text_literals(std::string_view sql, const contract::TableSchema& schema);
Result<std::string> with_text_literals(std::string_view sql, const std::function<bool(std::string_view name)>& is_name);

}  // namespace cadre::eval
