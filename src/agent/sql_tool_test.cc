// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_tool.h"

#include <gtest/gtest.h>

#include <thread>

#include "agent/test_returns.h"
#include "base/file.h"
#include "store/sqlite.h"

namespace cadre::agent {
namespace {

using base::Json;

// A small shop in a file.
class SqliteToolTest : public testing::Test {
 protected:
  SqliteToolTest() : folder_(base::TemporaryDirectory::make().value()), path_(folder_.path() + "/shop.db") {
    auto database = store::Database::open(path_).value();
    EXPECT_TRUE(database
                    .exec("CREATE TABLE orders(id INTEGER PRIMARY KEY, city TEXT, total REAL);"
                          "INSERT INTO orders(city, total) VALUES ('Berlin', 10.5), ('Paris', 7), ('Berlin', 3)")
                    .ok());
  }

  Json object(const std::string& effect, const std::string& statement) const {
    Json tool = {{"name", "shop"}, {"kind", "sql"}, {"sqlite", path_}, {"effect", effect}};
    if (!statement.empty()) tool["statement"] = statement;
    return tool;
  }
  std::unique_ptr<Tool> tool(const Json& from) const {
    return make_sql_tool(sql_tool_options(from).value(), {}).value();
  }
  std::unique_ptr<Tool> free_tool() const { return tool(object("read", "")); }
  int64_t count(const std::string& table = "orders") const {
    return store::Database::open(path_, {.read_only = true})
        .value()
        .query_int64("SELECT count(*) FROM " + table)
        .value();
  }
  static ToolReturn call(Tool& tool, Json arguments, const std::string& key = "k1") {
    return tool.call({.arguments = std::move(arguments), .key = key});
  }
  static Json rows(Tool& tool, Json arguments) {
    const ToolReturn returned = call(tool, std::move(arguments));
    EXPECT_FALSE(returned.error.has_value()) << returned.error->message;
    return returned.result["rows"];
  }

  base::TemporaryDirectory folder_;
  std::string path_;
};

TEST_F(SqliteToolTest, BindsArgumentsByNameAndNeverPastesThem) {
  const auto by_city =
      tool(object("read", "SELECT id, total FROM orders WHERE city = :city AND total > :least ORDER BY id"));
  EXPECT_EQ(rows(*by_city, {{"city", "Berlin"}, {"least", 5}}).dump(), R"([{"id":1,"total":10.5}])");
  EXPECT_EQ(rows(*by_city, {{"city", "x' OR '1'='1"}, {"least", 0}}).dump(), "[]");
  EXPECT_EQ(rows(*by_city, {{"city", "Berlin"}}).dump(), "[]");  // a missing one is NULL
  EXPECT_EQ(by_city->definition().input_schema["required"].dump(), R"(["city","least"])");
}

TEST_F(SqliteToolTest, EveryKindOfValueComesBack) {
  const auto row =
      rows(*free_tool(),
           {{"sql", "SELECT 1 AS i, 0.5 AS r, 'text' AS t, NULL AS n, x'00ff' AS b, 2 AS i, count(*) FROM orders"}});
  EXPECT_EQ(row.dump(), R"x([{"i":1,"r":0.5,"t":"text","n":null,"b":"AP8=","i_2":2,"count(*)":3}])x");
}

TEST_F(SqliteToolTest, AReadingToolCannotWriteWhateverTheSql) {
  const auto free = free_tool();
  for (const char* sql :
       {"DELETE FROM orders", "INSERT INTO orders(city) VALUES ('x')", "DROP TABLE orders", "PRAGMA journal_mode = WAL",
        "ATTACH 'x.db' AS x", "SELECT load_extension('x')", "CREATE TEMP TABLE t(a)", "BEGIN",
        "SELECT 1; DELETE FROM orders", "SELECT * FROM nothing", "", "WITH x AS (SELECT 1) DELETE FROM orders",
        "REPLACE INTO orders(id) VALUES (1)", "VACUUM", "SELECT 'open"}) {
    EXPECT_FALSE(free->check({{"sql", sql}}).ok()) << sql;
    EXPECT_NE(error_code(call(*free, {{"sql", sql}})), ErrorCode::kInternal) << sql;
  }
  EXPECT_EQ(count(), 3);
  EXPECT_TRUE(free->check({{"sql", "SELECT * FROM orders"}}).ok());
  EXPECT_EQ(free->check({{"other", 1}}).error().code, ErrorCode::kInvalid);
}

TEST_F(SqliteToolTest, RowsBytesAndWorkHaveLimits) {
  const auto free = free_tool();
  const Json all = {{"sql", "SELECT city FROM orders"}};
  ToolReturn two = free->call({.arguments = all, .rows_max = 2});
  EXPECT_EQ(two.result["row_count"], 2);
  EXPECT_EQ(two.result["is_complete"], false);
  EXPECT_EQ(free->call({.arguments = all, .rows_max = 3}).result["is_complete"], true);
  EXPECT_EQ(free->call({.arguments = all, .result_size_bytes_max = 40}).result["row_count"], 2);
  EXPECT_EQ(error_code(free->call({.arguments = all, .result_size_bytes_max = 4})), ErrorCode::kLimit);
  const Json endless = {
      {"sql", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"}};
  const ToolReturn worked = free->call({.arguments = endless, .work_max = 100'000});
  EXPECT_EQ(error_code(worked), ErrorCode::kLimit);
  EXPECT_GE(worked.work, 100'000);
  EXPECT_EQ(error_code(free->call({.arguments = endless, .timeout_ms = 30, .work_max = 0})), ErrorCode::kTimeout);
  base::Cancel cancel;
  cancel.request();
  EXPECT_EQ(error_code(free->call({.arguments = endless, .work_max = 0, .cancel = &cancel})), ErrorCode::kCancelled);
}

TEST_F(SqliteToolTest, AWritingToolWritesItsStatementAndNothingElse) {
  const auto insert = tool(object("once", "INSERT INTO orders(city, total) VALUES (:city, :total) RETURNING id"));
  const ToolReturn returned = call(*insert, {{"city", "Rome"}, {"total", 5}});
  EXPECT_EQ(returned.result.dump(), R"({"row_count":1,"is_complete":true,"rows":[{"id":4}],"changed":1})");
  EXPECT_EQ(count(), 4);
  EXPECT_TRUE(insert->check({{"city", "Rome"}, {"total", 5}}).ok());
  EXPECT_EQ(count(), 4);
  for (const char* statement : {"DROP TABLE orders", "PRAGMA user_version = 3", "DELETE FROM cadre_calls",
                                "UPDATE sqlite_schema SET sql = ''"}) {
    const auto bad = tool(object("once", statement));
    EXPECT_FALSE(bad->check({}).ok()) << statement;
    EXPECT_TRUE(call(*bad, {}).error.has_value()) << statement;
  }
  // What fails in the middle leaves nothing behind.
  const auto partly =
      tool(object("once", "INSERT INTO orders(id, city) SELECT i, 'x' FROM (SELECT 9 AS i UNION ALL SELECT 9)"));
  EXPECT_EQ(error_code(call(*partly, {})), ErrorCode::kInvalid);
  EXPECT_EQ(count(), 4);
}

TEST_F(SqliteToolTest, AFencedCallIsDoneOncePerKey) {
  Json from = object("once", "INSERT INTO orders(city, total) VALUES (:city, :total) RETURNING id");
  from["fenced"] = true;
  const auto insert = tool(from);
  const Json rome = {{"city", "Rome"}, {"total", 5}};
  const ToolReturn first = call(*insert, rome, "run/1");
  const ToolReturn again = call(*insert, rome, "run/1");
  EXPECT_EQ(first.result.dump(), again.result.dump());
  EXPECT_EQ(count(), 4);
  EXPECT_EQ(call(*insert, rome, "run/2").result["rows"][0]["id"], 5);
  EXPECT_EQ(error_code(call(*insert, {{"city", "Oslo"}, {"total", 5}}, "run/1")), ErrorCode::kInvalid);
  EXPECT_EQ(error_code(call(*insert, rome, "")), ErrorCode::kInvalid);
  EXPECT_EQ(count(), 5);
  // A failed call leaves no key behind.
  EXPECT_EQ(
      error_code(insert->call(
          {.arguments = {{"city", "Rome"}, {"total", 5}}, .key = "run/3", .work_max = 1, .result_size_bytes_max = 1})),
      ErrorCode::kLimit);
  EXPECT_EQ(count("cadre_calls"), 2);
  EXPECT_FALSE(free_tool()->check({{"sql", "SELECT * FROM cadre_calls"}}).ok());
}

TEST_F(SqliteToolTest, ManyThreadsWithTheSameKeyWriteOnce) {
  Json from = object("once", "INSERT INTO orders(city, total) VALUES ('Rome', 1)");
  from["fenced"] = true;
  const auto insert = tool(from);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(call(*insert, Json::object(), "key " + std::to_string(i)).error.has_value()) << t;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count(), 13);
}

TEST_F(SqliteToolTest, ALockIsTransientAndAMissingFileIsNot) {
  const auto insert = tool(object("once", "INSERT INTO orders(city) VALUES ('x')"));
  auto other = store::Database::open(path_).value();
  ASSERT_TRUE(other.exec("BEGIN IMMEDIATE").ok());
  const ToolReturn busy = insert->call({.arguments = Json::object(), .timeout_ms = 30});
  EXPECT_EQ(error_code(busy), ErrorCode::kBusy);
  EXPECT_TRUE(is_transient(*busy.error));
  EXPECT_FALSE(busy.is_uncertain);
  Json from = object("read", "");
  from["sqlite"] = folder_.path() + "/none.db";
  EXPECT_EQ(error_code(call(*tool(from), {{"sql", "SELECT 1"}})), ErrorCode::kNotFound);
}

TEST(SqlToolOptions, WhatCannotBeMeantIsRefusedByName) {
  const struct {
    const char *yaml, *names;
  } cases[] = {
      {R"({"kind":"sql","sqlite":"a.db"})", "\"name\""},
      {R"({"name":"a b","sqlite":"a.db"})", "\"name\""},
      {R"({"name":"t"})", "\"sqlite\""},
      {R"({"name":"t","sqlite":"a.db","postgres":"postgresql://h/d"})", "\"sqlite\""},
      {R"({"name":"t","sqlite":"a.db","effect":"twice"})", "\"effect\""},
      {R"({"name":"t","sqlite":"a.db","effect":"once"})", "\"statement\""},
      {R"({"name":"t","sqlite":"a.db","statement":"SELECT 'x"})", "\"statement\""},
      {R"({"name":"t","sqlite":"a.db","statement":7})", "\"statement\""},
      {R"({"name":"t","sqlite":"a.db","statment":"SELECT 1"})", "\"statment\""},
      {R"({"name":"t","sqlite":"a.db","fenced":true})", "\"fenced\""},
      {R"({"name":"t","sqlite":"a.db","input_schema":[]})", "\"input_schema\""},
      {R"({"name":"t","sqlite":"a.db","password_variable":"P"})", "\"password_variable\""},
      {R"([])", "\"name\""},
  };
  for (const auto& c : cases) {
    const auto options = sql_tool_options(base::parse_json(c.yaml).value());
    ASSERT_FALSE(options.ok()) << c.yaml;
    EXPECT_EQ(options.error().code, ErrorCode::kInvalid);
    EXPECT_NE(options.error().message.find(c.names), std::string::npos) << options.error().message;
  }
}

}  // namespace
}  // namespace cadre::agent
