// The life of a plan's run as a pure state machine: (state, event) -> (state, effects). Many steps at once, calls with effects, people.
//
// No input or output, no clock, no model, no chance: a driver carries effects out and feeds back what came of them, and a seeded
// simulator can crash a run anywhere (plan_run_simulation_test.cc). Promises, held over random worlds there:
//   * every event is recorded before anything that follows from it is done; the state is a function of the recorded events alone, so
//     folding any prefix of the journal and going on with Resumed leads to an outcome;
//   * exactly one outcome; after it no event is accepted;
//   * the record that leads to a call with effect once is on stable storage before the call is made, and its return before anything
//     follows from it. After a crash between the two a fenced call is made again with its key; one that is not fenced is never made again:
//     the step fails as uncertain;
//   * a call that a verifier or a tool refused is never made again in this run; what changed the world is not tried in another way: after a
//     committed effect a refused result fails the step;
//   * a call that changes something is made only with the confidence that its policy asks for, or after a person approved it;
//   * every budget is hard, so a run ends after a bounded number of events, except while it waits for a person.
//
// Failure climbs: the next candidate; another attempt with the error as feedback and the refused calls excluded; the next assignment of the
// step (another specialist, the orchestrator); a person where the policy says so; the visible end of the run. Transient errors repeat
// reads and idempotent calls, and once-calls only if fenced, after a backoff.
//
// Confidence. Candidates carry calibrated probabilities p. A refused one is known to be wrong, a doubted one keeps a share of its
// probability (StepPolicy::doubt_keeps, or what the verdict says) and one that a verifier vouches for gains, keeps_i above 1. Shares are
// likelihood ratios, so the probability that candidate i is right after what the verifiers saw is
//   keeps_i p_i / (1 - sum over judged j of (1 - keeps_j) p_j).
// The first candidate that passes everything, or a doubted one that is still more probable, is chosen. Thread safety: pure functions over values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/plan_events.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

enum class StepPhase : uint8_t {
  kWaiting,  // for steps that it depends on
  kAttempting,
  kVerifyingCall,
  kAwaitingApproval,
  kExecuting,
  kBackingOff,
  kVerifyingResult,
  kDone,
  kFailed,
  kSkipped,  // the run ended before it was done
};
const char* step_phase_name(StepPhase phase);
constexpr bool is_over(StepPhase phase) {
  return phase >= StepPhase::kDone;
}

enum class Phase : uint8_t { kNew, kPlanning, kRunning, kStopping, kComposing, kFinished };
const char* phase_name(Phase phase);

enum class Status : uint8_t { kAnswered, kDeclined, kFailed, kCancelled };
const char* status_name(Status status);

enum class Reason : uint8_t {
  kNone,
  kOutOfScope,      // no plan was made
  kInvalidPlan,     // a plan was made that cannot be carried out
  kNotAnswerable,   // the specialist says that it cannot do this
  kUnmatchedValue,  // the request names something that nothing known says
  kNoCandidate,
  kAllRejected,
  kLowConfidence,
  kDenied,  // a person or a policy said no
  kEngineError,
  kToolError,
  kUncertain,      // whether an effect happened is not known
  kRefusedResult,  // an effect happened and its result was refused
  kBudget,
  kCancelled,
  kComposeError,
  kAbandoned,
};
const char* reason_name(Reason reason);

struct Outcome {
  Status status = Status::kFailed;
  Reason reason = Reason::kNone;
  std::string step;       // whose failure ended the run; empty: none
  std::string message;    // why, and what to do
  double confidence = 0;  // of an answer: the product of its steps'
};

// A call that was made and that the step may end with.
struct Choice {
  Candidate candidate;
  base::Json output;
  double keeps = 1;
};

struct StepState {
  StepPhase phase = StepPhase::kWaiting;
  int64_t turn = 0;  // phases entered; a question to the world is answered for the turn that asked it
  base::Json input;  // with references replaced, once it began

  size_t assignment = 0;
  int64_t attempts = 0;  // of this assignment
  int64_t candidates_asked = 0;
  std::vector<Candidate> candidates;
  bool is_exhaustive = false;  // the specialist has no others
  size_t candidate = 0;        // the one being judged
  double candidate_keeps = 1;
  bool candidate_is_doubted = false;
  bool is_approved = false;
  std::vector<base::Json> refused;  // calls that are never made again, of all assignments
  double excluded_probability = 0;
  std::optional<Error> feedback;  // of the latest refusal, for the next attempt
  std::optional<Choice> doubted;  // the most probable call that a verifier doubted and that changed nothing
  int64_t retries = 0;            // of the attempt or call at hand
  StepPhase after_backoff = StepPhase::kAttempting;
  int64_t wait_asked_ms = 0;  // by the other side; the backoff is at least that long
  int64_t calls = 0;          // candidates that were executed, repetitions left out: part of a call's key
  base::Json result;          // of the call at hand
  std::string approval_why;

  std::optional<Candidate> chosen;  // the call that the output came from
  base::Json output;
  double confidence = 0;
  Reason reason = Reason::kNone;  // why it failed
  std::string message;
  bool is_uncertain = false;
};

struct RunState {
  Phase phase = Phase::kNew;
  base::Json request;
  Budget budget;
  Plan plan;
  std::string tier;
  std::vector<TierReport> tiers;
  std::vector<StepState> steps;
  int64_t attempts = 0;
  int64_t calls = 0;
  Usage usage;
  int64_t resumptions = 0;
  int64_t turn = 0;                // of the run's own questions: plan, compose
  std::optional<Outcome> outcome;  // decided; final once the phase is kFinished
  std::string answer_text;
  base::Json answer_value;
  base::Json answer_evidence;
};

// That models may still read and write.
int64_t tokens_left(const RunState& state);

// Who does a step now. Requires a step of the plan.
const Assignment& assignment_of(const RunState& state, size_t step);

// A run that goes on only when a person decides.
bool is_parked(const RunState& state);

enum class Durability : uint8_t {
  kQueued,  // in order before the next synced record; losing it means doing over what can be done over
  kSynced,  // on stable storage before anything later is done
};
struct Record {
  std::string kind;
  base::Json payload;
  Durability durability = Durability::kQueued;
};

struct MakePlan {
  int64_t turn = 0;
};
struct Attempt {
  size_t step = 0;
  int64_t turn = 0;
  int64_t candidates_max = 0;
  int64_t tokens_max = 0;
};
struct VerifyCall {
  size_t step = 0;
  int64_t turn = 0;
};
struct Execute {
  size_t step = 0;
  int64_t turn = 0;
  std::string key;  // within the run; the same for every repetition of one call
};
struct VerifyResult {
  size_t step = 0;
  int64_t turn = 0;
};
struct Wait {
  size_t step = 0;
  int64_t turn = 0;
  int64_t wait_ms = 0;
};
struct Compose {
  int64_t turn = 0;
};
struct Finish {};

using Effect = std::variant<Record, MakePlan, Attempt, VerifyCall, Execute, VerifyResult, Wait, Compose, Finish>;

// The records first; then what is newly due. An error leaves the state as it was. kCorrupt: the event cannot follow in this state, which only
// a damaged journal or a driver's bug brings about. kInvalid: a person's decision for a step that does not wait for one, or a
// cancellation of a run that is finished.
Result<std::vector<Effect>> advance(RunState& state, const Event& event);

struct RecordView {
  std::string kind;
  base::Json payload;
};

// The probability that a candidate is right after what the verifiers saw; see above.
double posterior(double probability, double keeps, double excluded_probability);

struct Replayed {
  RunState state;
  bool closed = false;
};

// The state after the recorded events of one run. A process that takes it over advances with Resumed, which makes everything due again.
Result<Replayed> replay(const std::vector<RecordView>& records);

}  // namespace cadre::agent
