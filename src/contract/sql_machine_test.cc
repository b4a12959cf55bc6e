// SPDX-License-Identifier: Apache-2.0
#include "contract/sql_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "contract/test_sql_schemas.h"
#include "contract/test_vocabularies.h"

namespace cadre::contract {
namespace {

using ::testing::HasSubstr;

SqlMachine machine_for(SqlMode mode, bool any_text = true, std::vector<std::string> spans = {}) {
  SqlSchema schema = college_schema();
  schema.tables[0].columns[1].values = {"Physics", "Law's"};  // department.name
  SqlGrammarOptions options;
  options.mode = mode;
  options.any_text = any_text;
  options.spans = std::move(spans);
  return SqlMachine::create(schema, options).value();
}

SqlMachine::State after(SqlMachine& machine, std::string_view text) {
  SqlMachine::State state = machine.start();
  for (const char byte : text) state = machine.next(state, static_cast<uint8_t>(byte));
  return state;
}

bool accepts(SqlMachine& machine, std::string_view sql) {
  return machine.complete(after(machine, sql));
}

bool viable(SqlMachine& machine, std::string_view sql) {
  return !machine.dead(after(machine, sql));
}

TEST(SqlSchema, ReadsTablesTypesAndKeysFromADatabase) {
  const SqlSchema schema = college_schema();
  ASSERT_EQ(schema.tables.size(), 5U);
  EXPECT_EQ(schema.tables[1].columns[1].type, SqlType::kText);
  EXPECT_EQ(schema.tables[1].columns[2].type, SqlType::kNumber);
  EXPECT_TRUE(schema.tables[0].columns[0].primary_key);
  EXPECT_EQ(schema.joins.size(), 5U);
  EXPECT_NE(std::find(schema.joins.begin(), schema.joins.end(), SqlJoin{2, 2, 0, 0}), schema.joins.end());
}

TEST(SqlSchema, RefusesWhatCannotBeSpokenOf) {
  SqlSchema schema = college_schema();
  schema.tables[1].columns[1].name = "ID";
  EXPECT_THAT(check_sql_schema(schema).error().message, HasSubstr("'ID' is empty or stands twice"));
  EXPECT_FALSE(check_sql_schema({}).ok());
  schema = college_schema();
  schema.joins.push_back({0, 9, 1, 0});
  EXPECT_THAT(check_sql_schema(schema).error().message, HasSubstr("does not exist"));
}

TEST(SqlAccept, ReadsStatementsAsPeopleWriteThem) {
  SqlMachine machine = machine_for(SqlMode::kAccept);
  for (const char* sql : {
           "select NAME from Student where AGE>20;",
           "SELECT count(*) ,  T1.name FROM student AS T1 JOIN department AS T2 ON T1.dept  =  T2.id GROUP BY T2.id "
           "HAVING count(*) >= 2 ORDER BY count(*) DESC LIMIT 1",
           "SELECT \"home town\", `order`, [order] FROM student, course",
           "SELECT name FROM student WHERE name LIKE \"%a%\" AND NOT (age BETWEEN 1 AND 2 + 3 OR age IS NOT NULL)",
           "SELECT name FROM student WHERE id NOT IN (SELECT student FROM takes WHERE grade < (SELECT avg(grade) FROM "
           "takes))",
           "SELECT s.name n FROM student s WHERE EXISTS (SELECT * FROM takes t WHERE t.student = s.id) ORDER BY n",
           "SELECT avg(age) FROM (SELECT age, name FROM student) WHERE age > 3",
           "SELECT d.c FROM (SELECT count(*) AS c FROM takes GROUP BY student) AS d WHERE d.c IN (1, 2)",
           "SELECT name FROM student UNION SELECT title FROM course EXCEPT SELECT 'x'",
           "SELECT T1.name FROM student AS T1 JOIN course AS T3 ON T3.dept = T2.id JOIN department AS T2 ON T1.dept = "
           "T2.id",
           "SELECT max(age) - min(age), -1.5e3 * 2, 'it''s' || upper(name) FROM student",
           "SELECT CASE WHEN age > 3 THEN 'old' ELSE CAST(age AS TEXT) END FROM student",
           "SELECT student.* FROM student JOIN takes ON student.id = takes.student",
           "SELECT\n\tDISTINCT name\nFROM student  ",
       }) {
    EXPECT_TRUE(accepts(machine, sql)) << sql;
  }
}

TEST(SqlAccept, RefusesNamesOutOfScopeAndBrokenForms) {
  SqlMachine machine = machine_for(SqlMode::kAccept);
  for (const char* sql : {
           "SELECT salary FROM student",                                 // no such column anywhere
           "SELECT name FROM teacher",                                   // no such table
           "SELECT grade FROM student",                                  // a column of another table
           "SELECT T2.name FROM student AS T1",                          // an alias that is not bound
           "SELECT T1.title FROM student AS T1",                         // a column that the alias has not
           "SELECT name FROM student JOIN department ON dept = budget",  // ambiguous
           "SELECT name FROM student WHERE count(*) > 1",                // aggregate where none may be
           "SELECT max(count(*)) FROM student",
           "SELECT name FROM student ORDER BY count(*)",
           "SELECT name FROM student UNION SELECT id, title FROM course",  // unequal columns
           "SELECT name FROM student WHERE id IN (SELECT id, name FROM student)",
           "SELECT name FROM student WHERE",
           "SELECT FROM student",
           "SELECT name student",
           "SELECT *",
           "SELECT nameFROM student",
           "DELETE FROM student",
       }) {
    EXPECT_FALSE(accepts(machine, sql)) << sql;
  }
  EXPECT_TRUE(accepts(machine, "SELECT salary FROM (SELECT age AS salary FROM student)"));
  EXPECT_FALSE(viable(machine, "SELECT salary FROM student WHERE "));
  EXPECT_FALSE(viable(machine, "SELECT grade FROM student GROUP BY"));
  EXPECT_FALSE(viable(machine, "SELECT name FROM teac"));
}

TEST(SqlAccept, WhatItAcceptsCompiles) {
  SqlMachine machine = machine_for(SqlMode::kAccept);
  auto database = college_database();
  base::Random random(3);
  // Random walks over the likely bytes of SQL; most statements that end are short.
  const std::string_view bytes = "abcdefghijklmnoprstuwxy .,()*='1<-";
  size_t ended = 0;
  for (int walk = 0; walk < 50; ++walk) {
    std::string sql;
    SqlMachine::State state = machine.start();
    while (sql.size() < 150 && !(machine.complete(state) && random.chance(0.2))) {
      std::vector<char> open;
      for (const char byte : bytes) {
        if (!machine.dead(machine.next(state, static_cast<uint8_t>(byte))) && !(byte == ' ' && sql.ends_with(' '))) {
          open.push_back(byte);
        }
      }
      if (open.empty()) break;
      sql += open[random.below(open.size())];
      state = machine.next(state, static_cast<uint8_t>(sql.back()));
    }
    if (!machine.complete(state)) continue;
    ++ended;
    const auto statement = database.prepare(sql);
    ASSERT_TRUE(statement.ok()) << sql << "\n" << statement.error().message;
  }
  EXPECT_GT(ended, 8U);
}

TEST(SqlGenerate, OffersOnlyColumnsThatSomeFromCanBind) {
  SqlMachine machine = machine_for(SqlMode::kGenerate);
  EXPECT_TRUE(accepts(machine, "SELECT name, age FROM student WHERE age > 20 ORDER BY name DESC LIMIT 3"));
  EXPECT_FALSE(viable(machine, "SELECT grade, age"));  // no table has both
  EXPECT_FALSE(viable(machine, "SELECT name, budget FROM student"));
  EXPECT_TRUE(accepts(machine, "SELECT name, budget FROM department"));
  EXPECT_FALSE(viable(machine, "SELECT T1.shore, T2."));        // nothing joins island
  EXPECT_FALSE(viable(machine, "SELECT T1.budget, T2.grade"));  // department does not join takes directly
  EXPECT_TRUE(viable(machine, "SELECT T1.budget, T3.grade FROM department AS T1 JOIN "));
  EXPECT_TRUE(accepts(machine,
                      "SELECT T1.budget, T3.grade FROM department AS T1 JOIN course AS T2 ON T1.id = T2.dept "
                      "JOIN takes AS T3 ON T2.code = T3.course"));
  EXPECT_FALSE(
      viable(machine, "SELECT T1.budget, T3.grade FROM department AS T1 JOIN course AS T2 ON T1.id = T2.code"));
  EXPECT_TRUE(accepts(machine, "SELECT T1.name FROM student AS T1 JOIN student AS T2 ON T1.id = T2.mentor"));
  EXPECT_TRUE(accepts(machine, "SELECT \"home town\" FROM student"));
}

TEST(SqlGenerate, LiteralsHaveTheTypeOfTheirColumn) {
  SqlMachine machine = machine_for(SqlMode::kGenerate);
  EXPECT_FALSE(viable(machine, "SELECT name FROM student WHERE age = '"));
  EXPECT_FALSE(viable(machine, "SELECT name FROM student WHERE name = 3"));
  EXPECT_FALSE(viable(machine, "SELECT name FROM student WHERE age LIKE"));
  EXPECT_TRUE(accepts(machine, "SELECT name FROM student WHERE age BETWEEN 3 AND -4.5"));
  EXPECT_TRUE(accepts(machine, "SELECT name FROM student WHERE name IN ('a', 'it''s')"));
  EXPECT_FALSE(viable(machine, "SELECT name FROM student WHERE age = 007"));
  EXPECT_FALSE(viable(machine, "SELECT name FROM student WHERE name = '\xC0"));
}

TEST(SqlGenerate, TextMayBeHeldToValuesAndSpans) {
  SqlMachine machine = machine_for(SqlMode::kGenerate, false, {"Ulm"});
  EXPECT_TRUE(accepts(machine, "SELECT id FROM department WHERE name = 'Law''s'"));
  EXPECT_TRUE(accepts(machine, "SELECT id FROM department WHERE name LIKE '%Ulm%'"));
  EXPECT_TRUE(accepts(machine, "SELECT id FROM student WHERE name = 'Ulm'"));
  EXPECT_FALSE(viable(machine, "SELECT id FROM student WHERE name = 'Law"));
  SqlMachine bare = machine_for(SqlMode::kGenerate, false);
  EXPECT_FALSE(viable(bare, "SELECT id FROM student WHERE name = '"));
  EXPECT_FALSE(viable(bare, "SELECT id FROM student WHERE name LIKE"));
  EXPECT_TRUE(viable(bare, "SELECT id FROM student WHERE name = (SELECT"));
}

// A walk that takes any byte allowed, ending where it may; the law of this file: it never gets stuck and what it
// writes runs.
void walk(SqlMachine& machine, store::Database& database, base::Random& random) {
  std::string sql;
  SqlMachine::State state = machine.start();
  while (!(machine.complete(state) && random.chance(0.3))) {
    std::vector<uint8_t> open;
    for (int byte = 0; byte < 256; ++byte) {
      if (!machine.dead(machine.next(state, static_cast<uint8_t>(byte)))) open.push_back(static_cast<uint8_t>(byte));
    }
    if (open.empty() && machine.complete(state)) break;
    ASSERT_FALSE(open.empty()) << "stuck behind: " << sql;
    const bool in_text = open.size() > 100;
    const uint8_t byte = in_text && random.chance(0.3) ? uint8_t{'\''} : open[random.below(open.size())];
    sql += static_cast<char>(byte);
    state = machine.next(state, byte);
    ASSERT_LT(sql.size(), 100'000U);
  }
  auto statement = database.prepare(sql);
  ASSERT_TRUE(statement.ok()) << sql << "\n" << statement.error().message;
  statement->set_step_limit(200'000);
  for (int rows = 0; rows < 200; ++rows) {
    const auto row = statement->step();
    ASSERT_TRUE(row.ok() || row.error().code == ErrorCode::kLimit) << sql << "\n" << row.error().message;
    if (!row.ok() || !*row) break;
  }
}

TEST(SqlGenerate, EveryWalkEndsInAStatementThatRuns) {
  auto database = college_database();
  for (const bool any_text : {true, false}) {
    base::Random random(any_text ? 11 : 12);
    SqlMachine machine = machine_for(SqlMode::kGenerate, any_text,
                                     any_text ? std::vector<std::string>{} : std::vector<std::string>{"Ulm"});
    for (int i = 0; i < 60; ++i) {
      walk(machine, database, random);
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(SqlGenerate, WhatIsGeneratedIsAccepted) {
  base::Random random(5);
  SqlMachine writer = machine_for(SqlMode::kGenerate), reader = machine_for(SqlMode::kAccept);
  for (int i = 0; i < 60; ++i) {
    std::string sql;
    SqlMachine::State state = writer.start();
    while (!(writer.complete(state) && random.chance(0.3))) {
      std::vector<char> open;
      for (int byte = 0x20; byte < 0x7F; ++byte) {
        if (!writer.dead(writer.next(state, static_cast<uint8_t>(byte)))) open.push_back(static_cast<char>(byte));
      }
      if (open.empty()) break;
      sql += open.size() > 80 && random.chance(0.4) ? '\'' : open[random.below(open.size())];
      state = writer.next(state, static_cast<uint8_t>(sql.back()));
    }
    ASSERT_TRUE(accepts(reader, sql)) << sql;
  }
}

TEST(SqlGenerate, InsideTextTheBytesOfWholeCharactersAreIdle) {
  SqlMachine machine = machine_for(SqlMode::kGenerate);
  const Idle idle = machine.idle(after(machine, "SELECT age FROM student WHERE name = 'ab"));
  ASSERT_NE(idle.bytes, nullptr);
  EXPECT_TRUE(idle.utf8 && (*idle.bytes)['x'] && !(*idle.bytes)['\'']);
  EXPECT_EQ(idle.chars_left, kSqlTextCharsMax - 2);
  EXPECT_EQ(machine.idle(after(machine, "SELECT ")).bytes, nullptr);
}

TEST(SqlMachine, MasksEqualTryingEveryToken) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* text : {"SELECT",  " FROM", " student", " T1.",         " T2.name", " AS T1 JOIN",  " = '", "name",
                           " na",     "a'b",   "' AND",    "\u00e4\u4e2d", "\xc3",     "\xa4\xe4\xb8", " 12",  "12.5",
                           "select ", " T",    "1.",       "'%",           "id, name", "' LIMIT 1"}) {
    tokens.emplace_back(text);
  }
  const auto vocabulary = Vocabulary::build(tokens, kNoToken).value();
  for (const SqlMode mode : {SqlMode::kGenerate, SqlMode::kAccept}) {
    SqlMachine machine = machine_for(mode);
    base::Random random(6);
    for (int round = 0; round < 8; ++round) {
      SqlMachine::State state = machine.start();
      for (int step = 0; step < 40; ++step) {
        const TokenMask mask = token_mask(*vocabulary, machine, state);
        ASSERT_EQ(mask, test::mask_by_trying(*vocabulary, machine, state));
        if (mask.count == 0) break;
        const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
        const auto rank = interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low));
        for (const char byte : vocabulary->text_of_rank(rank)) state = machine.next(state, static_cast<uint8_t>(byte));
      }
    }
  }
}

TEST(SqlMachine, MemoryIsLimited) {
  SqlMachine machine = SqlMachine::create(college_schema(), {}, 40'000).value();
  EXPECT_FALSE(accepts(machine, "SELECT name, age FROM student WHERE age > 20 AND age < 30 OR name = 'some name'"));
  EXPECT_TRUE(machine.overflowed());
}

}  // namespace
}  // namespace cadre::contract
