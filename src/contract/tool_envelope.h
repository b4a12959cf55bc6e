// An answer with tool calls, but for the arguments: free text, the text around calls and the names of the tools, as an
// automaton over bytes.
//
// States are small ids, interned as they are met. Free text follows the trigger as Knuth, Morris and Pratt do,
// well-formed UTF-8 beside it; a name is the range of tools whose names still begin like the text; after a call both
// ways on, another call and the end, are followed as long as the text fits both. SchemaMachine asks for the next state
// until an arguments object must begin, reads that itself, and goes on here behind it. No state is a dead end, provided
// each callable tool has arguments: what cannot be finished is refused when it begins.
// Source of the search for the trigger: Knuth, Morris, Pratt, Fast pattern matching in strings (1977).
// Thread safety: none; the owner locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "contract/intern_table.h"
#include "contract/schema_programs.h"  // SchemaMode
#include "contract/token_mask.h"
#include "contract/tool_set.h"

namespace cadre::contract {

class ToolEnvelope {
 public:
  struct Step {
    enum class Kind : uint8_t { kRefused, kState, kArguments };
    Kind kind = Kind::kRefused;
    uint32_t state = 0;  // kArguments: where to go on behind them
    uint32_t tool = 0;   // kArguments: whose; the byte read was the last before them
  };

  ToolEnvelope(std::shared_ptr<const ToolSet> set, SchemaMode mode);

  uint32_t start() const { return start_; }
  Step next(uint32_t state, uint8_t byte);
  bool complete(uint32_t state) const;
  // Bytes to the end of the answer, at most, where the arguments of a tool take `costs[tool]`; generate mode.
  void set_costs(std::vector<uint32_t> costs);
  uint32_t distance(uint32_t state) const;
  Idle idle(uint32_t state) const;
  // Inside a bounded text, where every character leads to a new state.
  bool counts(uint32_t state) const;
  const ToolSet& set() const { return *set_; }
  size_t size() const { return states_.size(); }

 private:
  enum class Kind : uint8_t {
    kStart,  // where calls only begin the answer: nothing so far but spaces and the beginning of the trigger
    kText,
    kOpening,
    kBetween,
    kName,
    kBeforeArguments,
    kAfterArguments,
    kAfterCall  // in `between` and in `closing`, until one of them is out
  };
  struct State {
    Kind kind = Kind::kText;
    uint8_t utf8 = 0;     // kStart, kText: a Utf8State
    bool spaced = false;  // kStart: spaces were read
    uint32_t at =
        0;  // bytes of the trigger that stand at the end of the text; symbols of a fixed text read; bytes of a name
    uint32_t closing_at = 0;     // kAfterCall
    uint32_t low = 0, high = 0;  // kName: the tools whose names fit; kBeforeArguments: the tool is `low`
    uint32_t chars = 0;          // kStart, kText: if the text is bounded, characters begun
    uint32_t calls = 0;          // begun, if they are bounded
    friend bool operator==(const State&, const State&) = default;
  };
  friend uint64_t hash_of(const State& state) {
    uint64_t hash = mix_hash(static_cast<uint64_t>(state.kind) << 16 | state.utf8 << 1 | state.spaced, state.at);
    hash = mix_hash(hash, static_cast<uint64_t>(state.low) << 32 | state.high);
    hash = mix_hash(hash, static_cast<uint64_t>(state.chars) << 32 | state.calls);
    return mix_hash(hash, state.closing_at);
  }
  using Symbols = std::vector<uint16_t>;

  Symbols symbols_of(const SpacedText& text) const;
  void prepare_trigger();
  Step go(const State& state) { return {Step::Kind::kState, states_.id(state), 0}; }
  Step read_start(State state, uint8_t byte);
  Step read_text(State state, uint8_t byte);
  Step read_before_name(State state, const Symbols& symbols, uint8_t byte);
  Step read_name(State state, uint8_t byte);
  Step read_before_arguments(State state, uint8_t byte);
  Step read_after_arguments(State state, uint8_t byte);
  Step read_after_call(State state, uint8_t byte);
  State name_state(uint32_t calls) const;
  State after_call(uint32_t calls) const;
  uint32_t one_more(uint32_t chars, uint8_t byte) const;
  bool is_within(uint32_t chars) const { return chars <= set_->options().text_chars_max; }
  bool text_may_end(const State& state) const;
  bool trigger_begins_call(const State& state) const;
  bool text_fits(const State& state) const;
  uint64_t names_distance(uint32_t low, uint32_t high, uint32_t depth) const;

  std::shared_ptr<const ToolSet> set_;
  bool generates_;
  bool calls_begin_ = false;  // the trigger begins a call; otherwise it may not stand in the text
  Symbols opening_, between_, before_, after_, closing_;  // as they are read or written
  uint32_t opening_at_trigger_ = 0;                       // symbols of `opening_` up to the end of the trigger
  std::vector<std::array<uint16_t, 256>>
      trigger_matches_;                  // bytes of the trigger at the end of the text, next byte -> bytes after it
  std::vector<uint32_t> trigger_chars_;  // characters begun in the first bytes of the trigger
  ByteSet idle_bytes_;                   // that begin no trigger
  std::vector<uint32_t> costs_;          // per tool
  uint64_t call_cost_ = 0;               // from the start of any NAME to the end of the answer
  InternTable<State> states_;
  uint32_t start_ = 0;
};

}  // namespace cadre::contract
