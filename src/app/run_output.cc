// SPDX-License-Identifier: Apache-2.0
#include "app/run_output.h"

#include <fmt/format.h>

#include "agent/run_json.h"
#include "app/printable.h"

namespace cadre::app {
namespace {

using base::Json;

double milliseconds(int64_t nanoseconds) {
  return static_cast<double>(nanoseconds / 1000) / 1000.0;
}

Json timings_to_json(const agent::StageTimings& timings, int64_t open_ns) {
  return {{"open", milliseconds(open_ns)},
          {"dispatch", milliseconds(timings.dispatch_ns)},
          {"features", milliseconds(timings.features_ns)},
          {"encoder", milliseconds(timings.encoder_ns)},
          {"heads", milliseconds(timings.heads_ns)},
          {"verify", milliseconds(timings.verify_ns)},
          {"execute", milliseconds(timings.execute_ns)},
          {"compose", milliseconds(timings.compose_ns)},
          {"journal", milliseconds(timings.journal_ns)},
          {"total", milliseconds(timings.total_ns)}};
}

std::string quoted_words(const agent::Evidence& evidence) {
  std::string text;
  for (const agent::Quote& quote : evidence.words)
    text += fmt::format("{}\"{}\"", text.empty() ? "" : ", ", printable(quote.text));
  return text.empty() ? "(no word of the question)" : text;
}

std::string evidence_line(const agent::Evidence& evidence) {
  const std::string column = printable(evidence.column);
  switch (evidence.role) {
    case agent::EvidenceRole::kSelect:
      return fmt::format("{} -> column {}", quoted_words(evidence), column);
    case agent::EvidenceRole::kAggregate:
      return fmt::format("{} -> {}", quoted_words(evidence), evidence.op);
    case agent::EvidenceRole::kCondition:
      return fmt::format("{} -> {} {} {} ({})", quoted_words(evidence), column, evidence.op, printable(evidence.value),
                         agent::origin_name(evidence.origin));
  }
  return "";
}

std::string first_line(const agent::RunState& state) {
  if (state.answer) return printable(state.answer->text);
  return fmt::format("{}: {}", state.outcome->status == agent::Status::kDeclined ? "No answer" : "Failed",
                     printable(state.outcome->message));
}

}  // namespace

Json report_to_json(const agent::RunReport& report, int64_t open_ns) {
  const agent::RunState& state = report.state;
  const agent::Outcome& outcome = *state.outcome;
  Json json = {{"run", report.run.text()},
               {"status", agent::status_name(outcome.status)},
               {"reason", agent::reason_name(outcome.reason)},
               {"message", outcome.message},
               {"answer", nullptr},
               {"sql", nullptr},
               {"columns", Json::array()},
               {"rows", Json::array()},
               {"truncated", false},
               {"evidence", Json::array()},
               {"probability", outcome.confidence},
               {"timings_ms", timings_to_json(report.timings, open_ns)}};
  if (state.chosen) json["sql"] = state.chosen->candidate.sql;
  if (state.answer) {
    json["answer"] = state.answer->text;
    json.update(agent::answer_value_to_json(state));
    json["evidence"] = agent::answer_evidence_to_json(state);
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
          {"timings_ms", Json::object()}};
}

std::string report_to_text(const agent::RunReport& report) {
  const agent::RunState& state = report.state;
  std::string text = first_line(state) + "\n";
  if (state.answer) {
    text += fmt::format("\nsql      {}\n", printable(state.chosen->candidate.sql));
    const char* label = "because";
    for (const agent::Evidence& evidence : state.answer->evidence) {
      text += fmt::format("{:<8} {}\n", label, evidence_line(evidence));
      label = "";
    }
    text += fmt::format("sure     {:.2f}\n", state.outcome->confidence);
  } else {
    text += "\n";
  }
  return text + fmt::format("run      {}\n", report.run.text());
}

ExitCode exit_code_of(const agent::Outcome& outcome) {
  switch (outcome.status) {
    case agent::Status::kAnswered:
      return kExitOk;
    case agent::Status::kDeclined:
      return kExitDeclined;
    case agent::Status::kFailed:
      return kExitFailed;
  }
  return kExitFailed;
}

ExitCode exit_code_of(const Error& error) {
  return error.code == ErrorCode::kInternal ? kExitFailed : kExitBadInput;
}

}  // namespace cadre::app
