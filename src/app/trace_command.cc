// SPDX-License-Identifier: Apache-2.0
#include "app/trace_command.h"

#include <fmt/format.h>

#include <utility>

#include "agent/plan_events.h"
#include "agent/recover.h"
#include "app/exit_codes.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/table_cadre.h"
#include "app/trace_text.h"
#include "base/file.h"
#include "base/json.h"

namespace cadre::app {
namespace {

using base::Json;
using store::Journal;
using store::RunSummary;

constexpr size_t kRecoveredMax = 8;
constexpr size_t kQuestionWidth = 60;

int report_error(const Error& error) {
  fmt::print(stderr, "cadre trace: {}\n", printable(error.message));
  const bool is_system =
      error.code == ErrorCode::kIo || error.code == ErrorCode::kBusy || error.code == ErrorCode::kInternal;
  return is_system ? kExitFailed : kExitBadInput;
}

// Looking writes nothing, so a journal that is on a read-only medium can be read. Taking up a dead process's run needs to write.
Result<Journal> open_journal(const TraceOptions& options) {
  const std::string path = TRY(journal_path(options.journal));
  if (!base::file_exists(path)) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no journal at \"{}\" yet; `cadre ask` makes one", path)};
  }
  return Journal::open(path, {.read_only = options.only_look});
}

const char* status_of(const RunSummary& summary) {
  if (summary.state == store::RunState::kDone) return "answered";
  if (summary.state != store::RunState::kRunning) return store::run_state_name(summary.state);
  return summary.owner == store::Owner::kDead ? "unfinished (its process is gone)" : "running";
}

std::string question_of(const Journal& journal, const RunSummary& summary) {
  const auto records = journal.read_run(summary.run);
  if (!records.ok()) return "(" + records.error().message + ")";
  if (records->empty() || !records->front().payload) return "(erased)";
  const auto event = agent::event_from_json(records->front().kind, *records->front().payload);
  const auto* begun = event.ok() ? std::get_if<agent::RunBegun>(&*event) : nullptr;
  if (begun == nullptr) return "";
  const std::string_view text = agent::text_of(begun->request);
  return text.empty() && begun->request.contains("input") ? base::dump_json(begun->request["input"])
                                                          : std::string(text);
}

int list_runs(const Journal& journal, const TraceOptions& options) {
  const auto runs = journal.list_runs(static_cast<size_t>(options.count_max));
  if (!runs.ok()) return report_error(runs.error());
  for (const RunSummary& summary : *runs) {
    const std::string question = question_of(journal, summary);
    if (options.json) {
      const Json json = {{"run", summary.run.text()},
                         {"status", status_of(summary)},
                         {"begun", utc_time(summary.begun_us)},
                         {"records", summary.records},
                         {"question", question}};
      fmt::print("{}\n", base::dump_json(json));
    } else {
      fmt::print("{}  {}  {:<10} {}\n", summary.run.text(), utc_time(summary.begun_us), status_of(summary),
                 clipped(printable(question), kQuestionWidth));
    }
  }
  if (runs->empty() && !options.json) fmt::print("no runs\n");
  return kExitOk;
}

Json record_to_json(const store::Record& record) {
  Json json = {{"sequence", record.sequence},
               {"kind", record.kind},
               {"wall_us", record.wall_us},
               {"hash", base::to_hex(record.hash)}};
  json["payload"] = record.payload ? *record.payload : Json();
  return json;
}

int show_run(const Journal& journal, const store::RunId& run, const TraceOptions& options) {
  const auto summary = journal.run_summary(run);
  if (!summary.ok()) return report_error(summary.error());
  const auto records = journal.read_run(run);
  if (!records.ok()) return report_error(records.error());
  if (options.json) {
    Json json = {{"run", run.text()},
                 {"status", status_of(*summary)},
                 {"begun", utc_time(summary->begun_us)},
                 {"records", Json::array()}};
    for (const store::Record& record : *records) json["records"].push_back(record_to_json(record));
    fmt::print("{}\n", base::dump_json(json));
    return kExitOk;
  }
  fmt::print("run {}  {}  {}\n\n", run.text(), utc_time(summary->begun_us), status_of(*summary));
  fmt::print("{:>12}  {:<18} {:>8}\n{}", "since begin", "record", "took ms", trace_text(*records));
  fmt::print("\nchain of {} records verified\n", records->size());
  return kExitOk;
}

int verify_journal(const Journal& journal) {
  const auto verified = journal.verify_all();
  if (!verified.ok()) {
    fmt::print(stderr, "cadre trace: the journal is NOT what was written: {}\n", printable(verified.error().message));
    return kExitFailed;
  }
  fmt::print("verified: {} runs, {} records, {} payloads erased, {} checkpoints\n", verified->runs, verified->records,
             verified->payloads_erased, verified->checkpoints);
  return kExitOk;
}

// Runs that a dead process left are carried on or ended before they are shown.
Result<void> recover(Journal& journal, const TraceOptions& options, const agent::LoadPack& load_pack) {
  const auto open = table_cadre_opener(load_pack);
  if (options.run.empty()) {
    const auto recovered = TRY(agent::recover_runs(journal, base::system_clock(), open, kRecoveredMax));
    return {};
  }
  const store::RunId run = TRY(journal.find_run(options.run));
  const RunSummary summary = TRY(journal.run_summary(run));
  if (summary.owner != store::Owner::kDead) return {};
  auto recovered = agent::recover_run(journal, base::system_clock(), run, open);
  if (!recovered.ok() && recovered.error().code != ErrorCode::kBusy) return std::move(recovered).error();
  return {};
}

}  // namespace

int run_trace(const TraceOptions& options, const agent::LoadPack& load_pack) {
  if (options.run.empty() && !options.list && !options.verify) {
    fmt::print(stderr, "cadre trace: give a run (or the first letters of its id), --list or --verify\n");
    return kExitUsage;
  }
  auto journal = open_journal(options);
  if (!journal.ok()) return report_error(journal.error());
  if (!options.only_look && !options.verify) {
    if (auto recovered = recover(*journal, options, load_pack); !recovered.ok()) return report_error(recovered.error());
  }
  if (options.verify && options.run.empty()) return verify_journal(*journal);
  if (options.list) return list_runs(*journal, options);
  const auto run = journal->find_run(options.run);
  if (!run.ok()) return report_error(run.error());
  return show_run(*journal, *run, options);
}

void add_trace(CommandLine& line, TraceOptions& options, agent::LoadPack load_pack) {
  Command& command = line.command("trace", "Show what a run tried, what was refused and why, with times");
  command.text("run", options.run, "the run's id, or its first letters");
  command.flag("--list", options.list, "the latest runs, newest first");
  command.integer("--count", options.count_max, "how many runs to list", 1, 10'000);
  command.flag("--verify", options.verify, "check the hash chain of the run, or of the whole journal");
  command.flag("--only-look", options.only_look, "do not take up runs whose process died");
  command.flag("--json", options.json, "JSON instead of text, with whole records");
  command.text("--journal", options.journal, "which journal to read");
  command.example("cadre trace --list");
  command.example("cadre trace 01890a5d");
  command.action([&options, load = std::move(load_pack)] { return run_trace(options, load); });
}

}  // namespace cadre::app
