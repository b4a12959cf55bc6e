// SPDX-License-Identifier: Apache-2.0
#include "text/bpe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "text/byte_spelling.h"

namespace cadre::text {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<std::string> kSpecials = {"[PAD]", "[CLS]", "[SEP]", "[MASK]"};

std::vector<WordCount> small_corpus() {
  return {{"low", 5}, {"lower", 2}, {"newest", 6},    {"widest", 3}, {"2019", 50},
          {"3.5", 9}, {"mp3s", 4},  {"caf\u00e9", 7}, {"", 3},       {"never", 0}};
}

BpeTokenizer train_small(size_t vocab_size = 4 + 256 + 20) {
  return BpeTokenizer::train(small_corpus(), {.vocab_size = vocab_size, .special_tokens = kSpecials}).value();
}

std::vector<std::string> spelled(const BpeTokenizer& tokenizer, std::string_view word) {
  std::vector<std::string> pieces;
  for (const TokenId id : tokenizer.encode_word(word)) pieces.push_back(tokenizer.tokens()[id]);
  return pieces;
}

TEST(ByteSpelling, EveryByteHasItsOwnPrintableCharacter) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  const std::string spelling = spell_bytes(all);
  EXPECT_EQ(unspell_bytes(spelling), all);
  EXPECT_EQ(spelling.find(' '), std::string::npos);
  EXPECT_EQ(spell_bytes(" a\n"), "\u0120a\u010a");  // as GPT-2 spells them
  EXPECT_EQ(spell_bytes("\xad\xff"), "\u0143\u00ff");
  EXPECT_FALSE(unspell_bytes("a b").has_value());
  EXPECT_FALSE(unspell_bytes("\u0144").has_value());
  EXPECT_FALSE(unspell_bytes("\xff").has_value());
}

TEST(BpeTrain, MergesTheMostFrequentPairFirstAndTiesByPairOrder) {
  const auto tokenizer = train_small();
  // e s: 6 + 3 = 9, as often as s t and then es t; of the pairs seen 9 times e s has the lowest left id.
  ASSERT_GE(tokenizer.merges().size(), 3u);
  EXPECT_EQ(tokenizer.merges()[0], "e s");
  EXPECT_EQ(tokenizer.merges()[1], "es t");
  EXPECT_EQ(tokenizer.merges()[2], "a f");  // 7 times, like c a, f and the bytes of e-acute: a is the lowest left id
}

// The trainer against the plainest one there is: recount everything after each merge.
std::vector<std::string> merges_by_recounting(const std::vector<WordCount>& words, size_t merge_count) {
  std::vector<std::pair<std::vector<std::string>, uint64_t>> pieces;
  for (const auto& [word, count] : words) {
    std::vector<std::string> piece;
    for (const char c : word) piece.push_back(std::string(1, c));
    pieces.emplace_back(piece, count);
  }
  std::vector<std::string> order, merges;  // tokens by id
  for (int byte = 0; byte < 256; ++byte) order.push_back(std::string(1, static_cast<char>(byte)));
  const auto id = [&](const std::string& token) {
    return std::find(order.begin(), order.end(), token) - order.begin();
  };
  while (merges.size() < merge_count) {
    std::map<std::pair<ptrdiff_t, ptrdiff_t>, uint64_t> counts;
    for (const auto& [piece, count] : pieces) {
      for (size_t i = 0; i + 1 < piece.size(); ++i) counts[{id(piece[i]), id(piece[i + 1])}] += count;
    }
    auto best = counts.end();
    for (auto entry = counts.begin(); entry != counts.end(); ++entry) {
      if (entry->second >= 2 && (best == counts.end() || entry->second > best->second)) best = entry;
    }
    if (best == counts.end()) break;
    const std::string left = order[static_cast<size_t>(best->first.first)],
                      right = order[static_cast<size_t>(best->first.second)];
    merges.push_back(spell_bytes(left) + " " + spell_bytes(right));
    if (id(left + right) == static_cast<ptrdiff_t>(order.size())) order.push_back(left + right);
    for (auto& [piece, count] : pieces) {
      for (size_t i = 0; i + 1 < piece.size(); ++i) {
        if (piece[i] != left || piece[i + 1] != right) continue;
        piece[i] += right;
        piece.erase(piece.begin() + static_cast<ptrdiff_t>(i) + 1);
      }
    }
  }
  return merges;
}

std::vector<WordCount> random_words(base::Random& random, size_t count) {
  std::vector<WordCount> words;
  for (size_t i = 0; i < count; ++i) {
    std::string word;
    for (uint64_t length = 1 + random.below(9); length > 0; --length) word += "abcde"[random.below(5)];
    words.push_back({word, 1 + random.below(20)});
  }
  return words;
}

TEST(BpeTrain, GivesTheMergesThatRecountingGives) {
  base::Random random(30);
  for (int round = 0; round < 30; ++round) {
    const auto words = random_words(random, 40);
    const auto tokenizer = BpeTokenizer::train(words, {.vocab_size = 256 + 60}).value();
    const auto expected = merges_by_recounting(words, tokenizer.merges().size());
    ASSERT_EQ(tokenizer.merges(), expected) << "round " << round;
    ASSERT_GT(expected.size(), 30u);
  }
}

TEST(BpeTrain, TheOrderOfTheWordsDoesNotMatter) {
  base::Random random(31);
  auto words = random_words(random, 100);
  const auto one = BpeTokenizer::train(words, {.vocab_size = 400}).value();
  random.shuffle(std::span(words));
  const auto other = BpeTokenizer::train(words, {.vocab_size = 400}).value();
  EXPECT_EQ(one.tokens(), other.tokens());
  EXPECT_EQ(one.merges(), other.merges());
}

TEST(BpeTrain, StopsWhenThereIsNothingToMergeAndRefusesVocabulariesThatCannotHoldTheBytes) {
  const auto tokenizer = train_small(100000);
  EXPECT_LT(tokenizer.vocab_size(), 300u);
  EXPECT_THAT(BpeTokenizer::train({}, {.vocab_size = 259, .special_tokens = kSpecials}).error().message,
              HasSubstr("256 bytes"));
  EXPECT_FALSE(BpeTokenizer::train({}, {.vocab_size = kBpeTokensMax + 1}).ok());
  EXPECT_FALSE(BpeTokenizer::train({}, {.vocab_size = 300, .special_tokens = {"a"}}).ok());  // the name of a byte
}

TEST(BpeTrain, ASpecialTokensNameIsNeverMergedFromText) {
  const std::vector<WordCount> words = {{"<s>", 100}};
  const auto tokenizer = BpeTokenizer::train(words, {.vocab_size = 300, .special_tokens = {"<s>"}}).value();
  for (const TokenId id : tokenizer.encode_word("<s>")) EXPECT_GE(id, 1u);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode_word("<s>")), "<s>");
}

TEST(Bpe, DigitsStandAloneAndLettersMergeAroundThem) {
  const auto tokenizer = train_small();
  EXPECT_THAT(spelled(tokenizer, "2019"), ElementsAre("2", "0", "1", "9"));
  EXPECT_THAT(spelled(tokenizer, "newest"), ElementsAre("newest"));
  EXPECT_THAT(spelled(tokenizer, "newest2newest"), ElementsAre("newest", "2", "newest"));
  for (const auto& merge : tokenizer.merges()) EXPECT_EQ(merge.find_first_of("0123456789"), std::string::npos) << merge;
}

TEST(Bpe, SpecialTokensComeFirstAndDecodeToNothing) {
  const auto tokenizer = train_small();
  EXPECT_EQ(tokenizer.special_id("[PAD]").value(), 0u);
  EXPECT_EQ(tokenizer.special_id("[MASK]").value(), 3u);
  EXPECT_THAT(tokenizer.special_id("[NONE]").error().message, HasSubstr("[NONE]"));
  EXPECT_EQ(tokenizer.decode(std::vector<TokenId>{1, 3}), "");
  for (const TokenId id : tokenizer.encode_word("[PAD]")) EXPECT_GE(id, 4u);
}

TEST(Bpe, DecodingGivesBackAnyBytes) {
  const auto tokenizer = train_small();
  base::Random random(32);
  for (int round = 0; round < 5000; ++round) {
    std::string word;
    for (uint64_t length = random.below(200); length > 0; --length) {
      word.push_back(static_cast<char>(random.chance(.5) ? random.below(256) : "newstwidlor 3"[random.below(13)]));
    }
    ASSERT_EQ(tokenizer.decode(tokenizer.encode_word(word)), word);
  }
}

TEST(Bpe, EncodingIsTheSameAsApplyingTheMergesInOrder) {
  base::Random random(33);
  const auto words = random_words(random, 60);
  const auto tokenizer = BpeTokenizer::train(words, {.vocab_size = 330}).value();
  for (int round = 0; round < 2000; ++round) {
    const std::string word = random_words(random, 1)[0].word;
    std::vector<std::string> pieces;
    for (const char c : word) pieces.push_back(std::string(1, c));
    for (const auto& merge : tokenizer.merges()) {
      for (size_t i = 0; i + 1 < pieces.size(); ++i) {
        if (pieces[i] + " " + pieces[i + 1] != merge) continue;
        pieces[i] += pieces[i + 1];
        pieces.erase(pieces.begin() + static_cast<ptrdiff_t>(i) + 1);
      }
    }
    ASSERT_EQ(spelled(tokenizer, word), pieces) << word;
  }
}

TEST(Bpe, StoredListsGiveTheSameTokenizer) {
  const auto tokenizer = train_small();
  const auto loaded = BpeTokenizer::from_lists(tokenizer.tokens(), tokenizer.merges(), 4).value();
  for (const auto& [word, count] : small_corpus()) EXPECT_EQ(loaded.encode_word(word), tokenizer.encode_word(word));
  EXPECT_EQ(loaded.special_id("[SEP]").value(), 2u);
}

TEST(Bpe, ListsFromOutsideThatDoNotFitAreRefusedByName) {
  struct Case {
    const char* name;
    std::function<void(std::vector<std::string>&, std::vector<std::string>&, size_t&)> spoil;
    const char* message;
  };
  const Case kTable[] = {
      {"duplicate token", [](auto& t, auto&, auto&) { t.push_back(t[10]); }, "repeats token 10"},
      {"empty token", [](auto& t, auto&, auto&) { t.push_back(""); }, "is empty"},
      {"missing byte", [](auto& t, auto&, auto&) { t.erase(t.begin() + 4 + 'q'); }, "no token for byte 0x71"},
      {"unspellable token", [](auto& t, auto&, auto&) { t.push_back("a b"); }, "byte-level spelling"},
      {"token that no merge makes", [](auto& t, auto&, auto&) { t.push_back("zq"); }, "made by no merge"},
      {"token over the limit", [](auto& t, auto&, auto&) { t.push_back(std::string(65, 'z')); }, "the limit is 64"},
      {"merge without a space", [](auto&, auto& m, auto&) { m.push_back("es"); }, "\"left right\""},
      {"merge with two spaces", [](auto&, auto& m, auto&) { m.push_back("e s t"); }, "byte-level spelling"},
      {"merge of an absent token", [](auto&, auto& m, auto&) { m.push_back("zq z"); }, "not in the list"},
      {"merge that makes an absent token", [](auto&, auto& m, auto&) { m.push_back("z q"); }, "not in the list"},
      {"merge twice", [](auto&, auto& m, auto&) { m.push_back(m[0]); }, "repeats an earlier one"},
      {"merge with an empty side", [](auto&, auto& m, auto&) { m.push_back(" a"); }, "not in the list"},
      {"merge with a digit", [](auto& t, auto& m, auto&) { t.push_back("a1"), m.push_back("a 1"); }, "joins a digit"},
      {"too many specials", [](auto& t, auto&, auto& n) { n = t.size() + 1; }, "special tokens among"},
      {"bytes declared special", [](auto&, auto&, auto& n) { n = 5; }, "no token for byte 0x00"},
      {"nothing", [](auto& t, auto& m, auto& n) { t.clear(), m.clear(), n = 0; }, "no token for byte 0x00"},
  };
  const auto tokenizer = train_small();
  for (const Case& test : kTable) {
    auto tokens = tokenizer.tokens();
    auto merges = tokenizer.merges();
    size_t special_count = 4;
    test.spoil(tokens, merges, special_count);
    const auto loaded = BpeTokenizer::from_lists(tokens, merges, special_count);
    ASSERT_FALSE(loaded.ok()) << test.name;
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalid) << test.name;
    EXPECT_THAT(loaded.error().message, HasSubstr(test.message)) << test.name;
  }
  EXPECT_EQ(BpeTokenizer::from_lists(std::vector<std::string>(kBpeTokensMax + 1), {}, 0).error().code,
            ErrorCode::kLimit);
}

}  // namespace
}  // namespace cadre::text
