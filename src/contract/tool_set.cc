// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_set.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "contract/json_document.h"
#include "contract/json_scan.h"

namespace cadre::contract {

namespace {

Error bad_tool(std::string_view name, std::string_view what, ErrorCode code = ErrorCode::kInvalid) {
  return Error{code, fmt::format("tool \"{}\": {}", name, what)};
}

// Why the format cannot carry the name; empty if it can.
std::string_view name_problem(std::string_view name, const ToolFormat& format, uint16_t end) {
  if (!base::is_valid_utf8(name)) return "its name is not UTF-8";
  for (const char c : name) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7F) return "its name has a control character in it";
    if (format.form == CallForm::kNameOutside && byte == ' ') return "its name has a space in it";
    if (format.form == CallForm::kJson && (c == '"' || c == '\\'))
      return "its name has a character in it that JSON must escape";
    if (format.form == CallForm::kNameOutside && byte == end)
      return "its name has a character in it that ends names in this format";
  }
  return {};
}

Result<std::string> text_member(const JsonValue& object, std::string_view member, const std::string& where) {
  const JsonValue* value = object.find(member);
  if (value == nullptr) return std::string();
  if (value->kind != JsonKind::kString)
    return Error{ErrorCode::kInvalid, fmt::format("{}: {} is not a text", where, member)};
  return value->text;
}

Result<Tool> read_tool(const JsonValue& element, size_t index) {
  const std::string where = fmt::format("tool {}", index);
  const JsonValue* object = element.kind == JsonKind::kObject ? &element : nullptr;
  if (object != nullptr && object->find("function") != nullptr) {
    const std::string type = TRY(text_member(*object, "type", where));
    if (!type.empty() && type != "function")
      return Error{ErrorCode::kUnsupported,
                   fmt::format("{}: its type is \"{}\"; only functions are known", where, type)};
    object = object->find("function");
  }
  if (object == nullptr || object->kind != JsonKind::kObject || object->find("name") == nullptr)
    return Error{ErrorCode::kInvalid,
                 fmt::format("{}: it is not an object with a name (nor under \"function\")", where)};
  Tool tool;
  tool.name = TRY(text_member(*object, "name", where));
  tool.description = TRY(text_member(*object, "description", where));
  const JsonValue* parameters = object->find("parameters");
  if (parameters != nullptr && parameters->kind != JsonKind::kNull) tool.parameters = write_document(*parameters);
  return tool;
}

}  // namespace

Result<std::shared_ptr<const ToolSet>> ToolSet::make(std::vector<Tool> tools, const ToolFormat& format,
                                                     const ToolSetOptions& options) {
  if (tools.size() > kToolsMax)
    return Error{ErrorCode::kLimit, fmt::format("{} tools are too many: the limit is {}", tools.size(), kToolsMax)};
  std::shared_ptr<ToolSet> set(new ToolSet());
  set->texts_ = TRY(make_tool_texts(format));
  set->tools_ = std::move(tools);
  set->format_ = format;
  set->options_ = options;
  std::sort(set->tools_.begin(), set->tools_.end(), [](const Tool& a, const Tool& b) { return a.name < b.name; });
  TRY(set->check_names());
  TRY(set->read_schemas());
  if (options.calls_max == 0)
    return Error{ErrorCode::kInvalid, "a tool set with no call allowed; to forbid calls choose none"};
  if (options.choice == ToolChoice::kAuto || options.choice == ToolChoice::kRequired)
    set->callable_ = {0, set->tools_.size()};
  if (options.choice == ToolChoice::kNamed) {
    const std::optional<size_t> named = set->find(options.named);
    if (!named)
      return Error{ErrorCode::kNotFound, fmt::format("tool_choice names \"{}\", which is none of the {} tools",
                                                     options.named, set->tools_.size())};
    set->callable_ = {*named, *named + 1};
  }
  if (options.choice == ToolChoice::kRequired && set->tools_.empty())
    return Error{ErrorCode::kInvalid, "a call is required but there are no tools"};
  return std::shared_ptr<const ToolSet>(std::move(set));
}

Result<void> ToolSet::check_names() const {
  const auto& before_arguments = texts_.before_arguments.read;
  const uint16_t end = before_arguments.empty() ? SpacedText::kSpaces : before_arguments.front();
  const std::string* earlier = nullptr;
  for (const Tool& tool : tools_) {
    if (tool.name.empty()) return Error{ErrorCode::kInvalid, "a tool has no name"};
    if (tool.name.size() > kToolNameSizeBytesMax) {
      return bad_tool(tool.name.substr(0, 60) + "...",
                      fmt::format("its name has {} bytes, the limit is {}", tool.name.size(), kToolNameSizeBytesMax),
                      ErrorCode::kLimit);
    }
    const std::string_view problem = name_problem(tool.name, format_, end);
    if (!problem.empty()) return bad_tool(tool.name, fmt::format("{} (format \"{}\")", problem, format_.name));
    if (earlier != nullptr && *earlier == tool.name) return bad_tool(tool.name, "there are two of that name");
    earlier = &tool.name;
  }
  return {};
}

Result<void> ToolSet::read_schemas() {
  schemas_.reserve(tools_.size());
  size_t nodes = 0;
  for (const Tool& tool : tools_) {
    Result<Schema> schema = read_schema(tool.parameters.empty() ? "{}" : tool.parameters, options_.schema);
    if (!schema.ok()) return std::move(schema).error().with_context(fmt::format("tool \"{}\"", tool.name));
    nodes += schema->nodes.size();
    if (nodes > kToolSetNodesMax)
      return bad_tool(tool.name, fmt::format("with it the schemas have over {} parts", kToolSetNodesMax),
                      ErrorCode::kLimit);
    schemas_.push_back(std::move(*schema));
  }
  return {};
}

std::optional<size_t> ToolSet::find(std::string_view name) const {
  const auto found = std::lower_bound(tools_.begin(), tools_.end(), name,
                                      [](const Tool& tool, std::string_view wanted) { return tool.name < wanted; });
  if (found == tools_.end() || found->name != name) return std::nullopt;
  return static_cast<size_t>(found - tools_.begin());
}

Result<std::vector<Tool>> read_tools(std::string_view json) {
  const JsonValue list = TRY(parse_document(json));
  if (list.kind != JsonKind::kArray) return Error{ErrorCode::kInvalid, "the tools are not an array"};
  std::vector<Tool> tools;
  tools.reserve(list.items.size());
  for (const JsonValue& element : list.items) tools.push_back(TRY(read_tool(element, tools.size())));
  return tools;
}

void set_choice(ToolSetOptions& options, std::string_view choice) {
  options.choice = choice == "none"       ? ToolChoice::kNoCall
                   : choice == "auto"     ? ToolChoice::kAuto
                   : choice == "required" ? ToolChoice::kRequired
                                          : ToolChoice::kNamed;
  if (options.choice == ToolChoice::kNamed) options.named = choice;
}

}  // namespace cadre::contract
