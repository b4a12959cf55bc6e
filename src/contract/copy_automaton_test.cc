// Copies as languages against all spans of short sources.
// SPDX-License-Identifier: Apache-2.0
#include "contract/copy_automaton.h"

#include <gtest/gtest.h>

#include "contract/language.h"
#include "contract/test_bindings.h"

namespace cadre::contract {
namespace {

Language copies_of(LanguageTable& table, const std::vector<std::string>& sources, const CopyRule& rule) {
  const std::vector<std::string_view> views(sources.begin(), sources.end());
  return table.copies(CopyAutomaton::make(views, rule).value());
}

Language read(LanguageTable& table, Language language, std::string_view text) {
  for (const char c : text) language = table.derivative(language, static_cast<uint8_t>(c));
  return language;
}

bool accepts(LanguageTable& table, Language language, std::string_view text) {
  return table.nullable(read(table, language, text));
}

std::string mutated(std::string text, base::Random& random) {
  const size_t at = random.below(text.size() + 1);
  const std::string piece = test::random_source(random, 1);
  if (random.below(2) == 0) return text.insert(at, piece);
  return text.erase(at, random.below(3));
}

// What the remaining texts of the set after `prefix` cost at least; nullopt if none can be written.
std::optional<uint32_t> cheapest(const std::set<std::string>& texts, std::string_view prefix, uint64_t chars_low,
                                 uint64_t chars_high) {
  std::optional<uint32_t> best;
  for (const std::string& text : texts) {
    if (!text.starts_with(prefix)) continue;
    const auto chars =
        static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
    const uint32_t cost = canonical_size_bytes(std::string_view(text).substr(prefix.size()));
    if (chars < chars_low || chars > chars_high || cost == kNotWritable) continue;
    best = std::min(best.value_or(cost), cost);
  }
  return best;
}

TEST(CopyAutomaton, TakesExactlyTheSpansOfItsSources) {
  base::Random random(5);
  size_t spans = 0, refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> sources = {test::random_source(random, 9)};
    if (random.below(4) == 0) sources.push_back(test::random_source(random, 5));
    const CopyRule rule = test::random_rule(random);
    const std::set<std::string> expected = test::all_copies(sources, rule);
    LanguageTable table;
    const Language copies = copies_of(table, sources, rule);
    EXPECT_EQ(copies == LanguageTable::kNothing, expected.empty());
    EXPECT_FALSE(table.nullable(copies));
    for (const std::string& text : expected) {
      ++spans;
      EXPECT_TRUE(accepts(table, copies, text)) << "source: " << sources[0] << " copy: " << text;
      const std::string other = mutated(text, random);
      refused += !expected.contains(other);
      if (rule.fold_case) continue;  // not all cases are listed
      EXPECT_EQ(accepts(table, copies, other), expected.contains(other)) << sources[0] << " | " << other;
    }
  }
  EXPECT_GT(spans, 50'000u);
  EXPECT_GT(refused, 10'000u);
}

TEST(CopyAutomaton, EveryStateIsAliveAndKnowsItsCheapestEnd) {
  base::Random random(6);
  for (int round = 0; round < 1500; ++round) {
    const std::vector<std::string> sources = {test::random_source(random, 9)};
    CopyRule rule = test::random_rule(random);
    rule.fold_case = false;  // the cheapest case of a letter is not looked for
    const std::set<std::string> expected = test::all_copies(sources, rule);
    if (expected.empty()) continue;
    LanguageTable table;
    const Language copies = copies_of(table, sources, rule);
    const uint64_t low = random.below(6), high = low + random.below(6);
    const Language bounded = table.intersect({copies, table.length(low, high)});
    auto text = expected.begin();
    std::advance(text, static_cast<long>(random.below(expected.size())));
    for (size_t size = 0; size < text->size(); ++size) {
      const std::string_view prefix = std::string_view(*text).substr(0, size);
      const Language state = read(table, copies, prefix);
      EXPECT_EQ(table.nonempty(state), true);
      EXPECT_EQ(table.cheapest_size(state), cheapest(expected, prefix, 0, UINT64_MAX)) << sources[0] << " | " << prefix;
      const Language inside = read(table, bounded, prefix);
      EXPECT_EQ(table.cheapest_size(inside), cheapest(expected, prefix, low, high))
          << sources[0] << " | " << prefix << " | " << low << " to " << high;
      const bool any = std::any_of(expected.begin(), expected.end(), [&](const std::string& t) {
        const auto chars = std::count_if(t.begin(), t.end(), [](char c) { return (c & 0xC0) != 0x80; });
        return t.starts_with(prefix) && chars >= static_cast<long>(low) && chars <= static_cast<long>(high);
      });
      EXPECT_EQ(table.nonempty(inside), any) << sources[0] << " | " << prefix << " | " << low << " to " << high;
    }
    const auto byte = static_cast<uint8_t>(random.below(256));
    const Language first = table.derivative(copies, byte);
    const bool begins = std::any_of(expected.begin(), expected.end(),
                                    [&](const std::string& t) { return static_cast<uint8_t>(t[0]) == byte; });
    EXPECT_EQ(first != LanguageTable::kNothing, begins);
  }
}

TEST(CopyAutomaton, ComposesWithOtherLanguages) {
  base::Random random(7);
  for (int round = 0; round < 400; ++round) {
    const std::string source = test::random_source(random, 10);
    const std::set<std::string> spans = test::all_copies({source}, CopyRule());
    LanguageTable table;
    const Language copies = copies_of(table, {source}, CopyRule());
    const Language pattern = table.from_regex(Regex::parse("^[a-z ]+$").value()).value();
    const Language both = table.intersect({copies, pattern});
    const Language either = table.alternate({copies, table.literals({"none", "ab ab"})});
    const Language other = table.intersect({table.complement(copies), table.length(0, 12)});
    const auto plain = [](const std::string& text) {
      return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz ") == std::string::npos;
    };
    std::set<std::string> asked = spans;
    asked.insert({"none", "ab ab", "", "the"});
    for (const std::string& text : asked) {
      const bool is_span = spans.contains(text);
      EXPECT_EQ(accepts(table, both, text), is_span && plain(text));
      EXPECT_EQ(accepts(table, either, text), is_span || text == "none" || text == "ab ab");
      const auto chars = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
      EXPECT_EQ(accepts(table, other, text), !is_span && chars <= 12);
    }
    EXPECT_EQ(table.nonempty(both), std::any_of(spans.begin(), spans.end(), plain));
    std::set<std::string> plain_spans;
    std::copy_if(spans.begin(), spans.end(), std::inserter(plain_spans, plain_spans.end()), plain);
    EXPECT_EQ(table.cheapest_size(both), cheapest(plain_spans, "", 0, UINT64_MAX));
  }
}

TEST(CopyAutomaton, RepeatsOfOneWordStayFewStates) {
  std::string source;
  for (int i = 0; i < 2000; ++i) source += "word ";
  LanguageTable table;
  Language state = copies_of(table, {source}, CopyRule());
  for (int i = 0; i < 20; ++i) state = read(table, state, i == 0 ? "word" : " word");
  EXPECT_TRUE(table.nullable(state));
  EXPECT_LT(table.size(), 200u);
  EXPECT_FALSE(table.full());
}

TEST(CopyAutomaton, CountsOfWordsThatDoNotFitAreRefused) {
  const std::string source((1 << 22) + 1, 'a');
  CopyRule rule;
  rule.words_max = kCopyWordsMax;
  const std::vector<std::string_view> sources = {source, source};
  const auto made = CopyAutomaton::make(sources, rule);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kLimit);
  EXPECT_NE(made.error().message.find("shorten the source"), std::string::npos);
}

TEST(SortedTexts, FindTheCheapestOfARange) {
  base::Random random(8);
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back(test::random_source(random, 6));
  const SortedTexts sorted(texts);
  const auto size = static_cast<uint32_t>(sorted.all().size());
  for (int i = 0; i < 500; ++i) {
    const auto low = static_cast<uint32_t>(random.below(size)),
               high = low + static_cast<uint32_t>(random.below(size - low + 1));
    uint32_t least = kNotWritable;
    for (uint32_t k = low; k < high; ++k) least = std::min(least, canonical_size_bytes(sorted.all()[k]));
    const auto found = sorted.cheapest(low, high);
    EXPECT_EQ(found ? canonical_size_bytes(sorted.all()[*found]) : kNotWritable, least);
  }
}

}  // namespace
}  // namespace cadre::contract
