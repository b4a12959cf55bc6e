// What a run costs besides the model, the table and the disk: deciding what follows from each event, and writing it down as JSON.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "agent/event_json.h"
#include "agent/run.h"
#include "base/json.h"

namespace cadre::agent {
namespace {

contract::SqlCall call_of(uint32_t column) {
  return {.select_column = column,
          .aggregate = contract::Aggregate::kCount,
          .conditions = {{1, contract::CompareOp::kEqual, "South America", {5, 7}, contract::ValueOrigin::kCell},
                         {3, contract::CompareOp::kGreater, "500", {9, 10}, contract::ValueOrigin::kNumber}}};
}

// An answered run with eight candidates, the first of which passes.
std::vector<Event> answered_run() {
  AttemptReturned attempt;
  for (uint32_t i = 0; i < 8; ++i) {
    attempt.candidates.push_back(
        {call_of(i),
         "SELECT COUNT(\"Country\") FROM \"countries\" WHERE \"Continent\" = 'South America' AND \"Area\" > 500",
         i == 0 ? 0.9 : 0.01});
  }
  const std::vector<Verdict> passed = {{"contract", true, "", Severity::kReject},
                                       {"faithful", true, "", Severity::kReject},
                                       {"read_only", true, "", Severity::kReject}};
  contract::QueryResult result{
      .column_names = {"COUNT(\"Country\")"}, .rows = {{contract::CellValue{int64_t{7}}}}, .vm_steps = 200};
  return {RunBegun{{"how many countries of South America have an area over 500", "/home/user/countries.csv", "",
                    std::string(64, 'f'), "", "sql@1"},
                   {},
                   {}},
          Dispatched{true, 0.97, "linear", "", {{"sql@1"}}},
          attempt,
          CandidateVerified{0, VerifyStage::kCall, passed},
          CallReturned{.candidate = 0, .result = result},
          CandidateVerified{0, VerifyStage::kResult, passed},
          AnswerComposed{{"7 (count of Country)", {{EvidenceRole::kSelect, {{9, 18, "countries"}}, "Country"}}}}};
}

// The state machine and its records.
void BM_RunOfSevenEvents(benchmark::State& state) {
  const std::vector<Event> events = answered_run();
  for (auto _ : state) {
    RunState run;
    for (const Event& event : events) {
      auto transition = advance(std::move(run), event);
      run = std::move(transition->state);
      benchmark::DoNotOptimize(transition->effects);
    }
    benchmark::DoNotOptimize(run);
  }
}
BENCHMARK(BM_RunOfSevenEvents)->Unit(benchmark::kMicrosecond);

// The records as text, as the journal stores them.
void BM_RecordsToText(benchmark::State& state) {
  std::vector<base::Json> payloads;
  for (const Event& event : answered_run()) payloads.push_back(event_to_json(event));
  for (auto _ : state) {
    for (const base::Json& payload : payloads) benchmark::DoNotOptimize(base::dump_json(payload));
  }
}
BENCHMARK(BM_RecordsToText)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace cadre::agent

BENCHMARK_MAIN();
