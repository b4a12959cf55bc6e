// The name of a run: 128 bits, ordered by time, unguessable enough never to collide.
//
// Layout of RFC 9562 UUID version 7: 48 bits of milliseconds since 1970, 4 bits version, 12 bits random, 2 bits variant, 62 bits
// random; written in lower case, 01890a5d-ac96-774b-bcce-b302099a8057. Sorting the bytes or the text sorts runs by start.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cadre::store {

struct RunId {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const RunId&) const = default;
  std::string text() const;

  // Milliseconds since 1970 and ten bytes of chance, some bits of which give way to version and variant.
  static RunId make(int64_t wall_us, const std::array<uint8_t, 10>& chance);
  // A whole id, hyphens optional, either case.
  static Result<RunId> parse(std::string_view text);
};

// All ids whose text starts with a prefix: first <= id <= last.
struct RunIdRange {
  RunId first;
  RunId last;
};
// Hyphens are ignored. kInvalid if the prefix is empty, too long, or not hexadecimal.
Result<RunIdRange> run_ids_with_prefix(std::string_view prefix);

}  // namespace cadre::store

template <>
struct std::hash<cadre::store::RunId> {
  size_t operator()(const cadre::store::RunId& id) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
  }
};
