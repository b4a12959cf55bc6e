// URI references as schemas use them: resolution against a base (RFC 3986 §5.2) and the two parts of a fragment's life.
// Nothing is fetched and nothing is normalised beyond dot segments. Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cadre::contract {

struct SplitUri {
  std::string_view absolute;  // all before the first #
  std::string_view fragment;  // all after it
};

SplitUri split_fragment(std::string_view uri);

// `reference` without its fragment, made absolute. An empty base gives the reference back.
std::string resolve_uri(std::string_view base, std::string_view reference);

// %41 to A. A % that begins no pair of hexadecimal digits stays.
std::string percent_decode(std::string_view text);

// One step of a JSON pointer: "a~1b" to "a/b", and back.
std::string unescape_pointer(std::string_view token);
std::string escape_pointer(std::string_view name);

}  // namespace cadre::contract
