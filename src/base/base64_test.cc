// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <gtest/gtest.h>

namespace cadre::base {
namespace {

TEST(Base64, WritesTheStandardsExamples) {
  const struct {
    std::string_view bytes, text;
  } cases[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"},
               {"\xff\xfe\xfd", "//79"},
               {"\xfb\xf0", "+/A="}};
  for (const auto& c : cases) {
    EXPECT_EQ(to_base64(c.bytes), c.text);
    EXPECT_EQ(from_base64(c.text).value(), c.bytes);
  }
}

TEST(Base64, ReadsNothingElse) {
  for (const std::string_view bad : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "====", "=", "Zm9v\n", "Zm9 ", "Zm_v",
                                     "Zg==Zg==", "Z===", "\xff\xff\xff\xff"})
    EXPECT_EQ(from_base64(bad).error().code, ErrorCode::kInvalid) << bad;
}

}  // namespace
}  // namespace cadre::base
