// SPDX-License-Identifier: Apache-2.0
#include "eval/tables_suite.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/json_lines.h"
#include "contract/answers.h"

namespace cadre::eval {
namespace {

using base::Json;
using contract::CellValue;

struct Case {
  std::string table;
  std::string question;
  std::optional<contract::QueryResult> gold;  // absent: must be declined
};

Result<CellValue> read_cell(const Json& json) {
  if (json.is_null()) return CellValue{};
  if (json.is_number_integer()) return CellValue{json.get<int64_t>()};
  if (json.is_number()) return CellValue{json.get<double>()};
  if (json.is_string()) return CellValue{json.get<std::string>()};
  return Error{ErrorCode::kInvalid, "a cell of \"rows\" is neither a text nor a number nor null"};
}

Result<std::optional<contract::QueryResult>> read_rows(const Json& line) {
  if (!line.contains("rows"))
    return Error{ErrorCode::kInvalid, "\"rows\" is missing; null says that the question must be declined"};
  if (line["rows"].is_null()) return std::optional<contract::QueryResult>();
  contract::QueryResult gold;
  for (const Json& row : *TRY(base::json_array(line, "rows"))) {
    if (!row.is_array()) return Error{ErrorCode::kInvalid, "a row of \"rows\" is not an array"};
    std::vector<CellValue> cells;
    for (const Json& cell : row) cells.push_back(TRY(read_cell(cell)));
    gold.rows.push_back(std::move(cells));
  }
  return std::optional<contract::QueryResult>(std::move(gold));
}

Result<std::vector<Case>> read_cases(const SqlSuiteOptions& options) {
  std::vector<Case> cases;
  const auto take = [&](const Json& line) -> Result<bool> {
    if (options.limit > 0 && cases.size() == options.limit) return false;
    Case item{TRY(base::json_string(line, "table")), TRY(base::json_string(line, "question")), TRY(read_rows(line))};
    // The name becomes part of a path.
    if (item.table.find_first_of("/\\") != std::string::npos || item.table.starts_with('.'))
      return Error{ErrorCode::kInvalid, fmt::format("\"table\" is no plain file name: {}", item.table)};
    cases.push_back(std::move(item));
    return true;
  };
  TRY(base::for_each_json_line(fmt::format("{}/{}.jsonl", options.data, options.split), take));
  return cases;
}

class TablesScore {
 public:
  // Returns whether the case went as it should: the right rows, or declined where nothing can be right.
  bool add(const SqlOutput& output, const std::optional<contract::QueryResult>& gold) {
    const bool is_right =
        !output.is_abstained && gold && output.guided_result && contract::same_answer(*output.guided_result, *gold);
    if (gold) {
      right_.add(is_right);
      declined_.add(output.is_abstained);
    } else {
      declined_unanswerable_.add(output.is_abstained);
    }
    common_.add(output, is_right);
    return gold ? is_right : output.is_abstained;
  }

  void report(Json& values) const {
    values["cases"] = right_.of + declined_unanswerable_.of;
    values["answerable"] = right_.of;
    values["right"] = right_.value();
    values["wrong"] = 1 - right_.value() - declined_.value();
    values["declined"] = declined_.value();
    values["declined_unanswerable"] = declined_unanswerable_.value();
    common_.report(values);
  }

 private:
  Share right_, declined_, declined_unanswerable_;
  CommonMetrics common_;
};

}  // namespace

Result<SuiteReport> run_tables_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
  const std::vector<Case> cases = TRY(read_cases(options));
  if (cases.empty())
    return Error{ErrorCode::kInvalid, fmt::format("{}/{}.jsonl holds no case", options.data, options.split)};
  std::map<std::string, contract::Table> tables;  // by file, each opened once
  PredictionFile predictions(options.predictions_path);
  TablesScore score;
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case& item = cases[i];
    if (!tables.contains(item.table))
      tables.emplace(item.table, TRY(contract::Table::open(fmt::format("{}/{}", options.data, item.table))));
    const SqlOutput output = answer_question(engine, tables.at(item.table), item.question, options);
    predictions.add(i, output, score.add(output, item.gold));
    if (options.progress) options.progress(i + 1, cases.size());
  }
  TRY(predictions.finish());
  Json values;
  values["suite"] = "tables";
  score.report(values);
  return SuiteReport{std::move(values)};
}

}  // namespace cadre::eval
