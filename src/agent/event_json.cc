// SPDX-License-Identifier: Apache-2.0
#include "agent/event_json.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "agent/run.h"
#include "text/words.h"

namespace cadre::agent {
namespace {

using base::Json;
using contract::CellValue;
using contract::Condition;
using contract::QueryResult;
using contract::SqlCall;

// ---- names of enumerators
// ------------------------------------------------------------------------------------------------------

template <class Enum, size_t N>
using Names = std::array<std::pair<Enum, const char*>, N>;

constexpr Names<VerifyStage, 2> kStages = {{{VerifyStage::kCall, "call"}, {VerifyStage::kResult, "result"}}};
constexpr Names<Severity, 2> kSeverities = {{{Severity::kReject, "reject"}, {Severity::kDoubt, "doubt"}}};
constexpr Names<EvidenceRole, 3> kRoles = {{{EvidenceRole::kSelect, "select"},
                                            {EvidenceRole::kAggregate, "aggregate"},
                                            {EvidenceRole::kCondition, "condition"}}};
constexpr Names<contract::ValueOrigin, 3> kOrigins = {{{contract::ValueOrigin::kCell, "cell"},
                                                       {contract::ValueOrigin::kNumber, "number"},
                                                       {contract::ValueOrigin::kSpan, "words"}}};
constexpr Names<BudgetKind, 5> kBudgetKinds = {{{BudgetKind::kAttempts, "attempts"},
                                                {BudgetKind::kCalls, "calls"},
                                                {BudgetKind::kVmSteps, "vm_steps"},
                                                {BudgetKind::kResumptions, "resumptions"},
                                                {BudgetKind::kTime, "time"}}};
constexpr Names<ErrorCode, 12> kErrorCodes = {{{ErrorCode::kInvalid, "invalid"},
                                               {ErrorCode::kNotFound, "not_found"},
                                               {ErrorCode::kUnsupported, "unsupported"},
                                               {ErrorCode::kLimit, "limit"},
                                               {ErrorCode::kIo, "io"},
                                               {ErrorCode::kBusy, "busy"},
                                               {ErrorCode::kCorrupt, "corrupt"},
                                               {ErrorCode::kTimeout, "timeout"},
                                               {ErrorCode::kUnavailable, "unavailable"},
                                               {ErrorCode::kDenied, "denied"},
                                               {ErrorCode::kCancelled, "cancelled"},
                                               {ErrorCode::kInternal, "internal"}}};

template <class Enum, size_t N>
const char* name_of(const Names<Enum, N>& names, Enum value) {
  for (const auto& [candidate, name] : names) {
    if (candidate == value) return name;
  }
  return "unknown";
}

Error bad(std::string message) {
  return Error{ErrorCode::kCorrupt, std::move(message)};
}

template <class Enum, size_t N>
Result<Enum> enum_at(const Names<Enum, N>& names, const Json& object, const char* key) {
  const std::string text = TRY(base::json_string(object, key));
  for (const auto& [value, name] : names) {
    if (text == name) return value;
  }
  return bad(fmt::format("\"{}\": unknown name \"{}\"", key, text));
}

// ---- objects ----------------------------------------------------------------------------------------------------

void add_members(Json::object_t&) {}
template <class Value, class... Rest>
void add_members(Json::object_t& object, const char* key, Value&& value, Rest&&... rest) {
  object.emplace_back(key, Json(std::forward<Value>(value)));
  add_members(object, std::forward<Rest>(rest)...);
}

// object_of("key", value, ...): for what runs write by the hundred. A nested initialiser list would build an array of
// arrays first: 64 us for the records of one run against 36 (bench/run.cc).
template <class... Members>
Json object_of(Members&&... members) {
  Json json = Json::object();
  auto& object = json.get_ref<Json::object_t&>();
  object.reserve(sizeof...(members) / 2);
  add_members(object, std::forward<Members>(members)...);
  return json;
}

// ---- numbers
// -------------------------------------------------------------------------------------------------------------------

Result<uint64_t> unsigned_at(const Json& object, const char* key, uint64_t value_max) {
  const int64_t value = TRY(base::json_int(object, key));
  if (value < 0 || static_cast<uint64_t>(value) > value_max)
    return bad(fmt::format("\"{}\": {} is out of range", key, value));
  return static_cast<uint64_t>(value);
}

Result<uint32_t> uint32_at(const Json& object, const char* key) {
  return static_cast<uint32_t>(TRY(unsigned_at(object, key, std::numeric_limits<uint32_t>::max())));
}

// JSON has no NaN and writes null for it; a model may have produced one, and the record must still be readable.
Result<double> real_at(const Json& object, const char* key) {
  if (object.is_object() && object.contains(key) && object[key].is_null())
    return std::numeric_limits<double>::quiet_NaN();
  return base::json_number(object, key);
}

// ---- strings that need not be UTF-8
// ----------------------------------------------------------------------------------------------

Json bytes_to_json(const std::string& bytes) {
  if (text::is_valid_utf8(bytes)) return bytes;
  std::string hex;
  for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return Json{{"hex", hex}};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

Result<std::string> bytes_from_json(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  const std::string hex = TRY(base::json_string(value, "hex"));
  if (hex.size() % 2 != 0) return bad("\"hex\": an odd number of digits");
  std::string bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return bad("\"hex\": not hexadecimal");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

Result<std::string> bytes_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return bad(fmt::format("\"{}\" is missing", key));
  return bytes_from_json(object[key]);
}

template <class T, class Parse>
Result<std::vector<T>> vector_at(const Json& object, const char* key, Parse parse) {
  const Json* array = TRY(base::json_array(object, key));
  std::vector<T> values;
  values.reserve(array->size());
  for (const Json& item : *array) values.push_back(TRY(parse(item)));
  return values;
}

template <class T, class Parse>
Result<T> object_at(const Json& object, const char* key, Parse parse) {
  const Json* value = TRY(base::json_object(object, key));
  return parse(*value);
}

template <class T, class Dump>
Json vector_to_json(const std::vector<T>& values, Dump dump) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(dump(value));
  return array;
}

// ---- errors
// --------------------------------------------------------------------------------------------------------------------

Json error_to_json(const std::optional<Error>& error) {
  if (!error) return nullptr;
  return {{"code", name_of(kErrorCodes, error->code)}, {"message", bytes_to_json(error->message)}};
}

Result<std::optional<Error>> error_at(const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return bad(fmt::format("\"{}\" is missing", key));
  const Json& value = object[key];
  if (value.is_null()) return std::optional<Error>();
  const ErrorCode code = TRY(enum_at(kErrorCodes, value, "code"));
  return std::optional<Error>(Error{code, TRY(bytes_at(value, "message"))});
}

// ---- calls and candidates
// ------------------------------------------------------------------------------------------------------

Json condition_to_json(const Condition& condition) {
  return object_of("column", condition.column, "op", static_cast<int>(condition.op), "value",
                   bytes_to_json(condition.value), "span", Json::array({condition.span.begin, condition.span.end}),
                   "origin", name_of(kOrigins, condition.origin));
}

Result<Condition> condition_from_json(const Json& json) {
  Condition condition;
  condition.column = TRY(uint32_at(json, "column"));
  condition.op = static_cast<contract::CompareOp>(TRY(unsigned_at(json, "op", contract::kCompareOpCount - 1)));
  condition.value = TRY(bytes_at(json, "value"));
  const Json* span = TRY(base::json_array(json, "span"));
  if (span->size() != 2 || !(*span)[0].is_number_unsigned() || !(*span)[1].is_number_unsigned())
    return bad("\"span\": not two word indices");
  condition.span = {(*span)[0].get<uint32_t>(), (*span)[1].get<uint32_t>()};
  condition.origin = TRY(enum_at(kOrigins, json, "origin"));
  return condition;
}

Result<SqlCall> call_from_json(const Json& json) {
  SqlCall call;
  call.select_column = TRY(uint32_at(json, "select"));
  call.aggregate = static_cast<contract::Aggregate>(TRY(unsigned_at(json, "aggregate", contract::kAggregateCount - 1)));
  call.conditions = TRY(vector_at<Condition>(json, "conditions", condition_from_json));
  return call;
}

Json candidate_to_json(const Candidate& candidate) {
  return object_of("sql", bytes_to_json(candidate.sql), "probability", candidate.probability, "call",
                   call_to_json(candidate.call));
}

Result<Candidate> candidate_from_json(const Json& json) {
  Candidate candidate;
  candidate.sql = TRY(bytes_at(json, "sql"));
  candidate.probability = TRY(real_at(json, "probability"));
  candidate.call = TRY(object_at<SqlCall>(json, "call", call_from_json));
  return candidate;
}

// ---- results
// -------------------------------------------------------------------------------------------------------------------

Json cell_to_json(const CellValue& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return nullptr;
  if (const auto* integer = std::get_if<int64_t>(&cell)) return *integer;
  if (const auto* text = std::get_if<std::string>(&cell)) return bytes_to_json(*text);
  const double real = std::get<double>(cell);
  if (std::isfinite(real)) return real;
  return Json{{"real", std::isnan(real) ? "nan" : real > 0 ? "inf" : "-inf"}};
}

Result<CellValue> cell_from_json(const Json& json) {
  if (json.is_null()) return CellValue{};
  if (json.is_number_integer()) return CellValue{json.get<int64_t>()};
  if (json.is_number_float()) return CellValue{json.get<double>()};
  if (json.is_object() && json.contains("real")) {
    const std::string name = TRY(base::json_string(json, "real"));
    if (name == "nan") return CellValue{std::numeric_limits<double>::quiet_NaN()};
    return CellValue{name == "inf" ? std::numeric_limits<double>::infinity()
                                   : -std::numeric_limits<double>::infinity()};
  }
  return CellValue{TRY(bytes_from_json(json))};
}

Result<std::vector<CellValue>> row_from_json(const Json& json) {
  if (!json.is_array()) return bad("a row is not an array");
  std::vector<CellValue> row;
  for (const Json& cell : json) row.push_back(TRY(cell_from_json(cell)));
  return row;
}

Json result_to_json(const QueryResult& result) {
  return object_of("columns", vector_to_json(result.column_names, bytes_to_json), "rows", rows_to_json(result),
                   "truncated", result.truncated, "vm_steps", result.vm_steps);
}

Result<QueryResult> result_from_json(const Json& json) {
  QueryResult result;
  result.column_names = TRY(vector_at<std::string>(json, "columns", bytes_from_json));
  result.rows = TRY(vector_at<std::vector<CellValue>>(json, "rows", row_from_json));
  result.truncated = TRY(base::json_bool(json, "truncated"));
  result.vm_steps = TRY(base::json_int(json, "vm_steps"));
  return result;
}

// ---- evidence and verdicts
// -------------------------------------------------------------------------------------------------------

Json quote_to_json(const Quote& quote) {
  return object_of("begin", quote.begin, "end", quote.end, "text", bytes_to_json(quote.text));
}

Result<Quote> quote_from_json(const Json& json) {
  Quote quote;
  quote.begin = TRY(uint32_at(json, "begin"));
  quote.end = TRY(uint32_at(json, "end"));
  quote.text = TRY(bytes_at(json, "text"));
  return quote;
}

Json one_evidence_to_json(const Evidence& evidence) {
  Json json = object_of("role", name_of(kRoles, evidence.role), "words", vector_to_json(evidence.words, quote_to_json),
                        "column", bytes_to_json(evidence.column));
  if (evidence.role != EvidenceRole::kSelect) json["op"] = evidence.op;
  if (evidence.role == EvidenceRole::kCondition) {
    json["value"] = bytes_to_json(evidence.value);
    json["origin"] = name_of(kOrigins, evidence.origin);
  }
  return json;
}

Result<Evidence> one_evidence_from_json(const Json& json) {
  Evidence evidence;
  evidence.role = TRY(enum_at(kRoles, json, "role"));
  evidence.words = TRY(vector_at<Quote>(json, "words", quote_from_json));
  evidence.column = TRY(bytes_at(json, "column"));
  if (evidence.role != EvidenceRole::kSelect) evidence.op = TRY(base::json_string(json, "op"));
  if (evidence.role == EvidenceRole::kCondition) {
    evidence.value = TRY(bytes_at(json, "value"));
    evidence.origin = TRY(enum_at(kOrigins, json, "origin"));
  }
  return evidence;
}

Json verdict_to_json(const Verdict& verdict) {
  return object_of("rule", verdict.rule, "passed", verdict.passed, "severity", name_of(kSeverities, verdict.severity),
                   "evidence", bytes_to_json(verdict.evidence));
}

Result<Verdict> verdict_from_json(const Json& json) {
  Verdict verdict;
  verdict.rule = TRY(base::json_string(json, "rule"));
  verdict.passed = TRY(base::json_bool(json, "passed"));
  verdict.severity = TRY(enum_at(kSeverities, json, "severity"));
  verdict.evidence = TRY(bytes_at(json, "evidence"));
  return verdict;
}

// ---- the request and its limits
// --------------------------------------------------------------------------------------------------

// Keys that came later, or that only some runs have, are left out where they say nothing, and read as that where they are missing.
void put_bytes(Json& object, const char* key, const std::string& bytes) {
  if (!bytes.empty()) object[key] = bytes_to_json(bytes);
}

Result<std::string> bytes_or_none(const Json& object, const char* key) {
  if (!object.contains(key)) return std::string();
  return bytes_at(object, key);
}

Json request_to_json(const Request& request) {
  Json json = {{"question", bytes_to_json(request.question)},
               {"table_path", bytes_to_json(request.table_path)},
               {"table_name", bytes_to_json(request.table_name)},
               {"table_fingerprint", request.table_fingerprint},
               {"specialist_path", bytes_to_json(request.specialist_path)},
               {"specialist", bytes_to_json(request.specialist)}};
  put_bytes(json, "name", request.name);
  put_bytes(json, "named", request.named);
  put_bytes(json, "subject", request.subject);
  put_bytes(json, "asker", request.asker);
  put_bytes(json, "idempotency_key", request.idempotency_key);
  return json;
}

Result<Request> request_from_json(const Json& json) {
  Request request;
  request.question = TRY(bytes_at(json, "question"));
  request.table_path = TRY(bytes_at(json, "table_path"));
  request.table_name = TRY(bytes_at(json, "table_name"));
  request.table_fingerprint = TRY(base::json_string(json, "table_fingerprint"));
  request.specialist_path = TRY(bytes_at(json, "specialist_path"));
  request.specialist = TRY(bytes_at(json, "specialist"));
  request.name = TRY(bytes_or_none(json, "name"));
  request.named = TRY(bytes_or_none(json, "named"));
  request.subject = TRY(bytes_or_none(json, "subject"));
  request.asker = TRY(bytes_or_none(json, "asker"));
  request.idempotency_key = TRY(bytes_or_none(json, "idempotency_key"));
  return request;
}

Json budget_to_json(const Budget& budget) {
  Json json = {{"attempts_max", budget.attempts_max},
               {"candidates_max", budget.candidates_max},
               {"calls_max", budget.calls_max},
               {"busy_retries_max", budget.busy_retries_max},
               {"vm_steps_max", budget.vm_steps_max},
               {"rows_max", budget.rows_max},
               {"resumptions_max", budget.resumptions_max}};
  if (budget.time_ms_max != 0) json["time_ms_max"] = budget.time_ms_max;
  return json;
}

Result<Budget> budget_from_json(const Json& json) {
  Budget budget;
  budget.attempts_max = TRY(base::json_int(json, "attempts_max"));
  budget.candidates_max = TRY(base::json_int(json, "candidates_max"));
  budget.calls_max = TRY(base::json_int(json, "calls_max"));
  budget.busy_retries_max = TRY(base::json_int(json, "busy_retries_max"));
  budget.vm_steps_max = TRY(base::json_int(json, "vm_steps_max"));
  budget.rows_max = TRY(base::json_int(json, "rows_max"));
  budget.resumptions_max = TRY(base::json_int(json, "resumptions_max"));
  if (json.contains("time_ms_max")) budget.time_ms_max = TRY(base::json_int(json, "time_ms_max"));
  return budget;
}

Json policy_to_json(const Policy& policy) {
  return {{"confidence_min", policy.confidence_min},
          {"answerable_min", policy.answerable_min},
          {"doubt_keeps", policy.doubt_keeps}};
}

Result<Policy> policy_from_json(const Json& json) {
  Policy policy;
  policy.confidence_min = TRY(base::json_number(json, "confidence_min"));
  policy.answerable_min = TRY(base::json_number(json, "answerable_min"));
  policy.doubt_keeps = TRY(base::json_number(json, "doubt_keeps"));
  return policy;
}

Json target_to_json(const Target& target) {
  return {{"name", bytes_to_json(target.name)},
          {"table_path", bytes_to_json(target.table_path)},
          {"table_name", bytes_to_json(target.table_name)},
          {"table_fingerprint", target.table_fingerprint},
          {"specialist_path", bytes_to_json(target.specialist_path)},
          {"specialist", bytes_to_json(target.specialist)},
          {"budget", budget_to_json(target.budget)},
          {"policy", policy_to_json(target.policy)}};
}

Result<Target> target_from_json(const Json& json) {
  Target target;
  target.name = TRY(bytes_at(json, "name"));
  target.table_path = TRY(bytes_at(json, "table_path"));
  target.table_name = TRY(bytes_at(json, "table_name"));
  target.table_fingerprint = TRY(base::json_string(json, "table_fingerprint"));
  target.specialist_path = TRY(bytes_at(json, "specialist_path"));
  target.specialist = TRY(bytes_at(json, "specialist"));
  target.budget = TRY(object_at<Budget>(json, "budget", budget_from_json));
  target.policy = TRY(object_at<Policy>(json, "policy", policy_from_json));
  return target;
}

Result<PlanStep> plan_step_from_json(const Json& json) {
  return PlanStep{TRY(bytes_at(json, "specialist"))};
}

// ---- one event each
// --------------------------------------------------------------------------------------------------------------

Json to_json(const RunBegun& event) {
  return {{"request", request_to_json(event.request)},
          {"budget", budget_to_json(event.budget)},
          {"policy", policy_to_json(event.policy)}};
}

Result<Event> run_begun(const Json& json) {
  RunBegun event;
  event.request = TRY(object_at<Request>(json, "request", request_from_json));
  event.budget = TRY(object_at<Budget>(json, "budget", budget_from_json));
  event.policy = TRY(object_at<Policy>(json, "policy", policy_from_json));
  return Event{std::move(event)};
}

Json to_json(const Dispatched& event) {
  Json json = {{"accepted", event.accepted},
               {"tier", event.tier},
               {"confidence", event.confidence},
               {"reason", bytes_to_json(event.reason)},
               {"plan", vector_to_json(event.plan, [](const PlanStep& step) {
                  return Json{{"specialist", bytes_to_json(step.specialist)}};
                })}};
  if (event.target) json["target"] = target_to_json(*event.target);
  return json;
}

Result<Event> run_dispatched(const Json& json) {
  Dispatched event;
  event.accepted = TRY(base::json_bool(json, "accepted"));
  event.tier = TRY(base::json_string(json, "tier"));
  event.confidence = TRY(real_at(json, "confidence"));
  event.reason = TRY(bytes_at(json, "reason"));
  event.plan = TRY(vector_at<PlanStep>(json, "plan", plan_step_from_json));
  if (json.contains("target")) event.target = TRY(object_at<Target>(json, "target", target_from_json));
  return Event{std::move(event)};
}

Json to_json(const AttemptReturned& event) {
  return {{"error", error_to_json(event.error)},
          {"answerable", event.answerable},
          {"unmatched_values", vector_to_json(event.unmatched_values, bytes_to_json)},
          {"candidates", vector_to_json(event.candidates, candidate_to_json)}};
}

Result<Event> attempt_returned(const Json& json) {
  AttemptReturned event;
  event.error = TRY(error_at(json, "error"));
  event.answerable = TRY(real_at(json, "answerable"));
  event.unmatched_values = TRY(vector_at<std::string>(json, "unmatched_values", bytes_from_json));
  event.candidates = TRY(vector_at<Candidate>(json, "candidates", candidate_from_json));
  return Event{std::move(event)};
}

Json to_json(const CandidateVerified& event) {
  return {{"candidate", event.candidate},
          {"stage", name_of(kStages, event.stage)},
          {"verdicts", vector_to_json(event.verdicts, verdict_to_json)}};
}

Result<Event> candidate_verified(const Json& json) {
  CandidateVerified event;
  event.candidate = TRY(uint32_at(json, "candidate"));
  event.stage = TRY(enum_at(kStages, json, "stage"));
  event.verdicts = TRY(vector_at<Verdict>(json, "verdicts", verdict_from_json));
  return Event{std::move(event)};
}

Json to_json(const CallReturned& event) {
  return {
      {"candidate", event.candidate}, {"error", error_to_json(event.error)}, {"result", result_to_json(event.result)}};
}

Result<Event> call_returned(const Json& json) {
  CallReturned event;
  event.candidate = TRY(uint32_at(json, "candidate"));
  event.error = TRY(error_at(json, "error"));
  event.result = TRY(object_at<QueryResult>(json, "result", result_from_json));
  return Event{std::move(event)};
}

Json to_json(const AnswerComposed& event) {
  return {{"text", bytes_to_json(event.answer.text)}, {"evidence", evidence_to_json(event.answer.evidence)}};
}

Result<Event> answer_composed(const Json& json) {
  AnswerComposed event;
  event.answer.text = TRY(bytes_at(json, "text"));
  event.answer.evidence = TRY(vector_at<Evidence>(json, "evidence", one_evidence_from_json));
  return Event{std::move(event)};
}

Json to_json(const BudgetExhausted& event) {
  return {{"budget", name_of(kBudgetKinds, event.kind)}, {"detail", bytes_to_json(event.detail)}};
}

Result<Event> budget_exhausted(const Json& json) {
  const BudgetKind kind = TRY(enum_at(kBudgetKinds, json, "budget"));
  std::string detail = TRY(bytes_at(json, "detail"));
  return Event{BudgetExhausted{kind, std::move(detail)}};
}

Json to_json(const Resumed& event) {
  return {{"why", bytes_to_json(event.why)}};
}
Result<Event> run_resumed(const Json& json) {
  return Event{Resumed{TRY(bytes_at(json, "why"))}};
}

Json to_json(const Abandoned& event) {
  return {{"why", bytes_to_json(event.why)}};
}
Result<Event> run_abandoned(const Json& json) {
  return Event{Abandoned{TRY(bytes_at(json, "why"))}};
}

Json to_json(const Cancelled& event) {
  return {{"who", bytes_to_json(event.who)}};
}
Result<Event> run_cancelled(const Json& json) {
  return Event{Cancelled{TRY(bytes_at(json, "who"))}};
}

// In the order of the alternatives of Event.
struct Codec {
  const char* kind;
  Result<Event> (*parse)(const Json&);
};
constexpr std::array<Codec, std::variant_size_v<Event>> kCodecs = {{{"run.begin", run_begun},
                                                                    {"dispatch.returned", run_dispatched},
                                                                    {"attempt.returned", attempt_returned},
                                                                    {"candidate.verified", candidate_verified},
                                                                    {"call.returned", call_returned},
                                                                    {"answer.composed", answer_composed},
                                                                    {"budget.exhausted", budget_exhausted},
                                                                    {"run.resume", run_resumed},
                                                                    {"inputs.lost", run_abandoned},
                                                                    {"cancelled", run_cancelled}}};

}  // namespace

const char* event_kind(const Event& event) {
  return kCodecs[event.index()].kind;
}

Json event_to_json(const Event& event) {
  return std::visit([](const auto& concrete) { return to_json(concrete); }, event);
}

Result<Event> event_from_json(std::string_view kind, const Json& payload) {
  for (const Codec& codec : kCodecs) {
    if (kind != codec.kind) continue;
    auto event = codec.parse(payload);
    if (event.ok()) return event;
    return bad(fmt::format("record {}: {}", kind, event.error().message));
  }
  return bad(fmt::format("unknown record kind \"{}\" (written by a newer cadre?)", kind));
}

Json outcome_to_json(const RunState& state) {
  const Outcome& outcome = *state.outcome;
  Json json = {{"status", status_name(outcome.status)},
               {"reason", reason_name(outcome.reason)},
               {"message", bytes_to_json(outcome.message)},
               {"confidence", outcome.confidence},
               {"confidence_min", state.policy.confidence_min}};
  if (state.answer) json["answer"] = bytes_to_json(state.answer->text);
  if (state.chosen) {
    json["sql"] = bytes_to_json(state.chosen->candidate.sql);
    json["row_count"] = state.chosen->result.rows.size();
  }
  return json;
}

Json failure_to_json(const std::string& message) {
  return {{"status", status_name(Status::kFailed)},
          {"reason", reason_name(Reason::kJournalError)},
          {"message", bytes_to_json(message)}};
}

Json call_to_json(const SqlCall& call) {
  return object_of("select", call.select_column, "aggregate", static_cast<int>(call.aggregate), "conditions",
                   vector_to_json(call.conditions, condition_to_json));
}

Json evidence_to_json(const std::vector<Evidence>& evidence) {
  return vector_to_json(evidence, one_evidence_to_json);
}

Json rows_to_json(const QueryResult& result) {
  return vector_to_json(result.rows,
                        [](const std::vector<CellValue>& row) { return vector_to_json(row, cell_to_json); });
}

const char* budget_kind_name(BudgetKind kind) {
  return name_of(kBudgetKinds, kind);
}

}  // namespace cadre::agent
