// Where the values of a schema must come from: the keywords x-copy, x-normal, x-enum-from and x-grounded as read from a schema.
//
// They speak about strings and numbers; what else may stand in their place is for `type` to say. Sources (texts) and sets (lists of values)
// have names here and get their contents per request: contract/bindings.h.
//
//   x-copy       an object or the name of a source. {"from": name or list of names ("input"), "unit": "word" | "token" | "line" | "char",
//                "minWords": n, "maxWords": n, "fold": "exact" | "case" | "space" or a list of them}: a string is a copy of a span of one of the
//                sources, from the beginning of a unit to the end of one, and not empty.
//   x-normal     "date" | "number" | "phone": the value is the normal form of a mention in the source (contract/mentions.h). x-copy beside it
//                says which source, and nothing else.
//   x-enum-from  a set's name: the value is one of the set.
//   x-grounded   true: every string in the value is a copy of whole words of "input", every number one that "input" mentions, unless a schema
//                that holds for it says an origin of its own: enum, const or one of the keywords above. It goes for everything below, members
//                and items that no keyword mentions included (to look at them in an `if` does not count), but not for schemas under `not`, `if`
//                and `propertyNames`, nor for the names of members. false below true: no longer from here on.
//
// Units: a *word* is what text/words.h finds (letters, a number, or one sign of punctuation), a *token* is what stands between white space, a *line*
// what stands between line ends. minWords and maxWords count the words of the span that are no punctuation.
// Folds: *exact*, the bytes of the source. *case*, each letter as in the source or as its simple lower or upper case (one code point for one). *space*,
// every run of white space in the span is written as one space.
// Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace cadre::contract {

inline constexpr const char* kInputSource = "input";
inline constexpr size_t kCopySourcesMax = 16;     // of one x-copy
inline constexpr uint32_t kCopyWordsMax = 1'000;  // minWords, maxWords
inline constexpr uint32_t kAnyWords = UINT32_MAX;

enum class CopyUnit : uint8_t { kChar, kWord, kToken, kLine };

struct CopyRule {
  std::vector<std::string> from = {kInputSource};
  CopyUnit unit = CopyUnit::kWord;
  bool fold_case = false;
  bool fold_space = false;
  uint32_t words_min = 0, words_max = kAnyWords;
  friend auto operator<=>(const CopyRule&, const CopyRule&) = default;
};

enum class NormalKind : uint8_t { kDate, kNumber, kPhone };
const char* normal_kind_name(NormalKind kind);  // "date", "number", "phone"

struct NormalRule {
  NormalKind kind = NormalKind::kDate;
  std::vector<std::string> from = {kInputSource};
  friend auto operator<=>(const NormalRule&, const NormalRule&) = default;
};

}  // namespace cadre::contract
