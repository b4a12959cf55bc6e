// SPDX-License-Identifier: Apache-2.0
#include "eval/sql_grammar_suite.h"

#include <gtest/gtest.h>

#include "base/file.h"

#include "store/sqlite.h"

namespace cadre::eval {
namespace {

class SqlGrammarSuite : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(base::make_directories(folder_.path() + "/databases").ok());
    auto database = store::Database::open(folder_.path() + "/databases/shop.sqlite").value();
    ASSERT_TRUE(
        database
            .exec("CREATE TABLE orders (city TEXT, amount INT, shop INT REFERENCES shops(id));"
                  "CREATE TABLE shops (id INTEGER PRIMARY KEY, name TEXT);"
                  "INSERT INTO orders VALUES ('Berlin', 5, 1), ('Paris', 7, 1); INSERT INTO shops VALUES (1, 'a')")
            .ok());
  }
  void write_questions(const std::string& lines) {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/train.jsonl", lines).ok());
  }
  SqlGrammarOptions options(size_t walks) const {
    SqlGrammarOptions options;
    options.data = folder_.path();
    options.split = "train";
    options.walks = walks;
    return options;
  }
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(SqlGrammarSuite, GoldThatRunsIsAcceptedAndWhatIsWrittenRuns) {
  write_questions(R"({"db_id": "shop", "query": "SELECT amount FROM orders WHERE city = \"Berlin\""}
{"db_id": "shop", "query": "SELECT count(*) FROM orders AS T1 JOIN shops AS T2 ON T1.shop = T2.id"}
{"db_id": "shop", "query": "SELECT nothing FROM orders"}
{"db_id": "gone", "query": "SELECT a FROM b"}
)");
  const auto report = run_sql_grammar_suite(options(40));
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->questions, 4u);
  EXPECT_EQ(report->without_database, 1u);
  EXPECT_EQ(report->gold_failed, 1u);
  EXPECT_EQ(report->gold, 2u);
  EXPECT_EQ(report->gold_accepted, 2u);
  EXPECT_EQ(report->databases, 1u);
  EXPECT_GT(report->walks, 10u);
  EXPECT_GT(report->walk_tokens, report->walks);
  EXPECT_GT(report->with_rows, 0u);
  EXPECT_TRUE(report->failures.empty()) << report->failures[0];
  EXPECT_EQ(report->walks_stuck + report->walks_over_budget + report->not_prepared + report->not_executed, 0u);
}

TEST_F(SqlGrammarSuite, GoldThatTheGrammarRefusesIsCountedAndNamed) {
  write_questions(R"({"db_id": "shop", "query": "WITH a AS (SELECT 1) SELECT * FROM a"})");
  const auto report = run_sql_grammar_suite(options(0));
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->gold, 1u);
  EXPECT_EQ(report->gold_accepted, 0u);
  ASSERT_EQ(report->failures.size(), 1u);
  EXPECT_NE(report->failures[0].find("WITH a AS"), std::string::npos);
}

TEST_F(SqlGrammarSuite, ADatabaseNameThatIsAPathIsRefused) {
  write_questions(R"({"db_id": "../secret", "query": "SELECT a FROM b"})");
  EXPECT_EQ(run_sql_grammar_suite(options(0)).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cadre::eval
