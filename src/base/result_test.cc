// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace cadre::base {
namespace {

Result<int> half(int x) {
  if (x % 2 != 0) return Error{ErrorCode::kInvalid, "odd"};
  return x / 2;
}

Result<int> quarter(int x) { return half(TRY(half(x))); }

Result<void> check_even(int x) {
  TRY(half(x));
  return {};
}

TEST(Result, TryPassesTheValueOnAndReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_TRUE(check_even(2).ok());
  EXPECT_FALSE(check_even(1).ok());
}

TEST(Result, TryMovesValuesThatCannotBeCopied) {
  auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  auto use = [&]() -> Result<int> {
    auto pointer = TRY(make());
    return *pointer;
  };
  EXPECT_EQ(use().value(), 7);
}

TEST(Result, ContextStandsBeforeTheMessage) {
  auto error = Error{ErrorCode::kIo, "disk full"}.with_context("write journal");
  EXPECT_EQ(error.message, "write journal: disk full");
  EXPECT_EQ(error.code, ErrorCode::kIo);
}

}  // namespace
}  // namespace cadre::base
