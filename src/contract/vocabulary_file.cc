// SPDX-License-Identifier: Apache-2.0
#include "contract/vocabulary_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/file.h"
#include "contract/vocabulary.h"

namespace cadre::contract {
namespace {

constexpr uint64_t kFileSizeBytesMax = uint64_t{1} << 28;

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Padded to fours, as RFC 4648 has it; bits that no byte uses must be zero.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  if ((bits & ((1u << count) - 1)) != 0) return std::nullopt;
  return bytes;
}

Error line_error(size_t line, std::string_view what) {
  return Error{ErrorCode::kInvalid,
               fmt::format("vocabulary, line {}: {}; expected \"BASE64 ID\", every id once", line, what)};
}

}  // namespace

Result<std::vector<std::string>> parse_vocabulary_lines(std::string_view lines) {
  std::vector<std::string> tokens;
  std::vector<bool> is_named;
  for (size_t line = 1; !lines.empty(); ++line) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view text = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.empty()) continue;
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return line_error(line, "no space");
    auto bytes = decode_base64(text.substr(0, space));
    if (!bytes) return line_error(line, "not base64");
    if (bytes->size() > kTokenSizeBytesMax) return line_error(line, fmt::format("over {} bytes", kTokenSizeBytesMax));
    size_t id = 0;
    const char* last = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + space + 1, last, id);
    if (error != std::errc() || stop != last) return line_error(line, "the id is no number");
    if (id >= kTokensMax) return line_error(line, fmt::format("id {}; there are at most {}", id, kTokensMax));
    if (id >= tokens.size()) tokens.resize(id + 1);
    is_named.resize(tokens.size());
    if (is_named[id]) return line_error(line, fmt::format("a second token {}", id));
    is_named[id] = true;
    tokens[id] = *std::move(bytes);
  }
  return tokens;
}

Result<std::vector<std::string>> read_vocabulary_file(const std::string& path) {
  auto tokens = parse_vocabulary_lines(TRY(base::read_file(path, kFileSizeBytesMax)));
  if (!tokens.ok()) return std::move(tokens).error().with_context(path);
  return tokens;
}

}  // namespace cadre::contract
