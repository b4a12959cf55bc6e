// A parsed JSON text as contracts see it: numbers exact, members in order, names unique.
//
// Reading is strict RFC 8259, by a reader of our own: the JSON library's refuses numbers beyond a double (1e400), which
// contracts must judge exactly. Refused with the byte position: malformed text, invalid UTF-8, a lone surrogate escape, a
// name twice in one object (two parsers would disagree about which one counts), a depth over `depth_max`, an exponent beyond
// Decimal's limit. Reading, destroying, comparing and hashing do not recurse deeper than `depth_max`.
// Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "contract/decimal.h"

namespace cadre::contract {

inline constexpr size_t kDocumentDepthMax = 1024;

enum class JsonKind : uint8_t { kNull, kFalse, kTrue, kNumber, kString, kArray, kObject };

struct JsonValue {
  // Declared here and defined below: a pair of a type that is still incomplete must not be instantiated inside it.
  JsonValue();
  JsonValue(const JsonValue&);
  JsonValue(JsonValue&&) noexcept;
  JsonValue& operator=(const JsonValue&);
  JsonValue& operator=(JsonValue&&) noexcept;
  ~JsonValue();

  JsonKind kind = JsonKind::kNull;
  // kNumber: spelt without fraction and exponent (1.0 and 1e2 are not), and the bytes it is spelt with; no part of the value.
  bool is_plain_integer = false;
  uint32_t number_size_bytes = 0;
  Decimal number;    // kNumber
  std::string text;  // kString: decoded UTF-8
  std::vector<JsonValue> items;                            // kArray
  std::vector<std::pair<std::string, JsonValue>> members;  // kObject, in the order of the text

  // The member of that name, or null. Linear.
  const JsonValue* find(std::string_view name) const;
};

inline JsonValue::JsonValue() = default;
inline JsonValue::JsonValue(const JsonValue&) = default;
inline JsonValue::JsonValue(JsonValue&&) noexcept = default;
inline JsonValue& JsonValue::operator=(const JsonValue&) = default;
inline JsonValue& JsonValue::operator=(JsonValue&&) noexcept = default;
inline JsonValue::~JsonValue() = default;

Result<JsonValue> parse_document(std::string_view text, size_t depth_max = kDocumentDepthMax);

// Equality in the sense of JSON Schema: numbers by value, members in any order.
bool same_value(const JsonValue& a, const JsonValue& b);
// Equal values have equal hashes.
uint64_t hash_value(const JsonValue& value);
// Compact text (no spaces, members in order, minimal escapes); parses back to a same_value.
std::string write_document(const JsonValue& value);

}  // namespace cadre::contract
