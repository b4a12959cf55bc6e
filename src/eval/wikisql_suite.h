// cadre eval wikisql: how often a specialist gives the right answer on WikiSQL.
//
// The report, shares of 1: cases, execution_accuracy (the best candidate's rows are the gold rows),
// execution_guided_accuracy, logical_form_accuracy (same column, aggregate and conditions in any order),
// logical_form_accuracy_execution_guided, select_accuracy, aggregate_accuracy, where_accuracy; cases_gold_empty and
// execution_accuracy_gold_empty for the cases whose gold SQL finds nothing (any other call that finds nothing is right
// there), _gold_nonempty for the rest; and those of CommonMetrics.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "engine/specialist_engine.h"
#include "eval/sql_suite.h"
#include "eval/wikisql_set.h"

namespace cadre::eval {

// An Error only where the files cannot be read or the predictions not written; an engine that fails loses the case.
Result<SuiteReport> run_wikisql_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options);
Result<SuiteReport> run_wikisql_suite(engine::SpecialistEngine& engine, const WikiSqlSet& set,
                                      const SqlSuiteOptions& options);

}  // namespace cadre::eval
