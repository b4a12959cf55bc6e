// Pieces of a JSON text as they stand there: a suite's instances must reach a judge byte for byte (1.0 is not rewritten as 1).
// REQUIRES well-formed JSON; on anything else the pieces mean nothing, but nothing outside the text is read. Views into the text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace cadre::eval {

// The items of an array; empty for any other value.
std::vector<std::string_view> array_slices(std::string_view array);
// The value of the first member of that name, compared as it is spelt in the text.
std::optional<std::string_view> member_slice(std::string_view object, std::string_view name);

}  // namespace cadre::eval
