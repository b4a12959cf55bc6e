// Random expressions for tests and fuzzers, and a matcher that knows no derivatives: it tries every way to cut the text.
//
// An expression is read from bytes (random ones, or a fuzzer's), so that every input is an expression. Matching is on code points.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/utf8.h"
#include "contract/language.h"

namespace cadre::contract::test {

// The characters that random texts are made of: every length in UTF-8, and two that share their first bytes.
inline constexpr char32_t kAlphabet[] = {'a', 'b', 'c', '0', 0xE9, 0xEA, 0x20AC, 0x20AD, 0x1F600};

struct Expression {
  enum class Kind { kNothing, kEmpty, kEverything, kSet, kLiterals, kLength, kConcat, kOr, kAnd, kNot, kRepeat };
  Kind kind = Kind::kEmpty;
  CodePointSet set;
  std::vector<std::u32string> texts;
  uint32_t low = 0, high = 0;
  std::vector<Expression> children;
};

// Bytes that run out give zeros.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  uint32_t below(uint32_t n) { return at_ < bytes_.size() ? static_cast<uint8_t>(bytes_[at_++]) % n : 0; }
  bool empty() const { return at_ >= bytes_.size(); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

inline std::u32string read_text(ByteReader& bytes, uint32_t size_max) {
  std::u32string text;
  for (uint32_t i = bytes.below(size_max + 1); i > 0; --i) text.push_back(kAlphabet[bytes.below(std::size(kAlphabet))]);
  return text;
}

inline CodePointSet read_set(ByteReader& bytes) {
  if (bytes.below(5) == 0) return {{0, 0xD7FF}, {0xE000, 0x10FFFF}};
  std::vector<bool> member(std::size(kAlphabet));
  for (auto m : member) m = bytes.below(2) == 0;
  const bool and_all_else = bytes.below(4) == 0;
  CodePointSet set;
  char32_t next = 0;  // the code point after the last member of the alphabet
  const auto add = [&](char32_t low, char32_t high) {
    if (low > high) return;
    if (low < 0xD800 && high > 0xDFFF) {
      set.push_back({low, 0xD7FF});
      low = 0xE000;
    }
    if (!set.empty() && set.back().high + 1 == low) {
      set.back().high = high;
    } else {
      set.push_back({low, high});
    }
  };
  std::vector<std::pair<char32_t, bool>> sorted;
  for (size_t i = 0; i < std::size(kAlphabet); ++i) sorted.emplace_back(kAlphabet[i], member[i]);
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [code, is_member] : sorted) {
    if (and_all_else && code > 0) add(next, code - 1);
    if (is_member) add(code, code);
    next = code + 1;
  }
  if (and_all_else) add(next, 0x10FFFF);
  return set;
}

inline Expression read_expression(ByteReader& bytes, int depth) {
  using Kind = Expression::Kind;
  Expression e;
  const uint32_t choice = bytes.below(depth > 0 && !bytes.empty() ? 16 : 7);
  switch (choice) {
    case 0:
      e.kind = bytes.below(4) == 0 ? Kind::kNothing : Kind::kEmpty;
      return e;
    case 1:
      e.kind = Kind::kEverything;
      return e;
    case 2:
    case 3:
    case 4:
      e.kind = Kind::kSet;
      e.set = read_set(bytes);
      return e;
    case 5:
      e.kind = Kind::kLiterals;
      for (uint32_t i = 1 + bytes.below(4); i > 0; --i) e.texts.push_back(read_text(bytes, 4));
      return e;
    case 6:
      e.kind = Kind::kLength;
      e.low = bytes.below(4);
      e.high = bytes.below(4) == 0 ? kUnbounded : e.low + bytes.below(4);
      return e;
    case 7:
    case 8:
    case 9:
      e.kind = Kind::kConcat;
      break;
    case 10:
    case 11:
      e.kind = Kind::kOr;
      break;
    case 12:
      e.kind = Kind::kAnd;
      break;
    case 13:
      e.kind = Kind::kNot;
      break;
    default:
      e.kind = Kind::kRepeat;
      e.low = bytes.below(4);
      e.high = bytes.below(3) == 0 ? kUnbounded : e.low + bytes.below(4);
  }
  const bool unary = e.kind == Kind::kNot || e.kind == Kind::kRepeat;
  for (uint32_t i = unary ? 1 : 2 + bytes.below(2); i > 0; --i) e.children.push_back(read_expression(bytes, depth - 1));
  return e;
}

inline std::string utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t code : text) base::append_utf8(code, out);
  return out;
}

inline Language build(LanguageTable& table, const Expression& e) {
  using Kind = Expression::Kind;
  std::vector<Language> parts;
  for (const Expression& child : e.children) parts.push_back(build(table, child));
  switch (e.kind) {
    case Kind::kNothing:
      return LanguageTable::kNothing;
    case Kind::kEmpty:
      return LanguageTable::kEmptyString;
    case Kind::kEverything:
      return LanguageTable::kEverything;
    case Kind::kSet:
      return table.code_points(e.set);
    case Kind::kLiterals: {
      std::vector<std::string> texts;
      for (const auto& text : e.texts) texts.push_back(utf8(text));
      return texts.size() == 1 ? table.literal(texts[0]) : table.literals(std::move(texts));
    }
    case Kind::kLength:
      return table.length(e.low, e.high == kUnbounded ? kAnyLength : e.high);
    case Kind::kConcat: {
      Language all = parts[0];
      for (size_t i = 1; i < parts.size(); ++i) all = table.concat(all, parts[i]);
      return all;
    }
    case Kind::kOr:
      return table.alternate(std::move(parts));
    case Kind::kAnd:
      return table.intersect(std::move(parts));
    case Kind::kNot:
      return table.complement(parts[0]);
    case Kind::kRepeat:
      return table.repeat(parts[0], e.low, e.high);
  }
  return LanguageTable::kNothing;
}

class NaiveMatcher {
 public:
  explicit NaiveMatcher(std::u32string text) : text_(std::move(text)) {}
  bool matches(const Expression& e) { return matches(e, 0, text_.size()); }

 private:
  using Kind = Expression::Kind;

  bool matches(const Expression& e, size_t from, size_t to) {
    const auto key = std::make_tuple(&e, from, to);
    const auto known = memo_.find(key);
    if (known != memo_.end()) return known->second;
    return memo_[key] = compute(e, from, to);
  }

  bool compute(const Expression& e, size_t from, size_t to) {
    const size_t size = to - from;
    switch (e.kind) {
      case Kind::kNothing:
        return false;
      case Kind::kEmpty:
        return size == 0;
      case Kind::kEverything:
        return true;
      case Kind::kSet:
        return size == 1 && std::ranges::any_of(e.set, [&](const CodePointRange& r) {
                 return r.low <= text_[from] && text_[from] <= r.high;
               });
      case Kind::kLiterals:
        return std::ranges::find(e.texts, text_.substr(from, size)) != e.texts.end();
      case Kind::kLength:
        return size >= e.low && size <= e.high;
      case Kind::kConcat:
        return concat_matches(e, 0, from, to);
      case Kind::kOr:
        return std::ranges::any_of(e.children, [&](const Expression& c) { return matches(c, from, to); });
      case Kind::kAnd:
        return std::ranges::all_of(e.children, [&](const Expression& c) { return matches(c, from, to); });
      case Kind::kNot:
        return !matches(e.children[0], from, to);
      case Kind::kRepeat:
        return repeat_matches(e, from, to);
    }
    return false;
  }

  bool concat_matches(const Expression& e, size_t child, size_t from, size_t to) {
    if (child + 1 == e.children.size()) return matches(e.children[child], from, to);
    for (size_t cut = from; cut <= to; ++cut) {
      if (matches(e.children[child], from, cut) && concat_matches(e, child + 1, cut, to)) return true;
    }
    return false;
  }

  // Where one can be after n times, for n = 0, 1, ...; after more times than there are characters nothing new comes.
  bool repeat_matches(const Expression& e, size_t from, size_t to) {
    std::vector<bool> at(text_.size() + 1);
    at[from] = true;
    const uint64_t last = e.high == kUnbounded ? e.low + (to - from) + 1 : e.high;
    for (uint64_t n = 0; n <= last; ++n) {
      if (n >= e.low && at[to]) return true;
      std::vector<bool> after(text_.size() + 1);
      for (size_t i = from; i <= to; ++i) {
        for (size_t j = i; at[i] && j <= to; ++j) after[j] = after[j] || matches(e.children[0], i, j);
      }
      at = std::move(after);
    }
    return false;
  }

  std::u32string text_;
  std::map<std::tuple<const Expression*, size_t, size_t>, bool> memo_;
};

inline Language walk(LanguageTable& table, Language state, std::string_view text) {
  for (const char c : text) state = table.derivative(state, static_cast<uint8_t>(c));
  return state;
}

}  // namespace cadre::contract::test
