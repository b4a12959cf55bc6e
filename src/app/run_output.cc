// SPDX-License-Identifier: Apache-2.0
#include "app/run_output.h"

#include <fmt/format.h>

#include <sstream>

#include "agent/json_values.h"
#include "app/printable.h"

namespace cadre::app {
namespace {

using base::Json;

constexpr size_t kStepWidth = 160;  // characters of an output

double milliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds / 1000) / 1000.0;
}

Json timings_to_json(const AskReport& report) {
  return {{"open", milliseconds(report.open_ns)},
          {"dispatch", milliseconds(report.run.plan_ns)},
          {"features", milliseconds(report.decider.features_ns)},
          {"encoder", milliseconds(report.decider.encoder_ns)},
          {"heads", milliseconds(report.decider.heads_ns)},
          {"verify", milliseconds(report.run.verify_ns)},
          {"execute", milliseconds(report.run.execute_ns)},
          {"compose", milliseconds(report.run.compose_ns)},
          {"journal", milliseconds(report.run.journal_ns)},
          {"total", milliseconds(report.total_ns)}};
}

// Texts of the journal that need not be UTF-8.
std::string text_at(const Json& object, const char* key) {
  const auto text = agent::bytes_at(object, key);
  return text.ok() ? printable(*text) : "";
}

std::string quoted_words(const Json& evidence) {
  std::string text;
  for (const Json& quote : evidence["words"])
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", text_at(quote, "text"));
  return text.empty() ? "(no word of the question)" : text;
}

std::string evidence_line(const Json& evidence) {
  const std::string role = text_at(evidence, "role");
  const std::string column = text_at(evidence, "column");
  if (role == "select") return fmt::format("{} -> column {}", quoted_words(evidence), column);
  if (role == "aggregate") return fmt::format("{} -> {}", quoted_words(evidence), text_at(evidence, "op"));
  return fmt::format("{} -> {} {} {} ({})", quoted_words(evidence), column, text_at(evidence, "op"),
                     text_at(evidence, "value"), text_at(evidence, "origin"));
}

// An answer of several steps has a line for each.
std::string first_lines(const agent::RunView& view) {
  if (view.status == agent::RunStatus::kAnswered) {
    std::string lines;
    std::istringstream stream(view.text);
    for (std::string line; std::getline(stream, line);) lines += (lines.empty() ? "" : "\n") + printable(line);
    return lines;
  }
  return fmt::format("{}: {}", view.status == agent::RunStatus::kDeclined ? "No answer" : "Failed",
                     printable(view.message));
}

// The SELECT of one step and what led to it.
std::string grounds_text(const Json& output, const Json& evidence) {
  std::string text = fmt::format("\nsql      {}\n", text_at(output, "sql"));
  const char* label = "because";
  for (const Json& one : evidence) {
    text += fmt::format("{:<8} {}\n", label, evidence_line(one));
    label = "";
  }
  return text;
}

}  // namespace

Json report_to_json(const AskReport& report) {
  const agent::RunView& view = report.view;
  Json json = {{"run", view.run.text()},
               {"status", agent::run_status_name(view.status)},
               {"reason", view.reason},
               {"message", view.message},
               {"answer", nullptr},
               {"sql", nullptr},
               {"columns", Json::array()},
               {"rows", Json::array()},
               {"truncated", false},
               {"evidence", Json::array()},
               {"probability", view.confidence},
               {"steps", view.steps},
               {"timings_ms", timings_to_json(report)}};
  if (view.status == agent::RunStatus::kAnswered) {
    json["answer"] = view.text;
    if (view.steps.size() == 1) json.update(view.value);
    json["evidence"] = view.evidence;
  }
  return json;
}

Json error_to_json(const Error& error) {
  return {{"run", nullptr},
          {"status", "failed"},
          {"reason", base::error_code_name(error.code)},
          {"message", error.message},
          {"answer", nullptr},
          {"sql", nullptr},
          {"columns", Json::array()},
          {"rows", Json::array()},
          {"truncated", false},
          {"evidence", Json::array()},
          {"probability", 0.0},
          {"steps", Json::array()},
          {"timings_ms", Json::object()}};
}

std::string report_to_text(const AskReport& report) {
  const agent::RunView& view = report.view;
  std::string text = first_lines(view) + "\n";
  if (view.status == agent::RunStatus::kAnswered) {
    for (const Json& step : view.steps)
      text += grounds_text(step["output"],
                           view.steps.size() == 1 ? view.evidence : view.evidence[step["id"].get<std::string>()]);
    text += fmt::format("sure     {:.2f}\n", view.confidence);
  } else {
    text += "\n";
  }
  return text + fmt::format("run      {}\n", view.run.text());
}

std::string view_to_text(const agent::RunView& view) {
  std::string text;
  if (view.status == agent::RunStatus::kWaiting) {
    for (const agent::PendingApproval& approval : view.approvals) {
      text += fmt::format("Step {} waits for a person: {}\n  {} would call {} with {}\n", approval.step,
                          printable(approval.why), approval.specialist, approval.tool,
                          printable(base::dump_json(approval.arguments)));
    }
  } else {
    text = first_lines(view) + "\n";
  }
  text += '\n';
  for (const Json& step : view.steps) {
    const Json& shown = step["error"].is_null() ? step["output"] : step["error"];
    text += fmt::format("{:<8} {}, {}: {}\n", text_at(step, "id"), text_at(step, "specialist"), text_at(step, "status"),
                        clipped(printable(base::dump_json(shown)), kStepWidth));
  }
  if (view.status == agent::RunStatus::kAnswered) text += fmt::format("sure     {:.2f}\n", view.confidence);
  return text + fmt::format("run      {}\n", view.run.text());
}

ExitCode exit_code_of(agent::RunStatus status) {
  if (status == agent::RunStatus::kAnswered) return kExitOk;
  if (status == agent::RunStatus::kWaiting) return kExitWaiting;
  return status == agent::RunStatus::kDeclined ? kExitDeclined : kExitFailed;
}

ExitCode exit_code_of(const Error& error) {
  return error.code == ErrorCode::kInternal ? kExitFailed : kExitBadInput;
}

ExitCode fail(const char* command, const Error& error) {
  fmt::print(stderr, "cadre {}: {}\n", command, printable(error.message));
  return exit_code_of(error);
}

std::vector<std::string> lines_of_error(const Error& error) {
  std::vector<std::string> lines;
  std::istringstream stream(error.message);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

ExitCode fail_with_lines(const Error& error, bool json) {
  const std::vector<std::string> lines = lines_of_error(error);
  if (json) fmt::print("{}\n", base::dump_json({{"ok", false}, {"errors", lines}}));
  for (const std::string& line : lines) fmt::print(stderr, "{}\n", printable(line));
  return exit_code_of(error);
}

}  // namespace cadre::app
