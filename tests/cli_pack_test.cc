// `cadre pack` from a contract file to an answer: a model behind a scripted endpoint becomes a specialist, is asked, is refused where it invents, is
// asked again, and its pack's own tests tell whether it still does its job.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/test_endpoint.h"
#include "base/file.h"
#include "base/json.h"
#include "cli_support.h"

namespace cadre::tests {
namespace {

using base::Json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kContract = R"yaml(
name: amounts
version: "1"
purpose: finds the amount of money that a letter is about
input_schema: {type: object, properties: {letter: {type: string}}, required: [letter], additionalProperties: false}
output_schema:
  type: object
  properties:
    amount: {type: number, x-normal: number, x-copy: letter}
    currency: {enum: [EUR, CHF]}
    payer: {type: string, x-copy: {from: letter, maxWords: 3}}
  required: [amount, currency, payer]
  additionalProperties: false
question_member: letter
retry: {attempts: 2, transient_retries: 0}
calibration: {threshold: 0.3}
self_tests:
  - {name: a plain letter, input: {letter: "Ada owes you CHF 120."}, expect: {output: {amount: 120, currency: CHF, payer: Ada}}}
  - {name: nothing owed, input: {letter: "Good morning."}, expect: {refusal: "/amount"}}
)yaml";

class CliPack : public CliTest {
 protected:
  ProcessResult pack(const std::string& contract = kContract, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"pack",
                                          "--contract",
                                          write("amounts.yaml", contract),
                                          "--endpoint-model",
                                          "scripted",
                                          "--system-prompt",
                                          write("prompt.txt", "Find the amount.\n"),
                                          "--out",
                                          path("amounts.gguf")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cadre(std::move(arguments));
  }
  std::string cadre_file(const std::string& more = "") {
    const std::string port = std::to_string(script_.port());
    return write("cadre.yaml", "cadre: 1\nname: office\naddresses: [\"127.0.0.1:" + port +
                                   "\"]\nendpoints:\n  local: {url: \"http://127.0.0.1:" + port +
                                   "/v1\", model: scripted}\nspecialists:\n  amounts:\n    kind: endpoint\n    "
                                   "endpoint: local\n    pack: amounts.gguf\n" +
                                   more);
  }
  ProcessResult run(const std::string& letter) { return cadre({"run", "--json", "--cadre", cadre_file(), letter}); }
  static Json amount(int value, const std::string& payer) {
    return {{"amount", value}, {"currency", "CHF"}, {"payer", payer}};
  }

  agent::ScriptedEndpoint script_;
};

TEST_F(CliPack, AModelBehindAnEndpointBecomesASpecialistUnderItsContract) {
  const ProcessResult packed = pack();
  ASSERT_EQ(packed.exit_status, 0) << packed.err;
  EXPECT_THAT(packed.out,
              AllOf(HasSubstr("amounts@1 (kind json), for the model scripted behind an endpoint, 2 self-tests"),
                    HasSubstr("sha256 ")));
  Json invented = amount(120, "Ada");
  invented["iban"] = "CH93";
  script_.say(invented);
  script_.say(amount(120, "Ada"));
  const ProcessResult answered = run("Ada owes you CHF 120.");
  ASSERT_EQ(answered.exit_status, 0) << answered.err << answered.out;
  EXPECT_EQ(base::parse_json(answered.out).value()["value"], amount(120, "Ada"));
  EXPECT_EQ(script_.asked(), 2U) << "the invented field was refused, and the model asked again";
  const ProcessResult traced = cadre({"trace", base::parse_json(answered.out).value()["run"].get<std::string>()});
  EXPECT_THAT(traced.out, AllOf(HasSubstr(R"(/amount "120": normal of letter, /letter bytes 17 to 20 ($request.text))"),
                                HasSubstr(R"(/currency "CHF": enum)"),
                                HasSubstr(R"(/payer "Ada": copy of letter, /letter bytes 0 to 3 ($request.text))")));
}

TEST_F(CliPack, ACallThatIsGivenIsHeldToAPackWithoutItsModel) {
  const std::string contract =
      "name: keeper\nversion: \"1\"\npurpose: keeps a note\n"
      "input_schema: {type: object, properties: {note: {type: string}}, required: [note]}\n"
      "call_schema: {type: object, properties: {path: {const: n.txt}, content: {type: string, x-copy: note}}, "
      "required: [path, content]}\n"
      "tool: {kind: file, effect: idempotent}\n"
      "self_tests:\n- {name: asked, input: {note: tea}, expect: {refusal: \"\"}}\n";
  ASSERT_EQ(pack(contract).exit_status, 0);
  ASSERT_TRUE(base::make_directories(path("notes")).ok());
  const std::string file = write(
      "given.yaml",
      "cadre: 1\nname: office\nspecialists:\n  keeper: {kind: call, pack: amounts.gguf, tool: notes}\ntools:\n  notes: "
      "{kind: file, action: write, root: notes, effect: idempotent}\n");
  const ProcessResult checked = cadre({"check", file});
  EXPECT_EQ(checked.exit_status, 0) << checked.err;
  EXPECT_THAT(checked.out, AllOf(HasSubstr("amounts.gguf (keeper@1)"), HasSubstr("tool       notes (idempotent)"),
                                 HasSubstr("note     specialist keeper: 1 of the self-tests")));
  const Json json = base::parse_json(cadre({"check", "--json", file}).out).value();
  EXPECT_THAT(json["specialists"][0]["pack"].get<std::string>(), HasSubstr("amounts.gguf"));
  EXPECT_EQ(json["notes"].size(), 1U);
}

TEST_F(CliPack, AValueFromNowhereIsRefusedAndAskedForAgain) {
  ASSERT_EQ(pack().exit_status, 0);
  script_.say(amount(120, "Eve"));
  script_.say(amount(125, "Ada"));
  const ProcessResult refused = run("Ada owes you CHF 120.");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_EQ(script_.asked(), 2U);
  EXPECT_THAT(refused.out, HasSubstr("/amount"));
}

TEST_F(CliPack, SelfTestsTellByTheirExitStatus) {
  ASSERT_EQ(pack().exit_status, 0);
  script_.say(amount(120, "Ada"));
  const std::string file = cadre_file();
  const ProcessResult passed = cadre({"check", "--self-tests", file});
  EXPECT_EQ(passed.exit_status, 0) << passed.out << passed.err;
  EXPECT_THAT(passed.out, AllOf(HasSubstr("passed amounts: a plain letter"), HasSubstr("2 passed, 0 failed")));
  EXPECT_EQ(cadre({"check", file}).exit_status, 0);

  ASSERT_EQ(pack(std::string(kContract) + "  - {name: wrong, input: {letter: \"Ada owes you CHF 120 or 7.\"}, expect: "
                                          "{output: {amount: 7, currency: CHF, payer: Ada}}}\n",
                 {"--force"})
                .exit_status,
            0);
  const ProcessResult failed = cadre({"check", "--self-tests", "--json", file});
  EXPECT_EQ(failed.exit_status, 1);
  const Json results = base::parse_json(failed.out).value();
  EXPECT_EQ(results["ok"], false);
  ASSERT_EQ(results["self_tests"].size(), 3U);
  EXPECT_EQ(results["self_tests"][2]["difference"], "/amount");
}

TEST_F(CliPack, APackIsShownCheckedAndNotOverwritten) {
  ASSERT_EQ(pack().exit_status, 0);
  const ProcessResult shown = cadre({"inspect", path("amounts.gguf")});
  EXPECT_EQ(shown.exit_status, 0);
  EXPECT_THAT(shown.out, AllOf(HasSubstr("amounts@1"), HasSubstr("a number that letter mentions"),
                               HasSubstr("copied from letter, by word"), HasSubstr("nothing owed"),
                               HasSubstr("Find the amount.")));
  const Json json = base::parse_json(cadre({"inspect", "--json", path("amounts.gguf")}).out).value();
  EXPECT_EQ(json["metadata"]["cadre.contract"]["retry"]["attempts"], 2);
  EXPECT_EQ(json["metadata"]["cadre.model"], "scripted");
  EXPECT_EQ(cadre({"pack", "--check", path("amounts.gguf")}).exit_status, 0);
  const ProcessResult again = pack();
  EXPECT_EQ(again.exit_status, 4);
  EXPECT_THAT(again.err, HasSubstr("--force"));
}

TEST_F(CliPack, FaultsOfAContractAreLinesWithTheirPlaces) {
  std::string contract = kContract;
  contract.replace(contract.find("attempts: 2"), 11, "attempts: 0");
  contract.replace(contract.find("x-copy: letter"), 14, "x-copy: lettre");
  const ProcessResult faulty = pack(contract);
  EXPECT_EQ(faulty.exit_status, 4);
  EXPECT_THAT(faulty.err, HasSubstr("amounts.yaml:15:9: \"attempts\" must be a whole number from 1 to 16, not 0"));
  EXPECT_FALSE(base::file_exists(path("amounts.gguf")));
  EXPECT_EQ(cadre({"pack", "--contract", path("amounts.yaml")}).exit_status, 2);
  EXPECT_EQ(cadre({"pack", "--check", path("amounts.yaml")}).exit_status, 4);
}

TEST_F(CliPack, AFileThatLoosensTheContractIsRefusedAtItsLine) {
  ASSERT_EQ(pack().exit_status, 0);
  const ProcessResult refused = cadre({"check", cadre_file("    policy: {attempts_max: 3}\n")});
  EXPECT_EQ(refused.exit_status, 4);
  EXPECT_THAT(refused.err,
              HasSubstr("cadre.yaml:11:14: \"attempts_max\": the contract of amounts@1 allows at most 2, not 3"));
}

TEST_F(CliPack, ADeciderTakesTestsAndRunsThemOverTheirOwnTable) {
  const std::string root = std::string(CADRE_SOURCE_DIR) + "/";
  const std::string table =
      "Country,Capital,Continent\\nFrance,Paris,Europe\\nSpain,Madrid,Europe\\nKenya,Nairobi,Africa\\n";
  const auto packed = [&](const std::string& capital) {
    const std::string contract = "self_tests:\n  - name: a capital\n    table: \"" + table +
                                 "\"\n    input: {question: what is the capital of Kenya}\n    expect: {call: {sql: "
                                 "\"SELECT \\\"Capital\\\" FROM \\\"table\\\" "
                                 "WHERE \\\"Country\\\" = '" +
                                 capital + "'\"}}\n";
    return cadre({"pack", "--force", "--contract", write("tests.yaml", contract), "--model",
                  root + "specialists/sql.gguf", "--out", path("sql.gguf")});
  };
  ASSERT_EQ(packed("Kenya").exit_status, 0);
  write("t.csv", "a,b\n1,2\n3,4\n");
  const std::string file =
      write("cadre.yaml", "cadre: 1\nname: x\nspecialists:\n  s: {pack: sql.gguf, table: t.csv, purpose: p}\n");
  const ProcessResult passed = cadre({"check", "--self-tests", file});
  EXPECT_EQ(passed.exit_status, 0) << passed.out << passed.err;
  ASSERT_EQ(packed("Spain").exit_status, 0);
  EXPECT_EQ(cadre({"check", "--self-tests", file}).exit_status, 1);
  const ProcessResult refused = cadre({"pack", "--contract", write("more.yaml", "tool: http\n"), "--model",
                                       root + "specialists/sql.gguf", "--out", path("x.gguf")});
  EXPECT_EQ(refused.exit_status, 4);
  EXPECT_THAT(refused.err, HasSubstr("/tool: the pack's own contract fixes it"));
}

}  // namespace
}  // namespace cadre::tests
