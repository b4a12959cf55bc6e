// SPDX-License-Identifier: Apache-2.0
#include "app/train_command.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/train_router.h"
#include "app/train_sql.h"
#include "app/train_verifier.h"
#include "base/clock.h"
#include "text/yaml.h"

namespace cadre::app {
namespace {

Result<void> train(const TrainCommandOptions& options) {
  const auto recipe = TRY(text::load_yaml(options.recipe));
  const auto kind = base::json_string(recipe, "kind");
  if (!kind.ok()) return Error{kind.error()}.with_context(options.recipe);
  if (*kind == "sql_decider") return train_sql(recipe, options);
  if (*kind == "router") return train_router(recipe, options);
  if (*kind == "verifier") return train_verifier(recipe, options);
  return Error{ErrorCode::kUnsupported,
               fmt::format("{}: kind \"{}\" is not one that cadre trains (sql_decider, router, verifier)",
                           options.recipe, *kind)};
}

}  // namespace

std::string card_date(const TrainCommandOptions& options) {
  if (!options.date.empty()) return options.date;
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(base::system_clock().wall_us() / 1'000'000)));
}

int run_train(const TrainCommandOptions& options) {
  const auto done = train(options);
  if (done.ok()) return kExitOk;
  fmt::print(stderr, "cadre train: {}\n", printable(done.error().message));
  const bool bad_input = done.error().code == ErrorCode::kInvalid || done.error().code == ErrorCode::kNotFound ||
                         done.error().code == ErrorCode::kUnsupported;
  return bad_input ? kExitBadInput : kExitFailed;
}

void add_train(CommandLine& line, TrainCommandOptions& options) {
  Command& command =
      line.command("train", "Train a specialist from a recipe and write one pack; an interrupted run is resumed");
  command.text("recipe", options.recipe, "YAML file, see recipes/").required();
  command
      .text("--data", options.data,
            "folder of the data set in its published layout; for a router the folder that holds its data sets")
      .required();
  command.text("--out", options.out, "the pack to write (default: RUN/NAME.gguf)");
  command.text("--run", options.run, "folder for checkpoints (default: runs/NAME)");
  command.text("--quantisation", options.quantisation, "F32, BF16, Q8_0 or Q4_0 (default: the recipe's)");
  command.text("--specialist", options.specialist,
               "for a verifier: the pack whose calls it will judge instead of the installed sql.gguf");
  command.text("--date", options.date, "date of the evaluation card (default: today)");
  command.integer("--threads", options.threads, "threads (default: all processors); does not change the result", 0,
                  256);
  command.integer("--questions", options.questions, "use at most so many training questions (default: all)", 0,
                  1'000'000'000);
  command.example("cadre train recipes/sql.yaml --data wikisql --out specialists/sql.gguf");
  command.action([&options] { return run_train(options); });
}

}  // namespace cadre::app
