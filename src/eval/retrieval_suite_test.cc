// SPDX-License-Identifier: Apache-2.0
#include "eval/retrieval_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "eval/retrieval_set.h"
#include "eval/text_vectors.h"

namespace cadre::eval {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RetrievalSuite : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::replace_file(folder_.path() + "/" + name, text).ok());
  }
  Result<RetrievalSet> read(const std::string& split, bool headers_only = false) {
    return read_retrieval_set({folder_.path(), split, headers_only});
  }
  void write_requests() {
    write("train.jsonl", R"({"text": "freeze my card", "intent": "freeze"}
{"text": "block the account", "intent": "freeze"}
{"text": "say hello in french", "intent": "translate"}
{"text": "what is love", "intent": "oos"}
)");
    write("val.jsonl", R"({"text": "freeze the card", "intent": "freeze"}
{"text": "hello in german", "intent": "translate"}
{"text": "nothing here", "intent": "oos"}
)");
  }
  base::TemporaryDirectory folder_ = base::TemporaryDirectory::make().value();
};

TEST_F(RetrievalSuite, RequestsOfOneIntentAreWantedByEachOther) {
  write_requests();
  const RetrievalSet set = read("val").value();
  EXPECT_THAT(set.texts, ElementsAre("freeze my card", "block the account", "say hello in french"));
  EXPECT_THAT(set.groups, ElementsAre(0, 0, 1));
  EXPECT_THAT(set.sizes, ElementsAre(2, 1));
  ASSERT_EQ(set.cases.size(), 2U) << "what is out of scope is no case";
  EXPECT_EQ(set.cases[1].group, 1U);
  const RetrievalSet own = read("train").value();
  ASSERT_EQ(own.cases.size(), 1U) << "the first of five lines";
  EXPECT_EQ(own.cases[0].query, "freeze my card");
  EXPECT_THAT(own.texts, ElementsAre("block the account", "say hello in french"));
}

TEST_F(RetrievalSuite, QuestionsWantTheirTable) {
  write("tables.jsonl", R"({"id": "a", "header": ["city", "people\nin 2020"], "rows": [["Ulm", 3], ["Bonn", "4"]]}
{"id": "b", "header": ["team"], "rows": []}
)");
  write("dev.tsv", "id\tutterance\tcontext\n1\twhich team?\tb\n");
  const RetrievalSet set = read("dev").value();
  EXPECT_THAT(set.texts, ElementsAre("city, people in 2020\nUlm, 3\nBonn, 4", "team"));
  EXPECT_EQ(set.cases[0].group, 1U);
  EXPECT_EQ(read("dev", true)->texts[0], "city, people in 2020");
  write("dev.tsv", "id\tutterance\tcontext\n1\twhich team?\tc\n");
  EXPECT_THAT(read("dev").error().message, HasSubstr("dev.tsv:2: there is no text for \"c\""));
  write("x.tables.jsonl", R"({"id": "t", "header": ["h"], "rows": [[1]]})");
  write("x.jsonl", R"({"question": "q", "table_id": "t"})");
  EXPECT_EQ(read("x")->cases.size(), 1U) << "WikiSQL's layout";
}

TEST_F(RetrievalSuite, AFolderOfNothingSaysWhatItCouldBe) {
  EXPECT_THAT(read("dev").error().message, HasSubstr("dev.tables.jsonl"));
}

TEST_F(RetrievalSuite, ReportsWordsVectorsAndBoth) {
  write_requests();
  base::ManualClock clock;
  const RetrievalSuiteOptions options{.data = folder_.path(),
                                      .split = "val",
                                      .decider = CADRE_SOURCE_DIR "/specialists/sql.gguf",
                                      .router = CADRE_SOURCE_DIR "/specialists/intents.gguf"};
  const SuiteReport report = run_retrieval_suite(options, clock).value();
  EXPECT_EQ(report.number("cases"), 2);
  EXPECT_EQ(report.number("texts"), 3);
  EXPECT_DOUBLE_EQ(report.number("words_found_at_1"), 1);
  EXPECT_DOUBLE_EQ(report.number("words_map_at_10"), 1) << "both of one, the one of the other";
  EXPECT_DOUBLE_EQ(report.number("hidden_found_at_1"), 1);
  EXPECT_DOUBLE_EQ(report.number("hidden_fused30_gain_mrr"), 0);
  EXPECT_DOUBLE_EQ(report.number("hidden_fused30_gain_mrr_high"), 0);
  for (const char* name : {"states_", "states_centred_", "tokens_", "tokens_centred_", "hidden_centred_fused10_"})
    EXPECT_GT(report.number((std::string(name) + "mrr").c_str()), 0) << name;
  auto odd = options;
  odd.half = CaseHalf::kOdd;
  EXPECT_EQ(run_retrieval_suite(odd, clock)->number("cases"), 1);
}

TEST(VectorIndex, TheNearestComesFirstAndWhatAllShareCanBeTakenAway) {
  const std::vector<std::vector<float>> vectors = {{10, 1, 0}, {10, 0, 1}, {10, -1, 0}, {0, 0, 0}};
  const auto numbers = [](const std::vector<NearText>& near) {
    std::vector<size_t> texts;
    for (const NearText& one : near) texts.push_back(one.text);
    return texts;
  };
  EXPECT_THAT(numbers(VectorIndex(vectors, false).search({10, 0, 1}, 2)), ElementsAre(1, 0));
  EXPECT_NEAR(VectorIndex(vectors, false).search({10, 1, 0}, 1)[0].cosine, 1, 1e-5);
  EXPECT_GT(VectorIndex(vectors, false).search({10, 1, 0}, 4)[2].cosine, 0.9F);
  EXPECT_LT(VectorIndex({vectors[0], vectors[1], vectors[2]}, true).search({10, 1, 0}, 3)[2].cosine, 0.5F);
}

}  // namespace
}  // namespace cadre::eval
