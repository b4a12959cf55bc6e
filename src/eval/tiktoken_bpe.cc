// SPDX-License-Identifier: Apache-2.0
#include "eval/tiktoken_bpe.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/code_points.h"

namespace cadre::eval {

namespace {

constexpr size_t kWordsMax = 100'000;  // remembered

enum class Class : uint8_t { kEnd, kLetter, kNumber, kNewline, kSpace, kOther };

struct Character {
  Class kind = Class::kEnd;
  size_t size = 0;
};

// White space as Unicode's property has it, which is \s of the pattern's dialect.
bool is_space_point(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

Class class_of(char32_t code) {
  static const contract::CodePointSet& kLetters = *contract::property_set("L");
  static const contract::CodePointSet& kNumbers = *contract::property_set("N");
  if (code == '\n' || code == '\r') return Class::kNewline;
  if (is_space_point(code)) return Class::kSpace;
  if (contract::contains(kLetters, code)) return Class::kLetter;
  return contract::contains(kNumbers, code) ? Class::kNumber : Class::kOther;
}

Character character_at(std::string_view text, size_t at) {
  if (at >= text.size()) return {};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return {class_of(lead), 1};
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (size == 0 || at + size > text.size()) return {Class::kOther, 1};
  char32_t code = lead & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {Class::kOther, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {class_of(code), size};
}

// From `at` on, as many characters of the kinds as there are, `most` at most.
size_t run(std::string_view text, size_t at, bool (*is_one)(Class), size_t most = SIZE_MAX) {
  size_t size = 0;
  for (; most > 0; --most) {
    const Character c = character_at(text, at + size);
    if (!is_one(c.kind)) break;
    size += c.size;
  }
  return size;
}

bool is_letter(Class kind) {
  return kind == Class::kLetter;
}
bool is_number(Class kind) {
  return kind == Class::kNumber;
}
bool is_newline(Class kind) {
  return kind == Class::kNewline;
}
bool is_any_space(Class kind) {
  return kind == Class::kNewline || kind == Class::kSpace;
}
bool is_other(Class kind) {
  return kind == Class::kOther;
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d), with the characters that fold to s.
size_t contraction(std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  if (text.substr(1, 2) == "\u017F") return 3;
  const auto lower = [&](size_t i) {
    return i >= text.size() ? '\0' : static_cast<char>(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
  };
  const char a = lower(1), b = lower(2);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
  return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

// \s*[\r\n]+ or \s+(?!\S) or \s+, of a run of spaces.
size_t space_word(std::string_view text) {
  const size_t all = run(text, 0, is_any_space);
  size_t last_newline = 0, last = 0;
  for (size_t at = 0; at < all;) {
    const Character c = character_at(text, at);
    last = at;
    at += c.size;
    if (is_newline(c.kind)) last_newline = at;
  }
  if (last_newline > 0) return last_newline;
  return all == text.size() || last == 0 ? all : last;  // the last space goes with the word behind it
}

}  // namespace

size_t first_word_size(std::string_view text) {
  if (const size_t size = contraction(text); size > 0) return size;
  const Character first = character_at(text, 0);
  if (first.kind == Class::kLetter) return run(text, 0, is_letter);
  if (first.kind == Class::kSpace || first.kind == Class::kOther) {
    if (const size_t letters = run(text, first.size, is_letter); letters > 0) return first.size + letters;
  }
  if (first.kind == Class::kNumber) return run(text, 0, is_number, 3);
  const size_t begin = text[0] == ' ' ? 1 : 0;
  if (const size_t others = run(text, begin, is_other); others > 0) {
    return begin + others + run(text, begin + others, is_newline);
  }
  return space_word(text);
}

Result<TiktokenBpe> TiktokenBpe::create(const std::vector<std::string>& tokens) {
  TiktokenBpe bpe;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) bpe.ranks_.emplace(tokens[id], static_cast<uint32_t>(id));
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!bpe.ranks_.contains(std::string(1, static_cast<char>(byte)))) {
      return Error{ErrorCode::kInvalid,
                   fmt::format("this vocabulary cannot encode text: byte 0x{:02X} is not a token of its own", byte)};
    }
  }
  return bpe;
}

std::vector<uint32_t> TiktokenBpe::encode(std::string_view text) {
  std::vector<uint32_t> ids;
  while (!text.empty()) {
    const size_t size = first_word_size(text);
    const auto& word = encode_word(text.substr(0, size));
    ids.insert(ids.end(), word.begin(), word.end());
    text.remove_prefix(size);
  }
  return ids;
}

const std::vector<uint32_t>& TiktokenBpe::encode_word(std::string_view word) {
  if (const auto known = words_.find(word); known != words_.end()) return known->second;
  if (words_.size() >= kWordsMax) words_.clear();
  std::vector<uint32_t>& ids = words_[std::string(word)];
  if (const auto whole = ranks_.find(word); whole != ranks_.end()) {
    ids.push_back(whole->second);
    return ids;
  }
  std::vector<size_t> cuts(word.size() + 1);  // where parts begin, and the end
  for (size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
  for (;;) {
    uint32_t best = UINT32_MAX;
    size_t best_at = 0;
    for (size_t i = 0; i + 2 < cuts.size(); ++i) {
      const auto pair = ranks_.find(word.substr(cuts[i], cuts[i + 2] - cuts[i]));
      if (pair == ranks_.end() || pair->second >= best) continue;
      best = pair->second;
      best_at = i + 1;
    }
    if (best == UINT32_MAX) break;
    cuts.erase(cuts.begin() + static_cast<std::ptrdiff_t>(best_at));
  }
  for (size_t i = 0; i + 1 < cuts.size(); ++i)
    ids.push_back(ranks_.find(word.substr(cuts[i], cuts[i + 1] - cuts[i]))->second);
  return ids;
}

}  // namespace cadre::eval
