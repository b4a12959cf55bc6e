// An address with places for arguments: "https://host/orders/{id}?lang={lang}".
//
// Places are in path and query only, never in scheme, host or port, and are filled with percent-encoded text, so that what an argument holds cannot
// change which resource family is addressed: no slash, no "?", no empty, "." or ".." path segment comes from it. Thread safety: immutable.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

class UrlTemplate {
 public:
  static Result<UrlTemplate> parse(std::string_view text);
  const std::vector<std::string>& names() const { return names_; }
  // Error kInvalid names the argument that is missing or may not stand there.
  Result<std::string> fill(const base::Json& arguments) const;

 private:
  struct Part {
    std::string literal;   // before the place
    std::string argument;  // empty: none, the end
    bool is_in_path = true;
  };
  std::vector<Part> parts_;
  std::vector<std::string> names_;
};

// An argument as it stands in a URL or header: text, number or boolean. Error for null, lists and objects.
Result<std::string> argument_text(std::string_view name, const base::Json& value);

}  // namespace cadre::agent
