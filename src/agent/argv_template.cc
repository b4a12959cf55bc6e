// SPDX-License-Identifier: Apache-2.0
#include "agent/argv_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/object_schema.h"
#include "agent/url_template.h"

namespace cadre::agent {
namespace {

using base::Json;

Error entry_error(std::string_view text, std::string_view why) {
  return Error{ErrorCode::kInvalid, fmt::format("the entry \"{}\": {}", text, why)};
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && name.find_first_of("{}?. ") == std::string_view::npos;
}

Result<std::string> entry_of(const std::string& literal, const std::string& name, const Json& value,
                             bool may_begin_with_dash) {
  std::string text = literal + TRY(argument_text(name, value));
  if (text.find('\0') != std::string::npos)
    return Error{ErrorCode::kInvalid, fmt::format("argument \"{}\" holds a NUL", name)};
  if (literal.empty() && text.starts_with('-') && !may_begin_with_dash)
    return Error{ErrorCode::kInvalid,
                 fmt::format("argument \"{}\" begins with \"-\", and the program could take it for an option", name)};
  return text;
}

}  // namespace

Result<ArgvTemplate::Entry> ArgvTemplate::parse_entry(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return entry_error(text, "it holds a NUL");
  Entry entry;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_brace = c == '{' || c == '}';
    const bool is_doubled = is_brace && i + 1 < text.size() && text[i + 1] == c;
    if (!is_brace || is_doubled) {
      entry.literal.push_back(c);
      i += is_doubled ? 1 : 0;
      continue;
    }
    if (c == '}') return entry_error(text, "a \"}\" has no \"{\"; write \"}}\" for a brace");
    if (text.back() != '}') return entry_error(text, "a place must be the end of it; write \"{{\" for a brace");
    std::string_view name = text.substr(i + 1, text.size() - i - 2);
    entry.place = name.ends_with("...") ? Place::kList : name.ends_with('?') ? Place::kOptional : Place::kRequired;
    name.remove_suffix(entry.place == Place::kList ? 3 : entry.place == Place::kOptional ? 1 : 0);
    if (!is_parameter_name(name)) return entry_error(text, "a place is {name}, {name?} or {name...}");
    entry.argument = name;
    break;
  }
  return entry;
}

Result<ArgvTemplate> ArgvTemplate::parse(const std::vector<std::string>& entries) {
  ArgvTemplate result;
  bool is_after_options = false;
  for (const std::string& text : entries) {
    Entry entry = TRY(parse_entry(text));
    entry.may_begin_with_dash = is_after_options;
    is_after_options = is_after_options || (entry.place == Place::kNone && entry.literal == "--");
    result.entries_.push_back(std::move(entry));
  }
  if (result.entries_.empty() || result.entries_[0].place != Place::kNone || result.entries_[0].literal.empty())
    return Error{ErrorCode::kInvalid, "the first entry must be a program, without a place"};
  return result;
}

bool ArgvTemplate::has_places() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.place != Place::kNone; });
}

Result<std::vector<std::string>> ArgvTemplate::fill(const Json& arguments) const {
  if (!arguments.is_object()) return Error{ErrorCode::kInvalid, "the arguments are not an object"};
  std::vector<std::string> argv;
  for (const Entry& entry : entries_) {
    if (entry.place == Place::kNone) {
      argv.push_back(entry.literal);
      continue;
    }
    const auto found = arguments.find(entry.argument);
    if (found == arguments.end() || found->is_null()) {
      if (entry.place != Place::kRequired) continue;
      return Error{ErrorCode::kInvalid, fmt::format("argument \"{}\" is missing", entry.argument)};
    }
    if (entry.place != Place::kList) {
      argv.push_back(TRY(entry_of(entry.literal, entry.argument, *found, entry.may_begin_with_dash)));
      continue;
    }
    if (!found->is_array())
      return Error{ErrorCode::kInvalid, fmt::format("argument \"{}\" is not a list", entry.argument)};
    for (const Json& item : *found)
      argv.push_back(TRY(entry_of(entry.literal, entry.argument, item, entry.may_begin_with_dash)));
  }
  return argv;
}

Json ArgvTemplate::input_schema() const {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Entry& entry : entries_) {
    if (entry.place == Place::kNone) continue;
    Json& property = properties[entry.argument];
    const Json types = {"string", "number", "boolean"};
    if (entry.place == Place::kList) {
      property = {{"type", {"array", "null"}}, {"items", {{"type", types}}}};
    } else if (entry.place == Place::kOptional) {
      property = {{"type", {"string", "number", "boolean", "null"}}};
    } else {
      property = {{"type", types}};
      if (std::find(required.begin(), required.end(), entry.argument) == required.end())
        required.push_back(entry.argument);
    }
  }
  return object_schema(properties, required);
}

}  // namespace cadre::agent
