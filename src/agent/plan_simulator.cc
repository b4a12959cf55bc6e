// SPDX-License-Identifier: Apache-2.0
#include "agent/plan_simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "store/record.h"

namespace cadre::agent {
namespace {

using base::Json;

constexpr int64_t kEventsMax = 20'000;
constexpr int kLivesMax = 40;

ToolEffect random_effect(base::Random& random) {
  constexpr ToolEffect kEffects[] = {ToolEffect::kRead, ToolEffect::kIdempotent, ToolEffect::kOnce, ToolEffect::kOnce};
  return kEffects[random.below(4)];
}

Assignment random_assignment(base::Random& random, const std::string& name) {
  Assignment assignment;
  assignment.specialist = name;
  assignment.tool = random.chance(0.85) ? "tool_" + name : "";
  assignment.effect = random_effect(random);
  assignment.is_fenced = random.chance(0.4);
  assignment.policy.attempts_max = 1 + static_cast<int64_t>(random.below(3));
  assignment.policy.candidates_max = 1 + static_cast<int64_t>(random.below(3));
  assignment.policy.retries_max = static_cast<int64_t>(random.below(6));
  assignment.policy.confidence_min = random.uniform() * 0.2;
  assignment.policy.approval = random.chance(0.4) ? static_cast<Approval>(random.below(3)) : Approval::kNever;
  return assignment;
}

Plan random_plan(base::Random& random) {
  Plan plan;
  const size_t count = 1 + random.below(20);
  for (size_t i = 0; i < count; ++i) {
    PlanStep step;
    step.id = fmt::format("s{}", i);
    step.input["text"] = "$request.text";
    for (size_t j = 0; j < i; ++j) {
      if (random.chance(0.15)) step.input[plan.steps[j].id] = fmt::format("$s{}.value", j);
      if (random.chance(0.1)) step.after.push_back(plan.steps[j].id);
    }
    const size_t assignments = 1 + random.below(2);
    for (size_t k = 0; k < assignments; ++k)
      step.assignments.push_back(random_assignment(random, fmt::format("{}{}", step.id, k)));
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

// The disk of one run's log: what was synced stays, of the rest a prefix.
class SimulatedDisk final : public RunLog {
 public:
  SimulatedDisk(base::Random& random, double roughness, int64_t& log_errors)
      : random_(random), roughness_(roughness), log_errors_(log_errors) {}

  Result<void> write(const Record& record) override {
    if (random_.chance(0.01 * roughness_)) {
      ++log_errors_;
      return Error{ErrorCode::kIo, "no space left on the disk"};
    }
    records_.push_back({record.kind, record.payload});
    if (record.durability == Durability::kSynced) synced_ = records_.size();
    return {};
  }

  void crash() {
    records_.resize(synced_ + random_.below(records_.size() - synced_ + 1));
    synced_ = records_.size();
  }

  const std::vector<RecordView>& records() const { return records_; }
  size_t synced() const { return synced_; }

 private:
  base::Random& random_;
  double roughness_;
  int64_t& log_errors_;
  std::vector<RecordView> records_;
  size_t synced_ = 0;
};

// A call under way, or any other question, as the world holds it.
struct Question {
  Effect effect;
  Event answer;
  int64_t turn = 0;
};

// What happened to the world through one step.
struct Ledger {
  std::map<std::string, int> made;  // by key: how often it took effect
  std::set<size_t> assignments;     // that took effect
};

class Simulation final : public World {
 public:
  Simulation(uint64_t seed, const SimulatorFaults& faults)
      : random_(seed),
        faults_(faults),
        roughness_(std::max(0.01, random_.uniform() * random_.uniform())),
        plan_(random_plan(random_)),
        ledgers_(plan_.steps.size()),
        disk_(random_, roughness_, report_.log_errors) {}

  SimulationReport run();
  void start(const RunState& state, const Effect& effect) override;

 private:
  void live();
  bool take_up(PlanDriver& driver);
  void turn_the_world(PlanDriver& driver);
  void decide_as_a_person(PlanDriver& driver);
  void deliver(PlanDriver& driver, const Question& question);
  Event answer_to(const RunState& state, const Attempt& effect);
  Event answer_to(const RunState& state, const Execute& effect);
  bool goes_wrong(double chance) { return random_.chance(chance * roughness_); }
  std::vector<Verdict> random_verdicts();
  bool take_effect(const RunState& state, const Execute& effect);
  void crash();
  void check_step(const RunState& state, size_t index);
  void check_end();
  void violate(std::string what) {
    if (report_.violation.empty()) report_.violation = std::move(what);
  }

  base::Random random_;
  SimulatorFaults faults_;
  double roughness_;  // of this world: how much goes wrong, of 1; most are smooth enough to get somewhere
  Plan plan_;
  std::vector<Ledger> ledgers_;
  SimulationReport report_;
  SimulatedDisk disk_;
  std::vector<Question> questions_;
  std::set<size_t> approved_;  // steps that a person approved
  bool is_acknowledged_ = false;
  bool is_dead_ = false;
  double crash_chance_ = 0;
};

std::vector<Verdict> Simulation::random_verdicts() {
  std::vector<Verdict> verdicts = {{"schema", true, "", Severity::kReject}};
  if (goes_wrong(0.3)) verdicts.push_back({"state", false, "not so", Severity::kReject});
  if (goes_wrong(0.2)) verdicts.push_back({"non_empty", false, "empty", Severity::kDoubt});
  return verdicts;
}

Event Simulation::answer_to(const RunState& state, const Attempt& effect) {
  AttemptReturned answer{.step = effect.step};
  if (goes_wrong(0.15)) {
    answer.error = Error{random_.chance(0.5) ? ErrorCode::kUnavailable : ErrorCode::kInvalid, "the model failed"};
    return answer;
  }
  // Sometimes none, sometimes one more than asked.
  const size_t count = goes_wrong(0.1) ? 0 : 1 + random_.below(static_cast<uint64_t>(effect.candidates_max) + 1);
  for (size_t i = 0; i < count; ++i) {
    const double probability = goes_wrong(0.02) ? 1.5 : (0.5 + 0.5 * random_.uniform()) / static_cast<double>(count);
    answer.candidates.push_back(
        {Json{{"n", random_.below(6)}, {"of", state.steps[effect.step].assignment}}, probability});
  }
  answer.answerable = goes_wrong(0.05) ? 0.1 : 0.9;
  answer.usage = {10, 5, 0};
  return answer;
}

// The tool does what it is asked, once per key where it is fenced. False: it did not.
bool Simulation::take_effect(const RunState& state, const Execute& effect) {
  const StepState& at = state.steps[effect.step];
  const Assignment& assignment = plan_.steps[effect.step].assignments[at.assignment];
  if (assignment.effect == ToolEffect::kRead) return false;
  if (assignment.policy.approval == Approval::kAlways && !approved_.contains(effect.step))
    violate(fmt::format("{}: a call was made that nobody approved", plan_.steps[effect.step].id));
  const std::string key = faults_.changes_keys ? fmt::format("{}#{}", effect.key, random_.next_u64()) : effect.key;
  Ledger& ledger = ledgers_[effect.step];
  ledger.assignments.insert(at.assignment);
  int& made = ledger.made[key];
  const bool repeats_nothing = assignment.is_fenced || assignment.effect == ToolEffect::kIdempotent;
  if (made == 0 || !repeats_nothing) {
    ++made;
    ++report_.effects_made;
  }
  return true;
}

Event Simulation::answer_to(const RunState& state, const Execute& effect) {
  CallReturned answer{.step = effect.step};
  const double chance = random_.uniform() / roughness_;
  const Json value = {{"value", random_.below(100)}};
  if (chance < 0.06) {
    answer.error = Error{ErrorCode::kUnavailable, "503, nothing was done"};
  } else if (chance < 0.16) {
    answer.error = Error{ErrorCode::kTimeout, "no answer in time"};
    answer.is_uncertain = !faults_.hides_uncertainty;
    if (random_.chance(0.5)) take_effect(state, effect);
  } else if (chance < 0.24) {
    answer.error = Error{ErrorCode::kInvalid, "no such customer"};
  } else if (chance < 0.27) {
    answer.error = Error{ErrorCode::kIo, "broken"};
  } else {
    take_effect(state, effect);
    answer.result = value;
  }
  return answer;
}

// The world decides at once what it will answer, and when anybody hears of it is another matter.
void Simulation::start(const RunState& state, const Effect& effect) {
  if (const auto* plan = std::get_if<MakePlan>(&effect)) {
    Planned answer{true, 1, "rules", "", plan_, {}};
    if (goes_wrong(0.05)) answer = Planned{false, 0.9, "linear", "not for us", {}, {}};
    questions_.push_back({effect, answer, plan->turn});
  } else if (const auto* attempt = std::get_if<Attempt>(&effect)) {
    questions_.push_back({effect, answer_to(state, *attempt), attempt->turn});
  } else if (const auto* call = std::get_if<VerifyCall>(&effect)) {
    questions_.push_back({effect, CallVerified{call->step, random_verdicts()}, call->turn});
  } else if (const auto* execute = std::get_if<Execute>(&effect)) {
    questions_.push_back({effect, answer_to(state, *execute), execute->turn});
  } else if (const auto* result = std::get_if<VerifyResult>(&effect)) {
    const Json output = {{"value", state.steps[result->step].result}};
    questions_.push_back({effect, ResultVerified{result->step, random_verdicts(), output}, result->turn});
  } else if (const auto* wait = std::get_if<Wait>(&effect)) {
    questions_.push_back({effect, BackoffEnded{wait->step}, wait->turn});
  } else if (const auto* compose = std::get_if<Compose>(&effect)) {
    AnswerComposed answer{std::nullopt, "done", nullptr, nullptr};
    if (goes_wrong(0.05)) answer.error = Error{ErrorCode::kInternal, "no template fits"};
    questions_.push_back({effect, answer, compose->turn});
  }
}

void Simulation::crash() {
  ++report_.crashes;
  questions_.clear();
  disk_.crash();
  is_dead_ = true;
}

void Simulation::deliver(PlanDriver& driver, const Question& question) {
  ++report_.events;
  const bool is_good = driver.deliver(question.answer, question.turn).ok();
  if (!is_good) crash();
}

void Simulation::decide_as_a_person(PlanDriver& driver) {
  for (size_t i = 0; i < driver.state().steps.size() && !is_dead_; ++i) {
    if (driver.state().steps[i].phase != StepPhase::kAwaitingApproval) continue;
    const bool approves = !goes_wrong(0.3);
    if (approves && !faults_.executes_without_approval) approved_.insert(i);
    ++report_.events;
    if (!driver.deliver(ApprovalDecided{i, approves || faults_.executes_without_approval, "nurse", ""}).ok()) crash();
  }
}

void Simulation::turn_the_world(PlanDriver& driver) {
  if (random_.chance(crash_chance_)) return crash();
  if (goes_wrong(0.002)) {
    ++report_.events;
    if (!driver.deliver(CancelRequested{"user"}).ok()) crash();
    return;
  }
  if (goes_wrong(0.001)) {
    ++report_.events;
    if (!driver.deliver(TimeExhausted{"600 s are over"}).ok()) crash();
    return;
  }
  if (questions_.empty() || random_.chance(0.1)) decide_as_a_person(driver);
  if (questions_.empty() || is_dead_) return;
  const size_t pick = random_.below(questions_.size());
  const Question question = questions_[pick];
  if (random_.chance(0.05)) {
    ++report_.duplicates;  // it stays, and comes a second time
  } else {
    questions_.erase(questions_.begin() + static_cast<std::ptrdiff_t>(pick));
  }
  deliver(driver, question);
}

// Begins the run, or takes it over. False: there is nothing on the disk and nobody was told of a run.
bool Simulation::take_up(PlanDriver& driver) {
  if (disk_.records().empty()) {
    if (is_acknowledged_) {
      violate("an acknowledged run is lost");
      return false;
    }
    if (faults_.acknowledges_early) is_acknowledged_ = true;
    const bool begun = driver.begin(Json{{"text", "do it"}}, Budget{}).ok();
    if (begun) is_acknowledged_ = true;
    return begun;
  }
  if (!faults_.forgets_resumed) return driver.resume(disk_.records(), "the process died").ok();
  auto replayed = replay(disk_.records());
  if (!replayed.ok()) return false;
  for (size_t i = 0; i < replayed->state.steps.size(); ++i) {
    const StepState& at = replayed->state.steps[i];
    if (at.phase == StepPhase::kExecuting)
      start(replayed->state, Execute{i, at.turn, fmt::format("{}.{}", plan_.steps[i].id, at.calls)});
  }
  return driver.resume(disk_.records(), "the process died").ok();
}

// One process, until it dies or the run is finished.
void Simulation::live() {
  is_dead_ = false;
  PlanDriver driver(disk_, *this, faults_.driver);
  if (!take_up(driver)) {
    crash();
    return;
  }
  if (faults_.acknowledges_early && random_.chance(0.3)) crash();
  while (!is_dead_ && !driver.is_finished() && report_.events < kEventsMax) turn_the_world(driver);
  if (driver.is_finished()) questions_.clear();
}

// What the run says of a step against what happened.
void Simulation::check_step(const RunState& state, size_t index) {
  const StepState& at = state.steps[index];
  const Ledger& ledger = ledgers_[index];
  const std::string& id = plan_.steps[index].id;
  if (ledger.made.size() > 1 || ledger.assignments.size() > 1)
    violate(fmt::format("{}: the world was changed in {} ways", id, ledger.made.size()));
  for (const auto& [key, times] : ledger.made) {
    if (times > 1) violate(fmt::format("{}: the call {} took effect {} times", id, key, times));
  }
  const bool was_changed = !ledger.made.empty();
  const bool says_so = at.phase == StepPhase::kDone || at.reason == Reason::kRefusedResult || at.is_uncertain;
  if (was_changed && !says_so)
    violate(fmt::format("{}: the world was changed, and the run says {}", id, step_phase_name(at.phase)));
  const Assignment& assignment = plan_.steps[index].assignments[at.assignment];
  const bool changes = !assignment.tool.empty() && assignment.effect != ToolEffect::kRead;
  if (at.phase == StepPhase::kDone && changes && !was_changed)
    violate(fmt::format("{}: says done, and nothing happened", id));
  if (at.is_uncertain && state.outcome->reason != Reason::kUncertain && state.outcome->status != Status::kAnswered)
    violate(fmt::format("{}: uncertain, and the outcome does not say so", id));
}

void Simulation::check_end() {
  const auto replayed = replay(disk_.records());
  if (!replayed.ok()) return violate("the log cannot be read back: " + replayed.error().message);
  const RunState& state = replayed->state;
  if (!replayed->closed || !state.outcome) return violate("the run has no outcome");
  for (size_t i = 0; i < state.steps.size(); ++i) check_step(state, i);
  if (state.steps.empty()) {
    const bool changed =
        std::any_of(ledgers_.begin(), ledgers_.end(), [](const Ledger& ledger) { return !ledger.made.empty(); });
    if (changed) violate("the world was changed by a run without a plan");
  }
  const bool all_done = std::all_of(state.steps.begin(), state.steps.end(),
                                    [](const StepState& at) { return at.phase == StepPhase::kDone; });
  if (state.outcome->status == Status::kAnswered && (state.steps.empty() || !all_done))
    violate("answered, and a step is not done");
  if (state.outcome->status != Status::kAnswered && state.outcome->message.empty()) violate("failed without a word");
  report_.uncertain += state.outcome->reason == Reason::kUncertain ? 1 : 0;
  report_.answered += state.outcome->status == Status::kAnswered ? 1 : 0;
}

SimulationReport Simulation::run() {
  for (int life = 0; life < kLivesMax && report_.violation.empty(); ++life) {
    crash_chance_ = life < kLivesMax / 2 ? 0.04 * roughness_ : 0;
    live();
    if (!is_dead_) break;
  }
  if (report_.events >= kEventsMax) violate(fmt::format("not finished after {} events", kEventsMax));
  if (report_.violation.empty()) disk_.crash();
  check_end();
  return report_;
}

}  // namespace

SimulationReport simulate(uint64_t seed, const SimulatorFaults& faults) {
  return Simulation(seed, faults).run();
}

}  // namespace cadre::agent
