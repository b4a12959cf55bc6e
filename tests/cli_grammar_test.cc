// `cadre grammar` as a user meets it: grades, refusals with a place and a reason, samples that are valid.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/exit_codes.h"
#include "base/json.h"
#include "cli_support.h"
#include "contract/schema_validate.h"
#include "store/sqlite.h"

namespace cadre::tests {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

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
  EXPECT_EQ((*value)["read_bytes"], 23);
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

TEST_F(CliGrammar, GrammarsAreCheckedReadAndWritten) {
  const std::string grammar = write("sum.gbnf", "root ::= term (\"+\" term)*\nterm ::= [0-9]+ | \"(\" root \")\"\n");
  const ProcessResult check = cadre({"grammar", "check", "--gbnf", grammar, "--json"});
  ASSERT_EQ(check.exit_status, app::kExitOk) << check.err;
  EXPECT_EQ((*base::parse_json(check.out))["tokens_min"], 1);
  EXPECT_EQ(cadre({"grammar", "accept", "--gbnf", grammar, write("ok.txt", "1+(2+3)")}).exit_status, app::kExitOk);
  const ProcessResult refused = cadre({"grammar", "accept", "--gbnf", grammar, write("no.txt", "1+(2+"), "--json"});
  EXPECT_EQ(refused.exit_status, app::kExitDeclined);
  EXPECT_EQ((*base::parse_json(refused.out))["read_bytes"], 5);
  const ProcessResult samples = cadre({"grammar", "sample", "--gbnf", grammar, "--budget", "9", "--count", "40"});
  ASSERT_EQ(samples.exit_status, app::kExitOk) << samples.err;
  const auto lines = lines_of(samples.out);
  EXPECT_EQ(lines.size(), 40u);
  for (const std::string& line : lines) EXPECT_LE(line.size(), 9u);
  const ProcessResult wrong = cadre({"grammar", "check", "--gbnf", write("wrong.gbnf", "root ::= missing\n")});
  EXPECT_EQ(wrong.exit_status, app::kExitDeclined);
  EXPECT_THAT(wrong.out, HasSubstr("missing"));
  EXPECT_EQ(cadre({"grammar", "check", "--gbnf", path("absent.gbnf")}).exit_status, app::kExitBadInput);
}

TEST_F(CliGrammar, RegularExpressionsAreCheckedReadAndWritten) {
  const std::string pattern = "[A-Z]{3}-[0-9]+";
  EXPECT_EQ(cadre({"grammar", "accept", "--regex", pattern, write("ok.txt", "ABC-12")}).exit_status, app::kExitOk);
  EXPECT_EQ(cadre({"grammar", "accept", "--regex", pattern, write("no.txt", "ABC-")}).exit_status, app::kExitDeclined);
  const ProcessResult samples = cadre({"grammar", "sample", "--regex", pattern, "--budget", "6", "--count", "20"});
  ASSERT_EQ(samples.exit_status, app::kExitOk) << samples.err;
  for (const std::string& line : lines_of(samples.out))
    EXPECT_THAT(line, testing::MatchesRegex("[A-Z][A-Z][A-Z]-[0-9]+"));
  EXPECT_EQ(cadre({"grammar", "sample", "--regex", pattern, "--budget", "4"}).exit_status, app::kExitBadInput);
  EXPECT_EQ(cadre({"grammar", "check", "--regex", "(x)\\1"}).exit_status, app::kExitDeclined);
}

TEST_F(CliGrammar, SqlIsWrittenForTheDatabaseGiven) {
  const std::string file = path("shop.sqlite");
  {
    auto database = store::Database::open(file);
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(database->exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT, amount REAL)").ok());
  }
  EXPECT_EQ(cadre({"grammar", "check", "--sql", file}).exit_status, app::kExitOk);
  EXPECT_EQ(cadre({"grammar", "accept", "--sql", file, write("ok.sql", "select city from orders where amount > 5")})
                .exit_status,
            app::kExitOk);
  EXPECT_EQ(cadre({"grammar", "accept", "--sql", file, write("no.sql", "select price from orders")}).exit_status,
            app::kExitDeclined);
  const ProcessResult samples = cadre({"grammar", "sample", "--sql", file, "--budget", "70", "--count", "30"});
  ASSERT_EQ(samples.exit_status, app::kExitOk) << samples.err;
  const auto lines = lines_of(samples.out);
  EXPECT_EQ(lines.size(), 30u);
  for (const std::string& line : lines) {
    EXPECT_TRUE(line.starts_with("SELECT")) << line;
    EXPECT_LE(line.size(), 70u) << line;
  }
}

TEST_F(CliGrammar, ABudgetIsOfTokensWhenAVocabularyIsGiven) {
  // All bytes in base64, and one token more.
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string lines;
  for (size_t byte = 0; byte < 256; ++byte) {
    lines += kDigits[byte >> 2];
    lines += kDigits[(byte & 3) << 4];
    lines += "== " + std::to_string(byte) + "\n";
  }
  lines += "T3Nsbw== 256\n";  // Oslo
  const ProcessResult samples = cadre({"grammar", "sample", "--schema", write("t.json", schema_), "--vocabulary",
                                       write("v.tiktoken", lines), "--budget", "20", "--count", "30", "--json"});
  ASSERT_EQ(samples.exit_status, app::kExitOk) << samples.err;
  for (const std::string& line : lines_of(samples.out)) {
    const auto value = base::parse_json(line);
    ASSERT_TRUE(value.ok()) << line;
    EXPECT_LE((*value)["tokens"].get<int>(), 20) << line;
    EXPECT_GE((*value)["bytes"].get<int>(), (*value)["tokens"].get<int>()) << line;
  }
  EXPECT_EQ(cadre({"grammar", "sample", "--schema", path("t.json")}).exit_status, app::kExitOk);
  EXPECT_EQ(cadre({"grammar", "sample"}).exit_status, app::kExitUsage);
}

TEST_F(CliGrammar, ValuesAreBoundToTheRequestAndTraced) {
  const std::string schema = write(
      "book.json",
      R"({"type":"object","x-grounded":true,"properties":{"place":{"type":"string"},"day":{"type":"string","x-normal":"date"},)"
      R"("id":{"type":"string","x-enum-from":"ids"}},"required":["place","day","id"],"additionalProperties":false})");
  const std::vector<std::string> bound = {
      "--schema", schema,      "--input", "a table at Zoes on May 3", "--set", "ids=@" + write("ids.txt", "r-1\nr-2\n"),
      "--today",  "2026-04-01"};
  const auto run = [&](const char* command, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"grammar", command};
    arguments.insert(arguments.end(), bound.begin(), bound.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cadre(arguments);
  };
  const ProcessResult accepted =
      run("accept", {write("yes.json", R"({"place":"Zoes","day":"2026-05-03","id":"r-2"})")});
  EXPECT_EQ(accepted.exit_status, app::kExitOk) << accepted.err;
  EXPECT_EQ(accepted.out,
            "accepted\nfrom      /place = input 11..15\nfrom      /day ~ input 19..24\nfrom      /id = ids[1]\n");
  EXPECT_EQ(run("accept", {write("no.json", R"({"place":"Chez Max","day":"2026-05-03","id":"r-2"})")}).exit_status,
            app::kExitDeclined);
  const ProcessResult samples = run("sample", {"--count", "5", "--json"});
  EXPECT_EQ(samples.exit_status, app::kExitOk) << samples.err;
  EXPECT_THAT(samples.out, HasSubstr("2026-05-03"));
  EXPECT_THAT(samples.out, HasSubstr("origins"));
  const ProcessResult unbound = cadre({"grammar", "sample", "--schema", schema});
  EXPECT_EQ(unbound.exit_status, app::kExitBadInput);
  EXPECT_THAT(unbound.err, HasSubstr("is not bound"));
  EXPECT_EQ(run("accept", {"--date-order", "year-day", write("any.json", "{}")}).exit_status, app::kExitBadInput);
}

TEST_F(CliGrammar, DecisionsAreListedWithTheirCandidates) {
  const std::string schema = write("t.json", schema_);
  const ProcessResult plain = cadre({"grammar", "decisions", "--schema", schema});
  ASSERT_EQ(plain.exit_status, app::kExitOk) << plain.err;
  EXPECT_THAT(plain.out, HasSubstr("Oslo | Rome"));
  const std::string text = R"({"type":"object","properties":{"q":{"type":"string"}},"required":["q"]})";
  const ProcessResult result =
      cadre({"grammar", "decisions", "--schema", write("q.json", text), "--input", "in Oslo", "--json"});
  const auto value = base::parse_json(result.out);
  ASSERT_TRUE(value.ok()) << result.out;
  const auto& point = (*value)["points"][0];
  EXPECT_EQ(point["kind"], "open");
  EXPECT_EQ(point["path"], "/q");
  EXPECT_EQ(point["candidates"][2]["bytes"], "\"Oslo\"");
  EXPECT_EQ(point["candidates"][2]["source"][0], 3);
  const ProcessResult none = cadre({"grammar", "decisions", "--schema", path("q.json")});
  EXPECT_THAT(none.out, HasSubstr("abstain"));
  const ProcessResult tools_listed =
      cadre({"grammar", "decisions", "--tools", write("tools.json", R"([{"name":"now","description":"Time"}])")});
  EXPECT_EQ(tools_listed.exit_status, app::kExitOk) << tools_listed.err;
  EXPECT_THAT(tools_listed.out, HasSubstr("no call"));
  EXPECT_EQ(cadre({"grammar", "decisions"}).exit_status, app::kExitUsage);
}

}  // namespace
}  // namespace cadre::tests
