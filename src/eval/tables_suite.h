// cadre eval tables: questions over one's own CSV or SQLite files, with the rows that should come back.
//
//   DIR/SPLIT.jsonl   {"table": "sales.csv", "question", "rows": [[cell, ...], ...]}   rows null: must be declined
//
// The file of a table lies in DIR. Rows are compared as multisets (contract/answers.h); what is judged is the execution-guided answer,
// since that is what `cadre ask` gives, and declining is judged as `cadre ask` would. The report: cases, answerable; shares of the
// answerable: right, wrong, declined; of the others: declined_unanswerable; and those of CommonMetrics.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "engine/specialist_engine.h"
#include "eval/sql_suite.h"

namespace cadre::eval {

Result<SuiteReport> run_tables_suite(engine::SpecialistEngine& engine, const SqlSuiteOptions& options);

}  // namespace cadre::eval
