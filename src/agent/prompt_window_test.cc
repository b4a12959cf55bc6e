// SPDX-License-Identifier: Apache-2.0
#include "agent/prompt_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cadre::agent {
namespace {

using base::Json;
using testing::HasSubstr;

const std::vector<std::string> kLists = {"/passages", "/more/runs"};

// Three long passages, two short runs.
Json found() {
  return {{"question", "which?"},
          {"passages", {std::string(300, 'a'), std::string(300, 'b'), std::string(300, 'c')}},
          {"more", {{"runs", {"x", "y"}}}}};
}

TEST(PromptWindow, TokensAreEstimatedByTheirBytes) {
  EXPECT_EQ(estimated_tokens(""), 0);
  EXPECT_EQ(estimated_tokens("abc"), 1);
  EXPECT_EQ(estimated_tokens("abcd"), 2);
  EXPECT_EQ(estimated_tokens("\xd0\x9c\xd0\xbe"), 2) << "two letters beyond ASCII";
}

TEST(PromptWindow, TheLongestListLosesItsLastItemsFirst) {
  const FittedInput all = fit_input(found(), kLists, 0).value();
  EXPECT_EQ(all.input, found());
  EXPECT_TRUE(all.left_out.empty());
  const FittedInput two = fit_input(found(), kLists, 101).value();
  EXPECT_EQ(two.input["passages"], Json({std::string(300, 'a'), std::string(300, 'b')}));
  EXPECT_EQ(two.left_out, Json({{"/passages", 1}}));
  const FittedInput one = fit_input(found(), kLists, 102).value();
  EXPECT_EQ(one.input["passages"], Json::array({std::string(300, 'a')})) << "302 bytes and a comma are 101 tokens";
  const FittedInput none = fit_input(found(), kLists, 304).value();
  EXPECT_EQ(none.input["passages"], Json::array());
  EXPECT_EQ(none.input["more"]["runs"], Json::array({"x"}));
  EXPECT_EQ(none.left_out, Json({{"/passages", 3}, {"/more/runs", 1}}));
}

TEST(PromptWindow, WhatNoListCanMakeFitIsRefused) {
  EXPECT_EQ(fit_input(found(), kLists, 400).error().code, ErrorCode::kLimit);
  const auto nothing_to_cut = fit_input(found(), {"/question", "/absent", "/passages/0"}, 5);
  ASSERT_FALSE(nothing_to_cut.ok());
  EXPECT_THAT(nothing_to_cut.error().message, HasSubstr("5 tokens too many"));
}

}  // namespace
}  // namespace cadre::agent
