// Soft budgets of tokens for single values: x-max-tokens.
//
//     {"type": "string", "x-max-tokens": 40}    // also under allOf and $ref; for values of any type
//
// In generate mode the value takes at most so many tokens, counting those that hold a byte of it, wherever its shortest form fits (in bytes,
// since a byte may need a token; items that must differ have two bytes in reserve). Soft: it never makes a document impossible. Where the budget is spent, the value goes the shortest way that its
// document has. Validity does not depend on it, and accept mode does not know tokens.
//
// The rule. Of an open value let `left` be the tokens left to it, and F the bytes to its end on the document's shortest way. A token that leaves
// it open needs F after it < max(left, F before it); one that begins it, the same with the whole budget and the F before its first byte. On
// the shortest way each byte takes one off every F, so there is a token for every position. Where the searches behind the distances disagree with
// themselves and no single byte keeps the rule, it is replaced, for one token, by: nearer to the end of the document.
// The rule is the same for masks and for taking a token (SchemaContract). Thread safety: none; the owner locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "contract/document_cursor.h"

namespace cadre::contract {

// A place in a document, with what its open values may still cost.
struct BudgetedCursor {
  explicit BudgetedCursor(SchemaMachine& machine);
  // Reads the bytes as one token, whatever it costs; false, and nothing changed, if the machine refuses them.
  bool read(SchemaMachine& machine, std::string_view bytes);

  DocumentCursor cursor;
  // Tokens left to each value of SchemaMachine::budgets(), outermost first.
  std::vector<uint32_t> tokens_left;

 private:
  friend class BudgetRule;
  void count(SchemaMachine& machine, DocumentCursor after, const DocumentCursor::Trace& trace);
};

// How far a token leads, as far as the rule asks.
struct BudgetedReach {
  uint32_t distance = 0;
  bool doubtful = false;                 // what the text decides may make all of it one less, or up to two more
  int64_t begun_excess = INT64_MIN / 2;  // the rule for values that the token begins: at most 0
  std::vector<int64_t> needs;            // and for those that were open: at most max(left, F before), outermost first
  friend bool operator==(const BudgetedReach&, const BudgetedReach&) = default;
};

// Reads the token's bytes along the machine, for token_reach().
class BudgetedMachine {
 public:
  struct State {
    SchemaMachine::State machine;
    DocumentCursor::Trace trace;
    bool at_start = true;
  };
  BudgetedMachine(SchemaMachine& machine, SchemaMachine::State start);

  State start() const { return {start_, {0, machine_.open_values(start_)}, true}; }
  State next(const State& state, uint8_t byte);
  bool dead(const State& state) const { return machine_.dead(state.machine); }
  Idle idle(const State& state) { return machine_.idle(state.machine); }
  BudgetedReach reach(const State& state);

 private:
  SchemaMachine& machine_;
  SchemaMachine::State start_;
};

// What one place allows.
class BudgetRule {
 public:
  BudgetRule(SchemaMachine& machine, const BudgetedCursor& from, uint32_t distance_max);

  // Does the token keep all budgets? In doubt (kAsk) only take() can tell.
  enum class Answer : uint8_t { kNo, kAsk, kYes };
  Answer judge(const BudgetedReach& reach) const;
  // The place after the token; false, and nothing changed, if it is refused.
  bool take(BudgetedCursor& place, std::string_view token) const;
  // Is the rule replaced here? Then all that counts is distance_max(), and that the machine takes the token.
  bool is_replaced() const { return is_replaced_; }
  // The farthest from the end that a token may lead; kNoWay: nothing may come. REQUIRES is_replaced().
  uint32_t distance_max() const { return distance_max_; }

 private:
  bool keeps(const BudgetedReach& reach, int64_t more) const;
  BudgetedReach reach_of(const DocumentCursor& after, const DocumentCursor::Trace& trace) const;
  bool a_byte_keeps() const;

  SchemaMachine& machine_;
  const BudgetedCursor& from_;
  uint32_t distance_max_;
  std::vector<int64_t> limits_;  // max(left, F before), per value that is open
  bool is_replaced_ = false;
};

}  // namespace cadre::contract
