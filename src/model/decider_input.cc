// SPDX-License-Identifier: Apache-2.0
#include "model/decider_input.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

namespace cadre::model {

using contract::ColumnType;
using contract::ConditionCandidate;
using contract::ValueOrigin;
using text::Word;
using text::WordKind;

namespace {

constexpr size_t kQuestionTokensMax = 224;
constexpr size_t kStemPrefixLettersMin = 4;  // "nation" ~ "nationality"; shorter prefixes link noise

constexpr uint32_t bit(uint8_t feature) { return 1u << feature; }

bool is_function_word(const std::string& norm) {
  static const std::unordered_set<std::string> kWords = {
      "a",  "an", "and", "are", "as",  "at",   "be",   "by",   "did",  "do",  "does", "for", "from", "had", "has",   "have", "how",
      "in", "is", "it",  "its", "me",  "of",   "on",   "or",   "s",    "that", "the", "their", "there", "this", "to", "was", "were",
      "what", "when", "where", "which", "who", "whose", "why", "with", "tell", "name", "list", "show", "give", "many", "much", "when"};
  return kWords.contains(norm);
}

// "customerName" and "customer_name" read as "customer name".
std::string readable_name(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const bool upper = name[i] >= 'A' && name[i] <= 'Z';
    const bool after_lower = i > 0 && name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if (upper && after_lower) out += ' ';
    out += name[i] == '_' ? ' ' : name[i];
  }
  return out;
}

// The words of one column name with their tokens.
struct Header {
  uint32_t column = 0;
  std::vector<std::string> norms, stems;
  std::vector<size_t> word_begin;  // index into tokens; one past the end at the back
  std::vector<uint16_t> tokens;
  size_t first_token = 0;  // place in the input once laid out
  bool linked = false;
};

enum class HeaderLink : uint8_t { kNone, kStem, kEqual };

HeaderLink header_link(const std::string& norm, const std::string& stem, const std::string& header_norm, const std::string& header_stem) {
  if (norm.empty() || header_norm.empty()) return HeaderLink::kNone;
  if (norm == header_norm) return HeaderLink::kEqual;
  if (stem == header_stem) return HeaderLink::kStem;
  const size_t shorter = std::min(stem.size(), header_stem.size());
  if (shorter >= kStemPrefixLettersMin && stem.compare(0, shorter, header_stem, 0, shorter) == 0) return HeaderLink::kStem;
  return HeaderLink::kNone;
}

class Builder {
 public:
  Builder(const contract::Table& table, const contract::SqlTask& task, const text::BpeTokenizer& tokenizer, const InputOptions& options)
      : table_(table), task_(task), tokenizer_(tokenizer), options_(options) {}

  DeciderInput build() {
    read_headers();
    lay_out_question();
    lay_out_columns();
    fill_relations();
    link_headers();
    link_cells();
    link_numbers();
    finish_features();
    append_candidates(table_, task_, 0, input_);
    hide_cells_of_candidates();
    return std::move(input_);
  }

 private:
  void push(uint16_t token, size_t position, uint32_t features) {
    input_.tokens.push_back(token);
    input_.positions.push_back(static_cast<uint16_t>(position));
    input_.features.push_back(features);
  }

  void encode(std::string_view word, std::vector<uint16_t>& out) const {
    for (const text::TokenId id : tokenizer_.encode_word(text::lower(word))) out.push_back(static_cast<uint16_t>(id));
  }

  void read_headers() {
    const auto& columns = table_.schema().columns;
    for (const Word& word : task_.words) stems_.push_back(text::stem(word.norm));
    for (uint32_t c = 0; c < columns.size(); ++c) {
      Header header;
      header.column = c;
      const std::string name = readable_name(columns[c].name);
      for (const Word& word : text::split_words(name)) {
        std::vector<uint16_t> tokens;
        encode(std::string_view(name).substr(word.begin, word.end - word.begin), tokens);
        if (header.tokens.size() + tokens.size() > kNameTokensMax) break;
        header.norms.push_back(word.norm);
        header.stems.push_back(text::stem(word.norm));
        header.word_begin.push_back(header.tokens.size());
        header.tokens.insert(header.tokens.end(), tokens.begin(), tokens.end());
      }
      header.word_begin.push_back(header.tokens.size());
      headers_.push_back(std::move(header));
    }
  }

  void lay_out_question() {
    push(kCls, 0, options_.use_cells ? 0 : bit(kCellsUnknown));
    input_.word_token.assign(task_.words.size(), kNoToken);
    std::vector<uint16_t> tokens;
    for (size_t w = 0; w < task_.words.size(); ++w) {
      const Word& word = task_.words[w];
      tokens.clear();
      encode(std::string_view(task_.question).substr(word.begin, word.end - word.begin), tokens);
      if (input_.length() + tokens.size() > kQuestionTokensMax) break;
      input_.word_token[w] = static_cast<uint16_t>(input_.length());
      uint32_t features = bit(kIsQuestion) | bit(kWordBegin);
      if (word.kind == WordKind::kNumber) features |= bit(kIsNumber);
      if (word.kind == WordKind::kPunctuation) features |= bit(kIsPunctuation);
      if (w == 0) features |= bit(kSentenceFirst);
      for (const uint16_t token : tokens) {
        push(token, input_.length(), features);
        features &= ~bit(kWordBegin);
      }
    }
    question_tokens_ = input_.length();
  }

  bool mentions(const Header& header) const {
    for (const auto& candidate : task_.candidates)
      if (candidate.column == header.column && candidate.origin == ValueOrigin::kCell) return true;
    for (size_t w = 0; w < task_.words.size(); ++w) {
      if (is_function_word(task_.words[w].norm)) continue;
      for (size_t h = 0; h < header.norms.size(); ++h)
        if (header_link(task_.words[w].norm, stems_[w], header.norms[h], header.stems[h]) != HeaderLink::kNone) return true;
    }
    return false;
  }

  void lay_out_columns() {
    size_t wanted = input_.length();
    for (const Header& header : headers_) wanted += 1 + header.tokens.size();
    std::vector<size_t> order(headers_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    if (wanted > kInputTokensMax) {
      std::vector<uint8_t> mentioned(headers_.size());
      for (size_t i = 0; i < headers_.size(); ++i) mentioned[i] = mentions(headers_[i]);
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return mentioned[a] > mentioned[b]; });
    }
    input_.column_token.assign(headers_.size(), kNoToken);
    for (const size_t i : order) {
      Header& header = headers_[i];
      if (input_.length() + 1 + header.tokens.size() > kInputTokensMax) break;
      const bool real = table_.schema().columns[header.column].type == ColumnType::kReal;
      header.first_token = input_.length();
      input_.column_token[i] = static_cast<uint16_t>(input_.length());
      uint32_t features = bit(kIsColumnToken) | bit(real ? kColumnReal : kColumnText);
      if (!options_.use_cells) features |= bit(kCellsUnknown);
      if (header.norms.size() >= 2) features |= bit(kColumnOfTwoWords);
      push(real ? kRealColumn : kTextColumn, kColumnPosition, features);
      for (size_t t = 0; t < header.tokens.size(); ++t) {
        const bool begins = std::find(header.word_begin.begin(), header.word_begin.end(), t) != header.word_begin.end();
        push(header.tokens[t], kColumnPosition + 1 + t, bit(kIsColumnName) | (begins ? bit(kWordBegin) : 0));
      }
      laid_out_.push_back(i);
    }
  }

  void fill_relations() {
    const size_t length = input_.length();
    input_.relations.assign(length * length, kOtherColumn);
    std::vector<uint16_t> owner(length, 0);  // 0 question, else 1 + column
    for (const size_t i : laid_out_)
      for (size_t t = 0; t <= headers_[i].tokens.size(); ++t) owner[headers_[i].first_token + t] = static_cast<uint16_t>(1 + i);
    for (size_t a = 0; a < length; ++a) {
      uint8_t* row = input_.relations.data() + a * length;
      for (size_t b = 0; b < length; ++b) {
        if (owner[a] == 0 && owner[b] == 0) row[b] = kQuestionQuestion;
        else if (owner[a] == 0) row[b] = kQuestionColumn;
        else if (owner[b] == 0) row[b] = kColumnQuestion;
        else if (owner[a] == owner[b]) row[b] = kSameColumn;
      }
      row[0] = kCls_;
    }
    std::fill_n(input_.relations.begin(), length, static_cast<uint8_t>(kCls_));
  }

  size_t word_end_token(size_t word) const {
    for (size_t w = word + 1; w < input_.word_token.size(); ++w)
      if (input_.word_token[w] != kNoToken) return input_.word_token[w];
    return question_tokens_;
  }

  // Sets both directions between a question word and a range of tokens of a column. Later calls win: weakest links are set first.
  void relate(size_t word, size_t begin, size_t end, Relation from_question) {
    if (input_.word_token[word] == kNoToken) return;
    const auto from_column = static_cast<uint8_t>(from_question + 1);
    const size_t length = input_.length();
    for (size_t a = input_.word_token[word]; a < word_end_token(word); ++a) {
      for (size_t b = begin; b < end; ++b) {
        input_.relations[a * length + b] = from_question;
        input_.relations[b * length + a] = from_column;
      }
    }
  }

  void mark(size_t word, uint32_t features) {
    if (input_.word_token[word] == kNoToken) return;
    for (size_t t = input_.word_token[word]; t < word_end_token(word); ++t) input_.features[t] |= features;
  }

  void link_headers() {
    for (const size_t i : laid_out_) {
      Header& header = headers_[i];
      size_t linked = 0, content = 0;
      for (size_t h = 0; h < header.norms.size(); ++h) {
        if (header.norms[h].empty() || is_function_word(header.norms[h])) continue;
        ++content;
        bool any = false;
        for (size_t w = 0; w < task_.words.size(); ++w) {
          const auto link = header_link(task_.words[w].norm, stems_[w], header.norms[h], header.stems[h]);
          if (link == HeaderLink::kNone) continue;
          any = true;
          const bool equal = link == HeaderLink::kEqual;
          const size_t begin = header.first_token + 1 + header.word_begin[h], end = header.first_token + 1 + header.word_begin[h + 1];
          relate(w, begin, end, equal ? kHeaderEqualQ : kHeaderStemQ);
          relate(w, header.first_token, header.first_token + 1, equal ? kHeaderEqualQ : kHeaderStemQ);
          mark(w, bit(equal ? kLinkHeaderEqual : kLinkHeaderStem));
          for (size_t t = begin; t < end; ++t) input_.features[t] |= bit(equal ? kLinkHeaderEqual : kLinkHeaderStem);
          if (h + 1 < header.norms.size() && w + 1 < task_.words.size() && equal && !header.norms[h + 1].empty() &&
              task_.words[w + 1].norm == header.norms[h + 1]) {
            mark(w, bit(kLinkMultiWordHeader));
            mark(w + 1, bit(kLinkMultiWordHeader));
            input_.features[header.first_token] |= bit(kLinkMultiWordHeader);
          }
        }
        linked += any;
      }
      header.linked = linked > 0;
      if (linked > 0) input_.features[header.first_token] |= bit(linked == content ? kColumnAllWordsLinked : kColumnSomeWordsLinked);
    }
  }

  const Header* laid_out(uint32_t column) const {
    return input_.column_token[column] == kNoToken ? nullptr : &headers_[column];
  }

  void link_cells() {
    if (!options_.use_cells) return;
    std::vector<int> full_column(task_.words.size(), -1);
    for (const bool full : {false, true}) {  // full matches are set last and win
      for (const auto& candidate : task_.candidates) {
        if (candidate.origin != ValueOrigin::kCell || candidate.full_match != full) continue;
        const Header* header = laid_out(candidate.column);
        if (header == nullptr) continue;
        input_.features[header->first_token] |= bit(full ? kColumnCellFull : kColumnCellPart);
        if (candidate.is_repeated) input_.features[header->first_token] |= bit(kColumnCellRepeated);
        for (size_t w = candidate.span.begin; w < candidate.span.end; ++w) {
          relate(w, header->first_token, header->first_token + 1 + header->tokens.size(), full ? kCellFullQ : kCellPartQ);
          mark(w, bit(full ? kLinkCellFull : kLinkCellPart));
          if (candidate.is_repeated) mark(w, bit(kLinkCellRepeated));
          if (!full) continue;
          if (full_column[w] >= 0 && full_column[w] != static_cast<int>(candidate.column)) mark(w, bit(kLinkManyColumns));
          full_column[w] = static_cast<int>(candidate.column);
        }
        if (full && candidate.span.end > candidate.span.begin) {
          mark(candidate.span.begin, bit(kLinkCellFullBegin));
          mark(candidate.span.end - 1, bit(kLinkCellFullEnd));
        }
      }
    }
  }

  void link_numbers() {
    if (!options_.use_cells) return;
    for (const size_t i : laid_out_) {
      const Header& header = headers_[i];
      if (table_.schema().columns[header.column].type != ColumnType::kReal) continue;
      const auto range = table_.range(header.column);
      if (range.empty) continue;
      for (const auto& candidate : task_.candidates) {
        if (candidate.column != header.column || candidate.origin != ValueOrigin::kNumber) continue;
        const auto number = text::parse_number(candidate.value);
        if (!number || *number < range.low || *number > range.high) continue;
        for (size_t w = candidate.span.begin; w < candidate.span.end; ++w) {
          relate(w, header.first_token, header.first_token + 1 + header.tokens.size(), kNumberRangeQ);
          mark(w, bit(kNumberInSomeRange));
        }
        input_.features[header.first_token] |= bit(kColumnNumberRange);
      }
    }
  }

  void finish_features() {
    if (!options_.use_cells) return;
    for (const auto& candidate : task_.candidates) {
      if (candidate.origin != ValueOrigin::kCell || !candidate.full_match) continue;
      if (table_.schema().columns[candidate.column].type != ColumnType::kReal) continue;
      for (size_t w = candidate.span.begin; w < candidate.span.end; ++w) mark(w, bit(kNumberEqualsCell));
    }
  }

  // Without cell contents a cell of a text column is unknown, and a number on a real column is just a number.
  void hide_cells_of_candidates() {
    if (options_.use_cells) return;
    for (size_t c = 0; c < input_.candidates.size(); ++c) {
      auto& row = input_.candidates[c];
      if (task_.candidates[c].origin != ValueOrigin::kCell) continue;
      const bool real = table_.schema().columns[row.column].type == ColumnType::kReal;
      if (!real) row.begin_token = kNoToken;
      row.features = (row.features & ~(bit(kOriginCellFull) | bit(kOriginCellPart) | bit(kInRange) | bit(kInsideLonger) |
                                       bit(kSpanOnOtherColumns) | bit(kColumnHasOther) | bit(kOnlyCandidate) | bit(kCellRepeated))) |
                     bit(kOriginNumber);
    }
    for (size_t c = 0; c < input_.candidates.size(); ++c)
      input_.candidates[c].features &= ~(bit(kInRange) | bit(kInsideLonger) | bit(kSpanOnOtherColumns) | bit(kColumnHasOther) | bit(kOnlyCandidate));
  }

  const contract::Table& table_;
  const contract::SqlTask& task_;
  const text::BpeTokenizer& tokenizer_;
  const InputOptions& options_;
  DeciderInput input_;
  std::vector<Header> headers_;
  std::vector<size_t> laid_out_;
  std::vector<std::string> stems_;
  size_t question_tokens_ = 0;
};

bool is_full_cell(const ConditionCandidate& candidate) { return candidate.origin == ValueOrigin::kCell && candidate.full_match; }

uint32_t candidate_features(const contract::Table& table, const contract::SqlTask& task, size_t index) {
  const auto& candidate = task.candidates[index];
  uint32_t features = 0;
  switch (candidate.origin) {
    case ValueOrigin::kCell: features |= bit(candidate.full_match ? kOriginCellFull : kOriginCellPart); break;
    case ValueOrigin::kNumber: features |= bit(kOriginNumber); break;
    case ValueOrigin::kSpan: features |= bit(kOriginSpan); break;
  }
  if (candidate.is_repeated) features |= bit(kCellRepeated);
  const auto& column = table.schema().columns[candidate.column];
  if (column.type == ColumnType::kReal) {
    features |= bit(kOnRealColumn);
    const auto range = table.range(candidate.column);
    const auto number = text::parse_number(candidate.value);
    if (number && !range.empty && *number >= range.low && *number <= range.high) features |= bit(kInRange);
  }
  const size_t words = candidate.span.end - candidate.span.begin;
  features |= bit(words <= 1 ? kWords1 : words == 2 ? kWords2 : kWords3OrMore);
  size_t others = 0;
  for (size_t i = 0; i < task.candidates.size(); ++i) {
    if (i == index) continue;
    const auto& other = task.candidates[i];
    const size_t other_words = other.span.end - other.span.begin;
    if (is_full_cell(other) && other_words > words && other.span.begin <= candidate.span.begin && other.span.end >= candidate.span.end)
      features |= bit(kInsideLonger);
    if (other.span == candidate.span && other.column != candidate.column && is_full_cell(other)) features |= bit(kSpanOnOtherColumns);
    if (other.column == candidate.column) features |= bit(kColumnHasOther);
    ++others;
  }
  if (others == 0) features |= bit(kOnlyCandidate);
  return features;
}

std::vector<std::string> stems_of(const std::vector<Word>& words) {
  std::vector<std::string> stems;
  for (const Word& word : words) stems.push_back(text::stem(word.norm));
  return stems;
}

struct StemmedWords {
  std::vector<Word> words;
  std::vector<std::string> stems;
};

// Does a word of the column's name stand in the question, or right before the span?
uint32_t header_features(const contract::SqlTask& task, const std::vector<std::string>& question_stems, const ConditionCandidate& candidate,
                         const StemmedWords& name) {
  uint32_t features = 0;
  for (size_t n = 0; n < name.words.size(); ++n) {
    const std::string& norm = name.words[n].norm;
    if (norm.empty() || is_function_word(norm)) continue;
    for (size_t w = 0; w < task.words.size(); ++w) {
      if (header_link(task.words[w].norm, question_stems[w], norm, name.stems[n]) == HeaderLink::kNone) continue;
      features |= bit(kHeaderLinked);
      if (w >= candidate.span.begin && w < candidate.span.end) features |= bit(kEqualsHeaderWord);
      if (w < candidate.span.begin && candidate.span.begin - w <= 3) features |= bit(kAfterHeaderWord);
    }
  }
  return features;
}

}  // namespace

std::span<const std::string_view> special_token_names() {
  static constexpr std::array<std::string_view, kSpecialTokenCount> kNames = {"[PAD]", "[CLS]", "[MASK]", "[TEXT]", "[REAL]"};
  return kNames;
}

DeciderInput build_input(const contract::Table& table, const contract::SqlTask& task, const text::BpeTokenizer& tokenizer,
                         const InputOptions& options) {
  return Builder(table, task, tokenizer, options).build();
}

void append_candidates(const contract::Table& table, const contract::SqlTask& task, size_t first_new, DeciderInput& input) {
  const std::vector<std::string> question_stems = stems_of(task.words);
  std::vector<StemmedWords> names(table.schema().columns.size());  // of the columns that have candidates
  for (size_t i = first_new; i < task.candidates.size(); ++i) {
    const auto& candidate = task.candidates[i];
    CandidateRow row;
    row.column = static_cast<uint16_t>(candidate.column);
    row.legal_ops = candidate.legal_ops;
    row.begin_token = row.end_token = kNoToken;
    const bool fits = candidate.span.end > candidate.span.begin && candidate.span.end <= input.word_token.size() &&
                      input.word_token[candidate.span.end - 1] != kNoToken && input.column_token[candidate.column] != kNoToken;
    if (fits) {
      row.begin_token = input.word_token[candidate.span.begin];
      row.end_token = input.word_token[candidate.span.end - 1];
      auto& name = names[candidate.column];
      if (name.words.empty()) {
        name.words = text::split_words(readable_name(table.schema().columns[candidate.column].name));
        name.stems = stems_of(name.words);
      }
      row.features = candidate_features(table, task, i) | header_features(task, question_stems, candidate, name);
    }
    input.candidates.push_back(row);
  }
}

}  // namespace cadre::model
