// Text from files and questions, made safe for a terminal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cadre::app {

// Control characters (escape sequences could move the cursor or worse) become blanks, bytes that are not UTF-8 become
// U+FFFD. JSON output does not need this: its own escapes do.
std::string printable(std::string_view text);

// The first `width` characters, with "…" if there were more.
std::string clipped(std::string_view text, size_t width);

}  // namespace cadre::app
