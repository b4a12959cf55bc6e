// One document being read against a compiled schema: the machine's state and what only the text can tell.
//
// A cheap value: copies share everything, so forking and keeping old positions costs a few reference counts, and reading costs what is
// read and not what was read before. Beside the machine's state it holds the text so far and, per open container, the names that no keyword mentions (none may come twice) and the items of arrays whose
// items must differ.
// Thread safety: none; positions of one machine are used by one thread at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/json_document.h"
#include "contract/schema_machine.h"
#include "contract/text_chain.h"

namespace cadre::contract {

class DocumentCursor {
 public:
  explicit DocumentCursor(SchemaMachine& machine) : machine_(&machine), state_(machine.start()) {}

  // Reads the bytes; false, and nothing changed, if they are refused.
  bool read(std::string_view bytes) { return read(bytes, nullptr); }
  // The same; how many values were open (SchemaMachine::open_values) goes into `trace`, if they are read.
  struct Trace {
    uint32_t first = 0;  // after the first byte
    uint32_t least = 0;  // at any time, before the first byte included
  };
  bool read(std::string_view bytes, Trace* trace);
  // The same for whoever has a copy: after false this one is of no use.
  bool read_or_break(std::string_view bytes, Trace* trace = nullptr);
  // Does the machine refuse the first few bytes? Cheap, and most refused texts are.
  bool is_refused_early(std::string_view bytes) const;
  bool complete() const;
  // Generate mode: bytes that finish the document from here, at most, with what the text decides. Each position that read() leads to has one, and
  // some next byte makes it smaller.
  uint32_t distance() const;
  SchemaMachine::State state() const { return state_; }
  // Inside a name that no keyword mentions so far: what of it was read. Nothing elsewhere, and where only reading can tell whether a name may
  // end: behind escapes, inside arrays whose items must differ.
  std::optional<std::string> open_name() const;
  // May a name that began like open_name(), goes on like this and ends there stand here? Nothing (neither yes nor no) with escapes.
  std::optional<bool> name_is_new(std::string_view begun, std::string_view rest) const;
  // All that was read, put together: O(its size).
  std::string text() const { return text_.from(0); }

 private:
  struct Level {  // of an open container that has something to remember
    std::shared_ptr<const Level> outer;
    size_t depth = 0;
    size_t item_start = 0;
    std::vector<std::string> names;
    std::vector<std::shared_ptr<const JsonValue>> items;
  };
  bool read_byte(uint8_t byte);  // the one behind unkept_
  std::string text_from(size_t begin) const { return text_.from(begin, unkept_); }
  size_t text_size() const { return text_.size() + unkept_.size(); }
  bool end_name();
  bool end_regex() const;
  bool end_item();
  uint32_t bytes_to_differ() const;
  bool has_name(const std::string& quoted) const;
  bool has_item(const std::string& text) const;
  Level& own_level(size_t depth);

  SchemaMachine* machine_;
  SchemaMachine::State state_;
  TextChain text_;
  std::string_view unkept_;  // inside read(): what of its bytes was read, behind text_
  size_t name_start_ = 0;
  size_t string_start_ = 0;             // of the string value begun last
  std::shared_ptr<const Level> level_;  // innermost
};

}  // namespace cadre::contract
