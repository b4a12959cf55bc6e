// SPDX-License-Identifier: Apache-2.0
#include "train/router_recipe.h"

#include <fmt/format.h>

#include <algorithm>

#include "train/recipe_reader.h"

namespace cadre::train {

using base::Json;

namespace {

constexpr const char* kWhat = "router";

Result<RouterSource> read_source(const Json& json, const std::string& where) {
  RouterSource source;
  RecipeReader reader = TRY(RecipeReader::over(json, kWhat, where));
  TRY(reader.text("data_set", source.data_set));
  TRY(reader.text("file", source.file));
  TRY(reader.text("text", source.text));
  TRY(reader.text("label", source.label));
  TRY(reader.text("is", source.is));
  TRY(reader.text("out_of_scope", source.out_of_scope));
  TRY(reader.texts("except", source.except));
  TRY(reader.texts("only", source.only));
  TRY(reader.text("except_field", source.except_field));
  TRY(reader.text("generate", source.generate));
  TRY(reader.integer("texts_max", source.texts_max, 1, 10'000'000));
  TRY(reader.integer("fold", source.fold, 0, 99));
  TRY(reader.text("origin", source.origin));
  TRY(reader.text("licence", source.licence));
  TRY(reader.finish());
  if (source.data_set.empty()) return reader.refuse("data_set", "is missing");
  if (source.label.empty() == source.is.empty())
    return reader.refuse("label", "or is: exactly one of them must be given");
  if (source.generate.empty() && (source.file.empty() || source.text.empty()))
    return reader.refuse("file", "and text are needed, or generate");
  if (source.except_field.empty()) source.except_field = source.label;
  if (!source.except.empty() && source.except_field.empty()) return reader.refuse("except", "needs except_field");
  if (!source.only.empty() && source.except_field.empty()) return reader.refuse("only", "needs except_field");
  return source;
}

Result<std::vector<RouterSource>> read_sources(const Json* list, const char* key, size_t folds) {
  std::vector<RouterSource> sources;
  if (list == nullptr) return sources;
  if (!list->is_array()) return Error{ErrorCode::kInvalid, fmt::format("recipe: {} must be a list", key)};
  for (const Json& item : *list) {
    sources.push_back(TRY(read_source(item, fmt::format("{}[{}].", key, sources.size()))));
    if (sources.back().fold >= static_cast<int>(folds))
      return Error{ErrorCode::kInvalid,
                   fmt::format("recipe: {}[{}].fold must be below folds ({})", key, sources.size() - 1, folds)};
  }
  return sources;
}

Result<void> read_linear(const Json& json, LinearOptions& options) {
  RecipeReader reader = TRY(RecipeReader::over(json, kWhat, "linear."));
  TRY(reader.integer("buckets", options.buckets, 1, 1 << 20));
  TRY(reader.integer("epochs", options.epochs, 1, 1000));
  TRY(reader.number("learning_rate", options.learning_rate, 1e-6, 10));
  TRY(reader.number("weight_decay", options.weight_decay, 0, 1));
  return reader.finish();
}


}  // namespace

Result<void> read_net_options(const Json& json, const char* what, RouterNetOptions& options) {
  RecipeReader reader = TRY(RecipeReader::over(json, what, "net."));
  TRY(reader.integer("rows", options.rows, 1, 1 << 20));
  TRY(reader.integer("width", options.width, 1, 1024));
  TRY(reader.integer("hidden", options.hidden, 1, 4096));
  TRY(reader.integer("epochs", options.epochs, 1, 1000));
  TRY(reader.integer("batch_examples", options.batch_examples, 1, 4096));
  TRY(reader.number("learning_rate", options.learning_rate, 1e-6, 1));
  TRY(reader.number("table_rate", options.table_rate, 1e-6, 10));
  TRY(reader.number("feature_dropout", options.feature_dropout, 0, 0.95));
  TRY(reader.number("hidden_dropout", options.hidden_dropout, 0, 0.95));
  TRY(reader.number("label_smoothing", options.label_smoothing, 0, 0.9));
  return reader.finish();
}

Result<RouterRecipe> router_recipe_from_json(const Json& json) {
  RouterRecipe recipe;
  recipe.source = json;
  std::string kind;
  RecipeReader reader = TRY(RecipeReader::over(json, kWhat, ""));
  TRY(reader.text("kind", kind));
  if (kind != "router") return reader.refuse("kind", "must be router");
  TRY(reader.text("name", recipe.name));
  TRY(reader.text("version", recipe.version));
  TRY(reader.text("purpose", recipe.purpose));
  TRY(reader.integer("seed", recipe.seed, 0, INT64_MAX));
  TRY(reader.integer("folds", recipe.folds, 2, 100));
  TRY(reader.number("linear_share", recipe.linear_share, 0, 1));
  TRY(reader.number("declined_right_max", recipe.declined_right_max, 0, 1));
  TRY(reader.number("linear_risk_max", recipe.linear_risk_max, 0, 1));
  if (const Json* linear = reader.find("linear")) TRY(read_linear(*linear, recipe.linear));
  if (const Json* net = reader.find("net")) TRY(read_net_options(*net, kWhat, recipe.net));
  recipe.sources = TRY(read_sources(reader.find("sources"), "sources", recipe.folds));
  recipe.evaluation = TRY(read_sources(reader.find("evaluation"), "evaluation", recipe.folds));
  TRY(reader.finish());
  if (recipe.name.empty()) return reader.refuse("name", "is missing");
  if (recipe.sources.empty()) return reader.refuse("sources", "is missing: nothing to train on");
  return recipe;
}

}  // namespace cadre::train
