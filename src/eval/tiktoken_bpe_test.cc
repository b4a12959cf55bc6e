// SPDX-License-Identifier: Apache-2.0
#include "eval/tiktoken_bpe.h"

#include <gtest/gtest.h>

namespace cadre::eval {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    words.emplace_back(text.substr(0, first_word_size(text)));
    text.remove_prefix(words.back().size());
  }
  return words;
}

// Words by the published pattern, worked out by hand.
TEST(TiktokenBpe, CutsWordsAsThePatternDoes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("Hello world"), (Words{"Hello", " world"}));
  EXPECT_EQ(words_of("{\"name\":\"Os\"}"), (Words{"{\"", "name", "\":\"", "Os", "\"}"}));
  EXPECT_EQ(words_of("a_b \"q"), (Words{"a", "_b", " \"", "q"}));
  EXPECT_EQ(words_of("12345"), (Words{"123", "45"}));
  EXPECT_EQ(words_of("it's I'LL d'oh"), (Words{"it", "'s", " I", "'LL", " d", "'oh"}));
  EXPECT_EQ(words_of("a   b"), (Words{"a", "  ", " b"}));
  EXPECT_EQ(words_of("a  \n\n  b  "), (Words{"a", "  \n\n", " ", " b", "  "}));
  EXPECT_EQ(words_of("x;\n y"), (Words{"x", ";\n", " y"}));
  EXPECT_EQ(words_of("\n x"), (Words{"\n", " x"}));
  EXPECT_EQ(words_of("\u00FCber \u0434\u0430"), (Words{"\u00FCber", " \u0434\u0430"}));
  EXPECT_EQ(words_of("  1"), (Words{" ", " ", "1"}));
  EXPECT_EQ(words_of("\xFF!"), (Words{"\xFF!"}));
}

TEST(TiktokenBpe, MergesByRankAndTakesWholeWords) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* token : {"bc", "ab", "cd", "abcd"}) tokens.emplace_back(token);
  auto bpe = TiktokenBpe::create(tokens);
  ASSERT_TRUE(bpe.ok());
  EXPECT_EQ(bpe->encode("abc"), (std::vector<uint32_t>{'a', 256}));
  EXPECT_EQ(bpe->encode("abcd"), (std::vector<uint32_t>{259}));
  EXPECT_EQ(bpe->encode("abcde"), (std::vector<uint32_t>{'a', 256, 'd', 'e'}));
  EXPECT_EQ(bpe->encode("cdab"), (std::vector<uint32_t>{258, 257}));
  EXPECT_TRUE(bpe->encode("").empty());
  tokens['x'].clear();
  EXPECT_FALSE(TiktokenBpe::create(tokens).ok());
}

}  // namespace
}  // namespace cadre::eval
