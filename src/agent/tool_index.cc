// SPDX-License-Identifier: Apache-2.0
#include "agent/tool_index.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "text/trimmed.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int kParameterDepthMax = 4;
constexpr double kOlderMessage = 0.7;
constexpr size_t kFoundOfPart = 200;  // no request is shown more than this
constexpr size_t kQuotedSizeMax = 300;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

// "getHTTPStatus_v2" -> "get HTTP Status_v2": a blank where the case changes; words.h splits at the rest.
std::string split_cases(std::string_view text) {
  std::string split;
  split.reserve(text.size() + 8);
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins =
        i > 0 && is_upper(text[i]) &&
        (is_lower(text[i - 1]) || (is_upper(text[i - 1]) && i + 1 < text.size() && is_lower(text[i + 1])));
    if (begins) split += ' ';
    split += text[i];
  }
  return split;
}

struct Term {
  std::string stem;
  uint32_t begin;  // in the split text
};

std::vector<Term> terms_of(const std::string& split) {
  std::vector<Term> terms;
  for (const text::Word& word : text::split_words(split)) {
    if (word.kind != text::WordKind::kPunctuation && !word.norm.empty())
      terms.push_back({text::stem(word.norm), word.begin});
  }
  return terms;
}

void add_parameters(const Json& schema, int depth, std::string& names, std::string& texts) {
  if (!schema.is_object() || depth > kParameterDepthMax) return;
  if (const auto properties = schema.find("properties"); properties != schema.end() && properties->is_object()) {
    for (const auto& [name, member] : properties->items()) {
      names += name + " ";
      if (!member.is_object()) continue;
      const auto description = member.find("description");
      if (description != member.end() && description->is_string())
        texts += description->get_ref<const std::string&>() + " ";
      add_parameters(member, depth + 1, names, texts);
    }
  }
  if (const auto items = schema.find("items"); items != schema.end()) add_parameters(*items, depth + 1, names, texts);
}

bool ends_part(std::string_view text, size_t at) {
  if (text[at] == '\n' || text[at] == ';') return true;
  const bool is_end = text[at] == '.' || text[at] == '?' || text[at] == '!';
  return is_end && at + 1 < text.size() && text::is_blank(text[at + 1]);
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t begin = 0;
  for (size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && !ends_part(text, at)) continue;
    const std::string_view part = text::trimmed(text.substr(begin, at - begin));
    if (!part.empty()) parts.push_back(part);
    begin = at + 1;
  }
  return parts;
}

// The spans of text between quotation marks: a double one, or a single one that stands before a word, and its like after one.
std::vector<std::pair<size_t, size_t>> quoted_spans(std::string_view text) {
  std::vector<std::pair<size_t, size_t>> spans;
  const auto is_open = [&](size_t at) {
    return text[at] == '"' || (text[at] == '\'' && (at == 0 || text::is_blank(text[at - 1])));
  };
  for (size_t at = 0; at < text.size(); ++at) {
    if (!is_open(at)) continue;
    const size_t end = text.find(text[at], at + 1);
    if (end == std::string_view::npos || end - at > kQuotedSizeMax) continue;
    spans.emplace_back(at, end);
    at = end;
  }
  return spans;
}

bool is_better(const FoundTool& a, const FoundTool& b) {
  return a.score != b.score ? a.score > b.score : a.tool < b.tool;
}

std::vector<FoundTool> best_of(const std::vector<double>& scores, size_t count_max) {
  std::vector<FoundTool> found;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > 0) found.push_back({i, scores[i]});
  }
  const size_t count = std::min(count_max, found.size());
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(), is_better);
  found.resize(count);
  return found;
}

double max_of(const std::vector<double>& scores) {
  return scores.empty() ? 0 : *std::max_element(scores.begin(), scores.end());
}

// A rarity in steps of 2^-16, so that two C libraries whose logarithms differ in the last bit yield one order.
double rarity(size_t tools, size_t with_word) {
  const double n = static_cast<double>(with_word);
  return std::round(std::log1p((static_cast<double>(tools) - n + 0.5) / (n + 0.5)) * 65'536) / 65'536;
}

}  // namespace

IndexedTool indexed_tool(std::string name, std::string purpose, const Json& input_schema) {
  IndexedTool tool{{std::move(name), std::move(purpose), "", ""}};
  add_parameters(input_schema, 1, tool.fields[2], tool.fields[3]);
  return tool;
}

ToolIndex ToolIndex::make(const std::vector<IndexedTool>& tools, const IndexWeights& weights) {
  ToolIndex index;
  index.weights_ = weights;
  index.tools_ = tools.size();
  std::vector<std::array<std::vector<Term>, kIndexFields>> terms(tools.size());
  std::array<double, kIndexFields> mean{};
  for (size_t i = 0; i < tools.size(); ++i) {
    for (size_t f = 0; f < kIndexFields; ++f) {
      terms[i][f] = terms_of(split_cases(tools[i].fields[f]));
      mean[f] += static_cast<double>(terms[i][f].size()) / static_cast<double>(tools.size());
    }
  }
  for (size_t i = 0; i < tools.size(); ++i) {
    for (size_t f = 0; f < kIndexFields; ++f) {
      if (terms[i][f].empty()) continue;
      const double length = static_cast<double>(terms[i][f].size()) / mean[f];
      const double weight = weights.fields[f] / (1 - weights.length + weights.length * length);
      for (const Term& term : terms[i][f]) {
        auto& postings = index.postings_[term.stem];
        if (postings.empty() || postings.back().tool != i) postings.push_back({static_cast<uint32_t>(i), 0});
        postings.back().weight += static_cast<float>(weight);
      }
    }
  }
  for (auto& [stem, postings] : index.postings_) {
    const double rare = rarity(tools.size(), postings.size());
    for (Posting& posting : postings)
      posting.weight = static_cast<float>(rare * posting.weight / (weights.saturation + posting.weight));
    postings.shrink_to_fit();
  }
  return index;
}

void ToolIndex::add_scores(std::string_view part, Scores& scores) const {
  const std::string split = split_cases(part);
  const auto spans = quoted_spans(split);
  std::vector<std::string> seen;
  for (Term& term : terms_of(split)) {
    if (std::find(seen.begin(), seen.end(), term.stem) != seen.end()) continue;
    const bool is_quoted = std::any_of(spans.begin(), spans.end(), [&](const auto& span) {
      return term.begin > span.first && term.begin < span.second;
    });
    const double worth = is_quoted ? weights_.quoted : 1;
    if (const auto found = postings_.find(term.stem); found != postings_.end()) {
      for (const Posting& posting : found->second) scores[posting.tool] += worth * static_cast<double>(posting.weight);
    }
    seen.push_back(std::move(term.stem));
  }
}

std::vector<FoundTool> ToolIndex::search(std::string_view request, size_t count_max) const {
  request = request.substr(0, kQuerySizeMax);
  Scores whole(tools_);
  add_scores(request, whole);
  const double whole_max = max_of(whole);
  if (whole_max <= 0) return {};
  Scores scores(tools_);
  for (const std::string_view part : parts_of(request)) {
    Scores of_part(tools_);
    add_scores(part, of_part);
    const double part_max = max_of(of_part);
    if (part_max <= 0) continue;
    for (const FoundTool& found : best_of(of_part, std::max(kFoundOfPart, count_max)))
      scores[found.tool] = std::max(scores[found.tool], found.score / part_max);
  }
  for (size_t i = 0; i < tools_; ++i)
    scores[i] = (scores[i] + weights_.whole * whole[i] / whole_max) / (1 + weights_.whole);
  return best_of(scores, count_max);
}

size_t ToolIndex::size_bytes() const {
  size_t size = sizeof(*this) + postings_.bucket_count() * sizeof(void*);
  for (const auto& [stem, postings] : postings_) {
    size += sizeof(std::pair<const std::string, std::vector<Posting>>) + 2 * sizeof(void*);
    size += (stem.capacity() > 15 ? stem.capacity() + 1 : 0) + postings.capacity() * sizeof(Posting);
  }
  return size;
}

ShownTools choose_shown(const ToolIndex& index, const std::vector<std::string>& names,
                        const std::vector<std::string_view>& requests, const std::vector<size_t>& kept,
                        const RetrievalSettings& settings) {
  ShownTools shown;
  const size_t count = std::min(index.tools(), static_cast<size_t>(std::max<int64_t>(settings.best, 1)));
  if (std::cmp_less_equal(index.tools(), settings.above)) {
    for (size_t i = 0; i < index.tools(); ++i) shown.tools.push_back(i);
    return shown;
  }
  std::vector<double> scores(index.tools());
  double worth = 1;
  for (const std::string_view request : requests) {
    for (const FoundTool& found : index.search(request, count))
      scores[found.tool] = std::max(scores[found.tool], worth * found.score);
    worth *= kOlderMessage;
  }
  std::vector<char> is_shown(index.tools());
  const auto show = [&](size_t tool, double score) {
    if (is_shown[tool]) return;
    is_shown[tool] = 1;
    shown.retrieved.push_back({names[tool], score});
  };
  for (const size_t tool : kept) show(tool, scores[tool]);
  for (const FoundTool& found : best_of(scores, index.tools())) {
    if (shown.retrieved.size() < count) show(found.tool, found.score);
  }
  for (size_t i = 0; i < index.tools() && shown.retrieved.size() < count; ++i) show(i, 0);
  for (size_t i = 0; i < index.tools(); ++i) {
    if (is_shown[i]) shown.tools.push_back(i);
  }
  std::stable_sort(shown.retrieved.begin(), shown.retrieved.end(),
                   [](const Retrieved& a, const Retrieved& b) { return a.score > b.score; });
  return shown;
}

}  // namespace cadre::agent
