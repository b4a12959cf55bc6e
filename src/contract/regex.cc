// The parser: recursive descent, one function per production of ECMA-262 §22.2.1.
// SPDX-License-Identifier: Apache-2.0
#include "contract/regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"

namespace cadre::contract {
namespace {

constexpr uint32_t kFailed = UINT32_MAX;  // in place of a node index; the error is kept in the parser

bool is_ascii_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_ascii_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

class RegexParser {
 public:
  explicit RegexParser(std::string_view pattern) : pattern_(pattern) { nodes_.reserve(pattern.size() + 2); }

  Result<uint32_t> parse() {
    const uint32_t root = parse_alternation(0);
    if (root != kFailed && at_ < pattern_.size()) fail("a ) without its (");
    if (failed_) return std::move(error_);
    return root;
  }
  std::vector<RegexNode> take_nodes() { return std::move(nodes_); }

 private:
  // One member of a class: a single code point, which may begin a range, or a set.
  struct ClassAtom {
    bool is_set = false;
    char32_t code = 0;
    CodePointSet set;
  };

  uint32_t fail(std::string_view what, ErrorCode code = ErrorCode::kInvalid) {
    if (!failed_) {
      const auto shown = pattern_.substr(0, 200);
      error_ = Error{code, fmt::format("regular expression \"{}{}\": at byte {}: {}", shown,
                                       shown.size() < pattern_.size() ? "..." : "", at_, what)};
    }
    failed_ = true;
    return kFailed;
  }
  uint32_t unsupported(std::string_view what) { return fail(what, ErrorCode::kUnsupported); }

  bool at_end() const { return at_ == pattern_.size(); }
  char peek(size_t ahead = 0) const { return at_ + ahead < pattern_.size() ? pattern_[at_ + ahead] : '\0'; }
  bool next_is(char c) const { return !at_end() && pattern_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view text) {
    if (!pattern_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  // The next character; an invalid byte stands for U+FFFD.
  char32_t take_code() {
    const auto [code, size_bytes] = base::decode_utf8(pattern_, at_);
    at_ += std::max<uint32_t>(size_bytes, 1);
    return size_bytes == 0 ? base::kReplacementCharacter : code;
  }

  uint32_t add(RegexNode node) {
    if (failed_) return kFailed;
    if (nodes_.size() >= kRegexNodesMax)
      return fail(fmt::format("more than {} nodes", kRegexNodesMax), ErrorCode::kLimit);
    nodes_.push_back(std::move(node));
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  uint32_t add(RegexKind kind) { return add(RegexNode{.kind = kind}); }
  uint32_t add_set(CodePointSet set) { return add(RegexNode{.kind = RegexKind::kSet, .set = std::move(set)}); }
  uint32_t add_code(char32_t code) { return add_set(normalize({{code, code}})); }
  uint32_t add_list(RegexKind kind, std::vector<uint32_t> children) {
    if (children.size() == 1) return children[0];
    return add(RegexNode{.kind = kind, .children = std::move(children)});
  }

  uint32_t parse_alternation(size_t depth) {
    if (depth > kRegexDepthMax)
      return fail(fmt::format("groups nest deeper than {}", kRegexDepthMax), ErrorCode::kLimit);
    std::vector<uint32_t> branches;
    do {
      const uint32_t branch = parse_sequence(depth);
      if (branch == kFailed) return kFailed;
      branches.push_back(branch);
    } while (take('|'));
    return add_list(RegexKind::kAlternate, std::move(branches));
  }

  uint32_t parse_sequence(size_t depth) {
    std::vector<uint32_t> terms;
    while (!at_end() && !next_is('|') && !next_is(')')) {
      const uint32_t term = parse_term(depth);
      if (term == kFailed) return kFailed;
      terms.push_back(term);
    }
    if (terms.empty()) return add(RegexKind::kEmpty);
    return add_list(RegexKind::kConcat, std::move(terms));
  }

  uint32_t parse_term(size_t depth) {
    if (take('^')) return add(RegexKind::kBegin);
    if (take('$')) return add(RegexKind::kEnd);
    if (take("\\b")) return add(RegexKind::kWordBoundary);
    if (take("\\B")) return add(RegexKind::kNotWordBoundary);
    const uint32_t atom = parse_atom(depth);
    return atom == kFailed ? kFailed : parse_quantifier(atom);
  }

  uint32_t parse_atom(size_t depth) {
    switch (peek()) {
      case '(':
        return parse_group(depth);
      case '[':
        return parse_class();
      case '.':
        ++at_;
        return add_set(dot_set());
      case '*':
      case '+':
      case '?':
        return fail("nothing to repeat");
      case '{':
        if (starts_bound()) return fail("nothing to repeat");
        ++at_;
        return add_code('{');
      case '\\': {
        auto atom = parse_escape(false);
        if (!atom) return kFailed;
        return atom->is_set ? add_set(std::move(atom->set)) : add_code(atom->code);
      }
      default:
        return add_code(take_code());
    }
  }

  uint32_t parse_group(size_t depth) {
    const size_t start = at_;
    ++at_;
    std::optional<RegexKind> look;
    if (take("?=")) {
      look = RegexKind::kLookAhead;
    } else if (take("?!")) {
      look = RegexKind::kNegativeLookAhead;
    } else if (take("?<=")) {
      look = RegexKind::kLookBehind;
    } else if (take("?<!")) {
      look = RegexKind::kNegativeLookBehind;
    } else if (take("?<")) {
      const size_t name_end = pattern_.find('>', at_);
      if (name_end == std::string_view::npos || name_end == at_) return fail("the name of a group is not closed");
      at_ = name_end + 1;
    } else if (!take("?:") && next_is('?')) {
      return unsupported("(? is followed by flags or by a kind of group that ECMA-262 does not have");
    }
    const uint32_t inner = parse_alternation(depth + 1);
    if (inner == kFailed) return kFailed;
    if (!take(')')) {
      at_ = start;
      return fail("a ( without its )");
    }
    return look ? add(RegexNode{.kind = *look, .children = {inner}}) : inner;
  }

  // Does {n}, {n,} or {n,m} begin here?
  bool starts_bound() const {
    size_t i = at_ + 1;
    const size_t digits = i;
    while (i < pattern_.size() && is_ascii_digit(static_cast<uint8_t>(pattern_[i]))) ++i;
    if (i == digits) return false;
    if (i < pattern_.size() && pattern_[i] == ',') {
      ++i;
      while (i < pattern_.size() && is_ascii_digit(static_cast<uint8_t>(pattern_[i]))) ++i;
    }
    return i < pattern_.size() && pattern_[i] == '}';
  }

  uint32_t take_count() {
    uint64_t value = 0;
    while (is_ascii_digit(static_cast<uint8_t>(peek()))) {
      value = std::min<uint64_t>(value * 10 + static_cast<uint64_t>(peek() - '0'), uint64_t{kRegexRepeatMax} + 1);
      ++at_;
    }
    return static_cast<uint32_t>(value);
  }

  uint32_t parse_quantifier(uint32_t atom) {
    uint32_t low = 0, high = kUnbounded;
    if (take('+')) {
      low = 1;
    } else if (take('?')) {
      high = 1;
    } else if (next_is('{') && starts_bound()) {
      ++at_;
      low = high = take_count();
      if (take(',')) high = next_is('}') ? kUnbounded : take_count();
      ++at_;
      if (low > kRegexRepeatMax || (high != kUnbounded && high > kRegexRepeatMax))
        return fail(fmt::format("a repetition over {}", kRegexRepeatMax), ErrorCode::kLimit);
      if (low > high) return fail("a repetition whose bounds are in the wrong order");
    } else if (!take('*')) {
      return atom;
    }
    take('?');
    const uint32_t repeat = add(RegexNode{.kind = RegexKind::kRepeat, .children = {atom}, .low = low, .high = high});
    if (next_is('*') || next_is('+') || next_is('?') || (next_is('{') && starts_bound()))
      return fail("nothing to repeat");
    return repeat;
  }

  uint32_t parse_class() {
    const size_t start = at_;
    ++at_;
    const bool negated = take('^');
    CodePointSet ranges;
    while (!take(']')) {
      if (at_end()) {
        at_ = start;
        return fail("a [ without its ]");
      }
      if (!parse_class_part(ranges)) return kFailed;
    }
    auto set = normalize(std::move(ranges));
    return add_set(negated ? negate(set) : std::move(set));
  }

  // A member of a class, or a range from one to the next.
  bool parse_class_part(CodePointSet& ranges) {
    auto low = parse_class_atom();
    if (!low) return false;
    const bool is_range = next_is('-') && at_ + 1 < pattern_.size() && peek(1) != ']';
    if (!is_range || low->is_set) {
      append(*low, ranges);
      return true;
    }
    ++at_;
    auto high = parse_class_atom();
    if (!high) return false;
    if (high->is_set) {
      append(*low, ranges);
      ranges.push_back({'-', '-'});
      append(*high, ranges);
      return true;
    }
    if (high->code < low->code) {
      fail("a range whose ends are in the wrong order");
      return false;
    }
    ranges.push_back({low->code, high->code});
    return true;
  }

  static void append(const ClassAtom& atom, CodePointSet& ranges) {
    if (atom.is_set) {
      ranges.insert(ranges.end(), atom.set.begin(), atom.set.end());
    } else {
      ranges.push_back({atom.code, atom.code});
    }
  }

  std::optional<ClassAtom> parse_class_atom() {
    if (next_is('\\')) return parse_escape(true);
    if (at_end()) {
      fail("a [ without its ]");
      return std::nullopt;
    }
    return single(take_code());
  }

  static std::optional<ClassAtom> single(char32_t code) { return ClassAtom{.code = code}; }
  static std::optional<ClassAtom> many(const CodePointSet& set) { return ClassAtom{.is_set = true, .set = set}; }
  std::optional<ClassAtom> refuse(std::string_view what, ErrorCode code) {
    fail(what, code);
    return std::nullopt;
  }

  std::optional<ClassAtom> parse_escape(bool in_class) {
    ++at_;
    if (at_end()) return refuse("a \\ at the end", ErrorCode::kInvalid);
    const size_t start = at_;
    const char32_t letter = take_code();
    switch (letter) {
      case 'd':
        return many(digit_set());
      case 'D':
        return many(negate(digit_set()));
      case 'w':
        return many(word_set());
      case 'W':
        return many(negate(word_set()));
      case 's':
        return many(space_set());
      case 'S':
        return many(negate(space_set()));
      case 't':
        return single('\t');
      case 'n':
        return single('\n');
      case 'v':
        return single('\v');
      case 'f':
        return single('\f');
      case 'r':
        return single('\r');
      case 'b':
        return single('\b');  // in a class only: outside, the parser of terms has taken it
      case 'c':
        return parse_control();
      case 'x':
        return parse_hex(2);
      case 'u':
        return parse_unicode_escape();
      case 'p':
      case 'P':
        return parse_property(letter == 'P');
      case 'k':
        at_ = start;
        return refuse("a back-reference", ErrorCode::kUnsupported);
      default:
        break;
    }
    if (letter == '0' && !is_ascii_digit(static_cast<uint8_t>(peek()))) return single(0);
    if (is_ascii_digit(letter)) {
      at_ = start;
      return refuse(in_class ? "an octal escape" : "a back-reference", ErrorCode::kUnsupported);
    }
    return single(letter);
  }

  std::optional<ClassAtom> parse_control() {
    if (!is_ascii_letter(static_cast<uint8_t>(peek()))) return refuse("\\c without a letter", ErrorCode::kInvalid);
    return single(static_cast<char32_t>(pattern_[at_++] % 32));
  }

  // `count` hexadecimal digits, or -1 (nothing taken).
  int32_t take_hex(size_t count) {
    int32_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const int digit = base::hex_digit(peek(i));
      if (digit < 0) return -1;
      value = value << 4 | digit;
    }
    at_ += count;
    return value;
  }

  std::optional<ClassAtom> parse_hex(size_t count) {
    const int32_t value = take_hex(count);
    if (value < 0) return refuse("an escape with too few hexadecimal digits", ErrorCode::kInvalid);
    return single(static_cast<char32_t>(value));
  }

  std::optional<ClassAtom> parse_unicode_escape() {
    if (take('{')) return parse_braced_code();
    auto first = parse_hex(4);
    if (!first || first->code < 0xD800 || first->code > 0xDBFF || !pattern_.substr(at_).starts_with("\\u"))
      return first;
    const size_t start = at_;
    at_ += 2;
    const int32_t second = take_hex(4);
    if (second >= 0xDC00 && second <= 0xDFFF)
      return single(0x10000 + ((first->code - 0xD800) << 10) + (static_cast<char32_t>(second) - 0xDC00));
    at_ = start;
    return first;
  }

  std::optional<ClassAtom> parse_braced_code() {
    char32_t code = 0;
    const size_t start = at_;
    for (int digit = base::hex_digit(peek()); digit >= 0 && code <= 0x10FFFF; digit = base::hex_digit(peek())) {
      code = code << 4 | static_cast<char32_t>(digit);
      ++at_;
    }
    if (at_ == start || code > 0x10FFFF || !take('}'))
      return refuse("\\u{..} is not a code point", ErrorCode::kInvalid);
    return single(code);
  }

  std::optional<ClassAtom> parse_property(bool negated) {
    const size_t end = next_is('{') ? pattern_.find('}', at_) : std::string_view::npos;
    if (end == std::string_view::npos) return refuse("\\p without {..}", ErrorCode::kInvalid);
    const auto name = pattern_.substr(at_ + 1, end - at_ - 1);
    const auto* set = property_set(name);
    if (set == nullptr)
      return refuse(
          fmt::format("the property \\p{{{}}} is not known here (general categories are)", name.substr(0, 60)),
          ErrorCode::kUnsupported);
    at_ = end + 1;
    return negated ? many(negate(*set)) : many(*set);
  }

  std::string_view pattern_;
  size_t at_ = 0;
  std::vector<RegexNode> nodes_;
  bool failed_ = false;
  Error error_;
};

}  // namespace

Result<Regex> Regex::parse(std::string_view pattern) {
  RegexParser parser(pattern);
  Regex out;
  out.root_ = TRY(parser.parse());
  out.nodes_ = parser.take_nodes();
  out.pattern_ = pattern;
  return out;
}

}  // namespace cadre::contract
