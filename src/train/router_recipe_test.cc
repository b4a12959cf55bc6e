// SPDX-License-Identifier: Apache-2.0
#include "train/router_recipe.h"

#include <gtest/gtest.h>

#include "text/yaml.h"

namespace cadre::train {
namespace {

constexpr const char* kMinimal = R"(
kind: router
name: tiny
sources:
  - {data_set: toy, file: toy.jsonl, text: text, label: intent, out_of_scope: oos}
)";

Result<RouterRecipe> read(const std::string& yaml) {
  return router_recipe_from_json(text::parse_yaml(yaml, "recipe").value());
}

std::string refusal(const std::string& yaml) {
  const auto recipe = read(yaml);
  return recipe.ok() ? "accepted" : recipe.error().message;
}

TEST(RouterRecipe, TheShippedRecipesAreValid) {
  for (const char* file : {"/recipes/router.yaml", "/recipes/scope.yaml"}) {
    const auto yaml = text::load_yaml(std::string(CADRE_SOURCE_DIR) + file);
    ASSERT_TRUE(yaml.ok()) << yaml.error().message;
    const auto recipe = router_recipe_from_json(yaml.value());
    ASSERT_TRUE(recipe.ok()) << recipe.error().message;
    EXPECT_FALSE(recipe->purpose.empty());
    for (const auto& source : recipe->sources)
      EXPECT_TRUE(!source.licence.empty() || source.file.empty()) << source.data_set;
  }
}

TEST(RouterRecipe, WhatIsNotSaidHasADefault) {
  const auto recipe = read(kMinimal);
  ASSERT_TRUE(recipe.ok()) << recipe.error().message;
  EXPECT_EQ(recipe->net.width, RouterNetOptions{}.width);
  EXPECT_EQ(recipe->sources[0].except_field, "intent");
  EXPECT_EQ(recipe->sources[0].fold, -1);
}

TEST(RouterRecipe, AnUnknownSettingIsRefusedByName) {
  EXPECT_EQ(refusal(std::string(kMinimal) + "epochs: 3\n"), "recipe: epochs is not a setting of a router");
  EXPECT_EQ(refusal(std::string(kMinimal) + "net: {widht: 3}\n"), "recipe: net.widht is not a setting of a router");
}

TEST(RouterRecipe, ValuesOutOfRangeAreRefusedByName) {
  EXPECT_NE(refusal(std::string(kMinimal) + "net: {width: 0}\n").find("net.width must be an integer from 1 to 1024"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(kMinimal) + "net: {hidden_dropout: 1.5}\n").find("net.hidden_dropout"),
            std::string::npos);
  EXPECT_NE(refusal(std::string(kMinimal) + "folds: 1\n").find("folds"), std::string::npos);
  EXPECT_NE(refusal(std::string(kMinimal) + "seed: many\n").find("seed"), std::string::npos);
  EXPECT_NE(refusal(std::string(kMinimal) + "linear: [1]\n").find("linear."), std::string::npos);
  EXPECT_NE(refusal("kind: sql_decider\n").find("kind"), std::string::npos);
  EXPECT_NE(refusal("kind: router\nname: x\n").find("sources"), std::string::npos);
  EXPECT_NE(refusal("[1, 2]\n").find("must be a map"), std::string::npos);
}

TEST(RouterRecipe, ASourceSaysWhereItsTextAndLabelAre) {
  const auto with = [](const std::string& source) { return "kind: router\nname: x\nsources: [{" + source + "}]\n"; };
  EXPECT_EQ(refusal(with("data_set: a, file: f, text: t, is: none")), "accepted");
  EXPECT_EQ(refusal(with("data_set: a, generate: writer_requests, is: none")), "accepted");
  EXPECT_NE(refusal(with("file: f, text: t, is: none")).find("data_set"), std::string::npos);
  EXPECT_NE(refusal(with("data_set: a, file: f, text: t")).find("exactly one"), std::string::npos);
  EXPECT_NE(refusal(with("data_set: a, file: f, text: t, is: x, label: y")).find("exactly one"), std::string::npos);
  EXPECT_NE(refusal(with("data_set: a, text: t, is: none")).find("file"), std::string::npos);
  EXPECT_NE(refusal(with("data_set: a, file: f, text: t, is: none, except: [x]")).find("except_field"),
            std::string::npos);
  EXPECT_NE(refusal(with("data_set: a, file: f, text: t, is: none, fold: 7")).find("below folds"), std::string::npos);
}

}  // namespace
}  // namespace cadre::train
