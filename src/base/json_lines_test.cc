// SPDX-License-Identifier: Apache-2.0
#include "base/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "base/file.h"

namespace cadre::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class JsonLines : public ::testing::Test {
 protected:
  Result<void> read(const std::string& text, size_t lines_max = SIZE_MAX) {
    const std::string path = folder_.path() + "/a.jsonl";
    EXPECT_TRUE(replace_file(path, text).ok());
    return for_each_json_line(path, [&](const Json& line) -> Result<bool> {
      seen_.push_back(TRY(json_int(line, "a")));
      return seen_.size() < lines_max;
    });
  }
  TemporaryDirectory folder_ = TemporaryDirectory::make().value();
  std::vector<int64_t> seen_;
};

TEST_F(JsonLines, ComeInOrderWithOrWithoutALastLineEnd) {
  ASSERT_TRUE(read("{\"a\": 1}\n\n  \r\n{\"a\": 2}\r\n{\"a\": 3}").ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3));
}

TEST_F(JsonLines, EndWhereTheCallerHasEnough) {
  ASSERT_TRUE(read("{\"a\": 1}\n{\"a\": 2}\nnot json\n", 2).ok());
  EXPECT_THAT(seen_, ElementsAre(1, 2));
}

TEST_F(JsonLines, AnErrorNamesTheLine) {
  EXPECT_THAT(read("{\"a\": 1}\n\n{\"a\": \n").error().message, HasSubstr("line 3"));
  EXPECT_THAT(read("{\"b\": 1}\n").error().message, HasSubstr("line 1"));
}

}  // namespace
}  // namespace cadre::base
