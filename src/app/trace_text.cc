// SPDX-License-Identifier: Apache-2.0
#include "app/trace_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "agent/json_values.h"
#include "agent/plan_events.h"
#include "agent/planner.h"
#include "app/printable.h"

namespace cadre::app {
namespace {

constexpr size_t kLineWidth = 200;  // characters of one text
constexpr size_t kCandidatesShown = 5;
constexpr size_t kRetrievedShown = 8;

// A value in a line of its own.
std::string brief(const base::Json& value) {
  return clipped(base::dump_json(value), kLineWidth);
}

std::string describe(const agent::RunBegun& event) {
  const std::string_view text = agent::text_of(event.request);
  std::string line = text.empty() ? std::string("an input") : fmt::format("\"{}\"", text);
  if (event.request.contains("input")) line += ": " + brief(event.request["input"]);
  if (event.request.contains("specialist"))
    line += fmt::format(", for {}", event.request["specialist"].get<std::string>());
  if (event.request.contains("table")) {
    const auto table = agent::bytes_at(event.request, "table");
    if (table.ok()) line += " of " + *table;
  }
  return line;
}

// What a model was shown of a large catalogue, best first.
std::string describe(const std::vector<agent::Retrieved>& retrieved, const char* what) {
  if (retrieved.empty()) return "";
  std::string text = fmt::format("\nof all {}, {} were shown:", what, retrieved.size());
  for (size_t i = 0; i < retrieved.size() && i < kRetrievedShown; ++i)
    text += fmt::format("{} {} {:.3f}", i == 0 ? "" : ",", retrieved[i].name, retrieved[i].score);
  if (retrieved.size() > kRetrievedShown) text += fmt::format(", and {} more", retrieved.size() - kRetrievedShown);
  return text;
}

std::string describe(const std::optional<agent::RetryAfter>& asked, const char* unfit = "more than is left") {
  if (!asked) return "";
  return fmt::format(" (asks to wait {} ms{}{})", asked->wait_ms, asked->fits ? "" : ", ", asked->fits ? "" : unfit);
}

std::string describe(const agent::Planned& event) {
  std::string text = fmt::format("{} by tier \"{}\" ({:.2f}){}{}", event.accepted ? "accepted" : "declined", event.tier,
                                 event.confidence, event.reason.empty() ? "" : ": ", event.reason);
  if (event.error) text = "failed: " + event.error->message;
  for (const agent::TierReport& report : event.tiers) {
    text += fmt::format("\ntier {}: {} ({:.2f}), {:.3f} ms", report.tier, report.said, report.confidence,
                        static_cast<double>(report.took_us) / 1000.0);
    text += describe(report.retry_after, "not waited for") + describe(report.retrieved, "specialists");
  }
  for (const agent::PlanStep& step : event.plan.steps) {
    std::string who;
    for (const agent::Assignment& assignment : step.assignments)
      who += (who.empty() ? "" : ", then ") + assignment.specialist;
    text += fmt::format("\nstep {}: {} with {}", step.id, who, brief(step.input));
    if (!step.after.empty()) text += fmt::format(" after {}", fmt::join(step.after, ", "));
  }
  return text;
}

std::string describe(const agent::AttemptReturned& event) {
  if (event.error)
    return "failed: " + event.error->message + describe(event.retry_after) + describe(event.retrieved, "tools");
  std::string text = fmt::format("{} candidates, answerable {:.2f}", event.candidates.size(), event.answerable);
  for (const std::string& value : event.unmatched_values) text += fmt::format(", nothing known says \"{}\"", value);
  for (size_t i = 0; i < event.candidates.size() && i < kCandidatesShown; ++i)
    text += fmt::format("\n#{} {:.3f} {}", i, event.candidates[i].probability, brief(event.candidates[i].call));
  if (event.candidates.size() > kCandidatesShown)
    text += fmt::format("\nand {} more", event.candidates.size() - kCandidatesShown);
  return text + describe(event.retrieved, "tools");
}

std::string describe(const std::vector<agent::Verdict>& verdicts) {
  std::string text;
  for (const agent::Verdict& verdict : verdicts) {
    const char* word = verdict.passed ? "ok" : verdict.severity == agent::Severity::kReject ? "REFUSED" : "DOUBTED";
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", verdict.rule, word);
    if (!verdict.evidence.empty()) text += fmt::format(" ({})", verdict.evidence);
  }
  return text;
}

std::string describe(const agent::CallVerified& event) {
  return describe(event.verdicts);
}
std::string describe(const agent::ResultVerified& event) {
  return describe(event.verdicts);
}
std::string describe(const agent::ApprovalDecided& event) {
  return fmt::format("{} by {}{}{}", event.approved ? "approved" : "refused", event.who, event.why.empty() ? "" : ": ",
                     event.why);
}
std::string describe(const agent::CallReturned& event) {
  if (event.error)
    return fmt::format("failed{}: {}{}", event.is_uncertain ? ", and it is not known whether it happened" : "",
                       event.error->message, describe(event.retry_after));
  return brief(event.result);
}
std::string describe(const agent::BackoffEnded&) {
  return "again";
}
// Entries that say where a value of a call comes from; other evidence has none, and a call in it may have "values" of its own.
bool has_values(const base::Json& evidence) {
  if (!evidence.is_object() || !evidence.contains("values") || !evidence["values"].is_array()) return false;
  return std::all_of(evidence["values"].begin(), evidence["values"].end(), [](const base::Json& one) {
    return one.is_object() && one.contains("role") && one.contains("place") && one.contains("words") &&
           one["words"].is_array();
  });
}

// Where the values of the calls came from; `evidence` is of one step, or of several by their ids.
std::string values_text(const base::Json& evidence, const std::string& step) {
  std::string text;
  if (!has_values(evidence)) {
    if (step.empty() && evidence.is_object())
      for (const auto& [id, of_step] : evidence.items()) text += values_text(of_step, id);
    return text;
  }
  for (const base::Json& one : evidence["values"]) {
    const auto member = [&](const char* key) {
      const auto found = agent::bytes_at(one, key);
      return found.ok() ? *found : std::string();
    };
    text += fmt::format("\n{}{}{} {}: {}", step, member("place"), member("role") == "name" ? " (name)" : "",
                        brief(one.value("value", base::Json())), member("origin"));
    if (!member("source").empty()) text += " of " + member("source");
    if (one.contains("from")) text += fmt::format(", {}", member("from"));
    for (const base::Json& words : one["words"])
      text += fmt::format(" bytes {} to {}", brief(words.value("begin", base::Json())),
                          brief(words.value("end", base::Json())));
    if (one.contains("reference")) text += fmt::format(" ({})", member("reference"));
  }
  return text;
}

std::string describe(const agent::AnswerComposed& event) {
  return event.error ? "failed: " + event.error->message : event.text + values_text(event.evidence, "");
}
std::string describe(const agent::CancelRequested& event) {
  return "by " + event.who;
}
std::string describe(const agent::TimeExhausted& event) {
  return event.detail;
}
std::string describe(const agent::Resumed& event) {
  return event.why;
}
std::string describe(const agent::Abandoned& event) {
  return event.why;
}

// The closing records, which are no events.
std::string describe_other(const store::Record& record) {
  const base::Json& payload = *record.payload;
  const auto message = base::json_string(payload, "message");
  const auto reason = base::json_string(payload, "reason");
  const auto confidence = base::json_number(payload, "confidence");
  std::string text = message.ok() && !message->empty() ? *message : "answered";
  if (reason.ok() && *reason != "none") text = fmt::format("{}: {}", *reason, text);
  if (confidence.ok() && *confidence > 0) text += fmt::format(" (confidence {:.2f})", *confidence);
  return text;
}

// The step that a record is about, by its position in the plan; empty: the whole run.
std::string step_of(const store::Record& record, const std::vector<std::string>& steps) {
  const auto step = record.payload ? base::json_int(*record.payload, "step") : Result<int64_t>(-1);
  if (!step.ok() || *step < 0 || std::cmp_greater_equal(*step, steps.size()) || steps.size() < 2) return "";
  return steps[static_cast<size_t>(*step)] + ": ";
}

std::vector<std::string> steps_planned(const std::vector<store::Record>& records) {
  std::vector<std::string> steps;
  for (const store::Record& record : records) {
    if (!record.payload) continue;
    const auto event = agent::event_from_json(record.kind, *record.payload);
    const auto* planned = event.ok() ? std::get_if<agent::Planned>(&*event) : nullptr;
    if (planned == nullptr) continue;
    for (const agent::PlanStep& step : planned->plan.steps) steps.push_back(step.id);
  }
  return steps;
}

std::string took(const store::Record& record) {
  if (!record.payload) return "";
  auto took_us = base::json_int(*record.payload, "took_us");
  return took_us.ok() ? fmt::format("{:.3f}", static_cast<double>(*took_us) / 1000.0) : "";
}

// When the record was made; the journal's own time where the payload does not say.
int64_t made_us(const store::Record& record) {
  const auto at_us = record.payload ? base::json_int(*record.payload, "at_us") : Result<int64_t>(record.wall_us);
  return at_us.ok() ? *at_us : record.wall_us;
}

// Every line of a text, safe and clipped, with `indent` before all but the first.
std::string indented(const std::string& text, size_t indent) {
  std::string result;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    if (begin > 0) result += "\n" + std::string(indent, ' ');
    result += clipped(printable(std::string_view(text).substr(begin, end - begin)), kLineWidth);
    begin = end + 1;
  }
  return result;
}

}  // namespace

std::string record_text(const store::Record& record) {
  if (!record.payload) return "(payload erased)";
  const auto event = agent::event_from_json(record.kind, *record.payload);
  if (event.ok()) return std::visit([](const auto& concrete) { return describe(concrete); }, *event);
  return describe_other(record);
}

std::string trace_text(const std::vector<store::Record>& records) {
  std::string text;
  const int64_t begun_us = records.empty() ? 0 : made_us(records.front());
  const std::vector<std::string> steps = steps_planned(records);
  for (const store::Record& record : records) {
    const std::string head =
        fmt::format("{:>9.1f} ms  {:<18} {:>8}  ", static_cast<double>(made_us(record) - begun_us) / 1000.0,
                    record.kind, took(record));
    text += head + indented(step_of(record, steps) + record_text(record), head.size()) + "\n";
  }
  return text;
}

std::string utc_time(int64_t wall_us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(wall_us / 1'000'000)));
}

}  // namespace cadre::app
