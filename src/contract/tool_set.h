// What a model may do with the tools it is given: the tools, tool_choice, how many calls, how they are written.
//
//     auto tools = TRY(read_tools(json));                            // the OpenAI "tools" array
//     auto set = TRY(ToolSet::make(std::move(tools), ToolFormat::hermes(), {.calls_max = 4}));
//     auto contract = TRY(SchemaContract::compile(set, SchemaMode::kGenerate));   // and on as with a schema
//     auto answer = TRY(parse_tool_calls(text, *set));               // contract/tool_calls.h
//
// kNoCall: free text in which no call begins. kAuto: free text, or calls, or text and then calls; where the trigger of
// the format is complete, the call must be finished. kRequired: at least one call and nothing else. kNamed: the same,
// with that tool alone. After the calls nothing follows. Free text is well-formed UTF-8. Arguments are always an
// object. A name is written as it is, without escapes. Every tool's schema is read here, whether it can be called or
// not.
// Thread safety: immutable after make().
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contract/schema.h"
#include "contract/tool_format.h"

namespace cadre::contract {

inline constexpr size_t kToolsMax = 10'000;
inline constexpr size_t kToolNameSizeBytesMax = 256;
inline constexpr size_t kToolSetNodesMax = 1'000'000;  // parts of all schemas together
inline constexpr uint32_t kUnlimited = UINT32_MAX;

struct Tool {
  std::string name;
  std::string description;  // not used here
  std::string parameters;   // a JSON Schema; empty: any object
};

enum class ToolChoice : uint8_t { kNoCall, kAuto, kRequired, kNamed };

struct ToolSetOptions {
  ToolChoice choice = ToolChoice::kAuto;
  std::string named;                     // kNamed: which tool
  uint32_t calls_max = 1;                // more than one: parallel calls
  uint32_t text_chars_max = kUnlimited;  // characters of free text
  SchemaOptions schema;
};

class ToolSet {
 public:
  // Errors name the tool: a schema that cannot be read, a name that is empty, too long, there twice or not to be
  // written in the format. And: a named tool that is not there, a call required without tools, no call allowed, limits
  // above, what make_tool_texts refuses.
  static Result<std::shared_ptr<const ToolSet>> make(std::vector<Tool> tools, const ToolFormat& format,
                                                     const ToolSetOptions& options = {});

  const std::vector<Tool>& tools() const { return tools_; }           // sorted by name
  const Schema& schema(size_t tool) const { return schemas_[tool]; }  // of its parameters
  std::optional<size_t> find(std::string_view name) const;
  const ToolFormat& format() const { return format_; }
  const ToolTexts& texts() const { return texts_; }
  const ToolSetOptions& options() const { return options_; }
  // The tools that may be called: [first, second) of tools(). Empty: none.
  std::pair<size_t, size_t> callable() const { return callable_; }
  bool must_call() const { return options_.choice == ToolChoice::kRequired || options_.choice == ToolChoice::kNamed; }

 private:
  ToolSet() = default;
  Result<void> check_names() const;
  Result<void> read_schemas();

  std::vector<Tool> tools_;
  std::vector<Schema> schemas_;
  ToolFormat format_;
  ToolTexts texts_;
  ToolSetOptions options_;
  std::pair<size_t, size_t> callable_;
};

// Reads an array of {"type": "function", "function": {"name", "description", "parameters"}} or of the inner objects
// alone.
Result<std::vector<Tool>> read_tools(std::string_view json);

// "none", "auto", "required", or the name of a tool.
void set_choice(ToolSetOptions& options, std::string_view choice);

}  // namespace cadre::contract
