// SPDX-License-Identifier: Apache-2.0
#include "train/router_data.h"

#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "base/random.h"
#include "train/router_sentences.h"

namespace cadre::train {
namespace {

class RouterData : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(base::replace_file(directory_.path() + "/" + name, text).ok());
  }

  Result<RouterCorpus> read(const std::vector<RouterSource>& sources, std::vector<std::string> labels = {},
                            bool closed = false) {
    return read_router_corpus(
        sources,
        {.data_directory = directory_.path(), .seed = 5, .folds = 3, .labels = std::move(labels), .closed = closed});
  }

  base::TemporaryDirectory directory_ = base::TemporaryDirectory::make().value();
};

RouterSource labelled_source() {
  RouterSource source;
  source.data_set = "toy", source.file = "toy.jsonl", source.text = "text", source.label = "intent",
  source.out_of_scope = "oos";
  source.except_field = "intent";
  return source;
}

TEST_F(RouterData, LabelsAreNumberedAsTheyComeAndOutOfScopeHasNone) {
  write("toy.jsonl",
        "{\"text\": \"a\", \"intent\": \"x\"}\n\n{\"text\": \"b\", \"intent\": \"oos\"}\n{\"text\": \"c\", \"intent\": "
        "\"y\"}");
  const auto corpus = read({labelled_source()}).value();
  EXPECT_EQ(corpus.labels, (std::vector<std::string>{"x", "y"}));
  ASSERT_EQ(corpus.examples.size(), 3u);
  EXPECT_EQ(corpus.examples[1].label, kNoLabel);
  EXPECT_EQ(corpus.examples[2].label, 1);
  EXPECT_EQ(corpus.reports[0].texts, 3u);
  EXPECT_EQ(corpus.reports[0].sha256.size(), 64u);
}

TEST_F(RouterData, EqualTextsCountOnceAndTheFirstSourceWins) {
  write("toy.jsonl", "{\"text\": \"a\", \"intent\": \"x\"}\n{\"text\": \"a\", \"intent\": \"y\"}\n");
  auto twice = labelled_source();
  const auto corpus = read({labelled_source(), twice}).value();
  EXPECT_EQ(corpus.examples.size(), 1u);
  EXPECT_EQ(corpus.reports[1].texts, 0u);
}

TEST_F(RouterData, TextsInsideListsAndColumnsOfTablesAreFound) {
  write("talk.jsonl", R"({"turns": [{"text": "one"}, {"text": "two"}, {"said": "no text"}, 3]})");
  write("talk.tsv", "id\tutterance\tx\r\n1\tthree\ty\r\n2\tfour\n");
  RouterSource lists, columns;
  lists.data_set = "l", lists.file = "talk.jsonl", lists.text = "turns.*.text", lists.is = "q";
  columns.data_set = "c", columns.file = "talk.tsv", columns.text = "utterance", columns.is = "none", columns.fold = 2;
  const auto corpus = read({lists, columns}).value();
  ASSERT_EQ(corpus.examples.size(), 4u);
  EXPECT_EQ(corpus.examples[0].label, 0);
  EXPECT_EQ(corpus.examples[3].label, kNoLabel);
  EXPECT_EQ(corpus.examples[3].fold, 2u);
  EXPECT_EQ(corpus.examples[3].features.words, model::ngram_features("four").words);
}

TEST_F(RouterData, ExceptedLabelsAndSurplusTextsAreLeftOut) {
  std::string lines;
  for (int i = 0; i < 50; ++i)
    lines += "{\"text\": \"t" + std::to_string(i) + "\", \"intent\": \"" + (i % 2 ? "odd" : "even") + "\"}\n";
  write("toy.jsonl", lines);
  auto source = labelled_source();
  source.except = {"odd"};
  EXPECT_EQ(read({source})->examples.size(), 25u);
  source.texts_max = 10;
  const auto once = read({source}).value(), again = read({source}).value();
  ASSERT_EQ(once.examples.size(), 10u);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(once.examples[i].features.words, again.examples[i].features.words);
    EXPECT_EQ(once.examples[i].fold, again.examples[i].fold);
  }
}

TEST_F(RouterData, OnlyTheNamedLabelsAreTakenWhereSomeAreNamed) {
  write("toy.jsonl", "{\"text\": \"one\", \"intent\": \"a\"}\n{\"text\": \"two\", \"intent\": \"b\"}\n{\"text\": \"three\"}\n");
  auto source = labelled_source();
  source.label.clear();
  source.is = "none";
  source.only = {"b"};
  const auto corpus = read({source});
  ASSERT_TRUE(corpus.ok()) << corpus.error().message;
  ASSERT_EQ(corpus->examples.size(), 1u);
  EXPECT_EQ(corpus->examples[0].features.words, model::ngram_features("two").words);
}

TEST_F(RouterData, ErrorsNameTheFileTheLineAndTheReason) {
  const auto message = [this](const RouterSource& source) { return read({source}).error().message; };
  EXPECT_NE(message(labelled_source()).find("toy.jsonl"), std::string::npos);
  write("toy.jsonl", "{\"text\": \"a\", \"intent\": \"x\"}\n{\"text\": }\n");
  EXPECT_NE(message(labelled_source()).find("line 2"), std::string::npos);
  write("toy.jsonl", "{\"text\": \"a\", \"intent\": 3}\n");
  EXPECT_NE(message(labelled_source()).find("\"intent\""), std::string::npos);
  write("toy.jsonl", "{\"text\": \"a\", \"intent\": \"new\"}\n");
  EXPECT_NE(read({labelled_source()}, {"known"}, true).error().message.find("\"new\""), std::string::npos);
  RouterSource generated;
  generated.data_set = "g", generated.generate = "sonnets", generated.is = "none";
  EXPECT_NE(message(generated).find("sonnets"), std::string::npos);
}

TEST(RouterSentences, AreDeterministicFilledAndVaried) {
  const char* tables = R"({"header": ["pilot", "hours"], "rows": [["ann", "12"], ["bob", "7"]]})";
  const auto questions = table_questions(tables, 500, base::Random(1)).value();
  EXPECT_EQ(questions, table_questions(tables, 500, base::Random(1)).value());
  const auto requests = writer_requests(500, base::Random(1));
  EXPECT_EQ(requests, writer_requests(500, base::Random(1)));
  size_t from_table = 0;
  for (const auto* list : {&questions, &requests}) {
    EXPECT_GT(std::set<std::string>(list->begin(), list->end()).size(), 400u);
    for (const auto& sentence : *list) {
      EXPECT_EQ(sentence.find_first_of("{}"), std::string::npos) << sentence;
      from_table += sentence.find("pilot") != std::string::npos;
    }
  }
  EXPECT_GT(from_table, 20u);
}

TEST(RouterSentences, TablesThatAreNoneAreAnError) {
  EXPECT_FALSE(table_questions("", 5, base::Random(1)).ok());
  EXPECT_FALSE(table_questions("not json", 5, base::Random(1)).ok());
  EXPECT_FALSE(table_questions("{\"header\": 3, \"rows\": []}", 5, base::Random(1)).ok());
  EXPECT_FALSE(table_questions("{\"header\": [], \"rows\": [3]}", 5, base::Random(1)).ok());
}

}  // namespace
}  // namespace cadre::train
