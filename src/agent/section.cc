// SPDX-License-Identifier: Apache-2.0
#include "agent/section.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace cadre::agent {

using base::Json;

namespace {

constexpr size_t kShownSizeMax = 400;  // bytes of a document's text in a message

}  // namespace

std::string cut_short(std::string text) {
  return text.size() <= kShownSizeMax ? std::move(text) : text.substr(0, kShownSizeMax) + "...";
}

std::string in_quotes(std::string_view text) {
  return base::dump_json(Json(cut_short(std::string(text))));
}

std::string described(const Json& value) {
  if (value.is_null()) return "nothing";
  if (value.is_object()) return "a map";
  if (value.is_array()) return "a list";
  if (value.is_string()) return fmt::format("the text {}", in_quotes(value.get_ref<const std::string&>()));
  return cut_short(base::dump_json(value));
}

bool is_entry_name(std::string_view text) {
  const auto is_legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_legal);
}

text::YamlPlace Reading::place_of(std::string_view pointer) const {
  if (places == nullptr) return {};
  const auto found = places->find(pointer);
  return found == places->end() ? text::YamlPlace{} : found->second;
}

void Reading::refuse(const std::string& pointer, std::string what) {
  const text::YamlPlace place = place_of(pointer);
  if (places == nullptr) what = fmt::format("{}: {}", pointer.empty() ? "the whole of it" : cut_short(pointer), what);
  problems.emplace_back(place.line, place.column, std::move(what));
}

std::string Reading::absolute(const std::string& given) const {
  return (std::filesystem::path(folder) / given).lexically_normal().string();
}

Error Reading::error() {
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
  });
  std::string message;
  for (const auto& [line, column, what] : problems) {
    if (!message.empty()) message += "\n";
    message +=
        places == nullptr ? fmt::format("{}: {}", path, what) : fmt::format("{}:{}:{}: {}", path, line, column, what);
  }
  return Error{ErrorCode::kInvalid, std::move(message)};
}

Section::Section(Reading& reading, const Json& map, std::string pointer)
    : reading_(reading), map_(map), pointer_(std::move(pointer)) {
  if (!map_.is_object())
    reading_.refuse(pointer_, fmt::format("a map of keys is expected here, not {}", described(map_)));
}

const Json* Section::find(const char* key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  if (!map_.is_object()) return nullptr;
  const auto found = map_.find(key);
  return found == map_.end() || found->is_null() ? nullptr : &*found;
}

const Json* Section::required(const char* key, const char* example) {
  const Json* value = find(key);
  if (value == nullptr && map_.is_object())
    refuse(map_.contains(key) ? key : "", fmt::format("key \"{}\" needs a value, like \"{}: {}\"", key, key, example));
  return value;
}

void Section::path_to_be_made(const char* key, std::string& out) {
  text(key, out);
  if (!out.empty()) out = reading_.absolute(out);
}

bool Section::integer(const char* key, int64_t low, int64_t high, int64_t& out) {
  const Json* value = find(key);
  if (value == nullptr) return false;
  const bool fits = value->is_number_integer() && value->get<int64_t>() >= low && value->get<int64_t>() <= high;
  if (fits)
    out = value->get<int64_t>();
  else
    refuse(key, fmt::format("\"{}\" must be a whole number from {} to {}, not {}", key, low, high, described(*value)));
  return fits;
}

void Section::integer(const char* key, int64_t low, int64_t high, std::optional<int64_t>& out) {
  int64_t value = 0;
  if (integer(key, low, high, value)) out = value;
}

void Section::share(const char* key, std::optional<double>& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  const double number = value->is_number() ? value->get<double>() : -1;
  if (number >= 0 && number <= 1)
    out = number;
  else
    refuse(key, fmt::format("\"{}\" must be a probability from 0 to 1, not {}", key, described(*value)));
}

void Section::amount(const char* key, double& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  const double number = value->is_number() ? value->get<double>() : -1;
  if (number >= 0 && number <= 1e9)
    out = number;
  else
    refuse(key, fmt::format("\"{}\" must be a number from 0 to a billion, not {}", key, described(*value)));
}

void Section::texts(const char* key, const char* example, std::vector<std::string>& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (!value->is_array()) {
    refuse(key, fmt::format("\"{}\" must be a list of texts, like {}, not {}", key, example, described(*value)));
    return;
  }
  for (size_t i = 0; i < value->size(); ++i) {
    const Json& item = (*value)[i];
    if (item.is_string() && !item.get_ref<const std::string&>().empty())
      out.push_back(item.get<std::string>());
    else
      reading_.refuse(text::yaml_pointer(below(key), std::to_string(i)),
                      fmt::format("\"{}\" lists texts, like {}, not {}", key, example, described(item)));
  }
}

void Section::object(const char* key, Json& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (value->is_object())
    out = *value;
  else
    refuse(key, fmt::format("\"{}\" must be a map, not {}", key, described(*value)));
}

void Section::flag(const char* key, bool& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  if (value->is_boolean())
    out = value->get<bool>();
  else
    refuse(key, fmt::format("\"{}\" must be true or false, not {}", key, described(*value)));
}

void Section::pointers(const char* key, std::vector<std::string>& out) {
  const Json* value = find(key);
  if (value == nullptr) return;
  for (const Json& item : *value) {
    const bool is_pointer = item.is_string() && (item.get_ref<const std::string&>().empty() ||
                                                 item.get_ref<const std::string&>().starts_with("/"));
    if (is_pointer) out.push_back(item.get<std::string>());
  }
  if (!value->is_array() || out.size() != value->size())
    refuse(key, fmt::format("\"{}\" must be a list of JSON pointers, like [\"/text\"] or [\"\"] for all, not {}", key,
                            described(*value)));
}

void Section::take_all() {
  if (!map_.is_object()) return;
  for (const auto& [key, value] : map_.items()) known_.push_back(key);
}

void Section::refuse(std::string_view key, std::string what) {
  reading_.refuse(key.empty() ? pointer_ : below(key), std::move(what));
}

void Section::take_text(const char* key, const Json* value, std::string& out) {
  if (value == nullptr) return;
  if (value->is_string() && !value->get_ref<const std::string&>().empty())
    out = value->get<std::string>();
  else
    refuse(key, fmt::format("\"{}\" must be a text, not {}; put it in quotes if it is one", key, described(*value)));
}

void Section::take_file(const char* key, const Json* value, std::string& out) {
  std::string given;
  take_text(key, value, given);
  if (given.empty()) return;
  if (given.find('\0') != std::string::npos) {
    refuse(key, fmt::format("\"{}\": {} is no path", key, in_quotes(given)));
    return;
  }
  out = reading_.absolute(given);
  if (!reading_.exists(out))
    refuse(key, fmt::format("\"{}\": there is no file {}; paths are relative to the cadre file", key, in_quotes(out)));
}

void Section::refuse_the_others() {
  if (!map_.is_object()) return;
  for (const auto& [key, value] : map_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    refuse(key, fmt::format("unknown key {}; known here: {}", in_quotes(key), fmt::join(known_, ", ")));
  }
}

}  // namespace cadre::agent
