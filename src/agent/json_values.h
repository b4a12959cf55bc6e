// What the journal's payloads are made of: names of enumerators, numbers, strings that need not be UTF-8, errors, verdicts.
//
// What comes from a journal is outside input: a missing or mistyped key is an Error (kCorrupt, or kInvalid from base/json.h) that names
// it. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/verdict.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

// kCorrupt, with this message.
Error damaged(std::string message);

template <class Enum, size_t N>
using Names = std::array<std::pair<Enum, const char*>, N>;

template <class Enum, size_t N>
const char* name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

template <class Enum, size_t N>
Result<Enum> enum_at(const Names<Enum, N>& names, const base::Json& object, const char* key) {
  const std::string text = TRY(base::json_string(object, key));
  for (const auto& [value, name] : names) {
    if (text == name) return value;
  }
  return damaged(fmt::format("\"{}\": unknown name \"{}\"", key, text));
}

inline void add_members(base::Json::object_t&) {}
template <class Value, class... Rest>
void add_members(base::Json::object_t& object, const char* key, Value&& value, Rest&&... rest) {
  object.emplace_back(key, base::Json(std::forward<Value>(value)));
  add_members(object, std::forward<Rest>(rest)...);
}

// object_of("key", value, ...): for what runs write by the hundred. A nested initialiser list would build an array of
// arrays first: 64 us for the records of one run against 36 (bench/run.cc).
template <class... Members>
base::Json object_of(Members&&... members) {
  base::Json json = base::Json::object();
  auto& object = json.get_ref<base::Json::object_t&>();
  object.reserve(sizeof...(members) / 2);
  add_members(object, std::forward<Members>(members)...);
  return json;
}

// A number, or NaN for null: JSON has no NaN, a model may have produced one, and the record must still be readable.
Result<double> real_at(const base::Json& object, const char* key);

// A string as it is, or {"hex": ...} where it is not UTF-8.
base::Json bytes_to_json(const std::string& bytes);
Result<std::string> bytes_from_json(const base::Json& value);
Result<std::string> bytes_at(const base::Json& object, const char* key);

template <class T, class Parse>
Result<std::vector<T>> vector_at(const base::Json& object, const char* key, Parse parse) {
  const base::Json* array = TRY(base::json_array(object, key));
  std::vector<T> values;
  values.reserve(array->size());
  for (const base::Json& item : *array) values.push_back(TRY(parse(item)));
  return values;
}

template <class T, class Parse>
Result<T> object_at(const base::Json& object, const char* key, Parse parse) {
  const base::Json* value = TRY(base::json_object(object, key));
  return parse(*value);
}

template <class T, class Dump>
base::Json vector_to_json(const std::vector<T>& values, Dump dump) {
  base::Json array = base::Json::array();
  for (const T& value : values) array.push_back(dump(value));
  return array;
}

// The member itself; kCorrupt if there is none.
Result<base::Json> member_at(const base::Json& object, const char* key);

// What came from outside and is to stand in a record of the journal: kLimit if it is nested more than kRecordedDepthMax deep or would have more
// than about kRecordedSizeMax bytes. Both leave room for what a record puts around it.
inline constexpr int kRecordedDepthMax = 100;
inline constexpr size_t kRecordedSizeMax = 4 << 20;
Result<void> check_fits_a_record(const base::Json& value);

// Equality in the sense of JSON Schema: numbers by value, members in any order. False for what is no JSON (a name twice).
bool is_same_value(const base::Json& a, const base::Json& b);

// Where two values first differ, as a JSON pointer ("/" for the whole, " (gone)" and " (new)" behind members that only one of them has);
// empty where they do not. Numbers are compared as they are written.
std::string first_difference(const base::Json& before, const base::Json& after);

base::Json error_to_json(const std::optional<Error>& error);  // null for none
Result<std::optional<Error>> error_at(const base::Json& object, const char* key);

base::Json verdict_to_json(const Verdict& verdict);
Result<Verdict> verdict_from_json(const base::Json& json);

// What a pointer of names leads to ("/order/items", "" is the value itself); null: there is nothing at that place.
const base::Json* at_pointer(const base::Json& value, const std::string& pointer);
inline base::Json* at_pointer(base::Json& value, const std::string& pointer) {
  return const_cast<base::Json*>(at_pointer(std::as_const(value), pointer));
}

}  // namespace cadre::agent
