// SPDX-License-Identifier: Apache-2.0
#include "contract/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "contract/cell_index.h"
#include "contract/sql_task.h"
#include "contract/test_tables.h"
#include "store/sqlite.h"

namespace cadre::contract {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A folder with a database in it.
class TableFile : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::string database(const std::string& sql, const std::string& name = "a b'c%3F#.db") const {
    auto opened = store::Database::open(path(name)).value();
    const auto done = opened.exec(sql);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return path(name);
  }

  Table csv(const std::string& text) const {
    EXPECT_TRUE(base::replace_file(path("t.csv"), text).ok());
    return Table::open(path("t.csv")).value();
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

std::string shown(const QueryResult& result) {
  std::string text;
  for (const auto& row : result.rows) {
    for (const CellValue& value : row) {
      if (const auto* whole = std::get_if<int64_t>(&value)) text += std::to_string(*whole);
      if (const auto* real = std::get_if<double>(&value)) text += std::to_string(*real);
      if (const auto* words = std::get_if<std::string>(&value)) text += *words;
      text += '|';
    }
  }
  return text;
}

std::string answer(const Table& table, const std::string& sql) {
  const auto result = table.query(sql);
  return result.ok() ? shown(*result) : result.error().message;
}

TEST_F(TableFile, ASqliteTableIsReadWithTypesFromItsCells) {
  const std::string file = database(R"(
      CREATE TABLE t (whole INTEGER, real REAL, words TEXT, digits TEXT, mixed, empty, bytes BLOB, "a""b" TEXT);
      INSERT INTO t VALUES (1, 1.5, 'x', '7', 1, NULL, x'00', 'q'), (NULL, 2.0, NULL, '8', 'y', NULL, NULL, '');)");
  const Table table = Table::open(file).value();
  std::string types;
  for (const Column& column : table.schema().columns) types += column.type == ColumnType::kReal ? 'r' : 't';
  EXPECT_EQ(types, "rrtrtttt");
  EXPECT_TRUE(table.schema().columns[3].is_stored_as_text);
  EXPECT_EQ(table.row_count(), 2u);
  EXPECT_EQ(table.schema().columns[7].sql_name, "a\"b");
  EXPECT_THAT(table.sample_cells(1, 5), ElementsAre("1.5", "2"));
  EXPECT_EQ(table.range(1).high, 2.0);
  EXPECT_TRUE(table.range(2).empty);
}

TEST_F(TableFile, NumbersStoredAsTextAreNumbers) {
  const std::string file = database(R"(
      CREATE TABLE t (city TEXT, amount TEXT, zip TEXT, gaps INTEGER);
      INSERT INTO t VALUES ('Berlin', '9', '01234', 7), ('Paris', '10.5', '20000', ''), ('Oslo', '', '1', 12);)");
  const Table table = Table::open(file).value();
  EXPECT_EQ(table.schema().columns[1].type, ColumnType::kReal);
  EXPECT_EQ(table.schema().columns[2].type, ColumnType::kText);
  EXPECT_EQ(table.schema().columns[3].type, ColumnType::kReal);
  const SqlTask task = make_sql_task(table, "largest amount over 8 with gaps over 7").value();
  SqlCall call{.select_column = 1, .aggregate = Aggregate::kMax};
  call.conditions = {{1, CompareOp::kGreater, "8"}};
  const std::string sql = to_sql(table.schema(), call);
  EXPECT_EQ(
      sql,
      R"(SELECT MAX(CAST(NULLIF("amount", '') AS NUMERIC)) FROM "t" WHERE CAST(NULLIF("amount", '') AS NUMERIC) > 8)");
  EXPECT_EQ(answer(table, sql), "10.500000|");
  EXPECT_EQ(validate_sql(table, task, sql).value().aggregate, Aggregate::kMax);
  EXPECT_FALSE(validate_sql(table, task, R"(SELECT MAX("amount") FROM "t")").ok());
  EXPECT_FALSE(validate_sql(table, task, R"(SELECT COUNT(CAST(NULLIF("city", '') AS NUMERIC)) FROM "t")").ok());
  call = {.select_column = 0, .aggregate = Aggregate::kCount};
  call.conditions = {{3, CompareOp::kGreater, "7"}};
  EXPECT_EQ(answer(table, to_sql(table.schema(), call)), "1|");
  EXPECT_TRUE(validate_sql(table, task, to_sql(table.schema(), call)).ok());
}

TEST_F(TableFile, CallsOverNamesOfAllKindsExecute) {
  const std::string file = database(R"(
      CREATE TABLE "select ""x"" from" ("group" TEXT, "a""b" REAL, "ü ö" TEXT, "'" TEXT, "x;--" REAL);
      INSERT INTO "select ""x"" from" VALUES ('O''Neill', 1, 'a"b', ''';--', 5), ('Berlin', 2, 'c', 'd', 6);)");
  const Table table = Table::open(file).value();
  const SqlTask task = make_sql_task(table, "O'Neill or Berlin with a\"b or ';-- over 1 and 5.0 c d").value();
  EXPECT_GE(task.candidates.size(), 7u);
  base::Random random(3);
  for (int i = 0; i < 500; ++i) {
    const std::string sql = to_sql(table.schema(), random_call(table, task, random));
    EXPECT_TRUE(validate_sql(table, task, sql).ok()) << sql;
    EXPECT_TRUE(table.query(sql).ok()) << sql;
  }
}

TEST_F(TableFile, ViewsTablesWithoutRowidAndGeneratedColumnsAreRead) {
  const std::string file = database(R"(
      CREATE TABLE t (k TEXT PRIMARY KEY, n INT, twice INT GENERATED ALWAYS AS (n * 2)) WITHOUT ROWID;
      INSERT INTO t VALUES ('a', 1), ('b', 2);
      CREATE VIEW v AS SELECT k AS name, n + 1 AS more FROM t;)");
  const Table table = Table::open(file).value();  // the only table; the view must be named
  EXPECT_EQ(table.schema().columns.size(), 2u);
  const Table view = Table::open(file, {.table_name = "V"}).value();
  EXPECT_EQ(view.schema().sql_name, "v");
  EXPECT_EQ(answer(view, R"(SELECT SUM("more") FROM "v" WHERE "name" = 'b')"), "3|");
}

TEST_F(TableFile, AmongSeveralTablesOneMustBeNamed) {
  const std::string file = database("CREATE TABLE one (a); CREATE TABLE two (a);");
  EXPECT_THAT(Table::open(file).error().message, HasSubstr("2 tables; name one of: one, two"));
  EXPECT_THAT(Table::open(file, {.table_name = "three"}).error().message,
              HasSubstr("no table \"three\"; it has: one, two"));
  EXPECT_THAT(Table::open(database("CREATE TABLE t (a); DROP TABLE t", "none.db")).error().message,
              HasSubstr("has no table"));
}

TEST_F(TableFile, TheUsersFileAndItsFolderStayAsTheyWere) {
  for (const char* mode : {"delete", "wal"}) {
    const std::string file =
        database(std::string("PRAGMA journal_mode = ") + mode + "; CREATE TABLE t (a); INSERT INTO t VALUES (1)",
                 std::string(mode) + ".db");
    const auto files_before = files();
    const std::string bytes_before = base::read_file(file).value();
    {
      const Table table = Table::open(file).value();
      EXPECT_EQ(answer(table, "SELECT a FROM t"), "1|");
      EXPECT_EQ(files(), files_before) << mode;
    }
    EXPECT_EQ(files(), files_before) << mode;
    EXPECT_EQ(base::read_file(file).value(), bytes_before) << mode;
  }
}

TEST_F(TableFile, AWalThatAWriterHoldsIsRead) {
  auto writer = store::Database::open(path("w.db")).value();
  ASSERT_TRUE(
      writer.exec("PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (41); UPDATE t SET a = 42")
          .ok());
  EXPECT_EQ(answer(Table::open(path("w.db")).value(), "SELECT a FROM t"), "42|");
}

TEST_F(TableFile, ALockedDatabaseIsBusy) {
  const std::string file = database("CREATE TABLE t (a)");
  auto writer = store::Database::open(file).value();
  ASSERT_TRUE(writer.exec("BEGIN EXCLUSIVE").ok());
  const Error error = Table::open(file, {.busy_timeout_ms = 0}).error();
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.message, HasSubstr(file));
}

TEST_F(TableFile, ACorruptDatabaseIsAnError) {
  const std::string file = database(
      "CREATE TABLE t (a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
      "INSERT INTO t SELECT 'cell ' || i FROM n;");
  std::string bytes = base::read_file(file).value();
  for (size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(0xA5);
  ASSERT_TRUE(base::replace_file(file, bytes).ok());
  EXPECT_EQ(Table::open(file).error().code, ErrorCode::kCorrupt);
  ASSERT_TRUE(base::replace_file(file, bytes.substr(0, 50)).ok());
  EXPECT_FALSE(Table::open(file).ok());
}

TEST_F(TableFile, ACsvFileIsImportedWithTypes) {
  const Table table = csv("city;orders;\"a\"\"b\";city\nBerlin;1,234;x;007\nO'Neill;-;\"two\nlines\";008\n");
  EXPECT_EQ(table.schema().sql_name, "t");
  EXPECT_EQ(table.row_count(), 2u);
  EXPECT_EQ(table.schema().columns[1].type, ColumnType::kReal);
  EXPECT_EQ(table.schema().columns[3].type, ColumnType::kText);  // leading zeros: a name of digits
  const SqlTask task = make_sql_task(table, "orders over 1,000 of berlin, two lines, 007 or O'Neill").value();
  EXPECT_EQ(answer(table, R"(SELECT "city", "orders" FROM "t" WHERE "orders" > 1000)"), "Berlin|1234|");
  base::Random random(5);
  for (int i = 0; i < 200; ++i) {
    const std::string sql = to_sql(table.schema(), random_call(table, task, random));
    EXPECT_TRUE(validate_sql(table, task, sql).ok()) << sql;
    EXPECT_TRUE(table.query(sql).ok()) << sql;
  }
  EXPECT_EQ(files(), std::vector<std::string>{"t.csv"});
}

TEST_F(TableFile, ACsvFileOfAHeaderAloneHasNoRows) {
  const Table table = csv("a,b\n");
  EXPECT_EQ(table.row_count(), 0u);
  EXPECT_TRUE(table.range(0).empty);
  EXPECT_EQ(answer(table, R"(SELECT COUNT("a") FROM "t")"), "0|");
  EXPECT_TRUE(make_sql_task(table, "how many with 5?").value().candidates.empty());
}

TEST_F(TableFile, ACsvFileOfAThousandColumnsIsAsked) {
  std::string header, row;
  for (int i = 0; i < 1000; ++i) {
    header += (i > 0 ? ",column " : "column ") + std::to_string(i);
    row += (i > 0 ? "," : "") + std::to_string(i);
  }
  const Table table = csv(header + "\n" + row + "\n");
  EXPECT_EQ(table.schema().columns.size(), 1000u);
  EXPECT_EQ(make_sql_task(table, "which has 7, 8 and 9?").value().candidates.size(), kCandidatesMax);
  EXPECT_EQ(answer(table, R"(SELECT "column 999" FROM "t" WHERE "column 7" = 7)"), "999|");
}

TEST_F(TableFile, WhatIsNoTableIsAnErrorThatNamesTheFile) {
  using namespace std::string_view_literals;
  for (const std::string_view bytes : {""sv, "a,b\n1,2,3\n"sv, "a,b\n\"1,2\n"sv, "a\0b,c\n"sv}) {
    ASSERT_TRUE(base::replace_file(path("bad.csv"), bytes).ok());
    const auto table = Table::open(path("bad.csv"));
    ASSERT_FALSE(table.ok()) << bytes;
    EXPECT_THAT(table.error().message, HasSubstr("bad.csv"));
  }
  EXPECT_EQ(Table::open(path("missing.csv")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Table::open(folder_.path()).error().code, ErrorCode::kUnsupported);
}

TEST_F(TableFile, RowsThatAreFilledAreTold) {
  EXPECT_THAT(csv("a,b\n1\n").notes(), ElementsAre(HasSubstr("line 2")));
}

TEST(Table, OnlyReadingSelectsOfPureFunctionsRun) {
  const Table goals = goals_table();
  EXPECT_EQ(answer(goals, R"(SELECT COUNT("player"), AVG("goals scored") FROM "goals" WHERE "year" = 2019)"),
            "2|1.500000|");
  for (const char* sql : {
           "DELETE FROM goals",
           "DROP TABLE goals",
           "UPDATE goals SET year = 1",
           "INSERT INTO goals (year) VALUES (1)",
           "CREATE TABLE t (a)",
           "PRAGMA user_version",
           "PRAGMA user_version = 3",
           "ATTACH 'x.db' AS x",
           "BEGIN",
           "VACUUM",
           "SELECT random()",
           "SELECT load_extension('x')",
           "SELECT readfile('/etc/passwd')",
           "SELECT * FROM sqlite_master",
           "SELECT * FROM pragma_table_info('goals')",
           "SELECT 1; SELECT 2",
           "EXPLAIN SELECT 1",
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT * FROM n",
           "",
       }) {
    EXPECT_FALSE(goals.query(sql).ok()) << sql;
  }
}

TEST(Table, WorkAndRowsOfAQueryAreLimited) {
  const Table goals = goals_table();
  const std::string product =
      "SELECT COUNT(*) FROM goals a, goals b, goals c, goals d, goals e, goals f, goals g, goals h";
  EXPECT_EQ(goals.query(product, {.vm_steps_max = 10'000}).error().code, ErrorCode::kLimit);
  const auto rows = goals.query("SELECT player FROM goals", {.rows_max = 2}).value();
  EXPECT_EQ(rows.rows.size(), 2u);
  EXPECT_TRUE(rows.truncated);
  EXPECT_FALSE(goals.query("SELECT player FROM goals", {.rows_max = 4}).value().truncated);
}

TEST(Table, ARowOfAnotherWidthIsRefused) {
  EXPECT_THAT(Table::from_rows({"t", {{"a", "a", ColumnType::kText}}}, {{"x"}, {"x", "y"}}).error().message,
              HasSubstr("row 2"));
}

TEST(Table, MissingCellsOfARealColumnAreNull) {
  const Table table = make_table({{"a", "a", ColumnType::kReal}}, {{"1"}, {"n / a"}, {"-"}, {""}, {"- 3"}, {"1,000"}});
  EXPECT_EQ(answer(table, "SELECT COUNT(a), SUM(a), MIN(a) FROM t"), "3|998|-3|");
}

TEST(Table, HasCellComparesNormalForms) {
  const Table goals = goals_table();
  EXPECT_TRUE(goals.has_cell(0, "harry kane").value());
  EXPECT_TRUE(goals.has_cell(3, "3.0").value());
  EXPECT_FALSE(goals.has_cell(0, "Harry").value());
  EXPECT_FALSE(goals.has_cell(0, "Bayern München").value());
}

// A column past the limit of the index gives the same full matches by a pass over it.
TEST_F(TableFile, AColumnBeyondTheIndexIsScanned) {
  const std::string file = database(R"(
      CREATE TABLE t (city TEXT, name TEXT, n REAL);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000)
      INSERT INTO t SELECT CASE i % 2 WHEN 0 THEN 'Berlin' ELSE 'Paris' END, 'Person ' || i, i * 1.5 FROM n;)");
  const Table indexed = Table::open(file).value();
  const Table scanned = Table::open(file, {.indexed_cells_max = 100}).value();
  for (const char* question : {"how many of Person 17 in Berlin", "PERSON 3000 over 4.5", "person 3001"}) {
    const auto show = [&](const Table& table) {
      std::vector<std::string> values;
      const SqlTask task = make_sql_task(table, question).value();
      for (const auto& candidate : task.candidates) {
        if (candidate.full_match) values.push_back(std::to_string(candidate.column) + candidate.value);
      }
      return values;
    };
    EXPECT_EQ(show(indexed), show(scanned)) << question;
  }
  EXPECT_TRUE(scanned.has_cell(1, "person 2999").value());
  EXPECT_FALSE(scanned.has_cell(1, "person 3001").value());
  EXPECT_THAT(scanned.sample_cells(1, 2), ElementsAre("Person 1", "Person 2"));
  EXPECT_EQ(scanned.range(2).high, 4500);
}

TEST(CellIndex, TheColumnWithMostDistinctCellsIsGivenUp) {
  const std::vector<Column> columns = {{"a", "a", ColumnType::kText}, {"b", "b", ColumnType::kText}};
  CellIndex index(2, 50);
  for (int i = 0; i < 1000; ++i) {
    index.add(0, "cell " + std::to_string(i));
    index.add(1, i % 2 == 0 ? "even" : "odd");
  }
  index.finish(columns);
  EXPECT_FALSE(index.is_indexed(0));
  EXPECT_TRUE(index.is_indexed(1));
  EXPECT_TRUE(index.has_cell(1, "EVEN"));
}

TEST(CellIndex, CellsThatSqlTextCannotCarryAreNotOffered) {
  const std::vector<Column> columns = {{"a", "a", ColumnType::kText}};
  CellIndex index(1, 50);
  index.add(0, std::string_view("a\0b", 3));
  index.add(0, "\xff\xfe");
  index.add(0, std::string(5000, 'x'));
  index.finish(columns);
  EXPECT_THAT(index.sample(0, 5), IsEmpty());
}

}  // namespace
}  // namespace cadre::contract
