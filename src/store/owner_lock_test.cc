// SPDX-License-Identifier: Apache-2.0
#include "store/owner_lock.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/file.h"

namespace cadre::store {
namespace {

TEST(OwnerLock, AnOwnerIsAliveUntilItIsGone) {
  auto folder = base::TemporaryDirectory::make().value();
  const std::string path = folder.path() + "/owners";
  const auto mine = OwnerLock::acquire(path, 7).value();
  std::optional<OwnerLock> other = OwnerLock::acquire(path, int64_t{1} << 61).value();
  EXPECT_TRUE(mine.is_alive(7));
  EXPECT_TRUE(mine.is_alive(int64_t{1} << 61));
  EXPECT_FALSE(mine.is_alive(8));
  EXPECT_TRUE(OwnerLock::observer(path).is_alive(7));
  other.reset();
  EXPECT_FALSE(mine.is_alive(int64_t{1} << 61));
}

TEST(OwnerLock, ANumberIsHeldOnce) {
  auto folder = base::TemporaryDirectory::make().value();
  const auto first = OwnerLock::acquire(folder.path() + "/owners", 7).value();
  EXPECT_FALSE(OwnerLock::acquire(folder.path() + "/owners", 7).ok());
}

TEST(OwnerLock, WithoutTheFileEverybodyIsDead) {
  EXPECT_FALSE(OwnerLock::observer("/nonexistent/owners").is_alive(7));
  EXPECT_EQ(OwnerLock::acquire("/nonexistent/owners", 7).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace cadre::store
