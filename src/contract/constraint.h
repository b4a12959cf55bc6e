// What a generator may write next: a compiled contract bound to a vocabulary and to the text so far.
//
//     auto contract = TRY(CompiledSchema::compile(schema_text));
//     Constraint constraint(contract, vocabulary);
//     while (!done) {
//       const TokenMask& mask = constraint.mask();        // ranks of the tokens that may come next
//       if (!constraint.advance(token)) ...               // refused; nothing changed
//     }
//     constraint.complete();                              // the text is a whole, valid document
//
// Masks are exact: a token is in the mask if and only if advance() takes it. They are remembered per state in the contract, for all constraints of
// one vocabulary, up to kMaskCacheSizeBytesMax.
// Thread safety: a CompiledSchema may be shared by threads (a lock inside guards its growing tables); a Constraint belongs to one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/schema.h"
#include "contract/document_cursor.h"
#include "contract/vocabulary.h"

namespace cadre::contract {

inline constexpr size_t kMaskCacheSizeBytesMax = 16 << 20;  // per contract and vocabulary

class CompiledSchema {
 public:
  static Result<std::shared_ptr<CompiledSchema>> compile(std::string_view json, SchemaMode mode, const SchemaOptions& options = {});

  const Schema& schema() const { return schema_; }
  // Is the whole text a document of the schema? Error kLimit when the machine's tables are full.
  Result<bool> accepts(std::string_view text);
  // States in the machine's tables so far.
  size_t size();

 private:
  friend class Constraint;
  struct Masks {  // of one vocabulary
    std::shared_ptr<const Vocabulary> vocabulary;
    struct Entry {
      TokenMask certain;
      std::vector<uint32_t> guarded;  // ranks whose tokens pass a point that only the text can decide
    };
    std::unordered_map<uint64_t, std::shared_ptr<const Entry>> entries;
    size_t size_bytes = 0;
  };
  CompiledSchema() = default;
  std::shared_ptr<const Masks::Entry> mask(const std::shared_ptr<const Vocabulary>& vocabulary, SchemaMachine::State state);

  Schema schema_;
  std::mutex mutex_;  // guards what follows
  std::unique_ptr<SchemaMachine> machine_;
  std::vector<Masks> masks_;
};

class Constraint {
 public:
  // A copy is a fork: both go on independently, at the cost of a reference count.
  Constraint(std::shared_ptr<CompiledSchema> contract, std::shared_ptr<const Vocabulary> vocabulary);

  // Valid until the next call of advance(), rollback() or mask(). End of sequence is allowed when complete().
  const TokenMask& mask();
  // Takes a token by its id; false if it is not allowed, and nothing changed. End of sequence is taken when complete(), and ends it.
  bool advance(uint32_t token);
  // Takes back the last `count` tokens; CADRE_CHECKs that there were so many.
  void rollback(size_t count);
  bool complete() const;
  bool ended() const { return position_->ended; }
  std::string_view text() const { return position_->cursor.text(); }

 private:
  struct Position {
    DocumentCursor cursor;
    bool ended = false;
    std::shared_ptr<const Position> before;
  };
  std::shared_ptr<CompiledSchema> contract_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::shared_ptr<const Position> position_;
  TokenMask mask_;
};

}  // namespace cadre::contract
