// Where a value stands in its sources or sets: the validator's own look at contract/value_origins.h.
//
// A search through the source text by the words of the definition: from the beginning of every unit as far as the value goes. It shares what a
// word is, what a mention is and the bindings with the machine, and nothing else.
// Cost: linear in the source per value, times what values and source have in common. Thread safety: none; one per validation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/bindings.h"
#include "contract/json_document.h"
#include "contract/mentions.h"
#include "contract/value_origins.h"

namespace cadre::contract {

// Where one value of a document comes from.
struct Provenance {
  enum class Kind : uint8_t {
    kCopy,    // a span of a source
    kNormal,  // a mention in a source, in normal form
    kSet      // a value of a set
  };
  std::string pointer;   // JSON pointer to the value
  bool is_name = false;  // it is about the member's name, not its value
  Kind kind = Kind::kCopy;
  std::string source;         // name of the source or the set
  size_t begin = 0, end = 0;  // bytes of the source, of the first span
  size_t occurrences = 0;     // spans in all sources that it could have come from
  size_t index = 0;           // kSet: place in the set
  friend auto operator<=>(const Provenance&, const Provenance&) = default;
};

class OriginCheck {
 public:
  // REQUIRES that check_bindings() passed.
  explicit OriginCheck(const Bindings& bindings) : bindings_(bindings) {}

  // Each: the first place and how many there are; nullopt if there is none. Error: too many mentions.
  std::optional<Provenance> find_copy(const CopyRule& rule, const std::string& value);
  Result<std::optional<Provenance>> find_normal(const NormalRule& rule, const JsonValue& value);
  std::optional<Provenance> find_in_set(const std::string& set, const JsonValue& value) const;

 private:
  struct Units {
    std::vector<bool> begins, ends;   // [source + 1]
    std::vector<size_t> word_begins;  // of words that are no punctuation
  };
  const Units& units_of(const std::string& source, CopyUnit unit);
  std::optional<size_t> end_of_copy(const CopyRule& rule, std::string_view source, const Units& units, size_t begin,
                                    std::string_view value) const;

  const Bindings& bindings_;
  std::map<std::pair<std::string, CopyUnit>, Units> units_;
  std::map<std::pair<std::string, NormalKind>, std::vector<Mention>> mentions_;
};

}  // namespace cadre::contract
