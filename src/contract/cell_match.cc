// SPDX-License-Identifier: Apache-2.0
#include "contract/cell_match.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "contract/question_numbers.h"

namespace cadre::contract {
namespace {

constexpr size_t kPartialWordSizeMin = 3;
constexpr size_t kMatchesHeldMax = 8192;  // while matching; a question of 256 zeros over 2,000 columns has more

bool is_punctuation(const text::Word& word) {
  return word.norm.empty();
}

// Calls visit(span, norm, hash) for every run of words that begins and ends with a letter or digit and is at most
// `size_max` long in normal form. One buffer holds the norm of the run.
template <class Visit>
void for_each_run(std::span<const text::Word> words, size_t size_max, Visit visit) {
  std::string norm;
  for (uint32_t begin = 0; begin < words.size(); ++begin) {
    if (is_punctuation(words[begin])) continue;
    norm.clear();
    uint64_t hash = kHashSeed;
    for (uint32_t end = begin; end < words.size(); ++end) {
      if (is_punctuation(words[end])) continue;
      norm += words[end].norm;
      if (norm.size() > size_max) break;
      hash = extend_hash(hash, words[end].norm);
      visit(WordSpan{begin, end + 1}, std::string_view(norm), hash);
    }
  }
}

// The words of a text that are numbers with a fraction.
std::vector<std::string_view> fractions(std::string_view text) {
  std::vector<std::string_view> found;
  for (const text::Word& word : text::split_words(text)) {
    const std::string_view written = text.substr(word.begin, word.end - word.begin);
    const bool has_point = written.size() > 1 && written.find('.') != std::string_view::npos;
    if (has_point && text::parse_number(written)) found.push_back(written);
  }
  return found;
}

class Matcher {
 public:
  Matcher(const CellIndex& index, std::string_view question, std::span<const text::Word> words)
      : index_(index), question_(question), words_(words) {}

  std::vector<CellMatch> run() {
    match_runs();
    match_symbols();
    match_numbers();
    match_rare_words();
    // The longest mentions of whole cells stay.
    std::stable_sort(matches_.begin(), matches_.end(), [](const CellMatch& a, const CellMatch& b) {
      const auto rank = [](const CellMatch& m) { return std::pair(!m.full_match, ~(m.span.end - m.span.begin)); };
      return rank(a) < rank(b);
    });
    if (matches_.size() > kCellMatchesMax) matches_.resize(kCellMatchesMax);
    return std::move(matches_);
  }

 private:
  void add(CellIndex::Place place, WordSpan span, bool is_full) {
    if (matches_.size() >= kMatchesHeldMax) return;
    matches_.push_back({place.column, span, std::string(index_.cell(place)), is_full, index_.is_repeated(place)});
  }

  void match_runs() {
    for_each_run(words_, index_.key_size_max(), [&](WordSpan span, std::string_view norm, uint64_t hash) {
      places_.clear();
      index_.find_key(norm, hash, places_);
      for (const auto place : places_) {
        if (has_same_fractions(span, index_.cell(place))) add(place, span, true);
      }
    });
  }

  // "3.0" and a score "3 - 0" have the same normal form and are not the same.
  bool has_same_fractions(WordSpan span, std::string_view cell) const {
    const uint32_t begin = words_[span.begin].begin;
    const std::string_view run = question_.substr(begin, words_[span.end - 1].end - begin);
    if (run.find('.') == std::string_view::npos && cell.find('.') == std::string_view::npos) return true;
    return fractions(run) == fractions(cell);
  }

  // Cells of symbols alone ("+", "-") are mentioned by the same symbols standing free: "a result of -, and".
  void match_symbols() {
    for (uint32_t i = 0; i < words_.size(); ++i) {
      if (!is_punctuation(words_[i])) continue;
      uint32_t end = i + 1;
      while (end < words_.size() && is_punctuation(words_[end]) && words_[end].begin == words_[end - 1].end) ++end;
      const bool is_free_left = i == 0 || words_[i - 1].end < words_[i].begin;
      const bool is_free_right = end == words_.size() || words_[end - 1].end < words_[end].begin;
      if (is_free_left && is_free_right) match_symbol_run({i, end});
      i = end - 1;
    }
  }

  void match_symbol_run(WordSpan span) {
    const auto is_sentence_mark = [&](uint32_t i) {
      return std::string_view(",.?!;:()'\"").find(question_[words_[i].begin]) != std::string_view::npos;
    };
    while (span.end > span.begin + 1 && is_sentence_mark(span.end - 1)) --span.end;
    while (span.begin + 1 < span.end && is_sentence_mark(span.begin)) ++span.begin;
    const uint32_t begin = words_[span.begin].begin;
    const std::string symbols = cell_key(question_.substr(begin, words_[span.end - 1].end - begin));
    places_.clear();
    index_.find_key(symbols, extend_hash(kHashSeed, symbols), places_);
    for (const auto place : places_) add(place, span, true);
  }

  void match_numbers() {
    for (const QuestionNumber& number : question_numbers(question_, words_)) {
      places_.clear();
      index_.find_number(number.value, places_);
      for (size_t i = 0; i < places_.size();) {
        size_t end = i;
        while (end < places_.size() && places_[end].column == places_[i].column) ++end;
        add_number(number, std::span(places_).subspan(i, end - i));
        i = end;
      }
    }
  }

  // Cells of one column that are the same number. The spelling of the question wins; in a real column one stands for
  // all.
  void add_number(const QuestionNumber& number, std::span<const CellIndex::Place> places) {
    const auto exact =
        std::find_if(places.begin(), places.end(), [&](auto place) { return index_.cell(place) == number.text; });
    if (exact != places.end()) return add(*exact, number.span, true);
    const bool is_real = index_.type(places.front().column) == ColumnType::kReal;
    for (const auto place : is_real ? places.first(1) : places) add(place, number.span, true);
  }

  void match_rare_words() {
    for (uint32_t i = 0; i < words_.size() && matches_.size() < kCellMatchesMax; ++i) {
      if (!may_match_partly(words_[i])) continue;
      places_.clear();
      index_.find_rare_word(text::stem(words_[i].norm), places_);
      for (const auto place : places_) add_partial(place, i);
    }
  }

  // One or two digits stand in too many cells by chance.
  static bool may_match_partly(const text::Word& word) {
    return word.norm.size() >= kPartialWordSizeMin && !is_function_word(word.norm);
  }

  // Takes neighbours that stand in the cell too into the span, so that "31 january" is one mention and not two.
  void add_partial(CellIndex::Place place, uint32_t word) {
    const std::string_view cell = index_.cell(place);
    std::set<std::string, std::less<>> in_cell;
    for (text::Word& other : text::split_words(cell)) {
      if (!other.norm.empty()) in_cell.insert(text::stem(other.norm));
    }
    const auto stands_in_cell = [&](uint32_t i) { return in_cell.contains(text::stem(words_[i].norm)); };
    if (!stands_in_cell(word)) return;  // two words with one hash
    WordSpan span{word, word + 1};
    for (uint32_t i = word; i > 0 && (stands_in_cell(i - 1) || is_punctuation(words_[i - 1])); --i) {
      if (stands_in_cell(i - 1) && !is_function_word(words_[i - 1].norm)) span.begin = i - 1;
    }
    for (uint32_t i = word + 1; i < words_.size() && (stands_in_cell(i) || is_punctuation(words_[i])); ++i) {
      if (stands_in_cell(i) && !is_function_word(words_[i].norm)) span.end = i + 1;
    }
    if (!is_covered(place.column, cell, span)) add(place, span, false);
  }

  bool is_covered(uint32_t column, std::string_view cell, WordSpan span) const {
    return std::any_of(matches_.begin(), matches_.end(), [&](const CellMatch& other) {
      return other.column == column && other.span.begin <= span.begin && other.span.end >= span.end &&
             other.cell == cell;
    });
  }

  const CellIndex& index_;
  std::string_view question_;
  std::span<const text::Word> words_;
  std::vector<CellMatch> matches_;
  std::vector<CellIndex::Place> places_;
};

}  // namespace

bool is_function_word(std::string_view norm) {
  static constexpr std::array<std::string_view, 91> kWords = {
      "about",   "after", "all",   "also",  "and",   "any",    "are",   "been",  "before", "being",  "between", "both",
      "but",     "can",   "could", "did",   "does",  "during", "each",  "ever",  "find",   "for",    "from",    "get",
      "give",    "got",   "had",   "has",   "have",  "having", "her",   "him",   "his",    "how",    "into",    "its",
      "less",    "list",  "many",  "may",   "more",  "most",   "much",  "name",  "not",    "number", "off",     "only",
      "other",   "our",   "out",   "over",  "per",   "same",   "shall", "she",   "should", "show",   "some",    "such",
      "tell",    "than",  "that",  "the",   "their", "them",   "then",  "there", "these",  "they",   "this",    "those",
      "through", "total", "under", "until", "was",   "were",   "what",  "when",  "where",  "which",  "while",   "who",
      "whom",    "whose", "why",   "will",  "with",  "within", "you"};
  return std::binary_search(kWords.begin(), kWords.end(), norm);
}

std::vector<CellMatch> match_indexed_cells(const CellIndex& index, std::string_view question,
                                           std::span<const text::Word> words) {
  return Matcher(index, question, words).run();
}

CellScanner::CellScanner(std::string_view question, std::span<const text::Word> words) {
  for_each_run(words, kIndexedCellSizeBytesMax,
               [&](WordSpan span, std::string_view, uint64_t hash) { runs_.emplace(hash, span); });
  for (const QuestionNumber& number : question_numbers(question, words)) numbers_.emplace(number.value, number.span);
}

void CellScanner::match(uint32_t column, std::string_view cell, std::vector<CellMatch>& out) const {
  const auto add_all = [&](auto range) {
    for (auto entry = range.first; entry != range.second; ++entry) {
      out.push_back({column, entry->second, std::string(cell), true, false});
    }
  };
  if (const auto number = cell_number(cell)) return add_all(numbers_.equal_range(*number));
  add_all(runs_.equal_range(extend_hash(kHashSeed, text::normalize(cell))));
}

}  // namespace cadre::contract
