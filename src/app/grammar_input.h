// What the commands under `cadre grammar` share: reading their files, saying what went wrong, random walks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "contract/schema_machine.h"

namespace cadre::app {

inline constexpr uint64_t kInstanceSizeBytesMax = 64 << 20;

// The file; "-" is standard input.
Result<std::string> read_input(const std::string& path, uint64_t size_max);

// Prints "cadre grammar COMMAND: ..." and returns the exit status.
int fail_grammar(const char* command, const Error& error);

// A random text that begins with `begun` and ends within the budget of bytes: each byte goes where an end is left that
// is near enough. REQUIRES a machine in generate mode, and that the budget is enough from there.
std::string random_text(contract::SchemaMachine& machine, base::Random& random, uint32_t budget,
                        std::string_view begun = "");

}  // namespace cadre::app
