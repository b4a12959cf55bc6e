// SPDX-License-Identifier: Apache-2.0
#include "app/ask_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <utility>

#include "agent/recover.h"
#include "app/exit_codes.h"
#include "app/open_world.h"
#include "app/paths.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/file.h"
#include "base/json.h"
#include "contract/sql_task.h"

namespace cadre::app {
namespace {

// Runs of dead processes that one start takes up; the rest waits for the next.
constexpr size_t kRecoveredMax = 8;
// A scan with two conditions takes 6 to 12 SQLite VM steps a row (13 million rows, 1 GB of CSV); a run may need a few scans.
constexpr int64_t kVmStepsPerRow = 64;

// Everything that stays open between questions.
struct Session {
  store::Journal journal;
  std::unique_ptr<agent::World> world;
  agent::Request request;  // all but the question
  agent::Budget budget;
  agent::Policy policy;
  int64_t open_ns = 0;
};

Result<void> check_question(const std::string& question) {
  if (question.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error{ErrorCode::kInvalid, "the question is empty; ask for something that stands in the table"};
  }
  if (question.size() > contract::kQuestionSizeBytesMax) {
    return Error{ErrorCode::kLimit, fmt::format("the question has {} bytes, the limit is {}; ask one thing at a time",
                                                question.size(), contract::kQuestionSizeBytesMax)};
  }
  return {};
}

Result<store::Journal> open_journal(const std::string& given) {
  const std::string path = TRY(journal_path(given));
  auto journal = store::Journal::open(path);
  if (!journal.ok()) return std::move(journal).error().with_context("journal");
  return journal;
}

Session make_session(const AskOptions& options, store::Journal journal, std::unique_ptr<agent::World> world) {
  agent::Request request{.table_path = absolute_path(options.table),
                         .table_name = options.table_name,
                         .table_fingerprint = world->table_fingerprint,
                         .specialist_path = options.specialist.empty() ? "" : absolute_path(options.specialist),
                         .specialist = world->engine->name()};
  agent::Policy policy = world->policy;
  if (options.confidence_min >= 0) policy.confidence_min = options.confidence_min;
  agent::Budget budget{.candidates_max = options.candidates_max, .rows_max = options.rows_max};
  budget.vm_steps_max = std::max(budget.vm_steps_max, kVmStepsPerRow * static_cast<int64_t>(world->table.row_count()));
  return Session{std::move(journal), std::move(world), std::move(request), budget, policy};
}

Result<agent::RunReport> ask(Session& session, const std::string& question) {
  TRY(check_question(question));
  agent::Request request = session.request;
  request.question = question;
  agent::Driver driver(session.journal, session.world->parts(base::system_clock()));
  return driver.ask(request, session.budget, session.policy);
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
    fmt::print("{}\n", base::dump_json(report_to_json(*report, session.open_ns)));
  } else {
    fmt::print("{}", report_to_text(*report));
  }
  return exit_code_of(*report->state.outcome);
}

// One JSON line for each question, in order, as soon as it is answered. True: none failed.
bool ask_line(Session& session, const std::string& question) {
  const auto report = ask(session, question);
  const base::Json json = report.ok() ? report_to_json(*report, session.open_ns) : error_to_json(report.error());
  fmt::print("{}\n", base::dump_json(json));
  std::fflush(stdout);
  return report.ok() && report->state.outcome->status != agent::Status::kFailed;
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
void recover(Session& session, const SpecialistLoader& load_specialist) {
  auto recovered =
      agent::recover_runs(session.journal, base::system_clock(), world_opener(load_specialist), kRecoveredMax);
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

int run_ask(const AskOptions& options, const SpecialistLoader& load_specialist) {
  const int64_t start_ns = base::system_clock().monotonic_ns();
  const bool is_one = options.questions.empty();
  if (!is_one && !options.question.empty()) {
    return report_error(Error{ErrorCode::kInvalid, "give a question or --questions FILE, not both"}, options.json,
                        kExitUsage);
  }
  const auto checked = is_one ? check_question(options.question) : Result<void>();
  if (!checked.ok()) return report_error(checked.error(), options.json, kExitBadInput);
  auto world = open_world({.table = options.table, .table_name = options.table_name, .specialist = options.specialist},
                          load_specialist);
  if (!world.ok()) return report_error(world.error(), options.json, exit_code_of(world.error()));
  auto journal = open_journal(options.journal);
  if (!journal.ok()) return report_error(journal.error(), options.json, kExitFailed);
  Session session = make_session(options, std::move(*journal), std::move(*world));
  session.open_ns = base::system_clock().monotonic_ns() - start_ns;
  for (const std::string& note : session.world->table.notes())
    fmt::print(stderr, "cadre ask: note: {}\n", printable(note));
  recover(session, load_specialist);
  return is_one ? ask_one(session, options.question, options.json) : ask_file(session, options.questions);
}

void add_ask(CommandLine& line, AskOptions& options, SpecialistLoader load_specialist) {
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
  command.action([&options, load = std::move(load_specialist)] { return run_ask(options, load); });
}

}  // namespace cadre::app
