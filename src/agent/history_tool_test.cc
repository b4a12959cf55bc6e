// Past runs as a tool, over a journal of real runs.
// SPDX-License-Identifier: Apache-2.0
#include "agent/history_tool.h"

#include <gmock/gmock.h>

#include "agent/test_office.h"

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

// A sentence about a request, and the memory of earlier ones.
constexpr const char* kHistoryFile = R"yaml(cadre: 1
name: history
tools:
  before: {kind: history, description: what was asked before, journal: journal.sqlite}
specialists:
  echo:
    kind: template
    purpose: says a text again
    text: "Noted: {text}"
    input_schema: {type: object, properties: {text: {type: string}}, required: [text]}
  recall: {kind: call, tool: before, purpose: recalls what was asked}
routes:
  note:
    match: "note (?P<what>.+)"
    plan:
      say: {specialist: echo, input: {text: "{what}"}}
)yaml";

class HistoryTest : public OfficeFixture {
 protected:
  HistoryTest() { open_text(kHistoryFile); }
  void note(const std::string& subject, const std::string& what) {
    EXPECT_EQ(ask({.text = "note " + what, .subject = subject}).status, RunStatus::kAnswered);
  }
  Json recall(const std::string& subject, const std::string& query, int64_t bytes_max = 8'000) {
    const RunView view =
        ask({.specialist = "recall", .input = {{"subject", subject}, {"query", query}, {"bytes_max", bytes_max}}});
    EXPECT_EQ(view.status, RunStatus::kAnswered) << view.message;
    return view.value["runs"];
  }
};

TEST_F(HistoryTest, RunsAboutASubjectAreFoundByTheirWords) {
  note("p-1", "the left knee hurts since Monday");
  note("p-1", "blood pressure 140 over 90");
  note("p-2", "the knee was operated");
  const Json found = recall("p-1", "which knee hurt?");
  ASSERT_EQ(found.size(), 1U) << "those of others are not seen";
  EXPECT_EQ(found[0]["request"], "note the left knee hurts since Monday");
  EXPECT_EQ(found[0]["answer"], "Noted: the left knee hurts since Monday");
  EXPECT_GT(found[0]["ended_us"], 0);
  EXPECT_EQ(recall("p-3", "knee").size(), 0U);
  EXPECT_EQ(recall("p-1", "").size(), 0U);
}

TEST_F(HistoryTest, ARunIsFoundAsSoonAsItEnded) {
  EXPECT_EQ(recall("p-1", "knee").size(), 0U);
  note("p-1", "the knee hurts");
  EXPECT_EQ(recall("p-1", "knee").size(), 1U);
  note("p-1", "the knee is better");
  EXPECT_EQ(recall("p-1", "knee").size(), 2U);
}

TEST_F(HistoryTest, OnlySoMuchIsGiven) {
  note("p-1", "knee knee " + std::string(500, 'x'));
  note("p-1", "a bruised knee");
  EXPECT_EQ(recall("p-1", "knee").size(), 2U);
  const Json found = recall("p-1", "knee", 100);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]["request"], "note a bruised knee");
}

TEST_F(HistoryTest, WhatDidNotAnswerIsNoMemory) {
  EXPECT_NE(ask({.text = "my knee sings", .subject = "p-1"}).status, RunStatus::kAnswered);
  note("", "a knee of nobody");
  EXPECT_EQ(recall("p-1", "knee").size(), 0U);
}

TEST(HistoryTool, WithoutAJournalThereIsNoHistory) {
  const auto folder = base::TemporaryDirectory::make().value();
  auto options = history_tool_options({{"name", "h"}, {"kind", "history"}, {"journal", folder.path() + "/none"}});
  ASSERT_TRUE(options.ok()) << options.error().message;
  const auto tool = make_history_tool(*options).value();
  const ToolReturn returned = tool->call({.arguments = {{"subject", "s"}, {"query", "q"}}});
  EXPECT_EQ(returned.result, Json({{"runs", Json::array()}})) << "no journal yet";
}

class HistoryWithVectors : public HistoryTest {
 protected:
  HistoryWithVectors() {
    std::string file = kHistoryFile;
    const std::string key = "journal: journal.sqlite";
    file.insert(file.find(key) + key.size(), ", vectors: " CADRE_SOURCE_DIR "/specialists/intents.gguf");
    open_text(file);
  }
};

TEST_F(HistoryWithVectors, TheSameRequestInOtherWordsIsFound) {
  note("p-1", "translate hello into french");
  note("p-1", "freeze that bank account");
  note("p-1", "book a table at the Italian restaurant");
  const std::string asked = "how would you say goodbye if you were from Spain";
  const Json found = recall("p-1", asked);
  ASSERT_EQ(found.size(), 3U) << "no word is shared; the nearest come first";
  EXPECT_EQ(found[0]["request"], "note translate hello into french");
  EXPECT_GT(found[0]["score"], found[1]["score"]);
  EXPECT_EQ(recall("p-1", "the Italian restaurant")[0]["request"], "note book a table at the Italian restaurant");
  EXPECT_EQ(recall("p-1", " ?").size(), 0U) << "no words, no question";
  EXPECT_EQ(recall("p-2", asked).size(), 0U) << "those of others are not seen";
}

TEST(HistoryTool, APackThatIsNoRouterIsRefusedByName) {
  auto options = history_tool_options(
      {{"name", "h"}, {"kind", "history"}, {"journal", "j"}, {"vectors", CADRE_SOURCE_DIR "/specialists/sql.gguf"}});
  ASSERT_TRUE(options.ok()) << options.error().message;
  const auto tool = make_history_tool(*options);
  ASSERT_FALSE(tool.ok());
  EXPECT_THAT(tool.error().message, HasSubstr("tool h"));
}

TEST(HistoryTool, OptionsThatAreNoneAreRefused) {
  const auto problem = [](const Json& options) { return history_tool_options(options).error().message; };
  EXPECT_THAT(problem({{"name", "h"}}), HasSubstr("journal"));
  EXPECT_THAT(problem({{"name", "h"}, {"journal", "j"}, {"effect", "once"}}), HasSubstr("must be read"));
  EXPECT_THAT(problem({{"name", "h"}, {"journal", "j"}, {"subject", "all"}}), HasSubstr("subject"));
}

}  // namespace
}  // namespace cadre::agent
