// SPDX-License-Identifier: Apache-2.0
#include "contract/formula.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kVariables = 5;

// A formula as a table of truth: bit (assignment) is its value there.
struct FormulaCase {
  Formula formula = FormulaTable::kFalse;
  uint32_t truth = 0;
};

constexpr uint32_t kAllAssignments = 0xFFFFFFFFu;  // 2^5 of them

uint32_t truth_of_variable(uint32_t variable) {
  uint32_t truth = 0;
  for (uint32_t assignment = 0; assignment < 32; ++assignment) truth |= (assignment >> variable & 1u) << assignment;
  return truth;
}

// Random formulas, built beside their truth tables.
std::vector<FormulaCase> random_cases(FormulaTable& table, base::Random& random, size_t count) {
  std::vector<FormulaCase> cases{{FormulaTable::kFalse, 0}, {FormulaTable::kTrue, kAllAssignments}};
  for (uint32_t v = 0; v < kVariables; ++v) cases.push_back({table.variable(v), truth_of_variable(v)});
  while (cases.size() < count) {
    const size_t parts_count = 1 + random.below(4);
    std::vector<Formula> parts;
    std::vector<uint32_t> truths;
    for (size_t i = 0; i < parts_count; ++i) {
      const FormulaCase& part = cases[random.below(cases.size())];
      parts.push_back(part.formula);
      truths.push_back(part.truth);
    }
    uint32_t all = kAllAssignments, any = 0, once = 0, twice = 0;
    for (const uint32_t truth : truths) {
      all &= truth;
      any |= truth;
      twice |= once & truth;
      once |= truth;
    }
    switch (random.below(4)) {
      case 0:
        cases.push_back({table.all(parts), all});
        break;
      case 1:
        cases.push_back({table.any(parts), any});
        break;
      case 2:
        cases.push_back({table.exactly_one(parts), once & ~twice});
        break;
      default:
        cases.push_back({table.negate(parts[0]), ~truths[0]});
    }
  }
  return cases;
}

uint32_t truth_of(FormulaTable& table, Formula formula) {
  uint32_t truth = 0;
  for (uint32_t assignment = 0; assignment < 32; ++assignment) {
    const Formula value =
        table.substitute(formula, [&](uint32_t v) { return table.constant((assignment >> v & 1u) != 0); });
    EXPECT_TRUE(table.is_constant(value));
    truth |= (value == FormulaTable::kTrue ? 1u : 0u) << assignment;
  }
  return truth;
}

TEST(Formula, SimplificationKeepsTheTruthTable) {
  FormulaTable table;
  base::Random random(7);
  for (const FormulaCase& one : random_cases(table, random, 400)) ASSERT_EQ(truth_of(table, one.formula), one.truth);
}

TEST(Formula, SubstitutingInAnyOrderGivesTheSameTruth) {
  FormulaTable table;
  base::Random random(8);
  for (const FormulaCase& one : random_cases(table, random, 200)) {
    for (uint32_t v = 0; v < kVariables; ++v) {
      const Formula fixed =
          table.substitute(one.formula, [&](uint32_t u) { return u == v ? FormulaTable::kTrue : table.variable(u); });
      const uint32_t where = truth_of_variable(v);
      ASSERT_EQ(truth_of(table, fixed) & where, one.truth & where);
      const auto& variables = table.variables(fixed);
      ASSERT_EQ(std::count(variables.begin(), variables.end(), v), 0);
    }
  }
}

TEST(Formula, PossibleIsAnUpperBound) {
  FormulaTable table;
  base::Random random(9);
  for (const FormulaCase& one : random_cases(table, random, 400)) {
    // Nothing is known of any literal: only what is false already is impossible.
    const Formula open = table.possible(one.formula, [](uint32_t, bool) { return FormulaTable::kTrue; });
    if (one.truth != 0) {
      ASSERT_EQ(open, FormulaTable::kTrue);
    }
    // Variable 0 is known by value: wherever the formula can hold with it, the bound holds too.
    const Formula bound = table.possible(one.formula, [&](uint32_t v, bool positive) {
      if (v != 0) return FormulaTable::kTrue;
      return positive ? table.variable(0) : table.negate(table.variable(0));
    });
    for (const bool value : {false, true}) {
      const uint32_t where = value ? truth_of_variable(0) : ~truth_of_variable(0);
      if ((one.truth & where) == 0) continue;
      ASSERT_EQ(table.substitute(bound, [&](uint32_t) { return table.constant(value); }), FormulaTable::kTrue);
    }
  }
}

TEST(Formula, EqualFormulasHaveOneId) {
  FormulaTable table;
  const Formula a = table.variable(1), b = table.variable(2), c = table.variable(3);
  EXPECT_EQ(table.all({a, table.all({c, b})}), table.all({c, b, a, b}));
  EXPECT_EQ(table.any({a, table.negate(a)}), FormulaTable::kTrue);
  EXPECT_EQ(table.all({a, b, table.negate(b)}), FormulaTable::kFalse);
  EXPECT_EQ(table.negate(table.negate(table.exactly_one({a, b, c}))), table.exactly_one({c, a, b}));
  EXPECT_EQ(table.exactly_one({a, a, b}), table.all({table.negate(a), b}));
  EXPECT_EQ(table.exactly_one({FormulaTable::kTrue, a}), table.negate(a));
}

}  // namespace
}  // namespace cadre::contract
