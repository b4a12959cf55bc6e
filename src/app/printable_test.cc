// SPDX-License-Identifier: Apache-2.0
#include "app/printable.h"

#include <gtest/gtest.h>

namespace cadre::app {
namespace {

TEST(Printable, TakesAwayWhatCouldSteerATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a [31mb");
  EXPECT_EQ(printable("two\nlines\ttab\x7f"), "two lines tab ");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            " 31m")
      << "an 8-bit control sequence introducer";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "fdp"),
            " fdp")
      << "right-to-left override";
}

TEST(Printable, KeepsLettersAndReplacesBytesThatAreNone) {
  EXPECT_EQ(printable("Zürich 東京 ½ 😀"), "Zürich 東京 ½ 😀");
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(printable("\xc3"), "\xEF\xBF\xBD");
}

TEST(Clipped, CountsCharactersNotBytes) {
  EXPECT_EQ(clipped("üüü", 3), "üüü");
  EXPECT_EQ(clipped("üüüü", 3), "üüü…");
  EXPECT_EQ(clipped("", 3), "");
}

}  // namespace
}  // namespace cadre::app
