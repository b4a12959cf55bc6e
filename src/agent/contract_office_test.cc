// A pack's contract in a cadre: what the file may narrow, what is refused and asked again, and the pack's own tests.
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/contract_pack.h"
#include "agent/self_tests.h"
#include "agent/test_endpoint.h"
#include "agent/test_office.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kBookingContract = R"yaml(
name: booking
version: "2"
purpose: who wants a table, and when
instruction: Find the restaurant, the guest and the number of guests.
input_schema:
  type: object
  properties: {mail: {type: string}, guests: {type: array, items: {type: string}}}
  required: [mail, guests]
  additionalProperties: false
output_schema:
  type: object
  properties:
    restaurant: {type: string, x-copy: {from: mail, minWords: 1, maxWords: 4}}
    guest: {type: string, x-enum-from: guests}
    count: {type: integer, x-normal: number, x-copy: mail}
  required: [restaurant, guest, count]
  additionalProperties: false
conditions: {before: ["call.count <= 12"]}
retry: {attempts: 2, transient_retries: 1, backoff_ms: 1, timeout_ms: 5000, excluded_calls: [{restaurant: Nowhere, guest: Ada, count: 2}]}
calibration: {threshold: 0.3, points: [[0, 0], [1, 0.8]]}
self_tests:
  - name: a plain mail
    input: {mail: "A table at Blue Door for 4, please.", guests: [Ada, Ben]}
    expect: {output: {restaurant: Blue Door, guest: Ada, count: 4}}
  - name: too many
    input: {mail: "A table at Blue Door for 40, please.", guests: [Ada]}
    expect: {refusal: "call.count <= 12"}
)yaml";
// Of a note that somebody has written and somebody else, or a form, has put into a file.
constexpr const char* kKeeperContract = R"yaml(
name: keeper
version: "3"
purpose: keeps a note
instruction: Write the note to a file.
known: {files: [note.txt, list.txt]}
input_schema: {type: object, properties: {note: {type: string}, count: {type: integer}}, required: [note]}
call_schema:
  type: object
  properties: {path: {type: string, x-enum-from: files}, content: {type: string, x-copy: input}}
  required: [path, content]
  additionalProperties: false
tool: {kind: file, effect: idempotent}
conditions: {before: ["size(call.content) < size(input.note)"]}
retry: {attempts: 1, timeout_ms: 5000, excluded_calls: [{path: note.txt, content: rent}]}
calibration: {threshold: 0.3, points: [[0, 0], [1, 0.8]]}
self_tests:
  - {name: given, input: {note: "buy tea, please", path: note.txt, content: buy tea}, expect: {call: {path: note.txt, content: buy tea}}}
  - {name: given wrongly, input: {note: "buy tea, please", path: note.txt, content: coffee}, expect: {refusal: /content}}
  - {name: asked, input: {note: "buy tea, please"}, expect: {call: {path: note.txt, content: buy tea}}}
)yaml";
constexpr const char* kFolderTool = "  notes: {kind: file, action: write, root: notes, effect: idempotent}\n";
const Json kMail = {{"mail", "A table at Blue Door for 4, please."}, {"guests", {"Ada", "Ben"}}};

class ContractOffice : public OfficeFixture {
 protected:
  void pack(const std::string& contract = kBookingContract) {
    const auto written = write_contract_pack(
        {.contract_text = contract, .name = "c.yaml", .endpoint_model = "scripted", .out_path = path("booking.gguf")});
    ASSERT_TRUE(written.ok()) << written.error().message;
  }
  std::string text_with(const std::string& more, const std::string& model = "scripted") const {
    const std::string port = std::to_string(script_.port());
    return "cadre: 1\nname: office\naddresses: [\"127.0.0.1:" + port +
           "\"]\nendpoints:\n  model: {url: \"http://127.0.0.1:" + port + "/v1\", model: " + model +
           "}\nspecialists:\n  booking:\n    kind: endpoint\n    endpoint: model\n    pack: booking.gguf\n" + more;
  }
  std::string problem_of(const std::string& more, const std::string& model = "scripted") {
    const auto file = read(text_with(more, model));
    if (!file.ok()) return file.error().message;
    const auto cadre = open_cadre(*file);
    return cadre.ok() ? "accepted" : cadre.error().message;
  }
  // A specialist that is given its calls, under the contract of the pack.
  static std::string direct_text(const std::string& more = "", const std::string& tool = kFolderTool) {
    return "cadre: 1\nname: office\nspecialists:\n  keeper:\n    kind: call\n    pack: booking.gguf\n    tool: "
           "notes\n" +
           more + "tools:\n" + tool;
  }
  std::string direct_problem_of(const std::string& more = "", const std::string& tool = kFolderTool) {
    const auto file = read(direct_text(more, tool));
    if (!file.ok()) return file.error().message;
    const auto cadre = open_cadre(*file);
    return cadre.ok() ? "accepted" : cadre.error().message;
  }
  std::vector<SelfTestResult> self_tests(const std::string& more = "") {
    const auto cadre = open_cadre(read(text_with(more)).value());
    EXPECT_TRUE(cadre.ok()) << cadre.error().message;
    return run_self_tests(**cadre).value();
  }
  static Json booking(const std::string& restaurant, const std::string& guest, int count) {
    return {{"restaurant", restaurant}, {"guest", guest}, {"count", count}};
  }

  ScriptedEndpoint script_;
};

TEST_F(ContractOffice, AnInventedFieldAndAWrongOriginAreRefusedAndAskedAgain) {
  pack();
  open_text(text_with(""));
  Json invented = booking("Blue Door", "Ada", 4);
  invented["iban"] = "DE00";
  script_.say(invented);
  script_.say(booking("Blue Door", "Ada", 4));
  const RunView first = ask({.specialist = "booking", .input = kMail});
  ASSERT_EQ(first.status, RunStatus::kAnswered) << first.message;
  EXPECT_EQ(script_.asked(), 2U);
  EXPECT_THAT(script_.last_request(), HasSubstr("iban"));  // why the attempt before was refused
  EXPECT_NEAR(first.confidence, 0.8 * 2 / 3, 1e-9);        // as calibrated

  open_text(text_with(""));
  for (const Json& wrong :
       {booking("Red Door", "Ada", 4), booking("Blue Door", "Eve", 4), booking("Blue Door", "Ada", 5)}) {
    const size_t asked = script_.asked();
    script_.say(wrong);
    script_.say(wrong);
    ask({.specialist = "booking", .input = kMail});  // what the script said last
    const RunView view = ask({.specialist = "booking", .input = kMail});
    EXPECT_NE(view.status, RunStatus::kAnswered) << wrong;
    EXPECT_GT(script_.asked(), asked + 2);
  }
}

TEST_F(ContractOffice, TheEndpointIsAskedWithASchemaThatItKnows) {
  pack();
  open_text(text_with(""));
  script_.say(booking("Blue Door", "Ben", 4));
  ASSERT_EQ(ask({.specialist = "booking", .input = kMail}).status, RunStatus::kAnswered);
  const Json asked = base::parse_json(script_.last_request()).value();
  const std::string schema = base::dump_json(asked["response_format"]);
  EXPECT_THAT(schema, HasSubstr(R"("enum":["Ada","Ben"])"));
  EXPECT_EQ(schema.find("x-"), std::string::npos) << schema;
  EXPECT_THAT(asked["messages"][0]["content"].get<std::string>(),
              AllOf(HasSubstr("x-enum-from"), HasSubstr("Find the restaurant")));
}

TEST_F(ContractOffice, TheAnswerSaysWhereEachValueOfItsCallComesFrom) {
  pack();
  open_text(text_with(""));
  script_.say(booking("Blue Door", "Ben", 4));
  const RunView view = ask({.specialist = "booking", .input = kMail});
  ASSERT_EQ(view.status, RunStatus::kAnswered) << view.message;
  const Json expected = Json::parse(R"([
    {"role":"value","words":[{"begin":11,"end":20,"text":"Blue Door"}],"place":"/restaurant","value":"Blue Door","origin":"copy",
     "source":"mail","from":"/mail","reference":"$request.input.mail","occurrences":1},
    {"role":"value","words":[],"place":"/guest","value":"Ben","origin":"list","source":"guests","from":"/guests/1",
     "reference":"$request.input.guests.1"},
    {"role":"value","words":[{"begin":25,"end":26,"text":"4"}],"place":"/count","value":"4","origin":"normal","source":"mail",
     "from":"/mail","reference":"$request.input.mail","occurrences":1}])");
  EXPECT_EQ(view.evidence["values"], expected) << view.evidence;
  EXPECT_EQ(view.evidence["samples"], 1) << "what the specialist itself tells stays";
  bool is_recorded = false;
  for (const RunEvent& record : events(view)) {
    if (record.kind != "answer.composed") continue;
    is_recorded = true;
    EXPECT_EQ(record.payload["evidence"]["values"], expected);
  }
  EXPECT_TRUE(is_recorded);
}

TEST_F(ContractOffice, ConditionsAndExclusionsHold) {
  pack();
  open_text(text_with("    before: [\"call.guest != \\\"Ben\\\"\"]\n"));
  const Json nowhere = {{"mail", "Nowhere for 2 or 40"}, {"guests", {"Ada", "Ben"}}};
  const struct {
    Json said;
    const char* why;
  } cases[] = {{booking("Nowhere", "Ada", 2), "excludes this call"},
               {booking("Nowhere", "Ada", 40), "call.count <= 12"},
               {booking("Nowhere", "Ben", 2), "call.guest !="}};
  for (const auto& each : cases) {
    script_.say(each.said);
    ask({.specialist = "booking", .input = nowhere});
    const RunView view = ask({.specialist = "booking", .input = nowhere});
    EXPECT_NE(view.status, RunStatus::kAnswered);
    EXPECT_THAT(view.message, HasSubstr(each.why));
  }
}

TEST_F(ContractOffice, AFileMayNarrowTheContractAndNothingElse) {
  pack();
  EXPECT_EQ(
      problem_of(
          "    policy: {attempts_max: 1, retries_max: 0, timeout_ms: 100, confidence_min: 0.5, approval: always}\n"
          "    grounded: [/count]\n    purpose: ours\n    input_schema: {required: [mail]}\n    samples: 1\n"),
      "accepted");
  EXPECT_EQ(problem_of("    question_member: null\n    temperature: 0\n"), "accepted");
  const struct {
    const char* more;
    const char* problem;
  } cases[] = {
      {"    policy: {attempts_max: 3}\n",
       "cadre.yaml:11:14: \"attempts_max\": the contract of booking@2 allows at most 2, not 3"},
      {"    policy: {retries_max: 2}\n", "allows at most 1, not 2"},
      {"    policy: {timeout_ms: 6000}\n", "allows at most 5000, not 6000"},
      {"    policy: {confidence_min: 0.1}\n", "asks for at least 0.3, not 0.1"},
      {"    samples: 2\n", "cadre.yaml:11:5: \"samples\": the contract of booking@2 allows at most 1"},
      {"    answer_tokens_max: 5000\n", "allows at most 1024"},
      {"    instruction: Do as you like.\n", "cadre.yaml:11:5: \"instruction\" is fixed by the contract of booking@2"},
      {"    output_schema: {type: object}\n", "\"output_schema\" is fixed"},
      {"    temperature: 1\n", "\"temperature\" is fixed by the contract of booking@2: 0.0; leave it out"},
      {"    grounded_counts: true\n    known: {a: 1}\n",
       "cadre.yaml:12:5: \"known\" is fixed by the contract of booking@2: there is none"},
      {"    tool: folder\ntools: {folder: {kind: file, action: read, root: .}}\n", "the contract calls no tool"},
  };
  for (const auto& each : cases) {
    EXPECT_THAT(problem_of(each.more), HasSubstr(each.problem)) << each.more;
  }
  EXPECT_THAT(problem_of("", "another"),
              HasSubstr("cadre.yaml:9:5: endpoint model has the model \"another\"; the pack is of \"scripted\""));
  ASSERT_TRUE(base::replace_file(path("booking.gguf"), "GGUF?").ok());
  EXPECT_THAT(problem_of(""), HasSubstr("specialist booking"));
}

TEST_F(ContractOffice, AnotherPackIsAnotherSpecialist) {
  const auto identity = [&] {
    return open_cadre(read(text_with("")).value()).value()->specialists[0].definition().identity;
  };
  pack();
  const std::string before = identity();
  EXPECT_EQ(identity(), before);
  pack(std::string(kBookingContract) + "licence: MIT\n");
  EXPECT_NE(identity(), before);
}

TEST_F(ContractOffice, SelfTestsPassAndFailThroughTheRealPath) {
  pack();
  script_.say(booking("Blue Door", "Ada", 4));
  script_.say(booking("Blue Door", "Ada", 40));
  std::vector<SelfTestResult> results = self_tests();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_TRUE(results[0].passed) << results[0].got;
  EXPECT_TRUE(results[1].passed) << results[1].got;

  script_.say(booking("Blue Door", "Ben", 4));
  self_tests();  // until the script says this alone
  results = self_tests();
  EXPECT_FALSE(results[0].passed);
  EXPECT_EQ(results[0].difference, "/guest");
  EXPECT_THAT(results[0].got, HasSubstr("Ben"));
  EXPECT_FALSE(results[1].passed) << "refused, but for another reason: " << results[1].got;
}

TEST_F(ContractOffice, AnEndpointThatDoesNotAnswerFailsATestThatExpectsARefusal) {
  std::string contract = kBookingContract;
  contract.replace(contract.find("{refusal: \"call.count <= 12\"}"), 29, "{refusal: \"\"}");
  pack(contract);
  for (const int status : {503, 400, 401, 404}) {
    ScriptedEndpoint broken;
    broken.fail(status);
    const std::string port = std::to_string(broken.port());
    const auto cadre = open_cadre(
        read(
            "cadre: 1\nname: office\naddresses: [\"127.0.0.1:" + port +
            "\"]\nendpoints:\n  model: {url: \"http://127.0.0.1:" + port +
            "/v1\", model: scripted}\nspecialists:\n  booking: {kind: endpoint, endpoint: model, pack: booking.gguf}\n")
            .value());
    ASSERT_TRUE(cadre.ok()) << cadre.error().message;
    const std::vector<SelfTestResult> results = run_self_tests(**cadre).value();
    EXPECT_FALSE(results[0].passed) << status;
    EXPECT_FALSE(results[1].passed) << status << " " << results[1].got;
  }
}

TEST_F(ContractOffice, ACallThatIsGivenIsHeldToTheContractOfItsPack) {
  pack(kKeeperContract);
  ASSERT_TRUE(base::make_directories(path("notes")).ok());
  open_text(direct_text());
  const RunView kept = ask(
      {.specialist = "keeper", .input = {{"note", "buy tea, please"}, {"path", "note.txt"}, {"content", "buy tea"}}});
  ASSERT_EQ(kept.status, RunStatus::kAnswered) << kept.message;
  EXPECT_EQ(base::read_file(path("notes/note.txt")).value(), "buy tea");
  EXPECT_NEAR(kept.confidence, 0.8, 1e-9) << "as calibrated";
  const struct {
    Json input;
    const char* why;
  } cases[] = {
      {{{"note", "buy tea, please"}, {"path", "list.txt"}, {"content", "coffee"}}, "/content"},
      {{{"note", "buy tea, please"}, {"path", "other.txt"}, {"content", "buy tea"}}, "/path"},
      {{{"note", "buy tea"}, {"path", "list.txt"}, {"content", "buy tea"}}, "size(call.content) < size(input.note)"},
      {{{"note", "rent, rent"}, {"path", "note.txt"}, {"content", "rent"}}, "excludes this call"},
      {{{"note", "buy tea, please"}, {"content", "buy tea"}}, "path"},
      {{{"path", "list.txt"}, {"content", "buy tea"}}, "note"},
  };
  for (const auto& each : cases) {
    const auto run = runtime_->start({.specialist = "keeper", .input = each.input});
    const std::string why = run.ok() ? runtime_->wait(*run, 60'000, nullptr).value().message : run.error().message;
    EXPECT_THAT(why, HasSubstr(each.why)) << each.input;
  }
  EXPECT_FALSE(base::file_exists(path("notes/list.txt")));
}

TEST_F(ContractOffice, WhatAPackIsToAGivenCallIsCheckedWhenTheFileIsOpened) {
  pack(kKeeperContract);
  ASSERT_TRUE(base::make_directories(path("notes")).ok());
  EXPECT_EQ(direct_problem_of(), "accepted");
  EXPECT_EQ(direct_problem_of(
                "    policy: {approval: always, confidence_min: 0.9}\n    before: [\"true\"]\n    purpose: p\n"),
            "accepted");
  const struct {
    const char* more;
    const char* tool;
    const char* problem;
  } cases[] = {
      {"    policy: {attempts_max: 2}\n", kFolderTool,
       "cadre.yaml:8:14: \"attempts_max\": the contract of keeper@3 allows at most 1, not 2"},
      {"    policy: {confidence_min: 0.1}\n", kFolderTool, "asks for at least 0.3, not 0.1"},
      {"    endpoint: model\n", kFolderTool, "cadre.yaml:8:5: unknown key \"endpoint\""},
      {"    input_schema: {properties: {path: {type: integer}}}\n", kFolderTool,
       "cadre.yaml:6:5: the contract of keeper@3 is none for \"kind: call\": the \"path\" of an input is never one of "
       "a call"},
      {"", "  notes: {kind: process, command: [/bin/true], effect: idempotent}\n",
       "is of kind process; the contract calls one of kind file"},
  };
  for (const auto& each : cases)
    EXPECT_THAT(direct_problem_of(each.more, each.tool), HasSubstr(each.problem)) << each.more << each.tool;
  pack();
  EXPECT_THAT(direct_problem_of(), HasSubstr("cadre.yaml:7:5: the contract calls no tool"));
  std::string closed = kKeeperContract;
  closed.replace(closed.find("required: [note]}"), 17, "required: [note], additionalProperties: false}");
  closed.erase(closed.find("  - {name: given"), closed.find("  - {name: asked") - closed.find("  - {name: given"));
  pack(closed);
  EXPECT_THAT(direct_problem_of(), HasSubstr("cadre.yaml:6:5: the contract of keeper@3 is none for \"kind: call\": no "
                                             "input has \"content\", which every call needs"));
}

TEST_F(ContractOffice, AGivenCallIsPutToThoseOfThePacksTestsThatGiveOne) {
  pack(kKeeperContract);
  ASSERT_TRUE(base::make_directories(path("notes")).ok());
  const auto cadre = open_cadre(read(direct_text()).value());
  ASSERT_TRUE(cadre.ok()) << cadre.error().message;
  ASSERT_EQ((*cadre)->notes.size(), 1U);
  EXPECT_THAT((*cadre)->notes[0], HasSubstr("keeper: 1 of the self-tests of keeper@3"));
  const std::vector<SelfTestResult> results = run_self_tests(**cadre).value();
  ASSERT_EQ(results.size(), 2U);
  for (const SelfTestResult& result : results) EXPECT_TRUE(result.passed) << result.test << ": " << result.got;
  EXPECT_FALSE(base::file_exists(path("notes/note.txt")));
  const std::string before = (*cadre)->specialists[0].definition().identity;
  pack(std::string(kKeeperContract) + "licence: MIT\n");
  EXPECT_NE(open_cadre(read(direct_text()).value()).value()->specialists[0].definition().identity, before);
}

TEST_F(ContractOffice, ATestOfACallMakesNoCall) {
  const std::string contract = R"yaml(
name: keeper
version: "1"
purpose: keeps a note
instruction: Write the note to a file.
input_schema: {type: object, properties: {note: {type: string}}, required: [note]}
call_schema:
  type: object
  properties: {path: {const: note.txt}, content: {type: string, x-copy: note}}
  required: [path, content]
  additionalProperties: false
tool: {kind: file, effect: idempotent}
calibration: {threshold: 0.3}
self_tests:
  - {name: kept, input: {note: "buy tea"}, expect: {call: {path: note.txt, content: buy tea}}}
  - {name: never, input: {note: "buy tea"}, expect: {refusal: ""}}
)yaml";
  pack(contract);
  ASSERT_TRUE(base::make_directories(path("notes")).ok());
  const std::string tool =
      "    tool: notes\n    policy: {approval: always}\ntools:\n  notes: {kind: file, action: write, root: notes, "
      "effect: idempotent}\n";
  script_.say({{"path", "note.txt"}, {"content", "buy tea"}});
  const std::vector<SelfTestResult> results = self_tests(tool);
  ASSERT_EQ(results.size(), 2U);
  EXPECT_TRUE(results[0].passed) << results[0].got;
  EXPECT_FALSE(results[1].passed) << results[1].got;
  EXPECT_THAT(results[1].got, HasSubstr("not made"));
  EXPECT_FALSE(base::file_exists(path("notes/note.txt")));
  EXPECT_THAT(
      problem_of("    tool: notes\ntools:\n  notes: {kind: process, command: [/bin/true], effect: idempotent}\n"),
      HasSubstr("is of kind process; the contract calls one of kind file"));
}

}  // namespace
}  // namespace cadre::agent
