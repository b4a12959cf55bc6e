// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/json_lines.h"
#include "contract/answers.h"
#include "eval/metrics.h"
#include "eval/oracle_engine.h"
#include "eval/spider_gold.h"
#include "eval/spider_suite.h"
#include "eval/tables_suite.h"
#include "eval/wikisql_suite.h"
#include "store/sqlite.h"

namespace cadre::eval {

using contract::finds_nothing;
using contract::same_answer;
using contract::same_call;
using contract::same_value;

namespace {

using contract::CellValue;
using contract::QueryResult;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Rows = std::vector<std::vector<CellValue>>;

QueryResult rows(Rows values) {
  return {{}, std::move(values), false, 0};
}

TEST(Answers, RowsAreComparedAsMultisets) {
  EXPECT_TRUE(same_answer(rows({{int64_t{1}}, {"b"}}), rows({{"B "}, {1.0}})));
  EXPECT_FALSE(same_answer(rows({{"a"}, {"a"}}), rows({{"a"}})));
  EXPECT_FALSE(same_answer(rows({{"a"}, {"a"}, {"b"}}), rows({{"a"}, {"b"}, {"b"}})));
  EXPECT_FALSE(same_answer(rows({{"a", "b"}}), rows({{"a"}})));
}

TEST(Answers, NumbersHaveARelativeTolerance) {
  EXPECT_TRUE(same_value(1e9, 1e9 + 100));
  EXPECT_FALSE(same_value(1e9, 1e9 + 10000));
  EXPECT_FALSE(same_value(0.0, 1e-9));
  EXPECT_TRUE(same_value("12.90", 12.9));
  EXPECT_FALSE(same_value(CellValue{}, 0.0));
  EXPECT_FALSE(same_value("28.5", "285"));
}

TEST(Answers, NothingIsNoRowOrOnlyNull) {
  EXPECT_TRUE(finds_nothing(rows({})));
  EXPECT_TRUE(finds_nothing(rows({{CellValue{}}})));
  EXPECT_FALSE(finds_nothing(rows({{int64_t{0}}})));
}

TEST(Answers, CallsAreTheSameUpToTheOrderOfConditions) {
  using contract::CompareOp;
  contract::SqlCall a{.select_column = 1};
  a.conditions = {{0, CompareOp::kEqual, "Berlin"}, {2, CompareOp::kGreater, "5.0"}};
  contract::SqlCall b{.select_column = 1};
  b.conditions = {{2, CompareOp::kGreater, "5"}, {0, CompareOp::kEqual, "berlin"}};
  EXPECT_TRUE(same_call(a, b));
  b.conditions[0].op = CompareOp::kLess;
  EXPECT_FALSE(same_call(a, b));
}

TEST(Metrics, PercentileIsTheNearestRank) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(percentile({3, 1, 2}, 0.99), 3);
  EXPECT_EQ(percentile({1, 2, 3, 4}, 0.5), 2);
}

TEST(Metrics, RiskFallsWithCoverage) {
  const RiskCoverage curve({{0.9, true}, {0.8, true}, {0.7, false}, {0.6, true}, {0.5, false}, {0, false, true}});
  EXPECT_DOUBLE_EQ(curve.coverage_at(0.0), 2.0 / 6);
  EXPECT_DOUBLE_EQ(curve.coverage_at(0.25), 4.0 / 6);
  EXPECT_DOUBLE_EQ(curve.risk_at(0.5).value(), 1.0 / 3);
  EXPECT_FALSE(curve.risk_at(1.0).has_value());  // one case is never answered
  EXPECT_NEAR(curve.area(), (0 + 0 + 1.0 / 3 + 0.25 + 0.4) / 5, 1e-12);
}

TEST(Metrics, CasesOfEqualConfidenceAreAnsweredTogether) {
  const RiskCoverage curve({{0.5, true}, {0.5, false}});
  EXPECT_DOUBLE_EQ(curve.coverage_at(0.4), 0);
  EXPECT_DOUBLE_EQ(curve.coverage_at(0.5), 1);
  EXPECT_DOUBLE_EQ(curve.calibration_error(), 0);
}

// A data set written by hand, and an engine that says what the test tells it to.
class Suite : public ::testing::Test {
 protected:
  Suite() {
    write("dev.tables.jsonl", R"({"id": "1-5", "header": ["City", "Orders"], "types": ["text", "real"],
        "rows": [["berlin", "5"], ["paris", "7"], ["oslo", "1,200"]]})");
    write(
        "dev.jsonl",
        R"({"table_id": "1-5", "question": "orders of Berlin", "sql": {"sel": 1, "agg": 0, "conds": [[0, 0, "Berlin"]]}}
{"table_id": "1-5", "question": "how many cities have over 6 orders", "sql": {"sel": 0, "agg": 3, "conds": [[1, 1, 6]]}, "cond_cells": [6.0]}

{"table_id": "1-5", "question": "largest orders below 2", "sql": {"sel": 1, "agg": 1, "conds": [[1, 2, "2"]]}}
)");
  }

  void write(const std::string& name, std::string text) {
    // A line of the file may stand on two lines here.
    for (size_t at = text.find(",\n   "); at != std::string::npos; at = text.find(",\n   ")) text.replace(at, 2, ", ");
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, text).ok());
  }

  SqlSuiteOptions options() const { return {.data = folder_.path()}; }

  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

class ScriptedEngine final : public engine::SpecialistEngine {
 public:
  std::map<std::string, Result<engine::SqlAttempt>> script;  // by question
  std::string name() const override { return "scripted 1"; }
  Result<engine::SqlAttempt> attempt_sql(const contract::Table&, const contract::SqlTask& task, size_t) override {
    const auto found = script.find(task.question);
    return found != script.end() ? found->second : engine::SqlAttempt{};
  }
};

contract::SqlCall berlin_orders() {
  contract::SqlCall call{.select_column = 1};
  call.conditions = {{0, contract::CompareOp::kEqual, "berlin", {2, 3}, contract::ValueOrigin::kCell}};
  return call;
}

contract::SqlCall count_over(const char* number) {
  contract::SqlCall call{.select_column = 0, .aggregate = contract::Aggregate::kCount};
  call.conditions = {{1, contract::CompareOp::kGreater, number, {5, 6}, contract::ValueOrigin::kNumber}};
  return call;
}

TEST_F(Suite, TheOracleIsRightWhereverCandidatesCanSayIt) {
  const WikiSqlSet set = WikiSqlSet::load(folder_.path(), "dev").value();
  OracleEngine oracle(set);
  const SuiteReport report = run_wikisql_suite(oracle, set, options()).value();
  EXPECT_EQ(report.number("cases"), 3);
  for (const char* name : {"execution_accuracy", "execution_guided_accuracy", "logical_form_accuracy",
                           "select_accuracy", "aggregate_accuracy", "where_accuracy", "valid", "coverage_at_risk_5"}) {
    EXPECT_EQ(report.number(name), 1) << name;
  }
  EXPECT_EQ(report.number("abstained"), 0);
  EXPECT_EQ(report.number("cases_gold_empty"), 1);
  EXPECT_EQ(report.number("execution_accuracy_gold_empty"), 1);
}

TEST_F(Suite, AnAbstentionAndAFailedEngineAreWrong) {
  ScriptedEngine engine;
  engine.script.emplace("orders of Berlin", engine::SqlAttempt{{{berlin_orders(), 0.9}}, 1, {}, {}});
  engine.script.emplace("largest orders below 2", Error{ErrorCode::kInternal, "broken"});
  const SuiteReport report = run_wikisql_suite(engine, options()).value();
  EXPECT_DOUBLE_EQ(report.number("execution_accuracy"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(report.number("abstained"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(report.number("failed"), 1.0 / 3);
  EXPECT_EQ(report.number("valid"), 1);

  SqlSuiteOptions strict = options();
  strict.confidence_min = 0.95;
  EXPECT_EQ(run_wikisql_suite(engine, strict).value().number("abstained"), 1);
}

TEST_F(Suite, ExecutionGuidanceOverrulesAProbableCandidateThatFindsNothing) {
  contract::SqlCall nothing = berlin_orders();
  nothing.conditions.push_back({0, contract::CompareOp::kEqual, "paris", {}, contract::ValueOrigin::kCell});
  contract::SqlCall invented = berlin_orders();
  invented.conditions[0].value = "atlantis";
  ScriptedEngine engine;
  engine.script.emplace(
      "orders of Berlin",
      engine::SqlAttempt{{{nothing, 0.5}, {invented, 0.2}, {berlin_orders(), 0.15}, {{}, 0.1}}, 1, {}, {}});
  // A count of 0 is an answer and stands.
  engine.script.emplace("how many cities have over 6 orders",
                        engine::SqlAttempt{{{count_over("5000"), 0.5}, {count_over("6"), 0.3}}, 1, {}, {}});
  SqlSuiteOptions two = options();
  two.limit = 2;
  const SuiteReport report = run_wikisql_suite(engine, two).value();
  EXPECT_EQ(report.number("execution_accuracy"), 0);
  EXPECT_EQ(report.number("valid"), 0.5);  // 5000 stands nowhere
  EXPECT_EQ(report.number("execution_guided_accuracy"), 1);
}

TEST_F(Suite, OwnTablesAreJudgedByTheirRowsAndByWhatMustBeDeclined) {
  write("t.csv", "City,Orders\nberlin,5\nparis,7\n");
  write("own.jsonl", R"({"table": "t.csv", "question": "orders of Berlin", "rows": [[5]]}
{"table": "t.csv", "question": "wrong rows", "rows": [[7]]}
{"table": "t.csv", "question": "declined", "rows": [["paris"]]}
{"table": "t.csv", "question": "write a poem", "rows": null}
{"table": "t.csv", "question": "answered all the same", "rows": null}
)");
  ScriptedEngine engine;
  for (const char* question : {"orders of Berlin", "wrong rows", "answered all the same"})
    engine.script.emplace(question, engine::SqlAttempt{{{berlin_orders(), 0.9}}, 1, {}, {}});
  for (const char* question : {"declined", "write a poem"})
    engine.script.emplace(question, engine::SqlAttempt{{{berlin_orders(), 0.9}}, 0.1, {}, {}});
  SqlSuiteOptions own = options();
  own.split = "own";
  own.answerable_min = 0.5;
  const auto report = run_tables_suite(engine, own);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->number("cases"), 5);
  EXPECT_EQ(report->number("answerable"), 3);
  EXPECT_DOUBLE_EQ(report->number("right"), 1.0 / 3);
  EXPECT_NEAR(report->number("wrong"), 1.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(report->number("declined"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(report->number("declined_unanswerable"), 0.5);
}

TEST_F(Suite, OwnTablesStayInTheirFolder) {
  ScriptedEngine engine;
  SqlSuiteOptions own = options();
  own.split = "own";
  for (const char* table : {"../t.csv", "/etc/passwd", ".hidden", "a\\\\b"}) {
    write("own.jsonl", fmt::format("{{\"table\": \"{}\", \"question\": \"q\", \"rows\": null}}", table));
    EXPECT_FALSE(run_tables_suite(engine, own).ok()) << table;
  }
}

TEST_F(Suite, PredictionsSayWhatWasReturned) {
  ScriptedEngine engine;
  engine.script.emplace("orders of Berlin", engine::SqlAttempt{{{berlin_orders(), 0.5}}, 0.5, {}, {}});
  SqlSuiteOptions with_file = options();
  with_file.predictions_path = folder_.path() + "/predictions.jsonl";
  ASSERT_TRUE(run_wikisql_suite(engine, with_file).ok());
  std::vector<std::string> lines;
  ASSERT_TRUE(base::for_each_json_line(with_file.predictions_path, [&](const base::Json& line) -> Result<bool> {
                lines.push_back(base::dump_json(line));
                return true;
              }).ok());
  EXPECT_THAT(
      lines,
      ElementsAre(R"({"index":0,"output":"SELECT \"col1\" FROM \"table_1_5\" WHERE \"col0\" = 'berlin'",)"
                  R"("result":[[5]],"probability":0.25,"abstained":false,"correct":true})",
                  R"({"index":1,"output":null,"result":null,"probability":0.0,"abstained":true,"correct":false})",
                  R"({"index":2,"output":null,"result":null,"probability":0.0,"abstained":true,"correct":false})"));
}

TEST_F(Suite, TheDatabaseOfASplitIsAskedWhereThereIsOne) {
  auto database = store::Database::open(folder_.path() + "/dev.sqlite").value();
  ASSERT_TRUE(
      database.exec("CREATE TABLE table_1_5 (col0 TEXT, col1 REAL); INSERT INTO table_1_5 VALUES ('berlin', 99)").ok());
  const WikiSqlSet set = WikiSqlSet::load(folder_.path(), "dev").value();
  const auto& item = set.cases()[0];
  const auto result = item.table->query(contract::to_sql(item.table->schema(), item.gold)).value();
  EXPECT_TRUE(same_value(result.rows.at(0).at(0), 99.0));
}

TEST_F(Suite, MalformedLinesAreNamed) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"{", "line 1"},
      {"[]", "line 1"},
      {R"({"table_id": "1-5"})", "\"question\" is missing"},
      {R"({"table_id": "9", "question": "q", "sql": {}})", "table \"9\" is not in"},
      {R"({"table_id": "1-5", "question": "q", "sql": {"sel": 7, "agg": 0, "conds": []}})",
       "\"sel\" is 7; it must be below 2"},
      {R"({"table_id": "1-5", "question": "q", "sql": {"sel": 0, "agg": -1, "conds": []}})", "\"agg\""},
      {R"({"table_id": "1-5", "question": "q", "sql": {"sel": 0, "agg": 0, "conds": [[0, 0]]}})",
       "[column, op, value]"},
      {R"({"table_id": "1-5", "question": "q", "sql": {"sel": 0, "agg": 0, "conds": [[0, 9, "x"]]}})", "operator"},
      {R"({"table_id": "1-5", "question": "q", "sql": {"sel": 0, "agg": 0, "conds": []}, "cond_cells": [1]})",
       "cond_cells"},
  };
  for (const auto& [line, why] : cases) {
    write("dev.jsonl", line);
    const auto set = WikiSqlSet::load(folder_.path(), "dev");
    ASSERT_FALSE(set.ok()) << line;
    EXPECT_THAT(set.error().message, HasSubstr(why)) << line;
    EXPECT_THAT(set.error().message, HasSubstr("line 1")) << line;
  }
  EXPECT_EQ(WikiSqlSet::load(folder_.path(), "absent").error().code, ErrorCode::kNotFound);
}

TEST_F(Suite, MalformedTablesAreNamed) {
  for (const char* line : {R"({"id": "1"})", R"({"id": "1", "header": ["a"], "types": [], "rows": []})",
                           R"({"id": "1", "header": ["a"], "types": ["date"], "rows": []})",
                           R"({"id": "1", "header": ["a"], "types": ["text"], "rows": [["x", "y"]]})",
                           R"({"id": "1", "header": ["a"], "types": ["text"], "rows": [[{}]]})"}) {
    write("dev.tables.jsonl", std::string("\n") + line);
    const auto set = WikiSqlSet::load(folder_.path(), "dev");
    ASSERT_FALSE(set.ok()) << line;
    EXPECT_THAT(set.error().message, HasSubstr("line 2")) << line;
  }
}

TEST(SpiderGold, QuestionsOfOneTableAreTold) {
  EXPECT_EQ(single_table_of("SELECT count(*) FROM head WHERE age  >  56"), "head");
  EXPECT_EQ(single_table_of("SELECT a FROM t WHERE b > (SELECT avg(b) FROM T)"), "t");
  EXPECT_EQ(single_table_of("SELECT a FROM t AS t1 WHERE b = 1 ORDER BY a, b"), "t");
  EXPECT_FALSE(single_table_of("SELECT a FROM t JOIN u").has_value());
  EXPECT_FALSE(single_table_of("SELECT a FROM t, u").has_value());
  EXPECT_FALSE(single_table_of("SELECT a FROM t AS x, u AS y").has_value());
  EXPECT_FALSE(single_table_of("SELECT a FROM (SELECT b FROM t)").has_value());
  EXPECT_FALSE(single_table_of("SELECT 'x").has_value());
}

TEST(SpiderGold, TheFormOfACallIsRecognised) {
  const contract::TableSchema schema{
      "Head", {{"name", "name", contract::ColumnType::kText}, {"age", "Age", contract::ColumnType::kReal}}};
  for (const char* sql :
       {"SELECT count(*) FROM head WHERE age  >  56", "select T1.name from Head as T1 where T1.age = 5;",
        "SELECT MAX(age) FROM head WHERE name = \"Bo\" AND age < -1.5"}) {
    EXPECT_TRUE(as_call(sql, schema).has_value()) << sql;
  }
  for (const char* sql :
       {"SELECT name, age FROM head", "SELECT name FROM head ORDER BY age", "SELECT count(DISTINCT name) FROM head",
        "SELECT name FROM head WHERE age >= 5", "SELECT name FROM head WHERE name > 'a'",
        "SELECT name FROM head WHERE age = name", "SELECT * FROM head", "SELECT lower(name) FROM head",
        "SELECT name FROM head WHERE age > (SELECT avg(age) FROM head)", "SELECT size FROM head", "", "SELECT",
        "SELECT name FROM head WHERE", "SELECT name FROM head WHERE age >", "SELECT name FROM head AS"}) {
    EXPECT_FALSE(as_call(sql, schema).has_value()) << sql;
  }
}

TEST_F(Suite, SpiderReportsWhatIsExpressibleAndWhatWasRight) {
  ASSERT_TRUE(base::make_directories(folder_.path() + "/databases").ok());
  {
    auto database = store::Database::open(folder_.path() + "/databases/shop.sqlite").value();
    ASSERT_TRUE(database
                    .exec("CREATE TABLE Orders (City TEXT, Amount INT); CREATE TABLE other (a);"
                          "INSERT INTO Orders VALUES ('Berlin', 5), ('Paris', 7)")
                    .ok());
  }
  write(
      "train.jsonl",
      R"({"db_id": "shop", "question": "amount in Berlin?", "query": "SELECT amount FROM orders WHERE city = \"Berlin\""}
{"db_id": "shop", "question": "cities by amount", "query": "SELECT city FROM orders ORDER BY amount"}
{"db_id": "shop", "question": "both", "query": "SELECT a FROM orders JOIN other"}
{"db_id": "gone", "question": "lost", "query": "SELECT a FROM b"}
{"db_id": "shop", "question": "broken", "query": "SELECT nothing FROM orders"}
)");
  contract::SqlCall amount{.select_column = 1};
  amount.conditions = {{0, contract::CompareOp::kEqual, "Berlin", {2, 3}, contract::ValueOrigin::kCell}};
  ScriptedEngine engine;
  engine.script.emplace("amount in Berlin?", engine::SqlAttempt{{{amount, 0.9}}, 1, {}, {}});
  SqlSuiteOptions train = options();
  train.split = "train";
  const SuiteReport report = run_spider_single_table_suite(engine, train).value();
  EXPECT_EQ(report.number("questions"), 5);
  EXPECT_EQ(report.number("cases"), 2);
  EXPECT_EQ(report.number("cases_without_database"), 1);
  EXPECT_EQ(report.number("cases_gold_failed"), 1);
  EXPECT_EQ(report.number("expressible"), 0.5);
  EXPECT_EQ(report.number("execution_accuracy"), 0.5);
  EXPECT_EQ(report.number("execution_accuracy_expressible"), 1);
  EXPECT_EQ(report.number("abstained_inexpressible"), 1);
  EXPECT_EQ(report.number("risk_at_coverage_50"), 0);
  EXPECT_TRUE(report.values.at("risk_at_coverage_60").is_null());
}

TEST_F(Suite, ADatabaseNameThatIsAPathIsRefused) {
  write("train.jsonl", R"({"db_id": "../secret", "question": "q", "query": "SELECT a FROM b"})");
  ScriptedEngine engine;
  SqlSuiteOptions train = options();
  train.split = "train";
  EXPECT_EQ(run_spider_single_table_suite(engine, train).error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cadre::eval
