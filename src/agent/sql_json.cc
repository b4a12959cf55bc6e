// SPDX-License-Identifier: Apache-2.0
#include "agent/sql_json.h"

#include <cmath>
#include <limits>
#include <utility>

#include "agent/json_values.h"

namespace cadre::agent {
namespace {

using base::Json;
using contract::CellValue;
using contract::Condition;
using contract::QueryResult;
using contract::SqlCall;

constexpr Names<contract::ValueOrigin, 3> kOrigins = {{{contract::ValueOrigin::kCell, "cell"},
                                                       {contract::ValueOrigin::kNumber, "number"},
                                                       {contract::ValueOrigin::kSpan, "words"}}};

Result<uint64_t> unsigned_at(const Json& object, const char* key, uint64_t value_max) {
  const int64_t value = TRY(base::json_int(object, key));
  if (value < 0 || static_cast<uint64_t>(value) > value_max)
    return damaged(fmt::format("\"{}\": {} is out of range", key, value));
  return static_cast<uint64_t>(value);
}

Result<uint32_t> uint32_at(const Json& object, const char* key) {
  return static_cast<uint32_t>(TRY(unsigned_at(object, key, std::numeric_limits<uint32_t>::max())));
}

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
    return damaged("\"span\": not two word indices");
  condition.span = {(*span)[0].get<uint32_t>(), (*span)[1].get<uint32_t>()};
  condition.origin = TRY(enum_at(kOrigins, json, "origin"));
  return condition;
}

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
  if (!json.is_array()) return damaged("a row is not an array");
  std::vector<CellValue> row;
  for (const Json& cell : json) row.push_back(TRY(cell_from_json(cell)));
  return row;
}

Json quote_to_json(const Quote& quote) {
  return object_of("begin", quote.begin, "end", quote.end, "text", bytes_to_json(quote.text));
}

Json value_to_json(const Evidence& evidence) {
  const CallValue& call = evidence.call;
  Json json =
      object_of("role", std::string(role_name(evidence.role)), "words", vector_to_json(evidence.words, quote_to_json),
                "place", call.place, "value", bytes_to_json(evidence.value), "origin", call_origin_name(call.origin));
  if (call.origin != CallOrigin::kEnum) json["source"] = call.source;
  if (call.from) json["from"] = *call.from;
  if (!call.reference.empty()) json["reference"] = call.reference;
  if (!evidence.words.empty()) json["occurrences"] = call.occurrences;
  return json;
}

Json one_evidence_to_json(const Evidence& evidence) {
  if (evidence.role == EvidenceRole::kValue || evidence.role == EvidenceRole::kName) return value_to_json(evidence);
  Json json = object_of("role", std::string(role_name(evidence.role)), "words",
                        vector_to_json(evidence.words, quote_to_json), "column", bytes_to_json(evidence.column));
  if (evidence.role != EvidenceRole::kSelect) json["op"] = evidence.op;
  if (evidence.role == EvidenceRole::kCondition) {
    json["value"] = bytes_to_json(evidence.value);
    json["origin"] = name_of(kOrigins, evidence.origin);
  }
  return json;
}

}  // namespace

Json call_to_json(const SqlCall& call) {
  return object_of("select", call.select_column, "aggregate", static_cast<int>(call.aggregate), "conditions",
                   vector_to_json(call.conditions, condition_to_json));
}

Result<SqlCall> call_from_json(const Json& json) {
  SqlCall call;
  call.select_column = TRY(uint32_at(json, "select"));
  call.aggregate = static_cast<contract::Aggregate>(TRY(unsigned_at(json, "aggregate", contract::kAggregateCount - 1)));
  call.conditions = TRY(vector_at<Condition>(json, "conditions", condition_from_json));
  return call;
}

Json rows_to_json(const QueryResult& result) {
  return vector_to_json(result.rows,
                        [](const std::vector<CellValue>& row) { return vector_to_json(row, cell_to_json); });
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

Json evidence_to_json(const std::vector<Evidence>& evidence) {
  return vector_to_json(evidence, one_evidence_to_json);
}

}  // namespace cadre::agent
