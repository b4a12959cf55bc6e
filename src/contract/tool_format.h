// The text around tool calls: how a model was taught to write them.
//
// An answer is free text, or calls, or free text and then calls:
//     [text] list_begin CALL (separator CALL)* list_end
//     CALL = call_begin {"name": "NAME", "arguments": {...}} call_end          CallForm::kJson
//     CALL = call_begin NAME name_end {...} call_end                           CallForm::kNameOutside
// Spaces are written as they stand in these texts (SchemaMode::kGenerate). Where a model's own text is read (kAccept),
// each run of them, and each place between two of these texts, behind the trigger and around the punctuation of a
// call's JSON, may hold any spaces or none; but none stand before a NAME that the texts put none before, and one at
// least where a space ends the NAME.
// Sources of the presets: the chat templates and encoders named beside each in tool_format.cc.
// Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::contract {

inline constexpr size_t kFormatTextSizeBytesMax = 1024;  // of each text of a format

enum class CallForm : uint8_t { kJson, kNameOutside };

struct ToolFormat {
  std::string name = "custom";  // for messages
  CallForm form = CallForm::kJson;
  std::string list_begin, call_begin, call_end, separator, list_end;
  // Once this text is complete a call has begun and must be finished. It is how the calls begin, in whole or in part,
  // without spaces and before the first NAME.
  std::string trigger;
  // May calls follow free text? If not (for triggers that are common in text), they begin the answer or there are none,
  // and free text does not begin with the trigger.
  bool after_text = true;

  // kJson: the members of the object, the name first.
  std::string name_member = "name", arguments_member = "arguments";
  bool in_function = false;  // {"type": "function", "function": {"name": ..., "arguments": ...}}
  bool spaced = true;        // written with a space behind ':' and ',', as Python's json.dumps does

  std::string name_end;  // kNameOutside: between the name and the arguments; more than spaces

  static ToolFormat hermes();     // <tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>
  static ToolFormat llama3();     // {"name": "f", "parameters": {}}
  static ToolFormat mistral();    // [TOOL_CALLS][{"name": "f", "arguments": {}}, ...]
  static ToolFormat openai();     // [{"type": "function", "function": {"name": "f", "arguments": {}}}, ...]
  static ToolFormat functions();  // <function=f>{}</function>
  // By one of these names; kNotFound lists them.
  static Result<ToolFormat> find(std::string_view name);
};

// A fixed text, as it is written and as it is read.
struct SpacedText {
  static constexpr uint16_t kSpaces = 256;  // any spaces or none
  static constexpr uint16_t kOneSpace = 257;
  std::string written;
  std::vector<uint16_t> read;  // bytes, and where spaces may or must stand
};

// What stands around the names and arguments of an answer.
struct ToolTexts {
  SpacedText opening;           // before the first NAME; begins with the bytes of the trigger
  SpacedText between;           // from a call's end to the next NAME
  SpacedText before_arguments;  // from a NAME to its arguments
  SpacedText after_arguments;   // to the end of the call
  SpacedText closing;           // from the last call's end to the end of the answer
};

// Error: a text over its limit or not UTF-8, a trigger that is empty or not how the calls begin, an end that looks like
// a further call.
Result<ToolTexts> make_tool_texts(const ToolFormat& format);

}  // namespace cadre::contract
