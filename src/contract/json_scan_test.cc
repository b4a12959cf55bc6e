// SPDX-License-Identifier: Apache-2.0
#include "contract/json_scan.h"

#include <gtest/gtest.h>

#include "contract/json_document.h"

namespace cadre::contract {
namespace {

// The decoded text of a string token by the scan, or "!" if it is refused or does not end at its last byte.
std::string scanned(std::string_view token) {
  if (token.empty() || token[0] != '"') return "!";
  uint32_t state = kPlainText;
  std::string text;
  for (size_t i = 1; i < token.size(); ++i) {
    const StringScan scan = scan_string(state, static_cast<uint8_t>(token[i]));
    if (scan.kind == StringScan::Kind::kRefused) return "!";
    if (scan.kind == StringScan::Kind::kClosed) return i + 1 == token.size() ? text : "!";
    text.append(reinterpret_cast<const char*>(scan.bytes), scan.size);
    state = scan.state;
  }
  return "!";
}

TEST(JsonScan, DecodesWhatTheDocumentReaderDecodes) {
  for (const std::string_view token :
       {R"("")", R"("a")", R"("a\"b\\c\/d\b\f\n\r\te")", R"("\u0041\u00e9\u20AC\uD83D\uDe00\u0000")",
        "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\""}) {
    const Result<JsonValue> value = parse_document(token);
    ASSERT_TRUE(value.ok()) << token;
    EXPECT_EQ(scanned(token), value->text) << token;
  }
}

TEST(JsonScan, RefusesWhatTheDocumentReaderRefuses) {
  for (const std::string_view token :
       {"\"", "\"\n\"", R"("\x")", R"("\u12")", R"("\u12G4")", R"("\uD83D")", R"("\uD83Dx")", R"("\uD83D\n")",
        R"("\uD83D\u0041")", R"("\uDE00")", "\"\xC0\x80\"", "\"\xC3\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"", "\"\x80\"", "\"\xFF\""}) {
    EXPECT_FALSE(parse_document(token).ok()) << token;
    EXPECT_EQ(scanned(token), "!") << token;
  }
}

TEST(JsonScan, NumbersFollowTheGrammar) {
  const auto accepted = [](std::string_view text) {
    NumberState state = number_start(static_cast<uint8_t>(text[0]));
    for (const char c : text.substr(1))
      state = state == kNumberRefused ? state : number_next(state, static_cast<uint8_t>(c));
    return state != kNumberRefused && number_may_end(state);
  };
  for (const std::string_view text :
       {"0", "-0", "10", "-12.50", "1e5", "1E+5", "0.1e-10", "123456789012345678901234567890", "1e0000000000001",
        "1e-00", "2E+00000000000999999999", "0e0"})
    EXPECT_TRUE(accepted(text)) << text;
  for (const std::string_view text :
       {"-", "01", "+1", ".5", "1.", "1e", "1e+", "1.e5", "--1", "1.2.3", "0x1", "1e1000000000", "1e00001000000000"})
    EXPECT_FALSE(accepted(text)) << text;
}

}  // namespace
}  // namespace cadre::contract
