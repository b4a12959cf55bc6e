// cadre eval spider: the questions of the Spider data set that one table answers, over their real databases.
//
//   DIR/SPLIT.jsonl             {"db_id", "question", "query"}
//   DIR/databases/<db_id>.sqlite
//
// Nobody tokenised these tables for a model, and most gold SQL is of another form than a SqlCall (ORDER BY, GROUP BY,
// several columns), so this suite shows how a specialist does on tables it was not made for and whether it knows what
// it cannot answer. Cases are the questions whose gold SQL names one table, has a database and executes there; rows are
// compared as multisets.
//
// The report, shares of 1: questions, cases, cases_without_database, cases_gold_failed, expressible (share of the cases
// whose gold SQL has the form of a SqlCall), execution_accuracy and execution_guided_accuracy over all cases and with
// _expressible over those, abstained_expressible, abstained_inexpressible, and those of CommonMetrics (risk at
// coverage).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "engine/specialist_engine.h"
#include "eval/sql_suite.h"

namespace cadre::eval {

Result<SuiteReport> run_spider_single_table_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options);

}  // namespace cadre::eval
