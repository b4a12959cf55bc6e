// Boolean formulas over numbered variables, hash-consed and simplified as they are built: equal ids mean equal structure.
//
// What a schema says about one instance is a formula over atoms (one keyword's verdict each). Reading the instance decides atoms one after
// the other; substituting their values leaves the formula of what is still open, which is all that a frame of the machine has to
// remember. Negation stands only before variables and before exactly_one (De Morgan does the rest).
// Idea: formula progression (Bacchus and Kabanza 1998), applied to schemas.
// Thread safety: none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "contract/intern_table.h"

namespace cadre::contract {

using Formula = uint32_t;

class FormulaTable {
 public:
  static constexpr Formula kFalse = 0, kTrue = 1;

  FormulaTable();

  Formula variable(uint32_t variable);
  Formula negate(Formula f);
  Formula all(std::vector<Formula> parts);          // and
  Formula any(std::vector<Formula> parts);          // or
  Formula exactly_one(std::vector<Formula> parts);  // oneOf; equal parts count as often as they stand there
  Formula constant(bool value) const { return value ? kTrue : kFalse; }
  bool is_constant(Formula f) const { return f <= kTrue; }

  // The formula with every variable v replaced by value_of(v); value_of(v) may be variable(v) itself.
  Formula substitute(Formula f, const std::function<Formula(uint32_t)>& value_of);

  // An upper bound: true wherever f can still become true. literal(v, positive) says under which condition the literal v (or not v) can
  // still become true, as a formula over whatever variables the caller likes. Exact when the literals are independent.
  Formula possible(Formula f, const std::function<Formula(uint32_t, bool)>& literal);

  // Sorted, each once. Valid until the next formula is built.
  const std::vector<uint32_t>& variables(Formula f);

  enum class Kind : uint8_t { kConstant, kVariable, kNot, kAll, kAny, kExactlyOne };
  struct Node {
    Kind kind = Kind::kConstant;
    std::vector<uint32_t> parts;  // kVariable: the variable; else formulas
    friend bool operator==(const Node&, const Node&) = default;
  };
  const Node& node(Formula f) const { return nodes_[f]; }

 private:
  Formula make(Kind kind, std::vector<uint32_t> parts);
  template <bool kIsAll>
  Formula join(std::vector<Formula> parts);
  Formula substitute_step(Formula f, const std::function<Formula(uint32_t)>& value_of);
  Formula possible_step(Formula f, bool positive, const std::function<Formula(uint32_t, bool)>& literal);

  InternTable<Node> nodes_;
  std::vector<std::vector<uint32_t>> variables_;  // per formula, filled on demand
  std::vector<bool> variables_known_;
  std::vector<Formula> memo_;         // of the substitution under way
  std::vector<uint32_t> memo_epoch_;  // which one that was
  uint32_t epoch_ = 0;
};

inline uint64_t hash_of(const FormulaTable::Node& node) {
  return hash_range(static_cast<uint64_t>(node.kind), node.parts);
}

}  // namespace cadre::contract
