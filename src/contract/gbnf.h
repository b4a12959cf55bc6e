// Grammars in GBNF, the notation of llama.cpp's users, read into a Grammar.
//
//   root  ::= item ("," item)* | "none"     # a comment
//   item  ::= [a-z]+ [0-9]{1,3} | "\"" [^"\\\n]* "\"" | .
//
// Characters are Unicode code points. Escapes in literals and classes: \n \r \t \\ \" \[ \] \- \^ \xHH \uHHHH
// \UHHHHHHHH (the value is a code point). A rule ends with its line, except inside parentheses, behind ::= and |, and
// before a line that begins with |.
// A repetition belongs to the item before it (a whole literal, class, name or group). `root` is where texts start.
// Refused with line and column: everything malformed, undefined and doubly defined rules, a missing root, token
// references (<[12]>, <think>), which mean nothing without a vocabulary, nesting over kGbnfDepthMax, texts over
// kGbnfSizeBytesMax.
// Unlike there, left recursion and large bounds are fine (contract/grammar_network.h).
// Spec: github.com/ggml-org/llama.cpp, grammars/README.md.
// Thread safety: pure function.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "contract/grammar.h"

namespace cadre::contract {

inline constexpr size_t kGbnfSizeBytesMax = 4 << 20;
inline constexpr int kGbnfDepthMax = 200;

Result<Grammar> parse_gbnf(std::string_view text);

}  // namespace cadre::contract
