// SPDX-License-Identifier: Apache-2.0
#include "train/verifier_recipe.h"

#include <bit>

#include "train/recipe_reader.h"

namespace cadre::train {

namespace {
constexpr const char* kKind = "verifier";
}  // namespace

Result<VerifierRecipe> verifier_recipe_from_json(const base::Json& json) {
  VerifierRecipe recipe;
  recipe.source = json;
  RecipeReader reader = TRY(RecipeReader::over(json, kKind, ""));
  std::string kind;
  TRY(reader.text("kind", kind));
  TRY(reader.text("name", recipe.name));
  TRY(reader.text("version", recipe.version));
  TRY(reader.text("purpose", recipe.purpose));
  TRY(reader.integer("seed", recipe.seed, 0, INT64_MAX));
  TRY(reader.integer("proposals", recipe.proposals, 1, 64));
  TRY(reader.integer("proposed_wrong", recipe.proposed_wrong, 0, 64));
  TRY(reader.number("synthetic", recipe.synthetic, 0, 1));
  TRY(reader.number("unanswerable", recipe.unanswerable, 0, 1));
  TRY(reader.number("doubt_below", recipe.doubt_below, 0, 1));
  TRY(reader.number("refuse_below", recipe.refuse_below, 0, 1));
  if (const base::Json* net = reader.find("net")) TRY(read_net_options(*net, kKind, recipe.net));
  TRY(reader.finish());
  for (const auto& [key, value] : {std::pair("name", &recipe.name), std::pair("version", &recipe.version)})
    if (value->empty()) return reader.refuse(key, "is missing");
  if (!std::has_single_bit(recipe.net.rows)) return reader.refuse("net.rows", "must be a power of two");
  return recipe;
}

}  // namespace cadre::train
