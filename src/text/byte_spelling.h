// The spelling of arbitrary bytes as printable characters in which GGUF stores the tokens of byte-level tokenizers.
//
// Bytes that are printable in Latin-1 stand for themselves, the other 68 for U+0100 onwards in byte order (" " is
// "\u0120"). No spelled token holds a space, so "left right" names a merge without ambiguity. Source: bytes_to_unicode
// of GPT-2 (Radford et al. 2019). Thread safety: pure functions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cadre::text {

std::string spell_bytes(std::string_view bytes);

// nullopt if a character of `spelling` stands for no byte.
std::optional<std::string> unspell_bytes(std::string_view spelling);

}  // namespace cadre::text
