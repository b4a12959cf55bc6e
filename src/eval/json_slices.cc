// SPDX-License-Identifier: Apache-2.0
#include "eval/json_slices.h"

namespace cadre::eval {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The end of the part that begins at `at`: the first `separator` or closing bracket that is in no string and no deeper bracket.
size_t end_of_part(std::string_view text, size_t at, char separator) {
  size_t depth = 0;
  bool in_string = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (depth == 0 && (c == separator || c == ']' || c == '}')) {
      return at;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      ++depth;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return text.size();
}

std::vector<std::string_view> parts(std::string_view text, char bracket) {
  std::vector<std::string_view> out;
  text = trimmed(text);
  if (!text.starts_with(bracket)) return out;
  for (size_t at = 1; at < text.size();) {
    const size_t end = end_of_part(text, at, ',');
    const auto part = trimmed(text.substr(at, end - at));
    if (!part.empty()) out.push_back(part);
    if (end >= text.size() || text[end] != ',') break;
    at = end + 1;
  }
  return out;
}

}  // namespace

std::vector<std::string_view> array_slices(std::string_view array) {
  return parts(array, '[');
}

std::optional<std::string_view> member_slice(std::string_view object, std::string_view name) {
  for (const auto member : parts(object, '{')) {
    const size_t colon = end_of_part(member, 0, ':');
    const auto key = trimmed(member.substr(0, colon));
    if (key.size() == name.size() + 2 && key.substr(1, name.size()) == name && colon < member.size())
      return trimmed(member.substr(colon + 1));
  }
  return std::nullopt;
}

}  // namespace cadre::eval
