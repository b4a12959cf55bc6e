// What errno says about a file, as an Error: not found, or an error of input and output.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/result.h"

namespace cadre::base {

// Reads errno: call it before anything else can change that. "cannot read \"PATH\": why".
inline Error system_error(const char* verb, std::string_view path) {
  const int number = errno;
  return Error{number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
               fmt::format("{} \"{}\": {}", verb, path, std::strerror(number))};
}

}  // namespace cadre::base
