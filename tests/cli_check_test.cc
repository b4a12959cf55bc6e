// `cadre check` as a user runs it: the shipped example, and a file with several faults.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "base/json.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using base::Json;
using ::testing::HasSubstr;

const std::string kRoot = std::string(CADRE_SOURCE_DIR) + "/";

using CliCheck = CliTest;

TEST_F(CliCheck, TheShippedExampleIsWholeAndItsColumnsAreShown) {
  const ProcessResult result = cadre({"check", kRoot + "examples/cadre.yaml"});
  EXPECT_EQ(result.exit_status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("cadre examples: 3 specialists"));
  EXPECT_THAT(result.out, HasSubstr("Area km2 (number)"));
}

TEST_F(CliCheck, JsonHasVersionsTablesAndColumns) {
  const ProcessResult result = cadre({"check", "--json", kRoot + "examples/cadre.yaml"});
  ASSERT_EQ(result.exit_status, 0) << result.err;
  const Json json = base::parse_json(result.out).value();
  EXPECT_EQ(json["ok"], true);
  ASSERT_EQ(json["specialists"].size(), 3U);
  EXPECT_EQ(json["specialists"][0]["name"], "countries");
  EXPECT_EQ(json["specialists"][0]["rows"], 60);
  EXPECT_EQ(json["specialists"][0]["columns"][1], (Json{{"name", "Capital"}, {"type", "text"}}));
  EXPECT_THAT(json["specialists"][0]["version"].get<std::string>(), HasSubstr("@"));
}

TEST_F(CliCheck, EveryFaultOfTheFileIsALineWithItsPlace) {
  const std::string file =
      write("cadre.yaml", "cadre: 1\nname: x\nspecialists:\n  s: {pack: no.gguf, table: no.csv}\ntool: 1\n");
  const ProcessResult result = cadre({"check", "--json", file});
  EXPECT_EQ(result.exit_status, 4);
  const Json json = base::parse_json(result.out).value();
  EXPECT_EQ(json["ok"], false);
  ASSERT_EQ(json["errors"].size(), 4U) << result.out;
  EXPECT_THAT(json["errors"][0].get<std::string>(), HasSubstr("cadre.yaml:4:3: key \"purpose\""));
  EXPECT_THAT(json["errors"][3].get<std::string>(), HasSubstr("cadre.yaml:5:1: unknown key \"tool\""));
  EXPECT_THAT(result.err, HasSubstr("cadre.yaml:4:7: \"pack\": there is no file"));
}

TEST_F(CliCheck, FilesThatCannotBeOpenedAreNamedWithTheirSpecialist) {
  write("bad.gguf", "not a pack");
  write("t.csv", "a,b\n1,2\n");
  const std::string file =
      write("cadre.yaml",
            "cadre: 1\nname: x\nspecialists:\n  s: {pack: bad.gguf, table: t.csv, purpose: p}\nrouter: bad.gguf\n");
  const ProcessResult result = cadre({"check", file});
  EXPECT_EQ(result.exit_status, 4);
  EXPECT_THAT(result.err, HasSubstr("cadre.yaml: specialist s: "));
  EXPECT_THAT(result.err, HasSubstr("cadre.yaml: router: "));
}

TEST_F(CliCheck, HelpHasAnExample) {
  EXPECT_THAT(cadre({"check", "--help"}).out, HasSubstr("cadre check examples/cadre.yaml"));
}

}  // namespace
}  // namespace cadre::tests
