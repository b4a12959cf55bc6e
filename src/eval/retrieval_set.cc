// SPDX-License-Identifier: Apache-2.0
#include "eval/retrieval_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "agent/retrieval_tool.h"
#include "base/file.h"
#include "base/json_lines.h"
#include "text/words.h"

namespace cadre::eval {
namespace {

using base::Json;

constexpr size_t kLinesMax = 1'000'000;
constexpr size_t kEveryOne = 5;  // line of a set of one file is a case
constexpr const char* kNoIntent = "oos";

std::vector<std::string_view> fields_of(std::string_view line, char separator) {
  std::vector<std::string_view> fields;
  for (size_t begin = 0;;) {
    const size_t end = std::min(line.find(separator, begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    if (end == line.size()) return fields;
    begin = end + 1;
  }
}

// Cells in a line; a cell's own line breaks would end a paragraph.
std::string line_of(const Json& cells) {
  std::string line;
  for (const Json& cell : cells) {
    if (!line.empty()) line += ", ";
    line += cell.is_string() ? cell.get<std::string>() : base::dump_json(cell);
  }
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + "\n";
}

class Reader {
 public:
  explicit Reader(const RetrievalSetOptions& options) : options_(options) {}

  Result<RetrievalSet> read() {
    if (base::file_exists(file(options_.split + ".tables.jsonl"))) {
      TRY(read_tables(file(options_.split + ".tables.jsonl")));
      TRY(read_questions());
    } else if (base::file_exists(file("tables.jsonl"))) {
      TRY(read_tables(file("tables.jsonl")));
      TRY(read_tsv());
    } else if (base::file_exists(file("train.jsonl"))) {
      TRY(read_requests());
    } else {
      return Error{
          ErrorCode::kNotFound,
          fmt::format("{}: none of {}.tables.jsonl, tables.jsonl and train.jsonl; docs/evaluation.md says what "
                      "a set looks like",
                      options_.data, options_.split)};
    }
    if (set_.cases.empty()) return Error{ErrorCode::kInvalid, fmt::format("{}: no cases", options_.data)};
    return std::move(set_);
  }

 private:
  std::string file(const std::string& name) const { return options_.data + "/" + name; }

  uint32_t group(const std::string& name) {
    const auto [at, is_new] = groups_.emplace(name, static_cast<uint32_t>(groups_.size()));
    if (is_new) set_.sizes.push_back(0);
    return at->second;
  }

  void add_text(std::string text, uint32_t group) {
    set_.texts.push_back(std::move(text));
    set_.groups.push_back(group);
    ++set_.sizes[group];
  }

  Result<void> add_case(std::string query, const std::string& group) {
    const auto found = groups_.find(group);
    if (found == groups_.end()) return Error{ErrorCode::kInvalid, fmt::format("there is no text for \"{}\"", group)};
    set_.cases.push_back({std::move(query), found->second});
    return {};
  }

  Result<void> read_tables(const std::string& path) {
    return base::for_each_json_line(path, [&](const Json& line) -> Result<bool> {
      const std::string id = TRY(base::json_string(line, "id"));
      std::string text = line_of(*TRY(base::json_array(line, "header")));
      if (!options_.headers_only) {
        for (const Json& row : *TRY(base::json_array(line, "rows"))) text += line_of(row);
      }
      const uint32_t number = group(id);
      if (set_.sizes[number] > 0) return Error{ErrorCode::kInvalid, fmt::format("there are two tables \"{}\"", id)};
      for (const auto& [begin, end] : agent::passages_of(text)) add_text(text.substr(begin, end - begin), number);
      return true;
    });
  }

  Result<void> read_questions() {
    return base::for_each_json_line(file(options_.split + ".jsonl"), [&](const Json& line) -> Result<bool> {
      TRY(add_case(TRY(base::json_string(line, "question")), TRY(base::json_string(line, "table_id"))));
      return true;
    });
  }

  Result<void> read_tsv() {
    const std::string path = file(options_.split + ".tsv");
    const std::string bytes = TRY(base::read_file(path));
    if (!text::is_valid_utf8(bytes)) return Error{ErrorCode::kInvalid, fmt::format("{} is not UTF-8 text", path)};
    std::vector<std::string_view> lines = fields_of(bytes, '\n');
    const auto column = [names = fields_of(lines.front(), '\t')](std::string_view name) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    const size_t utterance = column("utterance"), context = column("context");
    for (size_t i = 1; i < lines.size(); ++i) {
      if (lines[i].empty()) continue;
      const auto fields = fields_of(lines[i], '\t');
      if (std::max(utterance, context) >= fields.size())
        return Error{ErrorCode::kInvalid, fmt::format("{}:{}: no \"utterance\" or no \"context\"", path, i + 1)};
      if (auto added = add_case(std::string(fields[utterance]), std::string(fields[context])); !added.ok())
        return std::move(added).error().with_context(fmt::format("{}:{}", path, i + 1));
    }
    return {};
  }

  // The intents of all past runs are known before the first case is looked up.
  Result<void> read_requests() {
    const bool is_one_file = options_.split == "train";
    const auto each = [&](const std::string& name, const auto& take) -> Result<void> {
      size_t index = 0;
      return base::for_each_json_line(file(name + ".jsonl"), [&](const Json& line) -> Result<bool> {
        if (index >= kLinesMax) return Error{ErrorCode::kLimit, fmt::format("more than {} lines", kLinesMax)};
        const std::string intent = TRY(base::json_string(line, "intent"));
        const bool is_case = index++ % kEveryOne == 0;
        if (intent != kNoIntent) TRY(take(is_case, TRY(base::json_string(line, "text")), intent));
        return true;
      });
    };
    TRY(each("train", [&](bool is_case, std::string text, const std::string& intent) -> Result<void> {
      if (!is_one_file || !is_case) add_text(std::move(text), group(intent));
      return {};
    }));
    return each(options_.split, [&](bool is_case, std::string text, const std::string& intent) -> Result<void> {
      if (!is_one_file || is_case) TRY(add_case(std::move(text), intent));
      return {};
    });
  }

  const RetrievalSetOptions& options_;
  RetrievalSet set_;
  std::unordered_map<std::string, uint32_t> groups_;
};

}  // namespace

Result<RetrievalSet> read_retrieval_set(const RetrievalSetOptions& options) {
  return Reader(options).read();
}

}  // namespace cadre::eval
