// SPDX-License-Identifier: Apache-2.0
#include "agent/file_tool.h"

#include <fmt/format.h>

#include "agent/json_values.h"
#include "agent/object_schema.h"
#include "agent/option_reader.h"
#include "base/base64.h"
#include "base/rooted_folder.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace cadre::agent {
namespace {

using base::EntryKind;
using base::Json;
using base::RootedFolder;

constexpr int64_t kFileBytesMax = int64_t{1} << 30;
constexpr Names<FileAction, 3> kActionNames = {
    {{FileAction::kList, "list"}, {FileAction::kRead, "read"}, {FileAction::kWrite, "write"}}};
constexpr Names<EntryKind, 4> kKindNames = {{{EntryKind::kFile, "file"},
                                             {EntryKind::kFolder, "folder"},
                                             {EntryKind::kLink, "link"},
                                             {EntryKind::kOther, "other"}}};

Json input_schema_of(FileAction action) {
  const Json text = {{"type", "string"}};
  Json properties = {{"path", text}};
  Json required = Json::array();
  if (action == FileAction::kList) return object_schema(properties, required);
  required.push_back("path");
  if (action == FileAction::kWrite) {
    properties["content"] = text;
    required.push_back("content");
  }
  properties["encoding"] = {{"enum", {"utf-8", "base64"}}};
  return object_schema(properties, required);
}

Json output_schema_of(FileAction action) {
  const Json text = {{"type", "string"}};
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  switch (action) {
    case FileAction::kRead:
      return object_schema({{"content", text}, {"size_bytes", count}}, {"content", "size_bytes"});
    case FileAction::kWrite:
      return object_schema({{"size_bytes", count}, {"sha256", text}}, {"size_bytes", "sha256"});
    case FileAction::kList:
      break;
  }
  const Json entry =
      object_schema({{"name", text}, {"kind", {{"enum", {"file", "folder", "link", "other"}}}}, {"size_bytes", count}},
                    {"name", "kind"});
  return object_schema(
      {{"entries", {{"type", "array"}, {"items", entry}}}, {"is_cut", {{"type", "boolean"}}}, {"unnamed_count", count}},
      {"entries", "is_cut", "unnamed_count"});
}

Result<std::string> path_of(const Json& arguments, const char* fallback) {
  if (!arguments.is_object()) return Error{ErrorCode::kInvalid, "the arguments are not an object"};
  if (fallback != nullptr && !arguments.contains("path")) return std::string(fallback);
  return base::json_string(arguments, "path");
}

Result<bool> is_base64(const Json& arguments) {
  if (!arguments.contains("encoding")) return false;
  const std::string encoding = TRY(base::json_string(arguments, "encoding"));
  if (encoding != "utf-8" && encoding != "base64")
    return Error{ErrorCode::kInvalid, fmt::format("\"encoding\" is \"{}\"; say utf-8 or base64", encoding)};
  return encoding == "base64";
}

class FileTool final : public Tool {
 public:
  FileTool(FileToolOptions options, RootedFolder root) : options_(std::move(options)), root_(std::move(root)) {}

  const ToolDefinition& definition() const override { return options_.definition; }

  Result<void> check(const Json& arguments) override {
    const bool lists = options_.action == FileAction::kList;
    const std::string path = TRY(path_of(arguments, lists ? "" : nullptr));
    TRY(RootedFolder::check_path(path));
    if (options_.action == FileAction::kWrite) {
      TRY(content_of(arguments));
      return {};
    }
    const EntryKind kind = TRY(root_.kind_of(path));
    if (kind == (lists ? EntryKind::kFolder : EntryKind::kFile)) return {};
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is no {}", path, lists ? "folder" : "file")};
  }

  ToolReturn call(const ToolCall& call) override {
    ToolReturn returned;
    auto result = act(call);
    if (result.ok()) {
      returned.result = std::move(result).value();
      return returned;
    }
    returned.is_uncertain = options_.action == FileAction::kWrite && result.error().code == ErrorCode::kIo;
    returned.error = std::move(result).error().with_context(fmt::format("tool \"{}\"", options_.definition.name));
    return returned;
  }

 private:
  Result<Json> act(const ToolCall& call) const {
    if (call.cancel != nullptr && call.cancel->requested()) return Error{ErrorCode::kCancelled, "asked to stop"};
    Json result;
    switch (options_.action) {
      case FileAction::kList:
        result = TRY(list(call));
        break;
      case FileAction::kRead:
        result = TRY(read(call.arguments));
        break;
      case FileAction::kWrite:
        return write(call.arguments);
    }
    if (base::dump_json(result).size() > static_cast<size_t>(call.result_size_bytes_max))
      return Error{ErrorCode::kLimit,
                   fmt::format("the result is over the limit of {} bytes", call.result_size_bytes_max)};
    return result;
  }

  Result<Json> list(const ToolCall& call) const {
    const std::string path = TRY(path_of(call.arguments, ""));
    const base::FolderList list = TRY(root_.list(path, static_cast<size_t>(call.rows_max)));
    Json entries = Json::array();
    for (const base::FolderEntry& entry : list.entries) {
      Json each = {{"name", entry.name}, {"kind", name_of(kKindNames, entry.kind)}};
      if (entry.kind == EntryKind::kFile) each["size_bytes"] = entry.size_bytes;
      entries.push_back(std::move(each));
    }
    return Json{{"entries", std::move(entries)}, {"is_cut", list.is_cut}, {"unnamed_count", list.unnamed_count}};
  }

  Result<Json> read(const Json& arguments) const {
    const std::string path = TRY(path_of(arguments, nullptr));
    const bool as_base64 = TRY(is_base64(arguments));
    std::string bytes = TRY(root_.read(path, static_cast<uint64_t>(options_.file_size_bytes_max)));
    const size_t size_bytes = bytes.size();
    if (as_base64) {
      bytes = base::to_base64(bytes);
    } else if (!base::is_valid_utf8(bytes)) {
      return Error{ErrorCode::kInvalid, fmt::format("read \"{}\": it is not UTF-8; ask for encoding base64", path)};
    }
    return Json{{"content", std::move(bytes)}, {"size_bytes", size_bytes}};
  }

  Result<std::string> content_of(const Json& arguments) const {
    const bool as_base64 = TRY(is_base64(arguments));
    std::string content = TRY(base::json_string(arguments, "content"));
    if (as_base64) {
      auto bytes = base::from_base64(content);
      if (!bytes.ok()) return std::move(bytes).error().with_context("\"content\"");
      content = std::move(bytes).value();
    }
    if (content.size() > static_cast<size_t>(options_.file_size_bytes_max))
      return Error{ErrorCode::kLimit, fmt::format("\"content\" of {} bytes is over the limit of {}", content.size(),
                                                  options_.file_size_bytes_max)};
    return content;
  }

  Result<Json> write(const Json& arguments) const {
    const std::string path = TRY(path_of(arguments, nullptr));
    const std::string content = TRY(content_of(arguments));
    const auto folders =
        options_.makes_folders ? RootedFolder::MissingFolders::kMake : RootedFolder::MissingFolders::kRefuse;
    TRY(root_.replace(path, content, folders));
    return Json{{"size_bytes", content.size()}, {"sha256", base::to_hex(base::sha256(content))}};
  }

  FileToolOptions options_;
  RootedFolder root_;
};

Result<FileAction> action_of(OptionReader& reader) {
  const std::string name = TRY(reader.text("action"));
  for (const auto& [action, known] : kActionNames)
    if (name == known) return action;
  return reader.error("action", "is not list, read or write");
}

}  // namespace

Result<FileToolOptions> file_tool_options(const Json& object) {
  OptionReader reader(object);
  FileToolOptions options{
      .definition = TRY(read_definition(reader)), .action = TRY(action_of(reader)), .root = TRY(reader.text("root"))};
  options.file_size_bytes_max =
      TRY(reader.whole_number_or("file_bytes_max", options.file_size_bytes_max, 1, kFileBytesMax));
  options.makes_folders = TRY(reader.flag_or("make_folders", false));
  TRY(reader.finish());
  ToolDefinition& definition = options.definition;
  const bool writes = options.action == FileAction::kWrite;
  if (writes && definition.effect != ToolEffect::kIdempotent)
    return reader.error("effect", "must be idempotent for a tool that writes");
  if (!writes && definition.effect != ToolEffect::kRead)
    return reader.error("effect", "must be read for a tool that lists or reads");
  if (definition.is_fenced)
    return reader.error("fenced", "means nothing here: writing the same twice is writing it once");
  if (options.makes_folders && !writes) return reader.error("make_folders", "is for a tool that writes");
  if (definition.input_schema.is_null()) definition.input_schema = input_schema_of(options.action);
  if (definition.output_schema.is_null()) definition.output_schema = output_schema_of(options.action);
  return options;
}

Result<std::unique_ptr<Tool>> make_file_tool(FileToolOptions options) {
  auto root = RootedFolder::open(options.root);
  if (!root.ok()) return std::move(root).error().with_context(fmt::format("tool \"{}\"", options.definition.name));
  return std::unique_ptr<Tool>(std::make_unique<FileTool>(std::move(options), std::move(root).value()));
}

}  // namespace cadre::agent
