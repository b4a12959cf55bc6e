// SPDX-License-Identifier: Apache-2.0
#include "contract/schema_uri.h"

#include <gtest/gtest.h>

namespace cadre::contract {
namespace {

TEST(SchemaUri, ReferencesResolveAgainstTheirBase) {
  struct Case {
    const char *base, *reference, *expected;
  };
  const Case kCases[] = {
      {"http://a/b/c/d?q", "g", "http://a/b/c/g"},
      {"http://a/b/c/d?q", "./g", "http://a/b/c/g"},
      {"http://a/b/c/d?q", "g/", "http://a/b/c/g/"},
      {"http://a/b/c/d?q", "/g", "http://a/g"},
      {"http://a/b/c/d?q", "//g", "http://g"},
      {"http://a/b/c/d?q", "?y", "http://a/b/c/d?y"},
      {"http://a/b/c/d?q", "", "http://a/b/c/d?q"},
      {"http://a/b/c/d?q", "#f", "http://a/b/c/d?q"},
      {"http://a/b/c/d", "..", "http://a/b/"},
      {"http://a/b/c/d", "../../g", "http://a/g"},
      {"http://a/b/c/d", "../../../g", "http://a/g"},
      {"http://a", "g", "http://a/g"},
      {"http://a/b", "urn:x:y#z", "urn:x:y"},
      {"urn:uuid:1", "#/a", "urn:uuid:1"},
      {"", "g.json#/a", "g.json"},
      {"dir/a.json", "b.json", "dir/b.json"},
      {"file:///c:/x/y", "z", "file:///c:/x/z"},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(resolve_uri(c.base, c.reference), c.expected) << c.base << " and " << c.reference;
}

TEST(SchemaUri, FragmentsSplitAtTheFirstHash) {
  EXPECT_EQ(split_fragment("a#b#c").absolute, "a");
  EXPECT_EQ(split_fragment("a#b#c").fragment, "b#c");
  EXPECT_EQ(split_fragment("a").fragment, "");
}

TEST(SchemaUri, EscapesGoBothWays) {
  EXPECT_EQ(percent_decode("a%25b%2Fc%zz%4"), "a%b/c%zz%4");
  EXPECT_EQ(unescape_pointer("a~1b~0c~01~2~"), "a/b~c~1~2~");
  EXPECT_EQ(unescape_pointer(escape_pointer("~1/~")), "~1/~");
}

}  // namespace
}  // namespace cadre::contract
