// SPDX-License-Identifier: Apache-2.0
#include "app/bench_decisions.h"

#include <fmt/format.h>

#include "app/exit_codes.h"
#include "app/printable.h"
#include "base/file.h"
#include "base/json.h"
#include "eval/decision_suite.h"

namespace cadre::app {
namespace {

using eval::DecisionCount;

base::Json as_json(const DecisionCount& count) {
  return {{"schemas", count.schemas},     {"compiled", count.compiled},
          {"walks", count.walks},         {"done", count.done},
          {"invalid", count.invalid},     {"by_choices_alone", count.without_supply},
          {"decisions", count.decisions}, {"supplied", count.supplied},
          {"instances", count.instances}, {"instances_reached", count.reached}};
}

int bench_decisions(const BenchOptions& options) {
  eval::DecisionSuiteOptions suite;
  suite.data = options.data;
  suite.walks = static_cast<size_t>(options.walks);
  suite.seed = static_cast<uint64_t>(options.seed);
  suite.split = options.split;
  suite.number_words = !options.texts_only;
  const auto report = eval::run_decision_suite(suite);
  if (!report.ok()) {
    fmt::print(stderr, "cadre bench decisions: {}\n", printable(report.error().message));
    return kExitFailed;
  }
  if (!options.complaints.empty()) {
    std::string lines;
    for (const std::string& complaint : report->complaints) lines += complaint + "\n";
    const auto written = base::replace_file(options.complaints, lines);
    if (!written.ok()) {
      fmt::print(stderr, "cadre bench decisions: {}\n", printable(written.error().message));
      return kExitFailed;
    }
  }
  if (options.json) {
    base::Json value = as_json(report->total);
    for (const auto& [reason, count] : report->missed) value["missed: " + reason] = count;
    fmt::print("{}\n", base::dump_json(value));
  } else {
    const auto print = [](const std::string& name, const DecisionCount& count) {
      fmt::print("{:16}  {:5} of {:5} schemas  {:5} of {:5} walks done, {} invalid  {:5} of {:5} instances reached\n",
                 name, count.compiled, count.schemas, count.done, count.walks, count.invalid, count.reached,
                 count.instances);
    };
    for (const auto& [name, count] : report->splits) print(name, count);
    print("all", report->total);
  }
  const DecisionCount& total = report->total;
  return total.invalid == 0 && total.done == total.walks ? kExitOk : kExitFailed;
}

}  // namespace

void add_bench_decisions(Command& bench, BenchOptions& options) {
  Command& decisions =
      bench.command("decisions", "Walk through the decisions of schemas at random, and towards their valid instances");
  decisions.text("--data", options.data, "a folder of {schema, tests} files").required();
  decisions.text("--split", options.split, "only files whose names begin with this, up to \"---\" or \"_\"");
  decisions.integer("--walks", options.walks, "random walks per schema", 0, 1'000'000);
  decisions.integer("--seed", options.seed, "of the random walks", 0, INT64_MAX);
  decisions.flag("--texts-only", options.texts_only, "an instance's numbers are no part of its input");
  decisions.text("--complaints", options.complaints, "write what went wrong here, a line each");
  decisions.flag("--json", options.json, "one flat JSON object instead of text");
  decisions.example("cadre bench decisions --data maskbench --walks 3");
  decisions.action([&options] { return bench_decisions(options); });
}

}  // namespace cadre::app
