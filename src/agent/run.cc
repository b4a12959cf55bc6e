// SPDX-License-Identifier: Apache-2.0
#include "agent/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "agent/event_json.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

// The denominator of the posterior: what is left of probability after the exclusions, kept away from zero against
// rounding.
constexpr double kRemainingProbabilityMin = 1e-9;

bool is_transient(const Error& error) {
  return error.code == ErrorCode::kBusy;
}

// Errors that say something about this call rather than about the table: another candidate may do better.
bool is_about_the_call(const Error& error) {
  return error.code == ErrorCode::kInvalid || error.code == ErrorCode::kUnsupported ||
         error.code == ErrorCode::kInternal;
}

Error out_of_place(const char* event, Phase phase) {
  return Error{ErrorCode::kCorrupt,
               fmt::format("event {} cannot follow in phase \"{}\" (damaged journal?)", event, phase_name(phase))};
}

// One transition in the making: a state, and the records that go before what is done next.
class Machine {
 public:
  explicit Machine(RunState state) : state_(std::move(state)) {}

  Result<void> on(const RunBegun& event);
  Result<void> on(const Dispatched& event);
  Result<void> on(const AttemptReturned& event);
  Result<void> on(const CandidateVerified& event);
  Result<void> on(const CallReturned& event);
  Result<void> on(const AnswerComposed& event);
  Result<void> on(const BudgetExhausted& event);
  Result<void> on(const Resumed& event);
  Result<void> on(const Abandoned& event);
  Result<void> on(const Cancelled& event);

  RunState take_state() { return std::move(state_); }
  const RunState& state() const { return state_; }

 private:
  Result<void> require(Phase phase, const char* event) const;
  Result<void> require_running(const char* event) const;
  Result<void> on_call_verdicts(const CandidateVerified& event);
  Result<void> on_result_verdicts(const CandidateVerified& event);
  void take_target(const Target& target);
  void start_attempt();
  void start_call();
  void next_candidate();
  void judge(double keeps);
  void candidates_exhausted();
  void choose(Choice choice);
  void finish(Status status, Reason reason, std::string message);
  const Candidate& candidate() const { return state_.candidates[state_.candidate]; }

  RunState state_;
};

Result<void> Machine::require(Phase phase, const char* event) const {
  if (state_.phase != phase) return out_of_place(event, state_.phase);
  return {};
}

Result<void> Machine::require_running(const char* event) const {
  if (state_.phase == Phase::kNew || state_.phase == Phase::kFinished) return out_of_place(event, state_.phase);
  return {};
}

Result<void> Machine::on(const RunBegun& event) {
  TRY(require(Phase::kNew, "run.begin"));
  state_.request = event.request;
  state_.budget = event.budget;
  state_.policy = event.policy;
  state_.phase = Phase::kDispatching;
  return {};
}

Result<void> Machine::on(const Dispatched& event) {
  TRY(require(Phase::kDispatching, "dispatch.returned"));
  state_.dispatch_tier = event.tier;
  if (!event.accepted) {
    const char* otherwise = "this is not a question to a table; ask for something that stands in it";
    finish(Status::kDeclined, Reason::kOutOfScope, event.reason.empty() ? otherwise : event.reason);
    return {};
  }
  if (event.plan.size() != 1) {
    return Error{
        ErrorCode::kCorrupt,
        fmt::format("dispatch.returned: a plan of {} steps; this version carries out exactly one", event.plan.size())};
  }
  state_.plan = event.plan;
  if (event.target) take_target(*event.target);
  start_attempt();
  return {};
}

void Machine::take_target(const Target& target) {
  state_.request.name = target.name;
  state_.request.table_path = target.table_path;
  state_.request.table_name = target.table_name;
  state_.request.table_fingerprint = target.table_fingerprint;
  state_.request.specialist_path = target.specialist_path;
  state_.request.specialist = target.specialist;
  state_.budget = target.budget;
  state_.policy = target.policy;
}

// A limit of attempts that is reached is the end of the candidates, not an error of its own.
void Machine::start_attempt() {
  ++state_.attempts;
  state_.candidates_asked = state_.candidates_asked == 0 ? state_.budget.candidates_max : state_.candidates_asked * 2;
  state_.candidates.clear();
  state_.candidate = 0;
  state_.phase = Phase::kAttempting;
}

bool is_probability(double value) {
  return std::isfinite(value) && value >= 0 && value <= 1;
}

// Model output is input: what is not a probability is an error of the engine, not something to compute with.
Result<void> check_attempt(const AttemptReturned& event) {
  if (!is_probability(event.answerable))
    return Error{ErrorCode::kInvalid, "the specialist's \"answerable\" is no probability"};
  for (const Candidate& candidate : event.candidates) {
    if (!is_probability(candidate.probability)) {
      return Error{ErrorCode::kInvalid, fmt::format("the probability of candidate {} is none", candidate.sql)};
    }
  }
  return {};
}

Result<void> Machine::on(const AttemptReturned& event) {
  TRY(require(Phase::kAttempting, "attempt.returned"));
  if (event.error) {
    if (is_transient(*event.error) && state_.attempts < state_.budget.attempts_max) {
      ++state_.attempts;  // the same question again: nothing was learnt that would widen it
      return {};
    }
    finish(Status::kFailed, Reason::kEngineError, event.error->message);
    return {};
  }
  if (auto checked = check_attempt(event); !checked.ok()) {
    finish(Status::kFailed, Reason::kEngineError, checked.error().message);
    return {};
  }
  if (!event.unmatched_values.empty()) {
    finish(Status::kDeclined, Reason::kUnmatchedValue,
           fmt::format(
               "no cell of the table says \"{}\"; check the spelling, or ask for something that stands in the table",
               fmt::join(event.unmatched_values, "\" or \"")));
    return {};
  }
  if (event.answerable < state_.policy.answerable_min) {
    finish(Status::kDeclined, Reason::kNotAnswerable,
           fmt::format("this does not look like a question that one SELECT over this table can answer (probability "
                       "{:.2f}, needed {:.2f}); "
                       "ask about its columns, one thing at a time",
                       event.answerable, state_.policy.answerable_min));
    return {};
  }
  state_.candidates = event.candidates;
  std::stable_sort(state_.candidates.begin(), state_.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.probability > b.probability; });
  if (std::cmp_greater(state_.candidates.size(), state_.candidates_asked))
    state_.candidates.resize(static_cast<size_t>(state_.candidates_asked));
  state_.candidate = 0;
  state_.phase = Phase::kVerifyingCall;
  next_candidate();
  return {};
}

// Moves to the first candidate, from the present index on, that was not judged yet.
void Machine::next_candidate() {
  const auto was_judged = [&](const std::string& sql) {
    return std::find(state_.judged_sql.begin(), state_.judged_sql.end(), sql) != state_.judged_sql.end();
  };
  while (state_.candidate < state_.candidates.size() && was_judged(candidate().sql)) ++state_.candidate;
  state_.busy_retries = 0;
  state_.candidate_keeps = 1;
  state_.call_error.reset();
  state_.result = {};
  state_.phase = Phase::kVerifyingCall;
  if (state_.candidate == state_.candidates.size()) candidates_exhausted();
}

Result<void> Machine::on(const CandidateVerified& event) {
  return event.stage == VerifyStage::kCall ? on_call_verdicts(event) : on_result_verdicts(event);
}

// The share of its probability that a candidate keeps: none after a rejection, a part of it for every doubt.
double share_kept(const std::vector<Verdict>& verdicts, const Policy& policy) {
  double keeps = 1;
  for (const Verdict& verdict : verdicts) {
    if (verdict.passed) continue;
    keeps *= verdict.severity == Severity::kReject ? 0.0 : policy.doubt_keeps;
  }
  return keeps;
}

Result<void> Machine::on_call_verdicts(const CandidateVerified& event) {
  TRY(require(Phase::kVerifyingCall, "candidate.verified"));
  if (event.candidate != state_.candidate) return out_of_place("candidate.verified of another candidate", state_.phase);
  state_.candidate_keeps = share_kept(event.verdicts, state_.policy);
  if (state_.candidate_keeps == 0) {
    judge(0);
    return {};
  }
  start_call();
  return {};
}

void Machine::start_call() {
  if (state_.calls >= state_.budget.calls_max) {
    finish(Status::kFailed, Reason::kBudget,
           fmt::format("all {} calls of this run are used up", state_.budget.calls_max));
    return;
  }
  if (state_.vm_steps >= state_.budget.vm_steps_max) {
    finish(Status::kFailed, Reason::kBudget,
           fmt::format("all {} SQLite VM steps of this run are used up", state_.budget.vm_steps_max));
    return;
  }
  ++state_.calls;
  state_.phase = Phase::kExecuting;
}

Result<void> Machine::on(const CallReturned& event) {
  TRY(require(Phase::kExecuting, "call.returned"));
  if (event.candidate != state_.candidate) return out_of_place("call.returned of another candidate", state_.phase);
  state_.vm_steps += std::max<int64_t>(event.result.vm_steps, 0);
  if (event.error && is_transient(*event.error) && state_.busy_retries < state_.budget.busy_retries_max) {
    ++state_.busy_retries;
    start_call();
    return {};
  }
  if (event.error && event.error->code == ErrorCode::kLimit) {
    finish(Status::kFailed, Reason::kBudget, event.error->message);
    return {};
  }
  if (event.error && !is_about_the_call(*event.error)) {
    finish(Status::kFailed, Reason::kToolError, event.error->message);
    return {};
  }
  state_.call_error = event.error;
  state_.result = event.result;
  state_.phase = Phase::kVerifyingResult;
  return {};
}

Result<void> Machine::on_result_verdicts(const CandidateVerified& event) {
  TRY(require(Phase::kVerifyingResult, "candidate.verified"));
  if (event.candidate != state_.candidate) return out_of_place("candidate.verified of another candidate", state_.phase);
  const double keeps = state_.call_error ? 0 : state_.candidate_keeps * share_kept(event.verdicts, state_.policy);
  if (keeps < 1) {
    judge(keeps);
    return {};
  }
  Choice passed{candidate(), state_.result, 1};
  const bool doubted_is_likelier =
      state_.doubted && state_.doubted->keeps * state_.doubted->candidate.probability > passed.candidate.probability;
  choose(doubted_is_likelier ? *state_.doubted : std::move(passed));
  return {};
}

// Puts the candidate at hand aside, rejected (keeps 0) or doubted, and goes on to the next.
void Machine::judge(double keeps) {
  state_.judged_sql.push_back(candidate().sql);
  state_.excluded_probability += (1 - keeps) * candidate().probability;
  const double weight = keeps * candidate().probability;
  if (keeps > 0 && (!state_.doubted || weight > state_.doubted->keeps * state_.doubted->candidate.probability)) {
    state_.doubted = Choice{candidate(), state_.result, keeps};
  }
  ++state_.candidate;
  next_candidate();
}

void Machine::candidates_exhausted() {
  const auto confidence = [&](const Choice& choice) {
    return posterior(choice.candidate.probability, choice.keeps, state_.excluded_probability);
  };
  const bool is_settled = state_.doubted && confidence(*state_.doubted) >= state_.policy.confidence_min;
  const bool may_have_more = std::cmp_greater_equal(state_.candidates.size(), state_.candidates_asked);
  if (!is_settled && may_have_more && state_.attempts < state_.budget.attempts_max) {
    start_attempt();
  } else if (state_.doubted) {
    choose(*state_.doubted);
  } else if (state_.judged_sql.empty()) {
    finish(Status::kDeclined, Reason::kNoCandidate,
           "the specialist found no call that fits this question and table; name a column of the table");
  } else {
    finish(Status::kDeclined, Reason::kAllRejected,
           fmt::format("none of the {} calls that the specialist proposed passed the checks; try other words",
                       state_.judged_sql.size()));
  }
}

void Machine::choose(Choice choice) {
  const double confidence = posterior(choice.candidate.probability, choice.keeps, state_.excluded_probability);
  state_.chosen = std::move(choice);
  if (confidence >= state_.policy.confidence_min) {
    state_.phase = Phase::kComposing;
    return;
  }
  finish(Status::kDeclined, Reason::kLowConfidence,
         fmt::format("not sure enough: the most probable reading, {}, is right with probability {:.2f} (needed "
                     "{:.2f}); name the columns and "
                     "values as the table writes them",
                     state_.chosen->candidate.sql, confidence, state_.policy.confidence_min));
}

Result<void> Machine::on(const AnswerComposed& event) {
  TRY(require(Phase::kComposing, "answer.composed"));
  state_.answer = event.answer;
  finish(Status::kAnswered, Reason::kNone, "");
  return {};
}

Result<void> Machine::on(const BudgetExhausted& event) {
  TRY(require_running("budget.exhausted"));
  finish(Status::kFailed, Reason::kBudget, fmt::format("{} used up: {}", budget_kind_name(event.kind), event.detail));
  return {};
}

Result<void> Machine::on(const Resumed&) {
  if (state_.phase == Phase::kNew) return out_of_place("run.resume", state_.phase);
  if (state_.phase == Phase::kFinished) return {};  // only the closing record is missing
  ++state_.resumptions;
  if (state_.resumptions > state_.budget.resumptions_max) {
    finish(Status::kFailed, Reason::kBudget,
           fmt::format("the process died {} times during this run; it is not tried again", state_.resumptions));
  }
  return {};
}

Result<void> Machine::on(const Abandoned& event) {
  TRY(require_running("inputs.lost"));
  finish(Status::kFailed, Reason::kAbandoned, event.why);
  return {};
}

Result<void> Machine::on(const Cancelled& event) {
  TRY(require_running("cancelled"));
  finish(Status::kFailed, Reason::kCancelled, event.who.empty() ? "cancelled" : "cancelled by " + event.who);
  return {};
}

void Machine::finish(Status status, Reason reason, std::string message) {
  Outcome outcome{.status = status, .reason = reason, .message = std::move(message)};
  if (state_.chosen)
    outcome.confidence =
        posterior(state_.chosen->candidate.probability, state_.chosen->keeps, state_.excluded_probability);
  state_.outcome = std::move(outcome);
  state_.phase = Phase::kFinished;
}

Record call_intended(const RunState& state) {
  const Candidate& candidate = state.candidates[state.candidate];
  base::Json payload = {{"candidate", state.candidate}, {"sql", candidate.sql}, {"call", state.calls}};
  return Record{kCallIntended, std::move(payload), Durability::kQueued};
}

store::RunState closing_state(Status status) {
  switch (status) {
    case Status::kAnswered:
      return store::RunState::kDone;
    case Status::kDeclined:
      return store::RunState::kDeclined;
    case Status::kFailed:
      return store::RunState::kFailed;
  }
  return store::RunState::kFailed;
}

Record run_finished(const RunState& state) {
  return Record{std::string(store::finish_kind(closing_state(state.outcome->status))), outcome_to_json(state),
                Durability::kSynced};
}

// What is to be done in a state, with the intents that go before it.
std::vector<Effect> due_effects(const RunState& state) {
  switch (state.phase) {
    case Phase::kNew:
      return {};
    case Phase::kDispatching:
      return {Dispatch{}};
    case Phase::kAttempting:
      return {Attempt{state.candidates_asked}};
    case Phase::kVerifyingCall:
      return {Verify{state.candidate, VerifyStage::kCall}};
    case Phase::kExecuting:
      return {call_intended(state),
              Execute{state.candidate, state.budget.vm_steps_max - state.vm_steps, state.budget.rows_max}};
    case Phase::kVerifyingResult:
      return {Verify{state.candidate, VerifyStage::kResult}};
    case Phase::kComposing:
      return {Compose{}};
    case Phase::kFinished:
      return {run_finished(state), Finish{}};
  }
  return {};
}

// A closing record ends a run that has its outcome; or it says that the run failed without one, because the journal refused a record.
Result<void> close(RunState& state, const RecordView& record) {
  if (state.phase == Phase::kFinished) return {};
  const bool is_failure = record.kind == store::finish_kind(store::RunState::kFailed);
  if (!is_failure || state.phase == Phase::kNew) return out_of_place(record.kind.c_str(), state.phase);
  auto message = base::json_string(record.payload, "message");
  state.outcome =
      Outcome{.reason = Reason::kJournalError, .message = message.ok() ? *message : "no reason was recorded"};
  state.phase = Phase::kFinished;
  return {};
}

// A run that begins is acknowledged next: its record must be safe first. What comes later can be done again.
Durability durability_of(const Event& event) {
  return std::holds_alternative<RunBegun>(event) ? Durability::kSynced : Durability::kQueued;
}

}  // namespace

double posterior(double probability, double keeps, double excluded_probability) {
  const double remaining = std::max(1 - excluded_probability, kRemainingProbabilityMin);
  return std::clamp(keeps * probability / remaining, 0.0, 1.0);
}

Result<Transition> advance(RunState state, const Event& event) {
  Machine machine(std::move(state));
  TRY(std::visit([&](const auto& concrete) { return machine.on(concrete); }, event));
  Transition transition;
  transition.effects.push_back(Record{event_kind(event), event_to_json(event), durability_of(event)});
  for (Effect& effect : due_effects(machine.state())) transition.effects.push_back(std::move(effect));
  transition.state = machine.take_state();
  return transition;
}

Result<Replayed> replay(const std::vector<RecordView>& records) {
  Replayed replayed;
  for (const RecordView& record : records) {
    if (replayed.closed)
      return Error{ErrorCode::kCorrupt, fmt::format("record {} after the run was finished", record.kind)};
    if (record.kind == kCallIntended) {
      if (replayed.state.phase != Phase::kExecuting) return out_of_place(kCallIntended, replayed.state.phase);
    } else if (store::finish_outcome(record.kind)) {
      TRY(close(replayed.state, record));
      replayed.closed = true;
    } else {
      const Event event = TRY(event_from_json(record.kind, record.payload));
      Machine machine(std::move(replayed.state));
      TRY(std::visit([&](const auto& concrete) { return machine.on(concrete); }, event));
      replayed.state = machine.take_state();
    }
  }
  if (replayed.state.phase == Phase::kNew) return Error{ErrorCode::kCorrupt, "the run has no run.begin record"};
  if (!replayed.closed) replayed.effects = due_effects(replayed.state);
  return replayed;
}

const char* phase_name(Phase phase) {
  switch (phase) {
    case Phase::kNew:
      return "new";
    case Phase::kDispatching:
      return "dispatching";
    case Phase::kAttempting:
      return "attempting";
    case Phase::kVerifyingCall:
      return "verifying_call";
    case Phase::kExecuting:
      return "executing";
    case Phase::kVerifyingResult:
      return "verifying_result";
    case Phase::kComposing:
      return "composing";
    case Phase::kFinished:
      return "finished";
  }
  return "unknown";
}

const char* status_name(Status status) {
  switch (status) {
    case Status::kAnswered:
      return "answered";
    case Status::kDeclined:
      return "declined";
    case Status::kFailed:
      return "failed";
  }
  return "unknown";
}

const char* reason_name(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kOutOfScope:
      return "out_of_scope";
    case Reason::kNotAnswerable:
      return "not_answerable";
    case Reason::kUnmatchedValue:
      return "unmatched_value";
    case Reason::kNoCandidate:
      return "no_candidate";
    case Reason::kAllRejected:
      return "all_rejected";
    case Reason::kLowConfidence:
      return "low_confidence";
    case Reason::kEngineError:
      return "engine_error";
    case Reason::kToolError:
      return "tool_error";
    case Reason::kBudget:
      return "budget";
    case Reason::kAbandoned:
      return "abandoned";
    case Reason::kJournalError:
      return "journal_error";
    case Reason::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

}  // namespace cadre::agent
