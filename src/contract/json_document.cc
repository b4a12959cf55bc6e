// SPDX-License-Identifier: Apache-2.0
#include "contract/json_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/ascii.h"
#include "base/utf8.h"

namespace cadre::contract {
namespace {

constexpr size_t kFewMembers = 12;  // up to here comparing all pairs of names is cheaper than sorting them

using Members = std::vector<std::pair<std::string, JsonValue>>;

bool is_number_char(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// A name that stands twice, or null.
const std::string* repeated_name(const Members& members) {
  if (members.size() <= kFewMembers) {
    for (size_t i = 1; i < members.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        if (members[i].first == members[k].first) return &members[i].first;
      }
    }
    return nullptr;
  }
  std::vector<const std::string*> names;
  names.reserve(members.size());
  for (const auto& member : members) names.push_back(&member.first);
  std::sort(names.begin(), names.end(), [](const auto* a, const auto* b) { return *a < *b; });
  const auto twice =
      std::adjacent_find(names.begin(), names.end(), [](const auto* a, const auto* b) { return *a == *b; });
  return twice == names.end() ? nullptr : *twice;
}

class Reader {
 public:
  Reader(std::string_view text, size_t depth_max) : text_(text), depth_max_(depth_max) {}

  Result<JsonValue> read() {
    JsonValue out;
    skip_space();
    if (read_value(out, 0)) {
      skip_space();
      if (at_ != text_.size()) fail("something follows the value");
    }
    if (failed_) return std::move(error_);
    return out;
  }

 private:
  bool fail(std::string_view what, ErrorCode code = ErrorCode::kInvalid) {
    failed_ = true;
    error_ = Error{code, fmt::format("JSON at byte {}: {}", at_, what)};
    return false;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }

  bool read_value(JsonValue& out, size_t depth) {
    if (at_ == text_.size()) return fail("the text ends where a value is expected");
    switch (text_[at_]) {
      case '{':
        return enter(depth) && read_object(out, depth + 1);
      case '[':
        return enter(depth) && read_array(out, depth + 1);
      case '"':
        out.kind = JsonKind::kString;
        return read_string(out.text);
      case 't':
        return read_word("true", JsonKind::kTrue, out);
      case 'f':
        return read_word("false", JsonKind::kFalse, out);
      case 'n':
        return read_word("null", JsonKind::kNull, out);
      default:
        return read_number(out);
    }
  }

  bool enter(size_t depth) {
    if (depth >= depth_max_) return fail(fmt::format("nested deeper than {} levels", depth_max_), ErrorCode::kLimit);
    ++at_;
    skip_space();
    return true;
  }

  bool read_array(JsonValue& out, size_t depth) {
    out.kind = JsonKind::kArray;
    if (take(']')) return true;
    while (true) {
      if (!read_value(out.items.emplace_back(), depth)) return false;
      skip_space();
      if (take(']')) return true;
      if (!take(',')) return fail("expected , or ] in an array");
      skip_space();
    }
  }

  bool read_object(JsonValue& out, size_t depth) {
    out.kind = JsonKind::kObject;
    if (take('}')) return true;
    while (true) {
      if (!next_is('"')) return fail("expected a name in an object");
      auto& member = out.members.emplace_back();
      if (!read_string(member.first)) return false;
      skip_space();
      if (!take(':')) return fail("expected : after a name");
      skip_space();
      if (!read_value(member.second, depth)) return false;
      skip_space();
      if (take('}')) break;
      if (!take(',')) return fail("expected , or } in an object");
      skip_space();
    }
    if (const auto* name = repeated_name(out.members))
      return fail(fmt::format("the object that ends here has the name \"{}\" twice", name->substr(0, 100)));
    return true;
  }

  bool read_word(std::string_view word, JsonKind kind, JsonValue& out) {
    if (text_.substr(at_, word.size()) != word) return fail("not a JSON value");
    at_ += word.size();
    out.kind = kind;
    return true;
  }

  bool read_number(JsonValue& out) {
    size_t end = at_;
    while (end < text_.size() && is_number_char(text_[end])) ++end;
    if (end == at_) return fail("not a JSON value");
    auto number = Decimal::parse(text_.substr(at_, end - at_));
    if (!number.ok()) return fail(number.error().message, number.error().code);
    out.kind = JsonKind::kNumber;
    out.number = std::move(*number);
    out.number_size_bytes = static_cast<uint32_t>(std::min<size_t>(end - at_, UINT32_MAX));
    out.is_plain_integer = text_.substr(at_, end - at_).find_first_of(".eE") == std::string_view::npos;
    at_ = end;
    return true;
  }

  bool read_string(std::string& out) {
    ++at_;
    while (true) {
      size_t end = at_;
      while (end < text_.size() && is_plain(text_[end])) ++end;
      out.append(text_, at_, end - at_);
      at_ = end;
      if (at_ == text_.size()) return fail("the text ends inside a string");
      const char c = text_[at_];
      if (take('"')) return true;
      if (c == '\\') {
        if (!read_escape(out)) return false;
      } else if (static_cast<uint8_t>(c) < 0x20) {
        return fail("a control character inside a string");
      } else {
        const auto size_bytes = base::decode_utf8(text_, at_).size_bytes;
        if (size_bytes == 0) return fail("invalid UTF-8");
        out.append(text_, at_, size_bytes);
        at_ += size_bytes;
      }
    }
  }

  static bool is_plain(char c) { return static_cast<uint8_t>(c) - 0x20u < 0x60u && c != '"' && c != '\\'; }

  bool read_escape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    const char name = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (name == 'u') return read_unicode_escape(out);
    const size_t index = kNames.find(name);
    if (name == '\0' || index == std::string_view::npos) return fail("an escape that JSON does not have");
    out.push_back(kMeanings[index]);
    at_ += 2;
    return true;
  }

  // The 16 bits of \uXXXX at `at`, or -1.
  int32_t code_unit(size_t at) const {
    if (at + 6 > text_.size() || text_[at] != '\\' || text_[at + 1] != 'u') return -1;
    int32_t unit = 0;
    for (size_t i = at + 2; i < at + 6; ++i) {
      const int digit = base::hex_digit(text_[i]);
      if (digit < 0) return -1;
      unit = unit << 4 | digit;
    }
    return unit;
  }

  bool read_unicode_escape(std::string& out) {
    const int32_t unit = code_unit(at_);
    if (unit < 0) return fail("\\u without four hexadecimal digits");
    if (unit < 0xD800 || unit > 0xDFFF) {
      base::append_utf8(static_cast<char32_t>(unit), out);
      at_ += 6;
      return true;
    }
    const int32_t low = code_unit(at_ + 6);
    if (unit > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return fail("half of a surrogate pair");
    base::append_utf8(static_cast<char32_t>(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)), out);
    at_ += 12;
    return true;
  }

  std::string_view text_;
  size_t depth_max_;
  size_t at_ = 0;
  bool failed_ = false;
  Error error_;
};

std::vector<const Members::value_type*> sorted_members(const Members& members) {
  std::vector<const Members::value_type*> out;
  out.reserve(members.size());
  for (const auto& member : members) out.push_back(&member);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  return out;
}

bool same_members(const JsonValue& a, const JsonValue& b) {
  if (a.members.size() != b.members.size()) return false;
  if (a.members.size() <= kFewMembers) {
    for (const auto& [name, value] : a.members) {
      const auto* other = b.find(name);
      if (other == nullptr || !same_value(value, *other)) return false;
    }
    return true;
  }
  const auto left = sorted_members(a.members), right = sorted_members(b.members);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->first != right[i]->first || !same_value(left[i]->second, right[i]->second)) return false;
  }
  return true;
}

uint64_t mix(uint64_t a, uint64_t b) {
  uint64_t x = (a ^ (b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2))) * 0xFF51AFD7ED558CCDu;
  return x ^ (x >> 32);
}

void write_string(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    constexpr std::string_view kControls = "\b\f\n\r\t", kNames = "bfnrt";
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<uint8_t>(c) >= 0x20) {
      out.push_back(c);
    } else if (const size_t index = kControls.find(c); index != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(kNames[index]);
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
  }
  out.push_back('"');
}

void write_value(const JsonValue& value, std::string& out) {
  switch (value.kind) {
    case JsonKind::kNull:
      out.append("null");
      return;
    case JsonKind::kFalse:
      out.append("false");
      return;
    case JsonKind::kTrue:
      out.append("true");
      return;
    case JsonKind::kNumber:
      out.append(value.number.text());
      return;
    case JsonKind::kString:
      return write_string(value.text, out);
    case JsonKind::kArray:
      out.push_back('[');
      for (size_t i = 0; i < value.items.size(); ++i) {
        if (i > 0) out.push_back(',');
        write_value(value.items[i], out);
      }
      out.push_back(']');
      return;
    case JsonKind::kObject:
      out.push_back('{');
      for (size_t i = 0; i < value.members.size(); ++i) {
        if (i > 0) out.push_back(',');
        write_string(value.members[i].first, out);
        out.push_back(':');
        write_value(value.members[i].second, out);
      }
      out.push_back('}');
      return;
  }
}

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const {
  for (const auto& member : members) {
    if (member.first == name) return &member.second;
  }
  return nullptr;
}

Result<JsonValue> parse_document(std::string_view text, size_t depth_max) {
  return Reader(text, depth_max).read();
}

bool same_value(const JsonValue& a, const JsonValue& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case JsonKind::kNumber:
      return a.number == b.number;
    case JsonKind::kString:
      return a.text == b.text;
    case JsonKind::kArray:
      return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same_value);
    case JsonKind::kObject:
      return same_members(a, b);
    default:
      return true;
  }
}

uint64_t hash_value(const JsonValue& value) {
  const std::hash<std::string_view> hash;
  uint64_t out = mix(static_cast<uint64_t>(value.kind), 0);
  switch (value.kind) {
    case JsonKind::kNumber:
      return mix(mix(out, hash(value.number.digits())),
                 static_cast<uint64_t>(value.number.exponent()) * 2 + value.number.negative());
    case JsonKind::kString:
      return mix(out, hash(value.text));
    case JsonKind::kArray:
      for (const auto& item : value.items) out = mix(out, hash_value(item));
      return out;
    case JsonKind::kObject: {
      uint64_t sum = 0;  // the order of members does not count
      for (const auto& [name, member] : value.members) sum += mix(hash(name), hash_value(member));
      return mix(out, sum);
    }
    default:
      return out;
  }
}

std::string write_document(const JsonValue& value) {
  std::string out;
  write_value(value, out);
  return out;
}

}  // namespace cadre::contract
