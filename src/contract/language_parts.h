// The inside of a LanguageTable: expressions in one pool, found again by their content. For language*.cc only.
//
// A node's fields by kind:
//   kBytes      a = index into byte_sets
//   kConcat     a, b; a is no kConcat (chains lean to the right)
//   kOr, kAnd   x = first child in `children`, y = how many; sorted, no duplicates
//   kNot        a: all byte strings outside; only ever beside kWellFormed in a kAnd
//   kRepeat     a, x = low, y = high
//   kLiterals   a = index into texts, x = low << 32 | high (the texts [low, high), which agree so far), y = bytes read
//   kLength     x = low, y = high
//   kCopy       a = index into copies, b = 0: nothing read yet; 1: x is the one place; 2: x = first place in `places`, y = how many
//   kLoop       x = its number; `loop_meanings` has what it stands for: the one kind that may lead back to itself (repeats of
//               assertions)
// Every function that builds one returns kNothing and sets `full` past the limits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/check.h"
#include "contract/language.h"

namespace cadre::contract {

enum class LanguageKind : uint8_t {
  kNothing,
  kEmptyString,
  kEverything,
  kBytes,
  kConcat,
  kOr,
  kAnd,
  kNot,
  kRepeat,
  kLiterals,
  kLength,
  kCopy,
  kLoop,
};

struct LanguageNode {
  LanguageKind kind = LanguageKind::kNothing;
  bool nullable = false;
  bool bound = false;     // holds copies or literals that are bound at run time
  bool is_class = false;  // exactly one character out of a set; see LanguageTable::Parts::classes
  uint16_t depth = 0;     // how deep functions recurse on it
  Language a = 0, b = 0;
  uint64_t x = 0, y = 0;
  friend bool operator==(const LanguageNode& l, const LanguageNode& r) {
    return l.kind == r.kind && l.a == r.a && l.b == r.b && l.x == r.x && l.y == r.y;
  }
};

// A partition of the 256 bytes: bytes of one class have the same derivative.
struct ByteClasses {
  std::array<uint8_t, 256> class_of{};
  std::vector<uint8_t> samples;  // [classes] a byte of each, a printable one where there is one
  std::vector<ByteSet> members;  // [classes]
};

// How much is known of a language being empty.
enum class Alive : uint8_t { kUnknown, kYes, kNo };

// Every text over `bytes` with `low` to `high` characters is in the language. No bytes: nothing is known but that much of them.
struct Universe {
  ByteSet bytes;
  uint64_t low = 1, high = 0;  // low > high: nothing is known
};

struct LanguageTable::Parts {
  using Node = LanguageNode;
  using Kind = LanguageKind;
  static constexpr Language kWellFormed = 3;    // all strings of whole characters
  static constexpr Language kAnyCharacter = 4;  // one character
  static constexpr uint16_t kDepthMax = 3'000;  // frames of ~300 bytes: a megabyte of stack
  static constexpr uint32_t kNoIndex = UINT32_MAX;

  explicit Parts(Limits limits);

  // language.cc: building with simplification.
  Language bytes(const ByteSet& set);
  Language concat(Language a, Language b);
  Language concat_head(Language head, Language b);
  bool merge_ranges(std::vector<Language>& parts);
  bool take_out_common(std::vector<Language>& parts, int factor_depth);
  bool mergeable_tails(Language a, Language b) const;
  Language alternate(std::vector<Language> parts, int factor_depth = 0);
  Language intersect(std::vector<Language> parts);
  Language outside(Language a);
  Language complement(Language a);
  Language repeat(Language a, uint64_t low, uint64_t high);
  Language literals(std::vector<std::string> texts);
  Language literals_at(uint32_t table, uint32_t low, uint32_t high, uint64_t depth);
  Language length(uint64_t low, uint64_t high);
  Language new_loop(bool nullable);
  void set_loop(Language loop, Language meaning);
  // language_bound.cc
  Language bound_literals(std::shared_ptr<const SortedTexts> texts);
  Language copies(std::shared_ptr<const CopyAutomaton> automaton);
  Language copy_at(uint32_t index, std::vector<CopyAutomaton::Place>& places);
  Language derive_copy(const Node& n, uint8_t byte);
  ByteSet copy_bytes(const Node& n) const;
  std::span<const CopyAutomaton::Place> places_of(const Node& n) const;
  bool holds_bound(const Node& n) const;
  uint32_t copy_cost(const Node& n, const CopyAutomaton::Bounds& bounds) const;
  std::optional<uint32_t> copy_cost_within_length(const Node& n, bool only_writable) const;
  uint32_t cost_low(Language a, bool only_writable);
  uint32_t cost_low_of(const Node& n, bool only_writable);
  std::optional<bool> search_bound(Language a, size_t steps_max, bool only_writable);
  std::optional<uint32_t> cheapest_size(Language a);

  // language_unlimited.cc
  struct Widened {
    Language language = 0;
    uint64_t agrees_chars = 0;  // on texts of up to so many characters it is the same
    bool is_wider = false;      // it holds all of the language
  };
  Widened widen(Language a);
  std::optional<Unlimited> unlimited(Language a);
  std::optional<uint32_t> completion_max(Language a);

  // language_utf8.cc
  Language code_points(const CodePointSet& set);

  // language_from_regex.cc
  Result<Language> from_regex(const Regex& regex);

  // language_derive.cc
  Language derive(Language a, uint8_t byte);  // memoised for one round, that is one byte
  Language derive_concat(Language a, uint8_t byte);
  Language derive_list(const Node& n, uint8_t byte);
  std::pair<uint32_t, uint32_t> literals_after(const Node& n, uint8_t byte) const;
  uint32_t own_classes(const Node& n);
  uint32_t classes(Language a);  // index into partitions
  uint32_t refine(uint32_t p, uint32_t q);
  uint32_t add_partition(const std::array<uint16_t, 256>& labels);
  Language next(Language a, uint8_t byte);  // memoised
  void make_row(Language a);

  // language_search.cc
  Alive alive_by_form(Language a);
  std::optional<bool> search(Language a, size_t steps_max, std::string* text);
  bool always_returns(Language from, Language home, uint8_t low, uint8_t high, int more);
  Universe universe_of(const Node& n);
  FreeText free_within_length(Language a);
  std::optional<bool> nonempty(Language a, size_t steps_max);
  std::optional<std::string> shortest(Language a, size_t steps_max);
  const ByteSet& self_loop(Language a);
  ByteSet free_characters(Language a);
  const Universe& universe(Language a);
  const FreeText& free_text(Language a);

  const Node& node(Language a) const { return nodes[a]; }
  bool nullable(Language a) const { return nodes[a].nullable; }
  std::span<const Language> children_of(const Node& n) const { return {children.data() + n.x, n.y}; }
  Language head_of(Language a) const { return nodes[a].kind == Kind::kConcat ? nodes[a].a : a; }
  Language tail_of(Language a) const { return nodes[a].kind == Kind::kConcat ? nodes[a].b : kEmptyString; }

  Language intern(Node n);
  Language intern_list(Kind kind, std::span<const Language> list, bool nullable);

  Limits limits;
  bool full = false;
  std::vector<Node> nodes;
  std::vector<Row> rows;        // [nodes]
  std::vector<uint32_t> table;  // open addressing over nodes, a power of two, at most half full
  std::vector<Language> children;
  std::unordered_multimap<uint64_t, Language> lists;  // kOr and kAnd by a hash of their children
  std::unordered_map<Language, Language> loop_meanings;
  uint64_t loops = 0;
  uint64_t loop_depths = 0;  // of all of them
  std::vector<ByteSet> byte_sets;
  std::unordered_map<ByteSet, uint32_t> byte_set_index;
  std::deque<std::shared_ptr<const SortedTexts>> texts;
  std::vector<bool> texts_bound;  // [texts]
  std::unordered_map<std::string, uint32_t> text_index;
  std::vector<std::shared_ptr<const CopyAutomaton>> copy_automata;
  std::vector<CopyAutomaton::Place> places;
  std::unordered_multimap<uint64_t, Language> place_lists;          // kCopy by a hash of its places
  std::array<std::unordered_map<Language, uint32_t>, 2> costs_low;  // any text, writable ones
  std::unordered_map<Language, uint32_t> cheapest_sizes;            // kNotWritable: none was found
  std::map<std::vector<uint64_t>, Language> code_point_memo;
  std::unordered_map<Language, ByteSet> classes_free;  // the free bytes of every class of characters

  std::deque<ByteClasses> partitions;
  std::unordered_map<std::string, uint32_t> partition_index;  // by class_of
  std::unordered_map<uint64_t, uint32_t> refined;
  std::vector<uint32_t> classes_memo;                      // [nodes], kNoIndex
  std::vector<std::pair<uint32_t, Language>> derive_memo;  // [nodes] (round, result)
  uint32_t derive_round = 0;
  std::vector<std::unique_ptr<Language[]>> row_chunks;
  Language* row_chunk_next = nullptr;
  size_t row_chunk_left = 0;
  size_t row_bytes = 0;
  std::array<uint8_t, 256> unknown_class{};
  std::array<Language, 1> unknown_next{kUnknown};

  std::vector<Alive> alive;  // [nodes]
  std::unordered_map<Language, ByteSet> self_loops;
  std::unordered_map<Language, Universe> universes;
  std::unordered_map<Language, FreeText> free_texts;
  std::unordered_map<Language, std::string> shortests;
  std::unordered_map<Language, Widened> widened;
  std::unordered_map<Language, std::optional<uint32_t>> completions_max;
};

}  // namespace cadre::contract
