// SPDX-License-Identifier: Apache-2.0
#include "contract/vocabulary.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/utf8.h"
#include "contract/test_vocabularies.h"

namespace cadre::contract {
namespace {

std::vector<std::string> texts(std::initializer_list<const char*> list) {
  return {list.begin(), list.end()};
}

TEST(Vocabulary, RanksAreTheOrderOfTheBytes) {
  const auto vocabulary = Vocabulary::build(texts({"b", "<end>", "a", "\xC3\xA9", "ab", "a"}), 1).value();
  EXPECT_EQ(vocabulary->size(), 6u);
  EXPECT_EQ(vocabulary->ranks(), 5u);
  EXPECT_EQ(vocabulary->rank_of(1), kNoToken);
  EXPECT_EQ(vocabulary->end_of_sequence(), 1u);
  std::vector<std::string> in_order;
  for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
    EXPECT_EQ(vocabulary->rank_of(vocabulary->id_of(rank)), rank);
    in_order.emplace_back(vocabulary->text_of_rank(rank));
  }
  EXPECT_EQ(in_order, texts({"a", "a", "ab", "b", "\xC3\xA9"}));
  EXPECT_EQ(vocabulary->text(1), "");
  EXPECT_EQ(vocabulary->text(4), "ab");
}

// What the header promises of nodes and of what lies below them, checked token by token.
void expect_well_built(const Vocabulary& vocabulary) {
  const auto nodes = vocabulary.nodes();
  std::vector<uint32_t> path;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    const VocabularyNode& n = nodes[i];
    path.resize(n.depth);
    ASSERT_TRUE(i == 0 || n.depth > 0);
    if (i > 0) {
      const VocabularyNode& parent = nodes[path.back()];
      ASSERT_TRUE(i < parent.end && n.end <= parent.end && parent.rank_low <= n.rank_low &&
                  n.rank_high <= parent.rank_high);
    }
    path.push_back(i);
    ASSERT_LT(n.rank_low, n.rank_high);
    ByteSet below;
    size_t chars_max = 0;
    bool utf8 = true;
    uint32_t own = 0;
    for (uint32_t rank = n.rank_low; rank < n.rank_high; ++rank) {
      const std::string_view text = vocabulary.text_of_rank(rank);
      ASSERT_GE(text.size(), n.depth);
      for (size_t depth = 1; depth < path.size(); ++depth)
        ASSERT_EQ(static_cast<uint8_t>(text[depth - 1]), nodes[path[depth]].byte);
      const std::string_view rest = text.substr(n.depth);
      own += rest.empty();
      size_t chars = 0;
      uint8_t state = kUtf8Boundary;
      for (const char c : rest) {
        below.set(static_cast<uint8_t>(c));
        chars += !base::is_continuation(static_cast<uint8_t>(c));
        state = next_utf8_state(state, static_cast<uint8_t>(c));
      }
      chars_max = std::max(chars_max, chars);
      utf8 &= state != kUtf8Bad;
    }
    ASSERT_EQ(vocabulary.trie().own_end(i) - n.rank_low, own);
    ASSERT_EQ(vocabulary.trie().byte_sets[vocabulary.trie().below[i].byte_set], below);
    ASSERT_EQ(vocabulary.trie().below[i].chars_max, chars_max);
    ASSERT_EQ(vocabulary.trie().below[i].utf8, utf8);
  }
}

TEST(Vocabulary, NodesAndSummariesAreWhatTheTokensSay) {
  base::Random random(5);
  for (int round = 0; round < 60; ++round) expect_well_built(*test::random_vocabulary(random, 1 + random.below(400)));
}

TEST(Vocabulary, HostileVocabulariesAreBuiltOrRefused) {
  EXPECT_FALSE(Vocabulary::build({}, kNoToken).ok());
  EXPECT_FALSE(Vocabulary::build(texts({"", ""}), kNoToken).ok());
  EXPECT_FALSE(Vocabulary::build(texts({"end"}), 0).ok());
  EXPECT_FALSE(Vocabulary::build(texts({"a"}), 1).ok());
  const std::vector<uint32_t> specials = {7};
  EXPECT_FALSE(Vocabulary::build(texts({"a"}), kNoToken, specials).ok());
  const std::vector<std::string> long_token = {std::string(kTokenSizeBytesMax + 1, 'x')};
  EXPECT_FALSE(Vocabulary::build(long_token, kNoToken).ok());
  const std::vector<std::string> longest = {std::string(kTokenSizeBytesMax, 'x')};
  expect_well_built(*Vocabulary::build(longest, kNoToken).value());
  const std::vector<std::string> doubles(1000, "same");
  const auto same = Vocabulary::build(doubles, kNoToken).value();
  expect_well_built(*same);
  EXPECT_EQ(same->nodes().size(), 5u);
  std::vector<std::string> zeros;
  for (size_t i = 1; i < 12; ++i) zeros.emplace_back(i, '\0');
  expect_well_built(*Vocabulary::build(zeros, kNoToken).value());
}

TEST(Vocabulary, KnowsWhetherEveryByteIsSpelled) {
  std::vector<std::string> bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.emplace_back(1, static_cast<char>(byte));
  EXPECT_TRUE(Vocabulary::build(bytes, kNoToken).value()->spells_every_byte());
  EXPECT_FALSE(Vocabulary::build(bytes, 65).value()->spells_every_byte());
}

TEST(Vocabulary, CutsAreMadeOnceAndTheirSizeIsBounded) {
  base::Random random(9);
  const auto vocabulary = test::random_vocabulary(random, 20'000);
  const test::StringMachine machine;
  const VocabularyCut* cut = vocabulary->cut(machine.plain(), true);
  ASSERT_NE(cut, nullptr);
  EXPECT_EQ(cut, vocabulary->cut(machine.plain(), true));
  EXPECT_NE(cut, vocabulary->cut(machine.plain(), false));
  bool is_refused = false;
  for (uint32_t i = 1; i < 3000 && !is_refused; ++i)
    is_refused = vocabulary->cut(machine.plain() ^ ByteSet(i) << 90, true) == nullptr;
  EXPECT_TRUE(is_refused);
  EXPECT_LT(vocabulary->size_bytes(), Vocabulary::kCutsSizeBytesMax + (8u << 20));
  EXPECT_EQ(cut, vocabulary->cut(machine.plain(), true));
}

TEST(Vocabulary, LongTokensAreListedInOrder) {
  const auto vocabulary =
      Vocabulary::build(texts({"x", "aaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbb", "ccccccccccccccccc\xC3\xA9"}),
                        kNoToken)
          .value();
  const auto count = [&](uint32_t chars) { return vocabulary->longer_than(chars).size(); };
  EXPECT_EQ(count(16), 3u);
  EXPECT_EQ(count(17), 2u);
  EXPECT_EQ(count(18), 1u);
  EXPECT_EQ(count(21), 0u);
  EXPECT_EQ(vocabulary->longer_than(17)[1], vocabulary->rank_of(3));
}

}  // namespace
}  // namespace cadre::contract
