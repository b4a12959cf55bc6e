// SPDX-License-Identifier: Apache-2.0
#include "store/text_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int64_t> found(const TextIndex& index, std::string_view query, size_t count_max = 10) {
  std::vector<int64_t> ids;
  const auto passages = index.search(query, count_max).value();
  for (const FoundPassage& passage : passages) ids.push_back(passage.id);
  return ids;
}

TextIndex index_of(const std::vector<std::string>& texts) {
  TextIndex index = TextIndex::open_in_memory().value();
  for (size_t i = 0; i < texts.size(); ++i) EXPECT_TRUE(index.put(static_cast<int64_t>(i), texts[i]).ok());
  return index;
}

TEST(TextIndex, FindsTheRarestWordsFirst) {
  const TextIndex index =
      index_of({"the pump is on the second floor", "the valve of the pump was replaced", "the second valve", "floors"});
  EXPECT_THAT(found(index, "valve replaced"), ElementsAre(1, 2));
  EXPECT_THAT(found(index, "FLOOR"), ElementsAre(3, 0)) << "by stems, without case; the shorter passage first";
  EXPECT_THAT(found(index, "replacing"), ElementsAre(1));
  EXPECT_THAT(found(index, "nothing of that"), ElementsAre(1)) << "of";
  EXPECT_THAT(found(index, "the", 2), testing::SizeIs(2));
  EXPECT_THAT(found(index, "absent"), IsEmpty());
}

TEST(TextIndex, AQueryIsWordsAndNeverSyntax) {
  const TextIndex index = index_of({"alpha and beta", "near gamma"});
  for (const char* query :
       {"\"", "alpha\" OR \"", "text:alpha", "alpha*", "NEAR(alpha beta)", "(alpha", "-alpha", "^alpha", "{alpha} : x"})
    EXPECT_TRUE(index.search(query, 10).ok()) << query;
  EXPECT_THAT(found(index, "alpha\"); DROP TABLE passages"), ElementsAre(0));
  EXPECT_THAT(found(index, "NEAR"), ElementsAre(1));
  EXPECT_THAT(found(index, " ?!\t"), IsEmpty());
  EXPECT_EQ(fts_query("it's \"AND\""), "\"it\" OR \"s\" OR \"AND\"");
}

TEST(TextIndex, AccentsAndOtherScriptsAreFound) {
  const TextIndex index =
      index_of({"Caf\xc3\xa9 in Z\xc3\xbcrich", "\xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0", "\xff\xfe broken"});
  EXPECT_THAT(found(index, "cafe zurich"), ElementsAre(0));
  EXPECT_THAT(found(index, "\xd0\xbc\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0"), ElementsAre(1));
  EXPECT_THAT(found(index, "broken \xff"), ElementsAre(2));
}

TEST(TextIndex, APassageIsReplacedAndRemoved) {
  TextIndex index = index_of({"old words"});
  ASSERT_TRUE(index.put(0, "new words").ok());
  EXPECT_THAT(found(index, "old"), IsEmpty());
  EXPECT_THAT(found(index, "words"), ElementsAre(0));
  ASSERT_TRUE(index.remove(0).ok());
  EXPECT_THAT(found(index, "words"), IsEmpty());
  EXPECT_EQ(index.put(1, std::string(kPassageSizeMax + 1, 'x')).error().code, ErrorCode::kLimit);
}

}  // namespace
}  // namespace cadre::store
