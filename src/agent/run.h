// The life of a run as a pure state machine: (state, event) -> (state, effects).
//
//   request -> run -> plan -> step -> attempt -> candidates -> verdicts -> call -> verdicts -> answer
//
// No input or output, no clock, no model, no chance in here: the driver (agent/driver.h) carries effects out and feeds
// what came of them back as events, so a simulator can crash a run anywhere. Promises, held by run_test.cc over random
// walks:
//   * each event is recorded before anything that follows from it is acted on: the Record effects come first in the
//   list;
//   * the state is a function of the recorded events alone, so folding any prefix of the journal and advancing with
//   Resumed goes on
//     to the same outcome, given the same answers of the world;
//   * exactly one outcome: after Finish no event is accepted;
//   * a call that was judged wrong is never executed again in this run; a busy one at most Budget::busy_retries_max
//   times;
//   * every budget is hard, so a run ends after a bounded number of events.
//
// Confidence. Candidates carry calibrated probabilities p. A rejected one is known to be wrong, a doubted one keeps a
// share of its probability (Policy::doubt_keeps), so the probability that candidate i is right after what the verifiers
// saw is
//   keeps_i p_i / (1 - sum over judged j of (1 - keeps_j) p_j).
// The first candidate that passes everything, or a doubted one that is still more probable, is chosen; it answers if
// its confidence reaches Policy::confidence_min, otherwise the run declines. Thread safety: pure functions over values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/events.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class Phase : uint8_t {
  kNew,
  kDispatching,
  kAttempting,
  kVerifyingCall,
  kExecuting,
  kVerifyingResult,
  kComposing,
  kFinished,
};
const char* phase_name(Phase phase);

enum class Status : uint8_t {
  kAnswered,
  kDeclined,  // cadre chose not to answer, and says why
  kFailed,    // something broke or ran out
};
const char* status_name(Status status);

enum class Reason : uint8_t {
  kNone,            // answered
  kOutOfScope,      // the dispatcher: not a question to a table
  kNotAnswerable,   // the specialist: not by one SELECT over this table
  kUnmatchedValue,  // the question names something that no cell says
  kNoCandidate,     // the specialist proposed nothing
  kAllRejected,     // every candidate was refused by a verifier
  kLowConfidence,   // the best one is not probable enough
  kEngineError,     // the specialist failed
  kToolError,       // the table could not be read
  kBudget,          // a limit was reached
  kAbandoned,       // the process died and the run could not go on
  kJournalError,    // the journal refused a record
  kCancelled,       // somebody asked to stop
};
const char* reason_name(Reason reason);

struct Outcome {
  Status status = Status::kFailed;
  Reason reason = Reason::kNone;
  std::string message;  // why, and what to do; empty when answered
  double confidence = 0;
};

// What is known of the call that the run would answer with.
struct Choice {
  Candidate candidate;
  contract::QueryResult result;
  double keeps = 1;  // share of its probability after the verdicts
};

struct RunState {
  Phase phase = Phase::kNew;
  Request request;
  Budget budget;
  Policy policy;
  std::vector<PlanStep> plan;
  std::string dispatch_tier;  // who dispatched; empty before

  // The step at hand. Candidates are those of the latest attempt.
  int64_t attempts = 0;
  int64_t candidates_asked = 0;
  std::vector<Candidate> candidates;
  size_t candidate = 0;                 // index of the one being judged
  contract::QueryResult result;         // of that one, once it returned
  std::optional<Error> call_error;      // how its call failed, until the verifiers saw it
  double candidate_keeps = 1;           // share of its probability after the verdicts before the call
  std::vector<std::string> judged_sql;  // never tried again
  double excluded_probability = 0;      // the sum in the formula above
  int64_t calls = 0;
  int64_t busy_retries = 0;  // of the candidate at hand
  int64_t vm_steps = 0;
  std::optional<Choice> doubted;  // the most probable candidate that a verifier doubted
  std::optional<Choice> chosen;

  int64_t resumptions = 0;
  std::optional<Answer> answer;
  std::optional<Outcome> outcome;
};

// Append this to the journal before doing anything that comes later in the list.
enum class Durability : uint8_t {
  kQueued,  // in order before the next synced record, but nobody waits for it: losing it means doing read-only work again
  kSynced,  // on stable storage before anything later is done
};
struct Record {
  std::string kind;
  base::Json payload;
  Durability durability = Durability::kQueued;
};
struct Dispatch {};
struct Attempt {
  int64_t candidates_max = 0;
};
struct Verify {
  size_t candidate = 0;
  VerifyStage stage = VerifyStage::kCall;
};
// Calls are read-only in this version, so one that was begun before a crash is simply executed again.
struct Execute {
  size_t candidate = 0;
  int64_t vm_steps_max = 0;
  int64_t rows_max = 0;
};
struct Compose {};
struct Finish {};

using Effect = std::variant<Record, Dispatch, Attempt, Verify, Execute, Compose, Finish>;

struct Transition {
  RunState state;
  std::vector<Effect> effects;  // in this order
};

// The record of an intent; it is no event. Nor are the closing records, whose kinds are the journal's (store::finish_kind).
inline constexpr const char* kCallIntended = "call.intended";

// Error (kCorrupt): the event cannot follow in this state; the state is lost. Only a damaged journal or a bug in a
// driver does that.
Result<Transition> advance(RunState state, const Event& event);

// A record as it stands in the journal.
struct RecordView {
  std::string kind;
  base::Json payload;
};

struct Replayed {
  RunState state;
  bool closed = false;          // the journal holds the outcome: nothing is left to do
  std::vector<Effect> effects;  // what is due now; empty if closed
};

// The state after the recorded events of one run. A process that takes a run over records Resumed first.
Result<Replayed> replay(const std::vector<RecordView>& records);

// The probability that a candidate is right after what the verifiers saw; see above.
double posterior(double probability, double keeps, double excluded_probability);

}  // namespace cadre::agent
