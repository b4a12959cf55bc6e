// The intents suite: how well a router tells intents apart and texts that have none, against naive Bayes in the same run.
//
// Reads DIR/SPLIT.jsonl, lines {"text", "intent"}; the intent "oos" means out of scope (CLINC150, Larson et al. 2019,
// github.com/clinc/oos-eval, one JSON object per line). The router is measured as shipped, at its own threshold; an abstention on
// an in-scope case is wrong. An intent that the router does not know is an in-scope case that it gets wrong.
// Naive Bayes is trained on DIR/train.jsonl where that exists, and gets a threshold by the rule that the routers' recipe states:
// 1 % of its right decisions on left-out fifths of that file are turned away. Without the file (or for the split "train") its
// fields are absent.
// Thread safety: a suite run belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "eval/sql_suite.h"
#include "model/router.h"

namespace cadre::eval {

struct IntentsSuiteOptions {
  std::string data;              // folder
  std::string split = "val";     // the file's stem
  size_t limit = 0;              // cases; 0 = all
  std::string predictions_path;  // one JSON line per case; empty = none
  std::function<void(size_t done, size_t total)> progress = {};
};

// One flat object: cases, in_scope_cases, out_of_scope_cases, in_scope_accuracy, out_of_scope_recall, auroc, macro_f1 (shares of 1),
// abstained, in_scope_accuracy_never_abstaining, threshold, unknown_intents, decided_by_linear; latency_us_p50/p95/p99 of a decision and
// linear_latency_us_*, net_latency_us_* of each tier alone, features included; naive_bayes_in_scope_accuracy,
// naive_bayes_out_of_scope_recall, naive_bayes_auroc, naive_bayes_macro_f1, naive_bayes_in_scope_accuracy_never_abstaining.
// A line of predictions: {"index", "output" (an intent, or "oos" where it abstained), "likeliest", "probability", "abstained", "correct"}.
Result<SuiteReport> run_intents_suite(const model::Router& router, const IntentsSuiteOptions& options,
                                      const base::Clock& clock = base::system_clock());

}  // namespace cadre::eval
