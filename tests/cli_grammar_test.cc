// `cadre grammar` as a user meets it: grades, refusals with a place and a reason, samples that are valid.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/exit_codes.h"
#include "base/json.h"
#include "cli_support.h"
#include "contract/schema_validate.h"

namespace cadre::tests {
namespace {

using ::testing::HasSubstr;

class CliGrammar : public CliTest {
 protected:
  const std::string schema_ =
      R"({"type":"object","properties":{"city":{"enum":["Oslo","Rome"]},"days":{"type":"integer","minimum":1,"maximum":14}},)"
      R"("required":["city"],"additionalProperties":false})";
};

TEST_F(CliGrammar, CheckGradesASchema) {
  const std::string file = write("t.json", schema_);
  const ProcessResult plain = cadre({"grammar", "check", file});
  EXPECT_EQ(plain.exit_status, app::kExitOk) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("accept    exact"));
  const ProcessResult result =
      cadre({"grammar", "check", write("u.json", R"({"type":"array","uniqueItems":true})"), "--json"});
  const auto value = base::parse_json(result.out);
  ASSERT_TRUE(value.ok()) << result.out;
  EXPECT_EQ((*value)["accept"], "exact");
  EXPECT_EQ((*value)["generate"], "narrowed");
  EXPECT_THAT((*value)["notes"][0]["path"].get<std::string>(), HasSubstr("uniqueItems"));
}

TEST_F(CliGrammar, CheckRefusesByNameAndPlace) {
  const ProcessResult result =
      cadre({"grammar", "check", write("bad.json", R"({"properties":{"a":{"pattern":"(x)\\1"}}})")});
  EXPECT_EQ(result.exit_status, app::kExitDeclined);
  EXPECT_THAT(result.out, HasSubstr("refused"));
  EXPECT_THAT(result.out, HasSubstr("#/properties/a/pattern"));
  EXPECT_EQ(cadre({"grammar", "check", path("absent.json")}).exit_status, app::kExitBadInput);
}

TEST_F(CliGrammar, AcceptSaysWhereAndWhy) {
  const std::string schema = write("t.json", schema_);
  EXPECT_EQ(cadre({"grammar", "accept", "--schema", schema, write("ok.json", R"( {"days": 3, "city": "Oslo"} )")})
                .exit_status,
            app::kExitOk);
  const ProcessResult refused =
      cadre({"grammar", "accept", "--schema", schema, write("no.json", R"({"city":"Oslo","days":15})"), "--json"});
  EXPECT_EQ(refused.exit_status, app::kExitDeclined);
  const auto value = base::parse_json(refused.out);
  ASSERT_TRUE(value.ok()) << refused.out;
  EXPECT_EQ((*value)["accepted"], false);
  EXPECT_EQ((*value)["read_bytes"], 24);
  EXPECT_THAT((*value)["reason"].get<std::string>(), HasSubstr("/days"));
}

TEST_F(CliGrammar, SamplesAreValidAndWithinTheBudget) {
  const ProcessResult result =
      cadre({"grammar", "sample", "--schema", write("t.json", schema_), "--budget", "30", "--count", "50"});
  ASSERT_EQ(result.exit_status, app::kExitOk) << result.err;
  const auto schema = contract::read_schema(schema_);
  ASSERT_TRUE(schema.ok());
  size_t lines = 0;
  for (size_t begin = 0; begin < result.out.size();) {
    const size_t end = result.out.find('\n', begin);
    const std::string line = result.out.substr(begin, end - begin);
    begin = end + 1;
    ++lines;
    EXPECT_LE(line.size(), 30u);
    const auto document = contract::parse_document(line);
    ASSERT_TRUE(document.ok()) << line;
    EXPECT_TRUE(contract::validate_document(*schema, *document)->valid) << line;
  }
  EXPECT_EQ(lines, 50u);
  EXPECT_EQ(cadre({"grammar", "sample", "--schema", path("t.json"), "--budget", "14"}).exit_status, app::kExitBadInput);
}

class CliTools : public CliTest {
 protected:
  std::string tools() {
    return write(
        "tools.json",
        R"([{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":)"
        R"({"city":{"enum":["Oslo","Rome"]}},"required":["city"]}}},{"type":"function","function":{"name":"now"}}])");
  }
};

TEST_F(CliTools, CheckGradesASetAndNamesTheToolThatCannotBe) {
  const ProcessResult result = cadre({"grammar", "check", "--tools", tools(), "--choice", "required"});
  EXPECT_EQ(result.exit_status, app::kExitOk);
  EXPECT_THAT(result.out, HasSubstr("tools     2\naccept    exact\ngenerate  exact\n"));
  const std::string bad = write("bad.json", R"([{"name":"x","parameters":{"properties":{"a":{"type":"strin"}}}}])");
  const ProcessResult refused = cadre({"grammar", "check", "--tools", bad});
  EXPECT_EQ(refused.exit_status, app::kExitBadInput);
  EXPECT_THAT(refused.err, HasSubstr("tool \"x\": #/properties/a/type"));
  EXPECT_EQ(cadre({"grammar", "check", "--tools", tools(), "--choice", "absent"}).exit_status, app::kExitBadInput);
  EXPECT_EQ(cadre({"grammar", "check", "--tools", tools(), "--format", "xml"}).exit_status, app::kExitBadInput);
  EXPECT_EQ(cadre({"grammar", "check"}).exit_status, app::kExitUsage);
}

TEST_F(CliTools, AcceptSaysWhatIsCalledOrWhatIsWrong) {
  const std::string answer = write("a.txt", "See:<function=get_weather>{\"city\": \"Oslo\"}</function>\n");
  const ProcessResult accepted =
      cadre({"grammar", "accept", "--tools", tools(), "--format", "functions", answer, "--json"});
  EXPECT_EQ(accepted.exit_status, app::kExitOk);
  const base::Json value = base::parse_json(accepted.out).value();
  EXPECT_EQ(value["content"], "See:");
  EXPECT_EQ(value["calls"][0]["name"], "get_weather");
  EXPECT_EQ(value["calls"][0]["arguments"], "{\"city\": \"Oslo\"}");
  const ProcessResult refused =
      cadre({"grammar", "accept", "--tools", tools(), "--format", "functions", "--choice", "now", answer});
  EXPECT_EQ(refused.exit_status, app::kExitDeclined);
  EXPECT_THAT(refused.out, HasSubstr("refused after 0 bytes: at byte 0 of the answer: a call begins with <function="));
}

TEST_F(CliTools, SamplesAreAnswersOfTheSetInEveryFormat) {
  for (const char* format : {"hermes", "llama3", "mistral", "openai", "functions"}) {
    for (const char* choice : {"none", "auto", "required", "now"}) {
      const ProcessResult result = cadre({"grammar", "sample", "--tools", tools(), "--choice", choice, "--format",
                                          format, "--parallel", "3", "--count", "3", "--json"});
      ASSERT_EQ(result.exit_status, app::kExitOk) << format << " " << choice << ": " << result.err;
      const base::Json value = base::parse_json(result.out.substr(0, result.out.find('\n'))).value();
      EXPECT_EQ(value["calls"].empty(), std::string(choice) == "none") << result.out;
    }
  }
}

}  // namespace
}  // namespace cadre::tests
