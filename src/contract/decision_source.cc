// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "contract/decision_texts.h"
#include "contract/question_numbers.h"
#include "contract/schema_programs.h"
#include "text/words.h"

namespace cadre::contract {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

class SpanFinder {
 public:
  SpanFinder(std::string_view text, const std::vector<text::Word>& words, size_t spans_max)
      : text_(text), words_(words), spans_max_(spans_max) {}

  std::vector<SourceSpan> run(SpanKinds kinds) {
    if (kinds == SpanKinds::kPhrasesAndTokens) add_tokens();
    add_lines();
    for (const char quote : {'"', '\'', '`'}) add_quoted(quote);
    for (size_t length = 1; length <= kSpanWordsMax; ++length) {
      for (size_t i = 0; i + length <= words_.size() && spans_.size() < spans_max_; ++i) {
        if (may_begin(i) && may_end(i + length - 1)) add(words_[i].begin, words_[i + length - 1].end);
      }
    }
    std::sort(spans_.begin(), spans_.end(),
              [](const auto& a, const auto& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
    return std::move(spans_);
  }

 private:
  void add(size_t begin, size_t end) {
    if (begin < end && spans_.size() < spans_max_ && seen_.insert(text_.substr(begin, end - begin)).second)
      spans_.push_back({begin, end});
  }

  void add_tokens() {
    for (size_t begin = 0; begin < text_.size();) {
      size_t end = begin;
      while (end < text_.size() && !is_space(text_[end])) ++end;
      add(begin, end);
      begin = end + 1;
    }
  }

  void add_lines() {
    for (size_t begin = 0; begin <= text_.size();) {
      const size_t end = std::min(text_.find('\n', begin), text_.size());
      size_t first = begin, last = end;
      while (first < last && is_space(text_[first])) ++first;
      while (last > first && is_space(text_[last - 1])) --last;
      add(first, last);
      begin = end + 1;
    }
  }

  void add_quoted(char quote) {
    for (size_t open = text_.find(quote); open != std::string_view::npos;) {
      const size_t close = text_.find(quote, open + 1);
      if (close == std::string_view::npos) return;
      add(open + 1, close);
      open = close;  // an apostrophe may be the first of the next pair
    }
  }

  bool may_begin(size_t word) const {
    return words_[word].kind != text::WordKind::kPunctuation || words_[word].begin == 0 ||
           is_space(text_[words_[word].begin - 1]);
  }
  bool may_end(size_t word) const {
    return words_[word].kind != text::WordKind::kPunctuation || words_[word].end == text_.size() ||
           is_space(text_[words_[word].end]);
  }

  std::string_view text_;
  const std::vector<text::Word>& words_;
  size_t spans_max_;
  std::vector<SourceSpan> spans_;
  std::unordered_set<std::string_view> seen_;
};

// "007" and ".5" are no JSON numbers as they stand.
std::optional<std::string> json_number(std::string_view text) {
  std::string number(text);
  const size_t first = !number.empty() && number[0] == '-' ? 1 : 0;
  while (number.size() > first + 1 && number[first] == '0' && number[first + 1] != '.') number.erase(first, 1);
  if (first < number.size() && number[first] == '.') number.insert(first, 1, '0');
  return canonical_number(number);
}

template <class Fits>
DecisionSource::List filtered(const DecisionSource::List& list, const Fits& fits) {
  auto result = std::make_shared<CandidateList>();
  for (const Candidate& candidate : list->items) {
    if (fits(candidate)) result->add(candidate);
  }
  return result;
}

}  // namespace

std::vector<SourceSpan> find_spans(std::string_view text, size_t spans_max, SpanKinds kinds) {
  const std::vector<text::Word> words = text::split_words(text);
  return SpanFinder(text, words, spans_max).run(kinds);
}

Result<std::shared_ptr<DecisionSource>> DecisionSource::read(std::string text, size_t spans_max) {
  if (text.size() > kInputSizeBytesMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("an input of {} bytes is too long: at most {}", text.size(), kInputSizeBytesMax)};
  if (!text::is_valid_utf8(text)) return Error{ErrorCode::kInvalid, "the input is not UTF-8"};
  std::shared_ptr<DecisionSource> source(new DecisionSource(std::move(text)));
  const std::vector<text::Word> words = text::split_words(source->text_);
  auto spans = std::make_shared<CandidateList>();
  for (const SourceSpan& span : SpanFinder(source->text_, words, spans_max).run(SpanKinds::kPhrases)) {
    const std::string_view written = std::string_view(source->text_).substr(span.begin, span.end - span.begin);
    if (auto bytes = canonical_string(written)) spans->add({std::move(*bytes), std::string(written), span});
  }
  source->spans_ = std::move(spans);
  auto numbers = std::make_shared<CandidateList>();
  const auto add_number = [&](std::string_view written, SourceSpan span) {
    const auto bytes = json_number(written);
    if (!bytes || numbers->items.size() >= spans_max) return;
    const bool known = std::any_of(numbers->items.begin(), numbers->items.end(),
                                   [&](const Candidate& other) { return other.bytes == *bytes; });
    if (!known) numbers->add({*bytes, *bytes, span});
  };
  for (const QuestionNumber& number : question_numbers(source->text_, words)) {
    const SourceSpan span{words[number.span.begin].begin, words[number.span.end - 1].end};
    // In a list ("3 -5 7") a sign that touches its number and nothing before it is one.
    const bool is_signed = span.begin > 0 && source->text_[span.begin - 1] == '-' &&
                           (span.begin == 1 || is_space(source->text_[span.begin - 2]));
    if (is_signed) add_number("-" + number.text, {span.begin - 1, span.end});
    add_number(number.text, span);
  }
  source->numbers_ = std::move(numbers);
  return source;
}

const DecisionSource::List& DecisionSource::spans_for(SchemaPrograms& programs, uint32_t program) {
  if (programs.is_plain(program)) return spans_;
  const auto [entry, is_new] = spans_of_.try_emplace(program);
  if (!is_new) return entry->second;
  const uint32_t start = programs.text_start(program);
  return entry->second = filtered(spans_, [&](const Candidate& candidate) {
           uint32_t text = start;
           for (size_t i = 0; i < candidate.label.size() && text != kNone; ++i)
             text = programs.text_next(text, static_cast<uint8_t>(candidate.label[i]));
           return text != kNone && programs.text_verdict(text) != kNone;
         });
}

const DecisionSource::List& DecisionSource::numbers_for(SchemaPrograms& programs, uint32_t program) {
  if (programs.is_plain(program)) return numbers_;
  const auto [entry, is_new] = numbers_of_.try_emplace(program);
  if (!is_new) return entry->second;
  return entry->second = filtered(numbers_, [&](const Candidate& candidate) {
           return programs.number_verdict(program, candidate.bytes) != kNone;
         });
}

}  // namespace cadre::contract
