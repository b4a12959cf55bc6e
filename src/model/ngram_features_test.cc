// SPDX-License-Identifier: Apache-2.0
#include "model/ngram_features.h"

#include <gtest/gtest.h>

#include <string>

namespace cadre::model {
namespace {

bool same(const NgramFeatures& a, const NgramFeatures& b) {
  return a.words == b.words && a.pairs == b.pairs && a.pieces == b.pieces;
}

TEST(NgramFeatures, CapitalsPunctuationAndSpacingAreInvisible) {
  const auto plain = ngram_features("what is don t");
  EXPECT_TRUE(same(ngram_features("freeze my account"), ngram_features("  Freeze, MY\taccount?!\n")));
  EXPECT_TRUE(same(ngram_features("dont"), ngram_features("don't")));
  EXPECT_FALSE(same(plain, ngram_features("what is dont")));
}

TEST(NgramFeatures, DigitsAndLettersAreDifferentWords) {
  EXPECT_TRUE(same(ngram_features("4 kg"), ngram_features("4kg")));
  EXPECT_EQ(ngram_features("b2b").words.size(), 3u);
}

TEST(NgramFeatures, CountsFollowFromTheDefinition) {
  const auto features = ngram_features("ab cde");
  EXPECT_EQ(features.words.size(), 2u);
  EXPECT_EQ(features.pairs.size(), 3u);   // ^ab, ab cde, cde$
  EXPECT_EQ(features.pieces.size(), 9u);  // "<ab>" has 2 + 1, "<cde>" has 3 + 2 + 1
  EXPECT_EQ(features.count(), 14u);
}

TEST(NgramFeatures, WordOrderShowsInThePairs) {
  const auto a = ngram_features("dog bites man"), b = ngram_features("man bites dog");
  EXPECT_NE(a.pairs, b.pairs);
  EXPECT_EQ(a.words[1], b.words[1]);
}

TEST(NgramFeatures, AnEmptyTextHasOnePairAndNothingElse) {
  for (const char* text : {"", "  ", "?!", "'''"}) {
    const auto features = ngram_features(text);
    EXPECT_TRUE(features.words.empty() && features.pieces.empty()) << text;
    EXPECT_EQ(features.pairs.size(), 1u) << text;
  }
}

TEST(NgramFeatures, OnlyTheFirstBytesOfALongTextCount) {
  const std::string long_text(kRouterTextBytesMax, 'a');
  EXPECT_TRUE(same(ngram_features(long_text), ngram_features(long_text + " more words")));
  EXPECT_LE(ngram_features(std::string(200000, 'x')).count(), 3 * kRouterTextBytesMax + 10);
}

// Packs are trained on exactly these numbers: a change here needs another kNgramScheme.
TEST(NgramFeatures, TheSchemeIsFrozen) {
  const auto features = ngram_features("Zürich 2024");
  EXPECT_EQ(features.words, (std::vector<uint32_t>{0xFE5BE007u, 0x81F1FEC6u}));
  EXPECT_EQ(features.pairs, (std::vector<uint32_t>{0x6185D41Cu, 0x65E8EBDCu, 0x4EE82A78u}));
  EXPECT_EQ(features.pieces.front(), 0x9995C97Eu);
  EXPECT_STREQ(kNgramScheme, "ngram-1");
}

}  // namespace
}  // namespace cadre::model
