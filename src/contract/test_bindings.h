// Sources, rules and bound schemas for tests, and all copies of a short text by trying every span.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/utf8.h"
#include "contract/bindings.h"
#include "contract/sorted_texts.h"
#include "text/unicode.h"
#include "text/words.h"

namespace cadre::contract::test {

inline std::string random_source(base::Random& random, size_t pieces_max) {
  static const std::vector<std::string> pieces = {"a",
                                                  "b",
                                                  "ab",
                                                  "A",
                                                  "Ab",
                                                  "the",
                                                  "The",
                                                  "12",
                                                  "3.5",
                                                  "1,250",
                                                  " ",
                                                  " ",
                                                  " ",
                                                  "  ",
                                                  "\n",
                                                  "\r\n",
                                                  "\t",
                                                  ".",
                                                  ",",
                                                  "\"",
                                                  "\\",
                                                  "/",
                                                  "\xC3\xA9",
                                                  "\xC3\x89",
                                                  "caf\xC3\xA9",
                                                  "\xE2\x82\xAC",
                                                  "\xF0\x9F\x98\x80",
                                                  "\xE2\x84\xAA" /* Kelvin */,
                                                  "\xC4\xB0" /* I with dot */,
                                                  "\x01",
                                                  "\xCC\x81" /* a mark alone */,
                                                  "\xC2\xA0",
                                                  "-",
                                                  "x"};
  std::string source;
  for (uint64_t i = random.below(pieces_max + 1); i > 0; --i) source += pieces[random.below(pieces.size())];
  return source;
}

inline CopyRule random_rule(base::Random& random) {
  CopyRule rule;
  rule.unit = static_cast<CopyUnit>(random.below(4));
  rule.fold_case = random.below(3) == 0;
  rule.fold_space = random.below(3) == 0;
  if (rule.unit != CopyUnit::kChar && random.below(3) == 0) rule.words_min = static_cast<uint32_t>(random.below(4));
  if (rule.unit != CopyUnit::kChar && random.below(3) == 0) rule.words_max = static_cast<uint32_t>(random.below(4));
  return rule;
}

inline bool is_white(char32_t code) {
  return text::char_class(code) == text::CharClass::kSpace;
}

// Every way of writing a span of one of the sources, by the definition: all pairs of ends, all cases of letters.
inline std::set<std::string> all_copies(const std::vector<std::string>& sources, const CopyRule& rule) {
  std::set<std::string> copies;
  for (const std::string& source : sources) {
    std::set<size_t> begins, ends, words;
    const auto add = [&](size_t begin, size_t end) {
      if (begin < end) begins.insert(begin), ends.insert(end);
    };
    for (const auto& word : text::split_words(source)) {
      if (rule.unit == CopyUnit::kWord) add(word.begin, word.end);
      if (word.kind != text::WordKind::kPunctuation) words.insert(word.begin);
    }
    std::vector<size_t> characters;
    for (size_t i = 0; i < source.size(); i += base::decode_utf8(source, i).size_bytes) characters.push_back(i);
    characters.push_back(source.size());
    const auto white = [&](size_t c) { return is_white(base::decode_utf8(source, characters[c]).code); };
    for (size_t c = 0; c + 1 < characters.size(); ++c) {
      if (rule.unit == CopyUnit::kChar) add(characters[c], characters[c + 1]);
      if (rule.unit != CopyUnit::kToken || white(c) || (c > 0 && !white(c - 1))) continue;
      size_t last = c;
      while (last + 1 < characters.size() && !white(last)) ++last;
      add(characters[c], characters[last]);
    }
    for (size_t begin = 0; rule.unit == CopyUnit::kLine && begin <= source.size();) {
      const size_t feed = std::min(source.find('\n', begin), source.size());
      add(begin, feed > begin && source[feed - 1] == '\r' ? feed - 1 : feed);
      begin = feed + 1;
    }
    for (const size_t begin : begins) {
      for (const size_t end : ends) {
        if (end <= begin) continue;
        const auto count = std::distance(words.lower_bound(begin), words.lower_bound(end));
        if (count < rule.words_min || count > rule.words_max) continue;
        std::vector<std::string> written = {""};
        bool in_run = false;
        for (size_t i = begin; i < end;) {
          const base::Utf8Char character = base::decode_utf8(source, i);
          std::set<std::string> choices = {source.substr(i, character.size_bytes)};
          if (rule.fold_space && is_white(character.code)) {
            choices = {in_run ? "" : " "};
          } else if (rule.fold_case) {
            for (const char32_t other : {text::simple_lower(character.code), text::simple_upper(character.code)}) {
              std::string bytes;
              base::append_utf8(other, bytes);
              choices.insert(bytes);
            }
          }
          in_run = is_white(character.code);
          std::vector<std::string> longer;
          for (const std::string& text : written) {
            for (const std::string& choice : choices) longer.push_back(text + choice);
          }
          written = std::move(longer);
          if (written.size() > 64) written.resize(64);
          i += character.size_bytes;
        }
        copies.insert(written.begin(), written.end());
      }
    }
  }
  return copies;
}

inline std::shared_ptr<Bindings> bind(const std::string& input, BindingOptions options = {}) {
  auto bindings = std::make_shared<Bindings>(std::move(options));
  bindings->bind_source("input", input).value();
  return bindings;
}

}  // namespace cadre::contract::test
