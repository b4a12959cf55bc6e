// The tools suite: does retrieval (agent/tool_index.h) find the tools that a request needs, among thousands?
//
// Reads DIR/tool.jsonl, lines {"api_name", "api_description", "parameters": {NAME: {"type", "description"}}}, and DIR/SPLIT.jsonl, lines {"query",
// "calling": [{"api"}]} (Seal-Tools, Wu et al. 2024, github.com/fairyshine/Seal-Tools). Every case needs one tool or more of the catalogue; one that names another is an error.
// A single split is best read in halves: what is tuned on the even lines is reported on the odd ones.
// Thread safety: a suite run belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "eval/case_half.h"
#include "eval/sql_suite.h"

namespace cadre::eval {

struct ToolsSuiteOptions {
  std::string data;                 // folder
  std::string split = "dev";        // the file's stem
  CaseHalf half = CaseHalf::kBoth;  // by the number of the line
  size_t limit = 0;                 // cases; 0 = all
  std::string predictions_path;     // one JSON line per case; empty = none
  std::function<void(size_t done, size_t total)> progress = {};
};

// One flat object: cases, tools, single_cases, multi_cases (of more than one tool); with the prefixes "", "single_" and "multi_": recall_at_K (mean share of a
// case's tools among the first K, K of 1, 5, 10, 20, 50) and all_at_K (share of cases all of whose tools are); latency_us_p50, _p99 of one search;
// index_ms, index_bytes; compile_ms_p50, _p99: a contract of tool calls over the best 20 of a case, compile_all_ms: over all tools.
// A line of predictions: {"index", "tools" (needed), "found" (the first 50), "ranks" (of the needed, 0 is the first; -1: not found)}.
Result<SuiteReport> run_tools_suite(const ToolsSuiteOptions& options, const base::Clock& clock = base::system_clock());

}  // namespace cadre::eval
