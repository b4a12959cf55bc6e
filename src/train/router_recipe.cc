// SPDX-License-Identifier: Apache-2.0
#include "train/router_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace cadre::train {

using base::Json;

namespace {

// Reads the keys of one map and, at the end, refuses those that nobody asked for.
class Reader {
 public:
  Reader(const Json& map, std::string where) : map_(map), where_(std::move(where)) {}

  Result<void> text(const char* key, std::string& out) {
    if (const Json* value = find(key)) {
      if (!value->is_string()) return refuse(key, "must be a text");
      out = value->get<std::string>();
    }
    return {};
  }

  Result<void> texts(const char* key, std::vector<std::string>& out) {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (!value->is_array()) return refuse(key, "must be a list of texts");
    for (const Json& item : *value) {
      if (!item.is_string()) return refuse(key, "must be a list of texts");
      out.push_back(item.get<std::string>());
    }
    return {};
  }

  template <class Integer>
  Result<void> integer(const char* key, Integer& out, int64_t low, int64_t high) {
    if (const Json* value = find(key)) {
      if (!value->is_number_integer() || value->get<int64_t>() < low || value->get<int64_t>() > high)
        return refuse(key, fmt::format("must be an integer from {} to {}", low, high));
      out = static_cast<Integer>(value->get<int64_t>());
    }
    return {};
  }

  template <class Float>
  Result<void> number(const char* key, Float& out, double low, double high) {
    if (const Json* value = find(key)) {
      if (!value->is_number() || !(value->get<double>() >= low && value->get<double>() <= high))
        return refuse(key, fmt::format("must be a number from {} to {}", low, high));
      out = static_cast<Float>(value->get<double>());
    }
    return {};
  }

  const Json* find(const char* key) {
    known_.insert(key);
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &*found;
  }

  Error refuse(const char* key, const std::string& what) const {
    return Error{ErrorCode::kInvalid, fmt::format("recipe: {}{} {}", where_, key, what)};
  }

  Result<void> finish() const {
    for (const auto& [key, value] : map_.items())
      if (!known_.contains(key)) return refuse(key.c_str(), "is not a setting of a router");
    return {};
  }

 private:
  const Json& map_;
  std::string where_;
  std::set<std::string> known_;
};

Result<Reader> reader_of(const Json& map, std::string where) {
  if (!map.is_object()) return Error{ErrorCode::kInvalid, fmt::format("recipe: {}must be a map of settings", where)};
  return Reader(map, std::move(where));
}

Result<RouterSource> read_source(const Json& json, const std::string& where) {
  RouterSource source;
  Reader reader = TRY(reader_of(json, where));
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
  Reader reader = TRY(reader_of(json, "linear."));
  TRY(reader.integer("buckets", options.buckets, 1, 1 << 20));
  TRY(reader.integer("epochs", options.epochs, 1, 1000));
  TRY(reader.number("learning_rate", options.learning_rate, 1e-6, 10));
  TRY(reader.number("weight_decay", options.weight_decay, 0, 1));
  return reader.finish();
}

Result<void> read_net(const Json& json, RouterNetOptions& options) {
  Reader reader = TRY(reader_of(json, "net."));
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

}  // namespace

Result<RouterRecipe> router_recipe_from_json(const Json& json) {
  RouterRecipe recipe;
  recipe.source = json;
  std::string kind;
  Reader reader = TRY(reader_of(json, ""));
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
  if (const Json* net = reader.find("net")) TRY(read_net(*net, recipe.net));
  recipe.sources = TRY(read_sources(reader.find("sources"), "sources", recipe.folds));
  recipe.evaluation = TRY(read_sources(reader.find("evaluation"), "evaluation", recipe.folds));
  TRY(reader.finish());
  if (recipe.name.empty()) return reader.refuse("name", "is missing");
  if (recipe.sources.empty()) return reader.refuse("sources", "is missing: nothing to train on");
  return recipe;
}

}  // namespace cadre::train
