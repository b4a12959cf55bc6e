// A sentence with places: "{count} orders from {customer.city}" over a JSON value. "{{" and "}}" are braces.
//
// Every value in the text is a member of the value, or an item of one: nothing else can get in. Text stands as it is, numbers as JSON
// writes them, true and false as words, null as "(empty)", an array as its items between ", ", an object as JSON.
// Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kTemplateSizeMax = 16 << 10;   // bytes
inline constexpr size_t kRenderedSizeMax = 256 << 10;  // bytes

class TextTemplate {
 public:
  // kInvalid with the position of what cannot be read.
  static Result<TextTemplate> parse(std::string_view text);

  // Where a value got into the text.
  struct Place {
    size_t begin = 0;  // byte range in the text
    size_t end = 0;
    std::string path;  // in the value: "customer.city"
  };
  struct Rendered {
    std::string text;
    std::vector<Place> places;
  };
  // kNotFound names the place that the value does not have; kLimit.
  Result<Rendered> render(const base::Json& value) const;

  // The paths of its places, in order.
  std::vector<std::vector<std::string>> paths() const;

 private:
  struct Part {
    std::string literal;            // before the place
    std::vector<std::string> path;  // empty: no place follows
  };
  std::vector<Part> parts_;
};

// One value as such a text has it.
std::string readable_text(const base::Json& value);

}  // namespace cadre::agent
