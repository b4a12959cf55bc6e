// SPDX-License-Identifier: Apache-2.0
#include "contract/decision_copies.h"

#include <algorithm>
#include <unordered_set>

#include "contract/decision_source.h"
#include "contract/decision_texts.h"
#include "contract/schema_programs.h"

namespace cadre::contract {

namespace {

bool accepts(SchemaPrograms& programs, uint32_t text, std::string_view bytes) {
  for (size_t i = 0; i < bytes.size() && text != kNone; ++i)
    text = programs.text_next(text, static_cast<uint8_t>(bytes[i]));
  return text != kNone && programs.text_verdict(text) != kNone;
}

// Every run of white space as one space.
std::string folded(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_space) {
      result.push_back(c);
    } else if (result.empty() || result.back() != ' ') {
      result.push_back(' ');
    }
  }
  return result;
}

}  // namespace

const DecisionCopies::List& DecisionCopies::of(SchemaPrograms& programs, uint32_t program, size_t candidates_max) {
  const auto [entry, is_new] = lists_.try_emplace(program);
  if (!is_new || bindings_ == nullptr || programs.is_plain(program)) return entry->second;
  const uint32_t start = programs.text_start(program);
  if (start == kNone) return entry->second;
  const auto copies = programs.formulas().languages().copies_in(programs.text(start).languages.front());
  if (copies == LanguageTable::Copies::kNone) return entry->second;
  auto list = std::make_shared<CandidateList>();
  add_spans(programs, start, *list);
  if (copies == LanguageTable::Copies::kSome) add_others(programs, start, candidates_max, *list);
  return entry->second = std::move(list);
}

void DecisionCopies::add_spans(SchemaPrograms& programs, uint32_t start, CandidateList& list) {
  std::unordered_set<std::string> known;
  for (const auto& [name, text] : bindings_->sources()) {
    for (const SourceSpan& span : spans_of(name, text)) {
      std::string written = text.substr(span.begin, span.end - span.begin);
      if (!accepts(programs, start, written)) {
        written = folded(written);
        if (!accepts(programs, start, written)) continue;
      }
      auto bytes = canonical_string(written);
      if (bytes && known.insert(written).second) list.add({std::move(*bytes), std::move(written), span, name});
    }
  }
}

void DecisionCopies::add_others(SchemaPrograms& programs, uint32_t start, size_t candidates_max,
                                CandidateList& list) const {
  const Language language = programs.text(start).languages.front();
  const auto texts = finite_texts(programs.formulas().languages(), language, candidates_max);
  for (const std::string& text : texts ? *texts : std::vector<std::string>()) {
    const bool is_copy = std::ranges::any_of(
        bindings_->sources(), [&](const auto& source) { return source.second.find(text) != std::string::npos; });
    if (is_copy) continue;
    if (auto bytes = canonical_string(text)) list.add({std::move(*bytes), text, std::nullopt, {}});
  }
}

const std::vector<SourceSpan>& DecisionCopies::spans_of(const std::string& name, std::string_view text) {
  const auto [entry, is_new] = spans_.try_emplace(name);
  if (is_new) entry->second = find_spans(text, spans_max_, SpanKinds::kPhrasesAndTokens);
  return entry->second;
}

}  // namespace cadre::contract
