// Cases for engines that constrain decoding: schemas, and instances cut into tokens, in one file that is read without
// JSON.
//
//     vocabulary COUNT\n  then COUNT times  SIZE BYTES\n    ids count from 0; the last has no bytes and ends the text
//     case NAME KIND SIZE TESTS\n BYTES\n                   KIND: schema, or tools (an array as in the OpenAI API)
//     VALID COUNT ID ID ..\n                                TESTS times; VALID is 1 or 0
//
// bench/peers/prepare.cc writes it. Every engine reads the same bytes and the same tokens. A file that is cut short ends
// the program with a message. Thread safety: values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cadre::peers {

struct Test {
  bool valid = false;
  std::vector<uint32_t> tokens;
};

struct Case {
  std::string name;
  std::string kind;
  std::string schema;
  std::vector<Test> tests;
};

struct CaseFile {
  std::vector<std::string> tokens;  // the last is the end of the text
  std::vector<Case> cases;
  uint32_t end_of_text() const { return static_cast<uint32_t>(tokens.size() - 1); }
};

CaseFile read_cases(const std::string& path);
void write_cases(const CaseFile& file, const std::string& path);

}  // namespace cadre::peers
