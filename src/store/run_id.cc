// SPDX-License-Identifier: Apache-2.0
#include "store/run_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sha256.h"

namespace cadre::store {
namespace {

constexpr size_t kDigits = 32;

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The hexadecimal digits of `text` as values, hyphens dropped.
Result<std::string> digits_of(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, 64)) {
    if (c == '-') continue;
    const int value = digit_value(c);
    if (value < 0 || digits.size() == kDigits) {
      digits.clear();
      break;
    }
    digits.push_back(static_cast<char>(value));
  }
  if (digits.empty() || text.size() > 64)
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is not a run id or the start of one; they look like "
                                                  "01890a5d-ac96-774b-bcce-b302099a8057",
                                                  text.substr(0, 64))};
  return digits;
}

RunId from_digits(std::string digits, char padding) {
  digits.resize(kDigits, padding);
  RunId id;
  for (size_t i = 0; i < id.bytes.size(); ++i)
    id.bytes[i] = static_cast<uint8_t>(digits[2 * i] << 4 | digits[2 * i + 1]);
  return id;
}

}  // namespace

std::string RunId::text() const {
  std::string text = base::to_hex(bytes);
  for (const size_t position : {20, 16, 12, 8}) text.insert(position, 1, '-');
  return text;
}

RunId RunId::make(int64_t wall_us, const std::array<uint8_t, 10>& chance) {
  RunId id;
  const auto milliseconds = static_cast<uint64_t>(std::max<int64_t>(wall_us, 0)) / 1000;
  for (size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<uint8_t>(milliseconds >> (40 - 8 * i));
  std::copy(chance.begin(), chance.end(), id.bytes.begin() + 6);
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id;
}

Result<RunId> RunId::parse(std::string_view text) {
  auto digits = TRY(digits_of(text));
  if (digits.size() != kDigits)
    return Error{ErrorCode::kInvalid, fmt::format("\"{}\" is only a part of a run id; give all 32 digits", text)};
  return from_digits(std::move(digits), 0);
}

Result<RunIdRange> run_ids_with_prefix(std::string_view prefix) {
  const auto digits = TRY(digits_of(prefix));
  return RunIdRange{from_digits(digits, 0), from_digits(digits, 15)};
}

}  // namespace cadre::store
