// Reads SELECT statements byte by byte and knows which names, keywords and literals may follow: a Machine for
// token_mask().
//
// *generate*: canonical text (upper-case keywords, single spaces) that a model may write. Every state can be
// finished, and what is written compiles and runs in SQLite: one table with bare columns, or T1..T4 joined along
// declared pairs with every column qualified; only columns that some FROM can still bind (columns come before FROM);
// literals typed by the column they are compared with, or out of given values. Items, conditions, nesting and
// compounds are bounded (contract/sql_program.h).
// *accept*: SELECT statements as people write them for SQLite: keywords in any case, any white space, aliases,
// sub-queries, full expressions. Names must be in scope when FROM ends; before it, any name may still come from a
// sub-query in FROM.
// Not read: comments, CTEs, window functions, VALUES, collations, one table twice without an alias, statements that
// change anything.
// Types are not checked. LEFT JOIN ... ON may speak of tables further right, which SQLite allows for inner joins
// only.
// State ids grow with the number of different texts met; past `size_bytes_max` next() gives the dead state and
// overflowed() is true. Thread safety: none; one machine per thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "contract/sql_completion.h"
#include "contract/sql_schema.h"
#include "contract/sql_tokens.h"
#include "contract/token_mask.h"

namespace cadre::contract {

inline constexpr uint32_t kSqlTextCharsMax = 120;    // generate: of one string literal
inline constexpr uint32_t kSqlNumberDigitsMax = 15;  // generate: before and behind the point together
inline constexpr size_t kSqlIdentifierSizeBytesMax = 128;

class SqlMachine {
 public:
  struct State {
    uint32_t id = 0;
    friend bool operator==(State, State) = default;
  };
  static Result<SqlMachine> create(const SqlSchema& schema, SqlGrammarOptions options, size_t size_bytes_max = 1 << 30);

  State start() const { return start_; }
  State next(State state, uint8_t byte);
  bool dead(State state) const { return state.id == 0; }
  bool complete(State state);
  Idle idle(State state) const;
  // generate: bytes that finish the statement from here, at most; some next byte always makes it smaller. kNoWay where none was found
  // (contract/sql_completion.h), in accept mode and for the dead state.
  uint32_t distance(State state);
  static constexpr uint32_t kNoWay = UINT32_MAX;

  bool overflowed() const { return overflowed_; }
  size_t size_bytes() const;

 private:
  enum class Kind : uint32_t { kGap, kChoice, kOpen, kIdentifier };
  // One reading of the bytes so far.
  struct Place {
    uint32_t token_state = 0;
    Kind kind = Kind::kGap;
    uint32_t a =
        0;  // gap: 1 if the next token must not go on like a word; choice: first candidate; open: index; identifier: text
    uint32_t b = 0;  // choice: behind the last candidate; open: state of the token's own automaton
    uint32_t c = 0;  // choice: bytes read; open: characters or digits read
    friend bool operator==(const Place&, const Place&) = default;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct End {
    uint32_t token_state = 0;  // 0: the token is not complete here
    bool word = false;         // its last byte could go on as a word
  };

  struct Span {
    uint32_t begin = 0, size = 0;
  };
  static constexpr uint32_t kUnknown = UINT32_MAX - 1;
  struct Move {
    uint64_t key = 0;  // state << 8 | byte; 0: free
    uint32_t next = 0;
  };

  SqlMachine(const SqlSchema& schema, SqlGrammarOptions options, size_t size_bytes_max);
  bool generates() const { return mode_ == SqlMode::kGenerate; }
  uint32_t step(uint32_t state, uint8_t byte);
  Move& find_move(uint64_t key);
  std::span<const Place> places_of(uint32_t state) const;
  uint64_t hash_of(std::span<const Place> places) const;
  void go_on(const Place& place, uint8_t byte);
  void begin_token(uint32_t token_state, uint8_t byte);
  void narrow(const Place& place, uint8_t byte);
  void read_open(const Place& place, const SqlMenu::Open& open, uint8_t byte);
  void read_string(Place place, uint8_t byte);
  End end_of(const Place& place);
  uint32_t distance_of(const Place& place);
  uint32_t intern_text(const std::string& text);
  uint32_t intern();  // what out_ holds

  SqlMode mode_;
  size_t size_bytes_max_;
  std::unique_ptr<SqlTokens> tokens_;
  std::unique_ptr<SqlCompletion> completion_;
  State start_;
  bool overflowed_ = false;
  std::vector<Place> places_;          // of all states
  std::vector<ByteSet> known_dead_;    // per state: bytes found to lead nowhere
  std::vector<Span> states_;           // into places_
  std::vector<uint32_t> distances_;    // per state; kUnknown where it was not asked for
  std::vector<uint32_t> state_table_;  // ids by hash of their places; open addressing, a power of two
  std::vector<Move> moves_;            // memo of the moves that are not dead; open addressing, a power of two
  size_t moves_used_ = 0;
  std::vector<std::string> texts_;
  std::unordered_map<std::string, uint32_t> text_ids_;
  ByteSet string_bytes_;
  std::vector<Place> out_;  // of one step
};

}  // namespace cadre::contract
