// SPDX-License-Identifier: Apache-2.0
#include "contract/grammar_machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "contract/gbnf.h"
#include "contract/test_vocabularies.h"

namespace cadre::contract {
namespace {

// The slow recogniser by the book: for every expression and every begin, the set of ends, as the least fixpoint.
class SpanRecogniser {
 public:
  SpanRecogniser(const Grammar& grammar, std::string_view text) : grammar_(grammar), text_(text) {
    ends_.assign(grammar.nodes().size(), std::vector<uint32_t>(text.size() + 1, 0));
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t node = 0; node < grammar.nodes().size(); ++node) {
        for (size_t begin = 0; begin <= text.size(); ++begin) {
          const uint32_t ends = ends_of(grammar.nodes()[node], begin);
          changed = changed || (ends & ~ends_[node][begin]) != 0;
          ends_[node][begin] |= ends;
        }
      }
    }
  }

  bool accepts() const { return (ends_[grammar_.rules()[grammar_.root()].body][0] >> text_.size() & 1) != 0; }

 private:
  // All ends of `node` from any begin in the set `begins`.
  uint32_t after(GrammarNodeId node, uint32_t begins) const {
    uint32_t out = 0;
    for (size_t i = 0; i <= text_.size(); ++i) {
      if ((begins >> i & 1) != 0) out |= ends_[node][i];
    }
    return out;
  }

  uint32_t ends_of(const GrammarNode& node, size_t begin) const {
    const uint32_t here = uint32_t{1} << begin;
    switch (node.kind) {
      case GrammarKind::kEmpty:
        return here;
      case GrammarKind::kBytes:
        return begin < text_.size() && node.bytes[static_cast<uint8_t>(text_[begin])] ? here << 1 : 0;
      case GrammarKind::kCodePoints:
        for (const CodePointRange& range : node.set) {
          if (begin < text_.size() && range.low <= static_cast<uint8_t>(text_[begin]) &&
              static_cast<uint8_t>(text_[begin]) <= range.high) {
            return here << 1;
          }
        }
        return 0;
      case GrammarKind::kLiteral:
        return text_.substr(begin, node.text.size()) == node.text ? here << node.text.size() : 0;
      case GrammarKind::kConcat: {
        uint32_t at = here;
        for (const GrammarNodeId child : node.children) at = after(child, at);
        return at;
      }
      case GrammarKind::kAlternate: {
        uint32_t out = 0;
        for (const GrammarNodeId child : node.children) out |= ends_[child][begin];
        return out;
      }
      case GrammarKind::kRepeat: {
        uint32_t at = here, out = node.low == 0 ? here : 0;
        const uint32_t most = std::min<uint32_t>(node.high, node.low + static_cast<uint32_t>(text_.size()) + 1);
        for (uint32_t i = 1; i <= most; ++i) {
          at = after(node.children[0], at);
          if (i >= node.low) out |= at;
        }
        return out;
      }
      case GrammarKind::kRule:
        return ends_[grammar_.rules()[node.rule].body][begin];
    }
    return 0;
  }

  const Grammar& grammar_;
  std::string_view text_;
  std::vector<std::vector<uint32_t>> ends_;  // per node and begin: bit set of ends
};

class RandomGrammar {
 public:
  explicit RandomGrammar(base::Random& random) : random_(random) {
    const size_t rules = 1 + random_.below(4);
    for (size_t i = 0; i < rules; ++i) ids_.push_back(grammar_.rule("r" + std::to_string(i)));
    for (const RuleId id : ids_) grammar_.define(id, node(3));
    grammar_.set_root(ids_[0]);
  }
  const Grammar& grammar() const { return grammar_; }

 private:
  GrammarNodeId node(int depth) {
    switch (random_.below(depth <= 0 ? 5 : 11)) {
      case 0:
        return random_.chance(0.3) ? grammar_.empty() : grammar_.literal("a");
      case 1:
        return grammar_.literal("b");
      case 2: {
        ByteSet set;
        set.set('a');
        if (random_.chance(0.5)) set.set('b');
        return grammar_.bytes(set);
      }
      case 3:
      case 4:
        return grammar_.call(ids_[random_.below(ids_.size())]);
      case 5:
      case 6:
      case 7: {
        std::vector<GrammarNodeId> parts;
        for (uint64_t n = 1 + random_.below(3); n > 0; --n) parts.push_back(node(depth - 1));
        return grammar_.concat(parts);
      }
      case 8:
      case 9: {
        std::vector<GrammarNodeId> parts;
        for (uint64_t n = 2 + random_.below(2); n > 0; --n) parts.push_back(node(depth - 1));
        return grammar_.alternate(parts);
      }
      default: {
        const GrammarNodeId part = node(depth - 1);
        const auto low = static_cast<uint32_t>(random_.below(4));
        const bool bounded = random_.chance(0.6);
        return grammar_.repeat(part, low, bounded ? low + static_cast<uint32_t>(random_.below(4)) : kUnbounded);
      }
    }
  }

  base::Random& random_;
  Grammar grammar_;
  std::vector<RuleId> ids_;
};

constexpr size_t kSizeMax = 6;

std::vector<std::string> all_texts() {
  std::vector<std::string> out = {""};
  for (size_t i = 0; i < out.size(); ++i) {
    if (out[i].size() == kSizeMax) continue;
    out.push_back(out[i] + "a");
    out.push_back(out[i] + "b");
  }
  return out;
}

// Acceptance, and what follows from the accepted texts: no dead prefix of one, no live prefix without one, exact
// distances.
void compare(const Grammar& grammar, GrammarMachine& machine) {
  std::set<std::string> accepted;
  for (const std::string& text : all_texts()) {
    if (SpanRecogniser(grammar, text).accepts()) accepted.insert(text);
  }
  for (const std::string& text : all_texts()) {
    GrammarMachine::State state = machine.start();
    for (const char byte : text) state = machine.next(state, static_cast<uint8_t>(byte));
    ASSERT_EQ(machine.complete(state), accepted.contains(text)) << '"' << text << '"';
    uint32_t shortest = kFar;
    for (auto at = accepted.lower_bound(text); at != accepted.end() && at->starts_with(text); ++at) {
      shortest = std::min(shortest, static_cast<uint32_t>(at->size() - text.size()));
    }
    const auto room = static_cast<uint32_t>(kSizeMax - text.size());
    if (shortest != kFar) {
      ASSERT_EQ(machine.distance(state), shortest) << '"' << text << '"';
      ASSERT_FALSE(machine.dead(state));
    } else {
      ASSERT_GT(machine.distance(state), room) << '"' << text << '"';
    }
    ASSERT_EQ(machine.dead(state), machine.distance(state) == kFar);
  }
}

TEST(GrammarMachine, AgreesWithTheSlowRecogniserOnRandomGrammars) {
  base::Random random(1);
  size_t compared = 0;
  for (int round = 0; round < 700; ++round) {
    const RandomGrammar made(random);
    for (const uint32_t states_max : {0U, 48U}) {
      GrammarLimits limits;
      limits.inline_states_max = limits.unroll_states_max = states_max;
      const auto network = compile_grammar(made.grammar(), limits);
      if (!network.ok()) {
        ASSERT_NE(network.error().message.find("derives nothing"), std::string::npos) << network.error().message;
        continue;
      }
      ++compared;
      GrammarMachine machine(*network);
      compare(made.grammar(), machine);
      if (::testing::Test::HasFatalFailure()) FAIL() << "round " << round << " limit " << states_max;
    }
  }
  EXPECT_GT(compared, 700U);
}

GrammarMachine machine_of(std::string_view gbnf, GrammarLimits limits = {}) {
  return GrammarMachine(compile_grammar(parse_gbnf(gbnf).value(), limits).value());
}

GrammarMachine::State after(GrammarMachine& machine, std::string_view text) {
  GrammarMachine::State state = machine.start();
  for (const char byte : text) state = machine.next(state, static_cast<uint8_t>(byte));
  return state;
}

TEST(GrammarMachine, EqualConfigurationsHaveEqualStates) {
  GrammarMachine machine = machine_of("root ::= (\"(\" root \")\" | [a-z]+ \",\")*");
  EXPECT_EQ(after(machine, "((ab,c,"), after(machine, "((q,(x,)"));
  EXPECT_FALSE(after(machine, "((a,") == after(machine, "(a,"));
}

TEST(GrammarMachine, AmbiguityCostsASetAndNotAStackPerDerivation) {
  GrammarMachine machine = machine_of("root ::= root root | root root root | \"a\" | \"(\" root \")\"");
  const auto state = after(machine, std::string(120, 'a'));  // Catalan many derivations: more than 10^60
  EXPECT_TRUE(machine.complete(state));
  EXPECT_LT(machine.size_bytes(), size_t{4} << 20);
}

TEST(GrammarMachine, RightRecursionNeedsNoStack) {
  GrammarMachine machine = machine_of("root ::= \"a\" root | \"b\"");
  EXPECT_EQ(after(machine, "aaa"), after(machine, "aaaaaaaa"));
}

TEST(GrammarMachine, DistanceSumsOverTheStack) {
  GrammarMachine machine = machine_of("root ::= \"[\" root \"]\" | \"x\" [0-9]{4,9} [a-z]{2000}");
  EXPECT_EQ(machine.distance(machine.start()), 2005U);
  EXPECT_EQ(machine.distance(after(machine, "[[[x1")), 2003U + 3);
  EXPECT_EQ(machine.distance(after(machine, "[x123456789" + std::string(1'999, 'k'))), 2U);
}

TEST(GrammarMachine, IdleBytesKeepAStateAlive) {
  GrammarMachine machine = machine_of("root ::= \"\\\"\" [^\"\\\\\\n]* \"\\\"\" [a-z]{0,500} \".\"");
  const Idle in_string = machine.idle(after(machine, "\""));
  ASSERT_NE(in_string.bytes, nullptr);
  EXPECT_TRUE(in_string.utf8);
  EXPECT_TRUE((*in_string.bytes)['z'] && (*in_string.bytes)[0xE2] && !(*in_string.bytes)['"']);
  EXPECT_EQ(in_string.chars_left, UINT32_MAX);
  const auto counting = after(machine, "\"\"abc");
  const Idle in_count = machine.idle(counting);
  ASSERT_NE(in_count.bytes, nullptr);
  EXPECT_EQ(in_count.bytes->count(), 26U);
  EXPECT_EQ(in_count.chars_left, 497U);
  EXPECT_FALSE(machine.dead(after(machine, "\"\"abc" + std::string(497, 'q'))));
  EXPECT_TRUE(machine.dead(after(machine, "\"\"abc" + std::string(498, 'q'))));
}

TEST(GrammarMachine, MasksEqualTryingEveryToken) {
  GrammarMachine machine = machine_of(R"gbnf(root ::= value
value ::= "{" (string ":" value ("," string ":" value)*)? "}" | string | [a-c]{2,12} | value "," value | .{3}
string ::= "\"" ([^"\\\n] | "\\" [n"\\])* "\"" | "'" [^']{0,7} "'")gbnf");
  base::Random random(4);
  for (int round = 0; round < 30; ++round) {
    const auto vocabulary = test::random_vocabulary(random, 40 + random.below(400));
    GrammarMachine::State state = machine.start();
    for (int step = 0; step < 30; ++step) {
      const TokenMask mask = token_mask(*vocabulary, machine, state);
      ASSERT_EQ(mask, test::mask_by_trying(*vocabulary, machine, state));
      if (mask.count == 0) break;
      const RankInterval& interval = mask.intervals[random.below(mask.intervals.size())];
      const auto rank = interval.low + static_cast<uint32_t>(random.below(interval.high - interval.low));
      for (const char byte : vocabulary->text_of_rank(rank)) state = machine.next(state, static_cast<uint8_t>(byte));
    }
  }
}

TEST(GrammarMachine, ForgettingKeepsTheStatesThatItIsGiven) {
  GrammarMachine machine = machine_of("root ::= \"(\" root \")\" | [a-z]{2,100}");
  GrammarMachine::State deep = after(machine, "(((((ab");
  GrammarMachine::State dead = after(machine, ")");
  after(machine, std::string(1'000, '('));
  const size_t before = machine.size_bytes();
  const uint32_t distance = machine.distance(deep);
  std::vector<GrammarMachine::State*> keep = {&deep, &dead};
  machine.forget(keep);
  EXPECT_LT(machine.size_bytes(), before / 4);
  EXPECT_EQ(machine.distance(deep), distance);
  EXPECT_TRUE(machine.dead(dead));
  for (const char byte : std::string(")))))")) deep = machine.next(deep, static_cast<uint8_t>(byte));
  EXPECT_TRUE(machine.complete(deep));
  EXPECT_TRUE(machine.complete(after(machine, "xyz")));
}

TEST(GrammarMachine, MemoryIsLimited) {
  const auto network = compile_grammar(parse_gbnf("root ::= \"(\" root \")\" | \"x\"").value()).value();
  GrammarMachine machine(network, {.size_bytes_max = 100'000});
  EXPECT_TRUE(machine.dead(after(machine, std::string(100'000, '('))));
  EXPECT_TRUE(machine.overflowed());
}

TEST(GrammarMachine, TheEmptyLanguageOfOneEmptyTextIsComplete) {
  GrammarMachine machine = machine_of("root ::= \"\"");
  EXPECT_TRUE(machine.complete(machine.start()));
  EXPECT_FALSE(machine.dead(machine.start()));
  EXPECT_TRUE(machine.dead(machine.next(machine.start(), 'a')));
}

}  // namespace
}  // namespace cadre::contract
