// SPDX-License-Identifier: Apache-2.0
#include "contract/gbnf.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace cadre::contract {
namespace {

constexpr char32_t kCodePointMax = 0x10FFFF;

bool is_surrogate(char32_t code) {
  return code >= 0xD800 && code <= 0xDFFF;
}

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-' ||
         byte == '_';
}

int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

// Sorted, merged, without surrogates; negated if asked.
CodePointSet to_set(std::vector<CodePointRange> ranges, bool negated) {
  ranges.push_back(negated ? CodePointRange{0xD800, 0xDFFF} : CodePointRange{1, 0});
  std::erase_if(ranges, [](const CodePointRange& range) { return range.low > range.high; });
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
  CodePointSet merged;
  for (const CodePointRange& range : ranges) {
    if (!merged.empty() && range.low <= merged.back().high + 1) {
      merged.back().high = std::max(merged.back().high, range.high);
    } else {
      merged.push_back(range);
    }
  }
  CodePointSet out;
  if (!negated) {
    for (const CodePointRange& range : merged) {  // a range may run across the surrogates; they are no characters
      if (range.low < 0xD800) out.push_back({range.low, std::min<char32_t>(range.high, 0xD7FF)});
      if (range.high > 0xDFFF) out.push_back({std::max<char32_t>(range.low, 0xE000), range.high});
    }
    return out;
  }
  char32_t next = 0;
  for (const CodePointRange& range : merged) {
    if (range.low > next) out.push_back({next, range.low - 1});
    next = range.high + 1;
  }
  if (next <= kCodePointMax) out.push_back({next, kCodePointMax});
  return out;
}

class GbnfParser {
 public:
  explicit GbnfParser(std::string_view text) : text_(text) {}

  Result<Grammar> parse() {
    skip(true);
    while (!at_end()) TRY(parse_rule());
    for (const auto& [rule, at] : first_use_) {
      if (grammar_.rules()[rule].body == kNoGrammarNode) {
        position_ = at;
        return fail(fmt::format("rule '{}' is used here but not defined", grammar_.rules()[rule].name));
      }
    }
    const RuleId root = grammar_.rule("root");
    if (grammar_.rules()[root].body == kNoGrammarNode) return fail("there is no rule 'root', where every text begins");
    grammar_.set_root(root);
    return std::move(grammar_);
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0'; }
  bool take(char byte) {
    if (peek() != byte || at_end()) return false;
    ++position_;
    return true;
  }

  Error fail(const std::string& what) const {
    size_t line = 1, line_begin = 0;
    for (size_t i = 0; i < position_ && i < text_.size(); ++i) {
      if (text_[i] != '\n') continue;
      ++line;
      line_begin = i + 1;
    }
    size_t column = 1;
    for (size_t i = line_begin; i < position_ && i < text_.size(); ++i) {
      column += base::is_continuation(static_cast<uint8_t>(text_[i])) ? 0 : 1;
    }
    return Error{ErrorCode::kInvalid, fmt::format("grammar, line {}, column {}: {}", line, column, what)};
  }

  // White space and comments; line ends only if they mean nothing here.
  void skip(bool over_lines) {
    while (!at_end()) {
      const char byte = peek();
      if (byte == '#') {
        while (!at_end() && peek() != '\n' && peek() != '\r') ++position_;
      } else if (byte == ' ' || byte == '\t' || (over_lines && (byte == '\n' || byte == '\r'))) {
        ++position_;
      } else {
        return;
      }
    }
  }

  std::string_view take_name() {
    const size_t begin = position_;
    while (is_name_byte(peek())) ++position_;
    return text_.substr(begin, position_ - begin);
  }

  Result<void> parse_rule() {
    const size_t begin = position_;
    const std::string_view name = take_name();
    if (name.empty()) return fail(fmt::format("expected a rule name, found {}", found()));
    skip(true);
    if (text_.substr(position_, 3) != "::=")
      return fail(fmt::format("expected ::= after '{}', found {}", name, found()));
    position_ += 3;
    skip(true);
    const GrammarNodeId body = TRY(parse_alternatives(0));
    const RuleId rule = grammar_.rule(name);
    if (!grammar_.define(rule, body)) {
      position_ = begin;
      return fail(fmt::format("rule '{}' is defined a second time", name));
    }
    if (!at_end() && peek() != '\n' && peek() != '\r') {
      return fail(fmt::format("expected the end of rule '{}', found {}", name, found()));
    }
    skip(true);
    return {};
  }

  std::string found() const {
    if (at_end()) return "the end of the text";
    const base::Utf8Char letter = base::decode_utf8(text_, position_);
    if (letter.size_bytes == 0) return fmt::format("byte 0x{:02X}", static_cast<uint8_t>(peek()));
    if (letter.code < 0x20) return fmt::format("character U+{:04X}", static_cast<uint32_t>(letter.code));
    return fmt::format("'{}'", text_.substr(position_, letter.size_bytes));
  }

  // A | that begins the next line goes on with this rule.
  void skip_to_bar() {
    const size_t before = position_;
    skip(true);
    if (peek() != '|') position_ = before;
  }

  Result<GrammarNodeId> parse_alternatives(int depth) {
    if (depth > kGbnfDepthMax) return fail(fmt::format("groups are nested deeper than {}", kGbnfDepthMax));
    std::vector<GrammarNodeId> parts;
    do {
      skip(true);
      parts.push_back(TRY(parse_sequence(depth)));
      if (depth == 0) skip_to_bar();
    } while (take('|'));
    return grammar_.alternate(std::move(parts));
  }

  Result<GrammarNodeId> parse_sequence(int depth) {
    std::vector<GrammarNodeId> parts;
    for (;;) {
      skip(depth > 0);
      const auto item = TRY(parse_item(depth));
      if (!item) break;
      GrammarNodeId node = *item;
      for (;;) {  // "a"+? is ("a"+)?
        skip(depth > 0);
        const auto repeated = TRY(parse_repetition(node));
        if (!repeated) break;
        node = *repeated;
      }
      parts.push_back(node);
      if (grammar_.nodes().size() > kGrammarNodesMax) return fail(fmt::format("more than {} items", kGrammarNodesMax));
    }
    return grammar_.concat(std::move(parts));
  }

  Result<std::optional<GrammarNodeId>> parse_item(int depth) {
    if (at_end()) return std::optional<GrammarNodeId>();
    if (peek() == '"') return std::optional(TRY(parse_literal()));
    if (peek() == '[') return std::optional(TRY(parse_class()));
    if (take('.')) return std::optional(grammar_.code_points(to_set({}, true)));
    if (peek() == '<' || peek() == '!') {
      return fail("references to tokens depend on a vocabulary and are not supported; write the text as a literal");
    }
    if (take('(')) {
      const GrammarNodeId group = TRY(parse_alternatives(depth + 1));
      skip(true);
      if (!take(')')) return fail(fmt::format("expected ) to close the group, found {}", found()));
      return std::optional(group);
    }
    if (!is_name_byte(peek())) return std::optional<GrammarNodeId>();
    const size_t begin = position_;
    const std::string_view name = take_name();
    // The first name on the next line may begin the next rule only at depth 0, where skip() has not come that far.
    if (depth > 0 && begins_definition()) {
      position_ = begin;
      return fail(fmt::format("rule '{}' begins inside a group that is not closed", name));
    }
    const RuleId rule = grammar_.rule(name);
    first_use_.emplace(rule, begin);
    return std::optional(grammar_.call(rule));
  }

  bool begins_definition() const {
    size_t at = position_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t')) ++at;
    return text_.substr(at, 3) == "::=";
  }

  Result<std::optional<GrammarNodeId>> parse_repetition(GrammarNodeId node) {
    if (take('*')) return std::optional(grammar_.repeat(node, 0, kUnbounded));
    if (take('+')) return std::optional(grammar_.repeat(node, 1, kUnbounded));
    if (take('?')) return std::optional(grammar_.repeat(node, 0, 1));
    if (!take('{')) return std::optional<GrammarNodeId>();
    skip(true);
    const bool from_zero = peek() == ',';  // {,n}
    const uint32_t low = from_zero ? 0 : TRY(parse_number());
    uint32_t high = low;
    skip(true);
    if (take(',')) {
      skip(true);
      high = peek() == '}' && !from_zero ? kUnbounded : TRY(parse_number());
      skip(true);
    }
    if (!take('}')) return fail(fmt::format("expected }} to close the repetition, found {}", found()));
    if (low > high) return fail(fmt::format("the repetition {{{},{}}} has its bounds the wrong way round", low, high));
    return std::optional(grammar_.repeat(node, low, high));
  }

  Result<uint32_t> parse_number() {
    if (peek() < '0' || peek() > '9')
      return fail(fmt::format("expected a number in the repetition, found {}", found()));
    uint64_t value = 0;
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<uint64_t>(text_[position_++] - '0');
      if (value > kGrammarRepeatMax) return fail(fmt::format("a repetition goes up to {}", kGrammarRepeatMax));
    }
    return static_cast<uint32_t>(value);
  }

  Result<GrammarNodeId> parse_literal() {
    const size_t begin = position_++;
    std::string text;
    while (!take('"')) {
      if (at_end() || peek() == '\n') {
        position_ = begin;
        return fail("this literal is not closed with \" on its line");
      }
      base::append_utf8(TRY(parse_character()), text);
    }
    return grammar_.literal(std::move(text));
  }

  Result<GrammarNodeId> parse_class() {
    const size_t begin = position_++;
    const bool negated = take('^');
    std::vector<CodePointRange> ranges;
    while (!take(']')) {
      if (at_end() || peek() == '\n') {
        position_ = begin;
        return fail("this character class is not closed with ] on its line");
      }
      const size_t low_at = position_;
      const char32_t low = TRY(parse_character());
      char32_t high = low;
      if (peek() == '-' && peek(1) != ']' && position_ + 1 < text_.size()) {
        ++position_;
        high = TRY(parse_character());
      }
      if (low > high) {
        position_ = low_at;
        return fail("the range has its ends the wrong way round");
      }
      ranges.push_back({low, high});
    }
    if (ranges.empty() && !negated) {
      position_ = begin;
      return fail("an empty character class matches nothing");
    }
    return grammar_.code_points(to_set(std::move(ranges), negated));
  }

  Result<char32_t> parse_character() {
    if (peek() == '\\') return parse_escape();
    const base::Utf8Char letter = at_end() ? base::Utf8Char{} : base::decode_utf8(text_, position_);
    if (letter.size_bytes == 0) return fail(fmt::format("expected a character in UTF-8, found {}", found()));
    position_ += letter.size_bytes;
    return letter.code;
  }

  Result<char32_t> parse_escape() {
    const size_t begin = position_;
    const char kind = peek(1);
    position_ += 2;
    switch (kind) {
      case 'n':
        return U'\n';
      case 'r':
        return U'\r';
      case 't':
        return U'\t';
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return static_cast<char32_t>(kind);
      case 'x':
        return parse_hex(2, begin);
      case 'u':
        return parse_hex(4, begin);
      case 'U':
        return parse_hex(8, begin);
      default:
        position_ = begin;
        return fail("unknown escape; known are \\n \\r \\t \\\\ \\\" \\[ \\] \\- \\^ \\xHH \\uHHHH \\UHHHHHHHH");
    }
  }

  Result<char32_t> parse_hex(int digits, size_t begin) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i) {
      const int digit = hex_value(peek());
      if (digit < 0) {
        position_ = begin;
        return fail(fmt::format("this escape needs {} hexadecimal digits", digits));
      }
      value = value << 4 | static_cast<uint32_t>(digit);
      ++position_;
    }
    if (value > kCodePointMax || is_surrogate(value)) {
      position_ = begin;
      return fail(fmt::format("U+{:04X} is no character", value));
    }
    return static_cast<char32_t>(value);
  }

  std::string_view text_;
  size_t position_ = 0;
  Grammar grammar_;
  std::map<RuleId, size_t> first_use_;
};

}  // namespace

Result<Grammar> parse_gbnf(std::string_view text) {
  if (text.size() > kGbnfSizeBytesMax) {
    return Error{ErrorCode::kLimit,
                 fmt::format("the grammar has {} bytes; at most {} are read", text.size(), kGbnfSizeBytesMax)};
  }
  return GbnfParser(text).parse();
}

}  // namespace cadre::contract
