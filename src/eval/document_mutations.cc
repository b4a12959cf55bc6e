// SPDX-License-Identifier: Apache-2.0
#include "eval/document_mutations.h"

#include <array>

namespace cadre::eval {

using base::Json;

namespace {

constexpr size_t kPoolMax = 400;  // names and constants remembered of one schema
constexpr int kDepthMax = 40;     // of the schema and of a document looked at

constexpr std::array<std::string_view, 9> kTexts = {
    "", "a", "ab", "2024-02-30", "x@y.org", "\xC3\xA9", "\xF0\x9F\x98\x80", "\"\\", "0"};

}  // namespace

DocumentMutations::DocumentMutations(std::string_view schema, base::Random random) : random_(random) {
  const auto parsed = base::parse_json(schema);
  if (parsed.ok()) collect(*parsed, 0);
  for (const char* number : {"0", "1", "-1", "1.5", "10", "100", "1e2", "0.1"}) leaves_.push_back(Json::parse(number));
  for (const auto text : kTexts) leaves_.emplace_back(std::string(text));
  for (const char* literal : {"null", "true", "false"}) leaves_.push_back(Json::parse(literal));
  if (names_.empty()) names_.emplace_back("a");
}

void DocumentMutations::collect(const Json& value, int depth) {
  if (depth > kDepthMax) return;
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (names_.size() < kPoolMax) names_.push_back(key);
      collect(member, depth + 1);
    }
  } else if (value.is_array()) {
    for (const Json& item : value) collect(item, depth + 1);
  } else if (leaves_.size() < kPoolMax) {
    leaves_.push_back(value);
    if (value.is_string() && names_.size() < kPoolMax) names_.push_back(value.get<std::string>());
  }
}

std::string DocumentMutations::name() {
  return names_[random_.below(names_.size())];
}

Json DocumentMutations::leaf() {
  Json value = leaves_[random_.below(leaves_.size())];
  if (random_.chance(0.3)) change(value);
  return value;
}

Json DocumentMutations::value(int depth) {
  const uint64_t kind = depth == 0 ? 0 : random_.below(4);
  if (kind <= 1) return leaf();
  Json result = kind == 2 ? Json::object() : Json::array();
  for (uint64_t i = random_.below(5); i > 0; --i) {
    if (kind == 2)
      result[name()] = value(depth - 1);
    else
      result.push_back(value(depth - 1));
  }
  return result;
}

// A random value inside: goes down with some chance at each container.
Json* DocumentMutations::pick(Json& root) {
  Json* at = &root;
  for (int depth = 0; depth < kDepthMax && at->is_structured() && !at->empty() && random_.chance(0.75); ++depth) {
    auto child = at->begin();
    std::advance(child, static_cast<ptrdiff_t>(random_.below(at->size())));
    at = &*child;
  }
  return at;
}

void DocumentMutations::change_text(std::string& text) {
  const size_t at = random_.below(text.size() + 1);
  switch (random_.below(4)) {
    case 0:
      text += kTexts[random_.below(kTexts.size())];
      break;
    case 1:
      text.clear();
      break;
    case 2:
      if (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80)
        text[at] = static_cast<char>(0x20 + random_.below(0x5f));
      break;
    default:
      while (!text.empty() && (static_cast<uint8_t>(text.back()) & 0xC0) == 0x80) text.pop_back();
      if (!text.empty()) text.pop_back();
  }
}

void DocumentMutations::change(Json& value) {
  if (random_.chance(0.2)) {
    value = this->value(1);
  } else if (value.is_string()) {
    auto text = value.get<std::string>();
    change_text(text);
    value = text;
  } else if (value.is_number_integer()) {
    value = value.get<int64_t>() / 2 + static_cast<int64_t>(random_.below(5)) - 2;
  } else if (value.is_number()) {
    value = value.get<double>() * 0.5 + 0.25;
  } else if (value.is_boolean()) {
    value = !value.get<bool>();
  } else if (value.is_null()) {
    value = leaf();
  } else if (value.is_array()) {
    const size_t at = value.empty() ? 0 : random_.below(value.size());
    if (value.empty() || random_.chance(0.3))
      value.push_back(this->value(1));
    else if (random_.chance(0.5))
      value.erase(at);
    else
      value.push_back(Json(value[at]));
  } else if (value.empty() || random_.chance(0.3)) {
    value[name()] = this->value(1);
  } else {
    auto member = value.begin();
    std::advance(member, static_cast<ptrdiff_t>(random_.below(value.size())));
    const Json old = member.value();
    value.erase(member);
    if (random_.chance(0.4)) value[name()] = old;
  }
}

std::string DocumentMutations::change_bytes(std::string text) {
  constexpr std::string_view kBytes = "{}[]\",:\\ 0-.eEtn\n\x01\x80\xC3\xFF";
  const size_t at = random_.below(text.size() + 1);
  const char byte = random_.chance(0.8) ? kBytes[random_.below(kBytes.size())] : static_cast<char>(random_.below(256));
  switch (random_.below(4)) {
    case 0:
      text.insert(at, 1, byte);
      break;
    case 1:
      if (at < text.size()) text.erase(at, 1);
      break;
    case 2:
      if (at < text.size()) text[at] = byte;
      break;
    default:
      text.resize(at);
  }
  return text;
}

std::string DocumentMutations::mutate(std::string_view document) {
  if (random_.chance(0.15)) return change_bytes(std::string(document));
  auto parsed = base::parse_json(document);
  if (!parsed.ok()) return change_bytes(std::string(document));
  for (uint64_t i = 1 + random_.below(3); i > 0; --i) change(*pick(*parsed));
  return base::dump_json(*parsed);
}

}  // namespace cadre::eval
