// An expression program and texts: the walk along derivatives agrees with trying every cut, and so do the questions about the language.
// Input: one byte with the size of the program, the program, the rest chooses texts.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "contract/test_languages.h"

namespace {

namespace test = cadre::contract::test;
using cadre::contract::Language;
using cadre::contract::LanguageTable;

std::u32string code_points_of(std::string_view text) {
  std::u32string codes;
  for (size_t at = 0; at < text.size();) {
    const auto code = cadre::base::decode_utf8(text, at);
    CADRE_CHECK(code.size_bytes > 0, "a shortest string is well-formed UTF-8");
    codes.push_back(code.code);
    at += code.size_bytes;
  }
  return codes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.empty() || input.size() > 400) return 0;
  const size_t program_size = static_cast<uint8_t>(input[0]) % 100;
  input.remove_prefix(1);
  test::ByteReader program(input.substr(0, program_size));
  test::ByteReader choices(input.substr(std::min(program_size, input.size())));
  const auto expression = test::read_expression(program, 4);
  LanguageTable table({.nodes_max = 20'000});
  const Language language = test::build(table, expression);
  for (int i = 0; i < 4; ++i) {
    const std::u32string text = test::read_text(choices, 8);
    const bool found = table.nullable(test::walk(table, language, test::utf8(text)));
    if (table.full()) return 0;
    CADRE_CHECK(found == test::NaiveMatcher(text).matches(expression), "derivatives agree with trying every cut");
    CADRE_CHECK(!found || table.nonempty(language) == true, "a language with a string is not empty");
  }
  const auto shortest = table.shortest(language, 300);
  if (!shortest || shortest->size() > 20) return 0;
  CADRE_CHECK(test::NaiveMatcher(code_points_of(*shortest)).matches(expression),
              "the shortest string is in the language");
  const auto free = table.free_text(language);
  CADRE_CHECK(free.bytes.none() || table.nonempty(language) == true, "only a language with strings leaves one free");
  return 0;
}
