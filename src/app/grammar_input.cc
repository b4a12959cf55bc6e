// SPDX-License-Identifier: Apache-2.0
#include "app/grammar_input.h"

#include <fmt/format.h>

#include <cctype>
#include <vector>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "base/file.h"
#include "contract/document_cursor.h"

namespace cadre::app {

Result<std::string> read_input(const std::string& path, uint64_t size_max) {
  return base::read_file(path == "-" ? "/dev/stdin" : path, size_max);
}

int fail_grammar(const char* command, const Error& error) {
  fmt::print(stderr, "cadre grammar {}: {}\n", command, printable(error.message));
  return error.code == ErrorCode::kIo || error.code == ErrorCode::kInternal || error.code == ErrorCode::kLimit
             ? kExitFailed
             : kExitBadInput;
}

std::string random_text(contract::SchemaMachine& machine, base::Random& random, uint32_t budget,
                        std::string_view begun) {
  contract::DocumentCursor cursor(machine);
  cursor.read(begun);
  for (uint32_t left = budget - static_cast<uint32_t>(begun.size()); left > 0; --left) {
    if (cursor.complete() && random.chance(0.5)) break;
    std::vector<contract::DocumentCursor> ways;
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      // Plain letters and digits are likelier than the rest, for the reader's sake.
      const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || byte == ' ');
      contract::DocumentCursor way = cursor;
      if (!way.read(std::string_view(&c, 1)) || way.distance() > left - 1) continue;
      const size_t weight = byte >= 0x80 ? 1 : plain ? 4 : 8;
      for (size_t i = 0; i < weight; ++i) ways.push_back(way);
    }
    if (ways.empty()) break;
    cursor = ways[random.below(ways.size())];
  }
  return cursor.text();
}

}  // namespace cadre::app
