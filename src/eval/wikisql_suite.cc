// SPDX-License-Identifier: Apache-2.0
#include "eval/wikisql_suite.h"

#include <fmt/format.h>

#include "contract/answers.h"

namespace cadre::eval {

using contract::finds_nothing;
using contract::same_answer;
using contract::same_call;
using contract::same_conditions;

namespace {

class WikiSqlScore {
 public:
  // Returns whether the best candidate is right.
  bool add(const SqlOutput& output, const contract::SqlCall& gold, const contract::QueryResult& gold_result) {
    const bool is_answered = !output.is_abstained;
    const bool is_correct = is_answered && output.result && same_answer(*output.result, gold_result);
    execution_.add(is_correct);
    guided_.add(is_answered && output.guided_result && same_answer(*output.guided_result, gold_result));
    form_.add(is_answered && same_call(output.call, gold));
    guided_form_.add(is_answered && same_call(output.guided_call, gold));
    select_.add(is_answered && output.call.select_column == gold.select_column);
    aggregate_.add(is_answered && output.call.aggregate == gold.aggregate);
    where_.add(is_answered && same_conditions(output.call, gold));
    (finds_nothing(gold_result) ? gold_empty_ : gold_nonempty_).add(is_correct);
    common_.add(output, is_correct);
    return is_correct;
  }

  SuiteReport report(const std::string& engine) const {
    base::Json values;
    values["suite"] = "wikisql";
    values["specialist"] = engine;
    values["cases"] = execution_.of;
    values["execution_accuracy"] = execution_.value();
    values["execution_guided_accuracy"] = guided_.value();
    values["logical_form_accuracy"] = form_.value();
    values["logical_form_accuracy_execution_guided"] = guided_form_.value();
    values["select_accuracy"] = select_.value();
    values["aggregate_accuracy"] = aggregate_.value();
    values["where_accuracy"] = where_.value();
    values["cases_gold_empty"] = gold_empty_.of;
    values["execution_accuracy_gold_empty"] = gold_empty_.value();
    values["execution_accuracy_gold_nonempty"] = gold_nonempty_.value();
    common_.report(values);
    return {std::move(values)};
  }

 private:
  Share execution_, guided_, form_, guided_form_, select_, aggregate_, where_, gold_empty_, gold_nonempty_;
  CommonMetrics common_;
};

}  // namespace

Result<SuiteReport> run_wikisql_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options) {
  const WikiSqlSet set = TRY(WikiSqlSet::load(options.data, options.split, options.limit));
  return run_wikisql_suite(engine, set, options);
}

Result<SuiteReport> run_wikisql_suite(engine::SpecialistEngine& engine, const WikiSqlSet& set,
                                      const SqlSuiteOptions& options) {
  WikiSqlScore score;
  PredictionFile predictions(options.predictions_path);
  const size_t total = set.cases().size();
  for (size_t i = 0; i < total; ++i) {
    const WikiSqlCase& item = set.cases()[i];
    const std::string gold_sql = contract::to_sql(item.table->schema(), item.gold);
    auto gold_result = item.table->query(gold_sql);
    if (!gold_result.ok())
      return std::move(gold_result).error().with_context(fmt::format("case {}: gold SQL {}", i, gold_sql));
    const SqlOutput output = answer_question(engine, *item.table, item.question, options);
    predictions.add(i, output, score.add(output, item.gold, *gold_result));
    if (options.progress) options.progress(i + 1, total);
  }
  TRY(predictions.finish());
  return score.report(engine.name());
}

}  // namespace cadre::eval
