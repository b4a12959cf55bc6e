// What can happen to a run: the request, the limits it runs under, and one type per event.
//
// Everything here is plain data that goes into the journal and comes back out of it (agent/event_json.h); nothing
// refers to a table, a model or a clock. An event says what the world answered; agent/run.h decides what follows from
// it.
// Thread safety: plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/answer.h"
#include "agent/verdict.h"
#include "base/result.h"
#include "contract/sql_call.h"
#include "contract/table.h"

namespace cadre::agent {

// What a user asks, and of what. The fingerprint tells whether the table is still the one that was asked about.
struct Request {
  std::string question;
  std::string table_path;
  std::string table_name;  // as the user gave it; empty = the only one
  std::string table_fingerprint;
  std::string specialist_path;
  std::string specialist;  // name and version
  // Of a run that a runtime began; empty for one of `cadre ask`.
  std::string name;             // of the specialist in the cadre file; empty until the dispatcher chose
  std::string named;            // the one that the asker named; empty: none
  std::string subject;          // whom it is about
  std::string asker;            // who asked
  std::string idempotency_key;  // a second request with it is the same run
  bool operator==(const Request&) const = default;
};

// Hard limits of one run. None of them is ever exceeded; reaching one ends the run visibly.
struct Budget {
  int64_t attempts_max = 2;           // engine passes, failed ones included
  int64_t candidates_max = 8;         // asked of the first attempt; each further attempt asks for twice as many
  int64_t calls_max = 24;             // executions, repetitions of busy ones included
  int64_t busy_retries_max = 2;       // repetitions of one call that found the database locked
  int64_t vm_steps_max = 50'000'000;  // over all calls of the run
  int64_t rows_max = 1'000;           // of one call
  int64_t resumptions_max = 3;        // a run that takes its process down must not do so for ever
  int64_t time_ms_max = 0;            // of work in one process, looked at between acts; 0: unlimited
  bool operator==(const Budget&) const = default;
};

// When an answer is good enough to be given.
struct Policy {
  double confidence_min = 0.5;  // calibrated probability that the call is right
  double answerable_min = 0.5;  // that one table and one SELECT can answer at all
  // The share of its probability that a candidate keeps when a verifier doubts it (an empty result where one expects
  // rows). 0.25: wrong calls come back empty several times as often as right ones do; to be set from a dev set where
  // one is at hand.
  double doubt_keeps = 0.25;
  bool operator==(const Policy&) const = default;
};

// The specialist that a dispatcher chose among several, and what its runs are held to; the fields are those of a Request.
struct Target {
  std::string name;
  std::string table_path;
  std::string table_name;
  std::string table_fingerprint;
  std::string specialist_path;
  std::string specialist;
  Budget budget;
  Policy policy;
  bool operator==(const Target&) const = default;
};

// One specialist's job. A plan has exactly one of them for now.
struct PlanStep {
  std::string specialist;
  bool operator==(const PlanStep&) const = default;
};

// One call the specialist proposes, as decisions and as the text that would be executed.
struct Candidate {
  contract::SqlCall call;
  std::string sql;
  double probability = 0;
  bool operator==(const Candidate&) const = default;
};

// Before a call runs, and after it returned.
enum class VerifyStage : uint8_t { kCall, kResult };

enum class BudgetKind : uint8_t { kAttempts, kCalls, kVmSteps, kResumptions, kTime };

struct RunBegun {
  Request request;
  Budget budget;
  Policy policy;
};

// The dispatcher accepted (with a plan) or declined.
struct Dispatched {
  bool accepted = false;
  double confidence = 0;
  std::string tier;    // which one decided: "rules", "linear", ...
  std::string reason;  // for people: why it was declined, and what to do
  std::vector<PlanStep> plan;
  std::optional<Target> target;  // where the request left open whom it is for
};

struct AttemptReturned {
  std::optional<Error> error;         // the engine failed; the rest is empty then
  std::vector<Candidate> candidates;  // most probable first
  double answerable = 1;
  std::vector<std::string> unmatched_values;  // words of the question that read as a value and that no cell says
};

struct CandidateVerified {
  size_t candidate = 0;
  VerifyStage stage = VerifyStage::kCall;
  std::vector<Verdict> verdicts;
};

struct CallReturned {
  size_t candidate = 0;
  std::optional<Error> error;
  contract::QueryResult result;
};

struct AnswerComposed {
  Answer answer;
};

// A limit that only the driver can see was reached (time). Limits that are counted are the machine's own.
struct BudgetExhausted {
  BudgetKind kind = BudgetKind::kTime;
  std::string detail;
};

// The run goes on in another process than the one that began it.
struct Resumed {
  std::string why;
};

// Going on is impossible: the table changed, the specialist is gone. Ends the run visibly.
struct Abandoned {
  std::string why;
};

// Somebody asked to stop. Ends the run.
struct Cancelled {
  std::string who;
};

using Event = std::variant<RunBegun, Dispatched, AttemptReturned, CandidateVerified, CallReturned, AnswerComposed,
                           BudgetExhausted, Resumed, Abandoned, Cancelled>;

}  // namespace cadre::agent
