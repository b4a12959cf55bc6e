// SPDX-License-Identifier: Apache-2.0
#include "agent/text_template.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <utility>

namespace cadre::agent {

using base::Json;

namespace {

Error at(size_t position, const std::string& what) {
  return Error{ErrorCode::kInvalid, fmt::format("at {}: {}", position, what)};
}

Result<std::vector<std::string>> read_path(std::string_view text, size_t position) {
  std::vector<std::string> path;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    if (part.empty()) return at(position, "a place needs a name: \"{city}\" or \"{customer.city}\"");
    path.emplace_back(part);
    if (dot == std::string_view::npos) return path;
    text.remove_prefix(dot + 1);
  }
}

// Null: there is nothing.
const Json* member_of(const Json& value, const std::string& part) {
  if (value.is_object()) {
    const auto found = value.find(part);
    return found == value.end() ? nullptr : &*found;
  }
  if (!value.is_array()) return nullptr;
  size_t index = 0;
  const auto [end, status] = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = status == std::errc() && end == part.data() + part.size() && index < value.size();
  return is_index ? &value[index] : nullptr;
}

}  // namespace

std::string readable_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "(empty)";
  if (!value.is_array()) return base::dump_json(value);
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ", ") + readable_text(item);
  return text;
}

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  if (text.size() > kTemplateSizeMax)
    return Error{ErrorCode::kLimit, fmt::format("a template of {} bytes; at most {}", text.size(), kTemplateSizeMax)};
  TextTemplate made;
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && is_doubled) {
      literal += text[i++];
    } else if (text[i] == '}') {
      return at(i, "\"}\" closes nothing; write \"}}\" for a brace");
    } else if (text[i] != '{') {
      literal += text[i];
    } else {
      const size_t end = text.find('}', i);
      if (end == std::string_view::npos) return at(i, "\"{\" is not closed; write \"{{\" for a brace");
      made.parts_.push_back({std::exchange(literal, ""), TRY(read_path(text.substr(i + 1, end - i - 1), i))});
      i = end;
    }
  }
  if (!literal.empty()) made.parts_.push_back({std::move(literal), {}});
  return made;
}

Result<TextTemplate::Rendered> TextTemplate::render(const Json& value) const {
  Rendered rendered;
  for (const Part& part : parts_) {
    rendered.text += part.literal;
    if (part.path.empty()) continue;
    const std::string path = fmt::format("{}", fmt::join(part.path, "."));
    const Json* found = &value;
    for (const std::string& name : part.path) {
      found = member_of(*found, name);
      if (found == nullptr)
        return Error{ErrorCode::kNotFound, fmt::format("there is no \"{}\" to put into the text", path)};
    }
    const size_t begin = rendered.text.size();
    rendered.text += readable_text(*found);
    rendered.places.push_back({begin, rendered.text.size(), path});
    if (rendered.text.size() > kRenderedSizeMax)
      return Error{ErrorCode::kLimit, fmt::format("the text has more than {} bytes", kRenderedSizeMax)};
  }
  return rendered;
}

std::vector<std::vector<std::string>> TextTemplate::paths() const {
  std::vector<std::vector<std::string>> paths;
  for (const Part& part : parts_) {
    if (!part.path.empty()) paths.push_back(part.path);
  }
  return paths;
}

}  // namespace cadre::agent
