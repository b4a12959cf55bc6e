// One map of a document that people write (a cadre file, a contract), read key by key.
//
// A Section gives out the values of the keys that it is asked for, and at its end refuses the keys that nobody asked for. What is wrong is
// collected, not returned, so that a reader sees every problem at once: each with its line and column where the document was YAML, with
// its JSON pointer where it was not. Out-parameters keep their value where a key is missing or wrong. Thread safety: one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "text/yaml.h"

namespace cadre::agent {

// Texts of the document in messages: quoted, control characters escaped, so that a problem stays one line; long ones cut.
std::string in_quotes(std::string_view text);
// The first 400 bytes, with "..." if there are more.
std::string cut_short(std::string text);
// What stands there, in words.
std::string described(const base::Json& value);

// [A-Za-z0-9_.-]{1,64}
bool is_entry_name(std::string_view text);
inline constexpr const char* kEntryNameRule = "a name has 1 to 64 of the characters A-Z a-z 0-9 _ . -";

// The document, and what was found wrong with it so far.
struct Reading {
  const text::YamlPlaces* places = nullptr;  // null: of a document without lines
  std::string path;                          // names it in messages
  std::string folder;                        // what paths in it are relative to
  std::function<bool(const std::string& path)> exists;
  std::vector<std::tuple<int, int, std::string>> problems;  // line, column, what

  text::YamlPlace place_of(std::string_view pointer) const;
  void refuse(const std::string& pointer, std::string what);
  std::string absolute(const std::string& given) const;
  // kInvalid: every problem on a line of its own, in the order of the document.
  Error error();
};

class Section {
 public:
  Section(Reading& reading, const base::Json& map, std::string pointer);
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section() { refuse_the_others(); }

  // Does the key stand there with a value? Does not ask for it.
  bool has(const char* key) const { return map_.is_object() && map_.contains(key) && !map_[key].is_null(); }
  // Null: the key is missing, or stands there without a value.
  const base::Json* find(const char* key);
  const base::Json* required(const char* key, const char* example);

  void text(const char* key, std::string& out) { take_text(key, find(key), out); }
  void required_text(const char* key, const char* example, std::string& out) {
    take_text(key, required(key, example), out);
  }
  // A file that must exist; made absolute.
  void file(const char* key, std::string& out) { take_file(key, find(key), out); }
  void required_file(const char* key, const char* example, std::string& out) {
    take_file(key, required(key, example), out);
  }
  void path_to_be_made(const char* key, std::string& out);

  bool integer(const char* key, int64_t low, int64_t high, int64_t& out);
  void integer(const char* key, int64_t low, int64_t high, std::optional<int64_t>& out);
  void share(const char* key, std::optional<double>& out);
  void amount(const char* key, double& out);
  void texts(const char* key, const char* example, std::vector<std::string>& out);
  // An object of whatever the document says.
  void object(const char* key, base::Json& out);
  void flag(const char* key, bool& out);
  // JSON pointers; the empty one is the whole value.
  void pointers(const char* key, std::vector<std::string>& out);

  // What is known here depends on something that was wrong: the other keys are left for later.
  void take_all();

  // `key` empty: the map itself.
  void refuse(std::string_view key, std::string what);
  std::string below(std::string_view key) const { return text::yaml_pointer(pointer_, key); }
  Reading& reading() { return reading_; }

 private:
  void take_text(const char* key, const base::Json* value, std::string& out);
  void take_file(const char* key, const base::Json* value, std::string& out);
  void refuse_the_others();

  Reading& reading_;
  const base::Json& map_;
  std::string pointer_;
  std::vector<std::string> known_;
};

}  // namespace cadre::agent
