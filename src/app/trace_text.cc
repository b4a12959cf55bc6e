// SPDX-License-Identifier: Apache-2.0
#include "app/trace_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "agent/event_json.h"
#include "agent/run.h"
#include "app/printable.h"

namespace cadre::app {
namespace {

constexpr size_t kLineWidth = 200;  // characters of one text
constexpr size_t kCandidatesShown = 5;

std::string describe(const agent::RunBegun& event) {
  const agent::Request& request = event.request;
  if (request.specialist.empty()) return fmt::format("\"{}\", for whoever can answer it", request.question);
  return fmt::format("\"{}\" of {} by {}", request.question, request.table_path, request.specialist);
}

std::string describe(const agent::Dispatched& event) {
  const char* verb = event.accepted ? "accepted" : "declined";
  std::string text = fmt::format("{} by tier \"{}\" ({:.2f}){}{}", verb, event.tier, event.confidence,
                                 event.reason.empty() ? "" : ": ", event.reason);
  if (event.target)
    text += fmt::format(", for {}: {} by {}", event.target->name, event.target->table_path, event.target->specialist);
  return text;
}

std::string describe(const agent::AttemptReturned& event) {
  if (event.error) return "failed: " + event.error->message;
  std::string text = fmt::format("{} candidates, answerable {:.2f}", event.candidates.size(), event.answerable);
  for (const std::string& value : event.unmatched_values) text += fmt::format(", no cell says \"{}\"", value);
  for (size_t i = 0; i < event.candidates.size() && i < kCandidatesShown; ++i) {
    text += fmt::format("\n#{} {:.3f} {}", i, event.candidates[i].probability, event.candidates[i].sql);
  }
  if (event.candidates.size() > kCandidatesShown)
    text += fmt::format("\nand {} more", event.candidates.size() - kCandidatesShown);
  return text;
}

std::string describe(const agent::CandidateVerified& event) {
  std::string text =
      fmt::format("#{} {} the call:", event.candidate, event.stage == agent::VerifyStage::kCall ? "before" : "after");
  for (const agent::Verdict& verdict : event.verdicts) {
    const char* word = verdict.passed ? "ok" : verdict.severity == agent::Severity::kReject ? "REFUSED" : "DOUBTED";
    text += fmt::format(" {} {}", verdict.rule, word);
    if (!verdict.evidence.empty()) text += fmt::format(" ({})", verdict.evidence);
    text += ';';
  }
  if (text.back() == ';') text.pop_back();
  return text;
}

std::string describe(const agent::CallReturned& event) {
  if (event.error) return fmt::format("#{} failed: {}", event.candidate, event.error->message);
  std::string text =
      fmt::format("#{} {} rows, {} VM steps", event.candidate, event.result.rows.size(), event.result.vm_steps);
  if (!event.result.rows.empty() && !event.result.rows[0].empty()) {
    text += fmt::format(", first: {}", clipped(agent::cell_text(event.result.rows[0][0]), 60));
  }
  return text;
}

std::string describe(const agent::AnswerComposed& event) {
  return event.answer.text;
}
std::string describe(const agent::BudgetExhausted& event) {
  return fmt::format("{}: {}", agent::budget_kind_name(event.kind), event.detail);
}
std::string describe(const agent::Resumed& event) {
  return event.why;
}
std::string describe(const agent::Abandoned& event) {
  return event.why;
}
std::string describe(const agent::Cancelled& event) {
  return event.who.empty() ? "by nobody named" : "by " + event.who;
}

// The closing records and the intents, which are no events.
std::string describe_other(const store::Record& record) {
  const base::Json& payload = *record.payload;
  if (record.kind == agent::kCallIntended) {
    auto sql = base::json_string(payload, "sql");
    return sql.ok() ? *sql : "";
  }
  auto message = base::json_string(payload, "message");
  auto reason = base::json_string(payload, "reason");
  const auto confidence = base::json_number(payload, "confidence");
  const auto needed = base::json_number(payload, "confidence_min");
  std::string text = message.ok() && !message->empty() ? *message : "answered";
  if (reason.ok() && *reason != "none") text = fmt::format("{}: {}", *reason, text);
  const bool was_judged = payload.contains("sql") && confidence.ok() && needed.ok();
  if (was_judged) text += fmt::format(" (confidence {:.2f}, needed {:.2f})", *confidence, *needed);
  return text;
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
  for (const store::Record& record : records) {
    const std::string head =
        fmt::format("{:>9.1f} ms  {:<18} {:>8}  ", static_cast<double>(made_us(record) - begun_us) / 1000.0,
                    record.kind, took(record));
    text += head + indented(record_text(record), head.size()) + "\n";
  }
  return text;
}

std::string utc_time(int64_t wall_us) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(wall_us / 1'000'000)));
}

}  // namespace cadre::app
