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
  const ProcessResult result = cadre({"grammar", "check", write("u.json", R"({"type":"array","uniqueItems":true})"), "--json"});
  const auto value = base::parse_json(result.out);
  ASSERT_TRUE(value.ok()) << result.out;
  EXPECT_EQ((*value)["accept"], "exact");
  EXPECT_EQ((*value)["generate"], "narrowed");
  EXPECT_THAT((*value)["notes"][0]["path"].get<std::string>(), HasSubstr("uniqueItems"));
}

TEST_F(CliGrammar, CheckRefusesByNameAndPlace) {
  const ProcessResult result = cadre({"grammar", "check", write("bad.json", R"({"properties":{"a":{"pattern":"(x)\\1"}}})")});
  EXPECT_EQ(result.exit_status, app::kExitDeclined);
  EXPECT_THAT(result.out, HasSubstr("refused"));
  EXPECT_THAT(result.out, HasSubstr("#/properties/a/pattern"));
  EXPECT_EQ(cadre({"grammar", "check", path("absent.json")}).exit_status, app::kExitBadInput);
}

TEST_F(CliGrammar, AcceptSaysWhereAndWhy) {
  const std::string schema = write("t.json", schema_);
  EXPECT_EQ(cadre({"grammar", "accept", "--schema", schema, write("ok.json", R"( {"days": 3, "city": "Oslo"} )")}).exit_status, app::kExitOk);
  const ProcessResult refused = cadre({"grammar", "accept", "--schema", schema, write("no.json", R"({"city":"Oslo","days":15})"), "--json"});
  EXPECT_EQ(refused.exit_status, app::kExitDeclined);
  const auto value = base::parse_json(refused.out);
  ASSERT_TRUE(value.ok()) << refused.out;
  EXPECT_EQ((*value)["accepted"], false);
  EXPECT_EQ((*value)["read_bytes"], 24);
  EXPECT_THAT((*value)["reason"].get<std::string>(), HasSubstr("/days"));
}

TEST_F(CliGrammar, SamplesAreValidAndWithinTheBudget) {
  const ProcessResult result = cadre({"grammar", "sample", "--schema", write("t.json", schema_), "--budget", "30", "--count", "50"});
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

}  // namespace
}  // namespace cadre::tests
