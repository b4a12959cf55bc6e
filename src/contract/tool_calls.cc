// SPDX-License-Identifier: Apache-2.0
#include "contract/tool_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "contract/json_document.h"
#include "contract/json_scan.h"
#include "contract/schema_validate.h"

namespace cadre::contract {

namespace {

class AnswerReader {
 public:
  AnswerReader(std::string_view text, const ToolSet& set, const Bindings* bindings)
      : text_(text), set_(set), bindings_(bindings) {}

  Result<ToolAnswer> read() {
    if (set_.must_call()) {
      skip_spaces();
      TRY(read_calls());
      return std::move(answer_);
    }
    const std::optional<size_t> trigger = find_trigger();
    const size_t text_end = trigger.value_or(text_.size());
    if (!trigger || set_.format().after_text) TRY(read_text(text_end));
    if (!trigger) return std::move(answer_);
    at_ = *trigger;
    if (set_.callable().first == set_.callable().second) return refuse("a call begins where none is allowed");
    TRY(read_calls());
    return std::move(answer_);
  }

 private:
  Error refuse(std::string_view why) const {
    return Error{ErrorCode::kInvalid, fmt::format("at byte {} of the answer: {}", at_, why)};
  }

  void skip_spaces() {
    while (at_ < text_.size() && is_json_space(static_cast<uint8_t>(text_[at_]))) ++at_;
  }

  std::optional<size_t> find_trigger() {
    const std::string& trigger = set_.format().trigger;
    if (set_.format().after_text) {
      const size_t found = text_.find(trigger);
      return found == std::string_view::npos ? std::nullopt : std::optional(found);
    }
    skip_spaces();
    const size_t start = std::exchange(at_, 0);
    return text_.substr(start).starts_with(trigger) ? std::optional(start) : std::nullopt;
  }

  Result<void> read_text(size_t end) {
    const std::string_view content = text_.substr(0, end);
    if (!base::is_valid_utf8(content)) return refuse("the text is not UTF-8");
    const auto chars = std::count_if(content.begin(), content.end(),
                                     [](char c) { return !base::is_continuation(static_cast<uint8_t>(c)); });
    const uint32_t chars_max = set_.options().text_chars_max;
    if (static_cast<size_t>(chars) > chars_max)
      return refuse(fmt::format("the text has {} characters, the limit is {}", chars, chars_max));
    answer_.content = content;
    return {};
  }

  Result<void> read_calls() {
    const ToolTexts& texts = set_.texts();
    if (!fits(texts.opening)) return refuse(fmt::format("a call begins with {}", texts.opening.written));
    for (;;) {
      TRY(read_call());
      const size_t end = at_;
      if (fits(texts.closing) && at_ == text_.size()) return {};
      at_ = end;
      if (!fits(texts.between)) {
        return refuse(
            fmt::format("the answer ends here{}, or another call begins{}", with(texts.closing), with(texts.between)));
      }
      if (answer_.calls.size() >= set_.options().calls_max)
        return refuse(fmt::format("another call, but {} are all that is allowed", set_.options().calls_max));
    }
  }

  Result<void> read_call() {
    const size_t tool = TRY(read_name());
    const ToolTexts& texts = set_.texts();
    if (!fits(texts.before_arguments)) {
      return refuse(
          fmt::format("after the name {} stands {}", set_.tools()[tool].name, texts.before_arguments.written));
    }
    skip_spaces();
    const size_t start = at_;
    TRY(read_arguments(tool));
    const std::string_view arguments = text_.substr(start, at_ - start);
    if (!fits(texts.after_arguments))
      return refuse(fmt::format("after the arguments stands {}", texts.after_arguments.written));
    answer_.calls.push_back({set_.tools()[tool].name, std::string(arguments)});
    return {};
  }

  Result<size_t> read_name() {
    const auto& ahead = set_.texts().before_arguments.read;
    const auto ends_name = [&](char c) {
      const auto byte = static_cast<uint8_t>(c);
      return ahead.front() == SpacedText::kOneSpace ? is_json_space(byte) : ahead.front() == byte;
    };
    const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(at_);
    const std::string_view name(begin, std::find_if(begin, text_.end(), ends_name));
    const std::optional<size_t> tool = set_.find(name);
    if (!tool) return refuse(fmt::format("there is no tool \"{}\"", name.substr(0, kToolNameSizeBytesMax)));
    if (*tool < set_.callable().first || *tool >= set_.callable().second)
      return refuse(fmt::format("tool \"{}\" may not be called here", name));
    at_ += name.size();
    return *tool;
  }

  Result<void> read_arguments(size_t tool) {
    if (at_ == text_.size() || text_[at_] != '{') return refuse("the arguments are an object");
    const std::string_view text = text_.substr(at_, object_size());
    const Result<JsonValue> arguments = parse_document(text);
    if (!arguments.ok()) return refuse(arguments.error().message);
    const Validity validity = TRY(validate_document(set_.schema(tool), *arguments, bindings_));
    if (!validity.valid) {
      return refuse(fmt::format("arguments of {}: {}: {} ({})", set_.tools()[tool].name, validity.instance_path,
                                validity.message, validity.keyword_path));
    }
    at_ += text.size();
    return {};
  }

  // From the bracket that begins here to the one that closes it, if the text is JSON.
  size_t object_size() const {
    size_t depth = 0;
    bool in_string = false;
    for (size_t at = at_; at < text_.size(); ++at) {
      const char c = text_[at];
      if (in_string) {
        if (c == '\\') ++at;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        return at + 1 - at_;
      }
    }
    return text_.size() - at_;
  }

  // Reads a fixed text, if it stands here.
  bool fits(const SpacedText& text) {
    const size_t start = at_;
    for (const uint16_t symbol : text.read) {
      if (symbol == SpacedText::kSpaces) {
        skip_spaces();
        continue;
      }
      const bool is_there =
          at_ < text_.size() && (symbol == SpacedText::kOneSpace ? is_json_space(static_cast<uint8_t>(text_[at_]))
                                                                 : static_cast<uint8_t>(text_[at_]) == symbol);
      if (!is_there) {
        at_ = start;
        return false;
      }
      ++at_;
    }
    return true;
  }

  static std::string with(const SpacedText& text) { return text.written.empty() ? "" : " with " + text.written; }

  std::string_view text_;
  const ToolSet& set_;
  const Bindings* bindings_;
  size_t at_ = 0;
  ToolAnswer answer_;
};

}  // namespace

Result<ToolAnswer> parse_tool_calls(std::string_view text, const ToolSet& set, const Bindings* bindings) {
  return AnswerReader(text, set, bindings).read();
}

}  // namespace cadre::contract
