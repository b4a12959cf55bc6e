// SPDX-License-Identifier: Apache-2.0
#include "app/train_router.h"

#include <fmt/format.h>

#include "base/file.h"
#include "train/router_trainer.h"

namespace cadre::app {

Result<void> train_router(const base::Json& recipe_json, const TrainCommandOptions& options) {
  const auto recipe = TRY(train::router_recipe_from_json(recipe_json));
  train::RouterTrainOptions train;
  train.data_directory = options.data;
  const std::string folder = options.run.empty() ? "runs/" + recipe.name : options.run;
  train.output_path = options.out;
  if (options.out.empty()) {
    TRY(base::make_directories(folder));
    train.output_path = fmt::format("{}/{}.gguf", folder, recipe.name);
  }
  train.date = card_date(options);
  train.on_progress = [](const train::RouterProgress& p) {
    fmt::print(stderr, "part {}/{}  {} epoch {}/{}  loss {:.3f}  {:.0f} s\n", p.part, p.parts, p.tier, p.epoch,
               p.epochs, p.loss, p.seconds);
  };
  TRY(train::train_router(recipe, train));
  fmt::print("{}\n", train.output_path);
  return {};
}

}  // namespace cadre::app
