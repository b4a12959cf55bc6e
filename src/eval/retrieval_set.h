// Questions with the texts that answer them, from data sets that say which those are: cases of `cadre eval retrieval`.
//
// A folder is read by the files that it has:
//   SPLIT.tables.jsonl, SPLIT.jsonl   questions and the table that each was asked of (WikiSQL's layout, eval/wikisql_set.h)
//   tables.jsonl, SPLIT.tsv           the same, {"id", "header", "rows"} and columns "utterance", "context" (WikiTableQuestions)
//   train.jsonl, SPLIT.jsonl          requests as past runs, {"text", "intent"}: those of train.jsonl of the same intent are wanted; "oos" is left out.
//                                     Where SPLIT is "train", every fifth line is a case and the others are past runs
// A table's text is its header and its rows, a line each with commas, cut into passages as the retrieval tool cuts a document; any passage of the table will do.
// Thread safety: plain values.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cadre::eval {

struct RetrievalCase {
  std::string query;
  uint32_t group = 0;
};

struct RetrievalSet {
  std::vector<std::string> texts;
  std::vector<uint32_t> groups;  // of each text: its table or intent
  std::vector<uint32_t> sizes;   // texts of each group
  std::vector<RetrievalCase> cases;
};

struct RetrievalSetOptions {
  std::string data;
  std::string split = "dev";
  bool headers_only = false;  // of tables
};

// kNotFound: no such files; kInvalid: a line that is none of these, a question without its table, no cases.
Result<RetrievalSet> read_retrieval_set(const RetrievalSetOptions& options);

}  // namespace cadre::eval
