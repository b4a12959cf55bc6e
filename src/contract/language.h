// Regular languages over bytes as expressions, and their deterministic automata built on demand by Brzozowski derivatives.
//
// A Language is an id in a LanguageTable; equal expressions (up to the usual similarity rules: associativity, commutativity and
// idempotence of | and &, units and zeros, common heads taken out) have equal ids, so ids are the states of a DFA: `derivative(l, byte)`
// is the transition, `nullable(l)` tells whether l is a final state. Intersection and complement are operators like any other, which
// is what pattern AND length AND enum, and `not`, need. Text is well-formed UTF-8, as whoever feeds it knows: kEverything and length()
// do not look at the form of characters, complement() is with respect to well-formed UTF-8.
// Idea: Brzozowski 1964; Owens, Reppy, Turon 2009 (similarity, derivative classes); hash-consing as in derivre.
// Errors: a table over its limits answers kNothing from then on and says so: `full()`. Whoever compiles or walks looks at it and refuses.
// Thread safety: none; one table per compiled contract, guarded by its owner.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/copy_automaton.h"
#include "contract/regex.h"
#include "contract/sorted_texts.h"

namespace cadre::contract {

using Language = uint32_t;
using ByteSet = std::bitset<256>;

inline constexpr uint64_t kAnyLength = UINT64_MAX;

// What a language lets one write without a care: every well-formed text made of these bytes, of at most `chars_max` characters, can
// still be completed. A byte from 0x80 on is in `bytes` only if all characters that start with it are free, then with all
// continuation bytes. No bytes: nothing is known.
struct FreeText {
  ByteSet bytes;
  uint64_t chars_max = 0;  // kAnyLength: no limit
  bool stays = false;      // each whole character of them leads back to the same state
};

class LanguageTable {
 public:
  struct Limits {
    size_t nodes_max = 2'000'000;  // expressions in the table
  };
  LanguageTable();
  explicit LanguageTable(Limits limits);
  ~LanguageTable();
  LanguageTable(LanguageTable&&) noexcept;
  LanguageTable& operator=(LanguageTable&&) noexcept;

  // Constants: no string at all, the empty string alone, every string. They have the same ids in every table.
  static constexpr Language kNothing = 0, kEmptyString = 1, kEverything = 2;

  // One byte of the set: an ASCII character, or a part of something that spells whole characters together.
  Language bytes(const ByteSet& set);
  Language literal(std::string_view text);
  Language code_points(const CodePointSet& set);  // UTF-8 sequences
  Language concat(Language a, Language b);
  Language alternate(std::vector<Language> parts);
  Language intersect(std::vector<Language> parts);
  Language complement(Language a);
  Language repeat(Language a, uint32_t low, uint32_t high);  // high may be kUnbounded
  // Any of many literals (an enum): a sorted table and a position in it, not an alternation of n expressions.
  Language literals(std::vector<std::string> texts);
  // The same of texts that somebody else owns too; and the copies out of a text. What is built of these is *bound*: its ways to an end are looked
  // up where that is possible, since searches over thousands of places would not end.
  Language bound_literals(std::shared_ptr<const SortedTexts> texts);
  Language copies(std::shared_ptr<const CopyAutomaton> automaton);
  // Strings of `low` to `high` code points (kAnyLength: no limit). Derivatives stay O(1) in size however large the bounds are.
  Language length(uint64_t low, uint64_t high);
  // Strings in which the pattern matches somewhere (ECMA search). Anchors, \b and look-ahead may stand anywhere; look-behind where it
  // looks at one character or begins the pattern. Else Error kUnsupported that names what; kLimit when the table is full.
  Result<Language> from_regex(const Regex& regex);

  bool nullable(Language a) const;
  // Memoised: a look-up in the state's row once it has been asked. kNothing when the table is full.
  Language derivative(Language a, uint8_t byte) {
    const Row row = rows_[a];
    const Language next = row.next[row.class_of[byte]];
    return next != kUnknown ? next : derive(a, byte);
  }
  // The bytes with the same derivative as this one, as far as the form of the expression shows it.
  const ByteSet& bytes_alike(Language a, uint8_t byte);
  // Does the language hold any string of well-formed UTF-8? Memoised. Searches derivatives where the expression does not show it;
  // after `steps_max` new states the answer is unknown (nullopt).
  std::optional<bool> nonempty(Language a, size_t steps_max = 10'000);
  // A shortest string (in bytes); nullopt when empty or not found within `steps_max` states.
  std::optional<std::string> shortest(Language a, size_t steps_max = 10'000);
  bool is_bound(Language a) const;
  // Is a text of the language a copy (copies()): none, perhaps, or surely?
  enum class Copies : uint8_t { kNone, kSome, kAll };
  Copies copies_in(Language a) const;
  // Bytes of the cheapest text as canonical JSON writes it between quotes, without \u; nullopt when there is none or none was found. Exact, and
  // so consistent along that text, where it is not nullopt for want of steps; for bound languages.
  std::optional<uint32_t> cheapest_size(Language a);
  // A language that holds this one and has no high upper limits on repeats and lengths; nothing if there were none, if it takes many states, or
  // for bound languages. The two agree on texts of up to `agrees_chars` characters. What begins a text of it can be ended within
  // agrees_chars - spare_chars bytes of canonical JSON; so as long as no more than spare_chars characters are written, both can or cannot be ended,
  // and at the same cost. Memoised.
  struct Unlimited {
    Language language = 0;
    uint64_t spare_chars = 0;
    uint64_t agrees_chars = 0;
  };
  std::optional<Unlimited> unlimited(Language a);
  // Bytes b with derivative(a, b) == a. The reference holds until the next call of a non-const function.
  const ByteSet& self_loop(Language a);
  // The bytes of whole characters that lead from a state back to it; all of them where nothing can change any more.
  ByteSet looping_characters(Language a);
  // See FreeText; memoised. The reference holds until the next call of a non-const function.
  const FreeText& free_text(Language a);

  // Over the limits: languages built and derivatives taken since then may be too small.
  bool full() const;
  size_t size() const;
  size_t size_bytes() const;

  struct Parts;  // the inside, for language*.cc

 private:
  // The transitions of a state, per class of bytes. States that were never asked share one row of kUnknown.
  struct Row {
    const uint8_t* class_of = nullptr;  // [256]
    Language* next = nullptr;           // [classes]
  };
  static constexpr Language kUnknown = UINT32_MAX;

  Language derive(Language a, uint8_t byte);
  template <class T>
  T renew(T result) {  // rows move when nodes are added
    renew_rows();
    return result;
  }
  void renew_rows();

  std::unique_ptr<Parts> parts_;
  const Row* rows_ = nullptr;  // in parts_
};

}  // namespace cadre::contract
