// SPDX-License-Identifier: Apache-2.0
#include "app/run_command.h"

#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "agent/live_run.h"
#include "agent/run_view.h"
#include "app/exit_codes.h"
#include "app/office.h"
#include "app/printable.h"
#include "app/run_output.h"
#include "base/json.h"
#include "serve/follow.h"

namespace cadre::app {
namespace {

using base::Json;

constexpr int64_t kDay_ms = int64_t{24} * 3600 * 1000;

int show(const agent::RunView& view, bool json) {
  fmt::print("{}", json ? base::dump_json(serve::run_json(view)) + "\n" : view_to_text(view));
  return exit_code_of(view.status);
}

// To the run's end, or to where it waits for a person.
Result<agent::RunView> finish(agent::LiveRun& run) {
  run.wait(kDay_ms, nullptr);
  const agent::RunSnapshot snapshot = run.snapshot();
  if (snapshot.stopped_by) return *snapshot.stopped_by;
  return agent::view_of_run(run.id(), snapshot.state, snapshot.is_finished);
}

Result<Json> request_of(const RunOptions& options) {
  agent::RunRequest request{.text = options.text, .specialist = options.specialist};
  request.subject = options.subject;
  if (!options.input.empty()) {
    auto input = base::parse_json(options.input);
    if (!input.ok()) return std::move(input).error().with_context("--input");
    request.input = std::move(*input);
  }
  return agent::request_to_json(request);
}

int run_run(const RunOptions& options) {
  const auto request = request_of(options);
  if (!request.ok()) return fail("run", request.error());
  auto office = Office::open(options.file, options.journal);
  if (!office.ok()) return fail("run", office.error());
  if (auto checked = agent::check_request(*request, (*office)->specialists()); !checked.ok())
    return fail("run", checked.error());
  auto run = agent::LiveRun::begin((*office)->parts(), agent::kServedRun, *request, (*office)->budget());
  if (!run.ok()) return fail("run", run.error());
  (*run)->go();
  const auto view = finish(**run);
  return view.ok() ? show(*view, options.json) : fail("run", view.error());
}

// The step that is meant, if it can be told.
Result<std::string> step_of(const agent::RunView& view, const std::string& given) {
  if (view.status != agent::RunStatus::kWaiting) {
    return Error{ErrorCode::kInvalid, fmt::format("run {} is {}: it waits for nobody", view.run.text(),
                                                  agent::run_status_name(view.status))};
  }
  if (!given.empty()) return given;
  if (view.approvals.size() == 1) return view.approvals[0].step;
  std::string steps;
  for (const agent::PendingApproval& approval : view.approvals) steps += (steps.empty() ? "" : ", ") + approval.step;
  return Error{ErrorCode::kInvalid, fmt::format("several steps wait; name one of: {}", steps)};
}

Result<agent::RunView> decide(Office& office, const ApproveOptions& options) {
  const store::RunId id = TRY(office.journal().find_run(options.run));
  const auto replayed = TRY(agent::replay_run(office.journal(), id));
  const std::string step = TRY(step_of(agent::view_of_run(id, replayed.state, replayed.closed), options.step));
  auto taken = agent::LiveRun::take_over(office.parts(), id);
  if (!taken.ok() && taken.error().code == ErrorCode::kBusy) {
    return Error{ErrorCode::kBusy,
                 fmt::format("run {} belongs to a process that lives; decide there (docs/serving.md)", id.text())};
  }
  const std::shared_ptr<agent::LiveRun> run = TRY(std::move(taken));
  run->go();
  const char* user = std::getenv("USER");
  const std::string who = !options.who.empty() ? options.who : user != nullptr ? user : "somebody at the command line";
  TRY(run->decide(step, !options.deny, who, options.why));
  return finish(*run);
}

int run_approve(const ApproveOptions& options) {
  auto office = Office::open(options.file, options.journal);
  if (!office.ok()) return fail("approve", office.error());
  const auto view = decide(**office, options);
  return view.ok() ? show(*view, options.json) : fail("approve", view.error());
}

}  // namespace

void add_run(CommandLine& line, RunOptions& options) {
  Command& command = line.command("run", "Carry out one request with the specialists and tools of a cadre file");
  command.text("--cadre", options.file, "a cadre file (docs/cadre_file.md)").required();
  command.text("request", options.text, "in plain English, in quotes");
  command.text("--specialist", options.specialist, "ask this one and dispatch nothing");
  command.text("--input", options.input, "its input, as JSON");
  command.text("--subject", options.subject, "whom it is about");
  command.text("--journal", options.journal, "where the cadre file names none");
  command.flag("--json", options.json, "one JSON object instead of text");
  command.example("cadre run --cadre examples/cadre.yaml \"how many countries are in Africa\"");
  command.action([&options] { return run_run(options); });
}

void add_approve(CommandLine& line, ApproveOptions& options) {
  Command& command = line.command("approve", "Decide on a call that waits for a person, and carry its run on");
  command.text("run", options.run, "the run's id, or its first letters").required();
  command.text("step", options.step, "which step, if several wait");
  command.text("--cadre", options.file, "the cadre file of the run").required();
  command.flag("--deny", options.deny, "the call must not be made");
  command.text("--who", options.who, "who decides; goes into the journal (else $USER)");
  command.text("--why", options.why, "why; goes into the journal");
  command.text("--journal", options.journal, "where the cadre file names none");
  command.flag("--json", options.json, "one JSON object instead of text");
  command.example("cadre approve 01890a5d --cadre office.yaml --who ada --why \"checked the amount\"");
  command.action([&options] { return run_approve(options); });
}

}  // namespace cadre::app
