// Which of many tools a request is about.
// SPDX-License-Identifier: Apache-2.0
#include "agent/tool_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using testing::ElementsAre;

std::vector<IndexedTool> wind_and_water() {
  return {indexed_tool("getWindSpeed", "Speed of moving air", Json::object()),
          indexed_tool("get_water_level", "Height of a river", Json::object()),
          indexed_tool("HTTPStatus", "State of a server", Json::object()),
          indexed_tool("book", "Reserves a room",
                       {{"properties",
                         {{"guest", {{"properties", {{"surname", {{"description", "family name"}}}}}}},
                          {"nights", {{"items", {{"properties", {{"breakfast", Json::object()}}}}}}}}}})};
}

std::vector<size_t> found(const std::string& request, size_t count = 10) {
  std::vector<size_t> tools;
  for (const FoundTool& one : ToolIndex::make(wind_and_water()).search(request, count)) tools.push_back(one.tool);
  return tools;
}

TEST(ToolIndex, NamesAreSplitAtCasesUnderscoresAndDigits) {
  EXPECT_THAT(found("wind"), ElementsAre(0));
  EXPECT_THAT(found("LEVELS"), ElementsAre(1)) << "without case, by the stem";
  EXPECT_THAT(found("http"), ElementsAre(2));
  EXPECT_THAT(found("please call get_water_level"), testing::Contains(1));
}

TEST(ToolIndex, ParametersCountAtAnyDepthThatIsRead) {
  EXPECT_THAT(found("surname"), ElementsAre(3));
  EXPECT_THAT(found("the family"), ElementsAre(3));
  EXPECT_THAT(found("with breakfast"), ElementsAre(3));
}

TEST(ToolIndex, NothingIsFoundWhereNoWordMeets) {
  EXPECT_TRUE(found("").empty());
  EXPECT_TRUE(found("quanto costa").empty());
  EXPECT_TRUE(ToolIndex::make({}).search("wind", 5).empty());
}

TEST(ToolIndex, ScoresGoDownFromAtMostOneAndTheCountHolds) {
  const auto best = ToolIndex::make(wind_and_water()).search("height of the water and speed of the wind", 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_LE(best[0].score, 1);
  EXPECT_GE(best[0].score, best[1].score);
  EXPECT_GT(best[1].score, 0);
}

// A long first sentence must not push out what the second one asks for.
TEST(ToolIndex, EverySentenceFindsItsOwn) {
  std::vector<IndexedTool> tools;
  for (int i = 0; i < 50; ++i)
    tools.push_back(indexed_tool("report" + std::to_string(i), "prints the annual sales report of a region", {}));
  tools.push_back(indexed_tool("sendFax", "transmits a page", {}));
  const ToolIndex index = ToolIndex::make(tools);
  const auto best = index.search("Print the annual sales report of my region. Fax it.", 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_TRUE(best[0].tool == 50 || best[1].tool == 50);
}

TEST(ToolIndex, QuotedWordsAreMostlyValuesAndCountLess) {
  const std::vector<IndexedTool> tools = {indexed_tool("feedCat", "", {}), indexed_tool("sendMessage", "", {})};
  const auto best = ToolIndex::make(tools).search("message \"cat\"", 2);
  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[0].tool, 1U);
  EXPECT_GT(best[0].score, best[1].score);
}

TEST(ToolIndex, ABrokenTextIsSearchedWithoutHarm) {
  EXPECT_THAT(found("wind\xff\xc3 \"unclosed"), ElementsAre(0));
  EXPECT_THAT(found(std::string(100'000, 'x') + " wind"), ElementsAre()) << "beyond kQuerySizeMax";
}

TEST(ChooseShown, UpToTheStatedNumberAllAreShown) {
  const auto index = ToolIndex::make(wind_and_water());
  const std::vector<std::string> names = {"wind", "water", "status", "book"};
  const auto all = choose_shown(index, names, {"wind"}, {}, {.above = 4, .best = 1});
  EXPECT_THAT(all.tools, ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(all.retrieved.empty());
  const auto few = choose_shown(index, names, {"river"}, {3}, {.above = 3, .best = 2});
  EXPECT_THAT(few.tools, ElementsAre(1, 3));
  EXPECT_EQ(few.retrieved[0].name, "water");
  EXPECT_EQ(few.retrieved[1], (Retrieved{"book", 0}));
  EXPECT_THAT(choose_shown(index, names, {"wind"}, {1, 2, 3}, {.above = 3, .best = 2}).tools, ElementsAre(1, 2, 3))
      << "what must be kept is kept, were it more than the number";
  EXPECT_THAT(choose_shown(index, names, {"quanto costa"}, {}, {.above = 3, .best = 2}).tools, ElementsAre(0, 1));
}

}  // namespace
}  // namespace cadre::agent
