// SPDX-License-Identifier: Apache-2.0
#include "text/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>

#include "base/file.h"

namespace cadre::text {

using base::Json;

namespace {

std::string place(std::string_view name, const YAML::Mark& mark, std::string_view what) {
  if (mark.is_null()) return fmt::format("{}: {}", name, what);
  return fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, what);
}

Json plain_scalar(const std::string& text) {
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true") return true;
  if (text == "false") return false;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  int64_t integer = 0;
  if (const auto [at, code] = std::from_chars(begin, end, integer); at == end && code == std::errc()) return integer;
  double number = 0;
  if (const auto [at, code] = std::from_chars(begin, end, number);
      at == end && code == std::errc() && std::isfinite(number))
    return number;
  return text;
}

// Thrown through yaml-cpp's parser by the builder below, and caught in parse_yaml.
struct Refusal {
  std::string message;
};

// Builds the JSON from the parser's events: nothing is expanded and the depth is known before a value exists.
class JsonBuilder final : public YAML::EventHandler {
 public:
  explicit JsonBuilder(std::string_view name) : name_(name) {}

  YamlDocument take() { return {std::move(root_), std::move(places_)}; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(mark, nullptr);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not supported; write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    if (tag != "?" && tag != "!" && !tag.empty()) refuse(mark, fmt::format("tag \"{}\" is not supported", tag));
    const bool is_key = !open_.empty() && open_.back().value.is_object() && !open_.back().key;
    if (is_key) {
      if (open_.back().value.contains(value)) refuse(mark, fmt::format("key \"{}\" appears twice", value));
      open_.back().key = value;
      places_[yaml_pointer(open_.back().pointer, value)] = place_of(mark);
    } else {
      add(mark, tag == "!" ? Json(value) : plain_scalar(value));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::array());
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Json::object());
  }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    Json value;
    std::optional<std::string> key;  // of a map, waiting for its value
    YAML::Mark mark;
    std::string pointer;
  };

  static YamlPlace place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

  // The pointer of the value that comes next; the place of a member is that of its key, which is known by now.
  std::string next_pointer(const YAML::Mark& mark) {
    if (open_.empty()) {
      places_[""] = place_of(mark);
      return "";
    }
    const Open& parent = open_.back();
    if (parent.key) return yaml_pointer(parent.pointer, *parent.key);
    std::string pointer = yaml_pointer(parent.pointer, std::to_string(parent.value.size()));
    places_[pointer] = place_of(mark);
    return pointer;
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what) const {
    throw Refusal{place(name_, mark, what)};
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    if (anchor != YAML::NullAnchor) refuse(mark, "anchors are not supported; write the value out");
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Json value) {
    refuse_anchor(mark, anchor);
    if (tag != "?" && !tag.empty()) refuse(mark, fmt::format("tag \"{}\" is not supported", tag));
    if (!open_.empty() && open_.back().value.is_object() && !open_.back().key)
      refuse(mark, "a key must be a plain word or a string");
    if (open_.size() >= kYamlDepthMax) refuse(mark, fmt::format("nests deeper than {} levels", kYamlDepthMax));
    std::string pointer = next_pointer(mark);
    open_.push_back({std::move(value), std::nullopt, mark, std::move(pointer)});
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    put(closed.mark, std::move(closed.value));
  }

  void add(const YAML::Mark& mark, Json value) {
    next_pointer(mark);
    put(mark, std::move(value));
  }

  void put(const YAML::Mark& mark, Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.is_array()) {
      open_.back().value.push_back(std::move(value));
    } else if (open_.back().key) {
      open_.back().value[*open_.back().key] = std::move(value);
      open_.back().key.reset();
    } else {
      refuse(mark, "a key must be a plain word or a string");
    }
  }

  std::string name_;
  std::vector<Open> open_;
  Json root_;
  YamlPlaces places_;
};

}  // namespace

std::string yaml_pointer(std::string_view pointer, std::string_view key) {
  std::string below = std::string(pointer) + "/";
  for (const char c : key) {
    if (c == '~' || c == '/')
      below += c == '~' ? "~0" : "~1";
    else
      below += c;
  }
  return below;
}

Result<Json> parse_yaml(std::string_view text, std::string_view name) {
  YamlDocument document = TRY(parse_yaml_document(text, name));
  return std::move(document.value);
}

Result<YamlDocument> parse_yaml_document(std::string_view text, std::string_view name) {
  if (text.size() > kYamlBytesMax)
    return Error{ErrorCode::kLimit,
                 fmt::format("{}: {} bytes, a YAML file may have {}", name, text.size(), kYamlBytesMax)};
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    JsonBuilder builder(name);
    if (!parser.HandleNextDocument(builder)) return Error{ErrorCode::kInvalid, fmt::format("{}: empty document", name)};
    JsonBuilder rest(name);
    if (parser.HandleNextDocument(rest))
      return Error{ErrorCode::kInvalid, fmt::format("{}: holds more than one document", name)};
    return builder.take();
  } catch (const Refusal& refusal) {
    return Error{ErrorCode::kInvalid, refusal.message};
  } catch (const YAML::Exception& error) {
    return Error{ErrorCode::kInvalid, place(name, error.mark, error.msg)};
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalid, fmt::format("{}: {}", name, error.what())};
  }
}

Result<Json> load_yaml(const std::string& path) {
  const std::string text = TRY(base::read_file(path, kYamlBytesMax));
  return parse_yaml(text, path);
}

}  // namespace cadre::text
