// What a step may yield, whatever it was written in: the one thing that Constraint (contract/constraint.h) is written against.
//
//     auto contract = TRY(regex_contract("[A-Z]{3}-[0-9]+"));    // or grammar_contract, sql_contract, SchemaContract::compile
//     Contract::State state = contract->start();
//     contract->read(state, "ABC-1");                            // false, and nothing changed, if it is refused
//     contract->complete(state);
//
// A contract reads bytes. It knows from each state which tokens of a vocabulary may follow, exactly, and (if it is bounded()) how many bytes
// lead to the end at most. Promises: mask() holds the tokens that take() takes. From a
// state with distance d > 0 some byte leads to one with d - 1 or less; so who starts within a budget ends within it.
// Tables grow as they are used, up to a limit; past it everything is refused and problem() says so.
// Thread safety: all members lock inside, a contract may be shared by threads. States are values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/token_mask.h"
#include "contract/vocabulary.h"

namespace cadre::contract {

inline constexpr uint32_t kNoBudget = UINT32_MAX;
inline constexpr size_t kMaskCacheSizeBytesMax = 16 << 20;  // per contract and vocabulary

class Contract {
 public:
  // A place in one text. Equal ids without memory behave alike; the memory is what only the text decides.
  struct State {
    uint64_t id = 0;
    std::shared_ptr<const void> memory;
  };
  // Distance of a state from which no end was found.
  static constexpr uint32_t kNoWay = UINT32_MAX;

  virtual ~Contract() = default;
  Contract(const Contract&) = delete;
  Contract& operator=(const Contract&) = delete;

  virtual State start() = 0;
  // Reads the bytes; false, and the state unchanged, if they are refused.
  virtual bool read(State& state, std::string_view bytes) = 0;
  // Reads a token, if it leads to a state at most `distance_max` from the end (kNoBudget: any); false, and the state unchanged, otherwise.
  virtual bool take(State& state, std::string_view token, uint32_t distance_max) {
    State next = state;
    if (!read(next, token) || (distance_max != kNoBudget && distance(next) > distance_max)) return false;
    state = std::move(next);
    return true;
  }
  virtual bool complete(const State& state) = 0;
  // Is distance() known, so that budgets can be kept?
  virtual bool bounded() const = 0;
  // Bytes that finish the text from here, at most; kNoWay for all states if not bounded().
  virtual uint32_t distance(const State& state) = 0;
  // The tokens that take() takes.
  virtual std::shared_ptr<const TokenMask> mask(const std::shared_ptr<const Vocabulary>& vocabulary, const State& state,
                                                uint32_t distance_max) = 0;
  // The bytes that must come next whatever is chosen, `size_max` of them at most; none where there is a choice or the text may end.
  virtual std::string forced(const State& state, size_t size_max) = 0;
  // Ranks of the tokens in the sub-tree below this node of the trie that may come next if all down to the node stands there already; the first
  // `count_max` of them. In doubt a token is among them.
  virtual std::vector<uint32_t> ranks_below(const Vocabulary& vocabulary, const State& state, uint32_t node,
                                            size_t count_max) = 0;
  // States in the tables so far.
  virtual size_t size() = 0;
  // Why everything is refused from some point on; empty when all is well.
  virtual std::string problem() = 0;

  // Is the whole text one of the contract's? Error kLimit when the tables are full.
  Result<bool> accepts(std::string_view text) {
    State state = start();
    const bool accepted = read(state, text) && complete(state);
    if (std::string found = problem(); !found.empty()) return Error{ErrorCode::kLimit, std::move(found)};
    return accepted;
  }
  // Bytes, and so at most as many tokens, of the shortest text; kNoWay if not bounded().
  uint32_t bytes_min() { return distance(start()); }

 protected:
  Contract() = default;
};

}  // namespace cadre::contract
