// SPDX-License-Identifier: Apache-2.0
#include "app/bench_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/bench_decisions.h"
#include "app/bench_sql.h"
#include "app/exit_codes.h"
#include "app/printable.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "contract/schema_contract.h"
#include "contract/vocabulary_file.h"
#include "eval/contract_check.h"
#include "eval/forced_share.h"
#include "eval/mask_times.h"
#include "eval/maskbench_suite.h"
#include "eval/schema_suite.h"

namespace cadre::app {
namespace {

using base::Json;

// The compiled machine as a judge of documents.
eval::SchemaJudge machine_judge() {
  return [](std::string_view schema, const contract::SchemaOptions& options) -> Result<eval::InstanceJudge> {
    auto contract = TRY(contract::SchemaContract::compile(schema, contract::SchemaMode::kAccept, options));
    return eval::InstanceJudge([contract](std::string_view instance) { return contract->accepts(instance); });
  };
}

void print(const Json& values, bool json) {
  if (json) {
    fmt::print("{}\n", base::dump_json(values));
    return;
  }
  for (const auto& [name, value] : values.items()) {
    fmt::print("{:<36} {}\n", printable(name),
               value.is_number_float() ? fmt::format("{:.4g}", value.get<double>()) : base::dump_json(value));
  }
}

void add_times(Json& values, const std::string& name, std::vector<double> times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  double sum = 0;
  for (const double time : times) sum += time;
  const auto at = [&](double share) {
    return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
  };
  values[name + "_avg"] = sum / static_cast<double>(times.size());
  values[name + "_p50"] = at(0.5);
  values[name + "_p90"] = at(0.9);
  values[name + "_p99"] = at(0.99);
  values[name + "_p999"] = at(0.999);
  values[name + "_max"] = times.back();
}

Result<void> add_mask_times(Json& values, const BenchOptions& options) {
  const auto tokens = TRY(contract::read_vocabulary_file(options.vocabulary));
  const auto vocabulary = TRY(contract::Vocabulary::build(tokens, contract::kNoToken));
  Progress progress(base::system_clock());
  eval::MaskTimesOptions times_options;
  times_options.data = options.data;
  times_options.mode = options.mode == "generate" ? contract::SchemaMode::kGenerate : contract::SchemaMode::kAccept;
  times_options.assert_formats = !options.without_formats;
  times_options.every = static_cast<size_t>(options.every);
  times_options.on_progress = [&](size_t done, size_t all) {
    progress.show(fmt::format("masks: {} of {} schemas", done, all));
  };
  const eval::MaskTimes times = TRY(eval::measure_masks(times_options, vocabulary));
  values["tokens"] = vocabulary->ranks();
  values["mask_documents"] = times.documents;
  values["mask_documents_refused"] = times.documents_refused;
  values["masks"] = times.mask_us.size();
  values["masks_with_one_token"] = times.steps_forced;
  add_times(values, "first_mask_us", times.first_mask_us);
  add_times(values, "mask_us", times.mask_us);
  return {};
}

Result<std::vector<std::string>> add_forced_shares(Json& values, const BenchOptions& options) {
  const auto tokens = TRY(contract::read_vocabulary_file(options.vocabulary));
  Progress progress(base::system_clock());
  eval::ForcedShareOptions share_options;
  share_options.data = options.data;
  share_options.assert_formats = !options.without_formats;
  share_options.every = static_cast<size_t>(options.every);
  share_options.on_progress = [&](size_t done, size_t all) {
    progress.show(fmt::format("forced tokens: {} of {} schemas", done, all));
  };
  eval::ForcedReport report = TRY(eval::measure_forced(share_options, tokens));
  values["forced_documents"] = report.total.documents;
  values["forced_left_out"] = report.total.left_out;
  values["forced_tokens"] = report.total.forced;
  values["forced_by_mask"] = report.total.single;
  values["forced_of_tokens"] = report.total.tokens;
  values["forced_not_canonical"] = report.total.not_canonical;
  values["forced_refused"] = report.total.refused;
  values["forced_share"] = report.total.share();
  for (const auto& [split, count] : report.splits) values["forced_share_" + split] = count.share();
  return std::move(report.complaints);
}

void write_complaints(const BenchOptions& options, const std::vector<std::string>& complaints) {
  if (options.complaints.empty()) return;
  std::string text;
  for (const std::string& complaint : complaints) text += complaint + "\n";
  const auto written = base::replace_file(options.complaints, text);
  if (!written.ok()) fmt::print(stderr, "cadre bench: {}\n", printable(written.error().message));
}

int run_grammar_bench(const BenchOptions& options) {
  Progress progress(base::system_clock());
  eval::MaskbenchOptions suite;
  suite.data = options.data;
  suite.assert_formats = !options.without_formats;
  suite.on_progress = [&](size_t done, size_t all) { progress.show(fmt::format("{} of {} schemas", done, all)); };
  const auto report = eval::run_maskbench(suite, options.validator ? eval::validator_judge() : machine_judge());
  if (!report.ok()) return fail_bench("bench", report.error());
  const eval::MaskbenchCount& total = report->total;
  Json values = {{"schemas", total.schemas},
                 {"passing", total.passing},
                 {"refused", total.refused},
                 {"valid", total.valid},
                 {"valid_refused", total.valid - total.valid_accepted},
                 {"invalid", total.invalid},
                 {"wrong_accepts", total.wrong_accepts()},
                 {"without_answer", total.limits}};
  for (const auto& [split, count] : report->splits) {
    values["passing_" + split] =
        count.schemas == 0 ? 0.0 : static_cast<double>(count.passing) / static_cast<double>(count.schemas);
  }
  if (!options.vocabulary.empty()) {
    const auto added = add_mask_times(values, options);
    if (!added.ok()) return fail_bench("bench", added.error());
  }
  std::vector<std::string> complaints = report->complaints;
  if (options.forced) {
    if (options.vocabulary.empty()) {
      return fail_bench("bench",
                        Error{ErrorCode::kInvalid, "--forced needs the tokens of a tokenizer: give it a --vocabulary"});
    }
    const auto added = add_forced_shares(values, options);
    if (!added.ok()) return fail_bench("bench", added.error());
    complaints.insert(complaints.end(), added->begin(), added->end());
  }
  write_complaints(options, complaints);
  print(values, options.json);
  return kExitOk;
}

int run_suite_bench(const BenchOptions& options) {
  eval::SchemaSuiteOptions suite;
  suite.data = options.data;
  suite.folder = options.folder;
  suite.assert_formats = false;
  const auto report = eval::run_schema_suite(suite, options.validator ? eval::validator_judge() : machine_judge());
  if (!report.ok()) return fail_bench("bench", report.error());
  const eval::SchemaSuiteCount& total = report->total;
  Json values = {{"tests", total.tests},
                 {"right", total.right},
                 {"wrong_accepts", total.wrong_accepts},
                 {"wrong_refusals", total.wrong_refusals},
                 {"refused", total.refused}};
  write_complaints(options, report->complaints);
  print(values, options.json);
  return kExitOk;
}

Result<eval::ContractCheckReport> check_contracts(const BenchOptions& options) {
  Progress progress(base::system_clock());
  eval::ContractCheckOptions check;
  check.data = options.data;
  if (!options.vocabulary.empty()) check.tokens = TRY(contract::read_vocabulary_file(options.vocabulary));
  check.states = static_cast<size_t>(options.states);
  check.instances = static_cast<size_t>(options.instances);
  check.walks = static_cast<size_t>(options.walks);
  check.full_every = static_cast<size_t>(options.full_every);
  check.every = static_cast<size_t>(options.every);
  check.seed = static_cast<uint64_t>(options.seed);
  check.threads = static_cast<size_t>(options.threads);
  check.on_progress = [&](size_t done, size_t all) { progress.show(fmt::format("{} of {} schemas", done, all)); };
  return eval::check_contracts(check);
}

int run_contract_check(const BenchOptions& options) {
  const auto report = check_contracts(options);
  if (!report.ok()) return fail_bench("bench", report.error());
  const Json values = {{"schemas", report->schemas},
                       {"schemas_generating", report->schemas_generating},
                       {"states", report->states},
                       {"states_full", report->states_full},
                       {"tokens_tried", report->tokens_tried},
                       {"masks_wrong", report->masks_wrong},
                       {"instances", report->instances},
                       {"instances_valid", report->instances_valid},
                       {"instances_without_answer", report->instances_without_answer},
                       {"disagreements", report->disagreements},
                       {"walks", report->walks},
                       {"walk_tokens", report->walk_tokens},
                       {"walks_invalid", report->walks_invalid},
                       {"walks_stuck", report->walks_stuck},
                       {"walks_over_budget", report->walks_over_budget}};
  write_complaints(options, report->failures);
  print(values, options.json);
  for (size_t i = 0; i < std::min<size_t>(report->failures.size(), 5); ++i)
    fmt::print(stderr, "cadre bench: {}\n", printable(report->failures[i]));
  return report->failures.empty() ? kExitOk : kExitFailed;
}

}  // namespace

int fail_bench(const char* command, const Error& error) {
  fmt::print(stderr, "cadre {}: {}\n", command, printable(error.message));
  return error.code == ErrorCode::kInternal || error.code == ErrorCode::kIo ? kExitFailed : kExitBadInput;
}

void add_bench(CommandLine& line, BenchOptions& options) {
  Command& bench = line.command("bench", "Measure contracts on public sets of schemas");
  Command& grammar = bench.command(
      "grammar", "MaskBench files: what is accepted and refused, and with a vocabulary how fast masks are");
  grammar.text("--data", options.data, "a folder of {schema, tests} files").required();
  grammar.text("--vocabulary", options.vocabulary, "tokens to time masks with: a line each, base64 and id");
  grammar.text("--mode", options.mode, "accept or generate, for the times");
  grammar.integer("--every", options.every, "time each so many-th schema", 1, 1'000'000);
  grammar.text("--complaints", options.complaints, "write what went wrong here, a line each");
  grammar.flag("--forced", options.forced,
               "with a vocabulary in Llama 3's order: the share of tokens that schemas force");
  grammar.flag("--without-formats", options.without_formats,
               "formats annotate; the labels of the set were made with formats asserted");
  grammar.flag("--validator", options.validator, "judge by the validator instead of the compiled machine");
  grammar.flag("--json", options.json, "one flat JSON object instead of text");
  grammar.example("cadre bench grammar --data maskbench --json");
  grammar.action([&options] { return run_grammar_bench(options); });
  Command& suite = bench.command("schemas", "The official JSON-Schema-Test-Suite");
  suite.text("--data", options.data, "a checkout: tests/ and remotes/").required();
  suite.text("--draft", options.folder, "the folder below tests/");
  suite.text("--complaints", options.complaints, "write what went wrong here, a line each");
  suite.flag("--validator", options.validator, "judge by the validator instead of the compiled machine");
  suite.flag("--json", options.json, "one flat JSON object instead of text");
  suite.example("cadre bench schemas --data JSON-Schema-Test-Suite --draft draft2020-12");
  suite.action([&options] { return run_suite_bench(options); });
  Command& contracts = bench.command("contracts",
                                     "Hold contracts to their promises at random: masks against every token, machine "
                                     "against validator, walks against budgets");
  contracts.text("--data", options.data, "a folder of {schema, tests} files").required();
  contracts.text("--vocabulary", options.vocabulary, "tokens to draw from: a line each, base64 and id");
  contracts.integer("--states", options.states, "masks to compare with trying every token", 0, 1'000'000'000);
  contracts.integer("--instances", options.instances, "documents to judge twice", 0, 1'000'000'000);
  contracts.integer("--walks", options.walks, "documents to write under random budgets", 0, 1'000'000'000);
  contracts.integer("--full-every", options.full_every,
                    "compare one walk in so many over the whole vocabulary; 0: none", 0, 1'000'000'000);
  contracts.integer("--every", options.every, "each so many-th schema", 1, 1'000'000);
  contracts.integer("--seed", options.seed, "of all that is random", 0, INT64_MAX);
  contracts.integer("--threads", options.threads, "schemas at once; does not change the result", 1, 256);
  contracts.text("--complaints", options.complaints, "write what went wrong here, a line each");
  contracts.flag("--json", options.json, "one flat JSON object instead of text");
  contracts.example(
      "cadre bench contracts --data maskbench --states 100000 --instances 100000 --walks 10000 --threads 2");
  contracts.action([&options] { return run_contract_check(options); });
  add_bench_decisions(bench, options);
  add_bench_sql(bench, options);
  bench.example("cadre bench grammar --data maskbench --json");
}

}  // namespace cadre::app
