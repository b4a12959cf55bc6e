// SPDX-License-Identifier: Apache-2.0
#include "eval/spider_suite.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/file.h"
#include "base/json_lines.h"
#include "contract/answers.h"
#include "eval/spider_gold.h"

namespace cadre::eval {

using contract::same_answer;

namespace {

struct Question {
  std::string database;
  std::string text;
  std::string gold_sql;
};

Result<std::vector<Question>> read_questions(const SqlSuiteOptions& options) {
  std::vector<Question> questions;
  const auto take = [&](const base::Json& line) -> Result<bool> {
    if (options.limit > 0 && questions.size() == options.limit) return false;
    Question question{TRY(database_of(line)), TRY(base::json_string(line, "question")),
                      TRY(base::json_string(line, "query"))};
    questions.push_back(std::move(question));
    return true;
  };
  TRY(base::for_each_json_line(fmt::format("{}/{}.jsonl", options.data, options.split), take));
  return questions;
}

// Tables by database and name, each opened once.
class TableCache {
 public:
  explicit TableCache(std::string folder) : folder_(std::move(folder)) {}

  std::string path_of(const std::string& database) const {
    return fmt::format("{}/databases/{}.sqlite", folder_, database);
  }

  const Result<contract::Table>& open(const std::string& database, const std::string& table) {
    const auto key = std::pair(database, table);
    const auto found = tables_.find(key);
    if (found != tables_.end()) return found->second;
    return tables_.emplace(key, contract::Table::open(path_of(database), {.table_name = table})).first->second;
  }

 private:
  std::string folder_;
  std::map<std::pair<std::string, std::string>, Result<contract::Table>> tables_;
};

class SpiderScore {
 public:
  bool add(const SqlOutput& output, const contract::QueryResult& gold, bool is_expressible) {
    const bool is_correct = !output.is_abstained && output.result && same_answer(*output.result, gold);
    const bool is_guided_correct =
        !output.is_abstained && output.guided_result && same_answer(*output.guided_result, gold);
    execution_.add(is_correct);
    guided_.add(is_guided_correct);
    expressible_.add(is_expressible);
    if (is_expressible) {
      execution_expressible_.add(is_correct);
      guided_expressible_.add(is_guided_correct);
    }
    (is_expressible ? abstained_expressible_ : abstained_inexpressible_).add(output.is_abstained);
    common_.add(output, is_correct);
    return is_correct;
  }

  void report(base::Json& values) const {
    values["expressible"] = expressible_.value();
    values["execution_accuracy"] = execution_.value();
    values["execution_guided_accuracy"] = guided_.value();
    values["execution_accuracy_expressible"] = execution_expressible_.value();
    values["execution_guided_accuracy_expressible"] = guided_expressible_.value();
    values["abstained_expressible"] = abstained_expressible_.value();
    values["abstained_inexpressible"] = abstained_inexpressible_.value();
    common_.report(values);
  }

  uint64_t case_count() const { return execution_.of; }

 private:
  Share execution_, guided_, expressible_, execution_expressible_, guided_expressible_;
  Share abstained_expressible_, abstained_inexpressible_;
  CommonMetrics common_;
};

class SpiderRun {
 public:
  SpiderRun(engine::SpecialistEngine& engine, const SqlSuiteOptions& options)
      : engine_(engine), options_(options), tables_(options.data), predictions_(options.predictions_path) {}

  Result<SuiteReport> run() {
    const std::vector<Question> questions = TRY(read_questions(options_));
    for (size_t i = 0; i < questions.size(); ++i) {
      take(i, questions[i]);
      if (options_.progress) options_.progress(i + 1, questions.size());
    }
    TRY(predictions_.finish());
    base::Json values;
    values["suite"] = "spider_single_table";
    values["specialist"] = engine_.name();
    values["questions"] = questions.size();
    values["cases"] = score_.case_count();
    values["cases_without_database"] = without_database_;
    values["cases_gold_failed"] = gold_failed_;
    score_.report(values);
    return SuiteReport{std::move(values)};
  }

 private:
  void take(size_t index, const Question& question) {
    const auto table_name = single_table_of(question.gold_sql);
    if (!table_name) return;
    if (!base::file_exists(tables_.path_of(question.database))) return void(++without_database_);
    const auto& table = tables_.open(question.database, *table_name);
    if (!table.ok()) return void(++gold_failed_);
    const auto gold_sql = with_text_literals(question.gold_sql, table->schema());
    if (!gold_sql.ok()) return void(++gold_failed_);
    const auto gold = table->query(*gold_sql);
    if (!gold.ok()) return void(++gold_failed_);
    const SqlOutput output = answer_question(engine_, *table, question.text, options_);
    const bool is_expressible = as_call(question.gold_sql, table->schema()).has_value();
    predictions_.add(index, output, score_.add(output, *gold, is_expressible));
  }

  engine::SpecialistEngine& engine_;
  const SqlSuiteOptions& options_;
  TableCache tables_;
  PredictionFile predictions_;
  SpiderScore score_;
  uint64_t without_database_ = 0;
  uint64_t gold_failed_ = 0;
};

}  // namespace

Result<SuiteReport> run_spider_single_table_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
  return SpiderRun(engine, options).run();
}

}  // namespace cadre::eval
