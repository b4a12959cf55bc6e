// What a generator may write next: a contract bound to a vocabulary and to the text so far.
//
//     auto contract = TRY(SchemaContract::compile(schema_text, SchemaMode::kGenerate));   // or any other Contract
//     auto constraint = TRY(Constraint::make(contract, vocabulary, 200));   // at most 200 tokens
//     while (!constraint.ended()) {
//       const TokenMask& mask = constraint.mask();   // ranks of the tokens that may come next
//       ... choose a token id; end of sequence is one of them once complete() ...
//       constraint.advance(token);                   // false: refused, and nothing changed
//     }
//
// Masks are exact: a token is in the mask if and only if advance() takes it. They are remembered per state in the contract, for all
// constraints of one vocabulary. With a budget of tokens the mask is never empty before the text is complete, and the text is
// always complete within the budget (Contract::distance counts bytes, and a byte is at most one token).
// Forced text costs no step of the model:
//     if (const ForcedTokens forced = constraint.forced_tokens(encode, 1); !forced.tokens.empty()) {
//       constraint.take(forced);   // and take the last forced.replaced tokens out of the model's cache, and put forced.tokens in
//     }
//
// A copy is a fork, at the cost of two reference counts; rollback() takes tokens back at the cost of one each.
// Thread safety: contracts and vocabularies may be shared by threads; a Constraint belongs to one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "contract/contract.h"
#include "contract/vocabulary.h"

namespace cadre::contract {

// A tokenizer's own encoding: text to the ids of its tokens.
using Encode = std::function<std::vector<uint32_t>(std::string_view text)>;
inline constexpr size_t kForcedContext = 4;      // tokens before forced text that are encoded again with it
inline constexpr size_t kForcedReplacedMax = 4;  // and behind those, that the encoding may replace

// Tokens that may be appended without asking the model, in place of the last `replaced` ones.
struct ForcedTokens {
  size_t replaced = 0;
  std::vector<uint32_t> tokens;
  // What is forced behind them but held back, since a longer token may spell it together with what follows. Masks see to it.
  std::string begun;
};

class Constraint {
 public:
  // Error: a budget for a contract that is not bounded, one below the shortest text (says the least), a vocabulary that cannot spell
  // every byte.
  static Result<Constraint> make(std::shared_ptr<Contract> contract, std::shared_ptr<const Vocabulary> vocabulary,
                                 uint32_t tokens_max = kNoBudget);

  // Valid until the next call of a member that is not const. End of sequence is allowed when complete().
  const TokenMask& mask();
  // Takes a token by its id; false if it is not allowed, and nothing changed. End of sequence costs no budget.
  bool advance(uint32_t token);
  // Takes back the last `count` tokens; CADRE_CHECKs that there were so many.
  void rollback(size_t count);
  bool complete() const;
  bool ended() const { return position_->ended; }
  uint32_t tokens_left() const { return position_->tokens_left; }
  // The text so far is put together when asked for; text_from() costs the tokens behind `begin`.
  std::string text() const { return text_from(0); }
  std::string text_from(size_t begin) const;
  size_t text_size() const { return position_->text_size; }
  // The text that must come next whatever is chosen; empty when there is a choice or the text may end here.
  std::string forced_text() const;
  // The forced text as `encode` cuts it, as far as no later choice can change the cuts. Of the tokens so far the last `uncommitted` ones
  // may be replaced, at most kForcedReplacedMax. No tokens when nothing is forced, or all that is may be cut differently later. A mask of a
  // single token is forced as well, and more often.
  ForcedTokens forced_tokens(const Encode& encode, size_t uncommitted = 0) const;
  // False, and nothing changed, if this is not a position to which the tokens belong.
  bool take(const ForcedTokens& forced);

 private:
  struct Bound {
    std::shared_ptr<Contract> contract;
    std::shared_ptr<const Vocabulary> vocabulary;
  };
  struct Position {
    Position(Contract::State begun, uint32_t tokens) : state(std::move(begun)), tokens_left(tokens) {}
    Position(const Position&) = delete;
    Position& operator=(const Position&) = delete;
    ~Position();  // of a long chain, without recursion
    Contract::State state;
    size_t text_size = 0;
    uint32_t token = kNoToken;  // read last
    uint32_t tokens_left = kNoBudget;
    bool ended = false;
    mutable std::shared_ptr<const Position> before;
  };
  // The mask handed out last. A fork asks for its own.
  struct Handed {
    Handed() = default;
    Handed(const Handed&) {}
    Handed(Handed&&) = default;
    Handed& operator=(const Handed&) {
      mask.reset();
      return *this;
    }
    Handed& operator=(Handed&&) = default;
    std::shared_ptr<const TokenMask> mask;
  };

  Constraint(std::shared_ptr<const Bound> bound, uint32_t tokens_max);
  // The farthest from the end that the next token may lead.
  uint32_t distance_max() const { return position_->tokens_left == kNoBudget ? kNoBudget : position_->tokens_left - 1; }

  std::shared_ptr<const Bound> bound_;
  std::shared_ptr<const Position> position_;
  Handed handed_;
};

}  // namespace cadre::contract
