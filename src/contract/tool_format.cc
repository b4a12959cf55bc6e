// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "contract/json_document.h"
#include "contract/json_scan.h"

namespace cadre::contract {

namespace {

bool is_gap(uint16_t symbol) {
  return symbol >= SpacedText::kSpaces;
}

// Adds to a text; spaces next to each other become one place for spaces.
class TextBuilder {
 public:
  TextBuilder& literal(std::string_view text) {
    for (const char c : text) {
      if (is_json_space(static_cast<uint8_t>(c))) {
        gap();
      } else {
        text_.read.push_back(static_cast<uint8_t>(c));
      }
      text_.written.push_back(c);
    }
    return *this;
  }
  // A place for spaces.
  TextBuilder& gap(std::string_view written = "") {
    if (text_.read.empty() || !is_gap(text_.read.back())) text_.read.push_back(SpacedText::kSpaces);
    text_.written += written;
    return *this;
  }
  // JSON with a place for spaces between its tokens, which the caller lists.
  TextBuilder& tokens(std::initializer_list<std::string_view> tokens, bool spaced) {
    for (const std::string_view token : tokens) {
      gap(spaced && after_punctuation_ ? " " : "");
      literal(token);
      after_punctuation_ = token == ":" || token == ",";
    }
    return *this;
  }
  // No place for spaces at the start or end, or none but what is needed.
  TextBuilder& without_leading_gap() {
    if (!text_.read.empty() && is_gap(text_.read.front())) text_.read.erase(text_.read.begin());
    return *this;
  }
  TextBuilder& without_trailing_gap() {
    if (!text_.read.empty() && is_gap(text_.read.back())) text_.read.pop_back();
    return *this;
  }
  SpacedText take() { return std::move(text_); }

 private:
  SpacedText text_;
  bool after_punctuation_ = false;
};

std::string quoted(const std::string& name) {
  JsonValue value;
  value.kind = JsonKind::kString;
  value.text = name;
  return write_document(value);
}

// The JSON of a call up to the name's opening quote.
void add_call_head(TextBuilder& text, const ToolFormat& format) {
  if (format.form == CallForm::kNameOutside) return;
  if (format.in_function) {
    text.tokens({"{", "\"type\"", ":", "\"function\"", ",", "\"function\"", ":", "{"}, format.spaced);
  } else {
    text.tokens({"{"}, format.spaced);
  }
  text.tokens({quoted(format.name_member), ":", "\""}, format.spaced);
}

SpacedText make_opening(const ToolFormat& format) {
  TextBuilder text;
  text.literal(format.list_begin).gap().literal(format.call_begin);
  add_call_head(text, format);
  return text.without_leading_gap().take();
}

SpacedText make_between(const ToolFormat& format) {
  TextBuilder text;
  text.gap().literal(format.separator).gap().literal(format.call_begin);
  add_call_head(text, format);
  return text.take();
}

SpacedText make_before_arguments(const ToolFormat& format) {
  TextBuilder text;
  if (format.form == CallForm::kJson) {
    text.literal("\"").tokens({",", quoted(format.arguments_member), ":"}, format.spaced);
    text.gap(format.spaced ? " " : "");
  } else {
    text.literal(format.name_end);
  }
  SpacedText result = text.without_trailing_gap().take();
  if (!result.read.empty() && result.read.front() == SpacedText::kSpaces)
    result.read.insert(result.read.begin(), SpacedText::kOneSpace);
  return result;
}

SpacedText make_after_arguments(const ToolFormat& format) {
  TextBuilder text;
  if (format.form == CallForm::kJson) text.tokens({"}"}, format.spaced);
  if (format.form == CallForm::kJson && format.in_function) text.tokens({"}"}, format.spaced);
  return text.gap().literal(format.call_end).without_trailing_gap().take();
}

SpacedText make_closing(const ToolFormat& format) {
  return TextBuilder().gap().literal(format.list_end).gap().take();
}

std::vector<uint16_t> bytes_of(const SpacedText& text) {
  std::vector<uint16_t> bytes;
  std::copy_if(text.read.begin(), text.read.end(), std::back_inserter(bytes),
               [](uint16_t symbol) { return !is_gap(symbol); });
  return bytes;
}

Error bad(const ToolFormat& format, std::string_view what) {
  return Error{ErrorCode::kInvalid, fmt::format("tool format \"{}\": {}", format.name, what)};
}

Result<void> check_texts(const ToolFormat& format) {
  const std::pair<const char*, const std::string*> texts[] = {
      {"list_begin", &format.list_begin},   {"call_begin", &format.call_begin},
      {"call_end", &format.call_end},       {"separator", &format.separator},
      {"list_end", &format.list_end},       {"trigger", &format.trigger},
      {"name_member", &format.name_member}, {"arguments_member", &format.arguments_member},
      {"name_end", &format.name_end}};
  for (const auto& [field, text] : texts) {
    if (text->size() > kFormatTextSizeBytesMax)
      return Error{ErrorCode::kLimit, fmt::format("tool format \"{}\": {} has {} bytes, the limit is {}", format.name,
                                                  field, text->size(), kFormatTextSizeBytesMax)};
    if (!base::is_valid_utf8(*text)) return bad(format, fmt::format("{} is not UTF-8", field));
  }
  if (format.form == CallForm::kJson && format.name_member == format.arguments_member)
    return bad(format, "the name and the arguments have the same member");
  const bool only_spaces = std::all_of(format.name_end.begin(), format.name_end.end(),
                                       [](char c) { return is_json_space(static_cast<uint8_t>(c)); });
  if (format.form == CallForm::kNameOutside && only_spaces)
    return bad(format, "name_end must tell where a name ends and its arguments begin; spaces alone do not");
  return {};
}

// The trigger is checked against the opening, and what follows it there may have spaces before it.
Result<void> fit_trigger(const ToolFormat& format, SpacedText& opening) {
  const std::string& trigger = format.trigger;
  if (trigger.empty()) return bad(format, "the trigger is empty; nothing would tell a call from text");
  for (size_t i = 0; i < trigger.size(); ++i) {
    if (is_json_space(static_cast<uint8_t>(trigger[i]))) return bad(format, "the trigger has a space in it");
    if (i == opening.read.size())
      return bad(format, "the trigger goes on where the name of a tool stands; it must end before");
    if (opening.read[i] != static_cast<uint8_t>(trigger[i]) || opening.written[i] != trigger[i])
      return bad(format, fmt::format("the trigger {} is not how its calls begin: {}", trigger, opening.written));
  }
  const size_t end = trigger.size();
  if (end < opening.read.size() && !is_gap(opening.read[end]))
    opening.read.insert(opening.read.begin() + static_cast<std::ptrdiff_t>(end), SpacedText::kSpaces);
  return {};
}

}  // namespace

// Qwen2.5's and Hermes 2 Pro's chat templates (as in MeetKai/functionary, jinja_templates/qwen2.5.txt).
ToolFormat ToolFormat::hermes() {
  ToolFormat format;
  format.name = "hermes";
  format.call_begin = "<tool_call>\n";
  format.call_end = "\n</tool_call>";
  format.separator = "\n";
  format.trigger = "<tool_call>";
  return format;
}

// Llama 3.1's chat template: 'Respond in the format {"name": function name, "parameters": dictionary of argument name
// and its value}'. Several calls stand behind each other with "; ", as vLLM's llama3_json parser reads them.
ToolFormat ToolFormat::llama3() {
  ToolFormat format;
  format.name = "llama3";
  format.arguments_member = "parameters";
  format.separator = "; ";
  format.trigger = "{";
  format.after_text = false;
  return format;
}

// mistral-common, instruct.py: [TOOL_CALLS] and json.dumps of a list of {"name", "arguments"} (tokenizers v2 and v3;
// later ones write no list).
ToolFormat ToolFormat::mistral() {
  ToolFormat format;
  format.name = "mistral";
  format.list_begin = "[TOOL_CALLS][";
  format.separator = ", ";
  format.list_end = "]";
  format.trigger = "[TOOL_CALLS]";
  return format;
}

// The elements of `tool_calls` in OpenAI's chat completions, without ids and with the arguments as JSON instead of its
// text.
ToolFormat ToolFormat::openai() {
  ToolFormat format;
  format.name = "openai";
  format.list_begin = "[";
  format.separator = ", ";
  format.list_end = "]";
  format.in_function = true;
  format.trigger = "[";
  format.after_text = false;
  return format;
}

// MeetKai/functionary, jinja_templates/v3-llama3.1.txt: <function=example_function_name>{"example_name":
// "example_value"}</function>.
ToolFormat ToolFormat::functions() {
  ToolFormat format;
  format.name = "functions";
  format.form = CallForm::kNameOutside;
  format.call_begin = "<function=";
  format.name_end = ">";
  format.call_end = "</function>";
  format.trigger = "<function=";
  return format;
}

Result<ToolFormat> ToolFormat::find(std::string_view name) {
  for (const ToolFormat& format : {hermes(), llama3(), mistral(), openai(), functions()}) {
    if (format.name == name) return format;
  }
  return Error{ErrorCode::kNotFound,
               fmt::format("no tool format \"{}\"; there are hermes, llama3, mistral, openai, functions", name)};
}

Result<ToolTexts> make_tool_texts(const ToolFormat& format) {
  TRY(check_texts(format));
  ToolTexts texts{make_opening(format), make_between(format), make_before_arguments(format),
                  make_after_arguments(format), make_closing(format)};
  TRY(fit_trigger(format, texts.opening));
  const auto further = bytes_of(texts.between);
  const auto end = bytes_of(texts.closing);
  if (further.size() <= end.size() && std::equal(further.begin(), further.end(), end.begin()))
    return bad(format, "list_end cannot be told from the beginning of a further call");
  return texts;
}

}  // namespace cadre::contract
