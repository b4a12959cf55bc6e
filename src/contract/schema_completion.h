// How a document begun can be finished: for every situation of SchemaPrograms a way to its end, with its length in bytes.
//
// An *outcome* is a verdict that a value (or the rest of one) can reach and the bytes of a text that reaches it. Lengths are those of texts
// found, so they are upper bounds, and they are consistent: along the text found, each further byte shortens the rest by one. That is
// what freedom from dead ends and a token budget need: whoever only goes where an outcome is left always reaches the end, within the
// length promised. What the bounded searches do not find counts as impossible and so narrows the language; it never breaks it.
// Texts are canonical: no spaces, numbers without exponents, no escapes but the short ones.
// Idea: shortest completions as in TruncProof, over schemas instead of LL(1) grammars.
// Thread safety: none; the owner locks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "contract/schema_programs.h"

namespace cadre::contract {

struct Outcome {
  uint32_t verdict = 0;
  uint32_t cost = 0;  // bytes
};
using Outcomes = std::vector<Outcome>;  // one per verdict, cheapest first; empty: no way was found

class SchemaCompletion {
 public:
  explicit SchemaCompletion(SchemaPrograms& programs) : programs_(programs) {}

  // Looks further from now on: for more verdicts than the first that comes along. For schemas where the quick search finds no document.
  void search_wider();

  const Outcomes& value(uint32_t location);
  // The rest of an object or array with its bracket: right after the opening one, after a comma, after a value.
  const Outcomes& start(uint32_t frame);
  const Outcomes& next(uint32_t frame);
  const Outcomes& end(uint32_t frame);
  // After a name's colon: the value and the rest of the object. For arrays: an item and the rest.
  const Outcomes& member(uint32_t step);
  // The rest of a string value from a scan state, closing quote included.
  const Outcomes& text(uint32_t text, uint32_t scan);
  // The rest of a name, its quote and colon, the value and the rest of the object.
  const Outcomes& key(uint32_t frame, uint32_t key, uint32_t scan);
  // More digits, if any.
  const Outcomes& number(uint32_t program, const std::string& begun);

 private:
  enum Kind : uint8_t { kValue, kStart, kNext, kEnd, kMember, kText, kKey, kNumber, kKinds };
  struct Entry {
    enum class State : uint8_t { kUnknown, kRunning, kDone };
    State state = State::kUnknown;
    Outcomes outcomes;
  };
  const Outcomes& remember(Kind kind, uint64_t a, uint64_t b, const std::function<Outcomes()>& find);
  bool wants_more(uint32_t frame) const;
  Outcomes find_value(uint32_t location);
  Outcomes free_value(uint32_t location);
  Outcomes find_next(uint32_t frame);
  Outcomes find_text(uint32_t text, uint32_t scan);
  void add_rest_of_character(uint32_t text, uint32_t scan, Outcomes& outcomes);
  Outcomes find_key(uint32_t frame, uint32_t key, uint32_t scan);
  Outcomes find_patterned_key(uint32_t frame, uint32_t key, uint32_t scan);
  Outcomes find_number(uint32_t program, const std::string& begun);

  SchemaPrograms& programs_;
  std::unordered_map<uint64_t, std::unordered_map<uint64_t, Entry>> entries_[kKinds];
  std::unordered_map<std::string, uint64_t> number_ids_;
  bool cyclic_ = false;  // a search met itself, so that what it did not find may exist
  bool wide_ = false;
  size_t depth_ = 0;
  size_t work_ = 0;  // situations examined for the question under way
};

// Bytes of `name` as a JSON string, quotes included.
size_t quoted_size_bytes(std::string_view name);

}  // namespace cadre::contract
