// SPDX-License-Identifier: Apache-2.0
#include "agent/event_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "agent/run.h"

namespace cadre::agent {
namespace {

using contract::CellValue;

// Through the text, as the journal does.
Result<Event> round_trip(const Event& event) {
  const auto json = base::parse_json(base::dump_json(event_to_json(event)));
  EXPECT_TRUE(json.ok());
  return event_from_json(event_kind(event), *json);
}

contract::SqlCall some_call() {
  return {.select_column = 3,
          .aggregate = contract::Aggregate::kMax,
          .conditions = {{1, contract::CompareOp::kGreater, "28500", {2, 4}, contract::ValueOrigin::kNumber},
                         {0, contract::CompareOp::kEqual, "Zürich \"x\" '", {5, 6}, contract::ValueOrigin::kSpan}}};
}

std::vector<Event> some_events() {
  contract::QueryResult result{.column_names = {"a", ""}, .truncated = true, .vm_steps = 12345678901};
  result.rows = {{CellValue{}, CellValue{int64_t{-9223372036854775807}}},
                 {CellValue{0.1 + 0.2}, CellValue{5.0}},
                 {CellValue{std::string("not \xff utf-8")}, CellValue{std::numeric_limits<double>::infinity()}}};
  return {
      RunBegun{{"q \xc3\xbc", "/a b/c.csv", "t", "f00", "p.gguf", "sql 1.0"},
               {.rows_max = 7},
               {.confidence_min = 0.123456789012345678}},
      Dispatched{true, 0.75, "linear", "looks like a question", {{"sql"}}},
      AttemptReturned{
          .candidates = {{some_call(), "SELECT 1", 0.1}}, .answerable = 0.3, .unmatched_values = {"Atlantis", "\xfe"}},
      AttemptReturned{.error = Error{ErrorCode::kBusy, "locked"}},
      CandidateVerified{2,
                        VerifyStage::kResult,
                        {{"non_empty", false, "no row", Severity::kDoubt}, {"contract", true, "", Severity::kReject}}},
      CallReturned{.candidate = 1, .result = result},
      CallReturned{.candidate = 1, .error = Error{ErrorCode::kLimit, "too many steps"}},
      AnswerComposed{{"Paris",
                      {{EvidenceRole::kSelect, {{0, 4, "city"}}, "City"},
                       {EvidenceRole::kCondition, {}, "Land", "=", "France", contract::ValueOrigin::kCell}}}},
      BudgetExhausted{BudgetKind::kTime, "10 s"},
      Resumed{"process 7 is gone"},
      Abandoned{"the table changed"},
      Cancelled{"eve \xff"},
      RunBegun{{.question = "q",
                .name = "sales",
                .named = "sales",
                .subject = "p-1",
                .asker = "ward",
                .idempotency_key = "\xfe"},
               {.time_ms_max = 5},
               {}},
      Dispatched{true,
                 0.5,
                 "attempts",
                 "",
                 {{"sql@1"}},
                 Target{"sales", "/t.csv", "t", "f00", "/p.gguf", "sql@1", {.rows_max = 3}, {.confidence_min = 0.25}}},
      AttemptReturned{.error = Error{ErrorCode::kUnavailable, "gone"}},
  };
}

TEST(EventJson, EveryEventComesBackAsItWas) {
  for (const Event& event : some_events()) {
    auto back = round_trip(event);
    ASSERT_TRUE(back.ok()) << back.error().message;
    EXPECT_EQ(back->index(), event.index());
    EXPECT_EQ(base::dump_json(event_to_json(*back)), base::dump_json(event_to_json(event))) << event_kind(event);
  }
}

TEST(EventJson, WhatCameLaterIsNotMissedInOlderRecords) {
  const auto events = some_events();
  const base::Json older = event_to_json(events[0]);
  for (const char* key : {"name", "named", "subject", "asker", "idempotency_key"})
    EXPECT_FALSE(older["request"].contains(key)) << key;
  EXPECT_FALSE(older["budget"].contains("time_ms_max"));
  EXPECT_FALSE(event_to_json(events[1]).contains("target"));
  const auto back = round_trip(events[12]);
  EXPECT_EQ(std::get<RunBegun>(*back).request, std::get<RunBegun>(events[12]).request);
  EXPECT_EQ(std::get<RunBegun>(*back).budget, std::get<RunBegun>(events[12]).budget);
  EXPECT_EQ(std::get<Dispatched>(*round_trip(events[13])).target, std::get<Dispatched>(events[13]).target);
}

TEST(EventJson, KeepsCellsCallsAndBytesExactly) {
  const auto events = some_events();
  const auto back = round_trip(events[5]);
  const auto& result = std::get<CallReturned>(*back).result;
  EXPECT_EQ(result.rows, std::get<CallReturned>(events[5]).result.rows);
  EXPECT_TRUE(std::holds_alternative<double>(result.rows[1][1])) << "5.0 stays a real";
  EXPECT_EQ(result.vm_steps, 12345678901);
  const auto attempt = round_trip(events[2]);
  EXPECT_EQ(std::get<AttemptReturned>(*attempt).candidates[0], std::get<AttemptReturned>(events[2]).candidates[0]);
  EXPECT_EQ(std::get<AttemptReturned>(*attempt).unmatched_values[1], "\xfe");
}

TEST(EventJson, ANumberThatIsNoneSurvivesAsSuch) {
  const auto back = round_trip(AttemptReturned{.answerable = std::nan("")});
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_TRUE(std::isnan(std::get<AttemptReturned>(*back).answerable));
}

TEST(EventJson, RefusesPayloadsWithAMissingOrMistypedKeyByName) {
  const struct {
    const char* kind;
    const char* payload;
    const char* names;
  } kCases[] = {
      {"run.begin", "{}", "request"},
      {"run.begin", "[]", "request"},
      {"dispatch.returned", R"({"accepted": 1})", "accepted"},
      {"attempt.returned", R"({"error": {"code": "odd", "message": ""}})", "odd"},
      {"candidate.verified", R"({"candidate": -1})", "candidate"},
      {"candidate.verified", R"({"candidate": 0, "stage": "call", "verdicts": [3]})", "rule"},
      {"call.returned", R"({"candidate": 0, "error": null, "result": {"columns": [], "rows": [[{"hex": "0g"}]]}})",
       "hex"},
      {"run.dreamt", "{}", "run.dreamt"},
  };
  for (const auto& test : kCases) {
    const auto event = event_from_json(test.kind, *base::parse_json(test.payload));
    ASSERT_FALSE(event.ok()) << test.payload;
    EXPECT_EQ(event.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(event.error().message.find(test.names), std::string::npos) << event.error().message;
  }
}

}  // namespace
}  // namespace cadre::agent
