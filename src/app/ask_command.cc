// SPDX-License-Identifier: Apache-2.0
#include "app/ask_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "agent/live_run.h"
#include "agent/recover.h"
#include "agent/run_view.h"
#include "agent/serial_executor.h"
#include "app/exit_codes.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "app/table_cadre.h"
#include "base/file.h"
#include "base/json.h"
#include "contract/sql_task.h"

namespace cadre::app {
namespace {

// Runs of dead processes that one start takes up; the rest waits for the next.
constexpr size_t kRecoveredMax = 8;

// Everything that stays open between questions.
struct Session {
  store::Journal journal;
  TableCadreOptions options;
  TableCadre table;
  agent::Budget budget;
  int64_t open_ns = 0;
};

Result<store::Journal> open_journal(const std::string& given) {
  const std::string path = TRY(journal_path(given));
  auto journal = store::Journal::open(path);
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  return journal;
}

Result<AskReport> ask(Session& session, const std::string& question) {
  TRY(contract::question_words(question));
  const base::Clock& clock = base::system_clock();
  const int64_t start_ns = clock.monotonic_ns();
  const agent::DeciderTimings before = session.table.specialist->timings();
  agent::SerialExecutor executor;
  const agent::Cadre& cadre = *session.table.cadre;
  const agent::RunParts parts{&session.journal, &clock, &cadre.specialists, cadre.planner.get(), &executor};
  const auto run =
      TRY(agent::LiveRun::begin(parts, agent::kAskRun, table_request(session.options, question), session.budget));
  agent::RunSnapshot ended = agent::carry_out(*run, executor);
  if (ended.stopped_by) return std::move(*ended.stopped_by).with_context("journal");
  AskReport report{.view = agent::view_of_run(run->id(), ended.state, ended.is_finished), .run = ended.timings};
  const agent::DeciderTimings after = session.table.specialist->timings();
  report.decider = {after.features_ns - before.features_ns, after.encoder_ns - before.encoder_ns,
                    after.heads_ns - before.heads_ns};
  report.open_ns = session.open_ns;
  report.total_ns = clock.monotonic_ns() - start_ns;
  return report;
}

int report_error(const Error& error, bool json, int exit_status) {
  if (json) fmt::print("{}\n", base::dump_json(error_to_json(error)));
  fmt::print(stderr, "cadre ask: {}\n", printable(error.message));
  return exit_status;
}

// A question that became no run is the user's; everything else that ends without an outcome is the journal's.
int exit_code_of_ask(const Error& error) {
  const bool is_question =
      error.code == ErrorCode::kInvalid || error.code == ErrorCode::kLimit || error.code == ErrorCode::kUnsupported;
  return is_question ? kExitBadInput : kExitFailed;
}

int ask_one(Session& session, const std::string& question, bool json) {
  auto report = ask(session, question);
  if (!report.ok()) return report_error(report.error(), json, exit_code_of_ask(report.error()));
  if (json) {
    fmt::print("{}\n", base::dump_json(report_to_json(*report)));
  } else {
    fmt::print("{}", report_to_text(*report));
  }
  return exit_code_of(report->view.status);
}

// One JSON line for each question, in order, as soon as it is answered. True: none failed.
bool ask_line(Session& session, const std::string& question) {
  const auto report = ask(session, question);
  const base::Json json = report.ok() ? report_to_json(*report) : error_to_json(report.error());
  fmt::print("{}\n", base::dump_json(json));
  std::fflush(stdout);
  return report.ok() && report->view.status != agent::RunStatus::kFailed;
}

int ask_lines(Session& session, std::istream& questions) {
  bool all_fine = true;
  for (std::string question; std::getline(questions, question);) all_fine = ask_line(session, question) && all_fine;
  return all_fine ? kExitOk : kExitFailed;
}

int ask_file(Session& session, const std::string& path) {
  if (path == "-") return ask_lines(session, std::cin);
  auto text = base::read_file(path);
  if (!text.ok()) return report_error(text.error(), false, kExitBadInput);
  std::istringstream questions(std::move(*text));
  return ask_lines(session, questions);
}

// What a dead process left is taken up before anything new begins; what cannot be is no reason to refuse this question.
void recover(Session& session, const agent::LoadPack& load_pack) {
  auto recovered =
      agent::recover_runs(session.journal, base::system_clock(), table_cadre_opener(load_pack), kRecoveredMax);
  if (!recovered.ok()) {
    fmt::print(stderr, "cadre ask: unfinished runs: {}\n", printable(recovered.error().message));
    return;
  }
  for (const agent::Recovered& run : *recovered) {
    fmt::print(
        stderr, "cadre ask: unfinished run {} {}\n", run.run.text(),
        run.went_on ? "was carried to its end; see `cadre trace`" : "was ended as failed: " + printable(run.why));
  }
}

}  // namespace

int run_ask(const AskOptions& options, const agent::LoadPack& load_pack) {
  const int64_t start_ns = base::system_clock().monotonic_ns();
  const bool is_one = options.questions.empty();
  if (!is_one && !options.question.empty()) {
    return report_error(Error{ErrorCode::kInvalid, "give a question or --questions FILE, not both"}, options.json,
                        kExitUsage);
  }
  if (is_one) {
    const auto words = contract::question_words(options.question);
    if (!words.ok()) return report_error(words.error(), options.json, kExitBadInput);
  }
  const TableCadreOptions table_options{.table = options.table,
                                        .table_name = options.table_name,
                                        .specialist = options.specialist,
                                        .confidence_min = options.confidence_min,
                                        .candidates_max = options.candidates_max,
                                        .rows_max = options.rows_max};
  auto table = open_table_cadre(table_options, load_pack);
  if (!table.ok()) return report_error(table.error(), options.json, exit_code_of(table.error()));
  auto journal = open_journal(options.journal);
  if (!journal.ok()) return report_error(journal.error(), options.json, kExitFailed);
  Session session{std::move(*journal), table_options, std::move(*table), {}, 0};
  session.open_ns = base::system_clock().monotonic_ns() - start_ns;
  for (const std::string& note : session.table.cadre->notes)
    fmt::print(stderr, "cadre ask: note: {}\n", printable(note));
  recover(session, load_pack);
  return is_one ? ask_one(session, options.question, options.json) : ask_file(session, options.questions);
}

void add_ask(CommandLine& line, AskOptions& options, agent::LoadPack load_pack) {
  Command& command = line.command("ask", "Answer a question from one table, with evidence, or say why not");
  command.text("--table", options.table, "CSV or SQLite file; it is only read").required();
  command.text("--table-name", options.table_name, "which table of a SQLite file, if it has several");
  command.text("question", options.question, "in plain English, in quotes");
  command.text("--questions", options.questions,
               "a file with one question a line (- for standard input); one JSON line each");
  command.flag("--json", options.json, "one JSON object instead of text");
  command.text("--specialist", options.specialist, "the pack to use instead of the installed sql.gguf");
  command.text("--journal", options.journal,
               "where runs are recorded (else $CADRE_HOME, $XDG_STATE_HOME/cadre or ~/.local/state/cadre)");
  command.integer("--candidates", options.candidates_max, "readings of the question to try", 1, 64);
  command.integer("--rows", options.rows_max, "rows to return at most", 1, 10'000);
  command.real("--confidence", options.confidence_min,
               "answer only if at least this sure; below 0: as the specialist was calibrated", -1, 1);
  command.example("cadre ask --table sales.csv \"how many orders over 500 came from Berlin\"");
  command.example("cadre ask --table goals.csv --json \"how many away goals did Kane score in 2019\"");
  command.action([&options, load = std::move(load_pack)] { return run_ask(options, load); });
}

}  // namespace cadre::app
