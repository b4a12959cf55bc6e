// SPDX-License-Identifier: Apache-2.0
#include "contract/token_mask.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "contract/language_machine.h"
#include "contract/test_vocabularies.h"
#include "contract/token_reach.h"

namespace cadre::contract {
namespace {

void expect_normal_form(const TokenMask& mask) {
  uint32_t count = 0;
  for (size_t i = 0; i < mask.intervals.size(); ++i) {
    ASSERT_LT(mask.intervals[i].low, mask.intervals[i].high);
    ASSERT_TRUE(i == 0 || mask.intervals[i - 1].high < mask.intervals[i].low);
    count += mask.intervals[i].high - mask.intervals[i].low;
  }
  ASSERT_EQ(mask.count, count);
}

std::string show(const Vocabulary& vocabulary, const TokenMask& mask) {
  std::string shown;
  for (const auto& [low, high] : mask.intervals) {
    for (uint32_t rank = low; rank < high; ++rank) shown += "[" + std::string(vocabulary.text_of_rank(rank)) + "]";
  }
  return shown;
}

template <class Machine>
void expect_exact(const Vocabulary& vocabulary, Machine& machine, typename Machine::State state,
                  const std::string& where) {
  const TokenMask expected = test::mask_by_trying(vocabulary, machine, state);
  const TokenWalkOptions without_cut = {.use_cut = false};
  ASSERT_EQ(token_mask(vocabulary, machine, state, without_cut), expected) << where << " without a cut";
  const TokenMask mask = token_mask(vocabulary, machine, state);
  expect_normal_form(mask);
  ASSERT_EQ(mask, expected) << where << "\n is " << show(vocabulary, mask) << "\n not " << show(vocabulary, expected);
}

TEST(TokenMask, EqualsTryingEveryTokenOnRandomLanguages) {
  base::Random random(21);
  for (int round = 0; round < 800; ++round) {
    const auto vocabulary = test::random_vocabulary(random, 1 + random.below(300));
    std::string program(60, '\0');
    for (char& c : program) c = static_cast<char>(random.below(256));
    test::ByteReader reader(program);
    LanguageTable table;
    Language state = test::build(table, test::read_expression(reader, 4));
    LanguageMachine machine(table);
    for (int step = 0; step < 6 && !machine.dead(state); ++step) {
      expect_exact(*vocabulary, machine, state, "round " + std::to_string(round) + " step " + std::to_string(step));
      if (HasFatalFailure()) return;
      const TokenMask mask = token_mask(*vocabulary, machine, state);
      if (mask.count == 0) break;
      const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
      const auto rank = static_cast<uint32_t>(interval.low + random.below(interval.high - interval.low));
      state = test::walk(table, state, vocabulary->text_of_rank(rank));
    }
  }
}

TEST(TokenMask, EqualsTryingEveryTokenInStrings) {
  base::Random random(22);
  for (int round = 0; round < 300; ++round) {
    const auto vocabulary = test::random_vocabulary(random, 1 + random.below(random.below(4) == 0 ? 3000 : 500));
    test::StringMachine machine(random.below(3) == 0, random.below(2) == 0);
    const uint32_t limits[] = {0, 1, 2, 5, 8, 16, 17, 18, 19, 30, test::StringMachine::kNoLimit};
    auto state = machine.start(limits[random.below(std::size(limits))]);
    for (int step = 0; step < 4; ++step) {
      expect_exact(*vocabulary, machine, state, "round " + std::to_string(round) + " step " + std::to_string(step));
      if (HasFatalFailure()) return;
      const auto next = machine.next(state, static_cast<uint8_t>("a\xC3\xA9\\nb\xE2"[random.below(7)]));
      if (!machine.dead(next)) state = next;
    }
  }
}

// What a token that ends there would cost to end: anything, as long as it tells the states apart.
struct StringReach {
  using State = test::StringMachine::State;
  test::StringMachine& machine;
  State next(State state, uint8_t byte) { return machine.next(state, byte); }
  bool dead(State state) const { return machine.dead(state); }
  Idle idle(State state) { return machine.idle(state); }
  uint32_t reach(State state) const {
    return 100 * static_cast<uint32_t>(state.place) + 10 * state.utf8 + std::min(state.chars_left, 9u);
  }
};

TEST(TokenReach, EqualsTryingEveryTokenInStrings) {
  base::Random random(23);
  size_t taken = 0, entries = 0;
  for (int round = 0; round < 200; ++round) {
    const auto vocabulary = test::random_vocabulary(random, 1 + random.below(500));
    test::StringMachine machine(random.below(3) == 0);
    const uint32_t limits[] = {0, 1, 2, 8, 19, test::StringMachine::kNoLimit, test::StringMachine::kNoLimit};
    auto start = machine.start(limits[random.below(std::size(limits))]);
    if (random.below(2) == 0) start = machine.next(machine.next(start, 0xC3), 0xA9);
    if (machine.dead(start)) continue;
    StringReach reader{machine};
    std::vector<std::optional<uint32_t>> found(vocabulary->ranks());
    for (const auto& [reach, ranks] : token_reach(*vocabulary, reader, start)) {
      ++entries;
      for (uint32_t rank = ranks.low; rank < ranks.high; ++rank) found[rank] = reach;
    }
    for (uint32_t rank = 0; rank < vocabulary->ranks(); ++rank) {
      auto state = start;
      for (const char c : vocabulary->text_of_rank(rank)) state = machine.next(state, static_cast<uint8_t>(c));
      const auto expected = machine.dead(state) ? std::nullopt : std::optional(reader.reach(state));
      ASSERT_EQ(found[rank], expected) << "round " << round << " token " << vocabulary->text_of_rank(rank);
      taken += expected.has_value();
    }
  }
  EXPECT_GT(taken, entries);
}

TEST(TokenMask, ADeadStateAllowsNothing) {
  base::Random random(1);
  const auto vocabulary = test::random_vocabulary(random, 50);
  LanguageTable table;
  LanguageMachine machine(table);
  EXPECT_EQ(token_mask(*vocabulary, machine, LanguageTable::kNothing), TokenMask());
  EXPECT_EQ(token_mask(*vocabulary, machine, LanguageTable::kEmptyString), TokenMask());
}

TEST(TokenMask, MembershipBitsAndUnionAgree) {
  base::Random random(4);
  for (int round = 0; round < 200; ++round) {
    const uint32_t ranks = 1 + static_cast<uint32_t>(random.below(300));
    std::vector<bool> member[2];
    TokenMask mask[2];
    for (int k : {0, 1}) {
      TokenMaskBuilder builder;
      for (uint32_t rank = 0; rank < ranks; ++rank) {
        const bool is_in = random.below(8) != 0 ? rank > 0 && member[k][rank - 1] : random.below(2) == 0;
        member[k].push_back(is_in);
        if (is_in) builder.add(rank, rank + 1);
      }
      mask[k] = builder.finish();
      expect_normal_form(mask[k]);
    }
    const TokenMask both = unite(mask[0], mask[1]);
    expect_normal_form(both);
    std::vector<uint64_t> bits((ranks + 63) / 64, 0xABCDEF);
    both.fill_bits(bits);
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      const bool expected = member[0][rank] || member[1][rank];
      ASSERT_EQ(both.allows(rank), expected);
      ASSERT_EQ(bits[rank / 64] >> (rank % 64) & 1, expected);
    }
    std::vector<uint64_t> of_second((ranks + 63) / 64);
    std::vector<RankInterval> only_first;
    mask[1].fill_bits(of_second);
    for (uint32_t rank = 0; rank < ranks; ++rank) {
      if (!member[0][rank] || member[1][rank]) continue;
      if (!only_first.empty() && only_first.back().high == rank) {
        ++only_first.back().high;
      } else {
        only_first.push_back({rank, rank + 1});
      }
    }
    EXPECT_EQ(unite(only_first, of_second), both);
    EXPECT_EQ(both.single().has_value(), both.count == 1);
    EXPECT_TRUE(!both.single() || both.allows(*both.single()));
  }
}

}  // namespace
}  // namespace cadre::contract
