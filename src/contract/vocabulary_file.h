// A vocabulary in a text file, a token a line: its bytes in base64, a space, its id (the format of tiktoken's .tiktoken files).
//
// Ids may come in any order; those that no line names have no text, as special tokens do. Refused, with the line: what is not base64, a
// second line for an id, ids or sizes over the limits of contract/vocabulary.h. Blank lines are skipped.
// Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cadre::contract {

// The texts by id.
Result<std::vector<std::string>> parse_vocabulary_lines(std::string_view lines);
Result<std::vector<std::string>> read_vocabulary_file(const std::string& path);

}  // namespace cadre::contract
