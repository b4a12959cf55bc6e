// What a generator may write next: a compiled contract bound to a vocabulary and to the text so far.
//
//     auto contract = TRY(CompiledSchema::compile(schema_text, SchemaMode::kGenerate));
//     auto constraint = TRY(Constraint::make(contract, vocabulary, 200));   // at most 200 tokens
//     while (!constraint.ended()) {
//       const TokenMask& mask = constraint.mask();   // ranks of the tokens that may come next
//       ... choose a token id; end of sequence is one of them once complete() ...
//       constraint.advance(token);                   // false: refused, and nothing changed
//     }
//
// Masks are exact: a token is in the mask if and only if advance() takes it. They are remembered per state in the contract, for all
// constraints of one vocabulary. In generate mode the mask is never empty before the document is complete, and with a budget of tokens
// the document is always complete within it (SchemaMachine::distance counts bytes, and a byte is at most one token).
// Thread safety: a CompiledSchema may be shared by threads (a lock inside guards its growing tables); a Constraint belongs to one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/document_cursor.h"
#include "contract/schema.h"
#include "contract/vocabulary.h"

namespace cadre::contract {

inline constexpr size_t kMaskCacheSizeBytesMax = 16 << 20;  // per contract and vocabulary
inline constexpr uint32_t kNoBudget = UINT32_MAX;

class CompiledSchema {
 public:
  static Result<std::shared_ptr<CompiledSchema>> compile(std::string_view json, SchemaMode mode,
                                                         const SchemaOptions& options = {});

  const Schema& schema() const { return schema_; }
  // Is the whole text a document of the schema? Error kLimit when the machine's tables are full.
  Result<bool> accepts(std::string_view text);
  SchemaMode mode() const { return mode_; }
  // Generate mode: bytes, and so at most as many tokens, of the shortest document that was found.
  uint32_t bytes_min();
  // States in the machine's tables so far.
  size_t size();

 private:
  friend class Constraint;
  struct Masks {  // of one vocabulary
    // How far from the end each token leads that is certain, as the machine knows it.
    struct Reach {
      uint32_t distance = 0;
      RankInterval ranks;
    };
    struct Entry {
      std::vector<uint32_t> steps;  // the open containers that the mask depends on, innermost first
      bool ends_document = false;   // and that there are no more than those
      TokenMask certain;
      std::vector<uint32_t> guarded;  // ranks whose tokens pass a point that only the text can decide
    };
    std::shared_ptr<const Vocabulary> vocabulary;
    std::unordered_map<uint32_t, std::vector<std::shared_ptr<const Entry>>> entries;  // per place
    std::unordered_map<uint64_t, std::shared_ptr<const std::vector<Reach>>> reach;    // per place and stack
    size_t size_bytes = 0;
  };
  CompiledSchema() = default;
  Masks& masks(const std::shared_ptr<const Vocabulary>& vocabulary);
  std::shared_ptr<const Masks::Entry> mask(const std::shared_ptr<const Vocabulary>& vocabulary,
                                           SchemaMachine::State state);
  std::shared_ptr<const std::vector<Masks::Reach>> reach(const std::shared_ptr<const Vocabulary>& vocabulary,
                                                         SchemaMachine::State state);

  SchemaMode mode_ = SchemaMode::kAccept;
  Schema schema_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<SchemaMachine> machine_;
  std::vector<Masks> masks_;
};

class Constraint {
 public:
  // A copy is a fork: both go on independently, at the cost of a reference count.
  // Error: a budget in accept mode, one below the shortest document (says the least), a vocabulary that cannot spell every byte.
  static Result<Constraint> make(std::shared_ptr<CompiledSchema> contract, std::shared_ptr<const Vocabulary> vocabulary,
                                 uint32_t tokens_max = kNoBudget);

  // Valid until the next call of a member that is not const. End of sequence is allowed when complete().
  const TokenMask& mask();
  // Takes a token by its id; false if it is not allowed, and nothing changed. End of sequence costs no budget.
  bool advance(uint32_t token);
  // Takes back the last `count` tokens; CADRE_CHECKs that there were so many.
  void rollback(size_t count);
  bool complete() const;
  bool ended() const { return position_->ended; }
  std::string_view text() const { return position_->cursor.text(); }
  uint32_t tokens_left() const { return position_->tokens_left; }
  // The text that must come next whatever is chosen; empty when there is a choice or the document may end here.
  std::string forced_text() const;

 private:
  struct Position {
    Position(DocumentCursor begun, uint32_t tokens) : cursor(std::move(begun)), tokens_left(tokens) {}
    Position(const Position&) = default;
    Position& operator=(const Position&) = delete;
    ~Position();  // of a long chain, without recursion
    DocumentCursor cursor;
    uint32_t tokens_left = kNoBudget;
    bool ended = false;
    mutable std::shared_ptr<const Position> before;
  };
  Constraint(std::shared_ptr<CompiledSchema> contract, std::shared_ptr<const Vocabulary> vocabulary,
             uint32_t tokens_max);
  bool reads(DocumentCursor& cursor, std::string_view text) const;
  bool takes_guarded(std::string_view text) const;
  void keep_within_budget(const std::vector<CompiledSchema::Masks::Reach>& reach);

  std::shared_ptr<CompiledSchema> contract_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::shared_ptr<const Position> position_;
  std::shared_ptr<const CompiledSchema::Masks::Entry> entry_;  // whose mask was handed out last
  TokenMask mask_;                                             // or this
};

}  // namespace cadre::contract
