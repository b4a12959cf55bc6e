// SPDX-License-Identifier: Apache-2.0
#include "train/router_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sha256.h"
#include "model/router_limits.h"
#include "train/router_sentences.h"

namespace cadre::train {

using base::Json;

namespace {

constexpr size_t kTextsMax = 5'000'000;
constexpr const char* kNone = "none";

struct LabelledText {
  std::string text;
  std::string label;  // kNone: out of scope
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Appends the strings at `path` ("a.b", "list.*.text"); what is absent or null or no string is skipped.
void collect(const Json& value, std::span<const std::string_view> path, std::vector<std::string>& out) {
  if (path.empty()) {
    if (value.is_string()) out.push_back(value.get<std::string>());
  } else if (path[0] == "*" && value.is_array()) {
    for (const Json& item : value) collect(item, path.subspan(1), out);
  } else if (value.is_object()) {
    const auto found = value.find(std::string(path[0]));
    if (found != value.end()) collect(*found, path.subspan(1), out);
  }
}

std::vector<std::string> strings_at(const Json& line, const std::string& path) {
  std::vector<std::string> out;
  const auto parts = split(path, '.');
  collect(line, parts, out);
  return out;
}

class SourceReader {
 public:
  explicit SourceReader(const RouterSource& source)
      : source_(source), except_(source.except.begin(), source.except.end()), only_(source.only.begin(), source.only.end()) {}

  Result<std::vector<LabelledText>> read_jsonl(std::string_view bytes) {
    for (const auto line : split(bytes, '\n')) {
      ++line_number_;
      if (line.empty()) continue;
      const auto parsed = base::parse_json(line);
      if (!parsed.ok()) return Error{parsed.error()}.with_context(fmt::format("line {}", line_number_));
      TRY(add_line(parsed.value()));
    }
    return std::move(texts_);
  }

  // A column of a file whose first line names the columns; read as JSON lines are.
  Result<std::vector<LabelledText>> read_tsv(std::string_view bytes) {
    std::vector<std::string> columns;
    for (auto line : split(bytes, '\n')) {
      ++line_number_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.empty()) continue;
      const auto fields = split(line, '\t');
      if (columns.empty()) {
        columns.assign(fields.begin(), fields.end());
        continue;
      }
      Json row = Json::object();
      for (size_t i = 0; i < fields.size() && i < columns.size(); ++i) row[columns[i]] = std::string(fields[i]);
      TRY(add_line(row));
    }
    return std::move(texts_);
  }

 private:
  Result<void> add_line(const Json& line) {
    if (!except_.empty() || !only_.empty()) {
      const auto values = strings_at(line, source_.except_field);
      if (!values.empty() && except_.contains(values[0])) return {};
      if (!only_.empty() && (values.empty() || !only_.contains(values[0]))) return {};
    }
    std::string label = source_.is;
    if (label.empty()) {
      const auto labels = strings_at(line, source_.label);
      if (labels.size() != 1)
        return Error{ErrorCode::kInvalid,
                     fmt::format("line {}: no text at \"{}\" to take the label from", line_number_, source_.label)};
      label = labels[0] == source_.out_of_scope ? kNone : labels[0];
    }
    for (auto& text : strings_at(line, source_.text)) texts_.push_back({std::move(text), label});
    if (texts_.size() > kTextsMax) return Error{ErrorCode::kLimit, fmt::format("more than {} texts", kTextsMax)};
    return {};
  }

  const RouterSource& source_;
  std::unordered_set<std::string> except_, only_;
  size_t line_number_ = 0;
  std::vector<LabelledText> texts_;
};

std::vector<LabelledText> labelled(std::vector<std::string> texts, const std::string& label) {
  std::vector<LabelledText> out;
  out.reserve(texts.size());
  for (auto& text : texts) out.push_back({std::move(text), label});
  return out;
}

Result<std::vector<LabelledText>> generate(const RouterSource& source, std::string_view bytes, base::Random random) {
  if (source.is.empty()) return Error{ErrorCode::kInvalid, "generated sentences need `is`, the label they stand for"};
  const size_t count = std::min(source.texts_max, kTextsMax);
  if (source.generate == "writer_requests") return labelled(writer_requests(count, random), source.is);
  if (source.generate == "table_questions") return labelled(TRY(table_questions(bytes, count, random)), source.is);
  return Error{ErrorCode::kInvalid,
               fmt::format("generate: \"{}\" is not known; table_questions, writer_requests are", source.generate)};
}

Result<std::vector<LabelledText>> read_texts(const RouterSource& source, const std::string& directory,
                                             base::Random random, SourceReport& report) {
  std::string bytes;
  if (!source.file.empty()) {
    bytes = TRY(base::read_file(directory + "/" + source.file));
    report.file = source.file;
    report.sha256 = base::to_hex(base::sha256(bytes));
  }
  const auto read = [&]() -> Result<std::vector<LabelledText>> {
    if (!source.generate.empty()) return generate(source, bytes, random);
    SourceReader reader(source);
    return source.file.ends_with(".tsv") ? reader.read_tsv(bytes) : reader.read_jsonl(bytes);
  };
  auto texts = read();
  if (!texts.ok())
    return std::move(texts).error().with_context(fmt::format("read {} of {}", source.file, source.data_set));
  return texts;
}

// A seeded sample of at most `count`, in the order of the file.
void sample(std::vector<LabelledText>& texts, size_t count, base::Random random) {
  if (texts.size() <= count) return;
  std::vector<uint32_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0u);
  random.shuffle(std::span(order));
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<LabelledText> kept;
  kept.reserve(count);
  for (const uint32_t index : order) kept.push_back(std::move(texts[index]));
  texts = std::move(kept);
}

// Numbers labels as they come.
class LabelNumbers {
 public:
  LabelNumbers(std::vector<std::string>& labels, bool closed) : labels_(labels), closed_(closed) {
    for (size_t i = 0; i < labels.size(); ++i) numbers_.emplace(labels[i], static_cast<int32_t>(i));
  }

  Result<int32_t> number(const std::string& label) {
    if (label == kNone) return kNoLabel;
    const auto found = numbers_.find(label);
    if (found != numbers_.end()) return found->second;
    if (closed_)
      return Error{ErrorCode::kInvalid, fmt::format("label \"{}\" is not one the router was trained for", label)};
    if (labels_.size() >= model::kRouterLabelsMax)
      return Error{ErrorCode::kLimit,
                   fmt::format("more than {} labels; is the label field right?", model::kRouterLabelsMax)};
    labels_.push_back(label);
    const auto number = static_cast<int32_t>(labels_.size() - 1);
    numbers_.emplace(label, number);
    return number;
  }

 private:
  std::vector<std::string>& labels_;
  bool closed_;
  std::unordered_map<std::string, int32_t> numbers_;
};

}  // namespace

Result<RouterCorpus> read_router_corpus(std::span<const RouterSource> sources, const RouterDataOptions& options) {
  RouterCorpus corpus;
  corpus.labels = options.labels;
  LabelNumbers numbers(corpus.labels, options.closed);
  std::unordered_set<std::string> seen;
  const base::Random root(options.seed);
  for (uint32_t index = 0; index < sources.size(); ++index) {
    const RouterSource& source = sources[index];
    SourceReport report{.data_set = source.data_set, .file = {}, .sha256 = {}, .texts = 0};
    auto texts = TRY(read_texts(source, options.data_directory, root.fork(3 * index), report));
    sample(texts, source.texts_max, root.fork(3 * index + 1));
    base::Random fold_draw = root.fork(3 * index + 2);
    for (const auto& [text, label] : texts) {
      const auto drawn = static_cast<uint32_t>(fold_draw.below(options.folds));
      if (!seen.insert(text).second) continue;
      const int32_t number = TRY(numbers.number(label));
      const uint32_t fold = source.fold >= 0 ? static_cast<uint32_t>(source.fold) : drawn;
      corpus.examples.push_back({model::ngram_features(text), number, fold, index});
      ++report.texts;
    }
    corpus.reports.push_back(std::move(report));
  }
  return corpus;
}

}  // namespace cadre::train
