// The command line of a program with places for arguments: ["grep", "--max-count={count?}", "--", "{pattern}", "{files...}"].
//
// No shell reads it: what an argument holds ends up inside one entry and never becomes a second one. A place stands alone or at the end of an entry:
//
//   {name}      text, number or boolean; the argument must be there
//   {name?}     the same; the whole entry is left out where the argument is missing or null
//   {name...}   a list: the entry once for each item, none where the list is missing, null or empty
//   {{ and }}   a brace
//
// The first entry is the program and has no place. An argument that would stand alone and begins with "-" could pass for an option, so it is refused unless
// an entry "--" comes before its place. Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

class ArgvTemplate {
 public:
  // Error kInvalid quotes the entry that cannot be understood.
  static Result<ArgvTemplate> parse(const std::vector<std::string>& entries);
  // Error kInvalid names the argument that is missing or may not stand there.
  Result<std::vector<std::string>> fill(const base::Json& arguments) const;
  // Of the arguments: an object with exactly the names of the places.
  base::Json input_schema() const;
  bool has_places() const;

 private:
  enum class Place { kNone, kRequired, kOptional, kList };
  struct Entry {
    std::string literal;  // before the place
    std::string argument;
    Place place = Place::kNone;
    bool may_begin_with_dash = false;
  };
  static Result<Entry> parse_entry(std::string_view text);

  std::vector<Entry> entries_;
};

}  // namespace cadre::agent
