// SPDX-License-Identifier: Apache-2.0
#include "agent/run.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "agent/event_json.h"
#include "base/random.h"

namespace cadre::agent {
namespace {

using contract::QueryResult;

// ---- sentences for writing tables of events
// --------------------------------------------------------------------------------------

RunBegun begun(Budget budget = {}, Policy policy = {}) {
  return {{.question = "how many goals did Kane score", .table_path = "goals.csv", .table_fingerprint = "f"},
          budget,
          policy};
}
Dispatched accepted() {
  return {.accepted = true, .confidence = 0.9, .tier = "linear", .plan = {{"sql"}}};
}
Candidate candidate(const std::string& sql, double probability) {
  return {{}, sql, probability};
}
AttemptReturned attempt(std::vector<Candidate> candidates) {
  return {.candidates = std::move(candidates)};
}
CandidateVerified fine(size_t i, VerifyStage stage) {
  return {i, stage, {{"contract", true, "", Severity::kReject}}};
}
CandidateVerified rejected(size_t i, VerifyStage stage) {
  return {i, stage, {{"contract", false, "no column x", Severity::kReject}}};
}
CandidateVerified doubted(size_t i) {
  return {i, VerifyStage::kResult, {{"non_empty", false, "no row", Severity::kDoubt}}};
}
CallReturned rows(size_t i, int64_t count = 1) {
  QueryResult result{.column_names = {"Goals"}, .vm_steps = 10};
  for (int64_t row = 0; row < count; ++row) result.rows.push_back({contract::CellValue{row}});
  return {.candidate = i, .result = std::move(result)};
}
CallReturned call_failed(size_t i, ErrorCode code) {
  return {.candidate = i, .error = Error{code, "what happened"}};
}

// Feeds events; the state after the last. Fails the test if one does not fit.
struct Walk {
  RunState state;
  std::vector<Effect> effects;
  std::vector<RecordView> journal;

  void feed(const Event& event) {
    auto transition = advance(state, event);
    ASSERT_TRUE(transition.ok()) << transition.error().message;
    state = std::move(transition->state);
    effects = std::move(transition->effects);
    for (const Effect& effect : effects) {
      if (const auto* record = std::get_if<Record>(&effect)) journal.push_back({record->kind, record->payload});
    }
  }
  template <class T>
  const T* last_act() const {
    return effects.empty() ? nullptr : std::get_if<T>(&effects.back());
  }
};

Walk walk(const std::vector<Event>& events) {
  Walk result;
  for (const Event& event : events) result.feed(event);
  return result;
}

constexpr VerifyStage kCall = VerifyStage::kCall;
constexpr VerifyStage kResult = VerifyStage::kResult;

// ---- event sequences and their ends
// ----------------------------------------------------------------------------------------------

struct Ending {
  const char* name;
  std::vector<Event> events;
  Status status;
  Reason reason;
};

std::vector<Ending> endings() {
  const Policy strict{.confidence_min = 0.8};
  return {
      {"the first candidate passes",
       {begun(), accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall), rows(0), fine(0, kResult),
        AnswerComposed{}},
       Status::kAnswered,
       Reason::kNone},
      {"the dispatcher declines",
       {begun(), Dispatched{.reason = "not about a table"}},
       Status::kDeclined,
       Reason::kOutOfScope},
      {"the specialist says it cannot",
       {begun(), accepted(), AttemptReturned{.candidates = {candidate("A", 0.9)}, .answerable = 0.1}},
       Status::kDeclined,
       Reason::kNotAnswerable},
      {"a word that no cell says",
       {begun(), accepted(), AttemptReturned{.candidates = {candidate("A", 0.9)}, .unmatched_values = {"Atlantis"}}},
       Status::kDeclined,
       Reason::kUnmatchedValue},
      {"no candidate at all", {begun(), accepted(), attempt({})}, Status::kDeclined, Reason::kNoCandidate},
      {"the only candidate breaks its contract",
       {begun(), accepted(), attempt({candidate("A", 0.9)}), rejected(0, kCall)},
       Status::kDeclined,
       Reason::kAllRejected},
      {"the second candidate passes after the first broke its contract",
       {begun(), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}), rejected(0, kCall), fine(1, kCall),
        rows(1), fine(1, kResult), AnswerComposed{}},
       Status::kAnswered,
       Reason::kNone},
      {"the second candidate passes after the first did not execute",
       {begun(), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}), fine(0, kCall),
        call_failed(0, ErrorCode::kInvalid), rejected(0, kResult), fine(1, kCall), rows(1), fine(1, kResult),
        AnswerComposed{}},
       Status::kAnswered,
       Reason::kNone},
      {"a passing candidate that is not probable enough",
       {begun({}, strict), accepted(), attempt({candidate("A", 0.7)}), fine(0, kCall), rows(0), fine(0, kResult)},
       Status::kDeclined,
       Reason::kLowConfidence},
      {"an empty result of a call that is sure enough all the same",
       {begun(), accepted(), attempt({candidate("A", 0.95)}), fine(0, kCall), rows(0, 0), doubted(0), AnswerComposed{}},
       Status::kAnswered,
       Reason::kNone},
      {"an empty result that leaves too little confidence",
       {begun(), accepted(), attempt({candidate("A", 0.6)}), fine(0, kCall), rows(0, 0), doubted(0)},
       Status::kDeclined,
       Reason::kLowConfidence},
      {"the table stays locked",
       {begun({.busy_retries_max = 1}), accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall),
        call_failed(0, ErrorCode::kBusy), call_failed(0, ErrorCode::kBusy)},
       Status::kFailed,
       Reason::kToolError},
      {"the table is unlocked in time",
       {begun(), accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall), call_failed(0, ErrorCode::kBusy), rows(0),
        fine(0, kResult), AnswerComposed{}},
       Status::kAnswered,
       Reason::kNone},
      {"the table cannot be read",
       {begun(), accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall), call_failed(0, ErrorCode::kIo)},
       Status::kFailed,
       Reason::kToolError},
      {"a call over its step limit",
       {begun(), accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall), call_failed(0, ErrorCode::kLimit)},
       Status::kFailed,
       Reason::kBudget},
      {"the engine breaks",
       {begun(), accepted(), AttemptReturned{.error = Error{ErrorCode::kCorrupt, "bad weights"}}},
       Status::kFailed,
       Reason::kEngineError},
      {"a probability that is none",
       {begun(), accepted(), attempt({candidate("A", std::numeric_limits<double>::quiet_NaN())})},
       Status::kFailed,
       Reason::kEngineError},
      {"time runs out",
       {begun(), accepted(), BudgetExhausted{BudgetKind::kTime, "10 s"}},
       Status::kFailed,
       Reason::kBudget},
      {"the table changed while the process was dead",
       {begun(), accepted(), Abandoned{"the table changed"}},
       Status::kFailed,
       Reason::kAbandoned},
  };
}

TEST(Run, EndsAsTheEventsSay) {
  for (const Ending& ending : endings()) {
    SCOPED_TRACE(ending.name);
    const Walk end = walk(ending.events);
    ASSERT_EQ(end.state.phase, Phase::kFinished);
    EXPECT_STREQ(status_name(end.state.outcome->status), status_name(ending.status));
    EXPECT_STREQ(reason_name(end.state.outcome->reason), reason_name(ending.reason)) << end.state.outcome->message;
    EXPECT_NE(end.last_act<Finish>(), nullptr);
    EXPECT_EQ(end.state.outcome->message.empty(), ending.status == Status::kAnswered)
        << "what was not answered must say why";
  }
}

TEST(Run, AcceptsNothingAfterItFinished) {
  for (const Ending& ending : endings()) {
    const Walk end = walk(ending.events);
    for (const Event& event :
         {Event{begun()}, Event{accepted()}, Event{AnswerComposed{}}, Event{Abandoned{}}, Event{BudgetExhausted{}}}) {
      EXPECT_FALSE(advance(end.state, event).ok()) << ending.name << " then " << event_kind(event);
    }
  }
}

TEST(Run, RefusesEventsThatCannotFollow) {
  EXPECT_FALSE(advance({}, accepted()).ok());
  EXPECT_FALSE(advance({}, Resumed{}).ok());
  const Walk attempting = walk({begun(), accepted()});
  EXPECT_FALSE(advance(attempting.state, rows(0)).ok());
  const Walk verifying = walk({begun(), accepted(), attempt({candidate("A", 0.9)})});
  EXPECT_FALSE(advance(verifying.state, fine(1, kCall)).ok()) << "verdicts of another candidate";
  EXPECT_FALSE(advance(verifying.state, fine(0, kResult)).ok()) << "verdicts of a result that is not there";
}

TEST(Run, AsksForMoreCandidatesWhenAllWereRefusedAndNeverTriesThoseAgain) {
  Walk run = walk({begun({.candidates_max = 2}), accepted(), attempt({candidate("A", 0.4), candidate("B", 0.3)}),
                   rejected(0, kCall), rejected(1, kCall)});
  ASSERT_NE(run.last_act<Attempt>(), nullptr);
  EXPECT_EQ(run.last_act<Attempt>()->candidates_max, 4);
  run.feed(attempt({candidate("A", 0.4), candidate("B", 0.3), candidate("C", 0.2)}));
  ASSERT_NE(run.last_act<Verify>(), nullptr);
  EXPECT_EQ(run.last_act<Verify>()->candidate, 2U);
  run.feed(fine(2, kCall));
  run.feed(rows(2));
  run.feed(fine(2, kResult));
  EXPECT_EQ(run.state.phase, Phase::kComposing);
  EXPECT_NEAR(posterior(0.2, 1, run.state.excluded_probability), 0.2 / 0.3, 1e-12);
}

TEST(Run, PrefersADoubtedCallOverAPassingOneThatIsStillLessProbable) {
  Walk run = walk({begun(), accepted(), attempt({candidate("A", 0.9), candidate("B", 0.05)}), fine(0, kCall),
                   rows(0, 0), doubted(0), fine(1, kCall), rows(1), fine(1, kResult)});
  ASSERT_EQ(run.state.phase, Phase::kComposing);
  EXPECT_EQ(run.state.chosen->candidate.sql, "A");
}

TEST(Run, KeepsCallsAndStepsWithinTheirBudgets) {
  Walk run = walk({begun({.calls_max = 1}), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}),
                   fine(0, kCall), rows(0), rejected(0, kResult), fine(1, kCall)});
  EXPECT_EQ(run.state.outcome->reason, Reason::kBudget);
  run = walk({begun({.vm_steps_max = 10}), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}),
              fine(0, kCall), rows(0), rejected(0, kResult), fine(1, kCall)});
  EXPECT_EQ(run.state.outcome->reason, Reason::kBudget);
}

TEST(Run, GivesEachCallOnlyTheStepsThatAreLeft) {
  const Walk run = walk({begun({.vm_steps_max = 100}), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}),
                         fine(0, kCall), rows(0), rejected(0, kResult), fine(1, kCall)});
  ASSERT_NE(run.last_act<Execute>(), nullptr);
  EXPECT_EQ(run.last_act<Execute>()->vm_steps_max, 90);
}

TEST(Run, IsNotResumedForEver) {
  Walk run = walk({begun({.resumptions_max = 2}), accepted()});
  run.feed(Resumed{});
  run.feed(Resumed{});
  ASSERT_NE(run.last_act<Attempt>(), nullptr);
  run.feed(Resumed{});
  EXPECT_EQ(run.state.outcome->reason, Reason::kBudget);
}

TEST(Run, KeepsItsOutcomeWhenOnlyTheClosingRecordIsMissing) {
  Walk run = walk({begun({.resumptions_max = 0}), Dispatched{.reason = "no"}});
  run.feed(Resumed{});
  EXPECT_EQ(run.state.outcome->reason, Reason::kOutOfScope);
  EXPECT_NE(run.last_act<Finish>(), nullptr);
}

TEST(Run, CountsBusyRetriesForEachCandidateApart) {
  Walk run = walk({begun({.busy_retries_max = 1}), accepted(), attempt({candidate("A", 0.5), candidate("B", 0.4)}),
                   fine(0, kCall), call_failed(0, ErrorCode::kBusy), rows(0), rejected(0, kResult), fine(1, kCall),
                   call_failed(1, ErrorCode::kBusy)});
  EXPECT_NE(run.last_act<Execute>(), nullptr) << "the first candidate's retry must not be charged to the second";
}

TEST(Run, SyncsTheBeginningAndTheEndAndIntendsEveryCall) {
  Walk run = walk({begun()});
  EXPECT_EQ(std::get<Record>(run.effects[0]).durability, Durability::kSynced);
  for (const Event& event : std::vector<Event>{accepted(), attempt({candidate("A", 0.9)}), fine(0, kCall)})
    run.feed(event);
  ASSERT_EQ(run.effects.size(), 3U);
  EXPECT_EQ(std::get<Record>(run.effects[1]).kind, kCallIntended);
  for (const Event& event : std::vector<Event>{rows(0), fine(0, kResult), AnswerComposed{}}) run.feed(event);
  ASSERT_EQ(run.effects.size(), 3U);
  EXPECT_EQ(std::get<Record>(run.effects[1]).kind, "run.done");
  EXPECT_EQ(std::get<Record>(run.effects[1]).durability, Durability::kSynced);
}

TEST(Run, ReplaysToTheSameStateAndRefusesADamagedJournal) {
  const Walk run = walk(endings()[0].events);
  const auto whole = replay(run.journal);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_TRUE(whole->closed);
  EXPECT_FALSE(replay({}).ok());
  std::vector<RecordView> without_first(run.journal.begin() + 1, run.journal.end());
  EXPECT_FALSE(replay(without_first).ok());
  std::vector<RecordView> with_second_end = run.journal;
  with_second_end.push_back(run.journal.back());
  EXPECT_FALSE(replay(with_second_end).ok());
  std::vector<RecordView> unknown = run.journal;
  unknown[1].kind = "call.guessed";
  EXPECT_FALSE(replay(unknown).ok());
}

TEST(Run, ReplaysAFailureThatTheJournalSaysWithoutAnOutcome) {
  std::vector<RecordView> journal = walk({begun(), accepted()}).journal;
  journal.push_back({"run.failed", failure_to_json("a record of 20 MB")});
  const auto replayed = replay(journal);
  ASSERT_TRUE(replayed.ok()) << replayed.error().message;
  EXPECT_TRUE(replayed->closed);
  EXPECT_EQ(replayed->state.outcome->reason, Reason::kJournalError);
  EXPECT_EQ(replayed->state.outcome->message, "a record of 20 MB");
  journal.back().kind = "run.done";
  EXPECT_FALSE(replay(journal).ok()) << "an answer needs its records";
}

TEST(Posterior, IsBayesOverWhatWasExcluded) {
  EXPECT_DOUBLE_EQ(posterior(0.5, 1, 0), 0.5);
  EXPECT_DOUBLE_EQ(posterior(0.3, 1, 0.5), 0.6);
  EXPECT_DOUBLE_EQ(posterior(0.8, 0.25, 0.6), 0.5);
  EXPECT_DOUBLE_EQ(posterior(0.5, 1, 1.0), 1.0) << "clamped";
  EXPECT_DOUBLE_EQ(posterior(0, 0, 1.0), 0.0);
}

// ---- a world that answers at random, crashed anywhere
// -------------------------------------------------------------------------------

// Answers each effect as a pure function of the seed and of what is asked, as the real parts do: the same call gives
// the same result again after a crash.
class World {
 public:
  explicit World(uint64_t seed) : seed_(seed) {}

  Event answer(const RunState& state, const Effect& effect) const {
    if (std::holds_alternative<Dispatch>(effect)) return dispatch();
    if (const auto* asked = std::get_if<Attempt>(&effect)) return attempt_of(state, asked->candidates_max);
    if (const auto* asked = std::get_if<Verify>(&effect)) return verdicts(state, *asked);
    if (const auto* asked = std::get_if<Execute>(&effect)) return call(state, *asked);
    return AnswerComposed{{.text = state.chosen->candidate.sql}};
  }

 private:
  base::Random random(const std::string& about) const {
    uint64_t hash = seed_;
    for (const char c : about) hash = base::mix64(hash ^ static_cast<unsigned char>(c));
    return base::Random(hash);
  }
  Event dispatch() const {
    if (random("dispatch").chance(0.05)) return Dispatched{.reason = "no"};
    return accepted();
  }
  Event attempt_of(const RunState& state, int64_t candidates_max) const {
    base::Random shape = random("attempt");
    if (shape.chance(0.03)) return AttemptReturned{.error = Error{ErrorCode::kIo, "weights"}};
    if (random(fmt::format("attempt {}", state.attempts)).chance(0.1))
      return AttemptReturned{.error = Error{ErrorCode::kBusy, "busy"}};
    AttemptReturned returned;
    returned.answerable = shape.chance(0.05) ? 0.2 : 0.9;
    if (shape.chance(0.05)) returned.unmatched_values = {"Atlantis"};
    double rest = 1;
    const uint64_t count = shape.below(20);
    for (uint64_t i = 0; i < count && static_cast<int64_t>(i) < candidates_max; ++i) {
      const double probability = rest * shape.uniform();
      rest -= probability;
      returned.candidates.push_back(candidate(fmt::format("Q{}", i), probability));
    }
    return returned;
  }
  Event verdicts(const RunState& state, const Verify& asked) const {
    const std::string& sql = state.candidates[asked.candidate].sql;
    base::Random draw = random(sql + (asked.stage == kCall ? " call" : " result"));
    if (draw.chance(0.4)) return rejected(asked.candidate, asked.stage);
    if (asked.stage == kResult && draw.chance(0.3)) return doubted(asked.candidate);
    return fine(asked.candidate, asked.stage);
  }
  Event call(const RunState& state, const Execute& asked) const {
    const std::string& sql = state.candidates[asked.candidate].sql;
    base::Random draw = random(fmt::format("{} {}", sql, state.busy_retries));
    if (draw.chance(0.1)) return call_failed(asked.candidate, ErrorCode::kBusy);
    if (draw.chance(0.02)) return call_failed(asked.candidate, ErrorCode::kLimit);
    if (draw.chance(0.02)) return call_failed(asked.candidate, ErrorCode::kCorrupt);
    if (draw.chance(0.1)) return call_failed(asked.candidate, ErrorCode::kInvalid);
    return rows(asked.candidate, static_cast<int64_t>(draw.below(4)));
  }

  uint64_t seed_;
};

// What the driver does, with a journal in memory and a crash wherever `crash_at` says (counted in effects; negative:
// never).
struct Simulation {
  explicit Simulation(uint64_t seed) : world(seed) {}

  // Carries effects out until the run ends or the crash comes. False: crashed.
  bool drive(RunState state, std::vector<Effect> effects, int64_t crash_at) {
    while (true) {
      std::optional<Event> event;
      for (const Effect& effect : effects) {
        if (crash_at-- == 0) return false;
        if (const auto* record = std::get_if<Record>(&effect)) {
          EXPECT_FALSE(event.has_value()) << "a record after an act: the act ran before it was journaled";
          journal.push_back({record->kind, record->payload});
        } else if (std::holds_alternative<Finish>(effect)) {
          ++finishes;
          outcome = state.outcome;
          answer = state.answer;
          return true;
        } else {
          EXPECT_FALSE(journal.empty()) << "acted before anything was journaled";
          if (std::holds_alternative<Execute>(effect)) note_execution(state);
          event = world.answer(state, effect);
        }
      }
      EXPECT_TRUE(event.has_value()) << "a live run with nothing to do in phase " << phase_name(state.phase);
      if (!event) return true;
      EXPECT_LT(++events, 400) << "does not end";
      auto transition = advance(std::move(state), *event);
      EXPECT_TRUE(transition.ok()) << transition.error().message;
      state = std::move(transition->state);
      effects = std::move(transition->effects);
    }
  }

  bool begin(const Event& event, int64_t crash_at) {
    auto transition = advance({}, event);
    return drive(std::move(transition->state), std::move(transition->effects), crash_at);
  }

  // As a process does that takes a dead one's run over: leave a mark, read, go on.
  bool resume(int64_t crash_at) {
    auto before = replay(journal);
    EXPECT_TRUE(before.ok()) << before.error().message;
    if (!before->closed) journal.push_back({event_kind(Resumed{}), event_to_json(Resumed{"the process died"})});
    auto replayed = replay(journal);
    EXPECT_TRUE(replayed.ok()) << replayed.error().message;
    if (!replayed->closed) return drive(std::move(replayed->state), std::move(replayed->effects), crash_at);
    outcome = replayed->state.outcome;
    answer = replayed->state.answer;
    return true;
  }

  void note_execution(const RunState& state) {
    EXPECT_EQ(journal.back().kind, kCallIntended);
    const std::string& sql = state.candidates[state.candidate].sql;
    EXPECT_EQ(std::count(state.judged_sql.begin(), state.judged_sql.end(), sql), 0)
        << "a judged call ran again: " << sql;
    EXPECT_LE(state.calls, state.budget.calls_max);
    EXPECT_LE(state.attempts, state.budget.attempts_max);
  }

  World world;
  std::vector<RecordView> journal;
  std::optional<Outcome> outcome;
  std::optional<Answer> answer;
  int finishes = 0;
  int events = 0;
};

Event begun_at_random(uint64_t seed) {
  base::Random random(seed);
  Budget budget{.attempts_max = 1 + static_cast<int64_t>(random.below(3)),
                .candidates_max = 1 + static_cast<int64_t>(random.below(5)),
                .calls_max = 1 + static_cast<int64_t>(random.below(12)),
                .busy_retries_max = static_cast<int64_t>(random.below(3)),
                .vm_steps_max = 20 + static_cast<int64_t>(random.below(100)),
                .resumptions_max = 1000};
  return begun(budget, {.confidence_min = random.uniform()});
}

int64_t count_closings(const std::vector<RecordView>& journal) {
  return std::count_if(journal.begin(), journal.end(), [](const RecordView& record) {
    return record.kind == "run.done" || record.kind == "run.failed" || record.kind == "run.declined";
  });
}

TEST(RunWalk, EveryWorldEndsOnceAndEveryPrefixOfItsJournalLeadsToTheSameOutcome) {
  std::set<std::string> reasons_seen;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Simulation whole(seed);
    ASSERT_TRUE(whole.begin(begun_at_random(seed), -1));
    ASSERT_TRUE(whole.outcome.has_value());
    EXPECT_EQ(whole.finishes, 1);
    EXPECT_EQ(count_closings(whole.journal), 1);
    reasons_seen.insert(reason_name(whole.outcome->reason));
    for (size_t kept = 1; kept <= whole.journal.size(); ++kept) {
      Simulation cut(seed);
      cut.journal.assign(whole.journal.begin(), whole.journal.begin() + static_cast<std::ptrdiff_t>(kept));
      ASSERT_TRUE(cut.resume(-1));
      ASSERT_TRUE(cut.outcome.has_value());
      EXPECT_EQ(cut.outcome->reason, whole.outcome->reason) << "after " << kept << " records";
      EXPECT_EQ(cut.outcome->confidence, whole.outcome->confidence);
      EXPECT_EQ(cut.answer, whole.answer);
      EXPECT_EQ(count_closings(cut.journal), 1);
    }
    if (HasFailure()) return;
  }
  for (const char* reason : {"none", "out_of_scope", "not_answerable", "unmatched_value", "no_candidate",
                             "all_rejected", "low_confidence", "engine_error", "tool_error", "budget"}) {
    EXPECT_TRUE(reasons_seen.contains(reason)) << "the walk never ended with " << reason;
  }
}

TEST(RunWalk, SurvivesCrashesAtAnyEffectAgainAndAgain) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Simulation whole(seed);
    ASSERT_TRUE(whole.begin(begun_at_random(seed), -1));
    Simulation crashed(seed);
    base::Random random(seed * 7919);
    // The first two effects are the record that acknowledges and the dispatch; before the record there is no run to
    // resume.
    bool ended = crashed.begin(begun_at_random(seed), 1 + static_cast<int64_t>(random.below(12)));
    for (int restart = 0; restart < 50 && !ended; ++restart)
      ended = crashed.resume(1 + static_cast<int64_t>(random.below(12)));
    ASSERT_TRUE(ended);
    EXPECT_LE(crashed.finishes, 1);
    EXPECT_EQ(count_closings(crashed.journal), 1);
    EXPECT_EQ(crashed.outcome->reason, whole.outcome->reason);
    EXPECT_EQ(crashed.answer, whole.answer);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace cadre::agent
