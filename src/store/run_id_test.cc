// SPDX-License-Identifier: Apache-2.0
#include "store/run_id.h"

#include <gtest/gtest.h>

namespace cadre::store {
namespace {

constexpr std::array<uint8_t, 10> kChance = {0xff, 0x11, 0xff, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88};

TEST(RunId, HasTheLayoutOfUuidVersion7) {
  // 2023-01-01 00:00:00 UTC is 0x01856aa0c800 milliseconds.
  const auto id = RunId::make(1672531200000 * 1000, kChance);
  EXPECT_EQ(id.text(), "01856aa0-c800-7f11-bf22-334455667788");
}

TEST(RunId, TextAndBytesSortByTime) {
  const auto early = RunId::make(1'000'000, kChance);
  const auto late = RunId::make(1'001'000, {});
  EXPECT_LT(early, late);
  EXPECT_LT(early.text(), late.text());
}

TEST(RunId, ParsesItsOwnTextWithAndWithoutHyphensInEitherCase) {
  const auto id = RunId::make(1672531200000 * 1000, kChance);
  for (const char* text : {"01856aa0-c800-7f11-bf22-334455667788", "01856aa0c8007f11bf22334455667788",
                           "01856AA0-C800-7F11-BF22-334455667788"})
    EXPECT_EQ(RunId::parse(text).value(), id) << text;
}

TEST(RunId, RefusesWhatIsNoId) {
  for (const char* text : {"", "-", "0185", "01856aa0-c800-7f11-bf22-33445566778",
                           "01856aa0-c800-7f11-bf22-3344556677889", "01856aa0-c800-7f11-bf22-33445566778g", "run 1"})
    EXPECT_EQ(RunId::parse(text).error().code, ErrorCode::kInvalid) << text;
  EXPECT_FALSE(RunId::parse(std::string(1'000'000, '-')).ok());
}

TEST(RunId, PrefixCoversExactlyTheIdsThatStartWithIt) {
  const auto range = run_ids_with_prefix("01856aa0-c").value();
  EXPECT_EQ(range.first.text(), "01856aa0-c000-0000-0000-000000000000");
  EXPECT_EQ(range.last.text(), "01856aa0-cfff-ffff-ffff-ffffffffffff");
  EXPECT_FALSE(run_ids_with_prefix("").ok());
  EXPECT_FALSE(run_ids_with_prefix("xyz").ok());
}

}  // namespace
}  // namespace cadre::store
