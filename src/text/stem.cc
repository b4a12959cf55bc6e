// The light English stem: a shortened Porter (1980) step 1 that aims at "the same word in another form gets the same
// stem", for links between a question and a table's header. A stem is mostly a word; where it is not ("famy"), both
// forms still meet.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "text/words.h"

namespace cadre::text {
namespace {

// Forms that no rule below finds and that questions about tables use.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kIrregular = {{{"children", "child"},
                                                                                      {"feet", "foot"},
                                                                                      {"gases", "gas"},
                                                                                      {"buses", "bus"},
                                                                                      {"men", "man"},
                                                                                      {"people", "person"},
                                                                                      {"women", "woman"}}};

bool is_vowel(char c) {
  return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}
bool has_vowel(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return is_vowel(c) || c == 'y'; });
}
bool ends_in_one_of(std::string_view word, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](std::string_view ending) { return word.ends_with(ending); });
}

void remove_plural(std::string& word) {
  const size_t size = word.size();
  if (size < 3 || word.back() != 's' || ends_in_one_of(word, {"ss", "us", "is"})) return;
  if (size == 3 && word.ends_with("as")) return;  // "gas", "was"
  if (size > 4 && word.ends_with("ies")) {
    word.replace(size - 3, 3, "y");
  } else if (size > 4 && ends_in_one_of(word, {"sses", "ches", "shes", "xes", "zzes"})) {
    word.resize(size - 2);
  } else {
    word.resize(size - 1);
  }
}

// Consonant, vowel, consonant at the end of a word with one vowel group: "nam", "scor", "us"; such stems lost an e
// ("name").
bool is_short_stem(std::string_view word) {
  const size_t size = word.size();
  if (size < 2 || is_vowel(word[size - 1]) || !is_vowel(word[size - 2])) return false;
  if (word[size - 1] == 'x' || word[size - 1] == 'y' || (word[size - 1] == 'w' && size > 2)) return false;
  return std::none_of(word.begin(), word.end() - 2, is_vowel);
}

bool lost_an_e(std::string_view word) {
  if (ends_in_one_of(word, {"at", "bl", "iz", "c", "v", "u", "dg", "rg", "ns", "rs"})) return true;
  const size_t size = word.size();
  if (word.back() == 's' && size > 2 && is_vowel(word[size - 2])) return !word.ends_with("us") || size < 4;
  return is_short_stem(word);
}

// What -ed or -ing was put on: "scor" -> "score", "runn" -> "run".
void restore_ending(std::string& word) {
  const size_t size = word.size();
  const bool doubled = size > 3 && word[size - 1] == word[size - 2] && !is_vowel(word.back());
  if (doubled && word.back() != 'l' && word.back() != 's' && word.back() != 'z') {
    word.pop_back();
  } else if (!doubled && lost_an_e(word)) {
    word.push_back('e');
  }
}

// Removes -ed, -ing; returns whether it did.
bool remove_inflection(std::string& word) {
  if (word.ends_with("eed")) return false;
  if (word.ends_with("ied")) {
    word.size() > 4 ? (void)word.replace(word.size() - 3, 3, "y") : word.pop_back();
    return true;
  }
  const size_t suffix = word.ends_with("ing") ? 3 : word.ends_with("ed") ? 2 : 0;
  if (suffix == 0 || word.size() < suffix + 2 || !has_vowel(std::string_view(word).substr(0, word.size() - suffix)))
    return false;
  word.resize(word.size() - suffix);
  restore_ending(word);
  return true;
}

}  // namespace

std::string stem(std::string_view norm) {
  std::string word(norm);
  if (!std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; })) return word;
  for (const auto& [form, base] : kIrregular)
    if (word == form) return std::string(base);
  remove_plural(word);
  if (remove_inflection(word)) return word;
  if (word.size() >= 6 && word.ends_with("ly") && !word.ends_with("ily")) word.resize(word.size() - 2);
  return word;
}

}  // namespace cadre::text
