// Tool sets for tests, and random answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "contract/document_cursor.h"
#include "contract/tool_set.h"

namespace cadre::contract::test {

inline const std::vector<std::string>& tool_parameters() {
  static const std::vector<std::string> all = {
      "",
      "{}",
      "true",
      R"({"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer","minimum":1,"maximum":14}},"required":["city"],"additionalProperties":false})",
      R"({"type":"object","properties":{"a":{"enum":["x","<tool_call>","}"]},"b":{"type":"boolean"}}})",
      R"({"properties":{"ids":{"type":"array","items":{"type":"integer"},"uniqueItems":true,"maxItems":4}},"required":["ids"]})",
      R"({"type":"object","properties":{"code":{"type":"string","pattern":"^[A-Z]{2}[0-9]+$"}},"required":["code"]})",
      R"({"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"required":["n"],"$defs":{"n":{"type":"object","properties":{"v":{"type":"number"},"next":{"$ref":"#/$defs/n"}},"required":["v"]}}})",
      R"({"type":["object","null"],"oneOf":[{"properties":{"k":{"const":1}},"required":["k"]},{"properties":{"k":{"const":2},"t":{"maxLength":3}},"required":["k","t"]}]})",
      R"({"type":"object","patternProperties":{"^x":{"type":"null"}},"additionalProperties":{"type":"string"},"maxProperties":3})",
      R"({"type":"object","properties":{"k":{}},"dependentSchemas":{"k":{"properties":{"t":{"type":"integer"}},"required":["t"]}},"not":{"required":["z"]},"if":{"required":["t"]},"then":{"minProperties":2},"else":{"maxProperties":1},"unevaluatedProperties":{"type":"boolean"}})",
      R"({"type":"object","properties":{"l":{"type":"array","prefixItems":[{"type":"string"}],"contains":{"const":3},"anyOf":[{"maxItems":2},{"minItems":4}],"unevaluatedItems":{"type":"integer"}}},"propertyNames":{"maxLength":2},"required":["l"]})"};
  return all;
}

// A format that no preset is like: spaces around names, an end that begins like a further call.
inline ToolFormat act_format() {
  ToolFormat format;
  format.name = "act";
  format.form = CallForm::kNameOutside;
  format.list_begin = "Act:\n";
  format.call_begin = "- do ";
  format.name_end = " with ";
  format.call_end = ";";
  format.separator = "\n";
  format.list_end = "\n- end";
  format.trigger = "Act:";
  return format;
}

inline std::vector<ToolFormat> tool_formats() {
  ToolFormat aa = ToolFormat::hermes();  // a trigger that overlaps itself, and is not ASCII
  aa.name = "aa";
  aa.call_begin =
      "\xC3\xA4\xC3\xA4"
      "a\xC3\xA4\xC3\xA4>";
  aa.trigger = aa.call_begin;
  aa.spaced = false;
  return {ToolFormat::hermes(),
          ToolFormat::llama3(),
          ToolFormat::mistral(),
          ToolFormat::openai(),
          ToolFormat::functions(),
          act_format(),
          aa};
}

inline std::shared_ptr<const ToolSet> random_tool_set(base::Random& random) {
  static const std::vector<std::string> names = {
      "a", "ab", "abc", "get_weather", "get_weather_now", "x-1", "\xC3\xA4\xC3\xA4", "search"};
  std::vector<Tool> tools;
  for (const std::string& name : names) {
    if (random.below(2) == 0) tools.push_back({name, "", tool_parameters()[random.below(tool_parameters().size())]});
  }
  const std::vector<ToolFormat> formats = tool_formats();
  ToolSetOptions options;
  options.choice = static_cast<ToolChoice>(random.below(4));
  if (tools.empty() && random.below(4) != 0) tools.push_back({"only", "", tool_parameters()[3]});
  if (tools.empty()) options.choice = random.below(2) == 0 ? ToolChoice::kAuto : ToolChoice::kNoCall;
  if (!tools.empty()) options.named = tools[random.below(tools.size())].name;
  options.calls_max = random.below(3) == 0 ? kUnlimited : static_cast<uint32_t>(1 + random.below(3));
  if (random.below(3) == 0) options.text_chars_max = static_cast<uint32_t>(random.below(12));
  return ToolSet::make(std::move(tools), formats[random.below(formats.size())], options).value();
}

// A random walk that ends within the budget of bytes; empty-handed only if the machine is stuck, which is a failure of
// the caller's test.
inline std::string random_answer(SchemaMachine& machine, base::Random& random, uint32_t budget, bool& stuck) {
  DocumentCursor cursor(machine);
  const std::string trigger = machine.tools() == nullptr ? "" : machine.tools()->format().trigger;
  stuck = false;
  for (uint32_t left = budget; left > 0; --left) {
    if (cursor.complete() && random.below(8) == 0) break;
    std::vector<DocumentCursor> likely, ways;
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      if (machine.dead(machine.next(cursor.state(), static_cast<uint8_t>(byte)))) continue;
      DocumentCursor way = cursor;
      if (!way.read(std::string_view(&c, 1)) || way.distance() > left - 1) continue;
      ways.push_back(way);
      // So that calls come about, and arguments end.
      if (trigger.find(c) != std::string::npos || c == '"' || c == '}') likely.push_back(way);
    }
    if (ways.empty()) {
      stuck = !cursor.complete();
      break;
    }
    if (!likely.empty() && random.below(3) != 0) ways = std::move(likely);
    cursor = ways[random.below(ways.size())];
  }
  return std::string(cursor.text());
}

// The text with a few random changes: spaces, bytes and pieces of it, more often than not where they may matter.
inline std::string mutated(std::string text, base::Random& random) {
  static const std::string kBytes = " \n\t{}[]\",:;<>ax0-\xC3\xA4";
  for (uint64_t i = random.below(3) + 1; i > 0; --i) {
    const size_t at = random.below(text.size() + 1);
    switch (random.below(6)) {
      case 0:
      case 1:
        text.insert(at, 1, " \n\t\r"[random.below(4)]);
        break;
      case 2:
        text.insert(at, 1, kBytes[random.below(kBytes.size())]);
        break;
      case 3:
        text.erase(at, 1 + random.below(3));
        break;
      case 4:
        text.insert(at, text.substr(random.below(text.size() + 1), random.below(40)));
        break;
      default:
        if (at < text.size()) text[at] = kBytes[random.below(kBytes.size())];
    }
  }
  return text;
}

}  // namespace cadre::contract::test
