// The retrieval suite: do vectors of texts find what words miss?
//
// Every case is searched for three ways: by words (store/text_index.h, as the tools `retrieval` and `history` do), by vectors of packs that are there
// (eval/text_vectors.h), and by both (agent/rank_fusion.h). Which vectors and share in the fusion are best is for one half of the cases to say
// and for the other to report. Thread safety: a suite run belongs to one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "eval/case_half.h"
#include "eval/sql_suite.h"

namespace cadre::eval {

struct RetrievalSuiteOptions {
  std::string data;                 // folder; eval/retrieval_set.h
  std::string split = "dev";        // the files' stem
  CaseHalf half = CaseHalf::kBoth;  // by the number of the case, from 0
  size_t limit = 0;                 // cases; 0 = all
  bool headers_only = false;        // of tables, their headers alone
  std::string decider;              // packs
  std::string router;
  std::function<void(size_t done, size_t total)> progress = {};
};

// One flat object: cases, texts, groups; by words found_at_1, found_at_5, found_at_10 (share of cases with a wanted text among the first so many), mrr (mean of 1 / the
// first wanted text's rank, 0 beyond 100), map_at_10, us_p50 (of one search) with the prefix "words_"; the same by vectors with "states_", "states_centred_", "tokens_", ...,
// "hidden_centred_" (eval/text_vectors.h), and fused where vectors have a tenth or three tenths of the rank with "hidden_fused10_", "hidden_fused30_", ...; of what is fused also
// gain_X, gain_X_low and gain_X_high, X of mrr and found_at_5: the mean gain over words and its interval of 95 % (paired bootstrap over the cases).
Result<SuiteReport> run_retrieval_suite(const RetrievalSuiteOptions& options,
                                        const base::Clock& clock = base::system_clock());

}  // namespace cadre::eval
