// SPDX-License-Identifier: Apache-2.0
#include "eval/schema_suite.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "eval/contract_check.h"
#include "eval/decision_suite.h"
#include "eval/json_slices.h"
#include "eval/maskbench_suite.h"

namespace cadre::eval {
namespace {

class SuiteFolder : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) {
    const std::string full = folder_.path() + "/" + path;
    ASSERT_TRUE(base::make_directories(full.substr(0, full.rfind('/'))).ok());
    ASSERT_TRUE(base::replace_file(full, text).ok());
  }
  base::TemporaryDirectory folder_ = std::move(base::TemporaryDirectory::make()).value();
};

// Says yes to everything.
SchemaJudge yes_judge() {
  return [](std::string_view, const contract::SchemaOptions&) -> Result<InstanceJudge> {
    return InstanceJudge([](std::string_view) -> Result<bool> { return true; });
  };
}

TEST(JsonSlices, PiecesAreCutWhereTheyStand) {
  const auto items = array_slices(R"( [1.0, "a,]\"", {"x": [1, 2]}, []] )");
  ASSERT_EQ(items.size(), 4u);
  EXPECT_EQ(items[0], "1.0");
  EXPECT_EQ(items[1], R"("a,]\"")");
  EXPECT_EQ(items[2], R"({"x": [1, 2]})");
  EXPECT_EQ(items[3], "[]");
  EXPECT_TRUE(array_slices("[ ]").empty());
  EXPECT_TRUE(array_slices("{}").empty());
  EXPECT_EQ(member_slice(R"({"a:": {"b": 1}, "b" : 1e2 })", "b"), "1e2");
  EXPECT_EQ(member_slice(R"({"a:": {"b": 1}})", "a:"), R"({"b": 1})");
  EXPECT_FALSE(member_slice(R"({"a": {"b": 1}})", "b").has_value());
  for (const char* text : {"", "[", "{\"a", "{\"a\":", "[1,", "\"", "{\"a\":\"\\"}) {
    array_slices(text);
    member_slice(text, "a");
  }
}

TEST_F(SuiteFolder, TheOfficialSuiteIsCountedByFile) {
  write("remotes/item.json", R"({"type": "integer"})");
  write("tests/draft2020-12/a.json", R"([
    {"description": "g", "schema": {"items": {"$ref": "http://localhost:1234/item.json"}}, "tests": [
      {"description": "t1", "data": [1], "valid": true}, {"description": "t2", "data": ["x"], "valid": false}]},
    {"description": "h", "schema": {"$ref": "http://elsewhere/x"}, "tests": [{"description": "t", "data": 1, "valid": true}]}])");
  write(
      "tests/draft2020-12/b.json",
      R"([{"description": "wrong on purpose", "schema": true, "tests": [{"description": "t", "data": 1, "valid": false}]}])");
  write("tests/draft2020-12/optional/c.json", "not read");
  const auto report = run_schema_suite({.data = folder_.path()}, validator_judge()).value();
  EXPECT_EQ(report.total.tests, 4u);
  EXPECT_EQ(report.total.right, 2u);
  EXPECT_EQ(report.files.at("a.json").refused, 1u);
  EXPECT_EQ(report.files.at("b.json").wrong_accepts, 1u);
  ASSERT_EQ(report.complaints.size(), 2u);
  EXPECT_EQ(report.complaints[1], "b.json: wrong on purpose: t: wrongly accepted");
  EXPECT_EQ(run_schema_suite({.data = folder_.path()}, yes_judge())->total.wrong_accepts, 2u);
}

TEST_F(SuiteFolder, TheFolderNamesTheDraftOfSchemasThatNameNone) {
  write("remotes/none.json", "{}");
  for (const char* draft : {"draft4", "draft7"})
    write(
        std::string("tests/") + draft + "/a.json",
        R"([{"description": "g", "schema": {"if": true, "then": false}, "tests": [{"description": "t", "data": 1, "valid": false}]}])");
  EXPECT_EQ(run_schema_suite({.data = folder_.path(), .folder = "draft7"}, validator_judge())->total.right, 1u);
  EXPECT_EQ(run_schema_suite({.data = folder_.path(), .folder = "draft4"}, validator_judge())->total.wrong_accepts, 1u);
  EXPECT_FALSE(run_schema_suite({.data = folder_.path(), .folder = "draft3"}, validator_judge()).ok());
  EXPECT_FALSE(run_schema_suite({.data = folder_.path() + "/nowhere"}, validator_judge()).ok());
}

TEST_F(SuiteFolder, MaskBenchIsCountedBySplit) {
  write(
      "Easy---1.json",
      R"({"description": "d", "schema": {"type": "integer"}, "tests": [{"valid": true, "data": 1}, {"valid": false, "data": 1.5}]})");
  write(
      "Easy---2.json",
      R"({"schema": {"format": "date"}, "tests": [{"valid": false, "data": "x"}, {"valid": true, "data": "2020-01-01"}]})");
  write("Hard_x_1.json",
        R"({"schema": {"type": "any"}, "tests": [{"valid": true, "data": 1}, {"valid": false, "data": 2}]})");
  write("Hard_x_2.json", R"({"schema": false, "tests": [{"valid": true, "data": 1}]})");
  size_t progress = 0;
  const auto report =
      run_maskbench({.data = folder_.path(), .on_progress = [&](size_t done, size_t) { progress = done; }},
                    validator_judge())
          .value();
  EXPECT_EQ(progress, 4u);
  const auto& easy = report.splits.at("Easy");
  EXPECT_EQ(easy.schemas, 2u);
  EXPECT_EQ(easy.passing, 2u);
  EXPECT_EQ(easy.invalid_refused, 2u);
  const auto& hard = report.splits.at("Hard");
  EXPECT_EQ(hard.refused, 1u);
  EXPECT_EQ(hard.passing, 0u);
  EXPECT_EQ(hard.valid, 2u);
  EXPECT_EQ(hard.valid_accepted, 0u);
  EXPECT_EQ(hard.invalid, 0u) << "instances of refused schemas are not counted as refused";
  EXPECT_EQ(report.refusals.at("invalid: type"), 1u);
  EXPECT_EQ(report.total.schemas, 4u);
  EXPECT_EQ(run_maskbench({.data = folder_.path(), .assert_formats = false}, validator_judge())->total.wrong_accepts(),
            1u);
  EXPECT_EQ(run_maskbench({.data = folder_.path()}, yes_judge())->total.wrong_accepts(), 3u);
  EXPECT_FALSE(run_maskbench({.data = folder_.path() + "/nowhere"}, yes_judge()).ok());
}

TEST_F(SuiteFolder, DecisionWalksEndValidAndReachInstances) {
  write(
      "Easy---1.json",
      R"({"schema": {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}, "required": ["a"]},)"
      R"( "tests": [{"valid": true, "data": {"a": "some words", "n": -4}}, {"valid": true, "data": {"a": ""}}, {"valid": false, "data": 1}]})");
  write("Hard_1.json", R"({"schema": false, "tests": []})");
  const auto report = run_decision_suite({.data = folder_.path(), .walks = 20}).value();
  EXPECT_EQ(report.total.schemas, 2u);
  EXPECT_EQ(report.total.compiled, 1u);
  EXPECT_EQ(report.total.done, 20u);
  EXPECT_EQ(report.total.invalid, 0u);
  EXPECT_EQ(report.total.instances, 2u);
  EXPECT_EQ(report.total.reached, 1u);  // an empty text is no span
  EXPECT_EQ(report.missed.at("open"), 1u);
  const auto texts = run_decision_suite({.data = folder_.path(), .number_words = false, .split = "Easy"}).value();
  EXPECT_EQ(texts.total.reached, 0u);
}

TEST_F(SuiteFolder, ContractsAreHeldToTheirPromises) {
  write(
      "a---1.json",
      R"({"schema":{"type":"object","properties":{"name":{"type":"string","maxLength":4},"n":{"type":"integer","minimum":3}},"required":["n"],"additionalProperties":false},)"
      R"("tests":[{"valid":true,"data":{"n":5,"name":"ab"}},{"valid":false,"data":{"n":1}}]})");
  write("b---1.json", R"({"schema":{"not":{}},"tests":[{"valid":false,"data":[]}]})");
  ContractCheckOptions options;
  options.data = folder_.path();
  options.states = 60;
  options.instances = 400;
  options.walks = 40;
  options.tokens = {"{\"", "\":", "n\"", "na", "me", "123", "{\"n\":", "  "};
  options.threads = 2;
  const auto report = check_contracts(options).value();
  EXPECT_EQ(report.failures, std::vector<std::string>{});
  EXPECT_EQ(report.schemas, 2u);
  EXPECT_EQ(report.schemas_generating, 1u);
  EXPECT_EQ(report.instances, 400u);
  EXPECT_EQ(report.walks, 20u);  // nothing can be written for the other
  EXPECT_GT(report.states, 50u);
  EXPECT_GT(report.instances_valid, 10u);
  EXPECT_LT(report.instances_valid, 200u);
  options.threads = 1;
  EXPECT_EQ(check_contracts(options).value().tokens_tried, report.tokens_tried);
}

}  // namespace
}  // namespace cadre::eval
