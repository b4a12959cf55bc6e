// SPDX-License-Identifier: Apache-2.0
#include "eval/tools_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.h"

namespace cadre::eval {
namespace {

using testing::HasSubstr;

class ToolsSuite : public testing::Test {
 protected:
  ToolsSuite() {
    write(
        "tool.jsonl",
        R"({"api_name": "getWind", "api_description": "wind speed", "parameters": {"city": {"type": "str", "description": "where"}}}
{"api_name": "getTide", "api_description": "height of the sea", "parameters": {"hour": {"type": "int"}}}
{"api_name": "bookRoom", "api_description": "a hotel", "parameters": {}}
)");
    write("dev.jsonl", R"({"query": "wind in Ulm", "calling": [{"api": "getWind"}]}
{"query": "sea height and a hotel", "calling": [{"api": "getTide"}, {"api": "bookRoom"}]}
{"query": "nothing like it", "calling": [{"api": "bookRoom"}]}
)");
  }
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, text).ok());
  }
  Result<SuiteReport> run(ToolsSuiteOptions options = {}) {
    options.data = folder_.path();
    return run_tools_suite(options, clock_);
  }
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
  base::ManualClock clock_;
};

TEST_F(ToolsSuite, CountsWhatWasFoundOfWhatIsNeeded) {
  const std::string predictions = folder_.path() + "/p.jsonl";
  const SuiteReport report = run({.predictions_path = predictions}).value();
  EXPECT_EQ(report.number("cases"), 3);
  EXPECT_EQ(report.number("tools"), 3);
  EXPECT_EQ(report.number("single_cases"), 2);
  EXPECT_DOUBLE_EQ(report.number("single_recall_at_1"), 0.5);
  EXPECT_DOUBLE_EQ(report.number("multi_recall_at_1"), 0.5);
  EXPECT_DOUBLE_EQ(report.number("multi_all_at_1"), 0);
  EXPECT_DOUBLE_EQ(report.number("multi_all_at_5"), 1);
  EXPECT_GT(report.number("index_bytes"), 0);
  for (const auto& [key, value] : report.values.items()) EXPECT_TRUE(value.is_number()) << key;
  const std::string lines = base::read_file(predictions).value();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
  EXPECT_THAT(lines, HasSubstr(R"("tools":["bookRoom"],"found":[],"ranks":[-1])"));
}

TEST_F(ToolsSuite, HalvesAreByTheNumberOfTheLine) {
  EXPECT_EQ(run({.half = CaseHalf::kEven}).value().number("single_cases"), 2);
  EXPECT_EQ(run({.half = CaseHalf::kOdd}).value().number("multi_cases"), 1);
  EXPECT_FALSE(case_half("third").ok());
}

TEST_F(ToolsSuite, FilesThatCannotBeMeasuredAreErrorsWithTheLine) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"query": "q", "calling": [{"api": "gone"}]})", "\"gone\" is not in the catalogue"},
      {R"({"query": "q", "calling": []})", "needs a tool"},
      {R"({"calling": [{"api": "getWind"}]})", "query"}};
  for (const auto& [line, why] : cases) {
    write("dev.jsonl", line);
    const auto report = run();
    ASSERT_FALSE(report.ok()) << line;
    EXPECT_THAT(report.error().message, HasSubstr(why));
    EXPECT_THAT(report.error().message, HasSubstr("line 1"));
  }
  write("dev.jsonl", "");
  EXPECT_FALSE(run().ok());
  write("tool.jsonl", R"({"api_name": "a", "api_description": "", "parameters": {}}
{"api_name": "a", "api_description": "", "parameters": {}})");
  EXPECT_THAT(run().error().message, HasSubstr("two tools \"a\""));
}

}  // namespace
}  // namespace cadre::eval
