// What can happen to the run of a plan: one type per event, plain data that goes into the journal and comes back out of it.
//
// Events of a step carry its position in the plan and its turn (agent/plan_run.h): an answer to a question that is no longer asked has
// an old turn and is dropped by whoever carries effects out, before it becomes an event. Thread safety: plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/plan.h"
#include "agent/verdict.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

// Hard limits of one run, over all its steps. Reaching one ends the run visibly.
struct Budget {
  int64_t attempts_max = 64;
  int64_t calls_max = 64;          // executions, repetitions included
  int64_t tokens_max = 1'000'000;  // read and written by models that count them
  int64_t cost_micros_max = 0;    // millionths of the currency of the cadre file's prices; 0: nothing may cost anything
  int64_t time_ms_max = 600'000;  // seen by the driver, waiting for a person left out
  int64_t resumptions_max = 3;    // a run that takes its process down must not do so for ever
  bool operator==(const Budget&) const = default;
};

// What an attempt or a call used up.
struct Usage {
  int64_t tokens_in = 0;
  int64_t tokens_out = 0;
  int64_t cost_micros = 0;
  bool operator==(const Usage&) const = default;
};

// One call that a specialist proposes.
struct Candidate {
  base::Json call;  // the arguments of its tool; without a tool its output
  double probability = 0;
  base::Json grounds;  // where the parts of the call come from, in the specialist's own form; null: not told
  bool operator==(const Candidate&) const = default;
};

struct RunBegun {
  base::Json request;  // {"text", "input", ...}: what "$request" names
  Budget budget;
};

// One of the few of many that a model was shown for a request (agent/tool_index.h).
struct Retrieved {
  std::string name;
  double score = 0;  // 0: shown without a word in common
  bool operator==(const Retrieved&) const = default;
};

// With a transient error: how long the other side asks to be left alone (Retry-After of a 429 or 503).
struct RetryAfter {
  int64_t wait_ms = 0;
  // Of an attempt or a call: within what was left of the run's time when it came, which is the driver's to say. Of a tier: it was waited for.
  bool fits = true;
  bool operator==(const RetryAfter&) const = default;
};

// What one tier of the dispatcher said.
struct TierReport {
  std::string tier;       // "named", "rules", "linear", "net", "attempts", "planner", "orchestrator"
  std::string said;       // "accepted", "declined", "passed on", or what went wrong
  double confidence = 0;  // in what it said; 0 where it passed on
  int64_t took_us = 0;
  std::vector<Retrieved> retrieved;       // the specialists its model was shown, where that was not all
  std::optional<RetryAfter> retry_after;  // the last wait that its model asked for; one that did not fit ended the tier
  bool operator==(const TierReport&) const = default;
};

struct Planned {
  bool accepted = false;
  double confidence = 0;
  std::string tier;    // the one that decided
  std::string reason;  // for people, when declined
  Plan plan;
  std::vector<TierReport> tiers;  // in the order they were asked
  std::optional<Error> error;     // no tier could be asked to the end; nothing was decided
  Usage usage;
};

struct AttemptReturned {
  size_t step = 0;
  std::optional<Error> error;
  std::vector<Candidate> candidates;
  double answerable = 1;
  std::vector<std::string> unmatched_values;  // words of the request that read as a value and that nothing known says
  bool is_exhaustive = false;                 // another attempt would propose nothing else
  Usage usage;
  std::vector<Retrieved> retrieved;  // the tools of a chat that its model was shown, where that was not all
  std::optional<RetryAfter> retry_after;
};

// Before a call is made.
struct CallVerified {
  size_t step = 0;
  std::vector<Verdict> verdicts;
};

struct ApprovalDecided {
  size_t step = 0;
  bool approved = false;
  std::string who;
  std::string why;
};

struct CallReturned {
  size_t step = 0;
  std::optional<Error> error;
  bool is_uncertain = false;
  base::Json result;
  Usage usage;
  std::optional<RetryAfter> retry_after;
};

// After it returned. `output` is what the step yields: the result in the form of the specialist's output schema.
struct ResultVerified {
  size_t step = 0;
  std::vector<Verdict> verdicts;
  base::Json output;
};

struct BackoffEnded {
  size_t step = 0;
};

struct AnswerComposed {
  std::optional<Error> error;
  std::string text;
  base::Json value;
  base::Json evidence;
};

struct CancelRequested {
  std::string who;
};

// A limit that only the driver can see was reached (time).
struct TimeExhausted {
  std::string detail;
};

// The run goes on in another process than the one that had it.
struct Resumed {
  std::string why;
};

// Going on is impossible: a specialist or tool of the plan is gone.
struct Abandoned {
  std::string why;
};

using Event =
    std::variant<RunBegun, Planned, AttemptReturned, CallVerified, ApprovalDecided, CallReturned, ResultVerified,
                 BackoffEnded, AnswerComposed, CancelRequested, TimeExhausted, Resumed, Abandoned>;

// "run.begin", "plan.made", "attempt.returned", "call.verified", "approval.decided", "call.returned", "result.verified",
// "backoff.ended", "answer.composed", "cancel.requested", "time.exhausted", "run.resume", "inputs.lost".
const char* event_kind(const Event& event);

base::Json event_to_json(const Event& event);
// kCorrupt names the key. Keys that a payload has in addition are ignored.
Result<Event> event_from_json(std::string_view kind, const base::Json& payload);

}  // namespace cadre::agent
