// SPDX-License-Identifier: Apache-2.0
#include "app/eval_command.h"

#include <fmt/format.h>

#include <array>

#include "agent/specialist_pack.h"
#include "app/exit_codes.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/progress.h"
#include "base/clock.h"
#include "base/json.h"
#include "engine/decider_engine.h"
#include "eval/intents_suite.h"
#include "eval/retrieval_suite.h"
#include "eval/spider_suite.h"
#include "eval/sql_suite.h"
#include "eval/tables_suite.h"
#include "eval/tools_suite.h"
#include "eval/verifier_suite.h"
#include "eval/wikisql_suite.h"

namespace cadre::app {
namespace {

using eval::SqlSuiteOptions;
using eval::SuiteReport;

// The suites over tables: they differ in their files and their extra numbers.
struct SqlSuite {
  const char* name;
  const char* description;
  Result<SuiteReport> (*run)(engine::SpecialistEngine& engine, const SqlSuiteOptions& options);
};
constexpr std::array<SqlSuite, 3> kSqlSuites = {{
    {"wikisql", "Questions over Wikipedia tables, one SELECT each (SPLIT.jsonl, SPLIT.tables.jsonl, SPLIT.sqlite)",
     [](engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
       return eval::run_wikisql_suite(engine, options);
     }},
    {"spider",
     "Questions over one table of real databases (SPLIT.jsonl, databases/DB.sqlite); most need another form of SQL",
     [](engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
       return eval::run_spider_single_table_suite(engine, options);
     }},
    {"tables",
     "Questions over CSV or SQLite files of your own, with the rows that should come back (SPLIT.jsonl and the files)",
     [](engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
       return eval::run_tables_suite(engine, options);
     }},
}};

const SqlSuite* find_suite(const std::string& name) {
  for (const SqlSuite& suite : kSqlSuites) {
    if (name == suite.name) return &suite;
  }
  return nullptr;
}

// What every suite is told. The progress must live as long as the options.
template <class Options>
Options common_options(const EvalOptions& given, Progress& progress) {
  Options options;
  options.data = given.data;
  options.split = given.split;
  options.limit = static_cast<size_t>(given.limit);
  options.progress = [&progress](size_t done, size_t total) {
    progress.show(fmt::format("{} of {} cases", done, total));
  };
  return options;
}

Result<SuiteReport> run_sql_suite(const SqlSuite& suite, const EvalOptions& options) {
  const std::string path = TRY(specialist_path(options.specialist));
  const auto engine = TRY(engine::DeciderEngine::load(path, {.use_cells = !options.without_cells}));
  const agent::StepPolicy policy = agent::policy_of_contract(engine->contract());
  Progress progress(base::system_clock());
  auto suite_options = common_options<SqlSuiteOptions>(options, progress);
  suite_options.predictions_path = options.predictions;
  suite_options.execution_guided_k = static_cast<size_t>(options.candidates_max);
  suite_options.confidence_min = options.confidence_min < 0 ? policy.confidence_min : options.confidence_min;
  suite_options.answerable_min = options.confidence_min < 0 ? policy.answerable_min : 0;
  suite_options.empty_keeps = policy.doubt_keeps;
  SuiteReport report = TRY(suite.run(*engine, suite_options));
  report.values["specialist"] = engine->name();
  report.values["confidence_min"] = suite_options.confidence_min;
  return report;
}

Result<SuiteReport> run_intents(const EvalOptions& options) {
  const std::string path = find_specialist(options.specialist, "intents.gguf");
  if (path.empty())
    return Error{ErrorCode::kNotFound,
                 "no router: intents.gguf is not installed; make one with `cadre train recipes/router.yaml`, or give "
                 "--specialist FILE"};
  const auto router = TRY(model::Router::open(path));
  Progress progress(base::system_clock());
  auto suite_options = common_options<eval::IntentsSuiteOptions>(options, progress);
  suite_options.predictions_path = options.predictions;
  return eval::run_intents_suite(router, suite_options);
}

Result<SuiteReport> run_verifier(const EvalOptions& options) {
  const std::string path = find_specialist(options.verifier, "verifier.gguf");
  if (path.empty())
    return Error{
        ErrorCode::kNotFound,
        "no verifier: verifier.gguf is not installed; make one with `cadre train recipes/verifier.yaml`, or give "
        "--verifier FILE"};
  const auto verifier = TRY(model::Verifier::open(path));
  const auto engine = TRY(engine::DeciderEngine::load(TRY(specialist_path(options.specialist))));
  Progress progress(base::system_clock());
  auto suite_options = common_options<SqlSuiteOptions>(options, progress);
  suite_options.execution_guided_k = static_cast<size_t>(options.candidates_max);
  return eval::run_verifier_suite(*engine, verifier, suite_options);
}

Result<SuiteReport> run_tools(const EvalOptions& options) {
  Progress progress(base::system_clock());
  auto suite_options = common_options<eval::ToolsSuiteOptions>(options, progress);
  suite_options.half = TRY(eval::case_half(options.half));
  suite_options.predictions_path = options.predictions;
  return eval::run_tools_suite(suite_options);
}

Result<SuiteReport> run_retrieval(const EvalOptions& options) {
  const std::string router = find_specialist(options.router, "intents.gguf");
  if (router.empty())
    return Error{ErrorCode::kNotFound,
                 "no router: intents.gguf is not installed; make one with `cadre train recipes/router.yaml`, or give "
                 "--router FILE"};
  Progress progress(base::system_clock());
  auto suite_options = common_options<eval::RetrievalSuiteOptions>(options, progress);
  suite_options.half = TRY(eval::case_half(options.half));
  suite_options.headers_only = options.headers_only;
  suite_options.decider = TRY(specialist_path(options.specialist));
  suite_options.router = router;
  return eval::run_retrieval_suite(suite_options);
}

void print_report(const base::Json& values, bool json) {
  if (json) {
    fmt::print("{}\n", base::dump_json(values));
    return;
  }
  for (const auto& [name, value] : values.items()) {
    const std::string text = value.is_number_float() ? fmt::format("{:.4f}", value.get<double>())
                             : value.is_string()     ? value.get<std::string>()
                                                     : base::dump_json(value);
    fmt::print("{:<44} {}\n", name, printable(text));
  }
}

void add_sql_suite(Command& parent, const SqlSuite& suite, EvalOptions& options) {
  Command& command = parent.command(suite.name, suite.description);
  command.text("--data", options.data, "the folder with the set's files").required();
  command.text("--split", options.split, "which files of it: SPLIT.jsonl and so on");
  command.text("--specialist", options.specialist, "the pack to measure instead of the installed sql.gguf");
  command.text("--predictions", options.predictions, "write one JSON line per case here");
  command.integer("--limit", options.limit, "the first so many cases; 0 is all", 0, 100'000'000);
  command.integer("--candidates", options.candidates_max, "candidates that execution may choose among", 1, 64);
  command.real("--confidence", options.confidence_min, "abstain below it; below 0: as the specialist was calibrated",
               -1, 1);
  command.flag("--without-cells", options.without_cells,
               "hide cell contents from the specialist, to measure what they are worth");
  command.flag("--json", options.json, "one flat JSON object instead of text");
  command.example(fmt::format("cadre eval {} --data {} --split dev --json", suite.name, suite.name));
  command.action([&options, name = suite.name] { return run_eval(name, options); });
}

void add_intents(Command& parent, EvalOptions& options) {
  Command& command = parent.command(
      "intents", "Short requests with their intent, some out of scope (SPLIT.jsonl; train.jsonl for naive Bayes)");
  command.text("--data", options.data, "the folder with the set's files").required();
  command.text("--split", options.split, "which file of it: SPLIT.jsonl");
  command.text("--specialist", options.specialist, "the router pack to measure instead of the installed intents.gguf");
  command.text("--predictions", options.predictions, "write one JSON line per case here");
  command.integer("--limit", options.limit, "the first so many cases; 0 is all", 0, 100'000'000);
  command.flag("--json", options.json, "one flat JSON object instead of text");
  command.example("cadre eval intents --data clinc150 --split val --json");
  command.action([&options] { return run_eval("intents", options); });
}

void add_verifier(Command& parent, EvalOptions& options) {
  Command& command = parent.command(
      "verifier", "The learned verifier against the specialist's own confidence (a WikiSQL or a Spider set)");
  command.text("--data", options.data, "the folder with the set's files").required();
  command.text("--split", options.split, "which files of it: SPLIT.jsonl and so on");
  command.text("--verifier", options.verifier, "the verifier pack to measure instead of the installed verifier.gguf");
  command.text("--specialist", options.specialist, "the pack whose calls it judges instead of the installed sql.gguf");
  command.integer("--limit", options.limit, "the first so many cases; 0 is all", 0, 100'000'000);
  command.integer("--candidates", options.candidates_max, "calls asked of the specialist", 1, 64);
  command.flag("--json", options.json, "one flat JSON object instead of text");
  command.example("cadre eval verifier --data wikisql --split dev --json");
  command.action([&options] { return run_eval("verifier", options); });
}

void add_tools(Command& parent, EvalOptions& options) {
  Command& command = parent.command(
      "tools",
      "Requests with the tools they need, among thousands (tool.jsonl, SPLIT.jsonl): does retrieval find them?");
  command.text("--data", options.data, "the folder with the set's files").required();
  command.text("--split", options.split, "which file of it: SPLIT.jsonl");
  command.text("--half", options.half, "both, or the even or odd lines: what is tuned on one is reported on the other");
  command.text("--predictions", options.predictions, "write one JSON line per case here");
  command.integer("--limit", options.limit, "the first so many cases; 0 is all", 0, 100'000'000);
  command.flag("--json", options.json, "one flat JSON object instead of text");
  command.example("cadre eval tools --data seal_tools --split dev --half odd --json");
  command.action([&options] { return run_eval("tools", options); });
}

void add_retrieval(Command& parent, EvalOptions& options) {
  Command& command = parent.command(
      "retrieval",
      "Questions with the tables they were asked of, or requests with earlier ones of the same intent: what do vectors "
      "find that words do not?");
  command.text("--data", options.data, "the folder with the set's files (docs/evaluation.md)").required();
  command.text("--split", options.split, "which files of it: SPLIT.jsonl and so on");
  command.text("--half", options.half,
               "both, or the even or odd cases: what is chosen on one is reported on the other");
  command.text("--specialist", options.specialist,
               "the pack whose encoder is measured instead of the installed sql.gguf");
  command.text("--router", options.router, "the router pack that is measured instead of the installed intents.gguf");
  command.integer("--limit", options.limit, "the first so many cases; 0 is all", 0, 100'000'000);
  command.flag("--headers", options.headers_only, "of a table only its header is a document");
  command.flag("--json", options.json, "one flat JSON object instead of text");
  command.example("cadre eval retrieval --data banking77 --split train --half odd --json");
  command.action([&options] { return run_eval("retrieval", options); });
}

}  // namespace

int run_eval(const std::string& suite, const EvalOptions& options) {
  const SqlSuite* sql_suite = find_suite(suite);
  auto report = sql_suite != nullptr  ? run_sql_suite(*sql_suite, options)
                : suite == "intents"  ? run_intents(options)
                : suite == "verifier" ? run_verifier(options)
                : suite == "tools"    ? run_tools(options)
                : suite == "retrieval"
                    ? run_retrieval(options)
                    : Result<SuiteReport>(Error{ErrorCode::kInvalid, fmt::format("there is no suite \"{}\"", suite)});
  if (!report.ok()) {
    fmt::print(stderr, "cadre eval: {}\n", printable(report.error().message));
    return report.error().code == ErrorCode::kInternal || report.error().code == ErrorCode::kIo ? kExitFailed
                                                                                                : kExitBadInput;
  }
  print_report(report->values, options.json);
  return kExitOk;
}

void add_eval(CommandLine& line, EvalOptions& options) {
  Command& command = line.command("eval", "Measure a specialist on a set of cases");
  for (const SqlSuite& suite : kSqlSuites) add_sql_suite(command, suite, options);
  add_intents(command, options);
  add_verifier(command, options);
  add_tools(command, options);
  add_retrieval(command, options);
  command.example("cadre eval wikisql --data wikisql --split dev --json");
}

}  // namespace cadre::app
