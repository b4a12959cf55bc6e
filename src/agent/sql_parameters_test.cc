// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_parameters.h"

#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

std::string numbered(std::string_view sql, SqlDialect dialect) {
  const auto result = number_parameters(sql, dialect);
  if (!result.ok()) return "refused";
  std::string text = result->sql + " |";
  for (const std::string& name : result->names) text += " " + name;
  return text;
}

TEST(SqlParameters, NamesBecomeNumbersWhereSqlReadsThem) {
  const struct {
    const char *sql, *sqlite, *postgres;
  } cases[] = {
      {"SELECT :a, :b, :a", "SELECT ?1, ?2, ?1 | a b", "SELECT $1, $2, $1 | a b"},
      {"SELECT ':a' || ':b''s' || \":c\"", "SELECT ':a' || ':b''s' || \":c\" |", "SELECT ':a' || ':b''s' || \":c\" |"},
      {"SELECT 1 -- :a\n, :b", "SELECT 1 -- :a\n, ?1 | b", "SELECT 1 -- :a\n, $1 | b"},
      {"SELECT /* :a */ :b", "SELECT /* :a */ ?1 | b", "SELECT /* :a */ $1 | b"},
      {"/* /* :a */ :b */ :c", "/* /* :a */ ?1 */ ?2 | b c", "/* /* :a */ :b */ $1 | c"},
      {"SELECT :a::int", "SELECT ?1::int | a", "SELECT $1::int | a"},
      {"a = :a_1 AND b=:B", "a = ?1 AND b=?2 | a_1 B", "a = $1 AND b=$2 | a_1 B"},
      {"SELECT [:a], `:b`", "SELECT [:a], `:b` |", "SELECT [$1], `$2` | a b"},
      {"SELECT $t$ :a $t$, $$:b$$, :c", "refused", "SELECT $t$ :a $t$, $$:b$$, $1 | c"},
      {"SELECT E'\\':a', :b", "refused", "SELECT E'\\':a', $1 | b"},
      {"SELECT '12:30', 5 : 3", "SELECT '12:30', 5 : 3 |", "SELECT '12:30', 5 : 3 |"},
      {"SELECT ?1, :a", "refused", "SELECT ?1, $1 | a"},
      {"SELECT @a", "refused", "SELECT @a |"},
      {"SELECT $1", "refused", "refused"},
      {"SELECT 'open", "refused", "refused"},
      {"SELECT \"open", "refused", "refused"},
      {"SELECT /* open", "refused", "refused"},
      {"SELECT $t$ open $$", "refused", "refused"},
      {"", " |", " |"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(numbered(c.sql, SqlDialect::kSqlite), c.sqlite) << c.sql;
    EXPECT_EQ(numbered(c.sql, SqlDialect::kPostgres), c.postgres) << c.sql;
  }
}

}  // namespace
}  // namespace cadre::agent
