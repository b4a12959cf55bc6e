// What a run costs besides the model, the table and the disk: deciding what follows from each event, and writing it down as JSON.
// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "agent/plan_run.h"
#include "agent/sql_json.h"
#include "base/json.h"

namespace cadre::agent {
namespace {

contract::SqlCall call_of(uint32_t column) {
  return {.select_column = column,
          .aggregate = contract::Aggregate::kCount,
          .conditions = {{1, contract::CompareOp::kEqual, "South America", {5, 7}, contract::ValueOrigin::kCell},
                         {3, contract::CompareOp::kGreater, "500", {9, 10}, contract::ValueOrigin::kNumber}}};
}

// An answered run of one step with eight candidates, the first of which passes.
std::vector<Event> answered_run() {
  AttemptReturned attempt{.is_exhaustive = true};
  for (uint32_t i = 0; i < 8; ++i) {
    attempt.candidates.push_back(
        {{{"sql",
           "SELECT COUNT(\"Country\") FROM \"countries\" WHERE \"Continent\" = 'South America' AND \"Area\" > 500"},
          {"n", i}},
         i == 0 ? 0.9 : 0.01,
         call_to_json(call_of(i))});
  }
  const std::vector<Verdict> passed = {
      {"schema", true}, {"dry_run", true}, {"contract", true}, {"faithful", true}, {"read_only", true}};
  const contract::QueryResult result{
      .column_names = {"COUNT(\"Country\")"}, .rows = {{contract::CellValue{int64_t{7}}}}, .vm_steps = 200};
  PlanStep step{.id = "answer",
                .assignments = {{.specialist = "table", .tool = "table", .identity = std::string(64, 'f')}}};
  step.input["question"] = "$request.text";
  const base::Json output = result_to_json(result);
  return {RunBegun{{{"text", "how many countries of South America have an area over 500"}}, {}},
          Planned{.accepted = true, .confidence = 0.97, .tier = "linear", .plan = {{step}}},
          attempt,
          CallVerified{0, passed},
          CallReturned{.result = output},
          ResultVerified{0, {{"executes", true}, {"non_empty", true}, {"output", true}}, output},
          AnswerComposed{.text = "7 (count of Country)",
                         .value = output,
                         .evidence = evidence_to_json({{EvidenceRole::kSelect, {{9, 18, "countries"}}, "Country"}})}};
}

// The state machine and its records.
void BM_RunOfSevenEvents(benchmark::State& state) {
  const std::vector<Event> events = answered_run();
  for (auto _ : state) {
    RunState run;
    for (const Event& event : events) {
      auto effects = advance(run, event);
      benchmark::DoNotOptimize(effects);
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
