// SPDX-License-Identifier: Apache-2.0
#include "contract/vocabulary_file.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace cadre::contract {
namespace {

TEST(VocabularyFile, LinesAreBytesAndIds) {
  const auto tokens = parse_vocabulary_lines("IQ== 0\r\n\nIGhp 3\n/+8= 1").value();
  EXPECT_EQ(tokens, (std::vector<std::string>{"!", "\xFF\xEF", "", " hi"}));
  EXPECT_TRUE(parse_vocabulary_lines("").value().empty());
}

TEST(VocabularyFile, BadLinesAreRefusedByNumber) {
  for (const char* line :
       {"IQ==", "IQ= 0", "I*== 0", "IR== 0", "= 0", "IQ== x", "IQ== 0 ", "IQ== -1", "IQ== 1048576", "=IQ= 0"}) {
    const auto tokens = parse_vocabulary_lines("IGhp 7\n" + std::string(line));
    ASSERT_FALSE(tokens.ok()) << line;
    EXPECT_NE(tokens.error().message.find("line 2"), std::string::npos) << tokens.error().message;
  }
  EXPECT_FALSE(parse_vocabulary_lines("IQ== 0\nIQ== 0").ok());
  EXPECT_FALSE(parse_vocabulary_lines(std::string(2000, 'A') + " 0").ok());
}

TEST(VocabularyFile, ErrorsNameTheFile) {
  const auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/v";
  EXPECT_FALSE(read_vocabulary_file(path).ok());
  ASSERT_TRUE(base::replace_file(path, "nonsense").ok());
  const auto tokens = read_vocabulary_file(path);
  ASSERT_FALSE(tokens.ok());
  EXPECT_NE(tokens.error().message.find(path), std::string::npos);
}

}  // namespace
}  // namespace cadre::contract
