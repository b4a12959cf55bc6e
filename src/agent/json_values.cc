// SPDX-License-Identifier: Apache-2.0
#include "agent/json_values.h"

#include <limits>

#include "contract/json_document.h"
#include "text/words.h"

namespace cadre::agent {

using base::Json;

namespace {

constexpr Names<Severity, 2> kSeverities = {{{Severity::kReject, "reject"}, {Severity::kDoubt, "doubt"}}};
constexpr std::array kErrorCodes = {ErrorCode::kInvalid, ErrorCode::kNotFound,  ErrorCode::kUnsupported,
                                    ErrorCode::kLimit,   ErrorCode::kIo,        ErrorCode::kBusy,
                                    ErrorCode::kCorrupt, ErrorCode::kTimeout,   ErrorCode::kUnavailable,
                                    ErrorCode::kDenied,  ErrorCode::kCancelled, ErrorCode::kInternal};

Result<ErrorCode> error_code_at(const Json& object, const char* key) {
  const std::string name = TRY(base::json_string(object, key));
  for (const ErrorCode code : kErrorCodes) {
    if (name == base::error_code_name(code)) return code;
  }
  return damaged(fmt::format("\"{}\": unknown name \"{}\"", key, name));
}

int lower_hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string pointer_token(const std::string& name) {
  std::string out = "/";
  for (const char c : name) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

std::string difference_below(const Json& before, const Json& after, const std::string& pointer) {
  if (before.is_object() && after.is_object()) {
    for (const auto& [name, value] : before.items()) {
      const std::string at = pointer + pointer_token(name);
      if (!after.contains(name)) return at + " (gone)";
      if (auto inside = difference_below(value, after[name], at); !inside.empty()) return inside;
    }
    for (const auto& [name, value] : after.items())
      if (!before.contains(name)) return pointer + pointer_token(name) + " (new)";
    return "";
  }
  if (before.is_array() && after.is_array() && before.size() == after.size()) {
    for (size_t i = 0; i < before.size(); ++i) {
      auto inside = difference_below(before[i], after[i], fmt::format("{}/{}", pointer, i));
      if (!inside.empty()) return inside;
    }
    return "";
  }
  return base::dump_json(before) == base::dump_json(after) ? "" : (pointer.empty() ? "/" : pointer);
}

}  // namespace

bool is_same_value(const Json& a, const Json& b) {
  const auto left = contract::parse_document(base::dump_json(a));
  const auto right = contract::parse_document(base::dump_json(b));
  return left.ok() && right.ok() && contract::same_value(*left, *right);
}

std::string first_difference(const Json& before, const Json& after) {
  return difference_below(before, after, "");
}

Error damaged(std::string message) {
  return Error{ErrorCode::kCorrupt, std::move(message)};
}

Result<double> real_at(const Json& object, const char* key) {
  if (object.is_object() && object.contains(key) && object[key].is_null())
    return std::numeric_limits<double>::quiet_NaN();
  return base::json_number(object, key);
}

Json bytes_to_json(const std::string& bytes) {
  if (text::is_valid_utf8(bytes)) return bytes;
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return Json{{"hex", hex}};
}

Result<std::string> bytes_from_json(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  const std::string hex = TRY(base::json_string(value, "hex"));
  if (hex.size() % 2 != 0) return damaged("\"hex\": an odd number of digits");
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = lower_hex_digit(hex[i]);
    const int low = lower_hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return damaged("\"hex\": not hexadecimal");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Result<std::string> bytes_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return damaged(fmt::format("\"{}\" is missing", key));
  return bytes_from_json(object[key]);
}

Result<Json> member_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return damaged(fmt::format("\"{}\" is missing", key));
  return object[key];
}

Json error_to_json(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", base::error_code_name(error->code)}, {"message", bytes_to_json(error->message)}};
}

Result<std::optional<Error>> error_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return damaged(fmt::format("\"{}\" is missing", key));
  const Json& value = object[key];
  if (value.is_null()) return std::optional<Error>();
  const ErrorCode code = TRY(error_code_at(value, "code"));
  return std::optional<Error>(Error{code, TRY(bytes_at(value, "message"))});
}

Json verdict_to_json(const Verdict& verdict) {
  Json json = object_of("rule", verdict.rule, "passed", verdict.passed, "severity",
                        name_of(kSeverities, verdict.severity), "evidence", bytes_to_json(verdict.evidence));
  if (verdict.weight) json["weight"] = *verdict.weight;
  return json;
}

Result<Verdict> verdict_from_json(const Json& json) {
  Verdict verdict;
  verdict.rule = TRY(base::json_string(json, "rule"));
  verdict.passed = TRY(base::json_bool(json, "passed"));
  verdict.severity = TRY(enum_at(kSeverities, json, "severity"));
  verdict.evidence = TRY(bytes_at(json, "evidence"));
  if (json.contains("weight")) verdict.weight = TRY(base::json_number(json, "weight"));
  return verdict;
}

namespace {

struct Extent {
  size_t size = 0;
  bool is_too_deep = false;
};

// JSON writes up to six bytes for one of a string; most are written as they are.
void measure(const base::Json& value, int depth, Extent& extent) {
  constexpr size_t kNumberSize = 8;
  if (depth > kRecordedDepthMax) extent.is_too_deep = true;
  if (extent.is_too_deep || extent.size > kRecordedSizeMax) return;
  extent.size += value.is_string() ? value.get_ref<const std::string&>().size() : kNumberSize;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      extent.size += name.size();
      measure(member, depth + 1, extent);
    }
  } else if (value.is_array()) {
    for (const base::Json& item : value) measure(item, depth + 1, extent);
  }
}

}  // namespace

Result<void> check_fits_a_record(const base::Json& value) {
  Extent extent;
  measure(value, 0, extent);
  if (extent.is_too_deep)
    return Error{ErrorCode::kLimit,
                 fmt::format("a value nested more than {} deep cannot be recorded", kRecordedDepthMax)};
  if (extent.size > kRecordedSizeMax)
    return Error{ErrorCode::kLimit, fmt::format("a value of more than {} bytes cannot be recorded", kRecordedSizeMax)};
  return {};
}

const Json* at_pointer(const Json& value, const std::string& pointer) {
  const Json* at = &value;
  for (size_t begin = 1; begin <= pointer.size();) {
    const size_t end = std::min(pointer.find('/', begin), pointer.size());
    const std::string name = pointer.substr(begin, end - begin);
    if (!at->is_object() || !at->contains(name)) return nullptr;
    at = &(*at)[name];
    begin = end + 1;
  }
  return at;
}

}  // namespace cadre::agent
