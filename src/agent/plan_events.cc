// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_events.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "agent/json_values.h"

namespace cadre::agent {
namespace {

using base::Json;

Result<size_t> step_at(const Json& json) {
  const int64_t step = TRY(base::json_int(json, "step"));
  if (step < 0 || step >= static_cast<int64_t>(kPlanStepsMax))
    return damaged(fmt::format("\"step\": {} is out of range", step));
  return static_cast<size_t>(step);
}

Json usage_to_json(const Usage& usage) {
  return object_of("tokens_in", usage.tokens_in, "tokens_out", usage.tokens_out, "cost_micros", usage.cost_micros);
}

Result<Usage> usage_at(const Json& json) {
  const Json* usage = TRY(base::json_object(json, "usage"));
  return Usage{TRY(base::json_int(*usage, "tokens_in")), TRY(base::json_int(*usage, "tokens_out")),
               TRY(base::json_int(*usage, "cost_micros"))};
}

Json verdicts_to_json(const std::vector<Verdict>& verdicts) {
  return vector_to_json(verdicts, verdict_to_json);
}

Result<std::vector<Verdict>> verdicts_at(const Json& json) {
  return vector_at<Verdict>(json, "verdicts", verdict_from_json);
}

Json to_json(const RunBegun& event) {
  const Budget& budget = event.budget;
  return object_of("request", event.request, "budget",
                   object_of("attempts_max", budget.attempts_max, "calls_max", budget.calls_max, "tokens_max",
                             budget.tokens_max, "cost_micros_max", budget.cost_micros_max, "time_ms_max",
                             budget.time_ms_max, "resumptions_max", budget.resumptions_max));
}

Result<Event> run_begun(const Json& json) {
  RunBegun event;
  event.request = TRY(member_at(json, "request"));
  const Json& budget = *TRY(base::json_object(json, "budget"));
  event.budget = Budget{TRY(base::json_int(budget, "attempts_max")), TRY(base::json_int(budget, "calls_max")),
                        TRY(base::json_int(budget, "tokens_max")),   TRY(base::json_int(budget, "cost_micros_max")),
                        TRY(base::json_int(budget, "time_ms_max")),  TRY(base::json_int(budget, "resumptions_max"))};
  return Event{std::move(event)};
}

Json retrieved_to_json(const Retrieved& one) {
  return object_of("name", bytes_to_json(one.name), "score", one.score);
}

Result<Retrieved> retrieved_from_json(const Json& json) {
  return Retrieved{TRY(bytes_at(json, "name")), TRY(real_at(json, "score"))};
}

// Left out where nothing was: records of runs without retrieval are what they always were.
void put_retrieved(Json& json, const std::vector<Retrieved>& retrieved) {
  if (!retrieved.empty()) json["retrieved"] = vector_to_json(retrieved, retrieved_to_json);
}

Result<std::vector<Retrieved>> retrieved_at(const Json& json) {
  if (!json.contains("retrieved")) return std::vector<Retrieved>();
  return vector_at<Retrieved>(json, "retrieved", retrieved_from_json);
}

void put_retry_after(Json& json, const std::optional<RetryAfter>& asked) {
  if (asked) json["retry_after"] = object_of("wait_ms", asked->wait_ms, "fits", asked->fits);
}

Result<std::optional<RetryAfter>> retry_after_at(const Json& json) {
  if (!json.contains("retry_after")) return std::optional<RetryAfter>();
  const Json& asked = *TRY(base::json_object(json, "retry_after"));
  const int64_t wait_ms = TRY(base::json_int(asked, "wait_ms"));
  if (wait_ms < 0) return damaged(fmt::format("\"wait_ms\": {} is negative", wait_ms));
  return std::optional<RetryAfter>(RetryAfter{wait_ms, TRY(base::json_bool(asked, "fits"))});
}

Json tier_to_json(const TierReport& report) {
  Json json = object_of("tier", report.tier, "said", bytes_to_json(report.said), "confidence", report.confidence,
                        "took_us", report.took_us);
  put_retrieved(json, report.retrieved);
  put_retry_after(json, report.retry_after);
  return json;
}

Result<TierReport> tier_from_json(const Json& json) {
  return TierReport{TRY(base::json_string(json, "tier")), TRY(bytes_at(json, "said")), TRY(real_at(json, "confidence")),
                    TRY(base::json_int(json, "took_us")), TRY(retrieved_at(json)),     TRY(retry_after_at(json))};
}

Json to_json(const Planned& event) {
  return object_of("accepted", event.accepted, "confidence", event.confidence, "tier", event.tier, "reason",
                   bytes_to_json(event.reason), "plan", event.accepted ? plan_to_json(event.plan) : Json(), "tiers",
                   vector_to_json(event.tiers, tier_to_json), "error", error_to_json(event.error), "usage",
                   usage_to_json(event.usage));
}

// The plan's form is the machine's to judge: a planner may have written a wrong one.
Result<Event> planned(const Json& json) {
  Planned event;
  event.accepted = TRY(base::json_bool(json, "accepted"));
  event.confidence = TRY(real_at(json, "confidence"));
  event.tier = TRY(base::json_string(json, "tier"));
  event.reason = TRY(bytes_at(json, "reason"));
  if (event.accepted) event.plan = TRY(plan_from_json(*TRY(base::json_object(json, "plan"))));
  event.tiers = TRY(vector_at<TierReport>(json, "tiers", tier_from_json));
  event.error = TRY(error_at(json, "error"));
  event.usage = TRY(usage_at(json));
  return Event{std::move(event)};
}

Json candidate_to_json(const Candidate& candidate) {
  return object_of("call", candidate.call, "probability", candidate.probability, "grounds", candidate.grounds);
}

Result<Candidate> candidate_from_json(const Json& json) {
  return Candidate{TRY(member_at(json, "call")), TRY(real_at(json, "probability")), TRY(member_at(json, "grounds"))};
}

Json to_json(const AttemptReturned& event) {
  Json json = object_of("step", event.step, "error", error_to_json(event.error), "candidates",
                        vector_to_json(event.candidates, candidate_to_json), "answerable", event.answerable,
                        "unmatched_values", vector_to_json(event.unmatched_values, bytes_to_json), "is_exhaustive",
                        event.is_exhaustive, "usage", usage_to_json(event.usage));
  put_retrieved(json, event.retrieved);
  put_retry_after(json, event.retry_after);
  return json;
}

Result<Event> attempt_returned(const Json& json) {
  return Event{AttemptReturned{TRY(step_at(json)), TRY(error_at(json, "error")),
                               TRY(vector_at<Candidate>(json, "candidates", candidate_from_json)),
                               TRY(real_at(json, "answerable")),
                               TRY(vector_at<std::string>(json, "unmatched_values", bytes_from_json)),
                               TRY(base::json_bool(json, "is_exhaustive")), TRY(usage_at(json)),
                               TRY(retrieved_at(json)), TRY(retry_after_at(json))}};
}

Json to_json(const CallVerified& event) {
  return object_of("step", event.step, "verdicts", verdicts_to_json(event.verdicts));
}

Result<Event> call_verified(const Json& json) {
  return Event{CallVerified{TRY(step_at(json)), TRY(verdicts_at(json))}};
}

Json to_json(const ApprovalDecided& event) {
  return object_of("step", event.step, "approved", event.approved, "who", bytes_to_json(event.who), "why",
                   bytes_to_json(event.why));
}

Result<Event> approval_decided(const Json& json) {
  return Event{ApprovalDecided{TRY(step_at(json)), TRY(base::json_bool(json, "approved")), TRY(bytes_at(json, "who")),
                               TRY(bytes_at(json, "why"))}};
}

Json to_json(const CallReturned& event) {
  Json json = object_of("step", event.step, "error", error_to_json(event.error), "is_uncertain", event.is_uncertain,
                        "result", event.result, "usage", usage_to_json(event.usage));
  put_retry_after(json, event.retry_after);
  return json;
}

Result<Event> call_returned(const Json& json) {
  return Event{CallReturned{TRY(step_at(json)), TRY(error_at(json, "error")),
                            TRY(base::json_bool(json, "is_uncertain")), TRY(member_at(json, "result")),
                            TRY(usage_at(json)), TRY(retry_after_at(json))}};
}

Json to_json(const ResultVerified& event) {
  return object_of("step", event.step, "verdicts", verdicts_to_json(event.verdicts), "output", event.output);
}

Result<Event> result_verified(const Json& json) {
  return Event{ResultVerified{TRY(step_at(json)), TRY(verdicts_at(json)), TRY(member_at(json, "output"))}};
}

Json to_json(const BackoffEnded& event) {
  return object_of("step", event.step);
}

Result<Event> backoff_ended(const Json& json) {
  return Event{BackoffEnded{TRY(step_at(json))}};
}

Json to_json(const AnswerComposed& event) {
  return object_of("error", error_to_json(event.error), "text", bytes_to_json(event.text), "value", event.value,
                   "evidence", event.evidence);
}

Result<Event> answer_composed(const Json& json) {
  return Event{AnswerComposed{TRY(error_at(json, "error")), TRY(bytes_at(json, "text")), TRY(member_at(json, "value")),
                              TRY(member_at(json, "evidence"))}};
}

Json to_json(const CancelRequested& event) {
  return object_of("who", bytes_to_json(event.who));
}

Result<Event> cancel_requested(const Json& json) {
  return Event{CancelRequested{TRY(bytes_at(json, "who"))}};
}

Json to_json(const TimeExhausted& event) {
  return object_of("detail", bytes_to_json(event.detail));
}

Result<Event> time_exhausted(const Json& json) {
  return Event{TimeExhausted{TRY(bytes_at(json, "detail"))}};
}

Json to_json(const Resumed& event) {
  return object_of("why", bytes_to_json(event.why));
}

Result<Event> resumed(const Json& json) {
  return Event{Resumed{TRY(bytes_at(json, "why"))}};
}

Json to_json(const Abandoned& event) {
  return object_of("why", bytes_to_json(event.why));
}

Result<Event> abandoned(const Json& json) {
  return Event{Abandoned{TRY(bytes_at(json, "why"))}};
}

// In the order of Event's alternatives.
struct Kind {
  const char* name;
  Result<Event> (*read)(const Json& json);
};
constexpr std::array<Kind, std::variant_size_v<Event>> kKinds = {{{"run.begin", run_begun},
                                                                  {"plan.made", planned},
                                                                  {"attempt.returned", attempt_returned},
                                                                  {"call.verified", call_verified},
                                                                  {"approval.decided", approval_decided},
                                                                  {"call.returned", call_returned},
                                                                  {"result.verified", result_verified},
                                                                  {"backoff.ended", backoff_ended},
                                                                  {"answer.composed", answer_composed},
                                                                  {"cancel.requested", cancel_requested},
                                                                  {"time.exhausted", time_exhausted},
                                                                  {"run.resume", resumed},
                                                                  {"inputs.lost", abandoned}}};

}  // namespace

const char* event_kind(const Event& event) {
  return kKinds[event.index()].name;
}

Json event_to_json(const Event& event) {
  return std::visit([](const auto& concrete) { return to_json(concrete); }, event);
}

Result<Event> event_from_json(std::string_view kind, const Json& payload) {
  for (const Kind& candidate : kKinds) {
    if (kind != candidate.name) continue;
    auto event = candidate.read(payload);
    if (!event.ok()) return damaged(fmt::format("{}: {}", kind, event.error().message));
    return event;
  }
  return damaged(fmt::format("unknown kind of record \"{}\"", kind));
}

}  // namespace cadre::agent
