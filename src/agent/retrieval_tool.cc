// SPDX-License-Identifier: Apache-2.0
#include "agent/retrieval_tool.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/option_reader.h"
#include "base/rooted_folder.h"
#include "base/utf8.h"
#include "store/text_index.h"
#include "text/trimmed.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kCountDefault = 5;
constexpr int64_t kBytesDefault = 8'000;

Json input_schema() {
  return {{"type", "object"},
          {"properties",
           {{"query", {{"type", "string"}}},
            {"count", {{"type", "integer"}, {"minimum", 1}, {"maximum", kPassagesGivenMax}}},
            {"bytes_max", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1'000'000}}}}},
          {"required", {"query"}},
          {"additionalProperties", false}};
}

Json output_schema() {
  const Json text = {{"type", "string"}};
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  const Json passage = {
      {"type", "object"},
      {"properties",
       {{"path", text}, {"begin", count}, {"end", count}, {"text", text}, {"score", {{"type", "number"}}}}},
      {"required", {"path", "begin", "end", "text", "score"}},
      {"additionalProperties", false}};
  return {{"type", "object"},
          {"properties", {{"passages", {{"type", "array"}, {"items", passage}}}}},
          {"required", {"passages"}},
          {"additionalProperties", false}};
}

// Where a passage that must end by `limit` ends: after a blank where there is one, else between characters.
size_t cut_before(std::string_view text, size_t begin, size_t limit) {
  for (size_t at = limit; at > begin + kPassageBytes / 2; --at) {
    if (text::is_blank(text[at - 1])) return at;
  }
  return begin + base::utf8_cut(text.substr(begin), limit - begin);
}

// The end of the paragraph that begins here: after its blank line.
size_t paragraph_end(std::string_view text, size_t begin) {
  const size_t gap = text.find("\n\n", begin);
  return gap == std::string_view::npos ? text.size() : gap + 2;
}

struct Passage {
  std::string path;
  PassageRange range;
  std::string text;
};

class RetrievalTool final : public Tool {
 public:
  RetrievalTool(ToolDefinition definition, std::vector<Passage> passages, store::TextIndex index)
      : definition_(std::move(definition)), passages_(std::move(passages)), index_(std::move(index)) {}

  const ToolDefinition& definition() const override { return definition_; }

  ToolReturn call(const ToolCall& call) override {
    auto found = search(call.arguments);
    if (!found.ok()) return {.error = std::move(found).error()};
    return {.result = std::move(*found)};
  }

 private:
  Result<Json> search(const Json& arguments) const {
    const std::string query = TRY(base::json_string(arguments, "query"));
    const int64_t count = arguments.contains("count") ? TRY(base::json_int(arguments, "count")) : kCountDefault;
    int64_t bytes_left = arguments.contains("bytes_max") ? TRY(base::json_int(arguments, "bytes_max")) : kBytesDefault;
    Json list = Json::array();
    for (const store::FoundPassage& found :
         TRY(index_.search(query, static_cast<size_t>(std::clamp<int64_t>(count, 1, kPassagesGivenMax))))) {
      const Passage& passage = passages_[static_cast<size_t>(found.id)];
      bytes_left -= static_cast<int64_t>(passage.text.size());
      if (bytes_left < 0) break;
      list.push_back({{"path", passage.path},
                      {"begin", passage.range.begin},
                      {"end", passage.range.end},
                      {"text", passage.text},
                      {"score", found.score}});
    }
    return Json{{"passages", std::move(list)}};
  }

  const ToolDefinition definition_;
  const std::vector<Passage> passages_;
  const store::TextIndex index_;
};

// All documents below a folder, depth first, by name.
class Collector {
 public:
  Collector(const base::RootedFolder& folder, const std::vector<std::string>& endings)
      : folder_(folder), endings_(endings) {}

  Result<void> collect(const std::string& path) {
    const base::FolderList list = TRY(folder_.list(path, base::RootedFolder::kEntriesMax));
    for (const base::FolderEntry& entry : list.entries) {
      const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
      if (entry.kind == base::EntryKind::kFolder) {
        TRY(collect(below));
      } else if (entry.kind == base::EntryKind::kFile && is_document(entry.name)) {
        TRY(read(below));
      }
    }
    return {};
  }

  std::vector<Passage> passages;

 private:
  bool is_document(const std::string& name) const {
    return std::any_of(endings_.begin(), endings_.end(),
                       [&](const std::string& ending) { return name.ends_with(ending); });
  }

  Result<void> read(const std::string& path) {
    if (++documents_ > kDocumentsMax)
      return Error{ErrorCode::kLimit, fmt::format("more than {} documents", kDocumentsMax)};
    const std::string text = TRY(folder_.read(path, kDocumentBytesMax));
    if (!text::is_valid_utf8(text)) return Error{ErrorCode::kInvalid, fmt::format("{} is not UTF-8 text", path)};
    for (const PassageRange range : passages_of(text))
      passages.push_back({path, range, text.substr(range.begin, range.end - range.begin)});
    return {};
  }

  const base::RootedFolder& folder_;
  const std::vector<std::string>& endings_;
  size_t documents_ = 0;
};

}  // namespace

std::vector<PassageRange> passages_of(std::string_view text) {
  std::vector<PassageRange> ranges;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = paragraph_end(text, begin);
    while (end < text.size() && paragraph_end(text, end) - begin <= kPassageBytes) end = paragraph_end(text, end);
    if (end - begin > kPassageBytes) end = cut_before(text, begin, begin + kPassageBytes);
    size_t first = begin;
    size_t last = end;
    while (first < last && text::is_blank(text[first])) ++first;
    while (last > first && text::is_blank(text[last - 1])) --last;
    if (first < last) ranges.push_back({first, last});
    begin = end;
  }
  return ranges;
}

Result<RetrievalToolOptions> retrieval_tool_options(const Json& object) {
  OptionReader reader(object);
  RetrievalToolOptions options{.definition = TRY(read_definition(reader))};
  options.root = TRY(reader.text("root"));
  auto endings = TRY(reader.texts_or_none("endings"));
  if (!endings.empty()) options.endings = std::move(endings);
  TRY(reader.finish());
  if (options.definition.effect != ToolEffect::kRead) return reader.error("effect", "must be read");
  if (options.definition.input_schema.is_null()) options.definition.input_schema = input_schema();
  if (options.definition.output_schema.is_null()) options.definition.output_schema = output_schema();
  return options;
}

Result<std::unique_ptr<Tool>> make_retrieval_tool(RetrievalToolOptions options) {
  const auto context = fmt::format("tool {}", options.definition.name);
  auto folder = base::RootedFolder::open(options.root);
  if (!folder.ok()) return std::move(folder).error().with_context(context);
  Collector collector(*folder, options.endings);
  if (auto collected = collector.collect(""); !collected.ok())
    return std::move(collected).error().with_context(context);
  store::TextIndex index = TRY(store::TextIndex::open_in_memory());
  for (size_t i = 0; i < collector.passages.size(); ++i)
    TRY(index.put(static_cast<int64_t>(i), collector.passages[i].text));
  return std::unique_ptr<Tool>(
      std::make_unique<RetrievalTool>(std::move(options.definition), std::move(collector.passages), std::move(index)));
}

}  // namespace cadre::agent
