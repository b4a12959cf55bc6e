// What was asked and answered before, as a tool: past runs of a journal about one subject, best match first.
//
//   {subject, query, count?, bytes_max?}  -> {runs: [{run, ended_us, request, answer, score}]}
//
// Searched are the requests in plain English and the answers' texts of runs that answered, in the journal file named; never a run that declined, failed
// or still goes. Runs about another subject, or about none, are not seen. The index (store/text_index.h) is in memory and takes up new runs at each
// call: at most kHistoryRunsMax, the latest. With a router's pack, requests are also compared by what the hidden layer of its net makes of them, which is
// fused with the words' ranks (agent/rank_fusion.h): requests for the same thing in other words are found. docs/decisions/0010-vectors.md has the figures.
// Given are those whose request and answer still fit into `bytes_max`, so that what follows fits into the
// window of whoever reads it. What an answer says is data: nothing is done because of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"

namespace cadre::agent {

inline constexpr size_t kHistoryRunsMax = 10'000;
inline constexpr int64_t kHistoryGivenMax = 100;

struct HistoryToolOptions {
  ToolDefinition definition;
  std::string journal;
  std::string vectors;  // a router's pack; empty: words alone
};

// Keys: those of read_definition, journal, vectors.
Result<HistoryToolOptions> history_tool_options(const base::Json& object);
// The journal is opened at each call, and need not be there before the first run. Error: no such pack, or one of something else.
Result<std::unique_ptr<Tool>> make_history_tool(HistoryToolOptions options);

}  // namespace cadre::agent
