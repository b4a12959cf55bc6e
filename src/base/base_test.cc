// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <span>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace cadre::base {
namespace {

TEST(Random, SameSeedGivesTheSameSequenceAndForksDiffer) {
  Random a(1), b(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next_u64(), b.next_u64());
  EXPECT_NE(Random(1).fork(1).next_u64(), Random(1).fork(2).next_u64());
}

TEST(Random, BelowCoversItsRangeAndNothingElse) {
  Random random(3);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

TEST(File, ReplaceLeavesNoTemporaryFileAndReadsBack) {
  auto folder = TemporaryDirectory::make();
  ASSERT_TRUE(folder.ok());
  const std::string path = folder->path() + "/x";
  ASSERT_TRUE(replace_file(path, "one").ok());
  ASSERT_TRUE(replace_file(path, "two").ok());
  EXPECT_EQ(read_file(path).value(), "two");
  EXPECT_EQ(MappedFile::open(path)->bytes().size(), 3u);
}

TEST(File, ErrorsNameThePath) {
  EXPECT_EQ(read_file("/nonexistent/x").error().code, ErrorCode::kNotFound);
  EXPECT_NE(read_file("/nonexistent/x").error().message.find("/nonexistent/x"), std::string::npos);
  EXPECT_FALSE(read_file("/tmp").ok());
  EXPECT_FALSE(replace_file("/nonexistent/x", "bytes").ok());
}

TEST(Json, MalformedAndTooDeepTextIsAnError) {
  EXPECT_TRUE(parse_json(R"({"a": [1, 2.5, "x"]})").ok());
  EXPECT_EQ(parse_json("{").error().code, ErrorCode::kInvalid);
  EXPECT_FALSE(parse_json("\"\xff\"").ok());
  EXPECT_EQ(parse_json(std::string(100000, '[')).error().code, ErrorCode::kLimit);
}

TEST(Json, TypedLookUpsNameTheKey) {
  const auto value = parse_json(R"({"a": "x"})").value();
  EXPECT_EQ(json_string(value, "a").value(), "x");
  EXPECT_EQ(json_int(value, "a").error().message, "key \"a\" is not an integer");
  EXPECT_EQ(json_int(value, "b").error().message, "key \"b\" is missing");
}

TEST(Json, DumpKeepsKeyOrderAndReplacesInvalidUtf8) {
  Json value;
  value["z"] = 1;
  value["a"] = std::string("\xff");
  EXPECT_EQ(dump_json(value), "{\"z\":1,\"a\":\"\xEF\xBF\xBD\"}");
}

TEST(Sha256, MatchesThePublishedVector) {
  // FIPS 180-4 example: SHA-256("abc").
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(5);
  EXPECT_EQ(clock.wall_us(), 5);
  clock.advance_us(10);
  EXPECT_EQ(clock.monotonic_ns(), 15000);
}

TEST(Utf8, ACutNeverStandsInsideACharacter) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1, 2, 3, 4 and 1 bytes
  const size_t cuts[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (size_t size_max = 0; size_max < std::size(cuts); ++size_max) {
    EXPECT_EQ(utf8_cut(text, size_max), cuts[size_max]) << size_max;
    EXPECT_TRUE(is_valid_utf8(utf8_prefix(text, size_max)));
  }
  EXPECT_EQ(utf8_cut(std::string(9, '\x80'), 5), 5u) << "bytes of no character: a cut comes all the same";
}

}  // namespace
}  // namespace cadre::base
