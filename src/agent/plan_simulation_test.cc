// The promises of agent/plan_run.h in seeded worlds, and that each of them is noticed when it is broken.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "agent/plan_simulator.h"

namespace cadre::agent {
namespace {

// CADRE_SIMULATION_SEEDS: how many worlds; `make test` sees some, `make check-deep` many.
uint64_t seeds() {
  const char* text = std::getenv("CADRE_SIMULATION_SEEDS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 400;
}

TEST(PlanSimulation, NothingIsLostRepeatedOrSilentInAnyWorld) {
  SimulationReport sum;
  int64_t crashes_of_one_max = 0;
  for (uint64_t seed = 1; seed <= seeds(); ++seed) {
    const SimulationReport report = simulate(seed);
    ASSERT_EQ(report.violation, "") << "seed " << seed;
    sum.events += report.events;
    sum.crashes += report.crashes;
    sum.log_errors += report.log_errors;
    sum.duplicates += report.duplicates;
    sum.effects_made += report.effects_made;
    sum.uncertain += report.uncertain;
    sum.answered += report.answered;
    crashes_of_one_max = std::max(crashes_of_one_max, report.crashes);
  }
  // A world in which nothing goes wrong, or nothing ever works, would prove nothing.
  const auto runs = static_cast<int64_t>(seeds());
  EXPECT_GT(sum.crashes, runs / 10);
  EXPECT_GT(sum.log_errors, 0);
  EXPECT_GT(sum.duplicates, 0);
  EXPECT_GT(sum.effects_made, runs / 4);
  EXPECT_GT(sum.uncertain, 0);
  EXPECT_GT(sum.answered, runs / 20);
  printf(
      "%lld runs, %lld events, %lld crashes, %lld refused writes, %lld answers twice, %lld effects, %lld uncertain, "
      "%lld answered\n",
      static_cast<long long>(runs), static_cast<long long>(sum.events), static_cast<long long>(sum.crashes),
      static_cast<long long>(sum.log_errors), static_cast<long long>(sum.duplicates),
      static_cast<long long>(sum.effects_made), static_cast<long long>(sum.uncertain),
      static_cast<long long>(sum.answered));
}

TEST(PlanSimulation, TheSameSeedIsTheSameWorld) {
  const SimulationReport first = simulate(7);
  const SimulationReport second = simulate(7);
  EXPECT_EQ(first.events, second.events);
  EXPECT_EQ(first.effects_made, second.effects_made);
}

std::string first_violation(const SimulatorFaults& faults) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    const SimulationReport report = simulate(seed, faults);
    if (!report.violation.empty()) return report.violation;
  }
  return "";
}

struct Planted {
  const char* name;
  SimulatorFaults faults;
};

class PlanSimulationNotices : public testing::TestWithParam<Planted> {};

TEST_P(PlanSimulationNotices, ThePlantedFault) {
  EXPECT_NE(first_violation(GetParam().faults), "");
}

INSTANTIATE_TEST_SUITE_P(
    Each, PlanSimulationNotices,
    testing::Values(Planted{"starts_before_recording", {.driver = {.starts_before_recording = true}}},
                    Planted{"forgets_to_sync", {.driver = {.forgets_to_sync = true}}},
                    Planted{"accepts_old_turns", {.driver = {.accepts_old_turns = true}}},
                    Planted{"goes_on_after_log_error", {.driver = {.goes_on_after_log_error = true}}},
                    Planted{"drops_closing_record", {.driver = {.drops_closing_record = true}}},
                    Planted{"acknowledges_early", {.acknowledges_early = true}},
                    Planted{"forgets_resumed", {.forgets_resumed = true}},
                    Planted{"changes_keys", {.changes_keys = true}},
                    Planted{"hides_uncertainty", {.hides_uncertainty = true}},
                    Planted{"executes_without_approval", {.executes_without_approval = true}}),
    [](const testing::TestParamInfo<Planted>& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace cadre::agent
