// cadre eval verifier: does a learned verifier know more than the specialist whose calls it judges?
//
// Over the questions of a WikiSQL set, or of a Spider set (those over one table whose gold SQL has the form of a SqlCall; recognised by
// its folder "databases"), the specialist's calls are executed and scored three ways: by its own confidence, by the verifier alone, and
// by both together as the verifier's calibration says. A call is right if it returns the gold rows.
//
// The report, for each score X of confidence, verifier, together: auroc_X and risk_at_coverage_50/80/90/95_X of the specialist's first
// calls, accuracy_X where X chooses among its first five. in_run_*: what a run makes of them (agent/plan_run.h), which stops at the
// first call that the verifier does not doubt. caught_KIND: share of gold calls corrupted in that way (train/call_corruptions.h) that
// the verifier scores below all but 5 % of the gold calls; cases_KIND is how many there were.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "engine/specialist_engine.h"
#include "eval/sql_suite.h"
#include "model/verifier.h"

namespace cadre::eval {

// Of the options data, split, limit, execution_guided_k (calls asked of the engine) and progress count.
Result<SuiteReport> run_verifier_suite(engine::SpecialistEngine& engine, const model::Verifier& verifier,
                                       const SqlSuiteOptions& options);

}  // namespace cadre::eval
